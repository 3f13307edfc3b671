"""Programs on spiking areas: what an operation becomes, and what is read from spikes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from areas_bench import InventedSession, small_areas

from neurosim.assembly_calculus.instructions import Fibre, Learning, Reading
from neurosim.assembly_calculus.plain_data import from_list
from neurosim.assembly_calculus.presentations import Planner
from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.schedule import LEAD_IN, Presentation, Schedule
from neurosim.assembly_calculus.set_operations import NeuronSet
from neurosim.assembly_calculus.spiking_machine import SpikingMachine, population, run
from neurosim.errors import InputError
from neurosim.parameters.library import load_model
from neurosim.timeline import Trial

FEW = {
    "trials__imprint": "3",
    "trials__project": "2",
    "trials__associate": "2",
    "trials__test": "2",
}
AREAS, STIMULI = ["A", "B", "C"], ["S", "T"]


def merged() -> Program:
    return from_list(
        [
            {"operation": "project", "source": "S", "target": "A", "assembly": "x"},
            {"operation": "project", "source": "T", "target": "B", "assembly": "y"},
            {"operation": "merge", "first": "x", "second": "y", "target": "C", "assembly": "z"},
        ],
        areas=AREAS,
        stimuli=STIMULI,
    )


def planner(program: Program) -> Planner:
    return Planner(small_areas(**FEW), program.areas, program.assemblies)


def learning_of(program: Program, number: int = -1) -> list[Presentation]:
    instruction = program.operations[number].instructions[0]
    assert isinstance(instruction, Learning)
    return planner(program).learning(instruction, "phase")


def machine(program: Program, **more: object) -> SpikingMachine:
    return SpikingMachine(InventedSession(small_areas(**FEW)), program, **more)  # type: ignore[arg-type]


def test_a_stimulus_is_shown_while_its_area_learns() -> None:
    presentations = learning_of(merged(), 0)
    assert len(presentations) == 3
    each = presentations[0]
    assert each.shown == {"A": ("S",)}
    assert each.gains == {}
    assert each.learning_rates == {Fibre("S", "A"): 1.0, Fibre("A", "A"): 1.0}
    assert each.trial.plastic
    assert each.trial.duration == 0.5


def test_what_drives_an_area_is_open_and_what_leads_back_is_feedback() -> None:
    (each, _) = learning_of(merged())
    assert each.shown == {"A": ("S",), "B": ("T",)}
    gating = small_areas().gating
    driving, feedback = 2**-gating.sharing_exponent, gating.feedback_gain
    assert each.gains == {
        Fibre("A", "C"): pytest.approx(driving),
        Fibre("B", "C"): pytest.approx(driving),
        Fibre("C", "A"): feedback,
        Fibre("C", "B"): feedback,
    }
    assert set(each.learning_rates) == {
        *each.gains,
        *(Fibre(area, area) for area in AREAS),
        Fibre("S", "A"),
        Fibre("T", "B"),
    }


def test_fibres_that_drive_an_area_together_share_their_gain() -> None:
    program = Program(["A", "B", "C", "D"], ["S", "T", "U"])
    for stimulus, area in zip("STU", "ABC", strict=True):
        program.project(stimulus, area)
    waves = (
        tuple(Fibre(stimulus, area) for stimulus, area in zip("STU", "ABC", strict=True)),
        tuple(Fibre(area, "D") for area in "ABC"),
    )
    shared = small_areas(**FEW, gating__sharing_exponent="0.5")
    gains = Planner(shared, program.areas, program.assemblies).reading(waves, "phase")[0].gains
    assert len(gains) == 3
    assert sum(gain**2 for gain in gains.values()) == pytest.approx(1)


def test_assemblies_that_are_associated_fire_together_at_a_lower_rate() -> None:
    program = Program(["A"], STIMULI)
    program.project("S", "A", assembly="x")
    program.project("T", "A", assembly="y")
    program.associate("x", "y", rounds=4)
    presentations = learning_of(program)
    assert len(presentations) == 4
    assert presentations[0].shown == {"A": ("S", "T")}
    rates = set(presentations[0].learning_rates.values())
    assert rates == {small_areas().trials.association_rate}


def test_an_area_projects_in_fewer_trials_than_a_stimulus() -> None:
    program = merged()
    assert [len(learning_of(program, number)) for number in range(3)] == [3, 3, 2]


def test_tables_hold_what_happens_when() -> None:
    parameters = small_areas()
    fibre, back = Fibre("A", "B"), Fibre("B", "A")
    first = Presentation(
        Trial("s", 0.3, 0.2, "one"),
        shown={"A": ("other",), "B": ("other", "s")},
        gains={fibre: 0.7},
        learning_rates={fibre: 0.5, Fibre("s", "B"): 0.4, Fibre("B", "B"): 0.3},
        inhibited=("A",),
    )
    second = Presentation(Trial("c", 0.2, 0.1, "two"), stimulated={"A": "c"}, gains={back: 0.1})
    inputs, cells = {"other": np.arange(40) > 30, "s": np.arange(40) < 5}, {"c": np.arange(60) < 7}
    schedule = Schedule(parameters, ("A", "B"), (first, second), inputs, cells)
    tables, begin = schedule.tables(), round(LEAD_IN / 0.01)

    def span(name: str, column: int) -> dict[float, tuple[int, int]]:
        """Return from which to which tick a column has each value but 0."""
        values = tables[name][:, column]
        return {
            float(value): (at[0] - begin, at[-1] + 1 - begin)
            for value in np.unique(values[values != 0])
            for at in [np.flatnonzero(values == value)]
        }

    assert span("stimulus", 1) == {2.0: (0, 30)}
    assert span("stimulus", 0) == {1.0: (0, 30)}
    assert span("stimulated", 0) == {1.0: (50, 70)}
    assert span("inhibited", 0) == {1.0: (0, 50)}
    assert span("between_areas_gain", 1) == {0.7: (0, 50)}  # A to B
    assert span("between_areas_gain", 2) == {0.1: (50, 80)}  # B to A
    assert span("between_areas_learning_rate", 1) == {0.5: (0, 50)}
    assert span("between_areas_normalised", 1) == {1.0: (0, 50)}
    assert span("between_areas_normalised", 0) == {}
    assert span("input_to_excitatory_learning_rate", 1) == {0.4: (0, 50)}
    assert span("excitatory_to_excitatory_learning_rate", 1) == {0.3: (0, 50)}
    np.testing.assert_array_equal(tables["input_patterns"][2], inputs["other"] | inputs["s"])
    np.testing.assert_array_equal(tables["excitatory_patterns"][1], cells["c"])
    assert schedule.timeline.duration == pytest.approx(LEAD_IN + 0.8)
    with pytest.raises(InputError, match=r"The pattern 'c' has shape \(7,\), expected \(60,\)"):
        Schedule(parameters, ("A",), cells={"c": np.ones(7, dtype=bool)})


def test_a_whole_program_runs_as_one_schedule() -> None:
    program = merged()
    program.recall("S", "A", "C", "B")
    whole = machine(program)
    results = whole.run()
    session = whole.session
    assert isinstance(session, InventedSession)
    assert len(session.jobs) == 1
    # Ten invented cells answer each pattern: S is the first one, shown to A, and T the second.
    found = results.assemblies
    assert set(found) == {"x", "y", "z"}
    np.testing.assert_array_equal(found["x"].members, np.arange(10, 20))
    np.testing.assert_array_equal(found["y"].members, np.arange(20, 30))
    assert found["z"].size == 0  # nothing passes along invented fibres
    project, _, merge, recall = results.operations
    assert [len(outcome.rounds) for outcome in project.outcomes] == [3]
    assert [outcome.neurons.area for outcome in merge.outcomes] == ["C", "A", "B"]
    assert [len(outcome.rounds) for outcome in merge.outcomes] == [2, 2, 2]
    assert [outcome.neurons.area for outcome in recall.outcomes] == ["A", "C", "B"]
    assert recall["A"].overlaps == {"x": 1.0}
    assert recall["B"].size == 0
    assert set(whole.recording.spikes) == {population(area) for area in AREAS}
    # 3 + 3 learning trials of a second, 2 of the merger; 2 tests of .9 s behind each, and 2.
    assert whole.recording.duration == pytest.approx(LEAD_IN + 8 + 8 * 0.9)
    table = whole.recording.trial_table
    assert len(table.where(plastic=True)) == 8
    assert len(table.where(phase="merge(x, y, C, z)")) == 4


def test_a_completion_starts_from_the_weights_before_it_and_leaves_them() -> None:
    program = Program(["A"], STIMULI)
    program.project("S", "A", assembly="x")
    program.pattern_complete("x", share=0.4, rounds=3)
    program.project("T", "A", assembly="y")
    one = machine(program)
    results = one.run()
    session = one.session
    assert isinstance(session, InventedSession)
    learnt, completed, after = session.jobs
    assert learnt["state"] == {}
    for job in (completed, after):
        np.testing.assert_array_equal(job["state"]["between_areas.w"], np.ones(3))
    assert len({job["noise"] for job in session.jobs}) == 3
    assert one.weights["between_areas.w"][0] == 3
    completion = results.operations[1]["A"]
    assert completion.given is not None
    assert completion.given.size == 4
    assert set(completion.given.members) <= set(range(10, 20))
    np.testing.assert_array_equal(completion.neurons.members, completion.given.members)
    assert completion.recovery("x") == 0  # no synapse brings the rest back
    assert len(completion.rounds) == 3
    assert not completed["tables"]["stimulus"].any()
    assert not completed["tables"]["excitatory_to_excitatory_learning_rate"].any()


def test_a_path_that_returns_stimulates_what_answered_on_the_way() -> None:
    program = Program(["A", "B"], STIMULI)
    program.project("S", "A", assembly="x")
    program.project("T", "B", assembly="y")
    program.recall("T", "B", "A", "B")
    both = machine(program)
    result = both.run().operations[-1]
    session = both.session
    assert isinstance(session, InventedSession)
    _, there, back = session.jobs
    assert there["tables"]["stimulus"][:, 1].any()
    assert there["tables"]["between_areas_gain"][:, 2].max() == 1  # B to A
    assert there["tables"]["between_areas_gain"][:, 1].max() == 0
    assert not back["tables"]["stimulus"].any()
    assert back["tables"]["between_areas_gain"][:, 1].max() == 1
    assert back["tables"]["between_areas_gain"][:, 2].max() == 0
    assert [outcome.neurons.area for outcome in result.outcomes] == ["B", "A"]
    assert result["B"].size == 0  # of what came back, not of what was evoked


def test_an_inhibited_area_is_inhibited_in_readings_until_it_is_not() -> None:
    program = Program(["A", "B"], ["S"])
    program.project("S", "A", assembly="x")
    program.project("x", "B")
    program.inhibit("A")
    program.recall("S", "A", "B")
    program.disinhibit("A")
    program.recall("S", "A", "B")
    both = machine(program)
    results = both.run()
    assert [results.operations[k]["A"].size for k in (3, 5)] == [0, 10]
    session = both.session
    assert isinstance(session, InventedSession)
    assert not session.jobs[0]["tables"]["inhibited"][:, 1].any()


def test_without_learning_no_fibre_learns() -> None:
    ablated = machine(merged(), learning=False)
    ablated.run()
    assert isinstance(ablated.session, InventedSession)
    tables = ablated.session.jobs[0]["tables"]
    rates = [table for name, table in tables.items() if name.endswith("learning_rate")]
    assert len(rates) == 3
    assert not any(table.any() for table in rates)
    assert tables["between_areas_gain"].any()


def test_stimuli_are_disjoint_as_far_as_units_last() -> None:
    names = [f"S{number}" for number in range(6)]
    program = Program(["A"], names)
    for name in names:
        program.project(name, "A")
    many = machine(program)
    many.run()
    assert isinstance(many.session, InventedSession)
    codes = many.session.jobs[0]["tables"]["input_patterns"][1:7]
    assert (codes.sum(axis=1) == 10).all()
    assert (codes[:4].sum(axis=0) == 1).all()  # of 40 units


def test_cells_of_a_fresh_brain_are_stimulated_without_its_weights() -> None:
    learnt = machine(merged())
    learnt.run()
    given = NeuronSet("B", 60, np.arange(5))
    learnt.stimulate(given)
    seen = learnt.stimulate(given, naive=True)
    assert isinstance(learnt.session, InventedSession)
    assert learnt.session.jobs[1]["state"] != {}
    assert learnt.session.jobs[2]["state"] == {}
    np.testing.assert_array_equal(seen.neurons.members, given.members)


@pytest.mark.parametrize(
    ("stimuli", "text"),
    [
        ({"Q": np.ones(40, dtype=bool)}, "no stimulus 'Q'"),
        ({"S": np.ones(40, dtype=bool)}, r"'T' has shape \(0,\)"),
        ({"S": np.ones(40), "T": np.ones(40)}, "expected \\(40,\\) and bool"),
    ],
)
def test_stimuli_that_are_refused(stimuli: Mapping[str, np.ndarray], text: str) -> None:
    with pytest.raises(InputError, match=text):
        machine(merged(), stimuli=stimuli)


def test_a_sheet_of_another_circuit_is_refused() -> None:
    with pytest.raises(InputError, match="'area_random' is of 'area', expected one of 'areas'"):
        run(merged(), load_model("area_random"))


def test_a_time_off_the_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"trials\.gap is 3 ms, expected a multiple of 10 ms"):
        dataclasses.replace(small_areas().trials, gap=0.003)


def test_readings_of_parents_need_no_feedback() -> None:
    instruction = merged().operations[-1].instructions[0]
    assert isinstance(instruction, Learning)
    waves = planner(merged()).evoking(instruction)
    assert Reading(waves, ("C",)).waves == waves
    assert {fibre for wave in waves for fibre in wave} == {
        Fibre(*ends) for ends in ("SA", "TB", "AC", "BC")
    }
