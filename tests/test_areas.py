"""Areas of spiking neurons joined by fibres: what is open, what learns, what is silent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from areas_bench import CELLS, PROJECTIONS, everything_at_once, run_areas, small_areas

from neurosim.assembly_calculus.instructions import Fibre
from neurosim.assembly_calculus.schedule import Presentation
from neurosim.timeline import Trial

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

N_CELLS = 60
TRIAL = Trial("seen", 0.5, 0.5, "test")
AB, BC = Fibre("A", "B"), Fibre("B", "C")


def counts(arrays: Mapping[str, Any], population: str = "excitatory") -> np.ndarray:
    """Return the number of spikes of each cell, after the lead-in; one row for each area."""
    late = arrays[f"{population}_spikes.t"] > 0.5
    n = {"excitatory": 180, "inhibitory": 45, "input": 120}[population]
    return np.bincount(arrays[f"{population}_spikes.i"][late], minlength=n).reshape(3, -1)


def between(arrays: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return source cell, target cell and weight of the synapses between areas."""
    ends = (arrays[f"between_areas._synaptic_{end}"] for end in ("pre", "post"))
    return (*ends, arrays["between_areas.w"])


@pytest.fixture(scope="module")
def untouched() -> Mapping[str, Any]:
    return run_areas(small_areas(), Presentation(TRIAL))


