"""Assemblies of recordings in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from neurosim.assemblies import (
    describe_assemblies,
    find_assemblies,
    highest_rate,
    pair_overlaps,
)
from neurosim.completion import mean_recovery, recovery
from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains

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


def test_overlaps_of_all_pairs_but_one() -> None:
    found = {"p": members(0, 1), "np": members(1, 2, 3), "na": members(3, 4, 5, 6)}
    names = ["p", "np", "na"]
    assert pair_overlaps(found, names) == pytest.approx([1 / 2, 0, 1 / 3])
    assert pair_overlaps(found, names, ["np", "p"]) == pytest.approx([0, 1 / 3])
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
