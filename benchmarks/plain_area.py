"""The area as an ordinary Brian2 script: what `speed.py` compares the compiled circuit with.

``python benchmarks/plain_area.py FOLDER N_TRIALS`` leaves the program ``FOLDER/main``.

It is written as one writes for Brian2 alone: parameters are constants of the namespace, the
background is a `PoissonInput`, the build is Brian2's own. It has what makes such a script fast:
traces per neuron, one delay per projection, input rates that are set every 100 ms. The input is a
`PoissonGroup` written out as a `NeuronGroup`, for a `PoissonGroup` has no room for a trace. What
the trials do not ask for, direct stimulation, is left out. Numbers and stimuli come from neurosim,
everything else stands here.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

import numpy as np
from brian2 import (
    Clock,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    device,
    ms,
    prefs,
    second,
    set_device,
    siemens,
    volt,
)
from imprint import imprint

from neurosim.parameters.fields import constraint_of

UNITS = {"s": second, "S": siemens, "V": volt, "Hz": Hz, "1": 1}


def constants(*sections: Any) -> dict[str, Any]:
    """Return the values of sections of the sheet with Brian2's units."""
    return {
        field.name: getattr(section, field.name) * UNITS[constraint_of(field).unit]
        for section in sections
        for field in fields(section)
    }


folder, n_trials = sys.argv[1], int(sys.argv[2])
sheet, timeline, codes = imprint(n_trials)

set_device("cpp_standalone", build_on_run=False)
prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
defaultclock.dt = sheet.simulation.dt * second

# ---------------------------------------------------------------------------------------- stimuli
slot = 100 * ms  # trials begin and end on this grid
n_slots = round(timeline.duration * second / slot)
rate_table = np.full((n_slots, sheet.input.n), sheet.input.idle_rate)
learning_table = np.zeros(n_slots)
for onset, trial in zip(timeline.onset_ticks, timeline.trials, strict=True):
    start = round(onset / 10)
    end = start + round(trial.duration * second / slot)
    rate_table[start:end, codes[trial.stimulus]] = sheet.input.stimulus_rate
    end += round(trial.gap * second / slot)
    learning_table[start:end] = trial.learning_rates["excitatory_to_excitatory"]
rates = TimedArray(rate_table * Hz, dt=slot)
learning = TimedArray(learning_table, dt=slot)

# ---------------------------------------------------------------------------------------- neurons
MEMBRANE = """
dv/dt = (g_leak*(v_rest - v) + g_e*(v_excitatory - v) + g_i*(v_inhibitory - v){adaptation})
        / (tau_m*g_leak) : volt (unless refractory)
dg_e/dt = -g_e/tau_excitatory : siemens
dg_i/dt = -g_i/tau_inhibitory : siemens
"""
EXCITATORY = (
    MEMBRANE.format(adaptation=" + g_adaptation*(v_adaptation - v)")
    + """
dg_adaptation/dt = -g_adaptation/tau_adaptation : siemens
dr1/dt = -r1/tau_plus : 1
do1/dt = -o1/tau_minus : 1
do2/dt = -o2/tau_y : 1
input_total : siemens
recurrent_total : siemens
"""
)

excitatory = NeuronGroup(
    sheet.excitatory.n,
    EXCITATORY,
    threshold="v > v_threshold",
    reset="v = v_reset; g_adaptation += adaptation_increment; r1 += 1; o1 += 1; o2 += 1",
    refractory=sheet.excitatory.t_refractory * second,
    method="exponential_euler",
    namespace=constants(sheet.excitatory, sheet.synapses, sheet.plasticity),
    name="excitatory",
)
inhibitory = NeuronGroup(
    sheet.inhibitory.n,
    MEMBRANE.format(adaptation=""),
    threshold="v > v_threshold",
    reset="v = v_reset",
    refractory=sheet.inhibitory.t_refractory * second,
    method="exponential_euler",
    namespace=constants(sheet.inhibitory, sheet.synapses),
    name="inhibitory",
)
inputs = NeuronGroup(
    sheet.input.n,
    """
    dr1/dt = -r1/tau_plus : 1
    rate : Hz
    """,
    threshold="rand() < rate*dt",
    reset="r1 += 1",
    method="exponential_euler",
    namespace={**constants(sheet.plasticity), "rates": rates},
    name="input",
)
inputs.run_regularly("rate = rates(t, i)", dt=slot)
for group in (excitatory, inhibitory):
    group.v = "v_reset + rand()*(v_threshold - v_reset)"

