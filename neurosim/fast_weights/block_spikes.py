"""Spikes of circuits that hold many independent memories, a block of cells for each.

The cells of a block lie behind those of the block before it, in every population.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.recording import EDGE, SpikeTrains

N_RECORDED = 4  # memories whose spikes are kept; ours
# Before a query that starts a simulation, s. Ours: at least six times the membrane time constant,
# so that the potentials are those of a memory that has waited.
LEAD_IN = 0.1


def spike_outputs(populations: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names of the arrays that hold the spikes of the populations."""
    return tuple(f"{name}_spikes.{variable}" for name in populations for variable in "it")


def spikes_of_block(
    spikes: Mapping[str, np.ndarray], populations: Mapping[str, int], number: int, stop: float
) -> dict[str, SpikeTrains]:
    """Return the spikes of one block.

    Parameters
    ----------
    spikes : mapping of str to ndarray
        The arrays named by `spike_outputs`; seconds.
    populations : mapping of str to int
        How many cells of each population a block has.
    number : int
        Of the block, from 0.
    stop : float
        Spikes from this time on are left out, seconds.
    """
    trains = {}
    for name, n in populations.items():
        index, time = spikes[f"{name}_spikes.i"], spikes[f"{name}_spikes.t"]
        own = (index // n == number) & (time < stop - EDGE)
        trains[name] = SpikeTrains(n, index[own] - number * n, time[own])
    return trains
