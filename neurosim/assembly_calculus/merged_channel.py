"""Whether a merged assembly is what connects its parents.

Assemblies of two areas are merged in a third. One parent's stimulus is shown and the other parent's
area is read, while cells of the third area are silenced: the merged assembly, half of it, or as
many other cells. What is read is in another area than what is silenced.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim import statistics as st
from neurosim.assembly_calculus.examination import share_of
from neurosim.assembly_calculus.instructions import Reading
from neurosim.assembly_calculus.program import Operation, Program
from neurosim.assembly_calculus.set_operations import NeuronSet, drawn, union
from neurosim.assembly_calculus.spiking_machine import SpikingMachine, population
from neurosim.recording import Recording
from neurosim.session import Session

Values = dict[str, float]
INTACT, MERGED, HALF = "intact", "merged", "half"
OTHERS, AS_HALF, ALL = "others", "others_as_half", "area"
SILENCED = (MERGED, HALF, OTHERS, AS_HALF, ALL)
THIRD = "C"


class Way(NamedTuple):
    """From a stimulus to the other parent: the area that is read, and what may fire there."""

    stimulus: str
    first: str
    area: str
    right: str
    wrong: str


WAYS = (Way("S", "A", "B", "place", "elsewhere"), Way("T", "B", "A", "person", "stranger"))


def merging_program() -> Program:
    """Return the program: two assemblies in each of two areas, one of each merged in the third."""
    program = Program(["A", "B", THIRD], ["S", "T", "U", "V"])
    person = program.project("S", "A", assembly="person")
    program.project("U", "A", assembly="stranger")
    place = program.project("T", "B", assembly="place")
    program.project("V", "B", assembly="elsewhere")
    program.merge(person, place, THIRD, assembly="scene")
    for way in WAYS:
        program.recall(way.stimulus, way.first, THIRD, way.area)
    return program


def examine_merger(session: Session) -> tuple[Recording, Values]:
    """Merge two assemblies; recall each from the other, cells of the third area silenced.

    Parameters
    ----------
    session : Session
        Of the circuit ``areas``.

    Returns
    -------
    recording : Recording
        Of all areas.
    values : dict of str to float
        ``merged_size`` (share of the area). With nothing silenced (``intact``), with the merged
        assembly (``merged``), with a random half of it (``half``), with as many other cells of that
        area as either (``others``, ``others_as_half``) and with all of its cells (``area``), mean
        over both ways: ``recall_NAME`` (share of the other parent that fires), ``wrong_NAME`` (of
        another assembly of that area) and ``third_NAME`` (share of the third area that fires).
        ``silenced_NAME`` (cells), ``silenced_rate`` (Hz, of any silenced cell in any trial) and
        ``others_change`` (of ``recall_others`` from ``recall_intact``).
    """
    program = merging_program()
    machine = SpikingMachine(session, program)
    known = machine.run().assemblies
    scene, generator = known["scene"], session.generator("silenced merger")
    others = NeuronSet.of_mask(THIRD, ~scene.mask)
    sets = {
        MERGED: scene,
        HALF: drawn(scene, scene.size // 2, generator),
        OTHERS: drawn(others, scene.size, generator),
        AS_HALF: drawn(others, scene.size // 2, generator),
        ALL: union(scene, others).neurons,
    }
    values = {"merged_size": scene.share, "silenced_rate": 0.0}
    values |= {f"silenced_{name}": float(cells.size) for name, cells in sets.items()}
    for name in (INTACT, *SILENCED):
        found: dict[str, list[float]] = {}
        for way, operation in zip(WAYS, program.operations[-len(WAYS) :], strict=True):
            answers = _recalled(machine, way, operation, name, sets.get(name))
            right, wrong = (known[assembly] for assembly in (way.right, way.wrong))
            other, third = answers[way.area], answers[THIRD]
            found.setdefault(f"recall_{name}", []).append(share_of(right, other))
            found.setdefault(f"wrong_{name}", []).append(share_of(wrong, other))
            found.setdefault(f"third_{name}", []).append(third.share)
            if name in sets:
                quiet = _highest_rate(machine.recordings[-1], sets[name])
                values["silenced_rate"] = max(values["silenced_rate"], quiet)
        values |= {key: float(np.mean(each)) for key, each in found.items()}
    values["others_change"] = values["recall_others"] - values["recall_intact"]
    return machine.recording, values


def _recalled(
    machine: SpikingMachine, way: Way, operation: Operation, name: str, silenced: NeuronSet | None
) -> dict[str, NeuronSet]:
    """Return what fires in the areas along a way, by area."""
    phase = f"{operation}, {name} silenced" if silenced else f"{operation}, {name}"
    readings = [each for each in operation.instructions if isinstance(each, Reading)]
    seen = [each for reading in readings for each in machine.read(reading, phase, silenced)]
    return {each.neurons.area: each.neurons for each in seen}


def _highest_rate(recording: Recording, cells: NeuronSet) -> float:
    trials = np.arange(len(recording.trial_table))
    rates = st.rates(recording, population(cells.area), trials)
    return float(rates[:, cells.members].max(initial=0.0))
