"""Spike trains that are given to presynaptic neurons, and the table that a circuit reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError
from neurosim.schedules import capacity

# Tables are compiled at a capacity, so that most experiments share one build.
MIN_SPIKES, MIN_TRAINS = 2**9, 2**7
NEVER = -1.0


def regular_train(rate: float, n_spikes: int, dt: float, start: float = 0.0) -> np.ndarray:
    """Return a train whose intervals are all equal, one over the rate rounded to time steps.

    Parameters
    ----------
    rate : float
        Hz, above 0.
    n_spikes : int
        1 or more.
    dt : float
        Time step, seconds.
    start : float
        Time of the first spike, seconds.

    Returns
    -------
    ndarray of float, shape (n_spikes,)
        Seconds.

    Raises
    ------
    InputError
        If the rate is not positive or faster than one spike a step, or there is no spike.
    """
    if not 0 < rate <= 1 / dt:
        raise InputError(
            f"The rate is {rate:g} Hz, expected more than 0 Hz and at most one spike per time step "
            f"({1 / dt:g} Hz)."
        )
    if n_spikes < 1:
        raise InputError(f"The number of spikes is {n_spikes}, expected 1 or more.")
    steps = round(start / dt) + round(1 / (rate * dt)) * np.arange(n_spikes)
    return np.asarray(steps * dt)


def train_tables(
    trains: Sequence[npt.ArrayLike], dt: float
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return the time step of every spike, padded to a capacity.

    Parameters
    ----------
    trains : sequence of array_like of float, shape (n_spikes,)
        Spike times of each neuron, seconds, rising.
    dt : float
        Time step, seconds.

    Returns
    -------
    tables : dict of str to ndarray of float, shape (n_spikes, n_trains)
        ``spike_steps``, with `NEVER` behind the last spike of a train; its last row holds nothing
        else.
    capacities : dict of str to int
        ``n_spikes`` and ``n_trains``, which are compiled in.

    Raises
    ------
    InputError
        If a train is no vector, has a spike before 0 s, or two in one time step or out of order.
    """
    longest = max((np.size(train) for train in trains), default=0)
    table = np.full((capacity(longest + 1, MIN_SPIKES), capacity(len(trains), MIN_TRAINS)), NEVER)
    for number, train in enumerate(trains):
        try:
            times = np.asarray(train, dtype=float)
        except (TypeError, ValueError):
            raise InputError(f"Train {number} is {train!r}, expected times in seconds.") from None
        if times.ndim != 1:
            raise InputError(f"Train {number} has the shape {times.shape}, expected a vector.")
        if not np.isfinite(times).all() or (times < 0).any():
            raise InputError(
                f"Train {number} has a spike that is before 0 s or at no finite time, expected "
                "seconds."
            )
        steps = np.rint(times / dt)
        if (np.diff(steps) <= 0).any():
            raise InputError(
                f"Train {number} has two spikes in one time step ({dt * 1e3:g} ms) or out of "
                "order, expected rising times."
            )
        table[: len(steps), number] = steps
    return {"spike_steps": table}, {"n_spikes": table.shape[0], "n_trains": table.shape[1]}
