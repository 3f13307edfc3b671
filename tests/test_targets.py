"""Choosing a target, building in a child process, and what both targets agree on."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import InputError, SimulationError
from neurosim.progress import Progress
from neurosim.simulation import target
from neurosim.simulation.cache import entries
from neurosim.simulation.job import Job, Result
from neurosim.simulation.numpy_target import write_job
from neurosim.simulation.target import choose_target, compiled, run_child, simulate
from neurosim.timeline import Timeline, Trial

JobMaker = Callable[..., Job]
LONG = Timeline((Trial("seen", 0.5, 299.4, "imprint"),), lead_in=0.1)


class Noting(Progress):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.announcements: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def announce(self, text: str) -> None:
        self.announcements.append(text)


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


# ------------------------------------------------------------------------------- which target


def test_auto_compiles_where_there_is_a_compiler() -> None:
    assert choose_target("auto") == choose_target("standalone") == "standalone"
    assert choose_target("numpy") == "numpy"


def test_without_a_compiler_auto_is_numpy(no_compiler: None) -> None:
    assert choose_target("auto") == choose_target("numpy") == "numpy"


def test_without_a_compiler_standalone_is_refused(
    no_compiler: None, area_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"needs a C\+\+ compiler, and none was found: install"):
        choose_target("standalone")
    monkeypatch.setenv("CXX", "my-c++")
    with pytest.raises(InputError, match=r"CXX is 'my-c\+\+', which cannot be found"):
        choose_target("standalone")
    with pytest.raises(InputError, match=r"needs a C\+\+ compiler"):
        compiled("area", area_job().structure)


def test_an_unknown_target_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match="Unknown target 'standalon': did you mean 'standalone'"):
        choose_target("standalon")


# ---------------------------------------------------------------------------- a build, and a hit


def test_a_hit_builds_nothing_whatever_is_tweaked(
    area_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = area_job()
    simulate(job, "standalone")
    before = {key: os.stat(folder(key) / "main").st_mtime_ns for key, _ in entries()}
    monkeypatch.setattr(target, "run_child", None)  # what builds
    arguments = {**job.arguments, "excitatory.c_m": 1.1 * job.arguments["excitatory.c_m"]}
    for change in (
        {"arguments": arguments},
        {"duration": 0.5},
        {"brain_seed": 5},
        {"noise_seed": 5},
    ):
        progress = Noting()
        other = simulate(dataclasses.replace(job, **change), "standalone", progress)
        assert other.build_seconds == 0
        assert other.run_seconds > 0
        assert progress.announcements == progress.warnings == []
    assert {key: os.stat(folder(key) / "main").st_mtime_ns for key, _ in entries()} == before


def folder(key: str) -> Path:
    return Path(os.environ["NEUROSIM_CACHE"]) / key


def test_a_hit_needs_no_brian2_and_no_compiler_call(area_job: JobMaker, tmp_path: Path) -> None:
    job = area_job()
    expected = simulate(job, "standalone").arrays["excitatory_spikes.t"]
    write_job(job, tmp_path)
    code = """
import sys
from pathlib import Path
from neurosim.simulation.numpy_target import _read_job
from neurosim.simulation.target import simulate
result = simulate(_read_job(Path(sys.argv[1])), "standalone")
assert result.build_seconds == 0
heavy = {"brian2", "sympy", "scipy", "matplotlib", "pandas", "pynwb", "sklearn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
print(len(result.arrays["excitatory_spikes.t"]))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.strip()) == ("", str(len(expected)))


SIMULATE = """
import sys
from pathlib import Path
from neurosim.simulation.numpy_target import _read_job
from neurosim.simulation.target import simulate
print("ready", flush=True)
result = simulate(_read_job(Path(sys.argv[1])), "standalone")
print(result.build_seconds > 0, len(result.arrays["excitatory_spikes.t"]))
"""


