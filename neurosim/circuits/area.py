"""A plastic area: excitatory and inhibitory neurons, patterned input, triplet STDP.

Conductance-based leaky integrate-and-fire neurons; the excitatory ones adapt. The synapses from the
input and among the excitatory neurons learn by the minimal triplet rule (Pfister & Gerstner 2006,
J Neurosci 26:9673) between hard bounds, and the incoming weights of every neuron are rescaled to a
fixed total at regular intervals.

Every parameter is a shared variable of a group, so that the compiled circuit takes it as an
argument; only sizes, dt and the lengths of the schedules are compiled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import (
    Clock,
    NeuronGroup,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    second,
)

from neurosim.circuits.plasticity_gates import Gate
from neurosim.circuits.poisson import event_count
from neurosim.circuits.stages import Stages
from neurosim.simulation.interactive import Circuit, circuit_of_trials
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.parameters import Sheet
    from neurosim.schedules import Patterns
    from neurosim.timeline import Timeline

Tables = Mapping[str, TimedArray]

NEURONS = """
dv/dt = (g_leak*(v_rest - v) + g_e*(v_excitatory - v) + g_i*(v_inhibitory - v){currents})
        / c_m : volt (unless refractory)
dg_e/dt = -g_e/tau_excitatory : siemens
dg_i/dt = -g_i/tau_inhibitory : siemens
c_m : farad (shared, constant)
g_leak : siemens (shared, constant)
v_rest : volt (shared, constant)
v_threshold : volt (shared, constant)
v_reset : volt (shared, constant)
t_refractory : second (shared, constant)
v_excitatory : volt (shared, constant)
v_inhibitory : volt (shared, constant)
tau_excitatory : second (shared, constant)
tau_inhibitory : second (shared, constant)
background_rate : hertz (shared, constant)
background_weight : siemens (shared, constant)
"""

EXCITATORY_CURRENTS = (
    " + g_adaptation*(v_adaptation - v) + g_stimulation*(v_excitatory - v){currents}"
)

# r1 is the presynaptic trace of the triplet rule, o1 and o2 are the postsynaptic ones. Each depends
# on one neuron only, so it lives there and not at every synapse.
EXCITATORY = (
    NEURONS.format(currents=EXCITATORY_CURRENTS)
    + """
dg_adaptation/dt = -g_adaptation/tau_adaptation : siemens
adaptation_increment : siemens (shared, constant)
tau_adaptation : second (shared, constant)
v_adaptation : volt (shared, constant)
g_stimulation : siemens
stimulation_conductance : siemens (shared, constant)
silenced : 1
dr1/dt = -r1/tau_plus : 1
do1/dt = -o1/tau_minus : 1
do2/dt = -o2/tau_y : 1
tau_plus : second (shared, constant)
tau_minus : second (shared, constant)
tau_y : second (shared, constant)
normalisation_interval : second (shared, constant)
input_budget : siemens (shared, constant)
input_total : siemens
recurrent_total : siemens
p_from_input : 1 (shared, constant)
p_from_excitatory : 1 (shared, constant)
p_from_inhibitory : 1 (shared, constant)
"""
)

# A silenced cell takes in what it receives, but does not fire: it drives nothing, and no spike of
# its own changes a weight.
FIRES = "v > v_threshold and silenced == 0"

INHIBITORY = (
    NEURONS.format(currents="")
    + """
