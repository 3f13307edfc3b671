"""The recurrent fast-weight memory: its rule of learning, its gates, what it recalls."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pytest
from pattern_bench import (
    N_ACTIVE,
    N_BLOCKS,
    N_CELLS,
    SPIKES,
    disjoint_patterns,
    halves,
    small_pattern_memory,
    small_pattern_sheet,
)

from neurosim.errors import InputError
from neurosim.fast_weights.block_spikes import LEAD_IN, N_RECORDED
from neurosim.fast_weights.pattern_completion import exact_matrices
from neurosim.fast_weights.pattern_examination import questions_of
from neurosim.fast_weights.pattern_questions import Questions, draw_questions
from neurosim.fast_weights.pattern_schedule import MIN_PATTERNS, MIN_TICKS, PatternSchedule
from neurosim.fast_weights.spiking_pattern_memory import (
    LAST_UPDATE,
    NO_STATE,
    WEIGHTS,
    PatternMemory,
    Recalled,
    others,
)
from neurosim.parameters.library import load_model
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.recording import Recording, SpikeTrains

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STORED = 3 * 0.2 - 0.05  # s, the end of the last of three patterns
Arrays = Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def memory() -> PatternMemory:
    return small_pattern_memory()


def questions(n_patterns: int = 3, seed: int = 0, n_sequences: int = N_BLOCKS) -> Questions:
    return questions_of(small_pattern_sheet().parameters, seed, n_sequences, n_patterns)


def run(
    memory: PatternMemory,
    asked: Questions,
    delays: tuple[float, ...] = (),
    state: Arrays = NO_STATE,
) -> Arrays:
    """Return spikes and weights of one run; all runs have the same noise."""
    cues = asked.cues[:, : len(delays)]
    schedule = PatternSchedule(memory.parameters, asked.patterns, cues, delays)
    return memory.simulate(schedule, "test", (*SPIKES, WEIGHTS, LAST_UPDATE), state)


def weights_at(arrays: Arrays, time: float, parameters: PatternMemoryParameters) -> np.ndarray:
    """Return the weights at a time, shape (n_blocks, n_cells, n_cells)."""
    idle = np.maximum(time - arrays[LAST_UPDATE], 0)
    weights = np.zeros((N_BLOCKS, N_CELLS, N_CELLS))
    now = arrays[WEIGHTS] * np.exp(-idle / parameters.recurrent.tau_fast)
    weights[:, others(N_CELLS)] = now.reshape(N_BLOCKS, -1)
    return weights


def spikes_of(arrays: Arrays, population: str, n: int, block: int, until: float) -> np.ndarray:
    """Return the spikes of a block before a time as rows of (step, cell)."""
    index, time = arrays[f"{population}_spikes.i"], arrays[f"{population}_spikes.t"]
    own = (index // n == block) & (time < until - 1e-9)
    return np.stack([np.round(time[own] / 5e-4), index[own] - block * n], axis=1).astype(int)


# The rule


def replayed(parameters: PatternMemoryParameters, arrays: Arrays, block: int) -> np.ndarray:
    """Return the weights that the rule gives for the recorded spikes, step by step."""
    recurrent, dt = parameters.recurrent, parameters.simulation.dt
    rate = recurrent.learning_rate / parameters.cells.n_active
    fired = np.zeros((round(STORED / dt), N_CELLS))
    steps, cells = spikes_of(arrays, "cells", N_CELLS, block, STORED).T
    fired[steps, cells] = 1
    w, trace = np.zeros((N_CELLS, N_CELLS)), np.zeros(N_CELLS)
    interval, pattern = parameters.presentation.interval, parameters.presentation.pattern
    for step, spikes in enumerate(fired):
        gate = float((step * dt + 1e-9) % interval < pattern)
        w *= np.exp(-dt / recurrent.tau_fast) if step else 1
        trace = trace * np.exp(-dt / recurrent.tau_trace)
        w += gate * rate * (np.outer(spikes, trace) + np.outer(trace, spikes))
        trace = trace + spikes
    return w * others(N_CELLS)


def test_the_weights_follow_from_the_spikes_by_the_rule(memory: PatternMemory) -> None:
    faster = memory.changed(recurrent__tau_fast=2.0)
    arrays = run(faster, questions())
    weights = weights_at(arrays, STORED - faster.parameters.simulation.dt, faster.parameters)
    for block in range(N_BLOCKS):
        expected = replayed(faster.parameters, arrays, block)
        np.testing.assert_allclose(weights[block], expected, rtol=1e-9, atol=1e-15)
        assert expected.max() > 5e-4
    np.testing.assert_allclose(weights, weights.swapaxes(1, 2), rtol=1e-9, atol=1e-15)


def test_waiting_and_asking_change_the_weights_by_their_decay_alone(memory: PatternMemory) -> None:
    faster = memory.changed(recurrent__tau_fast=0.7)
    before = weights_at(run(faster, questions()), STORED, faster.parameters)
    after = run(faster, questions(), (0.3, 0.8))
    now = weights_at(after, STORED + 0.9, faster.parameters)
    np.testing.assert_allclose(now, before * np.exp(-0.9 / 0.7), rtol=1e-9, atol=1e-15)
    assert (after["cells_spikes.t"] > STORED + 0.8).sum() > 4 * N_BLOCKS  # although cells fire


def test_nothing_is_transmitted_while_patterns_are_stored(memory: PatternMemory) -> None:
    naive = memory.changed(recurrent__learning_rate=0.0)
    full = {WEIGHTS: np.full(N_BLOCKS * N_CELLS * (N_CELLS - 1), 2e-3)}
    empty, loaded = (run(naive, questions(), (0.1,), state) for state in (NO_STATE, full))
    for block in range(N_BLOCKS):
        first, second = (spikes_of(a, "cells", N_CELLS, block, STORED) for a in (empty, loaded))
        np.testing.assert_array_equal(first, second)
    # To the inhibitory cells neither, which are silent until a cue asks.
    assert (loaded["inhibitory_cells_spikes.t"] > STORED + 0.1).all()
    assert len(loaded["inhibitory_cells_spikes.t"]) > 10
    asked = [(a["cells_spikes.t"] > STORED + 0.1).sum() for a in (empty, loaded)]
    assert asked[1] > 2 * asked[0]


def test_a_block_does_not_hear_of_the_others(memory: PatternMemory) -> None:
    asked, other = questions(), questions(seed=1)
    mixed = Questions(
        np.concatenate([asked.patterns[:1], other.patterns[1:]]),
        asked.asked,
        np.concatenate([asked.cues[:1], other.cues[1:]]),
    )
    first, second = (run(memory, it, (0.1,)) for it in (asked, mixed))
    until = STORED + 0.2
    for name, n in memory.parameters.populations.items():
        same = [
            np.array_equal(*(spikes_of(a, name, n, block, until) for a in (first, second)))
            for block in range(2)
        ]
        assert same == [True, False]
    weights = [weights_at(a, until, memory.parameters) for a in (first, second)]
    np.testing.assert_array_equal(weights[0][0], weights[1][0])


def test_older_patterns_are_weaker_by_the_decay(memory: PatternMemory) -> None:
    shown = disjoint_patterns(4)
    weights = memory.changed(recurrent__tau_fast=1.0).store(shown, "store")
    pairs = ~np.eye(N_ACTIVE, dtype=bool)
    left = [weights[:, shown[0, k]][:, :, shown[0, k]][:, pairs].mean() for k in range(4)]
    interval = memory.parameters.presentation.interval
    assert np.diff(np.log(left)).mean() == pytest.approx(interval / 1.0, rel=0.15)


def test_the_weights_are_those_of_the_exact_matrix(memory: PatternMemory) -> None:
    asked = questions(5, n_sequences=6)
    weights = memory.store(asked.patterns, "test")
    assert weights.shape == (6, N_CELLS, N_CELLS)
    assert not weights[:, ~others(N_CELLS)].any()
    matrices = exact_matrices(memory.parameters, asked.patterns)
    flat = [array[:, others(N_CELLS)].ravel() for array in (weights, matrices, matrices[::-1])]
    assert np.corrcoef(flat[0], flat[1])[0, 1] > 0.99
    assert abs(np.corrcoef(flat[0], flat[2])[0, 1]) < 0.5


# What is recalled


def test_a_pattern_is_completed_from_half_of_it_and_not_without_learning(
    memory: PatternMemory,
) -> None:
    shown = disjoint_patterns(2)
    cues = halves(shown)
    missing, stranger = shown & ~cues, shown[:, ::-1]
    rates = {}
    for name, rate in (("learnt", None), ("not", 0.0)):
        asked = memory if rate is None else memory.changed(recurrent__learning_rate=rate)
        cell_rates = asked.ask(shown, cues, "ask", (0.2, 0.4)).cell_rates[-1]
        rates[name] = cell_rates[missing].mean(), cell_rates[stranger].mean()
    assert rates["learnt"][0] > 5 * max(rates["learnt"][1], 1.0)
    assert rates["not"][0] < 0.3 * rates["learnt"][0]


def test_overlapping_patterns_are_completed_and_those_of_others_are_not(
    memory: PatternMemory,
) -> None:
    asked = questions(n_sequences=10)
    weights = memory.store(asked.patterns, "test")
    assert (memory.changed(recurrent__learning_rate=0.0).store(asked.patterns, "t") == 0).all()
    found = {}
    for name, known in (("own", weights), ("others", weights[::-1]), ("none", 0 * weights)):
        recalled = memory.recall(known, asked.cues, 0.05, "r")
        assert recalled.cell_rates.shape == (2, 10, 3, N_CELLS)
        states = recalled.states(2, N_ACTIVE, np.random.default_rng(0))
        found[name] = asked.scores(states).completed.mean()
    assert found["own"] > 0.8
    assert found["others"] < 0.4
    # By chance 4 of the 36 cells that are not in the cue; four standard errors of 120 cells.
    assert abs(found["none"] - 4 / 36) < 0.12


def test_recall_lets_stored_weights_decay(memory: PatternMemory) -> None:
    faster, asked = memory.changed(recurrent__tau_fast=1.0), questions()
    weights = faster.store(asked.patterns, "test")
    soon, late = (faster.recall(weights, asked.cues, delay, "r") for delay in (0.05, 6.0))
    missing = asked.targets & ~asked.cues
    assert soon.cell_rates[-1][missing].mean() > 4 * late.cell_rates[-1][missing].mean()
    # A delay is a factor on the weights, whether it is waited or taken off.
    shorter = faster.recall(weights * np.exp(-0.4), asked.cues, 0.6, "r")
    longer = faster.recall(weights, asked.cues, 1.0, "r")
    np.testing.assert_array_equal(shorter.cell_rates, longer.cell_rates)
    assert longer.recording.trial_table.start_time[0] == pytest.approx(LEAD_IN)


def test_decay_by_exact_law_is_the_simulated_one(memory: PatternMemory) -> None:
    """While a memory waits it does not learn, so both differ by noise alone."""
    shown = disjoint_patterns(2)
    cues, missing = halves(shown), shown & ~halves(shown)
    simulated = memory.ask(shown, cues, "ask", (1.0, 1.0 + memory.parameters.presentation.query))
    exact = memory.recall(memory.store(shown, "ask"), cues, 1.0, "recall")
    means = [float(found.cell_rates[-1][missing].mean()) for found in (simulated, exact)]
    assert means[0] == pytest.approx(means[1], rel=0.2)


def test_what_is_asked_is_in_the_recording(memory: PatternMemory) -> None:
    asked = questions(n_sequences=5)
    recalled = memory.ask(asked.patterns, asked.cues[:, :2], "test", (0.05, 0.3))
    assert recalled.cell_rates.shape == (2, 5, 2, N_CELLS)
    recording, table = recalled.recording, recalled.recording.trial_table
    assert list(table.stimulus[:5]) == ["pattern 1", "pattern 2", "pattern 3", "cue 1", "cue 2"]
    assert list(table.phase[:5]) == ["store"] * 3 + ["recall"] * 2
    np.testing.assert_allclose(table.start_time[:5], [0, 0.2, 0.4, 0.6, 0.85])
    np.testing.assert_allclose((table.stop_time - table.start_time)[:5], [0.15] * 3 + [0.1] * 2)
    duration = 0.95
    assert recording.duration == pytest.approx(N_RECORDED * duration)
    stimulated = recording.trial_values["stimulated"].data
    np.testing.assert_array_equal(stimulated[5:8], asked.patterns[1])
    np.testing.assert_array_equal(stimulated[8:10], asked.cues[1, :2])
    counts = recording.spikes["cells"].counts([duration + 0.85], (0.05, 0.1))[0]
    np.testing.assert_allclose(recalled.cell_rates[1, 1, 1], counts / 0.05)


def test_states_are_the_cells_that_fire_most() -> None:
    rates = np.zeros((2, 1, 1, 6))
    rates[1] = [0, 40, 20, 20, 20, 60]
    nothing = np.zeros((1, 0, N_CELLS))
    table = PatternSchedule(small_pattern_sheet().parameters, nothing, nothing, ()).trials()
    silent = {"cells": SpikeTrains(6, np.zeros(0), np.zeros(0))}
    recalled = Recalled(rates, Recording(silent, table, 1.0, {}, ""))
    drawn = [recalled.states(2, 3, np.random.default_rng(seed))[0, 0] for seed in range(40)]
    assert all(state[[1, 5]].all() and state.sum() == 3 and not state[0] for state in drawn)
    assert np.any(drawn, axis=0)[2:5].all()  # of equal ones any
    assert len({tuple(recalled.states(1, 3, np.random.default_rng(k))[0, 0]) for k in range(9)}) > 3


# Questions


def test_cues_are_parts_of_the_patterns_that_are_asked_for() -> None:
    drawn = draw_questions(5, 6, 50, 10, np.random.default_rng(0), share=0.3, n_asked=2)
    assert drawn.patterns.shape == (5, 6, 50)
    assert (drawn.patterns.sum(axis=2) == 10).all()
    assert drawn.cues.shape == (5, 2, 50)
    assert (drawn.cues.sum(axis=2) == 3).all()
    for row, places, cues in zip(drawn.patterns, drawn.asked, drawn.cues, strict=True):
        assert len(set(places)) == 2
        assert (row[places][cues]).all()
    assert len(np.unique(drawn.asked)) > 2
    everything = draw_questions(5, 6, 50, 10, np.random.default_rng(0), share=0.8)
    np.testing.assert_array_equal(everything.patterns, drawn.patterns)
    np.testing.assert_array_equal(everything.asked, np.tile(np.arange(6), (5, 1)))
    for share, number in ((0.05, 0), (1.0, 10)):
        with pytest.raises(InputError, match=f"{share:g} of 10 cells has {number}, expected 1"):
            draw_questions(5, 6, 50, 10, np.random.default_rng(0), share=share)


def test_scores_are_those_of_each_pattern() -> None:
    drawn = draw_questions(2, 3, 50, 10, np.random.default_rng(0))
    states = drawn.targets.copy()
    states[0, 1] = drawn.cues[0, 1]
    scores = drawn.scores(states)
    np.testing.assert_array_equal(scores.recalled, [[1, 0, 1], [1, 1, 1]])
    np.testing.assert_array_equal(scores.completed, [[1, 0, 1], [1, 1, 1]])
    twice = drawn.scores(np.stack([states, drawn.cues]))
    np.testing.assert_array_equal(twice.recalled, scores.recalled / 2)


# Schedules


def test_the_tables_hold_what_is_shown_when() -> None:
    parameters, asked = small_pattern_sheet().parameters, questions(n_sequences=2)
    schedule = PatternSchedule(parameters, asked.patterns, asked.cues[:, :2], (0.1, 0.4))
    tables = schedule.tables()
    shown = tables["pattern_shown"]
    assert shown.shape == (MIN_TICKS, N_BLOCKS)
    expected = np.repeat([1, 0, 2, 0, 3, 0, 4, 0, 5], [15, 5, 15, 5, 15, 10, 10, 20, 10])
    np.testing.assert_array_equal(shown[: len(expected), 0], expected)
    assert not shown[len(expected) :].any()
    assert not shown[:, 2:].any()
    storing, recalling = tables["storing"][:, 1], tables["recalling"][:, 1]
    assert (storing.sum(), recalling.sum()) == (45, 20)
    assert not (storing * recalling).any()
    assert schedule.duration == pytest.approx(len(expected) * 0.01)
    rows = tables["patterns"].reshape(MIN_PATTERNS + 1, N_BLOCKS, N_CELLS)
    np.testing.assert_array_equal(rows[1:4, 1], asked.patterns[1])
    np.testing.assert_array_equal(rows[4:6, 1], asked.cues[1, :2])
    assert not rows[0].any()
    assert not rows[6:].any()
    assert not rows[:, 2:].any()


@pytest.mark.parametrize(("n_patterns", "rows"), [(32, 32), (33, 64)])
def test_tables_grow_with_the_patterns(n_patterns: int, rows: int) -> None:
    patterns = np.zeros((1, n_patterns, N_CELLS), dtype=bool)
    schedule = PatternSchedule(small_pattern_sheet().parameters, patterns, patterns[:, :0], ())
    assert schedule.structure()["n_patterns"] == rows


def test_a_schedule_without_patterns_and_cues_is_silent() -> None:
    nothing = np.zeros((1, 0, N_CELLS), dtype=bool)
    schedule = PatternSchedule(small_pattern_sheet().parameters, nothing, nothing, ())
    assert not any(table.any() for table in schedule.tables().values())
    assert schedule.duration == 0
    assert len(schedule.trials()) == 0


def test_refusals_of_schedules_and_weights(memory: PatternMemory) -> None:
    asked = questions()
    patterns, cues = asked.patterns, asked.cues
    many = np.concatenate([patterns, patterns])
    for arguments, message in (
        ((patterns[:0], cues[:0, :0], ()), "0 sequences, expected 1 to 4"),
        ((many, many[:, :0], ()), "8 sequences, expected 1 to 4"),
        (
            (patterns[:, :, :9], cues[:, :0], ()),
            "patterns have the shape (4, 3, 9), expected (4, n",
        ),
        ((patterns, cues[:2, :0], ()), "cues have the shape (2, 0, 40), expected (4, 0, 40)"),
        ((patterns, cues, (0.1,)), "cues have the shape (4, 3, 40), expected (4, 1, 40)"),
        ((patterns, cues[:, :1], (-0.1,)), "A cue comes -0.1 s after the last pattern"),
        ((patterns, cues[:, :2], (0.1, 0.15)), "0.15 s after the last pattern, expected 0.2 s"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            PatternSchedule(memory.parameters, *arguments)
    with pytest.raises(InputError, match=re.escape("(4, 2, 3), expected (4, 40, 40)")):
        memory.recall(np.zeros((4, 2, 3)), cues, 1.0, "r")
    with pytest.raises(InputError, match="patterns have the shape"):
        memory.ask(patterns[:, :, :-1], cues, "ask", (0.1,))


# Parameters


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells.v_reset": "21 mV"}, "cells.v_reset is 21 mV"),
        ({"inhibitory_cells.v_reset": "20 mV"}, "inhibitory_cells.v_reset is 20 mV"),
        ({"cells.n_active": "41"}, "cells.n_active is 41, expected at most cells.n (40)"),
        ({"presentation.pattern": "155 ms"}, "presentation.pattern is 155 ms, expected a multiple"),
        ({"presentation.settling_step": "15 ms"}, "presentation.settling_step is 15 ms"),
    ],
)
def test_contradictions_are_refused(changes: Mapping[str, str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        small_pattern_sheet().with_overrides(changes)


def test_weights_are_divided_among_the_cells_that_are_active_together() -> None:
    eight, four = (
        small_pattern_memory(cells__n_active=n).parameters.run_arguments() for n in (8, 4)
    )
    for name in ("recurrent.learning_rate", "cells_to_inhibitory.weight"):
        assert four[name] == pytest.approx(2 * eight[name])
    more = small_pattern_memory(inhibitory_cells__n=16).parameters.run_arguments()
    inhibition = "inhibitory_to_cells.weight"
    assert more[inhibition] == pytest.approx(eight[inhibition] / 2)


def test_the_circuit_is_within_reach_from_python() -> None:
    from brian2 import StateMonitor, ms, second

    from neurosim.circuits import pattern_memory

    asked = questions(n_sequences=2)
    circuit = pattern_memory.build(small_pattern_sheet(), 0, asked.patterns, asked.cues[:, 0])
    gates = StateMonitor(
        circuit.cells,
        ("learning", "transmission", "drive"),
        record=[0, N_CELLS, 2 * N_CELLS],
        dt=10 * ms,
        when="end",  # of a step, after the tables were read
    )
    circuit.run(0.72 * second, monitors=[gates])
    # The third block is shown nothing.
    np.testing.assert_array_equal(gates.learning.sum(axis=1), [45, 45, 0])
    np.testing.assert_array_equal(gates.transmission.sum(axis=1), [10, 10, 0])
    drives = np.round(np.asarray(gates.drive) * 1e3)
    assert set(drives[0, 60:70]) == {30 if asked.cues[0, 0, 0] else 18}
    assert set(drives[2]) == {13}
    synapses = circuit.recurrent
    assert len(synapses) == N_BLOCKS * N_CELLS * (N_CELLS - 1)
    source, target = np.asarray(synapses.i[:]), np.asarray(synapses.j[:])
    assert (source != target).all()
    assert (source // N_CELLS == target // N_CELLS).all()
    weights = np.asarray(synapses.w[:]).reshape(N_BLOCKS, -1).max(axis=1)
    assert weights[1] > 5e-4 > 1e-5 > weights[2]
    with pytest.raises(InputError, match="have the shape"):
        pattern_memory.build(small_pattern_sheet(), 0, asked.patterns[..., :9])
    with pytest.raises(InputError, match="'ba2016' is of 'associative_memory'"):
        pattern_memory.build(load_model("ba2016"))
