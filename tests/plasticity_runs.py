"""Short-term plasticity without a simulation: what the circuit does, by sums of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.experiment import prepare
from neurosim.progress import QUIET
from neurosim.run_directory import Run
from neurosim.simulation.job import Job, Result

N_TRACED = 2
SHORT = {  # options that make a run short
    "protocol__n_rates": 8,
    "protocol__longest_interval": "200 ms",
    "protocol__longest_gap": "20 s",
}


def synapse_of(job: Job) -> ShortTermPlasticity:
    """Return the closed forms of the synapse of a job."""
    arguments = job.arguments
    return ShortTermPlasticity(
        arguments["plasticity.U"],
        arguments["plasticity.tau_facilitation"],
        arguments["plasticity.tau_recovery"],
        arguments.get("plasticity.tau_inactivation", 0.0),
        str(job.structure["synapse.release"]),
    )


def trains_of(job: Job) -> list[np.ndarray]:
    """Return the spike times of every presynaptic neuron that fires."""
    steps = job.tables["spike_steps"]
    times = [column[column >= 0] * job.structure["simulation.dt"] for column in steps.T]
    return [train for train in times if len(train)]


def potential(
    job: Job, arrivals: np.ndarray, releases: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Return the potential of a passive cell as the sum of the responses to all arrivals."""
    since = times[:, np.newaxis] - arrivals
    since = np.where(since > -1e-9, np.maximum(since, 0.0), np.inf)
    arguments, tau_m = job.arguments, job.arguments["cells.tau_m"]
    if "cells.delta_psp" in arguments:
        return arguments["cells.delta_psp"] * np.exp(-since / tau_m) @ releases
    tau = arguments["cells.tau_current"]
    kernel = (np.exp(-since / tau_m) - np.exp(-since / tau)) * tau / (tau_m - tau)
    return arguments["cells.resistance"] * arguments["cells.efficacy"] * kernel @ releases


def invented(job: Job) -> dict[str, np.ndarray]:
    """Return what the circuit of a job would return; u and x are those of the last arrival."""
    trains, form, delay = trains_of(job), synapse_of(job), job.arguments["plasticity.delay"]
    releases = [form.releases(train) for train in trains]
    index = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    spikes = np.concatenate(trains)
    order = np.lexsort((index, spikes))
    times = np.arange(round(job.duration / job.structure["trace_interval"]))
    times = times * job.structure["trace_interval"]
    traces = np.zeros((3, len(times), N_TRACED))
    for k, (train, released) in enumerate(zip(trains[:N_TRACED], releases, strict=False)):
        shown = times < (1.3 if len(train) <= 20 else 0.3)  # of bursts the beginning
        traces[0, shown, k] = potential(job, train + delay, released, times[shown])
        newest = np.searchsorted(train + delay, times + 1e-9) - 1
        traces[1, :, k] = np.where(newest >= 0, form.U, 0.0)
        traces[2, :, k] = np.where(newest >= 0, 1 - released[newest], 1.0)
    arrays = {
        "presynaptic_spikes.i": index[order],
        "presynaptic_spikes.t": spikes[order],
        "arrivals.i": index[order],
        "arrivals.t": spikes[order] + delay,
        "arrivals.release": np.concatenate(releases)[order],
        "membrane_potential.v": traces[0],
        "resources.u_now": traces[1],
        "resources.x_now": traces[2],
    }
    return {name: arrays[name] for name in job.outputs}


def plasticity_run(model: str = "tsodyks1998", **overrides: Any) -> Run:
    """Return a run of ``short_term_plasticity`` in which nothing was simulated.

    Overrides are ``section__key=value``.
    """

    def simulate(job: Job, *rest: object) -> Result:
        return Result(invented(job), "standalone", 0.0, 0.0)

    values = {name.replace("__", "."): value for name, value in overrides.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurosim.session.simulate", simulate)
        return prepare("short_term_plasticity", model, 0, values, "auto", False, QUIET).run()
