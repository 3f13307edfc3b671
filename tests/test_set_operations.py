"""Sets of neurons and what chance would give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurosim import statistics
from neurosim.assembly_calculus.set_operations import (
    NeuronSet,
    difference,
    intersection,
    overlap,
    union,
)
from neurosim.errors import InputError


def neurons(*members: int, n: int = 10, area: str = "A") -> NeuronSet:
    return NeuronSet(area, n, np.array(members, dtype=int))


def test_members_of_the_three_operations() -> None:
    first, second, third = neurons(5, 1, 2, 3), neurons(3, 4, 5), neurons(5, 9)
    assert intersection(first, second).neurons.members.tolist() == [3, 5]
    assert union(first, second).neurons.members.tolist() == [1, 2, 3, 4, 5]
    assert difference(first, second).neurons.members.tolist() == [1, 2]
    assert intersection(first, second, third).neurons.members.tolist() == [5]
    assert union(first, second, third).neurons.size == 6
    assert difference(first, second, third).neurons.members.tolist() == [1, 2]
    assert overlap(first, second) == pytest.approx(2 / 3)


def test_masks_and_indices_are_the_same_set() -> None:
    mask = np.isin(np.arange(10), [2, 7])
    assert NeuronSet.of_mask("A", mask).members.tolist() == [2, 7]
    np.testing.assert_array_equal(neurons(7, 2).mask, mask)
    assert neurons(7, 2).share == 0.2


def test_overlap_is_that_of_the_statistics() -> None:
    generator = np.random.default_rng(1)
    for _ in range(20):
        masks = generator.random((2, 30)) < generator.random((2, 1))
        sets = [NeuronSet.of_mask("A", mask) for mask in masks]
        assert overlap(*sets) == statistics.overlap(*masks)
    assert overlap(neurons(), neurons(1)) == 0


def test_chance_of_two_sets_is_hypergeometric() -> None:
    from scipy.stats import hypergeom

    first, second = neurons(*range(30), n=100), neurons(*range(20, 60), n=100)
    both = intersection(first, second)
    law = hypergeom(100, 30, 40)
    assert both.expected_size == pytest.approx(law.mean())
    assert both.sd == pytest.approx(law.std())
    assert both.ratio == pytest.approx(10 / 12)
    assert both.z_score == pytest.approx(-2 / law.std())
    either, only = union(first, second), difference(first, second)
    assert either.expected_size == pytest.approx(70 - law.mean())
    assert only.expected_size == pytest.approx(30 - law.mean())
    assert either.sd == pytest.approx(law.std())
    assert only.sd == pytest.approx(law.std())


@pytest.mark.parametrize("operation", [intersection, union, difference])
def test_chance_of_three_sets(operation) -> None:
    generator = np.random.default_rng(2)
    drawn = [
        operation(*(neurons(*generator.permutation(40)[:size], n=40) for size in (25, 12, 18)))
        for _ in range(2000)
    ]
    sizes = np.array([each.neurons.size for each in drawn])
    expected, sd = drawn[0].expected_size, drawn[0].sd
    assert abs(sizes.mean() - expected) < 4 * sd / math.sqrt(len(sizes))
    # The variance of 2000 numbers has a relative standard error of about 3 %.
    assert sizes.std() == pytest.approx(sd, rel=0.07)


def test_certain_sizes_have_no_z_score() -> None:
    everyone, some = neurons(*range(10)), neurons(1, 2)
    both = intersection(everyone, some)
    assert both.expected_size == pytest.approx(2)
    assert both.sd == 0
    assert math.isnan(both.z_score)
    assert math.isnan(intersection(neurons(), some).ratio)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: neurons(1, 1), "The neuron 1 is in a set twice"),
        (lambda: neurons(10), "The neuron 10 is in no area of 10"),
        (lambda: neurons(-1), "The neuron -1 is in no area of 10"),
        (lambda: intersection(neurons(1)), "There are 1 sets"),
        (lambda: difference(neurons(1)), "There are 1 sets"),
        (lambda: union(neurons(1), neurons(1, n=11)), "expected one area"),
        (lambda: overlap(neurons(1), neurons(1, area="B")), "expected one area"),
    ],
)
def test_sets_that_are_refused(make, text: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert text in str(caught.value)
