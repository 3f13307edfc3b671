"""Show strings to a memory of ongoing activity, and count the spikes while it is asked.

It is shown what an associative memory is shown: the same strings at the same times, as stimuli of
as many cells, in a population of as many cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurosim.errors import InputError
from neurosim.fast_weights.block_spikes import spikes_of_block
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.retrieval_strings import KeyValueSequence
from neurosim.fast_weights.schedule import Schedule
from neurosim.parameters.activity_memory import ActivityMemoryParameters
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.parameters.library import load_model
from neurosim.recording import Recording, SpikeTrains
from neurosim.session import Session
from neurosim.simulation.job import derived_seed

CIRCUIT, SHEET = "activity_memory", "activity_random"


@dataclass(frozen=True, eq=False)
class Activity:
    """What a memory does while it is asked.

    Parameters
    ----------
    counts : ndarray of int, shape (n_sequences, n_cells)
        Spikes of every cell during the query.
    recording : Recording
        Spikes of the first sequence, with its trials.
    """

    counts: np.ndarray
    recording: Recording


@dataclass(frozen=True, eq=False)
class ActivityMemory:
    """A circuit of one sheet, ready to be shown strings.

    Parameters
    ----------
    session : Session
        Its seed draws synapses and noise; its target runs the circuit.
    parameters : ActivityMemoryParameters
    shown : AssociativeMemoryParameters
        Of the memory beside it: when strings are shown, and how many cells carry the letters and
        the digits.

    Raises
    ------
    InputError
        If there are fewer cells than letters and digits have.
    """

    session: Session
    parameters: ActivityMemoryParameters
    shown: AssociativeMemoryParameters

    def __post_init__(self) -> None:
        needed = self.shown.key_cells.n + self.shown.value_cells.n
        if self.parameters.cells.n < needed:
            raise InputError(
                f"cells.n is {self.parameters.cells.n}, expected {needed} or more, the key and "
                "value cells of the memory beside it."
            )

    @classmethod
    def beside(cls, session: Session) -> ActivityMemory:
        """Return a memory with as many cells as the associative memory of a session's sheet."""
        shown: AssociativeMemoryParameters = session.parameters
        parameters: ActivityMemoryParameters = load_model(SHEET).parameters
        same_size = parameters.changed(
            simulation__n_blocks=shown.simulation.n_blocks,
            cells__n=sum(shown.populations.values()),
        )
        return cls(session, same_size, shown)

    def changed(self, **changes: float | str) -> ActivityMemory:
        """Return the circuit at other values of parameters, ``section__field=value``.

        Raises
        ------
        InputError
            If a value is refused.
        """
        return replace(self, parameters=self.parameters.changed(**changes))

    def ask(
        self, sequences: Sequence[KeyValueSequence], codes: KeyValueCodes, delay: float, noise: str
    ) -> Activity:
        """Show sequences and ask each for its query.

        Parameters
        ----------
        sequences : sequence of KeyValueSequence
        codes : KeyValueCodes
            Of the associative memory.
        delay : float
            From the end of the last pair to the query, seconds.
        noise : str
            Purpose of the noise: the same one gives the same spikes again.

        Raises
        ------
        InputError
            If there are no sequences, or the codes or the delay do not fit.
        SimulationError
            If the simulation fails.
        """
        size = self.parameters.simulation.n_blocks
        schedules = [
            Schedule(self.shown, sequences[start : start + size], (delay,))
            for start in range(0, max(len(sequences), 1), size)
        ]
        counts = []
        for number, schedule in enumerate(schedules):
            arrays = self.simulate(schedule, codes, f"{noise}, batch {number}")
            counts.append(self._counts(arrays, schedule))
            if number == 0:
                recording = self._recording(arrays, schedule)
        return Activity(np.concatenate(counts), recording)

    def simulate(
        self, schedule: Schedule, codes: KeyValueCodes, noise: str
    ) -> Mapping[str, np.ndarray]:
        """Run the circuit once over a schedule; return its spikes.

        Parameters
        ----------
        schedule : Schedule
            Made with `shown`.
        codes : KeyValueCodes
        noise : str
            Purpose of the noise.

        Returns
        -------
        mapping of str to ndarray
            ``cells_spikes.i``, with the cells of a block behind those of the block before, and
            ``cells_spikes.t``.

        Raises
        ------
        InputError
            If the codes do not fit.
        SimulationError
            If the simulation fails.
        """
        tables = self.tables(schedule, codes)
        structure = {
            **self.parameters.structure(),
            "n_ticks": len(tables["stimulus"]),
            "n_patterns": len(tables["cells_patterns"]),
        }
        return self.session.execute(
            structure,
            self.parameters.run_arguments(),
            tables,
            schedule.duration,
            noise,
            ("cells_spikes.i", "cells_spikes.t"),
            circuit=CIRCUIT,
        )

    def tables(self, schedule: Schedule, codes: KeyValueCodes) -> dict[str, np.ndarray]:
        """Return what the circuit reads.

        Parameters
        ----------
        schedule : Schedule
        codes : KeyValueCodes
            The cells of the letters are the first ones of the population, those of the digits
            follow, and the last ones are not stimulated.

        Returns
        -------
        dict of str to ndarray
            ``stimulus`` (number of the pair of a letter and a digit, either of which may be none),
            shape (n_ticks, n_blocks); ``cells_patterns``, shape (27 * 11, n_cells);
            ``recurrent_weights``, shape (n_cells, n_cells).

        Raises
        ------
        InputError
            If the codes do not fit.
        """
        shown = schedule.tables(codes)
        n_keys, n_values = self.shown.key_cells.n, self.shown.value_cells.n
        # The codes are the same in all blocks; the first rows stand for none.
        letters, digits = shown["key_codes"][:, :n_keys], shown["value_codes"]
        patterns = np.zeros((len(letters), len(digits), self.parameters.cells.n))
        patterns[:, :, :n_keys] = letters[:, np.newaxis]
        patterns[:, :, n_keys : n_keys + n_values] = digits
        return {
            "stimulus": shown["key_shown"] * len(digits) + shown["value_shown"],
            "cells_patterns": patterns.reshape(-1, self.parameters.cells.n),
            "recurrent_weights": recurrent_weights(self.parameters, self.session.seed),
        }

    def _counts(self, spikes: Mapping[str, np.ndarray], schedule: Schedule) -> np.ndarray:
        n_blocks, n = self.parameters.simulation.n_blocks, self.parameters.cells.n
        trains = SpikeTrains(n_blocks * n, spikes["cells_spikes.i"], spikes["cells_spikes.t"])
        counts = trains.counts(schedule.onsets, (0, self.shown.presentation.query))
        by_block: np.ndarray = counts.reshape(n_blocks, n)
        return by_block[: len(schedule.sequences)]

    def _recording(self, spikes: Mapping[str, np.ndarray], schedule: Schedule) -> Recording:
        populations = {"cells": self.parameters.cells.n}
        trains = spikes_of_block(spikes, populations, 0, schedule.duration)
        table = schedule.trials(0)
        table = replace(table, plastic=np.zeros(len(table), dtype=bool))
        return Recording(trains, table, schedule.duration, {}, "")


def recurrent_weights(parameters: ActivityMemoryParameters, seed: int) -> np.ndarray:
    """Draw the synapses of the population.

    Parameters
    ----------
    parameters : ActivityMemoryParameters
    seed : int

    Returns
    -------
    ndarray of float, shape (n_cells, n_cells)
        Row j holds the weights of the synapses on cell j, column i of those from cell i, in
        standard deviations; 0 where there is no synapse. No cell has one on itself.
    """
    generator = np.random.default_rng(derived_seed(seed, "recurrent weights"))
    n = parameters.cells.n
    exists = generator.random((n, n)) < parameters.recurrent.p_connection
    np.fill_diagonal(exists, False)
    return generator.standard_normal((n, n)) * exists
