"""The tags of other methods of hashing, to stand beside those of the spiking circuit.

All are given the same samples and have the same number k of active units. The algorithm and its
two controls are those of Dasgupta, Stevens & Navlakha 2017 (Science 358:793) and follow the code
published with it: samples have a mean of 100, and values are counted in steps of 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurosim.abstract.fly_hash import divide_by_mean, hash_codes, top_units
from neurosim.abstract.lsh import (
    FLOOR_WIDTH,
    MEAN_RATE,
    floor_hash,
    gaussian_projection,
    sign_hash,
)
from neurosim.hashing.odour_samples import OdourSamples

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from neurosim.hashing.retrieval import Tags

# What the tag of each method is; the circuit's come first.
TAGS: Mapping[str, str] = {
    "spiking_binary": "binary: cells that fire",
    "spiking_count": "valued: spikes of each cell",
    "algorithm_binary": "binary: winners, same projection",
    "algorithm_valued": "valued: winners' excitation, as published",
    "random_winners": "valued: the same k random cells for all samples",
    "dense": "valued: winners, dense projection to as many cells",
    "sign_lsh": "binary: signs of k dense projections, centred samples",
    "floor_lsh": "valued: k dense projections in steps of 10",
}
LSH = ("sign_lsh", "floor_lsh")
PUBLISHED = ("algorithm_valued", "random_winners", "dense", "floor_lsh")  # by Dasgupta et al. 2017
# Share of a step by which an excitation may fall short of it and still counts. Ours: far above the
# rounding of floats, far below what data resolve.
ROUNDING = 1e-6


def normalised(samples: np.ndarray) -> np.ndarray:
    """Return samples as all methods, and the true distances, take them: with a mean of 100.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        0 or higher.

    Returns
    -------
    ndarray of float, shape (n_samples, n_features)

    Raises
    ------
    InputError
        If a sample holds no number, a negative one or only zeros.
    """
    rows: np.ndarray = MEAN_RATE * divide_by_mean(samples)
    return rows


def algorithm_tags(
    samples: np.ndarray, projection: np.ndarray, n_active: int
) -> dict[str, csr_matrix]:
    """Return the tags of the algorithm.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        0 or higher.
    projection : ndarray of bool, shape (n_cells, n_features)
    n_active : int
        Winners, 1 to ``n_cells``.

    Returns
    -------
    dict of str to csr_matrix, shape (n_samples, n_cells)
        ``algorithm_binary`` and ``algorithm_valued``.

    Raises
    ------
    InputError
        If the samples do not fit the projection or are no rates, or `n_active` is out of range.
    """
    from scipy.sparse import csr_matrix

    winners = hash_codes(samples, projection, n_active)
    return {
        "algorithm_binary": csr_matrix(winners),
        "algorithm_valued": _valued(winners, normalised(samples) @ projection.T),
    }


def control_tags(
    samples: np.ndarray, projection: np.ndarray, n_active: int, generator: np.random.Generator
) -> dict[str, csr_matrix]:
    """Return the tags of the two controls of figure 2 of Dasgupta et al. 2017.

    Parameters
    ----------
    samples, projection, n_active
        As in `algorithm_tags`.
    generator : numpy.random.Generator
        Draws the random cells and the dense projection.

    Returns
    -------
    dict of str to csr_matrix, shape (n_samples, n_cells)
        ``random_winners`` (figure 2B): random cells instead of the most excited ones. They are the
        same for all samples, as in the published code: otherwise tags could not be compared.
        ``dense`` (figure 2A): the most excited cells of a dense Gaussian projection.

    Raises
    ------
    InputError
        If the samples are no rates or `n_active` is out of range.
    """
    rows, n_cells = normalised(samples), len(projection)
    dense = rows @ gaussian_projection(n_cells, rows.shape[1], generator).T
    winners = top_units(dense, n_active)
    chosen = np.zeros(winners.shape, dtype=bool)
    chosen[:, generator.choice(n_cells, n_active, replace=False)] = True
    return {
        "random_winners": _valued(chosen, rows @ projection.T),
        "dense": _valued(winners, dense),
    }


def lsh_tags(
    odours: OdourSamples, n_units: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the tags of locality-sensitive hashing of the scored samples.

    Parameters
    ----------
    odours : OdourSamples
        Those that calibrate give the centre that sign-LSH subtracts.
    n_units : int
        Length of the tags, 1 or more.
    generator : numpy.random.Generator
        Draws the projection, one for both.

    Returns
    -------
    dict of str to ndarray, shape (n_scored, n_units)
        ``sign_lsh`` and ``floor_lsh``; see `neurosim.abstract.lsh`.

    Raises
    ------
    InputError
        If the samples are no rates or `n_units` is below 1.
    """
    rows, centre = normalised(odours.scored), normalised(odours.calibrating).mean(axis=0)
    projection = gaussian_projection(n_units, rows.shape[1], generator)
    return {
        "sign_lsh": sign_hash(rows - centre, projection),
        "floor_lsh": floor_hash(rows, projection),
    }


def tags_of_all_methods(
    counts: csr_matrix,
    projection: np.ndarray,
    odours: OdourSamples,
    k: int,
    generator: np.random.Generator,
) -> dict[str, Tags]:
    """Return the tags of the scored samples by every method.

    Parameters
    ----------
    counts : csr_matrix, shape (n_scored, n_kenyon_cells)
        Spike counts of the circuit.
    projection : ndarray of bool, shape (n_kenyon_cells, n_features)
        The circuit's.
    odours : OdourSamples
    k : int
        Active units of the other methods, 1 to ``n_kenyon_cells``.
    generator : numpy.random.Generator
        Draws what the other methods draw.

    Returns
    -------
    dict of str to ndarray or csr_matrix
        By the names of `TAGS`.

    Raises
    ------
    InputError
        If the samples do not fit the projection or are no rates, or `k` is out of range.
    """
    return {
        "spiking_binary": counts > 0,
        "spiking_count": counts,
        **algorithm_tags(odours.scored, projection, k),
        **control_tags(odours.scored, projection, k, generator),
        **lsh_tags(odours, k, generator),
    }


def _valued(winners: np.ndarray, excitation: np.ndarray) -> csr_matrix:
    from scipy.sparse import csr_matrix

    return csr_matrix(np.floor(excitation / FLOOR_WIDTH + ROUNDING) * winners)
