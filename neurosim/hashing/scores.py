"""Scores of the tags of one circuit: how many cells fire, how reliably, what the tags preserve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurosim.hashing.kenyon_cell_responses import active_fractions
from neurosim.hashing.methods import algorithm_tags, normalised, tags_of_all_methods
from neurosim.hashing.odour_samples import OdourSamples
from neurosim.hashing.retrieval import (
    cosine_similarity,
    jaccard,
    mean_average_precision,
    pairwise_overlap,
    random_pairs,
    spearman,
)
from neurosim.hashing.spiking_hash import HashCircuit

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from neurosim.hashing.retrieval import Tags

# Pairs of samples whose similarity is compared. Ours: of so many, a Spearman correlation of .9 has
# a sampling error of about .002.
N_PAIRS = 20_000
MILLI = 1e3
# What `describe_similarity` correlates, over pairs of samples.
SIMILARITY: Mapping[str, str] = {
    "spearman_cosine": "overlap of spiking tags, cosine of samples",
    "spearman_cosine_algorithm": "overlap of the algorithm's tags, cosine of samples",
    "spearman_distance": "overlap of spiking tags, Euclidean distance of samples",
    "spearman_distance_algorithm": "overlap of the algorithm's tags, Euclidean distance of samples",
}


def mean_active(counts: csr_matrix) -> int:
    """Return the mean number of cells that fire, the k that the other methods are given.

    Parameters
    ----------
    counts : csr_matrix, shape (n_samples, n_kenyon_cells)
        Without stored zeros.

    Returns
    -------
    int
        Rounded; 1 or more.
    """
    n_samples: int = counts.shape[0]
    n_active: int = counts.nnz
    return max(1, round(n_active / n_samples))


def describe_tags(first: csr_matrix, second: csr_matrix) -> dict[str, float]:
    """Return how many Kenyon cells fire, how often, and how reliably.

    Parameters
    ----------
    first, second : csr_matrix, shape (n_samples, n_kenyon_cells)
        Spike counts in two trials, without stored zeros.

    Returns
    -------
    dict of str to float
        Of the first trial: ``active_fraction`` (mean over samples), ``active_spread`` (standard
        deviation over samples), ``fewest_active`` (cells that fire to the weakest sample) and
        ``spikes_per_responder`` (of a cell that fires; not a number if none does). Of both:
        ``trial_jaccard``, the Jaccard index of the cells that fire to a sample, mean over samples.
    """
    active = active_fractions(first)
    return {
        "active_fraction": float(active.mean()),
        "active_spread": float(active.std()),
        "fewest_active": float(np.diff(first.indptr).min()),
        "spikes_per_responder": float(first.sum() / (first.nnz or np.nan)),
        "trial_jaccard": float(jaccard(first > 0, second > 0).mean()),
    }


def describe_precision(
    samples: np.ndarray, tags: Mapping[str, Tags], rule: str
) -> dict[str, float]:
    """Return the mean average precision with which the tags of each method find near neighbours.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
        All are queries; neighbours are near by Euclidean distance at equal mean.
    tags : mapping of str to ndarray or csr_matrix
        By method.
    rule : {"hits", "relevant"}
        As in `neurosim.hashing.retrieval.mean_average_precision`.

    Returns
    -------
    dict of str to float
        ``map_METHOD``.
    """
    rows = normalised(samples)
    return {
        f"map_{method}": mean_average_precision(rows, of_method, rule=rule)
        for method, of_method in tags.items()
    }


def circuit_over_algorithm(values: Mapping[str, float], circuit: str, algorithm: str) -> float:
    """Return the mean average precision of the circuit, divided by that of the algorithm.

    Parameters
    ----------
    values : mapping of str to float
        From `describe_precision`.
    circuit, algorithm : str
        Methods; for a fair ratio both with binary tags, or both with valued ones.

    Returns
    -------
    float
        Not a number if the algorithm finds no neighbours.
    """
    return values[f"map_{circuit}"] / (values[f"map_{algorithm}"] or np.nan)


def describe_similarity(
    samples: np.ndarray,
    spiking: Tags,
    algorithm: Tags,
    generator: np.random.Generator,
) -> dict[str, float]:
    """Return how the overlap of two tags goes with the similarity of the samples.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
    spiking, algorithm : ndarray or csr_matrix of bool, shape (n_samples, n_cells)
    generator : numpy.random.Generator
        Draws pairs of samples.

    Returns
    -------
    dict of str to float
        Spearman's rank correlation, over pairs of samples, of the overlap of their tags with their
        cosine (``spearman_cosine``) and with their Euclidean distance at equal mean
        (``spearman_distance``, negative), the same of the algorithm (``..._algorithm``), and for
        the cosine the size of the difference between the two (``spearman_difference``).
    """
    n_samples = len(samples)
    n_pairs = min(N_PAIRS, n_samples * (n_samples - 1) // 2)
    pairs = random_pairs(n_samples, n_pairs, generator)
    rows = normalised(samples)
    similarity = {
        "cosine": cosine_similarity(rows, pairs),
        "distance": np.linalg.norm(rows[pairs[:, 0]] - rows[pairs[:, 1]], axis=1),
    }
    tags = {"": spiking, "_algorithm": algorithm}
    overlaps = {suffix: pairwise_overlap(of_method, pairs) for suffix, of_method in tags.items()}
    values = {
        f"spearman_{measure}{suffix}": spearman(overlap, of_pairs)
        for measure, of_pairs in similarity.items()
        for suffix, overlap in overlaps.items()
    }
    difference = values["spearman_cosine"] - values["spearman_cosine_algorithm"]
    return {**values, "spearman_difference": abs(difference)}


def score_circuit(circuit: HashCircuit, odours: OdourSamples, rule: str) -> dict[str, float]:
    """Present every scored sample twice, and compare the binary tags with the algorithm's.

    Parameters
    ----------
    circuit : HashCircuit
        Calibrated.
    odours : OdourSamples
    rule : {"hits", "relevant"}
        As in `neurosim.hashing.retrieval.mean_average_precision`.

    Returns
    -------
    dict of str to float
        What `describe_tags` returns; ``epsp``, mV; ``map_spiking_binary``,
        ``map_algorithm_binary`` with as many winners as cells fire on average, and ``map_ratio`` of
        the two; what `describe_similarity` returns of these tags; and, if the session's sheet asks
        for a sparsity, ``active_over_wanted`` and ``spread_over_wanted``, `active_fraction` and
        `active_spread` divided by it.
    """
    samples, session = odours.scored, circuit.session
    counts, again = (circuit.counts(samples, f"trial {number}") for number in (1, 2))
    winners = algorithm_tags(samples, circuit.projection, mean_active(counts))
    fired, won = counts > 0, winners["algorithm_binary"]
    tags = {"spiking_binary": fired, "algorithm_binary": won}
    values = {
        **describe_tags(counts, again),
        **describe_precision(samples, tags, rule),
        **describe_similarity(samples, fired, won, session.generator("pairs")),
    }
    values["map_ratio"] = circuit_over_algorithm(values, "spiking_binary", "algorithm_binary")
    values["epsp"] = circuit.parameters.kenyon_cells.epsp * MILLI
    wanted = session.parameters.apl.sparsity
    if wanted > 0:
        values["active_over_wanted"] = values["active_fraction"] / wanted
        values["spread_over_wanted"] = values["active_spread"] / wanted
    return values


def compare_methods(circuit: HashCircuit, odours: OdourSamples, rule: str) -> dict[str, float]:
    """Present every scored sample, and hash it with all methods.

    Parameters
    ----------
    circuit : HashCircuit
        Calibrated.
    odours : OdourSamples
    rule : {"hits", "relevant"}
        As in `neurosim.hashing.retrieval.mean_average_precision`.

    Returns
    -------
    dict of str to float
        ``map_METHOD`` for each of `neurosim.hashing.methods.TAGS`, all with as many active units as
        cells fire on average; and ``map_ratio_count``, the circuit over the algorithm with valued
        tags.
    """
    counts = circuit.counts(odours.scored, "trial 1")
    generator = circuit.session.generator("other projections 0")
    tags = tags_of_all_methods(counts, circuit.projection, odours, mean_active(counts), generator)
    values = describe_precision(odours.scored, tags, rule)
    ratio = circuit_over_algorithm(values, "spiking_count", "algorithm_valued")
    return {**values, "map_ratio_count": ratio}
