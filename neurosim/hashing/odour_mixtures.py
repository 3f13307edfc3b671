"""What the tag of a blend of two odours has in common with the tags of its components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from neurosim.abstract.fly_hash import hash_codes
from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError
from neurosim.hashing.kenyon_cell_responses import active_fractions
from neurosim.hashing.retrieval import pairwise_overlap
from neurosim.hashing.scores import mean_active
from neurosim.hashing.vectors import blend

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from neurosim.hashing.retrieval import Tags


@dataclass(frozen=True, eq=False)
class MixtureOverlaps:
    """Overlaps of tags, as in `neurosim.hashing.retrieval.pairwise_overlap`.

    Parameters
    ----------
    with_component : ndarray of float, shape (2 * n_pairs,)
        Of each blend with either component.
    of_components : ndarray of float, shape (n_pairs,)
        Of the two components of each blend.
    with_others : ndarray of float, shape (2 * n_pairs,)
        Of each blend with the components of another one: what to expect by chance.
    """

    with_component: np.ndarray
    of_components: np.ndarray
    with_others: np.ndarray

    def means(self) -> dict[str, float]:
        """Return the mean overlaps, ``overlap_with_component`` and so on."""
        return {f"overlap_{name}": float(values.mean()) for name, values in vars(self).items()}


OVERLAPS = tuple(field.name for field in fields(MixtureOverlaps))


def describe_mixtures(
    mixtures: np.ndarray, counts: csr_matrix, again: csr_matrix, projection: np.ndarray
) -> dict[str, float]:
    """Return what is measured of the tags of blends, beside the algorithm's.

    Parameters
    ----------
    mixtures : ndarray of float, shape (3 * n_pairs, n_features)
        From `mixtures_of`.
    counts, again : csr_matrix of float, shape (3 * n_pairs, n_kenyon_cells)
        Spikes in two trials of each.
    projection : ndarray of bool, shape (n_kenyon_cells, n_features)
        Of the circuit; see `algorithm_overlaps`.

    Returns
    -------
    dict of str to float
        ``active_fraction`` of the Kenyon cells to components, ``active_fraction_blend``; the means
        of `MixtureOverlaps`, and those of the algorithm's tags (``..._algorithm``);
        ``overlap_between_trials`` of a component; ``overlap_with_component_gaussian``, see
        `expected_with_component`.
    """
    from scipy.sparse import vstack

    n_components = 2 * (len(mixtures) // 3)
    active = active_fractions(counts)
    algorithm = algorithm_overlaps(mixtures, counts, projection)
    components = np.arange(n_components)
    trials = np.stack([components, components + len(mixtures)], axis=1)
    between_trials = pairwise_overlap(vstack([counts, again]) > 0, trials)
    return {
        "active_fraction": float(active[:n_components].mean()),
        "active_fraction_blend": float(active[n_components:].mean()),
        **mixture_overlaps(counts > 0).means(),
        **{f"{name}_algorithm": value for name, value in algorithm.means().items()},
        "overlap_between_trials": float(between_trials.mean()),
        "overlap_with_component_gaussian": expected_with_component(mixtures, active.mean()),
    }


def mixtures_of(samples: np.ndarray) -> np.ndarray:
    """Return odours in pairs, and the blend of each pair in equal parts.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        The first half of them are blended with the second half, in order; an odd one is left out.

    Returns
    -------
    ndarray of float, shape (3 * n_pairs, n_features)
        The first component of every pair, the second components, the blends.

    Raises
    ------
    InputError
        If there are fewer than two pairs.
    """
    n_pairs = len(samples) // 2
    if n_pairs < 2:
        raise InputError(f"Got {len(samples)} odours to blend, expected 4 or more.")
    first, second = samples[:n_pairs], samples[n_pairs : 2 * n_pairs]
    blends = [blend(one, other) for one, other in zip(first, second, strict=True)]
    return np.concatenate([first, second, blends])


def names_of_mixtures(names: Sequence[str]) -> list[str]:
    """Name the odours of `mixtures_of`.

    Parameters
    ----------
    names : sequence of str
        Of all odours that are paired.

    Returns
    -------
    list of str
        A blend is named after both components, ``"odour 1 + odour 2"``.
    """
    n_pairs = len(names) // 2
    first, second = names[:n_pairs], names[n_pairs : 2 * n_pairs]
    blends = [f"{one} + {other}" for one, other in zip(first, second, strict=True)]
    return [*first, *second, *blends]


def mixture_overlaps(tags: Tags) -> MixtureOverlaps:
    """Compare the tags of blends with those of their components.

    Parameters
    ----------
    tags : ndarray or csr_matrix of bool, shape (3 * n_pairs, n_units)
        Of the odours of `mixtures_of`, in their order.

    Returns
    -------
    MixtureOverlaps

    Raises
    ------
    InputError
        If the number of tags is none of these.
    """
    n_pairs, rest = divmod(tags.shape[0], 3)
    if rest or n_pairs < 2:
        raise InputError(
            f"Got the tags of {tags.shape[0]} odours, expected three for each of two or more pairs."
        )
    first, second, blends = np.arange(3 * n_pairs).reshape(3, n_pairs)

    def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return pairwise_overlap(tags, np.stack([one, other], axis=1))

    return MixtureOverlaps(
        with_component=np.concatenate([overlap(blends, first), overlap(blends, second)]),
        of_components=overlap(first, second),
        with_others=np.concatenate(
            [overlap(blends, np.roll(first, 1)), overlap(blends, np.roll(second, 1))]
        ),
    )


def algorithm_overlaps(
    mixtures: np.ndarray, counts: csr_matrix, projection: np.ndarray
) -> MixtureOverlaps:
    """Return the overlaps of the algorithm's tags with the same projection.

    Parameters
    ----------
    mixtures : ndarray of float, shape (3 * n_pairs, n_features)
        From `mixtures_of`.
    counts : csr_matrix of float, shape (3 * n_pairs, n_kenyon_cells)
        Spikes of the circuit, without stored zeros: the algorithm has as many winners as Kenyon
        cells fire on average.
    projection : ndarray of bool, shape (n_kenyon_cells, n_features)

    Returns
    -------
    MixtureOverlaps
    """
    return mixture_overlaps(hash_codes(mixtures, projection, mean_active(counts)))


def expected_with_component(mixtures: np.ndarray, fraction: float) -> float:
    """Return the mean overlap of blend and component that follows from how their rates correlate.

    Parameters
    ----------
    mixtures : ndarray of float, shape (3 * n_pairs, n_features)
        From `mixtures_of`. An odour with the same rate everywhere correlates with none.
    fraction : float
        Share of active units.

    Returns
    -------
    float
        Derived: that of Gaussian sums, `neurosim.abstract.overlap_law.expected_overlap`. Not a
        number if no unit is active, or every unit.
    """
    if not 0 < fraction < 1:
        return float("nan")
    centred = mixtures - mixtures.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(norms > 0, norms, 1)
    first, second, blends = unit.reshape(3, -1, mixtures.shape[1])
    correlations = np.concatenate([(blends * first).sum(axis=1), (blends * second).sum(axis=1)])
    return float(expected_overlap(np.clip(correlations, -1, 1), fraction).mean())
