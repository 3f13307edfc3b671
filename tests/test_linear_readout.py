"""The linear read-out against its normal equations, and on trials that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.linear_readout import PENALTIES, Ridge, held_out_answers
from neurosim.errors import InputError


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal_equations(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Return intercept and coefficients, of which the intercept is not penalised."""
    centred = x - x.mean(axis=0)
    inner = centred.T @ centred + penalty * np.eye(x.shape[1])
    coefficients = np.linalg.solve(inner, centred.T @ (y - y.mean(axis=0)))
    return y.mean(axis=0) - x.mean(axis=0) @ coefficients, coefficients


@pytest.mark.parametrize("shape", [(40, 12), (15, 30)])
def test_the_fit_is_the_best_of_the_penalties_left_out_one_by_one(shape: tuple[int, int]) -> None:
    x = generator(1).standard_normal(shape)
    y = x[:, :3] @ generator(2).standard_normal((3, 2)) + generator(3).standard_normal(
        (shape[0], 2)
    )
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    scale = (singular[singular > 1e-8] ** 2).mean()

    def error(penalty: float) -> float:
        total = 0.0
        for k in range(len(x)):
            others = np.arange(len(x)) != k
            # The penalty is that of the whole, not of what is left without one trial.
            centre = x[others]
            intercept, coefficients = normal_equations(centre, y[others], penalty * scale)
            total += float(((y[k] - intercept - x[k] @ coefficients) ** 2).sum())
        return total

    best = min(PENALTIES, key=error)
    expected = normal_equations(x, y, best * scale)
    for fitted, wanted in zip(Ridge(x).fit(y), expected, strict=True):
        np.testing.assert_allclose(fitted, wanted, rtol=1e-6, atol=1e-9)


def test_what_the_features_tell_is_read_and_nothing_else() -> None:
    n = 400
    digits = generator(4).integers(10, size=(n, 2))
    counts = generator(5).poisson(2 + 6 * np.eye(10)[digits[:, 0]].repeat(3, axis=1))
    answers = held_out_answers(counts, digits, np.arange(n) % 8, 10)
    right = (answers == digits).mean(axis=0)
    assert right[0] > 0.98
    assert right[1] < 0.17


def test_a_read_out_is_not_tested_on_what_it_was_fitted_to() -> None:
    # More features than trials: whatever is fitted to, is fitted exactly.
    n = 100
    features = generator(6).standard_normal((n, 300))
    digits = generator(7).integers(10, size=(n, 1))
    right = held_out_answers(features, digits, np.arange(n) % 5, 10) == digits
    assert right.mean() < 0.25
    # Copies of a trial help in different folds, and not in one.
    many, copies = np.repeat(features, 4, axis=0), np.repeat(digits, 4, axis=0)
    apart = held_out_answers(many, copies, np.arange(4 * n) % 4, 10) == copies
    together = held_out_answers(many, copies, np.repeat(np.arange(n) % 5, 4), 10) == copies
    assert apart.mean() > 0.9
    assert together.mean() < 0.25


def test_silence_is_answered_with_the_most_frequent_value() -> None:
    digits = np.array([[3], [3], [3], [1], [3], [3]])
    answers = held_out_answers(np.zeros((6, 4)), digits, np.arange(6) % 2, 10)
    assert (answers == 3).all()


def test_refusals() -> None:
    with pytest.raises(InputError, match="1 folds, expected 2"):
        held_out_answers(np.zeros((4, 2)), np.zeros((4, 1), int), np.zeros(4, int), 10)
    with pytest.raises(InputError, match="4 rows of features, 3 values and 4 folds"):
        held_out_answers(np.zeros((4, 2)), np.zeros((3, 1), int), np.arange(4), 10)
