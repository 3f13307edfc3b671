"""Locality-sensitive hashing by dense random projections: the baseline of the fly's hash.

Every unit of a tag is one dense Gaussian projection of the sample. `floor_hash` keeps its value in
steps of a width, the baseline of Dasgupta et al. 2017 [1]_; `sign_hash` keeps its sign [2]_.

The published comparison gives both methods the same rows and the same number k of active units,
and projects them with k dense units here and 20 k sparse ones in the fly, which is about the same
number of operations::

    rows = MEAN_RATE * divide_by_mean(samples)
    projection = gaussian_projection(k, n_features, generator)
    tags = floor_hash(rows, projection)
    bits = sign_hash(rows - rows.mean(axis=0), projection)

.. [1] Dasgupta, Stevens & Navlakha 2017, A neural algorithm for a fundamental computing problem,
   Science 358:793-796, and the code published with it.
.. [2] Charikar 2002, Similarity estimation techniques from rounding algorithms, Proceedings of the
   34th ACM Symposium on Theory of Computing, 380-388, section 3.
.. [3] Datar, Immorlica, Indyk & Mirrokni 2004, Locality-sensitive hashing scheme based on p-stable
   distributions, Proceedings of the 20th Symposium on Computational Geometry, 253-262.
"""

from __future__ import annotations

import numpy as np

from neurosim.errors import InputError

# Mean of every row before the projection (SET_MEAN) and the width of a step. Published, in the code
# of Dasgupta et al. 2017; they belong together, and a comment there asks why the width is 10.
MEAN_RATE = 100.0
FLOOR_WIDTH = 10.0


def gaussian_projection(
    n_units: int, n_features: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw a dense projection with independent standard normal weights.

    Parameters
    ----------
    n_units, n_features : int
        Length of the tags and of the samples, 1 or more.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (n_units, n_features)

    Raises
    ------
    InputError
        If a number is below 1.
    """
    for name, number in (("units", n_units), ("features", n_features)):
        if number < 1:
            raise InputError(f"The number of {name} is {number}, expected 1 or more.")
    return generator.standard_normal((n_units, n_features))


def floor_hash(
    samples: np.ndarray, projection: np.ndarray, width: float = FLOOR_WIDTH
) -> np.ndarray:
    """Hash samples into valued tags: each projection in whole steps of `width`, rounded down.

    As in the code of Dasgupta et al. 2017 [1]_. Datar et al. 2004 [3]_ add a random offset to each
    unit; with steps as fine as here it would change little, and the code sets it to 0.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        For the published steps, rows of mean `MEAN_RATE`.
    projection : ndarray of float, shape (n_units, n_features)
        From `gaussian_projection`.
    width : float
        Size of a step in the units of the projected samples, above 0.

    Returns
    -------
    ndarray of float, shape (n_samples, n_units)
        Whole numbers. The tags' Euclidean distance is the measure of how far samples are apart.

    Raises
    ------
    InputError
        If the arrays do not fit or hold a value that is not finite, or the width is not above 0.
    """
    if not 0 < width < np.inf:
        raise InputError(f"The width of a step is {width:g}, expected a number above 0.")
    tags: np.ndarray = np.floor(_project(samples, projection) / width)
    return tags


def sign_hash(samples: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """Hash samples into bits: on which side of each random hyperplane a sample lies.

    Two samples differ in a bit with the probability of their angle, seen from the origin, over pi
    (Charikar 2002 [2]_).

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        Centred: the mean over samples of each feature subtracted, as the notes explain.
    projection : ndarray of float, shape (n_units, n_features)
        From `gaussian_projection`.

    Returns
    -------
    ndarray of bool, shape (n_samples, n_units)
        True where the projection is 0 or higher. The Euclidean distance between such tags is the
        square root of the number of bits that differ.

    Raises
    ------
    InputError
        If the arrays do not fit or hold a value that is not finite.

    Notes
    -----
    Samples that are not negative, as rates are, lie in one orthant, where their angles from the
    origin are small: most hyperplanes through the origin have nearly all samples on one side, and
    their bits say nothing. So a fair baseline subtracts the mean of the samples first, which is
    done by the caller because that mean has to serve unseen samples too. It has two limits left. It
    knows angles and not lengths, whereas the true neighbours are Euclidean. And k bits hold at most
    k bits of information, while k active units of m hold up to ``log2(m choose k)``, so that a
    comparison at equal k is one per active unit and not one per bit.
    """
    bits: np.ndarray = _project(samples, projection) >= 0
    return bits


def _project(samples: np.ndarray, projection: np.ndarray) -> np.ndarray:
    rows = np.asarray(samples, dtype=float)
    weights = np.asarray(projection, dtype=float)
    for values, name, shape in (
        (rows, "samples", "(n_samples, n_features)"),
        (weights, "projection", "(n_units, n_features)"),
    ):
        if values.ndim != 2:
            verb = "have" if name == "samples" else "has"
            raise InputError(f"The {name} {verb} the shape {values.shape}, expected {shape}.")
        valid = np.isfinite(values).all(axis=1)
        if not valid.all():
            raise InputError(
                f"Row {np.flatnonzero(~valid)[0]} of the {name} holds a value that is not finite, "
                "expected numbers."
            )
    if rows.shape[1] != weights.shape[1]:
        raise InputError(
            f"The samples have {rows.shape[1]} features, expected the {weights.shape[1]} "
            "of the projection."
        )
    projected: np.ndarray = rows @ weights.T
    return projected
