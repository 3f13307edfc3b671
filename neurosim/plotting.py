"""What several figures draw: rasters, peri-stimulus time histograms, overlap matrices, pictures.

Every function draws into the axes that it is given and leaves their size, their limits and, unless
it says otherwise, their labels to the caller. Colours, fonts and line widths are those of
``neurosim.mplstyle``, which `neurosim.figure.write_figure` applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from neurosim import statistics as st
from neurosim.errors import InputError
from neurosim.recording import EDGE, Recording

WIDTH = 7.2  # inches, of every figure: two columns of a journal
DECIMALS = 6  # of positions in a figure: a millionth of its width
CONFIDENCE = 1.96  # standard errors on either side of a mean: 95 % of a normal distribution
# Rows of an overlap matrix, from which on values and labels side by side would touch each other.
CROWDED = 9
TICK_HEIGHT = 0.8  # of a spike in a raster, in rows
STIMULUS_COLOUR = "0.92"


def rows(figure: FigureBase, heights: Sequence[float]) -> list[SubFigure]:
    """Divide a figure into parts one below the other.

    Parameters
    ----------
    figure : Figure or SubFigure
    heights : sequence of float
        Relative to each other.

    Returns
    -------
    list of SubFigure
        From top to bottom.
    """
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)
    return list(parts[:, 0])


def columns(figure: FigureBase, widths: Sequence[float]) -> list[SubFigure]:
    """Divide a figure into parts side by side.

    Parameters
    ----------
    figure : Figure or SubFigure
    widths : sequence of float
        Relative to each other.

    Returns
    -------
    list of SubFigure
        From left to right.
    """
    parts = figure.subfigures(1, len(widths), squeeze=False, width_ratios=widths)
    return list(parts[0])


def panel_letter(figure: FigureBase, letter: str) -> Text:
    """Put the letter of a panel into the upper left corner of a figure or subfigure.

    Parameters
    ----------
    figure : Figure or SubFigure
        What the panel fills.
    letter : str

    Returns
    -------
    Text
    """
    return figure.text(
        0.003, 0.995, letter, ha="left", va="top", fontsize="x-large", fontweight="bold"
    )


def settle(figure: Figure) -> Figure:
    """Lay a finished figure out, once and for every file format.

    The solver behind the constrained layout returns positions whose last bits depend on where its
    variables lie in memory. They are rounded, so that the same data give the same file.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    Figure
        The same.
    """
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
    figure.set_layout_engine("none")
    parts = [part for part in figure.findobj(SubFigure) if isinstance(part, SubFigure)]
    for part in parts:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), DECIMALS))
    for text in [text for part in (figure, *parts) for text in part.texts]:
        x, y = text.get_position()
        text.set_position((round(x, DECIMALS), round(y, DECIMALS)))
    for ax in figure.axes:
        ax.set_position(np.round(ax.get_position(original=True).bounds, DECIMALS))
    return figure


def note(ax: Axes, text: str) -> Text:
    """Write into the middle of axes why nothing is drawn in them.

    Parameters
    ----------
    ax : Axes
    text : str

    Returns
    -------
    Text
    """
    return ax.text(
        0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", wrap=True, color="0.35"
    )


def mark_stimulus(ax: Axes, start: float, stop: float) -> None:
    """Shade the time for which a stimulus is on, behind everything else.

    Parameters
    ----------
    ax : Axes
        Time runs along x.
    start, stop : float
        Seconds.
    """
    ax.axvspan(start, stop, color=STIMULUS_COLOUR, linewidth=0, zorder=0)


def raster(
    ax: Axes,
    recording: Recording,
    population: str,
    unit: int,
    trials: npt.ArrayLike,
    window: st.Window,
    first_row: int = 0,
    **lines: Any,
) -> LineCollection:
    """Draw the spikes of one unit around each trial, a row for each.

    Row k is centred on y = k; it depends on the direction of the axis whether trials run upwards
    or downwards.

    Parameters
    ----------
    ax : Axes
    recording : Recording
    population : str
    unit : int
    trials : array_like of int, shape (n_trials,)
        Indices into `recording.trial_table`.
    window : tuple of float
        Start and stop relative to the onset, seconds; half-open.
    first_row : int
        Row of the first trial.
    **lines
        Properties of the lines, such as ``color``.

    Returns
    -------
    LineCollection
        One line for each spike.

    Raises
    ------
    InputError
        If there is no such unit.
    """
    time = recording.spikes[population].of(unit)
    onsets = recording.trial_table.start_time[np.asarray(trials)]
    edges = onsets[:, np.newaxis] + (np.array(window) - EDGE)
    spans = np.searchsorted(time, edges)
    relative = [
        time[first:last] - onset for (first, last), onset in zip(spans, onsets, strict=True)
    ]
    rows = first_row + np.repeat(np.arange(len(onsets)), [len(times) for times in relative])
    half = TICK_HEIGHT / 2
    return ax.vlines(np.concatenate(relative), rows - half, rows + half, **lines)


def psth(
    ax: Axes,
    recording: Recording,
    population: str,
    units: npt.ArrayLike,
    trials: npt.ArrayLike,
    window: st.Window,
    bin_width: float,
    **line: Any,
) -> Line2D:
    """Draw the peri-stimulus time histogram of some units: mean rate, and its confidence.

    The line is that of `neurosim.statistics.psth`. The band is the 95 % confidence interval of
    the mean over units, each of which is averaged over the trials first.

    Parameters
    ----------
    ax : Axes
        Gets seconds along x and Hz along y.
    recording : Recording
    population : str
    units : array_like of int or of bool, shape (n,)
        Indices, or a mask over all units of the population; one or more.
    trials : array_like of int, shape (n_trials,)
        Indices into `recording.trial_table`.
    window : tuple of float
        Start and stop relative to the onset, seconds.
    bin_width : float
        Seconds; the window is a whole number of bins.
    **line
        Properties of the line, such as ``color``; the band takes its colour.

    Returns
    -------
    Line2D

    Raises
    ------
    InputError
        If there are no such units or trials, or the bins do not fill the window.
    """
    edges = st.bin_edges(window, bin_width)
    selected = np.asarray(units)
    try:
        rates = [
            st.rates(recording, population, trials, (start, stop))[:, selected].mean(axis=0)
            for start, stop in pairwise(edges)
        ]
    except IndexError:
        raise InputError(
            f"Units are missing in the population '{population}', expected indices or a mask of "
            f"its {recording.spikes[population].n} units."
        ) from None
    return mean_with_confidence(ax, (edges[:-1] + edges[1:]) / 2, np.transpose(rates), **line)


def mean_with_confidence(ax: Axes, x: npt.ArrayLike, samples: npt.ArrayLike, **line: Any) -> Line2D:
    """Draw the mean of some samples as a line, its 95 % confidence interval as a band.

    The interval is that of the normal approximation, 1.96 standard errors on either side. One
    sample has none, and no band is drawn.

    Parameters
    ----------
    ax : Axes
    x : array_like, shape (n_points,)
    samples : array_like, shape (n_samples, n_points)
        One or more samples.
    **line
        Properties of the line, such as ``color``; the band takes its colour.

    Returns
    -------
    Line2D

    Raises
    ------
    InputError
        If there are no samples.
    """
    values = np.asarray(samples, dtype=float)
    n = len(values)
    if n == 0:
        raise InputError("There are 0 samples to average, expected one or more.")
    mean = values.mean(axis=0)
    (drawn,) = ax.plot(x, mean, **line)
    if n > 1:
        error = half_confidence(values)
        ax.fill_between(
            x, mean - error, mean + error, color=drawn.get_color(), alpha=0.3, linewidth=0
        )
    return drawn


def half_confidence(samples: npt.ArrayLike) -> np.ndarray:
    """Return half of the width of the 95 % confidence interval of a mean.

    That of the normal approximation, 1.96 standard errors.

    Parameters
    ----------
    samples : array_like, shape (n_samples, ...)

    Returns
    -------
    ndarray of float, shape (...)
        0 for one sample, which says nothing about its mean.

    Raises
    ------
    InputError
        If there are no samples.
    """
    values = np.asarray(samples, dtype=float)
    n = len(values)
    if n == 0:
        raise InputError("There are 0 samples to average, expected one or more.")
    spread = values.std(axis=0, ddof=1) if n > 1 else np.zeros(values.shape[1:])
    return np.asarray(CONFIDENCE * spread / np.sqrt(n))


def overlap_matrix(ax: Axes, overlaps: npt.ArrayLike, labels: Sequence[str]) -> QuadMesh:
    """Draw the overlaps between sets as a square of cells, each with its value in it.

    From nine sets on the cells are too small for values side by side; those that round to 0 are
    then left out.

    Parameters
    ----------
    ax : Axes
        Gets the labels along both axes.
    overlaps : array_like, shape (n, n)
        Values from 0 to 1.
    labels : sequence of str, length n

    Returns
    -------
    QuadMesh

    Raises
    ------
    InputError
        If the overlaps are not square or the labels are not as many.
    """
    values = np.asarray(overlaps, dtype=float)
    n = len(labels)
    if values.shape != (n, n):
        raise InputError(
            f"The overlaps have the shape {values.shape} with {n} labels, expected ({n}, {n})."
        )
    cells = ax.pcolormesh(values, vmin=0, vmax=1, edgecolors="white", linewidth=1)
    for row, column in np.ndindex(n, n):
        value = values[row, column]
        if n >= CROWDED and value < 0.005:
            continue
        ax.text(
            column + 0.5,
            row + 0.5,
            "1" if value == 1 else f"{value:.2f}".removeprefix("0"),
            ha="center",
            va="center",
            fontsize=7,
            color="white" if value > 0.72 else "black",
        )
    centres = np.arange(n) + 0.5
    ax.set_xticks(centres, labels, rotation=90 if n >= CROWDED else 0)
    ax.set_yticks(centres, labels)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    return cells


def picture(ax: Axes, grey: npt.ArrayLike) -> AxesImage:
    """Show a picture and no axes around it.

    Parameters
    ----------
    ax : Axes
    grey : array_like, shape (height, width)
        Grey values, 0 black to 1 white.

    Returns
    -------
    AxesImage
    """
    ax.set_axis_off()
    return ax.imshow(np.asarray(grey), cmap="gray", vmin=0, vmax=1)
