"""The protocol of pattern recall: what each condition measures, beside the exact matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from invented_runs import invent_results, measured_in
from pattern_bench import PatternBench, small_pattern_memory, small_pattern_sheet

from neurosim.abstract.fast_weights import decay_factor
from neurosim.fast_weights.pattern_capacity import SIZES, TAU, of_size, pair_capacity
from neurosim.fast_weights.pattern_completion import (
    CUES,
    LOADED,
    PATTERNS,
    STEPS,
    active_share,
    exact_matrices,
    synapses_correlation,
)
from neurosim.fast_weights.pattern_examination import (
    FITTED_TAU,
    N_DRAWS,
    PatternExamination,
    beside,
    noise_of,
)
from neurosim.fast_weights.pattern_questions import Scores
from neurosim.fast_weights.recency import RECENCY_TAU, decay_per_pattern
from neurosim.fast_weights.spiking_pattern_memory import Recalled
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.simulation.job import Job
from neurosim.timeline import Timeline

PROTOCOL = load_protocol("pattern_recall")


def examination(n_sequences: int = 20, **changes: Any) -> PatternExamination:
    return PatternExamination(small_pattern_memory(**changes), n_sequences)


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Let random spikes and weights stand for simulations; return the jobs."""
    return invent_results(monkeypatch, {"pattern_memory": PatternBench()})


def measured(condition: str, **options: Any) -> Mapping[str, float]:
    return measured_in(PROTOCOL, small_pattern_sheet(), condition, **options)


# What is simulated


@pytest.mark.parametrize("condition", PROTOCOL.script.CONDITIONS)
def test_every_target_is_measured(condition: str, invented: list[Job]) -> None:
    targets = PROTOCOL.targets(PROTOCOL.script.Options())[condition]
    assert set(measured(condition, n_sequences=3)) == set(targets)


def test_the_control_differs_from_the_experiment_in_one_thing(invented: list[Job]) -> None:
    measured("main", n_sequences=3)
    intact = invented[-1]
    invented.clear()
    measured("without_learning", n_sequences=3)
    control = invented[-1]
    assert control.arguments["recurrent.learning_rate"] == 0
    rate = intact.arguments["recurrent.learning_rate"]
    assert {**control.arguments, "recurrent.learning_rate": rate} == intact.arguments
    assert all((control.tables[name] == table).all() for name, table in intact.tables.items())


def test_one_run_of_the_longest_cue_gives_every_number_of_steps(invented: list[Job]) -> None:
    values = measured("settling", n_sequences=3)
    cued = [job for job in invented if job.state][-1]
    assert cued.duration == pytest.approx(0.1 + STEPS[-1] * 0.05)
    assert len({values[f"completed_{n}_steps"] for n in STEPS}) == len(STEPS)


def test_cues_grow_and_patterns_stay(invented: list[Job]) -> None:
    measured("cue", n_sequences=2)
    stored = [job for job in invented if not job.state]
    cued = [job for job in invented if job.state]
    assert len(stored) == 2  # one for the fit of the noise
    # Two sequences of eight patterns fill four blocks four times.
    driven = [job.tables["patterns"].sum() / 4 for job in cued[-4 * len(CUES) :: 4]]
    assert driven == [int(share * 8) for share in CUES]
    assert len(cued) == 2 + len(CUES) * 2 * LOADED // 4


def test_memories_of_other_sizes_are_scaled() -> None:
    exam = examination()
    for n_cells in SIZES:
        parameters = of_size(exam, n_cells).memory.parameters
        assert parameters.cells.n_active == n_cells / 5
        assert parameters.inhibitory_cells.n == n_cells / 5
        assert parameters.recurrent.tau_fast == TAU
        total = parameters.run_arguments()["recurrent.learning_rate"] * parameters.cells.n_active
        assert total == pytest.approx(parameters.recurrent.learning_rate)


def test_the_time_constants_are_those_of_the_protocol(invented: list[Job]) -> None:
    measured("delay", n_sequences=2)
    taus = [job.arguments["recurrent.tau_fast"] for job in invented]
    assert set(taus) == {FITTED_TAU, RECENCY_TAU}
    waited = [job for job in invented if not job.state and job.tables["recalling"].any()]
    assert waited[0].duration == pytest.approx(4 * 0.2 - 0.05 + RECENCY_TAU + 0.1)


# What is measured


def test_the_exact_matrix_is_the_sum_of_decayed_outer_products() -> None:
    exam = examination(3, recurrent__tau_fast=0.8)
    questions = exam.questions(3)
    expected = np.zeros((3, 40, 40))
    for number in range(3):
        h = questions.patterns[:, number].astype(float)
        expected = np.exp(-0.2 / 0.8) * expected + h[:, :, None] * h[:, None, :]
    matrices = exact_matrices(exam.memory.parameters, questions.patterns)
    np.testing.assert_allclose(matrices, expected, atol=1e-12)
    assert synapses_correlation(exam, questions, matrices) == pytest.approx(1)
    assert abs(synapses_correlation(exam, questions, matrices[::-1])) < 0.5
    # What a circuit cannot have is left out.
    no_diagonal = matrices * ~np.eye(40, dtype=bool)
    assert synapses_correlation(exam, questions, no_diagonal) == pytest.approx(1)


