"""What the parameters of the fly's hash demand of one another, and how they reach the circuit."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.parameters import read_sheet
from neurosim.parameters.fly_hash import FlyHashParameters, peak_of_epsp
from neurosim.parameters.library import load_model

DIVISIVE_ONLY = {f"antennal_lobe.{name}" for name in ("r_max", "exponent", "sigma")} | {
    "antennal_lobe.lateral_inhibition"
}
CENTRING_ONLY = {"antennal_lobe.centred_rate"}


# What the sentences below quote, whatever the sheet is calibrated to.
PINNED = {
    "simulation.window": "100 ms",
    "kenyon_cells.tau_m": "12 ms",
    "kenyon_cells.tau_synapse": "5 ms",
    "kenyon_cells.v_threshold": "21.5 mV",
    "apl.excitation": "100 mV",
    "apl.sparsity": 0.05,
    "apl.release": 4.9,
}


def parameters_with(**overrides: Any) -> FlyHashParameters:
    changes = {key.replace("__", "."): value for key, value in overrides.items()}
    parameters: FlyHashParameters = load_model("dasgupta2017", PINNED | changes).parameters
    return parameters


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"kenyon_cells.v_reset": "22 mV"}, r"v_reset is 22 mV, .* less than v_threshold \(21.5"),
        ({"kenyon_cells.tau_m": "0.5 ms"}, r"kenyon_cells.tau_m is 0.5 ms, .* one time step \(1 m"),
        ({"kenyon_cells.tau_synapse": "0.9 ms"}, "tau_synapse is 0.9 ms, expected at least one"),
        ({"antennal_lobe.r_max": "600 Hz", "simulation.dt": "2 ms"}, r"r_max is 600 .*\(500 Hz\)"),
        (
            {"antennal_lobe.centred_rate": "501 Hz", "simulation.dt": "2 ms"},
            r"centred_rate is 501 Hz, expected at most one spike per time step",
        ),
        ({"simulation.window": "100.5 ms"}, r"window is 100.5 ms, expected a multiple .*\(1 ms\)"),
        ({"apl.gain": "1 /mV"}, r"apl.gain is 1 /mV and apl.sparsity is 0.05, expected one of"),
        ({"kenyon_cells.epsp": "1.4 mV"}, r"epsp is 1.4 mV and apl.release is 4.9, expected one"),
        (
            {"apl.release": 20},
            r"release is 20 and apl.sparsity is 0.05, expected a product",
        ),
        ({"apl.sparsity": 0}, r"release is 4.9 and apl.sparsity is 0, expected a product between"),
        ({"apl.release": 0.5}, r"apl.release is 0.5, expected 1 or more, or 0"),
        ({"antennal_lobe.normalisation": "divisiv"}, r"'divisiv': did you mean 'divisive'\?"),
        (
            {"projection_neurons.spikes": "poisson"},
            r"'poisson': expected one of: poisson_r",
        ),
        ({"kenyon_cells.claws": 0}, r"claws is 0, expected a .* from 1 to 1000"),
    ],
)
def test_what_contradicts_is_refused_in_one_sentence(
    overrides: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        load_model("dasgupta2017", PINNED | overrides)


def test_calibrated_values_can_be_given_where_their_target_is_taken_back() -> None:
    given = parameters_with(
        apl__sparsity=0, apl__release=0, apl__gain="0.2 /mV", kenyon_cells__epsp="1.4 mV"
    )
    assert (given.apl.gain, given.kenyon_cells.epsp) == (200, 1.4e-3)


def test_the_sheet_of_10_percent_differs_in_the_sparsity_alone() -> None:
    five, ten = (load_model(name).parameters for name in ("dasgupta2017", "dasgupta2017_10percent"))
    assert (five.apl.sparsity, ten.apl.sparsity) == (0.05, 0.1)
    # As many fire without APL.
    assert ten.apl.release * ten.apl.sparsity == pytest.approx(
        five.apl.release * five.apl.sparsity, rel=0.03
    )
    changed = ten.changed(apl__sparsity=five.apl.sparsity, apl__release=five.apl.release)
    assert changed == five


# ------------------------------------------------------------- what has no effect beside a word


@pytest.mark.parametrize(
    ("normalisation", "spikes"),
    list(itertools.product(("centring", "divisive"), ("poisson_receptors", "regular"))),
)
def test_exactly_what_has_no_effect_is_idle(normalisation: str, spikes: str) -> None:
    idle = parameters_with(
        antennal_lobe__normalisation=normalisation, projection_neurons__spikes=spikes
    ).idle()
    expected = DIVISIVE_ONLY if normalisation == "centring" else CENTRING_ONLY
    if spikes == "regular":
        expected = expected | {"receptor_neurons.n_per_type"}
        if normalisation == "centring":
            expected = expected | {"receptor_neurons.mean_rate"}
    assert set(idle) == expected


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {"antennal_lobe.sigma": "3 Hz"},
            "antennal_lobe.sigma has no effect here: antennal_lobe.normalisation is 'centring', "
            "expected 'divisive'.",
        ),
        (
            {"antennal_lobe.normalisation": "divisive", "antennal_lobe.centred_rate": "50 Hz"},
            "antennal_lobe.centred_rate has no effect here: antennal_lobe.normalisation is "
            "'divisive', expected 'centring'.",
        ),
        (
            {"projection_neurons.spikes": "regular", "receptor_neurons.n_per_type": 10},
            "receptor_neurons.n_per_type has no effect here: projection_neurons.spikes is "
            "'regular', expected 'poisson_receptors'.",
        ),
        (
            {"projection_neurons.spikes": "regular", "receptor_neurons.mean_rate": "10 Hz"},
            "receptor_neurons.mean_rate has no effect here: projection_neurons.spikes is "
            "'regular' and antennal_lobe.normalisation is 'centring'.",
        ),
    ],
)
def test_an_idle_parameter_is_not_overridden_in_silence(
    overrides: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        load_model("dasgupta2017", overrides)
    assert str(refused.value) == sentence


def test_a_parameter_and_the_word_that_gives_it_a_meaning_come_together() -> None:
    sheet = load_model(
        "dasgupta2017",
        {"antennal_lobe.sigma": "3 Hz", "antennal_lobe.normalisation": "divisive"},
    )
    assert sheet.antennal_lobe.sigma == 3
    assert sheet.with_overrides({"antennal_lobe.exponent": 2}).antennal_lobe.exponent == 2


def test_a_sheet_keeps_what_is_idle_and_repeats_a_run(tmp_path: Path) -> None:
    sheet = load_model("dasgupta2017", {"projection_neurons.spikes": "regular"})
    copy = tmp_path / "model.toml"
    copy.write_text(sheet.text, encoding="utf-8")
    assert read_sheet(copy).parameters == sheet.parameters


def test_an_area_has_nothing_idle() -> None:
    assert load_model("area_random", {"excitatory.tau_m": "15 ms"}).excitatory.tau_m == 0.015


# ----------------------------------------------------------------------- other values in scripts


def test_changed_takes_si_numbers_and_words() -> None:
    parameters = parameters_with()
    changed = parameters.changed(
        projection_neurons__n=64,
        projection_neurons__spikes="regular",
        apl__tau_m=0.02,
        kenyon_cells__v_inhibition=-0.01,
        simulation__window=0.2,
    )
    assert (changed.projection_neurons.n, changed.projection_neurons.spikes) == (64, "regular")
    assert (changed.apl.tau_m, changed.kenyon_cells.v_inhibition) == (0.02, -0.01)
    assert changed.simulation.window == 0.2
    assert changed.kenyon_cells.claws == 6
    assert parameters == parameters_with()
    # Any float arrives as it is.
    odd = float(np.nextafter(1 / 3e3, 1))
    assert parameters.changed(apl__tau_m=odd).apl.tau_m == odd


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"apl__gian": 1.0}, r"no parameter 'apl__gian': did you mean 'apl__gain'\?"),
        ({"apl.gain": 1.0}, r"no parameter 'apl.gain': did you mean 'apl__gain'\?"),
        ({"apl__sparsity": 0.7}, r"apl.sparsity is 0.7, expected .* from 0 to 0.5"),
        ({"kenyon_cells__epsp": 0.2}, r"kenyon_cells.epsp is .*, expected .* to 100 mV"),
        ({"kenyon_cells__v_reset": 0.03}, r"v_reset is 30 mV, expected less than v_threshold"),
        ({"projection_neurons__spikes": "irregular"}, r"'irregular': did you mean 'regular'\?"),
    ],
)
def test_changed_refuses_what_a_sheet_refuses(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parameters_with().changed(**changes)


# ---------------------------------------------------------------------------------- the circuit


def test_what_is_compiled_in_is_sizes_the_step_and_the_kind_of_spike_trains() -> None:
    assert parameters_with().structure() == {
        "simulation.dt": 1e-3,
        "receptor_neurons.n_per_type": 40,
        "projection_neurons.n": 50,
        "projection_neurons.spikes": "poisson_receptors",
        "kenyon_cells.n": 2000,
        "kenyon_cells.claws": 6,
        "apl.release_exponent": 2,
    }


def integrated_peak(tau_m: float, tau_synapse: float) -> float:
    """Return the peak of dv/dt = (g - v)/tau_m with g = exp(-t/tau_synapse), by small steps."""
    step = min(tau_m, tau_synapse) / 2000
    times = np.arange(0, 8 * max(tau_m, tau_synapse), step)
    drive = np.exp(-(times + step / 2) / tau_synapse)
    decay, v, peak = np.exp(-step / tau_m), 0.0, 0.0
    for g in drive:
        v = g + (v - g) * decay
        if v < peak:
            break
        peak = v
    return peak


@pytest.mark.parametrize(
    ("tau_m", "tau_synapse"), [(12e-3, 5e-3), (5e-3, 12e-3), (10e-3, 10e-3), (50e-3, 2e-3)]
)
def test_the_peak_of_an_epsp_is_that_of_the_integrated_equations(
    tau_m: float, tau_synapse: float
) -> None:
    assert peak_of_epsp(tau_m, tau_synapse) == pytest.approx(
        integrated_peak(tau_m, tau_synapse), rel=1e-4
    )


def test_the_peak_of_an_epsp_is_continuous_where_the_time_constants_meet() -> None:
    at = peak_of_epsp(0.01, 0.01)
    assert at == pytest.approx(np.exp(-1))
    for other in (0.01 * (1 + 1e-4), 0.01 * (1 - 1e-4), 0.01 * (1 + 2e-6)):
        assert peak_of_epsp(0.01, other) == pytest.approx(at, rel=1e-4)


def test_weights_follow_from_what_the_sheet_says() -> None:
    parameters = parameters_with(kenyon_cells__epsp="2 mV", apl__release=0)
    arguments = parameters.run_arguments()
    assert arguments["claws.weight"] * peak_of_epsp(12e-3, 5e-3) == pytest.approx(2e-3)
    assert arguments["kenyon_cells_to_apl.weight"] * 2000 == pytest.approx(0.1)


def test_receptor_neurons_take_arguments_only_where_there_are_any() -> None:
    there, gone = (
        parameters_with(projection_neurons__spikes=spikes).run_arguments()
        for spikes in ("poisson_receptors", "regular")
    )
    assert set(there) - set(gone) == {"receptor_neurons.window"}


def test_parameters_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        parameters_with().apl.gain = 1.0  # type: ignore[misc]
