"""The three regimes of Mongillo, Barak & Tsodyks 2008, in the layout of their figure 2.

Each column is a background: low, where a readout recalls the cued item from u alone (condition
``readout_1_s``); higher, where population spikes hold it (``main``); higher still, where the cued
population goes on firing asynchronously and rest is only metastable (``high_background``). From top
to bottom the spikes of 80 neurons of the cued population and of one that was not cued; u and x of
the cued population; the same of the other one. Grey: the cue, and the readout of the first column.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.memory_plots import cued_and_another, draw_spikes, draw_synapses
from neurosim.run_directory import Run

PROTOCOL = "working_memory"
NEEDS = ("main", "readout_1_s", "high_background")

WINDOW = (-0.4, 2.8)  # s from the onset of the cue, as long as the first column
COLUMNS = {
    "readout_1_s": "synaptic, read out",
    "main": "population spikes",
    "high_background": "asynchronous firing",
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``working_memory``."""
    figure = Figure(figsize=(plotting.WIDTH, 4.2))
    axes = figure.subplots(3, len(COLUMNS), sharex=True, height_ratios=[2, 1, 1])
    for column, (condition, title) in enumerate(COLUMNS.items()):
        recording = run.recordings[condition]
        cued, other = cued_and_another(recording)
        draw_spikes(axes[0, column], recording, [cued, other], WINDOW)
        draw_synapses(axes[1, column], recording, cued, WINDOW)
        draw_synapses(axes[2, column], recording, other, WINDOW)
        axes[0, column].set_title(title)
        axes[0, column].set_yticks(axes[0, column].get_yticks(), ["cued", "not cued"])
        for ax in axes[:, column]:
            ax.tick_params(labelleft=column == 0)
    axes[2, 0].legend(loc="center right", ncols=2)
    axes[0, 0].set_ylabel("Neurons")
    axes[1, 0].set_ylabel("u, x, cued")
    axes[2, 0].set_ylabel("u, x, not cued")
    for ax in axes[-1]:
        ax.set_xlabel("Time from cue (s)")
    for letter, ax in zip("abc", axes[0], strict=True):
        ax.set_title(letter, loc="left", fontweight="bold", fontsize="x-large")
    return plotting.settle(figure)
