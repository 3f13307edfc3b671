"""A working-memory network of a few neurons, for tests, and runs in which nothing is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.parameters import Sheet
from neurosim.parameters.library import load_model
from neurosim.parameters.working_memory import WorkingMemoryParameters
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline, Trial
from neurosim.working_memory.external_drive import drive_tables, structure_with_ticks
from neurosim.working_memory.trials import OUTPUTS, cue_and_read

# So few neurons that a run takes a fraction of a second, which fire because synapses are strong.
# What is compiled in is the same in all tests, so that they share a build.
TINY = {
    "excitatory.n": 200,
    "inhibitory.n": 50,
    "synapses.p": 0.5,
    "excitatory.external_mean": "24 mV",
    "excitatory_to_excitatory.weight_baseline": "0.5 mV",
    "excitatory_to_excitatory.weight_potentiated": "2 mV",
    "synapses.weight_excitatory_to_inhibitory": "1 mV",
    "synapses.weight_inhibitory_to_excitatory": "0.5 mV",
    "synapses.weight_inhibitory_to_inhibitory": "1 mV",
}
TIMELINE = Timeline.of(
    [Trial("selective_1", 0.1, 0.1, "cue"), Trial("readout", 0.1, 0.1, "readout")], lead_in=0.1
)


def tiny(sheet: str = "mongillo2008_small", **changes: Any) -> WorkingMemoryParameters:
    """Return a sheet's parameters at the size of the tests; keys are ``section__field``."""
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    parameters: WorkingMemoryParameters = load_model(sheet, TINY | overrides).parameters
    return parameters


def job_of(
    parameters: WorkingMemoryParameters,
    timeline: Timeline = TIMELINE,
    outputs: tuple[str, ...] = OUTPUTS,
    duration: float | None = None,
) -> Job:
    """Return a job of the network."""
    tables = drive_tables(parameters, timeline)
    return Job(
        circuit="working_memory",
        structure=structure_with_ticks(parameters, tables),
        arguments=parameters.run_arguments(),
        tables=tables,
        duration=timeline.duration if duration is None else duration,
        brain_seed=1,
        noise_seed=2,
        outputs=outputs,
    )


class WorkingMemoryBench:
    """Cues one population, then reads out."""

    # Half of each is still possible: a multiple of a tick, a time step.
    settings: tuple[Mapping[str, Any], ...] = (
        {
            "stimulation.cue_duration": "200 ms",
            "stimulation.readout_duration": "200 ms",
            "excitatory_to_excitatory.delay_shortest": "0.2 ms",
        },
    )
    of_the_protocol: frozenset[str] = frozenset()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the size of the tests."""
        return load_model(name, TINY)

    def compiled(self, parameters: WorkingMemoryParameters) -> Mapping[str, np.ndarray]:
        """Cue for as long as the sheet says, then read out."""
        timeline = cue_and_read(parameters, 1, 0.1, 0.1, with_readout=True)
        return simulate(job_of(parameters, timeline), "standalone").arrays

    def live(self, parameters: WorkingMemoryParameters) -> Mapping[str, np.ndarray]:
        """Run for a moment without a build."""
        job = job_of(parameters, duration=0.06, outputs=(*OUTPUTS, "excitatory.v"))
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes, as rare as at rest."""
        generator = np.random.default_rng(job.noise_seed)
        arrays = {}
        for group, rate in (("excitatory", 0.5), ("inhibitory", 5.0)):
            n = job.structure[f"{group}.n"]
            n_spikes = generator.poisson(n * rate * job.duration)
            arrays[f"{group}_spikes.i"] = generator.integers(n, size=n_spikes)
            arrays[f"{group}_spikes.t"] = np.sort(generator.uniform(0, job.duration, n_spikes))
        return {name: arrays[name] for name in job.outputs}
