"""Recall of recent patterns from a part: against their number, the cue and the settling steps."""

from __future__ import annotations

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.fast_weights.block_spikes import N_RECORDED
from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.pairs import correlation
from neurosim.fast_weights.pattern_examination import PatternExamination, beside, fitted_noise
from neurosim.fast_weights.pattern_questions import Questions
from neurosim.fast_weights.spiking_pattern_memory import Recalled, others
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.recording import Recording

PATTERNS = (2, 4, 8, 16)
SHOWN = 4  # patterns of the sequences whose spikes are kept; ours
STEPS = (1, 2, 4)
SMALL_CUE = 0.3  # of a pattern, where steps are compared. Ours: half of it needs only one
CUES = (0.2, 0.4, 0.6, 0.8)  # of a pattern
LOADED = 8  # patterns, where cues and steps are compared. Ours: the exact matrix holds them all
# A cell is active if its rate is at least this share of that of the cued cells. Ours.
ACTIVE = 0.5


def examine_completion(exam: PatternExamination) -> Measured:
    """Ask for each of 2 to 16 patterns from half of its cells, and the exact matrix beside.

    Returns
    -------
    recording : Recording
        Four patterns, each of which is asked for.
    values : dict of str to float
        For each number K of patterns ``recalled_K``, ``completed_K``, the same of the exact matrix,
        ``matrix_recalled_K`` and ``matrix_completed_K``, and the ``difference_K`` of the shares
        recalled. For the fewest and the most ``correlation_K``, of all synapses and the exact
        matrix right after the last pattern, and ``active_K``, how many cells are active, relative
        to a pattern. ``noise`` of the matrix.
    """
    noise_sd = fitted_noise(exam)
    values = {"noise": noise_sd}
    for n_patterns in PATTERNS:
        questions = exam.questions(n_patterns)
        weights, recalled = stored_and_recalled(exam, questions)
        scores = exam.scores(questions, recalled)
        values |= beside(f"{n_patterns}", scores, exam.exact_scores(questions, noise_sd))
        recalled_share, expected = (
            values[f"{prefix}recalled_{n_patterns}"] for prefix in ("", "matrix_")
        )
        values[f"difference_{n_patterns}"] = recalled_share - expected
        if n_patterns in (PATTERNS[0], PATTERNS[-1]):
            values[f"correlation_{n_patterns}"] = synapses_correlation(exam, questions, weights)
            values[f"active_{n_patterns}"] = active_share(exam, questions, recalled)
    return recording_of(exam), values


def examine_without_learning(exam: PatternExamination) -> Measured:
    """Show and ask as with the intact circuit, but store nothing.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``recalled_K`` and ``completed_K`` for each number of patterns.
    """
    naive = exam.changed(recurrent__learning_rate=0.0)
    values = {}
    for n_patterns in PATTERNS:
        questions = naive.questions(n_patterns)
        scores = naive.scores(questions, stored_and_recalled(naive, questions)[1])
        values[f"recalled_{n_patterns}"] = float(scores.recalled.mean())
        values[f"completed_{n_patterns}"] = float(scores.completed.mean())
    return recording_of(naive), values


def examine_settling(exam: PatternExamination) -> Measured:
    """Ask with a small cue, and let the network settle for 1 to 4 steps.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``recalled_S_steps``, ``completed_S_steps`` and the same of the exact matrix, with the
        prefix ``matrix_``.
    """
    noise_sd = fitted_noise(exam)
    longer = exam.changed(presentation__n_steps=STEPS[-1])
    questions = longer.questions(LOADED, share=SMALL_CUE)
    recalled = stored_and_recalled(longer, questions)[1]
    values: dict[str, float] = {}
    for n_steps in STEPS:
        values |= beside(
            f"{n_steps}_steps",
            longer.scores(questions, recalled, n_steps),
            longer.exact_scores(questions, noise_sd, n_steps=n_steps),
        )
    return recalled.recording, values


def examine_cues(exam: PatternExamination) -> Measured:
    """Ask with a fifth to four fifths of the cells of a pattern.

    Returns
    -------
    recording : Recording
        With the largest cue.
    values : dict of str to float
        ``recalled_cue_C``, ``completed_cue_C`` and the same of the exact matrix, with the prefix
        ``matrix_``.
    """
    noise_sd = fitted_noise(exam)
    values: dict[str, float] = {}
    weights = exam.memory.store(exam.questions(LOADED).patterns, "stored")
    for share in CUES:
        questions = exam.questions(LOADED, share=share)
        recalled = exam.recall(questions, weights, exam.memory.parameters.presentation.gap)
        values |= beside(
            f"cue_{share:g}",
            exam.scores(questions, recalled),
            exam.exact_scores(questions, noise_sd),
        )
    return recalled.recording, values


def stored_and_recalled(
    exam: PatternExamination, questions: Questions
) -> tuple[np.ndarray, Recalled]:
    """Store patterns and ask for them after a gap; return the weights and what was recalled."""
    weights = exam.memory.store(questions.patterns, "stored")
    gap = exam.memory.parameters.presentation.gap
    return weights, exam.recall(questions, weights, gap)


def recording_of(exam: PatternExamination) -> Recording:
    """Return sequences of `SHOWN` patterns, all of which are asked for, simulated in full."""
    questions = exam.questions(SHOWN)
    shown = slice(0, N_RECORDED)
    presentation = exam.memory.parameters.presentation
    spacing = presentation.query + presentation.gap
    delays = [presentation.gap + k * spacing for k in range(SHOWN)]
    return exam.memory.ask(
        questions.patterns[shown], questions.cues[shown], "recorded", delays
    ).recording


def exact_matrices(parameters: PatternMemoryParameters, patterns: np.ndarray) -> np.ndarray:
    """Return ``A = sum lambda^age h h^T`` of each sequence right after its last pattern.

    Parameters
    ----------
    parameters : PatternMemoryParameters
    patterns : ndarray of bool, shape (n_sequences, n_patterns, n_cells)

    Returns
    -------
    ndarray of float, shape (n_sequences, n_cells, n_cells)
    """
    ages = np.arange(patterns.shape[1])[::-1] * parameters.presentation.interval
    left = decay_factor(ages, parameters.recurrent.tau_fast)
    active = patterns.astype(float)
    matrices: np.ndarray = (active * left[:, np.newaxis]).swapaxes(1, 2) @ active
    return matrices


def synapses_correlation(
    exam: PatternExamination, questions: Questions, weights: np.ndarray
) -> float:
    """Return Pearson's correlation of weights and exact matrices over all synapses."""
    matrices = exact_matrices(exam.memory.parameters, questions.patterns)
    synapses = others(weights.shape[-1])
    return correlation(weights[:, synapses], matrices[:, synapses])


def active_share(exam: PatternExamination, questions: Questions, recalled: Recalled) -> float:
    """Return how many cells are active in the last step, relative to those of a pattern."""
    rates = recalled.cell_rates[-1]
    criterion = ACTIVE * rates[questions.cues].mean()
    per_cue = (rates > criterion).sum(axis=-1).mean()
    return float(per_cue / exam.memory.parameters.cells.n_active)
