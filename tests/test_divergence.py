"""What ran away is no result, and says when it began."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.errors import SimulationError
from neurosim.simulation.divergence import check_converged, runaway_start
from neurosim.simulation.job import Job

JOB = Job(
    circuit="area",
    structure={"excitatory.n": 20},
    arguments={},
    tables={},
    duration=2.0,
    brain_seed=0,
    noise_seed=0,
    outputs=(),
)


def spikes(rate: float, start: float, stop: float) -> np.ndarray:
    """Return the spike times of 20 cells that fire regularly."""
    return np.repeat(np.arange(start, stop, 1 / rate) + 1e-6, 20)


def test_when_activity_runs_away() -> None:
    times = np.concatenate([spikes(5, 0, 0.7), spikes(150, 0.7, 2.0)])
    assert runaway_start(JOB, {"excitatory_spikes.t": times}) == pytest.approx(0.7)
    with pytest.raises(SimulationError, match=r"ran away: from 0\.7 s on the excitatory"):
        check_converged(JOB, {"excitatory_spikes.t": times})


def test_brisk_activity_is_a_result() -> None:
    check_converged(JOB, {"excitatory_spikes.t": spikes(80, 0, 2)})
    check_converged(JOB, {"excitatory_spikes.t": np.empty(0)})
    assert runaway_start(JOB, {"inhibitory_spikes.t": spikes(300, 0, 2)}) is None


def test_when_a_trace_stops_being_a_number() -> None:
    trace = np.zeros((200, 3))
    trace[50:, 1] = np.nan
    with pytest.raises(SimulationError, match=r"membrane_potential\.v .* from 0\.5 s on\."):
        check_converged(JOB, {"membrane_potential.v": trace})
    with pytest.raises(SimulationError, match=r"E\.w holds values that are not finite\."):
        check_converged(JOB, {"E.w": np.array([1.0, np.inf])})
