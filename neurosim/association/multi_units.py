"""Pair coding of pseudo-multi-units: cells summed as an electrode that cannot part them would.

Most of the units of Ison et al. 2015 were multi-units (438 of 613, unverified).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION
from neurosim.recording import Recording

SIZES = (2, 3, 4)  # cells a multi-unit. Ours: what spike sorting typically leaves together
N_GROUPINGS = 5  # ours: their units together are several thousand


def multi_unit_pair_coding(
    recording: Recording,
    directions: Sequence[tuple[str, str]],
    n_cells: int,
    generator: np.random.Generator,
) -> float:
    """Return the share of pair-coding units among sums of random cells.

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and ``after``.
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.
    n_cells : int
        Excitatory cells that a unit sums. Each cell is in one unit of a grouping, those that are
        left over in none.
    generator : numpy.random.Generator
        Draws the groupings.

    Returns
    -------
    float
        By the criterion and the definition of `neurosim.association.pair_coding`; not a number if
        no unit could become pair-coding.
    """
    n_units = recording.spikes[POPULATION].n // n_cells
    members = np.concatenate(
        [
            generator.permutation(recording.spikes[POPULATION].n)[: n_units * n_cells]
            for _ in range(N_GROUPINGS)
        ]
    ).reshape(-1, n_cells)
    answers: dict[tuple[str, str], np.ndarray] = {}

    def responds(stimulus: str, phase: str) -> np.ndarray:
        if (stimulus, phase) not in answers:
            trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
            counts = st.response_and_baseline(recording, POPULATION, trials)
            answers[stimulus, phase] = st.meets_criterion(
                *(count[:, members].sum(axis=2) for count in counts)
            )
        return answers[stimulus, phase]

    n_eligible = n_coding = 0
    for own, partner in directions:
        eligible = responds(own, BEFORE) & ~responds(partner, BEFORE)
        n_eligible += int(eligible.sum())
        n_coding += int((eligible & responds(partner, AFTER)).sum())
    return n_coding / n_eligible if n_eligible else float("nan")


def describe_multi_units(
    recording: Recording,
    directions: Sequence[tuple[str, str]],
    generator: np.random.Generator,
) -> dict[str, float]:
    """Return `multi_unit_pair_coding` for units of two, three and four cells.

    Returns
    -------
    dict of str to float
        ``pair_coding_of_2_cells`` and so on.
    """
    return {
        f"pair_coding_of_{n_cells}_cells": multi_unit_pair_coding(
            recording, directions, n_cells, generator
        )
        for n_cells in SIZES
    }
