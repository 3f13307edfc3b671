"""How fruit flies remember smells: an odour through the circuit, and how well its hash serves.

(a) One odour of those that are scored, the one to which the median number of Kenyon cells responds
(the first of several). Rates of its receptor neurons; spikes of the projection neurons, one for
each receptor type; spikes of all Kenyon cells; the tag, which is the set of Kenyon cells that
fired; and the potential of APL, which they excite and which inhibits them all. (b) Overlap of the
tags of two odours against the cosine of their inputs, median and quartiles over random pairs, for
the circuit and for the algorithm with the same projection; Spearman's rank correlation over these
pairs from the scorecard. (c) Mean average precision at finding the nearest 2 % of the odours, for
every method with the same number k of active units.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.abstract.fly_hash import hash_codes
from neurosim.hashing.kenyon_cell_responses import recorded_counts
from neurosim.hashing.odours import projection_of
from neurosim.hashing.overlap_curve import binned_quartiles
from neurosim.hashing.plots import METHODS, data_of, median_trial, population_raster, rule_of
from neurosim.hashing.retrieval import cosine_similarity, pairwise_overlap, random_pairs
from neurosim.hashing.scores import N_PAIRS, mean_active
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.simulation.job import derived_seed

PROTOCOL = "similarity"
NEEDS = ("main",)

HEIGHT = 4.4  # inches
MOST_BINS, FEWEST = 20, 20  # bins over the range of the cosine, and pairs in each that is drawn
FEW_UNITS, CROWDED = 200, 1000  # up to so many units have ticks; more spikes are small dots
DIGITS, DIGIT_SHAPE = "digits", (8, 8)
MILLI = 1e3
SPEARMAN = {
    "spiking_binary": "spearman_cosine",
    "algorithm_binary": "spearman_cosine_algorithm",
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``similarity``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    left, right = plotting.columns(figure, [1.2, 1])
    draw_odour(left, run)
    overlaps, scores = plotting.rows(right, [1.1, 1])
    draw_overlaps(overlaps, run)
    draw_scores(scores, run)
    return plotting.settle(figure)


def draw_odour(figure: SubFigure, run: Run) -> None:
    """(a) Rates, spikes, tag and APL's potential of one odour."""
    recording = run.recordings["main"]
    tags = recorded_counts(recording)
    trial = median_trial(np.diff(tags.indptr))
    cells = tags[trial].indices
    table = recording.trial_table
    window = float(table.start_time[trial]), float(table.stop_time[trial])
    rates = recording.trial_values["receptor_neuron_rate"].data[trial]
    axes = figure.subplots(
        3, 3, squeeze=False, width_ratios=[1, 2.4, 0.3], height_ratios=[1.2, 1.8, 0.7]
    )
    for ax in (axes[0, 2], axes[1, 0], axes[2, 0], axes[2, 2]):
        ax.set_axis_off()
    draw_rates(axes[0, 0], rates)
    if run.sheet.protocol["data"] == DIGITS:
        axes[1, 0].imshow(rates.reshape(DIGIT_SHAPE), cmap="Greys")
        axes[1, 0].set_title("the odour is\na digit", fontsize=7)
    draw_spikes(axes[0, 1], recording, "projection_neurons", window, "C0")
    axes[0, 0].sharey(axes[0, 1])
    axes[0, 1].set_title(f"{len(rates)} projection neurons")
    draw_spikes(axes[1, 1], recording, "kenyon_cells", window, "C2")
    n_cells = recording.spikes["kenyon_cells"].n
    axes[1, 1].set_title(f"{n_cells} Kenyon cells: {len(cells)} fire")
    axes[1, 1].tick_params(labelleft=True)
    axes[1, 1].locator_params(axis="y", nbins=5)
    axes[1, 1].set_ylabel("Kenyon cell")
    draw_tag(axes[1, 2], cells, n_cells)
    draw_apl(axes[2, 1], recording, window)
    plotting.panel_letter(figure, "a")


def draw_rates(ax: Axes, rates: np.ndarray) -> None:
    """Draw the rates of the receptor types as bars, the first type at the bottom."""
    ax.barh(np.arange(len(rates)), rates, height=1, color="0.5")
    ax.set_ylabel("Receptor type")
    ax.set_xlabel("Rate (Hz)")
    ax.set_title("odour")


def draw_spikes(
    ax: Axes, recording: Recording, population: str, window: tuple[float, float], colour: str
) -> None:
    """Draw the spikes of a population in the window of an odour."""
    n = recording.spikes[population].n
    dots = population_raster(ax, recording, population, *window, color=colour)
    crowded = np.size(dots.get_xdata()) > CROWDED
    dots.set(marker="|" if n <= FEW_UNITS else ".", markersize=1 if crowded else 2.5)
    ax.set(xlim=(0, (window[1] - window[0]) * MILLI), ylim=(-0.5, n - 0.5))
    ax.tick_params(labelbottom=False, labelleft=False)


