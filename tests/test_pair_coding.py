"""Pair coding in recordings in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import hypergeom

from neurosim.association.assemblies import find_assembly
from neurosim.association.pair_coding import (
    STRONG_RATE,
    describe_link,
    describe_overlap,
    pair_coding,
    pair_coding_units,
    responders,
)
from neurosim.association.paired_stimuli import Pair
from neurosim.recording import Recording

N, TRIALS = 12, 10
Answers = dict[tuple[str, str], dict[int, int]]  # (phase, stimulus): spikes in 0.5 s by unit
Record = Callable[[Answers], Recording]
SINGLES = ("p", "np", "x", "y")
PAIR = Pair("p", "np")
P_TO_NP, NP_TO_P = PAIR.directions
# Units 0-4 respond to P before, units 4-6 to NP; unit 4 to both.
BEFORE: Answers = {
    ("before", "p"): {0: 5, 1: 5, 2: 5, 3: 5, 4: 5},
    ("before", "np"): {4: 5, 5: 5, 6: 5},
    ("before", "x"): {7: 5},
    ("before", "y"): {},
}
# Two pairs and a stimulus that is not associated. Units 0-3 respond to p before, 4-5 to np,
# 6-7 to q, 8-9 to nq, 10 to x.
PAIRS = (PAIR, Pair("q", "nq"))
FIVE = ("p", "np", "q", "nq", "x")
OWN = {"p": (0, 1, 2, 3), "np": (4, 5), "q": (6, 7), "nq": (8, 9), "x": (10,)}


@pytest.fixture
def record(recorded_by_hand: Callable[..., Recording]) -> Record:
    """Return a function that adds the answers after learning to those before."""

    def add(after: Answers) -> Recording:
        return shown(recorded_by_hand, SINGLES, BEFORE | after)

    return add


@pytest.fixture
def record_pairs(recorded_by_hand: Callable[..., Recording]) -> Callable[..., Recording]:
    """Return a function that takes, per stimulus, units which come to respond to it too."""

    def learn(**joined: Sequence[int]) -> Recording:
        answers: Answers = {}
        for name, units in OWN.items():
            answers["before", name] = dict.fromkeys(units, 5)
            answers["after", name] = dict.fromkeys((*units, *joined.get(name, ())), 5)
        return shown(recorded_by_hand, FIVE, answers)

    return learn


def shown(
    recorded_by_hand: Callable[..., Recording], singles: Sequence[str], answers: Answers
) -> Recording:
    """Return tests of all stimuli before and after, silent but for the answers."""
    keys = [(phase, name) for phase in ("before", "after") for name in singles]
    trials = [key for key in keys for _ in range(TRIALS)]
    counts = np.zeros((len(trials), N))
    for trial, key in enumerate(trials):
        for unit, count in answers.get(key, {}).items():
            counts[trial, unit] = count
    return recorded_by_hand(trials, counts)


def chance(n_fired: int) -> float:
    """Return how often 5 of 10 tests drawn, enough for a response, are of `n_fired` stimuli."""
    return float(hypergeom(TRIALS * (len(SINGLES) - 1), TRIALS * n_fired, TRIALS).sf(4))


def link(recording: Recording, seed: int = 0) -> dict[str, float]:
    return describe_link(recording, SINGLES, [PAIR], np.random.default_rng(seed))


def link_of_pairs(recording: Recording) -> dict[str, float]:
    return describe_link(recording, FIVE, PAIRS, np.random.default_rng(0))


def units(mask: np.ndarray) -> list[int]:
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def test_who_responds(record: Record) -> None:
    recording = record({("after", "p"): {8: 2, 9: 1}})
    assert units(responders(recording, "p", "before")) == [0, 1, 2, 3, 4]
    # The median has to reach 2 spikes.
    assert units(responders(recording, "p", "after")) == [8]


def test_units_that_could_become_pair_coding_and_those_that_did(record: Record) -> None:
    recording = record({("after", "np"): {0: 5, 1: 2, 4: 5, 5: 5, 8: 5}})
    eligible, coding = pair_coding_units(recording, "p", "np")
    # 4 responded to NP before; 8 responded to nothing before.
    assert units(eligible) == [0, 1, 2, 3]
    assert units(coding) == [0, 1]
    # 2 spikes are a response, but not 10 Hz.
    eligible, coding = pair_coding_units(recording, "p", "np", who=find_assembly)
    assert (units(eligible), units(coding)) == ([0, 1, 2, 3], [0])


def test_pair_coding_is_a_share_of_those_that_could_change(record: Record) -> None:
    # Of P's units 0-3 (4 responds to NP already) one comes to respond to NP; of NP's 5 and 6 both
    # come to respond to P. Units 8 and 9 responded to neither and count nowhere.
    recording = record(
        {
            ("after", "np"): {0: 5, 4: 5, 5: 5, 6: 5, 8: 5, 9: 5},
            ("after", "p"): {0: 5, 1: 5, 2: 5, 3: 5, 4: 5, 5: 5, 6: 5, 8: 5},
        }
    )
    assert pair_coding(recording, [P_TO_NP]) == pytest.approx(1 / 4)
    assert pair_coding(recording, [NP_TO_P]) == pytest.approx(2 / 2)
    # Units are pooled, not shares.
    assert pair_coding(recording, PAIR.directions) == pytest.approx(3 / 6)
    values = link(recording)
    assert values["pair_coding_p_to_np"] == values["pair_coding_smallest"] == pytest.approx(1 / 4)
    assert values["pair_coding_np_to_p"] == values["pair_coding_largest"] == pytest.approx(2 / 2)
    assert values["kept"] == 1


def test_pair_coding_follows_the_criterion(record: Record) -> None:
    # 4 spikes in 0.5 s are a response below 10 Hz.
    after: Answers = {("after", "np"): {0: 4, 1: 5}, ("after", "p"): {5: 4}}
    recording = record(after)
    assert pair_coding(recording, [P_TO_NP], find_assembly) == pytest.approx(1 / 4)
    values = link(recording)
    assert values["pair_coding_p_to_np"] == pytest.approx(2 / 4)
    assert values["pair_coding_np_to_p"] == pytest.approx(1 / 2)
    assert values["pair_coding_10_hz"] == pytest.approx(1 / 6)


def test_several_pairs_are_pooled(record_pairs: Callable[..., Recording]) -> None:
    # Of p's four units one responds to np, of q's two both to nq, and so on.
    values = link_of_pairs(record_pairs(np=[0], nq=[6, 7], q=[8]))
    assert values["pair_coding_p_to_np"] == pytest.approx((1 + 2) / (4 + 2))
    assert values["pair_coding_np_to_p"] == pytest.approx((0 + 1) / (2 + 2))
    assert values["pair_coding_smallest"] == 0
    assert values["pair_coding_largest"] == 1
    assert values["pair_coding_10_hz"] == pytest.approx((1 + 2 + 0 + 1) / (4 + 2 + 2 + 2))
    assert values["kept"] == 1
    assert values["na_units"] == 0


def test_of_several_pairs_any_may_fail_a_control(record_pairs: Callable[..., Recording]) -> None:
    # A stimulus of another pair is not associated either.
    assert link_of_pairs(record_pairs(q=[0]))["na_units"] == pytest.approx(1 / 4)
    assert link_of_pairs(record_pairs(np=[9]))["na_units"] == pytest.approx(1 / 2)
    assert link_of_pairs(record_pairs(x=[8, 9]))["na_units"] == 1
    everywhere = record_pairs(p=[9], np=[9], q=[9], x=[9])
    assert link_of_pairs(everywhere)["shuffled_pair_coding"] == pytest.approx(1 / 2)


def test_kept_is_the_smallest_share(record: Record) -> None:
    values = link(record({("after", "p"): {0: 5, 1: 5, 2: 5, 3: 5}, ("after", "np"): {4: 5, 5: 5}}))
    assert values["kept"] == pytest.approx(min(4 / 5, 2 / 3))
    values = link(record({("after", "p"): {0: 5}, ("after", "np"): {4: 5, 5: 5}}))
    assert values["kept"] == pytest.approx(min(1 / 5, 2 / 3))


@pytest.mark.parametrize(
    ("units_to_x", "share"), [((), 0), ((0,), 1 / 5), ((5,), 1 / 3), ((0, 5), 1 / 3), ((8,), 0)]
)
def test_units_that_come_to_respond_to_others_are_seen_in_both_directions(
    units_to_x: tuple[int, ...], share: float, record: Record
) -> None:
    # Of P's units 0-4 and of NP's 4-6.
    values = link(record({("after", "x"): dict.fromkeys(units_to_x, 5)}))
    assert values["na_units"] == pytest.approx(share)


@pytest.mark.parametrize(("linked", "own"), [("p", "np"), ("np", "p")])
def test_shuffled_control_is_the_largest_of_all_directions(
    linked: str, own: str, record: Record
) -> None:
    # The units of one stimulus come to fire to both, those of the other keep to their own.
    of = {"p": (0, 1, 2, 3), "np": (5, 6)}
    both, alone = dict.fromkeys(of[linked], 5), dict.fromkeys(of[own], 5)
    values = link(record({("after", linked): both, ("after", own): both | alone}))
    assert values["shuffled_pair_coding"] == pytest.approx(chance(1), abs=0.14)


def test_units_that_come_to_fire_to_everything_fail_the_shuffled_control(record: Record) -> None:
    everything: Answers = {
        ("after", name): {0: 5, 1: 5, 2: 5, 3: 5, 5: 5, 6: 5} for name in SINGLES
    }
    values = link(record(everything))
    assert values["pair_coding_p_to_np"] == 1
    assert values["shuffled_pair_coding"] == 1
    # Of P's units 4 does not, of NP's neither.
    assert values["na_units"] == pytest.approx(4 / 5)


def test_shuffled_control_follows_the_generator(record: Record) -> None:
    recording = record({("after", "np"): {0: 5, 1: 5}, ("after", "p"): {5: 5}})
    first, again, other = (link(recording, seed)["shuffled_pair_coding"] for seed in (0, 0, 1))
    assert first == again != other


def test_the_link_goes_with_the_labels(record: Record) -> None:
    recording = record({("after", "np"): {0: 5, 1: 5, 2: 5}})
    table = recording.trial_table
    assert link(recording)["pair_coding_p_to_np"] == pytest.approx(3 / 4)
    # What was called NP after learning is called x, and the other way round.
    exchanged = {"np": "x", "x": "np"}
    stimulus = np.array(
        [
            exchanged.get(name, name) if phase == "after" else name
            for phase, name in zip(table.phase, table.stimulus, strict=True)
        ],
        dtype=object,
    )
    values = link(replace(recording, trial_table=replace(table, stimulus=stimulus)))
    assert values["pair_coding_p_to_np"] == 0
    assert values["na_units"] == pytest.approx(3 / 5)


def test_without_units_there_is_no_number(recorded_by_hand: Callable[..., Recording]) -> None:
    recording = shown(recorded_by_hand, SINGLES, {})
    assert math.isnan(pair_coding(recording, PAIR.directions))
    values = link(recording)
    assert len(values) == 8
    for name, value in values.items():
        assert math.isnan(value), name


@pytest.mark.parametrize("silent", ["p", "np"])
def test_one_stimulus_without_units_is_enough_for_that(
    silent: str, recorded_by_hand: Callable[..., Recording]
) -> None:
    other = "np" if silent == "p" else "p"
    answers: Answers = {(phase, other): {0: 5} for phase in ("before", "after")}
    values = link(shown(recorded_by_hand, SINGLES, answers))
    pooled = {"p": "pair_coding_np_to_p", "np": "pair_coding_p_to_np"}[silent]
    numbers = {name for name, value in values.items() if not math.isnan(value)}
    assert numbers == {pooled, "pair_coding_10_hz"}


# --------------------------------------------------------------------------------------- overlap

STRONG = int(STRONG_RATE / 2)  # spikes in 0.5 s


def overlap(recording: Recording, pairs: Sequence[Pair] = (PAIR,)) -> dict[str, float]:
    names = SINGLES if len(pairs) == 1 else FIVE
    return describe_overlap(recording, names, pairs)


def test_overlap_after_learning(record: Record) -> None:
    # P has 5 cells, NP 4, and 3 are of both. x shares one of its 2 with P and one with NP.
    recording = record(
        {
            ("after", "p"): dict.fromkeys((0, 1, 2, 3, 4), 5),
            ("after", "np"): dict.fromkeys((2, 3, 4, 5), 5),
            ("after", "x"): dict.fromkeys((0, 5), 5),
            ("after", "y"): dict.fromkeys((7,), 5),
        }
    )
    assert overlap(recording) == pytest.approx(
        {
            "pair_overlap_after": 3 / 4,
            "pair_overlap_to_chance": (3 / 4) / (5 / N),  # a random set has 5 of 12 in P
            "pair_overlap_after_30_hz": 0,
            "recruited_overlap": 0,
            "recruited": 0,
            "unassociated_overlap_after": (1 / 2 + 0 + 1 / 2 + 0 + 0) / 5,
        }
    )


def test_overlap_is_that_after_and_not_before(record: Record) -> None:
    # P and NP share cell 4 before.
    own: Answers = {("after", "p"): {0: 5, 1: 5}, ("after", "np"): {5: 5, 6: 5}}
    assert overlap(record(own))["pair_overlap_after"] == 0


def test_strong_cells_fire_at_30_hz_in_half_of_the_tests(record: Record) -> None:
    # Of 4 and 3 cells 3 are of both. Of the 3 and 2 strong ones 1 is.
    recording = record(
        {
            ("after", "p"): {0: STRONG, 1: STRONG, 2: STRONG, 3: STRONG - 1},
            ("after", "np"): {1: STRONG - 1, 2: STRONG, 3: STRONG},
        }
    )
    values = overlap(recording)
    assert values["pair_overlap_after"] == pytest.approx(3 / 3)
    assert values["pair_overlap_after_30_hz"] == pytest.approx(1 / 2)


def test_recruited_cells_were_of_no_assembly_before(record: Record) -> None:
    # P has 5 cells, NP 4, 7 together; 7 and 8 are of both. Cells 8 to 10 were of none, 7 was of x.
    recording = record(
        {
            ("after", "p"): dict.fromkeys((0, 7, 8, 9, 3), 5),
            ("after", "np"): dict.fromkeys((7, 8, 5, 10), 5),
        }
    )
    values = overlap(recording)
    assert values["pair_overlap_after"] == pytest.approx(2 / 4)
    assert values["recruited_overlap"] == pytest.approx(1 / 4)
    assert values["recruited"] == pytest.approx(3 / 7)


def test_overlap_is_the_mean_over_pairs(record_pairs: Callable[..., Recording]) -> None:
    # p: 0-4 (4 is of np), np: 4-5; q: 6-7, nq: 6-9; x: 10 and 6, which is of q and nq.
    values = overlap(record_pairs(p=[4], nq=[6, 7], x=[6]), PAIRS)
    of_pairs, chance_of_pairs = (1 / 2 + 2 / 2) / 2, (5 / N + 4 / N) / 2
    assert values == pytest.approx(
        {
            "pair_overlap_after": of_pairs,
            "pair_overlap_to_chance": of_pairs / chance_of_pairs,
            "pair_overlap_after_30_hz": 0,
            "recruited_overlap": 0,
            "recruited": 0,
            # Of ten combinations of five stimuli two are pairs.
            "unassociated_overlap_after": (1 / 2 + 1 / 2) / 8,
        }
    )


def test_without_assemblies_there_is_no_overlap(
    recorded_by_hand: Callable[..., Recording],
) -> None:
    values = overlap(shown(recorded_by_hand, SINGLES, {}))
    assert math.isnan(values.pop("pair_overlap_to_chance"))
    assert list(values.values()) == [0, 0, 0, 0, 0]
