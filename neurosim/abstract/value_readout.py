"""Which value a memory returns: the strongest one, read with noise.

The score of a value is what its population receives, for example the mean over its cells of ``A k``
for a fast-weight matrix A. Independent Gaussian noise is added to every score and the largest wins.
The noise is the only free number by which an exact matrix is matched to a spiking circuit: it is
fitted to one measured accuracy and predicts the others. Its standard deviation has the unit of the
scores, so it means the same for other memories as long as the rate of storing is the same.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from neurosim.errors import InputError

# Ours: with these the accuracy is right to 1e-5 (a test compares it with SciPy).
N_NODES = 40
_CDF_END = 8.0
_CDF_POINTS = 8001
# Scores that differ by less than this share of the largest are equal: they are sums of the same
# terms in another order.
_ROUNDING = 1e-12
# Halvings of the interval in which the noise is sought: finer than any measured accuracy. Ours.
_HALVINGS = 20


def population_means(activity: np.ndarray, value_codes: np.ndarray) -> np.ndarray:
    """Return the mean over the cells of each value.

    Parameters
    ----------
    activity : ndarray of float, shape (n_sequences, n_value_cells)
    value_codes : ndarray of bool, shape (n_values, n_value_cells)

    Returns
    -------
    ndarray of float, shape (n_sequences, n_values)
    """
    means: np.ndarray = activity @ value_codes.T / value_codes.sum(axis=1)
    return means


def noisy_answers(
    scores: np.ndarray, noise_sd: float, generator: np.random.Generator
) -> np.ndarray:
    """Draw an answer for each sequence: the value whose score with noise is the largest.

    Parameters
    ----------
    scores : ndarray of float, shape (n_sequences, n_values)
    noise_sd : float
        Of the noise on each score, in the unit of the scores, 0 or more.
    generator : numpy.random.Generator
        Draws the noise, and one of the values that are equally strong.

    Returns
    -------
    ndarray of int, shape (n_sequences,)

    Raises
    ------
    InputError
        If the noise is negative.
    """
    _check_noise(noise_sd)
    noisy = scores + noise_sd * generator.standard_normal(scores.shape)
    lottery = generator.random(scores.shape)
    winners: np.ndarray = np.where(_is_largest(noisy), lottery, -1).argmax(axis=1)
    return winners


def expected_accuracy(scores: np.ndarray, answers: np.ndarray, noise_sd: float) -> float:
    """Return the expected share of right answers.

    Parameters
    ----------
    scores : ndarray of float, shape (n_sequences, n_values)
    answers : ndarray of int, shape (n_sequences,)
        The right values.
    noise_sd : float
        As in `noisy_answers`.

    Returns
    -------
    float
        What the share of right draws of `noisy_answers` tends to.

    Raises
    ------
    InputError
        If the noise is negative.

    Notes
    -----
    With m_j the margin of the right score over that of value j, the right one wins with the
    probability ``integral of phi(x) prod_j Phi(x + m_j / noise_sd)`` over x, here by Gauss-Hermite
    quadrature.
    """
    _check_noise(noise_sd)
    sequences = np.arange(len(scores))
    if noise_sd == 0:
        largest = _is_largest(scores)
        return float((largest[sequences, answers] / largest.sum(axis=1)).mean())
    margins = scores[sequences, answers, np.newaxis] - scores
    others = np.arange(scores.shape[1]) != answers[:, np.newaxis]
    distances = margins[others].reshape(len(scores), -1) / noise_sd
    nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
    right = sum(
        weight * _normal_cdf(node + distances).prod(axis=1)
        for node, weight in zip(nodes, weights / weights.sum(), strict=True)
    )
    return float(np.mean(right))


def fit_noise(scores: np.ndarray, answers: np.ndarray, accuracy: float) -> float:
    """Return the noise with which the expected accuracy is a measured one.

    Parameters
    ----------
    scores : ndarray of float, shape (n_sequences, n_values)
        Of many sequences of the kind that was measured.
    answers : ndarray of int, shape (n_sequences,)
    accuracy : float
        Measured share of right answers, above chance.

    Returns
    -------
    float
        Standard deviation in the unit of the scores; 0 if the scores without noise do no better
        than what was measured, which then says nothing about the noise.

    Raises
    ------
    InputError
        If the accuracy is not above chance, where no noise is large enough, or above 1.
    """
    chance = 1 / scores.shape[1]
    if not chance < accuracy <= 1:
        raise InputError(
            f"The accuracy is {accuracy:g}, expected above {chance:g} (chance) up to 1."
        )
    if expected_accuracy(scores, answers, 0) <= accuracy:
        return 0.0
    low, high = 0.0, float(np.ptp(scores))
    while expected_accuracy(scores, answers, high) > accuracy:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if expected_accuracy(scores, answers, middle) > accuracy:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _is_largest(scores: np.ndarray) -> np.ndarray:
    tolerance = _ROUNDING * np.abs(scores).max(axis=1, keepdims=True)
    largest: np.ndarray = scores >= scores.max(axis=1, keepdims=True) - tolerance
    return largest


def _check_noise(noise_sd: float) -> None:
    if not noise_sd >= 0:
        raise InputError(f"The noise has a standard deviation of {noise_sd:g}, expected 0 or more.")


@cache
def _normal_cdf_table() -> tuple[np.ndarray, np.ndarray]:
    points = np.linspace(-_CDF_END, _CDF_END, _CDF_POINTS)
    return points, np.array([(1 + math.erf(x / math.sqrt(2))) / 2 for x in points.tolist()])


def _normal_cdf(values: np.ndarray) -> np.ndarray:
    # NumPy has none. Interpolated between points .002 apart, it is right to 2e-7.
    interpolated: np.ndarray = np.interp(values, *_normal_cdf_table())
    return interpolated
