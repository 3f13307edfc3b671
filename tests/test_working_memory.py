"""The working-memory protocol: what each condition simulates and measures; the full network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from working_memory_bench import TINY, WorkingMemoryBench

import neurosim as ns
from neurosim.errors import InputError
from neurosim.experiment import Experiment, prepare
from neurosim.parameters.library import load_model
from neurosim.progress import QUIET
from neurosim.protocol import load_protocol
from neurosim.simulation.job import Job, Result
from neurosim.working_memory.trials import LEAD_IN

SCRIPT = load_protocol("working_memory").script
SHEET = "mongillo2008"
MEANS = {"population_spikes": 23.7, "silent": 22.9, "asynchronous": 24.5, "published": 23.1}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the list of jobs that would be simulated; the results are invented."""
    submitted: list[Job] = []

    def note(job: Job, *_: object) -> Result:
        submitted.append(job)
        return Result(WorkingMemoryBench().invented(job), "standalone", 0.0, 0.0)

    monkeypatch.setattr("neurosim.session.simulate", note)
    return submitted


def experiment(**options: Any) -> Experiment:
    overrides = {f"protocol.{name}": value for name, value in options.items()}
    return prepare("working_memory", SHEET, 0, overrides, "auto", False, QUIET)


def job_of(jobs: list[Job], condition: str, **options: Any) -> tuple[Job, dict[str, float]]:
    """Return the job of a condition and what was measured on its invented results."""
    asked = experiment(condition=condition, **options)
    _, values = SCRIPT.run_condition(condition, asked.session, asked.options)
    (job,) = jobs
    jobs.clear()
    return job, values


def test_the_backgrounds_ascend_from_silence_to_asynchronous_firing() -> None:
    for sheet in ("mongillo2008", "mongillo2008_small", "tiddia2022"):
        loaded = load_model(sheet)
        options = load_protocol("working_memory").options(loaded, {}, quick=False)
        held = loaded.parameters.excitatory.external_mean
        assert options.silent_mean < held < options.asynchronous_mean


@pytest.mark.parametrize("condition", SCRIPT.CONDITIONS)
def test_background_and_plasticity_of_a_condition(condition: str, jobs: list[Job]) -> None:
    job, values = job_of(jobs, condition)
    regime = {"publ": "published", "high": "asynchronous", "read": "silent", "deca": "silent"}
    mean = MEANS[regime.get(condition[:4], "population_spikes")]
    mean *= {
        "decay_3_s": 0.97,
        "capacity_200_ms": 1.017,
        "capacity_300_ms": 1.03,
        "capacity_400_ms": 1.068,
    }.get(condition, 1.0)
    facilitation = {
        "without_facilitation": 0.02,
        "decay_500_ms": 0.5,
        "decay_3_s": 3.0,
    }.get(condition, 1.5)
    recovery = 0.1 * float(condition.split("_")[1]) / 100 if "capacity" in condition else 0.2
    assert job.arguments["excitatory.external_mean"] == pytest.approx(mean * 1e-3)
    assert job.arguments["excitatory.tau_facilitation"] == pytest.approx(facilitation)
    assert job.arguments["excitatory.tau_recovery"] == pytest.approx(recovery)
    assert job.arguments["inhibitory.external_mean"] == pytest.approx(21e-3)
    assert set(values) == set(SCRIPT.targets(SCRIPT.Options())[condition])


def stimuli_of(job: Job) -> list[tuple[float, float, tuple[int, ...], float]]:
    """Return onset, offset, driven populations and factor of every stimulus of a job."""
    table = job.tables["external_drive"]
    edges = np.flatnonzero(np.diff(table, axis=0, prepend=1.0).any(axis=1))
    found = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        driven = tuple(int(k) for k in np.flatnonzero(table[first] != 1))
        found.append((first * 0.01, last * 0.01, driven, float(table[first].max())))
    return found


@pytest.mark.parametrize(
    ("condition", "expected", "duration"),
    [
        ("main", [(1.0, 1.35, (0,), 1.15)], 11.35),
        ("no_cue", [], 11.0),
        (
            "readout_1500_ms",
            [(1.0, 1.35, (0,), 1.15), (2.85, 3.1, (0, 1, 2, 3, 4, 5), 1.07)],
            4.3,
        ),
        ("readout_no_cue", [(2.0, 2.25, (0, 1, 2, 3, 4, 5), 1.07)], 3.45),
        ("decay_1500_ms", [(1.0, 1.35, (0,), 1.15)], 5.35),
        ("two_items", [(1.0, 1.35, (0,), 1.15), (3.35, 3.7, (1,), 1.15)], 7.7),
        (
            "capacity_200_ms",
            [(1 + 0.95 * k, 1.35 + 0.95 * k, (k,), 1.15) for k in range(5)],
            9.15,
        ),
    ],
)
def test_stimuli_of_a_condition(
    condition: str, expected: list[Any], duration: float, jobs: list[Job]
) -> None:
    job, _ = job_of(jobs, condition)
    assert job.duration == pytest.approx(duration)
    found = stimuli_of(job)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one[2] == other[2]
        assert (*one[:2], one[3]) == pytest.approx((*other[:2], other[3]))
    assert LEAD_IN == 1.0


