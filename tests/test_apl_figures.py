"""The figures of the protocol on APL show what was computed."""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from apl_runs import apl_run
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import neurosim
from neurosim.figure import figures_of, load_figure
from neurosim.hashing.kenyon_cell_responses import active_fractions, recorded_counts
from neurosim.hashing.odour_mixtures import mixture_overlaps
from neurosim.hashing.retrieval import correlation_between_inputs
from neurosim.hashing.tag_robustness import FACTORS
from neurosim.run_directory import Run

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")


@functools.cache
def run_of(kind: str) -> Run:
    if kind == "all":
        return apl_run(noise=0.05)
    if kind == "silent":
        return apl_run(["main", "without_apl"], silent=True)
    return apl_run([kind])


@functools.cache
def figure_of(name: str, kind: str) -> Figure:
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure(name).draw(run_of(kind))
        figure.draw_without_rendering()
    return figure


def axes_labelled(figure: Figure, **labels: str) -> Axes:
    (found,) = (
        ax
        for ax in figure.axes
        if all(getattr(ax, f"get_{name}")() == label for name, label in labels.items())
    )
    return found


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


@pytest.fixture(scope="module")
def apl() -> ModuleType:
    return load_figure("apl")


def test_the_odour_is_that_of_the_median_and_its_spikes_are_shown(apl: ModuleType) -> None:
    run, figure = run_of("all"), figure_of("apl", "all")
    fractions = active_fractions(recorded_counts(run.recordings["main"]))
    trial = apl.median_trial(fractions)
    assert abs(fractions[trial] - np.median(fractions)) == min(
        abs(fractions - np.median(fractions))
    )
    rasters = [ax for ax in figure.axes if ax.get_ylim() == (-0.5, 399.5)]
    assert len(rasters) == 2
    for ax, condition in zip(rasters, ("main", "without_apl"), strict=True):
        (line,) = ax.get_lines()
        counts = recorded_counts(run.recordings[condition])[trial]
        drawn = np.bincount(np.asarray(line.get_ydata(), dtype=int), minlength=400)
        assert (drawn == counts.toarray().ravel()).all()
        assert line.get_xdata() == pytest.approx(20, abs=0.01)


def test_apl_is_shown_on_one_scale(apl: ModuleType) -> None:
    run, figure = run_of("all"), figure_of("apl", "all")
    left = axes_labelled(figure, ylabel="APL (mV)")
    right = next(
        ax for ax in figure.axes if ax is not left and ax.get_shared_y_axes().joined(ax, left)
    )
    trial = apl.median_trial(active_fractions(recorded_counts(run.recordings["main"])))
    for ax in (left, right):
        (line,) = ax.get_lines()
        trace = run.recordings["main"].traces["apl_potential"].data
        expected = 1e3 * trace[100 * trial : 100 * (trial + 1), 0]
        assert line.get_ydata() == pytest.approx(expected)
        assert ax.get_ylim()[1] >= max(line.get_ydata())


@pytest.mark.parametrize(
    ("label", "unit", "width"),
    [("Kenyon cells that fire (%)", " %", 0.5), ("Correlation of two responses", "", 0.02)],
)
def test_histograms_have_the_means_of_the_scorecard(label: str, unit: str, width: float) -> None:
    run = run_of("all")
    ax = axes_labelled(figure_of("apl", "all"), xlabel=label)
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    outlines = [patch for patch in ax.patches if patch.get_label() in shown]
    for number, (condition, kind) in enumerate((("main", "with"), ("without_apl", "without"))):
        counts = recorded_counts(run.recordings[condition])
        mean = 100 * active_fractions(counts).mean() if unit else correlation_between_inputs(counts)
        assert shown[number] == f"{kind} APL, mean {mean:.2g}{unit}"
        values, edges, _ = outlines[number].get_data()
        assert np.diff(edges) == pytest.approx(width)
        assert (values * np.diff(edges)).sum() == pytest.approx(1)
        middle = (edges[:-1] + edges[1:]) / 2
        assert (values * np.diff(edges) * middle).sum() == pytest.approx(mean, abs=width / 2)


def test_the_published_means_are_marked(apl: ModuleType) -> None:
    ax = axes_labelled(figure_of("apl", "all"), xlabel="Correlation of two responses")
    marked = [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata())]
    assert marked == [0.10, 0.22]
    assert "read off a figure" in " ".join((apl.__doc__ or "").split())


