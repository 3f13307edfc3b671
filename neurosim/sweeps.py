"""Many runs of one protocol: over values of its parameters and over seeds, here or on a cluster."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurosim.errors import InputError, SimulationError
from neurosim.figure import write_figure
from neurosim.session import Session
from neurosim.sweeping.jobs import Failed, Outcome, RunJob, perform
from neurosim.sweeping.journal import Journal, opened, read_directory
from neurosim.sweeping.plan import Plan
from neurosim.sweeping.planner import Planner
from neurosim.sweeping.results import Sweep
from neurosim.sweeping.tally import Tally

BETWEEN_TABLES = 10.0  # s. Ours: a table that grows is looked at now and then
SHARE_OF_TABLES = 20  # Ours: large ones take a twentieth of the time


def sweep(
    protocol: str | os.PathLike[str],
    over: Mapping[str, Sequence[Any]] | None = None,
    *,
    seeds: Iterable[int],
    model: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    sensitivity: bool = False,
    quick: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    out: str | os.PathLike[str] | None = None,
    keep: bool = False,
    tally: Tally | None = None,
) -> Sweep:
    """Run a protocol at all combinations of values, with several seeds at each.

    The runs are independent of each other: each is what `neurosim.run` does with the same values
    and seed, to the bit. A run that fails is a row with its error, and the others go on. Where
    `out` is given, every run that is done is kept at once, and the same call goes on with what is
    left, however the last one ended; runs that failed are tried again.

    Parameters
    ----------
    protocol, model, overrides, quick
        As in `neurosim.run`. Files that an option names have to lie at the same place on every
        machine that takes part.
    over : mapping of str to sequence, optional
        Values by ``"section.key"``, such as ``{"excitatory.tau_m": ["15 ms", "20 ms"]}``.
    seeds : iterable of int
    sensitivity : bool
        Instead of `over`: change each parameter of the sheet alone, down and up by a tenth.
    workers : int, optional
        Processes on this machine, by default one for each core; with 1 the runs follow each other
        in this process.
    scheduler : str, optional
        Address of a Dask scheduler whose workers run everything instead. They need neurosim and no
        compiler, a processor of this machine's type and the same versions of all packages.
    out : str or path, optional
        The directory that is written.
    keep : bool
        Whether the run directory of every run is kept in ``out/runs/``.
    tally : Tally, optional
        Told how far the sweep is.

    Returns
    -------
    Sweep
        Its tables are ``runs``, ``statistics`` and, for a sensitivity analysis, ``effects``.

    Raises
    ------
    InputError
        If anything that was asked for is refused, before the first run.
    SimulationError
        If the directory can no longer be written, or the scheduler is lost.

    Notes
    -----
    Worker processes import the script that calls this function: in a script, the call stands below
    ``if __name__ == "__main__":``.

    Examples
    --------
    >>> import neurosim as ns
    >>> found = ns.sweep("ison2015", {"excitatory.tau_m": ["15 ms", "20 ms"]}, seeds=range(10))
    >>> found.statistics
    """
    planner = Planner(protocol, model, overrides or {}, seeds, quick, keep)
    return run_sweep(
        plan_of(planner, over or {}, sensitivity),
        workers=workers,
        scheduler=scheduler,
        out=None if out is None else Path(out),
        tally=tally or Tally(),
    )


def plan_of(planner: Planner, over: Mapping[str, Sequence[Any]], sensitivity: bool) -> Plan:
    """Return the plan of a grid or of a sensitivity analysis, which exclude each other."""
    if not sensitivity:
        return planner.grid(over)
    if over:
        raise InputError(
            "A sensitivity analysis varies every parameter of the sheet, expected no values of "
            f"{next(iter(over))}."
        )
    return planner.sensitivity()


def run_sweep(
    plan: Plan,
    *,
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    tally: Tally,
) -> Sweep:
    """Run what is left of a plan; see `sweep`."""
    if workers is not None and workers < 1:
        raise InputError(f"The number of workers is {workers}, expected 1 or more.")
    if workers is not None and scheduler is not None:
        raise InputError(
            f"The workers are those of the scheduler '{scheduler}', expected no number of workers."
        )
    if plan.keep and out is None:
        raise InputError("Recordings are kept in the directory of a sweep: name one.")
    if plan.target == "numpy":
        tally.warn(
            "There is no C++ compiler: every run is on the NumPy target, about 25 times slower."
        )
    for reason in plan.skipped:
        tally.announce(f"left out: {reason}")
    if out is None:
        journal = Journal(None, {})
        _run_all(plan, journal, None, workers, scheduler, tally)
        return Sweep(plan, journal.done)
    with opened(out, plan) as journal:
        _run_all(plan, journal, out, workers, scheduler, tally)
    return Sweep(plan, journal.done, out)


def place_of(plan: Plan, results: Path) -> Path:
    """Return where a plan goes on, or a free place: ``sweep``, ``sweep-2``, ... below a folder."""
    k = 1
    while True:
        path = results / (plan.kind if k == 1 else f"{plan.kind}-{k}")
        if not os.path.lexists(path):
            return path
        with contextlib.suppress(InputError):
            plan.refuse_another(read_directory(path)[0], path)
            return path
        k += 1


def _run_all(
    plan: Plan,
    journal: Journal,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    tally: Tally,
) -> None:
    jobs, before = plan.jobs(), journal.done
    failed = {number for number, outcome in before.items() if isinstance(outcome, Failed)}
    left = [job for job in jobs if job.number not in before or job.number in failed]
    tally.begin(len(jobs), len(jobs) - len(left), 0)
    result = Sweep(plan, journal.done, out)
    table_is_due = time.monotonic() + BETWEEN_TABLES
    try:
        if left:
            with contextlib.closing(_outcomes(left, workers, scheduler, tally)) as outcomes:
                for job, outcome in outcomes:
                    journal.add(job.number, outcome)
                    tally.add(isinstance(outcome, Failed))
                    start = time.monotonic()
                    if out is not None and start >= table_is_due:
                        result.write(out)
                        took = time.monotonic() - start
                        table_is_due = start + max(BETWEEN_TABLES, SHARE_OF_TABLES * took)
    except BaseException:
        tally.end()
        if out is not None:
            with contextlib.suppress(OSError):
                result.write(out)
            tally.warn(f"{len(journal.done)} runs are kept in {out}: the same command goes on.")
        raise
    tally.end()
    if out is not None:
        try:
            result.write(out)
        except OSError as error:
            raise SimulationError(f"'{out}' cannot be written: {error.strerror}.") from error
        if len(result.failures) < len(jobs):
            write_figure(plan.kind, result, out, "png")


def _outcomes(
    jobs: Sequence[RunJob], workers: int | None, scheduler: str | None, tally: Tally
) -> Generator[tuple[RunJob, Outcome]]:
    n_workers = min(workers or _cores(), len(jobs))
    if scheduler is None and n_workers == 1:
        yield from _one_by_one(jobs)
        return
    from neurosim.sweeping.cluster import Dispatcher, local_client, remote_client

    if scheduler is None:
        tally.announce(f"Starting {n_workers} workers.")
        connected = local_client(n_workers)
    else:
        connected = remote_client(scheduler)
    with connected as client:
        yield from Dispatcher(client, tally).outcomes(jobs)


def _one_by_one(jobs: Iterable[RunJob]) -> Iterator[tuple[RunJob, Outcome]]:
    def make_session(parameters: Any, circuit: str, seed: int, target: str) -> Session:
        return Session(parameters, circuit, seed, target)

    for job in jobs:
        yield job, perform(job, make_session)


def _cores() -> int:
    """Return how many cores this process may use."""
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)
