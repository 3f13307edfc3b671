"""Rates and histograms unit by unit agree with those of groups of units and of the scorecard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurosim import statistics as st
from neurosim.association.rate_changes import describe_rates, rates_by_unit
from neurosim.association.unit_responses import (
    UnitGroup,
    count_units,
    histograms_by_trial,
    histograms_by_unit,
    pair_coding_groups,
    responding_groups,
)
from neurosim.errors import InputError
from neurosim.recording import Recording

SINGLES = ("P", "NP", "X", "Y")
DIRECTIONS = [("P", "NP"), ("NP", "P")]
N_TESTS = 8
WINDOW, BIN = (-0.4, 0.5), 0.05
Record = Callable[..., Recording]


@pytest.fixture
def recording(recorded_by_hand: Record) -> Recording:
    """Return random counts of six units: 0-2 fire to P, 3-4 to NP, 0, 1 and 3 to the partner."""
    rng = np.random.default_rng(0)
    trials = [(p, s) for p in ("before", "after") for s in SINGLES for _ in range(N_TESTS)]
    mean = np.full((len(trials), 6), 0.3)
    for row, (phase, stimulus) in enumerate(trials):
        mean[row, {"P": [0, 1, 2], "NP": [3, 4]}.get(stimulus, [])] = 15
        if phase == "after":
            mean[row, {"P": [3], "NP": [0, 1]}.get(stimulus, [])] = 8
    return recorded_by_hand(trials, rng.poisson(mean), rng.poisson(np.full(mean.shape, 0.2)))


def test_groups_are_the_units_of_each_direction(recording: Recording) -> None:
    coding = pair_coding_groups(recording, DIRECTIONS)
    assert [np.flatnonzero(group.units).tolist() for group in coding] == [[0, 1], [3]]
    assert [group.stimulus("P") for group in coding] == ["P", "NP"]
    assert [group.stimulus("NP") for group in coding] == ["NP", "P"]
    responding = responding_groups(recording, DIRECTIONS)
    assert [np.flatnonzero(group.units).tolist() for group in responding] == [[0, 1, 2], [3, 4]]
    assert (count_units(coding), count_units(responding), count_units([])) == (3, 5, 0)


@pytest.mark.parametrize("role", ["P", "NP"])
def test_the_mean_over_units_is_the_histogram_of_statistics(
    recording: Recording, role: str
) -> None:
    groups = pair_coding_groups(recording, DIRECTIONS)
    histograms = histograms_by_unit(recording, groups, role, "after", WINDOW, BIN)
    assert histograms.shape == (3, 18)
    assert histograms.max() > 0
    for rows, group in ((slice(0, 2), groups[0]), (slice(2, 3), groups[1])):
        table = recording.trial_table
        onsets = table.start_time[table.where(phase="after", stimulus=group.stimulus(role))]
        expected = st.psth(recording.spikes["excitatory"], group.units, onsets, WINDOW, BIN)
        np.testing.assert_allclose(histograms[rows].mean(axis=0), expected)


def test_without_units_there_are_no_histograms(recording: Recording) -> None:
    nobody = UnitGroup("P", "NP", np.zeros(6, dtype=bool))
    assert histograms_by_unit(recording, [nobody], "P", "after", WINDOW, BIN).shape == (0, 18)


def test_the_mean_over_trials_is_the_histogram_of_the_unit(recording: Recording) -> None:
    trials = recording.trial_table.where(phase="before", stimulus="P")
    by_trial = histograms_by_trial(recording, 1, trials, WINDOW, BIN)
    assert by_trial.shape == (N_TESTS, 18)
    onsets = recording.trial_table.start_time[trials]
    np.testing.assert_allclose(
        by_trial.mean(axis=0), st.psth(recording.spikes["excitatory"], 1, onsets, WINDOW, BIN)
    )
    evoked = by_trial[:, 8:].sum(axis=1) * BIN
    counts = st.window_counts(recording, "excitatory", trials, (0, 0.5))[:, 1]
    np.testing.assert_allclose(evoked, counts)


def test_bins_that_do_not_fit_and_units_that_are_not_there_are_refused(
    recording: Recording,
) -> None:
    with pytest.raises(InputError, match=r"bin width is 0.4 s"):
        histograms_by_unit(recording, [], "P", "after", WINDOW, 0.4)
    with pytest.raises(InputError, match="no unit 6, expected 0 to 5"):
        histograms_by_trial(recording, 6, np.array([0]), WINDOW, BIN)


def test_rates_are_those_whose_means_the_scorecard_shows(recording: Recording) -> None:
    rates = rates_by_unit(recording, SINGLES, DIRECTIONS)
    described = describe_rates(recording, SINGLES, DIRECTIONS)
    assert len(rates) == 6
    for name, values in rates.items():
        assert values.shape == (5,), "three units of P and two of NP"
        assert values.mean() == pytest.approx(described[name]), name
    assert np.ptp(rates["np_rate_after"]) > 5, "some gained and others did not"


def test_without_units_there_are_no_rates(recorded_by_hand: Record) -> None:
    trials = [(p, s) for p in ("before", "after") for s in SINGLES for _ in range(N_TESTS)]
    silent = recorded_by_hand(trials, np.zeros((len(trials), 6)))
    assert {v.shape for v in rates_by_unit(silent, SINGLES, DIRECTIONS).values()} == {(0,)}
