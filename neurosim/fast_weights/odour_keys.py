"""Odours as keys: their tags in the spiking fly hash, dense tags, and projection neurons.

Every odour is presented twice: the first trial makes the key that is stored, the second the key
that asks, so that what a code loses from trial to trial counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.correlated_inputs import CONTRAST
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import FlyHashParameters
from neurosim.parameters.library import load_model
from neurosim.session import Session

CIRCUIT, SHEET = "fly_hash", "dasgupta2017"
SPARSE, DENSE, RATES = "sparse", "dense", "rates"
CODES = (SPARSE, DENSE, RATES)
# Half of the Kenyon cells, the most that a binary code can be told apart by. Without APL 80 % fire
# instead of the sheet's 25 %: ours, so that APL still selects.
DENSITY, RELEASE = 0.5, 1.6
N_CALIBRATING = 100  # odours, as in `neurosim.hashing.odour_samples`


@dataclass(frozen=True, eq=False)
class OdourKeys:
    """Keys by code, of odours in sets.

    Parameters
    ----------
    stored, asked : mapping of str to ndarray of float, shape (n_sets, n_odours, n_cells)
        Of the first and the second trial. Of `SPARSE` and `DENSE`, 1 for a Kenyon cell that fires;
        of `RATES`, the spikes of each projection neuron, `DENSITY` on average.
    """

    stored: Mapping[str, np.ndarray]
    asked: Mapping[str, np.ndarray]


def similar_odours(
    n_sets: int,
    n_odours: int,
    n_features: int,
    correlation: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw sets of odours, any two of a set with the same expected correlation.

    As in `neurosim.hashing.correlated_inputs`: Gaussian with mean 1 and standard deviation
    `CONTRAST`, cut off at 0.

    Parameters
    ----------
    n_sets, n_odours, n_features : int
    correlation : float
        0 to 1, before the cut.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (n_sets, n_odours, n_features)
    """
    common = generator.standard_normal((n_sets, 1, n_features))
    own = generator.standard_normal((n_sets, n_odours, n_features))
    mixed = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    odours: np.ndarray = np.maximum(1 + CONTRAST * mixed, 0)
    return odours


@dataclass(frozen=True, eq=False)
class OdourCoder:
    """The circuits that turn odours into keys.

    Parameters
    ----------
    sparse, dense : HashCircuit
        With the same claws; `DENSE` differs in the size of the excitatory potentials and in APL's
        gain.
    """

    sparse: HashCircuit
    dense: HashCircuit

    @classmethod
    def calibrated(cls, session: Session, n_cells: int) -> OdourCoder:
        """Return circuits beside that of a session, calibrated on odours that do not correlate.

        Parameters
        ----------
        session : Session
            Its seed draws claws, odours and noise.
        n_cells : int
            Kenyon cells.

        Raises
        ------
        SimulationError
            If a simulation fails.
        """
        sheet: FlyHashParameters = load_model(SHEET).parameters
        parameters = sheet.changed(kenyon_cells__n=n_cells)
        beside = replace(
            session, parameters=parameters, circuit=CIRCUIT, build_seconds=0.0, run_seconds=0.0
        )
        n_types = parameters.projection_neurons.n
        generator = session.generator("odours that calibrate")
        odours = similar_odours(1, N_CALIBRATING, n_types, 0.0, generator)[0]
        sparse = HashCircuit.draw(beside, n_types)
        dense = sparse.changed(apl__sparsity=DENSITY, apl__release=RELEASE)
        coder = cls(calibrate_hash(sparse, odours), calibrate_hash(dense, odours))
        coder.charge(session)
        return coder

    def charge(self, session: Session) -> None:
        """Add the seconds that were spent since the last time to those of another session."""
        own = self.sparse.session
        session.build_seconds += own.build_seconds
        session.run_seconds += own.run_seconds
        own.build_seconds = own.run_seconds = 0.0

    @property
    def n_types(self) -> int:
        """Number of projection neurons."""
        return self.sparse.parameters.projection_neurons.n

    def keys(self, odours: np.ndarray, purpose: str) -> OdourKeys:
        """Present odours in two trials.

        Parameters
        ----------
        odours : ndarray of float, shape (n_sets, n_odours, n_features)
        purpose : str
            Of the noise.

        Raises
        ------
        SimulationError
            If a simulation fails.
        """
        stored, asked = (self._trial(odours, f"{purpose}, trial {n}") for n in (1, 2))
        return OdourKeys(stored, asked)

    def _trial(self, odours: np.ndarray, noise: str) -> dict[str, np.ndarray]:
        rows = odours.reshape(-1, odours.shape[-1])
        recording = self.sparse.recording(rows, [f"odour {k}" for k in range(len(rows))], noise)
        window = (0.0, self.sparse.parameters.simulation.window)
        neurons = recording.spikes["projection_neurons"]
        spikes = neurons.counts(recording.trial_table.start_time, window).astype(float)
        activity = {
            SPARSE: self.sparse.tags_of(recording).toarray() > 0,
            DENSE: self.dense.counts(rows, noise).toarray() > 0,
            RATES: DENSITY * spikes / spikes.mean(),
        }
        return {
            code: array.reshape(*odours.shape[:2], -1).astype(float)
            for code, array in activity.items()
        }
