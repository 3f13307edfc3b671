"""Simulate a sheet over timelines: one brain, one seed, runs that may follow one another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.errors import InputError, nearest_name
from neurosim.progress import QUIET, Progress
from neurosim.recording import Recording, SpikeTrains, Trace
from neurosim.schedules import CircuitParameters, Patterns, structure_with_capacity, tables_of
from neurosim.simulation.job import Job, Result, derived_seed
from neurosim.simulation.target import choose_target, simulate
from neurosim.timeline import Timeline


@dataclass(frozen=True)
class State:
    """What a run ends in and another can start from.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Weights of each plastic projection, S; their order is that of the seed's graph. Where the
        circuit has other slow variables, those too.
    depth : int
        How many runs lie behind it.
    label : str
        Identifies the past, so that equal pasts are simulated once.
    """

    weights: Mapping[str, np.ndarray]
    depth: int
    label: str

    def shuffled(self, projection: str, generator: np.random.Generator) -> State:
        """Return this state with the weights of a projection permuted over its synapses.

        Who is connected to whom stays, and so does how many synapses are strong; which ones they
        are is forgotten.

        Parameters
        ----------
        projection : str
            Name of a plastic projection.
        generator : numpy.random.Generator
            Draws the permutation.

        Raises
        ------
        InputError
            If the state has no weights of this projection.
        """
        name = f"{projection}.w"
        if name not in self.weights:
            known = [weights.removesuffix(".w") for weights in self.weights]
            raise InputError(
                f"The state has no weights of '{projection}'; {nearest_name(projection, known)}"
            )
        permuted = generator.permutation(self.weights[name])
        digest = hashlib.sha256(f"{self.label} {name}".encode() + permuted.tobytes())
        return State({**self.weights, name: permuted}, self.depth, digest.hexdigest())


@dataclass(frozen=True)
class Segment:
    """A recording and the state that it ended in."""

    recording: Recording
    state: State

    def followed_by(self, other: Segment) -> Segment:
        """Return both as one."""
        return Segment(self.recording.followed_by(other.recording), other.state)


@dataclass
class Session:
    """One brain of one sheet.

    Parameters
    ----------
    parameters : AreaParameters or alike
        The circuit's parameters.
    circuit : str
        Name of the circuit.
    seed : int
        Draws the brain, then the noise.
    target : str
        ``"auto"``, ``"standalone"`` or ``"numpy"``.
    progress : Progress
        Told what is being done.

    Raises
    ------
    InputError
        If the seed or the target is refused.
    """

    parameters: Any
    circuit: str
    seed: int
    target: str = "auto"
    progress: Progress = QUIET
    build_seconds: float = 0.0
    run_seconds: float = 0.0
    _done: dict[str, Segment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.target = choose_target(self.target)
        self._brain_seed = derived_seed(self.seed, "brain")

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a random generator of this seed for one purpose, such as ``"stimuli"``."""
        return np.random.default_rng(derived_seed(self.seed, purpose))

    def run(
        self,
        timeline: Timeline,
        patterns: Patterns,
        start: State | None = None,
    ) -> Segment:
        """Simulate a timeline.

        Runs that have the same past and the same timeline are simulated once.

        Parameters
        ----------
        timeline : Timeline
        patterns : mapping of str to mapping of str to ndarray
            For each patterned population the active units of each stimulus; a stimulus may be
            missing where it drives nothing.
        start : State, optional
            The end of an earlier run of this session; a fresh brain if left out.

        Returns
        -------
        Segment

        Raises
        ------
        InputError
            If the timeline shows a stimulus that has no pattern, or a pattern has a wrong size.
        SimulationError
            If the simulation fails.
        """
        wiring = self.parameters.wiring(self.generator("stimuli"))
        tables = tables_of(self.parameters, timeline, patterns) | wiring
        label = _label(tables, timeline, start.label if start else "")
        if label not in self._done:
            self._done[label] = self._simulate(timeline, tables, start, label)
        return self._done[label]

    def _simulate(
        self,
        timeline: Timeline,
        tables: dict[str, np.ndarray],
        start: State | None,
        label: str,
    ) -> Segment:
        parameters: CircuitParameters = self.parameters
        depth = start.depth + 1 if start else 0
        weights = (
            *(f"{projection}.w" for projection in parameters.plastic_projections),
            *parameters.slow_variables,
        )
        spikes = tuple(
            f"{population}_spikes.{variable}"
            for population in parameters.populations
            for variable in ("i", "t")
        )
        arrays = self.execute(
            structure_with_capacity(parameters, tables),
            parameters.run_arguments(),
            tables,
            timeline.duration,
            f"noise {depth}",
            (*spikes, *weights, "membrane_potential.v"),
            start.weights if start else {},
        )
        return Segment(
            self._recording(arrays, timeline),
            State({name: arrays[name] for name in weights}, depth, label),
        )

    def execute(
        self,
        structure: Mapping[str, Any],
        arguments: Mapping[str, float],
        tables: Mapping[str, np.ndarray],
        duration: float,
        noise: str,
        outputs: tuple[str, ...],
        state: Mapping[str, np.ndarray] = MappingProxyType({}),
        circuit: str | None = None,
    ) -> Mapping[str, np.ndarray]:
        """Run the circuit once, with this session's seed and target.

        Parameters
        ----------
        structure, arguments, tables, duration, outputs, state
            As in `neurosim.simulation.job.Job`.
        noise : str
            Purpose of the noise: runs of one session with the same one have the same noise.
        circuit : str, optional
            A circuit beside that of the session.

        Returns
        -------
        mapping of str to ndarray
            The outputs.

        Raises
        ------
        SimulationError
            If the build or the simulation fails.
        """
        job = Job(
            circuit=circuit or self.circuit,
            structure=structure,
            arguments=arguments,
            tables=tables,
            duration=duration,
            brain_seed=self._brain_seed,
            noise_seed=derived_seed(self.seed, noise),
            outputs=outputs,
            state=state,
        )
        result = self.result_of(job)
        self.build_seconds += result.build_seconds
        self.run_seconds += result.run_seconds
        return result.arrays

    def result_of(self, job: Job) -> Result:
        """Return what a job leaves; where compiled circuits come from elsewhere, override this."""
        return simulate(job, self.target, self.progress)

    def _recording(self, arrays: Mapping[str, np.ndarray], timeline: Timeline) -> Recording:
        voltage = arrays["membrane_potential.v"]
        spikes = {
            population: SpikeTrains(
                n, arrays[f"{population}_spikes.i"], arrays[f"{population}_spikes.t"]
            )
            for population, n in self.parameters.populations.items()
        }
        trace = Trace(
            data=voltage.astype(np.float32),
            # Rounded, for traces are joined only if their rates are equal.
            rate=round(len(voltage) / timeline.duration, 6),
            unit="V",
            description="Membrane potential of the first excitatory cells.",
            index=np.arange(voltage.shape[1]),
        )
        return Recording(
            spikes=spikes,
            trial_table=timeline.table(),
            duration=timeline.duration,
            traces={"membrane_potential": trace},
            sheet_text="",
        )


def _label(tables: Mapping[str, np.ndarray], timeline: Timeline, past: str) -> str:
    digest = hashlib.sha256(f"{past} {timeline!r}".encode())
    for name, table in tables.items():
        digest.update(name.encode())
        digest.update(table.tobytes())
    return digest.hexdigest()
