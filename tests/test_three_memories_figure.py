"""The figure of the three memories shows what was recorded and scored, and says what is not."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.figure import Figure
from matplotlib.text import Text
from memory_bench import small_memory, small_sheet

from neurosim.fast_weights.memory_comparison import DELAYS, EXPOSURES, PAIRS
from neurosim.fast_weights.retrieval_strings import parse_string
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.three_memories import ACTIVITY, FAST, SLOW
from neurosim.parameters import text_with_protocol
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run
from neurosim.scorecard import score

PROTOCOL = load_protocol("three_memories")
STRING = "c9k8??c"
SIZES = {"cells": 113, "key_cells": 78, "value_cells": 30, "inhibitory_cells": 5}
ALL = tuple(PROTOCOL.script.CONDITIONS)


def recording() -> Recording:
    """Return a string in two memories, in which the cells of c and of 9 fire while c9 is shown."""
    memory = small_memory()
    schedule = Schedule(memory.parameters, [parse_string(STRING)], (0.05,))
    codes = memory.orthogonal_codes()
    table, ticks = schedule.trials(0), np.arange(10) * 0.01
    key, value = np.flatnonzero(codes.keys[2]), np.flatnonzero(codes.values[9])
    parts = []
    for name, fired in (
        (ACTIVITY, {"cells": np.concatenate([key, 78 + value, [112]])}),
        (FAST, {"key_cells": key, "value_cells": value, "inhibitory_cells": np.arange(5)}),
    ):
        spikes = {}
        for population, n in SIZES.items():
            cells = fired.get(population, np.empty(0, dtype=int))
            times = np.repeat(ticks, len(cells))
            spikes[population] = SpikeTrains(n, np.tile(cells, len(ticks)), times)
        roles = np.array([name] * len(table), dtype=object)
        labelled = replace(table, role=roles)
        parts.append(Recording(spikes, labelled, schedule.duration, {}, ""))
    return parts[0].followed_by(parts[1])


@functools.cache
def run_of(conditions: Sequence[str], value: float | None = None) -> Run:
    """Return a run with another number in every row, or with the same one."""
    sheet = small_sheet()
    options = PROTOCOL.options(sheet, {}, False)
    text, rows = text_with_protocol(sheet, options), []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        numbers = range(len(targets)) if value is None else [value] * len(targets)
        rows += score(dict(zip(targets, map(float, numbers), strict=True)), condition, targets)
    return Run(
        info={"protocol": "three_memories", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording()),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: Sequence[str], value: float | None = None) -> Figure:
    return drawn("three_memories", run_of(conditions, value))


def test_the_rasters_show_the_string_in_both_memories() -> None:
    (activity,) = axes_of_panel(figure_of(ALL), "a")
    keys, values, inhibitory = axes_of_panel(figure_of(ALL), "b")
    for ax in (activity, keys):
        assert [text.get_text() for text in ax.texts] == ["c9", "k8", "??c"]
    # Rows: six cells of the two letters, six of the digits, the others; c9 is the first pair.
    time, row = activity.lines[0].get_data()
    assert sorted(set(row)) == [*sorted(set(row[row < 6])), *sorted(set(row[row >= 6]))]
    assert (row < 6).sum() == (row[row >= 6] < 12).sum() == 30
    assert row.max() == 112
    for ax, rows in ((keys, {0, 1, 2}), (values, {27, 28, 29}), (inhibitory, set(range(5)))):
        time, row = ax.lines[0].get_data()
        assert set(row) == rows
        assert time.min() == 0
        assert time.max() == pytest.approx(0.09)
    assert [text.get_text() for text in keys.get_yticklabels()] == ["c", "k"]


def test_the_curves_are_the_rows_of_the_scorecard() -> None:
    run, figure = run_of(ALL), figure_of(ALL)
    for letter, condition, of_memories, name in (
        ("c", "main", DELAYS, "bits_at_{:g}_s"),
        ("d", "main", EXPOSURES, "bits_after_{}_exposures"),
        ("e", "items", PAIRS, "bits_of_{}_pairs"),
    ):
        (ax,) = axes_of_panel(figure, letter)
        lines = {str(line.get_label()): line for line in ax.get_lines()}
        for memory, label in ((ACTIVITY, "activity"), (FAST, "fast, 4 s"), (SLOW, "slow, 1 h")):
            rows = [run.row(f"{memory}_{name.format(x)}", condition) for x in of_memories[memory]]
            x, y = lines[label].get_data()
            assert list(x) == list(of_memories[memory])
            assert list(y) == [row.value for row in rows if row is not None]
            assert len(y) == len(rows)


def test_half_lives_are_marked_at_half_of_the_bits() -> None:
    run = run_of(ALL)
    (ax,) = axes_of_panel(figure_of(ALL), "c")
    marks = [line.get_data() for line in ax.get_lines() if len(line.get_data()[0]) == 1]
    life, first = run.row("fast_half_life"), run.row("fast_bits_at_0.1_s")
    assert life is not None
    assert first is not None
    assert any((x[0], y[0]) == (life.value, first.value / 2) for x, y in marks)
    assert len(marks) == 4
    (ax,) = axes_of_panel(figure_of(("main",), float("inf")), "c")
    assert all(len(line.get_data()[0]) > 1 for line in ax.get_lines())


def test_what_was_not_run_is_said() -> None:
    texts = [text.get_text() for text in figure_of(("main",)).findobj(Text)]
    assert "the condition\n'items' was not run" in texts
