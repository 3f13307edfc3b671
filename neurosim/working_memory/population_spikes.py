"""Population spikes: short bursts in which most neurons of a population fire together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neurosim import statistics as st
from neurosim.recording import EDGE, SpikeTrains

BIN = 0.01  # s: of the rates whose peaks are the heights (second-hand: as in public codes)
# Hz in one bin. Ours: twenty times the largest rate at rest, twice that of asynchronous firing.
THRESHOLD = 20.0
# s: a rate that falls below the threshold for less than this is still in the same population spike.
# Ours: they last about 20 ms and are .2 s or more apart.
PAUSE = 0.05


@dataclass(frozen=True, eq=False)
class PopulationSpikes:
    """The population spikes of one population.

    Parameters
    ----------
    time : ndarray of float, shape (n,)
        Middle of the bin in which each is highest, seconds.
    height : ndarray of float, shape (n,)
        Mean rate of the neurons in that bin, Hz.
    """

    time: np.ndarray
    height: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def intervals(self) -> np.ndarray:
        """Seconds between each and the next one, shape (n - 1,)."""
        return np.diff(self.time)


def population_rate(trains: SpikeTrains, window: st.Window, bin_width: float = BIN) -> np.ndarray:
    """Return the mean rate of a population's neurons in bins.

    Parameters
    ----------
    trains : SpikeTrains
    window : tuple of float
        Start and stop, seconds; half-open.
    bin_width : float
        Seconds; the window is a whole number of bins.

    Returns
    -------
    ndarray of float, shape (n_bins,)
        Hz.

    Raises
    ------
    InputError
        If the bins do not fill the window.
    """
    everyone = np.ones(trains.n, dtype=bool)
    return st.psth(trains, everyone, 0.0, window, bin_width)


def find_population_spikes(
    rate: npt.ArrayLike,
    start: float = 0.0,
    bin_width: float = BIN,
    threshold: float = THRESHOLD,
    pause: float = PAUSE,
) -> PopulationSpikes:
    """Find the population spikes in a rate.

    Parameters
    ----------
    rate : array_like of float, shape (n_bins,)
        Mean rate of the neurons, Hz.
    start : float
        Time of the first bin, seconds.
    bin_width : float
        Seconds.
    threshold : float
        Hz that a population spike reaches.
    pause : float
        Seconds; what is less far apart is one population spike.

    Returns
    -------
    PopulationSpikes
    """
    rates = np.asarray(rate, dtype=float)
    above = np.flatnonzero(rates >= threshold)
    if not above.size:
        return PopulationSpikes(np.empty(0), np.empty(0))
    gaps = np.flatnonzero(np.diff(above) * bin_width >= pause - EDGE)
    edges = [0, *(gaps + 1), len(above)]
    groups = [slice(above[first], above[last - 1] + 1) for first, last in pairwise(edges)]
    peaks = np.array([group.start + int(np.argmax(rates[group])) for group in groups])
    return PopulationSpikes(start + (peaks + 0.5) * bin_width, rates[peaks])
