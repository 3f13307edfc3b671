"""Synapses with short-term plasticity on passive cells (Tsodyks et al. 1998, figure 1).

Presynaptic neurons fire at given times, each drives a cell of its own through one synapse. What is
released is either the charge of a current that decays with tau_inactivation, as published, or lifts
the potential at once (a delta synapse, as in networks of Mongillo, Barak & Tsodyks 2008).

u and x live at each synapse (``stored_in="synapse"``) or once for each presynaptic neuron
(``"neuron"``): see `neurosim.circuits.tsodyks_markram`.

Every parameter is a shared variable of a group, so that the compiled circuit takes it as an
argument; only dt, the convention and the kind of transmission are compiled in. The spike times are
a table, which it takes as an argument too. Potentials are relative to rest. A spike acts at the end
of the time step that it arrives in, and everything is recorded behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import (
    Clock,
    EventMonitor,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    second,
)

from neurosim.circuits import tsodyks_markram
from neurosim.simulation.interactive import Circuit, circuit_of_trains

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet

# The table holds the time step of each spike, a row for each number of a spike; the number, in
# seconds, stands for the time.
PRESYNAPTIC = """
next_step : 1
spike_number : integer
"""
NEXT_SPIKE = "next_step = spike_steps(spike_number*second, i)"

CELLS = {
    "current": """
dv/dt = (resistance*current - v)/tau_m : volt
dcurrent/dt = -current/tau_current : amp
tau_m : second (shared, constant)
resistance : ohm (shared, constant)
tau_current : second (shared, constant)
efficacy : amp (shared, constant)
release : 1
""",
    "delta": """
dv/dt = -v/tau_m : volt
tau_m : second (shared, constant)
delta_psp : volt (shared, constant)
release : 1
""",
}
EFFECT = {
    "current": "current_post += efficacy_post*{released}\nrelease_post += {released}",
    "delta": "v_post += delta_psp_post*{released}\nrelease_post += {released}",
}

N_TRACED = 2


def build(
    sheet: Sheet,
    seed: int = 0,
    trains: Sequence[npt.ArrayLike] = (),
) -> Circuit:
    """Build the circuit to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``short_term_plasticity``, from `neurosim.load_model`.
    seed : int
        Changes nothing here: nothing is random.
    trains : sequence of array_like of float, shape (n_spikes,)
        Spike times of each presynaptic neuron, seconds; none if left out.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or a train is refused.

    Examples
    --------
    >>> sheet = neurosim.load_model("tsodyks1998")
    >>> train = np.arange(0.1, 1.1, 0.05)
    >>> circuit = neurosim.circuits.short_term_plasticity.build(sheet, trains=[train])
    >>> circuit.run(1.2*second)
    >>> circuit.membrane_potential.v[0], circuit.arrivals.release[:]
    """
    return circuit_of_trains("short_term_plasticity", sheet, seed, trains)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of synapses with short-term plasticity.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``simulation.dt`` (s), ``synapse.release``,
        ``synapse.transmission``, ``trace_interval`` (s), ``stored_in``, and the capacities
        ``n_spikes`` and ``n_trains`` of the table.
    stages : Stages
        Called between creation, connection and initial values, so that parameters and tables
        reach the objects on every target.

    Returns
    -------
    dict of str to Brian2 object
        ``presynaptic`` and ``cells``; ``plasticity``, which holds u and x, and the further
        projections; the table ``spike_steps``; the monitors ``presynaptic_spikes``, ``arrivals``
        (what is released, at every arrival of a spike), ``membrane_potential`` and ``resources``
        (u and x of the first synapses).
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    n_trains, transmission = structure["n_trains"], structure["synapse.transmission"]
    spike_steps = TimedArray(
        np.full((structure["n_spikes"], n_trains), -1.0), dt=1 * second, name="spike_steps"
    )
    presynaptic = NeuronGroup(
        n_trains,
        PRESYNAPTIC + (tsodyks_markram.RELEASE if structure["stored_in"] == "neuron" else ""),
        threshold="t_in_timesteps == next_step",
        reset=f"spike_number += 1\n{NEXT_SPIKE}",
        clock=clock,
        namespace={"spike_steps": spike_steps},
        name="presynaptic",
    )
    cells = NeuronGroup(
        n_trains,
        CELLS[transmission],
        events={"arrival": "release > 0"},
        method="exact",
        clock=clock,
        namespace={},
        name="cells",
    )
    cells.set_event_schedule("arrival", when="after_synapses")
    cells.run_on_event("arrival", "release = 0", when="end")
    projections = _projections(structure, presynaptic, cells, clock)
    monitors = {
        "presynaptic_spikes": SpikeMonitor(presynaptic, name="presynaptic_spikes"),
        "arrivals": EventMonitor(cells, "arrival", "release", name="arrivals"),
        "membrane_potential": StateMonitor(
            cells,
            "v",
            record=range(min(N_TRACED, n_trains)),
            dt=structure["trace_interval"] * second,
            when="end",
            name="membrane_potential",
        ),
    }
    objects: dict[str, Any] = {
        "presynaptic": presynaptic,
        "cells": cells,
        **projections,
        "spike_steps": spike_steps,
        **monitors,
    }

    stages.before_connecting(objects)
    for projection in projections.values():
        projection.connect(j="i")
    # Synapses can be recorded when there are some.
    objects["resources"] = StateMonitor(
        projections["plasticity"],
        ["u_now", "x_now"],
        record=np.arange(min(N_TRACED, n_trains)),
        dt=structure["trace_interval"] * second,
        when="end",
        name="resources",
    )
    stages.before_initial_values(objects)
    projections["plasticity"].x = 1
    presynaptic.next_step = "spike_steps(0*second, i)"
    stages.before_running(objects)
    return objects


def _projections(
    structure: Mapping[str, Any], presynaptic: NeuronGroup, cells: NeuronGroup, clock: Clock
) -> dict[str, Synapses]:
    transmission, release = structure["synapse.transmission"], structure["synapse.release"]
    inactivates, effect = transmission == "current", EFFECT[transmission]
    # The delay comes as an argument; it has to be there to be one for all synapses.
    common: dict[str, Any] = {"delay": 0 * second, "clock": clock}
    if structure["stored_in"] == "synapse":
        arrival = tsodyks_markram.on_arrival(release, inactivates)
        synapses = Synapses(
            presynaptic,
            cells,
            tsodyks_markram.variables(inactivates),
            on_pre=f"{arrival}\n{effect.format(released='released')}",
            namespace={},
            name="plasticity",
            **common,
        )
        return {"plasticity": synapses}
    transmitting = Synapses(
        presynaptic,
        cells,
        on_pre=effect.format(released="release_pre"),
        namespace={},
        name="transmission",
        **common,
    )
    transmitting.pre.order = 1
    return {
        "plasticity": tsodyks_markram.terminals(
            presynaptic, release, inactivates=inactivates, name="plasticity", **common
        ),
        "transmission": transmitting,
        "clearing": tsodyks_markram.clearing(presynaptic, **common),
    }
