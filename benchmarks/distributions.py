"""How far the activity of two networks agrees: distributions over neurons, and their distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

SETTLING = 0.5  # s that are left out: several times the longest time constant, the adaptation's
MIN_INTERVALS = 5  # fewer make no coefficient of variation
BIN = 0.1  # s, in which spikes are counted for correlations
N_CORRELATED = 200  # the first neurons; 19 900 pairs


def statistics(
    units: np.ndarray, times: np.ndarray, n_units: int, duration: float
) -> dict[str, np.ndarray]:
    """Return rates, coefficients of variation and correlations of a population.

    Parameters
    ----------
    units : ndarray of int, shape (n_spikes,)
    times : ndarray of float, shape (n_spikes,)
        Seconds.
    n_units : int
    duration : float
        Seconds; the first `SETTLING` are left out.

    Returns
    -------
    dict of str to ndarray
        ``"rate"`` of every neuron, Hz; ``"CV of intervals"`` of every neuron with at least
        `MIN_INTERVALS`; ``"correlation"`` of the spike counts of all pairs among the first
        `N_CORRELATED` neurons that fire (and not equally often in every bin).
    """
    late = times >= SETTLING
    units, times = units[late], times[late]
    order = np.lexsort((times, units))
    units, times = units[order], times[order]
    counts = np.bincount(units, minlength=n_units)
    trains = np.split(times, np.cumsum(counts)[:-1])
    intervals = [np.diff(train) for train in trains if len(train) > MIN_INTERVALS]
    edges = np.arange(SETTLING, duration + BIN / 2, BIN)
    firing = np.flatnonzero(counts)[:N_CORRELATED]
    binned = np.array([np.histogram(trains[k], edges)[0] for k in firing])
    binned = binned[binned.std(axis=1) > 0] if len(binned) else binned
    pairs = np.triu_indices(len(binned), 1)
    return {
        "rate": counts / (duration - SETTLING),
        "CV of intervals": np.array([x.std() / x.mean() for x in intervals]),
        "correlation": np.corrcoef(binned)[pairs] if len(binned) > 1 else np.array([]),
    }


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples, 0 to 1."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(first, second).statistic)


@dataclass(frozen=True)
class Agreement:
    """Distances of a statistic between pairs of seeds.

    Parameters
    ----------
    within : ndarray of float
        Between two seeds of the same simulator, of both simulators.
    between : ndarray of float
        Between a seed of the one and a seed of the other.
    """

    within: np.ndarray
    between: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether simulators are no further apart than seeds: the median is within their range."""
        return bool(np.median(self.between) <= self.within.max())


def agreement(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> Agreement:
    """Compare the samples of two simulators, one for each seed."""
    within = [distance(a, b) for own in (first, second) for a, b in combinations(own, 2)]
    between = [distance(a, b) for a, b in product(first, second)]
    return Agreement(np.array(within), np.array(between))
