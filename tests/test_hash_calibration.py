"""Calibrating a hash circuit: the search on known functions, the recipe, data that is not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from circuit_benches import HASH_SIZES
from scipy.sparse import csr_matrix

from neurosim.errors import InputError
from neurosim.hashing.calibration import (
    FINEST,
    HIGHEST_EPSP,
    MOST_DOUBLINGS,
    MOST_STEPS,
    TOLERANCE,
    calibrate_hash,
    search,
)
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.hashing.vectors import load_vectors
from neurosim.parameters.library import load_model
from neurosim.progress import Progress
from neurosim.session import Session

# What the tests rely on, whatever the sheet is calibrated to.
PINNED = {
    "receptor_neurons.mean_rate": "20 Hz",
    "kenyon_cells.tau_m": "12 ms",
    "apl.tau_m": "10 ms",
    "apl.excitation": "100 mV",
    "apl.sparsity": 0.05,
    "apl.release": 4.9,
}
ODOURS = np.random.default_rng(3).exponential(size=(400, 12))


class Counted:
    """A function that knows where it was asked."""

    def __init__(self, function: Callable[[float], float]) -> None:
        self.function = function
        self.asked: list[float] = []

    def __call__(self, value: float) -> float:
        self.asked.append(value)
        return self.function(value)


# ------------------------------------------------------------------------------------- the search


@pytest.mark.parametrize(
    ("function", "solution"),
    [
        (lambda x: x / (1 + x), 3 / 7),
        (lambda x: 1 - np.exp(-(x**8)), (-np.log(0.7)) ** (1 / 8)),
        (lambda x: 1 - np.exp(-np.sqrt(x)), np.log(0.7) ** 2),
        (lambda x: 1 / (1 + np.exp(-20 * np.log(x / 5))), 5 * (3 / 7) ** (1 / 20)),
    ],
    ids=["hyperbola", "steep", "shallow", "sigmoid"],
)
@pytest.mark.parametrize("first", [0.01, 1.0, 300.0])
def test_it_finds_where_a_function_reaches_what_is_wanted(
    function: Callable[[float], float], solution: float, first: float
) -> None:
    counted = Counted(function)
    value, reached = search(counted, 0.3, first)
    assert reached == function(value)
    assert abs(reached - 0.3) <= TOLERANCE * 0.3
    assert value == pytest.approx(solution, rel=0.05)
    assert len(counted.asked) <= MOST_STEPS
    assert min(counted.asked) > 0


def test_a_good_start_is_the_end() -> None:
    counted = Counted(lambda x: x)
    assert search(counted, 0.3, 0.3) == (0.3, 0.3)
    assert len(counted.asked) == 1


def test_a_falling_function_is_found_by_its_negative() -> None:
    value, reached = search(lambda gain: -0.25 / (1 + gain / 40), -0.05, 100.0)
    assert value == pytest.approx(160, rel=0.02)
    assert reached == pytest.approx(-0.05, rel=TOLERANCE)


def test_of_the_steps_of_a_function_it_takes_the_nearest() -> None:
    # 0.3 lies between 7/25 and 8/25.
    value, reached = search(lambda x: np.floor(25 * x) / 25, 0.3, 0.01)
    assert reached in (7 / 25, 8 / 25)
    assert np.floor(25 * value) / 25 == reached


def test_where_a_function_jumps_it_ends_at_the_jump() -> None:
    counted = Counted(lambda x: float(x > 3.3))
    value, reached = search(counted, 0.05, 1.0)
    assert reached == 0  # nearer to .05 than 1 is
    assert value <= 3.3
    assert len(counted.asked) <= MOST_STEPS
    above = min(it for it in counted.asked if it > 3.3)
    below = max(it for it in counted.asked if it <= 3.3)
    assert np.log(above / below) < max(FINEST, 0.1)


def test_noise_does_not_mislead_it() -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed)
        value, _ = search(lambda x, n=noise: x / (1 + x) + n.normal(0, 0.003), 0.3, 0.01)
        assert value / (1 + value) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("constant", "nearer"), [(0.1, "from below"), (0.9, "from above")])
def test_what_cannot_be_reached_is_given_up_soon(constant: float, nearer: str) -> None:
    counted = Counted(lambda x: constant)
    _, reached = search(counted, 0.3, 1.0)
    assert reached == constant, nearer
    assert len(counted.asked) == MOST_DOUBLINGS + 1


def test_it_comes_as_near_as_a_function_goes() -> None:
    value, reached = search(lambda x: min(x, 0.2), 0.5, 0.01)
    assert reached == 0.2
    assert value >= 0.2


def test_no_value_beyond_the_highest_is_tried() -> None:
    counted = Counted(lambda x: x)
    assert search(counted, 0.3, 0.03, highest=0.1) == (0.1, 0.1)
    assert max(counted.asked) == 0.1
    counted = Counted(lambda x: x)
    assert search(counted, 0.09, 0.03, highest=0.1)[0] == pytest.approx(0.09, rel=TOLERANCE)
    assert max(counted.asked) <= 0.1


# ------------------------------------------------------------------------ the recipe, on a formula


class Noting(Progress):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def circuit_of(progress: Progress | None = None, **overrides: Any) -> HashCircuit:
    changes = {key.replace("__", "."): value for key, value in overrides.items()}
    sheet = load_model("dasgupta2017", {**HASH_SIZES, **PINNED, **changes})
    session = Session(sheet.parameters, "fly_hash", 1, "standalone", progress or Progress())
    return HashCircuit.draw(session, 12)


@pytest.fixture
def formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a fraction e/(1 mV + e) of the Kenyon cells fire, divided by 1 + gain/(100 /V)."""

    def counts(self: HashCircuit, samples: np.ndarray, noise: str) -> csr_matrix:
        epsp, gain = self.parameters.kenyon_cells.epsp, self.parameters.apl.gain
        n_cells = 100_000
        fraction = epsp / (1e-3 + epsp) / (1 + gain / 100)
        tags = np.zeros((1, n_cells))
        tags[0, : round(fraction * n_cells)] = 3
        return csr_matrix(tags)

    monkeypatch.setattr(HashCircuit, "counts", counts)


