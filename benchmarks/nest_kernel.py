"""Start NEST on one thread, convert what it means differently, and run it in a process of its own.

Two conventions of time differ, both by a step (measured by `nest_conventions.py`):

- NEST's neurons are refractory for t_ref after the step of the spike, Brian2's from its beginning,
  so that the shortest interval between spikes is t_ref + dt and t_ref. NEST gets t_ref - dt.
- A jump of the potential that arrives `delay` after a spike can make the target fire in the same
  step in NEST, in the next one in Brian2. NEST gets delay + dt where potentials jump; conductances
  act in the next step in both.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from peer_networks import SPIKES, Measured, Spikes, Task, mean_rates
from processes import Cost, cost_of

HERE = Path(__file__).resolve().parent
MS, MV, NS, PF = 1e3, 1e3, 1e9, 1e12  # NEST's units


def is_there() -> bool:
    """Return whether NEST can be imported."""
    return importlib.util.find_spec("nest") is not None


ABSENT = "NEST is not installed in this environment, so nothing is compared with it."


def start(dt: float, seed: int) -> Any:
    """Return the module of NEST, its kernel empty, on one thread.

    Parameters
    ----------
    dt : float
        Time step, s.
    seed : int
    """
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(
        resolution=dt * MS,
        rng_seed=seed + 1,
        local_num_threads=1,
        print_time=False,
        overwrite_files=True,
    )
    return nest


def shortest_refractory(t_refractory: float, dt: float) -> float:
    """Return NEST's t_ref in ms with which the shortest interval between spikes is the same."""
    return (t_refractory - dt) * MS


def jump_delay(delay: float, dt: float) -> float:
    """Return NEST's delay in ms of a jump of the potential that acts at the same time."""
    return (delay + dt) * MS


def run(nest: Any, neurons: Mapping[str, Any], duration: float) -> tuple[Spikes, float]:
    """Record the spikes of populations over a time (s); return them and the CPU seconds."""
    recorders = {name: nest.Create("spike_recorder") for name in neurons}
    for name, recorder in recorders.items():
        nest.Connect(neurons[name], recorder)
    first = {name: group[0].global_id for name, group in neurons.items()}
    with nest.RunManager():
        before = time.process_time()
        nest.Run(round(duration * MS, 6))
        seconds = time.process_time() - before
    spikes = {}
    for name, recorder in recorders.items():
        events = recorder.get("events")
        spikes[name] = events["senders"] - first[name], events["times"] / MS
    return spikes, seconds


def answer(task: Task, build: Any, seed: int, spikes_file: str) -> None:
    """Build a task's network in this process, simulate it, print the costs and keep the spikes."""
    start(1e-3, seed)  # the import does not count
    before = time.process_time()
    nest, neurons = build(task, seed)
    spikes, simulation = run(nest, neurons, task.duration)
    construction = time.process_time() - before - simulation
    arrays: dict[str, Any] = {}
    for name in SPIKES:
        arrays[f"{name}_i"], arrays[f"{name}_t"] = spikes[name]
    np.savez(spikes_file, **arrays)
    measured = Measured(construction, simulation, mean_rates(task, spikes))
    print("\nmeasured " + json.dumps(asdict(measured)))


def ask(task: Task, seed: int, folder: Path) -> tuple[Measured, Spikes, Cost]:
    """Simulate a task in NEST, in a process of its own.

    Parameters
    ----------
    task : AreaTask or WorkingMemoryTask
    seed : int
    folder : Path
        For the spikes.
    """
    file = folder / "spikes.npz"
    argument = json.dumps(asdict(task))
    cost = cost_of([sys.executable, str(HERE / task.script), argument, str(seed), str(file)])
    (line,) = (x for x in cost.output.splitlines() if x.startswith("measured "))
    with np.load(file) as arrays:
        spikes = {name: (arrays[f"{name}_i"], arrays[f"{name}_t"]) for name in SPIKES}
    return Measured(**json.loads(line.removeprefix("measured "))), spikes, cost
