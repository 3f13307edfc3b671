"""Fast weights: an outer-product memory that decays.

``A(t) = lambda A(t-1) + eta v k^T`` binds the value v to the key k, and ``A k`` reads it
(Ba, Hinton, Mnih, Leibo & Ionescu 2016, arXiv 1610.06258, equation 1 with ``v = k = h``). Here
lambda is ``exp(-interval / tau_fast)``, so that time is in seconds. Many sequences are held at
once, each by a matrix of its own::

    memory = FastWeights(n_sequences, n_value_cells, n_key_cells, tau_fast=4.0)
    for key, value in pairs:               # shapes (n_sequences, n_key_cells), (..., n_value_cells)
        memory.store(key, value, rate=1 / n_active)
        memory.decay(0.2)
    memory.retrieve(query)                 # shape (n_sequences, n_value_cells)

With `hebbian` the old value of a key that is bound again keeps its share. `delta_rule` and
`overwrite` remove it. With keys of n_active ones and a rate of ``1 / n_active`` all three read a
pair that was just stored as the value itself, if nothing else overlaps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError

# matrix (n_sequences, n_value_cells, n_key_cells), keys, values, rate -> change of the matrix
StoreRule = Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]


def decay_factor(interval: npt.ArrayLike, tau_fast: float) -> np.ndarray:
    """Return what is left of a fast weight after a time, ``exp(-interval / tau_fast)``.

    Parameters
    ----------
    interval : array_like of float
        Seconds, 0 or more.
    tau_fast : float
        Time constant, seconds; ``inf`` for weights that do not decay.

    Returns
    -------
    ndarray of float

    Raises
    ------
    InputError
        If a time is out of range.
    """
    seconds = np.asarray(interval, dtype=float)
    if not tau_fast > 0:
        raise InputError(f"tau_fast is {tau_fast:g} s, expected above 0 s.")
    if not (seconds >= 0).all():
        raise InputError(f"The interval is {seconds.min():g} s, expected 0 s or more.")
    return np.asarray(np.exp(-seconds / tau_fast))


def hebbian(matrix: np.ndarray, keys: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    """Return the change ``rate * v k^T``.

    Source: Ba et al. 2016, equation 1. The signature is that of every rule here.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
        Before the change.
    keys : ndarray of float, shape (n_sequences, n_key_cells)
    values : ndarray of float, shape (n_sequences, n_value_cells)
    rate : float
        eta of the source.

    Returns
    -------
    ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
    """
    change: np.ndarray = rate * values[:, :, np.newaxis] * keys[:, np.newaxis, :]
    return change


def delta_rule(matrix: np.ndarray, keys: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    """Return the change ``rate * (v - W k) k^T``: only what the key does not yet return is stored.

    Source: Schlag, Irie & Schmidhuber 2021, Linear transformers are secretly fast weight
    programmers, ICML (PMLR 139:9355), whose beta is `rate`. With ``rate = 1 / |k|**2`` the key
    returns the new value exactly, and keys that are orthogonal to it return what they did.

    Parameters
    ----------
    matrix, keys, values, rate
        As in `hebbian`.

    Returns
    -------
    ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
    """
    return hebbian(matrix, keys, values - _product(matrix, keys), rate)


def overwrite(matrix: np.ndarray, keys: np.ndarray, values: np.ndarray, rate: float) -> np.ndarray:
    """Return the change that erases all weights from the key's active cells, then adds `hebbian`.

    The plainest rule that forgets the old value; what a presynaptic depression of active cells
    does (ours, for comparison). Other keys lose the cells that they share with this one.

    Parameters
    ----------
    matrix, keys, values, rate
        As in `hebbian`. A cell is active where its key is not 0.

    Returns
    -------
    ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)
    """
    change: np.ndarray = hebbian(matrix, keys, values, rate)
    change -= matrix * (keys != 0)[:, np.newaxis, :]
    return change


class FastWeights:
    """Fast-weight matrices of several sequences, at first 0.

    Parameters
    ----------
    n_sequences, n_value_cells, n_key_cells : int
    tau_fast : float
        Time constant of the decay, seconds; ``inf`` for none.

    Attributes
    ----------
    matrix : ndarray of float, shape (n_sequences, n_value_cells, n_key_cells)

    Raises
    ------
    InputError
        If the time constant is out of range.
    """

    def __init__(
        self, n_sequences: int, n_value_cells: int, n_key_cells: int, tau_fast: float
    ) -> None:
        decay_factor(0, tau_fast)  # refuses what is no time constant
        self.tau_fast = tau_fast
        self.matrix = np.zeros((n_sequences, n_value_cells, n_key_cells))

    def decay(self, interval: float) -> None:
        """Let time pass.

        Parameters
        ----------
        interval : float
            Seconds.
        """
        self.matrix *= decay_factor(interval, self.tau_fast)

    def store(
        self, keys: np.ndarray, values: np.ndarray, rate: float, rule: StoreRule = hebbian
    ) -> None:
        """Bind one value to one key in every sequence.

        Parameters
        ----------
        keys : ndarray of float, shape (n_sequences, n_key_cells)
            Rows of zeros leave their matrix as it is.
        values : ndarray of float, shape (n_sequences, n_value_cells)
        rate : float
        rule : callable
            `hebbian`, `delta_rule`, `overwrite`, or one with their signature.
        """
        self.matrix += rule(self.matrix, keys, values, rate)

    def retrieve(self, keys: np.ndarray) -> np.ndarray:
        """Return ``A k`` for one key of every sequence.

        Parameters
        ----------
        keys : ndarray of float, shape (n_sequences, n_key_cells)

        Returns
        -------
        ndarray of float, shape (n_sequences, n_value_cells)
        """
        return _product(self.matrix, keys)


def attend(
    keys: np.ndarray, values: np.ndarray, weights: np.ndarray, queries: np.ndarray
) -> np.ndarray:
    """Return what a Hebbian matrix retrieves, without forming it.

    ``A q = sum_i weights_i v_i (k_i . q)``: the pairs of the recent past, each as far as its key
    resembles the query. Source: Ba et al. 2016, equation 4. Cheaper than the matrix for fewer pairs
    than cells.

    Parameters
    ----------
    keys : ndarray of float, shape (..., n_pairs, n_key_cells)
    values : ndarray of float, shape (..., n_pairs, n_value_cells)
    weights : ndarray of float, shape (n_pairs,)
        What is left of each pair: the rate times its `decay_factor`.
    queries : ndarray of float, shape (..., n_queries, n_key_cells)

    Returns
    -------
    ndarray of float, shape (..., n_queries, n_value_cells)
    """
    attention = queries @ np.swapaxes(keys, -1, -2) * weights
    retrieved: np.ndarray = attention @ values
    return retrieved


def _product(matrix: np.ndarray, keys: np.ndarray) -> np.ndarray:
    product: np.ndarray = (matrix @ keys[:, :, np.newaxis])[:, :, 0]
    return product
