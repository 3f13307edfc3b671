"""The best linear read-out of spike counts, always tested on trials that it was not fitted to."""

from __future__ import annotations

import numpy as np

from neurosim.errors import InputError

# Of the mean squared singular value of the features. Ours: far less and far more than is ever best.
PENALTIES = 10.0 ** np.arange(-4, 4.5, 0.5)


def held_out_answers(
    features: np.ndarray, values: np.ndarray, folds: np.ndarray, n_values: int
) -> np.ndarray:
    """Fit linear read-outs on all folds but one, and let them answer in that one.

    Ridge regression with an output for each value; the largest output is the answer. The penalty
    is the one with the smallest error on trials left out one by one, within the folds that the
    read-out is fitted on.

    Parameters
    ----------
    features : ndarray, shape (n_trials, n_features)
        For example spike counts.
    values : ndarray of int, shape (n_trials, n_questions)
        The right answers, 0 to ``n_values - 1``. Each question has a read-out of its own.
    folds : ndarray of int, shape (n_trials,)
        Trials that have something in common belong into one fold.
    n_values : int

    Returns
    -------
    ndarray of int, shape (n_trials, n_questions)

    Raises
    ------
    InputError
        If there are fewer than two folds, or the arrays are not as long as each other.
    """
    if not len(features) == len(values) == len(folds):
        raise InputError(
            f"There are {len(features)} rows of features, {len(values)} values and {len(folds)} "
            "folds, expected as many of each."
        )
    names = np.unique(folds)
    if len(names) < 2:
        raise InputError(f"There are {len(names)} folds, expected 2 or more.")
    answers = np.empty(values.shape, dtype=int)
    for name in names:
        tested = folds == name
        ridge = Ridge(features[~tested])
        for question, own in enumerate(values.T):
            intercept, coefficients = ridge.fit(np.eye(n_values)[own[~tested]])
            outputs = intercept + features[tested] @ coefficients
            answers[tested, question] = outputs.argmax(axis=1)
    return answers


class Ridge:
    """Ridge regressions on the same features.

    Parameters
    ----------
    features : ndarray, shape (n_trials, n_features)

    Notes
    -----
    A trial's error when it is left out is its error when it is not, divided by one minus its
    leverage (Allen 1974, Technometrics 16:125), so that one decomposition serves all targets and
    all penalties.
    """

    def __init__(self, features: np.ndarray) -> None:
        self.mean = features.mean(axis=0)
        left, singular, right = np.linalg.svd(features - self.mean, full_matrices=False)
        # Singular values that rounding leaves of nothing carry nothing.
        kept = singular > singular.max(initial=0) * 1e-10
        self.left, self.singular, self.right = left[:, kept], singular[kept], right[kept]
        self.scale = (self.singular**2).sum() / max(len(self.singular), 1)

    def fit(self, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fit a linear map with the penalty that is best for trials left out one by one.

        Parameters
        ----------
        targets : ndarray, shape (n_trials, n_targets)

        Returns
        -------
        intercept : ndarray of float, shape (n_targets,)
        coefficients : ndarray of float, shape (n_features, n_targets)
        """
        mean = targets.mean(axis=0)
        centred = targets - mean
        rotated = self.left.T @ centred

        def error_left_out(penalty: float) -> float:
            fitted = self.left * self._shrinkage(penalty)
            leverage = (fitted * self.left).sum(axis=1) + 1 / len(targets)
            residual = (centred - fitted @ rotated) / (1 - leverage)[:, np.newaxis]
            return float((residual**2).sum())

        scaled = self._shrinkage(min(PENALTIES, key=error_left_out)) / self.singular
        coefficients = self.right.T @ (scaled[:, np.newaxis] * rotated)
        return mean - self.mean @ coefficients, coefficients

    def _shrinkage(self, penalty: float) -> np.ndarray:
        squares = self.singular**2
        shrinkage: np.ndarray = squares / (squares + penalty * self.scale)
        return shrinkage
