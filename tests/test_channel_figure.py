"""The figure of the channel shows what was scored, and says what was not run."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from neurosim.figure import load_figure
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run
from neurosim.scorecard import score
from neurosim.timeline import Timeline, Trial

PROTOCOL, FIGURE = load_protocol("channel"), load_figure("channel")
ALL = tuple(PROTOCOL.script.CONDITIONS)


@functools.cache
def run_of(conditions: Sequence[str], value: float | None = None) -> Run:
    """Return a run with another share in every row, or with the same one."""
    sheet = load_model("ison2015")
    options = PROTOCOL.options(sheet, {}, False)
    timeline = Timeline((Trial("palace", 0.5, 0.4, "intact"),))
    silent = {
        name: SpikeTrains(n, np.empty(0, dtype=int), np.empty(0))
        for name, n in sheet.parameters.populations.items()
    }
    recording = Recording(silent, timeline.table(), timeline.duration, {}, "")
    text, rows = text_with_protocol(sheet, options), []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        values = np.linspace(0, 1, len(targets)) if value is None else [value] * len(targets)
        measured = dict(zip(targets, map(float, values), strict=True))
        measured |= {name: 10.0 for name in targets if "silenced_" in name}
        rows += score(measured, condition, targets)
    return Run(
        info={"protocol": "channel", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: Sequence[str]) -> Figure:
    return drawn("channel", run_of(conditions))


def panel(figure: Figure, letter: str) -> Axes:
    (ax,) = axes_of_panel(figure, letter)
    return ax


@pytest.mark.parametrize(("letter", "condition"), list(zip("abcd", ALL, strict=True)))
def test_every_share_of_the_scorecard_is_drawn_in_its_row(letter: str, condition: str) -> None:
    run, ax = run_of(ALL), panel(figure_of(ALL), letter)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    points = {
        (float(x), labels[int(y)].split(" (")[0])
        for line in ax.get_lines()
        if len(np.asarray(line.get_xdata())) == len(labels)
        for x, y in zip(*map(np.asarray, line.get_data()), strict=True)
        if np.isfinite(x)
    }
    expected = {
        (row.value, label)
        for series in FIGURE.SERIES[condition]
        for name, label in FIGURE.ROWS[condition].items()
        for row in [run.row(f"{series}_{name}", condition)]
        if row is not None
    }
    if condition == "learning":
        for name, label in FIGURE.HALVES.items():
            row = run.row(name, condition)
            assert row is not None
            expected.add((row.value, label))
    assert points == expected
    counted = [label for label in labels if "(10" in label]
    assert len(counted) == len(labels) - 1  # nothing is silenced in the first row


def test_what_was_not_run_is_said() -> None:
    texts = [text.get_text() for text in figure_of(("main",)).findobj(Text)]
    for condition in ALL[1:]:
        assert f"the condition\n'{condition}' was not run" in texts
