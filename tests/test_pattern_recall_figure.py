"""The figure of pattern recall, drawn from invented rows and spikes."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.figure import Figure
from matplotlib.text import Text
from pattern_bench import small_pattern_sheet

from neurosim.fast_weights.pattern_completion import SHOWN
from neurosim.fast_weights.pattern_examination import questions_of
from neurosim.fast_weights.pattern_questions import Questions
from neurosim.fast_weights.pattern_schedule import PatternSchedule
from neurosim.parameters import text_with_protocol
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains, TrialValues
from neurosim.run_directory import Run
from neurosim.scorecard import score

PROTOCOL = load_protocol("pattern_recall")
ALL = tuple(PROTOCOL.script.CONDITIONS)
DELAYS = (0.05, 0.2, 0.35, 0.5)


def questions() -> Questions:
    return questions_of(small_pattern_sheet().parameters, 0, 1, SHOWN)


def recording() -> Recording:
    """Return a recording in which the cells of what is stored or asked for fire every 10 ms."""
    asked = questions()
    schedule = PatternSchedule(small_pattern_sheet().parameters, asked.patterns, asked.cues, DELAYS)
    table = schedule.trials()
    cells, times = [], []
    for number, onset in enumerate(table.start_time):
        own = np.flatnonzero(asked.patterns[0, number % SHOWN])
        ticks = onset + np.arange(1, 10) * 0.01
        cells.append(np.tile(own, len(ticks)))
        times.append(np.repeat(ticks, len(own)))
    spikes = {
        "cells": SpikeTrains(40, np.concatenate(cells), np.concatenate(times)),
        "inhibitory_cells": SpikeTrains(8, np.arange(8), 0.8 + np.arange(8) * 0.01),
    }
    shown = TrialValues(np.concatenate([asked.patterns[0], asked.cues[0]]), "1", "driven")
    return Recording(spikes, table, schedule.duration, {}, "", {"stimulated": shown})


@functools.cache
def run_of(conditions: Sequence[str]) -> Run:
    sheet = small_pattern_sheet()
    options = PROTOCOL.options(sheet, {}, False)
    text = text_with_protocol(sheet, options)
    rows = []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        values = {name: 0.2 + 0.7 * (k % 17) / 17 for k, name in enumerate(targets)}
        rows += score(values, condition, targets)
    return Run(
        info={"protocol": "pattern_recall", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording()),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: Sequence[str]) -> Figure:
    return drawn("pattern_recall", run_of(conditions))


def test_the_raster_tells_cells_of_the_cue_from_those_that_are_completed() -> None:
    cells, inhibitory = axes_of_panel(figure_of(ALL), "a")
    stored, cued, completed = cells.lines[:3]
    asked, n_ticks = questions(), 9
    assert len(stored.get_xdata()) == SHOWN * 8 * n_ticks
    assert len(cued.get_xdata()) == len(completed.get_xdata()) == SHOWN * 4 * n_ticks
    assert np.min(cued.get_xdata()) > 0.75 > np.max(stored.get_xdata())
    # The first pattern has the lowest rows, its cued cells below the others.
    in_first = np.asarray(cued.get_xdata()) < 0.9
    assert set(np.asarray(cued.get_ydata())[in_first]) == {0, 1, 2, 3}
    in_first = np.asarray(completed.get_xdata()) < 0.9
    assert set(np.asarray(completed.get_ydata())[in_first]) == {4, 5, 6, 7}
    labels = [text.get_text() for text in cells.get_yticklabels()]
    assert labels == ["1", "2", "3", "4"]
    bottom, top = cells.get_ylim()
    assert bottom < 0 and top > np.max(stored.get_ydata())
    assert [text.get_text() for text in cells.texts] == [*"1234", "1?", "2?", "3?", "4?"]
    assert len(inhibitory.lines[0].get_xdata()) == 8
    assert asked.asked.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("letter", "condition", "names"),
    [
        ("b", "main", {2: "2", 4: "4", 8: "8", 16: "16"}),
        ("c", "cue", {0.2: "cue_0.2", 0.4: "cue_0.4", 0.6: "cue_0.6", 0.8: "cue_0.8"}),
        ("d", "settling", {1: "1_steps", 2: "2_steps", 4: "4_steps"}),
        ("e", "delay", {age: f"age_{age}" for age in (0, 3, 6, 9, 12, 15)}),
    ],
)
def test_the_curves_are_the_rows_of_the_scorecard(
    letter: str, condition: str, names: dict[float, str]
) -> None:
    run, (ax,) = run_of(ALL), axes_of_panel(figure_of(ALL), letter)
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines[:4]]
    for (x, y), prefix in zip(
        drawn, ("recalled", "matrix_recalled", "completed", "matrix_completed"), strict=True
    ):
        rows = [run.row(f"{prefix}_{name}", condition) for name in names.values()]
        assert x == list(names)
        assert y == [row.value for row in rows if row is not None]


def test_the_capacity_is_drawn_beside_that_of_pairs() -> None:
    run, (ax,) = run_of(ALL), axes_of_panel(figure_of(ALL), "f")
    for line, name in zip(ax.lines, ("capacity", "matrix_capacity", "pairs"), strict=True):
        rows = [run.row(f"{name}_{n}_cells", "capacity") for n in (50, 100, 200)]
        assert list(line.get_ydata()) == [row.value for row in rows if row is not None]


def test_what_was_not_run_is_said() -> None:
    figure = figure_of(("main",))
    texts = [text.get_text() for text in figure.findobj(Text)]
    for condition in ("cue", "settling", "delay", "capacity"):
        assert f"the condition '{condition}' was not run" in texts
    labels = axes_of_panel(figure, "b")[0].get_legend_handles_labels()[1]
    assert labels == ["patterns recalled", "missing cells completed", "exact matrix"]
    assert "no Hebbian term" in axes_of_panel(figure_of(ALL), "b")[0].get_legend_handles_labels()[1]
