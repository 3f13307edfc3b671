"""Short-term plasticity of synapses after Tsodyks, Pawelzik & Markram: closed forms in NumPy.

Of a synapse's resources the fraction x is recovered. Each presynaptic spike releases the fraction u
of it: it becomes active, goes inactive with the time constant tau_inactivation and recovers with
tau_recovery. u decays to 0 with tau_facilitation, and every spike raises it by U*(1 - u), before
the release [1]_. Without tau_inactivation what was released begins to recover at once.

Three conventions circulate. Here u has the meaning of the publication (A); the convention is a
choice of what is released:

- ``"before_jump"`` (A, and B): u after its jump, u+ x-. In B, the code of many networks, u decays
  to U instead of 0 and what is released is u before the jump, which is the same number [2]_.
- ``"after_jump"`` (C): u decays to U and is released after the jump, so that the first release is
  U (2 - U) and not U [3]_. In terms of A it is U + (1 - U) u+. Parameters do not carry over.

.. [1] Tsodyks, Pawelzik & Markram 1998, Neural networks with dynamic synapses, Neural Computation
   10:821-835.
.. [2] Mongillo, Barak & Tsodyks 2008, Synaptic theory of working memory, Science 319:1543-1546
   (second-hand: as public codes have it).
.. [3] Tiddia, Golosio, Fanti & Paolucci 2022, Simulations of working memory spiking networks driven
   by short-term plasticity, Frontiers in Integrative Neuroscience 16:972055 (second-hand).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name
from neurosim.release_conventions import BEFORE_JUMP, CONVENTIONS

EDGE = 1e-9  # s; a time this close to an arrival is at it: sums of seconds are rounded


@dataclass(frozen=True)
class ShortTermPlasticity:
    """A synapse with short-term plasticity.

    Parameters
    ----------
    U : float
        Utilisation of synaptic efficacy: the fraction that the first spike releases, above 0 and
        at most 1.
    tau_facilitation : float
        Decay of u, seconds; 0 for a synapse that only depresses, where u is always U.
    tau_recovery : float
        Recovery of resources, seconds, above 0.
    tau_inactivation : float
        How long resources stay active, seconds, less than `tau_recovery`; 0 if they begin to
        recover at once.
    release : str
        ``"before_jump"`` or ``"after_jump"``, see the module.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    U: float
    tau_facilitation: float
    tau_recovery: float
    tau_inactivation: float = 0.0
    release: str = BEFORE_JUMP

    def __post_init__(self) -> None:
        if not 0 < self.U <= 1:
            raise InputError(f"U is {self.U:g}, expected a fraction above 0 and at most 1.")
        if not 0 <= self.tau_facilitation < math.inf:
            raise InputError(
                f"tau_facilitation is {self.tau_facilitation:g} s, expected 0 s or more."
            )
        if not 0 < self.tau_recovery < math.inf:
            raise InputError(f"tau_recovery is {self.tau_recovery:g} s, expected more than 0 s.")
        if not 0 <= self.tau_inactivation < self.tau_recovery:
            raise InputError(
                f"tau_inactivation is {self.tau_inactivation:g} s, expected 0 s or more and less "
                f"than tau_recovery ({self.tau_recovery:g} s)."
            )
        if self.release not in CONVENTIONS:
            raise InputError(
                f"release is '{self.release}': {nearest_name(self.release, CONVENTIONS)}"
            )

    @property
    def first_release(self) -> float:
        """What a rested synapse releases: U, or U (2 - U) after the jump."""
        return float(self._released_share(np.array(self.U)))

    def steady_state(self, rate: npt.ArrayLike) -> np.ndarray:
        """Return what each spike of a long regular train releases.

        Parameters
        ----------
        rate : array_like of float
            Hz, above 0.

        Returns
        -------
        ndarray of float
            Fraction of all resources.

        Raises
        ------
        InputError
            If a rate is not positive.

        Notes
        -----
        With the factors E over one period 1/rate, the share s that is released of what is recovered
        obeys ``u = U/(1 - (1 - U) E_facilitation)`` and ``s = u``, and what is released is

            ``s/(1 + s (E_inactivation + K)/(1 - E_inactivation))``,
            ``K = k (E_recovery - E_inactivation)/(1 - E_recovery)``,
            ``k = tau_recovery/(tau_recovery - tau_inactivation)``,

        for ``y- = E_inactivation y+`` is active and ``z- = K y+`` inactive before a spike, where
        ``y+ = y- + s x-`` and ``x- = 1 - y- - z-``. Without tau_inactivation this is
        ``s x- = s (1 - E_recovery)/(1 - (1 - s) E_recovery)``.
        """
        period = 1 / _positive(rate, "rate", "Hz")
        facilitation, recovery, inactivation = self._factors(period)
        share = self._released_share(self.U / (1 - (1 - self.U) * facilitation))
        slowness = self.tau_recovery / (self.tau_recovery - self.tau_inactivation)
        inactive = slowness * (recovery - inactivation) / -np.expm1(-period / self.tau_recovery)
        missing = (inactivation + inactive) / (1 - inactivation)
        return np.asarray(share / (1 + share * missing))

    def paired_pulse_ratio(self, interval: npt.ArrayLike) -> np.ndarray:
        """Return the second release of a rested synapse as a multiple of the first.

        Parameters
        ----------
        interval : array_like of float
            Between the two spikes, seconds, above 0.

        Returns
        -------
        ndarray of float

        Raises
        ------
        InputError
            If an interval is not positive.
        """
        between = _positive(interval, "interval", "s")
        facilitation, recovery, inactivation = self._factors(between)
        share = self._released_share(self.U + (1 - self.U) * self.U * facilitation)
        slowness = self.tau_recovery / (self.tau_recovery - self.tau_inactivation)
        missing = inactivation + slowness * (recovery - inactivation)
        return np.asarray(share * (1 - self.first_release * missing) / self.first_release)

    def releases(self, spike_times: npt.ArrayLike) -> np.ndarray:
        """Return what each spike of any train releases, the synapse being rested before.

        Parameters
        ----------
        spike_times : array_like of float, shape (n_spikes,)
            Seconds, rising.

        Returns
        -------
        ndarray of float, shape (n_spikes,)
            Fraction of all resources.

        Raises
        ------
        InputError
            If the times are no vector or do not rise.
        """
        times = np.asarray(spike_times, dtype=float)
        if times.ndim != 1:
            raise InputError(f"The spike times have the shape {times.shape}, expected a vector.")
        intervals = np.diff(times)
        if not np.isfinite(times).all() or (intervals <= 0).any():
            raise InputError("The spike times do not rise, expected each later than the last.")
        factors = np.transpose(self._factors(intervals))
        slowness = self.tau_recovery / (self.tau_recovery - self.tau_inactivation)
        released = np.empty(len(times))
        u, active, inactive = 0.0, 0.0, 0.0
        for spike in range(len(times)):
            if spike > 0:
                facilitation, recovery, inactivation = factors[spike - 1]
                u *= facilitation
                inactive *= recovery
                inactive += active * slowness * (recovery - inactivation)
                active *= inactivation
            u += self.U * (1 - u)
            released[spike] = self._released_share(u) * (1 - active - inactive)
            active += released[spike]
        return released

    def poisson_mean_field(self, rate: npt.ArrayLike) -> np.ndarray:
        """Return the mean release of a Poisson train, the mean of u times the mean of x.

        It is no oracle for regular trains, which release 28 % less at 1 Hz, say, where U is .03,
        tau_facilitation 530 ms and tau_recovery 130 ms. For Poisson trains it is exact only without
        facilitation: with it u and x are correlated [1]_.

        Parameters
        ----------
        rate : array_like of float
            Hz, above 0.

        Returns
        -------
        ndarray of float
            Fraction of all resources.

        Raises
        ------
        InputError
            If a rate is not positive.
        """
        spikes = _positive(rate, "rate", "Hz")
        before = self.U * self.tau_facilitation * spikes
        share = self._released_share(self.U + (1 - self.U) * before / (1 + before))
        missing = spikes * (self.tau_recovery + self.tau_inactivation)
        return np.asarray(share / (1 + share * missing))

    def peak_rate(self) -> float:
        """Return the rate whose regular train is released best in the steady state, Hz.

        Returns
        -------
        float
            NaN for a synapse that releases less the faster it is driven, from 0.01 Hz on.
        """
        # A grid that is refined around its maximum: no assumption on the shape but one peak.
        rates = np.geomspace(0.01, 1000, 401)
        for _ in range(6):
            best = int(np.argmax(self.steady_state(rates)))
            if best in (0, len(rates) - 1):
                return math.nan
            rates = np.geomspace(rates[best - 1], rates[best + 1], 401)
        return float(rates[200])

    def spikes_to_steady_state(self, rate: float, remaining: float = 1e-11) -> int:
        """Return after how many spikes of a regular train what is left of the start is negligible.

        Parameters
        ----------
        rate : float
            Hz, above 0.
        remaining : float
            What is negligible, as a fraction.

        Raises
        ------
        InputError
            If the rate is not positive.
        """
        facilitation, recovery, inactivation = self._factors(1 / _positive(rate, "rate", "Hz"))
        share = self._released_share(self.U / (1 - (1 - self.U) * facilitation))
        slowness = self.tau_recovery / (self.tau_recovery - self.tau_inactivation)
        # How the distance of the active and of the inactive resources from their ends changes from
        # spike to spike: a spike takes its share from what neither of them is.
        spike = np.array([[1 - share, -share], [0, 1]])
        interval = np.array(
            [[inactivation, 0], [slowness * (recovery - inactivation), recovery]], dtype=float
        )
        resources = np.abs(np.linalg.eigvals(interval @ spike)).max()
        slowest = max(float((1 - self.U) * facilitation), float(resources))
        return 1 + math.ceil(math.log(remaining) / math.log(slowest)) if slowest > 0 else 2

    def _factors(self, elapsed: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is left of u, of inactive and of active resources after some time."""
        time = np.asarray(elapsed, dtype=float)
        factors = [
            np.exp(-time / tau) if tau > 0 else np.zeros(time.shape)
            for tau in (self.tau_facilitation, self.tau_recovery, self.tau_inactivation)
        ]
        return factors[0], factors[1], factors[2]

    def _released_share(self, u: npt.ArrayLike) -> np.ndarray:
        """Return the share that is released of what is recovered, u being after its jump."""
        share = np.asarray(u, dtype=float)
        return share if self.release == BEFORE_JUMP else self.U + (1 - self.U) * share


def integrate(
    synapse: ShortTermPlasticity,
    arrival_times: npt.ArrayLike,
    times: npt.ArrayLike,
    tau_m: float,
    drive: float,
) -> np.ndarray:
    """Integrate the differential equations of the synapse and of a passive membrane by SciPy.

    An independent check of the event-driven circuit: x, y, z, u and v as published, from spike to
    spike with an explicit Runge-Kutta method of order 8.

    Parameters
    ----------
    synapse : ShortTermPlasticity
    arrival_times : array_like of float, shape (n_spikes,)
        When spikes arrive at the synapse, seconds, rising, 0 or later.
    times : array_like of float, shape (n_times,)
        When the potential is read, seconds, rising, 0 or later; at an arrival, after it.
    tau_m : float
        Membrane time constant, seconds.
    drive : float
        V. With tau_inactivation the potential that the membrane would reach if all resources were
        active for ever (input resistance times absolute efficacy); without it how far it jumps if
        all resources are released.

    Returns
    -------
    ndarray of float, shape (n_times,)
        Potential above rest, V.

    Raises
    ------
    InputError
        If times are negative or do not rise.
    """
    from scipy.integrate import solve_ivp

    arrivals, samples = np.asarray(arrival_times, float), np.asarray(times, float)
    for name, values in (("arrival times", arrivals), ("times", samples)):
        if values.ndim != 1 or (values < 0).any() or (np.diff(values) <= 0).any():
            raise InputError(f"The {name} do not rise from 0 s on, expected a rising vector.")
    inactivates = synapse.tau_inactivation > 0

    def derivatives(_: float, state: np.ndarray) -> list[float]:
        x, y, u, v = state
        active_to_inactive = y / synapse.tau_inactivation if inactivates else 0.0
        return [
            (1 - x - y) / synapse.tau_recovery,
            -active_to_inactive,
            -u / synapse.tau_facilitation if synapse.tau_facilitation > 0 else 0.0,
            ((drive * y if inactivates else 0.0) - v) / tau_m,
        ]

    state = np.array([1.0, 0.0, 0.0, 0.0])
    potential = np.empty(len(samples))
    end = max(samples.max(initial=0), arrivals.max(initial=0)) + 2 * EDGE
    edges = np.concatenate([[0.0], arrivals, [end]])
    for number, (start, stop) in enumerate(pairwise(edges)):
        if number > 0:
            state = _after_arrival(synapse, state, 0.0 if inactivates else drive)
        if start == stop:  # a spike at 0 s
            continue
        inside = (samples >= start - EDGE) & (samples < stop - EDGE)
        reads = np.append(np.maximum(samples[inside], start), stop)
        path = solve_ivp(
            derivatives, (start, stop), state, "DOP853", t_eval=reads, rtol=1e-10, atol=1e-14
        ).y
        potential[inside], state = path[3, :-1], path[:, -1]
    return potential


def _after_arrival(synapse: ShortTermPlasticity, state: np.ndarray, jump: float) -> np.ndarray:
    x, y, u, v = state
    u = u + synapse.U * (1 - u) if synapse.tau_facilitation > 0 else synapse.U
    released = float(synapse._released_share(u)) * x
    active = y + released if synapse.tau_inactivation > 0 else y
    return np.array([x - released, active, u, v + jump * released])


def _positive(values: npt.ArrayLike, name: str, unit: str) -> np.ndarray:
    numbers = np.asarray(values, dtype=float)
    wrong = ~((numbers > 0) & np.isfinite(numbers))
    if wrong.any():
        raise InputError(
            f"The {name} is {numbers[wrong][0]:g} {unit}, expected more than 0 {unit}."
        )
    return numbers
