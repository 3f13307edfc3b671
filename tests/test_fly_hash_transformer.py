"""The spiking hash as a scikit-learn transformer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

import neurosim as ns
from neurosim.errors import InputError
from neurosim.simulation.job import Job, Result
from neurosim.simulation.numpy_target import run_live

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# Windows of a few steps, in which projection neurons at high rates still make Kenyon cells fire.
SMALL = {
    "simulation.dt": "2 ms",
    "simulation.window": "50 ms",
    "antennal_lobe.centred_rate": "400 Hz",
    "receptor_neurons.n_per_type": 3,
    "receptor_neurons.mean_rate": "300 Hz",
    "kenyon_cells.claws": 3,
    "kenyon_cells.tau_m": "6 ms",
    "apl.release": 2,
}


def fingerprint(job: Job) -> str:
    digest = hashlib.sha256(repr((job.structure, job.arguments, job.duration)).encode())
    digest.update(repr((job.brain_seed, job.noise_seed, job.outputs)).encode())
    for name, table in sorted(job.tables.items()):
        digest.update(name.encode() + np.ascontiguousarray(table).tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def jobs() -> Iterator[list[Job]]:
    """Simulate in this process on the NumPy target, equal jobs once; give the jobs."""
    done: dict[str, Result] = {}
    noted: list[Job] = []

    def simulate(job: Job, target: str, progress: Any) -> Result:
        assert target == "numpy"
        noted.append(job)
        key = fingerprint(job)
        if key not in done:
            done[key] = Result(run_live(job, lambda fraction: None), "numpy", 0.0, 0.0)
        return done[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurosim.session.simulate", simulate)
        yield noted


def small(**changes: Any) -> ns.FlyHash:
    given = {"n_kenyon_cells": 20, "sparsity": 0.2, "n_calibration": 5, "target": "numpy"}
    return ns.FlyHash(**{**given, "overrides": SMALL, **changes})


@pytest.fixture(scope="module")
def odours() -> np.ndarray:
    return np.random.default_rng(1).exponential(size=(12, 8))


@pytest.fixture(scope="module")
def fitted(jobs: list[Job], odours: np.ndarray) -> ns.FlyHash:
    return small().fit(odours[:6])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    # They ask how it is called, not how near the calibration comes, and their data of few features
    # drive all cells alike, for which it would search on and on.
    monkeypatch.setattr("neurosim.hashing.calibration.MOST_STEPS", 3)
    check_estimator(small())


def test_tags_are_sparse_and_of_the_kind_that_was_asked_for(
    fitted: ns.FlyHash, odours: np.ndarray
) -> None:
    binary = fitted.transform(odours)
    counts = clone(fitted).set_params(tag="count").fit(odours[:6]).transform(odours)
    assert issparse(binary)
    assert binary.format == "csr"
    assert binary.shape == (12, 20)
    assert set(binary.data) == {1.0}
    assert counts.data.max() > 1
    assert (counts.data == counts.data.round()).all()
    assert ((counts > 0) != (binary > 0)).nnz == 0


def test_a_row_of_zeros_has_an_empty_tag(fitted: ns.FlyHash, odours: np.ndarray) -> None:
    rows = odours.copy()
    rows[3] = 0
    tags = fitted.transform(rows)
    assert tags[3].nnz == 0
    assert tags.nnz > 0


def test_the_projection_is_the_one_of_the_algorithm(fitted: ns.FlyHash, odours: np.ndarray) -> None:
    algorithm = ns.abstract.FlyHash(n_kenyon_cells=20, claws=3, sparsity=0.2).fit(odours)
    assert np.array_equal(fitted.projection_, algorithm.projection_)
    other = small(random_state=1).fit(odours[:6])
    assert not np.array_equal(fitted.projection_, other.projection_)


def test_fitting_sees_only_the_rows_that_it_is_given(
    jobs: list[Job], fitted: ns.FlyHash, odours: np.ndarray
) -> None:
    jobs.clear()
    again = small().fit(odours[:6])
    rates = again.circuit_.scale * odours[6:]
    seen = np.concatenate([job.tables["receptor_neuron_rates"] for job in jobs])
    assert len(jobs) > 2
    assert not any((np.abs(seen - row).max(axis=1) < 1e-9).any() for row in rates)
    calibrated = again.circuit_.parameters
    again.transform(odours[6:])
    assert again.circuit_.parameters == calibrated == fitted.circuit_.parameters


def test_the_calibration_reaches_the_sparsity(fitted: ns.FlyHash, odours: np.ndarray) -> None:
    # Of 20 cells, a step of one is .05.
    assert fitted.transform(odours[:6]).nnz / (6 * 20) == pytest.approx(0.2, abs=0.06)


def test_the_same_call_gives_the_same_tags(fitted: ns.FlyHash, odours: np.ndarray) -> None:
    first, second = (fitted.transform(odours) for _ in range(2))
    assert (first != second).nnz == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "dasgupta2018"}, "did you mean 'dasgupta2017'"),
        ({"model": "area_random"}, "is of 'area', not of 'fly_hash'"),
        ({"n_calibration": 0}, "n_calibration"),
        ({"overrides": {"apl.sparsity": 0.1}}, "which is the argument sparsity"),
        ({"overrides": {"kenyon_cells.tau": "1 ms"}}, "did you mean 'kenyon_cells.tau_m'"),
        ({"overrides": {"apl.gain": "5 /mV"}}, "expected one of them to be 0"),
        ({"tag": "counts"}, "did you mean 'count'"),
        ({"target": "cuda"}, "Unknown target 'cuda'"),
    ],
)
def test_bad_parameters_are_refused(
    change: dict[str, Any], sentence: str, odours: np.ndarray
) -> None:
    with pytest.raises(InputError, match=sentence):
        small(**change).fit(odours)


def test_rows_of_zeros_alone_cannot_calibrate(odours: np.ndarray) -> None:
    with pytest.raises(ValueError, match="All rows are zero"):
        small().fit(np.zeros((4, 8)))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[0],
        lambda rows: rows[:, :5],
        lambda rows: -rows,
        lambda rows: rows * np.nan,
        lambda rows: rows * np.inf,
    ],
    ids=["one-dimensional", "too few features", "negative", "not a number", "infinite"],
)
def test_bad_rows_are_refused(
    fitted: ns.FlyHash, odours: np.ndarray, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    with pytest.raises(ValueError):  # scikit-learn's own sentences
        fitted.transform(change(odours))


def test_calibrated_values_go_into_a_sheet(jobs: list[Job], odours: np.ndarray) -> None:
    size = {"kenyon_cells.n": 20, "apl.sparsity": 0.2}
    found = ns.calibrate_apl(
        "dasgupta2017", odours[:6], overrides={**SMALL, **size}, target="numpy"
    )
    parameters = ns.load_model("dasgupta2017", found).parameters
    assert parameters.apl.gain > 0
    assert parameters.kenyon_cells.epsp > 0
    assert parameters.apl.sparsity == parameters.apl.release == 0
    assert parameters.projection_neurons.n == 8


def test_calibration_refuses_what_is_no_matrix(odours: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"shape \(8,\)"):
        ns.calibrate_apl("dasgupta2017", odours[0])
    with pytest.raises(InputError, match="is of 'area'"):
        ns.calibrate_apl("area_random", odours)
