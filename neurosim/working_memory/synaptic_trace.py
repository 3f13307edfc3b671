"""u and x of short-term plasticity, computed from the spikes of the neurons that they belong to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.errors import InputError
from neurosim.recording import SpikeTrains
from neurosim.release_conventions import BEFORE_JUMP


def population_trace(
    trains: SpikeTrains, synapse: ShortTermPlasticity, interval: float, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return u and x of the synapses of a population over time, as means over its neurons.

    u is that which decays to U: the fraction that a spike would release, or, where u is released
    after its jump, that from which it jumps. The result is exact: between spikes the deviations
    of u and x from rest decay with one time constant in all neurons, and so do their means.

    Parameters
    ----------
    trains : SpikeTrains
        The presynaptic neurons, rested before their first spikes.
    synapse : ShortTermPlasticity
        With facilitation, without inactivation.
    interval : float
        Time between samples, seconds.
    n_samples : int

    Returns
    -------
    u, x : ndarray of float, shape (n_samples,)
        At `interval`, 2 `interval`, and so on; a spike counts from its own time on.

    Raises
    ------
    InputError
        If the synapse does not facilitate, or its resources stay active.
    """
    if synapse.tau_facilitation <= 0 or synapse.tau_inactivation > 0:
        raise InputError(
            f"tau_facilitation is {synapse.tau_facilitation:g} s and tau_inactivation is "
            f"{synapse.tau_inactivation:g} s, expected more than 0 s and 0 s."
        )
    times, rises, releases = _events(trains, synapse)
    u = _decaying_sum(times, rises, synapse.tau_facilitation, interval, n_samples) / trains.n
    taken = _decaying_sum(times, releases, synapse.tau_recovery, interval, n_samples) / trains.n
    return synapse.U + (1 - synapse.U) * u, 1 - taken


def excess_decay(time: npt.ArrayLike, excess: npt.ArrayLike) -> float:
    """Return the time constant with which an excess decays, seconds.

    The slope of the logarithm by least squares.

    Parameters
    ----------
    time : array_like of float, shape (n_samples,)
        Seconds, two or more.
    excess : array_like of float, shape (n_samples,)

    Returns
    -------
    float
        NaN if the excess is not positive throughout, negative if it grows.
    """
    values = np.asarray(excess, dtype=float)
    if not (values > 0).all():
        return float("nan")
    return float(-1 / np.polyfit(np.asarray(time, dtype=float), np.log(values), 1)[0])


def _events(
    trains: SpikeTrains, synapse: ShortTermPlasticity
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the time of every spike, by how much it raises u (from 0) and what it releases."""
    times, ends = trains.by_unit()
    starts = np.concatenate([[0], ends[:-1]])
    rises, releases = np.empty(len(times)), np.empty(len(times))
    # The first spike of every neuron, then every second one, and so on.
    u, x, last = np.zeros(trains.n), np.ones(trains.n), np.zeros(trains.n)
    for number in range(int((ends - starts).max(initial=0))):
        units = np.flatnonzero(ends - starts > number)
        spikes = starts[units] + number
        elapsed = times[spikes] - last[units]
        before = u[units] * np.exp(-elapsed / synapse.tau_facilitation)
        recovered = 1 - (1 - x[units]) * np.exp(-elapsed / synapse.tau_recovery)
        after = before + synapse.U * (1 - before)
        share = after
        if synapse.release != BEFORE_JUMP:
            share = synapse.U + (1 - synapse.U) * after
        rises[spikes], releases[spikes] = after - before, share * recovered
        u[units], x[units], last[units] = after, recovered - releases[spikes], times[spikes]
    return times, rises, releases


def _decaying_sum(
    times: np.ndarray, jumps: np.ndarray, tau: float, interval: float, n_samples: int
) -> np.ndarray:
    """Return the sum of all jumps up to each sample, each of which decays with `tau`."""
    # A spike at the time of a sample, up to rounding, belongs to it.
    sample = np.ceil(times / interval - 1e-6).astype(int) - 1
    sample = np.maximum(sample, 0)
    inside = sample < n_samples
    left = (sample[inside] + 1) * interval - times[inside]
    arriving = np.bincount(
        sample[inside], weights=jumps[inside] * np.exp(-left / tau), minlength=n_samples
    )
    sums, total, decay = np.empty(n_samples), 0.0, float(np.exp(-interval / tau))
    for k, added in enumerate(arriving):
        total = total * decay + added
        sums[k] = total
    return sums
