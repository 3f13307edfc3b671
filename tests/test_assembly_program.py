"""Programs of the assembly calculus: what they record, and what they refuse."""

from __future__ import annotations

import json

import pytest

from neurosim.assembly_calculus.instructions import Completion, Fibre, Learning, Reading
from neurosim.assembly_calculus.plain_data import from_list, to_list
from neurosim.assembly_calculus.program import Program
from neurosim.errors import InputError

AREAS, STIMULI = ["A", "B", "C"], ["S", "T"]


def program() -> Program:
    return Program(AREAS, STIMULI)


def merged() -> Program:
    """Return a program with the assemblies x in A, y in B and their merger z in C."""
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "B", assembly="y")
    recorded.merge("x", "y", "C", assembly="z", rounds=12)
    return recorded


def learning(recorded: Program) -> Learning:
    """Return the first instruction of the last operation."""
    instruction = recorded.operations[-1].instructions[0]
    assert isinstance(instruction, Learning)
    return instruction


def fibres(text: str) -> tuple[Fibre, ...]:
    return tuple(sorted(Fibre(*pair) for pair in text.split()))


def test_a_stimulus_fires_with_the_area_itself() -> None:
    recorded = program()
    assert recorded.project("S", "A", rounds=7) == "S>A"
    expected = Learning(fibres("SA AA"), firing=(), forms={"A": "S>A"}, rounds=7)
    assert recorded.operations[0].instructions == (expected,)


def test_the_source_of_a_projection_is_evoked_by_its_own_stimulus() -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("x", "C", assembly="xc")
    assert learning(recorded).fibres == fibres("SA AA AC CC")
    assert learning(recorded).firing == ("x",)
    assert learning(recorded).forms == {"C": "xc", "A": "x"}
    recorded.project("xc", "B")
    assert learning(recorded).fibres == fibres("SA AA AC CC CB BB")
    assert learning(recorded).firing == ("xc", "x")


def test_one_source_projects_to_several_areas_at_once() -> None:
    recorded = program()
    recorded.project("S", "A")
    assert recorded.project("A", ["B", "C"]) == ("S>A>B", "S>A>C")
    assert learning(recorded).fibres == fibres("SA AA AB BB AC CC")
    assert recorded.project("S", ["B", "C"], assembly=["b", "c"]) == ("b", "c")


def test_an_area_stands_for_the_assembly_that_was_formed_there_last() -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "A", assembly="y")
    recorded.project("A", "B")
    assert recorded.operations[-1].arguments["source"] == "y"
    recorded.project("S", "A", assembly="x")
    recorded.project("A", "C")
    assert recorded.operations[-1].arguments["source"] == "x"


def test_the_target_of_a_reciprocal_projection_projects_back() -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.reciprocal_project("x", "B", assembly="y")
    assert learning(recorded).fibres == fibres("SA AA AB BB BA")
    assert recorded.assemblies["y"].parents == ("x",)


def test_both_parents_of_a_merger_fire_and_are_projected_back_to() -> None:
    recorded = merged()
    expected = Learning(
        fibres("SA TB AA BB CC AC BC CA CB"), ("x", "y"), {"C": "z", "A": "x", "B": "y"}, 12
    )
    assert recorded.operations[-1].instructions == (expected,)


def test_associated_assemblies_fire_together_and_are_then_read_one_by_one() -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "B", assembly="y")
    recorded.project("x", "C", assembly="xc")
    recorded.project("y", "C", assembly="yc")
    recorded.associate("xc", "yc", rounds=3)
    together, first, second = recorded.operations[-1].instructions
    assert together == Learning(
        fibres("SA TB AA BB AC BC CC"), ("x", "y"), {"C": None, "A": "x", "B": "y"}, 3
    )
    assert first == Reading((fibres("SA"), fibres("AC")), ("C",), shows="xc")
    assert second == Reading((fibres("TB"), fibres("BC")), ("C",), shows="yc")


def test_two_stimuli_of_one_area_can_be_associated() -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "A", assembly="y")
    recorded.associate("x", "y")
    assert learning(recorded) == Learning(fibres("SA TA AA"), (), {"A": None}, None)


def test_a_recall_follows_its_path_wave_by_wave() -> None:
    recorded = merged()
    recorded.recall("S", "A", "C", "B")
    (reading,) = recorded.operations[-1].instructions
    assert reading == Reading(
        (fibres("SA"), fibres("AC"), fibres("CB")), ("A", "C", "B"), shows=None
    )
    recorded.recall("z", "A")
    (reading,) = recorded.operations[-1].instructions
    assert reading == Reading((fibres("SA TB"), fibres("AC BC"), fibres("CA")), ("A",))


def test_ways_of_unequal_length_end_together() -> None:
    recorded = Program(["A", "B", "C", "D"], STIMULI)
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "B", assembly="y")
    recorded.project("y", "C", assembly="yc")
    recorded.merge("x", "yc", "D", assembly="z")
    recorded.recall("z", "B")
    (reading,) = recorded.operations[-1].instructions
    assert isinstance(reading, Reading)
    assert reading.waves == (fibres("TB"), fibres("SA BC"), fibres("AD CD"), fibres("DB"))


def test_an_inhibited_area_is_silent_on_a_path_until_it_is_disinhibited() -> None:
    recorded = merged()
    recorded.inhibit("C")
    recorded.recall("S", "A", "C", "B")
    recorded.disinhibit("C")
    recorded.recall("S", "A", "C", "B")
    silent = [
        each.silent
        for operation in recorded.operations
        for each in operation.instructions
        if isinstance(each, Reading)
    ]
    assert silent == [("C",), ()]


