"""One run of a sweep: everything that another machine needs for it, and what comes back."""

from __future__ import annotations

import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import NeurosimError
from neurosim.experiment import Experiment
from neurosim.parameters.sheet import parse_sheet
from neurosim.protocol import Protocol, load_protocol
from neurosim.run_directory import Run
from neurosim.scorecard import Row
from neurosim.session import Session
from neurosim.sweeping.builds import MissingBuildError

SessionMaker = Callable[[Any, str, int, str], Session]
"""Makes a session from parameters, circuit, seed and target."""

_loading = threading.Lock()


@dataclass(frozen=True)
class RunJob:
    """One run: one point of the grid, one condition, one seed.

    Parameters
    ----------
    number : int
        Its place in the table.
    protocol : str
        Name.
    script : str or None
        Text of a user's own protocol; None for one that comes with neurosim.
    model : str
        Name of the sheet.
    sheet : str
        Text of the sheet, before the overrides.
    overrides : mapping of str to object
        The condition included.
    seed : int
    quick : bool
    target : str
        ``"standalone"`` or ``"numpy"``.
    keep : bool
        Whether the recording is wanted.
    family : str
        Runs with the same one are likely to need the same compiled circuits.
    """

    number: int
    protocol: str
    script: str | None
    model: str
    sheet: str
    overrides: Mapping[str, Any]
    seed: int
    quick: bool
    target: str
    keep: bool
    family: str


@dataclass(frozen=True)
class Finished:
    """A run that is done.

    Parameters
    ----------
    rows : list of Row
        Its scorecard.
    run_seconds : float
        CPU seconds of its simulations.
    seconds : float
        From its start to its end.
    run : Run or None
        All of it, if it was wanted.
    """

    rows: list[Row]
    run_seconds: float
    seconds: float
    run: Run | None = None


@dataclass(frozen=True)
class Failed:
    """A run that failed.

    Parameters
    ----------
    error : str
        A sentence.
    seconds : float
        From its start to its end.
    """

    error: str
    seconds: float = 0.0


Outcome = Finished | Failed


class StoppedError(Exception):
    """The sweep that a run belongs to was stopped."""


def perform(job: RunJob, make_session: SessionMaker) -> Outcome:
    """Run a job in this process; whatever goes wrong with the run itself is its outcome.

    Parameters
    ----------
    job : RunJob
    make_session : callable
        Makes the session.

    Raises
    ------
    MissingBuildError
        If the session needs a compiled circuit that it has not got.
    StoppedError
        If the session says so.
    """
    start = time.perf_counter()
    try:
        run = _experiment(job, make_session).run()
    except (MissingBuildError, StoppedError):
        raise
    except Exception as error:
        return Failed(in_a_sentence(error), time.perf_counter() - start)
    seconds = time.perf_counter() - start
    return Finished(run.rows, run.info["run_seconds"], seconds, run if job.keep else None)


def in_a_sentence(error: BaseException) -> str:
    """Return an error as a sentence; a mistake of a script with its place."""
    text = " ".join(str(error).split())
    if isinstance(error, NeurosimError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text.rstrip('.')}{place}."


def _experiment(job: RunJob, make_session: SessionMaker) -> Experiment:
    protocol = _protocol(job)
    sheet = parse_sheet(job.sheet, job.model).with_overrides(job.overrides)
    options = protocol.options(sheet, job.overrides, job.quick)
    session = make_session(sheet.parameters, sheet.circuit, job.seed, job.target)
    return Experiment(protocol, sheet, options, session, job.overrides, job.quick)


def _protocol(job: RunJob) -> Protocol:
    # Scripts are put into `sys.modules`, which the threads of a worker share.
    with _loading:
        if job.script is None:
            return load_protocol(job.protocol)
        with tempfile.TemporaryDirectory(prefix="neurosim-protocol-") as folder:
            path = Path(folder) / f"{job.protocol}.py"
            path.write_text(job.script, encoding="utf-8")
            return load_protocol(path)
