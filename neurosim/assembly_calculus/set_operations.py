"""Sets of neurons of one area: union, intersection and difference, with sizes against chance.

Chance is that of independent sets of the same sizes, each drawn at random from all neurons of the
area. The number of neurons that are in every one of m such sets is hypergeometric for m = 2; its
mean and variance for any m follow from the probability that one neuron, or two, are in all::

    mean = n prod(a_i / n),   E[X (X - 1)] = n (n - 1) prod(a_i (a_i - 1) / (n (n - 1)))

Unions and differences are intersections of sets and complements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.errors import InputError


@dataclass(frozen=True)
class NeuronSet:
    """Some neurons of an area.

    Parameters
    ----------
    area : str
    n_neurons : int
        Of the area.
    members : ndarray of int, shape (size,)
        Indices of neurons, from 0, each once; they are kept sorted.

    Raises
    ------
    InputError
        If an index occurs twice or is out of range.
    """

    area: str
    n_neurons: int
    members: np.ndarray

    def __post_init__(self) -> None:
        members = np.sort(np.asarray(self.members, dtype=np.int64))
        if len(members) and not 0 <= members[0] <= members[-1] < self.n_neurons:
            wrong = members[0] if members[0] < 0 else members[-1]
            raise InputError(
                f"The neuron {wrong} is in no area of {self.n_neurons} neurons, "
                f"expected 0 to {self.n_neurons - 1}."
            )
        twice = members[1:][np.diff(members) == 0]
        if len(twice):
            raise InputError(f"The neuron {twice[0]} is in a set twice, expected once.")
        object.__setattr__(self, "members", members)

    @classmethod
    def of_mask(cls, area: str, mask: np.ndarray) -> NeuronSet:
        """Return the neurons that are True in an array of bool, shape (n_neurons,)."""
        return cls(area, len(mask), np.flatnonzero(mask))

    @property
    def mask(self) -> np.ndarray:
        """Which neurons are members: bool, shape (n_neurons,)."""
        mask = np.zeros(self.n_neurons, dtype=bool)
        mask[self.members] = True
        return mask

    @property
    def size(self) -> int:
        """Number of members."""
        return len(self.members)

    @property
    def share(self) -> float:
        """Number of members over that of the area's neurons."""
        return self.size / self.n_neurons


@dataclass(frozen=True)
class ComparedSet:
    """The result of a set operation, and the size that chance gives.

    Parameters
    ----------
    neurons : NeuronSet
    expected_size, sd : float
        Mean and standard deviation of the size for random sets.
    """

    neurons: NeuronSet
    expected_size: float
    sd: float

    @property
    def ratio(self) -> float:
        """Size over expected size; NaN if none is expected."""
        return self.neurons.size / self.expected_size if self.expected_size > 0 else math.nan

    @property
    def z_score(self) -> float:
        """Distance from the expected size in standard deviations; NaN if the size is certain."""
        return (self.neurons.size - self.expected_size) / self.sd if self.sd > 0 else math.nan


def intersection(*sets: NeuronSet) -> ComparedSet:
    """Return the neurons that are in all of these sets.

    Parameters
    ----------
    *sets : NeuronSet
        Two or more, of one area.

    Returns
    -------
    ComparedSet

    Raises
    ------
    InputError
        If there are fewer than two sets or they are of different areas.
    """
    _check_one_area(sets)
    return _compared(sets, np.logical_and.reduce([each.mask for each in sets]), sets, ())


def union(*sets: NeuronSet) -> ComparedSet:
    """Return the neurons that are in any of these sets.

    Parameters, returned value and errors are those of `intersection`.
    """
    _check_one_area(sets)
    members = np.logical_or.reduce([each.mask for each in sets])
    # All but those that are outside of every set.
    outside = _compared(sets, ~members, (), sets)
    n_neurons = sets[0].n_neurons
    return ComparedSet(
        NeuronSet.of_mask(sets[0].area, members), n_neurons - outside.expected_size, outside.sd
    )


def difference(first: NeuronSet, *others: NeuronSet) -> ComparedSet:
    """Return the neurons of the first set that are in none of the others.

    Parameters, returned value and errors are those of `intersection`.
    """
    sets = (first, *others)
    _check_one_area(sets)
    members = first.mask & ~np.logical_or.reduce([each.mask for each in others])
    return _compared(sets, members, (first,), others)


def overlap(first: NeuronSet, second: NeuronSet) -> float:
    """Return the size of the intersection of two sets over that of the smaller one.

    As `neurosim.statistics.overlap`; chance is the share of the larger set in the area.

    Parameters
    ----------
    first, second : NeuronSet
        Of one area.

    Returns
    -------
    float
        0 if one of them is empty.

    Raises
    ------
    InputError
        If they are of different areas.
    """
    _check_one_area((first, second))
    smaller = min(first.size, second.size)
    common = np.intersect1d(first.members, second.members, assume_unique=True)
    return len(common) / smaller if smaller else 0.0


def drawn(pool: NeuronSet, number: int, generator: np.random.Generator) -> NeuronSet:
    """Draw neurons from a set at random, each once; all of them where there are too few.

    Parameters
    ----------
    pool : NeuronSet
    number : int
    generator : numpy.random.Generator
    """
    chosen = generator.choice(pool.members, min(number, pool.size), replace=False)
    return NeuronSet(pool.area, pool.n_neurons, chosen)


def _compared(
    sets: Sequence[NeuronSet],
    members: np.ndarray,
    inside: Sequence[NeuronSet],
    outside: Sequence[NeuronSet],
) -> ComparedSet:
    """Compare the neurons that are inside of some sets and outside of others with chance."""
    n = sets[0].n_neurons
    sizes = [each.size for each in inside] + [n - each.size for each in outside]
    mean = n * math.prod(size / n for size in sizes)
    pairs = math.prod(size * (size - 1) / (n * (n - 1)) for size in sizes) if n > 1 else 0.0
    variance = n * (n - 1) * pairs + mean - mean**2
    neurons = NeuronSet.of_mask(sets[0].area, members)
    # Rounding leaves a little of a variance that is 0.
    return ComparedSet(neurons, mean, math.sqrt(variance) if variance > 1e-9 * mean else 0.0)


def _check_one_area(sets: Sequence[NeuronSet]) -> None:
    if len(sets) < 2:
        raise InputError(f"There are {len(sets)} sets of neurons, expected two or more.")
    first = sets[0]
    for other in sets[1:]:
        if (other.area, other.n_neurons) != (first.area, first.n_neurons):
            raise InputError(
                f"The sets are of area '{first.area}' with {first.n_neurons} neurons and of "
                f"'{other.area}' with {other.n_neurons}, expected one area."
            )
