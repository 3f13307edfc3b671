"""Trials over time, and the schedules that simulation and analysis read from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.library import load_model
from neurosim.schedules import MIN_PATTERNS, MIN_TICKS, structure_with_capacity, tables_of
from neurosim.tick import TICK
from neurosim.timeline import NO_PAIR, Timeline, Trial

RATES = {"input_to_excitatory": 0.5, "excitatory_to_excitatory": 1.0}
TRIALS = (
    Trial("a", 0.05, 0.03, "imprint", "P", 0, RATES),
    Trial("b", 0.02, 0.0, "imprint", "NP", 0, {"input_to_excitatory": 2.0}),
    Trial("a", 0.03, 0.02, "before", "P", 0),
    Trial("c", 0.01, 0.01, "before", learning_rates={"input_to_excitatory": 0.0}),
)
TIMELINE = Timeline(TRIALS, lead_in=0.02)


def test_trials_follow_one_another_after_the_lead_in() -> None:
    assert TIMELINE.onset_ticks == [2, 10, 12, 17]
    assert TIMELINE.n_ticks == 19
    assert TIMELINE.duration == pytest.approx(0.19)
    assert TIMELINE.stimuli == ["a", "b", "c"]
    assert Timeline.of(iter(TRIALS), 0.02) == TIMELINE


def test_long_timelines_do_not_drift() -> None:
    # Sums of .1 in floating point would.
    timeline = Timeline((Trial("a", 0.1, 0.2, "test"),) * 10_000, lead_in=0.3)
    assert timeline.n_ticks == 300_030
    assert timeline.onset_ticks[-1] == 300_000
    assert timeline.table().start_time[-1] == pytest.approx(3000.0, abs=1e-9)


def test_a_stimulus_is_on_for_its_duration_only() -> None:
    schedule = TIMELINE.stimulus_schedule({"a": 1, "b": 2, "c": 3})
    expected = [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 2, 2, 1, 1, 1, 0, 0, 3, 0]
    assert schedule.tolist() == expected


def test_learning_goes_on_in_the_gap() -> None:
    to_excitatory = TIMELINE.learning_rate_schedule("input_to_excitatory")
    assert to_excitatory.tolist() == [0.0] * 2 + [0.5] * 8 + [2.0] * 2 + [0.0] * 7
    recurrent = TIMELINE.learning_rate_schedule("excitatory_to_excitatory")
    assert recurrent.tolist() == [0.0] * 2 + [1.0] * 8 + [0.0] * 9


def test_the_table_has_a_row_for_each_trial() -> None:
    table = TIMELINE.table()
    assert len(table) == 4
    assert table.start_time == pytest.approx([0.02, 0.10, 0.12, 0.17])
    assert table.stop_time == pytest.approx([0.07, 0.12, 0.15, 0.18])
    assert table.stimulus.tolist() == ["a", "b", "a", "c"]
    assert table.phase.tolist() == ["imprint", "imprint", "before", "before"]
    assert table.role.tolist() == ["P", "NP", "P", ""]
    assert table.pair.tolist() == [0, 0, 0, NO_PAIR]
    assert table.plastic.tolist() == [True, True, False, False]


def test_table_and_schedule_agree() -> None:
    table, schedule = TIMELINE.table(), TIMELINE.stimulus_schedule({"a": 1, "b": 2, "c": 3})
    ticks = np.arange(len(schedule)) * TICK + TICK / 2
    on = [
        ((start < ticks) & (ticks < stop))
        for start, stop in zip(table.start_time, table.stop_time, strict=True)
    ]
    assert np.array_equal(np.any(on, axis=0), schedule > 0)


def test_trials_are_found_by_their_columns() -> None:
    table = TIMELINE.table()
    assert table.where(stimulus="a").tolist() == [0, 2]
    assert table.where(stimulus="a", phase="before").tolist() == [2]
    assert table.where(plastic=True, role="NP").tolist() == [1]
    assert table.where(stimulus="d").tolist() == []
    assert table.where().tolist() == [0, 1, 2, 3]


def test_tables_are_joined_with_a_delay() -> None:
    table = TIMELINE.table()
    both = table.followed_by(table, TIMELINE.duration)
    assert len(both) == 8
    assert both.start_time[4:] == pytest.approx(table.start_time + 0.19)
    assert both.stop_time[4:] == pytest.approx(table.stop_time + 0.19)
    for column in ("phase", "stimulus", "role", "pair", "plastic"):
        assert getattr(both, column).tolist() == 2 * getattr(table, column).tolist()


def test_an_empty_timeline_is_silence() -> None:
    silence = Timeline((), lead_in=0.1)
    assert (silence.n_ticks, silence.stimuli, len(silence.table())) == (10, [], 0)
    assert not silence.stimulus_schedule({}).any()


@pytest.mark.parametrize("times", [(0.005, 0.0), (0.1, 0.0123), (-0.01, 0.0), (0.1, -0.5)])
def test_times_off_the_grid_are_refused(times: tuple[float, float]) -> None:
    with pytest.raises(
        InputError, match=r"of a trial of 'a' is .* s, expected a multiple of 0\.01 s"
    ):
        Trial("a", *times, "test")


def test_a_lead_in_off_the_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"The lead-in of a timeline is 0\.001 s"):
        Timeline(TRIALS, lead_in=0.001)


# ----------------------------------------------------------------------------------- as tables


@pytest.fixture
def parameters(small_sheet: Path) -> AreaParameters:
    small: AreaParameters = load_model(small_sheet).parameters
    return small


def patterns(parameters: AreaParameters) -> dict[str, dict[str, np.ndarray]]:
    n = parameters.populations
    return {
        "input": {"a": np.arange(n["input"]) < 5, "b": np.arange(n["input"]) >= 55},
        "excitatory": {"c": np.arange(n["excitatory"]) == 7},
    }


def test_the_stimulus_of_a_tick_is_the_row_of_its_pattern(parameters: AreaParameters) -> None:
    tables = tables_of(parameters, TIMELINE, patterns(parameters))
    for population, stimuli in patterns(parameters).items():
        rows = tables[f"{population}_patterns"]
        for onset, trial in zip(TIMELINE.onset_ticks, TRIALS, strict=True):
            row = rows[int(tables["stimulus"][onset])]
            expected = stimuli.get(trial.stimulus, np.zeros(len(row)))
            assert np.array_equal(row, expected)
        assert not rows[0].any()


def test_schedules_are_padded_with_silence_to_a_capacity(parameters: AreaParameters) -> None:
    tables = tables_of(parameters, TIMELINE, patterns(parameters))
    for name in ("stimulus", *(f"{it}_learning_rate" for it in parameters.plastic_projections)):
        assert tables[name].shape == (MIN_TICKS,)
        assert tables[name][:19].any()
        assert not tables[name][19:].any()
    assert tables["input_patterns"].shape == (MIN_PATTERNS, parameters.input.n)


def test_most_experiments_share_a_capacity_and_long_ones_double_it(
    parameters: AreaParameters,
) -> None:
    def capacity(n_ticks: int, n_stimuli: int) -> tuple[float, float]:
        trials = [Trial(str(k), TICK, 0.0, "test") for k in range(n_stimuli)]
        timeline = Timeline(tuple(trials), lead_in=(n_ticks - n_stimuli) * TICK)
        shown = {"input": {str(k): np.zeros(60, dtype=bool) for k in range(n_stimuli)}}
        structure = structure_with_capacity(parameters, tables_of(parameters, timeline, shown))
        return structure["n_ticks"], structure["n_patterns"]

    assert capacity(100, 1) == capacity(MIN_TICKS, MIN_PATTERNS - 1) == (MIN_TICKS, MIN_PATTERNS)
    assert capacity(MIN_TICKS + 1, 1) == (2 * MIN_TICKS, MIN_PATTERNS)
    assert capacity(100, MIN_PATTERNS) == (MIN_TICKS, 2 * MIN_PATTERNS)  # a row is for silence
    assert capacity(5 * MIN_TICKS, 1) == (8 * MIN_TICKS, MIN_PATTERNS)
