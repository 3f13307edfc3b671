"""Units that come to fire to a second picture: who responds before, after, and to what else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.assemblies import find_assemblies, pair_overlaps
from neurosim.recording import Recording

POPULATION = "excitatory"
BEFORE, AFTER = "before", "after"


def responders(recording: Recording, stimulus: str, phase: str) -> np.ndarray:
    """Return which excitatory cells respond to a stimulus in a phase.

    The criterion is that of `neurosim.statistics.ResponseCriterion`.

    Returns
    -------
    ndarray of bool, shape (n_units,)
    """
    trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
    return st.responsive_units(recording, POPULATION, trials)


def pair_coding(recording: Recording, own: str, partner: str) -> float:
    """Return the share of pair-coding units.

    Of the units that respond to their own picture and not to its partner before learning, those
    that respond to the partner after it.

    Parameters
    ----------
    recording : Recording
        With tests of single stimuli in the phases ``before`` and ``after``.
    own, partner : str
    """
    return st.pair_coding_fraction(
        responders(recording, own, BEFORE),
        responders(recording, partner, BEFORE),
        responders(recording, partner, AFTER),
    )


def describe_link(
    recording: Recording, singles: Sequence[str], generator: np.random.Generator
) -> dict[str, float]:
    """Measure what learning did to the units of a pair, and what it left alone.

    Parameters
    ----------
    recording : Recording
        With tests of single stimuli in the phases ``before`` and ``after``.
    singles : sequence of str
        P, NP, then those that are not associated.
    generator : numpy.random.Generator
        Draws the shuffled labels.

    Returns
    -------
    dict of str to float
        ``pair_coding_p_to_np`` and ``pair_coding_np_to_p``; ``kept`` (units that still respond to
        their own picture, the smaller share of both); ``na_rate_change`` (of the P units' mean
        rate to a picture that is not associated, Hz, the largest absolute value) and ``na_units``
        (share of P units that come to respond to one, the largest); ``p_rate_after``,
        ``np_rate_before`` and ``np_rate_after`` (of all P units, Hz); ``shuffled_pair_coding``
        (the larger of both directions); ``pair_overlap_after`` and ``unassociated_overlap_after``
        (shared cells of the pair's assemblies, and of all others in the mean, each as a share of
        the smaller assembly).
    """
    p, partner, *others = singles
    before = {name: responders(recording, name, BEFORE) for name in singles}
    after = {name: responders(recording, name, AFTER) for name in singles}
    own = before[p]

    def fraction(first: str, second: str) -> float:
        return st.pair_coding_fraction(before[first], before[second], after[second])

    shuffled = [
        st.shuffled_label_pair_coding(
            recording,
            POPULATION,
            recording.trial_table.where(phase=BEFORE),
            recording.trial_table.where(phase=AFTER),
            first,
            second,
            generator,
        )
        for first, second in ((p, partner), (partner, p))
    ]
    changes = [
        mean_rate(recording, own, name, AFTER) - mean_rate(recording, own, name, BEFORE)
        for name in others
    ]
    kept = [st.kept_fraction(before[name], after[name]) for name in (p, partner)]
    assemblies = find_assemblies(recording, singles, AFTER)
    return {
        "pair_coding_p_to_np": fraction(p, partner),
        "pair_coding_np_to_p": fraction(partner, p),
        # NumPy's minimum and maximum keep what is not a number.
        "kept": float(np.min(kept)),
        "na_rate_change": float(np.max(np.abs(changes))),
        "na_units": float(np.max([fraction(p, name) for name in others])),
        "p_rate_after": mean_rate(recording, own, p, AFTER),
        "np_rate_before": mean_rate(recording, own, partner, BEFORE),
        "np_rate_after": mean_rate(recording, own, partner, AFTER),
        "shuffled_pair_coding": float(np.max(shuffled)),
        "pair_overlap_after": st.overlap(assemblies[p], assemblies[partner]),
        "unassociated_overlap_after": float(
            np.mean(pair_overlaps(assemblies, singles, without=(p, partner)))
        ),
    }


def mean_rate(recording: Recording, units: np.ndarray, stimulus: str, phase: str) -> float:
    """Return the mean rate of some cells to a stimulus in a phase, Hz; NaN without cells."""
    if not units.any():
        return float("nan")
    trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
    return float(st.rates(recording, POPULATION, trials)[:, units].mean())
