"""A small associative memory for tests: three cells a symbol, four blocks, one build for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, parse_string, rebound_at_lag
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.spiking_associative_memory import LAST_UPDATE, WEIGHTS, AssociativeMemory
from neurosim.memory_mechanisms import HEBBIAN, PRESYNAPTIC
from neurosim.parameters import Sheet
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.parameters.library import load_model
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live

# Weights are larger as there are fewer cells.
SMALL_MEMORY = {
    "simulation.n_blocks": "4",
    "key_cells.n": "78",
    "key_cells.n_active": "3",
    "value_cells.n": "30",
    "value_cells.n_active": "3",
    "inhibitory_cells.n": "5",
    "key_to_value.learning_rate": "0.1 mV",
    "key_to_value.prediction_per_cell": "2 mV",
    "value_to_inhibitory.weight": "3.3 mV",
    "inhibitory_to_value.weight": "1.6 mV",
}
POPULATIONS = ("key_cells", "value_cells", "inhibitory_cells")
SPIKES = tuple(f"{name}_spikes.{variable}" for name in POPULATIONS for variable in "it")


def small_sheet() -> Sheet:
    """Return the sheet of the small memory."""
    return load_model("ba2016", SMALL_MEMORY)


def small_memory(seed: int = 0, **changes: Any) -> AssociativeMemory:
    """Return a small memory, ``section__field=value``."""
    parameters = small_sheet().parameters
    session = Session(parameters, "associative_memory", seed, "standalone")
    return AssociativeMemory(session, parameters).changed(**changes)


class MemoryBench:
    """Binds keys to values, some of them again, and asks for one."""

    # With value cells that fire now and then by themselves: whether one has just fired decides
    # what is a mismatch.
    settings: tuple[Mapping[str, Any], ...] = tuple(
        {"value_cells.background": "17 mV", "key_to_value.mechanism": mechanism}
        for mechanism in (HEBBIAN, PRESYNAPTIC)
    )
    of_the_protocol: frozenset[str] = frozenset()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small memory; halves of its times are whole ticks."""
        times = {"presentation.pair": "160 ms", "presentation.gap": "40 ms"}
        return load_model(name, {**SMALL_MEMORY, **times})

    def compiled(self, parameters: AssociativeMemoryParameters) -> Mapping[str, np.ndarray]:
        """Show a sequence in each block."""
        memory = AssociativeMemory(
            Session(parameters, "associative_memory", 1, "standalone"), parameters
        )
        sequences = rebound_at_lag(parameters.simulation.n_blocks, 3, 1, np.random.default_rng(1))
        schedule = Schedule(parameters, sequences, (0.1,))
        outputs = (*SPIKES, WEIGHTS)
        return memory.simulate(schedule, memory.orthogonal_codes(), "bench", outputs)

    def live(self, parameters: AssociativeMemoryParameters) -> Mapping[str, np.ndarray]:
        """Show a pair to all cells at once."""
        everything = KeyValueCodes(
            np.ones((len(LETTERS), parameters.key_cells.n), dtype=bool),
            np.ones((len(DIGITS), parameters.value_cells.n), dtype=bool),
        )
        schedule = Schedule(parameters, [parse_string("a1??a")])
        job = Job(
            circuit="associative_memory",
            structure=schedule.structure(),
            arguments=parameters.run_arguments(),
            tables=schedule.tables(everything),
            duration=0.06,
            brain_seed=1,
            noise_seed=2,
            outputs=(*SPIKES, WEIGHTS),
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes and random weights."""
        generator = np.random.default_rng(job.noise_seed)
        n_blocks = job.structure["simulation.n_blocks"]
        arrays: dict[str, np.ndarray] = {}
        for name in POPULATIONS:
            n = n_blocks * job.structure[f"{name}.n"]
            arrays[f"{name}_spikes.i"] = generator.integers(n, size=n)
            arrays[f"{name}_spikes.t"] = np.sort(generator.uniform(0, job.duration, n))
        n_synapses = n_blocks * job.structure["key_cells.n"] * job.structure["value_cells.n"]
        if WEIGHTS in job.outputs:
            arrays |= {WEIGHTS: generator.random(n_synapses), LAST_UPDATE: np.zeros(n_synapses)}
        return {name: arrays[name] for name in job.outputs}