def simulation_process(job_folder: Path, mark: str) -> subprocess.Popen[str]:
    """Start a process that builds and runs a job; `mark` is in the environment of its children."""
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATE, str(job_folder)],
        env=os.environ | {"NEUROSIM_TEST_MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def processes_marked(mark: str) -> list[str]:
    """Return the command lines of the living processes with a mark in their environment."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"NEUROSIM_TEST_MARK={mark}".encode() in environment.read_bytes().split(b"\0"):
                found.append((environment.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache of this test."""
    cache = tmp_path / "own cache"
    monkeypatch.setenv("NEUROSIM_CACHE", str(cache))
    return cache


@pytest.mark.slow
def test_stopped_killed_and_competing_builds(
    area_job: JobMaker, tmp_path: Path, own_cache: Path, own_temporary_folder: Path
) -> None:
    """Ctrl-C in a build, then kill -9 in a build, then two processes at once, one after another."""
    job = area_job()
    write_job(job, tmp_path)

    interrupted = simulation_process(tmp_path, "interrupted")
    wait_until(lambda: list(own_cache.glob("*.building-*/main.cpp")))
    # Now the compiler is at work.
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    wait_until(lambda: not processes_marked("interrupted"), 5)
    assert list(own_temporary_folder.iterdir()) == []
    assert [path.suffix for path in own_cache.iterdir()] == [".lock"]

    killed = simulation_process(tmp_path, "killed")
    wait_until(lambda: list(own_cache.glob("*.building-*/main.cpp")))
    killed.kill()
    killed.communicate(timeout=20)

    competing = [simulation_process(tmp_path, "competing") for _ in range(2)]
    answers = [process.communicate(timeout=120)[0].split() for process in competing]
    assert [process.returncode for process in competing] == [0, 0]
    assert sorted(answer[0] for answer in answers) == ["False", "True"]
    assert len({answer[1] for answer in answers}) == 1
    assert len(entries()) == 1


def test_ctrl_c_in_a_run_stops_the_binary_and_leaves_nothing(
    area_job: JobMaker, tmp_path: Path, own_temporary_folder: Path
) -> None:
    job = area_job()
    simulate(job, "standalone")
    write_job(area_job(timeline=LONG), tmp_path)
    running = simulation_process(tmp_path, "running")
    wait_until(lambda: any("--results_dir" in line for line in processes_marked("running")))
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    wait_until(lambda: not processes_marked("running"), 5)
    assert list(own_temporary_folder.iterdir()) == []


# ---------------------------------------------------------------------------- child processes


def test_what_goes_wrong_in_a_build_is_one_sentence(
    own_cache: Path, own_temporary_folder: Path
) -> None:
    # Brian2 raises deep in its own code: the structure lacks all sizes.
    with pytest.raises(SimulationError) as caught:
        compiled("area", {"simulation.dt": 5e-4})
    sentence = str(caught.value)
    assert sentence == "The circuit 'area' failed in Brian2: KeyError: 'n_ticks'."
    assert list(own_temporary_folder.iterdir()) == []
    assert entries() == []


def test_what_goes_wrong_on_the_numpy_target_is_one_sentence(
    area_job: JobMaker, own_temporary_folder: Path
) -> None:
    job = area_job()
    wrong = dataclasses.replace(job, arguments={**job.arguments, "excitatory.tau": 0.02})
    with pytest.raises(SimulationError) as caught:
        simulate(wrong, "numpy")
    assert re.fullmatch(r"The circuit 'area' failed in Brian2: KeyError: .*\.", str(caught.value))
    assert list(own_temporary_folder.iterdir()) == []


def test_a_child_that_is_killed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nkill -KILL $$\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(target.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(SimulationError, match=r"^The process 'build' was stopped by SIGKILL\.$"):
        run_child("build", [])


def test_a_child_imports_what_its_parent_does_and_nothing_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_temporary_folder: Path
) -> None:
    # A user's own file must not stand in for a module.
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SimulationError, match=r"^build failed: .*Expecting value"):
        run_child("build", ["no json", ""])


def test_preferences_of_the_users_brian2_leave_a_build_alone(
    area_job: JobMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_temporary_folder: Path
) -> None:
    # They are not in the key, so that a build must not depend on them.
    (tmp_path / ".brian").mkdir()
    preferences = "[core]\ndefault_float_dtype = float32\n"
    for file in (tmp_path / ".brian" / "user_preferences", tmp_path / "brian_preferences"):
        file.write_text(preferences)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    job = area_job(timeline=Timeline((), lead_in=0.05))
    assert simulate(job, "numpy").arrays["excitatory_to_excitatory.w"].dtype == np.float64
    # Nor does Brian2 leave its logs behind.
    assert list(own_temporary_folder.iterdir()) == []


# ------------------------------------------------------------------------------ the numpy target


def test_the_numpy_target_says_how_long_it_takes_and_why(
    area_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> float:
        raise SimulationError("enough.")

    monkeypatch.setattr(target, "run_child", stop)
    progress, job = Noting(), area_job(timeline=LONG)
    with pytest.raises(SimulationError, match="enough"):
        simulate(job, "numpy", progress)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(SimulationError, match="enough"):
        simulate(job, "numpy", progress)
    minutes = 300 / 0.0005 * target.NUMPY_SECONDS_PER_STEP / 60
    told = f"On the NumPy target 300 s take about {minutes:.1f} minutes."
    assert progress.warnings == [told, f"No C++ compiler (none was found). {told}"]


def rates(result: Result, job: Job) -> dict[str, float]:
    return {
        name: len(result.arrays[f"{name}_spikes.t"]) / job.structure[f"{name}.n"] / job.duration
        for name in ("excitatory", "inhibitory", "input")
    }


@pytest.mark.slow
def test_both_targets_agree_in_their_statistics(area_job: JobMaker) -> None:
    job = area_job(timeline=Timeline((Trial("seen", 0.3, 0.2, "imprint"),) * 6, lead_in=0.0))
    others = [dataclasses.replace(job, brain_seed=k, noise_seed=k + 50) for k in range(20)]
    there = rates(simulate(job, "numpy"), job)
    samples = [rates(simulate(other, "standalone"), other) for other in others]
    for name, rate in there.items():
        here = np.array([sample[name] for sample in samples])
        assert rate > 1
        # The run of the other target is one more draw from the same distribution.
        assert abs(rate - here.mean()) < 4 * here.std(ddof=1) * np.sqrt(1 + 1 / len(here)), name
