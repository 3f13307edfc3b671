"""Spikes of many memories side by side come apart again."""

from __future__ import annotations

import numpy as np

from neurosim.fast_weights.block_spikes import spike_outputs, spikes_of_block

POPULATIONS = {"cells": 3, "interneurons": 1}
SPIKES = {
    "cells_spikes.i": np.array([0, 3, 5, 4, 3]),
    "cells_spikes.t": np.array([0.1, 0.1, 0.2, 0.3, 0.5]),
    "interneurons_spikes.i": np.array([1, 0]),
    "interneurons_spikes.t": np.array([0.1, 0.2]),
}


def test_outputs_are_numbers_and_times_of_every_population() -> None:
    assert set(spike_outputs(POPULATIONS)) == set(SPIKES)


def test_a_block_has_its_own_cells_counted_from_zero() -> None:
    trains = spikes_of_block(SPIKES, POPULATIONS, 1, stop=0.5)
    assert {name: train.n for name, train in trains.items()} == POPULATIONS
    assert trains["cells"].index.tolist() == [0, 2, 1]
    assert trains["cells"].time.tolist() == [0.1, 0.2, 0.3]  # the last spike comes at the end
    assert trains["interneurons"].index.tolist() == [0]


def test_no_spike_is_lost_or_counted_twice() -> None:
    parts = [spikes_of_block(SPIKES, POPULATIONS, number, stop=1.0) for number in range(2)]
    for name in POPULATIONS:
        assert sum(len(part[name].time) for part in parts) == len(SPIKES[f"{name}_spikes.t"])
