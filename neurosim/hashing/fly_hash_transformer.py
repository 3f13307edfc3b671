"""The fly's hash, the spiking circuit, as a scikit-learn transformer: `neurosim.FlyHash`.

Like `neurosim.hashing.hash_transformer`, this module needs scikit-learn when it is imported.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_matrix, vstack

from neurosim.abstract.fly_hash import projection_matrix
from neurosim.errors import InputError
from neurosim.hashing.apl_gain import load_hash_sheet
from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.hash_transformer import HashTransformer, check_whole_number, dense_batches
from neurosim.hashing.spiking_hash import BATCH, HashCircuit
from neurosim.progress import PythonWarnings
from neurosim.session import Session


class FlyHash(HashTransformer):
    """The fly's hash as a circuit of spiking neurons: which Kenyon cells fire to an odour.

    Source: Dasgupta, Stevens & Navlakha 2017, Science 358:793, figure 1. Each feature drives the
    receptor neurons of one type and through them a projection neuron; each Kenyon cell samples a
    few projection neurons; APL inhibits all Kenyon cells, so that a fraction `sparsity` of them
    fires. The algorithm with the same interface, and for an integer `random_state` with the same
    projection, is `neurosim.abstract.FlyHash`.

    Fitting draws the projection and calibrates the circuit on the data: how strongly they drive
    the receptor neurons, the excitatory potentials and APL's gain
    (`neurosim.hashing.calibration.calibrate_hash`). The first fit with a number of features
    compiles the circuit, which takes some ten seconds; later ones find it in the cache.

    Parameters
    ----------
    model : str or path
        Sheet of the circuit ``fly_hash``, such as ``"dasgupta2017"``.
    n_kenyon_cells : int
        Length of a tag, 1 or more.
    sparsity : float
        Fraction of the Kenyon cells that fire on average over the data that it is fitted on,
        between 0 and 1.
    tag : {"binary", "count"}
        ``"binary"``: 1 for each Kenyon cell that fires. ``"count"``: the number of its spikes. It
        may be changed after fitting.
    random_state : None, int or numpy.random.RandomState
        Draws the projection and the noise; an integer of 0 to 4294967295 draws the same every
        time.
    n_calibration : int
        Rows that it is calibrated on, drawn at random; all of them if there are fewer.
    overrides : mapping of str to object, optional
        Other values of the sheet, by ``"section.key"``, such as
        ``{"kenyon_cells.tau_m": "20 ms"}``.
    target : {"auto", "standalone", "numpy"}
        Compiled, or Brian2's NumPy target, which is some hundred times slower.

    Attributes
    ----------
    projection_ : ndarray of bool, shape (n_kenyon_cells, n_features)
        The features that each Kenyon cell samples (its claws).
    circuit_ : HashCircuit
        The calibrated circuit; ``circuit_.parameters`` are its parameters.
    n_features_in_ : int
        Features of the rows that it was fitted on.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Their names, if they had names that are all strings.

    Notes
    -----
    Spike trains are random, so that a row hashed twice in one call, or at another place among
    other rows, has tags that differ in some Kenyon cells; the same call gives the same tags. A row
    of zeros has an empty tag.

    Examples
    --------
    >>> import numpy as np, neurosim as ns
    >>> odours = np.random.default_rng(0).exponential(size=(200, 50))
    >>> tags = ns.FlyHash().fit(odours[:100]).transform(odours[100:])
    >>> tags.shape
    (100, 2000)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "dasgupta2017",
        n_kenyon_cells: int = 2000,
        sparsity: float = 0.05,
        tag: Literal["binary", "count"] = "binary",
        random_state: int | np.random.RandomState | None = 0,
        *,
        n_calibration: int = 100,
        overrides: Mapping[str, Any] | None = None,
        target: str = "auto",
    ) -> None:
        self.model = model
        self.n_kenyon_cells = n_kenyon_cells
        self.sparsity = sparsity
        self.tag = tag
        self.random_state = random_state
        self.n_calibration = n_calibration
        self.overrides = overrides
        self.target = target

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_whole_number("n_calibration", self.n_calibration, lowest=1)
        for key, argument in (("kenyon_cells.n", "n_kenyon_cells"), ("apl.sparsity", "sparsity")):
            if key in (self.overrides or {}):
                raise InputError(f"The overrides name '{key}', which is the argument {argument}.")

    def _fit_hash(self, X: Any, seed: int) -> None:  # noqa: N803
        sheet = load_hash_sheet(
            self.model,
            {
                **(self.overrides or {}),
                "kenyon_cells.n": self.n_kenyon_cells,
                "apl.sparsity": self.sparsity,
            },
        )
        n_features = X.shape[1]
        claws = min(sheet.parameters.kenyon_cells.claws, n_features)
        session = Session(sheet.parameters, sheet.circuit, seed, self.target, PythonWarnings())
        generator = np.random.default_rng(seed)
        circuit = dataclasses.replace(
            HashCircuit.draw(session, n_features, kenyon_cells__claws=claws),
            # Drawn as the algorithm draws it.
            projection=projection_matrix(self.n_kenyon_cells, n_features, claws, generator),
        )
        self.circuit_ = calibrate_hash(circuit, self._calibration_rows(X, generator))
        self.projection_ = circuit.projection

    def _calibration_rows(self, X: Any, generator: np.random.Generator) -> np.ndarray:  # noqa: N803
        driving = np.flatnonzero(np.asarray(X.sum(axis=1)).ravel())
        if len(driving) == 0:
            raise InputError("All rows are zero, expected one or more to calibrate on.")
        chosen = np.sort(generator.permutation(driving)[: self.n_calibration])
        return np.concatenate(list(dense_batches(X[chosen], BATCH)))

    def _hash(self, X: Any) -> csr_matrix:  # noqa: N803
        tags = [
            self.circuit_.counts(rows, f"transform {number}")
            for number, rows in enumerate(dense_batches(X, BATCH))
        ]
        hashed: csr_matrix = vstack(tags, format="csr")
        return hashed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags
