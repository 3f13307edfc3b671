"""Runs synapses with short-term plasticity for a moment, for tests that go over all circuits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from plasticity_runs import invented

from neurosim.parameters import Sheet
from neurosim.parameters.library import load_model
from neurosim.parameters.short_term_plasticity import (
    CURRENT,
    DELTA,
    SYNAPSE,
    ShortTermPlasticityParameters,
)
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live
from neurosim.synapse.dynamic_synapse import OUTPUTS, respond
from neurosim.synapse.presynaptic_trains import train_tables

TRAINS = [[0.01003, 0.02, 0.025], [0.005]]  # s; the first is off the grid of any time step


class PlasticityBench:
    """Fires a few spikes at a synapse."""

    of_the_protocol: frozenset[str] = frozenset()
    settings: tuple[Mapping[str, Any], ...] = (
        {
            "synapse.transmission": CURRENT,
            "synapse.tau_inactivation": "2 ms",
            "synapse.efficacy": "100 pA",
            "cell.resistance": "100 Mohm",
        },
        {"synapse.transmission": DELTA, "synapse.delta_psp": "1 mV"},
    )

    def sheet(self, name: str) -> Sheet:
        """Return a sheet with a coarse step, between spikes as exact as a fine one."""
        return load_model(name, {"simulation.dt": "0.5 ms"})

    def compiled(self, parameters: ShortTermPlasticityParameters) -> Mapping[str, np.ndarray]:
        """Return what the synapses release and how the cells respond."""
        session = Session(parameters, "short_term_plasticity", 1, "standalone")
        responses = respond(session, parameters, TRAINS)
        names = (
            "arrival_index",
            "arrival_time",
            "release",
            "potential",
            "utilisation",
            "recovered",
        )
        return {name: getattr(responses, name) for name in names}

    def live(self, parameters: ShortTermPlasticityParameters) -> Mapping[str, np.ndarray]:
        """Do the same without a build."""
        tables, capacities = train_tables(TRAINS, parameters.simulation.dt)
        job = Job(
            circuit="short_term_plasticity",
            structure={**parameters.structure(), **capacities, "stored_in": SYNAPSE},
            arguments=parameters.run_arguments(),
            tables=tables,
            duration=0.05,
            brain_seed=1,
            noise_seed=2,
            outputs=OUTPUTS,
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return what the circuit would return."""
        return invented(job)
