"""Bits against closed forms: channels of known information, and samples of known shares."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurosim.abstract.recovered_information import least_information, recovered_bits
from neurosim.errors import InputError


def mutual_information(joint: np.ndarray) -> float:
    """Return the information between the rows and columns of a joint distribution, bits."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    positive = joint > 0
    return float((joint[positive] * np.log2(joint[positive] / independent[positive])).sum())


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [2, 10])
def test_the_information_of_even_errors_is_that_of_the_channel(n: int, share: float) -> None:
    share = max(share, 1 / n)
    channel = np.full((n, n), (1 - share) / (n - 1))
    np.fill_diagonal(channel, share)
    assert least_information(share, n) == pytest.approx(mutual_information(channel / n))


def test_uneven_errors_only_add_information() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        channel = generator.dirichlet(np.full(10, 0.3), size=10)
        share = float(np.trace(channel)) / 10
        assert least_information(share, 10) <= mutual_information(channel / 10) + 1e-12


def test_the_ends_of_the_information() -> None:
    assert least_information(1.0, 10) == pytest.approx(math.log2(10))
    assert least_information(0.1, 10) == 0
    assert least_information(0.0, 10) == 0
    assert least_information(1.0, 2) == 1


def test_places_are_summed_not_mixed() -> None:
    # Of eight values the last is held and nothing of the others.
    places = np.tile(np.arange(8), 1000)
    right = (places == 7) | (np.arange(8000) // 8 % 10 == 0)
    assert recovered_bits(right, places, 8, 10) == pytest.approx(math.log2(10))
    # All of it.
    assert recovered_bits(np.ones(8, bool), np.arange(8), 8, 10) == pytest.approx(8 * math.log2(10))


def test_a_place_that_was_not_asked_for_counts_as_the_mean() -> None:
    right = np.array([True, True, False, False])
    asked = recovered_bits(right, np.array([0, 0, 3, 3]), 4, 10)
    assert asked == pytest.approx(2 * math.log2(10))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_the_bias_of_few_questions_is_taken_off(share: float) -> None:
    generator = np.random.default_rng(1)
    n, n_samples = 60, 4000
    samples = generator.random((n_samples, n)) < share
    measured = np.mean([recovered_bits(s, np.zeros(n, int), 1, 10) for s in samples])
    raw = np.mean([least_information(float(s.mean()), 10) for s in samples])
    bias = 1 / (2 * n * math.log(2))
    assert measured == pytest.approx(least_information(share, 10), abs=0.15 * bias + 0.004)
    assert raw - least_information(share, 10) > 0.5 * bias


def test_guesses_give_back_almost_nothing() -> None:
    generator = np.random.default_rng(2)
    places = np.tile(np.arange(8), 32)
    guesses = [recovered_bits(generator.random(256) < 0.1, places, 8, 10) for _ in range(300)]
    assert np.mean(guesses) < 0.15
    assert np.quantile(guesses, 0.99) < 1


def test_refusals() -> None:
    for right, places, message in (
        (np.zeros(0, bool), np.zeros(0, int), "0 questions"),
        (np.ones(2, bool), np.array([0, 4]), "out of range, expected 0 to 3"),
    ):
        with pytest.raises(InputError, match=message):
            recovered_bits(right, places, 4, 10)
    for share, n, message in ((1.2, 10, "1.2, expected 0 to 1"), (0.5, 1, "1, expected 2")):
        with pytest.raises(InputError, match=message):
            least_information(share, n)
