"""Scores of tags: by hand, for tags that know everything or nothing, and for a perfect circuit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from neurosim.abstract.fly_hash import hash_codes
from neurosim.errors import InputError
from neurosim.hashing.methods import TAGS, normalised
from neurosim.hashing.odour_samples import OdourSamples
from neurosim.hashing.scores import (
    SIMILARITY,
    circuit_over_algorithm,
    compare_methods,
    describe_precision,
    describe_similarity,
    describe_tags,
    mean_active,
    score_circuit,
)
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.library import load_model
from neurosim.session import Session

K = 100


@pytest.fixture(scope="module")
def odours() -> OdourSamples:
    samples = np.random.default_rng(1).exponential(size=(150, 50))
    return OdourSamples(samples[:30], samples[30:], tuple(map(str, range(120))))


@pytest.fixture
def circuit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., HashCircuit]:
    """Return a function that makes a circuit whose cells fire as the algorithm's winners do.

    Each winner fires three spikes; in trial 2, of an odour's winners the first `lost` are silent.
    """

    def make(lost: int = 0, **overrides: object) -> HashCircuit:
        def counts(self: HashCircuit, samples: np.ndarray, noise: str) -> csr_matrix:
            winners = hash_codes(samples, self.projection, K)
            if noise == "trial 2":
                winners &= np.cumsum(winners, axis=1) > lost
            return csr_matrix(3.0 * winners)

        monkeypatch.setattr(HashCircuit, "counts", counts)
        sheet = load_model("dasgupta2017", overrides)
        drawn = HashCircuit.draw(Session(sheet.parameters, "fly_hash", 4), 50)
        return drawn.changed(apl__release=0.0, kenyon_cells__epsp=1.5e-3)

    return make


def test_tags_by_hand() -> None:
    first = csr_matrix([[2.0, 0, 0, 1], [0, 4, 0, 0], [1, 1, 1, 1], [0, 0, 0, 3]])
    second = csr_matrix([[1.0, 0, 0, 1], [0, 0, 1, 0], [1, 1, 0, 0], [5, 0, 0, 1]])
    values = describe_tags(first, second)
    assert values == pytest.approx(
        {
            "active_fraction": 2 / 4,
            "active_spread": math.sqrt((0 + 1 + 4 + 1) / 4) / 4,
            "fewest_active": 1,
            "spikes_per_responder": 14 / 8,
            "trial_jaccard": (1 + 0 + 1 / 2 + 1 / 2) / 4,
        }
    )
    assert mean_active(first) == 2


def test_silent_circuits_have_a_length_and_no_spikes_per_responder() -> None:
    silent = csr_matrix((3, 10))
    assert mean_active(silent) == 1
    values = describe_tags(silent, silent)
    assert math.isnan(values["spikes_per_responder"])
    assert values["active_fraction"] == values["fewest_active"] == 0


def test_mean_average_precision_knows_everything_or_nothing(odours: OdourSamples) -> None:
    generator = np.random.default_rng(2)
    tags = {"samples": normalised(odours.scored), "noise": generator.random((120, 40))}
    values = describe_precision(odours.scored, tags, "relevant")
    assert values.keys() == {"map_samples", "map_noise"}
    assert values["map_samples"] == pytest.approx(1)
    assert values["map_noise"] < 0.1
    # By the rule of the published code a single early hit is worth as much as all.
    assert describe_precision(odours.scored, tags, "hits")["map_noise"] != values["map_noise"]


def test_neighbours_are_near_at_equal_mean(odours: OdourSamples) -> None:
    strength = np.random.default_rng(3).uniform(0.5, 5, (120, 1))
    tags = {"samples": normalised(odours.scored)}
    assert describe_precision(strength * odours.scored, tags, "hits")["map_samples"] == (
        pytest.approx(1)
    )


def test_the_ratio() -> None:
    values = {"map_a": 0.4, "map_b": 0.5, "map_none": 0.0}
    assert circuit_over_algorithm(values, "a", "b") == pytest.approx(0.8)
    assert math.isnan(circuit_over_algorithm(values, "a", "none"))


def test_similarity_of_tags_that_are_the_samples() -> None:
    # Samples of 0 and 1 with ten ones each: their cosine is the overlap, and the squared distance
    # falls linearly with it.
    generator = np.random.default_rng(4)
    samples = generator.permuted(np.tile(np.arange(40) < 10, (60, 1)), axis=1).astype(float)
    shuffled = csr_matrix(generator.permutation(samples))
    values = describe_similarity(samples, csr_matrix(samples), shuffled, generator)
    assert values.keys() == {*SIMILARITY, "spearman_difference"}
    assert values["spearman_cosine"] == pytest.approx(1)
    assert values["spearman_distance"] == pytest.approx(-1)
    assert abs(values["spearman_cosine_algorithm"]) < 0.1
    assert abs(values["spearman_distance_algorithm"]) < 0.1
    expected = 1 - values["spearman_cosine_algorithm"]
    assert values["spearman_difference"] == pytest.approx(expected)
    # The circuit may be the better one, or the worse one.
    swapped = describe_similarity(samples, shuffled, csr_matrix(samples), generator)
    assert swapped["spearman_difference"] > 0.9


def test_a_perfect_circuit_is_as_good_as_the_algorithm(
    circuit: Callable[..., HashCircuit], odours: OdourSamples
) -> None:
    values = score_circuit(circuit(), odours, "hits")
    assert values["map_ratio"] == 1
    assert values["map_spiking_binary"] == values["map_algorithm_binary"] > 0.3
    assert values["trial_jaccard"] == 1
    assert values["spearman_difference"] == 0
    assert values["spearman_cosine"] == values["spearman_cosine_algorithm"] > 0.5
    assert values["active_fraction"] == pytest.approx(K / 2000)
    assert values["active_over_wanted"] == pytest.approx(1)
    assert values["active_spread"] == pytest.approx(0)
    assert values["spread_over_wanted"] == pytest.approx(0)
    assert values["spikes_per_responder"] == 3
    assert values["fewest_active"] == K
    assert values["epsp"] == pytest.approx(1.5)  # mV


def test_reliability_is_that_of_two_trials(
    circuit: Callable[..., HashCircuit], odours: OdourSamples
) -> None:
    values = score_circuit(circuit(lost=25), odours, "hits")
    assert values["trial_jaccard"] == pytest.approx(0.75)
    assert values["map_ratio"] == 1  # of the first


def test_what_the_sheet_asks_for_decides_what_is_wanted(
    circuit: Callable[..., HashCircuit], odours: OdourSamples
) -> None:
    sparser = {"apl.sparsity": 0.1, "apl.release": 2}
    assert score_circuit(circuit(**sparser), odours, "hits")["active_over_wanted"] == (
        pytest.approx(0.5)
    )
    given = {"apl.sparsity": 0, "apl.gain": "500 /V", "apl.release": 0}
    assert not [name for name in score_circuit(circuit(**given), odours, "hits") if "over" in name]


def test_all_methods_are_compared_at_one_length(
    circuit: Callable[..., HashCircuit], odours: OdourSamples
) -> None:
    made = circuit()
    values = compare_methods(made, odours, "hits")
    assert values.keys() == {*(f"map_{m}" for m in TAGS), "map_ratio_count"}
    assert values["map_spiking_binary"] == values["map_algorithm_binary"]
    # Three spikes of each winner say no more than the set of winners.
    assert values["map_spiking_count"] == values["map_spiking_binary"]
    assert values["map_ratio_count"] == values["map_spiking_count"] / values["map_algorithm_valued"]
    assert values == compare_methods(made, odours, "hits"), "other draws the second time"
    relevant = compare_methods(made, odours, "relevant")
    assert relevant["map_sign_lsh"] != values["map_sign_lsh"]


def test_an_unknown_rule_is_refused(
    circuit: Callable[..., HashCircuit], odours: OdourSamples
) -> None:
    with pytest.raises(InputError, match="hits"):
        score_circuit(circuit(), odours, "hit")
