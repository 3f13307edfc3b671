"""Every protocol at its published setting, every figure, one report.

Runs lie in ``runs/PROTOCOL``, figures in ``figures/``, and ``report.html`` has it all. A run that
is there and that would come out the same is not repeated, so that the same command goes on with
what is left, however the last one ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError, NeurosimError
from neurosim.experiment import Experiment, prepare, writers_imported_meanwhile
from neurosim.figure import RUN, kind_of, load_figure, write_figure
from neurosim.folders import names
from neurosim.progress import QUIET, Progress
from neurosim.run_directory import Run, load_run, write_run, written_aside
from neurosim.scorecard import MET, MISSED, REPORTED
from neurosim.simulation.toolchain import find_compiler
from neurosim.sweeping.identity import identity

if TYPE_CHECKING:
    from types import ModuleType

SEED = 0
RUNS, FIGURES, REPORT, LOCK = "runs", "figures", "report.html", ".lock"
MADE_WITH = "made_with"
# What differs between two runs that are the same. The revision does not count beside the sources.
PASSING = ("build_seconds", "run_seconds", "git_revision")
# Measured, nothing compiled before, alone on two cores; on Brian2's NumPy target so much longer.
MINUTES = {False: 25, True: 8}
NUMPY_FACTOR = 25


@dataclass(frozen=True)
class Failure:
    """What went wrong, for the user and for whoever looks into it."""

    sentence: str
    details: str


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of the report.

    Parameters
    ----------
    name : str
    caption : str
        The docstring of its script.
    path : Path or None
        The PNG; None if it could not be drawn.
    failure : Failure or None
        Why not.
    """

    name: str
    caption: str
    path: Path | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Section:
    """What one protocol contributes.

    Parameters
    ----------
    name : str
        Of the protocol.
    description : str
        Its docstring; empty if it cannot be loaded.
    run : Run or None
        None if it failed.
    from_before : bool
        Whether the run was there.
    measured : mapping of tuple to str
        What each quantity is, by condition and name.
    figures : tuple of DrawnFigure
    failure : Failure or None
        Why there is no run.
    """

    name: str
    description: str = ""
    run: Run | None = None
    from_before: bool = False
    measured: Mapping[tuple[str, str], str] = field(default_factory=dict)
    figures: tuple[DrawnFigure, ...] = ()
    failure: Failure | None = None

    @property
    def failures(self) -> list[str]:
        """What went wrong, a sentence each."""
        found = [(self.name, self.failure), *((f.name, f.failure) for f in self.figures)]
        return [f"{name}: {failure.sentence}" for name, failure in found if failure]

    def count(self, status: str) -> int:
        """Return how many quantities have a status."""
        return sum(row.status == status for row in self.run.rows) if self.run else 0

    @property
    def seconds(self) -> float:
        """Seconds of building and simulating."""
        info = self.run.info if self.run else {}
        return float(info.get("build_seconds", 0.0) + info.get("run_seconds", 0.0))


@dataclass(frozen=True)
class Reproduction:
    """What `reproduce` has made.

    Parameters
    ----------
    sections : tuple of Section
        One for each protocol.
    broken : tuple of DrawnFigure
        Figures whose scripts cannot be loaded.
    quick : bool
        Whether at reduced size.
    report : Path
        The HTML file.
    """

    sections: tuple[Section, ...]
    broken: tuple[DrawnFigure, ...]
    quick: bool
    report: Path

    @property
    def failures(self) -> list[str]:
        """What went wrong, a sentence each."""
        found = [sentence for section in self.sections for sentence in section.failures]
        return found + [figure.failure.sentence for figure in self.broken if figure.failure]

    @property
    def any_missed(self) -> bool:
        """Whether a target was missed."""
        return any(section.count(MISSED) for section in self.sections)

    @property
    def summary(self) -> str:
        """A table with a line for each protocol."""
        width = max(len(section.name) for section in self.sections)
        lines = [f"{'protocol':<{width}}  {MET:>4}  {MISSED:>6}  {REPORTED:>8}  seconds"]
        for section in self.sections:
            if section.failure:
                lines.append(f"{section.name:<{width}}  failed: {section.failure.sentence}")
                continue
            met, missed, reported = (section.count(s) for s in (MET, MISSED, REPORTED))
            before = "  from before" if section.from_before else ""
            lines.append(
                f"{section.name:<{width}}  {met:>4}  {missed:>6}  {reported:>8}  "
                f"{section.seconds:>7.0f}{before}"
            )
        return "\n".join(lines)


