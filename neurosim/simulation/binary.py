"""Start a compiled circuit, follow it, and believe its results only when everything is there.

The exit code of a Brian2 binary says nothing: it is 0 after an interrupt, on a full disk and
without its input files. A run counts if the clock reached the end, no line reports an error, and
every file that was expected has the size that was expected, and no other file is there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import SimulationError
from neurosim.progress import QUIET, Progress
from neurosim.simulation.cache import Entry
from neurosim.simulation.job import Job

NOT_ARRAYS = {"last_run_info.txt", "profiling_info.txt", "stdout.txt", "stderr.txt"}


def run_binary(
    entry: Entry, job: Job, progress: Progress = QUIET
) -> tuple[dict[str, np.ndarray], float]:
    """Run a compiled circuit once.

    Parameters
    ----------
    entry : Entry
        From the cache.
    job : Job
        What to run.
    progress : Progress
        Told the fraction that is done.

    Returns
    -------
    arrays : dict of str to ndarray
        The outputs of the job.
    seconds : float
        CPU seconds of the binary.

    Raises
    ------
    SimulationError
        If anything says that the run is not whole.
    """
    try:
        scratch = Path(tempfile.mkdtemp(prefix="neurosim-run-"))
    except OSError as error:
        raise SimulationError(f"No folder for temporary files: {error.strerror}.") from error
    try:
        results = scratch / "results"
        results.mkdir()
        command = [
            str(entry.binary),
            "--results_dir",
            f"{results}/",
            *command_line(job),
            *write_arrays(job, scratch),
        ]
        log = scratch / "stderr.txt"
        returncode, seconds = follow(command, entry.directory, log, progress)
        complaints = log.read_text(errors="replace")
        if returncode < 0:
            name = signal.Signals(-returncode).name
            raise SimulationError(f"The compiled circuit was stopped by {name}.")
        check_results(results, entry.manifest, job.duration, complaints)
        return read_arrays(results, entry.manifest, job.outputs), seconds
    except OSError as error:
        raise SimulationError(
            f"Temporary files cannot be written to {scratch.parent}: {error.strerror}."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def command_line(job: Job) -> list[str]:
    """Return the arguments of a compiled circuit, without its tables and state."""
    values = [f"{name}={float(value)!r}" for name, value in job.arguments.items()]
    return [repr(float(job.duration)), str(job.brain_seed), str(job.noise_seed), *values]


def write_arrays(job: Job, folder: Path) -> list[str]:
    """Write a job's tables and state to files; return the arguments that name them."""
    arguments = []
    for name, table in job.tables.items():
        path = folder / f"{name}.table"
        np.ascontiguousarray(table, dtype=np.float64).tofile(path)
        arguments.append(f"{name}.values={path}")
    if job.state:
        arguments.append("--state")
    for name, array in job.state.items():
        path = folder / f"{name}.state"
        np.ascontiguousarray(array).tofile(path)
        arguments.append(f"{name}={path}")
    return arguments


def check_results(results: Path, manifest: Mapping[str, Any], duration: float, log: str) -> None:
    """Refuse the results of a run that is not whole.

    Parameters
    ----------
    results : Path
        The folder that the binary wrote into.
    manifest : mapping
        What it should have written.
    duration : float
        Seconds that it should have simulated.
    log : str
        What it wrote to stderr.

    Raises
    ------
    SimulationError
        With the first thing that is wrong.
    """
    complaints = [line for line in log.splitlines() if line.strip()]
    if complaints:
        raise SimulationError(f"The simulation failed: {complaints[0].strip()}")
    written = {path.name for path in results.iterdir()} - NOT_ARRAYS
    expected = set(manifest["files"])
    if not (results / "last_run_info.txt").exists():
        raise SimulationError("The simulation stopped before its end and wrote no results.")
    if written != expected:
        version = manifest["identity"]["versions"]["brian2"]
        odd = sorted(written ^ expected)[0]
        raise SimulationError(
            f"The compiled circuit wrote other files than Brian2 {version} should write "
            f"({odd}, for one): run 'neurosim cache --clear' and try again."
        )
    for name, description in manifest["files"].items():
        size = (results / name).stat().st_size
        itemsize, length = description["itemsize"], description["length"]
        if (size != length * itemsize) if length is not None else (size % itemsize):
            raise SimulationError(
                f"The simulation wrote {size} bytes of {name}: is the disk of {results} full?"
            )
    fraction = float((results / "last_run_info.txt").read_text().split()[1])
    reached = float(read_arrays(results, manifest, ("step.t",))["step.t"][0])
    if fraction != 1.0 or reached < duration * (1 - 1e-9):
        raise SimulationError(f"The simulation stopped at {reached:g} s of {duration:g} s.")


def read_arrays(
    results: Path, manifest: Mapping[str, Any], names: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Read arrays that a binary wrote.

    Raises
    ------
    SimulationError
        If the spikes of a monitor do not fit together (a full disk can cut one file of two).
    """
    arrays = {}
    for name in names:
        description = manifest["arrays"][name]
        array = np.fromfile(results / description["file"], dtype=description["dtype"])
        if description["ndim"] == 2:
            group = name.partition(".")[0]
            width = manifest["files"][manifest["arrays"][f"{group}._indices"]["file"]]["length"]
            if array.size % width:
                raise SimulationError(f"The simulation wrote a part of {name} only.")
            array = array.reshape(-1, width)
        arrays[name] = array
    for name, array in arrays.items():
        group, _, variable = name.partition(".")
        if variable == "i" and len(arrays.get(f"{group}.t", array)) != len(array):
            raise SimulationError(f"The simulation wrote a part of {group} only.")
    return arrays


def follow(
    command: list[str], directory: Path | None, log: Path, progress: Progress
) -> tuple[int, float]:
    """Run a command that reports its progress on stdout; stop it if this process is stopped.

    Parameters
    ----------
    command : list of str
    directory : Path or None
        Working directory.
    log : Path
        Takes what the command writes to stderr.
    progress : Progress
        Told the fraction of each line ``progress FRACTION``.

    Returns
    -------
    returncode : int
        Negative if a signal stopped the command.
    seconds : float
        CPU seconds, children included.
    """
    # A session of its own: Ctrl-C reaches this process only, which then stops the command. By
    # itself a Brian2 binary would write the results of half a run.
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, rest = line.partition(" ")
            if word == "progress":
                progress.fraction(float(rest))
            elif word == "Error":  # Brian2 reports files that it cannot open on stdout
                with log.open("a") as stderr_text:
                    stderr_text.write(line)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        stop_session(process)
        raise
    return process.returncode, usage.ru_utime + usage.ru_stime


def stop_session(process: subprocess.Popen[str]) -> None:
    """Kill a child that leads a session of its own, together with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if process.returncode is None:
        process.wait()