def test_first_the_claws_are_set_without_apl_then_apl(formula: None) -> None:
    found = calibrate_hash(circuit_of(apl__sparsity=0.05, apl__release=4), ODOURS)
    assert found.parameters.kenyon_cells.epsp == pytest.approx(0.25e-3, rel=0.02)  # to .2
    assert found.parameters.apl.gain == pytest.approx(300, rel=0.03)  # to .05
    assert (found.parameters.apl.release, found.parameters.apl.sparsity) == (0, 0)


def test_a_given_epsp_is_kept(formula: None) -> None:
    circuit = circuit_of(apl__release=0, kenyon_cells__epsp="1 mV")
    found = calibrate_hash(circuit, ODOURS).parameters
    assert found.kenyon_cells.epsp == 1e-3
    assert found.apl.gain == pytest.approx(900, rel=0.03)  # from .5 to .05


def test_where_all_is_given_only_the_scale_is_set(formula: None) -> None:
    given = {"apl__release": 0, "apl__sparsity": 0, "apl__gain": "1 /mV"}
    circuit = circuit_of(kenyon_cells__epsp="1 mV", **given)
    found = calibrate_hash(circuit, ODOURS)
    assert found.parameters == circuit.parameters
    assert (found.scale * ODOURS).mean() == pytest.approx(20)


def test_the_scale_brings_receptor_neurons_to_their_mean_rate(formula: None) -> None:
    for factor in (1e-6, 1.0, 1e6):
        circuit = circuit_of(receptor_neurons__mean_rate="35 Hz")
        found = calibrate_hash(circuit, factor * ODOURS)
        assert (found.scale * factor * ODOURS).mean() == pytest.approx(35)


def test_what_is_reached_is_no_news_and_what_is_not_is_a_warning(formula: None) -> None:
    progress = Noting()
    calibrate_hash(circuit_of(progress), ODOURS)
    assert progress.warnings == []
    # Far below what the sheet's range of potentials reaches, so that no cell fires.
    out_of_reach = circuit_of(progress, apl__sparsity=0.2, apl__release=4.99)
    found = calibrate_hash(out_of_reach, ODOURS)
    assert found.parameters.kenyon_cells.epsp <= HIGHEST_EPSP
    assert progress.warnings == []  # .990 of .998, which is near


