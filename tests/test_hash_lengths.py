"""Tags of several lengths: which circuits, which projections, and what is told of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from neurosim.abstract.fly_hash import hash_codes
from neurosim.hashing import lengths as hash_lengths
from neurosim.hashing.lengths import FLY, LENGTHS, SIZES, circuit_of_length, describe_length, row_of
from neurosim.hashing.methods import LSH, TAGS
from neurosim.hashing.odour_samples import OdourSamples
from neurosim.hashing.odours import projection_of
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import REGULAR
from neurosim.parameters.library import load_model
from neurosim.session import Session

K, SEED = 4, 3


@pytest.fixture(scope="module")
def odours() -> OdourSamples:
    samples = np.random.default_rng(1).exponential(size=(120, 30))
    return OdourSamples(samples[:20], samples[20:], tuple(map(str, range(100))))


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(load_model("dasgupta2017").parameters, "fly_hash", SEED)


@pytest.fixture
def presented(monkeypatch: pytest.MonkeyPatch) -> list[HashCircuit]:
    """Return the circuits that were presented samples; their tags are the algorithm's, with k+1."""
    circuits: list[HashCircuit] = []

    def counts(self: HashCircuit, samples: np.ndarray, noise: str) -> csr_matrix:
        circuits.append(self)
        return csr_matrix(2.0 * hash_codes(samples, self.projection, K + 1))

    monkeypatch.setattr(HashCircuit, "counts", counts)
    return circuits


def small(session: Session, n_cells: int) -> HashCircuit:
    return HashCircuit.draw(session, 30, kenyon_cells__n=n_cells)


def test_lengths_are_published_ones_and_the_fly_s() -> None:
    assert LENGTHS == (2, 4, 8, 16, 32, 100)
    assert {k: n for k, n in SIZES if n == FLY} == dict.fromkeys(LENGTHS, 2000)
    expanded = [(k, n) for k, n in SIZES if n != FLY]
    assert expanded == [(2, 40), (4, 80), (8, 160), (16, 320), (32, 640)]
    assert SIZES[-1] == (100, 2000), "the recording is that of the last one"


def test_rows_have_a_name_for_each_size() -> None:
    assert row_of("dense", 4, 80) == "map_dense_k4_m80"
    assert row_of("sign_lsh", 4, 80) == row_of("sign_lsh", 4, 2000) == "map_sign_lsh_k4"
    assert row_of("ratio", 16, 2000) == "map_ratio_k16"


def test_a_circuit_is_calibrated_to_its_length(
    session: Session, odours: OdourSamples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_lengths, "calibrated_circuit", lambda _, __, **changes: changes)
    changes = circuit_of_length(session, odours, 8, 160)
    parameters = session.parameters.changed(**changes)
    assert parameters.kenyon_cells.n == 160
    assert parameters.apl.sparsity == 0.05
    assert parameters.apl.release == session.parameters.apl.release
    assert parameters.projection_neurons.spikes == REGULAR
    # Also where the sheet gives a gain instead.
    given = load_model("dasgupta2017", {"apl.gain": "500 /V", "apl.sparsity": 0, "apl.release": 0})
    assert given.parameters.changed(**changes).apl.gain == 0


def test_every_projection_has_the_same_calibration(
    session: Session, odours: OdourSamples, presented: list[HashCircuit]
) -> None:
    circuit = small(session, 80)
    describe_length(circuit, odours, K, 3, "hits")
    assert len(presented) == 3
    for number, shown in enumerate(presented):
        assert shown.parameters is circuit.parameters and shown.scale == circuit.scale
        assert (shown.projection == projection_of(circuit.parameters, SEED, number)).all()
    assert (presented[0].projection == circuit.projection).all()
    assert (presented[1].projection != circuit.projection).any()


def test_mean_and_spread_are_over_projections(
    session: Session, odours: OdourSamples, presented: list[HashCircuit]
) -> None:
    circuit = small(session, 80)
    single = [describe_length(circuit, odours, K, n, "hits") for n in (1, 2, 3)]
    for method in TAGS:
        if method in LSH:
            continue
        row = row_of(method, K, 80)
        means = [values[row] for values in single]
        each = [means[0], 2 * means[1] - means[0], 3 * means[2] - 2 * means[1]]
        assert len(set(each)) == 3, "the same projection more than once"
        assert single[2][f"{row}_sd"] == pytest.approx(np.std(each, ddof=1))
        assert math.isnan(single[0][f"{row}_sd"])


def test_lsh_and_the_ratio_are_told_once(
    session: Session, odours: OdourSamples, presented: list[HashCircuit]
) -> None:
    small_rows = describe_length(small(session, 80), odours, K, 2, "hits")
    assert not [name for name in small_rows if "lsh" in name or "ratio" in name]
    rows = describe_length(small(session, FLY), odours, K, 2, "hits")
    expected = {row_of(method, K, FLY) for method in (*TAGS, "ratio")}
    assert rows.keys() == expected | {f"{name}_sd" for name in expected}
    assert small_rows.keys() == {
        name.replace("m2000", "m80") for name in rows if "lsh" not in name and "ratio" not in name
    }


def test_the_ratio_is_the_mean_of_ratios(
    session: Session, odours: OdourSamples, presented: list[HashCircuit]
) -> None:
    circuit = small(session, FLY)
    one, two = (describe_length(circuit, odours, K, n, "hits") for n in (1, 2))

    def second(name: str) -> float:
        return 2 * two[name] - one[name]

    spiking, algorithm = (row_of(f"{of}_binary", K, FLY) for of in ("spiking", "algorithm"))
    assert one["map_ratio_k4"] == pytest.approx(one[spiking] / one[algorithm])
    assert second("map_ratio_k4") == pytest.approx(second(spiking) / second(algorithm))
    # One winner more than the algorithm is given: better, and not twice as good.
    assert 1 < one["map_ratio_k4"] < 2
