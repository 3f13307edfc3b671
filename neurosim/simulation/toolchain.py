"""The C++ compiler, its flags, and the processor that it compiles for."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from pathlib import Path

# Brian2's own flags for gcc (a test holds them together). -fno-finite-math-only keeps checks for
# NaN alive; -march=native makes a binary fit one type of processor only.
FLAGS = (
    "-w",
    "-O3",
    "-ffast-math",
    "-fno-finite-math-only",
    "-march=native",
    "-std=c++11",
)


def find_compiler() -> str | None:
    """Return the path of the C++ compiler, ``CXX`` first, or None if there is none."""
    candidates = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++", "c++"]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path:
            return path
    return None


def why_no_compiler() -> str:
    """Return the end of a sentence that says why `find_compiler` found none."""
    chosen = os.environ.get("CXX")
    return f"CXX is '{chosen}', which cannot be found" if chosen else "none was found"


@functools.cache
def compiler_version(path: str) -> str:
    """Return what the compiler says of its version; part of the key of every build."""
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0]


@functools.cache
def processor() -> str:
    """Return a text that is the same on processors that can run each other's binaries."""
    try:
        description = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("vendor_id", "model name", "flags", "Features", "CPU part")
    lines = [line for line in description.splitlines() if line.startswith(wanted)]
    return f"{platform.machine()} {' '.join(lines)}"
