"""What fast weights hold: pairs of random keys, and patterns recalled from a part."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.fast_weights import FastWeights, decay_factor
from neurosim.abstract.fly_hash import top_units
from neurosim.abstract.memory_capacity import capacity, pair_accuracy, pattern_accuracy
from neurosim.abstract.pattern_recall import completed_share, is_recalled, recall
from neurosim.errors import InputError
from neurosim.fast_weights.key_value_codes import gaussian_keys, sparse_codes
from neurosim.stimuli import disjoint_codes, part_of


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def dense_accuracy(n_cells: int, n_pairs: int, **options: float) -> float:
    drawn = generator(n_cells * n_pairs)
    n_sequences = max(4, 4000 // n_pairs)
    return pair_accuracy(
        n_pairs, lambda n: gaussian_keys(n, n_cells, drawn), n_sequences, drawn, **options
    )


# Pairs


@pytest.mark.parametrize(
    ("n_cells", "n_pairs", "measured"),
    [
        (50, 26, 0.987),
        (50, 50, 0.916),
        (50, 100, 0.730),
        (100, 50, 0.991),
        (20, 8, 0.995),
        (20, 16, 0.947),
        (20, 26, 0.863),
    ],
)
def test_random_keys_give_the_accuracies_of_the_evidence(
    n_cells: int, n_pairs: int, measured: float
) -> None:
    # Measured there without saying of what kind the keys are. Gaussian keys of length 1 without
    # decay or noise give these numbers. Three standard errors of 1000 answers.
    tolerance = 3 * (measured * (1 - measured) / 1000) ** 0.5
    assert dense_accuracy(n_cells, n_pairs) == pytest.approx(measured, abs=tolerance)


def test_decay_and_noise_cost_accuracy() -> None:
    assert dense_accuracy(50, 26, left_per_pair=0.95) == pytest.approx(0.914, abs=0.02)
    assert dense_accuracy(50, 26, noise_sd=0.3) < dense_accuracy(50, 26) - 0.05


def test_orthogonal_keys_have_no_capacity_but_their_number() -> None:
    keys = disjoint_codes(26, 260, 10, generator())
    accuracies = [pair_accuracy(n, lambda n: keys[:n], 3, generator()) for n in (1, 8, 26)]
    assert accuracies == [1, 1, 1]
    assert capacity(lambda n: pair_accuracy(n, lambda n: keys[:n], 3, generator()), 26) == 26


def test_the_capacity_for_dense_keys_grows_as_their_cells() -> None:
    drawn = generator()

    def pairs_held(n_cells: int) -> float:
        return capacity(
            lambda n: pair_accuracy(
                n, lambda m: gaussian_keys(m, n_cells, drawn), max(3, 500 // n), drawn
            ),
            1000,
        )

    per_cell = [pairs_held(n_cells) / n_cells for n_cells in (20, 80)]
    assert per_cell == pytest.approx([1.12, 1.12], rel=0.15)


@pytest.mark.parametrize(("highest", "expected"), [(1000, 200), (150, 150), (1, 1)])
def test_the_capacity_is_where_the_accuracy_crosses_the_criterion(
    highest: int, expected: float
) -> None:
    found = capacity(lambda n: 1 - n / 2000, highest)
    assert found == pytest.approx(expected)
    assert isinstance(found, float)


def test_the_capacity_lies_between_whole_numbers() -> None:
    assert capacity({1: 1.0, 2: 0.95, 3: 0.75, 4: 0.2}.__getitem__, 50) == pytest.approx(2.25)
    assert capacity(lambda n: 0.7 if n > 1 else 1.0, 50, criterion=0.85) == pytest.approx(1.5)
    assert capacity(lambda n: 0.8, 50) == 0
    with pytest.raises(InputError, match="highest number of items is 0, expected 1 or more"):
        capacity(lambda n: 1.0, 0)


# Patterns


def some_patterns(n_patterns: int, share: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    drawn = generator(1)
    stored = sparse_codes(n_patterns, 200, 20, drawn)
    return stored, np.array([part_of(pattern, share, drawn) for pattern in stored])


@pytest.mark.parametrize("n_steps", [1, 3])
def test_recall_is_that_of_the_matrix(n_steps: int) -> None:
    stored, cues = some_patterns(15)
    memory = FastWeights(1, 200, 200, tau_fast=2.0)
    for pattern in stored.astype(float):
        memory.decay(0.1)
        memory.store(pattern[np.newaxis], pattern[np.newaxis], rate=1 / 20)
    states = cues
    for _ in range(n_steps):
        states = top_units(np.round(cues + states @ memory.matrix[0], 9), 20)
    left = decay_factor(0.1 * np.arange(15)[::-1], 2.0)
    settled = recall(stored, left, cues, n_steps, 0.0, generator())
    assert (settled & states).sum() >= 0.99 * states.sum()  # but for ties of rounded sums


def test_a_few_patterns_are_recalled_exactly_from_half() -> None:
    stored, cues = some_patterns(5)
    states = recall(stored, np.ones(5), cues, 1, 0.0, generator())
    assert (states == stored).all()
    assert (completed_share(states, stored, cues) == 1).all()
    assert (completed_share(cues, stored, cues) == 0).all()


def test_a_pattern_that_was_not_stored_is_not_completed() -> None:
    stored, cues = some_patterns(6)
    states = recall(stored[:5], np.ones(5), cues[5:], 3, 0.0, generator())
    assert not is_recalled(states, stored[5:]).any()
    assert completed_share(states, stored[5:], cues[5:]) < 0.5


def test_settling_makes_up_for_noise() -> None:
    by_steps = [
        pattern_accuracy(
            10, 400, 20, 5, generator(), cued_share=0.3, n_steps=n_steps, noise_sd=0.15
        )
        for n_steps in (1, 2, 5)
    ]
    assert by_steps[0] < 0.2
    assert by_steps[0] + 0.3 < by_steps[1] < by_steps[2]
    assert by_steps[2] > 0.95


def test_recent_patterns_outlive_old_ones() -> None:
    drawn = generator()
    stored = sparse_codes(60, 200, 20, drawn)
    cues = np.array([part_of(pattern, 0.5, drawn) for pattern in stored])
    left = decay_factor(np.arange(60)[::-1], 12.0)
    recalled = is_recalled(recall(stored, left, cues, 3, 0.02, drawn), stored)
    assert recalled[-10:].mean() >= 0.9
    assert recalled[:30].mean() <= 0.2


def test_more_patterns_fit_into_more_cells() -> None:
    def patterns_held(n_cells: int) -> float:
        drawn = generator()
        return capacity(
            lambda n: pattern_accuracy(
                n, n_cells, n_cells // 10, max(2, 60 // n), drawn, cued_share=0.5, n_steps=2
            ),
            100,
        )

    few, more = patterns_held(60), patterns_held(260)
    assert few < 20
    assert 25 < more < 45


def test_decay_keeps_the_recent_patterns_only() -> None:
    with_decay, without = (
        pattern_accuracy(
            30, 260, 26, 2, generator(), cued_share=0.5, n_steps=2, left_per_pattern=left
        )
        for left in (0.8, 1.0)
    )
    assert without > 0.8
    assert with_decay < 0.6


def test_a_pattern_counts_as_recalled_with_nine_tenths_of_its_cells() -> None:
    stored = np.zeros((3, 40), dtype=bool)
    stored[:, :20] = True
    states = np.zeros_like(stored)
    for row, n_right in enumerate((17, 18, 20)):
        states[row, :n_right] = True
        states[row, 20 : 40 - n_right] = True
    assert is_recalled(states, stored).tolist() == [False, True, True]


def test_recall_of_no_step_or_of_unequal_patterns_is_refused() -> None:
    stored, cues = some_patterns(3)
    with pytest.raises(InputError, match="settling steps is 0, expected 1 or more"):
        recall(stored, np.ones(3), cues, 0, 0.0, generator())
    stored[1, np.flatnonzero(stored[1])[:4]] = False
    with pytest.raises(InputError, match="have 16 to 20 active cells, expected the same number"):
        recall(stored, np.ones(3), cues, 1, 0.0, generator())
