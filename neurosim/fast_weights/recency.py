"""Older patterns fade: recall against the age of a pattern, and the decay of its synapses."""

from __future__ import annotations

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.pattern_examination import PatternExamination, beside, fitted_noise
from neurosim.fast_weights.pattern_questions import Questions
from neurosim.fast_weights.spiking_pattern_memory import others
from neurosim.recording import Recording

RECENCY_PATTERNS = 16
RECENCY_TAU = 2.0  # s. Ours: the oldest pattern keeps a fifth of its weight
AGES = (0, 3, 6, 9, 12, 15)  # patterns that follow the one that is asked for
WAITED = (0.25, 0.5, 0.75, 1.0)  # time constants; each for another of as many patterns


def examine_recency(exam: PatternExamination) -> Measured:
    """Store 16 patterns that decay, and ask for each of them right after the last.

    Returns
    -------
    recording : Recording
        The waiting that is simulated.
    values : dict of str to float
        ``recalled_age_A`` and ``completed_age_A`` of the pattern that A others follow, and the
        same of the exact matrix, with the prefix ``matrix_``. ``lambda_deviation``, by how much the
        factor by which the weights of a pattern decay until the next one is stored deviates from
        the exact one, relative to it. ``simulated_minus_exact_decay``, the share of patterns
        recalled after a delay that is simulated, less that after one in which the weights decay by
        their exact law.
    """
    noise_sd = fitted_noise(exam)
    own = exam.changed(recurrent__tau_fast=RECENCY_TAU)
    questions = own.questions(RECENCY_PATTERNS)
    weights = own.memory.store(questions.patterns, "stored")
    recalled = own.recall(questions, weights, own.memory.parameters.presentation.gap)
    scores, expected = own.scores(questions, recalled), own.exact_scores(questions, noise_sd)
    difference, recording = simulated_minus_exact_decay(own)
    interval = own.memory.parameters.presentation.interval
    expected_decay = float(decay_factor(interval, RECENCY_TAU))
    values = {
        "lambda_deviation": decay_per_pattern(questions, weights) / expected_decay - 1,
        "simulated_minus_exact_decay": difference,
    }
    for age in AGES:
        values |= beside(f"age_{age}", scores, expected, RECENCY_PATTERNS - 1 - age)
    return recording, values


def decay_per_pattern(questions: Questions, weights: np.ndarray) -> float:
    """Return the factor by which the weights of a pattern decay until the next one is stored.

    Parameters
    ----------
    questions : Questions
    weights : ndarray of float, shape (n_sequences, n_cells, n_cells)
        Right after the last pattern, volt.

    Returns
    -------
    float
        From a straight line through the logarithm of the mean weight against the age, for the
        synapses that belong to one pattern only; nan if a mean is not positive.
    """
    active = questions.patterns
    memberships = np.einsum("ski,skj->sij", active, active, dtype=int)
    single = (memberships == 1) & others(weights.shape[-1])
    n_patterns = active.shape[1]
    means = np.empty(n_patterns)
    for number in range(n_patterns):
        cells = active[:, number]
        own = cells[:, :, np.newaxis] & cells[:, np.newaxis] & single
        means[number] = weights[own].mean()
    if not (means > 0).all():
        return float("nan")
    return float(np.exp(-np.polyfit(np.arange(n_patterns), np.log(means), 1)[0]))


def simulated_minus_exact_decay(exam: PatternExamination) -> tuple[float, Recording]:
    """Return what waiting changes beside the decay, in the share of patterns recalled.

    Every pattern of a sequence is asked for after another delay; once the waiting is simulated,
    once the weights decay by their exact law.

    Parameters
    ----------
    exam : PatternExamination

    Returns
    -------
    float
        The share after the former less that after the latter.
    Recording
        With the waiting.
    """
    tau = exam.memory.parameters.recurrent.tau_fast
    delays = [share * tau for share in WAITED]
    questions = exam.questions(len(delays))
    waited = exam.memory.ask(questions.patterns, questions.cues, "waited", delays)
    weights = exam.memory.store(questions.patterns, "stored")
    by_law = [
        exam.scores(questions, exam.recall(questions, weights, delay)).recalled[:, position].mean()
        for position, delay in enumerate(delays)
    ]
    simulated = exam.scores(questions, waited).recalled.mean()
    return float(simulated - np.mean(by_law)), waited.recording
