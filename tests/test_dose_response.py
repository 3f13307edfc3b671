"""The dose at which a fraction is reached, and fractions in which every spike is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from neurosim.association.dose_response import describe_doses, dose_at, fractions_by_dose, phase_of
from neurosim.errors import InputError
from neurosim.recording import Recording

TRIALS = 5
DOSES = (0.25, 1.0, 4.0)
P_TO_NP, NP_TO_P = ("p", "np"), ("np", "p")
# Units 0-3 respond to P before, 4-5 to NP, 6 to both.
P, NP, BOTH = (0, 1, 2, 3), (4, 5), (6,)
N = 8

Record = Callable[[Mapping[float, Mapping[str, Sequence[int]]]], Recording]


@pytest.fixture
def record(recorded_by_hand: Callable[..., Recording]) -> Record:
    """Return a function that takes who responds to the two stimuli after each dose."""

    def after(responding: Mapping[float, Mapping[str, Sequence[int]]]) -> Recording:
        blocks: list[tuple[str, str, Sequence[int]]] = [
            ("before", "p", (*P, *BOTH)),
            ("before", "np", (*NP, *BOTH)),
        ]
        for dose, answers in responding.items():
            blocks += [(phase_of(dose), name, answers.get(name, ())) for name in P_TO_NP]
        trials = [(phase, name) for phase, name, _ in blocks for _ in range(TRIALS)]
        counts = np.zeros((len(trials), N))
        for block, (_, _, units) in enumerate(blocks):
            counts[block * TRIALS : (block + 1) * TRIALS, list(units)] = 5
        return recorded_by_hand(trials, counts)

    return after


@pytest.fixture
def rising(record: Record) -> Recording:
    # P to NP 0, 1 and 3 of 4 units, NP to P 0, 1 and 2 of 2. The unit of both was never eligible.
    return record({0.25: {}, 1.0: {"np": (0, 6), "p": (4, 6)}, 4.0: {"np": (0, 1, 2), "p": NP}})


def test_phases_of_doses_are_told_apart() -> None:
    assert phase_of(1.0) == "after dose 1"
    assert len({phase_of(dose) for dose in (0.5, 0.7, 0.85, 1.0, 1.2, 1.4)}) == 6


def test_fractions_are_those_of_each_dose(rising: Recording) -> None:
    assert fractions_by_dose(rising, [P_TO_NP], DOSES) == pytest.approx([0, 1 / 4, 3 / 4])
    assert fractions_by_dose(rising, [NP_TO_P], DOSES) == pytest.approx([0, 1 / 2, 2 / 2])
    assert fractions_by_dose(rising, [P_TO_NP], (4.0, 1.0)) == pytest.approx([3 / 4, 1 / 4])


def test_units_of_all_directions_are_pooled(rising: Recording) -> None:
    pooled = fractions_by_dose(rising, [P_TO_NP, NP_TO_P], DOSES)
    assert pooled == pytest.approx([0, 2 / 6, 5 / 6])


def test_without_eligible_units_there_are_no_fractions(
    recorded_by_hand: Callable[..., Recording],
) -> None:
    keys = [(phase, name) for phase in ("before", "after dose 1") for name in P_TO_NP]
    trials = [key for key in keys for _ in range(TRIALS)]
    silent = recorded_by_hand(trials, np.zeros((len(trials), N)))
    assert np.isnan(fractions_by_dose(silent, [P_TO_NP], [1.0])).all()
    values = describe_doses(silent, [P_TO_NP], [1.0], (0.25, 0.6))
    assert len(values) == 5
    assert all(math.isnan(value) for value in values.values())


def test_a_dose_that_was_not_tested_is_refused(rising: Recording) -> None:
    with pytest.raises(InputError, match="no trials"):
        fractions_by_dose(rising, [P_TO_NP], [0.25, 2.0])


def test_doses_are_interpolated_over_their_logarithm() -> None:
    fractions = np.array([0.0, 0.2, 0.8])
    assert dose_at(0.5, fractions, (1.0, 2.0, 8.0)) == pytest.approx(4)  # half-way from 2 to 8
    assert dose_at(0.1, fractions, (1.0, 2.0, 8.0)) == pytest.approx(math.sqrt(2))
    assert dose_at(0.7, fractions, [1.0, 2.0, 8.0]) == pytest.approx(2 * 4 ** (5 / 6))
    # Any unit of the dose gives the same dose.
    assert dose_at(0.7, fractions, [10.0, 20.0, 80.0]) == pytest.approx(20 * 4 ** (5 / 6))


def test_a_fraction_that_is_met_exactly_has_the_dose_that_was_tested() -> None:
    fractions = np.array([0.25, 0.4, 0.6])
    found = [dose_at(fraction, fractions, (0.7, 1.0, 1.4)) for fraction in fractions]
    assert found == pytest.approx([0.7, 1.0, 1.4])


def test_of_several_crossings_the_first_from_below_counts() -> None:
    fractions = np.array([0.0, 0.4, 0.1, 0.9])
    assert dose_at(0.2, fractions, (1.0, 4.0, 16.0, 64.0)) == pytest.approx(2)


@pytest.mark.parametrize(
    ("fraction", "fractions"),
    [
        (0.5, (0.1, 0.3, 0.49)),  # never reached
        (0.5, (0.51, 0.6, 0.7)),  # beyond it already at the lowest dose
        (0.5, (0.8, 0.2, 0.7)),  # the same, although it falls below once more
        (0.5, (math.nan, math.nan, math.nan)),
    ],
)
def test_a_fraction_that_is_not_crossed_has_no_dose(
    fraction: float, fractions: tuple[float, ...]
) -> None:
    assert math.isnan(dose_at(fraction, np.array(fractions), DOSES))


def test_description(rising: Recording) -> None:
    # Fractions 0, 1/3 and 5/6 at the doses 1/4, 1 and 4.
    values = describe_doses(rising, [P_TO_NP, NP_TO_P], DOSES, (0.25, 0.6))
    lowest, highest = 4 ** (0.25 / (1 / 3) - 1), 4 ** ((0.6 - 1 / 3) / (1 / 2))
    assert values == pytest.approx(
        {
            "pair_coding_at_dose_1": 1 / 3,
            "pair_coding_largest": 5 / 6,
            "lowest_dose": lowest,
            "highest_dose": highest,
            "dose_range": highest / lowest,
        }
    )


def test_the_largest_fraction_need_not_be_at_the_highest_dose(record: Record) -> None:
    recording = record({0.25: {}, 1.0: {"np": P}, 4.0: {"np": (0,)}})
    values = describe_doses(recording, [P_TO_NP], DOSES, (0.25, 0.6))
    assert values["pair_coding_largest"] == values["pair_coding_at_dose_1"] == 1


def test_a_range_that_is_not_left_has_no_width(record: Record) -> None:
    recording = record({0.25: {}, 1.0: {"np": (0,)}, 4.0: {"np": (0, 1)}})
    values = describe_doses(recording, [P_TO_NP], DOSES, (0.25, 0.6))
    assert values["lowest_dose"] == pytest.approx(1)
    assert math.isnan(values["highest_dose"]) and math.isnan(values["dose_range"])
