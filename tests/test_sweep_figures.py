"""Figures of sweeps show what the tables hold, and can be read."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Text
from sweep_bench import write_protocol

import neurosim
from neurosim.errors import InputError
from neurosim.figure import load_figure, write_figure
from neurosim.scorecard import MET, Row
from neurosim.sweeping.jobs import Failed, Finished, Outcome
from neurosim.sweeping.planner import Planner
from neurosim.sweeping.plots import broken, readable_unit
from neurosim.sweeping.results import Sweep

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")
SEEDS = (0, 1, 2, 3)
OVER = {"synapse.tau_recovery": ["400 ms", "0.8 s", "2 s"], "protocol.n": [1, 2]}


def row(name: str, value: float, unit: str = "1", condition: str = "main", **more: Any) -> Row:
    fields = {"low": None, "high": None, "source": "x", "evidence": "derived", "status": MET}
    return Row(name=name, condition=condition, value=value, unit=unit, **(fields | more))


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Planner:
    toy = write_protocol(tmp_path_factory.mktemp("protocols"))
    return Planner(toy, None, {}, SEEDS, False, False)


@pytest.fixture(scope="module")
def grid(planner: Planner) -> Sweep:
    """Return a sweep in which ``rate`` is tau_recovery times n, and a run failed."""
    plan = planner.grid(OVER)
    outcomes: dict[int, Outcome] = {}
    for number, (point, _, seed) in enumerate(plan.runs()):
        tau, n = point.labels.values()
        rows = [row("depth", 0.01 * n + 0.001 * seed, "V")]
        rows.append(row("rate", tau * n + 0.01 * seed, "Hz", low=0.5, high=1.5))
        outcomes[number] = Finished(rows, 1.0, 1.0) if number else Failed("Out of luck.")
    return Sweep(plan, outcomes)


@pytest.fixture(scope="module")
def sensitivity(planner: Planner) -> Sweep:
    """Return an analysis in which U alone moves values: one far, one not beyond the spread."""
    plan = planner.sensitivity()
    outcomes = {}
    for number, (point, _, seed) in enumerate(plan.runs()):
        change = point.labels["change"] if point.labels["parameter"] == "synapse.U" else 0.0
        values = {"far": seed + 100 * change, "near": seed + change, "constant": 1 + change}
        outcomes[number] = Finished([row(*value) for value in values.items()], 1.0, 1.0)
    return Sweep(plan, outcomes)


def drawn(name: str, sweep: Sweep, **choices: Any) -> Figure:
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure(name).draw(sweep, **choices)
        figure.draw_without_rendering()
    return figure


def panel(figure: Figure, label: str) -> Axes:
    (ax,) = (ax for ax in figure.axes if ax.get_ylabel().replace("\n", "") == label)
    return ax


def means(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Return the line of every setting, by its label in the legend."""
    handles, labels = ax.get_legend_handles_labels()
    return {
        label: tuple(np.round(part, 6).tolist() for part in handle.lines[0].get_data())
        for handle, label in zip(handles, labels, strict=True)
    }


def test_means_stand_where_the_table_has_them(grid: Sweep) -> None:
    figure = drawn("sweep", grid)
    assert [ax.get_ylabel() for ax in figure.axes] == ["rate (Hz)", "depth (mV)"], "judged first"
    ax = panel(figure, "rate (Hz)")
    assert ax.get_xlabel() == "synapse.tau_recovery (s)"
    lines = means(ax)
    assert list(lines) == ["1", "2"]
    table = grid.statistics.set_index(["value", "protocol.n"])
    for n in (1, 2):
        x, y = lines[str(n)]
        np.testing.assert_allclose(x, [0.4, 0.8, 2.0], atol=0.02)
        np.testing.assert_allclose(y, table.loc[("rate", n), "mean"], atol=1e-5)
    # Beside each other, so that the ones do not hide the others.
    assert lines["1"][0][0] < lines["2"][0][0]
    depth = means(panel(figure, "depth (mV)"))
    np.testing.assert_allclose(depth["2"][1], [21.5] * 3, atol=1e-5)
    bands = [patch.get_extents() for patch in ax.patches]
    assert len(bands) == 1
    bottom, top = ax.transData.inverted().transform(bands[0])[:, 1]
    assert (bottom, top) == pytest.approx((0.5, 1.5))


def test_any_value_against_anything_that_was_varied(grid: Sweep) -> None:
    figure = drawn("sweep", grid, values=["rate"], against="protocol.n")
    (ax,) = figure.axes
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("rate (Hz)", "protocol.n")
    assert list(means(ax)) == ["400 ms", "800 ms", "2 s"]
    with pytest.raises(InputError, match="no value 'rte': did you mean 'rate'"):
        drawn("sweep", grid, values=["rte"])
    with pytest.raises(InputError, match=r"no parameter 'protocol\.m'"):
        drawn("sweep", grid, against="protocol.m")


