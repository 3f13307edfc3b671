"""The figure of the assembly calculus shows what was recorded and scored."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.figure import Figure

from neurosim.assembly_calculus import examination as ex
from neurosim.assembly_calculus.spiking_machine import population
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run
from neurosim.scorecard import score
from neurosim.timeline import Timeline, Trial

PROTOCOL = load_protocol("assembly_calculus")
ALL = tuple(PROTOCOL.script.CONDITIONS)
PHASES = {
    "A": "project(S, A, person)",
    "B": "project(T, B, place)",
    "C": "merge(person, place, C, scene)",
}


def recording() -> Recording:
    """Return three areas in which cells 0-9 fire in the tests and all of them in the recall."""
    trials = [Trial("x", 0.5, 0.4, phase) for phase in (*PHASES.values(), "recall(S, A, C, B)")]
    timeline = Timeline.of(trials)
    onsets = timeline.table().start_time
    spikes = {}
    for area, phase in PHASES.items():
        tested = onsets[list(PHASES.values()).index(phase)]
        times = np.concatenate([onset + np.arange(20) * 0.025 for onset in (tested, onsets[-1])])
        spikes[population(area)] = SpikeTrains(
            80, np.repeat(np.arange(10), len(times)), np.tile(times, 10)
        )
    return Recording(spikes, timeline.table(), timeline.duration, {}, "")


@functools.cache
def run_of(conditions: tuple[str, ...], value: float | None = None) -> Run:
    """Return a run with another number in every row, or with the same one."""
    sheet = load_model("papadimitriou2020")
    options = PROTOCOL.options(sheet, {}, False)
    text, rows = text_with_protocol(sheet, options), []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        n = len(targets)
        numbers = np.linspace(0, 1, n) if value is None else np.full(n, value)
        rows += score(dict(zip(targets, numbers, strict=True)), condition, targets)
    return Run(
        info={"protocol": "assembly_calculus", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording()),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: tuple[str, ...]) -> Figure:
    return drawn("assembly_calculus", run_of(conditions))


def test_the_raster_puts_the_assembly_below_the_line() -> None:
    axes = axes_of_panel(figure_of(ALL), "a")
    assert len(axes) == 3
    for ax in axes:
        time, row = ax.lines[0].get_data()
        assert set(row) == set(range(10))
        assert time.min() == pytest.approx(0, abs=1e-9)
        assert list(ax.lines[1].get_ydata()) == [9.5, 9.5]
    assert [ax.get_yticklabels()[0].get_text() for ax in axes] == ["person", "scene", "place"]


@pytest.mark.parametrize(
    ("letter", "condition", "x", "names"),
    [
        ("c", "association", (0, 2, 4, 6, 8, 10), [f"overlap_at_reading_{k}" for k in range(6)]),
        ("d", "completion", ex.CUES, [f"recovery_from_{ex.percent(cue)}" for cue in ex.CUES]),
        ("e", "shared_inputs", ex.SHARES, [f"overlap_at_{ex.percent(s)}" for s in ex.SHARES]),
    ],
)
def test_curves_are_the_rows_of_the_scorecard(letter, condition, x, names) -> None:
    (ax,) = axes_of_panel(figure_of(ALL), letter)
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    rows = [run_of(ALL).row(name, condition) for name in names]
    assert list(lines["spiking areas"].get_xdata()) == list(x)
    assert list(lines["spiking areas"].get_ydata()) == [row.value for row in rows if row]
    assert len(lines["random graphs"].get_ydata()) >= 4


def test_support_has_a_line_for_each_beta() -> None:
    (ax,) = axes_of_panel(figure_of(ALL), "b")
    labels = [line.get_label() for line in ax.get_lines()]
    assert labels == ["0.1", "0.05", "0.03", "0.01", "spiking"]
    styles = {line.get_linestyle() for line in ax.get_lines()[:4]}
    assert len(styles) == 4


def test_conditions_that_were_not_run_are_named() -> None:
    figure = figure_of(("main",))
    for letter, condition in zip(
        "cde", ("association", "completion", "shared_inputs"), strict=True
    ):
        (ax,) = axes_of_panel(figure, letter)
        assert f"The condition {condition} was not run." in [text.get_text() for text in ax.texts]
        assert not ax.get_lines()
    (ax,) = axes_of_panel(figure, "f")
    assert len(ax.get_lines()) == 2
