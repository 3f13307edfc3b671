"""A plastic area behind the fly's hash: projection neurons, Kenyon cells and APL, then the area.

One network on one timeline. A stimulus is a rate for each projection neuron; the Kenyon cells and
APL are those of `neurosim.circuits.fly_hash`, the area is that of `neurosim.circuits.area`, and the
Kenyon cells are its input units: each of their spikes crosses plastic synapses into the area.

Three things differ from the hash alone. Stimuli last as long as the timeline says, so that nothing
is cleared at the end of a window: what is left decays in the silence after a stimulus. A projection
neuron draws its phase anew when the stimulus changes, and does not fire when there is none. And a
Kenyon cell carries the presynaptic trace of the plasticity rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, NeuronGroup, SpikeMonitor, Synapses, TimedArray, linked_var, second

from neurosim.circuits import area
from neurosim.circuits.fly_hash import APL, REGULAR_NEURONS, WEIGHT, kenyon_cell_equations
from neurosim.recorded_neurons import N_PROJECTION_NEURONS
from neurosim.simulation.interactive import Circuit, circuit_of_trials
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet
    from neurosim.schedules import Patterns
    from neurosim.timeline import Timeline

TRACE = """
dr1/dt = -r1/tau_plus : 1
tau_plus : second (shared, constant)
"""
MEAN_RATE = """
mean_rate : hertz (shared, constant)
"""
# At the first tick the stimulus counts as old: the phases have been drawn before the start.
ONSET = f"""
rate = mean_rate*projection_neurons_patterns(stimulus(t)*second, i)
is_new = int(abs(stimulus(t) - stimulus(t - {TICK!r}*second)) > 0.5)
phase = phase + is_new*(rand() - phase)
"""


def build(
    sheet: Sheet,
    seed: int = 0,
    timeline: Timeline | None = None,
    patterns: Patterns | None = None,
) -> Circuit:
    """Build the circuit to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``hashed_area``, from `neurosim.load_model`.
    seed : int
        Draws the claws and the brain, then the noise.
    timeline : Timeline, optional
        Trials to be shown; background only if left out.
    patterns : mapping, optional
        Of each stimulus the rates of the ``"projection_neurons"``, in units of their mean rate,
        and the ``"excitatory"`` cells that are stimulated directly; see
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
    return circuit_of_trials("hashed_area", sheet, seed, timeline, patterns)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of an area behind the fly's hash.

    Parameters
    ----------
    structure : mapping
        What is compiled in: that of an area, ``input.claws`` and ``projection_neurons.n``.
    stages : Stages
        As for an area.

    Returns
    -------
    dict of str to Brian2 object
        Those of an area, where ``input`` are the Kenyon cells; ``projection_neurons``, ``apl``,
        the synapses ``claws`` and ``input_to_apl``, and ``projection_neurons_spikes`` of the first
        `~neurosim.recorded_neurons.N_PROJECTION_NEURONS`.
    """
    return area.assemble(structure, stages, source=KenyonCells())


class KenyonCells(area.PoissonUnits):
    """The hash that stands in front of the area; its Kenyon cells are the input units."""

    population = "projection_neurons"

    def tables(self, structure: Mapping[str, Any]) -> dict[str, TimedArray]:
        """Return the claws, as lists of synapses."""
        sizes = {
            "claw_table": structure["input.claws"] * structure["input.n"],
            "first_claw": structure["projection_neurons.n"] + 1,
        }
        return {
            name: TimedArray(np.zeros(size), dt=1 * second, name=name)
            for name, size in sizes.items()
        }

    def units(self, structure: Mapping[str, Any], clock: Clock, tables: area.Tables) -> NeuronGroup:
        """Return the Kenyon cells, as the group ``input``."""
        return NeuronGroup(
            structure["input.n"],
            # Ours: APL releases in proportion; of regular trains the codes are stable as it is.
            kenyon_cell_equations(release_exponent=1) + TRACE,
            threshold="v > v_threshold",
            reset="v = v_reset; r1 += 1",
            method="rk2",
            clock=clock,
            namespace=tables,
            name="input",
        )

    def attach(
        self, inputs: NeuronGroup, structure: Mapping[str, Any], tick: Clock, tables: area.Tables
    ) -> dict[str, Any]:
        """Put projection neurons and APL beside the Kenyon cells; return the objects."""
        clock = inputs.clock
        projection_neurons = NeuronGroup(
            structure["projection_neurons.n"],
            REGULAR_NEURONS + MEAN_RATE,
            threshold="phase >= 1",
            reset="phase -= 1",
            method="rk2",
            clock=clock,
            namespace=tables,
            name="projection_neurons",
        )
        projection_neurons.run_regularly(ONSET, clock=tick, name="stimulus_onset")
        apl = NeuronGroup(1, APL, method="exponential_euler", clock=clock, namespace={}, name="apl")
        inputs.v_apl = linked_var(apl, "v")
        claws = Synapses(
            projection_neurons,
            inputs,
            WEIGHT,
            on_pre="drive_post += weight",
            clock=clock,
            namespace=tables,
            name="claws",
        )
        to_apl = Synapses(
            inputs,
            apl,
            WEIGHT,
            on_pre="v_post += weight",
            clock=clock,
            namespace={},
            name="input_to_apl",
        )
        recorded = projection_neurons[: min(N_PROJECTION_NEURONS, len(projection_neurons))]
        return {
            "projection_neurons": projection_neurons,
            "apl": apl,
            "claws": claws,
            "input_to_apl": to_apl,
            "projection_neurons_spikes": SpikeMonitor(recorded, name="projection_neurons_spikes"),
        }

    def connect(self, objects: Mapping[str, Any]) -> None:
        """Make the claws as their tables say."""
        first, end = "int(first_claw(i*second))", "int(first_claw((i + 1)*second))"
        objects["claws"].connect(j=f"int(claw_table(k*second)) for k in range({first}, {end})")
        objects["input_to_apl"].connect()

    def start(self, objects: Mapping[str, Any]) -> None:
        """Draw the phases."""
        objects["projection_neurons"].phase = "rand()"