def test_data_that_drive_all_cells_alike_are_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def counts(self: HashCircuit, samples: np.ndarray, noise: str) -> csr_matrix:
        fires = self.parameters.kenyon_cells.epsp > 2e-3 and self.parameters.apl.gain < 50
        return csr_matrix(np.full((len(samples), 60), float(fires)))

    monkeypatch.setattr(HashCircuit, "counts", counts)
    progress = Noting()
    found = calibrate_hash(circuit_of(progress), ODOURS)
    assert len(progress.warnings) == 2
    assert progress.warnings[0].startswith("Without APL 0 of the Kenyon cells fire")
    assert "wanted 0.245" in progress.warnings[0]
    assert progress.warnings[1].startswith("With APL 0 of")
    assert found.parameters.kenyon_cells.epsp <= 2e-3


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros((5, 12)), "mean of 0, expected magnitudes of 0 or higher that are not all 0"),
        (np.zeros((0, 12)), "mean of 0, expected magnitudes"),
        (np.full((5, 12), np.nan), "mean of nan, expected magnitudes"),
        (np.full((5, 12), np.inf), "mean of inf, expected magnitudes"),
        (-ODOURS, "mean of -.*, expected magnitudes"),
        (np.where(ODOURS > 3, -1.0, ODOURS), "negative or not finite"),
        (ODOURS[0], r"samples have shape \(12,\), expected one or more rows"),
        (ODOURS[:, 1:], r"shape \(400, 11\), expected .* of 12 receptor types"),
    ],
)
def test_samples_that_cannot_be_calibrated_on_are_refused(
    samples: np.ndarray, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        calibrate_hash(circuit_of(), samples)


# ---------------------------------------------------------------------------------- the circuit


def active(circuit: HashCircuit, samples: np.ndarray) -> float:
    counts = circuit.counts(samples, "test")
    return float(counts.nnz / np.prod(counts.shape))


def test_a_small_circuit_is_brought_to_both_fractions_and_again_to_the_same() -> None:
    circuit = circuit_of(apl__sparsity=0.1, apl__release=3)
    found = calibrate_hash(circuit, ODOURS[:100])
    counts = found.counts(ODOURS[:100], "calibration")
    assert counts.nnz / np.prod(counts.shape) == pytest.approx(0.1, rel=TOLERANCE)
    alone = found.changed(apl__gain=0.0).counts(ODOURS[:100], "calibration")
    assert alone.nnz / np.prod(alone.shape) == pytest.approx(0.3, rel=TOLERANCE)
    assert active(found, ODOURS[100:]) == pytest.approx(0.1, abs=0.01)
    again = calibrate_hash(circuit_of(apl__sparsity=0.1, apl__release=3), ODOURS[:100])
    assert (again.parameters, again.scale) == (found.parameters, found.scale)


def test_nothing_depends_on_rows_that_are_not_handed_over() -> None:
    circuit = circuit_of(apl__release=0, kenyon_cells__epsp="3 mV")
    found = calibrate_hash(circuit, ODOURS[:20])
    others = ODOURS.copy()
    others[20:] = 10 * others[:19:-1]
    before = others.copy()
    same = calibrate_hash(circuit, others[:20])
    assert (same.parameters, same.scale) == (found.parameters, found.scale)
    assert np.array_equal(others, before)
    other = calibrate_hash(circuit, others[20:40])
    assert other.scale != found.scale
    assert other.parameters != found.parameters


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sheet", "wanted"), [("dasgupta2017", 0.05), ("dasgupta2017_10percent", 0.1)]
)
@pytest.mark.parametrize("spikes", ["poisson_receptors", "regular"])
def test_the_sheets_reach_their_sparsity_on_digits_that_were_not_seen(
    sheet: str, wanted: float, spikes: str
) -> None:
    parameters = load_model(sheet, {"projection_neurons.spikes": spikes}).parameters
    session = Session(parameters, "fly_hash", 0, "standalone")
    generator = np.random.default_rng(0)
    digits = generator.permutation(load_vectors("digits", generator).samples)
    found = calibrate_hash(HashCircuit.draw(session, digits.shape[1]), digits[:100])
    counts = found.counts(digits[100:700], "test")
    fraction = np.diff(counts.indptr) / counts.shape[1]
    assert fraction.mean() == pytest.approx(wanted, abs=0.003)
    assert fraction.min() > 0
    assert 2 <= counts.sum() / counts.nnz <= 5
    release = active(found.changed(apl__gain=0.0), digits[100:700]) / fraction.mean()
    assert 2 <= release <= 5