def test_words_stand_in_their_order(planner: Planner) -> None:
    plan = planner.grid({"protocol.fails": ["never", "odd"], "protocol.condition": ["all"]})
    outcomes = {
        number: Finished([row("rate", seed, "Hz", condition)], 1.0, 1.0)
        for number, (_, condition, seed) in enumerate(plan.runs())
    }
    sweep = Sweep(plan, outcomes)
    ax = drawn("sweep", sweep).axes[0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["never", "odd"]
    assert list(means(ax)) == ["main", "double"]
    ax = drawn("sweep", sweep, against="condition").axes[0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["main", "double"]


def test_too_many_lines_are_refused(planner: Planner) -> None:
    plan = planner.grid({"synapse.U": [0.1, 0.2], "protocol.n": list(range(1, 21))})
    rows = [row("rate", 1.0)]
    sweep = Sweep(plan, {k: Finished(rows, 1.0, 1.0) for k in range(len(plan.jobs()))})
    with pytest.raises(InputError, match=r"20 lines beside 'synapse\.U'"):
        drawn("sweep", sweep)
    assert list(means(drawn("sweep", sweep, against="protocol.n").axes[0])) == ["0.1", "0.2"]


def test_seeds_alone_are_one_place(planner: Planner) -> None:
    plan = planner.grid({})
    outcomes = {k: Finished([row("rate", k)], 1.0, 1.0) for k in range(4)}
    ax = drawn("sweep", Sweep(plan, outcomes)).axes[0]
    assert ax.get_xlabel() == "condition"
    (mean,) = ax.containers
    assert [part.tolist() for part in mean.lines[0].get_data()] == [[0.0], [1.5]]


def test_cells_are_what_moves(sensitivity: Sweep) -> None:
    figure = drawn("sensitivity", sensitivity)
    ax = figure.axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["synapse.U"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["far", "constant"]
    (mesh,) = (item for item in ax.collections if isinstance(item, QuadMesh))
    spread = np.std(SEEDS, ddof=1)
    shades = np.asarray(mesh.get_array()).ravel()
    np.testing.assert_allclose(shades[:2], [-10 / spread, 10 / spread])
    assert shades[2] < -1e6 < 1e6 < shades[3], "no spread"
    signs = [text.get_text() for text in ax.texts]
    assert signs == ["\N{MINUS SIGN}"] * 2 + ["+"] * 2
    assert "Moved less than that and left out: 5 parameters, 1 values" in all_text(figure)
    chosen = drawn("sensitivity", sensitivity, values=["near"])
    assert "nothing moves by more than the spread" in all_text(chosen)


def all_text(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts_of(figure))


def texts_of(figure: Figure) -> list[Text]:
    """Return the texts that are there, without ticks beyond the limits of their axis."""
    hidden: set[Text] = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            out = [tick for tick in ticks if not low - 1e-9 <= tick.get_loc() <= high + 1e-9]
            hidden |= {label for tick in out for label in (tick.label1, tick.label2)}
    return [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text)
        and text not in hidden
        and text.get_text().strip()
        and text.get_visible()
    ]


def test_text_can_be_read(grid: Sweep, sensitivity: Sweep) -> None:
    for figure in (drawn("sweep", grid), drawn("sensitivity", sensitivity)):
        assert figure.get_figwidth() <= 7.2
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
        assert min(text.get_fontsize() for text in texts_of(figure)) >= 7
        for text, box in boxes:
            inside = box.x0 >= -1 and box.y0 >= -1
            inside = inside and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1
            assert inside, f"{text!r} is cut off"
        for (one, a), (other, b) in itertools.combinations(boxes, 2):
            width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert width <= 0.5 or height <= 0.5, f"{one!r} lies on {other!r}"


def test_the_same_sweep_gives_the_same_file(grid: Sweep, tmp_path: Path) -> None:
    first, second = (
        write_figure("sweep", grid, tmp_path / name, "svg").read_bytes() for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        ([0.015, 0.02], "s", (1e-3, " (ms)")),
        ([0.4, 2.0], "s", (1.0, " (s)")),
        ([3e-10], "A", (1e-12, " (pA)")),
        ([-0.07], "V", (1e-3, " (mV)")),
        ([0.0], "Hz", (1.0, " (Hz)")),
        ([7], "1", (1.0, "")),
        ([31.0, 0.0], "ms", (1.0, " (ms)")),  # as the rows of some protocols have it
        ([40.0], "%", (1.0, " (%)")),
    ],
)
def test_units_read_well(values: Sequence[float], unit: str, expected: tuple[float, str]) -> None:
    assert readable_unit(values, unit) == expected


def test_long_names_are_broken_behind_underscores() -> None:
    assert broken("a_name_that_fits", 20) == "a_name_that_fits"
    assert broken("a_name_that_is_too_long", 12) == "a_name_that_\nis_too_long"
    assert broken("unbreakable", 4) == "unbreakable"
