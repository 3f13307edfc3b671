"""The key of a compiled circuit: what changes it forces a build, and nothing else changes it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neurosim.parameters import CIRCUITS
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import Declaration, declarations_of, sections_of
from neurosim.simulation import key, toolchain
from neurosim.simulation.job import Job

PARAMETERS = {
    f"{section}.{name}": declaration
    for section, section_class in sections_of(type(load_model("area_random").parameters)).items()
    for name, declaration in declarations_of(section_class).items()
}
FORCE_A_BUILD = {"simulation.dt", "excitatory.n", "inhibitory.n", "input.n"}


@pytest.fixture
def compiler(tmp_path: Path) -> str:
    """Return the path of a compiler that can tell its version only."""
    return stand_in(tmp_path / "some-g++", "g++ 12.2.0")


def stand_in(path: Path, version: str) -> str:
    path.write_text(f"#!/bin/sh\necho '{version}'\necho 'Copyright'\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def key_of(job: Job, compiler: str) -> str:
    return key.build_key(job.circuit, job.structure, compiler)


def changed(name: str, value: float) -> str:
    """Return another value of a parameter that its neighbours allow."""
    constraint = PARAMETERS[name].constraint
    if PARAMETERS[name].kind is int:
        return str(int(value) - 1)
    other = (0.9 if constraint.unit == "V" else 0.5) * value or 0.01
    return format_quantity(other, constraint.unit)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_changes_the_key_if_it_is_compiled_in_and_only_then(
    name: str, area_job: Callable[..., Job], small_sheet: Path, compiler: str
) -> None:
    section, _, field = name.partition(".")
    before = load_model(small_sheet).parameters
    value = getattr(getattr(before, section), field)
    after = load_model(small_sheet, {name: changed(name, value)}).parameters
    assert after != before
    keys = {key.build_key("area", it.structure(), compiler) for it in (before, after)}
    assert len(keys) == (2 if name in FORCE_A_BUILD else 1)


@pytest.mark.parametrize("capacity", ["n_ticks", "n_patterns"])
def test_a_capacity_changes_the_key(
    capacity: str, area_job: Callable[..., Job], compiler: str
) -> None:
    job = area_job()
    larger = {**job.structure, capacity: 2 * job.structure[capacity]}
    assert key.build_key("area", larger, compiler) != key_of(job, compiler)


def test_duration_seeds_outputs_arguments_tables_and_state_leave_the_key_alone(
    area_job: Callable[..., Job], compiler: str
) -> None:
    job = area_job()
    other = dataclasses.replace(
        job,
        duration=job.duration / 2,
        brain_seed=job.brain_seed + 1,
        noise_seed=job.noise_seed + 1,
        outputs=(),
        arguments={name: 2 * value for name, value in job.arguments.items()},
        tables={name: table + 1 for name, table in job.tables.items()},
        state={"excitatory_to_excitatory.w": job.tables["stimulus"]},
    )
    assert key_of(other, compiler) == key_of(job, compiler)


def test_the_order_of_the_structure_leaves_the_key_alone(
    area_job: Callable[..., Job], compiler: str
) -> None:
    structure = area_job().structure
    backwards = dict(reversed(structure.items()))
    assert key.build_key("area", backwards, compiler) == key.build_key("area", structure, compiler)


@pytest.mark.parametrize("package", key.VERSIONS)
def test_another_version_of_a_generating_package_changes_the_key(
    package: str,
    area_job: Callable[..., Job],
    compiler: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, real = key_of(area_job(), compiler), key.metadata.version
    monkeypatch.setattr(
        key.metadata, "version", lambda name: "99" if name == package else real(name)
    )
    assert key_of(area_job(), compiler) != before


def test_other_flags_and_another_processor_change_the_key(
    area_job: Callable[..., Job], compiler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {key_of(area_job(), compiler)}
    monkeypatch.setattr(key, "FLAGS", (*toolchain.FLAGS, "-funroll-loops"))
    keys.add(key_of(area_job(), compiler))
    monkeypatch.setattr(key, "processor", lambda: "another one")
    keys.add(key_of(area_job(), compiler))
    assert len(keys) == 3


def test_another_version_of_the_compiler_changes_the_key_and_another_path_does_not(
    area_job: Callable[..., Job], compiler: str, tmp_path: Path
) -> None:
    newer = stand_in(tmp_path / "newer", "g++ 13.1.0")
    elsewhere = stand_in(tmp_path / "elsewhere", "g++ 12.2.0")
    assert key_of(area_job(), newer) != key_of(area_job(), compiler)
    assert key_of(area_job(), elsewhere) == key_of(area_job(), compiler)


def test_a_processor_is_told_by_its_abilities_not_by_its_speed_at_the_moment() -> None:
    assert toolchain.processor().startswith(os.uname().machine)
    assert "MHz" not in toolchain.processor()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the package, from which keys are computed."""
    copy = tmp_path / "neurosim"
    shutil.copytree(key.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(key, "PACKAGE", copy)
    return copy


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("circuits/area.py", "v = v_reset; g_adaptation", "v = v_rest; g_adaptation"),
        ("circuits/poisson.py", "MOST_EVENTS = 7", "MOST_EVENTS = 8"),
        ("tick.py", "TICK = 0.01", "TICK = 0.02"),
        ("simulation/generate.py", "const double slice = 1.0;", "const double slice = 2.0;"),
        ("simulation/objects.py", "isinstance(item, BrianObject)", "True"),
        ("simulation/unity.py", 'optimize("O0")', 'optimize("O1")'),
    ],
)
def test_what_is_generated_changes_the_key(
    file: str, old: str, new: str, package: Path, area_job: Callable[..., Job], compiler: str
) -> None:
    before = key_of(area_job(), compiler)
    edit(package / file, old, new)
    assert key_of(area_job(), compiler) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("circuits/area.py", "import annotations\n", "import annotations  # why\n\n\n# More.\n"),
        ("circuits/area.py", '"""Create the Brian2 objects of an area.', '"""Make them.'),
        ("circuits/area.py", "NEURONS =", "NEURONS   ="),
        ("parameters/area.py", "high=100_000", "high=200_000"),
        ("schedules.py", "MIN_TICKS = 2**15", "MIN_TICKS = 2**16"),
        ("simulation/binary.py", "start_new_session=True", "start_new_session=False"),
        ("simulation/interactive.py", "self._has_run = False", "self._has_run = 0"),
        ("session.py", '"membrane_potential.v"', '"membrane_potential.t"'),
    ],
)
def test_comments_layout_and_how_a_circuit_is_run_leave_the_key_alone(
    file: str, old: str, new: str, package: Path, area_job: Callable[..., Job], compiler: str
) -> None:
    before = key_of(area_job(), compiler)
    edit(package / file, old, new)
    assert key_of(area_job(), compiler) == before


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_no_circuit_depends_on_the_ranges_of_parameters(circuit: str, package: Path) -> None:
    before = key.source_hash(f"neurosim.circuits.{circuit}")
    for path in (package / "parameters").glob("*.py"):
        path.write_text(f"{path.read_text(encoding='utf-8')}\nNEW = 1\n", encoding="utf-8")
    assert key.source_hash(f"neurosim.circuits.{circuit}") == before


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_circuits_have_keys_of_their_own_that_say_which_they_are(
    package: Path, area_job: Callable[..., Job], compiler: str
) -> None:
    shutil.copy(package / "circuits" / "area.py", package / "circuits" / "another.py")
    other = key.build_key("another", area_job().structure, compiler)
    assert other.startswith("another-")
    assert key_of(area_job(), compiler).startswith("area-")


