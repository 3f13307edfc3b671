"""Odours as the circuit is given them: claws, the antennal lobe, tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.hashing.antennal_lobe import projection_neuron_rates
from neurosim.hashing.odours import odour_tables, projection_of
from neurosim.parameters.fly_hash import AntennalLobe, FlyHashParameters
from neurosim.parameters.library import load_model

ODOURS = np.random.default_rng(0).exponential(20, size=(30, 24))


@pytest.fixture(scope="module")
def parameters() -> FlyHashParameters:
    changes = {"projection_neurons.n": 24, "kenyon_cells.n": 300}
    made: FlyHashParameters = load_model("dasgupta2017", changes).parameters
    return made


def lobe(**changes: Any) -> AntennalLobe:
    """Return the antennal lobe of Olsen et al. 2010."""
    values: dict[str, Any] = {
        "normalisation": "divisive",
        "r_max": 165.0,
        "exponent": 1.5,
        "sigma": 12.0,
        "lateral_inhibition": 10.63 * 24 / 190,
        "centred_rate": 50.0,
    }
    return AntennalLobe(**(values | changes))


def lobe_of_centring() -> AntennalLobe:
    return lobe(normalisation="centring")


# --------------------------------------------------------------------------------- antennal lobe


def test_divisive_normalisation_is_the_published_formula() -> None:
    # Olsen et al. 2010 as quoted: 165 R^1.5/(R^1.5 + 12^1.5 + s^1.5), s = 10.63*sum(R)/190.
    s = 10.63 * ODOURS.sum(axis=1, keepdims=True) / 190
    published = 165 * ODOURS**1.5 / (ODOURS**1.5 + 12**1.5 + s**1.5)
    assert projection_neuron_rates(ODOURS, lobe()) == pytest.approx(published)


def test_without_lateral_inhibition_half_of_the_largest_rate_is_reached_at_sigma() -> None:
    rates = projection_neuron_rates(np.array([[12.0, 0.0, 1e9]]), lobe(lateral_inhibition=0.0))
    assert rates == pytest.approx(np.array([[165 / 2, 0, 165]]))


def test_divisive_normalisation_keeps_the_mean_nearly_constant() -> None:
    means = [projection_neuron_rates(f * ODOURS, lobe()).mean() for f in (1, 4)]
    assert 1 < means[1] / means[0] < 1.5
    without = [
        projection_neuron_rates(f * ODOURS, lobe(lateral_inhibition=0.0)).mean() for f in (1, 4)
    ]
    assert without[1] / without[0] > 1.5


def test_without_saturation_concentration_has_no_effect() -> None:
    # By construction: with sigma = 0 the formula is one of ratios.
    rates = [projection_neuron_rates(f * ODOURS, lobe(sigma=0.0)) for f in (0.25, 1, 4)]
    assert rates[0] == pytest.approx(rates[1])
    assert rates[2] == pytest.approx(rates[1])


def test_centring_gives_every_odour_the_same_mean_and_keeps_ratios() -> None:
    rates = projection_neuron_rates(ODOURS * np.arange(1, 31)[:, np.newaxis], lobe_of_centring())
    assert rates.mean(axis=1) == pytest.approx(50)
    assert rates[3] / rates[3].sum() == pytest.approx(ODOURS[3] / ODOURS[3].sum())


@pytest.mark.parametrize("antennal_lobe", [lobe(), lobe(sigma=0.0), lobe_of_centring()])
def test_an_odour_of_nothing_leaves_projection_neurons_silent(antennal_lobe: AntennalLobe) -> None:
    rates = projection_neuron_rates(np.array([np.zeros(3), [0, 5, 0]]), antennal_lobe)
    assert not rates[0].any()
    assert rates[1, 1] > 0
    assert not rates[1, [0, 2]].any()


@pytest.mark.parametrize("scale", [1e-60, 1e40])
def test_powers_beyond_all_numbers_do_no_harm(scale: float) -> None:
    steep = lobe(exponent=10.0, sigma=0.0)
    rates = projection_neuron_rates(scale * ODOURS, steep)
    assert rates == pytest.approx(projection_neuron_rates(ODOURS, steep))
    faint = projection_neuron_rates(1e-60 * ODOURS, lobe(exponent=10.0))
    assert not faint.any()


# ----------------------------------------------------------------------------------------- claws


def test_every_kenyon_cell_has_its_claws_and_a_seed_draws_them_again(
    parameters: FlyHashParameters,
) -> None:
    claws = projection_of(parameters, 3)
    assert claws.shape == (300, 24)
    assert claws.dtype == bool
    assert (claws.sum(axis=1) == 6).all()
    assert np.array_equal(claws, projection_of(parameters, 3, 0))
    for other in (projection_of(parameters, 4), projection_of(parameters, 3, 1)):
        assert (other != claws).any(axis=1).mean() > 0.99


def test_projection_neurons_are_sampled_alike(parameters: FlyHashParameters) -> None:
    per_neuron = projection_of(parameters.changed(kenyon_cells__n=8000), 0).sum(axis=0)
    expected = 8000 * 6 / 24
    deviation = np.sqrt(8000 * (6 / 24) * (1 - 6 / 24))
    assert (np.abs(per_neuron - expected) < 4 * deviation).all()
    assert per_neuron.std() > deviation / 2


def test_more_claws_than_projection_neurons_are_refused(parameters: FlyHashParameters) -> None:
    with pytest.raises(InputError, match=r"claws is 6, expected at most .*\.n \(5\)"):
        projection_of(parameters.changed(projection_neurons__n=5), 0)


def test_a_seed_out_of_range_is_refused(parameters: FlyHashParameters) -> None:
    with pytest.raises(InputError, match=r"The seed is -1, expected an integer"):
        projection_of(parameters, -1)


# ---------------------------------------------------------------------------------------- tables


def test_tables_hold_claws_and_rates_and_are_padded_with_silence(
    parameters: FlyHashParameters,
) -> None:
    claws = projection_of(parameters, 0)
    tables = odour_tables(parameters, claws, ODOURS, 64)
    rates = {"projection_neuron_rates", "receptor_neuron_rates"}
    assert set(tables) == {"claw_table", "first_claw"} | rates
    assert len(tables["claw_table"]) == claws.sum()
    of_each = np.split(tables["claw_table"], tables["first_claw"].astype(int))[1:]
    assert [list(cells) for cells in of_each] == [*map(list, map(np.flatnonzero, claws.T)), []]
    assert np.array_equal(tables["receptor_neuron_rates"][:30], ODOURS)
    assert np.array_equal(
        tables["projection_neuron_rates"][:30],
        projection_neuron_rates(ODOURS, parameters.antennal_lobe),
    )
    for name in ("projection_neuron_rates", "receptor_neuron_rates"):
        assert tables[name].shape == (64, 24)
        assert not tables[name][30:].any()


def test_where_there_are_no_receptor_neurons_there_is_no_table_of_them(
    parameters: FlyHashParameters,
) -> None:
    regular = parameters.changed(projection_neurons__spikes="regular")
    tables = odour_tables(regular, projection_of(regular, 0), ODOURS, 30)
    assert set(tables) == {"claw_table", "first_claw", "projection_neuron_rates"}


@pytest.mark.parametrize(
    ("odours", "sentence"),
    [
        (ODOURS[0], r"shape \(24,\), expected 1 to 40 odours of 24 receptor types"),
        (ODOURS[:, :23], r"shape \(30, 23\), expected"),
        (ODOURS[:0], r"shape \(0, 24\), expected 1 to 40"),
        (np.ones((41, 24)), r"shape \(41, 24\), expected 1 to 40"),
        (-ODOURS, r"negative or not finite, expected Hz"),
        (np.where(ODOURS > 50, np.nan, ODOURS), r"negative or not finite"),
        (np.where(ODOURS > 50, np.inf, ODOURS), r"negative or not finite"),
    ],
)
def test_what_is_no_odour_is_refused(
    parameters: FlyHashParameters, odours: np.ndarray, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        odour_tables(parameters, projection_of(parameters, 0), odours, 40)


def test_a_projection_of_another_circuit_is_refused(parameters: FlyHashParameters) -> None:
    claws = projection_of(parameters, 0)
    one_more = claws.copy()
    one_more[0, np.flatnonzero(~claws[0])[0]] = True
    for other in (claws[1:], claws[:, 1:], one_more):
        with pytest.raises(InputError, match="expected 300 Kenyon cells with 6 of 24 projection"):
            odour_tables(parameters, other, ODOURS, 30)
