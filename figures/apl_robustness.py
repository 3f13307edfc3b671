"""How robust the tags of the fly's hash are: concentrations, blends, noise.

A tag is the set of Kenyon cells that fire. (a) Fraction of the Kenyon cells that fire against the
concentration, relative to the one that the circuit is calibrated at. Divisive normalisation with
regular spike trains, the band within which the largest fraction is at most twice the smallest; the
same with Poisson trains; centring, which is invariant by construction; and rates nearly
proportional to the concentration, which leave APL alone to normalise (0 is below the axis). (b)
Jaccard index of the tags with those of another trial at concentration 1; at 1 it is the similarity
from trial to trial. The line is the least that is wanted of divisive normalisation with regular
trains. (c) Overlap of two tags, median and quartiles over pairs of odours: of a blend in equal
parts and its components, of a blend and the components of another one (chance), of the two
components; by the circuit and by the algorithm with the same projection. The cross is what the
correlation of blend and component leads to for Gaussian sums; the line is the mean overlap of one
odour's tags in two trials, which is the most to expect. (d) Jaccard index of the tags in two trials
against the window for which an odour is presented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.hashing.kenyon_cell_responses import recorded_counts
from neurosim.hashing.odour_mixtures import algorithm_overlaps, mixture_overlaps
from neurosim.hashing.odours import projection_of
from neurosim.hashing.plots import METHODS, curve_of
from neurosim.hashing.tag_robustness import FACTORS
from neurosim.run_directory import Run

PROTOCOL = "apl"
NEEDS = ("concentration",)

HEIGHT = 4.6  # inches
PERCENT = 100
LOWEST, HIGHEST = 0.1, 50  # % of the Kenyon cells, the limits of the logarithmic axis
# By the prefix of the rows.
NORMALISATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "": ("divisive", {"color": "C0", "marker": "o"}),
    "poisson_": (
        "divisive, Poisson trains",
        {"color": "C0", "marker": "o", "ls": "--", "markerfacecolor": "white"},
    ),
    "centring_": ("centring", {"color": "C4", "marker": "^", "ls": "-."}),
    "apl_alone_": ("APL alone", {"color": "C2", "marker": "s", "ls": ":"}),
}
TRAINS: Mapping[str, Mapping[str, Any]] = {
    "regular": {"color": "C0", "marker": "o"},
    "poisson": {"color": "C0", "marker": "o", "ls": "--", "markerfacecolor": "white"},
}
LABELS = {"regular": "regular trains", "poisson": "Poisson trains"}
WINDOWS = (50, 100, 200)  # ms
OVERLAPS = {
    "with_component": "blend and\ncomponent",
    "with_others": "blend and\nanother's",
    "of_components": "two\ncomponents",
}
NOT_RUN = "the condition\n{}\nwas not run"
WANTED: Mapping[str, Any] = {"color": "0.6", "lw": 0.8, "zorder": 0}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``apl``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    upper, lower = plotting.rows(figure, [1.2, 1])
    a, b = plotting.columns(upper, [1, 1])
    c, d = plotting.columns(lower, [1.4, 1])
    draw_activity(a, run)
    draw_similarity(b, run)
    draw_mixtures(c, run)
    draw_noise(d, run)
    return plotting.settle(figure)


def draw_activity(figure: SubFigure, run: Run) -> None:
    """(a) Fraction of the Kenyon cells that fire against the concentration."""
    ax = figure.subplots()
    ax.set_yscale("log")
    for prefix, (label, style) in NORMALISATIONS.items():
        names = {factor: f"{prefix}active_at_x{factor:g}" for factor in FACTORS}
        curve = curve_of(run, "concentration", names)
        percent = np.maximum(PERCENT * curve.y, LOWEST / 1000)  # 0 has no logarithm
        ax.plot(curve.x, percent, label=label, **style)
        row = run.row("active_range", "concentration")
        if not prefix and row is not None and row.high is not None:
            ax.axhspan(percent.max() / row.high, percent.max(), color="0.9", lw=0, zorder=0)
    ax.set_ylim(LOWEST, HIGHEST)
    ax.set_yticks([0.1, 1, 5, 20], ["0.1", "1", "5", "20"])
    ax.set_ylabel("Kenyon cells that fire (%)")
    ax.legend(loc="lower right")
    concentration_axis(ax)
    plotting.panel_letter(figure, "a")


def draw_similarity(figure: SubFigure, run: Run) -> None:
    """(b) Jaccard index of tags with those at concentration 1."""
    ax = figure.subplots()
    for prefix, (_, style) in NORMALISATIONS.items():
        names = {factor: f"{prefix}jaccard_with_x1_at_x{factor:g}" for factor in FACTORS}
        curve = curve_of(run, "concentration", names)
        ax.plot(curve.x, curve.y, **style)
    rows = {
        factor: run.row(f"jaccard_with_x1_at_x{factor:g}", "concentration") for factor in FACTORS
    }
    wanted = {factor: row.low for factor, row in rows.items() if row and row.low is not None}
    if wanted:
        ax.plot(list(wanted), list(wanted.values()), **WANTED)
    ax.set_ylim(-0.03, 1)
    ax.set_ylabel("Jaccard with x1")
    concentration_axis(ax)
    plotting.panel_letter(figure, "b")


def concentration_axis(ax: Axes) -> None:
    """Let the concentration run along x."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(FACTORS, ["x1/4", "x1/2", "x1", "x2", "x4"])
    ax.minorticks_off()
    ax.set_xlabel("Concentration")


