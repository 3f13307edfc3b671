"""Two items in working memory, after Mongillo, Barak & Tsodyks 2008, figure 3.

Two populations are cued, the second 2 s after the first one's cue; the population spikes of both
then take turns. From top to bottom the spikes of 80 neurons of each, and of a population that was
not cued; u and x of the first item; u and x of the second one. Grey: the cues.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.memory_plots import cued_and_another, draw_spikes, draw_synapses, first_cue
from neurosim.memory_trials import CUE
from neurosim.run_directory import Run

PROTOCOL = "working_memory"
NEEDS = ("two_items",)


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``working_memory``."""
    recording = run.recordings["two_items"]
    trials = recording.trial_table
    items = [str(name) for name in trials.stimulus[trials.where(phase=CUE)]]
    window = (-0.4, recording.duration - first_cue(recording))
    figure = Figure(figsize=(plotting.WIDTH, 3.8))
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[2, 1, 1])
    draw_spikes(axes[0], recording, [*items, cued_and_another(recording)[1]], window)
    axes[0].set_yticks(axes[0].get_yticks(), ["item 1", "item 2", "not cued"])
    for number, item in enumerate(items):
        draw_synapses(axes[1 + number], recording, item, window)
        axes[1 + number].set_ylabel(f"u, x, item {number + 1}")
    axes[2].legend(loc="center left", ncols=2)
    axes[0].set_ylabel("Neurons")
    axes[-1].set_xlabel("Time from the first cue (s)")
    return plotting.settle(figure)
