"""Compiled circuits that travel to a process without a compiler, and what a worker says."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sweep_bench import write_protocol

from neurosim.errors import SimulationError
from neurosim.parameters.library import load_model
from neurosim.simulation import cache, toolchain
from neurosim.simulation.job import Job
from neurosim.simulation.target import compiled, simulate
from neurosim.sweeping import cluster
from neurosim.sweeping.builds import (
    DeliveredSession,
    MissingBuildError,
    pack,
    request_of,
    unpack,
)
from neurosim.sweeping.cluster import Dispatcher, Missing, Refused, run_on_worker, stop
from neurosim.sweeping.identity import identity
from neurosim.sweeping.jobs import Failed, Finished, RunJob
from neurosim.sweeping.planner import Planner
from neurosim.sweeping.tally import Tally
from neurosim.timeline import Timeline, Trial


@pytest.fixture
def toy_job(tmp_path: Path) -> RunJob:
    return Planner(write_protocol(tmp_path), None, {}, [0], False, False).grid({}).jobs()[0]


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def session_of(model: Path, builds: Mapping[str, Any]) -> DeliveredSession:
    sheet = load_model(model)
    return DeliveredSession(sheet.parameters, sheet.circuit, 1, "standalone", builds=builds)


def test_a_request_is_the_circuit_and_what_is_compiled_in() -> None:
    assert request_of("area", {"n": 1, "dt": 0.1}) == request_of("area", {"dt": 0.1, "n": 1})
    requests = {
        request_of("area", {"n": 1}),
        request_of("area", {"n": 2}),
        request_of("b", {"n": 1}),
    }
    assert len(requests) == 3


def test_what_is_missing_is_named(small_sheet: Path, no_compiler: None) -> None:
    session = session_of(small_sheet, {})
    patterns = {"input": {"seen": np.arange(60) < 10}}
    with pytest.raises(MissingBuildError) as missing:
        session.run(Timeline((Trial("seen", 0.1, 0.1, "test"),)), patterns)
    assert missing.value.circuit == "area"
    assert missing.value.structure["excitatory.n"] == 80
    again = pickle.loads(pickle.dumps(missing.value))
    assert (again.circuit, again.structure) == ("area", missing.value.structure)


@pytest.mark.slow
def test_a_circuit_that_has_travelled_runs_as_at_home(
    area_job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = area_job()
    entry = compiled(job.circuit, job.structure)
    expected = simulate(job, "standalone")
    build = pickle.loads(pickle.dumps(pack(entry)))
    assert build.key == entry.directory.name

    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "far"))
    assert toolchain.find_compiler() is None
    monkeypatch.setattr(DeliveredSession, "__post_init__", lambda self: None)
    session = DeliveredSession(None, "area", 1, "standalone")
    session.builds = {request_of(job.circuit, job.structure): build}
    for _ in range(2):
        found = session.result_of(job)
        assert found.build_seconds == 0
        assert found.arrays.keys() == expected.arrays.keys()
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array)
    assert [key for key, _ in cache.entries()] == [build.key]

    # One that was damaged there is replaced.
    binary = tmp_path / "far" / build.key / "main"
    whole = binary.read_bytes()
    binary.write_bytes(whole[:1000])
    assert unpack(build).binary.read_bytes() == whole


@pytest.fixture
def on_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = SimpleNamespace(address="tcp://there:1")
    monkeypatch.setattr("distributed.get_worker", lambda: worker)


def test_a_job_is_refused_by_another_processor(toy_job: RunJob, on_a_worker: None) -> None:
    """Though it may have come before anybody asked the worker for its processor."""
    home = {**identity(), "processor": "model name : Home 1 flags : fpu"}
    answer = run_on_worker(toy_job, {}, home, "sweep")
    assert isinstance(answer, Refused)
    assert answer.address == "tcp://there:1"
    assert answer.reason.startswith("the processor '") and answer.reason.endswith("not 'Home 1'")
    assert isinstance(run_on_worker(toy_job, {}, identity(), "sweep"), Finished)


def test_a_worker_asks_for_what_it_needs_and_stops_when_told(
    toy_job: RunJob, on_a_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def perform(job: RunJob, make_session: Callable[..., DeliveredSession]) -> Finished:
        session = make_session(load_model("area_random").parameters, "area", 0, "standalone")
        session.progress.fraction(0.5)
        raise MissingBuildError("area", {"n": 1})

    monkeypatch.setattr(cluster, "perform", perform)
    assert run_on_worker(toy_job, {}, identity(), "one") == Missing("area", {"n": 1})
    stop("two")
    assert run_on_worker(toy_job, {}, identity(), "two") is None
    assert run_on_worker(toy_job, {}, identity(), "one") == Missing("area", {"n": 1})


def test_each_circuit_is_built_once_and_one_that_fails_fails_its_runs(
    toy_job: RunJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def build(circuit: str, structure: Mapping[str, Any], progress: Tally) -> str:
        asked.append(structure["n"])
        if structure["n"] == 2:
            raise SimulationError("The compiler failed.")
        return f"{circuit} of {structure['n']}"

    monkeypatch.setattr(cluster, "compiled", build)
    monkeypatch.setattr(cluster, "pack", lambda entry: entry)
    sent: list[Mapping[str, Any]] = []
    client = SimpleNamespace(
        submit=lambda function, job, builds, *rest, **more: sent.append(builds)
    )
    dispatcher = Dispatcher(client, Tally())  # type: ignore[arg-type]
    for _ in range(2):
        assert dispatcher._learn(toy_job, Missing("area", {"n": 1})) is None
        assert dispatcher._learn(toy_job, Missing("area", {"n": 2})) == Failed(
            "The compiler failed."
        )
    assert asked == [1, 2]
    dispatcher._send(toy_job, None)
    assert sent == [{request_of("area", {"n": 1}): "area of 1"}]
