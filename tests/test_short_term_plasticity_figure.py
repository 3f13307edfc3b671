"""The figure of short-term plasticity shows what was recorded, beside the closed forms."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from plasticity_runs import SHORT, plasticity_run

from neurosim.figure import load_figure
from neurosim.parameters.library import load_model
from neurosim.run_directory import Run

SHEETS = ("tsodyks1998_facilitating", "tsodyks2000_facilitating", "mongillo2008_synapse")


@functools.cache
def run_of(model: str = "tsodyks1998") -> Run:
    return plasticity_run(model, **SHORT)


@functools.cache
def figure_of(model: str = "tsodyks1998") -> Figure:
    figure: Figure = load_figure("short_term_plasticity").draw(run_of(model))
    figure.draw_without_rendering()
    return figure


def panel(letter: str, model: str = "tsodyks1998") -> list[Axes]:
    for part in figure_of(model).findobj(SubFigure):
        if any(text.get_text() == letter for text in part.texts):
            return list(part.axes)
    raise AssertionError(f"there is no panel {letter}")


def markers(ax: Axes) -> list[Line2D]:
    return [line for line in ax.get_lines() if line.get_marker() not in ("", "None", None)]


@pytest.mark.parametrize(
    ("letter", "row", "highest", "last"),
    [
        ("a", "trace_a_peak", 1, 1200),
        ("b", "trace_b_peak", 14.9, 1200),
        ("c", "trace_c_peak", 20, 500),
    ],
)
def test_potentials_are_those_recorded_on_the_published_axes(letter, row, highest, last):
    top, spikes, fractions = panel(letter)
    (trace,) = top.get_lines()
    assert trace.get_ydata().max() == pytest.approx(run_of().row(row).value * 1e3, rel=1e-5)
    assert top.get_ylim() == pytest.approx((0, highest))
    assert top.get_xlim() == pytest.approx((0, last))
    assert len(spikes.collections[0].get_segments()) == 20
    assert {text.get_text() for text in fractions.texts} == {"x", "U" if letter == "a" else "u"}


def test_the_axes_of_another_synapse_are_its_own():
    top = panel("a", "mongillo2008_synapse")[0]
    trace = top.get_lines()[0].get_ydata()
    assert top.get_ylim()[1] == pytest.approx(1.05 * trace.max(), rel=1e-5)
    assert top.get_title() == "mongillo2008 synapse, 20 Hz"


@pytest.mark.parametrize("letter", ["d", "e", "f"])
def test_markers_are_measured_and_lines_closed_forms(letter):
    (ax,) = panel(letter)
    shown = markers(ax)
    assert [line.get_label() for line in shown] == [
        name.replace("_", " ") for name in ("tsodyks1998", *SHEETS)
    ]
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) > 50]
    for line, curve in zip(shown, curves, strict=False):
        x, y = (np.asarray(data, dtype=float) for data in curve.get_data())
        order = np.argsort(x)
        expected = np.interp(np.log(line.get_xdata()), np.log(x[order]), y[order])
        assert line.get_ydata() == pytest.approx(expected, rel=2e-3)


def test_the_ends_of_the_closed_forms_are_known():
    form = load_model("mongillo2008_synapse").parameters.plasticity
    steady, pairs, gaps = (markers(panel(letter)[0])[3].get_data() for letter in "def")
    np.testing.assert_allclose(steady[1], form.steady_state(steady[0]), rtol=1e-8)
    np.testing.assert_allclose(pairs[1], form.paired_pulse_ratio(pairs[0] / 1e3), rtol=1e-8)
    assert gaps[0].max() == pytest.approx(20, rel=1e-3)
    assert gaps[1][-1] == pytest.approx(1, abs=1e-4)
    assert gaps[1].max() > 2
