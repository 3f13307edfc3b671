"""When the response to the own stimulus begins, and when that to its partner does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neurosim import statistics as st
from neurosim.association.pair_coding import AFTER, POPULATION, pair_coding_units
from neurosim.recording import Recording

# s. Ours: fine against the membrane time constant; some tens of cells in ten tests fill them.
BIN = 0.002
WINDOW = (-0.4, 0.5)
SMOOTHING = np.full(5, 1 / 5)  # over neighbouring bins


def half_rise(rate: np.ndarray, start: npt.ArrayLike) -> float:
    """Return when a rate first reaches half of its way from the baseline to the response.

    Half of the way does not depend on the size of the response, as a fixed threshold or the first
    spike would; and the response is its mean, since cells fire in volleys and the highest of them
    may come late.

    Parameters
    ----------
    rate : ndarray of float, shape (n_bins,)
    start : array_like of float, shape (n_bins,)
        Where each bin begins, seconds from the onset; bins before 0 are the baseline, the others
        the response.

    Returns
    -------
    float
        Seconds from the onset, between the middles of bins by linear interpolation; not a number
        if the response does not exceed the baseline.
    """
    times = np.asarray(start)
    baseline, response = rate[times < 0].mean(), rate[times >= 0]
    half = (baseline + response.mean()) / 2
    if response.mean() <= baseline:
        return float("nan")
    middle = times[times >= 0] + np.diff(times).mean() / 2
    first = int(np.argmax(response >= half))
    if first == 0:
        return float(middle[0])
    return float(np.interp(half, response[first - 1 : first + 1], middle[first - 1 : first + 1]))


def describe_latency(
    recording: Recording, directions: Sequence[tuple[str, str]]
) -> dict[str, float]:
    """Compare the latencies of pair-coding units to their own stimulus and to its partner.

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and ``after``.
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    dict of str to float
        ``p_latency``, ``np_latency`` (`half_rise` of the mean rate over pair-coding units after
        learning) and ``latency_difference`` (NP minus P), milliseconds; not a number without such
        units.
    """
    edges = st.bin_edges(WINDOW, BIN)
    sums: dict[str, np.ndarray] = {name: np.zeros(len(edges) - 1) for name in ("p", "np")}
    for own, partner in directions:
        _, coding = pair_coding_units(recording, own, partner)
        if not coding.any():
            continue
        for name, stimulus in (("p", own), ("np", partner)):
            trials = recording.trial_table.where(phase=AFTER, stimulus=stimulus)
            onsets = recording.trial_table.start_time[trials]
            histogram = st.psth(recording.spikes[POPULATION], coding, onsets, WINDOW, BIN)
            sums[name] += coding.sum() * histogram
    p, partner_latency = (
        1e3 * half_rise(np.convolve(rate, SMOOTHING, mode="same"), edges[:-1])
        for rate in sums.values()
    )
    return {
        "p_latency": p,
        "np_latency": partner_latency,
        "latency_difference": partner_latency - p,
    }
