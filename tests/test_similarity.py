"""The protocol of the fly's hash: its targets, its conditions, what calibrates and what is scored.

But for one test, the circuit is replaced by the algorithm, which fires at once and without noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import neurosim as ns
from neurosim.abstract.fly_hash import hash_codes
from neurosim.errors import InputError
from neurosim.hashing import correlated_inputs, odour_samples
from neurosim.hashing.methods import TAGS
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import POISSON, REGULAR
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains, Trace
from neurosim.run_directory import Run
from neurosim.scorecard import Target
from neurosim.simulation.toolchain import find_compiler
from neurosim.timeline import TrialTable

SEED = 5
N_SCORED, N_PAIRS = 60, 20
FEW = {"protocol.n_samples": N_SCORED, "protocol.matrices": 1}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_protocol("similarity").script


@dataclass
class Bench:
    """What was presented to circuits in place of a simulation."""

    calibrating: list[np.ndarray] = field(default_factory=list)
    calibrated: list[HashCircuit] = field(default_factory=list)
    scored: list[np.ndarray] = field(default_factory=list)

    def run(self, condition: str = "main", sheet: Mapping[str, Any] = {}, **overrides: Any) -> Run:
        for noted in (self.calibrating, self.calibrated, self.scored):
            noted.clear()
        chosen = {f"protocol.{name}": value for name, value in overrides.items()}
        overrides = {**FEW, "protocol.condition": condition, **chosen, **sheet}
        return ns.run("similarity", seed=SEED, overrides=overrides)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Replace calibration and simulation: the winners of the algorithm fire two spikes each."""
    noted = Bench()

    def calibrate(circuit: HashCircuit, samples: np.ndarray) -> HashCircuit:
        noted.calibrating.append(samples)
        noted.calibrated.append(circuit)
        return circuit

    def winners(circuit: HashCircuit, samples: np.ndarray) -> np.ndarray:
        parameters = circuit.parameters
        n_active = round(parameters.apl.sparsity * parameters.kenyon_cells.n)
        return hash_codes(samples, circuit.projection, n_active)

    def counts(self: HashCircuit, samples: np.ndarray, noise: str) -> csr_matrix:
        noted.scored.append(samples)
        return csr_matrix(2.0 * winners(self, samples))

    def recording(
        self: HashCircuit, samples: np.ndarray, names: Sequence[str], noise: str
    ) -> Recording:
        sample, cell = np.nonzero(winners(self, samples))
        n, window = len(samples), self.parameters.simulation.window
        onsets, none = np.arange(n) * window, np.array([""] * n, dtype=object)
        trials = TrialTable(
            start_time=onsets,
            stop_time=onsets + window,
            phase=none,
            stimulus=np.array(names, dtype=object),
            role=none,
            pair=np.full(n, -1),
            plastic=np.zeros(n, dtype=bool),
        )
        spikes = {"kenyon_cells": SpikeTrains(2000, cell, onsets[sample] + 0.01)}
        traces = {
            "apl_potential": Trace(np.full((9, 1), 3e-3), 1000.0, "V"),
            "kenyon_cell_potential": Trace(np.full((9, 1), -4e-3), 1000.0, "V"),
        }
        return Recording(spikes, trials, n * window, traces, "")

    monkeypatch.setattr(correlated_inputs, "N_PAIRS", N_PAIRS)
    monkeypatch.setattr(odour_samples, "calibrate_hash", calibrate)
    monkeypatch.setattr(HashCircuit, "counts", counts)
    monkeypatch.setattr(HashCircuit, "recording", recording)
    return noted


