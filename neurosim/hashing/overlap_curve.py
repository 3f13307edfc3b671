"""Overlap of tags against the similarity of their inputs, over many pairs of inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class BinnedQuartiles:
    """How one quantity is distributed where another has about the same value.

    Parameters
    ----------
    centre : ndarray of float, shape (n_bins,)
        Middle of each bin of the other quantity.
    lower, median, upper : ndarray of float, shape (n_bins,)
        Quartiles of the quantity in the bin; not a number where there are too few values.
    """

    centre: np.ndarray
    lower: np.ndarray
    median: np.ndarray
    upper: np.ndarray


def binned_quartiles(
    x: npt.ArrayLike, y: npt.ArrayLike, n_bins: int, fewest: int
) -> BinnedQuartiles:
    """Return the quartiles of `y` in equally wide bins over the range of `x`.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
    n_bins : int
        1 or more.
    fewest : int
        Values that a bin needs; the quartiles of fewer would say little.

    Returns
    -------
    BinnedQuartiles

    Raises
    ------
    InputError
        If the arrays are not one-dimensional and of one length, or there is no bin.
    """
    position, value = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if position.ndim != 1 or position.shape != value.shape or position.size == 0:
        raise InputError(
            f"The values have the shapes {position.shape} and {value.shape}, expected the same "
            "one-dimensional shape with a value or more."
        )
    if n_bins < 1:
        raise InputError(f"The number of bins is {n_bins}, expected 1 or more.")
    edges = np.linspace(position.min(), position.max(), n_bins + 1)
    number = np.searchsorted(edges[1:-1], position, side="right")
    quartiles = np.full((n_bins, len(QUARTILES)), np.nan)
    for k in range(n_bins):
        values = value[number == k]
        if len(values) >= max(fewest, 1):
            quartiles[k] = np.quantile(values, QUARTILES)
    lower, median, upper = quartiles.T
    return BinnedQuartiles((edges[:-1] + edges[1:]) / 2, lower, median, upper)
