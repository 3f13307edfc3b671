"""Depressing and facilitating synapses: Tsodyks, Pawelzik & Markram 1998, figure 1.

"Neural networks with dynamic synapses", Neural Computation 10:821-835. A synapse with short-term
plasticity is given regular trains, and the postsynaptic potential is recorded: a depressing synapse
at 20 Hz (figure 1A), a facilitating one at 20 Hz (B) and at 70 Hz (C).

The depressing synapse is that of the sheet; beside it stand three published facilitating ones. Each
is given, rested before, regular trains until what a spike releases is steady, two spikes at several
intervals, and a train with a test spike behind a gap. Everything is held against closed forms
(`neurosim.abstract.short_term_plasticity`), the potentials against an integration of the published
equations by SciPy. What is released is a fraction of all resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim.parameters import parameter
from neurosim.parameters.library import load_model
from neurosim.parameters.short_term_plasticity import ShortTermPlasticityParameters
from neurosim.recording import Recording
from neurosim.release_conventions import AFTER_JUMP
from neurosim.scorecard import Target, reported
from neurosim.session import Session
from neurosim.synapse import plasticity_scores as ps
from neurosim.synapse.dynamic_synapse import Responses, respond
from neurosim.synapse.plasticity_probes import BURST, Probe, probes_of
from neurosim.synapse.plasticity_recording import FIGURE_LENGTH, recording_of

Synapses = dict[str, ShortTermPlasticityParameters]  # by name

CIRCUIT, MODEL = "short_term_plasticity", "tsodyks1998"
CONDITIONS = {
    "main": "figure 1, steady states, paired pulses and the decay of facilitation",
    "after_jump": "u is released after its jump from U on, the other convention",
    "stored_in_neuron": "u and x once per presynaptic neuron, with delays, against per synapse",
}
QUICK = {"n_rates": 10, "longest_interval": "100 ms", "longest_gap": "5 s"}

SHEET = "sheet"  # the synapse of the run
# Published facilitating synapses and the rates (Hz) at which they release most: the maxima of the
# closed form without inactivation, which the published equations have on top of it.
PEAKS = {
    "tsodyks1998_facilitating": 20.8,
    "tsodyks2000_facilitating": 15.3,
    "mongillo2008_synapse": 3.6,
}
FACILITATING = "tsodyks1998_facilitating"
FIGURE_1 = {"a": (SHEET, 0), "b": (FACILITATING, 0), "c": (FACILITATING, 1)}  # synapse, train
FIGURE_RATES = (20.0, 70.0)  # Hz
HIGHEST_RATE = 100.0  # Hz
INTERVALS = np.geomspace(0.01, 5, 16)  # s, of two spikes
SHORTEST_GAP, N_GAPS = 0.1, 25  # s
DELAYS = (0.0, 0.5e-3, 1e-3, 4.5e-3)  # s: the longest one is more than twice the refractory period
N_BURSTS, BURST_SPIKES, REFRACTORY, PAUSE = 8, 200, 2e-3, 8e-3  # trains, spikes, s, mean s


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    n_rates: int = parameter(low=5, high=60, default=40)
    longest_interval: float = parameter("s", low=0.05, high=10, default=1.0)
    longest_gap: float = parameter("s", low=1, high=600, default=120.0)


CLOSED = "closed form"
ROUNDING = "rounding of 64-bit numbers"
FORMS = {
    "steady_state_error": Target("of all rates and synapses", CLOSED, "derived", high=1e-8),
    "paired_pulse_error": Target("of all intervals and synapses", CLOSED, "derived", high=1e-8),
}
AXES = "published axis (second-hand)"
MAIN = {
    **FORMS,
    "first_release_error": Target("against U", CLOSED, "derived", high=0),
    "gap_error": Target("spike behind a gap", "recursion in NumPy", "derived", high=1e-8),
    **{
        f"trace_{panel}_error": Target("of the highest potential", "SciPy", "derived", high=0.01)
        for panel in FIGURE_1
    },
    "trace_a_peak": Target("highest potential", AXES, "second-hand", "V", high=1e-3),
    "trace_b_peak": Target("highest potential", AXES, "second-hand", "V", high=14.9e-3),
    "trace_c_peak": Target("highest potential", AXES, "second-hand", "V", high=20e-3),
    **{
        f"peak_rate_{name}": Target("+- 5 %", CLOSED, "derived", "Hz", 0.95 * rate, 1.05 * rate)
        for name, rate in PEAKS.items()
    },
    **{
        f"facilitation_decay_{name}": Target(
            "over tau_facilitation", CLOSED, "derived", low=0.99, high=1.01
        )
        for name in PEAKS
    },
    "left_after_longest_gap": Target("excess release", "exp(-gap/tau)", "derived", high=1e-6),
}
AFTER = {
    **FORMS,
    "first_release_error": Target("against U (2 - U)", CLOSED, "derived", high=1e-15),
    "change_of_steady_state": Target("at some rate", "conventions differ", "control", low=0.01),
}
STORED = {
    "arrivals_that_differ": Target("of spikes", "the same spikes", "derived", high=0),
    "release_difference": Target("largest", ROUNDING, "derived", high=1e-13),
    "potential_difference": Target("over the highest", ROUNDING, "derived", high=1e-13),
    "error_if_read_on_arrival": Target("a naive version", "has to fail", "control", low=0.01),
    **reported("trains of ours", "derived", within_longest_delay="intervals shorter than it"),
}
TARGETS = {"main": MAIN, "after_jump": AFTER, "stored_in_neuron": STORED}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets of the conditions."""
    return TARGETS


