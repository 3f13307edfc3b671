"""Random draws for large random graphs, exact and without a number for every synapse."""

from __future__ import annotations

import math

import numpy as np


def bernoulli_positions(n: int, p: float, generator: np.random.Generator) -> np.ndarray:
    """Return which of n independent events with probability p occur.

    Parameters
    ----------
    n : int
    p : float
        Above 0 and up to 1.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int64
        Indices from 0 to n - 1 in ascending order. The time that this takes is that of n p draws:
        the gaps between events are geometric.
    """
    expected = n * p
    # Rarely too few, and then there is a second batch.
    batch = int(expected + 6 * math.sqrt(expected) + 10)
    positions = np.cumsum(generator.geometric(p, batch)) - 1
    while positions[-1] < n - 1:
        more = np.cumsum(generator.geometric(p, batch)) + positions[-1]
        positions = np.concatenate([positions, more])
    return positions[: np.searchsorted(positions, n)]


def largest_binomials(
    n_draws: int, n_largest: int, n_trials: int, p: float, generator: np.random.Generator
) -> np.ndarray:
    """Return the largest of many independent binomial numbers.

    Parameters
    ----------
    n_draws : int
        How many numbers there are.
    n_largest : int
        How many of them are wanted, at most `n_draws`.
    n_trials, p : int, float
        Of each number's distribution.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n_largest,)
        In descending order.

    Notes
    -----
    The largest of n uniform numbers is ``v**(1/n)`` with uniform v, the next one is that times
    ``v**(1/(n - 1))`` with another v, and so on (Devroye 1986, Non-uniform random variate
    generation, V.3). A number is binomial if it is the quantile of a uniform one.
    """
    remaining = n_draws - np.arange(n_largest)
    log_uniform = np.cumsum(-generator.exponential(size=n_largest) / remaining)
    upper_tail = -np.expm1(log_uniform)
    return quantile_of_tail(upper_tail, n_trials, p)


def quantile_of_tail(upper_tail: np.ndarray, n_trials: int, p: float) -> np.ndarray:
    """Return the largest x with ``P(X >= x) > q`` of a binomial X, for each q.

    Parameters
    ----------
    upper_tail : ndarray of float
        The q, from 0 to below 1.
    n_trials, p : int, float
        Of the distribution.

    Returns
    -------
    ndarray of int64
    """
    # Summed from the smallest terms on, for small tails are what is asked for.
    at_least = np.cumsum(binomial_pmf(n_trials, p)[::-1])
    quantile: np.ndarray = n_trials - np.searchsorted(at_least, upper_tail, side="right")
    quantile[quantile < 0] = 0
    return quantile


def binomial_pmf(n_trials: int, p: float) -> np.ndarray:
    """Return the probability of 0 to `n_trials` successes, shape (n_trials + 1,)."""
    if p == 1:
        return np.append(np.zeros(n_trials), 1.0)
    successes = np.arange(1, n_trials + 1)
    steps = np.log((n_trials - successes + 1) / successes) + math.log(p) - math.log1p(-p)
    pmf: np.ndarray = np.exp(n_trials * math.log1p(-p) + np.append(0.0, np.cumsum(steps)))
    return pmf
