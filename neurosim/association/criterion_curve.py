"""The fraction of pair-coding units as a curve over the criterion of a response.

What counts as a response is a choice, and the fraction follows it: a curve shows how far a number
measured by one criterion says anything about another.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from neurosim import statistics as st
from neurosim.association.assemblies import find_assembly
from neurosim.association.pair_coding import POPULATION, pair_coding
from neurosim.recording import Recording


def pair_coding_by_median(
    recording: Recording, directions: Sequence[tuple[str, str]], min_medians: Sequence[float]
) -> np.ndarray:
    """Return the fraction over the least median number of spikes of a response.

    The rest of the criterion is that of `neurosim.statistics.ResponseCriterion`: the paper's is the
    point at 2 spikes (Ison et al. 2015, unverified).

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and ``after``.
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.
    min_medians : sequence of float
        Spikes in the response window of .5 s.

    Returns
    -------
    ndarray of float, shape (n_criteria,)
        `neurosim.association.pair_coding.pair_coding`; not a number where no unit could become
        pair-coding.
    """

    @cache
    def evoked(stimulus: str, phase: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the median spikes of every cell, and whether they exceed the baseline."""
        trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
        response, baseline = st.response_and_baseline(recording, POPULATION, trials)
        exceeds = st.meets_criterion(response, baseline, st.ResponseCriterion(min_median=0))
        return np.median(response, axis=0), exceeds

    def fraction(min_median: float) -> float:
        def who(_: Recording, stimulus: str, phase: str) -> np.ndarray:
            median, exceeds = evoked(stimulus, phase)
            responds: np.ndarray = exceeds & (median >= min_median)
            return responds

        return pair_coding(recording, directions, who)

    return np.array([fraction(min_median) for min_median in min_medians])


def pair_coding_by_rate(
    recording: Recording, directions: Sequence[tuple[str, str]], rates: Sequence[float]
) -> np.ndarray:
    """Return the fraction over the rate that a response has in at least half of the tests.

    The response is the membership of an assembly, `neurosim.association.assemblies.find_assembly`.

    Parameters
    ----------
    recording, directions
        As in `pair_coding_by_median`.
    rates : sequence of float
        Hz. Spikes in .5 s are counted, so that only every 2 Hz are a new criterion.

    Returns
    -------
    ndarray of float, shape (n_criteria,)
        As `pair_coding_by_median`.
    """

    def fraction(rate: float) -> float:
        @cache
        def members(stimulus: str, phase: str) -> np.ndarray:
            return find_assembly(recording, stimulus, phase, rate)

        return pair_coding(recording, directions, lambda _, *shown: members(*shown))

    return np.array([fraction(rate) for rate in rates])
