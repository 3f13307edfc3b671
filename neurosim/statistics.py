"""Responses, assemblies and pair coding: what is measured on the spikes of a recording.

Trials are integer indices into `Recording.trial_table`, as `TrialTable.where` returns them. Sets
of units are boolean arrays with one entry per unit. Windows are half-open and in seconds relative
to the onset of the stimulus, as in `SpikeTrains.counts`.

The criterion for a response and the definition of a pair-coding unit follow [1]_; their numbers
are unverified. The overlap and the notion of an assembly follow [2]_, the control with shuffled
labels is this project's own.

SciPy is not imported: its statistics take about a second to load, most of what a command may
take beside the simulation. The tests compare `rank_sum` with SciPy.

.. [1] Ison, Quian Quiroga & Fried 2015, Rapid encoding of new memories by individual neurons in
   the human brain, Neuron 87:220-230.
.. [2] Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, Brain computation by assemblies
   of neurons, PNAS 117:14464-14472.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name
from neurosim.recording import EDGE, Recording, SpikeTrains

Window = tuple[float, float]

# Definitions of ours. A member of an assembly fires at several times the background of about 1 Hz,
# and does so reliably.
STIMULUS_WINDOW: Window = (0.0, 0.5)  # s, the whole of a test presentation
ASSEMBLY_RATE = 10.0  # Hz
ASSEMBLY_SHARE = 0.5  # of the trials
# Decimals of a number of spikes that comes from a rate: 4 spikes in 0.4 s have to tie with 5 in
# 0.5 s, and 7 in 0.7 s have to reach 10 Hz, although lengths of windows are rounded numbers.
ROUNDING = 9


def _length(window: Window) -> float:
    start, stop = window
    if not stop > start:
        raise InputError(
            f"The window goes from {start:g} to {stop:g} s, expected a stop after the start."
        )
    return stop - start


@dataclass(frozen=True)
class ResponseCriterion:
    """When a unit counts as responding to a stimulus.

    The spikes in the response window have to exceed those in the baseline window, scaled to the
    same length: two-sided rank-sum test below `alpha`, median of at least `min_median` spikes,
    mean above that of the baseline. The defaults are those of Ison et al. 2015 (unverified).

    With three trials the default `alpha` is reached only if neither the counts of the response nor
    those of the baseline vary, with fewer never.

    Parameters
    ----------
    response_window, baseline_window : tuple of float
        Start and stop relative to the onset, seconds.
    alpha : float
        Level of the test, between 0 and 1.
    min_median : float
        Least median number of spikes in the response window.

    Raises
    ------
    InputError
        If a window has no length, or another number is out of its range.
    """

    response_window: Window = STIMULUS_WINDOW
    baseline_window: Window = (-0.4, 0.0)
    alpha: float = 0.05
    min_median: float = 2.0

    def __post_init__(self) -> None:
        _length(self.response_window)
        _length(self.baseline_window)
        if not 0 < self.alpha < 1:
            raise InputError(
                f"The alpha of a response criterion is {self.alpha:g}, "
                "expected a number between 0 and 1."
            )
        if not self.min_median >= 0:
            raise InputError(
                f"The min_median of a response criterion is {self.min_median:g} spikes, "
                "expected 0 or more."
            )


ISON_CRITERION = ResponseCriterion()


def window_counts(
    recording: Recording, population: str, trials: npt.ArrayLike, window: Window
) -> np.ndarray:
    """Count the spikes of every unit in a window of each trial.

    Parameters
    ----------
    recording : Recording
    population : str
        Name of the population.
    trials : array_like of int, shape (n_trials,)
        Indices into `recording.trial_table`, one or more.
    window : tuple of float
        Start and stop relative to the onset, seconds.

    Returns
    -------
    ndarray of int64, shape (n_trials, n_units)

    Raises
    ------
    InputError
        If there is no such population or trial, no trial at all, or a window reaches beyond the
        recording, where spikes would be missing unnoticed.
    """
    if population not in recording.spikes:
        raise InputError(
            f"The recording has no population '{population}'; "
            f"{nearest_name(population, recording.spikes)}"
        )
    onsets = recording.trial_table.start_time[_trials(recording, trials)]
    first, last = onsets.min() + window[0], onsets.max() + window[1]
    if first < -EDGE or last > recording.duration + EDGE:
        raise InputError(
            f"The window from {window[0]:g} to {window[1]:g} s around the trials reaches from "
            f"{first:g} to {last:g} s, expected it within the recording "
            f"(0 to {recording.duration:g} s)."
        )
    return recording.spikes[population].counts(onsets, window)


def rates(
    recording: Recording,
    population: str,
    trials: npt.ArrayLike,
    window: Window = STIMULUS_WINDOW,
) -> np.ndarray:
    """Return the firing rate of every unit in a window of each trial.

    Parameters
    ----------
    recording, population, trials, window
        As in `window_counts`.

    Returns
    -------
    ndarray of float, shape (n_trials, n_units)
        Hz.

    Raises
    ------
    InputError
        As in `window_counts`, or if the window has no length.
    """
    length = _length(window)
    return window_counts(recording, population, trials, window) / length


def bin_edges(window: Window, bin_width: float) -> np.ndarray:
    """Return the edges of the bins that fill a window.

    Parameters
    ----------
    window : tuple of float
        Start and stop, seconds.
    bin_width : float
        Seconds.

    Returns
    -------
    ndarray of float, shape (n_bins + 1,)
        Seconds.

    Raises
    ------
    InputError
        If the window has no length, or is no whole number of bins.
    """
    length = _length(window)
    n_bins = round(length / bin_width) if bin_width > 0 else 0
    if n_bins < 1 or abs(n_bins * bin_width - length) > EDGE:
        raise InputError(
            f"The bin width is {bin_width:g} s, expected the window's length of {length:g} s "
            "divided by a whole number."
        )
    return window[0] + bin_width * np.arange(n_bins + 1)


def psth(
    spikes: SpikeTrains,
    units: npt.ArrayLike,
    onsets: npt.ArrayLike,
    window: Window,
    bin_width: float,
) -> np.ndarray:
    """Return the peri-stimulus time histogram: the mean rate over trials and units in each bin.

    Bin k holds the spikes from ``window[0] + k * bin_width`` up to, and without, the start of the
    next bin; as in `SpikeTrains.counts`, a time within `EDGE` of an edge is taken to be on it.

    Parameters
    ----------
    spikes : SpikeTrains
    units : int, array_like of int, or array_like of bool, shape (n,)
        One unit, several, or a mask over all.
    onsets : array_like of float, shape (n_trials,)
        Seconds.
    window : tuple of float
        Start and stop relative to the onset, seconds.
    bin_width : float
        Seconds; the window is a whole number of bins.

    Returns
    -------
    ndarray of float, shape (n_bins,)
        Hz.

    Raises
    ------
    InputError
        If there is no such unit, no unit or no onset, or the bins do not fill the window.
    """
    edges = bin_edges(window, bin_width)
    onset = np.atleast_1d(np.asarray(onsets, dtype=np.float64))
    if onset.size == 0:
        raise InputError("There are no onsets to average over, expected one or more.")
    selected = _selected(units, spikes.n)
    time = spikes.time[selected[spikes.index]]
    counts = np.diff(np.searchsorted(time, onset[:, np.newaxis] + (edges - EDGE)), axis=1)
    histogram: np.ndarray = counts.mean(axis=0) / (bin_width * selected.sum())
    return histogram


def rank_sum(first: npt.ArrayLike, second: npt.ArrayLike) -> np.ndarray:
    """Test for each unit whether two samples differ: Wilcoxon-Mann-Whitney, two-sided.

    Ties get midranks. The p-value is that of the normal approximation with corrections for ties
    and continuity, as in SciPy's ``mannwhitneyu(method="asymptotic")`` and MATLAB's ``ranksum``
    with ``method="approximate"``.

    Parameters
    ----------
    first : array_like, shape (n_first, n_units)
    second : array_like, shape (n_second, n_units)
        Counts or rates, one row per trial.

    Returns
    -------
    ndarray of float, shape (n_units,)
        The p-values; 1 where all values of a unit are the same.

    Raises
    ------
    InputError
        If a sample is empty or holds NaN, or the shapes do not fit.
    """
    one, other = _samples(first, second)
    n_one, n_other = len(one), len(other)
    values = np.concatenate([one, other])
    n = n_one + n_other
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    step = ordered[1:] != ordered[:-1]
    border = np.ones((1, values.shape[1]), dtype=bool)
    position = np.arange(n)[:, np.newaxis]
    # Positions at which the group of tied values of each entry begins and ends.
    begin = np.maximum.accumulate(np.where(np.concatenate([border, step]), position, 0))
    end = np.where(np.concatenate([step, border]), position, n)
    end = np.minimum.accumulate(end[::-1])[::-1]
    midrank = (begin + end) / 2 + 1
    ties = ((end - begin + 1) ** 2 - 1).sum(axis=0)  # sum of t^3 - t over groups of t values

    u = np.where(order < n_one, midrank, 0.0).sum(axis=0) - n_one * (n_one + 1) / 2
    deviation = np.maximum(np.abs(u - n_one * n_other / 2) - 0.5, 0.0)
    sd = np.sqrt(n_one * n_other / 12 * (n + 1 - ties / (n * (n - 1))))
    z = np.divide(deviation, sd, out=np.zeros_like(sd), where=sd > 0)
    # NumPy has no error function; most units are silent in both samples, which needs none.
    p_value, differs = np.ones(len(z)), z > 0
    p_value[differs] = [math.erfc(x) for x in (z[differs] / math.sqrt(2)).tolist()]
    return p_value


def responsive_units(
    recording: Recording,
    population: str,
    trials: npt.ArrayLike,
    criterion: ResponseCriterion = ISON_CRITERION,
) -> np.ndarray:
    """Return which units respond to the stimulus of these trials.

    Parameters
    ----------
    recording, population, trials
        As in `window_counts`; the trials are those of one stimulus in one phase.
    criterion : ResponseCriterion

    Returns
    -------
    ndarray of bool, shape (n_units,)

    Raises
    ------
    InputError
        As in `window_counts`.
    """
    return meets_criterion(
        *response_and_baseline(recording, population, trials, criterion), criterion
    )


def pair_coding_fraction(
    responds_own_before: np.ndarray,
    responds_partner_before: np.ndarray,
    responds_partner_after: np.ndarray,
) -> float:
    """Return the share of the units of one picture that come to respond to its partner.

    Parameters
    ----------
    responds_own_before, responds_partner_before, responds_partner_after : ndarray of bool
        Which units respond to their own picture and to its partner before learning, and to the
        partner after it, shape (n_units,).

    Returns
    -------
    float
        Of the units that respond to their own picture and not to the partner before, the share
        that responds to the partner after; NaN if there are none.

    Raises
    ------
    InputError
        If the arrays are not boolean or not of one shape.
    """
    own, partner, after = _masks(
        responds_own_before, responds_partner_before, responds_partner_after
    )
    return _share(after, own & ~partner)


def kept_fraction(before: np.ndarray, after: np.ndarray) -> float:
    """Return the share of the units responding to a picture before that still do so after.

    Parameters
    ----------
    before, after : ndarray of bool, shape (n_units,)

    Returns
    -------
    float
        NaN if no unit responds before.

    Raises
    ------
    InputError
        If the arrays are not boolean or not of one shape.
    """
    first, second = _masks(before, after)
    return _share(second, first)


def shuffled_label_pair_coding(
    recording: Recording,
    population: str,
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    own: str,
    partner: str,
    generator: np.random.Generator,
    n_shuffles: int = 200,
    criterion: ResponseCriterion = ISON_CRITERION,
) -> float:
    """Return the pair-coding fraction that is left when the labels after learning are shuffled.

    The eligible units are those of `pair_coding_fraction`, found with the true labels. In each
    shuffle the labels of all tests in `after` but those of `own` are permuted, and the share of the
    eligible units that respond in the trials that are then called the partner's is taken. Spikes,
    baselines, eligible units and criterion are those of the real analysis.

    Parameters
    ----------
    recording, population
        As in `window_counts`.
    before, after : array_like of int
        The trials of all single pictures in either phase, as indices into
        `recording.trial_table`; composites, which contain the partner, do not belong here.
    own, partner : str
        The stimuli of the pair.
    generator : numpy.random.Generator
        Draws the shuffles.
    n_shuffles : int
        Number of shuffles.
    criterion : ResponseCriterion

    Returns
    -------
    float
        Mean over the shuffles; NaN if no unit is eligible.

    Raises
    ------
    InputError
        As in `window_counts`; if a stimulus is not among the trials, `own` and `partner` are the
        same, or there are no shuffles.

    Notes
    -----
    The labels of `own` stay: the units were selected for responding to it, so that their responses
    to it and to the others are not exchangeable.

    What is left is not 0. A unit responds as soon as it fires in enough of the trials drawn: in k
    of them with the probability of k in a hypergeometric distribution. With five pictures of ten
    trials ten of 40 are drawn, and ten of the 40 are the partner's. If the unit is silent otherwise
    and fires 4 spikes or more, 5 trials are enough: the median is then half of these spikes, and
    the rank-sum test gives p = .014. They are reached in 5.0 % of all permutations. With 2 or 3
    spikes the median asks for 6 trials, reached in 0.7 %. Spikes in the other trials and in the
    baseline move these numbers either way.

    So a share f of units that came to fire to the partner leaves at most about ``.05 f``, and units
    that came to fire to every picture leave the fraction that was measured.
    """
    if own == partner:
        raise InputError(f"The stimulus '{own}' is its own partner, expected two stimuli.")
    if n_shuffles < 1:
        raise InputError(f"There are {n_shuffles} shuffles, expected 1 or more.")
    own_before = _trials_of(recording, before, own)
    partner_before = _trials_of(recording, before, partner)
    eligible = responsive_units(recording, population, own_before, criterion)
    eligible &= ~responsive_units(recording, population, partner_before, criterion)

    n_drawn = len(_trials_of(recording, after, partner))
    if not eligible.any():
        return math.nan
    tests = _trials(recording, after)
    tests = tests[recording.trial_table.stimulus[tests] != own]
    response, baseline = (
        counts[:, eligible]
        for counts in response_and_baseline(recording, population, tests, criterion)
    )
    fractions = []
    for _ in range(n_shuffles):
        drawn = generator.permutation(len(tests))[:n_drawn]
        fractions.append(meets_criterion(response[drawn], baseline[drawn], criterion).mean())
    return float(np.mean(fractions))


def active_units(
    recording: Recording,
    population: str,
    trials: npt.ArrayLike,
    rate: float = ASSEMBLY_RATE,
    window: Window = STIMULUS_WINDOW,
) -> np.ndarray:
    """Return which units fire at a rate or above it in each trial.

    Parameters
    ----------
    recording, population, trials, window
        As in `window_counts`.
    rate : float
        Hz.

    Returns
    -------
    ndarray of bool, shape (n_trials, n_units)

    Raises
    ------
    InputError
        As in `rates`.
    """
    least = np.round(rate * _length(window), ROUNDING)
    active: np.ndarray = window_counts(recording, population, trials, window) >= least
    return active


def assembly(
    recording: Recording,
    population: str,
    trials: npt.ArrayLike,
    rate: float = ASSEMBLY_RATE,
    share: float = ASSEMBLY_SHARE,
    window: Window = STIMULUS_WINDOW,
) -> np.ndarray:
    """Return the assembly of a stimulus: the units that are active in enough of its trials.

    Parameters
    ----------
    recording, population, trials, rate, window
        As in `active_units`; the trials are those of one stimulus.
    share : float
        Least share of the trials.

    Returns
    -------
    ndarray of bool, shape (n_units,)

    Raises
    ------
    InputError
        As in `rates`.
    """
    active = active_units(recording, population, trials, rate, window)
    members: np.ndarray = active.mean(axis=0) >= share
    return members


def trial_jaccard(active: np.ndarray) -> float:
    """Return how alike the sets of active units are in different trials of a stimulus.

    Parameters
    ----------
    active : ndarray of bool, shape (n_trials, n_units)
        As `active_units` returns it.

    Returns
    -------
    float
        Mean `jaccard` over all pairs of trials; NaN if there is only one trial or none.

    Raises
    ------
    InputError
        If the array is not boolean or has another shape.
    """
    (sets,) = _masks(active, ndim=2)
    if len(sets) < 2:
        return math.nan
    members = sets.astype(np.float64)
    common = members @ members.T
    size = members.sum(axis=1)
    union = size[:, np.newaxis] + size - common
    values = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return float(values[np.triu_indices(len(sets), k=1)].mean())


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jaccard index of two sets of units, the size of their intersection over the union.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_units,)

    Returns
    -------
    float
        0 if both are empty, so that a silent network does not look perfectly stable.

    Raises
    ------
    InputError
        If the arrays are not boolean or not of one shape.
    """
    one, other = _masks(first, second)
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 0.0


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the overlap of two sets of units, the size of their intersection over the smaller set.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_units,)

    Returns
    -------
    float
        0 if one of them is empty.

    Raises
    ------
    InputError
        If the arrays are not boolean or not of one shape.
    """
    one, other = _masks(first, second)
    smaller = min(np.count_nonzero(one), np.count_nonzero(other))
    return np.count_nonzero(one & other) / smaller if smaller else 0.0


def chance_overlap(size_first: int, size_second: int, n_units: int) -> float:
    """Return the expected `overlap` of two random sets, which is the share of the larger one.

    Parameters
    ----------
    size_first, size_second : int
        Sizes of the sets.
    n_units : int
        Number of units that they are drawn from.

    Returns
    -------
    float
        0 if one of them is empty.

    Raises
    ------
    InputError
        If a set is larger than the population, or a number is negative.
    """
    smaller, larger = sorted((size_first, size_second))
    if not 0 <= smaller <= larger <= n_units:
        raise InputError(
            f"Sets of {size_first} and {size_second} units are drawn from {n_units}, "
            f"expected sizes of 0 to {n_units}."
        )
    return larger / n_units if smaller else 0.0


def response_and_baseline(
    recording: Recording,
    population: str,
    trials: npt.ArrayLike,
    criterion: ResponseCriterion = ISON_CRITERION,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the spikes of every unit in the two windows of a criterion.

    Parameters
    ----------
    recording, population, trials
        As in `window_counts`.
    criterion : ResponseCriterion

    Returns
    -------
    response : ndarray of int64, shape (n_trials, n_units)
    baseline : ndarray of float, shape (n_trials, n_units)
        Scaled to the length of the response window.

    Raises
    ------
    InputError
        As in `window_counts`.
    """
    response = window_counts(recording, population, trials, criterion.response_window)
    baseline = window_counts(recording, population, trials, criterion.baseline_window)
    scale = _length(criterion.response_window) / _length(criterion.baseline_window)
    return response, np.round(baseline * scale, ROUNDING)


