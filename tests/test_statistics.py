"""Tests, responses, assemblies and pair coding, against closed forms and against SciPy."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import FrozenInstanceError
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom, mannwhitneyu

from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains
from neurosim.statistics import (
    ISON_CRITERION,
    ResponseCriterion,
    active_units,
    assembly,
    chance_overlap,
    jaccard,
    kept_fraction,
    meets_criterion,
    overlap,
    pair_coding_fraction,
    psth,
    rank_sum,
    rates,
    response_and_baseline,
    responsive_units,
    roc_area,
    shuffled_label_pair_coding,
    trial_jaccard,
    window_counts,
)
from neurosim.timeline import Timeline, Trial

# Onset of trial k: 0.5 + 0.9 k s.
LEAD_IN, SHOWN, GAP = 0.5, 0.5, 0.4
Block = tuple[str, str, Sequence[int]]  # phase, stimulus, units that fire to it


def recorded(
    spikes: Mapping[int, Sequence[float]],
    n: int,
    n_trials: int,
    blocks: Sequence[tuple[str, str]] = (("before", "face"),),
) -> Recording:
    """Return equal blocks of trials (phase, stimulus) and these spike times (s) of each unit."""
    timeline = Timeline.of(
        [
            Trial(stimulus, SHOWN, GAP, phase)
            for phase, stimulus in blocks
            for _ in range(n_trials // len(blocks))
        ],
        LEAD_IN,
    )
    index = np.repeat(list(spikes), [len(times) for times in spikes.values()]).astype(int)
    times = np.concatenate([np.empty(0), *spikes.values()])
    return Recording(
        {"excitatory": SpikeTrains(n, index, times)},
        timeline.table(),
        timeline.duration,
        {},
        "",
    )


def counted(
    response: np.ndarray,
    baseline: np.ndarray,
    blocks: Sequence[tuple[str, str]] = (("before", "face"),),
) -> Recording:
    """Return a recording with these spikes after and before the onset, (n_trials, n_units)."""
    n_trials, n = response.shape
    spikes: dict[int, list[float]] = {unit: [] for unit in range(n)}
    for trial, unit in np.ndindex(n_trials, n):
        onset = LEAD_IN + trial * (SHOWN + GAP)
        for start, length, counts in ((onset, 0.5, response), (onset - 0.4, 0.4, baseline)):
            count = int(counts[trial, unit])
            spikes[unit] += list(start + length * (np.arange(count) + 0.5) / max(count, 1))
    return recorded(spikes, n, n_trials, blocks)


def experiment(blocks: Sequence[Block], n: int, background: float = 1.0) -> Recording:
    """Return phases in which units fire 40 Hz to their stimuli, on a background (Hz)."""
    n_trials = 10
    timeline = Timeline.of(
        [
            Trial(stimulus, SHOWN, GAP, phase)
            for phase, stimulus, _ in blocks
            for _ in range(n_trials)
        ],
        LEAD_IN,
    )
    rng = np.random.default_rng(0)
    index, times = [], []
    for trial, onset in enumerate(timeline.table().start_time):
        driven = np.isin(np.arange(n), blocks[trial // n_trials][2])
        for start, length, rate in (
            (onset - 0.4, 0.4, np.full(n, background)),
            (onset, 0.5, np.where(driven, 40.0, background)),
        ):
            units = np.repeat(np.arange(n), rng.poisson(rate * length))
            index.append(units)
            times.append(start + length * rng.random(len(units)))
    return Recording(
        {"excitatory": SpikeTrains(n, np.concatenate(index), np.concatenate(times))},
        timeline.table(),
        timeline.duration,
        {},
        "",
    )


def mask(n: int, *units: int) -> np.ndarray:
    return np.isin(np.arange(n), units)


def test_import_leaves_scipy_alone() -> None:
    script = "import sys, neurosim.statistics; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# Rank-sum test


@pytest.mark.parametrize(("n_first", "n_second"), [(1, 1), (1, 6), (4, 4), (10, 10), (23, 5)])
@pytest.mark.parametrize("mean", [0.2, 1.0, 8.0, 300.0])
@pytest.mark.parametrize("scale", [1.0, 1.25])
def test_rank_sum_is_that_of_scipy(n_first: int, n_second: int, mean: float, scale: float) -> None:
    rng = np.random.default_rng(1)
    first = rng.poisson(mean * rng.uniform(0.5, 3, 300), (n_first, 300))
    second = rng.poisson(mean, (n_second, 300)) * scale
    p = rank_sum(first, second)
    values = np.concatenate([first, second])
    tied = (values == values[0]).all(axis=0)
    oracle = mannwhitneyu(
        first[:, ~tied],
        second[:, ~tied],
        alternative="two-sided",
        method="asymptotic",
        use_continuity=True,
    ).pvalue
    np.testing.assert_allclose(p[~tied], oracle, rtol=1e-10, atol=1e-12)
    assert np.all(p[tied] == 1)


def test_rank_sum_without_ties_in_closed_form() -> None:
    # U is 0, its mean 8 and its variance 4 * 4 * 9 / 12 = 12.
    p = rank_sum([[1.0], [2.0], [3.0], [4.0]], [[8.0], [7.0], [6.0], [5.0]])
    assert p == pytest.approx([math.erfc(7.5 / math.sqrt(12) / math.sqrt(2))], abs=1e-15)


def test_rank_sum_with_ties_in_closed_form() -> None:
    # Values 0 0 1 | 1 1 1: midranks 1.5 1.5 4.5, U = 7.5 - 6, ties 2^3 - 2 + 4^3 - 4 = 66.
    variance = 9 / 12 * (7 - 66 / 30)
    p = rank_sum([[0], [0], [1]], [[1], [1], [1]])
    assert p == pytest.approx([math.erfc((3 - 0.5) / math.sqrt(2 * variance))], abs=1e-15)


def test_rank_sum_depends_on_neither_order_nor_scale() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.poisson(2, (10, 50)), rng.poisson(4, (12, 50))
    p = rank_sum(first, second)
    assert np.array_equal(rank_sum(second, first), p)
    assert np.array_equal(rank_sum(rng.permutation(first), second), p)
    assert np.array_equal(rank_sum(3.0 * first + 1, 3.0 * second + 1), p)


def test_rank_sum_keeps_its_level() -> None:
    rng = np.random.default_rng(3)
    p = rank_sum(rng.poisson(5, (10, 20000)), rng.poisson(5, (10, 20000)))
    # The continuity correction makes the test conservative.
    assert 0.03 < (p < 0.05).mean() < 0.05


def test_rank_sum_of_all_ties_and_of_no_units() -> None:
    assert np.array_equal(rank_sum(np.full((3, 2), 7), np.full((5, 2), 7)), [1, 1])
    assert rank_sum(np.empty((3, 0)), np.empty((5, 0))).shape == (0,)


def test_rank_sum_of_a_thousand_units_takes_milliseconds() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.poisson(3, (10, 1000)), rng.poisson(2, (10, 1000)) * 1.25

    def seconds() -> float:
        start = time.perf_counter()
        rank_sum(first, second)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(20)) < 0.010


@pytest.mark.parametrize("measure", [rank_sum, roc_area])
@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (np.empty((0, 2)), np.ones((3, 2)), "0 and 3 values, expected 1 or more"),
        (np.ones((3, 2)), np.empty((0, 2)), "3 and 0 values, expected 1 or more"),
        (np.ones((3, 2)), np.ones((3, 4)), r"\(3, 2\) and \(3, 4\)"),
        (np.ones((3, 2)), np.ones((3, 1)), r"\(3, 2\) and \(3, 1\)"),
        (np.ones(3), np.ones(3), r"\(3,\) and \(3,\)"),
        (np.array([[1.0], [np.nan]]), np.ones((3, 1)), "NaN"),
        (np.ones((3, 1)), np.array([[1.0], [np.nan]]), "NaN"),
    ],
)
def test_comparisons_of_two_samples_refuse(
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
    sentence: str,
) -> None:
    with pytest.raises(InputError, match=sentence):
        measure(first, second)


# Area under the receiver operating characteristic


def test_roc_area_in_closed_form() -> None:
    # In turn: always above, never, alike, 4 above and 2 ties of 6, 2 above and 1 tie of 6.
    first = [[3, 0, 2, 5, 4], [3, 0, 2, 2, 1], [3, 0, 2, 9, 0]]
    second = [[1, 1, 2, 2, 1], [2, 1, 2, 1, 4]]
    expected = [1, 0, 1 / 2, (5 + 0.5) / 6, (1 + 2 * 0.5) / 6]
    assert roc_area(first, second) == pytest.approx(expected)
    assert roc_area(second, first) == pytest.approx(1 - np.array(expected))


def test_roc_area_is_the_statistic_of_the_rank_sum_test_in_scipy() -> None:
    rng = np.random.default_rng(8)
    first, second = rng.poisson(4, (10, 200)), rng.poisson(3, (7, 200))
    u = mannwhitneyu(first, second, method="asymptotic").statistic
    assert roc_area(first, second) == pytest.approx(u / 70)
    # Any scale that keeps the order gives the same.
    assert roc_area(np.sqrt(first), np.sqrt(second)) == pytest.approx(u / 70)


def test_roc_area_of_normal_samples_is_that_of_signal_detection() -> None:
    # P(x > y) for x ~ N(1, 1) and y ~ N(0, 1), as x - y ~ N(1, 2).
    rng = np.random.default_rng(9)
    first, second = rng.normal(1, 1, (30, 500)), rng.normal(0, 1, (30, 500))
    area = roc_area(first, second)
    # Its standard deviation over units is about .06.
    assert area.mean() == pytest.approx(0.5 * math.erfc(-0.5), abs=0.012)


def test_roc_area_of_no_units() -> None:
    assert roc_area(np.empty((3, 0)), np.empty((5, 0))).shape == (0,)


# Counts and rates


def test_windows_are_half_open() -> None:
    onset = LEAD_IN + SHOWN + GAP  # of the second trial
    recording = recorded(
        {
            0: [onset],
            1: [onset + 0.4999],
            2: [onset + 0.5],
            3: [onset - 0.0001],
            4: [onset - 0.4],
            5: [onset - 0.4001],
        },
        n=6,
        n_trials=2,
    )
    response = window_counts(recording, "excitatory", [1], (0.0, 0.5))
    baseline = window_counts(recording, "excitatory", [1], (-0.4, 0.0))
    assert response.tolist() == [[1, 1, 0, 0, 0, 0]]
    assert baseline.tolist() == [[0, 0, 0, 1, 1, 0]]


def test_counts_and_rates_follow_the_order_of_the_trials() -> None:
    response = np.array([[1, 2, 0], [4, 0, 3]])
    recording = counted(response, np.zeros_like(response))
    counts = window_counts(recording, "excitatory", [1, 0, 1], (0.0, 0.5))
    assert np.array_equal(counts, response[[1, 0, 1]])
    assert np.array_equal(rates(recording, "excitatory", [0, 1]), response / 0.5)
    assert rates(recording, "excitatory", [0], (0.0, 0.25)).tolist() == [[0, 4, 0]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("excitatry", [0], (0, 0.5)), "no population 'excitatry'; did you mean 'excitatory'"),
        (("excitatory", [], (0, 0.5)), "no trials, expected one or more of 2"),
        (("excitatory", np.array([], dtype=int), (0, 0.5)), "no trials"),
        (("excitatory", [2], (0, 0.5)), "no trial 2, expected 0 to 1"),
        (("excitatory", [-1], (0, 0.5)), "no trial -1"),
        (("excitatory", [True, False], (0, 0.5)), "integer indices"),
        (("excitatory", [0.0], (0, 0.5)), "integer indices"),
        (("excitatory", [0, 1], (-0.6, 0)), "from -0.1 to 1.4 s"),
        (("excitatory", [0, 1], (0, 1.0)), r"within the recording \(0 to 2.3 s\)"),
        (("excitatory", [0, 1], (0.2, 0.2)), "from 0.2 to 0.2 s, expected a stop after"),
    ],
)
def test_rates_refuse(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        rates(recorded({}, n=1, n_trials=2), *arguments)


# Peri-stimulus time histogram


def test_psth_in_closed_form() -> None:
    spikes = SpikeTrains(3, np.array([0, 0, 1, 2, 0]), np.array([0.9, 1.0, 1.15, 1.15, 2.05]))
    # Unit 0 at -0.1 and 0.0 s of the first of two trials and at 0.05 s of the second.
    assert psth(spikes, 0, [1.0, 2.0], (-0.1, 0.2), 0.1) == pytest.approx([5, 10, 0])
    # A set gives the mean over its units, silent ones included.
    assert psth(spikes, [0, 1], [1.0, 2.0], (-0.1, 0.2), 0.1) == pytest.approx([2.5, 5, 2.5])
    whole = psth(spikes, mask(3, 0, 1), [1.0, 2.0], (-0.1, 0.2), 0.3)
    assert whole == pytest.approx([4 / (2 * 2 * 0.3)])


def test_psth_edges_are_exact_on_the_grid_of_a_simulation() -> None:
    # One spike a step: rounded times and edges must not move any of them into another bin.
    times = np.arange(40000) * 1e-4
    spikes = SpikeTrains(1, np.zeros(40000, dtype=int), times)
    onsets = 0.9 + 0.37 * np.arange(6)
    histogram = psth(spikes, 0, onsets, (-0.7, 1.1), 0.01)
    assert histogram.shape == (180,)
    assert histogram == pytest.approx(np.full(180, 1e4), abs=1e-6)


def test_psth_agrees_with_the_counts_of_each_bin() -> None:
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(0, 30000, 3000)) * 1e-4
    spikes = SpikeTrains(4, rng.integers(0, 4, 3000), times)
    onsets = [0.5, 1.3, 2.1]
    histogram = psth(spikes, [1, 3], onsets, (-0.4, 0.5), 0.05)
    bins = [(-0.4 + 0.05 * k, -0.4 + 0.05 * (k + 1)) for k in range(18)]
    expected = [spikes.counts(onsets, window)[:, [1, 3]].mean() / 0.05 for window in bins]
    assert histogram == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, [1.0], (0.0, 1.0), 0.3), "bin width is 0.3 s, expected the window's length of 1 s"),
        ((0, [1.0], (0.0, 1.0), 0.0), "bin width is 0 s"),
        ((0, [1.0], (0.0, 1.0), 2.0), "bin width is 2 s"),
        ((0, [1.0], (1.0, 0.0), 0.1), "expected a stop after the start"),
        ((0, [], (0.0, 1.0), 0.1), "no onsets"),
        (([], [1.0], (0.0, 1.0), 0.1), "no units, expected one or more of 2"),
        ((mask(2), [1.0], (0.0, 1.0), 0.1), "no units"),
        ((mask(3, 1), [1.0], (0.0, 1.0), 0.1), r"shape \(3,\), expected \(2,\)"),
        ((2, [1.0], (0.0, 1.0), 0.1), "no unit 2, expected 0 to 1"),
        (([-1], [1.0], (0.0, 1.0), 0.1), "no unit -1"),
    ],
)
def test_psth_refuses(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        psth(SpikeTrains(2, np.array([0]), np.array([1.0])), *arguments)


# Responses


def test_a_response_needs_every_part_of_the_criterion() -> None:
    response = np.array([[0, 6, 1, 2, 2, 0, 8]] * 10)
    baseline = np.array([[0, 0, 0, 0, 2, 6, 8]] * 10)
    response[:5, 3], response[:4, 1] = 1, 0  # median 1.5 of unit 3; unit 1 is silent in 4 trials
    responds = responsive_units(counted(response, baseline), "excitatory", np.arange(10))
    # In turn: silent; responding; median 1; median 1.5; below the baseline (2 spikes in 0.4 s
    # are more than 2 in 0.5 s); suppressed; no different from the baseline.
    assert responds.tolist() == [False, True, False, False, False, False, False]


def test_responses_are_those_of_the_definition_in_scipy() -> None:
    rng = np.random.default_rng(7)
    response, baseline = rng.poisson(4.5, (10, 300)), rng.poisson(2, (10, 300))
    recording = counted(response, baseline)
    scaled = 1.25 * baseline
    p = mannwhitneyu(response, scaled, method="asymptotic").pvalue
    above = (np.median(response, axis=0) >= 2) & (response.mean(axis=0) > scaled.mean(axis=0))
    assert ((p > 0.05) & (p < 0.06) & above).any()
    for alpha in (0.05, 0.01):
        responds = responsive_units(
            recording, "excitatory", np.arange(10), ResponseCriterion(alpha=alpha)
        )
        assert np.array_equal(responds, (p < alpha) & above)
    # The level itself is not below the level.
    unit = int(np.flatnonzero(responds)[0])
    exactly = ResponseCriterion(alpha=float(rank_sum(response, scaled)[unit]))
    assert not responsive_units(recording, "excitatory", np.arange(10), exactly)[unit]


def test_baselines_are_scaled_to_the_length_of_the_response() -> None:
    response = np.array([[5, 0, 3], [2, 4, 0]])
    baseline = np.array([[4, 1, 0], [0, 2, 3]])
    recording = counted(response, baseline)
    found = response_and_baseline(recording, "excitatory", [1, 0])
    assert np.array_equal(found[0], response[[1, 0]])
    # 4 spikes in 0.4 s tie with 5 in 0.5 s.
    assert np.array_equal(found[1], 1.25 * baseline[[1, 0]])
    assert found[0][1, 0] == found[1][1, 0]


def test_the_windows_of_a_response_are_those_of_the_criterion() -> None:
    # Spikes in the middle of each tenth of 0.5 s after, and of each quarter of 0.4 s before.
    recording = counted(np.array([[10], [10]]), np.array([[4], [4]]))
    criterion = ResponseCriterion((0.0, 0.2), (-0.1, 0.0))
    found = response_and_baseline(recording, "excitatory", [0, 1], criterion)
    assert found[0].tolist() == [[4], [4]]
    assert found[1].tolist() == [[2], [2]]  # 1 spike in half of the time
    with pytest.raises(InputError, match="no population 'inhibitory'"):
        response_and_baseline(recording, "inhibitory", [0])


def test_responsive_units_are_those_that_meet_the_criterion() -> None:
    rng = np.random.default_rng(10)
    response, baseline = rng.poisson(4, (8, 200)), rng.poisson(2, (8, 200))
    recording = counted(response, baseline)
    for criterion in (ISON_CRITERION, ResponseCriterion(alpha=0.3, min_median=5)):
        met = meets_criterion(response, 1.25 * baseline, criterion)
        assert 0 < met.sum() < 200
        found = responsive_units(recording, "excitatory", np.arange(8), criterion)
        assert np.array_equal(met, found)
    assert np.array_equal(
        meets_criterion(response, 1.25 * baseline),
        meets_criterion(response, 1.25 * baseline, ISON_CRITERION),
    )


def test_each_part_of_the_criterion_can_fail_alone() -> None:
    response = np.full((10, 5), 4)
    baseline = np.zeros((10, 5))
    response[:, 1] = 1  # the median
    response[:, 2], baseline[:, 2] = 2, 4  # fewer than before
    baseline[0, 3] = 41  # ranks higher, mean lower
    response[:7, 4], baseline[:, 4] = 3, 3  # three of ten higher: p = .08
    assert meets_criterion(response, baseline).tolist() == [True, False, False, False, False]
    lenient = ResponseCriterion(alpha=0.1, min_median=1)
    assert meets_criterion(response, baseline, lenient).tolist() == [True, True, False, False, True]


def test_median_of_exactly_two_spikes_is_enough() -> None:
    response = np.array([[2, 2]] * 10)
    response[:5, 1] = 1
    response[5:, 1] = 3  # median 2 of 1 and 3
    recording = counted(response, np.zeros_like(response))
    assert responsive_units(recording, "excitatory", np.arange(10)).all()
    stricter = ResponseCriterion(min_median=2.5)
    assert not responsive_units(recording, "excitatory", np.arange(10), stricter).any()


@pytest.mark.parametrize(
    ("response_window", "baseline_window"),
    [((0.0, 0.5), (-0.4, 0.0)), ((0.0, 0.5), (0.1, 0.8)), ((0.1, 0.8), (-0.3, 0.0))],
)
def test_equal_rates_in_windows_of_unequal_length_tie(
    response_window: tuple[float, float], baseline_window: tuple[float, float]
) -> None:
    # At a steady 30 Hz nothing responds, however the quotient of the two lengths is rounded.
    recording = recorded({0: list((np.arange(360) + 0.5) / 30)}, n=1, n_trials=12)
    for window in (response_window, baseline_window):
        counts = window_counts(recording, "excitatory", np.arange(12), window)
        assert np.all(counts == round(30 * (window[1] - window[0])))
    criterion = ResponseCriterion(response_window, baseline_window, alpha=0.999)
    assert not responsive_units(recording, "excitatory", np.arange(12), criterion)[0]


def test_mean_above_the_baseline_is_required() -> None:
    # Ranks are higher in the response, the mean is not: one burst before the onset.
    response, baseline = np.full((10, 1), 3), np.zeros((10, 1), dtype=int)
    assert responsive_units(counted(response, baseline), "excitatory", np.arange(10))[0]
    baseline[0] = 60
    assert rank_sum(response, baseline * 1.25)[0] < 0.05
    assert not responsive_units(counted(response, baseline), "excitatory", np.arange(10))[0]


@pytest.mark.parametrize(("n_trials", "responds"), [(1, False), (3, False), (4, True), (10, True)])
def test_fewer_than_four_trials_show_no_response(n_trials: int, responds: bool) -> None:
    response = np.arange(20, 20 + n_trials)[:, np.newaxis]
    recording = counted(response, np.arange(n_trials)[:, np.newaxis] % 2)
    assert responsive_units(recording, "excitatory", np.arange(n_trials))[0] == responds


@pytest.mark.parametrize(("last", "responds"), [(9, True), (8, False)])
def test_three_trials_are_enough_only_if_nothing_varies(last: int, responds: bool) -> None:
    # The normal approximation gives .047 where all ties, .059 with one other count.
    response, baseline = np.array([[9], [9], [last]]), np.zeros((3, 1))
    assert meets_criterion(response, baseline)[0] == responds
    assert not meets_criterion(response[:2], baseline[:2])[0]


def test_only_the_given_trials_count() -> None:
    response = np.zeros((12, 2), dtype=int)
    response[:6, 0], response[6:, 1] = 5, 5
    recording = counted(response, np.zeros_like(response))
    assert responsive_units(recording, "excitatory", np.arange(6)).tolist() == [True, False]
    assert responsive_units(recording, "excitatory", np.arange(6, 12)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"response_window": (0.5, 0.5)}, "from 0.5 to 0.5 s"),
        ({"baseline_window": (0.0, -0.4)}, "from 0 to -0.4 s"),
        ({"alpha": 5.0}, "alpha of a response criterion is 5,"),
        ({"alpha": 0.0}, "alpha"),
        ({"min_median": -1.0}, "min_median of a response criterion is -1 spikes"),
        ({"min_median": math.nan}, "min_median"),
    ],
)
def test_criterion_refuses(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ResponseCriterion(**values)


def test_criterion_is_frozen_and_has_the_published_defaults() -> None:
    criterion = ResponseCriterion()
    assert criterion == ResponseCriterion((0.0, 0.5), (-0.4, 0.0), 0.05, 2.0)
    with pytest.raises(FrozenInstanceError):
        criterion.alpha = 0.1  # type: ignore[misc]


# Pair coding


def test_pair_coding_counts_only_units_of_one_picture() -> None:
    own, partner, after = mask(8, 0, 1, 2, 3, 4), mask(8, 4, 5), mask(8, 0, 4, 5, 7)
    assert pair_coding_fraction(own, partner, after) == 1 / 4  # unit 0 of 0 to 3
    assert math.isnan(pair_coding_fraction(own, own, after))
    assert math.isnan(pair_coding_fraction(mask(8), partner, after))


def test_kept_fraction() -> None:
    assert kept_fraction(mask(6, 0, 1, 2, 3), mask(6, 1, 2, 3, 5)) == 3 / 4
    assert math.isnan(kept_fraction(mask(6), mask(6, 1)))


N = 60
OWN, PARTNER = range(0, 20), range(20, 40)
OTHERS = ("flower", "coffee", "rocket")


def learned(answers: Mapping[str, Sequence[int]], n_others: int = 3) -> Recording:
    """Return phases after which these units fire to these pictures, and are silent otherwise."""
    names = ("person", "palace", *OTHERS[:n_others])
    before: dict[str, Sequence[int]] = {"person": OWN, "palace": PARTNER}
    phases = (("before", before), ("after", answers))
    blocks = [(phase, name, units.get(name, [])) for phase, units in phases for name in names]
    return experiment(blocks, N, background=0.0)


def measured_and_shuffled(
    recording: Recording,
    seed: int = 0,
    n_shuffles: int = 2000,
    criterion: ResponseCriterion = ISON_CRITERION,
) -> tuple[float, float]:
    table = recording.trial_table

    def responds(phase: str, stimulus: str) -> np.ndarray:
        trials = table.where(phase=phase, stimulus=stimulus)
        return responsive_units(recording, "excitatory", trials, criterion)

    measured = pair_coding_fraction(
        responds("before", "person"), responds("before", "palace"), responds("after", "palace")
    )
    shuffled = shuffled_label_pair_coding(
        recording,
        "excitatory",
        table.where(phase="before"),
        table.where(phase="after"),
        own="person",
        partner="palace",
        generator=np.random.default_rng(seed),
        n_shuffles=n_shuffles,
        criterion=criterion,
    )
    return measured, shuffled


def chance(n_pictures: int, n_fired: int, least: int = 5) -> float:
    """Return how often `least` of ten trials drawn are of the pictures to which a unit fires.

    Both numbers leave out the unit's own picture, whose labels stay. Each picture has ten trials.
    Five are enough for a unit that is silent otherwise: the median is then half of the spikes of a
    response, and rank_sum gives .014; with four the median is 0.
    """
    return float(hypergeom(10 * n_pictures, 10 * n_fired, 10).sf(least - 1))


def sampled(share: float, n_shuffles: int = 2000) -> Any:
    """Return what equals a share of the shuffles within four standard errors.

    Units that fire to the same pictures respond in the same shuffles, so their number is no help.
    """
    return pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n_shuffles))


@pytest.mark.parametrize(
    ("pictures", "n_others", "measured"),
    [
        (("person",), 3, 0),
        (("palace",), 3, 1),
        (("flower",), 3, 0),
        (("person", "palace"), 3, 1),
        (("person", "flower"), 3, 0),
        (("flower", "coffee"), 3, 0),
        (("person", *OTHERS), 3, 0),
        (("palace", *OTHERS), 3, 1),
        (("person",), 0, 0),
        (("palace",), 0, 1),
    ],
)
def test_shuffled_labels_see_to_how_many_other_pictures_a_unit_fires_and_not_to_which(
    pictures: tuple[str, ...], n_others: int, measured: float
) -> None:
    recording = learned({name: OWN for name in pictures}, n_others)
    expected = chance(1 + n_others, len({*pictures} - {"person"}))
    assert measured_and_shuffled(recording) == (measured, sampled(expected))


def test_chance_of_the_partner() -> None:
    # The numbers that the Notes state.
    assert chance(4, 1) == pytest.approx(0.050, abs=5e-4)
    assert chance(4, 1, 6) == pytest.approx(0.007, abs=5e-4)
    counts = np.repeat([4, 0], 5)[:, np.newaxis]
    assert np.median(counts) == 2
    assert rank_sum(counts, np.zeros_like(counts)) == pytest.approx([0.014], abs=5e-4)


@pytest.mark.parametrize("n_others", [0, 1, 3])
def test_shuffled_labels_destroy_an_association_of_two_pictures(n_others: int) -> None:
    # Fewer other pictures dilute less: with none the partner keeps its label in every shuffle.
    recording = learned({"person": OWN, "palace": [*PARTNER, *OWN[:15]]}, n_others)
    measured, shuffled = measured_and_shuffled(recording)
    expected = 0.75 * chance(1 + n_others, 1)
    assert measured == 0.75
    assert shuffled == sampled(expected)


@pytest.mark.parametrize("n_others", [1, 3])
def test_shuffled_labels_leave_responses_to_every_picture(n_others: int) -> None:
    # Units that came to fire to everything are no evidence for an association: the control shows
    # it, because it is as large as the fraction that was measured. The others fell silent.
    units = [*PARTNER, *OWN[:15]]
    recording = learned({name: units for name in ("person", "palace", *OTHERS)}, n_others)
    assert measured_and_shuffled(recording, n_shuffles=20) == (0.75, 0.75)


def test_shuffled_labels_follow_the_generator() -> None:
    recording = learned({"person": OWN, "palace": OWN})
    shuffled = [measured_and_shuffled(recording, seed, 300)[1] for seed in (0, 0, 1)]
    assert shuffled[0] == shuffled[1] != shuffled[2]


@pytest.mark.parametrize(
    ("spikes", "criterion", "least"),
    [
        (4, ISON_CRITERION, 5),
        (3, ISON_CRITERION, 6),  # the median of five 3 and five 0 is 1.5
        (20, ResponseCriterion(alpha=0.01), 6),  # rank_sum gives .014 with five, .005 with six
        (20, ResponseCriterion(alpha=0.003), 7),  # .0016 with seven
    ],
)
def test_shuffled_labels_need_every_part_of_the_criterion(
    spikes: int, criterion: ResponseCriterion, least: int
) -> None:
    phases = [(phase, name) for phase in ("before", "after") for name in ("person", "palace")]
    blocks = [*phases, *(("after", name) for name in OTHERS)]
    response = np.repeat([spikes, 0, spikes, spikes, 0, 0, 0], 10)[:, np.newaxis]
    recording = counted(response, np.zeros_like(response), blocks)
    _, shuffled = measured_and_shuffled(recording, criterion=criterion)
    assert shuffled == sampled(chance(4, 1, least))


def test_shuffled_labels_take_the_baseline_of_the_trials_drawn() -> None:
    # The unit fires 20 spikes to every picture, but 50 before each flower: it responds in a
    # shuffle if at most 2 of the 10 trials that are drawn are of the flower.
    phases = [(phase, name) for phase in ("before", "after") for name in ("person", "palace")]
    blocks = [*phases, *(("after", name) for name in OTHERS)]
    response = np.repeat([20, 0, 20, 20, 20, 20, 20], 10)[:, np.newaxis]
    baseline = np.repeat([0, 0, 0, 0, 50, 0, 0], 10)[:, np.newaxis]
    _, shuffled = measured_and_shuffled(counted(response, baseline, blocks))
    assert shuffled == sampled(hypergeom(40, 10, 10).cdf(2))


def test_shuffled_labels_are_drawn_two_hundred_times_by_default() -> None:
    recording = learned({"person": OWN, "palace": OWN})
    where = recording.trial_table.where
    arguments = (recording, "excitatory", where(phase="before"), where(phase="after"))
    by_default, explicit, fewer = (
        shuffled_label_pair_coding(
            *arguments, "person", "palace", np.random.default_rng(0), **values
        )
        for values in ({}, {"n_shuffles": 200}, {"n_shuffles": 20})
    )
    assert by_default == explicit != fewer


def test_shuffled_labels_without_an_eligible_unit() -> None:
    recording = learned({"person": OWN, "palace": PARTNER})
    silent = Recording(
        {"excitatory": SpikeTrains(N, np.empty(0), np.empty(0))},
        recording.trial_table,
        recording.duration,
        {},
        "",
    )
    assert math.isnan(measured_and_shuffled(silent)[1])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"own": "persn"}, "'persn' is not shown in these trials; did you mean 'person'"),
        ({"partner": "person"}, "own partner"),
        ({"n_shuffles": 0}, "0 shuffles"),
        ({"after": [50, 70]}, "'palace' is not shown"),
        ({"before": []}, "no trials"),
    ],
)
def test_shuffled_labels_refuse(values: dict[str, Any], sentence: str) -> None:
    recording = learned({"person": OWN, "palace": PARTNER})
    arguments: dict[str, Any] = {
        "before": recording.trial_table.where(phase="before"),
        "after": recording.trial_table.where(phase="after"),
        "own": "person",
        "partner": "palace",
        "generator": np.random.default_rng(0),
    }
    with pytest.raises(InputError, match=sentence):
        shuffled_label_pair_coding(recording, "excitatory", **arguments | values)


# Assemblies


def test_assembly_fires_at_ten_hertz_in_half_of_the_trials() -> None:
    response = np.array([[5, 5, 4, 9], [5, 0, 4, 9], [5, 0, 4, 0], [5, 5, 4, 0], [5, 0, 5, 9]])
    recording = counted(response, np.full_like(response, 9))
    active = active_units(recording, "excitatory", np.arange(5))
    assert np.array_equal(active, response >= 5)  # 5 spikes in 0.5 s are 10 Hz

    def members(trials: Sequence[int], **values: Any) -> list[bool]:
        chosen: list[bool] = assembly(recording, "excitatory", trials, **values).tolist()
        return chosen

    assert members(range(4)) == [True, True, False, True]
    assert members(range(5)) == [True, False, False, True]
    assert members([4]) == [True, False, True, True]
    assert members(range(5), share=0.6) == [True, False, False, True]
    assert members(range(5), share=0.61) == [True, False, False, False]
    assert members(range(5), rate=8.0) == [True, False, True, True]


def test_rate_of_an_assembly_is_reached_exactly_in_any_window() -> None:
    # 0.8 - 0.1 is a little more than 0.7, so that 7 spikes are a little less than 10 Hz.
    onset = LEAD_IN
    recording = recorded({0: list(onset + 0.15 + 0.1 * np.arange(7))}, n=1, n_trials=2)
    window = (0.1, 0.8)
    assert rates(recording, "excitatory", [0], window)[0, 0] < 10
    assert active_units(recording, "excitatory", [0], window=window)[0, 0]
    assert not active_units(recording, "excitatory", [0], rate=10.1, window=window)[0, 0]


def test_trial_jaccard_is_the_mean_over_pairs() -> None:
    rng = np.random.default_rng(6)
    active = rng.random((7, 40)) < 0.4
    pairs = [jaccard(one, other) for one, other in combinations(active, 2)]
    assert len(pairs) == 21
    assert trial_jaccard(active) == pytest.approx(np.mean(pairs), abs=1e-15)


def test_trial_jaccard_at_its_limits() -> None:
    assert trial_jaccard(np.tile(mask(5, 1, 3), (4, 1))) == 1
    assert trial_jaccard(np.eye(3, dtype=bool)) == 0
    assert trial_jaccard(np.zeros((3, 5), dtype=bool)) == 0  # silence is no stable assembly
    assert math.isnan(trial_jaccard(np.ones((1, 5), dtype=bool)))
    assert math.isnan(trial_jaccard(np.ones((0, 5), dtype=bool)))


def test_overlap_and_jaccard_in_closed_form() -> None:
    first, second = mask(20, *range(8)), mask(20, *range(5, 10))
    assert overlap(first, second) == overlap(second, first) == 3 / 5
    assert jaccard(first, second) == jaccard(second, first) == 3 / 10
    assert overlap(first, mask(20, 2, 3)) == 1
    assert jaccard(first, first) == 1
    for measure in (overlap, jaccard):
        assert measure(first, mask(20)) == measure(mask(20), mask(20)) == 0


def test_chance_overlap_is_the_mean_over_all_sets() -> None:
    n, fixed = 7, mask(7, 0, 1, 2)
    for size in range(1, 8):
        values = [overlap(fixed, mask(n, *other)) for other in combinations(range(n), size)]
        assert chance_overlap(3, size, n) == pytest.approx(np.mean(values), abs=1e-12)
    assert chance_overlap(100, 100, 1000) == 0.1
    assert chance_overlap(0, 5, 7) == 0


@pytest.mark.parametrize("sizes", [(8, 2, 7), (2, 8, 7), (-1, 2, 7), (0, 0, -1)])
def test_chance_overlap_refuses(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match=f"Sets of {sizes[0]} and {sizes[1]} units"):
        chance_overlap(*sizes)


@pytest.mark.parametrize("measure", [overlap, jaccard, kept_fraction])
def test_sets_of_units_are_masks_of_one_shape(
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    with pytest.raises(InputError, match=r"type int64 and the shape \(2,\), expected bool"):
        measure(np.array([3, 4]), np.array([3, 5]))
    with pytest.raises(InputError, match=r"shape \(4,\) and another \(3,\)"):
        measure(mask(3, 1), mask(4, 1))
    with pytest.raises(InputError, match=r"expected bool and \(n_trials, n_units\)"):
        trial_jaccard(mask(3, 1))