def test_the_decay_from_pattern_to_pattern_is_found_in_the_weights() -> None:
    exam = examination(30, recurrent__tau_fast=1.5)
    questions = exam.questions(5)
    weights = 1e-4 * exact_matrices(exam.memory.parameters, questions.patterns)
    found = decay_per_pattern(questions, weights)
    assert found == pytest.approx(float(decay_factor(0.2, 1.5)), rel=1e-9)
    assert math.isnan(decay_per_pattern(questions, np.zeros_like(weights)))


def test_noise_is_found_again_and_infinite_where_nothing_is_recalled() -> None:
    exam = examination(40)
    questions = exam.questions(4)
    share = float(exam.exact_scores(questions, 0.13, delay=3.0).recalled.mean())
    assert 0.1 < share < 0.9
    assert noise_of(exam, questions, 3.0, share) == pytest.approx(0.13, abs=0.005)
    assert noise_of(exam, questions, 3.0, 0.0) == math.inf
    assert exam.exact_scores(questions, math.inf).recalled.mean() < 0.05
    assert noise_of(exam, questions, 3.0, 1.0) == 0


def test_the_exact_matrix_forgets_with_delay_and_settles_with_steps() -> None:
    exam = examination(40)
    questions = exam.questions(4, share=0.3)
    noise = 0.15
    soon, late = (
        exam.exact_scores(questions, noise, delay).completed.mean() for delay in (0.05, 8.0)
    )
    assert soon > late + 0.3
    one, four = (exam.exact_scores(questions, noise, n_steps=n).recalled.mean() for n in (1, 4))
    assert four > one + 0.1
    # Means over several draws of the noise.
    scores = exam.exact_scores(questions, noise)
    assert np.isin(scores.recalled * N_DRAWS, range(N_DRAWS + 1)).all()
    assert len(np.unique(scores.recalled)) > 2


def test_cells_are_active_that_fire_half_as_fast_as_those_of_the_cue() -> None:
    exam = examination(2)
    questions = exam.questions(1)
    rates = np.zeros((2, 2, 1, 40))
    rates[1][questions.cues] = 80
    rates[1][questions.targets & ~questions.cues] = 50
    rates[1, 0, 0, np.flatnonzero(~questions.targets[0, 0])[:4]] = [45, 41, 39, 20]
    silent = {"cells": SpikeTrains(40, np.zeros(0), np.zeros(0))}
    recalled = Recalled(rates, Recording(silent, Timeline(()).table(), 1.0, {}, ""))
    assert active_share(exam, questions, recalled) == pytest.approx((10 + 8) / 2 / 8)


def test_scores_stand_beside_each_other() -> None:
    circuit = Scores(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 0.5], [1.0, 1.0]]))
    matrix = Scores(np.array([[0.5, 0.5], [1.0, 0.0]]), np.zeros((2, 2)))
    assert beside("x", circuit, matrix) == {
        "recalled_x": 0.75,
        "completed_x": 0.875,
        "matrix_recalled_x": 0.5,
        "matrix_completed_x": 0.0,
    }
    assert beside("x", circuit, matrix, 1)["recalled_x"] == 0.5


def test_the_key_value_matrix_holds_more_pairs_with_more_cells() -> None:
    few, more = (pair_capacity(of_size(examination(10), n)) for n in (50, 100))
    assert 15 < few < more < 120


def test_the_targets_are_those_of_each_condition() -> None:
    targets = PROTOCOL.targets(PROTOCOL.script.Options())
    for n in PATTERNS:
        target = targets["main"][f"difference_{n}"]
        assert (target.mean_low, target.mean_high) == (-0.05, 0.05)
    at_chance = targets["without_learning"]["completed_2"]
    assert at_chance.low is not None and at_chance.high is not None
    cells = load_model(PROTOCOL.script.MODEL).parameters.cells
    missing = cells.n_active - cells.n_active // 2
    assert at_chance.low < missing / (cells.n - cells.n_active // 2) < at_chance.high


@pytest.mark.slow
def test_the_circuit_of_the_sheet_stands_beside_the_exact_matrix() -> None:
    import neurosim as ns

    run = ns.run("pattern_recall", overrides={"protocol.n_sequences": "16"})
    values = {row.name: row.value for row in run.rows}
    assert values["recalled_4"] > 0.95
    assert values["correlation_16"] > 0.99
    assert abs(values["difference_8"]) < 0.12
    assert 0.8 < values["active_16"] < 1.3
