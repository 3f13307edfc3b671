"""Responses unit by unit, of the units of all pairs: rates and peri-stimulus time histograms.

P is a unit's own stimulus, NP its partner, NA a stimulus that is neither, whichever of the pair the
unit responds to: units of both directions of all pairs are pooled, as in the scorecard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neurosim import statistics as st
from neurosim.association.pair_coding import BEFORE, POPULATION, pair_coding_units, responders
from neurosim.recording import EDGE, Recording


@dataclass(frozen=True)
class UnitGroup:
    """Some units of one direction.

    Parameters
    ----------
    own, partner : str
    units : ndarray of bool, shape (n_cells,)
    """

    own: str
    partner: str
    units: np.ndarray

    def stimulus(self, role: str) -> str:
        """Return the stimulus that is P (own) or NP (partner) to these units."""
        return {"P": self.own, "NP": self.partner}[role]


def pair_coding_groups(
    recording: Recording, directions: Sequence[tuple[str, str]]
) -> list[UnitGroup]:
    """Return the pair-coding units of each direction, see `neurosim.association.pair_coding`."""
    return [
        UnitGroup(own, partner, pair_coding_units(recording, own, partner)[1])
        for own, partner in directions
    ]


def responding_groups(
    recording: Recording, directions: Sequence[tuple[str, str]]
) -> list[UnitGroup]:
    """Return the units of each direction that respond to their own stimulus before learning."""
    return [
        UnitGroup(own, partner, responders(recording, own, BEFORE)) for own, partner in directions
    ]


def count_units(groups: Sequence[UnitGroup]) -> int:
    """Return how many units there are; a unit of two directions counts twice."""
    return sum(int(group.units.sum()) for group in groups)


def histograms_by_unit(
    recording: Recording,
    groups: Sequence[UnitGroup],
    role: str,
    phase: str,
    window: st.Window,
    bin_width: float,
) -> np.ndarray:
    """Return the peri-stimulus time histogram of each unit.

    Parameters
    ----------
    recording : Recording
    groups : sequence of UnitGroup
    role : str
        ``"P"`` or ``"NP"``.
    phase : str
    window : tuple of float
        Start and stop relative to the onset, seconds.
    bin_width : float
        Seconds; the window is a whole number of bins.

    Returns
    -------
    ndarray of float, shape (n_units, n_bins)
        Hz, mean over the trials.

    Raises
    ------
    InputError
        If the bins do not fill the window.
    """
    edges = st.bin_edges(window, bin_width)
    of_groups = [np.empty((0, len(edges) - 1))]
    for group in groups:
        if group.units.any():
            trials = recording.trial_table.where(phase=phase, stimulus=group.stimulus(role))
            of_groups.append(_histograms(recording, trials, edges)[:, group.units].T)
    return np.concatenate(of_groups)


def _histograms(recording: Recording, trials: npt.ArrayLike, edges: np.ndarray) -> np.ndarray:
    """Return the rate of every cell in every bin, mean over the trials, shape (n_bins, n_cells)."""
    return np.array(
        [
            st.rates(recording, POPULATION, trials, span).mean(axis=0)
            for span in pairwise(edges.tolist())
        ]
    )


def histograms_by_trial(
    recording: Recording,
    unit: int,
    trials: npt.ArrayLike,
    window: st.Window,
    bin_width: float,
) -> np.ndarray:
    """Return the rate of one excitatory cell in the bins of each trial.

    Parameters
    ----------
    recording : Recording
    unit : int
    trials : array_like of int, shape (n_trials,)
        Indices into `recording.trial_table`.
    window : tuple of float
        Start and stop relative to the onset, seconds.
    bin_width : float
        Seconds; the window is a whole number of bins.

    Returns
    -------
    ndarray of float, shape (n_trials, n_bins)
        Hz.

    Raises
    ------
    InputError
        If there is no such unit, or the bins do not fill the window.
    """
    edges = st.bin_edges(window, bin_width)
    times = recording.spikes[POPULATION].of(unit)
    onsets = recording.trial_table.start_time[np.asarray(trials)]
    bounds = np.searchsorted(times, onsets[:, np.newaxis] + (edges - EDGE))
    counts: np.ndarray = np.diff(bounds, axis=1)
    return counts / bin_width
