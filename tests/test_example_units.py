"""Example units follow a rule: a rank of the gain among the units that they stand for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurosim.association.example_units import QUARTILES, ExampleUnits, example_units
from neurosim.recording import Recording

N_TESTS = 6
Record = Callable[..., Recording]


def recording(record: Record, own: list[int], partner_after: list[int]) -> Recording:
    """Return a recording in which each unit fires so many spikes to P, and to NP after learning."""
    trials = [
        (phase, stimulus)
        for phase in ("before", "after")
        for stimulus in ("P", "NP")
        for _ in range(N_TESTS)
    ]
    silent = [0] * len(own)
    spikes = {"P": own, "NP": silent}
    response = [
        spikes[s] if p == "before" else {"P": own, "NP": partner_after}[s] for p, s in trials
    ]
    return record(trials, np.array(response))


def test_the_median_and_the_quartiles_of_the_gain(recorded_by_hand: Record) -> None:
    # Units 0 to 4 are pair-coding with gains of 9, 5, 7, 3 and 11 spikes; unit 5 fires to NP only.
    made = recording(recorded_by_hand, [10] * 5 + [0], [9, 5, 7, 3, 11, 20])
    assert example_units(made, "P", "NP") == ExampleUnits((2,), "pair-coding units", 5)
    # Ranks 1, 2 and 3 of 0 to 4.
    assert example_units(made, "P", "NP", QUARTILES).units == (1, 2, 0)
    assert example_units(made, "P", "NP", [0.0, 1.0]).units == (3, 4)


def test_of_an_even_number_the_lower_and_of_equal_ones_the_first(recorded_by_hand: Record) -> None:
    made = recording(recorded_by_hand, [10] * 4, [9, 5, 7, 3])
    assert example_units(made, "P", "NP").units == (1,)
    made = recording(recorded_by_hand, [10] * 3, [5, 5, 5])
    assert example_units(made, "P", "NP").units == (1,)


def test_few_units_stand_for_several_quantiles(recorded_by_hand: Record) -> None:
    made = recording(recorded_by_hand, [10, 10, 10], [0, 5, 0])
    assert example_units(made, "P", "NP", QUARTILES) == ExampleUnits(
        (1, 1, 1), "pair-coding units", 1
    )


@pytest.mark.parametrize(
    ("own", "kind", "n", "unit"),
    [
        ([0, 10, 10, 0], "units that respond to their own picture", 2, 1),
        ([0, 0, 0, 0], "units", 4, 1),
    ],
)
def test_without_pair_coding_the_next_kind_is_taken(
    recorded_by_hand: Record, own: list[int], kind: str, n: int, unit: int
) -> None:
    made = recording(recorded_by_hand, own, [0, 0, 1, 0])
    assert example_units(made, "P", "NP") == ExampleUnits((unit,), kind, n)
