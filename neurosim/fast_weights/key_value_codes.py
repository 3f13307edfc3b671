"""Cells that stand for letters and digits: the patterns of an associative memory.

The same arrays are the patterns that a spiking circuit is driven with and the vectors that the
exact fast-weight matrix stores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.errors import InputError
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS
from neurosim.stimuli import disjoint_codes


@dataclass(frozen=True)
class KeyValueCodes:
    """The cells of every letter and every digit.

    Parameters
    ----------
    keys : ndarray of bool or float, shape (26, n_key_cells)
        In the order of `neurosim.fast_weights.retrieval_strings.LETTERS`; graded keys have the
        strength of the stimulus of each cell.
    values : ndarray of bool, shape (10, n_value_cells)
        In the order of `neurosim.fast_weights.retrieval_strings.DIGITS`; no cell belongs to two.
    """

    keys: np.ndarray
    values: np.ndarray


def orthogonal_codes(
    n_key_cells: int,
    n_value_cells: int,
    cells_per_letter: int,
    cells_per_digit: int,
    generator: np.random.Generator,
) -> KeyValueCodes:
    """Draw codes that share no cell.

    Parameters
    ----------
    n_key_cells, n_value_cells : int
        260 and 100 with 10 cells per symbol.
    cells_per_letter, cells_per_digit : int
    generator : numpy.random.Generator

    Returns
    -------
    KeyValueCodes

    Raises
    ------
    InputError
        If there are too few cells.
    """
    return KeyValueCodes(
        disjoint_codes(len(LETTERS), n_key_cells, cells_per_letter, generator),
        disjoint_codes(len(DIGITS), n_value_cells, cells_per_digit, generator),
    )


def random_key_codes(
    n_key_cells: int,
    n_value_cells: int,
    cells_per_letter: int,
    cells_per_digit: int,
    generator: np.random.Generator,
) -> KeyValueCodes:
    """Draw sparse random codes for the letters, which overlap, and disjoint ones for the digits.

    Parameters
    ----------
    n_key_cells, n_value_cells : int
    cells_per_letter, cells_per_digit : int
        26 or 52 of 260 cells, and 10 of 100.
    generator : numpy.random.Generator

    Returns
    -------
    KeyValueCodes

    Raises
    ------
    InputError
        If there are too few cells.
    """
    return KeyValueCodes(
        sparse_codes(len(LETTERS), n_key_cells, cells_per_letter, generator),
        disjoint_codes(len(DIGITS), n_value_cells, cells_per_digit, generator),
    )


def sparse_codes(
    n_codes: int, n_units: int, n_active: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw codes independently, each of the same number of units.

    Parameters
    ----------
    n_codes, n_units, n_active : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n_codes, n_units)
        Two codes share ``n_active**2 / n_units`` units on average.

    Raises
    ------
    InputError
        If there are too few units, or none of them is active.
    """
    if not 1 <= n_active <= n_units:
        raise InputError(
            f"The number of active units is {n_active}, expected 1 to {n_units} (the units)."
        )
    template = np.arange(n_units) < n_active
    return generator.permuted(np.tile(template, (n_codes, 1)), axis=1)


def gaussian_keys(n_keys: int, n_cells: int, generator: np.random.Generator) -> np.ndarray:
    """Draw dense keys: independent standard normal vectors, scaled to a length of 1.

    Parameters
    ----------
    n_keys, n_cells : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (n_keys, n_cells)
        The product of two has the mean 0 and the variance ``1 / n_cells``.
    """
    keys = generator.standard_normal((n_keys, n_cells))
    unit_length: np.ndarray = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    return unit_length


def patterns(codes: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Look up the patterns of symbols.

    Parameters
    ----------
    codes : ndarray, shape (n_symbols, n_cells) or (n_sequences, n_symbols, n_cells)
        One code book for all sequences, or one for each.
    indices : ndarray of int, shape (n_sequences,) or (n_sequences, n_pairs)
        Of `neurosim.fast_weights.retrieval_strings.SequenceIndices`.

    Returns
    -------
    ndarray of float, shape (*indices.shape, n_cells)
        Zeros where the index is `neurosim.fast_weights.retrieval_strings.NO_PAIR`.
    """
    silent = np.zeros((*codes.shape[:-2], 1, codes.shape[-1]))
    with_silent = np.concatenate([codes, silent], axis=-2)  # which the index -1 picks
    if codes.ndim == 2:
        shown: np.ndarray = with_silent[indices]
    else:
        sequences = np.arange(len(codes)).reshape(-1, *[1] * (indices.ndim - 1))
        shown = with_silent[sequences, indices]
    return shown
