"""Persistent activity: which selective populations go on firing, and for how long.

A population is active in a tenth of a second in which its neurons fire at 5 Hz or more on average:
a population spike in it is enough, and so is asynchronous firing at that rate. At rest they fire at
less than 1 Hz.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim import statistics as st
from neurosim.recording import EDGE, Recording
from neurosim.working_memory.population_spikes import BIN, population_rate

SELECTIVE = "selective_"
"""How the names of selective populations begin."""

# Definitions of ours. At rest 200 neurons at 1 Hz reach 5 Hz in such a bin with a probability below
# 1e-20; a population spike alone is above 5 Hz.
ACTIVE_BIN = 0.1  # s
ACTIVE_RATE = 5.0  # Hz
LOST = 1.0  # s without activity, twice the longest interval between population spikes


def selective_populations(recording: Recording) -> list[str]:
    """Return the names of the selective populations of a recording."""
    return [name for name in recording.spikes if name.startswith(SELECTIVE)]


def whole_bins(window: st.Window, bin_width: float) -> st.Window:
    """Return a window cut at its end to a whole number of bins."""
    start, stop = window
    return start, start + bin_width * np.floor((stop - start) / bin_width + EDGE)


def is_active(recording: Recording, population: str, window: st.Window) -> np.ndarray:
    """Return in which tenths of a second a population is active.

    Parameters
    ----------
    recording : Recording
    population : str
    window : tuple of float
        Start and stop, seconds; what is left of it behind the last whole tenth is not looked at.

    Returns
    -------
    ndarray of bool, shape (n_bins,)
    """
    window = whole_bins(window, ACTIVE_BIN)
    return population_rate(recording.spikes[population], window, ACTIVE_BIN) >= ACTIVE_RATE


def life(active: npt.ArrayLike) -> float:
    """Return for how long activity lasts.

    Parameters
    ----------
    active : array_like of bool, shape (n_bins,)
        From `is_active`, from the end of the cue on.

    Returns
    -------
    float
        Seconds from the start to the end of the last active bin before the first pause of `LOST`;
        0 if there is none.
    """
    bins = np.flatnonzero(np.asarray(active, dtype=bool))
    pauses = np.diff(np.concatenate([[-1], bins])) - 1
    lost = np.flatnonzero(pauses * ACTIVE_BIN >= LOST - EDGE)
    held = bins[: lost[0]] if lost.size else bins
    return float((held[-1] + 1) * ACTIVE_BIN) if held.size else 0.0


def first_ignition(recording: Recording, window: st.Window) -> float:
    """Return when the first selective population becomes active.

    Returns
    -------
    float
        Seconds from the start of the window; infinite if none does.
    """
    active = [
        np.flatnonzero(is_active(recording, name, window))
        for name in selective_populations(recording)
    ]
    first = [bins[0] * ACTIVE_BIN for bins in active if bins.size]
    return float(min(first, default=np.inf))


def active_populations(recording: Recording, window: st.Window) -> list[str]:
    """Return the selective populations that are active at any time of a window."""
    return [
        name
        for name in selective_populations(recording)
        if is_active(recording, name, window).any()
    ]


def mean_rates(recording: Recording, window: st.Window) -> dict[str, float]:
    """Return the mean rate of each selective population's neurons in a window, Hz."""
    length = window[1] - window[0]
    return {
        name: float(population_rate(recording.spikes[name], window, length)[0])
        for name in selective_populations(recording)
    }


def synchrony(recording: Recording, population: str, window: st.Window) -> float:
    """Return the coefficient of variation of a population's rate in bins of 10 ms.

    Asynchronous firing has a small one (n neurons that fire independently at a rate r one of
    1/sqrt(n*r*10 ms)), population spikes with silence between them have one above 1.
    """
    rate = population_rate(recording.spikes[population], whole_bins(window, BIN))
    return float(rate.std() / rate.mean()) if rate.any() else float("nan")
