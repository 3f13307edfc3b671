"""Run a protocol: sheet -> session -> conditions -> scorecard -> run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from neurosim import __version__
from neurosim.answers import Answer
from neurosim.errors import InputError
from neurosim.figure import may_be_drawn
from neurosim.parameters import Sheet, text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.parameters.registry import EXTENDS
from neurosim.progress import QUIET, Progress
from neurosim.protocol import Protocol, load_protocol
from neurosim.run_directory import Run, write_run, written_aside
from neurosim.scorecard import score
from neurosim.session import Session

VERSIONS = ("neurosim", "brian2", "numpy", "pynwb")
WRITERS = ("pynwb", "h5py")
DRAWERS = ("matplotlib.figure", "matplotlib.backends.backend_agg")


def run(
    protocol: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    target: str = "auto",
    quick: bool = False,
    progress: Progress = QUIET,
    scored: Callable[[Run], object] | None = None,
) -> Run:
    """Run a protocol with one seed.

    Parameters
    ----------
    protocol : str or path
        Name of a protocol, or the path of a user's own.
    model : str or path, optional
        Name or path of a sheet; by default the one that the protocol was made for.
    seed : int
        0 <= seed < 2**32. Draws the brain, then the noise.
    overrides : mapping of str to object, optional
        Values by ``"section.key"``; ``protocol.`` for the protocol's options.
    out : str or path, optional
        The run directory to write; nothing is written if it is left out.
    target : str
        ``"auto"``, ``"standalone"`` or ``"numpy"``.
    quick : bool
        Reduced size; targets are then not judged.
    progress : Progress
        Told what is being done.
    scored : callable, optional
        Given the run as soon as it is scored: writing its directory takes a while more.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If anything that was asked for is refused.
    SimulationError
        If a build or a simulation fails.

    Examples
    --------
    >>> import neurosim as ns
    >>> run = ns.run("ison2015", seed=1, overrides={"excitatory.tau_m": "15 ms"})
    >>> run.scorecard
    """
    experiment = prepare(protocol, model, seed, overrides or {}, target, quick, progress)
    tell = scored or (lambda finished: None)
    if out is None:
        finished = experiment.run()
        tell(finished)
        return finished
    drawn = may_be_drawn(experiment.protocol.name, experiment.conditions)
    with written_aside(Path(out)) as directory, writers_imported_meanwhile(drawn):
        finished = experiment.run()
        tell(finished)
        write_run(finished, directory)
    finished.path = Path(out)
    return finished


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A protocol, a sheet and a session that fit together, ready to run."""

    protocol: Protocol
    sheet: Sheet
    options: Any
    session: Session
    overrides: Mapping[str, Any]
    quick: bool

    @property
    def judged(self) -> bool:
        """Whether the targets hold at this size."""
        return not self.quick and self.protocol.is_judged(self.options)

    @property
    def conditions(self) -> list[str]:
        """The conditions that the options ask for."""
        return self.protocol.conditions(self.options)

    def run(self) -> Run:
        """Simulate and score the conditions that the options ask for."""
        script = self.protocol.script
        targets = self.protocol.targets(self.options)
        rows, recordings, texts = [], {}, {}
        answers: dict[str, list[Answer]] = {}
        for condition in self.conditions:
            self.session.progress.announce(f"{condition}: {script.CONDITIONS[condition]}.")
            recording, values, *asked = script.run_condition(condition, self.session, self.options)
            if asked:
                answers[condition] = list(asked[0])
            texts[condition] = self.text(condition)
            recordings[condition] = dataclasses.replace(recording, sheet_text=texts[condition])
            rows += score(values, condition, targets[condition], self.judged)
        return Run(
            info=self.info(),
            model_text=self.text(self.options.condition),
            rows=rows,
            condition_texts=texts,
            recordings=recordings,
            answers=answers,
        )

    def text(self, condition: str) -> str:
        """Return the sheet as run, with the options in ``[protocol]`` that name a condition."""
        return text_with_protocol(
            self.sheet, dataclasses.replace(self.options, condition=condition)
        )

    def info(self) -> dict[str, Any]:
        """Return the content of ``run.json``; its seconds are those until now."""
        return {
            "protocol": self.protocol.name,
            "model": self.sheet.name,
            "seed": self.session.seed,
            "overrides": {key: str(value) for key, value in self.overrides.items()},
            "condition": self.options.condition,
            "conditions": self.conditions,
            "quick": self.quick,
            "target": self.session.target,
            "versions": {name: _version(name) for name in VERSIONS},
            "git_revision": _git_revision(),
            "build_seconds": self.session.build_seconds,
            "run_seconds": self.session.run_seconds,
        }


def prepare(
    protocol: str | os.PathLike[str],
    model: str | os.PathLike[str] | None,
    seed: int,
    overrides: Mapping[str, Any],
    target: str,
    quick: bool,
    progress: Progress,
) -> Experiment:
    """Check everything that a user asked for before anything is simulated; see `run`."""
    loaded = load_protocol(protocol)
    sheet = load_model(loaded.model(overrides) if model is None else model, overrides)
    refuse_other_circuit(loaded, sheet)
    options = loaded.options(sheet, overrides, quick)
    session = Session(sheet.parameters, sheet.circuit, seed, target, progress)
    return Experiment(loaded, sheet, options, session, overrides, quick)


def refuse_other_circuit(protocol: Protocol, sheet: Sheet) -> None:
    """Refuse a sheet of another circuit than that of the protocol, or one that extends it."""
    if protocol.script.CIRCUIT not in (sheet.circuit, EXTENDS.get(sheet.circuit)):
        raise InputError(
            f"The protocol '{protocol.name}' works on the circuit '{protocol.script.CIRCUIT}', "
            f"but the sheet '{sheet.name}' is of the circuit '{sheet.circuit}'."
        )


@contextlib.contextmanager
def writers_imported_meanwhile(drawn: bool = True) -> Iterator[None]:
    """Import what writing needs while the block simulates in a process of its own.

    Parameters
    ----------
    drawn : bool
        Whether a figure is drawn too.
    """
    stop = threading.Event()

    def import_writers() -> None:
        # What fails here fails again, and is told, where it is needed.
        with contextlib.suppress(Exception):
            for name in (*WRITERS, *DRAWERS) if drawn else WRITERS:
                if not stop.is_set():
                    import_module(name)

    # No daemon: Python waits for it at its end. A library that is cut off while it is imported
    # takes the interpreter down with it.
    threading.Thread(target=import_writers).start()
    try:
        yield
    finally:
        stop.set()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None if name != "neurosim" else __version__


def _git_revision() -> str | None:
    here = Path(__file__).resolve().parent
    if not (here.parent / ".git").exists():
        return None
    command = ["git", "-C", str(here), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
