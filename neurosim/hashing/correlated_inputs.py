"""Pairs of inputs of known correlation, and the overlap of their tags beside the exact law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError
from neurosim.hashing.odour_samples import OdourSamples, calibrated_circuit
from neurosim.hashing.retrieval import pairwise_overlap
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import REGULAR
from neurosim.session import Session

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Kenyon cells that fire. Published: 5 in Dasgupta et al. 2017, 10 in lecture notes on it.
PERCENTS = (5, 10)
# Pairs of each correlation. Ours: the mean overlap then has a standard error below .01.
N_PAIRS = 100
# Standard deviation over features, for a mean of 1. Calibrated: with regular projection neurons,
# the tags of one input in two trials overlap as much as those of digits do (.96). Below, noise
# takes a larger share; far above, too many rates are cut off at 0 for a Gaussian law.
CONTRAST = 0.75


def correlated_inputs(
    n_features: int, n_pairs: int, correlation: float, generator: np.random.Generator
) -> np.ndarray:
    """Draw pairs of inputs with Gaussian rates of a given correlation.

    The sums of a few features, which excite Kenyon cells, then are jointly Gaussian too, as the
    law supposes. Over features, the two inputs of a pair have exactly a mean of 1, the contrast
    `CONTRAST` and the correlation; then rates below 0 (9 %) are set to 0, by which the contrast
    falls by .06 and the correlation by less than .02.

    Parameters
    ----------
    n_features : int
        3 or more.
    n_pairs : int
    correlation : float
        -1 to 1.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (2 * n_pairs, n_features)
        Pair by pair, 0 or higher.

    Raises
    ------
    InputError
        If there are too few features, or the correlation is out of range.
    """
    if n_features < 3:
        raise InputError(
            f"The number of features is {n_features}, expected 3 or more for inputs of any "
            "correlation."
        )
    if not -1 <= correlation <= 1:
        raise InputError(f"The correlation is {correlation:g}, expected -1 to 1.")
    first, independent = generator.standard_normal((2, n_pairs, n_features))
    first = _standardised(first)
    shared = (first * independent).mean(axis=1, keepdims=True)
    independent = _standardised(independent - shared * first)
    second = correlation * first + np.sqrt(1 - correlation**2) * independent
    pairs = np.stack([first, second], axis=1).reshape(-1, n_features)
    inputs: np.ndarray = np.maximum(1 + CONTRAST * pairs, 0)
    return inputs


def _standardised(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    standardised: np.ndarray = centred / centred.std(axis=1, keepdims=True)
    return standardised


def correlated_odours(
    n_features: int, correlations: Sequence[float], generator: np.random.Generator
) -> OdourSamples:
    """Draw inputs that calibrate, which do not correlate, and pairs of each correlation.

    Parameters
    ----------
    n_features : int
        3 or more.
    correlations : sequence of float
        -1 to 1.
    generator : numpy.random.Generator

    Returns
    -------
    OdourSamples
        Scored are `N_PAIRS` pairs of each correlation, in this order, the two of a pair one behind
        the other.

    Raises
    ------
    InputError
        If there are too few features, or a correlation is out of range.
    """
    calibrating = correlated_inputs(n_features, N_PAIRS // 2, 0.0, generator)
    scored = [
        correlated_inputs(n_features, N_PAIRS, correlation, generator)
        for correlation in correlations
    ]
    names = tuple(
        f"correlation {correlation:g}, pair {pair + 1}, {which}"
        for correlation in correlations
        for pair in range(N_PAIRS)
        for which in ("first", "second")
    )
    return OdourSamples(calibrating, np.concatenate(scored), names)


def circuit_of_sparsity(session: Session, odours: OdourSamples, sparsity: float) -> HashCircuit:
    """Return a circuit of which this fraction of the Kenyon cells fires on average.

    Projection neurons fire regularly. Without APL, as many cells fire as in the circuit of the
    sheet: all that differs is APL's gain.

    Parameters
    ----------
    session : Session
    odours : OdourSamples
    sparsity : float
        Above 0.

    Raises
    ------
    InputError
        If there are fewer features than claws, or no more cells fire without APL in the sheet.
    SimulationError
        If a simulation fails.
    """
    apl = session.parameters.apl
    return calibrated_circuit(
        session,
        odours,
        projection_neurons__spikes=REGULAR,
        apl__sparsity=sparsity,
        apl__release=apl.release * apl.sparsity / sparsity,
        apl__gain=0.0,
    )


def describe_overlaps(
    tags: csr_matrix, correlations: Sequence[float], percent: int
) -> dict[str, float]:
    """Return the overlap of the tags of two inputs, given how these correlate.

    Parameters
    ----------
    tags : csr_matrix of bool, shape (2 * n_pairs * n_correlations, n_kenyon_cells)
        Of the scored inputs of `correlated_odours`.
    correlations : sequence of float
    percent : int
        Of the Kenyon cells, so many fire on average.

    Returns
    -------
    dict of str to float
        For each correlation ``overlap_PERCENT_percent_at_CORRELATION``, mean over pairs, and the
        same name with ``_gaussian`` behind it, the exact value for infinitely many cells whose
        excitation is Gaussian (`neurosim.abstract.overlap_law`); and
        ``largest_deviation_PERCENT_percent`` between the two.
    """
    pairs = np.arange(tags.shape[0]).reshape(-1, 2)
    measured = pairwise_overlap(tags, pairs).reshape(len(correlations), -1).mean(axis=1)
    expected = expected_overlap(correlations, percent / 100)
    values: dict[str, float] = {}
    for correlation, overlap, exact in zip(correlations, measured, expected, strict=True):
        name = f"overlap_{percent}_percent_at_{correlation}"
        values |= {name: float(overlap), f"{name}_gaussian": float(exact)}
    deviation = float(np.abs(measured - expected).max())
    return {**values, f"largest_deviation_{percent}_percent": deviation}
