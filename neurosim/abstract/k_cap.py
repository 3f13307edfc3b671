"""The k-cap: the k neurons with the largest input fire, and no others.

Source: Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, PNAS 117:14464.
"""

from __future__ import annotations

import numpy as np


def k_cap(total_input: np.ndarray, k: int, generator: np.random.Generator) -> np.ndarray:
    """Return the neurons that fire.

    Parameters
    ----------
    total_input : ndarray of float, shape (n_neurons,)
        A neuron with an input of 0 never fires, so that fewer than k may.
    k : int
    generator : numpy.random.Generator
        Chooses among equal ones. An order that is the same for every stimulus, such as that of the
        indices, would make assemblies overlap.

    Returns
    -------
    ndarray of int, shape (at most k,)
        Indices; those with the largest input first.
    """
    if k < len(total_input):
        cut = np.partition(total_input, len(total_input) - k)[len(total_input) - k]
        candidates = np.flatnonzero(total_input >= cut)
    else:
        candidates = np.arange(len(total_input))
    candidates = candidates[total_input[candidates] > 0]
    chance = generator.random(len(candidates))
    order = np.lexsort((chance, -total_input[candidates]))
    winners: np.ndarray = candidates[order[:k]]
    return winners
