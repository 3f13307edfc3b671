"""Fixtures that several test files share."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim import session as session_module
from neurosim.parameters import CIRCUITS
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import Declaration, declarations_of, sections_of
from neurosim.recording import Recording, SpikeTrains
from neurosim.schedules import Patterns, structure_with_capacity, tables_of
from neurosim.simulation.job import Job
from neurosim.timeline import Timeline, Trial

AREA_VALUES = {
    "simulation.dt": '"0.1 ms"',
    "excitatory.n": "1000",
    "excitatory.tau_m": '"20 ms"',
    "excitatory.g_leak": '"10 nS"',
    "excitatory.v_rest": '"-70 mV"',
    "excitatory.v_threshold": '"-50 mV"',
    "excitatory.v_reset": '"-60 mV"',
    "inhibitory.tau_m": '"10 ms"',
    "inhibitory.v_threshold": '"-50 mV"',
    "inhibitory.v_reset": '"-60 mV"',
    "input.n": "500",
    "input.n_active": "50",
    "input_to_excitatory.p": "0.1",
    "input_to_excitatory.w_initial": '"0.1 nS"',
    "input_to_excitatory.w_max": '"1 nS"',
    "excitatory_to_excitatory.w_initial": '"0.1 nS"',
    "excitatory_to_excitatory.w_max": '"1 nS"',
}

# An area so small that a run takes a fraction of a second, and so excitable that it fires. What is
# compiled in (the three sizes) is the same in all tests, so that they share one build.
SMALL_AREA = {
    "excitatory.n": "80",
    "excitatory.v_rest": "-70 mV",
    "excitatory.background_rate": "800 Hz",
    "excitatory.background_weight": "0.5 nS",
    "inhibitory.n": "20",
    "inhibitory.v_rest": "-67 mV",
    "input.n": "60",
    "input.n_active": "10",
    "input.idle_rate": "1 Hz",
    "input.stimulus_rate": "60 Hz",
    "input_to_excitatory.p": "0.4",
    "input_to_excitatory.w_initial": "4 nS",
    "input_to_excitatory.w_max": "12 nS",
    "excitatory_to_excitatory.p": "0.3",
    "excitatory_to_excitatory.w_initial": "1 nS",
    "excitatory_to_excitatory.w_max": "8 nS",
    "excitatory_to_inhibitory.p": "0.4",
    "excitatory_to_inhibitory.weight": "3 nS",
    "inhibitory_to_excitatory.p": "0.8",
    "inhibitory_to_excitatory.weight": "6 nS",
    "inhibitory_to_inhibitory.p": "0.5",
    "inhibitory_to_inhibitory.weight": "2 nS",
}
SHORT_PROTOCOL = {
    "protocol.stimuli": "random",
    "protocol.n_random": "3",
    "protocol.imprint_trials": "1",
    "protocol.test_trials": "4",
    "protocol.composite_trials": "1",
    "protocol.learning_rate": "0.5",
}


def pytest_collection_finish() -> None:
    """Keep what has been imported out of the collections of garbage to come.

    Brian2 collects it at every run, which takes as long as the assembly of a small network.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def circuit_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep compiled circuits in one folder of this test run, shared by all its processes."""
    root = tmp_path_factory.getbasetemp()
    cache = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "circuits"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROSIM_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session")
def small_sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a sheet of a small area, with a short protocol ``ison2015``."""
    path = tmp_path_factory.mktemp("sheets") / "small_area.toml"
    sheet = load_model("area_random", SMALL_AREA | SHORT_PROTOCOL)
    path.write_text(sheet.text, encoding="utf-8")
    return path


def _literal(declaration: Declaration) -> str:
    """Return some TOML value that a field accepts."""
    constraint = declaration.constraint
    low = constraint.low or 0.0
    value = low + 1.0 if constraint.high is None else (low + constraint.high) / 2
    if declaration.kind is int:
        return str(int(value))
    return str(value) if constraint.unit == "1" else f'"{format_quantity(value, constraint.unit)}"'


