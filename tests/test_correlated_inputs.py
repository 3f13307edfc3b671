"""Inputs of known correlation: how they are drawn, the algorithm's tags, what is told of tags."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.fly_hash import hash_codes, projection_matrix
from neurosim.abstract.overlap_law import expected_overlap
from neurosim.errors import InputError
from neurosim.hashing import correlated_inputs as ci
from neurosim.hashing.correlated_inputs import (
    CONTRAST,
    N_PAIRS,
    circuit_of_sparsity,
    correlated_inputs,
    correlated_odours,
    describe_overlaps,
)
from neurosim.hashing.odour_samples import OdourSamples
from neurosim.hashing.retrieval import pairwise_overlap
from neurosim.parameters.fly_hash import REGULAR
from neurosim.parameters.library import load_model
from neurosim.session import Session

CORRELATIONS = (-0.5, 0.0, 0.25, 0.5, 0.9, 1.0)


def correlations_of(inputs: np.ndarray) -> np.ndarray:
    pairs = inputs.reshape(-1, 2, inputs.shape[1])
    return np.array([np.corrcoef(*pair)[0, 1] for pair in pairs])


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_mean_contrast_and_correlation_are_exact(
    correlation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ci, "CONTRAST", 0.1)  # so that no rate is cut off
    inputs = correlated_inputs(50, 40, correlation, np.random.default_rng(0))
    assert inputs.shape == (80, 50)
    np.testing.assert_allclose(inputs.mean(axis=1), 1)
    np.testing.assert_allclose(inputs.std(axis=1), 0.1)
    np.testing.assert_allclose(correlations_of(inputs), correlation, atol=1e-12)
    assert len(np.unique(inputs[::2], axis=0)) == 40


@pytest.mark.parametrize("correlation", [0.0, 0.25, 0.5, 0.75, 0.9, 1.0])
def test_rates_are_cut_off_at_0_with_little_loss(correlation: float) -> None:
    inputs = correlated_inputs(50, 400, correlation, np.random.default_rng(1))
    assert inputs.min() == 0
    assert (inputs == 0).mean() == pytest.approx(0.09, abs=0.01)
    assert CONTRAST - 0.06 < inputs.std(axis=1).mean() < CONTRAST
    assert 0 <= correlation - correlations_of(inputs).mean() < 0.02


@pytest.mark.parametrize("percent", [5, 10])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_tags_of_the_algorithm_follow_the_law(correlation: float, percent: int) -> None:
    generator = np.random.default_rng(2)
    inputs = correlated_inputs(50, 200, correlation, generator)
    projection = projection_matrix(2000, 50, 6, generator)
    codes = hash_codes(inputs, projection, 20 * percent)
    overlap = pairwise_overlap(codes, np.arange(400).reshape(-1, 2)).mean()
    assert overlap == pytest.approx(float(expected_overlap(correlation, percent / 100)), abs=0.02)


@pytest.mark.parametrize(
    ("n_features", "correlation", "named"),
    [(2, 0.5, "features is 2"), (50, 1.1, "1.1"), (50, -1.1, "-1.1"), (50, np.nan, "nan")],
)
def test_what_cannot_be_drawn_is_refused(n_features: int, correlation: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        correlated_inputs(n_features, 5, correlation, np.random.default_rng(0))


def test_pairs_stand_behind_one_another() -> None:
    odours = correlated_odours(50, (0.0, 1.0), np.random.default_rng(3))
    assert odours.calibrating.shape == (N_PAIRS, 50)
    assert odours.scored.shape == (2 * 2 * N_PAIRS, 50)
    assert len(set(odours.names)) == len(odours.scored)
    assert odours.names[1] == "correlation 0, pair 1, second"
    assert odours.names[2 * N_PAIRS] == "correlation 1, pair 1, first"
    found = correlations_of(odours.scored)
    assert abs(found[:N_PAIRS].mean()) < 0.03
    np.testing.assert_allclose(found[N_PAIRS:], 1)
    every = np.concatenate([odours.calibrating, odours.scored[::2]])
    assert len(np.unique(every, axis=0)) == len(every), "an input calibrates and is scored"


def test_only_apl_differs_between_sparsities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ci, "calibrated_circuit", lambda _, __, **changes: changes)
    odours = OdourSamples(np.ones((1, 50)), np.ones((1, 50)), ("",))
    for name in ("dasgupta2017", "dasgupta2017_10percent"):
        session = Session(load_model(name).parameters, "fly_hash", 0)
        without = session.parameters.apl.release * session.parameters.apl.sparsity
        for sparsity in (0.05, 0.1):
            changed = session.parameters.changed(**circuit_of_sparsity(session, odours, sparsity))
            assert changed.apl.sparsity == sparsity
            assert changed.apl.release * sparsity == pytest.approx(without)
            assert changed.projection_neurons.spikes == REGULAR
    # Where the sheet gives values that are else fitted, its potentials stay and the gain is fitted.
    given = {"kenyon_cells.epsp": "1.2 mV", "apl.release": 0, "apl.gain": "500 /V"}
    sheet = load_model("dasgupta2017", {**given, "apl.sparsity": 0})
    session = Session(sheet.parameters, "fly_hash", 0)
    changed = session.parameters.changed(**circuit_of_sparsity(session, odours, 0.1))
    assert (changed.apl.gain, changed.apl.release, changed.apl.sparsity) == (0, 0, 0.1)
    assert changed.kenyon_cells.epsp == pytest.approx(1.2e-3)


def test_overlaps_by_hand() -> None:
    from scipy.sparse import csr_matrix

    def tag(*units: int) -> np.ndarray:
        return np.isin(np.arange(20), units)

    # At 0: overlaps 0 and 1/2; at .5: 1 and 1/2; at 1.0: 1 and 1.
    pairs = [
        *(tag(0, 1), tag(2, 3)),
        *(tag(0, 1), tag(1, 2)),
        *(tag(4, 5), tag(4, 5)),
        *(tag(4), tag(4, 5, 6)),
        *(tag(7), tag(7)),
        *(tag(8, 9), tag(8, 9)),
    ]
    values = describe_overlaps(csr_matrix(np.array(pairs)), (0.0, 0.5, 1.0), 10)
    exact = float(expected_overlap(0.5, 0.1))
    assert values == pytest.approx(
        {
            "overlap_10_percent_at_0.0": 0.25,
            "overlap_10_percent_at_0.0_gaussian": 0.1,
            "overlap_10_percent_at_0.5": 0.75,
            "overlap_10_percent_at_0.5_gaussian": exact,
            "overlap_10_percent_at_1.0": 1,
            "overlap_10_percent_at_1.0_gaussian": 1,
            "largest_deviation_10_percent": 0.75 - exact,
        }
    )
