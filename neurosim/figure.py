"""Figures by name: each is a script that draws a saved run, or a sweep, and never simulates.

A figure script has a docstring, ``PROTOCOL`` (whose runs it draws), ``NEEDS`` (the conditions that
have to be there) and ``draw(run)``, which returns a Matplotlib figure. One that draws sweeps says
so by ``KIND`` (``"sweep"`` or ``"sensitivity"``); its ``PROTOCOL`` may be None, for any, and its
``draw`` may take further choices of the user by name.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError, NeurosimError, nearest_name
from neurosim.folders import find, load_script, names

if TYPE_CHECKING:
    from neurosim.run_directory import Run
    from neurosim.sweeping.results import Sweep

FORMATS = ("png", "pdf", "svg")
# No dates, and identifiers from a fixed salt: the same data give the same file.
METADATA = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}
RESOLUTION = 200  # dots per inch
RUN = "run"  # what a figure draws that does not say


def load_figure(name: str | os.PathLike[str]) -> ModuleType:
    """Load a figure script by name or path.

    Raises
    ------
    InputError
        If there is none, or if it lacks ``PROTOCOL``, ``NEEDS`` or ``draw``.
    """
    script = load_script("figures", os.fspath(name))
    for required in ("PROTOCOL", "NEEDS", "draw"):
        if not hasattr(script, required):
            raise InputError(f"The figure '{name}' does not define {required}.")
    return script


def figures_of(run: Run) -> list[str]:
    """Return the names of the figures that can be drawn from a run."""
    return [name for name in names("figures") if obstacle(name, run) is None]


def may_be_drawn(protocol: str, conditions: Collection[str]) -> bool:
    """Whether there is a figure of the protocol's name, and its conditions were not left out.

    That is read off the script, for to run it takes Matplotlib, whose import costs as much as all
    else of a short run. Where the script computes what it needs, only running it tells.
    """
    if protocol not in names("figures"):
        return False
    for statement in ast.parse(find("figures", protocol).read_bytes()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "NEEDS":
            with contextlib.suppress(ValueError):
                return set(ast.literal_eval(statement.value)) <= set(conditions)
    return True


def kind_of(script: ModuleType) -> str:
    """Return what a figure draws: ``"run"``, ``"sweep"`` or ``"sensitivity"``."""
    kind: str = getattr(script, "KIND", RUN)
    return kind


def obstacle(name: str | os.PathLike[str], run: Run | Sweep) -> str | None:
    """Return why a figure cannot be drawn from a run or a sweep, in a sentence; None if it can.

    Raises
    ------
    InputError
        If there is no such figure.
    """
    return _obstacle(name, load_figure(name), run)


def _obstacle(name: str | os.PathLike[str], script: ModuleType, run: Run | Sweep) -> str | None:
    if run.kind != kind_of(script):
        return f"The figure '{name}' draws a {kind_of(script)}, not a {run.kind}."
    if script.PROTOCOL not in (None, run.protocol):
        return f"The figure '{name}' draws runs of '{script.PROTOCOL}', not of '{run.protocol}'."
    for condition in script.NEEDS:
        if condition not in run.conditions:
            return f"The figure '{name}' needs the condition '{condition}', which was not run."
    return None


def check_format(file_format: str) -> None:
    """Refuse a file format that figures are not written in.

    Raises
    ------
    InputError
        If it is none of `FORMATS`.
    """
    if file_format not in FORMATS:
        raise InputError(f"Unknown format '{file_format}': {nearest_name(file_format, FORMATS)}")


def write_figure(
    name: str, run: Run | Sweep, directory: Path, file_format: str, **choices: Any
) -> Path:
    """Draw a figure from a run or a sweep and write it; return the file.

    Parameters
    ----------
    name : str
    run : Run or Sweep
    directory : Path
    file_format : str
        One of `FORMATS`.
    **choices
        What the script's ``draw`` takes beside the run.

    Raises
    ------
    InputError
        If the run is of another protocol or lacks a condition, a choice is none of the figure's, or
        the file cannot be written.
    """
    script = load_figure(name)
    check_format(file_format)
    reason = _obstacle(name, script, run)
    if reason is not None:
        raise InputError(reason)
    taken = list(inspect.signature(script.draw).parameters)[1:]
    for choice in choices:
        if choice not in taken:
            raise InputError(
                f"The figure '{name}' takes no '{choice}': {nearest_name(choice, taken)}"
            )
    import matplotlib as mpl
    import matplotlib.style

    path = directory / f"{script.__name__.rpartition('.')[2]}.{file_format}"
    aside = path.with_name(f".{path.name}.part")
    style = Path(__file__).with_name("neurosim.mplstyle")
    with mpl.rc_context():
        matplotlib.style.use(["default", style])  # not on top of the user's own style
        mpl.rcParams["svg.hashsalt"] = "neurosim"
        figure = script.draw(run, **choices)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            figure.savefig(
                aside, format=file_format, dpi=RESOLUTION, metadata=METADATA[file_format]
            )
            aside.replace(path)
        except OSError as error:
            raise NeurosimError(f"'{path}' cannot be written: {error.strerror}.") from None
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()
    return path
