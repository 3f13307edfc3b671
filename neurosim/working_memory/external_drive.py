"""Turn a timeline of cues and readouts into the external drive that a circuit reads."""

from __future__ import annotations

import numpy as np

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.working_memory import WorkingMemoryParameters
from neurosim.schedules import capacity
from neurosim.timeline import Timeline

READOUT = "readout"
"""The stimulus that drives all excitatory neurons alike."""

MIN_TICKS = 2**13  # 82 s: compiled at a capacity, so that most experiments share one build


def factors_of(parameters: WorkingMemoryParameters, stimulus: str) -> np.ndarray:
    """Return by how much a stimulus multiplies the external mean of excitatory neurons.

    Parameters
    ----------
    parameters : WorkingMemoryParameters
    stimulus : str
        A selective population (``"selective_1"``, ...), which is cued, or ``"readout"``.

    Returns
    -------
    ndarray of float, shape (n_selective + 1,)
        Of each selective population; the last one is of all other excitatory neurons.

    Raises
    ------
    InputError
        If there is no such stimulus.
    """
    factors = np.ones(parameters.selective.n + 1)
    populations = list(parameters.selective_populations)
    if stimulus == READOUT:
        factors[:] = parameters.stimulation.readout_factor
    elif stimulus in populations:
        factors[populations.index(stimulus)] = parameters.stimulation.cue_factor
    else:
        hint = nearest_name(stimulus, [*populations, READOUT])
        raise InputError(f"Unknown stimulus '{stimulus}': {hint}")
    return factors


def drive_tables(parameters: WorkingMemoryParameters, timeline: Timeline) -> dict[str, np.ndarray]:
    """Return the tables of a timeline, padded to their capacity.

    Parameters
    ----------
    parameters : WorkingMemoryParameters
    timeline : Timeline
        Its stimuli are those of `factors_of`.

    Returns
    -------
    dict of str to ndarray
        ``external_drive``, shape (n_ticks, n_selective + 1): the factors of each tick, 1 between
        and behind the stimuli.

    Raises
    ------
    InputError
        If the timeline shows an unknown stimulus.
    """
    numbers = {name: number for number, name in enumerate(timeline.stimuli, start=1)}
    rows = [np.ones(parameters.selective.n + 1)]
    rows += [factors_of(parameters, name) for name in numbers]
    table = np.ones((capacity(timeline.n_ticks, MIN_TICKS), parameters.selective.n + 1))
    table[: timeline.n_ticks] = np.array(rows)[timeline.stimulus_schedule(numbers)]
    return {"external_drive": table}


def structure_with_ticks(
    parameters: WorkingMemoryParameters, tables: dict[str, np.ndarray]
) -> dict[str, int | float | str]:
    """Return what is compiled in, the length of the table included."""
    return {**parameters.structure(), "n_ticks": len(tables["external_drive"])}
