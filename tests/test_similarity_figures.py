"""The figures of the fly's hash show what was recorded and scored, and say what they show."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from hash_runs import CONDITIONS, N_ODOURS, hash_recording, similarity_run, value_of, winners
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.text import Text

import neurosim
from neurosim.abstract.fly_hash import hash_codes
from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError
from neurosim.figure import figures_of, load_figure
from neurosim.hashing import plots as hash_plots
from neurosim.hashing.kenyon_cell_responses import recorded_counts
from neurosim.hashing.methods import TAGS
from neurosim.hashing.overlap_curve import binned_quartiles
from neurosim.hashing.plots import METHODS, RULES, median_trial, moved_apart
from neurosim.hashing.retrieval import AVERAGE_PRECISION_RULES
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")
FIGURES = ("similarity", "similarity_retrieval", "similarity_law", "similarity_convergence")
RUNS: dict[str, Callable[[], Run]] = {
    "all": similarity_run,
    "silent": lambda: similarity_run(
        values={f"map_{name}": float("nan") for name in METHODS}
        | dict.fromkeys(["spearman_cosine", "spearman_cosine_algorithm"], float("nan")),
        recording=hash_recording(silent=True),
    ),
    "odours": lambda: similarity_run(
        options={"data": "clustered", "ap_rule": "relevant"}, recording=hash_recording(n_types=50)
    ),
    "few": lambda: similarity_run(("main",), recording=hash_recording(5)),
}


@functools.cache
def run_of(kind: str) -> Run:
    return RUNS[kind]()


@functools.cache
def figure_of(name: str, kind: str = "all") -> Figure:
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure(name).draw(run_of(kind))
        figure.draw_without_rendering()
    return figure


def text_of(figure: Figure) -> str:
    texts = [text for text in figure.findobj(Text) if text.get_visible()]
    return "\n".join(text.get_text() for text in texts)


def panel(figure: Figure, letter: str) -> list[Axes]:
    for part in figure.findobj(SubFigure):
        if any(text.get_text() == letter for text in part.texts):
            return list(part.axes)
    raise AssertionError(f"there is no panel {letter}")


def lines_of(ax: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in ax.get_lines()}


def titles(axes: list[Axes]) -> dict[str, Axes]:
    return {ax.get_title(): ax for ax in axes if ax.get_title()}


# What the figures rely on.


def test_the_protocol_measures_what_the_figures_draw() -> None:
    script = load_protocol("similarity").script
    assert set(METHODS) == set(TAGS)
    assert set(RULES) == set(AVERAGE_PRECISION_RULES)
    assert load_figure("similarity_law").CORRELATIONS == script.CORRELATIONS
    assert tuple(script.SPIKES) == load_figure("similarity_convergence").SPIKES
    assert set(CONDITIONS) <= set(script.CONDITIONS)


def test_each_figure_is_drawn_from_the_condition_that_it_shows() -> None:
    assert figures_of(run_of("all")) == sorted(FIGURES)
    assert figures_of(run_of("few")) == ["similarity"]
    assert figures_of(similarity_run(("hash_lengths",))) == ["similarity_retrieval"]
    assert figures_of(similarity_run(("overlap_law", "convergence"))) == [
        "similarity_convergence",
        "similarity_law",
    ]


@pytest.mark.parametrize("name", FIGURES)
def test_axes_have_labels_with_units(name: str) -> None:
    for ax in figure_of(name).axes:
        if not ax.axison or not (ax.get_xticks().size and ax.get_yticks().size):
            continue
        below = ax.xaxis.get_tick_params().get("labelbottom", True)
        left = ax.yaxis.get_tick_params().get("labelleft", True)
        names_of_methods = any(label.get_text() in LABELS for label in ax.get_yticklabels())
        assert ax.get_xlabel() or not below or names_of_methods
        assert ax.get_ylabel() or not left or names_of_methods
    text = text_of(figure_of(name))
    if name == "similarity":
        assert all(label in text for label in ("Rate (Hz)", "APL (mV)", "Time from the onset (ms)"))


LABELS = {method.label for method in METHODS.values()}


# similarity: an odour through the circuit.


def test_the_odour_is_the_first_of_the_median_size() -> None:
    assert median_trial(np.array([9, 1, 5, 5, 2])) == 2
    assert median_trial(np.array([1, 10])) == 0
    # Tags have 90, 94, ..., 110 cells in turns: of 98 and 102, equally near to 100, the first.
    assert "2000 Kenyon cells: 98 fire" in text_of(figure_of("similarity"))


def test_spikes_tag_and_potential_are_those_of_the_odour() -> None:
    axes = titles(panel(figure_of("similarity"), "a"))
    (dots,) = axes["2000 Kenyon cells: 98 fire"].get_lines()
    assert set(dots.get_ydata()) == set(winners(2))
    np.testing.assert_allclose(np.unique(np.round(dots.get_xdata(), 6)), [30, 60])
    (strip,) = (c for c in axes["tag"].collections if isinstance(c, LineCollection))
    assert sorted(line[0][1] for line in strip.get_segments()) == sorted(winners(2))
    assert axes["tag"].get_ylim() == axes["2000 Kenyon cells: 98 fire"].get_ylim()
    (ticks,) = axes["64 projection neurons"].get_lines()
    np.testing.assert_allclose(np.unique(np.round(ticks.get_xdata(), 6)), np.arange(0, 100, 10))
    assert len(ticks.get_xdata()) == 640
    rates = run_of("all").recording.trial_values["receptor_neuron_rate"].data[2]
    np.testing.assert_allclose([bar.get_width() for bar in axes["odour"].patches], rates)
    assert axes["odour"].get_ylim() == axes["64 projection neurons"].get_ylim()
    apl = next(ax for ax in panel(figure_of("similarity"), "a") if ax.get_ylabel() == "APL (mV)")
    time, potential = apl.get_lines()[0].get_data()
    np.testing.assert_allclose(time, np.arange(100))
    np.testing.assert_allclose(potential, np.arange(100) / 10)  # 0.1 mV for each millisecond


def test_only_digits_are_shown_as_a_picture() -> None:
    (picture,) = [ax.images[0] for ax in figure_of("similarity").axes if ax.images]
    rates = run_of("all").recording.trial_values["receptor_neuron_rate"].data[2]
    np.testing.assert_array_equal(np.ravel(picture.get_array()), rates)
    figure = figure_of("similarity", "odours")
    assert not any(ax.images for ax in figure.axes)
    assert "a digit" not in text_of(figure) and "50 projection neurons" in text_of(figure)


def test_a_circuit_without_spikes_is_drawn_too() -> None:
    figure = figure_of("similarity", "silent")
    text = text_of(figure)
    assert "2000 Kenyon cells: 0 fire" in text and "Spearman n/a" in text
    assert "nan" not in text
    (ax,) = panel(figure, "c")
    assert [bar.get_width() for bar in ax.patches] == [0] * len(METHODS)


# similarity: overlap and retrieval.


def test_overlaps_are_those_of_the_recorded_and_of_the_recomputed_tags() -> None:
    run, script = run_of("all"), load_figure("similarity")
    (ax,) = panel(figure_of("similarity"), "b")
    lines = lines_of(ax)
    assert set(lines) == {
        "spiking, binary: Spearman .500",
        "algorithm, binary: Spearman .500",
        "chance",
    }
    rates = run.recording.trial_values["receptor_neuron_rate"].data
    tags = script.algorithm_tags(run, rates)
    assert tags.shape == (N_ODOURS, 2000)
    # Ten sizes of 90 to 110 cells, with a mean of 100.
    assert (tags.sum(axis=1) == 100).all()
    assert lines["chance"].get_ydata()[0] == 100 / 2000
    for label, of_method in (
        ("spiking, binary: Spearman .500", recorded_counts(run.recording).toarray() > 0),
        ("algorithm, binary: Spearman .500", tags),
    ):
        bits = of_method.astype(float)
        sizes = bits.sum(axis=1)
        overlap = 2 * bits @ bits.T / (sizes[:, None] + sizes)
        unit = rates / np.linalg.norm(rates, axis=1, keepdims=True)
        pairs = np.triu_indices(N_ODOURS, 1)  # all of them are drawn
        curve = binned_quartiles((unit @ unit.T)[pairs], overlap[pairs], 435 // 40, 20)
        np.testing.assert_allclose(lines[label].get_xdata(), curve.centre)
        np.testing.assert_allclose(lines[label].get_ydata(), curve.median)


def test_too_few_pairs_are_said_to_be_too_few() -> None:
    assert "10 pairs are too few" in text_of(figure_of("similarity", "few"))
    assert "too few" not in text_of(figure_of("similarity"))


def test_the_algorithm_has_the_projection_of_the_seed() -> None:
    run, script = run_of("all"), load_figure("similarity")
    rates = run.recording.trial_values["receptor_neuron_rate"].data
    tags = script.algorithm_tags(run, rates)
    parameters = run.sheet.parameters.changed(projection_neurons__n=64)
    for seed, same in ((run.seed, True), (run.seed + 1, False)):
        projection = script.projection_of(parameters, seed)
        assert np.array_equal(tags, hash_codes(rates, projection, 100)) == same


def test_bars_are_the_rows_of_the_scorecard() -> None:
    figure = figure_of("similarity")
    (ax,) = panel(figure, "c")
    assert [bar.get_width() for bar in ax.patches] == [value_of(f"map_{m}") for m in METHODS]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(
        method.label for method in METHODS.values()
    )
    assert "100 active units" in text_of(figure)


@pytest.mark.parametrize("name", ["similarity", "similarity_retrieval", "similarity_convergence"])
def test_the_data_and_the_rule_of_the_average_precision_are_named(name: str) -> None:
    assert "AP over the hits, as Dasgupta et al. 2017" in text_of(figure_of(name))
    assert "AP over all true neighbours" in text_of(figure_of(name, "odours"))
    assert "digits" in text_of(figure_of(name))
    assert "clustered" in text_of(figure_of(name, "odours"))


def test_a_file_is_named_without_its_folder() -> None:
    for path, name in (
        ("/some/where/rates.csv", "rates.csv"),
        ("/some/where/all-rates-of-last-year.csv", "all-rates-of-last-y…"),
    ):
        run = similarity_run(("main",), options={"data": path})
        assert hash_plots.data_of(run) == name


def test_every_method_is_told_by_its_tag() -> None:
    for name, method in METHODS.items():
        kind = method.label.partition(", ")[2]
        assert kind in ("binary", "counts", "valued")
        assert ("binary" in name or name == "sign_lsh") == (kind == "binary")
        assert (method.style.get("markerfacecolor") == "white") == (kind != "binary")


# similarity_retrieval


def curves_of(ax: Axes) -> dict[str, Any]:
    """Return what was drawn of each method, by its label: the line and the error bars."""
    styles = {
        (mpl.colors.to_hex(m.style["color"]), m.style["ls"]): name for name, m in METHODS.items()
    }
    return {
        styles[mpl.colors.to_hex(drawn[0].get_color()), drawn[0].get_linestyle()]: drawn
        for drawn in ax.containers
    }


@pytest.mark.parametrize(("letter", "fly"), [("a", True), ("b", False)])
def test_curves_are_those_of_2000_and_of_20_k_cells(letter: str, fly: bool) -> None:
    binary, valued = panel(figure_of("similarity_retrieval"), letter)
    cells = {k: 2000 if fly else 20 * k for k in (2, 4, 8, 16, 32, 100)}
    kinds = {name for name, method in METHODS.items() if method.is_binary}
    assert kinds == {"spiking_binary", "algorithm_binary", "sign_lsh"}
    for ax, expected in ((binary, kinds | {"floor_lsh"}), (valued, set(METHODS) - kinds)):
        assert ax.get_xscale() == "log"
        drawn = curves_of(ax)
        assert set(drawn) == expected and len(ax.containers) == len(expected)
        for name, curve in drawn.items():
            ends = {k: "" if name.endswith("lsh") else f"_m{n}" for k, n in cells.items()}
            rows = [
                run_of("all").row(f"map_{name}_k{k}{e}", "hash_lengths") for k, e in ends.items()
            ]
            assert tuple(curve[0].get_xdata()) == tuple(cells)
            assert curve[0].get_ydata().tolist() == [row.value for row in rows if row is not None]
            spans = [bar[1][1] - bar[0][1] for bar in curve[2][0].get_segments()]
            np.testing.assert_allclose(spans, 2 * value_of("_sd"))


def test_one_projection_has_no_error_bar() -> None:
    run = similarity_run(("hash_lengths",), values={"map_dense_k4_m80_sd": float("nan")})
    curve = hash_plots.curve_of(run, "hash_lengths", {2: "map_dense_k2_m40", 4: "map_dense_k4_m80"})
    assert curve.sd.tolist() == [0.02, 0]


def test_every_method_is_named_beside_its_curve() -> None:
    axes = panel(figure_of("similarity_retrieval"), "b")
    assert {text.get_text() for ax in axes for text in ax.texts} == LABELS
    for ax in axes:
        heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
        ends = {METHODS[name].label: c[0].get_ydata()[-1] for name, c in curves_of(ax).items()}
        assert sorted(heights, key=heights.__getitem__) == sorted(ends, key=ends.__getitem__)
        # A marker like that of the curve stands at the height of each name.
        for name, curve in curves_of(ax).items():
            samples = [
                line
                for line in ax.get_lines()
                if line.get_xydata().shape == (1, 2) and line.get_color() == curve[0].get_color()
            ]
            (height,) = (float(sample.get_ydata()[0]) for sample in samples)
            assert height == heights[METHODS[name].label]
            assert samples[0].get_marker() == curve[0].get_marker()


# similarity_law, similarity_convergence


def test_overlaps_stand_beside_the_exact_curve() -> None:
    (ax,) = figure_of("similarity_law").axes
    lines = lines_of(ax)
    for percent in (5, 10):
        x, y = lines[f"{percent} %, exact for Gaussian excitation"].get_data()
        np.testing.assert_allclose(y, expected_overlap(x, percent / 100))
        x, y = lines[f"{percent} %, spiking (within 0.010)"].get_data()
        np.testing.assert_allclose(y, expected_overlap(x, percent / 100) + 0.01)
        assert len(x) == 7


def test_ratio_and_jaccard_are_drawn_over_spikes_per_claw() -> None:
    (ax,) = figure_of("similarity_convergence").axes
    lines = lines_of(ax)
    spikes = np.array([5, 10, 20, 40, 80, 160])
    for label, below in (
        ("mAP, circuit / algorithm (binary)", 0),
        ("Jaccard index of two trials", 0.1),
    ):
        np.testing.assert_array_equal(lines[label].get_xdata(), spikes)
        np.testing.assert_allclose(lines[label].get_ydata(), 1 - 2 / spikes - below)
    # 40 receptor neurons at 20 Hz for 100 ms.
    assert lines["the sheet: 80"].get_xdata()[0] == pytest.approx(80)


# The parts.


def test_quartiles_of_bins_are_those_of_their_values() -> None:
    x = np.repeat([0.0, 0.5, 1.0], [4, 4, 2])
    y = np.array([1, 2, 3, 4, 10, 20, 30, 40, 5, 6.0])
    curve = binned_quartiles(x, y, n_bins=4, fewest=3)
    # The bin from .25 to .5 is empty, and the last has two values only.
    nan = float("nan")
    np.testing.assert_allclose(curve.centre, [0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(curve.median, [2.5, nan, 25, nan])
    np.testing.assert_allclose(curve.lower, [1.75, nan, 17.5, nan])
    np.testing.assert_allclose(curve.upper, [3.25, nan, 32.5, nan])
    with_few = binned_quartiles(x, y, n_bins=4, fewest=1)
    np.testing.assert_allclose(with_few.median, [2.5, nan, 25, 5.5])


@pytest.mark.parametrize(
    ("x", "y", "n_bins", "message"),
    [
        ([1.0], [1.0, 2.0], 3, r"shapes \(1,\) and \(2,\)"),
        ([], [], 3, "with a value or more"),
        ([1.0], [1.0], 0, "number of bins is 0, expected 1 or more"),
    ],
)
def test_bins_of_nothing_are_refused(
    x: list[float], y: list[float], n_bins: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        binned_quartiles(x, y, n_bins, 1)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.8, 0.2], [0.8, 0.2]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.5, 0.52, 0.3], [0.46, 0.56, 0.3]),
        ([1.0, 1.0], [0.9, 1.0]),
        ([0.0, 0.02], [0.0, 0.1]),
        ([], []),
    ],
)
def test_names_are_moved_apart_by_as_little_as_possible(
    wanted: list[float], placed: list[float]
) -> None:
    np.testing.assert_allclose(moved_apart(wanted, 0.1), placed)


def test_a_raster_of_an_unknown_population_is_refused() -> None:
    recording = hash_recording(2)
    with pytest.raises(InputError, match=r"'kenyon_cell'; did you mean 'kenyon_cells'\?"):
        hash_plots.population_raster(Figure().subplots(), recording, "kenyon_cell", 0, 1)


def test_a_raster_shows_the_spikes_of_its_window_only() -> None:
    ax = Figure().subplots()
    drawn = hash_plots.population_raster(ax, hash_recording(3), "kenyon_cells", 0.1, 0.16)
    # The volley at 60 ms is on the edge, which the window does not include.
    assert set(np.round(drawn.get_xdata(), 6)) == {30.0}
    assert len(drawn.get_xdata()) == len(winners(1))


def test_rows_that_were_not_measured_are_left_out_of_a_curve() -> None:
    run = similarity_run(("convergence",))
    run.rows = [row for row in run.rows if not re.search("_20_", row.name)]
    names = {n: f"map_ratio_at_{n}_spikes" for n in (5, 20, 160)}
    curve = hash_plots.curve_of(run, "convergence", names)
    assert curve.x.tolist() == [5, 160]
    np.testing.assert_allclose(curve.y, [0.6, 0.9875])
    assert curve.sd.tolist() == [0, 0]
    assert hash_plots.curve_of(run, "main", names).x.size == 0
