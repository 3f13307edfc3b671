"""The exact fast-weight matrix on the strings of the associative retrieval task.

The yardstick beside a spiking memory that is given the same strings, codes and times. The pairs
follow each other at one interval, and the query comes a delay after the last one::

    scores = digit_scores(sequences, codes, tau_fast=4.0, interval=0.2, delay=0.0, rate=1.0)
    answers = sequence_indices(sequences).answers
    noise_sd = fit_noise(scores, answers, accuracy=0.92)      # at one number of pairs and tau_fast
    expected_accuracy(other_scores, other_answers, noise_sd)  # predicted for the others

(`fit_noise` and `expected_accuracy` are in `neurosim.abstract.value_readout`.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.abstract.fast_weights import FastWeights, StoreRule, hebbian
from neurosim.fast_weights.key_value_codes import KeyValueCodes, patterns
from neurosim.fast_weights.retrieval_strings import DIGITS, KeyValueSequence, sequence_indices


def digit_scores(
    sequences: Sequence[KeyValueSequence],
    codes: KeyValueCodes | Sequence[KeyValueCodes],
    *,
    tau_fast: float,
    interval: float,
    delay: float,
    rate: float,
    rule: StoreRule = hebbian,
) -> np.ndarray:
    """Return how strongly the matrix of each sequence answers its query with each digit.

    Parameters
    ----------
    sequences : sequence of KeyValueSequence
        They may differ in their number of pairs.
    codes : KeyValueCodes or sequence of KeyValueCodes
        The same for all sequences, or one for each.
    tau_fast : float
        Time constant of the decay, seconds.
    interval : float
        From one pair to the next, seconds.
    delay : float
        From the last pair to the query, seconds.
    rate : float
        Of storing. With 1 the score of a pair just stored is the number of its key's cells; with 1
        over that number it is 1.
    rule : callable
        How a pair is stored, see `neurosim.abstract.fast_weights`.

    Returns
    -------
    ndarray of float, shape (n_sequences, 10)
        Mean over the cells of each digit, in the order of
        `neurosim.fast_weights.retrieval_strings.DIGITS`.

    Raises
    ------
    InputError
        If a time is out of range.
    """
    # The cells of a digit all receive the same, and no digit shares any, so one cell stands for all
    # of them.
    one_cell_each = np.eye(len(DIGITS))
    key_codes = _stacked(codes, "keys")
    memory = _stored(sequences, key_codes, one_cell_each, tau_fast, interval, rate, rule)
    memory.decay(delay)
    return memory.retrieve(patterns(key_codes, sequence_indices(sequences).queries))


def stored_matrices(
    sequences: Sequence[KeyValueSequence],
    codes: KeyValueCodes | Sequence[KeyValueCodes],
    *,
    tau_fast: float,
    interval: float,
    rate: float,
    rule: StoreRule = hebbian,
) -> np.ndarray:
    """Return the matrix of each sequence right after its last pair.

    Parameters
    ----------
    sequences, codes, tau_fast, interval, rate, rule
        As in `digit_scores`.

    Returns
    -------
    ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
        Compare it with the weights of a circuit, cell by cell.

    Raises
    ------
    InputError
        If a time is out of range.
    """
    key_codes, value_codes = _stacked(codes, "keys"), _stacked(codes, "values")
    return _stored(sequences, key_codes, value_codes, tau_fast, interval, rate, rule).matrix


def _stacked(codes: KeyValueCodes | Sequence[KeyValueCodes], name: str) -> np.ndarray:
    if isinstance(codes, KeyValueCodes):
        shared: np.ndarray = getattr(codes, name)
        return shared
    return np.stack([getattr(one, name) for one in codes])


def _stored(
    sequences: Sequence[KeyValueSequence],
    key_codes: np.ndarray,
    value_codes: np.ndarray,
    tau_fast: float,
    interval: float,
    rate: float,
    rule: StoreRule,
) -> FastWeights:
    indices = sequence_indices(sequences)
    memory = FastWeights(len(sequences), value_codes.shape[-1], key_codes.shape[-1], tau_fast)
    keys, values = patterns(key_codes, indices.keys), patterns(value_codes, indices.values)
    for pair in range(indices.keys.shape[1]):
        memory.decay(interval)
        memory.store(keys[:, pair], values[:, pair], rate, rule)
    return memory
