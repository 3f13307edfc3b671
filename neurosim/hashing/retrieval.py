"""How well tags find near neighbours, and how alike tags and samples are.

A tag is what a hash makes of a sample: bits, spike counts or other values, one column per unit, as
a NumPy array or a SciPy CSR matrix. The evaluation by mean average precision follows the code of
Dasgupta et al. 2017 [1]_.

.. [1] Dasgupta, Stevens & Navlakha 2017, A neural algorithm for a fundamental computing problem,
   Science 358:793-796, and the code published with it.
.. [2] Manning, Raghavan & Schuetze 2008, Introduction to Information Retrieval, Cambridge
   University Press, section 8.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    Tags: TypeAlias = np.ndarray | csr_matrix

# Share of the other samples that count as near neighbours. Published: 200 of 10,000.
NEIGHBOUR_FRACTION = 0.02
AVERAGE_PRECISION_RULES = ("hits", "relevant")
# Entropy of the draws that break ties. Ours: fixed, so that methods are compared on equal draws.
TIE_SEED = 0
# Distances that are held at a time. Ours: 16 MB for each array of a block of queries.
BLOCK_ELEMENTS = 2**21
# Whole numbers below are exact in single precision, in any order of summation.
EXACT_IN_SINGLE = 2**24
# Steps from 0 to the largest squared distance, where values are not whole numbers. Ours: large
# beside the rounding errors of a sum, and small beside any difference that matters.
STEPS = 2**36


def mean_average_precision(
    samples: npt.ArrayLike,
    tags: Tags,
    queries: npt.ArrayLike | None = None,
    fraction: float = NEIGHBOUR_FRACTION,
    rule: str = "hits",
) -> float:
    """Return how well the distance between tags finds the near neighbours of samples.

    For every query the truth is the nearest 2 % of the other samples by Euclidean distance; the
    tags rank the other samples by the Euclidean distance between tags. The precision at a place of
    this list is the share of true neighbours up to there.

    Parameters
    ----------
    samples : array_like of float, shape (n_samples, n_features)
        As the published code compares them: after the normalisation that all methods share.
    tags : ndarray or CSR matrix, shape (n_samples, n_units)
        Bits or numbers.
    queries : array_like of int, shape (n_queries,), optional
        Row numbers; all samples if not given. Published: 1000 of 10,000 samples; in the code, 100
        in each repeat.
    fraction : float
        Share of the other samples that are true neighbours, above 0 and at most 1, rounded to a
        number of samples of one or more. (The published code rounds down, and takes ten or more.)
    rule : {"hits", "relevant"}
        The average precision of a query. ``"hits"``, that of the published code [1]_: as many
        samples as there are true neighbours are retrieved, and the precision is averaged over the
        true neighbours among them; 0 if there are none. ``"relevant"``, that of the textbook [2]_:
        the list goes on to its end, and the precision is averaged over all true neighbours. The
        first rewards a few early hits: one hit in the first place is worth as much as finding
        every neighbour. For random tags and few neighbours among many samples the second is about
        `fraction`.

    Returns
    -------
    float
        From 0 to 1, the mean over queries.

    Raises
    ------
    InputError
        If the arrays do not fit or hold a value that is not finite, a query is no row, the fraction
        is out of its range or there is no such rule, or all other samples equal a query.

    Notes
    -----
    A query is no candidate for itself, and, as in the published code, neither is a sample that
    equals it in every feature.

    Short tags of bits have very many equal distances. The published code ranks them by row, which
    for samples in random order is a random draw, and for samples sorted by class would favour
    those of some classes. Here they are ranked at random, query by query, with draws that are the
    same for all tags, so that a result repeats. Ties at the edge of the truth are decided by other
    draws: with the same ones, tags that are all equal would find neighbours. So tags that equal the
    samples score a little below 1 where several samples are equally far from a query.
    """
    if rule not in AVERAGE_PRECISION_RULES:
        raise InputError(
            f"There is no rule '{rule}' for the average precision; "
            f"{nearest_name(str(rule), AVERAGE_PRECISION_RULES)}"
        )
    if not 0 < fraction <= 1:
        raise InputError(
            f"The fraction of near neighbours is {fraction:g}, expected above 0 and at most 1."
        )
    values = _dense(samples, "samples")
    inputs, outputs = _Points(values), _Points(_matrix(tags, "tags"))
    n_samples = len(values)
    if outputs.n != n_samples:
        raise InputError(
            f"There are {outputs.n} tags, expected one for each of {n_samples} samples."
        )
    if n_samples < 2:
        raise InputError(f"The number of samples is {n_samples}, expected 2 or more.")
    rows = np.arange(n_samples) if queries is None else _row_numbers(queries, n_samples)
    n_true = max(round(fraction * (n_samples - 1)), 1)
    n_listed = n_true if rule == "hits" else n_samples
    kind = _kinds(values)

    total = 0.0
    for block in np.array_split(rows, math.ceil(len(rows) * n_samples / BLOCK_ELEMENTS)):
        excluded = kind[block, np.newaxis] == kind
        lonely = excluded.all(axis=1)
        if lonely.any():
            raise InputError(
                f"All samples equal sample {block[lonely][0]}, expected others to retrieve."
            )
        true_order, tag_order = _draws(block, n_samples)
        for order, points in ((true_order, inputs), (tag_order, outputs)):
            order += points.squared_distances(block)
            order[excluded] = np.inf
        nearest = np.argpartition(true_order, n_true - 1, axis=1)[:, :n_true]
        is_true = np.zeros(excluded.shape, dtype=bool)
        np.put_along_axis(is_true, nearest, True, axis=1)
        is_true &= ~excluded
        listed = np.argsort(tag_order, axis=1)[:, :n_listed]
        total += _average_precision(np.take_along_axis(is_true, listed, axis=1)).sum()
    return float(total / len(rows))


def _average_precision(hit: np.ndarray) -> np.ndarray:
    # The list decides the rule: to its end it has all true neighbours.
    places = np.arange(1, hit.shape[1] + 1)
    n_hits = hit.cumsum(axis=1)
    precision = np.where(hit, n_hits / places, 0.0).sum(axis=1)
    average: np.ndarray = precision / np.maximum(n_hits[:, -1], 1)
    return average


class _Points:
    """Rows of a matrix, and their squared distances in steps.

    Distances that are equal but for rounding errors have to tie, or the order of summation would
    decide. So a step is 1 for whole numbers, which have no such errors, and for others it is large
    beside the errors: a draw from 0 to 1 step decides between equal distances, and only there.
    """

    def __init__(self, matrix: Any) -> None:
        self.n = matrix.shape[0]
        kind = matrix.dtype.kind
        data = matrix.data if _is_sparse(matrix) else matrix
        largest = _largest(data)
        whole = largest < STEPS and (kind in "biu" or bool((data == np.rint(data)).all()))
        if not whole:
            matrix = matrix * (1 / largest)  # squares of very large numbers overflow
        if not _is_sparse(matrix) and kind != "b":
            # What all rows have in common would cost the differences their digits.
            centre = matrix.mean(axis=0)
            matrix = matrix - (np.rint(centre) if whole else centre)
        # No squared distance, and no part of one, is larger.
        bound = 4 * _largest(matrix.data if _is_sparse(matrix) else matrix) ** 2 * matrix.shape[1]
        exact = whole and bound < STEPS
        precision = np.float32 if exact and bound < EXACT_IN_SINGLE else np.float64
        self.matrix = matrix.astype(precision)
        if _is_sparse(matrix):
            self.transposed = self.matrix.T.tocsr()
            norms = self.matrix.multiply(self.matrix).sum(axis=1)
            self.squared_norms = np.asarray(norms, dtype=precision).ravel()
        else:
            self.transposed = self.matrix.T
            self.squared_norms = np.einsum("ij,ij->i", self.matrix, self.matrix)
        self.step = 1.0 if exact else 4 * float(self.squared_norms.max()) / STEPS or 1.0

    def squared_distances(self, rows: np.ndarray) -> np.ndarray:
        """Return the squared distances of some rows to all, shape (len(rows), n)."""
        product = self.matrix[rows] @ self.transposed
        distances: np.ndarray = product.toarray() if _is_sparse(product) else product
        distances *= -2
        distances += self.squared_norms[rows, np.newaxis]
        distances += self.squared_norms
        distances /= self.step
        return distances


def _largest(values: np.ndarray) -> float:
    return max(float(values.max(initial=0)), -float(values.min(initial=0)))


def _kinds(samples: np.ndarray) -> np.ndarray:
    """Return a number for each sample, the same for equal ones."""
    numbers: dict[bytes, int] = {}
    rows = np.ascontiguousarray(samples + 0.0)  # which turns -0 into 0
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows])


def _draws(queries: np.ndarray, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    draws = np.empty((2, len(queries), n_samples))
    for place, query in enumerate(queries.tolist()):
        draws[:, place] = np.random.default_rng((TIE_SEED, query)).random((2, n_samples))
    return draws[0], draws[1]


def jaccard(first: Tags, second: Tags) -> np.ndarray:
    """Return the Jaccard index of the tags in the same row, as between two trials of each sample.

    Parameters
    ----------
    first, second : ndarray or CSR matrix, shape (n_samples, n_units)
        Bits: boolean, or numbers of 0 and 1.

    Returns
    -------
    ndarray of float, shape (n_samples,)
        The number of units in both tags over that of units in either; 0 if both are empty, as in
        `neurosim.statistics.jaccard`.

    Raises
    ------
    InputError
        If the tags are not bits or not of one shape.
    """
    one, other = _bits(first, "first tags"), _bits(second, "second tags")
    if one.shape != other.shape:
        raise InputError(
            f"The tags have the shapes {one.shape} and {other.shape}, expected the same."
        )
    common, sizes = _common_units(one, other)
    union = sizes - common
    index: np.ndarray = common / np.maximum(union, 1)
    return index


def pairwise_overlap(tags: Tags, pairs: npt.ArrayLike) -> np.ndarray:
    """Return the overlap of pairs of tags: the units in both over the mean size of the two.

    For tags of k units each this is the share of the k, the measure of
    `neurosim.abstract.overlap_law.expected_overlap`. The tags of a spiking circuit differ in size,
    and the mean size is unbiased there to first order: `neurosim.statistics.overlap`, which divides
    by the smaller set, would report more overlap the more the sizes vary.

    Parameters
    ----------
    tags : ndarray or CSR matrix, shape (n_samples, n_units)
        Bits: boolean, or numbers of 0 and 1.
    pairs : array_like of int, shape (n_pairs, 2)
        Row numbers, as from `random_pairs`.

    Returns
    -------
    ndarray of float, shape (n_pairs,)
        0 if both tags are empty.

    Raises
    ------
    InputError
        If the tags are not bits or the pairs are not pairs of rows.
    """
    bits = _bits(tags, "tags")
    rows = _pairs(pairs, bits.shape[0])
    common, sizes = _common_units(bits[rows[:, 0]], bits[rows[:, 1]])
    overlap: np.ndarray = 2 * common / np.maximum(sizes, 1)
    return overlap


def _common_units(one: Any, other: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the units in both tags of each row, and the sum of the sizes of the two."""
    if _is_sparse(other):
        one, other = other, one
    common = one.multiply(other) if _is_sparse(one) else one & other
    shared, first, second = (
        np.asarray(bits.sum(axis=1), dtype=float).ravel() for bits in (common, one, other)
    )
    return shared, first + second


