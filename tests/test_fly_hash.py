"""The fly's hash: its parts against closed forms, its input errors."""

import numpy as np
import pytest

from neurosim.abstract.fly_hash import (
    centre_of,
    divide_by_mean,
    hash_codes,
    projection_matrix,
    top_units,
)
from neurosim.errors import InputError


def rates(n_samples: int, n_features: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, size=(n_samples, n_features))


def test_code_of_a_hand_made_example():
    projection = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1]], dtype=bool)
    features = np.array([[4.0, 1.0, 1.0, 2.0], [0.0, 3.0, 1.0, 4.0]])
    # Divided by the mean: 2 .5 .5 1 and 0 1.5 .5 2. Sums: 2.5 1 3 1.5 and 1.5 2 2 2.5.
    codes = hash_codes(features, projection, n_active=2)
    assert codes.tolist() == [[True, False, True, False], [False, True, False, True]]
    # The centre is 1 1 .5 1.5, which leaves sums of .5 -.5 .5 -.5 and -.5 .5 -.5 .5.
    assert hash_codes(features, projection, 1).argmax(axis=1).tolist() == [2, 3]
    centred = hash_codes(features, projection, 1, centre_of(features))
    assert centred.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("n_active", [1, 7, 120, 200])
def test_every_code_has_exactly_n_active_units(n_active):
    projection = projection_matrix(200, 50, 6, np.random.default_rng(0))
    codes = hash_codes(rates(30, 50), projection, n_active)
    assert codes.dtype == bool
    assert codes.shape == (30, 200)
    assert (codes.sum(axis=1) == n_active).all()


def test_ties_go_to_the_first_units():
    activity = np.random.default_rng(0).integers(5, size=(20, 1000)).astype(float)
    for row, code in zip(activity, top_units(activity, 300), strict=True):
        ranked = sorted(range(1000), key=lambda unit: (-row[unit], unit))
        assert np.flatnonzero(code).tolist() == sorted(ranked[:300])


@pytest.mark.parametrize("fan_in", [1, 6, 50])
def test_every_unit_sums_fan_in_different_features(fan_in):
    projection = projection_matrix(2000, 50, fan_in, np.random.default_rng(1))
    assert projection.dtype == bool
    assert projection.shape == (2000, 50)
    assert (projection.sum(axis=1) == fan_in).all()


def test_projection_favours_no_feature_and_no_pair_of_features():
    n_units, n_features, fan_in = 20_000, 10, 3
    projection = projection_matrix(n_units, n_features, fan_in, np.random.default_rng(2))
    together = projection.T.astype(int) @ projection
    p_one = fan_in / n_features
    p_two = p_one * (fan_in - 1) / (n_features - 1)
    expected = np.full((n_features, n_features), n_units * p_two)
    np.fill_diagonal(expected, n_units * p_one)
    assert (abs(together - expected) < 5 * np.sqrt(expected)).all()


def test_projection_follows_the_seed():
    first, again, other = (
        projection_matrix(100, 50, 6, np.random.default_rng(s)) for s in (3, 3, 4)
    )
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("factor", [1e-300, 0.25, 1e3, 1e305])
def test_a_common_factor_has_no_effect(factor):
    features = rates(20, 50)
    centre = centre_of(features)
    projection = projection_matrix(500, 50, 6, np.random.default_rng(0))
    codes = hash_codes(features, projection, 25, centre)
    assert (hash_codes(factor * features, projection, 25, centre) == codes).all()


def test_centre_is_the_mean_of_samples_that_weigh_the_same():
    features = rates(20, 50)
    scaled = features * np.geomspace(1, 1000, 20)[:, None]
    np.testing.assert_allclose(centre_of(scaled), divide_by_mean(features).mean(axis=0))
    np.testing.assert_allclose(divide_by_mean(scaled).mean(axis=1), 1)


def test_a_sample_has_the_same_code_alone_and_among_others():
    features = rates(20, 50)
    centre = centre_of(features[:5])
    projection = projection_matrix(500, 50, 6, np.random.default_rng(0))
    together = hash_codes(features, projection, 25, centre)
    alone = np.concatenate([hash_codes(row[None], projection, 25, centre) for row in features])
    assert (together == alone).all()


