"""Start a compiled circuit, follow it, and believe its results only when everything is there.

The exit code of a Brian2 binary says nothing: it is 0 after an interrupt, on a full disk and
without its input files. A run counts if the clock reached the end, no line reports an error,
every file that was expected has the size that was expected, and no other file is there.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import SimulationError, nearest_name
from neurosim.progress import QUIET, Progress
from neurosim.simulation.cache import Entry
from neurosim.simulation.job import Job

COMPLAINT = "Error"  # how lines begin by which Brian2 reports, on stdout, what it cannot open
RUN_INFO = "last_run_info.txt"
NOT_ARRAYS = {RUN_INFO, "profiling_info.txt", "stdout.txt"}
WRONG_SIZE = re.compile(
    r"Error reading '.*/(.+)\.(state|table)': "
    r"file size (-?\d+) does not match expected size (\d+)"
)


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
        with tempfile.TemporaryDirectory(
            prefix="neurosim-run-", ignore_cleanup_errors=True
        ) as name:
            return _run_in(Path(name), entry, job, progress)
    except OSError as error:
        raise SimulationError(
            f"Temporary files cannot be written to {tempfile.gettempdir()}: {error.strerror}."
        ) from error


def _run_in(
    scratch: Path, entry: Entry, job: Job, progress: Progress
) -> tuple[dict[str, np.ndarray], float]:
    results, log = scratch / "results", scratch / "stderr.txt"
    results.mkdir()
    command = [
        str(entry.binary),
        "--results_dir",
        f"{results}/",  # without the slash Brian2 writes beside the folder
        *command_line(job),
        *write_arrays(job, scratch),
        *leave_out(entry.manifest["monitors"], job.outputs),
    ]
    returncode, seconds = follow(command, entry.directory, log, progress)
    if returncode < 0:
        raise SimulationError(f"The compiled circuit was stopped by {signal_name(returncode)}.")
    check_results(results, entry.manifest, job.duration, log.read_text(errors="replace"))
    if returncode > 0:
        raise SimulationError(f"The compiled circuit ended with exit code {returncode}.")
    return read_arrays(results, entry.manifest, job.outputs), seconds


def command_line(job: Job) -> list[str]:
    """Return the arguments of a compiled circuit, without its tables and state."""
    values = [f"{name}={float(value)!r}" for name, value in job.arguments.items()]
    return [repr(float(job.duration)), str(job.brain_seed), str(job.noise_seed), *values]


def leave_out(monitors: Iterable[str], outputs: Iterable[str]) -> list[str]:
    """Return the arguments that keep monitors out of a run of which no output is asked for."""
    wanted = {name.partition(".")[0] for name in outputs}
    unread = [name for name in monitors if name not in wanted]
    return ["--unrecorded", *unread] if unread else []


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
    complaints = [line.strip() for line in log.splitlines() if line.strip()]
    if complaints:
        raise SimulationError(f"The simulation failed: {_in_words(complaints[0])}.")
    if not (results / RUN_INFO).exists():
        raise SimulationError("The simulation stopped before its end and wrote no results.")
    written = {path.name for path in results.iterdir()} - NOT_ARRAYS
    odd = sorted(written ^ set(manifest["files"]))
    if odd:
        version = manifest["identity"]["versions"]["brian2"]
        raise SimulationError(
            f"The compiled circuit wrote other files than Brian2 {version} should write "
            f"({odd[0]}, for one): run 'neurosim cache --clear' and try again."
        )
    files = manifest["files"]
    for name in sorted(files, key=lambda name: bool(files[name]["counter"])):  # counters first
        _check_size(results, name, files)
    reached = float(read_arrays(results, manifest, ("step.t",))["step.t"][0])
    if _last_fraction(results) != 1.0 or reached < duration * (1 - 1e-9):
        raise SimulationError(f"The simulation stopped at {reached:g} s of {duration:g} s.")


def _check_size(results: Path, name: str, files: Mapping[str, Any]) -> None:
    size, description = (results / name).stat().st_size, files[name]
    itemsize, length, counter = (description[key] for key in ("itemsize", "length", "counter"))
    if length is None:
        whole = size % itemsize == 0
    else:
        count = _read(results / counter, f"<i{files[counter]['itemsize']}")[0] if counter else 1
        whole = size == count * length * itemsize
    if not whole:
        raise SimulationError(
            f"The simulation wrote a part of {name} only ({size} bytes): "
            f"is the disk that holds {tempfile.gettempdir()} full?"
        )


def _last_fraction(results: Path) -> float:
    """Return the fraction of the last slice of the run that was done."""
    try:
        return float((results / RUN_INFO).read_text().split()[1])
    except (IndexError, ValueError):
        return 0.0


def _in_words(complaint: str) -> str:
    wrong = WRONG_SIZE.fullmatch(complaint)
    if not wrong:
        return complaint.rstrip(".")
    name, kind, size, expected = wrong.groups()
    return f"the {kind} of {name} has {size} bytes, the compiled circuit expects {expected}"


def read_arrays(
    results: Path, manifest: Mapping[str, Any], names: Iterable[str]
) -> dict[str, np.ndarray]:
    """Read arrays that a binary wrote; those of a `StateMonitor` have shape (n_times, n_units).

    Raises
    ------
    SimulationError
        If the circuit has no such array.
    """
    arrays = {}
    for name in names:
        if name not in manifest["arrays"]:
            raise SimulationError(
                f"The circuit has no array '{name}': {nearest_name(name, manifest['arrays'])}"
            )
        description = manifest["arrays"][name]
        arrays[name] = _read(results / description["file"], description["dtype"])
        if description["ndim"] == 2:
            arrays[name] = arrays[name].reshape(
                -1, manifest["files"][description["file"]]["length"]
            )
    return arrays


def _read(path: Path, dtype: str) -> np.ndarray:
    return np.fromfile(path, dtype=dtype)


def follow(
    command: list[str],
    directory: Path | None,
    log: Path,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, float]:
    """Run a command that reports its progress on stdout; stop it if this process is stopped.

    Parameters
    ----------
    command : list of str
    directory : Path or None
        Working directory.
    log : Path
        Takes what the command writes to stderr, and its complaints on stdout.
    progress : Progress
        Told the fraction of each line ``progress FRACTION``.
    environment : mapping of str to str, optional
        By default that of this process.

    Returns
    -------
    returncode : int
        Negative if a signal stopped the command.
    seconds : float
        CPU seconds, children included.

    Raises
    ------
    SimulationError
        If the command cannot be started.
    """
    # A session of its own: Ctrl-C reaches this process only, which then stops the command. By
    # itself a Brian2 binary would write the results of half a run.
    with log.open("ab") as stderr:
        try:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise SimulationError(
                f"{error.filename} cannot be started: {error.strerror}."
            ) from error
    try:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, rest = line.partition(" ")
            if word == "progress":
                progress.fraction(float(rest))
            elif word == COMPLAINT:
                with log.open("a") as complaints:
                    complaints.write(line)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        stop_session(process)
        raise
    return process.returncode, usage.ru_utime + usage.ru_stime


def signal_name(returncode: int) -> str:
    """Return the name of the signal that stopped a command, from its negative return code."""
    return signal.Signals(-returncode).name


def stop_session(process: subprocess.Popen[str]) -> None:
    """Kill a child that leads a session of its own, together with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        process.wait()
