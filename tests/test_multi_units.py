"""Sums of cells of which it is known to what they respond."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import comb

import numpy as np
import pytest

from neurosim import statistics as st
from neurosim.association.multi_units import (
    N_GROUPINGS,
    describe_multi_units,
    multi_unit_pair_coding,
)
from neurosim.association.pair_coding import pair_coding
from neurosim.recording import Recording

TRIALS = 5
P_TO_NP, NP_TO_P = ("p", "np"), ("np", "p")
KEYS = (("before", "p"), ("before", "np"), ("after", "p"), ("after", "np"))
Record = Callable[..., Recording]


@pytest.fixture
def record(recorded_by_hand: Callable[..., Recording]) -> Record:
    """Return a function that takes each cell's spikes per test, in the order of `KEYS`.

    And those in the baseline, by default none.
    """

    def tests(response: Sequence[Sequence[int]], baseline: Sequence[int] = ()) -> Recording:
        counts = np.repeat(np.transpose(response), TRIALS, axis=0)
        before = np.tile(baseline, (len(counts), 1)) if baseline else None
        trials = [key for key in KEYS for _ in range(TRIALS)]
        return recorded_by_hand(trials, counts, before)

    return tests


def share(
    recording: Recording,
    n_cells: int,
    seed: int = 0,
    directions: Sequence[tuple[str, str]] = (P_TO_NP,),
) -> float:
    return multi_unit_pair_coding(recording, directions, n_cells, np.random.default_rng(seed))


# Before P, before NP, after P, after NP.
SILENT = (0, 0, 0, 0)
OWN_ONLY = (5, 0, 5, 0)
CODING = (5, 0, 5, 5)
PARTNER = (0, 5, 0, 5)


@pytest.mark.parametrize("n_cells", [2, 3, 4])
def test_fraction_of_random_sums_in_closed_form(n_cells: int, record: Record) -> None:
    # A unit could become pair-coding if it has one or more of P's 20 cells and none of NP's 4; it
    # did if one or more of those is among the 8 that came to fire to NP.
    n, n_own, n_coding, n_partner = 40, 20, 8, 4
    cells = [CODING] * n_coding + [OWN_ONLY] * (n_own - n_coding) + [PARTNER] * n_partner
    recording = record(cells + [SILENT] * (n - len(cells)))
    without_partner = comb(n - n_partner, n_cells)
    eligible = without_partner - comb(n - n_partner - n_own, n_cells)
    coding = without_partner - comb(n - n_partner - n_coding, n_cells)
    drawn = np.mean([share(recording, n_cells, seed) for seed in range(60)])
    # 60 x 5 groupings of at least ten units, half of them eligible: a standard error of about .01.
    assert drawn == pytest.approx(coding / eligible, abs=0.04)
    assert coding / eligible > n_coding / n_own + 0.05  # more than single cells


def test_a_unit_of_one_cell_is_the_cell(recorded_by_hand: Callable[..., Recording]) -> None:
    rng = np.random.default_rng(1)
    trials = [key for key in KEYS for _ in range(TRIALS)]
    blocks = rng.choice([0, 4], (len(KEYS), 60)).repeat(TRIALS, axis=0)
    counts, baseline = rng.poisson(blocks), rng.poisson(0.3, blocks.shape)
    recording = recorded_by_hand(trials, counts, baseline)
    for directions in ([P_TO_NP], [NP_TO_P], [P_TO_NP, NP_TO_P]):
        expected = pair_coding(recording, directions)
        assert 0 < expected < 1
        assert share(recording, 1, directions=directions) == pytest.approx(expected)


def test_units_of_all_directions_are_pooled(record: Record) -> None:
    # Each unit is one cell: 1 of 3 to NP, 2 of 2 to P.
    recording = record([CODING, OWN_ONLY, OWN_ONLY, (0, 5, 5, 5), (0, 5, 5, 5)])
    assert share(recording, 1) == pytest.approx(1 / 3)
    assert share(recording, 1, directions=[NP_TO_P]) == 1
    assert share(recording, 1, directions=[P_TO_NP, NP_TO_P]) == pytest.approx(3 / 5)


def test_spikes_are_summed_and_not_responses(record: Record) -> None:
    # One spike a test is below the least median of two; of two cells together it is not.
    weak = record([(1, 0, 1, 1)] * 6)
    assert math.isnan(pair_coding(weak, [P_TO_NP]))
    assert share(weak, 2) == 1
    # The cells fire to the partner before and after, but too weakly to count alone.
    known = record([(5, 1, 5, 5)] * 6)
    assert pair_coding(known, [P_TO_NP]) == 1
    assert math.isnan(share(known, 2))


def test_baselines_are_summed_too(record: Record) -> None:
    # The second cell fires as much before the onset as the first after it.
    loud = record([(5, 0, 5, 5), SILENT], baseline=[0, 5])
    assert pair_coding(loud, [P_TO_NP]) == 1
    assert math.isnan(share(loud, 2))


def test_a_cell_of_the_partner_makes_a_unit_ineligible(record: Record) -> None:
    assert share(record([CODING, SILENT]), 2) == 1
    assert share(record([OWN_ONLY, SILENT]), 2) == 0
    assert math.isnan(share(record([CODING, PARTNER]), 2))
    # It is a unit of the partner's no more than it is one of P's.
    assert math.isnan(share(record([CODING, PARTNER]), 2, directions=[NP_TO_P]))


def test_one_coding_cell_is_enough_for_a_unit(record: Record) -> None:
    # One unit of all cells: it codes, although one of four cells does.
    recording = record([CODING, OWN_ONLY, OWN_ONLY, OWN_ONLY])
    assert pair_coding(recording, [P_TO_NP]) == pytest.approx(1 / 4)
    assert share(recording, 4) == 1


def test_each_cell_is_in_one_unit_of_a_grouping_or_left_over(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cell k fires 2^k spikes, so that a sum tells which cells are in it.
    seen: list[np.ndarray] = []
    meets = st.meets_criterion

    def noted(response: np.ndarray, baseline: np.ndarray) -> np.ndarray:
        seen.append(response[0])
        return meets(response, baseline)

    monkeypatch.setattr(st, "meets_criterion", noted)
    n = 8
    share(record([(2**k, 0, 0, 2**k) for k in range(n)]), 3)
    sums = seen[0].reshape(N_GROUPINGS, -1)
    assert sums.shape == (5, 2)
    cells = (sums[..., np.newaxis] >> np.arange(n)) & 1
    assert (cells.sum(axis=2) == 3).all()
    assert (cells.sum(axis=1) <= 1).all()
    # The groupings differ.
    assert len({frozenset(grouping) for grouping in sums.tolist()}) == 5
    # The same units are asked before and after.
    assert np.array_equal(seen[-1], seen[0])


def test_groupings_follow_the_generator(record: Record) -> None:
    recording = record([CODING] * 4 + [OWN_ONLY] * 4 + [PARTNER] * 2 + [SILENT] * 4)
    first, again, other = (share(recording, 2, seed) for seed in (0, 0, 1))
    assert first == again != other


def test_without_units_there_is_no_number(record: Record) -> None:
    assert math.isnan(share(record([SILENT] * 4), 2))
    assert math.isnan(share(record([PARTNER] * 4), 2))
    assert math.isnan(share(record([CODING] * 3), 4))  # too few cells for one unit


def test_description(record: Record) -> None:
    recording = record([OWN_ONLY, CODING, SILENT, SILENT])
    values = describe_multi_units(recording, [P_TO_NP], np.random.default_rng(0))
    assert list(values) == [f"pair_coding_of_{n}_cells" for n in (2, 3, 4)]
    # Two cells: both together (1 of 1) or apart (1 of 2). Four cells: always together.
    assert 1 / 2 <= values["pair_coding_of_2_cells"] < 1
    assert values["pair_coding_of_4_cells"] == 1
    generator = np.random.default_rng(0)
    assert list(values.values()) == [
        multi_unit_pair_coding(recording, [P_TO_NP], n, generator) for n in (2, 3, 4)
    ]
