"""Run the working-memory network over cues, delays and readouts, and keep what it did."""

from __future__ import annotations

import numpy as np

from neurosim.errors import InputError
from neurosim.parameters.working_memory import WorkingMemoryParameters
from neurosim.recording import Recording, SpikeTrains, Trace
from neurosim.session import Session
from neurosim.tick import TICK
from neurosim.timeline import Timeline, Trial
from neurosim.working_memory.external_drive import READOUT, drive_tables, structure_with_ticks
from neurosim.working_memory.synaptic_trace import population_trace

CUE = "cue"
"""Phase of the trials in which a population is cued; that of readouts is ``"readout"``."""

# Facilitation outlasts the start by its 1.5 s, but before the cue neurons fire at less than 1 Hz.
# Ours: the mean rate is steady from .3 s on.
LEAD_IN = 1.0  # s
AFTER_READOUT = 1.2  # s. Ours: a recalled population is silent again, its resources recover
NONSELECTIVE, INHIBITORY = "nonselective", "inhibitory"
OUTPUTS = tuple(
    f"{group}_spikes.{variable}" for group in ("excitatory", "inhibitory") for variable in "it"
)


def cue_and_read(
    parameters: WorkingMemoryParameters,
    n_cues: int,
    gap: float,
    delay: float,
    with_readout: bool = False,
) -> Timeline:
    """Return the timeline of an experiment: rest, cues of one population after the other, delay.

    Parameters
    ----------
    parameters : WorkingMemoryParameters
    n_cues : int
        The first so many selective populations are cued; without any only the delay is left.
    gap : float
        Seconds from the end of a cue to the next one.
    delay : float
        Seconds after the last cue.
    with_readout : bool
        Whether a readout follows the delay, and `AFTER_READOUT` seconds behind it.

    Raises
    ------
    InputError
        If there are fewer selective populations than cues.
    """
    populations = list(parameters.selective_populations)
    if n_cues > len(populations):
        raise InputError(
            f"{n_cues} items are cued, expected at most as many as there are selective "
            f"populations ({len(populations)})."
        )
    stimulation = parameters.stimulation
    trials = [
        Trial(name, stimulation.cue_duration, gap if number < n_cues else delay, CUE)
        for number, name in enumerate(populations[:n_cues], start=1)
    ]
    if with_readout:
        trials.append(Trial(READOUT, stimulation.readout_duration, AFTER_READOUT, READOUT))
    return Timeline.of(trials, LEAD_IN if n_cues else LEAD_IN + delay)


def simulate_trials(
    session: Session, parameters: WorkingMemoryParameters, timeline: Timeline
) -> Recording:
    """Simulate a timeline of cues and readouts.

    All runs of a session have the same brain and the same noise, so that they differ by what was
    changed and nothing else.

    Parameters
    ----------
    session : Session
        Of the circuit ``working_memory``.
    parameters : WorkingMemoryParameters
        Those of the session, or others of the same sizes.
    timeline : Timeline
        Its stimuli are selective populations (cued) and ``"readout"``.

    Returns
    -------
    Recording
        Populations ``selective_1``, ``selective_2``, ..., ``nonselective`` and ``inhibitory``;
        traces ``utilisation`` and ``resources``, u and x as means over each selective population,
        a sample a tick.

    Raises
    ------
    InputError
        If the timeline shows an unknown stimulus.
    SimulationError
        If the simulation fails.
    """
    tables = drive_tables(parameters, timeline)
    structure = structure_with_ticks(parameters, tables)
    arguments = parameters.run_arguments()
    arrays = session.execute(structure, arguments, tables, timeline.duration, "noise 0", OUTPUTS)
    excitatory = arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"]
    spikes = {
        name: _members(*excitatory, units)
        for name, units in parameters.selective_populations.items()
    }
    traces = _traces(parameters, spikes, timeline.duration)
    first = parameters.selective.n * parameters.n_per_population
    if first < parameters.excitatory.n:
        spikes[NONSELECTIVE] = _members(*excitatory, slice(first, parameters.excitatory.n))
    spikes[INHIBITORY] = SpikeTrains(
        parameters.inhibitory.n, arrays["inhibitory_spikes.i"], arrays["inhibitory_spikes.t"]
    )
    return Recording(spikes, timeline.table(), timeline.duration, traces, "")


def _members(index: np.ndarray, time: np.ndarray, units: slice) -> SpikeTrains:
    own = (index >= units.start) & (index < units.stop)
    return SpikeTrains(units.stop - units.start, index[own] - units.start, time[own])


def _traces(
    parameters: WorkingMemoryParameters, spikes: dict[str, SpikeTrains], duration: float
) -> dict[str, Trace]:
    n_samples = round(duration / TICK)
    means = [
        population_trace(trains, parameters.plasticity, TICK, n_samples)
        for trains in spikes.values()
    ]
    descriptions = {
        "utilisation": "u, the fraction of its resources that a synapse releases",
        "resources": "x, the resources of a synapse that are recovered",
    }
    return {
        name: Trace(
            np.transpose([mean[k] for mean in means]).astype(np.float32),
            round(1 / TICK, 6),
            "1",
            TICK,
            f"{description}; mean over the neurons of each selective population, in their order.",
        )
        for k, (name, description) in enumerate(descriptions.items())
    }
