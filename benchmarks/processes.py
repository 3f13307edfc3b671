"""What a command costs."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """CPU seconds (children included) and wall seconds of a command, and what it printed."""

    cpu: float
    wall: float
    output: str


def cost_of(
    command: list[str], accepted: tuple[int, ...] = (0,), directory: Path | None = None
) -> Cost:
    """Run a command (in a directory); end the benchmark if its exit code is not accepted."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=directory, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            sys.exit(f"{' '.join(command)} ended with exit code {process.returncode}.")
        output.seek(0)
        return Cost(usage.ru_utime + usage.ru_stime, wall, output.read())


def cpu_of_children() -> float:
    """Return the CPU seconds of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
