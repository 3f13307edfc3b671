"""Tests in order of learning, in recordings in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from neurosim.association.change_point import MEASURES, describe_change
from neurosim.association.learning_curve import composites_seen, describe_learning, partner_counts
from neurosim.errors import InputError
from neurosim.recording import Recording

TRIALS, COMPOSITES, N = 6, 5, 6
P_TO_NP, NP_TO_P = ("p", "np"), ("np", "p")
Trials = list[tuple[str, str]]
Record = Callable[..., Recording]
# Level of the tests of a stimulus: before, after each composite, after all.
LEVELS = [*[0] * TRIALS, *range(1, COMPOSITES + 1), *[COMPOSITES] * TRIALS]


def experiment(
    learnt: Sequence[str] = ("p+np",), tested: Sequence[str] = ("p", "np", "x")
) -> Trials:
    """Return the trials of an experiment: phase and stimulus."""
    trials = [("before", name) for _ in range(TRIALS) for name in tested]
    for _ in range(COMPOSITES):
        trials += [("learning", name) for name in learnt]
        trials += [("between", name) for name in tested]
    return trials + [("after", name) for _ in range(TRIALS) for name in tested]


def courses(trials: Trials, rates: Mapping[tuple[int, str], Sequence[int]]) -> np.ndarray:
    """Return spikes, which unit and stimulus give at each number of rounds that were learnt."""
    counts = np.zeros((len(trials), N))
    first = next((name for phase, name in trials if phase == "learning"), "")
    level = np.cumsum([trial == ("learning", first) for trial in trials])
    for trial, (phase, name) in enumerate(trials):
        for (unit, stimulus), course in rates.items():
            if stimulus == name and phase != "learning":
                counts[trial, unit] = course[level[trial]]
    return counts


def describe(
    recording: Recording, directions: Sequence[tuple[str, str]] = (P_TO_NP,)
) -> dict[str, float]:
    return describe_learning(recording, directions, np.random.default_rng(0))


ALWAYS = [5] * (COMPOSITES + 1)


def from_round(change: int, spikes: int = 8) -> list[int]:
    return [spikes if level >= change else 0 for level in range(COMPOSITES + 1)]


# Units 0-2 are of P; 0 and 1 come to respond to NP, after two rounds and after three. Units 3 and
# 4 are of NP; 4 comes to respond to P after one. Unit 5 is of x, and fires to NP now and then.
KNOWN = {
    (0, "p"): ALWAYS,
    (1, "p"): ALWAYS,
    (2, "p"): ALWAYS,
    (0, "np"): from_round(2),
    (1, "np"): from_round(3),
    (3, "np"): ALWAYS,
    (4, "np"): ALWAYS,
    (4, "p"): from_round(1),
    (5, "x"): ALWAYS,
    (5, "np"): [0, 9, 0, 9, 0, 0],
}


@pytest.fixture
def known(recorded_by_hand: Record) -> Recording:
    trials = experiment()
    return recorded_by_hand(trials, courses(trials, KNOWN))


@pytest.mark.parametrize("learnt", [("p+np",), ("p+np", "q+nq"), ("p", "np")])
def test_what_is_shown_in_a_round_counts_once(
    learnt: tuple[str, ...], recorded_by_hand: Record
) -> None:
    # One pair, two pairs, and a pair of which each is shown alone.
    trials = experiment(learnt)
    recording = recorded_by_hand(trials, np.zeros((len(trials), 1)))
    found, seen = composites_seen(recording, "np")
    assert [trials[k] for k in found] == [
        *[("before", "np")] * TRIALS,
        *[("between", "np")] * COMPOSITES,
        *[("after", "np")] * TRIALS,
    ]
    assert seen.tolist() == LEVELS


def test_rounds_without_a_test_in_between(recorded_by_hand: Record) -> None:
    trials = [("before", "np"), *[("learning", "p+np")] * 3, ("between", "np"), ("after", "np")]
    recording = recorded_by_hand(trials, np.zeros((len(trials), 1)))
    found, seen = composites_seen(recording, "np")
    assert (found.tolist(), seen.tolist()) == ([0, 4, 5], [0, 3, 3])


def test_without_learning_nothing_was_seen(recorded_by_hand: Record) -> None:
    trials = [("before", "np"), ("between", "np"), ("after", "np")]
    recording = recorded_by_hand(trials, np.zeros((3, 1)))
    assert composites_seen(recording, "np")[1].tolist() == [0, 0, 0]


def test_counts_are_those_of_pair_coding_units_to_the_partner(known: Recording) -> None:
    counts, seen = partner_counts(known, [P_TO_NP])
    assert seen.tolist() == LEVELS
    level = np.array(LEVELS)
    assert counts.T.tolist() == [(8 * (level >= 2)).tolist(), (8 * (level >= 3)).tolist()]


def test_units_of_all_directions_are_pooled(known: Recording) -> None:
    counts, seen = partner_counts(known, [P_TO_NP, NP_TO_P])
    assert seen.tolist() == LEVELS
    # 0 and 1 to NP, 4 to P.
    assert [np.flatnonzero(unit)[0] for unit in counts.T] == [TRIALS + 1, TRIALS + 2, TRIALS]
    assert np.array_equal(counts[:, :2], partner_counts(known, [P_TO_NP])[0])
    assert np.array_equal(counts[:, 2:], partner_counts(known, [NP_TO_P])[0])


def test_several_pairs_in_one_recording(recorded_by_hand: Record) -> None:
    trials = experiment(("p+np", "q+nq"), ("p", "np", "q", "nq", "x"))
    rates = {
        (0, "p"): ALWAYS,
        (0, "np"): from_round(2),
        (1, "q"): ALWAYS,
        (1, "nq"): from_round(4),
    }
    recording = recorded_by_hand(trials, courses(trials, rates))
    counts, seen = partner_counts(recording, [P_TO_NP, ("q", "nq")])
    changes = [int(seen[np.flatnonzero(unit)[0]]) for unit in counts.T]
    assert changes == [2, 4]


def test_units_that_step_are_found_to_step(known: Recording) -> None:
    values = describe(known, [P_TO_NP, NP_TO_P])
    assert values["step_share"] == 1
    assert values["trial_of_change"] == 2  # the median of 2, 3 and 1
    assert values["first_trial_share"] == pytest.approx(1 / 3)
    assert describe(known)["trial_of_change"] == pytest.approx(2.5)
    assert describe(known, [NP_TO_P])["first_trial_share"] == 1


def test_a_unit_that_ramps_is_not_found_to_step(recorded_by_hand: Record) -> None:
    trials = experiment()
    rates = {(0, "p"): ALWAYS, (0, "np"): [0, 6, 12, 18, 24, 30]}
    values = describe(recorded_by_hand(trials, courses(trials, rates)))
    assert values["step_share"] == 0


def test_the_description_is_that_of_the_change_points(known: Recording) -> None:
    counts, seen = partner_counts(known, [P_TO_NP, NP_TO_P])
    expected = describe_change(counts, seen, np.random.default_rng(0))
    assert describe(known, [P_TO_NP, NP_TO_P]) == pytest.approx(expected, nan_ok=True)


def test_without_pair_coding_units_there_is_no_number(recorded_by_hand: Record) -> None:
    trials = experiment()
    rates = {(0, "p"): ALWAYS, (1, "np"): ALWAYS}
    values = describe(recorded_by_hand(trials, courses(trials, rates)))
    assert set(values) == set(MEASURES)
    assert all(math.isnan(value) for value in values.values())


def test_a_recording_without_learning_is_refused(recorded_by_hand: Record) -> None:
    trials = [("before", "p"), ("before", "np"), ("after", "np")]
    recording = recorded_by_hand(trials, np.zeros((3, 1)))
    with pytest.raises(InputError, match="2 tests at 0 and 0 after it"):
        describe(recording)
