"""What the figures of the fly's hash have in common: methods, rasters, names beside curves.

Each method of hashing has one colour. A filled marker and a solid line stand for binary tags, an
open one and a dashed line for tags of counts or other values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name
from neurosim.recording import EDGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from neurosim.recording import Recording
    from neurosim.run_directory import Run

FONT_SIZE = 7  # points, of names beside curves
LONGEST_NAME = 20  # characters of the name of data
LINE_HEIGHT = 0.135  # inches that one of them takes
# Where the lines to the names end, their markers are, and they begin: shares of the axes' width.
LEADER, MARKER, NAME = 1.05, 1.08, 1.12
BINARY = "binary"
TAG_STYLES: Mapping[bool, Mapping[str, Any]] = {
    True: {"ls": "-"},
    False: {"ls": "--", "markerfacecolor": "white"},
}


@dataclass(frozen=True)
class Method:
    """A method of hashing as the figures name and draw it.

    Parameters
    ----------
    name : str
    tag : str
        Kind of its tag: `BINARY`, or what its values are.
    colour, marker : str
        Matplotlib's.
    """

    name: str
    tag: str
    colour: str
    marker: str

    @property
    def is_binary(self) -> bool:
        """Whether its tags are bits."""
        return self.tag == BINARY

    @property
    def label(self) -> str:
        """Its name, with the kind of its tag."""
        return f"{self.name}, {self.tag}"

    @property
    def style(self) -> dict[str, Any]:
        """Properties of its line."""
        return {"color": self.colour, "marker": self.marker, **TAG_STYLES[self.is_binary]}


# By the name that the scorecard gives them, in its rows ``map_NAME``.
METHODS: Mapping[str, Method] = {
    "spiking_binary": Method("spiking", BINARY, "C2", "o"),
    "spiking_count": Method("spiking", "counts", "C2", "o"),
    "algorithm_binary": Method("algorithm", BINARY, "C0", "s"),
    "algorithm_valued": Method("algorithm", "valued", "C0", "s"),
    "dense": Method("dense projection", "valued", "C4", "D"),
    "random_winners": Method("random cells", "valued", "0.6", "v"),
    "sign_lsh": Method("sign-LSH", BINARY, "C3", "^"),
    "floor_lsh": Method("floor-LSH", "valued", "C1", "^"),
}
# What the average precision of a query is averaged over, by the option ``ap_rule``.
RULES: Mapping[str, str] = {
    "hits": "AP over the hits, as Dasgupta et al. 2017",
    "relevant": "AP over all true neighbours",
}


@dataclass(frozen=True, eq=False)
class Curve:
    """Rows of the scorecard, one for each of some numbers.

    Parameters
    ----------
    x : ndarray of float, shape (n,)
        The numbers.
    y : ndarray of float, shape (n,)
        Values of the rows.
    sd : ndarray of float, shape (n,)
        Values of the rows that have the same name with ``_sd`` behind it; 0 where there is none.
    """

    x: np.ndarray
    y: np.ndarray
    sd: np.ndarray


def rule_of(run: Run) -> str:
    """Return what the average precision (AP) of a query is averaged over, by the run's rule.

    Parameters
    ----------
    run : Run
        Of a protocol with the option ``ap_rule``, one of
        `neurosim.hashing.retrieval.AVERAGE_PRECISION_RULES`.

    Returns
    -------
    str
    """
    return RULES[run.sheet.protocol["ap_rule"]]


def data_of(run: Run) -> str:
    """Return the name of the data of a run, of a file the name without its folder, cut to fit.

    Parameters
    ----------
    run : Run
        Of a protocol with the option ``data``.

    Returns
    -------
    str
        `LONGEST_NAME` characters at most.
    """
    name = PurePath(run.sheet.protocol["data"]).name
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def curve_of(run: Run, condition: str, names: Mapping[int, str] | Mapping[float, str]) -> Curve:
    """Read a curve off the scorecard of a run.

    Parameters
    ----------
    run : Run
    condition : str
    names : mapping of float to str
        The row of each number; those that were not measured are left out.

    Returns
    -------
    Curve
    """
    rows = {number: run.row(name, condition) for number, name in names.items()}
    spreads = {number: run.row(f"{name}_sd", condition) for number, name in names.items()}
    points = [
        (number, row.value, 0.0 if (spread := spreads[number]) is None else spread.value)
        for number, row in rows.items()
        if row is not None
    ]
    x, y, sd = np.array(points, dtype=float).reshape(-1, 3).T
    return Curve(x, y, np.nan_to_num(sd))


def median_trial(n_active: npt.ArrayLike) -> int:
    """Return the odour that stands for all: the first whose response has the median size.

    Parameters
    ----------
    n_active : array_like of float, shape (n_odours,)
        Kenyon cells that respond to each odour, their number or their share.

    Returns
    -------
    int
        Of an even number of odours, the first of those nearest to the median.
    """
    sizes = np.asarray(n_active, dtype=float)
    return int(np.abs(sizes - np.median(sizes)).argmin())


def population_raster(
    ax: Axes, recording: Recording, population: str, start: float, stop: float, **marks: Any
) -> Line2D:
    """Draw the spikes of a whole population in a stretch of time.

    Parameters
    ----------
    ax : Axes
        Gets milliseconds from `start` along x and the number of the unit along y.
    recording : Recording
    population : str
    start, stop : float
        Seconds; half-open.
    **marks
        Properties of the markers, one for each spike.

    Returns
    -------
    Line2D

    Raises
    ------
    InputError
        If there is no such population.
    """
    if population not in recording.spikes:
        raise InputError(
            f"There is no population '{population}'; {nearest_name(population, recording.spikes)}"
        )
    spikes = recording.spikes[population]
    shown = slice(*np.searchsorted(spikes.time, np.array([start, stop]) - EDGE))
    (drawn,) = ax.plot((spikes.time[shown] - start) * 1e3, spikes.index[shown], ls="", **marks)
    return drawn


def name_curves(ax: Axes, curves: Mapping[str, Line2D], height: float) -> None:
    """Write the names of curves to the right of the axes, each with a line from its curve's end.

    Names that would touch are moved apart by as little as possible. Each has the marker of its
    curve before it.

    Parameters
    ----------
    ax : Axes
        Its scales and limits are those that it will keep.
    curves : mapping of str to Line2D
        By name.
    height : float
        Of the axes, inches, from which follows how many names there is room for.
    """
    to_axes = ax.transScale + ax.transLimits
    ends = np.array(
        [to_axes.transform(np.asarray(line.get_xydata())[-1]) for line in curves.values()]
    )
    levels = moved_apart(ends[:, 1], LINE_HEIGHT / height)
    frame: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False}
    for (x, y), level, (name, curve) in zip(ends, levels, curves.items(), strict=True):
        colour = curve.get_color()
        ax.plot([x + 0.03, LEADER], [y, level], color=colour, lw=0.6, **frame)
        marker: dict[str, Any] = {"marker": curve.get_marker(), "ms": curve.get_markersize()}
        face = curve.get_markerfacecolor()
        ax.plot(MARKER, level, color=colour, mfc=face, **marker, **frame)
        ax.text(NAME, level, name, va="center", fontsize=FONT_SIZE, **frame)


def moved_apart(positions: npt.ArrayLike, gap: float) -> np.ndarray:
    """Move positions between 0 and 1 apart by as little as possible.

    Least squares under the condition that neighbours are `gap` apart and keep their order, which
    is an isotonic regression of the positions less the gaps below them; by pooling neighbours.

    Parameters
    ----------
    positions : array_like of float, shape (n,)
    gap : float

    Returns
    -------
    ndarray of float, shape (n,)
        In the order of `positions`, between 0 and 1 where all gaps together are no longer.
    """
    wanted = np.asarray(positions, dtype=float)
    order = np.argsort(wanted, kind="stable")
    below = gap * np.arange(len(wanted))
    pools: list[list[float]] = []
    for value in wanted[order] - below:
        pools.append([float(value)])
        while len(pools) > 1 and np.mean(pools[-2]) >= np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools] or [below])
    room = max(0.0, 1.0 - gap * (len(wanted) - 1))
    placed = np.empty(len(wanted))
    placed[order] = np.clip(level, 0.0, room) + below
    return placed