@pytest.fixture
def one_length(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the condition of all lengths be that of one."""
    monkeypatch.setattr(script, "SIZES", ((4, 80),))


def judged(script: ModuleType, **options: Any) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Return the ranges by condition and name, without the quantities that are only reported."""
    targets = script.targets(script.Options(**options))
    return {
        (condition, name): (target.low, target.high)
        for condition, rows in targets.items()
        for name, target in rows.items()
        if (target.low, target.high) != (None, None)
    }


ANY_DATA = {
    (condition, name): bounds
    for condition in ("main", "regular", "window_200_ms")
    for name, bounds in (
        ("active_over_wanted", (0.94, 1.06)),
        ("fewest_active", (1, None)),
        ("spikes_per_responder", (2, 5)),
        ("epsp", (0.6, 2.2)),
        ("hyperpolarisation", (-15, None)),
    )
} | {("overlap_law", f"largest_deviation_{percent}_percent"): (None, 0.05) for percent in (5, 10)}
DIGITS = {
    (condition, name): bounds
    for condition in ("main", "regular", "window_200_ms")
    for name, bounds in (
        ("spread_over_wanted", (None, 0.1)),
        ("spearman_difference", (None, 0.02)),
    )
} | {
    ("main", "map_ratio"): (0.95, None),
    ("regular", "trial_jaccard"): (0.9, None),
    ("regular", "map_ratio"): (0.97, None),
    ("window_200_ms", "map_ratio"): (0.97, None),
    ("hash_lengths", "map_ratio_k4"): (0.85, None),
    ("hash_lengths", "map_ratio_k8"): (0.85, None),
    ("hash_lengths", "map_ratio_k16"): (0.95, None),
    ("hash_lengths", "map_ratio_k32"): (0.95, None),
    ("hash_lengths", "map_ratio_k100"): (0.97, None),
}


def test_what_is_judged_depends_on_the_data(script: ModuleType) -> None:
    assert judged(script) == ANY_DATA | DIGITS
    for data, lowest in (("clustered", 0.99), ("iid", 0.92)):
        known = {
            ("regular", "trial_jaccard"): (0.9, None),
            ("regular", "map_ratio"): (lowest, None),
        }
        assert judged(script, data=data) == ANY_DATA | known
    assert judged(script, data="mine.csv") == judged(script, data="correlated") == ANY_DATA


def test_every_precision_names_its_tag_its_length_and_the_rule(script: ModuleType) -> None:
    for rule in ("hits", "relevant"):
        targets = script.targets(script.Options(ap_rule=rule))
        precisions: dict[str, Target] = {
            name: target
            for rows in targets.values()
            for name, target in rows.items()
            if name.startswith("map_") and not name.endswith("_sd")
        }
        assert len(precisions) > 80
        for name, target in precisions.items():
            assert target.description.endswith(f"AP rule {rule}"), name
            assert "k = " in target.description, name
            assert "binary" in target.description or "valued" in target.description, name
        assert "circuit / algorithm" in precisions["map_ratio"].description
        assert "k = 8" in precisions["map_dense_k8_m160"].description
        assert "160 cells" in precisions["map_dense_k8_m160"].description


def test_every_row_is_measured(bench: Bench, script: ModuleType) -> None:
    run = bench.run("all")
    targets = script.targets(script.Options())
    assert run.conditions == list(script.CONDITIONS)
    for condition, rows in targets.items():
        names = [row.name for row in run.rows if row.condition == condition]
        assert names == list(rows), condition


def test_a_perfect_circuit_meets_what_compares_it_with_the_algorithm(bench: Bench) -> None:
    run = bench.run()
    values = {row.name: row.value for row in run.rows}
    assert values["map_ratio"] == values["trial_jaccard"] == 1
    assert values["spearman_difference"] == 0
    assert values["active_over_wanted"] == pytest.approx(1)
    assert values["spikes_per_responder"] == 2  # of the counts, not of the recording
    assert values["hyperpolarisation"] == pytest.approx(-4)  # mV
    assert values["apl_potential"] == pytest.approx(3)
    assert values["map_spiking_binary"] == values["map_algorithm_binary"]
    assert len({values[f"map_{method}"] for method in TAGS}) == len(TAGS) - 2


@pytest.mark.usefixtures("one_length")
def test_no_sample_calibrates_and_is_scored(bench: Bench) -> None:
    for condition in ("main", "hash_lengths"):
        bench.run(condition)
        calibrating = {row.tobytes() for rows in bench.calibrating for row in rows}
        scored = {row.tobytes() for rows in bench.scored for row in rows}
        assert len(calibrating) == 100 and len(scored) == N_SCORED
        assert not calibrating & scored


@pytest.mark.usefixtures("one_length")
def test_all_conditions_score_the_same_samples(bench: Bench) -> None:
    bench.run("all", data="iid")
    of_data = [rows for rows in bench.scored if len(rows) == N_SCORED]
    assert {len(rows) for rows in bench.scored} == {N_SCORED, 7 * 2 * N_PAIRS}
    assert len(of_data) > 15
    assert all((rows == of_data[0]).all() for rows in of_data)


@pytest.mark.parametrize("spikes", [REGULAR, POISSON])
def test_what_the_conditions_change(bench: Bench, spikes: str) -> None:
    sheet = {"projection_neurons.spikes": spikes}
    bench.run("main", sheet)
    assert [c.parameters.projection_neurons.spikes for c in bench.calibrated] == [spikes]
    bench.run("regular", sheet)
    assert [c.parameters.projection_neurons.spikes for c in bench.calibrated] == [REGULAR]
    bench.run("window_200_ms", sheet)
    (circuit,) = bench.calibrated
    assert circuit.parameters.simulation.window == 0.2
    assert circuit.parameters.projection_neurons.spikes == POISSON
    bench.run("convergence", sheet)
    for circuit, n_spikes in zip(bench.calibrated, (5, 10, 20, 40, 80, 160), strict=True):
        parameters = circuit.parameters
        received = parameters.receptor_neurons.n_per_type * parameters.receptor_neurons.mean_rate
        assert received * parameters.simulation.window == pytest.approx(n_spikes)
        assert parameters.projection_neurons.spikes == POISSON
    bench.run("overlap_law", sheet)
    assert [c.parameters.apl.sparsity for c in bench.calibrated] == [0.05, 0.1]


def test_the_overlap_of_the_algorithm_follows_the_law(bench: Bench) -> None:
    rows = {row.name: row.value for row in bench.run("overlap_law").rows}
    for percent in (5, 10):
        assert 0 < rows[f"largest_deviation_{percent}_percent"] < 0.05
        overlaps = [rows[f"overlap_{percent}_percent_at_{c}"] for c in (0.0, 0.25, 0.5, 0.9, 1.0)]
        assert overlaps == sorted(overlaps) and overlaps[-1] == 1


def test_recordings_are_of_scored_samples(bench: Bench) -> None:
    run = bench.run()
    names = run.recording.trial_table.stimulus
    assert len(names) == len(set(names)) == N_SCORED
    others = bench.run("regular").recording.trial_table.stimulus
    assert others.tolist() == names[:20].tolist()


def test_data_of_the_users_own_are_scored_and_wrong_ones_refused(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "odours.csv"
    samples = np.random.default_rng(0).exponential(size=(90, 12))
    np.savetxt(path, samples, delimiter=",")
    run = bench.run(data=str(path))
    assert len(bench.calibrating[0]) == 18  # a fifth
    assert {row.status for row in run.rows if row.name == "map_ratio"} == {"reported"}
    np.savetxt(path, samples - 1, delimiter=",")
    with pytest.raises(InputError, match=r"odours\.csv"):
        bench.run(data=str(path))
    with pytest.raises(InputError, match="digits"):
        bench.run(data="digit")
    assert not bench.calibrating


@pytest.mark.usefixtures("one_length")
def test_another_rule_is_used_everywhere(bench: Bench) -> None:
    for condition in ("main", "hash_lengths"):
        hits, relevant = (
            {row.name: row.value for row in bench.run(condition, ap_rule=rule).rows}
            for rule in ("hits", "relevant")
        )
        changed = {name for name in hits if hits[name] != relevant[name]}
        precisions = {name for name in hits if name.startswith("map_") and "ratio" not in name}
        assert precisions <= changed


@pytest.mark.slow
@pytest.mark.skipif(find_compiler() is None, reason="needs a compiler")
def test_a_quick_run_of_the_circuit(script: ModuleType) -> None:
    run = ns.run("similarity", seed=SEED, quick=True, target="standalone")
    values = {row.name: row.value for row in run.rows}
    assert list(values) == list(script.targets(script.Options())["main"])
    assert {row.status for row in run.rows} == {"reported"}
    assert 0.9 < values["active_over_wanted"] < 1.1
    assert 0.85 < values["map_ratio"] < 1.1
    assert 0.5 < values["trial_jaccard"] < 0.95
    assert 2 <= values["spikes_per_responder"] <= 5
    assert -15 <= values["hyperpolarisation"] < 0 < values["apl_potential"]
    assert len(run.recording.trial_table) == 100
