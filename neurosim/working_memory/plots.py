"""What figures of working memory draw: rasters of selective populations, u and x of their synapses.

Time runs from the onset of the first cue. Each function draws into the axes that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurosim import plotting
from neurosim import statistics as st
from neurosim.recording import Recording
from neurosim.working_memory.persistent_activity import selective_populations
from neurosim.working_memory.trials import CUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_SHOWN = 80  # neurons of each population in a raster. Ours: as many as can be told apart
COLOURS = ("C2", "0.55", "C1", "C3", "C4")
U_COLOUR, X_COLOUR = "C1", "C2"


def first_cue(recording: Recording) -> float:
    """Return the onset of the first cue, seconds."""
    trials = recording.trial_table
    return float(trials.start_time[trials.where(phase=CUE)[0]])


def cued_and_another(recording: Recording) -> list[str]:
    """Return the population that is cued first, and the first one that never is (or the last)."""
    trials = recording.trial_table
    cued = [str(name) for name in trials.stimulus[trials.where(phase=CUE)]]
    populations = selective_populations(recording)
    others = [name for name in populations if name not in cued]
    return [cued[0], *(others[:1] or populations[-1:])]


def mark_trials(ax: Axes, recording: Recording, window: st.Window) -> None:
    """Shade the cues and readouts that begin within a window, seconds from the first cue."""
    trials, zero = recording.trial_table, first_cue(recording)
    for start, stop in zip(trials.start_time - zero, trials.stop_time - zero, strict=True):
        if window[0] <= start < window[1]:
            plotting.mark_stimulus(ax, start, min(stop, window[1]))


def draw_spikes(
    ax: Axes, recording: Recording, populations: Sequence[str], window: st.Window
) -> None:
    """Draw the spikes of the first neurons of some populations, one population above the other.

    Parameters
    ----------
    ax : Axes
    recording : Recording
    populations : sequence of str
        From top to bottom.
    window : tuple of float
        Seconds from the onset of the first cue.
    """
    zero, ticks = first_cue(recording), []
    mark_trials(ax, recording, window)
    for number, name in enumerate(populations):
        trains = recording.spikes[name]
        n_shown = min(N_SHOWN, trains.n)
        time = trains.time - zero
        inside = (trains.index < n_shown) & (time >= window[0]) & (time < window[1])
        rows = -number * N_SHOWN * 1.1 - trains.index[inside] * N_SHOWN / n_shown
        ax.plot(
            time[inside],
            rows,
            ls="none",
            marker=".",
            ms=1.2,
            mew=0,
            color=COLOURS[number % len(COLOURS)],
            rasterized=True,
        )
        ticks.append(-number * N_SHOWN * 1.1 - N_SHOWN / 2)
    ax.set_yticks(ticks, [name.replace("selective_", "") for name in populations])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(window)


def draw_synapses(ax: Axes, recording: Recording, population: str, window: st.Window) -> None:
    """Draw u and x, as means over a population.

    Parameters
    ----------
    ax : Axes
    recording : Recording
    population : str
    window : tuple of float
        Seconds from the onset of the first cue.
    """
    column = selective_populations(recording).index(population)
    mark_trials(ax, recording, window)
    for name, label, colour in (("utilisation", "u", U_COLOUR), ("resources", "x", X_COLOUR)):
        trace = recording.traces[name]
        time = trace.start + np.arange(len(trace.data)) / trace.rate - first_cue(recording)
        inside = (time >= window[0]) & (time < window[1])
        ax.plot(time[inside], trace.data[inside, column], color=colour, label=label)
    ax.set_ylim(0, 1.02)
    ax.set_xlim(window)
