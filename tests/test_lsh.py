"""Locality-sensitive hashing: against its closed forms, and why the samples are centred."""

import numpy as np
import pytest

from neurosim.abstract.lsh import FLOOR_WIDTH, floor_hash, gaussian_projection, sign_hash
from neurosim.errors import InputError
from neurosim.hashing.retrieval import mean_average_precision


def test_projection_is_standard_normal_and_follows_the_generator():
    from scipy.stats import kstest

    projection = gaussian_projection(200, 50, np.random.default_rng(0))
    assert projection.shape == (200, 50)
    assert kstest(projection.ravel(), "norm").pvalue > 0.01
    again, other = (gaussian_projection(200, 50, np.random.default_rng(s)) for s in (0, 1))
    assert (projection == again).all()
    assert (projection != other).all()


def test_tags_of_a_hand_made_example():
    projection = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, 0.0]])
    samples = np.array([[3.0, 4.0], [8.0, -3.0]])
    # Projected: 11 -1 0 and 2 -9.5 0.
    assert floor_hash(samples, projection, 10.0).tolist() == [[1, -1, 0], [0, -1, 0]]
    assert floor_hash(samples, projection, 4.0).tolist() == [[2, -1, 0], [0, -3, 0]]
    assert (floor_hash(samples, projection) == floor_hash(samples, projection, FLOOR_WIDTH)).all()
    bits = sign_hash(samples, projection)
    assert bits.dtype == bool
    assert bits.tolist() == [[True, False, True], [True, False, True]]


def test_share_of_different_bits_is_the_angle():
    n_units = 20_000
    projection = gaussian_projection(n_units, 5, np.random.default_rng(2))
    angles = np.array([0.1, 0.7, np.pi / 2, 2.5])
    samples = np.zeros((5, 5))
    samples[0, 0] = 1.0
    samples[1:, 0], samples[1:, 3] = 7 * np.cos(angles), 7 * np.sin(angles)
    bits = sign_hash(samples, projection)
    expected = angles / np.pi
    error = np.sqrt(expected * (1 - expected) / n_units)
    assert (abs((bits[1:] != bits[0]).mean(axis=1) - expected) < 4 * error).all()


def test_distance_of_valued_tags_is_the_distance_of_samples():
    generator = np.random.default_rng(3)
    samples = 100 * generator.random((20, 8))
    tags = floor_hash(samples, gaussian_projection(4000, 8, generator), width=1.0)
    between_tags = np.linalg.norm(tags[1:] - tags[0], axis=1) / np.sqrt(4000)
    np.testing.assert_allclose(
        between_tags, np.linalg.norm(samples[1:] - samples[0], axis=1), rtol=0.1
    )


def test_bits_of_rates_say_little_unless_the_rates_are_centred():
    generator = np.random.default_rng(4)
    rates = generator.gamma(9.0, size=(400, 30))
    projection = gaussian_projection(64, 30, generator)
    raw, centred = sign_hash(rates, projection), sign_hash(rates - rates.mean(axis=0), projection)
    minority = [np.minimum(bits.mean(axis=0), 1 - bits.mean(axis=0)) for bits in (raw, centred)]
    assert np.median(minority[0]) < 0.15
    assert np.median(minority[1]) > 0.4
    raw_score, centred_score = (mean_average_precision(rates, bits) for bits in (raw, centred))
    assert centred_score > 1.2 * raw_score


@pytest.mark.parametrize(("n_units", "n_features"), [(0, 5), (5, 0), (-1, 5)])
def test_empty_projections_are_refused(n_units, n_features):
    with pytest.raises(InputError, match="expected 1 or more"):
        gaussian_projection(n_units, n_features, np.random.default_rng(0))


@pytest.mark.parametrize("hashed", [floor_hash, sign_hash])
@pytest.mark.parametrize(
    ("samples", "projection", "message"),
    [
        (np.ones(3), np.ones((2, 3)), r"samples have the shape \(3,\), expected \(n_samples"),
        (np.ones((2, 3)), np.ones(3), r"projection has the shape \(3,\), expected \(n_units"),
        (np.ones((2, 4)), np.ones((2, 3)), "have 4 features, expected the 3"),
        (np.array([[1, 1], [1, np.nan]]), np.ones((2, 2)), "Row 1 of the samples holds"),
        (np.ones((2, 2)), np.array([[np.inf, 1]]), "Row 0 of the projection holds"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(hashed, samples, projection, message):
    with pytest.raises(InputError, match=message):
        hashed(samples, projection)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_steps_without_a_width_are_refused(width):
    with pytest.raises(InputError, match=f"width of a step is {width:g}, expected a number above"):
        floor_hash(np.ones((2, 3)), np.ones((2, 3)), width)
