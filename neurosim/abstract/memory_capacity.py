"""How many pairs or patterns fast weights hold: the number at which nine of ten are right.

Keys and patterns are random here. Orthogonal keys are a table in which each has a place of its own,
so their number is that of the places.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurosim.abstract.fast_weights import attend
from neurosim.abstract.pattern_recall import is_recalled, recall
from neurosim.abstract.value_readout import expected_accuracy
from neurosim.errors import InputError
from neurosim.fast_weights.key_value_codes import sparse_codes
from neurosim.fast_weights.retrieval_strings import DIGITS
from neurosim.stimuli import part_of

# Share of right answers at the capacity. Ours.
CRITERION = 0.9
# The number is sought to this share of itself, finer than the noise of the accuracies. Ours.
_PRECISION = 0.02


def pair_accuracy(
    n_pairs: int,
    draw_keys: Callable[[int], np.ndarray],
    n_sequences: int,
    generator: np.random.Generator,
    *,
    left_per_pair: float = 1.0,
    noise_sd: float = 0.0,
) -> float:
    """Return the share of right answers of the exact matrix for random keys and ten values.

    Parameters
    ----------
    n_pairs : int
        Stored in each sequence. All of them are asked for.
    draw_keys : callable
        Returns as many keys as it is asked for, shape (n_pairs, n_key_cells), for example with
        `neurosim.fast_weights.key_value_codes.gaussian_keys`.
    n_sequences : int
        Each draws its keys and values anew.
    generator : numpy.random.Generator
        Draws the values.
    left_per_pair : float
        What is left of a pair when the next one is stored, lambda; 1 for no decay.
    noise_sd : float
        Of the noise on the score of each value. The score of a pair just stored is the squared
        length of its key: 1 for dense keys, the number of active cells for sparse ones.

    Returns
    -------
    float
    """
    left = _left(n_pairs, left_per_pair)
    shares = []
    for _ in range(n_sequences):
        keys = draw_keys(n_pairs).astype(float)
        answers = generator.integers(len(DIGITS), size=n_pairs)
        scores = attend(keys, np.eye(len(DIGITS))[answers], left, keys)
        shares.append(expected_accuracy(scores, answers, noise_sd))
    return float(np.mean(shares))


def pattern_accuracy(
    n_patterns: int,
    n_cells: int,
    n_active: int,
    n_sequences: int,
    generator: np.random.Generator,
    *,
    cued_share: float,
    n_steps: int,
    left_per_pattern: float = 1.0,
    noise_sd: float = 0.0,
) -> float:
    """Return the share of random sparse patterns that are recalled from a part of their cells.

    Parameters
    ----------
    n_patterns : int
        Stored in each sequence. All of them are asked for.
    n_cells, n_active : int
        Of the population, and of a pattern.
    n_sequences : int
        Each draws its patterns anew.
    generator : numpy.random.Generator
        Draws patterns, cues and noise.
    cued_share : float
        Share of a pattern's cells that the cue drives.
    n_steps, noise_sd
        As in `neurosim.abstract.pattern_recall.recall`.
    left_per_pattern : float
        What is left of a pattern when the next one is stored, lambda; 1 for no decay.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If a number is out of range.
    """
    left = _left(n_patterns, left_per_pattern)
    shares = []
    for _ in range(n_sequences):
        stored = sparse_codes(n_patterns, n_cells, n_active, generator)
        cues = np.array([part_of(pattern, cued_share, generator) for pattern in stored])
        states = recall(stored, left, cues, n_steps, noise_sd, generator)
        shares.append(is_recalled(states, stored).mean())
    return float(np.mean(shares))


def capacity(accuracy: Callable[[int], float], highest: int, criterion: float = CRITERION) -> float:
    """Return the number of items at which the accuracy falls to the criterion.

    Parameters
    ----------
    accuracy : callable
        Share of right answers for a number of items, for example of `pair_accuracy`. It falls
        with their number, but for noise.
    highest : int
        Number at which the search ends.
    criterion : float

    Returns
    -------
    float
        Interpolated between whole numbers; 0 if already one item is below the criterion, `highest`
        if all are above.

    Raises
    ------
    InputError
        If `highest` is below 1.
    """
    if highest < 1:
        raise InputError(f"The highest number of items is {highest}, expected 1 or more.")
    high, at_high = 1, accuracy(1)
    if at_high < criterion:
        return 0.0
    while at_high >= criterion:
        if high == highest:
            return float(highest)
        low, at_low = high, at_high
        high = min(2 * high, highest)
        at_high = accuracy(high)
    while high - low > max(1, _PRECISION * high):
        middle = (low + high) // 2
        at_middle = accuracy(middle)
        if at_middle >= criterion:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return low + (high - low) * (at_low - criterion) / (at_low - at_high)


def _left(number: int, left_per_item: float) -> np.ndarray:
    left: np.ndarray = left_per_item ** np.arange(number)[::-1]
    return left
