"""The k neurons with the largest input fire."""

from __future__ import annotations

import numpy as np

from neurosim.abstract.k_cap import k_cap


def test_the_largest_win_and_come_in_order() -> None:
    inputs = np.array([0.5, 3.0, 1.0, 2.0, 0.0])
    assert k_cap(inputs, 3, np.random.default_rng(0)).tolist() == [1, 3, 2]


def test_neurons_without_input_do_not_fire() -> None:
    inputs = np.array([0.0, 3.0, 0.0, 2.0])
    assert k_cap(inputs, 3, np.random.default_rng(0)).tolist() == [1, 3]
    assert k_cap(inputs, 9, np.random.default_rng(0)).tolist() == [1, 3]
    assert k_cap(np.zeros(4), 2, np.random.default_rng(0)).size == 0


def test_equal_ones_win_equally_often() -> None:
    generator = np.random.default_rng(1)
    inputs = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 0.5])
    n_draws = 4000
    wins = np.zeros(6)
    for _ in range(n_draws):
        wins[k_cap(inputs, 3, generator)] += 1
    assert wins[0] == n_draws
    assert wins[5] == 0
    # Two of four: probability 1/2, standard error .008.
    np.testing.assert_allclose(wins[1:5] / n_draws, 0.5, atol=0.04)
