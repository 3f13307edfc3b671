"""A small memory for patterns for tests: eight of forty cells active, four blocks, one build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.fast_weights.pattern_schedule import PatternSchedule
from neurosim.fast_weights.spiking_pattern_memory import WEIGHTS, PatternMemory
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
SPIKES = tuple(
    f"{name}_spikes.{variable}" for name in ("cells", "inhibitory_cells") for variable in "it"
)


def small_pattern_memory(seed: int = 0, **changes: Any) -> PatternMemory:
    """Return a small memory, ``section__field=value``."""
    parameters = load_model("ba2016_recurrent", SMALL_PATTERNS).parameters
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
    """Stores two patterns and cues one of them."""

    settings: tuple[Mapping[str, Any], ...] = ()
    of_the_protocol: frozenset[str] = frozenset()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small memory; halves of its times are whole ticks."""
        times = {time: "40 ms" for time in ("presentation.gap", "presentation.settling_step")}
        return load_model(name, {**SMALL_PATTERNS, **times, "presentation.pattern": "160 ms"})

    def compiled(self, parameters: PatternMemoryParameters) -> Mapping[str, np.ndarray]:
        """Show two patterns in each block, then half of the first."""
        memory = PatternMemory(Session(parameters, "pattern_memory", 1, "standalone"), parameters)
        return memory.simulate(self._schedule(parameters), "bench", (*SPIKES, WEIGHTS))

    def live(self, parameters: PatternMemoryParameters) -> Mapping[str, np.ndarray]:
        """Do the same on the NumPy target, for a tenth of a second."""
        schedule = self._schedule(parameters)
        job = Job(
            circuit="pattern_memory",
            structure=schedule.structure(),
            arguments=parameters.run_arguments(),
            tables=schedule.tables(),
            duration=0.1,
            brain_seed=1,
            noise_seed=2,
            outputs=SPIKES,
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes, and the weights of a fresh memory."""
        generator = np.random.default_rng(job.noise_seed)
        n_blocks = job.structure["simulation.n_blocks"]
        outputs: dict[str, np.ndarray] = {}
        for name in ("cells", "inhibitory_cells"):
            n = n_blocks * job.structure[f"{name}.n"]
            outputs[f"{name}_spikes.i"] = generator.integers(n, size=4 * n)
            outputs[f"{name}_spikes.t"] = np.sort(generator.uniform(0, job.duration, 4 * n))
        n_cells = job.structure["cells.n"]
        for name in job.outputs:
            if name.startswith("recurrent."):
                outputs[name] = np.zeros(n_blocks * n_cells * (n_cells - 1))
        return outputs

    def _schedule(self, parameters: PatternMemoryParameters) -> PatternSchedule:
        n, active = parameters.cells.n, parameters.cells.n_active
        shown = np.zeros((parameters.simulation.n_blocks, 2, n), dtype=bool)
        shown[:, 0, :active] = True
        shown[:, 1, -active:] = True
        cue = shown[:, :1] & (np.arange(n) < active // 2)
        return PatternSchedule(parameters, shown, cue, (0.1,))
