"""Runs of the fly's hash in which nothing was simulated, for the tests of its figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.abstract.overlap_law import expected_overlap
from neurosim.hashing.plots import METHODS
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains, Trace, TrialValues
from neurosim.run_directory import Run
from neurosim.scorecard import Row
from neurosim.timeline import TrialTable

WINDOW = 0.1  # s
N_KENYON_CELLS = 2000
CONDITIONS = ("main", "hash_lengths", "overlap_law", "convergence")
N_ODOURS = 30


def winners(trial: int) -> np.ndarray:
    """Return the Kenyon cells that fire to an odour: 90 to 110, from the number of the odour on."""
    return 11 * trial + np.arange(90 + 4 * (trial % 6)) * 11


def hash_recording(n_odours: int = N_ODOURS, n_types: int = 64, silent: bool = False) -> Recording:
    """Return odours 100 ms apart: projection neurons at 100 Hz, two spikes of each winner."""
    onsets = np.arange(n_odours) * WINDOW
    cells = [np.empty(0, int) if silent else winners(trial) for trial in range(n_odours)]
    first = np.concatenate([np.full(len(c), t) for c, t in zip(cells, onsets, strict=True)])
    kenyon_cells = SpikeTrains(
        N_KENYON_CELLS,
        np.tile(np.concatenate(cells), 2),
        np.concatenate([first + 0.03, first + 0.06]),
    )
    ticks = onsets[:, None] + np.arange(10) * 0.01
    projection_neurons = SpikeTrains(
        n_types, np.tile(np.arange(n_types), ticks.size), np.repeat(ticks.ravel(), n_types)
    )
    empty = np.array([""] * n_odours, dtype=object)
    trials = TrialTable(
        start_time=onsets,
        stop_time=onsets + WINDOW,
        phase=empty,
        stimulus=np.array([f"sample {k}" for k in range(n_odours)], dtype=object),
        role=empty,
        pair=np.full(n_odours, -1),
        plastic=np.zeros(n_odours, dtype=bool),
    )
    rates = np.random.default_rng(1).exponential(20, (n_odours, n_types))
    steps = round(n_odours * WINDOW * 1000)
    # APL's potential is the number of milliseconds since the onset, in tenths of a millivolt.
    apl = (np.arange(steps) % 100)[:, None] * 1e-4
    traces = {"apl_potential": Trace(apl, 1000.0, "V")}
    presented = {"receptor_neuron_rate": TrialValues(rates, "Hz", "Of each type.")}
    populations = {"projection_neurons": projection_neurons, "kenyon_cells": kenyon_cells}
    return Recording(populations, trials, n_odours * WINDOW, traces, "", presented)


def value_of(name: str) -> float:
    """Return a plausible value for a row of the scorecard, another one for each method."""
    parts = name.split("_")
    if name.endswith("_sd"):
        return 0.02
    if name.startswith("overlap"):
        exact = float(expected_overlap(float(parts[4]), int(parts[1]) / 100))
        return exact if name.endswith("gaussian") else exact + 0.01
    if name.startswith("largest_deviation"):
        return 0.01
    if name.endswith("_spikes"):
        return 1 - 2 / int(parts[-2]) - 0.1 * name.startswith("jaccard")
    method, _, length = name.removeprefix("map_").partition("_k")
    if method not in METHODS:
        return 0.5
    value = 0.9 - 0.02 * list(METHODS).index(method)
    return value - 0.1 * np.log2(100 / int(length.partition("_")[0])) if length else value


def similarity_run(
    conditions: Sequence[str] = CONDITIONS,
    *,
    options: Mapping[str, Any] = {},
    values: Mapping[str, float] = {},
    recording: Recording | None = None,
) -> Run:
    """Return a run of ``similarity`` with a row for each target."""
    protocol, sheet = load_protocol("similarity"), load_model("dasgupta2017")
    chosen = protocol.options(sheet, {f"protocol.{k}": v for k, v in options.items()}, quick=False)
    text = text_with_protocol(sheet, chosen)
    targets = protocol.targets(chosen)
    rows = [
        Row(
            name,
            condition,
            values.get(name, value_of(name)),
            target.unit,
            target.low,
            target.high,
            target.source,
            target.evidence,
            "reported",
        )
        for condition in conditions
        for name, target in targets[condition].items()
    ]
    recording = recording or hash_recording()
    return Run(
        info={"protocol": "similarity", "seed": 3, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, dataclasses.replace(recording, sheet_text=text)),
        condition_texts=dict.fromkeys(conditions, text),
    )
