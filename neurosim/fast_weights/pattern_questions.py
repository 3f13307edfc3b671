"""Random sparse patterns that are stored, and the parts of them that ask for the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.abstract.pattern_recall import completed_share, is_recalled
from neurosim.errors import InputError
from neurosim.fast_weights.key_value_codes import sparse_codes
from neurosim.stimuli import part_of


@dataclass(frozen=True, eq=False)
class Scores:
    """How well patterns are recalled, one by one.

    Parameters
    ----------
    recalled : ndarray of float, shape (n_sequences, n_asked)
        1 where nine of ten cells of the pattern are active, see
        `neurosim.abstract.pattern_recall.is_recalled`, else 0; between if it was asked repeatedly.
    completed : ndarray of float, shape (n_sequences, n_asked)
        Share of the cells missing in the cue that are active.
    """

    recalled: np.ndarray
    completed: np.ndarray


@dataclass(frozen=True, eq=False)
class Questions:
    """Sequences of patterns, and which of them are asked for with which of their cells.

    Parameters
    ----------
    patterns : ndarray of bool, shape (n_sequences, n_patterns, n_cells)
        In the order in which they are stored.
    asked : ndarray of int, shape (n_sequences, n_asked)
        Patterns of each sequence that are asked for.
    cues : ndarray of bool, shape (n_sequences, n_asked, n_cells)
        A part of each.
    """

    patterns: np.ndarray
    asked: np.ndarray
    cues: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """The patterns that are asked for, in the shape of the cues."""
        return np.take_along_axis(self.patterns, self.asked[:, :, np.newaxis], axis=1)

    def scores(self, states: np.ndarray) -> Scores:
        """Return how well the patterns are recalled.

        Parameters
        ----------
        states : ndarray of bool, shape (..., n_sequences, n_asked, n_cells)
            If there are several for each pattern, the mean over them is returned.

        Returns
        -------
        Scores
        """
        targets, cues = self.targets.reshape(-1, states.shape[-1]), _rows(self.cues)
        several = states.reshape(-1, *targets.shape)
        recalled = np.mean([is_recalled(rows, targets) for rows in several], axis=0)
        completed = np.mean([completed_share(rows, targets, cues) for rows in several], axis=0)
        shape = self.asked.shape
        return Scores(recalled.reshape(shape), completed.reshape(shape))


def draw_questions(
    n_sequences: int,
    n_patterns: int,
    n_cells: int,
    n_active: int,
    generator: np.random.Generator,
    *,
    share: float = 0.5,
    n_asked: int | None = None,
) -> Questions:
    """Draw sequences of random sparse patterns, and parts of them.

    Parameters
    ----------
    n_sequences, n_patterns : int
    n_cells, n_active : int
        Of the population, and of a pattern.
    generator : numpy.random.Generator
    share : float
        Of a pattern's cells that ask for it, rounded down to whole cells.
    n_asked : int, optional
        Patterns of each sequence that are asked for, drawn at random; by default all of them.

    Returns
    -------
    Questions

    Raises
    ------
    InputError
        If there are too few cells, or a part would be nothing or all of a pattern.
    """
    if not 1 <= int(share * n_active) < n_active:
        raise InputError(
            f"A cue of {share:g} of {n_active} cells has {int(share * n_active)}, expected 1 to "
            f"{n_active - 1}."
        )
    drawn = sparse_codes(n_sequences * n_patterns, n_cells, n_active, generator)
    patterns = drawn.reshape(n_sequences, n_patterns, n_cells)
    order = generator.permuted(np.tile(np.arange(n_patterns), (n_sequences, 1)), axis=1)
    asked = np.sort(order[:, :n_asked], axis=1)
    chosen = np.take_along_axis(patterns, asked[:, :, np.newaxis], axis=1)
    cues = [[part_of(pattern, share, generator) for pattern in row] for row in chosen]
    return Questions(patterns, asked, np.array(cues))


def _rows(states: np.ndarray) -> np.ndarray:
    return states.reshape(-1, states.shape[-1])
