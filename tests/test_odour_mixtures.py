"""Overlaps of the tags of blends and components: examples by hand, closed forms, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from neurosim.abstract.fly_hash import projection_matrix
from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError
from neurosim.hashing.odour_mixtures import (
    algorithm_overlaps,
    describe_mixtures,
    expected_with_component,
    mixture_overlaps,
    mixtures_of,
    names_of_mixtures,
)
from neurosim.hashing.vectors import blend

# First components, second components, blends; two pairs, tags of two units.
TAGS = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 1],
        [1, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 1, 0],
    ]
)


def odours(n: int = 400) -> np.ndarray:
    return np.random.default_rng(0).exponential(size=(n, 50))


def test_odours_are_paired_and_blended():
    samples = odours(7)
    mixtures = mixtures_of(samples)
    assert (mixtures[:6] == samples[:6]).all()
    for pair in range(3):
        np.testing.assert_allclose(mixtures[6 + pair], blend(samples[pair], samples[3 + pair]))
    names = [f"odour {k}" for k in range(7)]
    assert names_of_mixtures(names) == [
        *names[:6],
        *(f"odour {k} + odour {k + 3}" for k in range(3)),
    ]


def test_overlaps_of_a_hand_made_example():
    overlaps = mixture_overlaps(csr_matrix(TAGS > 0))
    # The first blend has a unit of either component, the second one of its first component.
    assert overlaps.with_component.tolist() == [0.5, 0.5, 0.5, 0]
    assert overlaps.of_components.tolist() == [0.5, 0.5]
    # The blend of the second pair has a unit of the second component of the first pair.
    assert overlaps.with_others.tolist() == [0, 0, 0, 0.5]
    assert overlaps.means() == {
        "overlap_with_component": 0.375,
        "overlap_of_components": 0.5,
        "overlap_with_others": 0.125,
    }


def test_the_algorithm_follows_the_law_of_gaussian_sums():
    mixtures = mixtures_of(odours())
    projection = projection_matrix(2000, 50, 6, np.random.default_rng(1))
    # Only the number of winners depends on the spikes: 100 on average.
    counts = csr_matrix(np.tile(np.arange(2000) < 100, (len(mixtures), 1)) * 2.0)
    means = algorithm_overlaps(mixtures, counts, projection).means()
    # The rates of a blend of independent odours correlate with either by 1 / sqrt(2).
    law = expected_overlap(np.sqrt(0.5), 0.05)
    expected = expected_with_component(mixtures, 0.05)
    assert expected == pytest.approx(law, abs=0.01)
    assert means["overlap_with_component"] == pytest.approx(expected, abs=0.03)
    assert means["overlap_with_others"] == pytest.approx(0.05, abs=0.01)
    assert means["overlap_of_components"] == pytest.approx(0.05, abs=0.01)


def test_what_is_measured_of_two_trials():
    mixtures = mixtures_of(odours(4))
    projection = projection_matrix(6, 50, 6, np.random.default_rng(1))
    again = TAGS.copy()
    again[0] = [0, 1, 0, 0, 1, 0]
    again[4:] = 0  # blends do not matter
    values = describe_mixtures(
        mixtures, csr_matrix(3.0 * TAGS), csr_matrix(2.0 * again), projection
    )
    assert values["active_fraction"] == values["active_fraction_blend"] == pytest.approx(1 / 3)
    assert values["overlap_between_trials"] == pytest.approx((0.5 + 3) / 4)
    assert values["overlap_with_component"] == 0.375
    algorithm = algorithm_overlaps(mixtures, csr_matrix(TAGS), projection).means()
    assert values["overlap_with_component_algorithm"] == algorithm["overlap_with_component"]
    assert values["overlap_with_others_algorithm"] == algorithm["overlap_with_others"]


def test_what_cannot_be_expected():
    samples = odours(4)
    samples[0] = 1.0  # the same rate everywhere
    flat = np.mean([0.05, *expected_overlap([1, np.sqrt(0.5), np.sqrt(0.5)], 0.05)])
    assert expected_with_component(mixtures_of(samples), 0.05) == pytest.approx(flat, abs=0.05)
    for fraction in (0.0, 1.0):
        assert np.isnan(expected_with_component(mixtures_of(samples), fraction))


def test_silence_has_no_overlap():
    mixtures, silent = mixtures_of(odours(8)), csr_matrix((12, 40))
    projection = projection_matrix(40, 50, 6, np.random.default_rng(1))
    values = describe_mixtures(mixtures, silent, silent, projection)
    assert values["overlap_with_component"] == values["overlap_between_trials"] == 0
    assert np.isnan(values["overlap_with_component_gaussian"])


def test_one_pair_is_refused():
    with pytest.raises(InputError, match=r"^Got 3 odours to blend, expected 4 or more\.$"):
        mixtures_of(odours(3))
    with pytest.raises(InputError, match=r"^Got the tags of 3 odours, expected three for each"):
        mixture_overlaps(TAGS[:3] > 0)
    with pytest.raises(InputError, match=r"^Got the tags of 5 odours, expected three for each"):
        mixture_overlaps(TAGS[:5] > 0)
