"""Run a job: compiled where there is a compiler, on Brian2's NumPy target where there is none."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import InputError, SimulationError, nearest_name
from neurosim.progress import QUIET, Progress
from neurosim.simulation.binary import follow, run_binary, signal_name
from neurosim.simulation.cache import Entry, get_or_build
from neurosim.simulation.divergence import check_converged
from neurosim.simulation.job import Job, Result
from neurosim.simulation.key import build_key, toolchain_identity
from neurosim.simulation.numpy_target import write_job
from neurosim.simulation.toolchain import find_compiler, why_no_compiler

TARGETS = ("auto", "standalone", "numpy")
BUILD_SECONDS = 8  # measured on two cores: the area of 1000 cells, import of Brian2 included
NUMPY_SECONDS_PER_STEP = 8e-4  # measured: the area of 1000 cells while it learns

Finder = Callable[[str, Mapping[str, Any], Progress], Entry]


def choose_target(target: str) -> str:
    """Return ``"standalone"`` or ``"numpy"``.

    Parameters
    ----------
    target : str
        ``"auto"`` takes the compiled circuit if there is a compiler.

    Raises
    ------
    InputError
        If the target is unknown, or is ``"standalone"`` and there is no compiler.
    """
    if target not in TARGETS:
        raise InputError(f"Unknown target '{target}': {nearest_name(target, TARGETS)}")
    compiler = find_compiler()
    if target == "standalone" and compiler is None:
        raise InputError(
            f"The target 'standalone' needs a C++ compiler, and {why_no_compiler()}: "
            "install g++ or clang++, or use --target numpy."
        )
    if target == "auto":
        return "numpy" if compiler is None else "standalone"
    return target


def simulate(
    job: Job, target: str, progress: Progress = QUIET, find: Finder | None = None
) -> Result:
    """Run a job.

    Parameters
    ----------
    job : Job
    target : str
        ``"standalone"`` or ``"numpy"``, from `choose_target`.
    progress : Progress
        Told what is being done and how far it is.
    find : callable, optional
        Returns the compiled circuit of a name and a structure; `compiled` if left out.

    Returns
    -------
    Result

    Raises
    ------
    SimulationError
        If the build or the run fails, or if the activity diverged.
    """
    if target == "standalone":
        result = _run_compiled(job, progress, find or compiled)
    else:
        result = _run_numpy(job, progress)
    check_converged(job, result.arrays)
    return result


def compiled(circuit: str, structure: Mapping[str, Any], progress: Progress = QUIET) -> Entry:
    """Return the compiled circuit from the cache, built first if it is not there."""
    compiler = find_compiler()
    if compiler is None:
        raise InputError(f"A compiled circuit needs a C++ compiler, and {why_no_compiler()}.")

    def build(directory: Path) -> dict[str, Any]:
        progress.announce(f"Building the circuit '{circuit}' (about {BUILD_SECONDS} s, once).")
        specification = {"circuit": circuit, "structure": dict(structure), "compiler": compiler}
        seconds = run_child("build", [json.dumps(specification), str(directory)])
        description = json.loads((directory / "description.json").read_text(encoding="utf-8"))
        return {
            **description,
            **specification,
            "identity": toolchain_identity(compiler),
            "build_seconds": seconds,
        }

    return get_or_build(build_key(circuit, structure, compiler), build, progress)


def run_child(module: str, arguments: list[str], progress: Progress = QUIET) -> float:
    """Run a module of this package in a process of its own; return its CPU seconds.

    Raises
    ------
    SimulationError
        If it fails, with the last line that it wrote to stderr.
    """
    # The child imports from where this process does, whatever its working directory.
    path = [os.path.abspath(folder) for folder in sys.path]
    code = (
        f"import sys; sys.path[:] = {path!r}; "
        f"from neurosim.simulation.{module} import main; sys.exit(main(sys.argv[1:]))"
    )
    with tempfile.TemporaryDirectory(prefix="neurosim-log-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "stderr.txt"
        # Brian2 and the compiler leave temporary files behind when they are killed: they go too.
        environment = {**os.environ, "TMPDIR": folder}
        command = [sys.executable, "-c", code, *arguments]
        returncode, seconds = follow(command, None, log, progress, environment)
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if returncode < 0:
        raise SimulationError(f"The process '{module}' was stopped by {signal_name(returncode)}.")
    if returncode > 0:
        reason = lines[-1].strip() if lines else f"exit code {returncode}"
        raise SimulationError(reason if reason.endswith(".") else f"{module} failed: {reason}.")
    return seconds


def _run_compiled(job: Job, progress: Progress, find: Finder) -> Result:
    entry = find(job.circuit, job.structure, progress)
    with progress.task(f"Simulating {job.duration:.0f} s"):
        arrays, seconds = run_binary(entry, job, progress)
    built = entry.manifest["build_seconds"] if entry.fresh else 0.0
    return Result(arrays, "standalone", built, seconds)


def _run_numpy(job: Job, progress: Progress) -> Result:
    minutes = job.duration / job.structure["simulation.dt"] * NUMPY_SECONDS_PER_STEP / 60
    reason = "" if find_compiler() else f"No C++ compiler ({why_no_compiler()}). "
    progress.warn(
        f"{reason}On the NumPy target {job.duration:.0f} s take about {minutes:.1f} minutes."
    )
    try:
        with tempfile.TemporaryDirectory(prefix="neurosim-run-") as name:
            folder = Path(name)
            write_job(job, folder)
            with progress.task(f"Simulating {job.duration:.0f} s"):
                seconds = run_child("numpy_target", [name], progress)
            with np.load(folder / "outputs.npz") as outputs:
                arrays = {name: outputs[name] for name in outputs.files}
    except OSError as error:
        raise SimulationError(
            f"Temporary files cannot be written to {tempfile.gettempdir()}: {error.strerror}."
        ) from error
    return Result(arrays, "numpy", 0.0, seconds)
