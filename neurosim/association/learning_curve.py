"""How units change from composite to composite: the tests of the partner in order of learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.association.change_point import describe_change
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION, pair_coding_units
from neurosim.recording import Recording


def composites_seen(recording: Recording, stimulus: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the tests of a stimulus before, between and after the composites.

    Parameters
    ----------
    recording : Recording
    stimulus : str

    Returns
    -------
    trials : ndarray of int, shape (n_tests,)
        Indices into `recording.trial_table`.
    seen : ndarray of int, shape (n_tests,)
        How often anything had been shown together in the phase ``learning`` before each test; the
        rounds of several pairs count once.
    """
    table = recording.trial_table
    trials = np.concatenate(
        [table.where(phase=phase, stimulus=stimulus) for phase in (BEFORE, "between", AFTER)]
    )
    learning = table.where(phase="learning")
    first = table.stimulus[learning[0]] if learning.size else ""
    onsets = table.start_time[table.where(phase="learning", stimulus=first)]
    return trials, np.searchsorted(onsets, table.start_time[trials])


def partner_counts(
    recording: Recording, directions: Sequence[tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the spikes of the pair-coding units in every test of the partner.

    Parameters
    ----------
    recording : Recording
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    counts : ndarray of int, shape (n_tests, n_units)
    seen : ndarray of int, shape (n_tests,)
        See `composites_seen`; every partner is tested alike.
    """
    counts = []
    for own, partner in directions:
        _, coding = pair_coding_units(recording, own, partner)
        trials, seen = composites_seen(recording, partner)
        window = st.ISON_CRITERION.response_window
        counts.append(st.window_counts(recording, POPULATION, trials, window)[:, coding])
    return np.concatenate(counts, axis=1), seen


def describe_learning(
    recording: Recording,
    directions: Sequence[tuple[str, str]],
    generator: np.random.Generator,
) -> dict[str, float]:
    """Tell at which composite the pair-coding units change, and whether in a step.

    Returns
    -------
    dict of str to float
        As `neurosim.association.change_point.describe_change`, of all pair-coding units.
    """
    return describe_change(*partner_counts(recording, directions), generator)
