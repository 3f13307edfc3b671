"""How many of five items working memory holds, against the recovery of synaptic resources.

(a) Five populations are cued one after the other; below each other the spikes of 80 neurons of
each, for four time constants of recovery, each at the background that holds most. (b) Items that
last, and the limit of Mi, Katkov & Tsodyks 2017, Neuron 93:323 (second-hand): the longest period of
population spikes over the mean time between those of two items, which is measured. Lines are this
limit for the mean of all measured times.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.run_directory import Run
from neurosim.working_memory.persistent_activity import selective_populations
from neurosim.working_memory.plots import draw_spikes, first_cue

PROTOCOL = "working_memory"
CONDITIONS = {
    "capacity_100_ms": 0.1,
    "capacity_200_ms": 0.2,
    "capacity_300_ms": 0.3,
    "capacity_400_ms": 0.4,
}
NEEDS = tuple(CONDITIONS)


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``working_memory``."""
    figure = Figure(figsize=(plotting.WIDTH, 5.2))
    left, right = plotting.columns(figure, [2.2, 1])
    axes = left.subplots(len(CONDITIONS), 1, sharex=True)
    for ax, (condition, tau) in zip(axes, CONDITIONS.items(), strict=True):
        recording = run.recordings[condition]
        end = recording.duration - first_cue(recording)
        draw_spikes(ax, recording, selective_populations(recording), (-0.4, end))
        ax.set_yticks([])
        ax.set_ylabel(f"{1000 * tau:g} ms")
    axes[0].set_title("Five items, at four time constants of recovery")
    axes[-1].set_xlabel("Time from the first cue (s)")
    draw_capacity(right.subplots(), run)
    for letter, part in (("a", left), ("b", right)):
        plotting.panel_letter(part, letter)
    return plotting.settle(figure)


def draw_capacity(ax: Axes, run: Run) -> None:
    """Draw the items that last, beside the limit by the formula."""
    taus = np.array(list(CONDITIONS.values()))
    values = {
        name: np.array([value_of(run, name, condition) for condition in CONDITIONS])
        for name in ("items_kept", "longest_period", "separation")
    }
    apart = values["separation"][np.isfinite(values["separation"])]
    if apart.size:  # two items lasted somewhere
        limit = values["longest_period"] / apart.mean()
        ax.plot(1000 * taus, limit, color="0.5", ls="--", marker="s", mfc="white", label="limit")
    ax.plot(1000 * taus, values["items_kept"], color="C2", marker="o", label="measured")
    ax.set_ylim(0, 5.4)
    ax.set_xlabel("Recovery of resources (ms)")
    ax.set_ylabel("Items held")
    ax.legend(loc="upper left")


def value_of(run: Run, name: str, condition: str) -> float:
    """Return a value of the scorecard, not a number if it was not measured."""
    row = run.row(name, condition)
    return float("nan") if row is None else row.value