p_from_excitatory : 1 (shared, constant)
p_from_inhibitory : 1 (shared, constant)
"""
)

# A Poisson unit knows when it fires next, so that random numbers are drawn per spike, not per step.
INPUT = """
dr1/dt = -r1/tau_plus : 1
tau_plus : second (shared, constant)
rate : hertz
t_next : second
idle_rate : hertz (shared, constant)
stimulus_rate : hertz (shared, constant)
"""

FIXED = """
weight : siemens (shared, constant)
"""

PLASTIC = """
w : siemens
w_initial : siemens (shared, constant)
w_spread : 1 (shared, constant)
w_max : siemens (shared, constant)
a2_minus : 1 (shared, constant)
a3_plus : 1 (shared, constant)
learning_rate = {learning_rate}
"""

# Depression acts when the presynaptic spike arrives, potentiation when the postsynaptic neuron
# fires. A neuron raises its traces after all synapses have read them, so that o2 is read without
# the spike that triggers potentiation, as the rule asks. r1 counts from the presynaptic spike and
# not from its arrival: of a pair less than the delay apart, both changes are made.
ON_PRE = """
g_e_post += {transmitted}
w = clip(w - {rate}*a2_minus*w_max*o1_post, 0*siemens, w_max)
"""
ON_POST = "w = clip(w + {rate}*a3_plus*w_max*r1_pre*o2_post, 0*siemens, w_max)"


class PoissonUnits:
    """Input units that fire at random, at one rate if the stimulus drives them, else at another.

    What stands in front of an area; the circuit ``hashed_area`` puts something else there.
    """

    population = "input"  # on which a stimulus is a pattern

    def tables(self, structure: Mapping[str, Any]) -> dict[str, TimedArray]:
        """Return the tables that it reads beside the patterns."""
        return {}

    def units(self, structure: Mapping[str, Any], clock: Clock, tables: Tables) -> NeuronGroup:
        """Return the group ``input``, whose spikes reach the area."""
        return NeuronGroup(
            structure["input.n"],
            INPUT,
            threshold="t >= t_next",
            reset="t_next -= log(rand())/rate; r1 += 1",
            method="exponential_euler",
            clock=clock,
            namespace=tables,
            name="input",
        )

    def attach(
        self, inputs: NeuronGroup, structure: Mapping[str, Any], tick: Clock, tables: Tables
    ) -> dict[str, Any]:
        """Let a stimulus drive the units; return the objects that this adds."""
        # A Poisson process has no memory, so the next spike may be drawn anew at every tick, where
        # the rate can change. It is drawn from the end of the last step on: a spike that was due in
        # the step of the tick has not been fired yet.
        last_step = f"t - {structure['simulation.dt']!r}*second"
        inputs.run_regularly(
            "rate = idle_rate + (stimulus_rate - idle_rate)*input_patterns(stimulus(t)*second, i)\n"
            f"t_next = {last_step} - log(rand())/rate",
            clock=tick,
            name="stimulus_onset",
        )
        return {}

    def connect(self, objects: Mapping[str, Any]) -> None:
        """Draw the synapses that it has of its own."""

    def start(self, objects: Mapping[str, Any]) -> None:
        """Draw what differs from run to run, behind the seed of the noise."""


N_TRACED = 4
POISSON_UNITS = PoissonUnits()
NO_GATE = Gate()
TRACE_INTERVAL = 5 * ms


def build(
    sheet: Sheet,
    seed: int = 0,
    timeline: Timeline | None = None,
    patterns: Patterns | None = None,
) -> Circuit:
    """Build an area to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``area``, from `neurosim.load_model`.
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

    Examples
    --------
    >>> circuit = neurosim.circuits.area.build(neurosim.load_model("area_random"), seed=1)
    >>> voltage = StateMonitor(circuit.excitatory, "v", record=range(5))
    >>> circuit.run(2*second, monitors=[voltage])
    """
    return circuit_of_trials("area", sheet, seed, timeline, patterns)


def assemble(
    structure: Mapping[str, Any],
    stages: Stages,
    gate: Gate = NO_GATE,
    source: PoissonUnits = POISSON_UNITS,
) -> dict[str, Any]:
    """Create the Brian2 objects of an area.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``excitatory.n``, ``inhibitory.n``, ``input.n``, ``simulation.dt`` (s),
        and the capacities ``n_ticks`` (length of the schedules) and ``n_patterns``.
    stages : Stages
        Called between creation, connection and initial values, so that parameters and states
        reach the objects on every target.
    gate : Gate
        What the circuit ``gated_area`` adds.
    source : PoissonUnits
        The input units; other ones in the circuit ``hashed_area``.

    Returns
    -------
    dict of str to Brian2 object
        Populations, projections, schedules, patterns and monitors by name.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tick = Clock(TICK * second, name="tick")
    tables = _tables(structure, gate, source)

    neurons = {
        "excitatory": NeuronGroup(
            structure["excitatory.n"],
            EXCITATORY.format(currents="") + gate.equations,
            threshold=FIRES,
            reset="v = v_reset; g_adaptation += adaptation_increment; r1 += 1; o1 += 1; o2 += 1"
            + gate.reset,
            refractory="t_refractory",
            events={
                "normalise_input": _normalisation_due("input_to_excitatory") + gate.is_open,
                "normalise_recurrent": _normalisation_due("excitatory_to_excitatory")
                + gate.is_open,
            },
            method="exponential_euler",
            clock=clock,
            namespace=tables,
            name="excitatory",
        ),
        "inhibitory": NeuronGroup(
            structure["inhibitory.n"],
            INHIBITORY,
            threshold="v > v_threshold",
            reset="v = v_reset",
            refractory="t_refractory",
            method="exponential_euler",
            clock=clock,
            namespace=tables,
            name="inhibitory",
        ),
        "input": source.units(structure, clock, tables),
    }
    excitatory, inhibitory, inputs = neurons.values()
    for group in (excitatory, inhibitory):
        group.run_regularly(
            f"u = rand()\ng_e += background_weight*{event_count('u', '(background_rate*dt)')}",
            clock=clock,
            name=f"background_to_{group.name}",
        )
    excitatory.run_regularly(
        "g_stimulation = stimulation_conductance*excitatory_patterns(stimulus(t)*second, i)\n"
        "silenced = excitatory_patterns(silenced_cells(t)*second, i)",
        clock=tick,
        name="stimulation",
    )
    of_source = source.attach(inputs, structure, tick, tables)
    of_gate = gate.attach(excitatory, structure, tick)
    excitatory.run_on_event("normalise_input", "input_total = 0*siemens", when="end")
    excitatory.run_on_event("normalise_recurrent", "recurrent_total = 0*siemens", when="end")

    # Input is kept at the same total for every neuron, synapses within the area at w_initial times
    # their number. While a projection learns, at whatever rate, all of the difference is taken out.
    projections = {
        "input_to_excitatory": _plastic_projection(
            inputs, excitatory, "normalise_input", "input_total", "input_budget_post", tables, gate
        ),
        "excitatory_to_excitatory": _plastic_projection(
            excitatory,
            excitatory,
            "normalise_recurrent",
            "recurrent_total",
            "w_initial*N_incoming",
            tables,
            gate,
        ),
        "excitatory_to_inhibitory": fixed_projection(excitatory, inhibitory, "g_e"),
        "inhibitory_to_excitatory": fixed_projection(inhibitory, excitatory, "g_i"),
        "inhibitory_to_inhibitory": fixed_projection(inhibitory, inhibitory, "g_i"),
    }
    monitors = {
        f"{name}_spikes": SpikeMonitor(group, name=f"{name}_spikes")
        for name, group in neurons.items()
    }
    trace = StateMonitor(
        excitatory,
        "v",
        record=range(min(N_TRACED, len(excitatory))),
        dt=TRACE_INTERVAL,
        name="membrane_potential",
    )
    objects = {**neurons, **projections, **tables, **monitors, "membrane_potential": trace}
    objects |= of_source | of_gate

    stages.before_connecting(objects)
    for projection in projections.values():
        recurrent = projection.source is projection.target
        projection.connect(
            condition="i != j" if recurrent else None, p=f"p_from_{projection.source.name}_post"
        )
    source.connect(objects)
    gate.connect(objects)
    stages.before_initial_values(objects)
    for group in (excitatory, inhibitory):
        group.v = "v_reset + rand()*(v_threshold - v_reset)"
    for name in ("input_to_excitatory", "excitatory_to_excitatory"):
        projections[name].w = "clip(w_initial*(1 + w_spread*(2*rand() - 1)), 0*siemens, w_max)"
    gate.set_initial_values(objects)
    stages.before_running(objects)
    source.start(objects)
    return objects


