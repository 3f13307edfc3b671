"""Draws for large random graphs, against the distributions that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.binomial_draws import (
    bernoulli_positions,
    binomial_pmf,
    largest_binomials,
    quantile_of_tail,
)


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (50, 0.02), (50, 0.5), (300, 0.97), (20, 1.0)])
def test_positions_are_independent_events(n: int, p: float) -> None:
    generator = np.random.default_rng(3)
    n_draws = 2000
    count = np.zeros(n)
    sizes = []
    for _ in range(n_draws):
        positions = bernoulli_positions(n, p, generator)
        assert (np.diff(positions) > 0).all()
        assert positions.size == 0 or 0 <= positions[0] <= positions[-1] < n
        count[positions] += 1
        sizes.append(len(positions))
    variance = p * (1 - p)
    assert (np.abs(count / n_draws - p) <= 4.5 * np.sqrt(variance / n_draws)).all()
    assert abs(np.mean(sizes) - n * p) <= 4 * np.sqrt(n * variance / n_draws)
    # Independent events make a binomial number of them.
    assert np.var(sizes) == pytest.approx(n * variance, rel=0.2, abs=1e-12)


def test_nothing_to_choose_from() -> None:
    assert bernoulli_positions(0, 0.3, np.random.default_rng(0)).size == 0


@pytest.mark.parametrize(("n", "p"), [(0, 0.3), (1, 0.3), (317, 0.01), (3000, 0.4), (12, 1.0)])
def test_probabilities_are_those_of_scipy(n: int, p: float) -> None:
    from scipy.stats import binom

    np.testing.assert_allclose(
        binomial_pmf(n, p), binom.pmf(np.arange(n + 1), n, p), rtol=1e-8, atol=1e-300
    )


def test_quantiles_are_those_of_scipy() -> None:
    from scipy.stats import binom

    tails = np.array([1e-12, 1e-6, 3e-3, 0.2, 0.7, 0.999])
    expected = binom.isf(tails, 317, 0.01)
    assert quantile_of_tail(tails, 317, 0.01).tolist() == expected.tolist()


def test_largest_are_those_of_many_draws() -> None:
    # P(the largest <= x) = P(X <= x)^n, and by counting for the tenth.
    from scipy.stats import binom

    generator = np.random.default_rng(4)
    n_draws, n_trials, p, repetitions = 5000, 100, 0.05, 4000
    drawn = np.array(
        [largest_binomials(n_draws, 10, n_trials, p, generator) for _ in range(repetitions)]
    )
    assert (np.diff(drawn, axis=1) <= 0).all()
    for x in range(12, 20):
        at_most = binom.cdf(x, n_trials, p)
        beyond = binom.sf(x, n_trials, p)
        for column, expected in (
            (0, at_most**n_draws),
            (9, binom.cdf(9, n_draws, beyond)),  # fewer than ten are larger than x
        ):
            error = 4.5 * np.sqrt(expected * (1 - expected) / repetitions) + 1e-6
            assert abs(np.mean(drawn[:, column] <= x) - expected) < error


def test_all_of_them_are_a_sample() -> None:
    generator = np.random.default_rng(5)
    drawn = np.concatenate([largest_binomials(40, 40, 30, 0.2, generator) for _ in range(500)])
    counts = np.bincount(drawn, minlength=31)
    expected = binomial_pmf(30, 0.2) * len(drawn)
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(expected) + 1).all()


def test_no_trials_give_nothing() -> None:
    assert largest_binomials(10, 3, 0, 0.1, np.random.default_rng(0)).tolist() == [0, 0, 0]
