"""A small memory for patterns for tests: eight of forty cells active, four blocks, one build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.fast_weights.pattern_examination import questions_of
from neurosim.fast_weights.pattern_schedule import PatternSchedule
from neurosim.fast_weights.spiking_pattern_memory import LAST_UPDATE, WEIGHTS, PatternMemory
from neurosim.parameters import Sheet
from neurosim.parameters.library import load_model
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live

N_BLOCKS, N_CELLS, N_ACTIVE = 4, 40, 8
SMALL_PATTERNS = {
    "simulation.n_blocks": str(N_BLOCKS),
    "cells.n": str(N_CELLS),
    "cells.n_active": str(N_ACTIVE),
    "inhibitory_cells.n": "8",
}
POPULATIONS = ("cells", "inhibitory_cells")
SPIKES = tuple(f"{name}_spikes.{variable}" for name in POPULATIONS for variable in "it")


def small_pattern_sheet() -> Sheet:
    """Return the sheet of the small memory."""
    return load_model("ba2016_recurrent", SMALL_PATTERNS)


def small_pattern_memory(seed: int = 0, **changes: Any) -> PatternMemory:
    """Return a small memory, ``section__field=value``."""
    parameters = small_pattern_sheet().parameters
    session = Session(parameters, "pattern_memory", seed, "standalone")
    return PatternMemory(session, parameters).changed(**changes)


def disjoint_patterns(number: int) -> np.ndarray:
    """Return patterns that share no cell, the same in every block, (n_blocks, number, n_cells)."""
    shown = np.zeros((N_BLOCKS, number, N_CELLS), dtype=bool)
    for k in range(number):
        shown[:, k, k * N_ACTIVE : (k + 1) * N_ACTIVE] = True
    return shown


def halves(shown: np.ndarray) -> np.ndarray:
    """Return the first half of every pattern's cells."""
    half: np.ndarray = shown & (shown.cumsum(axis=-1) <= N_ACTIVE // 2)
    return half


class PatternBench:
    """Stores patterns and asks for one of them."""

    settings: tuple[Mapping[str, Any], ...] = ()
    of_the_protocol: frozenset[str] = frozenset()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small memory; halves of its times are whole ticks."""
        times = {
            "presentation.pattern": "160 ms",
            "presentation.gap": "40 ms",
            "presentation.settling_step": "60 ms",
        }
        return load_model(name, {**SMALL_PATTERNS, **times})

    def compiled(self, parameters: PatternMemoryParameters) -> Mapping[str, np.ndarray]:
        """Show a sequence in each block, then half of a pattern."""
        memory = PatternMemory(Session(parameters, "pattern_memory", 1, "standalone"), parameters)
        questions = questions_of(parameters, 1, parameters.simulation.n_blocks, 3, n_asked=1)
        schedule = PatternSchedule(parameters, questions.patterns, questions.cues, (0.1,))
        return memory.simulate(schedule, "bench", (*SPIKES, WEIGHTS))

    def live(self, parameters: PatternMemoryParameters) -> Mapping[str, np.ndarray]:
        """Ask all cells at once, whose synapses transmit."""
        n_blocks, n_cells = parameters.simulation.n_blocks, parameters.cells.n
        everything = np.ones((n_blocks, 1, n_cells), dtype=bool)
        schedule = PatternSchedule(parameters, everything[:, :0], everything, (0.0,))
        job = Job(
            circuit="pattern_memory",
            structure=schedule.structure(),
            arguments=parameters.run_arguments(),
            tables=schedule.tables(),
            duration=0.06,
            brain_seed=1,
            noise_seed=2,
            outputs=(*SPIKES, WEIGHTS),
            state={WEIGHTS: np.full(n_blocks * n_cells * (n_cells - 1), 1e-4)},
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes and random weights."""
        generator = np.random.default_rng(job.noise_seed)
        n_blocks, n_cells = job.structure["simulation.n_blocks"], job.structure["cells.n"]
        arrays: dict[str, np.ndarray] = {}
        for name in POPULATIONS:
            n = n_blocks * job.structure[f"{name}.n"]
            arrays[f"{name}_spikes.i"] = generator.integers(n, size=4 * n)
            arrays[f"{name}_spikes.t"] = np.sort(generator.uniform(0, job.duration, 4 * n))
        n_synapses = n_blocks * n_cells * (n_cells - 1)
        if WEIGHTS in job.outputs:
            arrays |= {WEIGHTS: generator.random(n_synapses), LAST_UPDATE: np.zeros(n_synapses)}
        return {name: arrays[name] for name in job.outputs}
