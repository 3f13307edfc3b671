"""Retrieval against the number of pairs, with orthogonal and with random keys, and its controls."""

from __future__ import annotations

import math

import numpy as np

from neurosim.abstract.associative_retrieval import stored_matrices
from neurosim.fast_weights.examination import Examination, Measured, fitted_noise
from neurosim.fast_weights.schedule import Codes

PAIRS = (4, 8, 16, 26)


def examine_orthogonal_keys(exam: Examination) -> Measured:
    """Ask for 4 to 26 pairs; compare the weights with the exact matrix, cell by cell.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``retrieved_K_pairs``, and ``correlation_K_pairs`` over all synapses of all strings right
        after the last pair, for the fewest and the most pairs.
    """
    codes = exam.memory.orthogonal_codes()
    recording, values = _ask(exam, codes)
    parameters = exam.memory.parameters
    for n_pairs in (PAIRS[0], PAIRS[-1]):
        strings = exam.strings(n_pairs)[: parameters.simulation.n_blocks]
        weights = exam.memory.store(strings, codes, f"{n_pairs} pairs")
        matrix = stored_matrices(
            strings,
            codes,
            tau_fast=parameters.key_to_value.tau_fast,
            interval=parameters.presentation.interval,
            rate=1.0,
        )
        values[f"correlation_{n_pairs}_pairs"] = correlation(weights, matrix)
    return recording, values


def examine_random_keys(exam: Examination) -> Measured:
    """Ask for 4 to 26 pairs whose keys overlap, and the exact matrix with the circuit's noise.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``retrieved_K_pairs``, ``matrix_K_pairs`` and their ``difference_K_pairs``; ``noise``.
    """
    noise_sd = fitted_noise(exam, exam.memory.orthogonal_codes())
    larger = exam.with_random_keys()
    codes = larger.memory.random_codes(exam.n_strings)
    recording, values = _ask(larger, codes)
    for n_pairs in PAIRS:
        expected = larger.exact_share_right(larger.strings(n_pairs), codes, noise_sd)
        values[f"matrix_{n_pairs}_pairs"] = expected
        values[f"difference_{n_pairs}_pairs"] = values[f"retrieved_{n_pairs}_pairs"] - expected
    return recording, values | {"noise": noise_sd}


def examine_without_learning(exam: Examination) -> Measured:
    """Show and ask as with orthogonal keys, but store nothing."""
    naive = exam.memory.changed(key_to_value__learning_rate=0.0)
    return _ask(Examination(naive, exam.n_strings), naive.orthogonal_codes())


def examine_shuffled(exam: Examination) -> Measured:
    """Store; then let each key cell forget which of its synapses had which weight, and ask."""
    codes, strings = exam.memory.orthogonal_codes(), exam.strings(PAIRS[0])
    weights = exam.memory.store(strings, codes, f"{PAIRS[0]} pairs")
    shuffled = exam.generator("shuffled").permuted(weights, axis=1)
    gap = exam.memory.parameters.presentation.gap
    answers = exam.memory.recall(shuffled, strings, codes, gap, "shuffled")
    share = exam.share_right(answers.rates[0], strings)
    return answers.recording, {f"retrieved_{PAIRS[0]}_pairs": share}


def _ask(exam: Examination, codes: Codes) -> Measured:
    values, recordings = {}, []
    for n_pairs in PAIRS:
        share, answers = exam.ask(exam.strings(n_pairs), codes, f"{n_pairs} pairs")
        values[f"retrieved_{n_pairs}_pairs"] = share
        recordings.append(answers.recording)
    return recordings[0], values


def correlation(weights: np.ndarray, matrix: np.ndarray) -> float:
    """Return Pearson's correlation over all elements; nan if either has no variance."""
    first, second = (array.ravel() - array.mean() for array in (weights, matrix))
    norm = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / norm if norm > 0 else math.nan
