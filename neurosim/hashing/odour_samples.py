"""Divide data into samples that calibrate a circuit of the fly's hash, and others to be scored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import InputError
from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.hashing.vectors import load_vectors
from neurosim.session import Session

# Samples that calibrate: a hundred, or a fifth of data that are fewer than 500. Ours: of a hundred
# samples, the mean fraction of active Kenyon cells has an error of a hundredth of itself.
MOST_CALIBRATING = 100
CALIBRATING_SHARE = 0.2
FEWEST = 10  # ours: two calibrate, eight are scored


@dataclass(frozen=True, eq=False)
class OdourSamples:
    """Samples of some data in random order: some calibrate, others are scored, none does both.

    Parameters
    ----------
    calibrating : ndarray of float, shape (n_calibrating, n_features)
    scored : ndarray of float, shape (n_scored, n_features)
    names : tuple of str, length n_scored
        Of the scored samples: ``"odour 1"`` is the first row of the data.
    """

    calibrating: np.ndarray
    scored: np.ndarray
    names: tuple[str, ...]

    def first(self, n: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the first of the scored samples, at most `n`, and their names."""
        return self.scored[:n], self.names[:n]


def draw_samples(data: str | os.PathLike[str], n_scored: int, session: Session) -> OdourSamples:
    """Load data and divide them, by the seed of a session.

    Parameters
    ----------
    data : str or path
        As in `neurosim.hashing.vectors.load_vectors`.
    n_scored : int
        At most; fewer if the data hold no more.
    session : Session

    Returns
    -------
    OdourSamples

    Raises
    ------
    InputError
        If the data are refused, or hold too few samples to calibrate with some and score others.
    """
    generator = session.generator("data")
    samples = load_vectors(data, generator).samples
    n_samples = len(samples)
    if n_samples < FEWEST:
        raise InputError(
            f"The data '{os.fspath(data)}' hold {n_samples} stimuli, expected {FEWEST} or more: "
            "some calibrate the circuit, others are scored."
        )
    n_calibrating = min(MOST_CALIBRATING, int(CALIBRATING_SHARE * n_samples))
    order = generator.permutation(n_samples)
    scored = order[n_calibrating : n_calibrating + n_scored]
    names = tuple(f"odour {row + 1}" for row in scored.tolist())
    return OdourSamples(samples[order[:n_calibrating]], samples[scored], names)


def calibrated_circuit(session: Session, odours: OdourSamples, **changes: Any) -> HashCircuit:
    """Return the circuit of a session's sheet, calibrated on the samples that are kept for that.

    Parameters
    ----------
    session : Session
    odours : OdourSamples
    **changes
        Other values of parameters, ``section__field=value``.

    Returns
    -------
    HashCircuit

    Raises
    ------
    InputError
        If the values contradict each other, or there are fewer features than claws.
    SimulationError
        If the calibration does not reach what the sheet asks for.
    """
    circuit = HashCircuit.draw(session, odours.calibrating.shape[1], **changes)
    return calibrate_hash(circuit, odours.calibrating)
