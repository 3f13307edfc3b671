"""What the figures of an experiment on pairs have in common: styles, rasters, histograms.

Before learning light and dashed, after it dark and solid. A unit's own picture is blue and red, its
partner grey and green, as in Ison et al. 2015 (second-hand).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION
from neurosim.association.paired_stimuli import TEST_DURATION, TEST_GAP
from neurosim.association.unit_responses import UnitGroup, histograms_by_trial, histograms_by_unit
from neurosim.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Style = Mapping[str, Any]
# By what the stimulus is to the unit, and by phase.
STYLES: Mapping[str, Mapping[str, Style]] = {
    "P": {BEFORE: {"color": "C1", "ls": "--"}, AFTER: {"color": "C2", "ls": "-"}},
    "NP": {BEFORE: {"color": "0.55", "ls": "--"}, AFTER: {"color": "C4", "ls": "-"}},
    "NA": {BEFORE: {"color": "0.55", "ls": "--"}, AFTER: {"color": "C0", "ls": "-"}},
}
# Of the two directions of a pair: units of P that come to fire to NP, and the other way round.
DIRECTIONS: Mapping[str, Style] = {
    "P → NP": {"color": "C4", "marker": "o"},
    "NP → P": {"color": "C2", "marker": "s", "ls": "--", "markerfacecolor": "white"},
}

STIMULUS = (0.0, TEST_DURATION)  # s
# s. The silence before the stimulus, and the one after it: beyond lie other trials.
WINDOW = (-TEST_GAP, TEST_DURATION + TEST_GAP)
BIN = 0.05  # s. Ours: a tenth of the stimulus

PUBLISHED = 21 / 51  # pair-coding units of the responsive ones in Ison et al. 2015; unverified
PUBLISHED_LABEL = "Ison 2015: .41\n(unverified)"
PUBLISHED_LINE: Style = {"color": "black", "ls": ":", "lw": 1}


def time_axis(ax: Axes) -> None:
    """Let the time from the onset of a test run along x, and mark the stimulus."""
    plotting.mark_stimulus(ax, *STIMULUS)
    ax.set(xlim=WINDOW, xticks=STIMULUS)


def raster_before_and_after(
    ax: Axes, recording: Recording, unit: int, stimulus: str, role: str
) -> None:
    """Draw a unit's spikes in the tests of a stimulus, before learning above, after it below.

    Parameters
    ----------
    ax : Axes
    recording : Recording
    unit : int
    stimulus : str
    role : str
        What the stimulus is to the unit, a key of `STYLES`.
    """
    time_axis(ax)
    n_before, row = 0, 0
    for phase in (BEFORE, AFTER):
        trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
        colour = STYLES[role][phase]["color"]
        plotting.raster(ax, recording, POPULATION, unit, trials, WINDOW, row, color=colour, lw=0.9)
        n_before, row = row, row + len(trials)
    ax.axhline(n_before - 0.5, color="black", lw=0.6)
    ax.set_ylim(row - 0.5, -0.5)
    ax.set_yticks([n_before / 2 - 0.5, (n_before + row) / 2 - 0.5], [BEFORE, AFTER])
    ax.tick_params(axis="y", length=0)


def unit_histogram(
    ax: Axes, recording: Recording, unit: int, stimulus: str, role: str
) -> list[Line2D]:
    """Draw a unit's mean rate to a stimulus before and after learning.

    The band is the 95 % confidence interval of the mean over trials.

    Parameters
    ----------
    ax, recording, unit, stimulus, role
        As in `raster_before_and_after`.

    Returns
    -------
    list of Line2D
        Before, after.
    """
    samples = [
        histograms_by_trial(
            recording,
            unit,
            recording.trial_table.where(phase=phase, stimulus=stimulus),
            WINDOW,
            BIN,
        )
        for phase in (BEFORE, AFTER)
    ]
    return _before_and_after(ax, samples, role)


def group_histogram(
    ax: Axes, recording: Recording, groups: Sequence[UnitGroup], role: str
) -> list[Line2D]:
    """Draw the mean rate of units to P or to NP before and after learning.

    The band is the 95 % confidence interval of the mean over units.

    Parameters
    ----------
    ax : Axes
    recording : Recording
    groups : sequence of UnitGroup
    role : str
        ``"P"`` or ``"NP"``.

    Returns
    -------
    list of Line2D
        Before, after; empty without units.
    """
    samples = [
        histograms_by_unit(recording, groups, role, phase, WINDOW, BIN) for phase in (BEFORE, AFTER)
    ]
    return _before_and_after(ax, samples, role)


def _before_and_after(ax: Axes, samples: Sequence[npt.ArrayLike], role: str) -> list[Line2D]:
    time_axis(ax)
    edges = st.bin_edges(WINDOW, BIN)
    return [
        plotting.mean_with_confidence(
            ax, (edges[:-1] + edges[1:]) / 2, rates, label=phase, **STYLES[role][phase]
        )
        for phase, rates in zip((BEFORE, AFTER), samples, strict=True)
        if len(np.asarray(rates))
    ]


def published_fraction(ax: Axes, vertical: bool = False) -> None:
    """Mark the published fraction of pair-coding units, which is unverified.

    Parameters
    ----------
    ax : Axes
    vertical : bool
        Whether fractions run along x.
    """
    mark = ax.axvline if vertical else ax.axhline
    mark(PUBLISHED, label=PUBLISHED_LABEL, **PUBLISHED_LINE)
