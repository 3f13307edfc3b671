"""Firing rates before and after learning, on tests that the units were not selected on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION, pair_coding_units
from neurosim.recording import Recording


def describe_rates(
    recording: Recording, singles: Sequence[str], directions: Sequence[tuple[str, str]]
) -> dict[str, float]:
    """Measure the rates of all units that respond to their own stimulus, P, before learning.

    Units are selected on every other test of P before learning; the rate to P before learning is
    that in the remaining tests, all other rates are those in all tests. So no rate is high because
    its unit was selected for it, and the response to the partner, NP, is not selected for at all.

    Parameters
    ----------
    recording : Recording
        With tests of single stimuli in the phases ``before`` and ``after``.
    singles : sequence of str
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    dict of str to float
        Means over units, Hz: ``p_rate_before``, ``p_rate_after``, ``np_rate_before``,
        ``np_rate_after``, ``na_rate_before`` and ``na_rate_after`` (NA: every stimulus that is
        neither), and ``na_rate_change`` (of any direction and NA, the largest absolute mean
        change). ``np_to_p_ratio`` (of the rates after), ``np_change_p`` (p-value of the rank-sum
        test over units, NP after against before), ``np_over_na_p`` (the same for the gain to NP
        against that to NA), and ``np_p_roc_area`` (`neurosim.statistics.roc_area` of the counts to
        P against those to NP after learning, mean over pair-coding units). Not a number without
        units; with fewer than seven tests of P before learning hardly any can be selected.

    Raises
    ------
    InputError
        If a stimulus was not tested, or P only once before learning.
    """
    pooled = rates_by_unit(recording, singles, directions)
    na_changes, areas = [], []
    for own, partner in directions:
        units = _selected(recording, own)
        na_changes += [
            _mean((rates_to(recording, name, AFTER) - rates_to(recording, name, BEFORE))[units])
            for name in singles
            if name not in (own, partner)
        ]
        areas.append(_areas(recording, own, partner))
    means = {name: _mean(rates) for name, rates in pooled.items()}
    gain = pooled["np_rate_after"] - pooled["np_rate_before"]
    gain_na = pooled["na_rate_after"] - pooled["na_rate_before"]
    return {
        **means,
        "na_rate_change": float(np.max(np.abs(na_changes))),
        "np_to_p_ratio": means["np_rate_after"] / (means["p_rate_after"] or float("nan")),
        "np_change_p": _p_value(pooled["np_rate_after"], pooled["np_rate_before"]),
        "np_over_na_p": _p_value(gain, gain_na),
        "np_p_roc_area": _mean(np.concatenate(areas)),
    }


def rates_by_unit(
    recording: Recording, singles: Sequence[str], directions: Sequence[tuple[str, str]]
) -> dict[str, np.ndarray]:
    """Return the rates whose means over units `describe_rates` returns.

    Units respond to P in every other test before learning; their rate to P before is that in the
    remaining tests, all other rates are those in all tests.

    Parameters
    ----------
    recording : Recording
        With tests of single stimuli in the phases ``before`` and ``after``.
    singles : sequence of str
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    dict of str to ndarray of float, shape (n_units,)
        Hz: ``p_rate_before``, ``p_rate_after``, ``np_rate_before``, ``np_rate_after``,
        ``na_rate_before`` and ``na_rate_after`` (mean over every stimulus that is neither).
    """
    pooled: dict[str, list[np.ndarray]] = {}
    for own, partner in directions:
        before = recording.trial_table.where(phase=BEFORE, stimulus=own)
        units = _selected(recording, own)
        strangers = [name for name in singles if name not in (own, partner)]
        held_out = st.rates(recording, POPULATION, before[1::2]).mean(axis=0)
        of_direction = {"p_rate_before": held_out, "p_rate_after": rates_to(recording, own, AFTER)}
        for phase in (BEFORE, AFTER):
            of_direction[f"np_rate_{phase}"] = rates_to(recording, partner, phase)
            of_direction[f"na_rate_{phase}"] = np.mean(
                [rates_to(recording, name, phase) for name in strangers], axis=0
            )
        for name, rates in of_direction.items():
            pooled.setdefault(name, []).append(rates[units])
    return {name: np.concatenate(rates) for name, rates in pooled.items()}


def rates_to(recording: Recording, stimulus: str, phase: str) -> np.ndarray:
    """Return every cell's mean rate to a stimulus in a phase.

    Returns
    -------
    ndarray of float, shape (n_units,)
        Hz.
    """
    trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
    rates: np.ndarray = st.rates(recording, POPULATION, trials).mean(axis=0)
    return rates


def _selected(recording: Recording, own: str) -> np.ndarray:
    """Return which cells respond to their own stimulus in every other test before learning."""
    before = recording.trial_table.where(phase=BEFORE, stimulus=own)
    return st.responsive_units(recording, POPULATION, before[::2])


def _areas(recording: Recording, own: str, partner: str) -> np.ndarray:
    _, coding = pair_coding_units(recording, own, partner)
    to_own, to_partner = (
        st.rates(
            recording, POPULATION, recording.trial_table.where(phase=AFTER, stimulus=stimulus)
        )[:, coding]
        for stimulus in (own, partner)
    )
    return st.roc_area(to_own, to_partner)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _p_value(first: np.ndarray, second: np.ndarray) -> float:
    if not first.size:
        return float("nan")
    # Equal means of unequal numbers have to tie, however they are rounded.
    samples = (np.round(rates, st.ROUNDING)[:, None] for rates in (first, second))
    return float(st.rank_sum(*samples)[0])
