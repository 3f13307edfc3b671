"""The figure of associative retrieval shows what was recorded and scored, and says what is not."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from memory_bench import small_memory, small_sheet

from neurosim.fast_weights.delays import DELAYS
from neurosim.fast_weights.retrieval_strings import parse_string
from neurosim.fast_weights.schedule import Schedule
from neurosim.parameters import text_with_protocol
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run
from neurosim.scorecard import score

PROTOCOL = load_protocol("associative_retrieval")
STRING = "c9k8??c"


def value_of(name: str, position: int) -> float:
    """Return a share, another one for each row."""
    return 0.2 + 0.7 * (position % 17) / 17


def recording() -> Recording:
    """Return a recording in which exactly the cells that are shown or answer fire, every 10 ms."""
    memory = small_memory()
    schedule = Schedule(memory.parameters, [parse_string(STRING)], (0.05,))
    codes = memory.orthogonal_codes()
    table = schedule.trials(0)
    symbols = {"key_cells": (2, 10, 2), "value_cells": (9, 8, 9)}  # c, k, c and 9, 8, 9
    spikes = {}
    for name, shown in symbols.items():
        code = codes.keys if name == "key_cells" else codes.values
        cells, times = [], []
        for symbol, onset in zip(shown, table.start_time, strict=True):
            own = np.flatnonzero(code[symbol])
            ticks = onset + np.arange(10) * 0.01
            cells.append(np.tile(own, len(ticks)))
            times.append(np.repeat(ticks, len(own)))
        spikes[name] = SpikeTrains(code.shape[1], np.concatenate(cells), np.concatenate(times))
    spikes["inhibitory_cells"] = SpikeTrains(5, np.arange(5), np.arange(5) * 0.1)
    return Recording(spikes, table, schedule.duration, {}, "")


@functools.cache
def run_of(conditions: Sequence[str], strings: str = "") -> Run:
    sheet = small_sheet()
    changes = {"protocol.strings": strings} if strings else {}
    options = PROTOCOL.options(sheet, changes, False)
    text = text_with_protocol(sheet, options)
    rows = []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        values = {name: value_of(name, k) for k, name in enumerate(targets)}
        rows += score(values, condition, targets)
    return Run(
        info={"protocol": "associative_retrieval", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording()),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: Sequence[str], strings: str = "") -> Figure:
    return drawn("associative_retrieval", run_of(conditions, strings))


def curve(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    handles, labels = ax.get_legend_handles_labels()
    line = handles[labels.index(label)][0]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


ALL = tuple(PROTOCOL.script.CONDITIONS)


def test_the_raster_shows_each_pair_and_the_answer() -> None:
    keys, values, _ = axes_of_panel(figure_of(ALL), "a")
    assert [text.get_text() for text in keys.get_yticklabels()] == ["c", "k"]
    assert [text.get_text() for text in keys.texts] == ["c9", "k8", "??c"]
    for ax, rows in ((keys, ([0, 1, 2], [3, 4, 5])), (values, ([27, 28, 29], [24, 25, 26]))):
        time, row = ax.lines[0].get_data()
        for start, expected in ((0.0, rows[0]), (0.2, rows[1]), (0.4, rows[0])):
            within = (time > start - 0.01) & (time < start + 0.15)
            assert sorted(set(row[within])) == expected


def test_the_curves_are_the_rows_of_the_scorecard() -> None:
    run, figure = run_of(ALL), figure_of(ALL)
    (pairs,), (delays,) = axes_of_panel(figure, "b"), axes_of_panel(figure, "c")
    for label, condition, name in (
        ("orthogonal keys", "main", "retrieved"),
        ("random keys", "random_keys", "retrieved"),
        ("exact matrix", "random_keys", "matrix"),
        ("no Hebbian term", "without_learning", "retrieved"),
    ):
        x, y = curve(pairs, label)
        rows = [run.row(f"{name}_{n}_pairs", condition) for n in (4, 8, 16, 26)]
        assert x.tolist() == [4, 8, 16, 26]
        assert y.tolist() == [row.value for row in rows if row is not None]
    x, y = curve(delays, "$\\tau$ = 15 s")
    assert x.tolist() == list(DELAYS)
    named = [run.row(f"retrieved_tau_15_s_at_{d:g}_tau", "delay") for d in DELAYS]
    assert y.tolist() == [row.value for row in named if row is not None]


def test_rebinding_stands_beside_the_hebbian_term_alone() -> None:
    run, (ax,) = run_of(ALL), axes_of_panel(figure_of(ALL), "d")
    for label, condition, prefix in (
        ("orthogonal keys", "rebinding", ""),
        ("random keys", "rebinding", "random_"),
        ("orthogonal, Hebbian term alone", "without_overwriting", ""),
    ):
        row = run.row(f"{prefix}new_value_lag_0", condition)
        assert row is not None
        assert curve(ax, label)[1][0] == row.value


@pytest.mark.parametrize("strings", ["", STRING])
def test_what_was_not_run_is_said(strings: str) -> None:
    figure = figure_of(("main",), strings)
    texts = [text.get_text() for text in figure.findobj(Text)]
    for condition in ("delay", "rebinding"):
        assert f"the condition '{condition}' was not run" in texts
    labels = axes_of_panel(figure, "b")[0].get_legend_handles_labels()[1]
    assert "random keys" not in labels
    assert ("orthogonal keys" in labels) is not bool(strings)
    assert ("other strings were asked" in texts) is bool(strings)
