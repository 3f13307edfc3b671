"""What the fly's hashes have in common as scikit-learn transformers.

`neurosim.FlyHash` (spiking) and `neurosim.abstract.FlyHash` (the algorithm) take the same input and
give tags of the same form, so that one can be swapped for the other.

This module needs scikit-learn when it is imported, because its class inherits from it; import it
where it is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim.errors import InputError, nearest_name

TAGS = ("binary", "count")
HIGHEST_SEED = 2**32 - 1


class HashTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the fly's hashes: turns rows of rates into sparse tags of Kenyon cells.

    A subclass has the parameters below among its own, and two methods: `_fit_hash` makes the
    projection (and whatever else belongs to the brain), `_hash` says how active each Kenyon cell
    is. Input, parameters, seeds and the form of the tags are dealt with here.

    Parameters
    ----------
    n_kenyon_cells : int
        Length of a tag, 1 or more.
    sparsity : float
        Fraction of the Kenyon cells that a tag activates, between 0 and 1.
    tag : {"binary", "count"}
        Which Kenyon cells are active (1), or how active each of them is. It may be changed after
        fitting.
    random_state : None, int or numpy.random.RandomState
        Draws the projection; an integer of 0 to 4294967295 draws the same one every time.

    Attributes
    ----------
    projection_ : ndarray of bool, shape (n_kenyon_cells, n_features)
        The features that each Kenyon cell receives (its claws).
    n_features_in_ : int
        Features of the rows that it was fitted on.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, if they had names that are all strings.
    """

    n_kenyon_cells: int
    sparsity: float
    tag: Literal["binary", "count"]
    random_state: int | np.random.RandomState | None
    projection_: np.ndarray
    _n_features_out: int

    @abstractmethod
    def _fit_hash(self, X: Any, seed: int) -> None:  # noqa: N803
        """Make the brain of a seed and set ``projection_``.

        Parameters
        ----------
        X : ndarray or csr_matrix of float, shape (n_samples, n_features)
            Finite, 0 or higher; rows may be all zero.
        seed : int
            0 to 4294967295.
        """

    @abstractmethod
    def _hash(self, X: Any) -> csr_matrix:  # noqa: N803
        """Return how active each Kenyon cell is.

        Parameters
        ----------
        X : ndarray or csr_matrix of float, shape (n_samples, n_features)
            Finite, 0 or higher, no row all zero, one row or more. `dense_batches` cuts it.

        Returns
        -------
        csr_matrix of float, shape (n_samples, n_kenyon_cells)
            What is stored, even a 0, is in the binary tag.
        """

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Draw the projection for rows of this many features.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Rates or other magnitudes, 0 or higher.
        y : None
            Ignored; there for scikit-learn.

        Returns
        -------
        HashTransformer
            Itself.

        Raises
        ------
        ValueError
            If a parameter or the data are refused: another shape, no rows, a value that is
            negative or not finite.
        """
        self._check_parameters()
        rows = self._validated(X, reset=True)
        self._fit_hash(rows, self._seed())
        self._n_features_out = len(self.projection_)
        return self

    def transform(self, X: Any) -> csr_matrix:  # noqa: N803
        """Hash rows, whether it was fitted on them or not.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Rates or other magnitudes, 0 or higher.

        Returns
        -------
        csr_matrix of float, shape (n_samples, n_kenyon_cells)
            The tags. A row of zeros, an odour without any smell, has an empty tag.

        Raises
        ------
        ValueError
            If the data are refused, as in `fit`, or have another number of features, or `tag` has
            been changed to something unknown.
        sklearn.exceptions.NotFittedError
            If it has not been fitted.
        """
        check_is_fitted(self)
        self._check_tag()
        rows = self._validated(X, reset=False)
        tags = self._hash_with_empty_rows(rows)
        if self.tag == "binary":
            tags.data[:] = 1
        else:
            tags.eliminate_zeros()
        return tags

    def _check_parameters(self) -> None:
        """Refuse parameters that are out of range; a subclass adds its own."""
        check_whole_number("n_kenyon_cells", self.n_kenyon_cells, lowest=1)
        if not isinstance(self.sparsity, Real) or not 0 < self.sparsity < 1:
            raise InputError(
                f"sparsity is {self.sparsity!r}, expected a fraction between 0 and 1, such as 0.05."
            )
        self._check_tag()

    def _check_tag(self) -> None:
        if self.tag not in TAGS:
            raise InputError(f"tag is {self.tag!r}; {nearest_name(str(self.tag), TAGS)}")

    def _validated(self, X: Any, reset: bool) -> Any:  # noqa: N803
        return validate_data(
            self, X, reset=reset, accept_sparse="csr", dtype=np.float64, ensure_non_negative=True
        )

    def _seed(self) -> int:
        if self.random_state is None:
            return int(np.random.default_rng().integers(HIGHEST_SEED, endpoint=True))
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(HIGHEST_SEED + 1, dtype=np.int64))
        if not _is_whole(self.random_state) or not 0 <= self.random_state <= HIGHEST_SEED:
            raise InputError(
                f"random_state is {self.random_state!r}, expected None, a whole number of 0 to "
                f"{HIGHEST_SEED} or a numpy.random.RandomState."
            )
        return int(self.random_state)

    def _hash_with_empty_rows(self, rows: Any) -> csr_matrix:
        largest = rows.max(axis=1)
        filled = (largest if isinstance(largest, np.ndarray) else largest.toarray().ravel()) > 0
        if filled.all():
            return self._hash(rows)
        tags = self._hash(rows[filled]) if filled.any() else csr_matrix((0, self._n_features_out))
        n_active = np.zeros(len(filled) + 1, dtype=tags.indptr.dtype)
        n_active[1:][filled] = np.diff(tags.indptr)
        shape = (len(filled), self._n_features_out)
        return csr_matrix((tags.data, tags.indices, np.cumsum(n_active)), shape=shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


def check_whole_number(name: str, value: Any, lowest: int) -> None:
    """Refuse a parameter that is no whole number or too low.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : object
    lowest : int

    Raises
    ------
    InputError
        If it is refused.
    """
    if not _is_whole(value) or value < lowest:
        raise InputError(f"{name} is {value!r}, expected a whole number of {lowest} or more.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def dense_batches(rows: Any, size: int) -> Iterator[np.ndarray]:
    """Cut rows into dense arrays, so that memory does not grow with their number.

    Parameters
    ----------
    rows : ndarray or csr_matrix of float, shape (n_samples, n_features)
    size : int
        Rows in each batch, 1 or more; the last one may have fewer.

    Yields
    ------
    ndarray of float, shape (at most size, n_features)
    """
    for start in range(0, rows.shape[0], size):
        batch = rows[start : start + size]
        yield batch if isinstance(batch, np.ndarray) else batch.toarray()
