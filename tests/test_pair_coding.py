"""Pair coding in recordings in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import hypergeom

from neurosim.pair_coding import describe_link, mean_rate, pair_coding, responders
from neurosim.recording import Recording

N, TRIALS = 12, 10
Answers = dict[tuple[str, str], dict[int, int]]  # (phase, stimulus): spikes in 0.5 s by unit
SINGLES = ("p", "np", "x", "y")
# Units 0-4 respond to P before, units 5-6 to NP; unit 4 to both.
BEFORE: Answers = {
    ("before", "p"): {0: 5, 1: 5, 2: 5, 3: 5, 4: 5},
    ("before", "np"): {4: 5, 5: 5, 6: 5},
    ("before", "x"): {7: 5},
    ("before", "y"): {},
}


@pytest.fixture
def record(recorded_by_hand: Callable[..., Recording]) -> Callable[[Answers], Recording]:
    """Return a function that adds the answers after learning to those before."""

    def add(after: Answers) -> Recording:
        answers = BEFORE | {("after", name): {} for name in SINGLES} | after
        trials = [key for key in answers for _ in range(TRIALS)]
        counts = np.zeros((len(trials), N))
        for trial, key in enumerate(trials):
            for unit, count in answers[key].items():
                counts[trial, unit] = count
        return recorded_by_hand(trials, counts)

    return add


def chance(n_fired: int) -> float:
    """Return how often 5 of 10 tests drawn, enough for a response, are of `n_fired` pictures."""
    return float(hypergeom(TRIALS * (len(SINGLES) - 1), TRIALS * n_fired, TRIALS).sf(4))


def link(recording: Recording, seed: int = 0) -> dict[str, float]:
    return describe_link(recording, SINGLES, np.random.default_rng(seed))


def test_who_responds(record: Callable[[Answers], Recording]) -> None:
    recording = record({("after", "p"): {8: 2, 9: 1}})
    assert np.flatnonzero(responders(recording, "p", "before")).tolist() == [0, 1, 2, 3, 4]
    # The median has to reach 2 spikes.
    assert np.flatnonzero(responders(recording, "p", "after")).tolist() == [8]


def test_pair_coding_is_a_share_of_those_that_could_change(
    record: Callable[[Answers], Recording],
) -> None:
    # Of P's units 0-3 (4 responds to NP already) two come to respond to NP; of NP's 5 and 6 one
    # comes to respond to P. Units 8 and 9 responded to neither and count nowhere.
    recording = record(
        {
            ("after", "np"): {0: 5, 1: 5, 4: 5, 5: 5, 6: 5, 8: 5, 9: 5},
            ("after", "p"): {0: 5, 1: 5, 2: 5, 3: 5, 4: 5, 5: 5, 8: 5},
        }
    )
    assert pair_coding(recording, "p", "np") == pytest.approx(2 / 4)
    assert pair_coding(recording, "np", "p") == pytest.approx(1 / 2)
    values = link(recording)
    assert values["pair_coding_p_to_np"] == pytest.approx(2 / 4)
    assert values["pair_coding_np_to_p"] == pytest.approx(1 / 2)
    # Of the five P units one fires to NP at 10 Hz before, three do so after.
    assert values["np_rate_before"] == pytest.approx(10 / 5)
    assert values["np_rate_after"] == pytest.approx(3 * 10 / 5)
    assert values["p_rate_after"] == pytest.approx(10)
    assert values["kept"] == 1
    # In either direction half of the units fire to the partner too.
    expected = chance(1) / 2
    assert values["shuffled_pair_coding"] == pytest.approx(expected, abs=0.09)


@pytest.mark.parametrize(("linked", "own"), [("p", "np"), ("np", "p")])
def test_shuffled_control_is_the_larger_of_both_directions(
    linked: str, own: str, record: Callable[[Answers], Recording]
) -> None:
    # The units of one picture come to fire to both, those of the other keep to their own.
    units = {"p": (0, 1, 2, 3), "np": (5, 6)}
    both = dict.fromkeys(units[linked], 5)
    alone = dict.fromkeys(units[own], 5)
    recording = record({("after", linked): both, ("after", own): both | alone})
    values = link(recording)
    assert values["shuffled_pair_coding"] == pytest.approx(chance(1), abs=0.14)


def test_kept_is_the_smaller_share_of_both(record: Callable[[Answers], Recording]) -> None:
    values = link(record({("after", "p"): {0: 5, 1: 5, 2: 5, 3: 5}, ("after", "np"): {4: 5, 5: 5}}))
    assert values["kept"] == pytest.approx(min(4 / 5, 2 / 3))


def test_a_change_to_other_pictures_is_seen_in_both_directions(
    record: Callable[[Answers], Recording],
) -> None:
    # To x the P units' mean rate rises by 5 spikes of one of five units: 2 Hz.
    up = link(record({("after", "x"): {0: 5}}))
    assert up["na_rate_change"] == pytest.approx(2)
    assert up["na_units"] == pytest.approx(1 / 5)
    none = link(record({}))
    assert none["na_rate_change"] == 0 and none["na_units"] == 0


def test_a_fall_of_the_rate_to_other_pictures_counts_too(
    recorded_by_hand: Callable[..., Recording],
) -> None:
    trials = [(phase, name) for phase in ("before", "after") for name in SINGLES for _ in range(4)]
    counts = np.zeros((len(trials), 2))
    for trial, (phase, name) in enumerate(trials):
        counts[trial, 0] = 5 if name == "p" else 3 if (phase, name) == ("before", "y") else 0
    assert link(recorded_by_hand(trials, counts))["na_rate_change"] == pytest.approx(6)


def test_units_that_come_to_fire_to_everything_fail_the_shuffled_control(
    record: Callable[[Answers], Recording],
) -> None:
    everything = {("after", name): {0: 5, 1: 5, 2: 5, 3: 5, 5: 5, 6: 5} for name in SINGLES}
    values = link(record(everything))
    assert values["pair_coding_p_to_np"] == 1
    assert values["shuffled_pair_coding"] == 1
    assert values["na_units"] == pytest.approx(4 / 5)


def test_without_units_there_is_no_number(recorded_by_hand: Callable[..., Recording]) -> None:
    trials = [(phase, name) for phase in ("before", "after") for name in SINGLES for _ in range(4)]
    values = link(recorded_by_hand(trials, np.zeros((len(trials), 2))))
    for name in ("pair_coding_p_to_np", "kept", "p_rate_after", "shuffled_pair_coding"):
        assert math.isnan(values[name]), name


@pytest.mark.parametrize("silent", ["p", "np"])
def test_one_picture_without_units_is_enough_for_that(
    silent: str, recorded_by_hand: Callable[..., Recording]
) -> None:
    trials = [(phase, name) for phase in ("before", "after") for name in SINGLES for _ in range(4)]
    counts = np.zeros((len(trials), 2))
    for trial, (_, name) in enumerate(trials):
        counts[trial, 0] = 5 if name in {"p", "np"} - {silent} else 0
    values = link(recorded_by_hand(trials, counts))
    assert math.isnan(values["kept"])
    assert math.isnan(values["shuffled_pair_coding"])


def test_mean_rate_is_over_cells_and_trials(record: Callable[[Answers], Recording]) -> None:
    recording = record({})
    two = np.isin(np.arange(N), (4, 5))
    assert mean_rate(recording, two, "np", "before") == pytest.approx(10)
    assert mean_rate(recording, two, "p", "before") == pytest.approx(5)
    assert math.isnan(mean_rate(recording, np.zeros(N, dtype=bool), "p", "before"))
