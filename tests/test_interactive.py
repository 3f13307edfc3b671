"""A circuit's Brian2 objects in a user's own script, run through the cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from neurosim.simulation import cache

# Each script is a process of its own, for Brian2 keeps its standalone project in global state.
PREAMBLE = """
import json, sys
import numpy as np
import neurosim as ns
from brian2 import StateMonitor, ms, second
from neurosim.timeline import Timeline, Trial

def build(seed=1, **changes):
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return ns.circuits.area.build(ns.load_model(sys.argv[1], overrides), seed=seed)
"""
RUN = """
circuit = build(seed=SEED, CHANGES)
voltage = StateMonitor(circuit.excitatory, "v", record=range(3))
circuit.run(300*ms, monitors=[voltage])
print(json.dumps({
    "voltage": np.asarray(voltage.v).tolist(),
    "spikes": len(circuit.excitatory_spikes.t),
    "c_m": float(circuit.excitatory.c_m[:]),
    "weights": np.asarray(circuit.excitatory_to_excitatory.w)[:5].tolist(),
}))
"""


def script(text: str, sheet: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PREAMBLE + text, str(sheet)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def results(sheet: Path, seed: int = 1, changes: str = "") -> dict[str, object]:
    done = script(RUN.replace("SEED", str(seed)).replace("CHANGES", changes), sheet)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_users_monitor_is_compiled_once_and_every_parameter_stays_live(small_sheet: Path) -> None:
    first = results(small_sheet)
    compiled = {key for key, _ in cache.entries() if key.startswith("custom-")}
    again = results(small_sheet)
    changed = results(small_sheet, changes='excitatory__tau_m="10 ms"')
    other_seed = results(small_sheet, seed=2)
    assert {key for key, _ in cache.entries() if key.startswith("custom-")} == compiled
    assert first == again
    assert len(first["voltage"]) == 3
    assert len(first["voltage"][0]) == 600  # 300 ms in steps of 0.5 ms
    assert first["c_m"] == pytest.approx(200e-12)
    assert changed["c_m"] == pytest.approx(100e-12)
    assert changed["voltage"] != first["voltage"]
    assert changed["weights"] == first["weights"]  # the brain is that of the seed
    assert other_seed["weights"] != first["weights"]


@pytest.mark.slow
def test_a_timeline_drives_the_input(small_sheet: Path) -> None:
    text = """
    import numpy as np
    sheet = ns.load_model(sys.argv[1])
    codes = {"input": {"on": np.arange(60) < 30}}
    timeline = Timeline.of([Trial("on", 0.3, 0.2, "test")], lead_in=0.2)
    circuit = ns.circuits.area.build(sheet, 1, timeline, codes)
    circuit.run(0.7*second)
    spikes = circuit.input_spikes
    on = (np.asarray(spikes.t) >= 0.2) & (np.asarray(spikes.t) < 0.5)
    driven = np.asarray(spikes.i) < 30
    print((on & driven).sum(), (on & ~driven).sum(), (~on & driven).sum())
    """.replace("\n    ", "\n")
    done = script(text, small_sheet)
    assert done.returncode == 0, done.stderr
    driven, undriven, before_and_after = map(int, done.stdout.split())
    expected = 30 * 0.3 * 60  # units x s x Hz
    assert abs(driven - expected) < 5 * expected**0.5
    assert undriven < 30
    assert before_and_after < 40


def test_misuse_is_one_sentence(small_sheet: Path) -> None:
    text = """
    for attempt in (
        lambda: build(seed=-1),
        lambda: build(seed=1.5),
        lambda: build().exitatory,
    ):
        try:
            attempt()
        except (ns.errors.NeurosimError, AttributeError) as error:
            print(error)
    """.replace("\n    ", "\n")
    done = script("import neurosim.errors" + text, small_sheet)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "The seed is -1, expected an integer from 0 to 4294967295.",
        "The seed is 1.5, expected an integer from 0 to 4294967295.",
        "The circuit has no 'exitatory': did you mean 'excitatory'?",
    ]


@pytest.mark.slow
def test_a_circuit_runs_once(small_sheet: Path) -> None:
    text = """
    circuit = build()
    circuit.run(10*ms)
    try:
        circuit.run(10*ms)
    except ns.errors.SimulationError as error:
        print(error)
    """.replace("\n    ", "\n")
    done = script("import neurosim.errors" + text, small_sheet)
    assert done.stdout == "This circuit has run: build it again for another run.\n", done.stderr
