"""Which cells respond to both pictures of a pair, to the composite only, or to neither.

Sets of neurons are those of `neurosim.assembly_calculus.set_operations`, whose sizes are compared
with those of random sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.assembly_calculus.set_operations import (
    ComparedSet,
    NeuronSet,
    difference,
    drawn,
    intersection,
    union,
)
from neurosim.association.pair_coding import AFTER, BEFORE, responders
from neurosim.association.paired_stimuli import Pair
from neurosim.recording import Recording

AREA = "area"
Direction = tuple[str, str]  # own stimulus and partner
Cells = Mapping[Direction, NeuronSet]


@dataclass(frozen=True)
class PairCells:
    """The cells of pairs, by what they respond to before and after learning.

    Parameters
    ----------
    linked : mapping of (str, str) to NeuronSet
        By own stimulus and partner: the cells that responded to their own and not to the partner
        before learning, and respond to both after it.
    unlinked : mapping of (str, str) to NeuronSet
        Those that responded to their own and not to the partner before, and do not respond to the
        partner after it either.
    outside : NeuronSet
        The cells that respond to nothing of any pair in either phase, the composite included.
    shared : tuple of ComparedSet
        All that respond to both after learning, a set for each pair.
    composite_before, composite_after : tuple of ComparedSet
        Those that respond to the composite and to neither of its two pictures, a set for each pair.
    """

    linked: Cells
    unlinked: Cells
    outside: NeuronSet
    shared: tuple[ComparedSet, ...]
    composite_before: tuple[ComparedSet, ...]
    composite_after: tuple[ComparedSet, ...]

    @classmethod
    def of(cls, recording: Recording, pairs: Sequence[Pair]) -> PairCells:
        """Find them in a recording.

        The criterion of a response is that of `neurosim.association.pair_coding.responders`.

        Parameters
        ----------
        recording : Recording
            With tests of the pictures and the composite of each pair in the phases ``before`` and
            ``after``.
        pairs : sequence of Pair
        """
        answers = {
            (name, phase): NeuronSet.of_mask(AREA, responders(recording, name, phase))
            for pair in pairs
            for name in (pair.p, pair.partner, pair.composite)
            for phase in (BEFORE, AFTER)
        }
        linked, unlinked = {}, {}
        for own, partner in (direction for pair in pairs for direction in pair.directions):
            eligible = difference(answers[own, BEFORE], answers[partner, BEFORE]).neurons
            both = intersection(answers[own, AFTER], answers[partner, AFTER]).neurons
            linked[own, partner] = intersection(eligible, both).neurons
            unlinked[own, partner] = difference(eligible, answers[partner, AFTER]).neurons
        responding = union(*answers.values()).neurons

        def only(phase: str) -> tuple[ComparedSet, ...]:
            return tuple(
                difference(*(answers[name, phase] for name in (q.composite, q.p, q.partner)))
                for q in pairs
            )

        return cls(
            linked,
            unlinked,
            NeuronSet.of_mask(AREA, ~responding.mask),
            tuple(intersection(answers[q.p, AFTER], answers[q.partner, AFTER]) for q in pairs),
            only(BEFORE),
            only(AFTER),
        )


def halves(cells: Cells, generator: np.random.Generator) -> tuple[Cells, Cells]:
    """Split the cells of each direction into random halves; of an odd number the second has more.

    Parameters
    ----------
    cells : mapping of (str, str) to NeuronSet
    generator : numpy.random.Generator
    """
    first = {direction: drawn(each, each.size // 2, generator) for direction, each in cells.items()}
    return first, {key: difference(each, first[key]).neurons for key, each in cells.items()}


def as_many(cells: Cells, pools: Cells, generator: np.random.Generator) -> Cells:
    """Draw for each direction as many cells from its pool, all of them where there are too few."""
    return {key: drawn(pools[key], each.size, generator) for key, each in cells.items()}


def most_active(cells: Cells, pools: Cells, rates: np.ndarray) -> Cells:
    """Take for each direction as many cells from its pool, those with the highest rates.

    Parameters
    ----------
    cells, pools : mapping of (str, str) to NeuronSet
    rates : ndarray of float, shape (n_cells,)
        Of all cells.
    """
    chosen = {}
    for key, each in cells.items():
        pool = pools[key]
        descending = np.argsort(-rates[pool.members], kind="stable")
        chosen[key] = NeuronSet(pool.area, pool.n_neurons, pool.members[descending[: each.size]])
    return chosen


def together(sets: Iterable[NeuronSet]) -> NeuronSet:
    """Return the neurons that are in any of one or more sets."""
    first, *others = sets
    return union(first, *others).neurons if others else first


def size_and_ratio(sets: Sequence[ComparedSet]) -> tuple[float, float]:
    """Return how many neurons are in several sets, and how many times as many as by chance."""
    size = float(sum(each.neurons.size for each in sets))
    expected = sum(each.expected_size for each in sets)
    return size, size / expected if expected else float("nan")
