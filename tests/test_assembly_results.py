"""Results of programs, on firing that is made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.results import Observation, Results
from neurosim.assembly_calculus.set_operations import NeuronSet
from neurosim.errors import InputError


def neurons(area: str, *members: int) -> NeuronSet:
    return NeuronSet(area, 20, np.array(members, dtype=int))


def rounds(*fired: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(each, dtype=int) for each in fired)


@pytest.fixture
def results() -> Results:
    program = Program(["A", "B"], ["S", "T"])
    program.project("S", "A", assembly="x")
    program.project("T", "A", assembly="y")
    program.inhibit("B")
    program.pattern_complete("x", share=0.5)
    program.project("S", "A", assembly="x")
    x = neurons("A", 1, 2, 3, 4)
    observations = [
        [Observation(x, "x", rounds((5, 6, 1, 2), (1, 2, 3, 4), (4, 3, 2, 1)))],
        [Observation(neurons("A", 4, 7, 8, 9), "y", rounds((4, 7, 8, 9)))],
        [],
        [Observation(neurons("A", 1, 2, 3, 9), None, rounds((1, 2, 10, 9)), neurons("A", 1, 2))],
        [Observation(neurons("A", 1, 2, 3, 7), "x", rounds((1, 2, 3, 7)))],
    ]
    return Results.of("abstract", program, observations)


def test_support_and_convergence_over_rounds(results: Results) -> None:
    outcome = results.operations[0]["x"]
    assert outcome.support.tolist() == [4, 6, 6]
    assert outcome.last_recruitment == 2
    assert outcome.convergence.tolist() == [0.5, 1, 1]
    assert outcome.size == 4


def test_overlaps_are_with_the_assemblies_before(results: Results) -> None:
    overlaps = [each.outcomes[0].overlaps for each in results.operations if each.outcomes]
    assert overlaps == [
        {},
        {"x": 0.25},
        {"x": 0.75, "y": 0.25},
        {"x": 0.75, "y": 0.25},
    ]


def test_recovery_counts_what_was_not_given(results: Results) -> None:
    completed = results.operations[3]["A"]
    assert completed.recovery("x") == 0.5
    assert completed.recovery("y") == 0.25
    with pytest.raises(InputError, match="no assembly 'z' in area 'A'"):
        completed.recovery("z")
    everything = Observation(neurons("A", 1), None, (), neurons("A", 1, 2, 3, 4))
    program = Program(["A"], ["S"])
    program.project("S", "A", assembly="x")
    program.pattern_complete("x", share=1)
    seen = [[Observation(neurons("A", 1, 2), "x")], [everything]]
    assert math.isnan(Results.of("abstract", program, seen).operations[1]["A"].recovery("x"))


def test_assemblies_are_the_latest_ones(results: Results) -> None:
    assert results.assemblies["x"].members.tolist() == [1, 2, 3, 7]
    assert results.assemblies["y"].members.tolist() == [4, 7, 8, 9]


def test_support_of_an_area_leaves_completion_out(results: Results) -> None:
    # Neuron 10 fired in the completion only.
    assert results.support("A") == len({1, 2, 3, 4, 5, 6, 7, 8, 9})
    with pytest.raises(InputError, match="Nothing was seen of area 'B'"):
        results.support("B")


def test_outcomes_are_found_by_assembly_and_area(results: Results) -> None:
    assert results.operations[0]["x"] is results.operations[0]["A"]
    with pytest.raises(InputError, match="shows no 'y'"):
        results.operations[0]["y"]


def test_rows_are_plain(results: Results) -> None:
    rows = results.rows()
    assert [row["assembly"] for row in rows] == ["x", "y", None, "x"]
    assert rows[0] == {
        "machine": "abstract",
        "operation": "project(S, A, x)",
        "area": "A",
        "assembly": "x",
        "size": 4,
        "share": 0.2,
        "support": 6,
        "last_recruitment": 2,
        "overlaps": {},
    }
