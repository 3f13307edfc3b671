"""A plastic area whose cells learn only while their gates are open.

The area of `neurosim.circuits.area`, with one of the mechanisms of
`neurosim.circuits.plasticity_gates` to open and close plasticity cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurosim.circuits import area
from neurosim.circuits.plasticity_gates import Gate
from neurosim.simulation.interactive import Circuit, circuit_of_trials

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet
    from neurosim.schedules import Patterns
    from neurosim.timeline import Timeline


def build(
    sheet: Sheet,
    seed: int = 0,
    timeline: Timeline | None = None,
    patterns: Patterns | None = None,
) -> Circuit:
    """Build a gated area to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``gated_area``, from `neurosim.load_model`.
    seed : int
        Draws the brain, then the noise.
    timeline : Timeline, optional
        Trials to be shown; background only if left out.
    patterns : mapping, optional
        Active units of each stimulus by population (``"input"``, ``"excitatory"``), see
        `neurosim.schedules.tables_of`.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the timeline or a pattern is refused.
    """
    return circuit_of_trials("gated_area", sheet, seed, timeline, patterns)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of a gated area.

    Parameters
    ----------
    structure : mapping
        What is compiled in: that of an area, ``gate.mechanism``, and ``novelty.n``.
    stages : Stages
        As for an area.

    Returns
    -------
    dict of str to Brian2 object
        Those of an area; with the mechanism ``novelty`` also the populations ``novelty`` and
        ``modulator``, their synapses and ``novelty_spikes``.
    """
    return area.assemble(structure, stages, Gate(structure["gate.mechanism"]))
