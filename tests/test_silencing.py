"""Cells that are silenced during some trials: they do not fire, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from areas_bench import CELLS, run_areas, small_areas

from neurosim.assembly_calculus.schedule import Presentation
from neurosim.errors import InputError
from neurosim.parameters.library import load_model
from neurosim.schedules import tables_of
from neurosim.simulation.job import Job
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline, Trial

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHOSEN = np.arange(80) < 40
RATES = {"input_to_excitatory": 1.0, "excitatory_to_excitatory": 1.0}
TRIALS = (
    Trial("seen", 0.3, 0.2, "first", learning_rates=RATES, silenced="chosen"),
    Trial("seen", 0.3, 0.2, "second"),
)
TIMELINE = Timeline(TRIALS, lead_in=0.1)


def patterns(small_sheet: Path) -> dict[str, dict[str, np.ndarray]]:
    sizes = load_model(small_sheet).parameters.populations
    return {
        "input": {"seen": np.ones(sizes["input"], dtype=bool)},
        "excitatory": {"chosen": CHOSEN},
    }


def test_silence_lasts_for_the_gap_too() -> None:
    timeline = Timeline((Trial("a", 0.02, 0.01, "x", silenced="s"), Trial("a", 0.01, 0.01, "x")))
    schedule = timeline.silenced_schedule({"s": 3})
    assert timeline.silenced == ["s"]
    assert schedule[-6:].tolist() == [0, 3, 3, 3, 0, 0]


def test_silenced_cells_are_a_row_of_the_patterns_of_excitatory_cells(small_sheet: Path) -> None:
    parameters = load_model(small_sheet).parameters
    tables = tables_of(parameters, TIMELINE, patterns(small_sheet))
    row = int(tables["silenced_cells"][10])
    assert np.array_equal(tables["excitatory_patterns"][row], CHOSEN)
    assert not tables["excitatory_patterns"][int(tables["stimulus"][10])].any()
    assert not tables["silenced_cells"][:10].any()
    assert not tables["silenced_cells"][60:].any()


def test_what_is_silenced_has_to_be_a_pattern_of_excitatory_cells(small_sheet: Path) -> None:
    parameters = load_model(small_sheet).parameters
    wrong = Timeline((Trial("seen", 0.1, 0.0, "x", silenced="seen"),))
    with pytest.raises(InputError, match=r"silences 'seen'.*population 'excitatory'"):
        tables_of(parameters, wrong, patterns(small_sheet))


@pytest.fixture(scope="module")
def silenced(area_job: Callable[..., Job], small_sheet: Path) -> dict[str, Any]:
    job = area_job(timeline=TIMELINE, patterns=patterns(small_sheet))
    return dict(simulate(job, "standalone").arrays)


def fired(arrays: dict[str, Any], start: float, stop: float) -> np.ndarray:
    index, time = arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"]
    return np.bincount(index[(time >= start) & (time < stop)], minlength=80)


def test_silenced_cells_of_an_area_do_not_fire_while_others_do(silenced: dict[str, Any]) -> None:
    assert not fired(silenced, 0.1, 0.6)[CHOSEN].any()
    assert fired(silenced, 0.1, 0.4)[~CHOSEN].mean() > 1
    assert fired(silenced, 0.6, 0.9)[CHOSEN].mean() > 1


def test_the_noise_is_that_of_a_run_without_silence(
    silenced: dict[str, Any], area_job: Callable[..., Job], small_sheet: Path
) -> None:
    free = Timeline(tuple(replace(trial, silenced="") for trial in TRIALS), lead_in=0.1)
    job = area_job(timeline=free, patterns=patterns(small_sheet))
    intact = dict(simulate(job, "standalone").arrays)
    for name in ("input_spikes.i", "input_spikes.t"):
        assert np.array_equal(silenced[name], intact[name])
    assert np.array_equal(fired(silenced, 0.0, 0.1), fired(intact, 0.0, 0.1))
    assert fired(intact, 0.1, 0.4)[CHOSEN].mean() > 1


def test_silence_is_a_matter_of_one_area() -> None:
    trial = Trial("seen", 0.3, 0.0, "test")
    arrays = run_areas(
        small_areas(),
        Presentation(trial, stimulated={"A": "driven", "B": "driven"}, silenced={"B": "driven"}),
    )
    index, time = arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"]
    counts = np.bincount(index[time >= 0.5], minlength=180).reshape(3, 60)
    assert counts[0, CELLS].mean() > 1
    assert not counts[1, CELLS].any()
    assert counts[2, ~CELLS].sum() + counts[1, ~CELLS].sum() > 0
