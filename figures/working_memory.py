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
from neurosim.run_directory import Run
from neurosim.working_memory.plots import cued_and_another, draw_spikes, draw_synapses

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
    parts = plotting.columns(figure, [1.25, 1, 1])
    for letter, part, (condition, title) in zip("abc", parts, COLUMNS.items(), strict=True):
        recording = run.recordings[condition]
        cued, other = cued_and_another(recording)
        raster, of_cued, of_other = part.subplots(3, 1, sharex=True, height_ratios=[2, 1, 1])
        draw_spikes(raster, recording, [cued, other], WINDOW)
        draw_synapses(of_cued, recording, cued, WINDOW)
        draw_synapses(of_other, recording, other, WINDOW)
        raster.set_title(title)
        raster.set_yticks(raster.get_yticks(), ["cued", "not cued"])
        of_other.set_xlabel("Time from cue (s)")
        plotting.panel_letter(part, letter)
        if letter == "a":
            raster.set_ylabel("Neurons")
            of_cued.set_ylabel("u, x, cued")
            of_other.set_ylabel("u, x, not cued")
            of_other.legend(loc="center right", ncols=2)
        for ax in (raster, of_cued, of_other):
            ax.tick_params(labelleft=letter == "a")
    return plotting.settle(figure)