def test_a_key_needs_no_brian2(area_job: Callable[..., Job], compiler: str) -> None:
    code = (
        "import sys; from neurosim.simulation.key import build_key;"
        f"print(build_key('area', {dict(area_job().structure)}, {compiler!r}));"
        "assert 'brian2' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == key_of(area_job(), compiler)


def generated(folder: Path, clocks: list[str]) -> Path:
    folder.mkdir()
    lines = ["before();", *clocks, "after();"]
    (folder / "main.cpp").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_the_key_of_a_generated_project_is_that_of_its_files(tmp_path: Path, compiler: str) -> None:
    step, tick = "  _array_step_dt[0] = 0.0005;", "  _array_tick_dt[0] = 0.01;"
    slower = "  _array_step_dt[0] = 0.001;"
    projects = {
        name: key.generated_key(generated(tmp_path / name, clocks), compiler)
        for name, clocks in {
            "first": [step, tick],
            # Brian2 writes clocks in the order of a set, which differs between processes.
            "swapped": [tick, step],
            "other value": [slower, tick],
            "set twice": [step, slower, tick],
            "set back": [slower, step, tick],
        }.items()
    }
    assert projects["first"].startswith("custom-")
    assert projects["swapped"] == projects["first"]
    assert len(set(projects.values())) == 4


def test_every_parameter_that_forces_a_build_is_declared_so() -> None:
    declared = {name for name, it in PARAMETERS.items() if it.constraint.rebuild}
    assert declared == FORCE_A_BUILD
    assert all(isinstance(it, Declaration) for it in PARAMETERS.values())
