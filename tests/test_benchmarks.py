"""The scripts in `benchmarks/` import without NEST, say so, and measure distances right."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = ("against_nest", "agreement", "nest_conventions")
MODULES = (
    *SCRIPTS,
    "distributions",
    "halved_step",
    "nest_area",
    "nest_kernel",
    "nest_working_memory",
    "peer_networks",
    "tweaks",
)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.mark.parametrize("name", MODULES)
def test_imports_without_nest(load, monkeypatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "nest", None)  # an import of it fails
    assert isinstance(load(name), ModuleType)


@pytest.mark.parametrize("name", SCRIPTS)
def test_says_that_nest_is_absent(load, monkeypatch, capsys, name: str) -> None:
    script = load(name)
    monkeypatch.setattr(load("nest_kernel").importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "argv", [name])
    assert script.main() == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "NEST is not installed" in said


def test_an_unknown_network_is_refused() -> None:
    command = [sys.executable, "against_nest.py", "area_100"]
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=BENCHMARKS, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Unknown network 'area_100'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.0),
        ([1, 2], [3, 4], 1.0),
        ([1, 2, 3, 4], [3, 4, 5, 6], 0.5),
        ([0, 0, 0, 1], [0, 1, 1, 1], 0.5),
    ],
)
def test_distance(load, first: list[int], second: list[int], expected: float) -> None:
    distance = load("distributions").distance
    assert distance(np.array(first), np.array(second)) == pytest.approx(expected)


def test_agreement_of_one_law_and_of_two(load) -> None:
    agreement = load("distributions").agreement
    generator = np.random.default_rng(0)
    one, same = ([generator.normal(size=500) for _ in range(5)] for _ in range(2))
    shifted = [generator.normal(0.5, size=500) for _ in range(5)]
    result = agreement(one, same)
    assert result.within.shape == (20,)
    assert result.between.shape == (25,)
    assert result.holds
    assert not agreement(one, shifted).holds


def test_statistics_of_known_trains(load) -> None:
    describe = load("distributions").statistics
    regular = np.arange(0.55, 10.5, 0.1)
    units = np.repeat([0, 1], len(regular))
    found = describe(units, np.concatenate([regular, regular]), 3, 10.5)
    assert found["rate"] == pytest.approx([10.0, 10.0, 0.0])
    assert found["CV of intervals"] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_correlation_of_equal_and_of_independent_trains(load) -> None:
    describe = load("distributions").statistics
    generator = np.random.default_rng(1)
    one, other = (np.sort(generator.uniform(0, 200, 2000)) for _ in range(2))
    units = np.repeat([0, 1, 2], 2000)
    found = describe(units, np.concatenate([one, one, other]), 3, 200.0)["correlation"]
    assert found[0] == pytest.approx(1.0)
    assert abs(found[1]) < 0.1
    poisson = describe(units, np.concatenate([one, one, other]), 3, 200.0)["CV of intervals"]
    assert poisson == pytest.approx([1.0, 1.0, 1.0], abs=0.1)


def test_moved(load) -> None:
    moved = load("halved_step").moved
    before = {"a": np.array([1.0, 2, 3]), "b": np.array([1.0, 1, 1]), "c": np.full(3, np.nan)}
    assert not moved(before, before)
    after = {"a": np.array([3.0, 4, 5]), "b": np.array([1.0, 1, 1]), "c": np.full(3, np.nan)}
    assert moved(before, after) == {"a": (2.0, 4.0, 1.0)}
    assert set(moved(before, {**before, "c": np.ones(3)})) == {"c"}


def test_an_area_of_another_size_has_the_same_input_in_all(load) -> None:
    task = load("peer_networks").AreaTask
    small, large = task(1000, True, 1.0).parameters, task(4000, True, 1.0).parameters
    assert large.inhibitory.n == 1000
    for section, source in (
        ("excitatory_to_inhibitory", "excitatory"),
        ("inhibitory_to_excitatory", "inhibitory"),
        ("inhibitory_to_inhibitory", "inhibitory"),
    ):
        total = [
            getattr(p, section).p * getattr(p, source).n * getattr(p, section).weight
            for p in (small, large)
        ]
        assert total[0] == pytest.approx(total[1])
    assert large.input_to_excitatory == small.input_to_excitatory


def test_nest_conversions(load) -> None:
    kernel, area = load("nest_kernel"), load("nest_area")
    assert kernel.shortest_refractory(2e-3, 1e-4) == pytest.approx(1.9)
    assert kernel.jump_delay(1e-3, 1e-4) == pytest.approx(1.1)
    # The sum over steps of a held conductance, against the integral of its decay.
    tau, dt = 5e-3, 5e-4
    held = dt * np.exp(-np.arange(10_000) * dt / tau).sum()
    assert area.held(tau, dt) == pytest.approx(held / tau)
