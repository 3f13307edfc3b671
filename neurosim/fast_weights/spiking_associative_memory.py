"""Show sequences to the spiking associative memory, in batches of any number, and read its answers.

A memory is asked in one of two ways. `AssociativeMemory.ask` simulates everything: pairs, waiting
and queries. `AssociativeMemory.store` ends with the weights, which `AssociativeMemory.recall` lets
decay by their exact law before it simulates the query, so that waiting costs nothing. While a
memory waits, its synapses neither learn nor transmit, so the two differ in nothing but noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.abstract.value_readout import population_means
from neurosim.errors import InputError
from neurosim.fast_weights.block_spikes import (
    LEAD_IN,
    N_RECORDED,
    spike_outputs,
    spikes_of_block,
)
from neurosim.fast_weights.key_value_codes import KeyValueCodes, orthogonal_codes, sparse_codes
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, KeyValueSequence
from neurosim.fast_weights.schedule import Codes, Schedule
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.recording import Recording, SpikeTrains
from neurosim.session import Session
from neurosim.simulation.job import derived_seed
from neurosim.stimuli import disjoint_codes

WEIGHTS, LAST_UPDATE = "key_to_value.w", "key_to_value.lastupdate"
NO_STATE: Mapping[str, np.ndarray] = MappingProxyType({})

Spikes = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a memory answers to queries.

    Parameters
    ----------
    cell_rates : ndarray of float, shape (n_delays, n_sequences, n_value_cells)
        Rate of every value cell during the query, Hz.
    value_codes : ndarray of bool, shape (10, n_value_cells)
        The cells of each digit.
    recording : Recording
        Spikes of the first `N_RECORDED` sequences, one behind the other.
    """

    cell_rates: np.ndarray
    value_codes: np.ndarray
    recording: Recording

    @property
    def rates(self) -> np.ndarray:
        """Mean rate of the cells of each digit, Hz; shape (n_delays, n_sequences, 10)."""
        return population_means(self.cell_rates, self.value_codes)


def orthogonal_codes_of(parameters: AssociativeMemoryParameters, seed: int) -> KeyValueCodes:
    """Return the codes of a seed in which no cell belongs to two letters or two digits.

    Raises
    ------
    InputError
        If there are too few cells.
    """
    keys, values = parameters.key_cells, parameters.value_cells
    generator = np.random.default_rng(derived_seed(seed, "codes"))
    return orthogonal_codes(keys.n, values.n, keys.n_active, values.n_active, generator)


