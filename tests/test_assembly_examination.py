"""What is measured of programs: on answers that are known, and on the abstract machine."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.assembly_calculus import run
from neurosim.assembly_calculus import examination as ex
from neurosim.assembly_calculus.plain_data import to_list
from neurosim.assembly_calculus.results import Outcome
from neurosim.assembly_calculus.set_operations import NeuronSet


def neurons(*members: int) -> NeuronSet:
    return NeuronSet("A", 20, np.array(members, dtype=int))


def test_shares_are_of_what_is_wanted_and_not_given() -> None:
    assembly, fired = neurons(1, 2, 3, 4, 5), neurons(1, 2, 3, 9)
    assert ex.share_of(assembly, fired) == pytest.approx(3 / 5)
    assert ex.recovered(assembly, fired, neurons(1, 2)) == pytest.approx(1 / 3)
    assert ex.share_of(neurons(), fired) == 0


def test_trials_are_compared_pair_by_pair() -> None:
    rounds = tuple(np.array(fired) for fired in ([1, 2], [1, 2], [2, 3]))
    outcome = Outcome(neurons(1, 2), None, rounds)
    assert ex.jaccard_of_trials(outcome) == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)


def test_stimuli_share_what_they_should_and_nothing_else() -> None:
    names = [f"{kind} {share}" for share in ex.SHARES for kind in "xy"]
    chosen = ex.sharing_stimuli(names, 60, np.random.default_rng(1).permutation(500))
    for name in names:
        assert len(np.unique(chosen[name])) == 60
    for number, share in enumerate(ex.SHARES):
        first, second = (chosen[name] for name in names[2 * number : 2 * number + 2])
        assert len(np.intersect1d(first, second)) == round(60 * share)
        others = [chosen[name] for name in names if str(share) not in name]
        assert not np.isin(np.concatenate([first, second]), np.concatenate(others)).any()


@pytest.mark.parametrize(("every", "steps"), [(10, (2, 4, 6, 8, 10)), (2, (1, 2, 3, 4, 5))])
def test_assemblies_are_read_evenly_while_they_are_associated(every, steps) -> None:
    assert ex.association_steps(every) == steps
    assert len(steps) == ex.N_READINGS - 1


def test_the_program_is_ten_operations_and_looks() -> None:
    program = ex.published_program()
    listed = to_list(program)
    assert listed[:10] == list(ex.PROGRAM[:10])
    assert {each["operation"] for each in listed[10:]} == {"recall", "pattern_complete"}
    assert str(program.operations[ex.TO_PLACE]) == "recall(S, A, C, B)"
    assert str(program.operations[ex.BACK]) == "recall(U, A, C, A)"


def test_random_graphs_run_the_program() -> None:
    found = [ex.program_values(run(ex.published_program(), ex.SMALL, seed)) for seed in range(3)]
    mean = {name: np.mean([values[name] for values in found]) for name in found[0]}
    assert mean["reciprocal_there"] > 0.9
    assert mean["reciprocal_back"] > 0.5
    assert mean["completion"] > 0.75
    assert mean["merge_recall"] > mean["merge_wrong"] + 0.2
    assert mean["reciprocal_back"] > mean["reciprocal_wrong_back"] + 0.1


def test_what_shares_keep_assemblies_apart_is_the_last_before_they_overlap() -> None:
    stimuli = ex.sharing_stimuli(
        [f"{kind} {ex.percent(share)}" for share in ex.SHARES for kind in ("first", "second")],
        ex.SMALL.k,
        np.arange(2 * len(ex.SHARES) * ex.SMALL.k),
    )
    from neurosim.assembly_calculus.program import Program

    program = Program(["A"], list(stimuli))
    for name in stimuli:
        program.project(name, "A", assembly=f"of {name}", rounds=5)
    values = ex.sharing_values(run(program, ex.SMALL, 1, stimuli))
    shared = [values[f"overlap_at_{ex.percent(share)}"] for share in ex.SHARES]
    assert shared[-1] > shared[0]
    apart = [share for share, each in zip(ex.SHARES, shared, strict=True) if each <= ex.DISTINCT]
    assert values["distinct_up_to"] == (apart[-1] if shared[0] <= ex.DISTINCT else 0)
