"""Two items in working memory, after Mongillo, Barak & Tsodyks 2008, figure 3.

Two populations are cued, the second 2 s after the first one's cue; the population spikes of both
then take turns. From top to bottom the spikes of 80 neurons of each, and of a population that was
not cued; u and x of the first item; u and x of the second one. Grey: the cues.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.run_directory import Run
from neurosim.working_memory.plots import cued_and_another, draw_spikes, draw_synapses, first_cue
from neurosim.working_memory.trials import CUE

PROTOCOL = "working_memory"
NEEDS = ("two_items",)


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``working_memory``."""
    recording = run.recordings["two_items"]
    trials = recording.trial_table
    items = [str(name) for name in trials.stimulus[trials.where(phase=CUE)]]
    window = (-0.4, recording.duration - first_cue(recording))
    figure = Figure(figsize=(plotting.WIDTH, 3.8))
    above, below = plotting.rows(figure, [1, 1])
    raster = above.subplots()
    draw_spikes(raster, recording, [*items, cued_and_another(recording)[1]], window)
    raster.set_yticks(raster.get_yticks(), ["item 1", "item 2", "not cued"])
    raster.set_ylabel("Neurons")
    raster.set_xlabel("Time from the first cue (s)")
    axes = below.subplots(2, 1, sharex=True)
    for number, (ax, item) in enumerate(zip(axes, items, strict=True), start=1):
        draw_synapses(ax, recording, item, window)
        ax.set_ylabel(f"item {number}")
    axes[0].set_title("u and x of the synapses")
    axes[1].legend(loc="center left", ncols=2)
    axes[1].set_xlabel("Time from the first cue (s)")
    for letter, part in (("a", above), ("b", below)):
        plotting.panel_letter(part, letter)
    return plotting.settle(figure)
