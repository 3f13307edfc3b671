"""Turn patterns and cues into the tables that the recurrent memory reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim import schedules
from neurosim.errors import InputError
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.tick import TICK
from neurosim.timeline import NO_PAIR, TrialTable

# Tables are compiled at a capacity, so that most experiments share one build: 20 s, 31 patterns
# and a cue.
MIN_TICKS, MIN_PATTERNS = 2**11, 2**5


@dataclass(frozen=True, eq=False)
class PatternSchedule:
    """Sequences of patterns that are stored side by side, one in each block, and their cues.

    Parameters
    ----------
    parameters : PatternMemoryParameters
    patterns : ndarray of bool, shape (n_sequences, n_patterns, n_cells)
        At most as many sequences as the circuit has blocks. The patterns follow each other at
        `interval`; without any the delays are counted from the start.
    cues : ndarray of bool, shape (n_sequences, n_cues, n_cells)
        The cells that each cue drives.
    delays : tuple of float
        From the end of the last pattern to each cue, seconds, in order of time.

    Raises
    ------
    InputError
        If the arrays do not fit the circuit or each other, or a cue comes before the end of
        another.
    """

    parameters: PatternMemoryParameters
    patterns: np.ndarray
    cues: np.ndarray
    delays: tuple[float, ...]

    def __post_init__(self) -> None:
        n_blocks, n_cells = self.parameters.simulation.n_blocks, self.parameters.cells.n
        n_sequences = len(self.patterns)
        if not 1 <= n_sequences <= n_blocks:
            raise InputError(
                f"There are {n_sequences} sequences, expected 1 to {n_blocks}, one for each block."
            )
        for name, array, number in (
            ("patterns", self.patterns, "n_patterns"),
            ("cues", self.cues, len(self.delays)),
        ):
            fits = array.ndim == 3 and (len(array), array.shape[2]) == (n_sequences, n_cells)
            if not fits or number not in ("n_patterns", array.shape[1]):
                raise InputError(
                    f"The {name} have the shape {array.shape}, expected "
                    f"({n_sequences}, {number}, {n_cells})."
                )
        earliest = 0.0
        for delay in self.delays:
            if delay < earliest - TICK / 2:
                raise InputError(
                    f"A cue comes {delay:g} s after the last pattern, expected {earliest:g} s or "
                    "more, so that it follows what is before it."
                )
            earliest = delay + self.parameters.presentation.query

    @property
    def stored(self) -> float:
        """End of the last pattern, seconds."""
        presentation, n_patterns = self.parameters.presentation, self.patterns.shape[1]
        return float(n_patterns * presentation.interval - bool(n_patterns) * presentation.gap)

    @property
    def onsets(self) -> list[float]:
        """Onset of each cue, seconds."""
        return [round((self.stored + delay) / TICK) * TICK for delay in self.delays]

    @property
    def duration(self) -> float:
        """End of the last cue, or of the last pattern if there is none, seconds."""
        if not self.delays:
            return self.stored
        return self.onsets[-1] + self.parameters.presentation.query

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in, the capacity of the tables included."""
        n_rows = self.patterns.shape[1] + self.cues.shape[1]
        # One tick more is silent, for what stands last in a table holds for ever.
        n_ticks = schedules.capacity(round(self.duration / TICK) + 1, MIN_TICKS)
        return {
            **self.parameters.structure(),
            "n_ticks": n_ticks,
            "n_patterns": schedules.capacity(n_rows, MIN_PATTERNS),
        }

    def tables(self) -> dict[str, np.ndarray]:
        """Return what the circuit reads, padded to its capacity.

        Returns
        -------
        dict of str to ndarray
            ``pattern_shown`` (number of the pattern or cue, 0 for none), ``storing`` and
            ``recalling`` (0 or 1), all of shape (n_ticks, n_blocks); ``patterns``, shape
            (n_rows + 1, n_blocks * n_cells), whose first row is none.
        """
        structure, presentation = self.structure(), self.parameters.presentation
        n_blocks, n_patterns = self.parameters.simulation.n_blocks, self.patterns.shape[1]
        n_sequences = len(self.patterns)
        shown = {
            name: np.zeros((int(structure["n_ticks"]), n_blocks))
            for name in ("pattern_shown", "storing", "recalling")
        }
        starts = [number * presentation.interval for number in range(n_patterns)] + self.onsets
        for number, start in enumerate(starts):
            is_pattern = number < n_patterns
            first = round(start / TICK)
            length = presentation.pattern if is_pattern else presentation.query
            span = slice(first, first + round(length / TICK)), slice(0, n_sequences)
            shown["pattern_shown"][span] = number + 1
            shown["storing" if is_pattern else "recalling"][span] = 1
        rows = np.zeros((int(structure["n_patterns"]) + 1, n_blocks, self.parameters.cells.n))
        both = np.concatenate([self.patterns, self.cues], axis=1)
        rows[1 : 1 + both.shape[1], :n_sequences] = both.transpose(1, 0, 2)
        return {**shown, "patterns": rows.reshape(len(rows), -1)}

    def trials(self) -> TrialTable:
        """Return what every sequence is shown: its patterns, then its cues.

        Returns
        -------
        TrialTable
            Patterns have the phase ``store`` and a stimulus such as ``pattern 3``, counted from 1,
            cues the phase ``recall`` and a stimulus such as ``cue 1``.
        """
        presentation, n_patterns = self.parameters.presentation, self.patterns.shape[1]
        starts = np.array([*(k * presentation.interval for k in range(n_patterns)), *self.onsets])
        n = len(starts)
        is_pattern = np.arange(n) < n_patterns
        stimuli = [f"pattern {k + 1}" for k in range(n_patterns)]
        stimuli += [f"cue {k + 1}" for k in range(n - n_patterns)]
        return TrialTable(
            start_time=starts,
            stop_time=starts + np.where(is_pattern, presentation.pattern, presentation.query),
            phase=np.where(is_pattern, "store", "recall").astype(object),
            stimulus=np.array(stimuli, dtype=object),
            role=np.array([""] * n, dtype=object),
            pair=np.full(n, NO_PAIR),
            plastic=is_pattern,
        )
