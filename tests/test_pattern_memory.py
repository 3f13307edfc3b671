"""The recurrent fast-weight memory: its weights, what it recalls, and what destroys that."""

from __future__ import annotations

import numpy as np
import pytest
from pattern_bench import N_ACTIVE, N_CELLS, disjoint_patterns, halves, small_pattern_memory

from neurosim.errors import InputError
from neurosim.fast_weights.spiking_pattern_memory import PatternMemory


def within_and_between(weights: np.ndarray, shown: np.ndarray) -> tuple[float, float]:
    """Return the mean weight between cells of one pattern, and between those of two."""
    first, second = shown[0, 0], shown[0, 1]
    pairs = ~np.eye(N_ACTIVE, dtype=bool)
    within = weights[:, first][:, :, first][:, pairs].mean()
    return float(within), float(weights[:, first][:, :, second].mean())


@pytest.fixture(scope="module")
def memory() -> PatternMemory:
    return small_pattern_memory()


def test_cells_that_fire_together_are_wired_both_ways(memory: PatternMemory) -> None:
    shown = disjoint_patterns(2)
    weights = memory.store(shown, "store")
    within, between = within_and_between(weights, shown)
    assert within > 10 * abs(between)
    assert np.corrcoef(weights.ravel(), weights.swapaxes(1, 2).ravel())[0, 1] > 0.99
    assert not np.einsum("bii->bi", weights).any()


def test_older_patterns_are_weaker_by_the_decay(memory: PatternMemory) -> None:
    shown = disjoint_patterns(4)
    weights = memory.changed(recurrent__tau_fast=1.0).store(shown, "store")
    pairs = ~np.eye(N_ACTIVE, dtype=bool)
    left = [weights[:, shown[0, k]][:, :, shown[0, k]][:, pairs].mean() for k in range(4)]
    interval = memory.parameters.presentation.interval
    assert np.diff(np.log(left)).mean() == pytest.approx(interval / 1.0, rel=0.15)


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


def test_decay_by_exact_law_is_the_simulated_one(memory: PatternMemory) -> None:
    """While a memory waits it does not learn, so both differ by noise alone."""
    shown = disjoint_patterns(2)
    cues, missing = halves(shown), shown & ~halves(shown)
    simulated = memory.ask(shown, cues, "ask", (1.0, 1.0 + memory.parameters.presentation.query))
    exact = memory.recall(memory.store(shown, "ask"), cues, 1.0, "recall")
    means = [float(found.cell_rates[-1][missing].mean()) for found in (simulated, exact)]
    assert means[0] == pytest.approx(means[1], rel=0.2)


def test_weights_and_cues_of_a_wrong_size_are_refused(memory: PatternMemory) -> None:
    with pytest.raises(InputError, match=r"The weights have the shape \(4, 3, 3\), expected"):
        memory.recall(np.zeros((4, 3, 3)), disjoint_patterns(1), 0.1, "recall")
    with pytest.raises(InputError):
        memory.ask(disjoint_patterns(1)[:, :, : N_CELLS - 1], disjoint_patterns(1), "ask", (0.1,))
