"""Responses of Kenyon cells, in recordings whose every spike is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from neurosim.hashing.kenyon_cell_responses import (
    active_fractions,
    describe_responses,
    first_spike_latencies,
    ratios_to,
    recorded_counts,
)
from neurosim.recording import Recording, SpikeTrains, Trace
from neurosim.timeline import TrialTable

N_CELLS = 5
WINDOW = 0.1  # s
# Odour, cell, time from the onset in ms. Cell 4 never fires; nothing fires to odour 2.
SPIKES = ((0, 0, 12), (0, 0, 40), (0, 0, 41), (0, 1, 99), (1, 0, 0), (1, 3, 30), (3, 2, 20))


def recording_of(spikes: Sequence[tuple[int, int, float]] = SPIKES, n_odours: int = 4) -> Recording:
    onsets = np.arange(n_odours) * WINDOW
    odours, cells, times = np.array(spikes, dtype=float).reshape(-1, 3).T
    empty = np.array([""] * n_odours, dtype=object)
    table = TrialTable(
        onsets,
        onsets + WINDOW,
        empty,
        empty,
        empty,
        np.full(n_odours, -1),
        np.zeros(n_odours, bool),
    )
    trains = SpikeTrains(N_CELLS, cells.astype(int), onsets[odours.astype(int)] + times / 1e3)
    traces = {
        "kenyon_cell_potential": Trace(np.array([[0.0, 0.02], [-0.003, 0.01]]), 1.0, "V"),
        "apl_potential": Trace(np.array([[0.0], [0.005], [0.001]]), 1.0, "V"),
    }
    return Recording({"kenyon_cells": trains}, table, n_odours * WINDOW, traces, "")


def test_counts_are_those_of_the_spikes():
    counts = recorded_counts(recording_of())
    expected = np.array([[3, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0] * 5, [0, 0, 1, 0, 0]])
    assert (counts.toarray() == expected).all()
    assert counts.nnz == 5, "zeros are stored"
    assert active_fractions(counts) == pytest.approx([0.4, 0.4, 0, 0.2])


def test_a_spike_at_an_onset_belongs_to_the_odour_that_begins():
    onset = 29 * WINDOW  # which no sum of windows hits exactly
    spikes = [(29, 0, 0.0)]
    counts = recorded_counts(recording_of(spikes, 40))
    assert onset != sum([WINDOW] * 29)
    assert counts[29, 0] == 1
    assert counts.nnz == 1


def test_latencies_are_those_of_first_spikes():
    latencies = first_spike_latencies(recording_of())
    assert sorted(latencies) == pytest.approx([0, 0.012, 0.020, 0.030, 0.099], abs=1e-9)


def test_what_is_measured():
    values = describe_responses(recording_of())
    assert values == pytest.approx(
        {
            "active_fraction": 0.25,
            "input_correlation": np.corrcoef([[3, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 0]])[
                np.triu_indices(3, 1)
            ].mean(),
            "latency": 20.0,
            "spikes_per_responder": 7 / 5,
            "hyperpolarisation": -3.0,
            "apl_potential": 5.0,
        }
    )


def test_ratios_are_those_to_the_intact_circuit():
    intact = {"active_fraction": 0.05, "input_correlation": 0.1}
    changed = {"active_fraction": 0.2, "input_correlation": 0.22}
    ratios = ratios_to(intact, changed)
    assert ratios == pytest.approx({"active_ratio": 4, "correlation_ratio": 2.2})
    silent = ratios_to({"active_fraction": 0.0, "input_correlation": np.nan}, changed)
    assert np.isnan(list(silent.values())).all()


def test_silence_has_no_latency_and_no_correlation():
    values = describe_responses(recording_of([]))
    assert values["active_fraction"] == 0
    for name in ("input_correlation", "latency", "spikes_per_responder"):
        assert np.isnan(values[name])
