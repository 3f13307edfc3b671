"""Auto-associative fast weights: recent patterns are recalled from a part of them.

``A(t) = lambda A(t-1) + eta h h^T`` on one population, and a state that settles over S >= 1 steps
under a cue that stays, ``h_(s+1) = f(cue + A h_s)`` (Ba, Hinton, Mnih, Leibo & Ionescu 2016, arXiv
1610.06258, equations 1 and 2). A is applied as attention to the stored patterns (equation 4),
which is the same and needs no matrix. Where the paper has layer normalisation and a rectifier, f
lets the most strongly driven cells win, a fixed number of them, as inhibition does in circuits with
sparse codes (ours).
"""

from __future__ import annotations

import numpy as np

from neurosim.abstract.fast_weights import attend
from neurosim.abstract.fly_hash import top_units
from neurosim.errors import InputError

# Share of a pattern's cells that must be active for it to count as recalled. Ours.
RECALLED = 0.9


def recall(
    stored: np.ndarray,
    left: np.ndarray,
    cues: np.ndarray,
    n_steps: int,
    noise_sd: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Let states settle under cues.

    Parameters
    ----------
    stored : ndarray of bool, shape (n_patterns, n_cells)
        Every pattern has the same number of active cells, and so has every settled state.
    left : ndarray of float, shape (n_patterns,)
        What is left of each pattern, 1 for one just stored, `decay_factor` of its age. The rate of
        storing is 1 over the number of active cells, so that such a pattern drives its cells by 1
        when all of them are active.
    cues : ndarray of bool, shape (n_cues, n_cells)
        Drive their cells by 1 all the time, and are the first states.
    n_steps : int
        Settling steps S, 1 or more.
    noise_sd : float
        Of Gaussian noise on the drive of every cell in every step.
    generator : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    ndarray of bool, shape (n_cues, n_cells)

    Raises
    ------
    InputError
        If there is no step, or the patterns differ in their number of active cells.
    """
    if n_steps < 1:
        raise InputError(f"The number of settling steps is {n_steps}, expected 1 or more.")
    sizes = stored.sum(axis=1)
    if (sizes != sizes[0]).any():
        raise InputError(
            f"The patterns have {sizes.min()} to {sizes.max()} active cells, "
            "expected the same number in all."
        )
    n_active = int(sizes[0])
    patterns = stored.astype(float)
    states = cues
    for _ in range(n_steps):
        drive = cues + attend(patterns, patterns, left / n_active, states.astype(float))
        noise = noise_sd * generator.standard_normal(drive.shape)
        states = top_units(drive + noise, n_active)
    return states


def completed_share(states: np.ndarray, stored: np.ndarray, cues: np.ndarray) -> np.ndarray:
    """Return the share of the cells missing in a cue that are active in the recalled state.

    Parameters
    ----------
    states, stored, cues : ndarray of bool, shape (n_patterns, n_cells)
        Row by row; a cue holds a part of its pattern.

    Returns
    -------
    ndarray of float, shape (n_patterns,)
    """
    missing = stored & ~cues
    share: np.ndarray = (states & missing).sum(axis=1) / missing.sum(axis=1)
    return share


def is_recalled(states: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """Return whether at least `RECALLED` of a pattern's cells are active.

    Parameters
    ----------
    states, stored : ndarray of bool, shape (n_patterns, n_cells)

    Returns
    -------
    ndarray of bool, shape (n_patterns,)
    """
    recalled: np.ndarray = (states & stored).sum(axis=1) >= RECALLED * stored.sum(axis=1)
    return recalled
