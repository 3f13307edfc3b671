"""Recordings of the working-memory network whose every spike is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurosim.recording import Recording, SpikeTrains, Trace
from neurosim.timeline import Timeline, Trial

N = 200  # neurons of each selective population
REST = 0.4  # Hz
NAMES = tuple(f"selective_{k}" for k in range(1, 6))


def bursts(times: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return population spikes: every neuron fires once within 5 ms from each time on."""
    index = np.tile(np.arange(N), len(times))
    time = np.concatenate([start + 0.005 * np.arange(N) / N for start in times] or [np.empty(0)])
    return index, time


def steady(rate: float, start: float, stop: float) -> tuple[np.ndarray, np.ndarray]:
    """Return asynchronous firing: the neurons take turns at equal intervals."""
    time = np.arange(start, stop, 1 / (rate * N))
    return np.arange(len(time)) % N, time


def recorded(
    trials: Sequence[Trial],
    active: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]],
    lead_in: float = 1.0,
    utilisation: np.ndarray | None = None,
) -> Recording:
    """Return a recording in which all populations rest, with some activity on top.

    Parameters
    ----------
    trials : sequence of Trial
    active : mapping of str to sequence of (index, time)
        What a population fires besides.
    lead_in : float
    utilisation : ndarray, shape (n_ticks, 5), optional
        u of each population; 0.2 if left out.
    """
    timeline = Timeline.of(trials, lead_in)
    spikes = {}
    for name in NAMES:
        parts = [steady(REST, 0.0, timeline.duration), *active.get(name, ())]
        spikes[name] = SpikeTrains(
            N, np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        )
    u = np.full((timeline.n_ticks, 5), 0.2) if utilisation is None else utilisation
    traces = {
        "utilisation": Trace(u, 100.0, "1", 0.01),
        "resources": Trace(1 - u, 100.0, "1", 0.01),
    }
    return Recording(spikes, timeline.table(), timeline.duration, traces, "")
