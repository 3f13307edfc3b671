"""How much tags of the fly's hash change from trial to trial, and with the concentration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurosim.hashing.kenyon_cell_responses import active_fractions
from neurosim.hashing.retrieval import jaccard
from neurosim.hashing.spiking_hash import HashCircuit

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the concentration that the circuit is calibrated at
# The antennal lobe as 1000 R/(R + 200 Hz), of divisive normalisation, nearly proportional to the
# concentration: APL alone is left to normalise. Ours: below one spike a time step; where
# R grows fourfold, from a mean of 20 Hz, the mean rate grows threefold.
NEARLY_PROPORTIONAL = {
    "antennal_lobe__lateral_inhibition": 0.0,
    "antennal_lobe__exponent": 1.0,
    "antennal_lobe__sigma": 200.0,
    "antennal_lobe__r_max": 1000.0,
}


def describe_trials(circuit: HashCircuit, samples: np.ndarray) -> dict[str, float]:
    """Present every odour twice.

    Parameters
    ----------
    circuit : HashCircuit
    samples : ndarray of float, shape (n_samples, n_features)

    Returns
    -------
    dict of str to float
        ``jaccard``, of the binary tags in the two trials, and ``active``, the fraction of Kenyon
        cells that fire; means over odours.
    """
    one, other = (circuit.counts(samples, f"trial {number}") for number in (1, 2))
    return {
        "jaccard": float(jaccard(one > 0, other > 0).mean()),
        "active": float(active_fractions(one).mean()),
    }


def at_all_concentrations(
    samples: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Return odours at each of `FACTORS`, one concentration behind the other.

    Parameters
    ----------
    samples : ndarray of float, shape (n_samples, n_features)
    names : sequence of str, length n_samples

    Returns
    -------
    samples : ndarray of float, shape (len(FACTORS) * n_samples, n_features)
    names : list of str
        With the factor, ``"odour 1 x0.25"``.
    """
    shown = np.concatenate([factor * samples for factor in FACTORS])
    return shown, [f"{name} x{factor:g}" for factor in FACTORS for name in names]


def describe_concentrations(circuit: HashCircuit, samples: np.ndarray) -> dict[str, float]:
    """Present odours at several concentrations, and once more at the first one.

    Parameters
    ----------
    circuit : HashCircuit
        Calibrated at the concentration of `samples`.
    samples : ndarray of float, shape (n_samples, n_features)

    Returns
    -------
    dict of str to float
        For each of `FACTORS`: ``active_at_xFACTOR``, the fraction of Kenyon cells that fire, and
        ``jaccard_with_x1_at_xFACTOR``, of the binary tags with those of another trial at factor 1
        (means over odours); for the factor 1 that is the similarity from trial to trial, which no
        other concentration can be expected to exceed. ``active_range`` is the largest fraction over
        the smallest.
    """
    reference = circuit.counts(samples, "another trial at x1") > 0
    active, similarity = {}, {}
    for factor in FACTORS:
        name = f"x{factor:g}"
        counts: csr_matrix = circuit.counts(factor * samples, f"concentration {name}")
        active[f"active_at_{name}"] = float(active_fractions(counts).mean())
        similarity[f"jaccard_with_x1_at_{name}"] = float(jaccard(counts > 0, reference).mean())
    smallest, largest = min(active.values()), max(active.values())
    return active | similarity | {"active_range": largest / smallest if smallest else np.inf}
