"""Tell activity that ran away, and values that are no numbers, from results."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.errors import SimulationError
from neurosim.simulation.job import Job

# Of a whole excitatory population for a tenth of a second. Ours: pyramidal cells do not fire at
# 100 Hz together, and no circuit of the sheets comes near; a runaway ends at the refractory period.
POPULATION = "excitatory"
RUNAWAY_RATE = 100.0  # Hz
RUNAWAY_BIN = 0.1  # s


def check_converged(job: Job, arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse the outputs of a simulation that diverged.

    Parameters
    ----------
    job : Job
    arrays : mapping of str to ndarray
        Its outputs; of traces the rows are steps.

    Raises
    ------
    SimulationError
        If a value is not finite, or if the excitatory population fires at `RUNAWAY_RATE` or more
        for `RUNAWAY_BIN`; with the time at which it began where that is known.
    """
    start = runaway_start(job, arrays)
    if start is not None:
        raise SimulationError(
            f"The activity ran away: from {start:.1f} s on the {POPULATION} population fires at "
            f"{RUNAWAY_RATE:g} Hz or more."
        )
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            when = ""
            if array.ndim == 2 and len(array):  # a trace
                first = int(np.argmin(np.isfinite(array).all(axis=1)))
                when = f" from {job.duration * first / len(array):.3g} s on"
            raise SimulationError(
                f"The simulation diverged: {name} holds values that are not finite{when}."
            )


def runaway_start(job: Job, arrays: Mapping[str, np.ndarray]) -> float | None:
    """Return when the excitatory population began to run away, seconds; None if it did not."""
    times = arrays.get(f"{POPULATION}_spikes.t")
    n = job.structure.get(f"{POPULATION}.n")
    if times is None or n is None:
        return None
    finite = times[np.isfinite(times)]
    counts = np.bincount((finite / RUNAWAY_BIN).astype(int))
    above = np.flatnonzero(counts >= RUNAWAY_RATE * RUNAWAY_BIN * int(n))
    return float(above[0] * RUNAWAY_BIN) if above.size else None
