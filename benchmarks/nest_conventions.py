"""What NEST and Brian2 mean differently, measured: ``python benchmarks/nest_conventions.py``.

One synapse or one neuron each. `nest_kernel.py` and `nest_working_memory.py` convert accordingly.
The exit code is 1 if a measurement is not what they assume.
"""

from __future__ import annotations

import sys
from typing import Any

import nest_kernel
import numpy as np
from nest_kernel import MS, start

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.release_conventions import AFTER_JUMP, BEFORE_JUMP

DT = 1e-4  # s
DELAY, T_REFRACTORY = 1e-3, 2e-3  # s
SPIKES = np.array([0.01, 0.03, 0.05, 0.15, 0.17])  # s
U, TAU_FACILITATION, TAU_RECOVERY = 0.2, 1.5, 0.2  # of mongillo2008


def main() -> int:
    """Measure; return the exit code."""
    if not nest_kernel.is_there():
        print(nest_kernel.ABSENT)
        return 0
    by_name = {
        release: ShortTermPlasticity(U, TAU_FACILITATION, TAU_RECOVERY, release=release)
        for release in (BEFORE_JUMP, AFTER_JUMP)
    }
    expected = by_name[BEFORE_JUMP].releases(SPIKES)
    rested, empty = releases(u=U), releases(u=0.0)
    print(f"Releases of tsodyks2_synapse, U {U}, spikes at {', '.join(f'{t:g}' for t in SPIKES)} s")
    for name, values in {
        "NEST, u starts at U": rested,
        "NEST, u starts at 0": empty,
        **{f"here, {name}": synapse.releases(SPIKES) for name, synapse in by_name.items()},
    }.items():
        print(f"  {name:22}" + "".join(f"{value:9.5f}" for value in values))
    times = {
        "from a spike to the one that a jump makes": (latency("iaf_psc_delta"), DELAY),
        "the same through a conductance": (latency("iaf_cond_exp"), DELAY + DT),
        "shortest interval between spikes": (shortest_interval(), T_REFRACTORY + DT),
    }
    expected_here = (DELAY + DT, DELAY + DT, T_REFRACTORY)
    met = [bool(np.allclose(rested, expected, atol=1e-9))]
    print(f"ms, step {DT * MS:g}, delay {DELAY * MS:g}, t_ref {T_REFRACTORY * MS:g}")
    for (name, (nest, assumed)), brian2, ours in zip(
        times.items(), brian2_times(), expected_here, strict=True
    ):
        print(f"  {name:44} NEST {nest:.2f}, Brian2 {brian2:.2f}")
        met.append(bool(np.allclose([nest, brian2], [assumed * MS, ours * MS])))
    print("as assumed" if all(met) else "not as assumed")
    return 0 if all(met) else 1


def releases(u: float) -> np.ndarray:
    """Return what NEST's synapse releases at each spike, x being 1 and `u` given at the start."""
    nest = start(DT, 0)
    recorder = nest.Create("weight_recorder")
    nest.CopyModel(
        "tsodyks2_synapse",
        "measured",
        {
            "U": U,
            "u": u,
            "x": 1.0,
            "tau_fac": TAU_FACILITATION * MS,
            "tau_rec": TAU_RECOVERY * MS,
            "weight": 1.0,
            "weight_recorder": recorder,
        },
    )
    train = nest.Create("spike_generator", params={"spike_times": list(SPIKES * MS)})
    source, target = nest.Create("parrot_neuron"), nest.Create("iaf_psc_delta")
    nest.Connect(train, source)
    nest.Connect(source, target, syn_spec={"synapse_model": "measured"})
    nest.Simulate(float(SPIKES[-1] * MS) + 10.0)
    return np.asarray(recorder.get("events")["weights"])


def latency(model: str) -> float:
    """Return the time from a spike to the one that it makes, ms."""
    nest = start(DT, 0)
    pair = nest.Create(model, 2, params={"t_ref": T_REFRACTORY * MS})
    train = nest.Create("spike_generator", params={"spike_times": [10.0]})
    strong = {"weight": 1000.0, "delay": DELAY * MS}
    nest.Connect(train, pair[0], syn_spec=strong)
    nest.Connect(pair[0], pair[1], syn_spec=strong)
    return float(np.diff(_times(nest, pair, 20.0))[0])


def shortest_interval() -> float:
    """Return the interval between spikes of a neuron that is driven without limit, ms."""
    nest = start(DT, 0)
    cell = nest.Create("iaf_psc_delta", params={"t_ref": T_REFRACTORY * MS, "I_e": 1e9})
    return float(np.diff(_times(nest, cell, 10.0))[0])


def _times(nest: Any, cells: Any, duration: float) -> np.ndarray:
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(duration)
    return np.sort(recorder.get("events")["times"])


def brian2_times() -> tuple[float, float, float]:
    """Return the same three times in Brian2, ms."""
    from brian2 import (
        Network,
        NeuronGroup,
        SpikeGeneratorGroup,
        SpikeMonitor,
        Synapses,
        defaultclock,
        ms,
        prefs,
        second,
    )

    prefs.codegen.target = "numpy"
    defaultclock.dt = DT * second
    cells = NeuronGroup(
        4,
        "dv/dt = (drive + g - v)/(10*ms) : 1 (unless refractory)\ndg/dt = -g/(5*ms) : 1\ndrive : 1",
        threshold="v > 1",
        reset="v = 0",
        refractory=T_REFRACTORY * second,
        method="exponential_euler",
        namespace={"ms": ms},
    )
    cells.drive = [0, 0, 0, 1e9]
    train = SpikeGeneratorGroup(1, [0], [10] * ms)
    delay = DELAY * second
    start_synapse = Synapses(train, cells, on_pre="v_post += 2", delay=delay)
    jump = Synapses(cells, cells, on_pre="v_post += 2", delay=delay)
    conductance = Synapses(cells, cells, on_pre="g_post += 1e4", delay=delay)
    start_synapse.connect(i=0, j=0)
    jump.connect(i=0, j=1)
    conductance.connect(i=0, j=2)
    spikes = SpikeMonitor(cells)
    network = Network(cells, train, start_synapse, jump, conductance, spikes)
    network.run(20 * ms, namespace={})
    times = [np.asarray(of_unit / ms) for _, of_unit in sorted(spikes.spike_trains().items())]
    by_jump, by_conductance = (float(times[k][0] - times[0][0]) for k in (1, 2))
    return by_jump, by_conductance, float(times[3][1] - times[3][0])


if __name__ == "__main__":
    sys.exit(main())
