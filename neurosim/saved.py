"""What figures are drawn from: the runs and the sweeps that lie below a folder of results."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

from neurosim import run_directory
from neurosim.errors import InputError
from neurosim.figure import RUN, kind_of, load_figure, obstacle
from neurosim.folders import names
from neurosim.run_directory import Run
from neurosim.sweeping.results import Sweep, is_sweep, load_sweep, newest_sweep


def load(directory: Path) -> Run | Sweep:
    """Read a run directory, or the directory of a sweep.

    Raises
    ------
    InputError
        If it is neither.
    """
    return load_sweep(directory) if is_sweep(directory) else run_directory.load_run(directory)


def newest(figure: str | os.PathLike[str], results: Path) -> Path:
    """Return the newest directory that a figure can be asked to draw.

    Raises
    ------
    InputError
        If there is no such figure, or nothing for it.
    """
    script = load_figure(figure)
    kind = kind_of(script)
    if kind == RUN:
        return run_directory.newest_run(script.PROTOCOL, results)
    return newest_sweep(kind, results)


def newest_figures(
    source: Path | None, results: Path
) -> Iterator[tuple[str, Run | Sweep | None, str | None]]:
    """Return every figure with what it can be drawn from, or with the reason why it cannot.

    Parameters
    ----------
    source : Path or None
        The one directory to draw from; by default the newest for each figure.
    results : Path

    Raises
    ------
    InputError
        If `source` is neither a run nor a sweep.
    """
    load_once = functools.cache(load)
    if source is not None:
        load_once(source)  # refused at once, not once for each figure
    for name in names("figures"):
        try:
            saved = load_once(source or newest(name, results))
            reason = obstacle(name, saved)
        except InputError as error:
            saved, reason = None, str(error)
        yield name, saved if reason is None else None, reason
