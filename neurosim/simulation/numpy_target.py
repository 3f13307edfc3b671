"""Run a circuit without a compiler, on Brian2's NumPy target, in a process of its own.

The process reads ``job.json`` and ``arrays.npz`` from a folder and writes ``outputs.npz`` there.
The graph and the noise of a seed differ from those of the compiled circuit, for the two draw their
random numbers in different orders; statistics agree.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import NeurosimError, SimulationError
from neurosim.simulation.build import in_one_sentence, use_default_preferences
from neurosim.simulation.job import Job

SLICE = 0.5  # s of simulated time between two reports of progress


def write_job(job: Job, folder: Path) -> None:
    """Write a job where `main` reads it."""
    plain = {
        "circuit": job.circuit,
        "structure": dict(job.structure),
        "arguments": dict(job.arguments),
        "duration": job.duration,
        "brain_seed": job.brain_seed,
        "noise_seed": job.noise_seed,
        "outputs": list(job.outputs),
    }
    (folder / "job.json").write_text(json.dumps(plain), encoding="utf-8")
    arrays = {f"table:{name}": array for name, array in job.tables.items()}
    arrays |= {f"state:{name}": array for name, array in job.state.items()}
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


class RuntimeStages:
    """Set parameters and state on live Brian2 objects; see `Stages`."""

    def __init__(
        self,
        arguments: Mapping[str, float],
        tables: Mapping[str, np.ndarray],
        state: Mapping[str, np.ndarray],
        brain_seed: int,
        noise_seed: int,
    ) -> None:
        self.arguments = arguments
        self.tables = tables
        self.state = state
        self.brain_seed = brain_seed
        self.noise_seed = noise_seed

    def before_connecting(self, objects: dict[str, Any]) -> None:
        """Seed the brain, set tables and parameters."""
        from brian2 import seed

        seed(self.brain_seed)
        for name, table in self.tables.items():
            objects[name].values[:] = table
        self._set_arguments(objects)

    def before_initial_values(self, objects: dict[str, Any]) -> None:
        """Nothing to do: live objects keep what was set before they were connected."""

    def before_running(self, objects: dict[str, Any]) -> None:
        """Load the state, seed the noise."""
        from brian2 import seed

        for name, array in self.state.items():
            group, _, variable = name.partition(".")
            current = objects[group].variables[variable].get_value()
            if current.shape != array.shape:
                raise SimulationError(
                    f"The state holds {array.size} values of {name}, the circuit {current.size}."
                )
            current[:] = array
        seed(self.noise_seed)

    def _set_arguments(self, objects: dict[str, Any]) -> None:
        for name, value in self.arguments.items():
            group, _, variable = name.partition(".")
            owner = objects[group].pre if variable == "delay" else objects[group]
            owner.variables[variable].get_value()[...] = value


def run_live(job: Job, progress: Any) -> dict[str, np.ndarray]:
    """Assemble and run a circuit in this process on the NumPy target.

    Parameters
    ----------
    job : Job
    progress : callable
        Called with the fraction that is done.

    Returns
    -------
    dict of str to ndarray
        The outputs of the job.
    """
    from brian2 import Network, prefs, second, set_device

    from neurosim.simulation.objects import simulated

    set_device("runtime")
    prefs.codegen.target = "numpy"
    stages = RuntimeStages(job.arguments, job.tables, job.state, job.brain_seed, job.noise_seed)
    module = importlib.import_module(f"neurosim.circuits.{job.circuit}")
    objects = module.assemble(job.structure, stages)
    network = Network(simulated(objects))
    done = 0.0
    while job.duration - done > 1e-9:
        step = min(SLICE, job.duration - done)
        network.run(step * second)
        done += step
        progress(min(1.0, done / job.duration))
    return {name: _output(objects, name) for name in job.outputs}


def _output(objects: Mapping[str, Any], name: str) -> np.ndarray:
    group, _, variable = name.partition(".")
    return np.array(objects[group].variables[variable].get_value())


def main(arguments: list[str]) -> int:
    """Run the job of a folder; progress goes to stdout, errors to stderr as one sentence."""
    folder = Path(arguments[0])
    job = _read_job(folder)
    try:
        use_default_preferences()
        outputs = run_live(job, lambda fraction: print(f"progress {fraction}", flush=True))
        np.savez(folder / "outputs.npz", allow_pickle=False, **outputs)
    except NeurosimError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception as error:
        print(in_one_sentence(error, job.circuit), file=sys.stderr)
        return SimulationError.exit_code
    return 0


def _read_job(folder: Path) -> Job:
    plain = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    plain["outputs"] = tuple(plain["outputs"])
    kinds: dict[str, dict[str, np.ndarray]] = {"table": {}, "state": {}}
    with np.load(folder / "arrays.npz") as arrays:
        for key in arrays.files:
            kind, _, name = key.partition(":")
            kinds[kind][name] = arrays[key]
    return Job(**plain, tables=kinds["table"], state=kinds["state"])
