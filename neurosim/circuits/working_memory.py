"""Working memory in facilitated synapses (Mongillo, Barak & Tsodyks 2008, Science 319:1543).

Leaky integrate-and-fire neurons that spikes reach as jumps of the potential. Excitatory neurons
fall into selective populations, whose own synapses are potentiated, and a rest that is not
selective. Synapses among excitatory neurons have short-term plasticity; its variables depend on the
spikes of the presynaptic neuron only, so they live there. A synapse reads what its neuron released
when the spike arrives: that is exact, for no delay is longer than the refractory period.

Every neuron receives white noise around an external mean. A table says by which factor the mean of
each selective population, and of the rest, is multiplied in each tick: cues and readouts are given
in this way. Potentials are relative to rest. Every parameter is a shared variable of a group, so
that the compiled circuit takes it as an argument; only sizes, dt, the number of delays, the order
of release and the length of the table are compiled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, NeuronGroup, SpikeMonitor, Synapses, TimedArray, ms, second

from neurosim.circuits import tsodyks_markram
from neurosim.simulation.interactive import Circuit, circuit_of_cues
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet
    from neurosim.timeline import Timeline

# White noise external_sd*xi/sqrt(tau_m), which alone gives v a standard deviation of
# external_sd/sqrt(2). One step of Euler's method solves this exactly: the mean is constant within a
# step, and the noise has the variance that a step adds. It is uniform in each step, a third of the
# cost of normal numbers; v adds hundreds of steps up.
NEURONS = """
dv/dt = ({mean} - v)*(1 - exp(-dt/tau_m))/dt
        + external_sd*sqrt(6*(1 - exp(-2*dt/tau_m)))*(rand() - 0.5)/dt : volt (unless refractory)
tau_m : second (shared, constant)
v_threshold : volt (shared, constant)
v_reset : volt (shared, constant)
t_refractory : second (shared, constant)
external_mean : volt (shared, constant)
external_sd : volt (shared, constant)
p_connection : 1 (shared, constant)
"""

EXCITATORY = (
    NEURONS.format(mean="drive*external_mean")
    + """
