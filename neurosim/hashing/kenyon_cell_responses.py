"""How Kenyon cells respond to odours: how many, how alike, when, how often, at which potentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurosim.hashing.retrieval import correlation_between_inputs
from neurosim.recording import EDGE, Recording

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KENYON_CELLS = "kenyon_cells"
MILLI = 1e3


def describe_responses(recording: Recording) -> dict[str, float]:
    """Return what is measured of the responses to the odours of a recording.

    Parameters
    ----------
    recording : Recording
        Of the circuit of the fly's hash, an odour a trial.

    Returns
    -------
    dict of str to float
        ``active_fraction`` (of the Kenyon cells, mean over odours), ``input_correlation`` (of the
        spike counts to two odours, mean over pairs), ``latency`` (of the first spike of a cell that
        fires, median, milliseconds), ``spikes_per_responder`` (of a cell that fires, mean),
        ``hyperpolarisation`` (lowest potential of the traced Kenyon cells, millivolts above rest)
        and ``apl_potential`` (highest, millivolts above rest). Not a number where nothing fires.
    """
    counts = recorded_counts(recording)
    latencies = first_spike_latencies(recording)
    return {
        "active_fraction": float(active_fractions(counts).mean()),
        "input_correlation": correlation_between_inputs(counts),
        "latency": float(np.median(latencies)) * MILLI if len(latencies) else np.nan,
        "spikes_per_responder": float(counts.sum() / counts.nnz) if counts.nnz else np.nan,
        "hyperpolarisation": float(recording.traces["kenyon_cell_potential"].data.min()) * MILLI,
        "apl_potential": float(recording.traces["apl_potential"].data.max()) * MILLI,
    }


def ratios_to(intact: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """Compare the responses of a changed circuit with those of the intact one.

    Parameters
    ----------
    intact, values : mapping of str to float
        From `describe_responses`.

    Returns
    -------
    dict of str to float
        ``active_ratio`` and ``correlation_ratio``: changed over intact; not a number where the
        latter is 0.
    """
    ratios = {"active_ratio": "active_fraction", "correlation_ratio": "input_correlation"}
    return {ratio: values[name] / (intact[name] or np.nan) for ratio, name in ratios.items()}


def recorded_counts(recording: Recording) -> csr_matrix:
    """Return how often each Kenyon cell fired in each trial of a recording: the tags.

    Parameters
    ----------
    recording : Recording
        Trials follow one another without a gap.

    Returns
    -------
    csr_matrix of float, shape (n_trials, n_kenyon_cells)
        Only Kenyon cells that fired are stored.
    """
    from scipy.sparse import csr_matrix

    spikes = recording.spikes[KENYON_CELLS]
    shape = (len(recording.trial_table), spikes.n)
    entries = (np.ones(len(spikes.time)), (_trials(recording), spikes.index))
    counts = csr_matrix(entries, shape=shape)
    counts.sum_duplicates()
    return counts


def active_fractions(counts: csr_matrix) -> np.ndarray:
    """Return the fraction of the units that are active in each row.

    Parameters
    ----------
    counts : csr_matrix, shape (n_samples, n_units)
        Without stored zeros.

    Returns
    -------
    ndarray of float, shape (n_samples,)
    """
    fractions: np.ndarray = np.diff(counts.indptr) / counts.shape[1]
    return fractions


def first_spike_latencies(recording: Recording) -> np.ndarray:
    """Return when each Kenyon cell that fires to an odour does so first.

    Parameters
    ----------
    recording : Recording
        Trials follow one another without a gap.

    Returns
    -------
    ndarray of float, shape (n_responses,)
        Seconds from the onset, one for each odour and each cell that fires to it.
    """
    spikes, trials = recording.spikes[KENYON_CELLS], _trials(recording)
    # Spikes are in order of time, and of equal numbers `unique` finds the first.
    _, first = np.unique(trials * spikes.n + spikes.index, return_index=True)
    latencies: np.ndarray = spikes.time[first] - recording.trial_table.start_time[trials[first]]
    return latencies


def _trials(recording: Recording) -> np.ndarray:
    """Return the trial that each spike of the Kenyon cells falls into."""
    onsets = recording.trial_table.start_time
    times = recording.spikes[KENYON_CELLS].time
    trials: np.ndarray = np.searchsorted(onsets, times + EDGE, side="right") - 1
    return trials