@dataclass(frozen=True, eq=False)
class AssociativeMemory:
    """A circuit of one sheet, ready to be shown sequences.

    Parameters
    ----------
    session : Session
        Its seed draws the noise; its target runs the circuit.
    parameters : AssociativeMemoryParameters
    """

    session: Session
    parameters: AssociativeMemoryParameters

    @classmethod
    def of(cls, session: Session) -> AssociativeMemory:
        """Return the circuit of a session's sheet."""
        return cls(session, session.parameters)

    def changed(self, **changes: float | str) -> AssociativeMemory:
        """Return the circuit at other values of parameters, ``section__field=value``.

        Raises
        ------
        InputError
            If a value is refused.
        """
        return replace(self, parameters=self.parameters.changed(**changes))

    def orthogonal_codes(self) -> KeyValueCodes:
        """Return the codes of this seed in which no cell belongs to two letters.

        Raises
        ------
        InputError
            If there are too few cells.
        """
        return orthogonal_codes_of(self.parameters, self.session.seed)

    def random_codes(self, number: int, n_cells: int | None = None) -> list[KeyValueCodes]:
        """Return random sparse codes for the letters, others for each of a number of sequences.

        Parameters
        ----------
        number : int
        n_cells : int, optional
            The keys are drawn from so many of the key cells only; by default from all.

        Raises
        ------
        InputError
            If there are too few cells.
        """
        keys, values = self.parameters.key_cells, self.parameters.value_cells
        digits = disjoint_codes(
            len(DIGITS), values.n, values.n_active, self.session.generator("codes of the digits")
        )
        generator, used = self.session.generator("random codes"), n_cells or keys.n
        unused = ((0, 0), (0, keys.n - used))
        return [
            KeyValueCodes(
                np.pad(sparse_codes(len(LETTERS), used, keys.n_active, generator), unused), digits
            )
            for _ in range(number)
        ]

    def ask(
        self,
        sequences: Sequence[KeyValueSequence],
        codes: Codes,
        noise: str,
        delays: Sequence[float] | None = None,
        asked: Sequence[str] | None = None,
    ) -> Answers:
        """Show sequences and ask each for its query, once or several times.

        Parameters
        ----------
        sequences : sequence of KeyValueSequence
        codes : KeyValueCodes or sequence of KeyValueCodes
        noise : str
            Purpose of the noise: the same one gives the same spikes again.
        delays : sequence of float, optional
            From the end of the last pair to each query, seconds; by default one query after a gap.
        asked : sequence of str, optional
            The letters that each sequence is asked for, one for each delay; by default always its
            query.

        Raises
        ------
        InputError
            If the codes or the delays do not fit.
        SimulationError
            If the simulation fails.
        """
        times = [self.parameters.presentation.gap] if delays is None else delays
        letters = [s.query * len(times) for s in sequences] if asked is None else asked
        return self._answers(
            (
                Schedule(self.parameters, sequences[part], times, asked=letters[part]),
                batch_codes,
                purpose,
                NO_STATE,
            )
            for part, batch_codes, purpose in self._batches(len(sequences), codes, noise)
        )

    def store(
        self,
        sequences: Sequence[KeyValueSequence],
        codes: Codes,
        noise: str,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Show sequences; return the weights at the end of the last pair.

        Parameters
        ----------
        sequences, codes, noise
            As in `ask`.
        weights : ndarray of float, shape (n_sequences, n_value_cells, n_key_cells), optional
            Volt, at the onset of the first pair; there are none if left out.

        Returns
        -------
        ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
            Volt; the order of the axes is that of the exact matrix,
            `neurosim.abstract.fast_weights.FastWeights`.

        Raises
        ------
        InputError
            If the codes or the weights do not fit.
        SimulationError
            If the simulation fails.
        """
        if weights is not None:
            self._check_weights(weights, len(sequences))
        parts = []
        for part, batch_codes, purpose in self._batches(len(sequences), codes, noise):
            schedule = Schedule(self.parameters, sequences[part])
            state = NO_STATE if weights is None else self._state(weights[part])
            arrays = self.simulate(schedule, batch_codes, purpose, (WEIGHTS, LAST_UPDATE), state)
            # A weight was computed when it was last needed, and has decayed since.
            idle = np.maximum(schedule.duration - arrays[LAST_UPDATE], 0)
            stored = arrays[WEIGHTS] * decay_factor(idle, self.parameters.key_to_value.tau_fast)
            by_block = stored.reshape(
                -1, self.parameters.key_cells.n, self.parameters.value_cells.n
            )
            parts.append(by_block[: len(schedule.sequences)].transpose(0, 2, 1))
        return np.concatenate(parts)

    def recall(
        self,
        weights: np.ndarray,
        sequences: Sequence[KeyValueSequence],
        codes: Codes,
        delay: float,
        noise: str,
    ) -> Answers:
        """Ask memories for their query after a delay in which their weights decay by exact law.

        Parameters
        ----------
        weights : ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
            Volt, from `store`.
        sequences, codes, noise
            As in `ask`.
        delay : float
            From the end of the last pair to the query, seconds.

        Returns
        -------
        Answers
            To one query, in a recording that begins `LEAD_IN` before it.

        Raises
        ------
        InputError
            If the weights or the codes do not fit, or the delay is negative.
        SimulationError
            If the simulation fails.
        """
        self._check_weights(weights, len(sequences))
        # They decay during the lead-in too.
        left = decay_factor(delay, self.parameters.key_to_value.tau_fast) / decay_factor(
            LEAD_IN, self.parameters.key_to_value.tau_fast
        )
        return self._answers(self._decayed(left * weights, sequences, codes, noise))

    def _decayed(
        self,
        weights: np.ndarray,
        sequences: Sequence[KeyValueSequence],
        codes: Codes,
        noise: str,
    ) -> Iterator[tuple[Schedule, Codes, str, Mapping[str, np.ndarray]]]:
        for part, batch_codes, purpose in self._batches(len(sequences), codes, noise):
            schedule = Schedule(self.parameters, sequences[part], (LEAD_IN,), stores=False)
            yield schedule, batch_codes, purpose, self._state(weights[part])

    def _state(self, weights: np.ndarray) -> Mapping[str, np.ndarray]:
        """Return what a run starts from whose first blocks have these weights."""
        state = np.zeros((self.parameters.simulation.n_blocks, *weights.shape[:0:-1]))
        state[: len(weights)] = weights.transpose(0, 2, 1)
        return {WEIGHTS: state.ravel()}

    def _check_weights(self, weights: np.ndarray, n_sequences: int) -> None:
        expected = (n_sequences, self.parameters.value_cells.n, self.parameters.key_cells.n)
        if weights.shape != expected:
            raise InputError(f"The weights have the shape {weights.shape}, expected {expected}.")

    def _answers(
        self, batches: Iterable[tuple[Schedule, Codes, str, Mapping[str, np.ndarray]]]
    ) -> Answers:
        outputs = spike_outputs(self.parameters.populations)
        rates: list[np.ndarray] = []
        parts: list[Recording] = []
        for schedule, codes, noise, state in batches:
            arrays = self.simulate(schedule, codes, noise, outputs, state)
            rates.append(self._cell_rates(arrays, schedule))
            value_codes = (codes if isinstance(codes, KeyValueCodes) else codes[0]).values
            for number in range(min(len(schedule.sequences), N_RECORDED - len(parts))):
                parts.append(self._recording(arrays, schedule, number))
        recording = reduce(Recording.followed_by, parts)
        return Answers(np.concatenate(rates, axis=1), value_codes, recording)

    def _batches(
        self, n_sequences: int, codes: Codes, noise: str
    ) -> Iterator[tuple[slice, Codes, str]]:
        size = self.parameters.simulation.n_blocks
        if not isinstance(codes, KeyValueCodes) and len(codes) != n_sequences:
            raise InputError(f"There are codes for {len(codes)} sequences, expected {n_sequences}.")
        for number, start in enumerate(range(0, n_sequences, size)):
            part = slice(start, start + size)
            of_batch = codes if isinstance(codes, KeyValueCodes) else codes[part]
            yield part, of_batch, f"{noise}, batch {number}"

    def simulate(
        self,
        schedule: Schedule,
        codes: Codes,
        noise: str,
        outputs: tuple[str, ...],
        state: Mapping[str, np.ndarray] = NO_STATE,
    ) -> Mapping[str, np.ndarray]:
        """Run the circuit once over a schedule; see `neurosim.session.Session.execute`.

        Parameters
        ----------
        schedule : Schedule
        codes : KeyValueCodes or sequence of KeyValueCodes
        noise : str
            Purpose of the noise.
        outputs : tuple of str
            Arrays that are returned, such as `WEIGHTS`, in which the key cells of a block come one
            after the other, each with its synapses to all value cells of the block.
        state : mapping of str to ndarray
            Arrays that replace initial values.

        Raises
        ------
        SimulationError
            If the simulation fails.
        """
        return self.session.execute(
            schedule.structure(),
            self.parameters.run_arguments(),
            schedule.tables(codes),
            schedule.duration,
            noise,
            outputs,
            state,
        )

    def _cell_rates(self, spikes: Spikes, schedule: Schedule) -> np.ndarray:
        n_cells, length = self.parameters.value_cells.n, self.parameters.presentation.query
        trains = SpikeTrains(
            n_cells * self.parameters.simulation.n_blocks,
            spikes["value_cells_spikes.i"],
            spikes["value_cells_spikes.t"],
        )
        counts = trains.counts(schedule.onsets, (0, length))
        by_block = counts.reshape(len(counts), -1, n_cells)[:, : len(schedule.sequences)]
        rates: np.ndarray = by_block / length
        return rates

    def _recording(self, spikes: Spikes, schedule: Schedule, number: int) -> Recording:
        trains = spikes_of_block(spikes, self.parameters.populations, number, schedule.duration)
        return Recording(trains, schedule.trials(number), schedule.duration, {}, "")
