"""Programs on the abstract machine: what each operation does, and the published magnitudes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from neurosim.abstract.assembly_calculus import AssemblyParameters, run
from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.results import Results
from neurosim.assembly_calculus.set_operations import overlap
from neurosim.errors import InputError

SMALL = AssemblyParameters(n=5000, k=70, p=0.05, beta=0.1, rounds=15)
NAIVE = replace(SMALL, beta=0.0)
CHANCE = 70 / 5000
SEEDS = range(3)

both = pytest.mark.parametrize("sampling", ["explicit", "lazy"])


def over_seeds(
    program: Program,
    parameters: AssemblyParameters,
    measure: Callable[[Results], float],
    **arguments: object,
) -> float:
    """Return the mean of a measure over seeds."""
    return float(np.mean([measure(run(program, parameters, seed, **arguments)) for seed in SEEDS]))


@both
def test_a_projection_converges(sampling) -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", assembly="x")
    for seed in SEEDS:
        outcome = run(program, replace(SMALL, sampling=sampling), seed).operations[0]["x"]
        assert outcome.size == 70
        assert len(outcome.rounds) == 15
        # A prototype with these parameters: 5-8 rounds.
        assert 4 <= outcome.last_recruitment <= 9
        assert outcome.convergence[-3:].min() > 0.9
        assert 70 < outcome.support[-1] < 4 * 70
        naive = run(program, replace(NAIVE, sampling=sampling), seed).operations[0]["x"]
        assert naive.last_recruitment == 15
        assert naive.convergence[-2] < 0.7


@both
def test_assemblies_of_unlike_stimuli_share_little(sampling) -> None:
    program = Program(["A"], ["S", "T"])
    program.project("S", "A", assembly="x")
    program.project("T", "A")
    shared = over_seeds(
        program, replace(SMALL, sampling=sampling), lambda r: r.operations[1]["A"].overlaps["x"]
    )
    assert shared < 0.1


def test_overlap_of_stimuli_is_preserved() -> None:
    program = Program(["A"], ["S", "T"])
    program.project("S", "A", rounds=1, assembly="x")
    program.project("T", "A", rounds=1)
    first = np.arange(70)
    shared = [
        over_seeds(
            program,
            NAIVE,
            lambda r: r.operations[1]["A"].overlaps["x"],
            stimuli={"S": first, "T": first + apart},
        )
        for apart in (70, 35, 14, 0)
    ]
    assert shared[0] < 3 * CHANCE
    assert shared[0] < shared[1] < shared[2] < shared[3]
    assert shared[2] > 0.2
    # Who wins among equal ones is drawn anew.
    assert shared[3] > 0.7


def shared_by_the_pair(results: Results) -> float:
    pair = results.operations[-1]
    return overlap(pair["x"].neurons, pair["y"].neurons)


def test_association_grows_with_the_rounds_of_firing_together() -> None:
    values = []
    for n_rounds in (1, 10, 20):
        program = Program(["A"], ["S", "T"])
        program.project("S", "A", assembly="x")
        program.project("T", "A", assembly="y")
        program.associate("x", "y", rounds=n_rounds)
        values.append(over_seeds(program, SMALL, shared_by_the_pair))
    assert values[0] < 0.1
    assert values[0] < values[1] < values[2]
    assert values[2] > 0.3
    assert over_seeds(program, NAIVE, shared_by_the_pair) < 0.05


@both
def test_a_part_brings_back_the_rest(sampling) -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", assembly="x")
    program.pattern_complete("x", share=0.4)

    def recovered(results: Results) -> float:
        outcome = results.operations[1]["A"]
        assert outcome.given is not None
        assert outcome.given.size == 28
        assert np.isin(outcome.given.members, results.assemblies["x"].members).all()
        return outcome.recovery("x")

    # A prototype with these parameters: .64-.98.
    assert 0.64 < over_seeds(program, replace(SMALL, sampling=sampling), recovered) < 0.98
    assert over_seeds(program, replace(NAIVE, sampling=sampling), recovered) < 0.05


@both
def test_a_merged_assembly_leads_from_one_parent_to_the_other(sampling) -> None:
    program = Program(["A", "B", "C"], ["S", "T", "U"])
    program.project("S", "A", assembly="x")
    program.project("T", "B", assembly="y")
    program.project("U", "B", assembly="other")
    program.merge("x", "y", "C", assembly="z")
    program.recall("S", "A", "C", "B")
    program.inhibit("C")
    program.recall("S", "A", "C", "B")
    program.disinhibit("C")
    program.recall("T", "B", "C", "A")
    parameters = replace(SMALL, sampling=sampling)

    def measures(results: Results) -> np.ndarray:
        there, silenced, back = (results.operations[number] for number in (4, 6, 8))
        assert silenced["C"].size == silenced["B"].size == 0
        assert silenced["A"].size == 70
        return np.array(
            [
                there["C"].overlaps["z"],
                there["B"].overlaps["y"],
                there["B"].overlaps["other"],
                back["A"].overlaps["x"],
            ]
        )

    merged, partner, other, back = np.mean(
        [measures(run(program, parameters, seed)) for seed in SEEDS], axis=0
    )
    assert merged > 0.9
    assert partner > 0.5
    assert back > 0.5
    assert other < 0.1
    assert measures(run(program, replace(NAIVE, sampling=sampling)))[:2].max() < 0.15


def test_reciprocal_projection_leads_back_and_projection_does_not() -> None:
    values = []
    for operation in ("reciprocal_project", "project"):
        program = Program(["A", "B"], ["S"])
        program.project("S", "A", assembly="x")
        getattr(program, operation)("x", "B", assembly="y")
        program.recall("y", "A")
        values.append(over_seeds(program, SMALL, lambda r: r.operations[-1]["A"].overlaps["x"]))
    assert values[0] > 0.5
    assert values[1] < 0.1


def test_one_assembly_projects_to_several_areas() -> None:
    program = Program(["A", "B", "C"], ["S"])
    program.project("S", "A", assembly="x")
    program.project("x", ["B", "C"], assembly=["b", "c"])
    results = run(program, SMALL)
    assert {name: each.area for name, each in results.assemblies.items()} == {
        "x": "A",
        "b": "B",
        "c": "C",
    }
    assert all(each.size == 70 for each in results.assemblies.values())
    assert results.operations[1]["x"].overlaps["x"] > 0.9


@both
def test_looking_changes_nothing(sampling) -> None:
    plain, looked_at = Program(["A", "B"], ["S"]), Program(["A", "B"], ["S"])
    for program in (plain, looked_at):
        program.project("S", "A", assembly="x", rounds=4)
        if program is looked_at:
            program.recall("S", "A", "B")
            program.pattern_complete("x")
        program.reciprocal_project("x", "B", assembly="y", rounds=4)
    parameters = replace(SMALL, sampling=sampling)
    expected, seen = run(plain, parameters, 3), run(looked_at, parameters, 3)
    for name, neurons in expected.assemblies.items():
        assert neurons.members.tolist() == seen.assemblies[name].members.tolist()


@both
def test_the_seed_repeats_a_run(sampling) -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", assembly="x")
    parameters = replace(SMALL, sampling=sampling)
    first, again, other = (run(program, parameters, seed) for seed in (1, 1, 2))
    rounds = [np.concatenate(each.operations[0]["A"].rounds) for each in (first, again, other)]
    assert rounds[0].tolist() == rounds[1].tolist()
    assert rounds[0].tolist() != rounds[2].tolist()


def test_programs_of_one_seed_share_the_graph() -> None:
    # The area B and the stimulus T come first in one and do not occur in the other.
    long, short = Program(["A", "B"], ["S", "T"]), Program(["A"], ["S"])
    long.project("T", "B", rounds=2)
    for program in (long, short):
        program.project("S", "A", assembly="x")
    one, other = (run(each, SMALL, 4).assemblies["x"] for each in (long, short))
    assert one.members.tolist() == other.members.tolist()


@both
def test_a_million_neurons(sampling) -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", rounds=3)
    parameters = AssemblyParameters(n=10**6, k=100, p=0.01, beta=0.1, sampling=sampling)
    outcome = run(program, parameters).operations[0]["A"]
    assert outcome.size == 100
    assert outcome.neurons.share == 1e-4


@both
def test_without_synapses_nothing_fires(sampling) -> None:
    program = Program(["A", "B"], ["S"])
    program.project("S", "A", assembly="x")
    program.reciprocal_project("x", "B")
    program.pattern_complete("x")
    program.recall("x", "B")
    parameters = AssemblyParameters(n=50, k=5, p=1e-12, rounds=2, sampling=sampling)
    outcomes = [each for result in run(program, parameters).operations for each in result.outcomes]
    assert [each.size for each in outcomes] == [0] * len(outcomes)
    assert math.isnan(outcomes[-2].recovery("x"))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"n": 0}, "n is 0, expected a whole number"),
        ({"k": 5001}, "k is 5001, expected at most n (5000)"),
        ({"k": 1.5}, "k is 1.5, expected a whole number"),
        ({"rounds": True}, "rounds is True"),
        ({"p": 0.0}, "p is 0, expected above 0"),
        ({"p": 1.01}, "p is 1.01, expected"),
        ({"p": "high"}, "p is 'high', expected a number"),
        ({"beta": -0.1}, "beta is -0.1, expected 0 or more"),
        ({"beta": math.nan}, "beta is nan, expected 0 or more"),
        ({"sampling": "lasy"}, "did you mean 'lazy'?"),
    ],
)
def test_parameters_that_are_refused(values, text: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(SMALL, **values)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("stimuli", "text"),
    [
        ({"S": np.arange(3), "U": np.arange(3)}, "The program has no stimulus 'U'"),
        ({}, "The stimulus 'S' has the neurons []"),
        ({"S": np.array([-1, 4])}, "The stimulus 'S' has the neurons [-1, 4]"),
        ({"S": np.array([True, False])}, "The stimulus 'S' has the neurons [False, True]"),
    ],
)
def test_stimuli_that_are_refused(stimuli, text: str) -> None:
    with pytest.raises(InputError) as caught:
        run(Program(["A"], ["S"]), SMALL, stimuli=stimuli)
    assert text in str(caught.value)


# Runs of the authors' program with n = 100,000 and k = 317, one for each number, on seeds that are
# not known. A run of ours differs from one of theirs by the spread over seeds twice: once in the
# single run, once, divided by the number of seeds, in the mean.
PUBLISHED = AssemblyParameters(n=100_000, k=317, p=0.01, beta=0.05)
N_COMPARISONS = 21


def is_within_sampling_error(values: list[float], published: float) -> bool:
    """Return whether a single run may be of these seeds: all comparisons together at 95 %."""
    from scipy.stats import t

    n = len(values)
    limit = t.ppf(1 - 0.05 / (2 * N_COMPARISONS), n - 1) * math.sqrt(1 + 1 / n)
    return bool(abs(np.mean(values) - published) <= limit * np.std(values, ddof=1))


def test_the_comparison_can_fail() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert is_within_sampling_error(values, 6.0)
    assert not is_within_sampling_error(values, 15.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beta", "support", "last_round", "n_rounds"),
    [(0.1, 2.42, 7, 30), (0.05, 3.68, 13, 40), (0.03, 5.06, 23, 50), (0.01, 7.96, 54, 80)],
)
def test_published_support_and_convergence(beta, support, last_round, n_rounds) -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", rounds=n_rounds)
    outcomes = [
        run(program, replace(PUBLISHED, beta=beta), seed).operations[0]["A"] for seed in range(10)
    ]
    supports = [each.support[-1] / 317 for each in outcomes]
    assert is_within_sampling_error(supports, support)
    assert np.mean(supports) == pytest.approx(support, rel=0.15)
    assert is_within_sampling_error([each.last_recruitment for each in outcomes], last_round)


def two_projected_to_one(n_rounds: int) -> Program:
    """Return a program in which two parents fire together into a third area."""
    program = Program(["A", "B", "C"], ["S", "T"])
    program.project("S", "A", assembly="a")
    program.project("T", "B", assembly="b")
    program.project("a", "C", assembly="x")
    program.project("b", "C", assembly="y")
    program.associate("x", "y", rounds=n_rounds)
    return program


@pytest.mark.slow
def test_published_association_against_joint_rounds() -> None:
    shared = []
    for n_rounds, published in ((10, 0.14), (15, 0.27), (20, 0.45)):
        program = two_projected_to_one(n_rounds)
        values = [shared_by_the_pair(run(program, PUBLISHED, seed)) for seed in range(6)]
        assert is_within_sampling_error(values, published)
        assert np.mean(values) == pytest.approx(published, abs=0.05)
        shared.append(np.mean(values))
    assert shared[0] < shared[1] < shared[2]


@pytest.mark.slow
def test_published_association_with_dense_synapses() -> None:
    # The overlap is that of the second assembly, after its parent fired for ten more rounds, with
    # the first one as it was before both fired together.
    program = two_projected_to_one(10)
    program.project("b", "C", assembly="y")
    before, after, read = [], [], []
    for seed in range(4):
        operations = run(program, replace(PUBLISHED, p=0.05, beta=0.1), seed).operations
        before.append(operations[3]["y"].overlaps["x"])
        after.append(overlap(operations[2]["x"].neurons, operations[5]["y"].neurons))
        read.append(overlap(operations[4]["x"].neurons, operations[4]["y"].neurons))
    assert np.mean(before) < 0.015
    assert is_within_sampling_error(after, 0.079)
    # Read at once, and both alike, the two share far more.
    assert min(read) > 2 * 0.079


@pytest.mark.slow
def test_published_completion_against_cue() -> None:
    published = {0.1: 0.01, 0.2: 0.27, 0.3: 0.56, 0.5: 0.49, 0.8: 0.58, 0.9: 0.76}
    program = Program(["A"], ["S"])
    program.project("S", "A", assembly="x", rounds=25)
    for share in published:
        program.pattern_complete("x", share=share)
    values = np.array(
        [
            [each.outcomes[0].overlaps["x"] for each in run(program, PUBLISHED, s).operations[1:]]
            for s in range(10)
        ]
    )
    for column, value in zip(values.T, published.values(), strict=True):
        assert is_within_sampling_error(column.tolist(), value)


@pytest.mark.slow
def test_published_merge() -> None:
    program = Program(["A", "B", "C"], ["S", "T"])
    program.project("S", "A", assembly="x", rounds=1)
    program.project("T", "B", assembly="y", rounds=1)
    program.merge("x", "y", "C", rounds=51)
    results = [run(program, PUBLISHED, seed) for seed in range(5)]
    for area, published in (("A", 9.9), ("B", 9.3), ("C", 18.3)):
        supports = [each.support(area) / 317 for each in results]
        assert is_within_sampling_error(supports, published)
        assert np.mean(supports) == pytest.approx(published, rel=0.15)
    # What is sampled lazily falls short of it, as its documentation says.
    lazy = [run(program, replace(PUBLISHED, sampling="lazy"), s).support("C") for s in range(5)]
    short = np.mean(lazy) / np.mean([each.support("C") for each in results])
    assert 0.8 < short < 0.97


@pytest.mark.slow
def test_lazy_sampling_lets_too_many_neurons_win_in_a_projection() -> None:
    program = Program(["A"], ["S"])
    program.project("S", "A", rounds=40)
    lazy, explicit = (
        np.mean(
            [
                run(program, replace(PUBLISHED, sampling=sampling), seed).support("A")
                for seed in range(10)
            ]
        )
        for sampling in ("lazy", "explicit")
    )
    assert 1.03 < lazy / explicit < 1.25