def meets_criterion(
    response: np.ndarray, baseline: np.ndarray, criterion: ResponseCriterion = ISON_CRITERION
) -> np.ndarray:
    """Return which units respond, from their spikes as `response_and_baseline` returns them.

    Parameters
    ----------
    response, baseline : ndarray, shape (n_trials, n_units)
    criterion : ResponseCriterion

    Returns
    -------
    ndarray of bool, shape (n_units,)

    Raises
    ------
    InputError
        As in `rank_sum`.
    """
    responds: np.ndarray = (
        (rank_sum(response, baseline) < criterion.alpha)
        & (np.median(response, axis=0) >= criterion.min_median)
        & (response.mean(axis=0) > baseline.mean(axis=0))
    )
    return responds


def roc_area(first: npt.ArrayLike, second: npt.ArrayLike) -> np.ndarray:
    """Return how well each unit's trials of two kinds are told apart by their counts.

    Parameters
    ----------
    first : array_like, shape (n_first, n_units)
    second : array_like, shape (n_second, n_units)
        Counts or rates, one row per trial.

    Returns
    -------
    ndarray of float, shape (n_units,)
        Area under the receiver operating characteristic: the probability that a trial of the first
        kind exceeds one of the second, ties counting half. 1: always, 0.5: not told apart.

    Raises
    ------
    InputError
        As in `rank_sum`.
    """
    one, other = _samples(first, second)
    difference = one[:, np.newaxis] - other[np.newaxis]
    area: np.ndarray = ((difference > 0) + 0.5 * (difference == 0)).mean(axis=(0, 1))
    return area


