"""Give spike trains to synapses with short-term plasticity and read what they release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.parameters.short_term_plasticity import (
    SYNAPSE,
    TRACE_INTERVAL,
    ShortTermPlasticityParameters,
)
from neurosim.recording import SpikeTrains
from neurosim.session import Session
from neurosim.synapse.presynaptic_trains import train_tables

TAIL = 0.1  # s that are simulated behind the last spike. Ours: a PSP has passed its peak
OUTPUTS = (
    "presynaptic_spikes.i",
    "presynaptic_spikes.t",
    "arrivals.i",
    "arrivals.t",
    "arrivals.release",
    "membrane_potential.v",
    "resources.u_now",
    "resources.x_now",
)


@dataclass(frozen=True, eq=False)
class Responses:
    """What synapses released, each to its own train, and how the first cells responded.

    Parameters
    ----------
    spikes : SpikeTrains
        Presynaptic spikes; unit k fired train k.
    arrival_index : ndarray of int, shape (n_arrivals,)
        The train of every spike that arrived.
    arrival_time : ndarray of float, shape (n_arrivals,)
        Seconds, in order.
    release : ndarray of float, shape (n_arrivals,)
        Fraction of all resources that it released.
    potential : ndarray of float, shape (n_samples, n_traced)
        Of the cells of the first trains, V above rest.
    utilisation, recovered : ndarray of float, shape (n_samples, n_traced)
        u and x of their synapses.
    duration : float
        Seconds.
    """

    spikes: SpikeTrains
    arrival_index: np.ndarray
    arrival_time: np.ndarray
    release: np.ndarray
    potential: np.ndarray
    utilisation: np.ndarray
    recovered: np.ndarray
    duration: float

    @property
    def sample_times(self) -> np.ndarray:
        """Times of the samples of `potential`, `utilisation` and `recovered`, seconds."""
        return np.arange(len(self.potential)) * TRACE_INTERVAL

    def releases(self, train: int) -> np.ndarray:
        """Return what each spike of a train released, in order."""
        of_train: np.ndarray = self.release[self.arrival_index == train]
        return of_train

    def arrivals(self, train: int) -> np.ndarray:
        """Return when each spike of a train arrived, seconds."""
        of_train: np.ndarray = self.arrival_time[self.arrival_index == train]
        return of_train


def respond(
    session: Session,
    parameters: ShortTermPlasticityParameters,
    trains: Sequence[npt.ArrayLike],
    stored_in: str = SYNAPSE,
) -> Responses:
    """Give each train to a synapse of its own, rested before.

    Parameters
    ----------
    session : Session
        Its target runs the circuit.
    parameters : ShortTermPlasticityParameters
        Of all synapses.
    trains : sequence of array_like of float, shape (n_spikes,)
        Spike times, seconds, rising; one train or more.
    stored_in : str
        Where u and x live, ``"synapse"`` or ``"neuron"``.

    Returns
    -------
    Responses

    Raises
    ------
    InputError
        If a train is refused.
    SimulationError
        If the simulation fails.
    """
    tables, capacities = train_tables(trains, parameters.simulation.dt)
    last = max((float(np.max(train)) for train in trains if np.size(train)), default=0.0)
    duration = last + parameters.synapse.delay + TAIL
    arrays = session.execute(
        {**parameters.structure(), **capacities, "stored_in": stored_in},
        parameters.run_arguments(stored_in),
        tables,
        duration,
        "nothing is random",
        OUTPUTS,
    )
    potential, utilisation, recovered = (
        arrays[name][:, : len(trains)]
        for name in ("membrane_potential.v", "resources.u_now", "resources.x_now")
    )
    return Responses(
        spikes=SpikeTrains(
            len(trains), arrays["presynaptic_spikes.i"], arrays["presynaptic_spikes.t"]
        ),
        arrival_index=arrays["arrivals.i"],
        arrival_time=arrays["arrivals.t"],
        release=arrays["arrivals.release"],
        potential=potential,
        utilisation=utilisation,
        recovered=recovered,
        duration=duration,
    )
