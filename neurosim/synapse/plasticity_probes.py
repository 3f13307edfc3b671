"""Spike trains that probe short-term plasticity, and what is measured on the responses to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.errors import InputError
from neurosim.synapse.dynamic_synapse import Responses
from neurosim.synapse.presynaptic_trains import regular_train

START = 0.1  # s of rest before the first spike of every train
FEWEST_SPIKES = 50  # of a regular train. Ours: more where the steady state is reached later
CONDITIONING_SPIKES, CONDITIONING_RATE = (
    20,
    20.0,
)  # Hz: the trains of figure 1 in Tsodyks et al. 1998
# What the trains of each phase hold: spikes at a rate (Hz), twenty, until the steady state or
# irregular; two spikes an interval (s) apart; a train and a spike behind a gap (s).
FIGURE, REGULAR, BURST, PAIR, GAP = "figure 1", "regular", "burst", "pair", "gap"


@dataclass(frozen=True)
class Probe:
    """One spike train, and what it is for.

    Parameters
    ----------
    phase : str
        `FIGURE`, `REGULAR`, `BURST`, `PAIR` or `GAP`.
    value : float
        The rate (Hz), the interval or the gap (s), as the time steps allow it.
    train : ndarray of float, shape (n_spikes,)
        Seconds.
    """

    phase: str
    value: float
    train: np.ndarray


def probes_of(
    synapse: ShortTermPlasticity,
    dt: float,
    figure_rates: Sequence[float],
    rates: npt.ArrayLike,
    intervals: npt.ArrayLike,
    gaps: npt.ArrayLike,
) -> list[Probe]:
    """Return the trains that a synapse is probed with.

    Parameters
    ----------
    synapse : ShortTermPlasticity
        Says how long a regular train has to be.
    dt : float
        Time step, seconds.
    figure_rates : sequence of float
        Hz, each for twenty spikes, rounded to time steps one by one.
    rates : array_like of float
        Hz, of trains that reach the steady state; their intervals are rounded to time steps.
    intervals, gaps : array_like of float
        Seconds, between two spikes, and between a conditioning train and the test spike.

    Returns
    -------
    list of Probe
    """
    probes = [
        Probe(FIGURE, rate, START + np.arange(CONDITIONING_SPIKES) / rate) for rate in figure_rates
    ]
    for rate in np.asarray(rates, dtype=float):
        n_spikes = max(FEWEST_SPIKES, synapse.spikes_to_steady_state(rate))
        train = regular_train(rate, n_spikes, dt, START)
        probes.append(Probe(REGULAR, 1 / (train[1] - train[0]), train))
    conditioning = regular_train(CONDITIONING_RATE, CONDITIONING_SPIKES, dt, START)
    for phase, before, times in (
        (PAIR, conditioning[:1], intervals),
        (GAP, conditioning, gaps),
    ):
        for time in np.asarray(times, dtype=float):
            steps = round(time / dt)
            probes.append(Probe(phase, steps * dt, np.append(before, before[-1] + steps * dt)))
    return probes


def last_releases(responses: Responses, probes: Sequence[Probe], phase: str) -> np.ndarray:
    """Return what the last spike of every train of a phase released."""
    return np.array([responses.releases(k)[-1] for k in trains_of(probes, phase)])


def trains_of(probes: Sequence[Probe], phase: str) -> list[int]:
    """Return the numbers of the trains of a phase."""
    return [number for number, probe in enumerate(probes) if probe.phase == phase]


def values_of(probes: Sequence[Probe], phase: str) -> np.ndarray:
    """Return the rates, the intervals or the gaps of a phase."""
    return np.array([probe.value for probe in probes if probe.phase == phase])


def largest_error(measured: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """Return the largest difference, as a fraction of what is expected.

    Raises
    ------
    InputError
        If there is nothing to compare, or not as much of one as of the other.
    """
    own, other = np.asarray(measured, dtype=float), np.asarray(expected, dtype=float)
    if own.shape != other.shape or own.size == 0:
        raise InputError(
            f"The measured values have the shape {own.shape}, the expected ones {other.shape}, "
            "expected the same and at least one value."
        )
    return float(np.max(np.abs(own / other - 1)))


def rate_of_peak(rates: npt.ArrayLike, releases: npt.ArrayLike) -> float:
    """Return the rate at which most is released, between the rates that were tried.

    Parameters
    ----------
    rates : array_like of float, shape (n,)
        Hz, rising.
    releases : array_like of float, shape (n,)

    Returns
    -------
    float
        Hz, the top of the parabola through the best point and its neighbours, over the logarithm of
        the rate; NaN if the best rate is the first or the last one.
    """
    x, y = np.log(np.asarray(rates, dtype=float)), np.asarray(releases, dtype=float)
    best = int(np.argmax(y))
    if best in (0, len(y) - 1):
        return math.nan
    curvature, slope, _ = np.polyfit(x[best - 1 : best + 2] - x[best], y[best - 1 : best + 2], 2)
    return float(np.exp(x[best] - slope / (2 * curvature)))


def decay_time(gaps: npt.ArrayLike, releases: npt.ArrayLike, rested: float) -> float:
    """Return the time constant with which a release returns to that of a rested synapse.

    Parameters
    ----------
    gaps : array_like of float, shape (n,)
        Time since the train, seconds, long enough for all resources to have recovered.
    releases : array_like of float, shape (n,)
    rested : float
        What a rested synapse releases.

    Returns
    -------
    float
        Seconds; of a line through the logarithm of the excess, where it is at least a millionth of
        `rested`. NaN for fewer than three such gaps.
    """
    time, excess = np.asarray(gaps, dtype=float), np.asarray(releases, dtype=float) / rested - 1
    measurable = excess > 1e-6
    if measurable.sum() < 3:
        return math.nan
    slope = np.polyfit(time[measurable], np.log(excess[measurable]), 1)[0]
    return float(-1 / slope)


def read_on_arrival(
    spike_times: npt.ArrayLike, releases: npt.ArrayLike, delay: float
) -> np.ndarray:
    """Return what synapses would transmit if they read the neuron's newest release on arrival.

    That is wrong as soon as a second spike has been fired within the delay.

    Parameters
    ----------
    spike_times : array_like of float, shape (n_spikes,)
        Seconds, rising.
    releases : array_like of float, shape (n_spikes,)
        What each spike releases.
    delay : float
        Seconds.

    Returns
    -------
    ndarray of float, shape (n_spikes,)
    """
    times, own = np.asarray(spike_times, dtype=float), np.asarray(releases, dtype=float)
    newest = np.searchsorted(times, times + delay, side="right") - 1
    return np.asarray(own[newest])