def _samples(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]:
        raise InputError(
            f"The samples have the shapes {one.shape} and {other.shape}, "
            "expected (n_first, n_units) and (n_second, n_units)."
        )
    if len(one) == 0 or len(other) == 0:
        raise InputError(
            f"The samples have {len(one)} and {len(other)} values, expected 1 or more in each."
        )
    if np.isnan(one).any() or np.isnan(other).any():
        raise InputError("A sample holds NaN, expected numbers that have an order.")
    return one, other


def _share(of: np.ndarray, among: np.ndarray) -> float:
    return float(of[among].mean()) if among.any() else math.nan


def _masks(*masks: npt.ArrayLike, ndim: int = 1) -> list[np.ndarray]:
    arrays = [np.asarray(mask) for mask in masks]
    for array in arrays:
        # Indices of units would pass for a mask in which nearly every unit is set.
        if array.dtype != bool or array.ndim != ndim:
            raise InputError(
                f"A set of units has the type {array.dtype} and the shape {array.shape}, "
                f"expected bool and {'(n_units,)' if ndim == 1 else '(n_trials, n_units)'}."
            )
        if array.shape != arrays[0].shape:
            raise InputError(
                f"A set of units has the shape {array.shape} and another {arrays[0].shape}, "
                "expected one shape."
            )
    return arrays