def test_completion_names_its_assembly() -> None:
    recorded = merged()
    recorded.pattern_complete("C", share=0.4, rounds=3)
    assert recorded.operations[-1].instructions == (Completion("z", 0.4, 3),)


def test_plain_data_hold_a_program() -> None:
    recorded = merged()
    recorded.project("S", ["B"], assembly=["b"])
    recorded.reciprocal_project("b", "A", assembly="ba", rounds=2)
    recorded.associate("y", "b", rounds=5)
    recorded.pattern_complete("x", share=0.25)
    recorded.inhibit("A", "C")
    recorded.recall("y", "A", "C")
    recorded.disinhibit("A")
    written = json.loads(json.dumps(to_list(recorded)))
    assert written[0] == {"operation": "project", "source": "S", "target": "A", "assembly": "x"}
    read = from_list(written, areas=AREAS, stimuli=STIMULI)
    assert read.operations == recorded.operations
    assert to_list(read) == written


def test_words_of_an_operation() -> None:
    assert str(merged().operations[-1]) == "merge(x, y, C, z)"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"operation": "projekt", "source": "S", "target": "A"}, "did you mean 'project'?"),
        ({"source": "S"}, "expected a mapping with the key 'operation'"),
        ("project", "expected a mapping with the key 'operation'"),
        ({"operation": "project", "source": "S"}, "'project' lacks its argument 'target'"),
        ({"operation": "project", "source": "S", "to": "A"}, "'project' has no argument 'to'"),
        ({"operation": "recall", "source": "S", "path": 3}, "The path is 3"),
        ({"operation": "project", "source": "S", "target": 3}, "The target is 3"),
        ({"operation": "project", "source": ["S"], "target": "A"}, "What fires is ['S']"),
        ({"operation": "inhibit", "areas": []}, "No area is named"),
    ],
)
def test_plain_data_that_describe_no_program(entry: object, text: str) -> None:
    with pytest.raises(InputError) as caught:
        from_list([entry], areas=AREAS, stimuli=STIMULI)  # type: ignore[list-item]
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (lambda p: p.project("U", "A"), "There is no 'U' that can fire"),
        (lambda p: p.project("xx", "C"), "did you mean 'x'?"),
        (lambda p: p.project("S", "Ab"), "There is no area 'Ab'; did you mean 'A'?"),
        (lambda p: p.project("C", "A"), "Area 'C' has no assembly yet"),
        (lambda p: p.project("x", "A"), "Area 'A' already fires with 'x'"),
        (lambda p: p.project("S", []), "No area is named"),
        (lambda p: p.project("S", ["A", "A"]), "is projected to 'A' and 'A'"),
        (lambda p: p.project("S", ["A"], assembly=["u", "v"]), "2 assemblies for 1 areas"),
        (lambda p: p.project("S", "A", rounds=0), "The number of rounds is 0"),
        (lambda p: p.project("S", "A", rounds=1.5), "The number of rounds is 1.5"),
        (lambda p: p.project("S", "A", rounds=True), "The number of rounds is True"),
        (lambda p: p.project("S", "A", assembly="T"), "The name 'T' is taken"),
        (lambda p: p.project("T", "A", assembly="x"), "that 'S' formed in area 'A'"),
        (lambda p: p.project("S", "B", assembly="x"), "that 'S' formed in area 'A'"),
        (lambda p: p.project("S", "A", assembly=""), "is '', expected text"),
        (lambda p: p.reciprocal_project("S", "A"), "There is no 'S' that can fire"),
        (lambda p: p.merge("x", "x", "C"), "are both in area 'A'"),
        (lambda p: p.merge("x", "y", "B"), "Area 'B' already fires with 'x' and 'y'"),
        (lambda p: p.associate("x", "x"), "'x' is associated with itself"),
        (lambda p: p.associate("x", "y"), "'x' is in area 'A' and 'y' in 'B'"),
        (lambda p: p.pattern_complete("x", share=0), "The share is 0"),
        (lambda p: p.pattern_complete("x", share=1.1), "The share is 1.1"),
        (lambda p: p.pattern_complete("x", share="half"), "The share is 'half'"),
        (lambda p: p.recall("x"), "No area is named"),
        (lambda p: p.recall("x", "A"), "goes from area 'A' to itself"),
        (lambda p: p.recall("S", "A", "D"), "There is no area 'D'"),
        (lambda p: p.disinhibit("A"), "Area 'A' is not inhibited"),
        (lambda p: p.inhibit("a"), "There is no area 'a'"),
    ],
)
def test_what_cannot_be_run_is_not_recorded(record, text: str) -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.project("T", "B", assembly="y")
    before = recorded.operations, recorded.assemblies
    with pytest.raises(InputError) as caught:
        record(recorded)
    assert text in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert (recorded.operations, recorded.assemblies) == before


@pytest.mark.parametrize("operation", ["source", "target", "completed"])
def test_an_inhibited_area_learns_nothing(operation: str) -> None:
    recorded = program()
    recorded.project("S", "A", assembly="x")
    recorded.inhibit("A")
    with pytest.raises(InputError, match="Area 'A' is inhibited"):
        if operation == "source":
            recorded.project("x", "B")
        elif operation == "target":
            recorded.project("T", "A")
        else:
            recorded.pattern_complete("x")


@pytest.mark.parametrize(
    ("areas", "stimuli", "text"),
    [
        (["A", "A"], [], "'A' occurs twice"),
        (["A"], ["A"], "'A' occurs twice"),
        (["A", ""], [], "is '', expected text"),
        (["A", 3], [], "is 3, expected text"),
        ("A", [], "are 'A', expected a list of names"),
    ],
)
def test_names_that_are_refused(areas, stimuli, text: str) -> None:
    with pytest.raises(InputError) as caught:
        Program(areas, stimuli)
    assert text in str(caught.value)
