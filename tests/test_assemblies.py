"""Assemblies of recordings in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from neurosim.association.assemblies import (
    describe_assemblies,
    find_assemblies,
    find_assembly,
    highest_rate,
    pair_overlaps,
)
from neurosim.association.completion import mean_recovery, recovery, stimulate_halves
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains
from neurosim.schedules import Patterns
from neurosim.session import Segment, Session, State
from neurosim.timeline import Timeline

Record = Callable[..., Recording]
N = 10


def members(*units: int) -> np.ndarray:
    return np.isin(np.arange(N), units)


def test_a_member_fires_at_10_hz_in_half_of_the_trials(recorded_by_hand: Record) -> None:
    # 5 spikes in 0.5 s are 10 Hz. Columns: always, in half, in fewer, too few spikes, never.
    counts = np.zeros((4, N))
    counts[:, 0] = 5
    counts[:2, 1] = 9
    counts[:1, 2] = 50
    counts[:, 3] = 4
    found = find_assemblies(recorded_by_hand([("before", "a")] * 4, counts), ["a"], "before")
    assert list(found) == ["a"]
    assert np.array_equal(found["a"], members(0, 1))


def test_phases_and_stimuli_are_kept_apart(recorded_by_hand: Record) -> None:
    trials = [("before", "a"), ("before", "b"), ("after", "a"), ("after", "b")]
    counts = np.zeros((4, N))
    for trial in range(4):
        counts[trial, trial] = 10
    recording = recorded_by_hand(trials, counts)
    before, after = (find_assemblies(recording, ["a", "b"], p) for p in ("before", "after"))
    expected = [(before, "a", 0), (before, "b", 1), (after, "a", 2), (after, "b", 3)]
    for found, name, unit in expected:
        assert np.array_equal(found[name], members(unit))
    with pytest.raises(InputError):
        find_assemblies(recording, ["c"], "before")


def test_what_is_described(recorded_by_hand: Record) -> None:
    # a: units 0-3 with 10 spikes, that is 20 Hz. b: units 3-4 with 30 spikes (60 Hz), unit 4 in
    # one of two trials only. c: nothing.
    trials = [("before", name) for name in "abc" for _ in range(2)]
    counts = np.zeros((6, N))
    counts[:2, :4] = 10
    counts[2:4, 3] = 30
    counts[2, 4] = 30
    baseline = np.zeros((6, N))
    baseline[:, 9] = 2  # 5 Hz in one of ten units
    found = describe_assemblies(recorded_by_hand(trials, counts, baseline), "abc", "before")
    found.pop("trial_jaccard")
    assert found == pytest.approx(
        {
            "assembly_size": (0.4 + 0.2 + 0) / 3,
            "unassociated_overlap": (1 / 2 + 0 + 0) / 3,
            "largest_unassociated_overlap": 1 / 2,
            "chance_overlap": 2 / N,  # of two random sets of 2 units
            "assembly_rate": math.nan,
            "background_rate": 0.5,
        },
        nan_ok=True,
    )
    # a is the same in both trials, b keeps one of two units.
    ab = describe_assemblies(recorded_by_hand(trials, counts, baseline), "ab", "before")
    assert ab["trial_jaccard"] == pytest.approx((1 + 1 / 2) / 2)
    assert ab["assembly_rate"] == pytest.approx((20 + (60 + 30) / 2) / 2)


def test_the_rate_of_an_assembly_may_be_another(recorded_by_hand: Record) -> None:
    # 5, 10 and 15 spikes in 0.5 s; unit 3 fires 15 in one of two trials.
    counts = np.zeros((2, N))
    counts[:, :3] = [5, 10, 15]
    counts[0, 3] = 15
    recording = recorded_by_hand([("before", "a")] * 2, counts)
    by_rate = {10: (0, 1, 2, 3), 20: (1, 2, 3), 30: (2, 3), 31: ()}
    for rate, expected in by_rate.items():
        found = find_assembly(recording, "a", "before", rate)
        assert np.array_equal(found, members(*expected)), rate
        assert np.array_equal(find_assemblies(recording, "a", "before", rate)["a"], found)
    assert np.array_equal(find_assembly(recording, "a", "before"), members(*by_rate[10]))


def test_pairs_that_are_associated_are_no_unassociated_ones(recorded_by_hand: Record) -> None:
    # a and b share 2 of 4 cells, b and c 1 of 2, a and c none.
    trials = [("before", name) for name in "abc"]
    counts = np.zeros((3, N))
    counts[0, :4] = counts[1, 2:6] = counts[2, 5:7] = 10
    recording = recorded_by_hand(trials, counts)

    def described(*pairs: tuple[str, str]) -> tuple[float, float]:
        # Any iterable will do.
        values = describe_assemblies(recording, "abc", "before", iter(pairs))
        return values["unassociated_overlap"], values["largest_unassociated_overlap"]

    assert described() == pytest.approx(((1 / 2 + 1 / 2 + 0) / 3, 1 / 2))
    assert described(("a", "b")) == described(("c", "b")) == pytest.approx((1 / 4, 1 / 2))
    assert described(("b", "a"), ("b", "c")) == (0, 0)


def test_overlaps_of_all_but_some_pairs() -> None:
    found = {
        "p": members(0, 1),
        "np": members(1, 2, 3),
        "q": members(3, 4, 5, 6),
        "nq": members(6),
    }
    names = ["p", "np", "q", "nq"]
    # In the order of the names: p with each of the others, then np, then q.
    assert pair_overlaps(found, names) == pytest.approx([1 / 2, 0, 0, 1 / 3, 0, 1])
    # The order within a pair does not matter.
    for pair in (("np", "p"), ("p", "np")):
        assert pair_overlaps(found, names, [pair]) == pytest.approx([0, 0, 1 / 3, 0, 1])
    both = [("p", "np"), ("nq", "q")]
    assert pair_overlaps(found, names, both) == pytest.approx([0, 0, 1 / 3, 0])
    assert pair_overlaps(found, names, iter(both)) == pytest.approx([0, 0, 1 / 3, 0])
    assert pair_overlaps(found, ["p", "np"]) == pytest.approx([1 / 2])


def test_recovery_counts_what_was_not_given() -> None:
    assembly, recalled = members(0, 1, 2, 3), members(0, 1, 2, 9)
    assert recovery(assembly, recalled) == pytest.approx(3 / 4)
    assert recovery(assembly, recalled, given=members(0, 1)) == pytest.approx(1 / 2)
    assert recovery(assembly, recalled, given=members(0, 1, 2)) == 0
    assert math.isnan(recovery(assembly, recalled, given=assembly))
    assert math.isnan(recovery(members(), recalled))


def test_recovery_from_cues_is_the_mean_over_assemblies(recorded_by_hand: Record) -> None:
    trials = [("before", "a"), ("before", "b"), ("completion", "half a"), ("completion", "half b")]
    counts = np.zeros((4, N))
    counts[0, :4] = counts[1, 4:6] = 10
    counts[2, :3] = counts[2, 9] = 10  # 3 of 4, and one that does not belong
    counts[3, 4] = 10  # 1 of 2
    recording = recorded_by_hand(trials, counts)
    whole = find_assemblies(recording, ["a", "b"], "before")
    cues = {"a": "half a", "b": "half b"}
    assert mean_recovery(whole, recording, cues, "completion") == pytest.approx((3 / 4 + 1 / 2) / 2)
    given = {"half a": members(0, 1), "half b": members(5)}
    shares = mean_recovery(whole, recording, cues, "completion", given=given)
    assert shares == pytest.approx((1 / 2 + 1) / 2)


# ---------------------------------------------------------------------- stimulation of a half

ASSEMBLIES = {"p": members(0, 1, 2, 3), "np": members(4, 5, 6, 7), "x": members(8, 9)}
LEARNT = State({}, 1, "learnt")


class RecallingSession(Session):
    """Instead of a simulation: cells that are driven fire, and what they recall."""

    def __init__(self, seed: int, recall: Callable[[str, np.ndarray], np.ndarray]) -> None:
        super().__init__(None, "area", seed, "numpy")
        self.recall = recall
        self.seen: list[tuple[Timeline, Patterns, State | None]] = []

    def run(self, timeline: Timeline, patterns: Patterns, start: State | None = None) -> Segment:
        self.seen.append((timeline, patterns, start))
        table = timeline.table()
        active = [
            patterns["excitatory"][cue] | self.recall(cue, patterns["excitatory"][cue])
            for cue in table.stimulus
        ]
        trial, unit = np.nonzero(np.array(active))
        spikes = np.repeat(table.start_time[trial], 10) + np.tile(0.04 * np.arange(10), len(trial))
        trains = {"excitatory": SpikeTrains(N, np.repeat(unit, 10), spikes)}
        return Segment(Recording(trains, table, timeline.duration, {}, ""), LEARNT)


@pytest.fixture
def imprinted(recorded_by_hand: Record) -> Recording:
    counts = 10 * np.array([cells for cells in ASSEMBLIES.values() for _ in range(2)])
    return recorded_by_hand([("before", name) for name in ASSEMBLIES for _ in range(2)], counts)


def stimulated(session: RecallingSession, imprinted: Recording, phase: str = "driven") -> float:
    stimuli = PairedStimuli(tuple(ASSEMBLIES), 1, {})
    return stimulate_halves(session, stimuli, imprinted, LEARNT, phase, n_trials=4)[1]


def assembly_of(cue: str) -> np.ndarray:
    return ASSEMBLIES[cue.removeprefix("drive ")]


def nothing(cue: str, driven: np.ndarray) -> np.ndarray:
    return np.zeros(N, dtype=bool)


def one_more_of_p(cue: str, driven: np.ndarray) -> np.ndarray:
    if cue != "drive p":
        return nothing(cue, driven)
    return members(int(np.flatnonzero(ASSEMBLIES["p"] & ~driven)[0]))


def everything_else(cue: str, driven: np.ndarray) -> np.ndarray:
    return ~assembly_of(cue)


@pytest.mark.parametrize(
    ("recall", "share"),
    [
        (lambda cue, driven: assembly_of(cue), 1),
        (nothing, 0),  # the half that is driven does not count
        (everything_else, 0),
        (one_more_of_p, (1 / 2 + 0 + 0) / 3),
    ],
)
def test_share_of_the_other_half_that_comes_back(
    recall: Callable[[str, np.ndarray], np.ndarray], share: float, imprinted: Recording
) -> None:
    assert stimulated(RecallingSession(0, recall), imprinted) == pytest.approx(share)


def test_half_of_each_assembly_is_driven_without_input(imprinted: Recording) -> None:
    session = RecallingSession(0, nothing)
    stimuli = PairedStimuli(tuple(ASSEMBLIES), 1, {})
    segment, _ = stimulate_halves(session, stimuli, imprinted, LEARNT, "some phase", n_trials=4)
    [(timeline, patterns, start)] = session.seen
    assert start is LEARNT
    assert list(patterns) == ["excitatory"]
    for name, cells in ASSEMBLIES.items():
        driven = patterns["excitatory"][stimuli.drive(name)]
        assert driven.sum() == cells.sum() / 2
        assert not (driven & ~cells).any()
    shown = segment.recording.trial_table
    assert len(shown) == 3 * 4
    for name in ASSEMBLIES:
        assert len(shown.where(phase="some phase", stimulus=stimuli.drive(name))) == 4
    assert not any(trial.plastic for trial in timeline.trials)


def test_a_seed_drives_the_same_halves_whatever_was_learnt(imprinted: Recording) -> None:
    def halves(seed: int, start: State | None) -> np.ndarray:
        session = RecallingSession(seed, nothing)
        stimuli = PairedStimuli(tuple(ASSEMBLIES), 1, {})
        stimulate_halves(session, stimuli, imprinted, start, "driven", n_trials=2)
        return np.array(list(session.seen[0][1]["excitatory"].values()))

    assert np.array_equal(halves(0, LEARNT), halves(0, None))
    assert len({halves(seed, None).tobytes() for seed in range(5)}) > 1


# ------------------------------------------------------------------------------------------ rates


@pytest.mark.parametrize(("excitatory", "inhibitory", "highest"), [(30, 4, 60), (3, 20, 40)])
def test_the_highest_rate_is_of_any_unit_in_any_phase(
    excitatory: int, inhibitory: int, highest: float, recorded_by_hand: Record
) -> None:
    trials = [("before", "a"), ("before", "a"), ("after", "b")]
    counts = np.zeros((3, N))
    counts[0, 0] = 2 * excitatory  # mean over the two trials of a
    counts[2, 1] = excitatory - 1
    recording = recorded_by_hand(trials, counts)
    onset = recording.trial_table.start_time[2]
    spikes = SpikeTrains(2, np.zeros(inhibitory), onset + np.linspace(0.01, 0.49, inhibitory))
    both = replace(recording, spikes={**recording.spikes, "inhibitory": spikes})
    assert highest_rate(both) == pytest.approx(highest)