def draw_mixtures(figure: SubFigure, run: Run) -> None:
    """(c) Overlap of the tags of blends and components."""
    ax = figure.subplots()
    plotting.panel_letter(figure, "c")
    ax.set_yticks(range(len(OVERLAPS)), list(OVERLAPS.values()))
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, 1), ylim=(len(OVERLAPS) - 0.5, -0.5))
    ax.set_xlabel("Overlap of two tags")
    if "mixtures" not in run.conditions:
        plotting.note(ax, NOT_RUN.format("mixtures"))
        return
    recording = run.recordings["mixtures"]
    counts, rates = recorded_counts(recording), recording.trial_values["receptor_neuron_rate"].data
    parameters = run.sheet.parameters.changed(projection_neurons__n=rates.shape[1])
    projection = projection_of(parameters, run.seed)
    for overlaps, method, aside in (
        (mixture_overlaps(counts > 0), METHODS["spiking_binary"], -0.14),
        (algorithm_overlaps(rates, counts, projection), METHODS["algorithm_binary"], 0.14),
    ):
        place = np.arange(len(OVERLAPS)) + aside
        quartiles = [np.quantile(getattr(overlaps, name), (0.25, 0.5, 0.75)) for name in OVERLAPS]
        lower, median, upper = np.transpose(quartiles)
        ax.hlines(place, lower, upper, color=method.style["color"], lw=1.5)
        ax.plot(median, place, label=method.label, **{**method.style, "ls": ""})
    expected = run.row("overlap_with_component_gaussian", "mixtures")
    if expected is not None:
        ax.plot(expected.value, 0, "x", color="black", ms=5, label="Gaussian sums")
    most = run.row("overlap_between_trials", "mixtures")
    if most is not None:
        # From above the legend on.
        ax.axvline(most.value, 0.4, label="two trials of an odour", **WANTED)
    ax.legend(loc="lower right")


def draw_noise(figure: SubFigure, run: Run) -> None:
    """(d) Jaccard index of the tags in two trials against the window."""
    ax = figure.subplots()
    plotting.panel_letter(figure, "d")
    ax.set_xscale("log", base=2)
    ax.set_xticks(WINDOWS, [str(window) for window in WINDOWS])
    ax.minorticks_off()
    ax.set_ylim(0, 1)
    ax.set_xlabel("Window (ms)")
    ax.set_ylabel("Jaccard of two trials")
    if "noise" not in run.conditions:
        plotting.note(ax, NOT_RUN.format("noise"))
        return
    for kind, style in TRAINS.items():
        names = {window: f"jaccard_{kind}_{window}_ms" for window in WINDOWS}
        curve = curve_of(run, "noise", names)
        ax.plot(curve.x, curve.y, label=LABELS[kind], **style)
    ax.legend(loc="lower right")
