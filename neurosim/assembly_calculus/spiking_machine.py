"""The assembly calculus on areas of spiking neurons under spike-timing-dependent plasticity.

Time is in trials. A program becomes a schedule of presentations: which stimuli are shown, which
fibres are open, which learn. One compiled circuit runs all of it, from one operation to the next,
until an operation asks for neurons that are known only after a run, as a completion does: that one
starts from the weights in which the earlier ones ended, and leaves them as they are::

    program = Program(areas=["A", "B"], stimuli=["S"])
    person = program.project("S", "A")
    program.project(person, "B")
    results = run(program, load_model("papadimitriou2020"), seed=0)

An assembly is what is active (10 Hz or more) in at least half of a number of test trials, in which
it is evoked by what formed it and nothing learns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from neurosim import statistics as st
from neurosim.assembly_calculus.instructions import (
    Completion,
    Learning,
    Reading,
    Wave,
)
from neurosim.assembly_calculus.presentations import Planner
from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.results import Observation, Results
from neurosim.assembly_calculus.schedule import Presentation, Schedule
from neurosim.assembly_calculus.set_operations import NeuronSet, drawn
from neurosim.errors import InputError, nearest_name
from neurosim.parameters import Sheet
from neurosim.parameters.areas import AreasParameters
from neurosim.progress import QUIET, Progress
from neurosim.recording import Recording, SpikeTrains
from neurosim.session import Session
from neurosim.stimuli import disjoint_codes

CIRCUIT = "areas"
Weights = Mapping[str, np.ndarray]


def run(
    program: Program,
    sheet: Sheet,
    seed: int = 0,
    stimuli: Mapping[str, np.ndarray] | None = None,
    target: str = "auto",
    progress: Progress = QUIET,
) -> Results:
    """Run a program on areas of spiking neurons.

    Parameters
    ----------
    program : Program
    sheet : Sheet
        Of the circuit ``areas``, such as ``load_model("papadimitriou2020")``.
    seed : int
        Draws the brain and the stimuli, then cues and noise.
    stimuli : mapping of str to ndarray of bool, shape (n_input,), optional
        For each stimulus the input units that it drives, the same in each area that it reaches; by
        default ``input.n_active`` each, disjoint as far as there are units.
    target : str
        ``"auto"``, ``"standalone"`` or ``"numpy"``.
    progress : Progress

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the target or a stimulus is refused.
    SimulationError
        If a simulation fails.
    """
    if sheet.circuit != CIRCUIT:
        raise InputError(
            f"The sheet '{sheet.name}' is of '{sheet.circuit}', expected one of '{CIRCUIT}'."
        )
    session = Session(sheet.parameters, CIRCUIT, seed, target, progress)
    return SpikingMachine(session, program, stimuli).run()


@dataclass
class SpikingMachine:
    """One brain, and a program for it.

    Parameters
    ----------
    session : Session
        Of the circuit ``areas``.
    program : Program
    stimuli : mapping of str to ndarray of bool, shape (n_input,), optional
        As in `run`.
    learning : bool
        Whether fibres learn; without, the ablation that must recall nothing.
    parameters : AreasParameters, optional
        Those of the session by default.

    Attributes
    ----------
    weights : mapping of str to ndarray
        Of each plastic projection, S, after the operations that have run; empty in a fresh brain.
    recordings : list of Recording
        Of every run, in order.
    """

    session: Session
    program: Program
    stimuli: Mapping[str, np.ndarray] | None = None
    learning: bool = True
    parameters: AreasParameters | None = None
    weights: Weights = field(default_factory=dict)
    recordings: list[Recording] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._parameters: AreasParameters = self.parameters or self.session.parameters
        self._planner = Planner(self._parameters, self.program.areas, self.program.assemblies)
        self._codes = _stimuli(self.session, self._parameters, self.program, self.stimuli)
        self._members: dict[str, NeuronSet] = {}
        self._cues = self.session.generator("cues")

    def run(self) -> Results:
        """Run the program and return its results."""
        observations: list[list[Observation]] = [[] for _ in self.program.operations]
        waiting: list[_Step] = []
        for number, operation in enumerate(self.program.operations):
            for instruction in operation.instructions:
                match instruction:
                    case Reading() if len(passes := _passes(instruction.waves)) > 1:
                        self._run_all(waiting, observations)
                        seen = self._read_in_passes(instruction, passes, str(operation))
                    case Completion():
                        self._run_all(waiting, observations)
                        seen = self._complete(instruction, str(operation))
                    case Learning() | Reading():
                        waiting.append(_Step(number, instruction, self._plan(instruction, number)))
                        continue
                # What it asked for was known only once all that came before it had run.
                observations[number] += seen
                waiting = []
        self._run_all(waiting, observations)
        return Results.of("spiking", self.program, observations)

    @property
    def recording(self) -> Recording:
        """All runs, one behind the other."""
        return reduce(Recording.followed_by, self.recordings)

    def stimulate(
        self, given: NeuronSet, naive: bool = False, phase: str = "stimulation", trials: int = 0
    ) -> Observation:
        """Stimulate cells directly and see what fires in their area.

        Parameters
        ----------
        given : NeuronSet
            The cells.
        naive : bool
            Whether in a brain that has learnt nothing.
        phase : str
            What the trials are called.
        trials : int
            Their number; that of a test by default.
        """
        area = given.area
        presentations = self._planner.stimulation({area: "cue"}, phase, rounds=trials or None)
        recording, _ = self._simulate(
            presentations, {"cue": given.mask}, {} if naive else self.weights
        )
        active = self._active(recording, range(len(presentations)), area)
        return Observation(_of_most(area, active), None, _sets(active), given)

    def read(
        self, reading: Reading, phase: str, silenced: NeuronSet | None = None
    ) -> list[Observation]:
        """Read along a path once more, in the weights that there are, some cells silenced.

        Parameters
        ----------
        reading : Reading
            Of a path that does not return to an area.
        phase : str
            What the trials are called.
        silenced : NeuronSet, optional
            Cells of one area that do not fire.

        Returns
        -------
        list of Observation
            One for each area of the reading.
        """
        presentations = self._planner.reading(reading.waves, phase, reading.silent)
        patterns = {}
        if silenced is not None:
            patterns["silenced"] = silenced.mask
            quiet = {silenced.area: "silenced"}
            presentations = [replace(each, silenced=quiet) for each in presentations]
        recording, _ = self._simulate(presentations, patterns, self.weights)
        trials = range(len(presentations))
        return [self._answer(recording, trials, area) for area in reading.areas]

    def _plan(self, instruction: Learning | Reading, number: int) -> list[Presentation]:
        phase = str(self.program.operations[number])
        if isinstance(instruction, Reading):
            return self._planner.reading(instruction.waves, phase, instruction.silent)
        presentations = self._planner.learning(instruction, phase)
        if not self.learning:
            presentations = [replace(each, learning_rates={}) for each in presentations]
        waves = self._planner.evoking(instruction)
        return presentations + (self._planner.reading(waves, phase) if waves else [])

    def _run_all(self, waiting: Sequence[_Step], observations: Sequence[list[Observation]]) -> None:
        """Run the presentations of several steps as one schedule, and keep the weights."""
        if not waiting:
            return
        presentations = [each for step in waiting for each in step.presentations]
        recording, self.weights = self._simulate(presentations, {}, self.weights)
        first = 0
        for step in waiting:
            trials = range(first, first + len(step.presentations))
            seen = self._observe(step.instruction, recording, trials)
            self._members |= {
                each.assembly: each.neurons for each in seen if each.assembly is not None
            }
            observations[step.number] += seen
            first = trials.stop

    def _observe(
        self, instruction: Learning | Reading, recording: Recording, trials: range
    ) -> list[Observation]:
        if isinstance(instruction, Reading):
            return [
                self._answer(recording, trials, area, instruction.shows)
                for area in instruction.areas
            ]
        n_tests = self._parameters.trials.test if self._planner.evoking(instruction) else 0
        learnt = trials[: len(trials) - n_tests]
        seen = []
        for area, name in instruction.forms.items():
            while_learning = self._active(recording, learnt, area)
            # Where nothing is read behind it, what fires in the last trial.
            in_the_end = trials[-max(n_tests, 1) :]
            neurons = _of_most(area, self._active(recording, in_the_end, area))
            seen.append(Observation(neurons, name, _sets(while_learning)))
        return seen

    def _read_in_passes(
        self, reading: Reading, passes: Sequence[tuple[Wave, ...]], phase: str
    ) -> list[Observation]:
        """Follow a path that returns to an area: what fired last is stimulated for the way on."""
        answers: dict[str, Observation] = {}
        cells: dict[str, NeuronSet] = {}
        for waves in passes:
            fibres = [fibre for wave in waves for fibre in wave]
            if cells:
                sources = [area for area in cells if area in {fibre.source for fibre in waves[0]}]
                presentations = self._planner.stimulation(
                    {area: area for area in sources}, phase, fibres, reading.silent
                )
            else:
                presentations = self._planner.reading(waves, phase, reading.silent)
            patterns = {area: neurons.mask for area, neurons in cells.items()}
            recording, _ = self._simulate(presentations, patterns, self.weights)
            for area in dict.fromkeys(fibre.target for fibre in fibres):
                answers[area] = self._answer(recording, range(len(presentations)), area)
                cells[area] = answers[area].neurons
        return [answers[area] for area in reading.areas]

    def _complete(self, completion: Completion, phase: str) -> list[Observation]:
        whole = self._members[completion.assembly]
        n_given = max(int(completion.share * whole.size), min(1, whole.size))
        given = drawn(whole, n_given, self._cues)
        return [self.stimulate(given, phase=phase, trials=completion.rounds or 0)]

    def _answer(
        self, recording: Recording, trials: range, area: str, assembly: str | None = None
    ) -> Observation:
        active = self._active(recording, trials, area)
        return Observation(_of_most(area, active), assembly, _sets(active))

    def _active(self, recording: Recording, trials: range, area: str) -> np.ndarray:
        window = (0.0, self._parameters.trials.duration)
        return st.active_units(recording, population(area), np.asarray(trials), window=window)

    def _simulate(
        self,
        presentations: Sequence[Presentation],
        cells: Mapping[str, np.ndarray],
        weights: Weights,
    ) -> tuple[Recording, Weights]:
        areas = self.program.areas
        schedule = Schedule(self._parameters, areas, presentations, self._codes, cells)
        names = tuple(f"{name}.w" for name in self._parameters.plastic_projections)
        arrays = self.session.execute(
            schedule.structure(),
            self._parameters.run_arguments(),
            schedule.tables(),
            schedule.timeline.duration,
            f"noise {len(self.recordings)}",
            ("excitatory_spikes.i", "excitatory_spikes.t", *names),
            weights,
        )
        index, time = arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"]
        n_cells = self._parameters.excitatory.n
        spikes = {
            population(area): SpikeTrains(n_cells, index[own] % n_cells, time[own])
            for number, area in enumerate(areas)
            for own in [index // n_cells == number]
        }
        table = schedule.timeline.table()
        recording = Recording(spikes, table, schedule.timeline.duration, {}, "")
        self.recordings.append(recording)
        return recording, {name: arrays[name] for name in names}


@dataclass(frozen=True)
class _Step:
    """An instruction of an operation and what is presented for it."""

    number: int
    instruction: Learning | Reading
    presentations: list[Presentation]


def population(area: str) -> str:
    """Return the name, in a recording, of the excitatory cells of an area."""
    return f"excitatory of {area}"


def _stimuli(
    session: Session,
    parameters: AreasParameters,
    program: Program,
    given: Mapping[str, np.ndarray] | None,
) -> dict[str, np.ndarray]:
    units = parameters.input
    if given is None:
        generator, codes = session.generator("stimuli"), []
        fit = units.n // units.n_active
        for first in range(0, len(program.stimuli), fit):
            number = min(fit, len(program.stimuli) - first)
            codes += list(disjoint_codes(number, units.n, units.n_active, generator))
        return dict(zip(program.stimuli, codes, strict=True))
    for name in given:
        if name not in program.stimuli:
            raise InputError(
                f"The program has no stimulus '{name}'; {nearest_name(name, program.stimuli)}"
            )
    for name in program.stimuli:
        pattern = np.asarray(given.get(name, ()))
        if pattern.shape != (units.n,) or pattern.dtype != bool:
            raise InputError(
                f"The stimulus '{name}' has shape {pattern.shape} and type {pattern.dtype}, "
                f"expected ({units.n},) and bool."
            )
    return {name: np.asarray(given[name]) for name in program.stimuli}


def _passes(waves: Sequence[Wave]) -> list[tuple[Wave, ...]]:
    """Split waves where one returns to an area that has already been reached on another way."""
    passes: list[list[Wave]] = [[]]
    for wave in waves:
        known = {fibre for earlier in passes[-1] for fibre in earlier}
        reached = {fibre.target for fibre in known}
        if any(fibre not in known and fibre.target in reached for fibre in wave):
            passes.append([])
        passes[-1].append(wave)
    return [tuple(each) for each in passes]


def _of_most(area: str, active: np.ndarray) -> NeuronSet:
    """Return the cells that are active in enough trials, from bool of shape (n_trials, n_cells)."""
    return NeuronSet.of_mask(area, active.mean(axis=0) >= st.ASSEMBLY_SHARE)


def _sets(active: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.flatnonzero(each) for each in active)