def test_a_run_of_main_alone_says_what_is_missing() -> None:
    figure = figure_of("apl", "main")
    assert "without_apl\nwas not run" in texts(figure)
    ax = axes_labelled(figure, xlabel="Correlation of two responses")
    assert [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata())] == [0.10]
    assert figures_of(run_of("main")) == ["apl"]
    assert figures_of(run_of("concentration")) == ["apl_robustness"]


def test_where_nothing_fires_the_figure_says_so() -> None:
    assert "nothing fires" in texts(figure_of("apl", "silent"))


@pytest.mark.parametrize(
    ("ylabel", "quantity", "factor"),
    [
        ("Kenyon cells that fire (%)", "active_at", 100),
        ("Jaccard with x1", "jaccard_with_x1_at", 1),
    ],
)
def test_curves_over_the_concentration_are_the_rows(
    ylabel: str, quantity: str, factor: int
) -> None:
    run = run_of("all")
    ax = axes_labelled(figure_of("apl_robustness", "all"), ylabel=ylabel)
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) == len(FACTORS)]
    prefixes = ("", "poisson_", "centring_", "apl_alone_")
    for line, prefix in zip(curves, prefixes, strict=True):
        rows = [run.row(f"{prefix}{quantity}_x{f:g}", "concentration") for f in FACTORS]
        values = [factor * row.value for row in rows if row]
        assert list(line.get_xdata()) == list(FACTORS)
        assert line.get_ydata() == pytest.approx(values, abs=1e-3)
    if factor == 100:
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels == ["divisive", "divisive, Poisson trains", "centring", "APL alone"]


def test_what_is_wanted_of_the_concentration_is_drawn() -> None:
    run, figure = run_of("all"), figure_of("apl_robustness", "all")
    wanted = axes_labelled(figure, ylabel="Jaccard with x1").get_lines()[-1]
    assert list(wanted.get_xdata()) == [0.5, 2, 4]
    assert list(wanted.get_ydata()) == [0.8] * 3
    (band,) = axes_labelled(figure, ylabel="Kenyon cells that fire (%)").patches
    rows = [run.row(f"active_at_x{f:g}", "concentration") for f in FACTORS]
    highest = 100 * max(row.value for row in rows if row)
    assert band.get_y() == pytest.approx(highest / 2)
    assert band.get_y() + band.get_height() == pytest.approx(highest)


def test_overlaps_of_blends_are_medians_beside_the_algorithm() -> None:
    run, figure = run_of("all"), figure_of("apl_robustness", "all")
    ax = axes_labelled(figure, xlabel="Overlap of two tags")
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    overlaps = mixture_overlaps(recorded_counts(run.recordings["mixtures"]) > 0)
    medians = [
        np.median(values)
        for values in (overlaps.with_component, overlaps.with_others, overlaps.of_components)
    ]
    assert lines["spiking, binary"].get_xdata() == pytest.approx(medians)
    algorithm = lines["algorithm, binary"].get_xdata()
    expected = run.row("overlap_with_component_algorithm", "mixtures")
    assert expected is not None
    assert algorithm[0] == pytest.approx(expected.value, abs=0.1)
    for label, name in (
        ("Gaussian sums", "overlap_with_component_gaussian"),
        ("two trials of an odour", "overlap_between_trials"),
    ):
        row = run.row(name, "mixtures")
        assert row is not None
        assert lines[label].get_xdata()[0] == row.value


def test_similarity_of_trials_is_drawn_against_the_window() -> None:
    run, figure = run_of("all"), figure_of("apl_robustness", "all")
    ax = axes_labelled(figure, xlabel="Window (ms)")
    for line, kind in zip(ax.get_lines(), ("regular", "poisson"), strict=True):
        rows = [run.row(f"jaccard_{kind}_{window}_ms", "noise") for window in (50, 100, 200)]
        assert list(line.get_ydata()) == [row.value for row in rows if row]


def test_conditions_that_were_not_run_are_named() -> None:
    shown = texts(figure_of("apl_robustness", "concentration"))
    assert "mixtures\nwas not run" in shown
    assert "noise\nwas not run" in shown
