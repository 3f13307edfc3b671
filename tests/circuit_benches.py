"""Benches for tests: each runs the sheets of one circuit at sizes that take a moment."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from activity_bench import ActivityBench
from areas_bench import AreasBench
from memory_bench import MemoryBench
from pattern_bench import PatternBench
from plasticity_bench import PlasticityBench
from working_memory_bench import WorkingMemoryBench

from neurosim.folders import names
from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.odours import odour_tables, projection_of
from neurosim.hashing.spiking_hash import EVERYTHING, HashCircuit
from neurosim.parameters import Sheet
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.fly_hash import CENTRING, DIVISIVE, POISSON, REGULAR, FlyHashParameters
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live
from neurosim.simulation.target import simulate

Outputs = Mapping[str, np.ndarray]
# A hash of few cells; the same in all tests, so that they share a build for each kind of spikes.
HASH_SIZES = {
    "receptor_neurons.n_per_type": 5,
    "projection_neurons.n": 12,
    "kenyon_cells.n": 60,
}


def value_of(parameters: Any, name: str) -> Any:
    """Return the parameter ``"section.key"``."""
    section, _, field = name.partition(".")
    return getattr(getattr(parameters, section), field)


class Bench(Protocol):
    """Runs the sheets of one circuit."""

    @property
    def settings(self) -> Sequence[Mapping[str, Any]]:
        """Overrides that make parameters live that are not so in every sheet as it is."""

    @property
    def of_the_protocol(self) -> frozenset[str]:
        """Parameters that only the stimuli of a protocol depend on."""

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the bench."""

    def compiled(self, parameters: Any) -> Outputs:
        """Return what the compiled circuit does; equal sizes share a build."""

    def live(self, parameters: Any) -> Outputs:
        """Return what the circuit does in a moment without a build, which sizes and dt need."""

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return results that a protocol can analyse, without a simulation."""


class AreaBench:
    """Shows an area everything that happens to it: input, learning, stimulation of cells."""

    settings: tuple[Mapping[str, Any], ...] = ()
    of_the_protocol = frozenset({"input.n_active"})  # how many units a stimulus drives

    def __init__(self, make_job: Callable[..., Job]) -> None:
        self.make_job = make_job

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes for which the area of other tests has been compiled."""
        structure = self.make_job().structure
        sizes = {key: str(size) for key, size in structure.items() if key.endswith(".n")}
        step = {"simulation.dt": format_quantity(structure["simulation.dt"], "s")}
        return load_model(name, {**sizes, **step, "input.n_active": "10"})

    def compiled(self, parameters: AreaParameters) -> Outputs:
        """Present the trials of the job, with all of the few inputs, so that the cells fire."""
        job = self.make_job(parameters=parameters)
        patterns = job.tables["input_patterns"].copy()
        patterns[1] = 1.0
        busy = dataclasses.replace(job, tables={**job.tables, "input_patterns": patterns})
        return simulate(busy, "standalone").arrays

    def live(self, parameters: AreaParameters) -> Outputs:
        """Drive all units at once."""
        everything = {
            group: {name: np.ones(parameters.populations[group], dtype=bool)}
            for group, name in (("input", "seen"), ("excitatory", "driven"))
        }
        job = self.make_job(
            parameters=dataclasses.replace(
                parameters, input=dataclasses.replace(parameters.input, n_active=1)
            ),
            patterns=everything,
        )
        return run_live(dataclasses.replace(job, duration=0.12), lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return silence, and weights that differ, so that permuting them shows."""
        arrays = {
            name: np.zeros(0, dtype=int if name.endswith(".i") else float) for name in job.outputs
        }
        arrays |= {name: np.arange(9.0) for name in job.outputs if name.endswith(".w")}
        arrays["membrane_potential.v"] = np.zeros((round(job.duration / 0.005), 4))
        return arrays


class GatedAreaBench(AreaBench):
    """Shows the same to an area with a gate that opens at once."""

    settings = (
        {"gate.mechanism": "none"},
        {"gate.mechanism": "plateau", "plateau.probability": 0.5, "plateau.tail": "50 ms"},
        {
            "gate.mechanism": "novelty",
            "novelty.v_threshold": "0.2 Hz",
            "novelty.modulator_threshold": "20 Hz",
            "novelty.tau_habituation": "500 ms",
        },
    )

    def __init__(self, make_job: Callable[..., Job]) -> None:
        def make_gated_job(**changes: Any) -> Job:
            # The read-out needs something to compare with.
            parameters = changes.get("parameters")
            slow = parameters.slow_variables if parameters else ()
            known = {name: np.full(parameters.novelty.n, 0.3) for name in slow}
            return make_job(**({"circuit": "gated_area", "state": known} | changes))

        super().__init__(make_gated_job)


class HashedAreaBench(AreaBench):
    """Shows an area behind a hash of few cells one stimulus, and stimulates cells."""

    sizes: Mapping[str, Any] = MappingProxyType(
        {"input.claws": 6, "projection_neurons.n": 12, "input.epsp": "3 mV"}
    )

    def __init__(self, make_job: Callable[..., Job]) -> None:
        rates = np.random.default_rng(5).exponential(1.0, size=12)

        def make_hashed_job(**changes: Any) -> Job:
            if "parameters" not in changes:
                return make_job()
            parameters = changes["parameters"]
            shown = np.resize(rates, parameters.projection_neurons.n)
            driven = np.arange(parameters.excitatory.n) < 30
            patterns = {"projection_neurons": {"seen": shown}, "excitatory": {"driven": driven}}
            job = make_job(parameters=parameters, patterns=patterns, circuit="hashed_area")
            wiring = parameters.wiring(np.random.default_rng(1))
            return dataclasses.replace(job, tables={**job.tables, **wiring})

        super().__init__(make_hashed_job)

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small area."""
        return super().sheet(name).with_overrides(self.sizes)

    def compiled(self, parameters: AreaParameters) -> Outputs:
        """Present the trials of the job."""
        return simulate(self.make_job(parameters=parameters), "standalone").arrays

    def live(self, parameters: AreaParameters) -> Outputs:
        """Present the beginning of the job."""
        job = self.make_job(parameters=parameters)
        return run_live(dataclasses.replace(job, duration=0.15), lambda fraction: None)


class HashBench:
    """Presents a few odours to a circuit of a few cells."""

    of_the_protocol: frozenset[str] = frozenset()
    # The strengths that a sheet leaves to the calibration are given, so that one run is enough;
    # with every combination of words.
    settings: tuple[Mapping[str, Any], ...] = tuple(
        {
            "kenyon_cells.epsp": "4 mV",
            "apl.gain": "400 /V",
            "apl.release": 0,
            "apl.sparsity": 0,
            "antennal_lobe.normalisation": normalisation,
            "projection_neurons.spikes": spikes,
        }
        for normalisation, spikes in itertools.product((CENTRING, DIVISIVE), (POISSON, REGULAR))
    )

    def __init__(self) -> None:
        self.odours = np.random.default_rng(1).exponential(size=(12, 12))

    def sheet(self, name: str) -> Sheet:
        """Return a sheet for odours of twelve types, each presented for 40 ms."""
        return load_model(name, {**HASH_SIZES, "simulation.window": "40 ms"})

    def compiled(self, parameters: FlyHashParameters) -> Outputs:
        """Calibrate, which at given strengths only scales the odours, then present them."""
        session = Session(parameters, "fly_hash", 1, "standalone")
        circuit = HashCircuit.draw(session, parameters.projection_neurons.n)
        circuit = calibrate_hash(circuit, self.odours)
        names = [str(number) for number in range(len(self.odours))]
        recording = circuit.recording(self.odours, names, "odours")
        outputs = {name: trace.data for name, trace in recording.traces.items()}
        for name, trains in recording.spikes.items():
            outputs |= {f"{name}.i": trains.index, f"{name}.t": trains.time}
        return outputs

    def live(self, parameters: FlyHashParameters) -> Outputs:
        """Present one odour."""
        n_types = parameters.projection_neurons.n
        projection = projection_of(parameters, 1)
        rates = 20 * self.odours[:1, :n_types]
        job = Job(
            circuit="fly_hash",
            structure={**parameters.structure(), "n_odours": 1},
            arguments=parameters.run_arguments(),
            tables=odour_tables(parameters, projection, rates, 1),
            duration=0.02,
            brain_seed=1,
            noise_seed=2,
            outputs=EVERYTHING,
        )
        return run_live(job, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return random spikes, a few in every window, and potentials that rise."""
        generator = np.random.default_rng(job.noise_seed)
        n_windows = round(job.duration / job.arguments["apl.window"])
        n_steps = round(job.duration / job.structure["simulation.dt"])
        arrays: dict[str, np.ndarray] = {}
        for group in ("projection_neurons", "kenyon_cells"):
            n = job.structure[f"{group}.n"]
            n_spikes = n_windows * max(n // 10, 20)
            arrays[f"{group}_spikes.i"] = generator.integers(n, size=n_spikes)
            steps = np.sort(generator.integers(n_steps, size=n_spikes))
            arrays[f"{group}_spikes.t"] = steps * job.structure["simulation.dt"]
        arrays["apl_potential.v"] = np.linspace(0, 5e-3, n_steps)[:, np.newaxis]
        arrays["kenyon_cell_potential.v"] = np.tile(-arrays["apl_potential.v"], (1, 8))
        return {name: arrays[name] for name in job.outputs}


BENCHES: Mapping[str, type[Any]] = {
    "activity_memory": ActivityBench,
    "area": AreaBench,
    "areas": AreasBench,
    "associative_memory": MemoryBench,
    "gated_area": GatedAreaBench,
    "fly_hash": HashBench,
    "hashed_area": HashedAreaBench,
    "pattern_memory": PatternBench,
    "short_term_plasticity": PlasticityBench,
    "working_memory": WorkingMemoryBench,
}
OF_THE_PROTOCOL = {circuit: bench.of_the_protocol for circuit, bench in BENCHES.items()}
CIRCUIT_OF = {name: load_model(name).circuit for name in names("models")}
SHEETS = {name: circuit for name, circuit in CIRCUIT_OF.items() if circuit in OF_THE_PROTOCOL}


def benches_of(make_area_job: Callable[..., Job]) -> dict[str, Bench]:
    """Return a bench for every circuit."""
    return {
        circuit: bench(make_area_job) if issubclass(bench, AreaBench) else bench()
        for circuit, bench in BENCHES.items()
    }