def test_no_fibre_between_areas_ends_where_it_begins(untouched: Mapping[str, Any]) -> None:
    source, target, _ = between(untouched)
    assert (source // N_CELLS != target // N_CELLS).all()
    pairs, number = np.unique(
        np.stack([source // N_CELLS, target // N_CELLS]), axis=1, return_counts=True
    )
    assert pairs.shape == (2, 6)
    # Binomial, p = .3, of 3600 pairs of cells.
    assert (abs(number - 0.3 * N_CELLS**2) < 5 * np.sqrt(0.3 * 0.7) * N_CELLS).all()


def test_a_stimulus_reaches_the_area_that_it_is_shown_to(untouched: Mapping[str, Any]) -> None:
    shown = run_areas(small_areas(), Presentation(TRIAL, shown={"B": ("seen",)}))
    n_input, idle = counts(shown, "input"), counts(untouched, "input")
    assert n_input[1, :10].sum() > 5 * max(n_input[0, :10].sum(), n_input[2, :10].sum(), 1)
    assert n_input[1, 10:].sum() < 3 * idle[1, 10:].sum()
    assert counts(shown)[1].sum() > 2 * counts(untouched)[1].sum()


def test_stimulated_cells_fire_in_their_area_alone(untouched: Mapping[str, Any]) -> None:
    driven = counts(run_areas(small_areas(), Presentation(TRIAL, stimulated={"B": "driven"})))
    assert driven[1, CELLS].min() >= 10
    np.testing.assert_array_equal(driven[[0, 2]], counts(untouched)[[0, 2]])


def test_a_closed_fibre_does_nothing_and_an_open_one_does(untouched: Mapping[str, Any]) -> None:
    def target_of(gain: float) -> np.ndarray:
        each = Presentation(TRIAL, stimulated={"A": "driven"}, gains={AB: gain})
        arrays = run_areas(small_areas(), each)
        # No input unit fires more for it, so that the noise of all areas is the same.
        np.testing.assert_array_equal(counts(arrays)[2], counts(untouched)[2])
        return counts(arrays)[1]

    np.testing.assert_array_equal(target_of(0.0), counts(untouched)[1])
    weak, strong = target_of(0.3).sum(), target_of(1.0).sum()
    assert counts(untouched)[1].sum() < weak < strong


def test_an_inhibited_area_is_silent_whatever_it_is_given() -> None:
    given = Presentation(
        TRIAL,
        shown={"A": ("seen",)},
        stimulated={"A": "driven"},
        gains={AB: 1.0, Fibre("B", "A"): 1},
    )
    assert counts(run_areas(small_areas(), given))[0].sum() > 100
    inhibited = run_areas(small_areas(), replace(given, inhibited=("A",)))
    assert counts(inhibited)[0].sum() == 0
    assert counts(inhibited)[1].sum() > 0
    without = small_areas(gating__silencing_conductance="0 nS")
    assert counts(run_areas(without, replace(given, inhibited=("A",))))[0].sum() > 100


def test_only_fibres_that_learn_change_and_keep_their_total(untouched: Mapping[str, Any]) -> None:
    fibres = (AB, Fibre("C", "B"), Fibre("B", "B"))
    each = Presentation(
        TRIAL,
        shown={"B": ("seen",)},
        stimulated={"A": "driven", "C": "driven"},
        gains={AB: 0.3, Fibre("C", "B"): 0.3, BC: 0.1},
        learning_rates=dict.fromkeys(fibres, 1.0),
    )
    arrays = run_areas(small_areas(), each, Presentation(Trial("", 0.5, 0.0, "end")))
    source, target, weight = between(arrays)
    before = between(untouched)[2]
    learns = (target // N_CELLS == 1) & np.isin(source // N_CELLS, (0, 2))
    np.testing.assert_array_equal(weight[~learns], before[~learns])
    assert (weight[learns] != before[learns]).mean() > 0.9
    # Both fibres into a cell share one total: rescaled at 1 s, and nothing fired in step since.
    totals = np.bincount(target[learns] - N_CELLS, weight[learns], N_CELLS)
    number = np.bincount(target[learns] - N_CELLS, minlength=N_CELLS)
    np.testing.assert_allclose(totals, number * 2e-9, rtol=0.05)
    driven = np.isin(source % N_CELLS, np.flatnonzero(CELLS))
    assert weight[learns & driven].mean() > 1.1 * weight[learns & ~driven].mean()
    own, own_before = (each["excitatory_to_excitatory.w"] for each in (arrays, untouched))
    assert 0.1 < (own != own_before).mean() < 0.5  # those of one area of three
    unchanged = arrays["input_to_excitatory.w"] == untouched["input_to_excitatory.w"]
    assert unchanged.all()


def test_what_one_fibre_writes_into_a_cell_takes_from_all_others(
    untouched: Mapping[str, Any],
) -> None:
    fibres = {AB: 1.0, Fibre("S", "B"): 1.0, Fibre("B", "B"): 1.0}
    each = Presentation(TRIAL, {"B": ("seen",)}, {"A": "driven"}, {AB: 0.3}, fibres)
    parameters = small_areas(plasticity__normalisation_interval="1 ms")
    source, target, weight = between(run_areas(parameters, each))
    before = between(untouched)[2]
    into = target // N_CELLS == 1
    totals = np.bincount(target[into] - N_CELLS, weight[into], N_CELLS)
    number = np.bincount(target[into] - N_CELLS, minlength=N_CELLS)
    np.testing.assert_allclose(totals, number * 2e-9, rtol=1e-3)
    # The fibre from A learns. That from C does not: the weights of a cell change by one factor.
    driven = into & (source // N_CELLS == 0) & np.isin(source % N_CELLS, np.flatnonzero(CELLS))
    assert weight[driven].mean() > 1.1 * before[driven].mean()
    closed = into & (source // N_CELLS == 2)
    assert weight[closed].mean() < before[closed].mean()
    factors = weight[closed] / before[closed]
    for cell in range(N_CELLS, 2 * N_CELLS):
        np.testing.assert_allclose(np.ptp(factors[target[closed] == cell]), 0, atol=1e-9)


def test_without_learning_rates_nothing_changes() -> None:
    each = everything_at_once()
    arrays = run_areas(small_areas(), replace(each, learning_rates={}))
    naive = run_areas(small_areas(), Presentation(Trial("", 0.1, 0.0, "rest")))
    learnt = run_areas(small_areas(), each)
    for name in PROJECTIONS:
        np.testing.assert_array_equal(arrays[f"{name}.w"], naive[f"{name}.w"])
        assert (learnt[f"{name}.w"] != naive[f"{name}.w"]).any()


BUILD = """
import sys
import numpy as np
import neurosim as ns
from brian2 import second
from areas_bench import SMALL_AREAS
sheet = ns.load_model("papadimitriou2020", SMALL_AREAS)
circuit = ns.circuits.areas.build(sheet, seed=1)
circuit.run(0.2*second)
assert set(np.asarray(circuit.excitatory_spikes.i) // 60) == {0, 1}
assert len(circuit.between_areas) > 1000
"""


@pytest.mark.slow
def test_a_script_builds_two_areas() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUILD],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 0, done.stderr
