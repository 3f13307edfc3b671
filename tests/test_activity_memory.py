"""The memory of ongoing activity: its equations, its synapses, what it is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from activity_bench import SPIKES, STRINGS, small_activity
from memory_bench import small_memory

from neurosim.errors import InputError
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.spiking_activity_memory import ActivityMemory, recurrent_weights
from neurosim.parameters.library import load_model
from neurosim.session import Session

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CODES = small_memory().orthogonal_codes()
OUTPUTS = (*SPIKES, "cells.v", "recurrent.w")


def run(
    memory: ActivityMemory, duration: float | None = None, delay: float = 0.1
) -> Mapping[str, np.ndarray]:
    """Show four strings; return spikes, the last potentials and the weights."""
    schedule = Schedule(memory.shown, STRINGS, (delay,))
    tables = memory.tables(schedule, CODES)
    structure = {
        **memory.parameters.structure(),
        "n_ticks": len(tables["stimulus"]),
        "n_patterns": len(tables["cells_patterns"]),
    }
    return memory.session.execute(
        structure,
        memory.parameters.run_arguments(),
        tables,
        schedule.duration if duration is None else duration,
        "test",
        OUTPUTS,
        circuit="activity_memory",
    )


def raster_of(arrays: Mapping[str, np.ndarray], n_steps: int, n_cells: int) -> np.ndarray:
    """Return whether each cell fired in each step."""
    raster = np.zeros((n_steps, n_cells), dtype=bool)
    steps = np.round(arrays["cells_spikes.t"] / 1e-3).astype(int)
    early = steps < n_steps
    raster[steps[early], arrays["cells_spikes.i"][early]] = True
    return raster


def replayed(memory: ActivityMemory, v: np.ndarray, n_steps: int) -> np.ndarray:
    """Return the spikes of a noiseless population, step by step."""
    p, n = memory.parameters.cells, memory.parameters.cells.n
    n_blocks = memory.parameters.simulation.n_blocks
    tables = memory.tables(Schedule(memory.shown, STRINGS, (0.1,)), CODES)
    weights = memory.parameters.weight_sd * tables["recurrent_weights"]
    v, current = v.reshape(n_blocks, n).copy(), np.zeros((n_blocks, n))
    last = np.full((n_blocks, n), -1000)
    raster = np.zeros((n_steps, n_blocks, n), dtype=bool)
    for step in range(n_steps):
        stimulus = tables["stimulus"][step // 10].astype(int)
        drive = p.background + p.stimulus * tables["cells_patterns"][stimulus] + current
        free = step - last >= round(p.t_refractory / 1e-3)
        v += free * (drive - v) * (1 - np.exp(-1e-3 / p.tau_m))
        current *= np.exp(-1e-3 / memory.parameters.recurrent.tau_synapse)
        fired = free & (v > p.v_threshold)
        current += fired @ weights.T
        v[fired], last[fired] = p.v_reset, step
        raster[step] = fired
    return raster.reshape(n_steps, -1)


def test_the_spikes_follow_from_the_equations() -> None:
    memory = small_activity().changed(cells__noise=0.0)
    first = run(memory, duration=0.0)["cells.v"]
    assert (first >= 0.01).all()
    assert (first <= 0.02).all()
    n_steps = 300
    found = raster_of(run(memory), n_steps, len(first))
    expected = replayed(memory, first, n_steps)
    np.testing.assert_array_equal(found, expected)
    # Letters and digits alone make fewer cells fire.
    alone = replayed(memory.changed(recurrent__gain=0.0), first, n_steps)
    assert expected.sum() > 1.2 * alone.sum() > 100


def test_a_cell_fires_at_the_rate_of_a_leaky_integrator() -> None:
    memory = small_activity().changed(
        cells__noise=0.0, recurrent__gain=0.0, cells__background=0.025, cells__stimulus=0.0
    )
    arrays = run(memory)
    # From reset to threshold in whole steps; the step of the spike is refractory too.
    period = 0.001 + 1e-3 * np.ceil(15 * np.log((25 - 10) / (25 - 20)))
    intervals = [np.diff(arrays["cells_spikes.t"][arrays["cells_spikes.i"] == k]) for k in range(9)]
    np.testing.assert_allclose(np.concatenate(intervals), period, atol=1e-9)


def test_all_blocks_have_the_same_synapses() -> None:
    memory = small_activity()
    table = recurrent_weights(memory.parameters, 0)
    by_source = table.T[table.T != 0]
    weights = run(memory, duration=0.0)["recurrent.w"].reshape(4, -1)
    for block in weights:
        np.testing.assert_array_equal(block, by_source)


def test_the_synapses_are_random_normal_and_none_is_on_its_own_cell() -> None:
    parameters = load_model("activity_random").parameters
    table = recurrent_weights(parameters, 3)
    exists = table != 0
    n = parameters.cells.n
    assert not np.diag(exists).any()
    assert exists.sum() == pytest.approx(0.1 * n * (n - 1), rel=0.03)
    assert table[exists].mean() == pytest.approx(0, abs=0.03)
    assert table[exists].std() == pytest.approx(1, rel=0.03)
    # The spread of a cell's input from one spike of each other cell is the gain.
    summed = parameters.weight_sd * table.sum(axis=1)
    assert summed.std() == pytest.approx(parameters.recurrent.gain, rel=0.15)
    assert parameters.changed(recurrent__p_connection=0.0).weight_sd == 0
    assert (table != recurrent_weights(parameters, 4)).any()
    np.testing.assert_array_equal(table, recurrent_weights(parameters, 3))


def test_strings_are_shown_as_to_the_associative_memory() -> None:
    memory = small_activity()
    schedule = Schedule(memory.shown, STRINGS, (0.1,))
    tables, shown = memory.tables(schedule, CODES), schedule.tables(CODES)
    for tick, block in ((3, 0), (23, 1), (57, 2), (70, 3), (5, 3), (17, 0)):
        cells = tables["cells_patterns"][int(tables["stimulus"][tick, block])]
        key, value = (int(shown[f"{name}_shown"][tick, block]) for name in ("key", "value"))
        expected = np.zeros(113)
        if key:
            expected[:78] = CODES.keys[key - 1]
        if value:
            expected[78:108] = CODES.values[value - 1]
        np.testing.assert_array_equal(cells, expected)
    assert LETTERS[int(shown["key_shown"][3, 0]) - 1] == "c"
    assert DIGITS[int(shown["value_shown"][3, 0]) - 1] == "9"
    assert not tables["cells_patterns"][:, 108:].any()


def test_counts_are_those_of_the_query_and_the_recording_that_of_the_first_string() -> None:
    memory = small_activity()
    activity = memory.ask([*STRINGS, STRINGS[0]], CODES, 0.1, "test")
    assert activity.counts.shape == (5, 113)
    recording, table = activity.recording, activity.recording.trial_table
    assert list(table.stimulus) == ["c9", "k8", "j3", "??k"]
    assert not table.plastic.any()
    onset = table.start_time[-1]
    np.testing.assert_array_equal(
        recording.spikes["cells"].counts([onset], (0, 0.2))[0], activity.counts[0]
    )
    # A batch is another noise, and another purpose too.
    assert (activity.counts[4] != activity.counts[0]).any()
    again = memory.ask(STRINGS, CODES, 0.1, "test")
    np.testing.assert_array_equal(again.counts, activity.counts[:4])
    # The letter that asks drives its cells.
    alone = memory.changed(recurrent__gain=0.0).ask(STRINGS, CODES, 0.1, "test").counts[0]
    asked = CODES.keys[LETTERS.index("k")]
    assert alone[:78][asked].min() > 10 > alone[:78][~asked].max()


def test_a_memory_beside_another_has_its_size() -> None:
    small = small_memory()
    memory = ActivityMemory.beside(Session(small.parameters, "associative_memory", 0, "numpy"))
    assert memory.parameters.cells.n == 78 + 30 + 5
    assert memory.parameters.simulation.n_blocks == 4
    with pytest.raises(InputError, match=r"cells\.n is 100, expected 108 or more"):
        memory.changed(cells__n=100)
    with pytest.raises(InputError, match=r"cells\.v_reset is 20 mV, expected less"):
        memory.changed(cells__v_reset=0.02)


BUILD = """
import numpy as np
import neurosim as ns
from brian2 import second
from neurosim.timeline import Timeline, Trial
sheet = ns.load_model("activity_random", {"simulation.n_blocks": 2, "cells.n": 60})
timeline = Timeline((Trial("first ten", 0.2, 0.1, "store"),), lead_in=0.1)
patterns = {"cells": {"first ten": np.arange(60) < 10}}
circuit = ns.circuits.activity_memory.build(sheet, 1, timeline, patterns)
circuit.run(0.4*second)
time, cell = np.asarray(circuit.cells_spikes.t), np.asarray(circuit.cells_spikes.i)
shown = (time > 0.12) & (time < 0.3)
driven = cell % 60 < 10
assert (shown & driven).sum() > 5 * 2 * 10, (shown & driven).sum()
assert (shown & driven & (cell >= 60)).any()
assert (~shown & driven).sum() < (shown & driven).sum()
"""


@pytest.mark.slow
def test_a_script_shows_a_timeline_to_every_block() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUILD], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
