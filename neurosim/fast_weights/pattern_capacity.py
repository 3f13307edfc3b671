"""How many random patterns a recurrent memory holds, against its number of cells."""

from __future__ import annotations

import numpy as np

from neurosim.abstract.memory_capacity import capacity, pair_accuracy
from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.key_value_codes import sparse_codes
from neurosim.fast_weights.pattern_completion import stored_and_recalled
from neurosim.fast_weights.pattern_examination import PatternExamination, fitted_noise
from neurosim.fast_weights.pattern_schedule import MIN_PATTERNS
from neurosim.recording import Recording

SIZES = (50, 100, 200)  # cells
TAU = 60.0  # s; the weights hardly decay
N_ASKED = 4  # patterns of each sequence; ours
MOST_PAIRS = 512  # more than 200 cells hold


def examine_capacity(exam: PatternExamination) -> Measured:
    """Measure how many patterns are held, against the number of cells.

    Activity and inhibition scale with the number of cells: as large a share of them is active in a
    pattern as in the sheet, and as many are inhibitory. The weights hardly decay (`TAU`).

    Returns
    -------
    recording : Recording
        The last one.
    values : dict of str to float
        ``capacity_N_cells``, the number of patterns of which nine of ten are recalled from half,
        ``matrix_capacity_N_cells``, that of the exact matrix, whose noise is fitted at the size of
        the sheet, and ``pairs_N_cells``: the pairs of the exact matrix of key-value memories with
        keys of as many cells, as many of them active, and ten values, without noise. The first two
        are at most 32, what the tables hold.
    """
    noise_sd = fitted_noise(exam)
    values: dict[str, float] = {}
    recordings: list[Recording] = []
    for n_cells in SIZES:
        own = of_size(exam, n_cells)

        def circuit(n_patterns: int, own: PatternExamination = own) -> float:
            questions = own.questions(n_patterns, n_asked=N_ASKED)
            recalled = stored_and_recalled(own, questions)[1]
            recordings.append(recalled.recording)
            return float(own.scores(questions, recalled).recalled.mean())

        def matrix(n_patterns: int, own: PatternExamination = own) -> float:
            questions = own.questions(n_patterns, n_asked=N_ASKED)
            return float(own.exact_scores(questions, noise_sd).recalled.mean())

        values[f"capacity_{n_cells}_cells"] = capacity(circuit, MIN_PATTERNS)
        values[f"matrix_capacity_{n_cells}_cells"] = capacity(matrix, MIN_PATTERNS)
        values[f"pairs_{n_cells}_cells"] = pair_capacity(own)
    return recordings[-1], values


def of_size(exam: PatternExamination, n_cells: int) -> PatternExamination:
    """Return the examination of a memory of another size, whose weights hardly decay."""
    cells = exam.memory.parameters.cells
    inhibitory = exam.memory.parameters.inhibitory_cells
    return exam.changed(
        cells__n=n_cells,
        cells__n_active=round(n_cells * cells.n_active / cells.n),
        inhibitory_cells__n=round(n_cells * inhibitory.n / cells.n),
        recurrent__tau_fast=TAU,
    )


def pair_capacity(exam: PatternExamination) -> float:
    """Return the pairs that the exact matrix holds if the patterns are keys for ten values."""
    cells, generator = exam.memory.parameters.cells, exam.generator("pairs")

    def keys(number: int) -> np.ndarray:
        return sparse_codes(number, cells.n, cells.n_active, generator)

    def share_right(n_pairs: int) -> float:
        return pair_accuracy(n_pairs, keys, exam.n_sequences, generator)

    return capacity(share_right, MOST_PAIRS)