def synapses_of(session: Session, **changes: Any) -> Synapses:
    """Return the synapse of the sheet and the published ones, with other values of theirs."""
    own: Synapses = {SHEET: session.parameters}
    own |= {name: load_model(name).parameters for name in PEAKS}
    return {name: replace(it, synapse=replace(it.synapse, **changes)) for name, it in own.items()}


def probe(
    session: Session, synapses: Synapses, options: Options
) -> tuple[dict[str, list[Probe]], dict[str, Responses]]:
    """Give every synapse its trains; return these and the responses."""
    rates = np.geomspace(1 / options.longest_interval, HIGHEST_RATE, options.n_rates)
    gaps = np.geomspace(SHORTEST_GAP, options.longest_gap, N_GAPS)
    probes, responses = {}, {}
    for name, it in synapses.items():
        probes[name] = probes_of(
            it.plasticity, it.simulation.dt, FIGURE_RATES, rates, INTERVALS, gaps
        )
        trains = [one.train for one in probes[name]]
        responses[name] = respond(session, it, trains)
    return probes, responses


def describe(
    synapses: Synapses,
    probes: Mapping[str, list[Probe]],
    responses: Mapping[str, Responses],
) -> dict[str, float]:
    """Return the potentials of figure 1, the peak rates and how facilitation decays."""
    values: dict[str, float] = {"left_after_longest_gap": 0.0}
    for panel, (name, train) in FIGURE_1.items():
        scores = ps.potential_scores(synapses[name], responses[name], train, FIGURE_LENGTH)
        values |= {f"trace_{panel}_{quantity}": value for quantity, value in scores.items()}
    for name, it in synapses.items():
        scores = ps.facilitation_scores(it, probes[name], responses[name])
        left = scores.pop("left_after_longest_gap")
        values["left_after_longest_gap"] = max(values["left_after_longest_gap"], left)
        values |= {f"{quantity}_{name}": value for quantity, value in scores.items()}
    return values


def compare_with_bursts(session: Session) -> tuple[Recording, dict[str, float]]:
    """Give bursts to all synapses with every delay, u and x at synapses and in neurons."""
    pauses = session.generator("bursts").exponential(PAUSE, (N_BURSTS, BURST_SPIKES))
    # In the order of their first spikes, as trials are.
    trains = sorted(0.1 + np.cumsum(REFRACTORY + pauses, axis=1), key=lambda train: train[0])
    probes, responses, differences = {}, {}, []
    for name in (SHEET, *PEAKS):
        for delay in DELAYS:
            delayed = synapses_of(session, delay=delay)[name]
            responses[name], of_delay = ps.compare_storage(session, delayed, trains)
            differences.append(of_delay)
        probes[name] = [Probe(BURST, 1 / (REFRACTORY + PAUSE), train) for train in trains]
    values = {name: max(it[name] for it in differences) for name in differences[0]}
    values["within_longest_delay"] = float(np.mean(np.diff(trains) < max(DELAYS)))
    return recording_of(responses, probes), values


def run_condition(
    condition: str, session: Session, options: Options
) -> tuple[Recording, dict[str, float]]:
    """Simulate a condition; return its recording and what was measured."""
    if condition == "stored_in_neuron":
        return compare_with_bursts(session)
    changes = {"release": AFTER_JUMP} if condition == "after_jump" else {}
    synapses = synapses_of(session, **changes)
    probes, responses = probe(session, synapses, options)
    probed = [(it, probes[name], responses[name]) for name, it in synapses.items()]
    errors = [ps.closed_form_errors(*one) for one in probed]
    values = {name: max(it[name] for it in errors) for name in errors[0]}
    if condition == "main":
        values |= describe(synapses, probes, responses)
    else:
        values["change_of_steady_state"] = min(ps.convention_change(*one) for one in probed)
    return recording_of(responses, probes), {name: values[name] for name in TARGETS[condition]}