def test_all_conditions_of_a_seed_share_brain_and_noise(jobs: list[Job]) -> None:
    seeds = {
        (job.brain_seed, job.noise_seed)
        for job, _ in (job_of(jobs, name) for name in ("main", "no_cue", "readout_1_s"))
    }
    assert len(seeds) == 1


def test_the_regime_is_one_value_of_the_background(jobs: list[Job]) -> None:
    found = {name: job_of(jobs, "main", regime=name)[0] for name in SCRIPT.REGIMES}
    for name, job in found.items():
        assert job.arguments["excitatory.external_mean"] == pytest.approx(MEANS[name] * 1e-3)
        rest = {k: v for k, v in job.arguments.items() if k != "excitatory.external_mean"}
        first = found["population_spikes"]
        assert rest.items() <= first.arguments.items()
        assert job.structure == first.structure
        assert np.array_equal(job.tables["external_drive"], first.tables["external_drive"])
    own = job_of(jobs, "main", regime="silent", silent_mean="22.5 mV")[0]
    assert own.arguments["excitatory.external_mean"] == pytest.approx(22.5e-3)


def test_several_items_are_cued_one_after_the_other(jobs: list[Job]) -> None:
    job, values = job_of(jobs, "main", items=3, delay="5 s")
    assert [stimulus[2] for stimulus in stimuli_of(job)] == [(0,), (1,), (2,)]
    assert set(values) == set(
        experiment(items=3).protocol.targets(experiment(items=3).options)["main"]
    )
    assert "items_kept" in values
    with pytest.raises(InputError, match=r"^6 items are cued, expected at most .* \(5\)\.$"):
        job_of(jobs, "main", items=6)


def test_targets_of_a_held_item_hold_for_one_item_and_population_spikes() -> None:
    bounds = [
        SCRIPT.targets(SCRIPT.Options(**changes))["main"].get("memory_kept")
        for changes in ({}, {"regime": "silent"}, {"regime": "asynchronous"})
    ]
    assert [bound and bound.mean_low for bound in bounds] == [0.9, None, None]
    assert "memory_kept" not in SCRIPT.targets(SCRIPT.Options(items=2))["main"]
    control = SCRIPT.targets(SCRIPT.Options())["without_facilitation"]["memory_kept"]
    assert (control.high, control.evidence) == (0, "control")


def test_a_run_of_a_tiny_network_has_populations_and_traces(tmp_path: Path) -> None:
    overrides = TINY | {"protocol.delay": "1 s", "protocol.condition": "main"}
    run = ns.run("working_memory", "mongillo2008_small", seed=1, overrides=overrides, quick=True)
    recording = run.recording
    sizes = {name: trains.n for name, trains in recording.spikes.items()}
    selective = {f"selective_{k}": 20 for k in range(1, 6)}
    assert sizes == selective | {"nonselective": 100, "inhibitory": 50}
    assert recording.traces["utilisation"].data.shape == (235, 5)
    assert recording.traces["resources"].data.max() <= 1
    assert list(recording.trial_table.stimulus) == ["selective_1"]
    assert {row.status for row in run.rows} == {"reported"}


def run_of(seed: int, **options: Any) -> dict[str, float]:
    overrides = {f"protocol.{name}": value for name, value in options.items()}
    run = ns.run("working_memory", SHEET, seed=seed, overrides=overrides)
    return {row.name: row.value for row in run.rows}


@pytest.mark.slow
def test_the_full_network_holds_an_item_where_it_facilitates_and_only_there() -> None:
    held = run_of(0, delay="2 s")
    assert held["memory_life"] > 1.5
    assert held["n_population_spikes"] >= 4
    assert 0.2 < held["interval"] < 0.6
    assert held["cued_over_others"] > 5
    lost = run_of(0, delay="2 s", condition="without_facilitation")
    assert lost["memory_life"] < 0.3
    assert math.isnan(lost["interval"])
