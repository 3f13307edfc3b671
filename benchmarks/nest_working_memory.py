"""The working-memory network in NEST, as closely as its built-in models allow.

What is the same: sizes, connection probabilities, weights, the numbers of delays, leaky
integrate-and-fire neurons on which spikes are jumps of the potential (``iaf_psc_delta``), cues,
white noise (``noise_generator``, with the variance that a step adds), short-term plasticity
(``tsodyks2_synapse``).

The release convention: `nest_conventions.py` measures that NEST's synapse releases at every spike
what the sheets' ``before_jump`` releases, if its u starts at U (otherwise the first release is what
u starts at, by default .5). A sheet in ``after_jump`` has no counterpart among NEST's built-in
synapses and is refused.

What differs: NEST keeps u and x for every synapse, neurosim for every presynaptic neuron, which
releases the same; noise is normal in NEST and uniform here; NEST draws the delay of each synapse,
here they are dealt out evenly.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from nest_kernel import MS, MV, answer, jump_delay, shortest_refractory, start
from peer_networks import WorkingMemoryTask

from neurosim.release_conventions import BEFORE_JUMP
from neurosim.working_memory.external_drive import drive_tables

C_M = 250.0  # pF; any: it cancels


def build(task: WorkingMemoryTask, seed: int) -> tuple[Any, dict[str, Any]]:
    """Create the network; return NEST and its populations."""
    sheet = task.parameters
    if sheet.short_term_plasticity.release != BEFORE_JUMP:
        sys.exit(f"NEST's tsodyks2_synapse releases {BEFORE_JUMP}, {task.model} does not.")
    dt = sheet.simulation.dt
    nest = start(dt, seed)
    excitatory = _neurons(nest, sheet.excitatory, dt)
    excitatory.V_m = nest.random.uniform(0.0, sheet.excitatory.v_reset * MV)
    inhibitory = _neurons(nest, sheet.inhibitory, dt)
    inhibitory.V_m = nest.random.uniform(
        sheet.inhibitory.v_reset * MV, sheet.inhibitory.v_threshold * MV
    )
    _stimulate(nest, task, sheet, excitatory)
    _connect_plastic(nest, sheet, excitatory)
    rule = {"rule": "pairwise_bernoulli", "p": sheet.synapses.p, "allow_autapses": False}
    for source, target, name, sign in (
        (excitatory, inhibitory, "excitatory_to_inhibitory", 1),
        (inhibitory, excitatory, "inhibitory_to_excitatory", -1),
        (inhibitory, inhibitory, "inhibitory_to_inhibitory", -1),
    ):
        weight = sign * getattr(sheet.synapses, f"weight_{name}") * MV
        delay = jump_delay(sheet.synapses.delay, dt)
        nest.Connect(source, target, rule, {"weight": weight, "delay": delay})
    return nest, {"excitatory": excitatory, "inhibitory": inhibitory}


def _neurons(nest: Any, cells: Any, dt: float) -> Any:
    """Neurons around their external mean, each with noise of its own."""
    tau = cells.tau_m * MS
    group = nest.Create(
        "iaf_psc_delta",
        cells.n,
        params={
            "C_m": C_M,
            "tau_m": tau,
            "E_L": 0.0,
            "V_th": cells.v_threshold * MV,
            "V_reset": cells.v_reset * MV,
            "t_ref": shortest_refractory(cells.t_refractory, dt),
            "I_e": cells.external_mean * MV * C_M / tau,
        },
    )
    # The current is constant in a step: what it adds to the potential has to have the variance
    # external_sd**2 (1 - exp(-2 dt/tau_m))/2 of white noise.
    step = np.sqrt(-np.expm1(-2 * dt / cells.tau_m) / 2) * cells.external_sd * MV
    current = float(step / -np.expm1(-dt / cells.tau_m) * C_M / tau)
    noise = nest.Create("noise_generator", params={"std": current, "dt": dt * MS})
    nest.Connect(noise, group, syn_spec={"delay": dt * MS})
    return group


def _stimulate(nest: Any, task: WorkingMemoryTask, sheet: Any, excitatory: Any) -> None:
    timeline = task.timeline
    table = drive_tables(sheet, timeline)["external_drive"][: timeline.n_ticks]
    tick = timeline.duration / timeline.n_ticks * MS
    mean = sheet.excitatory.external_mean * MV * C_M / (sheet.excitatory.tau_m * MS)
    for group, factors in zip(_populations(sheet, excitatory), table.T, strict=True):
        changes = np.flatnonzero(np.diff(factors)) + 1
        if len(changes):
            generator = nest.Create(
                "step_current_generator",
                params={
                    "amplitude_times": [round(float(k) * tick, 6) for k in changes],
                    "amplitude_values": [float((factors[k] - 1) * mean) for k in changes],
                },
            )
            delay = sheet.simulation.dt * MS
            nest.Connect(generator, group, syn_spec={"delay": delay})


def _populations(sheet: Any, excitatory: Any) -> list[Any]:
    """Return the selective populations, and behind them all other excitatory neurons."""
    n, size = sheet.selective.n, sheet.n_per_population
    return [*(excitatory[k * size : (k + 1) * size] for k in range(n)), excitatory[n * size :]]


def _connect_plastic(nest: Any, sheet: Any, excitatory: Any) -> None:
    plastic, plasticity = sheet.excitatory_to_excitatory, sheet.short_term_plasticity
    nest.CopyModel(
        "tsodyks2_synapse",
        "excitatory_to_excitatory",
        {
            "U": plasticity.U,
            "u": plasticity.U,
            "x": 1.0,
            "tau_fac": plasticity.tau_facilitation * MS,
            "tau_rec": plasticity.tau_recovery * MS,
        },
    )
    delays = [jump_delay(float(delay), sheet.simulation.dt) for delay in sheet.delays]
    spacing = delays[1] - delays[0] if len(delays) > 1 else 0.0
    baseline, potentiated = plastic.weight_baseline * MV, plastic.weight_potentiated * MV
    *selective, others = _populations(sheet, excitatory)

    def connect(source: Any, target: Any, weight: Any) -> None:
        nest.Connect(
            source,
            target,
            {"rule": "pairwise_bernoulli", "p": sheet.synapses.p, "allow_autapses": False},
            {
                "synapse_model": "excitatory_to_excitatory",
                "weight": weight,
                "delay": delays[0] + spacing * nest.random.uniform_int(len(delays)),
            },
        )

    # Population by population, for NEST takes the slice [:0] for all neurons.
    for k, population in enumerate(selective):
        connect(population, population, potentiated)
        for other in (*selective[:k], *selective[k + 1 :], others):
            connect(population, other, baseline)
    share = plastic.potentiated_from_nonselective
    mixed = nest.logic.conditional(nest.random.uniform() < share, potentiated, baseline)
    connect(others, excitatory, mixed)


if __name__ == "__main__":
    answer(WorkingMemoryTask(**json.loads(sys.argv[1])), build, int(sys.argv[2]), sys.argv[3])
