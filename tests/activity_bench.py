"""A small memory of activity for tests: as many cells as the small associative memory has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from memory_bench import small_memory

from neurosim.fast_weights.retrieval_strings import parse_strings
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.spiking_activity_memory import ActivityMemory, recurrent_weights
from neurosim.parameters import Sheet
from neurosim.parameters.activity_memory import ActivityMemoryParameters
from neurosim.parameters.library import load_model
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live

# The gain is larger as a symbol drives fewer cells.
SMALL_ACTIVITY = {"simulation.n_blocks": "4", "cells.n": "113", "recurrent.gain": "4 mV"}
SPIKES = ("cells_spikes.i", "cells_spikes.t")
STRINGS = parse_strings("c9k8j3??k,a1b2d3??a,z0y5x7??x,m4n6??n")


def small_activity(seed: int = 0) -> ActivityMemory:
    """Return a small memory beside the small associative one."""
    parameters = load_model("activity_random", SMALL_ACTIVITY).parameters
    return of_parameters(parameters, seed)


def of_parameters(parameters: ActivityMemoryParameters, seed: int = 0) -> ActivityMemory:
    """Return a memory beside the small associative one, whatever its own parameters are."""
    beside = small_memory(seed)
    session = Session(beside.parameters, "associative_memory", seed, "standalone")
    return ActivityMemory(session, parameters, beside.parameters)


class ActivityBench:
    """Shows short strings, and asks for a letter of each."""

    settings: tuple[Mapping[str, str], ...] = ()
    of_the_protocol: frozenset[str] = frozenset()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small memory."""
        return load_model(name, SMALL_ACTIVITY)

    def compiled(self, parameters: ActivityMemoryParameters) -> Mapping[str, np.ndarray]:
        """Show a string in each block."""
        memory = of_parameters(parameters)
        schedule = Schedule(memory.shown, STRINGS, (0.1,))
        return memory.simulate(schedule, small_memory().orthogonal_codes(), "bench")

    def live(self, parameters: ActivityMemoryParameters) -> Mapping[str, np.ndarray]:
        """Stimulate all cells at once."""
        n_blocks, n = parameters.simulation.n_blocks, parameters.cells.n
        job = Job(
            circuit="activity_memory",
            structure={**parameters.structure(), "n_ticks": 8, "n_patterns": 2},
            arguments=parameters.run_arguments(),
            tables={
                "stimulus": np.ones((8, n_blocks)),
                "cells_patterns": np.ones((2, n)),
                "recurrent_weights": recurrent_weights(parameters, 1),
            },
            duration=0.06,
            brain_seed=1,
            noise_seed=2,
            outputs=SPIKES,
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes."""
        generator = np.random.default_rng(job.noise_seed)
        n = job.structure["simulation.n_blocks"] * job.structure["cells.n"]
        times = np.sort(generator.uniform(0, job.duration, 4 * n))
        return {"cells_spikes.i": generator.integers(n, size=4 * n), "cells_spikes.t": times}
