"""Gates of plasticity in an area: which of its cells learn, and when.

A gate is a number for each excitatory cell, set every `TICK`, by which the learning rate of all its
incoming plastic synapses is multiplied. While a schedule holds the gates open (an imprint, say),
they are all 1.

``plateau``: at the onset of a stimulus each cell has a dendritic plateau with some probability, and
its gate is open until some time after the offset. A cell without one is not normalised either;
below a rate of 1 normalisation takes out that share of the difference. Plateaus that make a cell
learn at once what is shown are those of behavioural-timescale plasticity (Bittner et al. 2017,
Science 357:1033; Milstein et al. 2021, eLife 10:e73046); that they come at random, whatever the
cell receives, is ours.

``novelty``: the area reads out by itself whether it knows what it is shown. Of a known stimulus few
cells fire fast, of a new one many fire slowly; a facilitating synapse passes on more of the former.
The cells of a population are excited by the spikes of the area and inhibited through facilitating
synapses (Markram, Wang & Tsodyks 1998, PNAS 95:5323; the interneurons between are left out). The
efficacy of the excitation follows the ratio of the two while stimuli are shown, so that what is
usual cancels. What is left drives the cells; their spikes release a modulator, and while there is
enough of it, all gates are open. Each cell has its own factor of plasticity, drawn from a
log-normal distribution. Normalisation goes on behind a closed gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brian2 import Clock, NeuronGroup, SpikeMonitor, Synapses, linked_var, ms

from neurosim.gate_mechanisms import NO_GATE, NOVELTY, PLATEAU
from neurosim.tick import TICK

HELD_OPEN = "gates_held_open"
"""Name of the schedule: 1 while all gates are open, whatever opens them otherwise."""

GATE = "gate : 1\n"
PLATEAU_OF_CELLS = (
    GATE
    + """
plateau : 1
last_stimulus : 1
silence : second
plateau_probability : 1 (shared, constant)
plateau_tail : second (shared, constant)
"""
)
# A stimulus that follows another one at once has an onset too.
OPEN_BY_PLATEAU = f"""
drawn = rand()
onset = int(stimulus(t) > 0)*int(stimulus(t) != last_stimulus)
last_stimulus = stimulus(t)
silence = (silence + {TICK!r}*second)*int(stimulus(t) == 0)
plateau = onset*int(drawn < plateau_probability) + (1 - onset)*plateau*int(silence <= plateau_tail)
gate = {HELD_OPEN}(t) + (1 - {HELD_OPEN}(t))*plateau
"""

# How much a cell's facilitating synapses release depends on that cell only, so it lives there.
NOVELTY_OF_CELLS = (
    GATE
    + """