def cosine_similarity(samples: npt.ArrayLike, pairs: npt.ArrayLike) -> np.ndarray:
    """Return the cosine of the angle between pairs of samples.

    Parameters
    ----------
    samples : array_like of float, shape (n_samples, n_features)
    pairs : array_like of int, shape (n_pairs, 2)
        Row numbers, as from `random_pairs`.

    Returns
    -------
    ndarray of float, shape (n_pairs,)
        From -1 to 1.

    Raises
    ------
    InputError
        If the samples are no finite numbers, the pairs are not pairs of rows, or a sample of a pair
        is all zeros, which has no direction.
    """
    values = _dense(samples, "samples")
    rows = _pairs(pairs, len(values))
    largest = np.abs(values).max(axis=1, initial=0)
    if (largest[rows] == 0).any():
        raise InputError(
            f"Sample {rows[largest[rows] == 0][0]} is all zeros, expected one with a direction."
        )
    # Squares of very large numbers overflow.
    scaled = values / np.where(largest > 0, largest, 1)[:, np.newaxis]
    norms = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    one, other = rows.T
    cosine = np.einsum("ij,ij->i", scaled[one], scaled[other]) / (norms[one] * norms[other])
    clipped: np.ndarray = np.clip(cosine, -1, 1)
    return clipped


