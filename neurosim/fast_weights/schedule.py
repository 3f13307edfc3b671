"""Turn sequences of pairs and queries into the tables that the associative memory reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim import schedules
from neurosim.errors import InputError
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.retrieval_strings import (
    DIGITS,
    LETTERS,
    QUERY_MARK,
    KeyValueSequence,
    sequence_indices,
)
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.tick import TICK
from neurosim.timeline import NO_PAIR, TrialTable

# Schedules are compiled at a capacity, so that most experiments share one build: 20 s.
MIN_TICKS = 2**11

Codes = KeyValueCodes | Sequence[KeyValueCodes]
"""The same cells for the letters of all sequences, or others for each."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """Sequences that are shown side by side, one in each block, and the times of their queries.

    The pairs follow each other at `interval`; the last ones of all sequences are shown together.

    Parameters
    ----------
    parameters : AssociativeMemoryParameters
    sequences : sequence of KeyValueSequence
        At most as many as the circuit has blocks.
    delays : sequence of float
        From the end of the last pair to each query, seconds, in order of time; none for no query.
    stores : bool
        Whether the pairs are shown; if not, the delays are counted from the start.
    asked : sequence of str, optional
        The letters that each sequence is asked for, one for each delay; by default always its
        query.

    Raises
    ------
    InputError
        If there are no sequences or too many, or a query comes before the end of another.
    """

    parameters: AssociativeMemoryParameters
    sequences: Sequence[KeyValueSequence]
    delays: Sequence[float] = ()
    stores: bool = True
    asked: Sequence[str] | None = None

    def __post_init__(self) -> None:
        n_blocks = self.parameters.simulation.n_blocks
        if not 1 <= len(self.sequences) <= n_blocks:
            raise InputError(
                f"There are {len(self.sequences)} sequences, expected 1 to {n_blocks}, one for "
                "each block."
            )
        if any(len(letters) != len(self.delays) for letters in self.letters):
            raise InputError(
                f"There are {len(self.delays)} delays, expected a letter to ask for at each."
            )
        earliest = 0.0
        for delay in self.delays:
            if delay < earliest - TICK / 2:
                raise InputError(
                    f"A query comes {delay:g} s after the last pair, expected {earliest:g} s or "
                    "more, so that it follows what is before it."
                )
            earliest = delay + self.parameters.presentation.query

    @property
    def letters(self) -> Sequence[str]:
        """The letters that each sequence is asked for."""
        if self.asked is not None:
            return self.asked
        return [sequence.query * len(self.delays) for sequence in self.sequences]

    @property
    def n_pairs(self) -> int:
        """Number of pairs that are shown in the longest sequence."""
        return self.stores * max(len(sequence.keys) for sequence in self.sequences)

    @property
    def stored(self) -> float:
        """End of the last pair, seconds."""
        presentation = self.parameters.presentation
        return self.n_pairs * presentation.interval - self.stores * presentation.gap

    @property
    def onsets(self) -> list[float]:
        """Onset of each query, seconds."""
        return [round((self.stored + delay) / TICK) * TICK for delay in self.delays]

    @property
    def duration(self) -> float:
        """End of the last query, or of the last pair if there is none, seconds."""
        if not self.delays:
            return self.stored
        return self.onsets[-1] + self.parameters.presentation.query

    def tables(self, codes: Codes) -> dict[str, np.ndarray]:
        """Return what the circuit reads, padded to its capacity.

        Parameters
        ----------
        codes : KeyValueCodes or sequence of KeyValueCodes

        Returns
        -------
        dict of str to ndarray
            ``key_shown`` and ``value_shown`` (number of the symbol, 0 for none), ``storing`` and
            ``recalling`` (0 or 1), all of shape (n_ticks, n_blocks); ``key_codes``, shape
            (n_letters + 1, n_blocks * n_key_cells), and ``value_codes``, shape
            (n_digits + 1, n_value_cells), whose first row is no symbol.

        Raises
        ------
        InputError
            If the codes do not fit the circuit.
        """
        n_blocks = self.parameters.simulation.n_blocks
        n_ticks = capacity(round(self.duration / TICK))
        shown = {
            name: np.zeros((n_ticks, n_blocks))
            for name in ("key_shown", "value_shown", "storing", "recalling")
        }
        indices, presentation = sequence_indices(self.sequences), self.parameters.presentation
        used = slice(0, len(self.sequences))
        for number in range(self.n_pairs):
            span = _ticks(number * presentation.interval, presentation.pair)
            keys = indices.keys[:, number] + 1
            shown["key_shown"][span, used] = keys
            shown["value_shown"][span, used] = indices.values[:, number] + 1
            shown["storing"][span, used] = keys > 0
        for number, onset in enumerate(self.onsets):
            span = _ticks(onset, presentation.query)
            letters = [LETTERS.index(letters[number]) + 1 for letters in self.letters]
            shown["key_shown"][span, used] = letters
            shown["recalling"][span, used] = 1
        return {**shown, **self._code_tables(codes)}

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in, the capacity of the tables included."""
        return {
            **self.parameters.structure(),
            "n_ticks": capacity(round(self.duration / TICK)),
            "n_keys": len(LETTERS),
            "n_values": len(DIGITS),
        }

    def trials(self, number: int) -> TrialTable:
        """Return what one sequence is shown: its pairs, then its queries.

        Parameters
        ----------
        number : int
            Of the sequence.

        Returns
        -------
        TrialTable
            Pairs, if they are shown, have the phase ``store`` and a stimulus such as ``c9``,
            queries the phase ``recall`` and a stimulus such as ``??c``.
        """
        sequence, presentation = self.sequences[number], self.parameters.presentation
        both = zip(sequence.keys, sequence.values, strict=True)
        pairs = [key + value for key, value in both] if self.stores else []
        first = self.n_pairs - len(pairs)
        starts = [*((first + k) * presentation.interval for k in range(len(pairs))), *self.onsets]
        stops = np.array(starts) + np.repeat(
            [presentation.pair, presentation.query], [len(pairs), len(self.onsets)]
        )
        n = len(starts)
        is_pair = np.arange(n) < len(pairs)
        stimuli = [*pairs, *(QUERY_MARK + letter for letter in self.letters[number])]
        return TrialTable(
            start_time=np.array(starts),
            stop_time=stops,
            phase=np.where(is_pair, "store", "recall").astype(object),
            stimulus=np.array(stimuli, dtype=object),
            role=np.array([""] * n, dtype=object),
            pair=np.full(n, NO_PAIR),
            plastic=is_pair,
        )

    def _code_tables(self, codes: Codes) -> dict[str, np.ndarray]:
        parameters = self.parameters
        n_blocks, n_keys = parameters.simulation.n_blocks, parameters.key_cells.n
        books = [codes] * len(self.sequences) if isinstance(codes, KeyValueCodes) else list(codes)
        values = books[0].values
        expected = ((len(LETTERS), n_keys), (len(DIGITS), parameters.value_cells.n))
        for book in books:
            if (book.keys.shape, book.values.shape) != expected:
                raise InputError(
                    f"The codes have the shapes {book.keys.shape} and {book.values.shape}, "
                    f"expected {expected[0]} for the letters and {expected[1]} for the digits."
                )
        if len(books) != len(self.sequences) or any((b.values != values).any() for b in books):
            raise InputError(
                f"There are codes for {len(books)} sequences, expected them for "
                f"{len(self.sequences)}, with the same cells for the digits in all."
            )
        key_codes = np.zeros((len(LETTERS) + 1, n_blocks, n_keys))
        for block, book in enumerate(books):
            key_codes[1:, block] = book.keys
        return {
            "key_codes": key_codes.reshape(len(key_codes), -1),
            "value_codes": np.vstack([np.zeros(values.shape[1]), values]),
        }


def capacity(n_ticks: int) -> int:
    """Return the length of the schedules that are compiled for a number of ticks.

    One tick more is silent, for what stands last in a table holds for ever.
    """
    return schedules.capacity(n_ticks + 1, MIN_TICKS)


def _ticks(start: float, length: float) -> slice:
    first = round(start / TICK)
    return slice(first, first + round(length / TICK))