def _indices(values: npt.ArrayLike, n: int, what: str) -> np.ndarray:
    index = np.asarray(values)
    if index.size == 0:
        raise InputError(f"There are no {what}s, expected one or more of {n}.")
    if index.ndim != 1 or not np.issubdtype(index.dtype, np.integer):
        raise InputError(
            f"The {what}s are of type {index.dtype} and shape {index.shape}, "
            "expected a vector of integer indices."
        )
    wrong = int(index.min() if index.min() < 0 else index.max())
    if not 0 <= wrong < n:
        raise InputError(f"There is no {what} {wrong}, expected 0 to {n - 1}.")
    return index


def _trials(recording: Recording, trials: npt.ArrayLike) -> np.ndarray:
    return _indices(trials, len(recording.trial_table), "trial")


def _trials_of(recording: Recording, trials: npt.ArrayLike, stimulus: str) -> np.ndarray:
    index = _trials(recording, trials)
    shown = recording.trial_table.stimulus[index]
    if stimulus not in shown:
        raise InputError(
            f"The stimulus '{stimulus}' is not shown in these trials; "
            f"{nearest_name(stimulus, set(shown))}"
        )
    selected: np.ndarray = index[shown == stimulus]
    return selected


def _selected(units: npt.ArrayLike, n: int) -> np.ndarray:
    given = np.atleast_1d(np.asarray(units))
    if given.dtype == bool:
        if given.shape != (n,):
            raise InputError(f"The mask of units has the shape {given.shape}, expected ({n},).")
        given = np.flatnonzero(given)
    selected = np.zeros(n, dtype=bool)
    selected[_indices(given, n, "unit")] = True
    return selected