def random_pairs(n_samples: int, n_pairs: int, generator: np.random.Generator) -> np.ndarray:
    """Draw pairs of different samples, no pair twice.

    Parameters
    ----------
    n_samples : int
        2 or more.
    n_pairs : int
        From 1 to ``n_samples * (n_samples - 1) / 2``.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_pairs, 2)
        Row numbers, the lower one first.

    Raises
    ------
    InputError
        If there are not as many pairs.
    """
    n_possible = n_samples * (n_samples - 1) // 2 if n_samples > 0 else 0
    if not 1 <= n_pairs <= n_possible:
        raise InputError(
            f"The number of pairs is {n_pairs}, expected 1 to {n_possible} "
            f"(the pairs of {n_samples} samples)."
        )
    drawn = generator.choice(n_possible, n_pairs, replace=False)
    # Pairs in the order (0, 1), (0, 2), (1, 2), (0, 3), ...: those with the higher row h start at
    # h (h - 1) / 2.
    starts = np.arange(n_samples) * np.arange(-1, n_samples - 1) // 2
    higher = np.searchsorted(starts, drawn, side="right") - 1
    return np.stack([drawn - starts[higher], higher], axis=1)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation; equal values share their mean rank.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Two or more numbers each.

    Returns
    -------
    float
        From -1 to 1; NaN if all values of `x`, or of `y`, are the same.

    Raises
    ------
    InputError
        If the shapes differ or are not one-dimensional, there are fewer than two values, or one is
        NaN.
    """
    one, other = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if one.ndim != 1 or one.shape != other.shape or one.size < 2:
        raise InputError(
            f"The values to correlate have the shapes {one.shape} and {other.shape}, "
            "expected the same one-dimensional shape with 2 values or more."
        )
    if np.isnan(one).any() or np.isnan(other).any():
        raise InputError("The values to correlate hold NaN, expected numbers.")
    first, second = _midranks(one), _midranks(other)
    first -= first.mean()
    second -= second.mean()
    spread = math.sqrt((first @ first) * (second @ second))
    return float(first @ second) / spread if spread else math.nan


def _midranks(values: np.ndarray) -> np.ndarray:
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (size.cumsum() - (size - 1) / 2)[group]
    return ranks


def correlation_between_inputs(activity: Tags) -> float:
    """Return how alike the responses to different inputs are.

    Parameters
    ----------
    activity : ndarray or CSR matrix, shape (n_inputs, n_units)
        Bits, spike counts or rates: the population's response to each input.

    Returns
    -------
    float
        The mean of Pearson's correlation over all pairs of inputs. Inputs to which all units
        respond alike, as when all are silent, have no correlation and are left out; NaN if fewer
        than two are left.

    Raises
    ------
    InputError
        If the activity is no matrix of finite numbers.
    """
    matrix = _matrix(activity, "activities").astype(float)
    n_units = matrix.shape[1]
    squares = matrix.multiply(matrix) if _is_sparse(matrix) else matrix * matrix
    mean = np.asarray(matrix.sum(axis=1)).ravel() / max(n_units, 1)
    variance = np.asarray(squares.sum(axis=1)).ravel() / max(n_units, 1) - mean**2
    # What rounding leaves of the variance of a constant row is no variance.
    varies = variance > 1e-12 * mean**2
    n_inputs = int(varies.sum())
    if n_inputs < 2:
        return math.nan
    weight = 1 / np.sqrt(variance[varies] * n_units)
    # The sum of all standardised rows: its square has every pair twice, and each row with itself.
    total = matrix[varies].T @ weight - mean[varies] @ weight
    return float((total @ total - n_inputs) / (n_inputs * (n_inputs - 1)))


def _is_sparse(matrix: Any) -> bool:
    return hasattr(matrix, "tocsr")


def _matrix(values: Any, name: str) -> Any:
    """Return a checked matrix: CSR of floats if it is sparse, else an array of bits or numbers."""
    sparse = _is_sparse(values)
    matrix: Any = values.tocsr() if sparse else np.asarray(values)
    if matrix.ndim != 2:
        raise InputError(f"The {name} have the shape {matrix.shape}, expected two dimensions.")
    if matrix.shape[1] == 0:
        raise InputError(f"The {name} have the shape {matrix.shape}, expected a column or more.")
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"The {name} are of type {matrix.dtype}, expected numbers.")
    if not np.isfinite(matrix.data if sparse else matrix).all():
        raise InputError(f"The {name} hold a value that is not finite, expected numbers.")
    if sparse or matrix.dtype.kind == "f":
        matrix = matrix.astype(float)
    if sparse:
        matrix.sum_duplicates()
    return matrix


def _dense(values: npt.ArrayLike, name: str) -> np.ndarray:
    if _is_sparse(values):
        raise InputError(f"The {name} are a sparse matrix, expected an array.")
    matrix: np.ndarray = _matrix(values, name).astype(float)
    return matrix


def _bits(values: Any, name: str) -> Any:
    matrix = _matrix(values, name)
    data = matrix.data if _is_sparse(matrix) else matrix
    wrong = (data != 0) & (data != 1)
    if wrong.any():
        raise InputError(f"The {name} hold the value {data[wrong][0]:g}, expected 0 and 1 only.")
    return matrix if _is_sparse(matrix) else matrix.astype(bool)


def _pairs(pairs: npt.ArrayLike, n_rows: int) -> np.ndarray:
    rows = np.asarray(pairs)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise InputError(f"The pairs have the shape {rows.shape}, expected (n_pairs, 2).")
    return _row_numbers(rows.ravel(), n_rows).reshape(-1, 2)


def _row_numbers(values: npt.ArrayLike, n_rows: int) -> np.ndarray:
    rows = np.asarray(values)
    if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
        raise InputError(
            f"The row numbers are of type {rows.dtype} and shape {rows.shape}, "
            "expected one or more integers."
        )
    outside = (rows < 0) | (rows >= n_rows)
    if outside.any():
        raise InputError(f"The row number is {rows[outside][0]}, expected 0 to {n_rows - 1}.")
    return rows
