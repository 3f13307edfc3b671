"""Turn a timeline and the patterns of its stimuli into the tables that a circuit reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from neurosim.errors import InputError
from neurosim.timeline import Timeline

# Schedules and patterns are compiled at a capacity, so that most experiments share one build.
MIN_TICKS = 2**15
MIN_PATTERNS = 2**6
EXCITATORY = "excitatory"  # the population whose cells can be stimulated and silenced

Patterns = Mapping[str, Mapping[str, np.ndarray]]  # population -> stimulus -> bool (n_units,)


class CircuitParameters(Protocol):
    """What running a circuit asks of its parameters; see `AreaParameters`."""

    @property
    def populations(self) -> Mapping[str, int]:
        """Number of units of each recorded population."""

    @property
    def patterned_populations(self) -> tuple[str, ...]:
        """The populations on which a stimulus is a pattern."""

    @property
    def plastic_projections(self) -> tuple[str, ...]:
        """The projections that learn."""

    @property
    def has_gate(self) -> bool:
        """Whether plasticity is gated, so that a schedule has to hold the gates open."""

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """What one run hands on to the next beside the weights, ``"group.variable"``."""

    def structure(self) -> dict[str, int | float]:
        """Return what is compiled in."""

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit."""


def tables_of(
    parameters: CircuitParameters, timeline: Timeline, patterns: Patterns
) -> dict[str, np.ndarray]:
    """Return the schedules and patterns of a timeline, padded to their capacity.

    Parameters
    ----------
    parameters : CircuitParameters
    timeline : Timeline
    patterns : mapping of str to mapping of str to ndarray of bool, shape (n_units,)
        For each patterned population the active units of each stimulus, of projection neurons
        their rates relative to the mean; a stimulus may be missing where it drives nothing.

    Returns
    -------
    dict of str to ndarray
        ``stimulus`` (number of the stimulus at each tick, 0 for none), ``silenced_cells`` (number
        of the pattern of excitatory cells that do not fire, where there are such patterns), the
        learning rate of each plastic projection at each tick, ``gates_held_open`` if there are
        gates, and the patterns of each population, a row a stimulus.

    Raises
    ------
    InputError
        If the timeline shows a stimulus that has no pattern, silences cells that no pattern names,
        or a pattern has a wrong size.
    """
    names = timeline.stimuli
    for name in names:
        if not any(name in of_population for of_population in patterns.values()):
            raise InputError(f"The timeline shows '{name}', for which there is no pattern.")
    for name in timeline.silenced:
        if name not in patterns.get(EXCITATORY, {}):
            raise InputError(
                f"The timeline silences '{name}', for which there is no pattern of the population "
                f"'{EXCITATORY}'."
            )
    names = list(dict.fromkeys([*names, *timeline.silenced]))
    numbers = {name: number for number, name in enumerate(names, start=1)}
    sizes = parameters.structure()
    n_ticks = capacity(timeline.n_ticks, MIN_TICKS)
    n_patterns = capacity(len(names) + 1, MIN_PATTERNS)
    tables = {"stimulus": _padded(timeline.stimulus_schedule(numbers), n_ticks)}
    if EXCITATORY in parameters.patterned_populations:
        tables["silenced_cells"] = _padded(timeline.silenced_schedule(numbers), n_ticks)
    for projection in parameters.plastic_projections:
        schedule = timeline.learning_rate_schedule(projection)
        tables[f"{projection}_learning_rate"] = _padded(schedule, n_ticks)
    if parameters.has_gate:
        tables["gates_held_open"] = _padded(timeline.gates_held_open(), n_ticks)
    for population in parameters.patterned_populations:
        table = np.zeros((n_patterns, int(sizes[f"{population}.n"])))
        for name, number in numbers.items():
            pattern = patterns.get(population, {}).get(name)
            if pattern is None:
                continue
            if np.shape(pattern) != table.shape[1:]:
                raise InputError(
                    f"The pattern '{name}' has shape {np.shape(pattern)}, expected "
                    f"{table.shape[1:]} for the population '{population}'."
                )
            table[number] = pattern
        tables[f"{population}_patterns"] = table
    return tables


def structure_with_capacity(
    parameters: CircuitParameters, tables: Mapping[str, np.ndarray]
) -> dict[str, int | float]:
    """Return what is compiled in, the capacity of the tables included."""
    patterns = tables[f"{parameters.patterned_populations[0]}_patterns"]
    return {
        **parameters.structure(),
        "n_ticks": len(tables["stimulus"]),
        "n_patterns": len(patterns),
    }


def capacity(needed: int, least: int) -> int:
    """Return the first of `least`, twice `least`, four times `least`, ... that is large enough."""
    size = least
    while size < needed:
        size *= 2
    return size


def _padded(schedule: np.ndarray, length: int) -> np.ndarray:
    padded = np.zeros(length)
    padded[: len(schedule)] = schedule
    return padded