def draw_tag(ax: Axes, cells: np.ndarray, n_cells: int) -> None:
    """Draw the tag as a strip of all Kenyon cells, beside their spikes."""
    ax.hlines(cells, 0, 1, color="C2", lw=0.5)
    ax.set(xlim=(0, 1), ylim=(-0.5, n_cells - 0.5), xticks=[], yticks=[], title="tag")
    ax.spines[:].set_visible(True)


def draw_apl(ax: Axes, recording: Recording, window: tuple[float, float]) -> None:
    """Draw APL's potential above rest in the window of an odour."""
    trace = recording.traces["apl_potential"]
    first, last = (round((edge - trace.start) * trace.rate) for edge in window)
    ax.plot(
        np.arange(last - first) / trace.rate * MILLI, trace.data[first:last] * MILLI, color="C4"
    )
    ax.set_xlim(0, (window[1] - window[0]) * MILLI)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Time from the onset (ms)")
    ax.set_ylabel("APL (mV)")


def draw_overlaps(figure: SubFigure, run: Run) -> None:
    """(b) Overlap of tags against the cosine of inputs, of the circuit and of the algorithm."""
    ax = figure.subplots()
    recording = run.recordings["main"]
    rates = recording.trial_values["receptor_neuron_rate"].data
    n_samples = len(rates)
    n_pairs = min(N_PAIRS, n_samples * (n_samples - 1) // 2)
    generator = np.random.default_rng(derived_seed(run.seed, "pairs"))
    pairs = random_pairs(n_samples, n_pairs, generator)
    cosine = cosine_similarity(rates, pairs)
    overlaps = {
        "spiking_binary": pairwise_overlap(recorded_counts(recording) > 0, pairs),
        "algorithm_binary": pairwise_overlap(algorithm_tags(run, rates), pairs),
    }
    # Twice as many pairs as a bin needs, on average.
    n_bins = min(MOST_BINS, n_pairs // (2 * FEWEST)) or 1
    for name, overlap in overlaps.items():
        method, row = METHODS[name], run.row(SPEARMAN[name])
        curve = binned_quartiles(cosine, overlap, n_bins, FEWEST)
        label = method.label + ("" if row is None else f": Spearman {as_share(row.value)}")
        style = {**method.style, "ms": 3}
        ax.plot(curve.centre, curve.median, label=label, **style)
        ax.fill_between(
            curve.centre, curve.lower, curve.upper, color=style["color"], alpha=0.25, lw=0
        )
    if n_pairs < FEWEST:
        plotting.note(ax, f"{n_pairs} pairs are too few")
    chance = n_winners(run) / recording.spikes["kenyon_cells"].n
    ax.axhline(chance, color="black", ls=":", lw=1, label="chance")
    ax.set_ylim(0, 1)
    ax.set_xlabel(f"Cosine of the inputs ({data_of(run)}, pairs of {n_samples})")
    ax.set_ylabel("Overlap of their tags")
    ax.legend(loc="upper left")
    plotting.panel_letter(figure, "b")


def algorithm_tags(run: Run, rates: np.ndarray) -> np.ndarray:
    """Return the algorithm's tags of the odours, from the projection of the run."""
    parameters = run.sheet.parameters.changed(projection_neurons__n=rates.shape[1])
    return hash_codes(rates, projection_of(parameters, run.seed), n_winners(run))


def n_winners(run: Run) -> int:
    """Return the number k of active units of every method: the circuit's mean."""
    return mean_active(recorded_counts(run.recordings["main"]))


def draw_scores(figure: SubFigure, run: Run) -> None:
    """(c) Mean average precision of every method."""
    ax = figure.subplots()
    rows = {name: run.row(f"map_{name}") for name in METHODS}
    values = {name: row.value for name, row in rows.items() if row is not None}
    for position, (name, value) in enumerate(values.items()):
        style = METHODS[name].style
        face = style.get("markerfacecolor", style["color"])
        bar = ax.barh(position, np.nan_to_num(value), 0.66, color=face, ec=style["color"])
        ax.bar_label(bar, [as_share(value)], padding=2, fontsize=7)
    ax.set_yticks(range(len(values)), [METHODS[name].label for name in values])
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, 1.1), ylim=(len(values) - 0.4, -0.6))
    ax.set_xticks(np.linspace(0, 1, 6))
    figure.supxlabel(f"mAP, {n_winners(run)} active units\n({rule_of(run)})")
    plotting.panel_letter(figure, "c")


def as_share(value: float) -> str:
    """Return a number to three places, without the 0 before its point."""
    return f"{value:.3f}".replace("0.", ".", 1) if np.isfinite(value) else "n/a"