drive : 1
population : integer
"""
    + tsodyks_markram.variables()
    + tsodyks_markram.RELEASE
)

INHIBITORY = NEURONS.format(mean="external_mean")

PLASTIC = """
potentiated : boolean
weight_baseline : volt (shared, constant)
weight_potentiated : volt (shared, constant)
potentiated_from_nonselective : 1 (shared, constant)
"""

WEIGHT = """
weight : volt (shared, constant)
"""


def build(sheet: Sheet, seed: int = 0, timeline: Timeline | None = None) -> Circuit:
    """Build the network to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``working_memory``, from `neurosim.load_model`.
    seed : int
        Draws the brain, then the noise.
    timeline : Timeline, optional
        Cues and readouts, see `neurosim.working_memory.external_drive.factors_of`; nothing if left
        out.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or the timeline is refused.

    Examples
    --------
    >>> sheet = neurosim.load_model("mongillo2008_small")
    >>> cue = Trial("selective_1", 0.35, 2.0, "cue")
    >>> circuit = neurosim.circuits.working_memory.build(sheet, 1, Timeline.of([cue], lead_in=1.0))
    >>> circuit.run(3.35*second)
    >>> circuit.excitatory_spikes.t, circuit.excitatory.u[:]
    """
    return circuit_of_cues("working_memory", sheet, seed, timeline)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of the network.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``excitatory.n``, ``inhibitory.n``, ``selective.n``,
        ``selective.coding_level``, ``excitatory_to_excitatory.delay_classes``,
        ``short_term_plasticity.release``, ``simulation.dt`` (s), and ``n_ticks``, the length of
        the table.
    stages : Stages
        Called between creation, connection and initial values, so that parameters and tables
        reach the objects on every target.

    Returns
    -------
    dict of str to Brian2 object
        The populations ``excitatory`` (which holds u and x) and ``inhibitory``; the projections,
        that among excitatory neurons in one part for each delay,
        ``excitatory_to_excitatory_0`` and so on; the table ``external_drive``; the monitors
        ``excitatory_spikes`` and ``inhibitory_spikes``.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tick = Clock(TICK * second, name="tick")
    n_excitatory = structure["excitatory.n"]
    n_selective = structure["selective.n"]
    n_per_population = round(structure["selective.coding_level"] * n_excitatory)
    drive = TimedArray(
        np.ones((structure["n_ticks"], n_selective + 1)), dt=TICK * second, name="external_drive"
    )
    on_spike = tsodyks_markram.on_arrival(structure["short_term_plasticity.release"])
    excitatory = NeuronGroup(
        n_excitatory,
        EXCITATORY,
        threshold="v > v_threshold",
        reset=f"v = v_reset\n{on_spike}\nrelease = released",
        refractory="t_refractory",
        method="euler",
        clock=clock,
        namespace={"external_drive": drive},
        name="excitatory",
    )
    excitatory.run_regularly(
        "drive = external_drive(t, population)", clock=tick, name="stimulation"
    )
    inhibitory = NeuronGroup(
        structure["inhibitory.n"],
        INHIBITORY,
        threshold="v > v_threshold",
        reset="v = v_reset",
        refractory="t_refractory",
        method="euler",
        clock=clock,
        namespace={},
        name="inhibitory",
    )
    n_delays = structure["excitatory_to_excitatory.delay_classes"]
    plastic = [
        Synapses(
            excitatory,
            excitatory,
            PLASTIC,
            on_pre="v_post += (weight_baseline + int(potentiated)*"
            "(weight_potentiated - weight_baseline))*release_pre",
            delay=1 * ms,
            clock=clock,
            namespace={},
            name=f"excitatory_to_excitatory_{k}",
        )
        for k in range(n_delays)
    ]
    fixed = [
        _fixed_projection(source, target, sign)
        for source, target, sign in (
            (excitatory, inhibitory, "+"),
            (inhibitory, excitatory, "-"),
            (inhibitory, inhibitory, "-"),
        )
    ]
    monitors = {
        f"{group.name}_spikes": SpikeMonitor(group, name=f"{group.name}_spikes")
        for group in (excitatory, inhibitory)
    }
    objects = {
        "excitatory": excitatory,
        "inhibitory": inhibitory,
        **{projection.name: projection for projection in (*plastic, *fixed)},
        "external_drive": drive,
        **monitors,
    }

    stages.before_connecting(objects)
    # A synapse has the delay class (i + j) modulo their number: every neuron has them all, on its
    # inputs and on its targets, and no pair is connected twice.
    for number, projection in enumerate(plastic):
        target = f"{n_delays}*k + ({number} - i) % {n_delays}"
        projection.connect(
            j=f"{target} for k in sample({n_excitatory // n_delays}, p=p_connection_pre)"
            f" if {target} != i"
        )
    for projection in fixed:
        projection.connect(
            condition="i != j" if projection.source is projection.target else None,
            p="p_connection_post",
        )
    stages.before_initial_values(objects)
    # Excitatory neurons start further from threshold: if both started alike, all would fire at once
    # before inhibition arrives.
    excitatory.v = "rand()*v_reset"
    inhibitory.v = "v_reset + rand()*(v_threshold - v_reset)"
    excitatory.population = f"clip(i // {n_per_population}, 0, {n_selective})"
    excitatory.x = 1
    excitatory.drive = 1
    for projection in plastic:
        projection.potentiated = (
            f"(population_pre == population_post and population_pre < {n_selective}) or "
            f"(population_pre == {n_selective} and rand() < potentiated_from_nonselective)"
        )
    stages.before_running(objects)
    return objects


def _fixed_projection(source: NeuronGroup, target: NeuronGroup, sign: str) -> Synapses:
    return Synapses(
        source,
        target,
        WEIGHT,
        on_pre=f"v_post {sign}= weight",
        delay=1 * ms,
        clock=target.clock,
        namespace={},
        name=f"{source.name}_to_{target.name}",
    )