dfacilitation/dt = (utilisation - facilitation)/tau_facilitation : 1
release : 1
utilisation : 1 (shared, constant)
tau_facilitation : second (shared, constant)
plasticity : 1
plasticity_spread : 1 (shared, constant)
modulator : Hz (linked)
modulator_threshold : Hz (shared, constant)
"""
)
# What a spike releases does not count its own jump.
# Clipping copies the value, which stays between 0 and 1: a mere name for it would change with it on
# Brian2's NumPy target.
FACILITATION = (
    "; release = clip(facilitation, 0, 1); facilitation += utilisation*(1 - facilitation)"
)
OPEN_BY_NOVELTY = f"""
is_new = int(modulator > modulator_threshold)
gate = {HELD_OPEN}(t) + (1 - {HELD_OPEN}(t))*is_new*plasticity
"""

# Excitation is the mean rate of the presynaptic cells, inhibition the same weighted with the
# release; the potential is what is left, low-passed, in the same unit.
NOVELTY_CELLS = """
dv/dt = (tolerance*efficacy*excitation - inhibition - v)/tau_m : Hz (unless refractory)
dexcitation/dt = -excitation/tau_synapse : Hz
dinhibition/dt = -inhibition/tau_synapse : Hz
efficacy : 1
tolerance : 1 (shared, constant)
tau_m : second (shared, constant)
tau_synapse : second (shared, constant)
v_threshold : Hz (shared, constant)
t_refractory : second (shared, constant)
evoked_rate : Hz (shared, constant)
tau_habituation : second (shared, constant)
p_from_excitatory : 1 (shared, constant)
"""
HABITUATE = f"""
ratio = inhibition/clip(excitation, evoked_rate, inf*Hz)
followed = 1 - exp(-{TICK!r}*second/tau_habituation)
efficacy += int(excitation > evoked_rate)*followed*(ratio - efficacy)
"""
READ_OUT = """
excitation_post += 1/(N_incoming*tau_synapse_post)
inhibition_post += release_pre/(N_incoming*tau_synapse_post)
"""
MODULATOR = """
dlevel/dt = -level/tau_modulator : Hz
tau_modulator : second (shared, constant)
"""


@dataclass(frozen=True)
class Gate:
    """What a gate adds to the equations of an area.

    Parameters
    ----------
    mechanism : str
        A mechanism of `neurosim.gate_mechanisms.MECHANISMS`.
    """

    mechanism: str = NO_GATE

    @property
    def equations(self) -> str:
        """Of the excitatory cells."""
        return {NO_GATE: "", PLATEAU: PLATEAU_OF_CELLS, NOVELTY: NOVELTY_OF_CELLS}[self.mechanism]

    @property
    def reset(self) -> str:
        """What a spike of an excitatory cell does."""
        return FACILITATION if self.mechanism == NOVELTY else ""

    @property
    def is_open(self) -> str:
        """Condition of an excitatory cell under which it is normalised, to be added to others."""
        return " and gate > 0" if self.mechanism == PLATEAU else ""

    @property
    def rate(self) -> str:
        """Learning rate of a synapse."""
        return "learning_rate" if self.mechanism == NO_GATE else "learning_rate*gate_post"

    def scale(self, ratio: str) -> str:
        """Return the factor of normalisation, given the ratio of wanted to actual total."""
        if self.mechanism != PLATEAU:
            return ratio
        return f"(1 + clip({self.rate}, 0, 1)*({ratio} - 1))"

    @property
    def schedules(self) -> tuple[str, ...]:
        """Names of the tables with an entry for each tick that the gate reads."""
        return () if self.mechanism == NO_GATE else (HELD_OPEN,)

    def attach(
        self, excitatory: NeuronGroup, structure: Mapping[str, Any], tick: Clock
    ) -> dict[str, Any]:
        """Let the excitatory cells set their gates; return the objects that this adds.

        Parameters
        ----------
        excitatory : NeuronGroup
        structure : mapping
            What is compiled in: ``novelty.n`` of the mechanism ``novelty``.
        tick : Clock
            When gates are set.
        """
        if self.mechanism == PLATEAU:
            excitatory.run_regularly(OPEN_BY_PLATEAU, clock=tick, name="gates")
        if self.mechanism != NOVELTY:
            return {}
        cells = NeuronGroup(
            structure["novelty.n"],
            NOVELTY_CELLS,
            threshold="v > v_threshold",
            reset="v = 0*Hz",
            refractory="t_refractory",
            method="exponential_euler",
            clock=excitatory.clock,
            name="novelty",
        )
        cells.run_regularly(HABITUATE, clock=tick, name="habituation")
        modulator = NeuronGroup(
            1, MODULATOR, method="exponential_euler", clock=excitatory.clock, name="modulator"
        )
        excitatory.modulator = linked_var(modulator, "level")
        excitatory.run_regularly(OPEN_BY_NOVELTY, clock=tick, name="gates")
        read_out = Synapses(
            excitatory,
            cells,
            on_pre=READ_OUT,
            delay=1 * ms,
            clock=excitatory.clock,
            name="excitatory_to_novelty",
        )
        release = Synapses(
            cells,
            modulator,
            on_pre="level_post += 1/(N_incoming*tau_modulator_post)",
            clock=excitatory.clock,
            name="novelty_to_modulator",
        )
        return {
            "novelty": cells,
            "modulator": modulator,
            "excitatory_to_novelty": read_out,
            "novelty_to_modulator": release,
            "novelty_spikes": SpikeMonitor(cells, name="novelty_spikes"),
        }

    def connect(self, objects: Mapping[str, Any]) -> None:
        """Draw the synapses of the gate."""
        if self.mechanism == NOVELTY:
            objects["excitatory_to_novelty"].connect(p="p_from_excitatory_post")
            objects["novelty_to_modulator"].connect()

    def set_initial_values(self, objects: Mapping[str, Any]) -> None:
        """Draw what differs between cells."""
        if self.mechanism == NOVELTY:
            objects["excitatory"].facilitation = "utilisation"
            objects["excitatory"].plasticity = "exp(plasticity_spread*randn())"
