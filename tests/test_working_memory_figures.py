"""The figures of working memory, drawn from recordings made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from working_memory_runs import N, bursts, recorded, steady

from neurosim.figure import load_figure, obstacle, write_figure
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.scorecard import Row
from neurosim.timeline import Trial
from neurosim.working_memory.plots import N_SHOWN, cued_and_another, first_cue

CUE = Trial("selective_2", 0.35, 3.0, "cue")
READ = [Trial("selective_2", 0.35, 1.0, "cue"), Trial("readout", 0.25, 1.2, "readout")]
TWO = [Trial("selective_2", 0.35, 2.0, "cue"), Trial("selective_4", 0.35, 4.0, "cue")]
POPULATION_SPIKES = 1.4 + 0.4 * np.arange(8)


def recordings() -> dict[str, Recording]:
    return {
        "main": recorded([CUE], {"selective_2": [bursts(POPULATION_SPIKES)]}),
        "readout_1_s": recorded(READ, {"selective_2": [bursts([2.4])]}),
        "high_background": recorded([CUE], {"selective_2": [steady(8, 1.0, 4.35)]}),
        "two_items": recorded(TWO, {}),
        **{f"capacity_{tau}_ms": recorded(TWO, {}) for tau in (100, 200, 300, 400)},
    }


def run_of(conditions: Mapping[str, Recording]) -> Run:
    sheet, protocol = load_model("mongillo2008"), load_protocol("working_memory")
    text = text_with_protocol(sheet, protocol.options(sheet, {}, quick=False))
    return Run(
        info={"protocol": "working_memory", "seed": 3, "conditions": list(conditions)},
        model_text=text,
        rows=[],
        recordings=dict(conditions),
        condition_texts=dict.fromkeys(conditions, text),
    )


def drawn(name: str) -> Figure:
    figure: Figure = load_figure(name).draw(run_of(recordings()))
    return figure


def test_columns_are_regimes_and_rows_spikes_and_synapses() -> None:
    axes = np.array(drawn("working_memory").axes).reshape(3, 3).T
    (cued, other) = axes[0, 1].get_lines()
    time, row = cued.get_data()
    # Eighty neurons, each once in every population spike within the window, and at rest.
    inside = POPULATION_SPIKES - 1.0 < 2.8
    fired = N_SHOWN * inside.sum()
    assert fired <= len(time) <= fired + N_SHOWN * 0.4 * 3.2 + N_SHOWN
    assert time.min() >= -0.4 and time.max() < 2.8
    assert other.get_data()[1].max() < row.min(), "one population above the other"
    assert len(np.unique(row)) == N_SHOWN
    assert N_SHOWN < N
    assert [text.get_text() for text in axes[0, 0].get_yticklabels()] == ["cued", "not cued"]
    shaded = [[patch.get_x() for patch in ax.patches] for ax in axes[0]]
    assert shaded == [pytest.approx([0, 1.35]), pytest.approx([0]), pytest.approx([0])]
    for ax in axes[1:].flat:
        u, x = (line.get_ydata() for line in ax.get_lines())
        assert u == pytest.approx(0.2) and x == pytest.approx(0.8)


def test_both_items_and_a_population_without_a_cue_are_shown() -> None:
    raster, first, second = drawn("working_memory_items").axes
    assert len(raster.get_lines()) == 3
    labels = [text.get_text() for text in raster.get_yticklabels()]
    assert labels == ["item 1", "item 2", "not cued"]
    assert [patch.get_x() for patch in first.patches] == pytest.approx([0, 2.35])
    assert len(second.get_lines()) == 2


def test_the_cued_population_and_one_that_is_not() -> None:
    recording = recordings()["two_items"]
    assert cued_and_another(recording) == ["selective_2", "selective_1"]
    assert first_cue(recording) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["working_memory", "working_memory_items"])
def test_figures_are_written_and_ask_for_their_conditions(name: str, tmp_path: Path) -> None:
    path = write_figure(name, run_of(recordings()), tmp_path, "png")
    assert path.stat().st_size > 10_000
    reason = obstacle(name, run_of({"no_cue": recordings()["main"]}))
    assert reason is not None and "needs the condition" in reason


def test_capacity_beside_its_limit() -> None:
    names = [f"capacity_{tau}_ms" for tau in (100, 200, 300, 400)]
    run = run_of(dict.fromkeys(names, recorded(TWO, {})))
    kept, period, apart = [1, 2, 4, 4], [0.3, 0.45, 0.55, 0.6], [float("nan"), 0.1, 0.2, 0.15]
    for condition, *values in zip(names, kept, period, apart, strict=True):
        for name, value in zip(("items_kept", "longest_period", "separation"), values, strict=True):
            row = Row(name, condition, value, "1", None, None, "hand", "derived", "reported")
            run.rows.append(row)
    figure: Figure = load_figure("working_memory_capacity").draw(run)
    limit, measured = figure.axes[-1].get_lines()
    assert measured.get_ydata() == pytest.approx(kept)
    assert limit.get_ydata() == pytest.approx(np.array(period) / 0.15)