def gaussian_overlap(correlation: float, active: float) -> float:
    """Probability that of two Gaussians one is in its top fraction, given that the other is."""
    from scipy.stats import multivariate_normal, norm

    threshold = norm.ppf(active)
    covariance = [[1, correlation], [correlation, 1]]
    return multivariate_normal(cov=covariance).cdf([threshold, threshold]) / active


def pairs_with_correlation(
    correlation: float, n_pairs: int, n_features: int, generator: np.random.Generator
) -> np.ndarray:
    """Return rates (2, n_pairs, n_features) around 10 whose pairs correlate exactly so."""
    noise = generator.standard_normal((n_pairs, n_features, 2))
    noise -= noise.mean(axis=1, keepdims=True)
    first, second = np.moveaxis(np.linalg.qr(noise)[0], -1, 0) * np.sqrt(n_features)
    return 10 + np.stack([first, correlation * first + np.sqrt(1 - correlation**2) * second])


@pytest.mark.parametrize("active", [0.05, 0.10])
def test_overlap_grows_with_the_correlation_as_for_gaussians(active):
    generator = np.random.default_rng(5)
    n_units, n_pairs = 2000, 60
    projection = projection_matrix(n_units, 500, 50, generator)
    n_active = round(active * n_units)
    measured = []
    for correlation in (0.0, 0.25, 0.5, 0.75, 0.9):
        pairs = pairs_with_correlation(correlation, n_pairs, 500, generator)
        first, second = (hash_codes(rows, projection, n_active) for rows in pairs)
        measured.append((first & second).sum(axis=1).mean() / n_active)
        expected = gaussian_overlap(correlation, active)
        standard_error = np.sqrt(expected * (1 - expected) / (n_active * n_pairs))
        # The sparse sum of 50 features is not quite Gaussian, and units share features.
        assert measured[-1] == pytest.approx(expected, abs=4 * standard_error)
    assert (np.diff(measured) > 0).all()


def test_the_gaussian_overlap_has_its_known_values():
    assert gaussian_overlap(0.5, 0.05) == pytest.approx(0.244, abs=5e-4)
    assert gaussian_overlap(0.0, 0.05) == pytest.approx(0.05)
    assert gaussian_overlap(0.9, 0.10) == pytest.approx(0.689, abs=5e-4)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones(5), r"shape \(5,\), expected \(n_samples, n_features\)"),
        (np.ones((2, 0)), r"shape \(2, 0\)"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), "Row 1 of the features holds only zeros"),
        (np.array([[1.0, -2.0]]), "Row 0 of the features holds a negative value"),
        (np.array([[1.0, np.nan]]), "Row 0 of the features holds a value that is not finite"),
        (np.array([[1.0, np.inf]]), "not finite"),
    ],
)
def test_features_that_are_no_rates_are_refused(features, message):
    with pytest.raises(InputError, match=message):
        divide_by_mean(features)


def test_no_samples_have_no_centre_but_no_codes_either():
    with pytest.raises(InputError, match="0 samples"):
        centre_of(np.ones((0, 5)))
    projection = projection_matrix(10, 5, 2, np.random.default_rng(0))
    assert hash_codes(np.ones((0, 5)), projection, 3).shape == (0, 10)


@pytest.mark.parametrize("fan_in", [0, 51, -1])
def test_fan_in_out_of_range_is_refused(fan_in):
    with pytest.raises(InputError, match=f"fan-in is {fan_in}, expected 1 to 50"):
        projection_matrix(10, 50, fan_in, np.random.default_rng(0))


def test_other_numbers_out_of_range_are_refused():
    generator = np.random.default_rng(0)
    with pytest.raises(InputError, match="number of units is 0"):
        projection_matrix(0, 50, 6, generator)
    projection = projection_matrix(10, 50, 6, generator)
    for n_active in (0, 11):
        with pytest.raises(InputError, match=f"active units is {n_active}, expected 1 to 10"):
            hash_codes(rates(2, 50), projection, n_active)
    with pytest.raises(InputError, match="have 49 features, expected the 50"):
        hash_codes(rates(2, 49), projection, 3)


def test_units_with_unequal_fan_in_are_refused():
    projection = np.array([[True, True, True], [True, False, False]])
    with pytest.raises(InputError, match="sum 1 to 3 features, expected the same number"):
        hash_codes(np.ones((2, 3)), projection, 1)
