"""Rates before and after learning, where every spike or every distribution is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import mannwhitneyu

from neurosim import statistics as st
from neurosim.association.rate_changes import describe_rates, rates_to
from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains
from neurosim.timeline import Timeline, Trial

TRIALS = 10
SINGLES = ("p", "np", "x", "y")
P_TO_NP, NP_TO_P = ("p", "np"), ("np", "p")
PHASES = ("before", "after")
RATES = tuple(f"{role}_rate_{phase}" for role in ("p", "np", "na") for phase in PHASES)

Answers = Mapping[tuple[str, str], Mapping[int, npt.ArrayLike]]
Record = Callable[..., Recording]


@pytest.fixture
def record(recorded_by_hand: Callable[..., Recording]) -> Record:
    """Return a function that takes, by phase and stimulus, spikes of units in every test."""

    def tests(answers: Answers, n: int = 8, n_tests: int = TRIALS) -> Recording:
        keys = [(phase, name) for phase in PHASES for name in SINGLES]
        counts = np.zeros((len(keys), n_tests, n))
        for key, of_units in answers.items():
            for unit, spikes in of_units.items():
                counts[keys.index(key), :, unit] = spikes
        trials = [key for key in keys for _ in range(n_tests)]
        return recorded_by_hand(trials, counts.reshape(-1, n))

    return tests


def describe(
    recording: Recording, directions: Sequence[tuple[str, str]] = (P_TO_NP,)
) -> dict[str, float]:
    return describe_rates(recording, SINGLES, directions)


def test_rate_is_the_mean_over_the_tests_of_a_phase(record: Record) -> None:
    recording = record({("before", "p"): {0: 5, 1: np.arange(10)}, ("after", "p"): {2: 1}}, n=3)
    assert rates_to(recording, "p", "before") == pytest.approx([10, 9, 0])
    assert rates_to(recording, "p", "after") == pytest.approx([0, 0, 2])
    assert rates_to(recording, "x", "before") == pytest.approx([0, 0, 0])


def test_means_over_the_units_of_p(record: Record) -> None:
    # Units 0 and 1 are of P, unit 0 also of NP before; unit 2 is of NP only and unit 3 of nothing
    # before, although it fires to everything after.
    recording = record(
        {
            ("before", "p"): {0: 5, 1: 10},
            ("before", "np"): {0: 4, 2: 5},
            ("before", "x"): {1: 1},
            ("after", "p"): {0: 4, 1: 9, 3: 40},
            ("after", "np"): {0: 6, 1: 2, 2: 5, 3: 40},
            ("after", "x"): {0: 3, 3: 40},
            ("after", "y"): {1: 6, 3: 40},
        }
    )
    values = describe(recording)
    # Spikes in 0.5 s, so twice as many Hz.
    assert [values[name] for name in RATES] == pytest.approx(
        [
            2 * (5 + 10) / 2,
            2 * (4 + 9) / 2,
            2 * (4 + 0) / 2,
            2 * (6 + 2) / 2,
            2 * (0 + 1 / 2) / 2,  # each a mean over x and y
            2 * (3 / 2 + 6 / 2) / 2,
        ]
    )
    assert values["np_to_p_ratio"] == pytest.approx((6 + 2) / (4 + 9))
    # To x by (3 - 1) / 2 spikes, to y by 6 / 2.
    assert values["na_rate_change"] == pytest.approx(6)


def test_units_of_all_directions_are_pooled(record: Record) -> None:
    # Three units of P and one of NP: means over units, not over directions.
    answers: Answers = {
        ("before", "p"): {0: 5, 1: 5, 2: 5},
        ("before", "np"): {3: 9},
        ("after", "p"): {3: 2},
        ("after", "np"): {0: 6, 3: 9},
    }
    values = describe(record(answers), [P_TO_NP, NP_TO_P])
    assert values["p_rate_before"] == pytest.approx(2 * (3 * 5 + 9) / 4)
    assert values["p_rate_after"] == pytest.approx(2 * 9 / 4)
    assert values["np_rate_after"] == pytest.approx(2 * (6 + 2) / 4)


def test_rates_to_p_before_are_those_of_the_other_tests(record: Record) -> None:
    # Selected on tests 0, 2, 4, 6 and 8. Unit 1 fires in the others only, and is not selected.
    even, odd = np.tile([4, 7], 5), np.tile([0, 7], 5)
    recording = record({("before", "p"): {0: even, 1: odd}, ("after", "p"): {0: even, 1: 50}})
    values = describe(recording)
    assert values["p_rate_before"] == pytest.approx(2 * 7)
    assert values["p_rate_after"] == pytest.approx(2 * (4 + 7) / 2)


def noise(rate: float, singles: Sequence[str], n_units: int) -> Recording:
    """Return tests of units that fire at a rate (Hz) all the time, to everything."""
    trials = [Trial(name, 0.5, 0.4, phase) for phase in PHASES for name in singles] * TRIALS
    timeline = Timeline.of(trials)
    rng = np.random.default_rng(0)
    n_spikes = rng.poisson(rate * timeline.duration * n_units)
    unit, time = rng.integers(n_units, size=n_spikes), timeline.duration * rng.random(n_spikes)
    spikes = {"excitatory": SpikeTrains(n_units, unit, time)}
    return Recording(spikes, timeline.table(), timeline.duration, {}, "")


def test_of_noise_no_rate_looks_high_because_its_unit_was_selected() -> None:
    # Some units pass the criterion by chance.
    rate = 8.0
    recording = noise(rate, SINGLES[:3], 2000)
    values = describe_rates(recording, SINGLES[:3], [P_TO_NP, NP_TO_P])
    tests = {name: recording.trial_table.where(phase="before", stimulus=name) for name in P_TO_NP}

    def selected(trials: np.ndarray) -> np.ndarray:
        """Return the rates of the units in the very tests that they were selected on."""
        units = st.responsive_units(recording, "excitatory", trials)
        chosen: np.ndarray = st.rates(recording, "excitatory", trials).mean(axis=0)[units]
        return chosen

    naive_half, naive = (
        np.concatenate([selected(tests[name][::step]) for name in P_TO_NP]) for step in (2, 1)
    )
    assert len(naive_half) >= 30
    # Four standard errors of a mean over units and over the five tests that are left.
    error = 4 * math.sqrt(rate / 0.5 / (5 * len(naive_half)))
    for name in RATES:
        assert values[name] == pytest.approx(rate, abs=error), name
    assert naive_half.mean() > rate + error
    assert naive.mean() > rate + error
    assert values["np_change_p"] > 0.001 and values["np_over_na_p"] > 0.001


@pytest.mark.parametrize(("to_y", "change"), [(0, 6), (5, 4), (10, 14)])
def test_the_largest_change_to_others_may_be_a_fall(
    to_y: int, change: float, record: Record
) -> None:
    # To x it rises by 2 spikes, to y it goes from 3 to `to_y`.
    recording = record(
        {
            ("before", "p"): {0: 5},
            ("before", "y"): {0: 3},
            ("after", "x"): {0: 2},
            ("after", "y"): {0: to_y},
        }
    )
    assert describe(recording)["na_rate_change"] == pytest.approx(change)


def test_changes_to_others_are_seen_in_all_directions_and_are_means_over_units(
    record: Record,
) -> None:
    # One of the two units of P, and the one of NP.
    before: Answers = {("before", "p"): {0: 5, 1: 5}, ("before", "np"): {2: 5}}
    both = [P_TO_NP, NP_TO_P]
    of_p = record({**before, ("after", "x"): {0: 3}})
    assert describe(of_p, both)["na_rate_change"] == pytest.approx(3)
    of_np = record({**before, ("after", "x"): {2: 3}})
    assert describe(of_np, both)["na_rate_change"] == pytest.approx(6)
    none = record({**before, ("after", "np"): {0: 9}, ("after", "p"): {2: 9}})
    assert describe(none, both)["na_rate_change"] == 0


def test_p_values_are_of_the_rank_sum_test_over_units(record: Record) -> None:
    rng = np.random.default_rng(0)
    n = 12
    spikes = {key: rng.poisson(4, n) for key in ("np before", "x before", "x after")}
    spikes["np after"] = rng.poisson(6, n)
    answers = {
        ("before", "p"): dict.fromkeys(range(n), 5),
        **{
            (phase, name): dict(enumerate(spikes[f"{name} {phase}"]))
            for phase in PHASES
            for name in ("np", "x")
        },
    }
    values = describe(record(answers, n=n))

    def expected(first: np.ndarray, second: np.ndarray) -> float:
        return float(mannwhitneyu(first, second, method="asymptotic").pvalue)

    gain = spikes["np after"] - spikes["np before"]
    gain_na = (spikes["x after"] - spikes["x before"]) / 2  # y has none
    assert values["np_change_p"] == pytest.approx(expected(spikes["np after"], spikes["np before"]))
    assert values["np_over_na_p"] == pytest.approx(expected(gain, gain_na))
    assert 0.001 < values["np_over_na_p"] != values["np_change_p"] < 0.9


def test_a_gain_to_everything_is_no_gain_over_the_others(record: Record) -> None:
    # From 3 spikes in ten tests to NP, x and y by 3 more, to x and y in the mean (1 and 5). Means
    # of means are rounded differently than means, and have to tie all the same.
    units = range(8)
    answers: dict[tuple[str, str], Mapping[int, npt.ArrayLike]] = {
        ("before", "p"): dict.fromkeys(units, 5)
    }
    for name, gain in (("np", 3), ("x", 1), ("y", 5)):
        for phase, first in (("before", 0), ("after", gain)):
            tests = np.array([1, 1, 1, *[0] * 7])
            tests[0] += first
            answers[phase, name] = dict.fromkeys(units, tests)
    values = describe(record(answers))
    assert values["np_over_na_p"] == 1
    assert values["np_change_p"] < 0.001


def test_the_roc_area_is_that_of_pair_coding_units_after_learning(record: Record) -> None:
    half = np.repeat([5, 7], 5)
    recording = record(
        {
            ("before", "p"): {0: 5, 1: 5, 2: 5},
            ("before", "np"): {3: 5, 4: 5},
            ("after", "p"): {0: 9, 1: half, 2: 9, 4: 5},
            # Unit 0 always fires more to P, unit 1 in half of the tests (and ties in the others),
            # unit 2 is not pair-coding.
            ("after", "np"): {0: 5, 1: 5, 3: 5, 4: 5},
        }
    )
    assert describe(recording)["np_p_roc_area"] == pytest.approx((1 + 3 / 4) / 2)
    # Of NP's units the one that is pair-coding fires alike to both.
    values = describe(recording, [P_TO_NP, NP_TO_P])
    assert values["np_p_roc_area"] == pytest.approx((1 + 3 / 4 + 1 / 2) / 3)
    # A stronger response to the partner gives less than a half.
    inverse = record(
        {("before", "p"): {0: 5}, ("after", "p"): {0: 5}, ("after", "np"): {0: 6}},
    )
    assert describe(inverse)["np_p_roc_area"] == 0


def test_without_units_there_is_no_number(record: Record) -> None:
    values = describe(record({("before", "x"): {0: 9}}), [P_TO_NP, NP_TO_P])
    assert len(values) == 11
    for name, value in values.items():
        assert math.isnan(value), name


def test_a_direction_without_units_adds_none_to_the_means(record: Record) -> None:
    # What did not change for lack of units is not known not to have changed.
    recording = record({("before", "p"): {0: 5}, ("after", "p"): {0: 4}, ("after", "x"): {0: 1}})
    alone, both = describe(recording), describe(recording, [P_TO_NP, NP_TO_P])
    assert [both[name] for name in RATES] == [alone[name] for name in RATES]
    assert alone["na_rate_change"] == pytest.approx(2)
    assert math.isnan(both["na_rate_change"])


@pytest.mark.parametrize(("n_tests", "enough"), [(2, False), (6, False), (7, True), (8, True)])
def test_the_units_are_selected_on_four_tests_or_more(
    n_tests: int, enough: bool, record: Record
) -> None:
    # Of 7 tests 4 select, of 6 three do.
    spikes = np.arange(9, 9 + n_tests)
    recording = record({(phase, "p"): {0: spikes} for phase in PHASES}, n_tests=n_tests)
    values = describe(recording)
    for name in (*RATES, "na_rate_change", "np_change_p", "np_over_na_p", "np_to_p_ratio"):
        assert math.isnan(values[name]) != enough, name


def test_a_single_test_cannot_select_and_measure(record: Record) -> None:
    with pytest.raises(InputError, match="no trials"):
        describe(record({("before", "p"): {0: 9}}, n_tests=1))


def test_a_ratio_to_silence_is_no_number(record: Record) -> None:
    recording = record({("before", "p"): {0: 9}, ("after", "np"): {0: 9}})
    values = describe(recording)
    assert values["p_rate_after"] == 0 and values["np_rate_after"] == pytest.approx(18)
    assert math.isnan(values["np_to_p_ratio"])