@pytest.fixture(scope="session")
def area_text() -> Callable[[Mapping[str, str]], str]:
    """Return a function that writes a complete sheet of the area.

    It takes TOML literals by ``"section.key"``, which replace or join those of a valid sheet.
    """

    def write(changes: Mapping[str, str] = {}) -> str:
        values = {
            f"{section}.{key}": _literal(declaration)
            for section, section_class in sections_of(CIRCUITS["area"]).items()
            for key, declaration in declarations_of(section_class).items()
        }
        values |= AREA_VALUES | dict(changes)
        sections: dict[str, list[str]] = {}
        for name, literal in values.items():
            section, key = name.split(".")
            line = f"{key:24} = {literal:12}  # Meaning. Source: a test."
            sections.setdefault(section, [f"\n# About {section}.\n[{section}]"]).append(line)
        head = 'circuit = "area"  # Which equations. Source: a test.'
        return "\n".join([head, *(line for lines in sections.values() for line in lines)]) + "\n"

    return write


@pytest.fixture
def area_sheet(tmp_path: Path, area_text: Callable[..., str]) -> Path:
    """Return the path of a valid sheet of the area."""
    path = tmp_path / "some_area.toml"
    path.write_text(area_text(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def recorded_by_hand() -> Callable[..., Recording]:
    """Return a function that makes a recording whose every spike is known.

    It takes trials as (phase, stimulus), the spikes of each excitatory cell in the 0.5 s from the
    onset, shape (n_trials, n_units), and the same for the 0.4 s before it, by default none.
    """

    def record(
        trials: Sequence[tuple[str, str]], response: np.ndarray, baseline: np.ndarray | None = None
    ) -> Recording:
        timeline = Timeline.of(Trial(stimulus, 0.5, 0.4, phase) for phase, stimulus in trials)
        index, times = [], []
        for length, start, counts in ((0.5, 0.0, response), (0.4, -0.4, baseline)):
            if counts is None:
                continue
            for (trial, unit), count in np.ndenumerate(counts):
                onset = timeline.table().start_time[trial]
                index.append(np.full(int(count), unit))
                times.append(onset + start + length * (np.arange(count) + 0.5) / max(count, 1))
        trains = SpikeTrains(response.shape[1], np.concatenate(index), np.concatenate(times))
        return Recording({"excitatory": trains}, timeline.table(), timeline.duration, {}, "")

    return record


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that takes all temporary files, of this process and its children."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="session")
def area_job(small_sheet: Path) -> Callable[..., Job]:
    """Return a function that makes a job: .1 s of silence, .5 s of learning, .3 s of stimulation.

    ``parameters``, ``timeline`` and ``patterns`` replace what the job is made of (by default the
    parameters of `small_sheet`), further keywords fields of the job.
    """
    small_area: AreaParameters = load_model(small_sheet).parameters
    codes = {
        "input": {"seen": np.arange(small_area.input.n) < 10},
        "excitatory": {"driven": np.arange(small_area.excitatory.n) < 30},
    }
    plastic = dict.fromkeys(small_area.plastic_projections, 1.0)
    trials = Timeline.of(
        [
            Trial("seen", 0.3, 0.2, "imprint", learning_rates=plastic),
            Trial("driven", 0.2, 0.1, "completion"),
        ],
        lead_in=0.1,
    )

    def make(
        parameters: Any = small_area,
        timeline: Timeline = trials,
        patterns: Patterns = codes,
        **changes: Any,
    ) -> Job:
        tables = tables_of(parameters, timeline, patterns)
        spikes = [
            f"{name}_spikes.{variable}" for name in parameters.populations for variable in "it"
        ]
        weights = [f"{name}.w" for name in parameters.plastic_projections]
        values = {
            "circuit": "area",
            "structure": structure_with_capacity(parameters, tables),
            "arguments": parameters.run_arguments(),
            "tables": tables,
            "duration": timeline.duration,
            "brain_seed": 1,
            "noise_seed": 2,
            "outputs": (*spikes, *weights, "membrane_potential.v"),
        }
        return Job(**(values | changes))

    return make


@pytest.fixture(scope="session")
def noting_jobs() -> Callable[[], AbstractContextManager[list[Job]]]:
    """Return a context manager that gives a list of the jobs that are simulated within it."""

    @contextmanager
    def note() -> Iterator[list[Job]]:
        jobs: list[Job] = []
        simulate = session_module.simulate

        def noted(job: Job, *rest: Any) -> Any:
            jobs.append(job)
            return simulate(job, *rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session_module, "simulate", noted)
            yield jobs

    return note