N_BACKGROUND = 100  # synapses that the background comes through
background = [
    PoissonInput(
        group,
        "g_e",
        N=N_BACKGROUND,
        rate=section.background_rate * Hz / N_BACKGROUND,
        weight=section.background_weight * siemens,
    )
    for group, section in ((excitatory, sheet.excitatory), (inhibitory, sheet.inhibitory))
]

# --------------------------------------------------------------------------------------- synapses
normalisation = Clock(sheet.plasticity.normalisation_interval * second, name="normalisation")


def plastic(source: NeuronGroup, name: str, total: str, budget: str) -> Synapses:
    """Connect a group to the excitatory cells under triplet STDP, with its normalisation."""
    section = getattr(sheet, name)
    synapses = Synapses(
        source,
        excitatory,
        """
        w : siemens
        learning_rate = learning(t) : 1 (shared)
        """,
        on_pre="""
        g_e_post += w
        w = clip(w - learning_rate*a2_minus*w_max*o1_post, 0*siemens, w_max)
        """,
        on_post="w = clip(w + learning_rate*a3_plus*w_max*r1_pre*o2_post, 0*siemens, w_max)",
        delay=sheet.synapses.delay * second,
        namespace={
            **constants(section),
            "learning": learning,
            "input_budget": section.w_initial * section.p * sheet.input.n * siemens,
        },
        name=name,
    )
    synapses.connect(condition="i != j" if source is excitatory else None, p=section.p)
    synapses.w = "clip(w_initial*(1 + w_spread*(2*rand() - 1)), 0*siemens, w_max)"
    # No change while nothing is plastic.
    factor = f"(1 + int(learning(t) > 0)*({budget}/{total}_post - 1))"
    for order, (group, statement) in enumerate(
        (
            (excitatory, f"{total} = 0*siemens"),
            (synapses, f"{total}_post += w"),
            (synapses, f"w = clip(w*{factor}, 0*siemens, w_max)"),
        )
    ):
        group.run_regularly(statement, clock=normalisation, when="end", order=order)
    return synapses


def fixed(source: NeuronGroup, target: NeuronGroup, conductance: str) -> Synapses:
    """Connect two groups with one weight."""
    name = f"{source.name}_to_{target.name}"
    section = getattr(sheet, name)
    synapses = Synapses(
        source,
        target,
        on_pre=f"{conductance}_post += weight",
        delay=sheet.synapses.delay * second,
        namespace=constants(section),
        name=name,
    )
    synapses.connect(condition="i != j" if source is target else None, p=section.p)
    return synapses


projections = [
    plastic(inputs, "input_to_excitatory", "input_total", "input_budget"),
    plastic(excitatory, "excitatory_to_excitatory", "recurrent_total", "w_initial*N_incoming"),
    fixed(excitatory, inhibitory, "g_e"),
    fixed(inhibitory, excitatory, "g_i"),
    fixed(inhibitory, inhibitory, "g_i"),
]

# --------------------------------------------------------------------------------- monitors, build
spikes = [
    SpikeMonitor(group, name=f"{group.name}_spikes") for group in (excitatory, inhibitory, inputs)
]
voltage = StateMonitor(excitatory, "v", record=range(4), dt=5 * ms, name="membrane_potential")

network = Network(excitatory, inhibitory, inputs, background, projections, spikes, voltage)
network.run(timeline.duration * second)
device.build(directory=folder, compile=True, run=False)
