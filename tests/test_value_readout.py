"""Reading a value with noise, against closed forms, SciPy and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurosim.abstract.value_readout import (
    expected_accuracy,
    fit_noise,
    noisy_answers,
    population_means,
)
from neurosim.errors import InputError


def some_scores(n_sequences: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    answers = generator.integers(10, size=n_sequences)
    scores = generator.exponential(0.3, (n_sequences, 10))
    scores[np.arange(n_sequences), answers] += generator.uniform(0.5, 2, n_sequences)
    return scores, answers


def test_means_are_over_the_cells_of_each_value() -> None:
    codes = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 1, 0]], dtype=bool)
    activity = np.array([[1.0, 3, 100, 7, 100], [0, -1, 0, 0, 0]])
    assert population_means(activity, codes).tolist() == [[2, 7], [-0.5, 0]]


@pytest.mark.parametrize("margin", [0, 0.01, 0.5, 2, 5, -1])
def test_two_values_have_a_closed_form(margin: float) -> None:
    # The difference of two noises has the standard deviation sd * sqrt(2).
    found = expected_accuracy(np.array([[1.0, 1 + margin]]), np.array([1]), 0.7)
    assert found == pytest.approx((1 + math.erf(margin / 0.7 / 2)) / 2, abs=1e-6)


@pytest.mark.parametrize("noise_sd", [0.05, 0.3, 1, 4])
def test_ten_values_agree_with_scipy(noise_sd: float) -> None:
    from scipy.integrate import quad
    from scipy.stats import norm

    scores = np.array([[2.0, 0, 0, 0.5, 1.9, 1, 1, 0.2, 0, 2.1]])
    for answer in (0, 3, 9):
        others = np.delete(scores[0], answer)

        def integrand(x: float, own: float = scores[0, answer], others=others) -> float:
            above = norm.cdf(x + (own - others) / noise_sd).prod()
            return float(norm.pdf(x) * above)

        exact = quad(integrand, -10, 10, points=[-5, 0, 5], limit=200)[0]
        found = expected_accuracy(scores, np.array([answer]), noise_sd)
        assert found == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("noise_sd", [0, 0.4, 2])
def test_draws_are_right_as_often_as_expected(noise_sd: float) -> None:
    scores, answers = some_scores()
    scores[:20] = 1  # a tie of all
    generator = np.random.default_rng(1)
    right = [(noisy_answers(scores, noise_sd, generator) == answers).mean() for _ in range(100)]
    # 20 000 draws: a standard error of at most .0036.
    assert np.mean(right) == pytest.approx(expected_accuracy(scores, answers, noise_sd), abs=0.012)


def test_without_noise_the_largest_wins_and_ties_are_shared() -> None:
    scores = np.array([[0.0, 2, 1], [3, 3, 1], [0, 0, 0]])
    assert expected_accuracy(scores[:1], np.array([1]), 0) == 1
    assert expected_accuracy(scores[:1], np.array([2]), 0) == 0
    assert expected_accuracy(scores[1:2], np.array([0]), 0) == 0.5
    assert expected_accuracy(scores[2:], np.array([0]), 0) == pytest.approx(1 / 3)
    drawn = noisy_answers(np.repeat(scores, 900, axis=0), 0, np.random.default_rng(0))
    assert (drawn[:900] == 1).all()
    assert set(drawn[900:1800]) == {0, 1}
    assert np.bincount(drawn[1800:]) == pytest.approx([300] * 3, abs=70)


def test_sums_in_another_order_are_equal() -> None:
    scores = np.array([[0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1]])
    assert scores[0, 0] != scores[0, 1]
    assert expected_accuracy(scores, np.array([1]), 0) == 0.5


def test_no_noise_is_the_limit_of_little_and_much_noise_is_chance() -> None:
    scores, answers = some_scores()
    scores[:20] = 1
    without = expected_accuracy(scores, answers, 0)
    assert expected_accuracy(scores, answers, 1e-7) == pytest.approx(without, abs=1e-6)
    assert expected_accuracy(scores, answers, 1e7) == pytest.approx(0.1, abs=1e-5)


@pytest.mark.parametrize("noise_sd", [0.2, 0.5, 1.5])
def test_the_fit_recovers_a_known_noise(noise_sd: float) -> None:
    scores, answers = some_scores()
    accuracy = expected_accuracy(scores, answers, noise_sd)
    assert fit_noise(scores, answers, accuracy) == pytest.approx(noise_sd, rel=1e-3)
    # The unit of the noise is that of the scores.
    assert fit_noise(40 * scores + 3, answers, accuracy) == pytest.approx(40 * noise_sd, rel=1e-3)


def test_the_fit_recovers_the_noise_of_draws() -> None:
    scores, answers = some_scores(800)
    right = noisy_answers(scores, 0.5, np.random.default_rng(3)) == answers
    assert fit_noise(scores, answers, right.mean()) == pytest.approx(0.5, rel=0.1)


def test_an_accuracy_beyond_the_scores_without_noise_fits_none() -> None:
    scores, answers = some_scores()
    scores[0] = 0
    scores[0, answers[0] - 1] = 1
    assert expected_accuracy(scores, answers, 0) < 1
    assert fit_noise(scores, answers, 1.0) == 0


@pytest.mark.parametrize("accuracy", [0.1, 0.05, 0, 1.01, float("nan")])
def test_an_accuracy_that_no_noise_gives_is_refused(accuracy: float) -> None:
    with pytest.raises(InputError, match=rf"accuracy is {accuracy:g}, expected above 0\.1"):
        fit_noise(*some_scores(), accuracy)


def test_negative_noise_is_refused() -> None:
    scores, answers = some_scores()
    for read in (
        lambda: noisy_answers(scores, -1, np.random.default_rng(0)),
        lambda: expected_accuracy(scores, answers, -1),
    ):
        with pytest.raises(InputError, match="standard deviation of -1, expected 0 or more"):
            read()
