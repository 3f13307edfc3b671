"""Tags from trial to trial and at other concentrations, with a formula in place of the circuit."""

from __future__ import annotations

import numpy as np
import pytest
from apl_runs import FormulaSession, formula_session

from neurosim.hashing.antennal_lobe import projection_neuron_rates
from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.retrieval import jaccard
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.hashing.tag_robustness import (
    FACTORS,
    NEARLY_PROPORTIONAL,
    at_all_concentrations,
    describe_concentrations,
    describe_trials,
)

DIVISIVE = {"antennal_lobe__normalisation": "divisive"}


def odours(n: int = 60) -> np.ndarray:
    return np.random.default_rng(0).exponential(size=(n, 50))


def circuit(session: FormulaSession, **changes: float | str) -> HashCircuit:
    return calibrate_hash(HashCircuit.draw(session, 50, **changes), odours())


def test_trials_without_noise_are_alike_and_noise_makes_them_differ():
    samples, fractions = odours(), []
    for noise in (0.0, 0.02, 0.1):
        session = formula_session(noise=noise)
        calibrated = circuit(session)
        values = describe_trials(calibrated, samples)
        one, other = (calibrated.counts(samples, f"trial {k}") for k in (1, 2))
        assert values["jaccard"] == pytest.approx(jaccard(one > 0, other > 0).mean())
        assert values["active"] == pytest.approx(one.nnz / one.shape[0] / one.shape[1])
        fractions.append(values["jaccard"])
    assert fractions[0] == 1
    assert fractions[0] > fractions[1] > fractions[2] > 0


def test_concentrations_are_those_of_the_factors():
    session = formula_session()
    calibrated = circuit(session, **DIVISIVE)
    session.executed.clear()
    describe_concentrations(calibrated, odours())
    lobe = calibrated.parameters.antennal_lobe
    shown = [job["rates"] for job in session.executed]
    for factor, rates in zip((1.0, *FACTORS), shown, strict=True):
        expected = projection_neuron_rates(factor * calibrated.scale * odours(), lobe)
        np.testing.assert_allclose(rates, expected)
    assert len({job["noise"] for job in session.executed}) == len(shown), "trials share their noise"


def test_what_each_normalisation_does_to_the_concentration():
    samples = odours()
    centring, divisive, alone = (
        describe_concentrations(circuit(formula_session(), **changes), samples)
        for changes in ({}, DIVISIVE, DIVISIVE | NEARLY_PROPORTIONAL)
    )
    for factor in FACTORS:
        assert centring[f"active_at_x{factor:g}"] == centring["active_at_x1"] > 0
        assert centring[f"jaccard_with_x1_at_x{factor:g}"] == 1
    assert centring["active_range"] == 1
    active = [divisive[f"active_at_x{factor:g}"] for factor in FACTORS]
    assert active == sorted(active)
    assert divisive["active_range"] == pytest.approx(active[-1] / active[0])
    assert divisive["jaccard_with_x1_at_x2"] > divisive["jaccard_with_x1_at_x4"] > 0.3
    assert divisive["jaccard_with_x1_at_x1"] == 1
    # A formula has no APL that would follow: what fires is what the rates make fire.
    assert alone["active_range"] == np.inf
    assert alone["active_at_x4"] > 0.9


def test_nearly_proportional_rates_grow_threefold_and_stay_below_one_spike_a_step():
    calibrated = circuit(formula_session(), **DIVISIVE, **NEARLY_PROPORTIONAL)
    lobe, rates = calibrated.parameters.antennal_lobe, 20 * odours(2000)
    mean = {f: projection_neuron_rates(f * rates, lobe).mean() for f in (1, 4)}
    assert mean[4] / mean[1] == pytest.approx(3, abs=0.2)
    assert projection_neuron_rates(4 * rates, lobe).max() < 1 / calibrated.parameters.simulation.dt


def test_odours_at_all_concentrations_are_named():
    samples, names = at_all_concentrations(np.array([[1.0, 2.0]]), ["odour 7"])
    assert samples.tolist() == [[factor, 2 * factor] for factor in FACTORS]
    assert names == ["odour 7 x0.25", "odour 7 x0.5", "odour 7 x1", "odour 7 x2", "odour 7 x4"]
