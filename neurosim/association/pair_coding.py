"""Units that come to fire to a second stimulus: who responds before, after, and to what else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.association.assemblies import find_assemblies, find_assembly, pair_overlaps
from neurosim.association.paired_stimuli import Pair
from neurosim.recording import Recording
from neurosim.scorecard import reported

POPULATION = "excitatory"
BEFORE, AFTER = "before", "after"
# Second criterion of an assembly's members, Hz. Calibrated on a prototype: there the cells above it
# overlap by 3-5 %, as De Falco et al. 2016 (unverified) report of concepts, while 40 % of the units
# code for the pair. It was chosen after the fact.
STRONG_RATE = 30.0
FALCO, POKORNY = "De Falco 2016", "Pokorny et al. 2020"
OVERLAPS = {
    **reported(f"{FALCO}: .04", "unverified", pair_overlap_after="P and NP, at 10 Hz"),
    **reported(f"{FALCO}: .04", "unverified", pair_overlap_after_30_hz="P and NP, at 30 Hz"),
    **reported("n1*n2/n", "derived", pair_overlap_to_chance="P and NP, divided by chance"),
    **reported(POKORNY, "published", recruited_overlap="P and NP, cells of none before"),
    **reported(POKORNY, "published", recruited="P or NP, cells of none before"),
    **reported(f"{FALCO}: < .01", "unverified", unassociated_overlap_after="others, at 10 Hz"),
}
"""What `describe_overlap` measures, without targets."""

Responders = Callable[[Recording, str, str], np.ndarray]
"""Takes a recording, a stimulus and a phase; returns which cells respond, shape (n_units,)."""


def responders(recording: Recording, stimulus: str, phase: str) -> np.ndarray:
    """Return which excitatory cells respond to a stimulus in a phase.

    The criterion is that of `neurosim.statistics.ResponseCriterion`.

    Returns
    -------
    ndarray of bool, shape (n_units,)
    """
    trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
    return st.responsive_units(recording, POPULATION, trials)


def pair_coding_units(
    recording: Recording, own: str, partner: str, who: Responders = responders
) -> tuple[np.ndarray, np.ndarray]:
    """Return the units that could become pair-coding, and those that did.

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and ``after``.
    own, partner : str
    who : callable
        The criterion of a response.

    Returns
    -------
    eligible : ndarray of bool, shape (n_units,)
        They respond to their own stimulus and not to its partner before learning.
    coding : ndarray of bool, shape (n_units,)
        Of these, the ones that respond to the partner after it.
    """
    eligible = who(recording, own, BEFORE) & ~who(recording, partner, BEFORE)
    return eligible, eligible & who(recording, partner, AFTER)


def pair_coding(
    recording: Recording, directions: Sequence[tuple[str, str]], who: Responders = responders
) -> float:
    """Return the share of pair-coding units.

    Parameters
    ----------
    recording, who
        As in `pair_coding_units`.
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    float
        Not a number if no unit could become pair-coding.
    """
    found = [pair_coding_units(recording, own, partner, who) for own, partner in directions]
    n_eligible = sum(int(eligible.sum()) for eligible, _ in found)
    n_coding = sum(int(coding.sum()) for _, coding in found)
    return n_coding / n_eligible if n_eligible else float("nan")


def describe_link(
    recording: Recording,
    singles: Sequence[str],
    pairs: Sequence[Pair],
    generator: np.random.Generator,
) -> dict[str, float]:
    """Measure what learning did to the units of the pairs, and what it left alone.

    Parameters
    ----------
    recording : Recording
        With tests of single stimuli in the phases ``before`` and ``after``.
    singles : sequence of str
    pairs : sequence of Pair
        Of the singles, those that were associated.
    generator : numpy.random.Generator
        Draws the shuffled labels.

    Returns
    -------
    dict of str to float
        ``pair_coding_p_to_np`` and ``pair_coding_np_to_p`` (units of all pairs pooled) and
        ``pair_coding_smallest`` and ``pair_coding_largest`` (of any pair and direction);
        ``pair_coding_10_hz`` (both directions pooled, a response being 10 Hz in half of the
        tests); ``kept`` (units that still respond to their own stimulus, the smallest share);
        ``na_units`` (share of the units that come to respond to a stimulus that is not associated,
        the largest); ``shuffled_pair_coding`` (the largest of any pair and direction).
    """
    # Who responds to what is asked many times over.
    answers = {
        (stimulus, phase): responders(recording, stimulus, phase)
        for stimulus in singles
        for phase in (BEFORE, AFTER)
    }

    def known(_: Recording, stimulus: str, phase: str) -> np.ndarray:
        return answers[stimulus, phase]

    def members(of: Recording, stimulus: str, phase: str) -> np.ndarray:
        return find_assembly(of, stimulus, phase)

    directions = [direction for pair in pairs for direction in pair.directions]
    each = [pair_coding(recording, [direction], known) for direction in directions]
    strangers = [
        (own, other)
        for own, partner in directions
        for other in singles
        if other not in (own, partner)
    ]
    shuffled = [
        st.shuffled_label_pair_coding(
            recording,
            POPULATION,
            recording.trial_table.where(phase=BEFORE),
            recording.trial_table.where(phase=AFTER),
            own,
            partner,
            generator,
        )
        for own, partner in directions
    ]
    kept = [st.kept_fraction(answers[own, BEFORE], answers[own, AFTER]) for own, _ in directions]
    # NumPy's minimum and maximum keep what is not a number.
    return {
        "pair_coding_p_to_np": pair_coding(recording, directions[::2], known),
        "pair_coding_np_to_p": pair_coding(recording, directions[1::2], known),
        "pair_coding_smallest": float(np.min(each)),
        "pair_coding_largest": float(np.max(each)),
        "pair_coding_10_hz": pair_coding(recording, directions, members),
        "kept": float(np.min(kept)),
        "na_units": float(np.max([pair_coding(recording, [pair], known) for pair in strangers])),
        "shuffled_pair_coding": float(np.max(shuffled)),
    }


def describe_overlap(
    recording: Recording, singles: Sequence[str], pairs: Sequence[Pair]
) -> dict[str, float]:
    """Measure how far the assemblies overlap after learning.

    Parameters
    ----------
    recording, singles, pairs
        As in `describe_link`.

    Returns
    -------
    dict of str to float
        ``pair_overlap_after`` (cells of both assemblies as a share of the smaller, mean over
        pairs), ``pair_overlap_to_chance`` (divided by that of random sets of these sizes),
        ``pair_overlap_after_30_hz`` (the same as the first, of the cells at 30 Hz or more in half
        of the tests), ``recruited_overlap`` (the part of the first that is made of cells of no
        assembly before learning), ``recruited`` (cells of either assembly of a pair that were of
        none before, as a share, mean over pairs) and ``unassociated_overlap_after`` (mean over all
        that are no pair). Whether a link is made of cells of the other assembly or of new ones is
        the question of Pokorny et al. 2020, Cereb Cortex 30:952.
    """
    n_units = recording.spikes[POPULATION].n
    assemblies = find_assemblies(recording, singles, AFTER)
    strong = find_assemblies(recording, singles, AFTER, STRONG_RATE)
    taken = np.any(list(find_assemblies(recording, singles, BEFORE).values()), axis=0)
    new = {name: cells & ~taken for name, cells in assemblies.items()}
    of_pairs = [st.overlap(assemblies[pair.p], assemblies[pair.partner]) for pair in pairs]
    chance = [
        st.chance_overlap(
            int(assemblies[pair.p].sum()), int(assemblies[pair.partner].sum()), n_units
        )
        for pair in pairs
    ]
    mean_chance = float(np.mean(chance))
    return {
        "pair_overlap_after": float(np.mean(of_pairs)),
        "pair_overlap_to_chance": float(np.mean(of_pairs)) / (mean_chance or float("nan")),
        "pair_overlap_after_30_hz": float(
            np.mean([st.overlap(strong[pair.p], strong[pair.partner]) for pair in pairs])
        ),
        "recruited_overlap": float(
            np.mean(
                [
                    (new[pair.p] & new[pair.partner]).sum()
                    / max(1, min(assemblies[pair.p].sum(), assemblies[pair.partner].sum()))
                    for pair in pairs
                ]
            )
        ),
        "recruited": float(
            np.mean(
                [
                    (new[pair.p] | new[pair.partner]).sum()
                    / max(1, (assemblies[pair.p] | assemblies[pair.partner]).sum())
                    for pair in pairs
                ]
            )
        ),
        "unassociated_overlap_after": float(
            np.mean(pair_overlaps(assemblies, singles, without=[(q.p, q.partner) for q in pairs]))
        ),
    }