def _tables(
    structure: Mapping[str, Any], gate: Gate, source: PoissonUnits
) -> dict[str, TimedArray]:
    schedules = {
        name: TimedArray(np.zeros(structure["n_ticks"]), dt=TICK * second, name=name)
        for name in (
            "stimulus",
            "silenced_cells",
            "input_to_excitatory_learning_rate",
            "excitatory_to_excitatory_learning_rate",
            *gate.schedules,
        )
    }
    patterns = pattern_tables(structure, (source.population, "excitatory"))
    return {**schedules, **patterns, **source.tables(structure)}


def pattern_tables(
    structure: Mapping[str, Any], populations: Iterable[str]
) -> dict[str, TimedArray]:
    """Return empty tables of patterns, by ``POPULATION_patterns``.

    Rows are stimuli; the number of the stimulus, in seconds, stands for the time.

    Parameters
    ----------
    structure : mapping
        Of the circuit, see `assemble`.
    populations : iterable of str
    """
    return {
        f"{population}_patterns": TimedArray(
            np.zeros((structure["n_patterns"], structure[f"{population}.n"])),
            dt=1 * second,
            name=f"{population}_patterns",
        )
        for population in populations
    }


def _normalisation_due(projection: str) -> str:
    return (
        f"{projection}_learning_rate(t) > 0"
        " and t_in_timesteps % timestep(normalisation_interval, dt) == 0"
    )