def reproduce(out: Path, *, quick: bool = False, progress: Progress = QUIET) -> Reproduction:
    """Run every protocol on the sheet that it was made for, draw every figure, write the report.

    A protocol or a figure that fails is told in its place, and the others go on.

    Parameters
    ----------
    out : Path
        The directory; one that an earlier call has left is gone on with.
    quick : bool
        Reduced size; targets are then not judged.
    progress : Progress
        Told what is being done.

    Returns
    -------
    Reproduction

    Raises
    ------
    InputError
        If the directory cannot be written, or another process is at it.
    NeurosimError
        If the report cannot be written.
    """
    from neurosim.report import write_report

    with _locked(out):
        figures, broken = _load_figures()
        found = names("protocols")
        experiments = {name: _experiment(name, figures, quick, progress) for name in found}
        before = {
            name
            for name, experiment in experiments.items()
            if isinstance(experiment, Experiment) and _is_made(out / RUNS / name, experiment)
        }
        _say_how_long(len(found), len(before), quick, progress)
        sections = []
        for number, name in enumerate(found, start=1):
            progress.announce(f"{name} ({number} of {len(found)})")
            # Taken out, for its session keeps all that it has recorded.
            experiment = experiments.pop(name)
            if isinstance(experiment, Failure):
                section = Section(name, failure=experiment)
            else:
                section = _section(experiment, out, name in before, figures)
            for sentence in section.failures:
                progress.warn(f"Failed: {sentence}")
            sections.append(section)
        made = Reproduction(tuple(sections), broken, quick, out / REPORT)
        write_report(made)
        return made


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold a directory against other processes, and clear what a killed one has left half."""
    from filelock import FileLock, Timeout

    try:
        (out / RUNS).mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"Another process reproduces into '{out}'.") from None
    except OSError as error:
        raise InputError(f"'{out}' cannot be written: {error.strerror}.") from None
    try:
        for half in (out / RUNS).glob(".*.part"):
            shutil.rmtree(half, ignore_errors=True)
        yield
    finally:
        lock.release()


def _load_figures() -> tuple[dict[str, ModuleType], tuple[DrawnFigure, ...]]:
    """Return the scripts of all figures of runs by name, and those that cannot be loaded."""
    scripts, broken = {}, []
    for name in names("figures"):
        try:
            script = load_figure(name)
        except InputError as error:
            broken.append(DrawnFigure(name, "", failure=_failure(error)))
            continue
        if kind_of(script) == RUN:
            scripts[name] = script
    return scripts, tuple(broken)


def _experiment(
    name: str, figures: Mapping[str, ModuleType], quick: bool, progress: Progress
) -> Experiment | Failure:
    """Prepare every condition of a protocol; at reduced size `main` where figures need no more."""
    try:
        needed = {
            condition
            for script in figures.values()
            if name == script.PROTOCOL
            for condition in script.NEEDS
        }
        condition = "main" if quick and needed <= {"main"} else "all"
        overrides = {"protocol.condition": condition}
        return prepare(name, None, SEED, overrides, "auto", quick, progress)
    except Exception as error:
        return _failure(error)


def _is_made(directory: Path, experiment: Experiment) -> bool:
    """Whether the run in a directory is whole and would come out the same now."""
    try:
        run = load_run(directory)
    except InputError:
        return False
    expected = experiment.info() | {MADE_WITH: _made_with()}
    same_sheet = run.model_text == experiment.text(experiment.options.condition)
    return same_sheet and _lasting(run.info) == _lasting(expected)


def _lasting(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if key not in PASSING}


def _made_with() -> str:
    """Return a text that changes with the sources, the packages and the processor."""
    return hashlib.sha256(json.dumps(dict(identity()), sort_keys=True).encode()).hexdigest()[:20]


def _say_how_long(n_protocols: int, n_done: int, quick: bool, progress: Progress) -> None:
    if n_done == n_protocols:
        progress.warn(f"All {n_protocols} protocols were run before; the figures are drawn again.")
        return
    minutes = MINUTES[quick]
    why = ""
    if find_compiler() is None:
        minutes *= NUMPY_FACTOR
        why = ", since there is no C++ compiler"
    before = f" {n_done} of them were run before." if n_done else ""
    progress.warn(f"{n_protocols} protocols take about {minutes} minutes{why}.{before}")


def _section(
    experiment: Experiment, out: Path, from_before: bool, figures: Mapping[str, ModuleType]
) -> Section:
    """Run a protocol unless it was run before; draw its figures."""
    protocol = experiment.protocol
    directory = out / RUNS / protocol.name
    try:
        if not from_before:
            _run(experiment, directory)
        run = load_run(directory)
    except Exception as error:
        return Section(protocol.name, protocol.description, failure=_failure(error))
    return Section(
        name=protocol.name,
        description=protocol.description,
        run=run,
        from_before=from_before,
        measured={
            (condition, name): target.description
            for condition, of_condition in protocol.targets(experiment.options).items()
            for name, target in of_condition.items()
        },
        figures=tuple(_draw(directory, out / FIGURES, figures)),
    )


def _run(experiment: Experiment, directory: Path) -> None:
    """Run a protocol into a directory, in place of the run that is there."""
    if directory.exists():
        load_run(directory)  # nothing else than a run is removed
        shutil.rmtree(directory)
    with written_aside(directory) as aside, writers_imported_meanwhile():
        finished = experiment.run()
        finished.info[MADE_WITH] = _made_with()
        write_run(finished, aside)


def _draw(
    directory: Path, target: Path, figures: Mapping[str, ModuleType]
) -> Iterator[DrawnFigure]:
    """Draw the figures that draw the protocol of a run; one that cannot be drawn says why."""
    # A run of its own: it keeps what it has read, and all recordings would fill the memory.
    run = load_run(directory)
    for name, script in figures.items():
        if run.protocol != script.PROTOCOL:
            continue
        caption = (script.__doc__ or "").strip()
        try:
            yield DrawnFigure(name, caption, write_figure(name, run, target, "png"))
        except Exception as error:
            yield DrawnFigure(name, caption, failure=_failure(error))


def _failure(error: Exception) -> Failure:
    sentence = str(error) if isinstance(error, NeurosimError) else repr(error)
    return Failure(sentence, "".join(traceback.format_exception(error)))
