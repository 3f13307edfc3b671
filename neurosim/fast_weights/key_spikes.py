"""How many spikes a key cell fires while a key is shown, by how strongly that drives it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.fast_weights.block_spikes import LEAD_IN
from neurosim.parameters.associative_memory import AssociativeMemoryParameters

# Strengths that are tried, and cells at each. Ours: at the strongest a cell of the sheet fires at
# 200 Hz, and the mean of so many cells is right to a fiftieth of a spike.
STRONGEST, N_STRENGTHS, N_CELLS = 4.0, 81, 400


@dataclass(frozen=True, eq=False)
class KeySpikes:
    """Mean number of spikes by the strength of the drive, and back.

    Parameters
    ----------
    strengths : ndarray of float, shape (n_strengths,)
        0 is the background, 1 the full stimulus of the sheet.
    spikes : ndarray of float, shape (n_strengths,)
        While a pair is shown; never less than at a weaker drive.
    """

    strengths: np.ndarray
    spikes: np.ndarray

    @property
    def full(self) -> float:
        """Spikes of a cell that its key drives with the full stimulus."""
        return float(np.interp(1.0, self.strengths, self.spikes))

    def strengths_for(self, spikes: np.ndarray) -> np.ndarray:
        """Return the strength at which a cell fires so often on average.

        Parameters
        ----------
        spikes : ndarray of float
            No more than the background alone leads to means no drive.

        Returns
        -------
        ndarray of float, of the same shape
            `STRONGEST` at most.
        """
        strengths: np.ndarray = np.interp(spikes, self.spikes, self.strengths)
        return strengths


def key_spikes(
    parameters: AssociativeMemoryParameters, generator: np.random.Generator
) -> KeySpikes:
    """Measure the spikes of single key cells on the circuit's own steps.

    Parameters
    ----------
    parameters : AssociativeMemoryParameters
    generator : numpy.random.Generator
        Draws the cells' noise.

    Returns
    -------
    KeySpikes

    Notes
    -----
    The equations are those of `neurosim.circuits.lif_blocks`, in NumPy: key cells receive nothing
    but their drive. They wait at the background for `LEAD_IN` before a key is shown.
    """
    cells, dt = parameters.key_cells, parameters.simulation.dt
    strengths = np.linspace(0, STRONGEST, N_STRENGTHS)
    shown = cells.background + (cells.stimulus - cells.background) * strengths[:, np.newaxis]
    decay = np.exp(-dt / cells.tau_m)
    kick = cells.noise * np.sqrt(12 * (1 - decay**2))
    n_waiting = round(LEAD_IN / dt)
    n_refractory = round(cells.t_refractory / dt)
    v = np.full((N_STRENGTHS, N_CELLS), min(cells.background, cells.v_reset))
    idle = np.full(v.shape, n_refractory)  # steps since the last spike
    counts = np.zeros(v.shape)
    for step in range(n_waiting + round(parameters.presentation.pair / dt)):
        drive = shown if step >= n_waiting else cells.background
        idle += 1
        moved = drive + (v - drive) * decay + kick * (generator.random(v.shape) - 0.5)
        v = np.where(idle >= n_refractory, moved, v)
        fires = v > cells.v_threshold
        v[fires], idle[fires] = cells.v_reset, 0
        counts += fires * (step >= n_waiting)
    return KeySpikes(strengths, np.maximum.accumulate(counts.mean(axis=1)))
