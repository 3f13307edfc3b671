"""The tags that stand beside the circuit's: by hand, their sizes, and what they may depend on."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.fly_hash import projection_matrix
from neurosim.errors import InputError
from neurosim.hashing.methods import (
    LSH,
    PUBLISHED,
    TAGS,
    algorithm_tags,
    control_tags,
    lsh_tags,
    normalised,
    tags_of_all_methods,
)
from neurosim.hashing.odour_samples import OdourSamples
from neurosim.hashing.retrieval import mean_average_precision
from neurosim.hashing.vectors import load_vectors

N_CELLS, N_FEATURES, K = 400, 50, 20


@pytest.fixture(scope="module")
def odours() -> OdourSamples:
    samples = np.random.default_rng(1).exponential(size=(150, N_FEATURES))
    return OdourSamples(samples[:50], samples[50:], tuple(map(str, range(100))))


@pytest.fixture(scope="module")
def projection() -> np.ndarray:
    return projection_matrix(N_CELLS, N_FEATURES, 6, np.random.default_rng(2))


def test_tags_of_the_algorithm_by_hand() -> None:
    # At a mean of 100: 200 25 25 150 and 0 75 25 300.
    # Sums of two: 225 50 175 350 and 75 100 325 300.
    samples = np.array([[8.0, 1, 1, 6], [0, 3, 1, 12]])
    projection = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]], dtype=bool)
    tags = algorithm_tags(samples, projection, 2)
    assert tags["algorithm_binary"].toarray().tolist() == [[1, 0, 0, 1], [0, 0, 1, 1]]
    # In steps of ten, rounded down.
    assert tags["algorithm_valued"].toarray().tolist() == [[22, 0, 0, 35], [0, 0, 32, 30]]


def test_a_value_on_the_edge_of_a_step_is_not_rounded_away() -> None:
    # The mean is 3, so that three features of 1 sum to 3 * 33.33... = 100.
    cell = np.array([[True, True, True, False]])
    tags = algorithm_tags(np.array([[1.0, 1, 1, 9]]), cell, 1)
    assert tags["algorithm_valued"].toarray().tolist() == [[10]]


def test_every_method_has_its_tags(odours: OdourSamples, projection: np.ndarray) -> None:
    counts = algorithm_tags(odours.scored, projection, K)["algorithm_binary"] * 3
    tags = tags_of_all_methods(counts, projection, odours, K, np.random.default_rng(0))
    assert list(tags) == list(TAGS)
    assert {*LSH, *PUBLISHED} < {*TAGS}
    for method, tag in tags.items():
        dense = tag if method in LSH else tag.toarray()
        assert dense.shape == (100, K if method in LSH else N_CELLS)
        binary = set(np.unique(dense)) <= {0, 1}
        assert binary == TAGS[method].startswith("binary"), method
        if method not in LSH:
            assert ((dense != 0).sum(axis=1) == K).all(), method
    assert tags["spiking_count"] is counts
    assert (tags["spiking_binary"].toarray() == (counts.toarray() > 0)).all()


def test_random_winners_are_the_same_cells_for_all_samples(
    odours: OdourSamples, projection: np.ndarray
) -> None:
    tags = control_tags(odours.scored, projection, K, np.random.default_rng(3))
    random = tags["random_winners"].toarray()
    cells = np.flatnonzero(random.any(axis=0))
    assert len(cells) == K
    rates = normalised(odours.scored)
    excitation = np.stack([rates[:, projection[cell]].sum(axis=1) for cell in cells], axis=1)
    assert (np.abs(random[:, cells] - (excitation / 10 - 0.5)) <= 0.5 + 1e-6).all()
    others = control_tags(odours.scored, projection, K, np.random.default_rng(4))
    assert set(cells) != set(np.flatnonzero(others["random_winners"].toarray().any(axis=0)))


def test_the_dense_projection_knows_nothing_of_the_sparse_one(
    odours: OdourSamples, projection: np.ndarray
) -> None:
    other = projection_matrix(N_CELLS, N_FEATURES, 6, np.random.default_rng(9))
    one, same, drawn_anew = (
        control_tags(odours.scored, matrix, K, np.random.default_rng(seed))["dense"].toarray()
        for matrix, seed in ((projection, 3), (other, 3), (projection, 4))
    )
    assert (one == same).all()
    assert (one != drawn_anew).any()
    # The winners are the largest of Gaussian numbers, far above 0.
    assert one.sum() / (one != 0).sum() > 10


def test_winners_find_more_neighbours_than_random_cells() -> None:
    # As in figure 2B of Dasgupta et al. 2017, where they have almost twice the mAP at k = 4.
    samples = load_vectors("correlated", np.random.default_rng(0)).samples[:300]
    projection = projection_matrix(N_CELLS, N_FEATURES, 6, np.random.default_rng(0))
    tags = algorithm_tags(samples, projection, 4)
    tags |= control_tags(samples, projection, 4, np.random.default_rng(1))
    precision = {
        method: mean_average_precision(normalised(samples), tag) for method, tag in tags.items()
    }
    assert precision["algorithm_valued"] > 1.8 * precision["random_winners"]
    assert precision["algorithm_valued"] > precision["algorithm_binary"]


def test_lsh_is_centred_by_the_samples_that_calibrate(odours: OdourSamples) -> None:
    tags = lsh_tags(odours, 300, np.random.default_rng(5))
    # Of a sample and its mirror image at the centre, all bits differ.
    centre = normalised(odours.calibrating).mean(axis=0)
    step = np.random.default_rng(6).uniform(-0.5, 0.5, N_FEATURES)
    step -= step.mean()
    mirrored = OdourSamples(odours.calibrating, np.stack([centre + step, centre - step]), ("", ""))
    bits = lsh_tags(mirrored, 300, np.random.default_rng(5))["sign_lsh"]
    assert (bits[0] != bits[1]).all()
    # So the scored samples do not shift each other's bits.
    half = OdourSamples(odours.calibrating, odours.scored[:10], odours.names[:10])
    alone = lsh_tags(half, 300, np.random.default_rng(5))
    for method in LSH:
        assert (alone[method] == tags[method][:10]).all()


def test_the_two_kinds_of_lsh_have_one_projection(odours: OdourSamples) -> None:
    tags = lsh_tags(odours, 50, np.random.default_rng(7))
    weights = np.random.default_rng(7).standard_normal((50, N_FEATURES))
    rows = normalised(odours.scored)
    assert (tags["floor_lsh"] == np.floor(rows @ weights.T / 10)).all()
    centred = rows - normalised(odours.calibrating).mean(axis=0)
    assert (tags["sign_lsh"] == (centred @ weights.T >= 0)).all()


def test_the_concentration_does_not_matter(odours: OdourSamples, projection: np.ndarray) -> None:
    stronger = OdourSamples(odours.calibrating, 8 * odours.scored, odours.names)
    counts = algorithm_tags(odours.scored, projection, K)["algorithm_binary"]
    weak, strong = (
        tags_of_all_methods(counts, projection, samples, K, np.random.default_rng(0))
        for samples in (odours, stronger)
    )
    for method in TAGS:
        assert abs(weak[method] != strong[method]).sum() == 0, method


@pytest.mark.parametrize("k", [0, N_CELLS + 1])
def test_a_length_that_cannot_be_is_refused(
    k: int, odours: OdourSamples, projection: np.ndarray
) -> None:
    for tags in (
        lambda: algorithm_tags(odours.scored, projection, k),
        lambda: control_tags(odours.scored, projection, k, np.random.default_rng(0)),
    ):
        with pytest.raises(InputError, match=str(k)):
            tags()


def test_samples_that_are_no_rates_are_refused(projection: np.ndarray) -> None:
    with pytest.raises(InputError, match="negative"):
        algorithm_tags(np.full((2, N_FEATURES), -1.0), projection, K)
