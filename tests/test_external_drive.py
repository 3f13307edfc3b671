"""Cues and readouts as factors of the external drive, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest
from working_memory_bench import tiny

from neurosim.errors import InputError
from neurosim.timeline import Timeline, Trial
from neurosim.working_memory.external_drive import (
    MIN_TICKS,
    drive_tables,
    factors_of,
    structure_with_ticks,
)


def test_a_cue_drives_one_population_and_a_readout_all_neurons() -> None:
    parameters = tiny()
    assert factors_of(parameters, "selective_2").tolist() == [1, 1.15, 1, 1, 1, 1]
    assert factors_of(parameters, "readout").tolist() == [1.07] * 6


def test_the_table_follows_the_timeline_and_is_even_elsewhere() -> None:
    timeline = Timeline.of(
        [Trial("selective_5", 0.03, 0.02, "cue"), Trial("readout", 0.01, 0.05, "readout")], 0.04
    )
    parameters = tiny(stimulation__cue_factor=2, stimulation__readout_factor=0.5)
    table = drive_tables(parameters, timeline)["external_drive"]
    assert table.shape == (MIN_TICKS, 6)
    expected = np.ones((MIN_TICKS, 6))
    expected[4:7, 4] = 2
    expected[9, :] = 0.5
    assert np.array_equal(table, expected)
    assert structure_with_ticks(parameters, {"external_drive": table})["n_ticks"] == MIN_TICKS


def test_a_long_timeline_has_a_longer_table() -> None:
    timeline = Timeline.of([Trial("selective_1", 0.1, 100.0, "cue")])
    assert len(drive_tables(tiny(), timeline)["external_drive"]) == 2 * MIN_TICKS


def test_an_unknown_stimulus_is_refused() -> None:
    timeline = Timeline.of([Trial("selective_6", 0.1, 0.1, "cue")])
    with pytest.raises(InputError, match=r"^Unknown stimulus 'selective_6': did you mean 'sel"):
        drive_tables(tiny(), timeline)