def _plastic_projection(
    source: NeuronGroup,
    target: NeuronGroup,
    event: str,
    total: str,
    budget: str,
    namespace: Mapping[str, Any],
    gate: Gate,
) -> Synapses:
    name = f"{source.name}_to_{target.name}"
    return plastic_synapses(
        source,
        target,
        name,
        PLASTIC.format(learning_rate=f"{name}_learning_rate(t) : 1 (shared)"),
        transmitted="w",
        rate=gate.rate,
        event=event,
        add_up=f"{total}_post += w",
        rescale=f"w = clip(w*{gate.scale(f'{budget}/{total}_post')}, 0*siemens, w_max)",
        namespace=namespace,
    )


def plastic_synapses(
    source: NeuronGroup,
    target: NeuronGroup,
    name: str,
    equations: str,
    *,
    transmitted: str,
    rate: str,
    event: str,
    add_up: str,
    rescale: str,
    namespace: Mapping[str, Any],
    delay: Quantity | None = 1 * ms,
) -> Synapses:
    """Return synapses under the triplet rule whose weights are rescaled at an event of the target.

    Parameters
    ----------
    source, target : NeuronGroup
    name : str
    equations : str
        `PLASTIC`, filled in.
    transmitted : str
        What a spike adds to the excitatory conductance.
    rate : str
        Scale of both changes of the rule.
    event : str
        At which all synapses onto a neuron run first `add_up`, then `rescale`.
    add_up, rescale : str
        Statements.
    namespace : mapping
        Tables that the equations read.
    delay : Quantity, optional
        Of all synapses; None if each has its own.

    Returns
    -------
    Synapses
    """
    synapses = Synapses(
        source,
        target,
        equations,
        on_pre=ON_PRE.format(transmitted=transmitted, rate=rate),
        on_post={"post": ON_POST.format(rate=rate), "sum": add_up, "rescale": rescale},
        on_event={"pre": "spike", "post": "spike", "sum": event, "rescale": event},
        delay=delay,
        clock=target.clock,
        namespace=namespace,
        name=name,
    )
    synapses.sum.order, synapses.rescale.order = 1, 2
    return synapses


def fixed_projection(source: NeuronGroup, target: NeuronGroup, conductance: str) -> Synapses:
    """Return synapses of one weight.

    Parameters
    ----------
    source, target : NeuronGroup
    conductance : str
        Of the target, which a spike raises by the weight: ``"g_e"`` or ``"g_i"``.

    Returns
    -------
    Synapses
    """
    return Synapses(
        source,
        target,
        FIXED,
        on_pre=f"{conductance}_post += weight",
        delay=1 * ms,
        clock=target.clock,
        name=f"{source.name}_to_{target.name}",
    )
