"""The area in NEST, as closely as its built-in models allow.

What is the same: sizes, connection probabilities, weights, delays, the distribution of initial
weights and potentials, leaky integrate-and-fire neurons with conductances and adaptation
(``iaf_cond_exp_sfa_rr``, relative refractoriness off, and ``iaf_cond_exp``), Poisson background and
input, the minimal triplet rule (``stdp_triplet_synapse`` without its pair potentiation and triplet
depression) with its hard bounds.

What differs:

- NEST integrates with adaptive Runge-Kutta-Fehlberg, neurosim with exponential Euler, which holds a
  conductance through a step: its jumps act dt/tau/(1 - exp(-dt/tau)) times as much (1.051 for
  excitation and 1.032 for inhibition at 0.5 ms). NEST's weights are multiplied by this factor, so
  that both simulate the sheet as it runs here.
- NEST's delay is dendritic: postsynaptic spikes reach the synapse a delay late, presynaptic ones
  at once. Here presynaptic ones arrive a delay late for depression and count from their firing for
  potentiation. Amplitudes are scaled for the two delays of difference in depression and the one in
  potentiation; pairs that are closer than this are ordered differently.
- NEST has no normalisation of weights and learns all the time: neurosim runs without the first too,
  and learns from the first stimulus on.
- In NEST two input spikes can fall into one step, in neurosim the second waits for the next.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
from nest_kernel import MS, MV, NS, PF, answer, shortest_refractory, start
from peer_networks import LEARNING_RATE, AreaTask

from neurosim.tick import TICK


def build(task: AreaTask, seed: int) -> tuple[Any, dict[str, Any]]:
    """Create the area; return NEST and its populations."""
    sheet = task.parameters
    dt, delay = sheet.simulation.dt, sheet.synapses.delay * MS
    nest = start(dt, seed)
    excitatory = _neurons(nest, "iaf_cond_exp_sfa_rr", sheet.excitatory, sheet)
    excitatory.set(
        tau_sfa=sheet.excitatory.tau_adaptation * MS,
        E_sfa=sheet.excitatory.v_adaptation * MV,
        q_sfa=sheet.excitatory.adaptation_increment
        * NS
        * held(sheet.excitatory.tau_adaptation, dt),
        q_rr=0.0,
        tau_minus=sheet.plasticity.tau_minus * MS,
        tau_minus_triplet=sheet.plasticity.tau_y * MS,
    )
    inhibitory = _neurons(nest, "iaf_cond_exp", sheet.inhibitory, sheet)
    inputs = _inputs(nest, task, sheet)
    excitation, inhibition = (
        NS * held(tau, dt) for tau in (sheet.synapses.tau_excitatory, sheet.synapses.tau_inhibitory)
    )
    for source, name in ((inputs, "input_to_excitatory"), (excitatory, "excitatory_to_excitatory")):
        section = getattr(sheet, name)
        spread = section.w_initial * section.w_spread * excitation
        centre = section.w_initial * excitation
        weight = nest.random.uniform(centre - spread, centre + spread)
        model = (
            _triplet_rule(nest, name, section, sheet, excitation)
            if task.learns
            else "static_synapse"
        )
        _connect(nest, source, excitatory, section.p, model, weight, delay)
    for source, target, name, unit in (
        (excitatory, inhibitory, "excitatory_to_inhibitory", excitation),
        (inhibitory, excitatory, "inhibitory_to_excitatory", -inhibition),
        (inhibitory, inhibitory, "inhibitory_to_inhibitory", -inhibition),
    ):
        section = getattr(sheet, name)
        _connect(nest, source, target, section.p, "static_synapse", section.weight * unit, delay)
    return nest, {"excitatory": excitatory, "inhibitory": inhibitory}


def held(tau: float, dt: float) -> float:
    """Return how much more a decaying conductance does if it is held through each step."""
    return float(dt / tau / -math.expm1(-dt / tau))


def _neurons(nest: Any, model: str, cells: Any, sheet: Any) -> Any:
    synapses = sheet.synapses
    group = nest.Create(
        model,
        cells.n,
        params={
            "C_m": cells.c_m * PF,
            "g_L": cells.g_leak * NS,
            "E_L": cells.v_rest * MV,
            "V_th": cells.v_threshold * MV,
            "V_reset": cells.v_reset * MV,
            "t_ref": shortest_refractory(cells.t_refractory, sheet.simulation.dt),
            "E_ex": synapses.v_excitatory * MV,
            "E_in": synapses.v_inhibitory * MV,
            "tau_syn_ex": synapses.tau_excitatory * MS,
            "tau_syn_in": synapses.tau_inhibitory * MS,
        },
    )
    group.V_m = nest.random.uniform(cells.v_reset * MV, cells.v_threshold * MV)
    background = nest.Create("poisson_generator", params={"rate": cells.background_rate})
    weight = cells.background_weight * NS * held(synapses.tau_excitatory, sheet.simulation.dt)
    nest.Connect(background, group, syn_spec={"weight": weight})
    return group


def _inputs(nest: Any, task: AreaTask, sheet: Any) -> Any:
    """Poisson units with an idle rate, and a generator for each code that is on in its trials."""
    units = nest.Create("parrot_neuron", sheet.input.n)
    idle = nest.Create("poisson_generator", params={"rate": sheet.input.idle_rate})
    nest.Connect(idle, units)
    timeline = task.timeline
    schedule = timeline.stimulus_schedule({n: k + 1 for k, n in enumerate(timeline.stimuli)})
    for number, name in enumerate(timeline.stimuli, start=1):
        on = (schedule == number).astype(float)
        changes = np.flatnonzero(np.diff(on, prepend=0.0))
        changes = changes[changes > 0]  # nothing is on before the lead-in ends
        generator = nest.Create(
            "inhomogeneous_poisson_generator",
            params={
                "rate_times": [float(k * TICK * MS) for k in changes],
                "rate_values": [
                    float((sheet.input.stimulus_rate - sheet.input.idle_rate) * on[k])
                    for k in changes
                ],
            },
        )
        nest.Connect(generator, units[np.flatnonzero(task.codes[name]).tolist()])
    return units


def _triplet_rule(nest: Any, name: str, section: Any, sheet: Any, unit: float) -> str:
    plasticity, delay = sheet.plasticity, sheet.synapses.delay
    scale = LEARNING_RATE * section.w_max * unit
    nest.CopyModel(
        "stdp_triplet_synapse",
        name,
        {
            "tau_plus": plasticity.tau_plus * MS,
            "Aplus": 0.0,
            "Aminus_triplet": 0.0,
            "Aplus_triplet": section.a3_plus * scale * math.exp(delay / plasticity.tau_plus),
            "Aminus": section.a2_minus * scale * math.exp(-2 * delay / plasticity.tau_minus),
            "Wmax": section.w_max * unit,
        },
    )
    return name


def _connect(
    nest: Any, source: Any, target: Any, p: float, model: str, weight: Any, delay: float
) -> None:
    nest.Connect(
        source,
        target,
        {"rule": "pairwise_bernoulli", "p": p, "allow_autapses": False},
        {"synapse_model": model, "weight": weight, "delay": delay},
    )


if __name__ == "__main__":
    answer(AreaTask(**json.loads(sys.argv[1])), build, int(sys.argv[2]), sys.argv[3])
