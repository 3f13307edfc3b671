"""The overlap of codes against closed forms, SciPy and a simulation of winners."""

import numpy as np
import pytest

from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError

CORRELATIONS = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]


@pytest.mark.parametrize(
    ("fraction", "overlaps"),
    [
        (0.05, [0.05, 0.074, 0.123, 0.244, 0.440, 0.637, 1.0]),
        (0.10, [0.10, 0.133, 0.193, 0.324, 0.512, 0.689, 1.0]),
    ],
)
def test_known_values(fraction, overlaps):
    # Computed from the bivariate normal distribution and rounded to three digits.
    np.testing.assert_allclose(expected_overlap(CORRELATIONS, fraction), overlaps, atol=5.1e-4)


@pytest.mark.parametrize("fraction", [0.001, 0.05, 0.3, 0.5, 0.9])
def test_agrees_with_scipy(fraction):
    from scipy.stats import multivariate_normal, norm

    threshold = norm.ppf(fraction)
    for correlation in (-0.99, -0.5, -0.1, 0.2, 0.6, 0.95, 0.999):
        distribution = multivariate_normal(cov=[[1, correlation], [correlation, 1]])
        expected = distribution.cdf([threshold, threshold]) / fraction
        assert expected_overlap(correlation, fraction) == pytest.approx(expected, abs=1e-8)


def test_half_of_the_units_have_a_closed_form():
    # Sheppard 1899: P(X > 0, Y > 0) = 1/4 + arcsin(correlation) / (2 pi).
    correlation = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(
        expected_overlap(correlation, 0.5), 0.5 + np.arcsin(correlation) / np.pi, atol=1e-12
    )


@pytest.mark.parametrize("fraction", [0.001, 0.05, 0.5, 0.8, 0.999])
def test_ends_and_middle(fraction):
    opposite = max(2 * fraction - 1, 0) / fraction
    np.testing.assert_allclose(
        expected_overlap([-1, 0, 1], fraction), [opposite, fraction, 1], atol=1e-9
    )


def test_grows_with_the_correlation_and_stays_within_its_range():
    overlap = expected_overlap(np.linspace(-1, 1, 201)[:, None], [0.01, 0.05, 0.1, 0.6])
    assert overlap.shape == (201, 4)
    assert overlap.min() >= 0
    assert overlap.max() <= 1
    assert (np.diff(overlap, axis=0) > -1e-12).all()
    assert (np.diff(overlap[100:], axis=0) > 0).all()


def test_is_the_overlap_of_winners():
    generator = np.random.default_rng(0)
    n_units, n_active, correlation = 100_000, 5_000, 0.6
    first = generator.standard_normal(n_units)
    second = correlation * first + 0.8 * generator.standard_normal(n_units)
    winners = [set(np.argsort(-values)[:n_active].tolist()) for values in (first, second)]
    measured = len(winners[0] & winners[1]) / n_active
    assert measured == pytest.approx(float(expected_overlap(correlation, 0.05)), abs=0.02)


@pytest.mark.parametrize(
    ("correlation", "fraction", "message"),
    [
        (1.1, 0.05, "correlation is 1.1, expected -1 to 1"),
        ([0.5, float("nan")], 0.05, "correlation is nan"),
        ("high", 0.05, "correlation is 'high', expected a number"),
        (0.5, 0.0, "fraction of active units is 0, expected it above 0"),
        (0.5, 1.0, "fraction of active units is 1, expected it above 0 and below 1"),
        (0.5, 5, "fraction of active units is 5"),
        ([0.1, 0.2, 0.3], [0.05, 0.1], r"\(3,\) and the fractions \(2,\)"),
    ],
)
def test_numbers_out_of_range_are_refused(correlation, fraction, message):
    with pytest.raises(InputError, match=message):
        expected_overlap(correlation, fraction)
