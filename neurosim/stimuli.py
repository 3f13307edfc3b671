"""Codes of active units: random ones, and parts of a code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.errors import InputError


def disjoint_codes(
    n_codes: int, n_units: int, n_active: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw codes that share no unit.

    Parameters
    ----------
    n_codes, n_units, n_active : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n_codes, n_units)

    Raises
    ------
    InputError
        If there are too few units.
    """
    if n_codes * n_active > n_units:
        raise InputError(
            f"{n_codes} disjoint codes of {n_active} units need {n_codes * n_active} units, "
            f"but there are {n_units}."
        )
    codes = np.zeros((n_codes, n_units), dtype=bool)
    members = generator.permutation(n_units)[: n_codes * n_active].reshape(n_codes, n_active)
    np.put_along_axis(codes, members, True, axis=1)
    return codes


def part_of(code: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Draw a part of a code.

    Parameters
    ----------
    code : ndarray of bool, shape (n_units,)
    share : float
        Of its units, between 0 and 1; rounded down to whole units.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n_units,)
    """
    members = np.flatnonzero(code)
    chosen = generator.permutation(members)[: int(share * len(members))]
    part = np.zeros_like(code)
    part[chosen] = True
    return part


def rounds(names: Sequence[str], n_rounds: int, generator: np.random.Generator) -> list[str]:
    """Return every name once a round, each round in a random order of its own."""
    return [names[k] for _ in range(n_rounds) for k in generator.permutation(len(names))]
