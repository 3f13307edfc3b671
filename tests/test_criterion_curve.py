"""Curves over the criterion pass through the rows of the scorecard and follow what units fire."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurosim import statistics as st
from neurosim.association.assemblies import find_assembly
from neurosim.association.criterion_curve import pair_coding_by_median, pair_coding_by_rate
from neurosim.association.pair_coding import POPULATION, pair_coding
from neurosim.recording import Recording

N_TESTS = 8
WAY = [("P", "NP")]
BOTH = [("P", "NP"), ("NP", "P")]
Record = Callable[..., Recording]
TRIALS = [(p, s) for p in ("before", "after") for s in ("P", "NP") for _ in range(N_TESTS)]


@pytest.fixture
def graded(recorded_by_hand: Record) -> Recording:
    """Return units 0 to 9 that fire 20 spikes to P, and unit k k spikes to NP after learning."""
    to = {"P": np.full(10, 20), "NP": np.zeros(10)}
    after = to | {"NP": np.arange(10)}
    response = [(to if phase == "before" else after)[stimulus] for phase, stimulus in TRIALS]
    return recorded_by_hand(TRIALS, np.array(response))


@pytest.fixture
def noisy(recorded_by_hand: Record) -> Recording:
    rng = np.random.default_rng(1)
    mean = np.full((len(TRIALS), 40), 0.5)
    for row, (phase, stimulus) in enumerate(TRIALS):
        mean[row, : 20 if stimulus == "P" else 0] = 12
        mean[row, 20 : 40 if stimulus == "NP" else 0] = 12
        if phase == "after":
            mean[row] += rng.permutation(np.linspace(0, 6, 40))
    baseline = rng.poisson(np.full(mean.shape, 0.5))
    return recorded_by_hand(TRIALS, rng.poisson(mean), baseline)


def test_the_fraction_falls_by_a_unit_at_every_median(graded: Recording) -> None:
    medians = [0.5, 1, 1.5, 2, 5, 9, 9.5]
    # Unit k fires k spikes: k >= m are pair-coding, of ten that respond to P.
    expected = [0.9, 0.9, 0.8, 0.8, 0.5, 0.1, 0.0]
    np.testing.assert_allclose(pair_coding_by_median(graded, WAY, medians), expected)


def test_the_fraction_falls_by_a_unit_at_every_rate(graded: Recording) -> None:
    # k spikes in 0.5 s are 2 k Hz.
    np.testing.assert_allclose(
        pair_coding_by_rate(graded, WAY, [2, 3, 4, 10, 18, 20]), [0.9, 0.8, 0.8, 0.5, 0.1, 0.0]
    )


@pytest.mark.parametrize("directions", [WAY, BOTH])
def test_the_curves_go_through_the_rows_of_the_scorecard(
    noisy: Recording, directions: list[tuple[str, str]]
) -> None:
    by_paper = pair_coding(noisy, directions)
    assert 0 < by_paper < 1
    assert pair_coding_by_median(noisy, directions, [2.0]) == pytest.approx(by_paper)
    by_rate = pair_coding(noisy, directions, find_assembly)
    assert 0 < by_rate < 1
    assert pair_coding_by_rate(noisy, directions, [10.0]) == pytest.approx(by_rate)


def test_every_point_is_the_fraction_by_that_criterion(noisy: Recording) -> None:
    for min_median in (0.5, 3.0, 6.5):
        criterion = st.ResponseCriterion(min_median=min_median)

        def who(
            recording: Recording, name: str, phase: str, rule: st.ResponseCriterion = criterion
        ) -> np.ndarray:
            trials = recording.trial_table.where(phase=phase, stimulus=name)
            return st.responsive_units(recording, POPULATION, trials, rule)

        expected = pair_coding(noisy, BOTH, who)
        assert pair_coding_by_median(noisy, BOTH, [min_median]) == pytest.approx(expected)


def test_where_no_unit_responds_there_is_no_fraction(graded: Recording) -> None:
    assert np.isnan(pair_coding_by_median(graded, WAY, [21.0])).all()
    assert np.isnan(pair_coding_by_rate(graded, WAY, [42.0])).all()
    assert not np.isnan(pair_coding_by_rate(graded, WAY, [40.0])).any()
