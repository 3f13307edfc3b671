"""The working-memory network in a user's own script, with monitors of the user's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from working_memory_bench import TINY

from neurosim.parameters.library import load_model

# A process of its own, for Brian2 keeps its standalone project in global state.
SCRIPT = """
import json, sys
import numpy as np
import neurosim as ns
from brian2 import StateMonitor, ms, second
from neurosim.timeline import Timeline, Trial

sheet = ns.load_model(sys.argv[1])
cue = Trial("selective_1", 0.2, 0.1, "cue")
circuit = ns.circuits.working_memory.build(sheet, 1, Timeline.of([cue], lead_in=0.1))
monitor = StateMonitor(circuit.excitatory, ["u_now", "drive"], record=[0, 199], dt=10*ms)
circuit.run(0.4*second, monitors=[monitor])
print(json.dumps({
    "u": np.asarray(monitor.u_now).max(axis=1).tolist(),
    "drive": np.asarray(monitor.drive).tolist(),
    "spikes": len(circuit.excitatory_spikes.t),
    "x": float(np.min(circuit.excitatory.x[:])),
}))
"""


@pytest.mark.slow
def test_a_user_cues_a_population_and_watches_u(tmp_path: Path) -> None:
    sheet = tmp_path / "tiny.toml"
    sheet.write_text(load_model("mongillo2008_small", TINY).text, encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(sheet)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    cued, other = found["drive"]
    assert other == [1.0] * 40
    assert cued == [1.0] * 11 + [1.15] * 20 + [1.0] * 9  # recorded before it is set
    assert found["spikes"] > 100
    assert found["u"][0] >= 0.2
    assert 0 < found["x"] < 1


def test_a_sheet_of_another_circuit_is_refused() -> None:
    text = (
        "import neurosim as ns\n"
        "from neurosim.errors import InputError\n"
        "try:\n    ns.circuits.working_memory.build(ns.load_model('dasgupta2017'))\n"
        "except InputError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    expected = "The sheet 'dasgupta2017' is of 'fly_hash', not of 'working_memory'."
    assert done.stdout.strip() == expected
