"""The fly's hash, the algorithm, as a scikit-learn transformer: `neurosim.abstract.FlyHash`.

Like `neurosim.hashing.hash_transformer`, this module needs scikit-learn when it is imported.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_matrix, vstack

from neurosim.abstract.fly_hash import divide_by_mean, hash_codes, projection_matrix
from neurosim.hashing.hash_transformer import HashTransformer, check_whole_number, dense_batches

# Mean of the features of a row, and width of the bins that a Kenyon cell's input is counted in.
# Both from the authors' code (Dasgupta, Stevens & Navlakha 2017, hash.py: SET_MEAN and width).
MEAN_RATE = 100
BIN_WIDTH = 10
# Share of a bin by which an input may fall short of it and still counts. Ours: far above the
# rounding of floats, far below what data resolve.
ROUNDING = 1e-6
# Inputs of Kenyon cells that are held at a time. Ours: 8 MB, above which hashing gains no speed.
BATCH_INPUTS = 2**20


class FlyHash(HashTransformer):
    """The fly's hash: a sparse binary projection of which the most active units are kept.

    Source: Dasgupta, Stevens & Navlakha 2017, Science 358:793, figure 1. Each row is divided by
    its mean, each Kenyon cell sums a few random features, and the fraction `sparsity` of the
    Kenyon cells with the largest sums makes the tag. Nothing is learned from the data. The spiking
    circuit with the same interface is `neurosim.FlyHash`.

    Parameters
    ----------
    n_kenyon_cells : int
        Length of a tag, 1 or more (2000 in the fly).
    claws : int
        Features that each Kenyon cell sums, 1 or more (about 6 in the fly). If there are fewer
        features, it sums them all, and all tags are equal, of which a warning tells.
    sparsity : float
        Fraction of the Kenyon cells in a tag, between 0 and 1 (.05 in the fly): rounded to whole
        Kenyon cells, and one at least.
    tag : {"binary", "count"}
        ``"binary"``: 1 for each Kenyon cell of the tag. ``"count"``: its firing rate, which is the
        published tag: the sum of its inputs when the row has a mean of 100, in whole tens, as in
        the authors' code. The name is that of the spiking circuit's tag, where it is a number of
        spikes. It may be changed after fitting.
    random_state : None, int or numpy.random.RandomState
        Draws the projection; an integer of 0 to 4294967295 draws the same one every time.

    Attributes
    ----------
    projection_ : ndarray of bool, shape (n_kenyon_cells, n_features)
        The features that each Kenyon cell sums (its claws).
    n_active_ : int
        Kenyon cells in a tag.
    n_features_in_ : int
        Features of the rows that it was fitted on.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, if they had names that are all strings.

    Notes
    -----
    A tag has exactly `n_active_` Kenyon cells, of equal ones the first, unless fewer receive any
    input, as may happen if most features of a row are 0: a silent Kenyon cell is in no tag. A row
    of zeros has an empty tag.

    Two steps of the authors' code are not taken: to make features positive, it adds to each the
    size of its lowest value in the data (here negative features are refused), and it cuts the
    features, at a mean of 100, to whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from neurosim.abstract import FlyHash
    >>> odours = np.random.default_rng(0).gamma(2, size=(3, 50))
    >>> tags = FlyHash().fit_transform(odours)
    >>> tags.shape
    (3, 2000)
    >>> tags.sum(axis=1).ravel().tolist()
    [[100.0, 100.0, 100.0]]
    """

    def __init__(
        self,
        n_kenyon_cells: int = 2000,
        claws: int = 6,
        sparsity: float = 0.05,
        tag: Literal["binary", "count"] = "binary",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_kenyon_cells = n_kenyon_cells
        self.claws = claws
        self.sparsity = sparsity
        self.tag = tag
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_whole_number("claws", self.claws, lowest=1)

    def _fit_hash(self, X: Any, seed: int) -> None:  # noqa: N803
        n_features = X.shape[1]
        if self.claws >= n_features:
            warnings.warn(
                f"claws is {self.claws} and there are {n_features} features, so every Kenyon cell "
                "sums all of them and all tags are equal; expected fewer claws than features.",
                stacklevel=3,
            )
        self.projection_ = projection_matrix(
            self.n_kenyon_cells,
            n_features,
            min(self.claws, n_features),
            np.random.default_rng(seed),
        )
        self.n_active_ = max(1, round(self.sparsity * self.n_kenyon_cells))

    def _hash(self, X: Any) -> csr_matrix:  # noqa: N803
        size = max(1, BATCH_INPUTS // len(self.projection_))
        batches = [self._hash_batch(rows) for rows in dense_batches(X, size)]
        tags: csr_matrix = vstack(batches, format="csr")
        return tags

    def _hash_batch(self, rows: np.ndarray) -> csr_matrix:
        codes = hash_codes(rows, self.projection_, self.n_active_)
        samples, cells = np.nonzero(codes)
        claws = np.nonzero(self.projection_)[1].reshape(len(self.projection_), -1)
        rates = MEAN_RATE * divide_by_mean(rows)
        inputs = np.zeros(len(samples))
        for claw in claws.T:
            inputs += rates[samples, claw[cells]]
        counts = np.floor(inputs / BIN_WIDTH + ROUNDING)
        active = inputs > 0
        return csr_matrix((counts[active], (samples[active], cells[active])), shape=codes.shape)
