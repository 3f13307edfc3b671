"""What APL does: responses of Kenyon cells with it and without it, after Lin et al. 2014.

(a) One odour, with APL and with its gain at 0, all else the same, even the spikes of the projection
neurons: that to which the median number of Kenyon cells responds (the first of several). Spikes of
the projection neurons and of all Kenyon cells, and the potential of APL, which inhibits nothing on
the right. (b) Fraction of the Kenyon cells that fire, over odours; the line is the sheet's
sparsity. (c) Correlation between the spike counts of all Kenyon cells to two odours, over pairs of
the first 300 odours. Dotted lines are the means that Lin et al. 2014 found (read off a figure); the
odours are calibrated to the one with APL. In (b) and (c) each histogram has an area of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.hashing.kenyon_cell_responses import active_fractions, recorded_counts
from neurosim.hashing.plots import median_trial, population_raster
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "apl"
NEEDS = ("main",)

HEIGHT = 4.2  # inches
MILLI, PERCENT = 1e3, 100
MOST_ODOURS = 300  # whose correlations are drawn; ours: 45,000 pairs make a smooth histogram
WIDTHS = 0.5, 0.02  # of the bins of fractions (%) and of correlations
CONDITIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "main": ("with APL", {"color": "C2"}),
    "without_apl": ("without APL", {"color": "C1"}),
}
PUBLISHED = {"main": 0.10, "without_apl": 0.22}  # Lin et al. 2014, read off a figure
NOT_RUN = "the condition\nwithout_apl\nwas not run"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``apl``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    left, right = plotting.columns(figure, [1.7, 1])
    counts = {
        name: recorded_counts(run.recordings[name]) for name in CONDITIONS if name in run.conditions
    }
    draw_odour(left, run, median_trial(active_fractions(counts["main"])))
    upper, lower = plotting.rows(right, [1, 1])
    draw_fractions(upper, run, {name: active_fractions(of) for name, of in counts.items()})
    draw_correlations(
        lower, {name: pair_correlations(of[:MOST_ODOURS].toarray()) for name, of in counts.items()}
    )
    return plotting.settle(figure)


def pair_correlations(counts: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of every pair of rows; rows that do not vary are left out."""
    varying = counts[counts.std(axis=1) > 0]
    if len(varying) < 2:
        return np.empty(0)
    pairs = np.triu_indices(len(varying), 1)
    correlations: np.ndarray = np.corrcoef(varying)[pairs]
    return correlations


def draw_odour(figure: SubFigure, run: Run, trial: int) -> None:
    """(a) Spikes and APL's potential in both conditions."""
    axes = figure.subplots(3, 2, sharey="row", height_ratios=[1, 2, 1])
    for column, (name, (label, style)) in zip(axes.T, CONDITIONS.items(), strict=True):
        column[0].set_title(label)
        if name not in run.conditions:
            for ax in column:
                ax.set_axis_off()
            plotting.note(column[1], NOT_RUN)
            continue
        recording = run.recordings[name]
        table = recording.trial_table
        window = float(table.start_time[trial]), float(table.stop_time[trial])
        draw_spikes(column[0], recording, "projection_neurons", window, marker="|", color="C0")
        draw_spikes(column[1], recording, "kenyon_cells", window, marker=".", **style)
        draw_apl(column[2], recording, window)
        column[2].set_xlabel("Time from the onset (ms)")
    for ax, label in zip(
        axes[:, 0], ("Projection\nneuron", "Kenyon cell", "APL (mV)"), strict=True
    ):
        ax.set_ylabel(label)
    axes[1, 0].locator_params(axis="y", nbins=5)
    axes[2, 0].set_ylim(bottom=0)
    figure.align_ylabels(axes[:, 0])
    plotting.panel_letter(figure, "a")


def draw_spikes(
    ax: Axes, recording: Recording, population: str, window: tuple[float, float], **marks: Any
) -> None:
    """Draw the spikes of a population in the window of an odour."""
    population_raster(ax, recording, population, *window, ms=2.5, mew=0.6, **marks)
    n = recording.spikes[population].n
    ax.set(xlim=(0, (window[1] - window[0]) * MILLI), ylim=(-0.5, n - 0.5))
    ax.tick_params(labelbottom=False)


def draw_apl(ax: Axes, recording: Recording, window: tuple[float, float]) -> None:
    """Draw APL's potential above rest in the window of an odour."""
    trace = recording.traces["apl_potential"]
    first, last = (round((edge - trace.start) * trace.rate) for edge in window)
    time = np.arange(last - first) / trace.rate
    ax.plot(time * MILLI, trace.data[first:last] * MILLI, color="C4")
    ax.set_xlim(0, (window[1] - window[0]) * MILLI)


def draw_fractions(figure: SubFigure, run: Run, fractions: Mapping[str, np.ndarray]) -> None:
    """(b) Fraction of the Kenyon cells that fire to an odour."""
    ax = figure.subplots()
    draw_histograms(
        ax, {name: PERCENT * values for name, values in fractions.items()}, WIDTHS[0], " %"
    )
    sparsity = run.sheet.parameters.apl.sparsity
    if sparsity > 0:
        ax.axvline(PERCENT * sparsity, color="black", lw=0.8, zorder=0)
    draw_legend(ax)
    ax.set_xlim(left=0)
    ax.set_xlabel("Kenyon cells that fire (%)")
    ax.set_ylabel("Odours (density)")
    plotting.panel_letter(figure, "b")


def draw_correlations(figure: SubFigure, correlations: Mapping[str, np.ndarray]) -> None:
    """(c) Correlation between the responses to two odours."""
    ax = figure.subplots()
    draw_histograms(ax, correlations, WIDTHS[1])
    for name in correlations:
        colour = CONDITIONS[name][1]["color"]
        ax.axvline(PUBLISHED[name], 0, 0.74, color=colour, ls=":", lw=1.2)  # up to the legend
    ax.plot([], [], color="0.3", ls=":", lw=1.2, label="means of Lin 2014")
    draw_legend(ax)
    ax.set_xlabel("Correlation of two responses")
    ax.set_ylabel("Pairs of odours (density)")
    plotting.panel_letter(figure, "c")


def draw_histograms(
    ax: Axes, samples: Mapping[str, np.ndarray], width: float, unit: str = ""
) -> None:
    """Draw the distribution of a quantity in each condition, with its mean in the label."""
    pooled = np.concatenate(list(samples.values()))
    if not len(pooled):
        plotting.note(ax, "nothing fires")
        return
    first, last = np.floor(pooled.min() / width), np.floor(pooled.max() / width)
    edges = width * np.arange(first, last + 2)
    for name, values in samples.items():
        label, style = CONDITIONS[name]
        shares, _ = np.histogram(values, edges, density=True)
        ax.stairs(shares, edges, fill=True, alpha=0.3, lw=0, **style)
        ax.stairs(shares, edges, lw=1.2, label=f"{label}, mean {values.mean():.2g}{unit}", **style)
    ax.set_ylim(0, 1.1 * ax.get_ylim()[1])


def draw_legend(ax: Axes) -> None:
    """Draw a legend that hides the lines behind it."""
    ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="none")
