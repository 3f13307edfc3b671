"""A circuit to work with in Python: its Brian2 objects by name, run through the cache."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.assembly_calculus.schedule import Schedule as AreasSchedule
from neurosim.errors import InputError, SimulationError, nearest_name
from neurosim.fast_weights.pattern_schedule import PatternSchedule
from neurosim.fast_weights.retrieval_strings import parse_strings
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.spiking_activity_memory import recurrent_weights
from neurosim.fast_weights.spiking_associative_memory import orthogonal_codes_of
from neurosim.hashing.odours import odour_tables, projection_of
from neurosim.hashing.spiking_hash import BATCH
from neurosim.schedules import Patterns, structure_with_capacity, tables_of
from neurosim.simulation.binary import COMPLAINT, check_results, command_line, write_arrays
from neurosim.simulation.cache import get_or_build
from neurosim.simulation.job import Job, derived_seed
from neurosim.simulation.key import generated_key, toolchain_identity
from neurosim.simulation.toolchain import find_compiler
from neurosim.synapse.presynaptic_trains import train_tables
from neurosim.timeline import Timeline
from neurosim.working_memory.external_drive import drive_tables, structure_with_ticks

if TYPE_CHECKING:
    from neurosim.parameters import Sheet


def circuit_of_trials(
    name: str,
    sheet: Sheet,
    seed: int,
    timeline: Timeline | None,
    patterns: Patterns | None,
) -> Circuit:
    """Return a circuit that is shown the trials of a timeline, silence if there is none.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the timeline or a pattern is refused.
    """
    _refuse_another(sheet, name)
    wiring = sheet.parameters.wiring(np.random.default_rng(derived_seed(seed, "stimuli")))
    tables = tables_of(sheet.parameters, timeline or Timeline(()), patterns or {}) | wiring
    return Circuit(name, sheet, seed, structure_with_capacity(sheet.parameters, tables), tables)


def circuit_of_areas(name: str, sheet: Sheet, seed: int, schedule: AreasSchedule | None) -> Circuit:
    """Return areas to which a schedule happens; two that are left to themselves if there is none.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed is refused.
    """
    _refuse_another(sheet, name)
    happens = AreasSchedule(sheet.parameters, ("A", "B")) if schedule is None else schedule
    return Circuit(name, sheet, seed, happens.structure(), happens.tables())


def circuit_of_odours(name: str, sheet: Sheet, seed: int, odours: npt.ArrayLike | None) -> Circuit:
    """Return a circuit that is presented odours, one after the other.

    Parameters
    ----------
    name : str
    sheet : Sheet
    seed : int
    odours : array_like of float, shape (n_odours, n_projection_neurons), or None
        Rates of the receptor neurons of each type, Hz; None for silence.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or the odours are refused.
    """
    _refuse_another(sheet, name)
    if odours is None:
        odours = np.zeros((1, sheet.projection_neurons.n))
    rates = np.asarray(odours, dtype=float)
    claws = projection_of(sheet.parameters, seed)
    # Silence behind the last odour, whose row in the table holds for all later windows otherwise.
    capacity = BATCH * (len(rates) // BATCH + 1)
    tables = odour_tables(sheet.parameters, claws, rates, capacity)
    structure = {**sheet.parameters.structure(), "n_odours": capacity}
    return Circuit(name, sheet, seed, structure, tables)


def circuit_of_trains(
    name: str, sheet: Sheet, seed: int, trains: Sequence[npt.ArrayLike]
) -> Circuit:
    """Return a circuit whose presynaptic neurons fire at given times.

    Parameters
    ----------
    name : str
    sheet : Sheet
    seed : int
    trains : sequence of array_like of float, shape (n_spikes,)
        Spike times of each presynaptic neuron, seconds.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or a train is refused.
    """
    _refuse_another(sheet, name)
    tables, capacities = train_tables(trains, sheet.parameters.simulation.dt)
    structure = {**sheet.parameters.structure(), **capacities, "stored_in": "synapse"}
    return Circuit(name, sheet, seed, structure, tables)


def circuit_of_cues(name: str, sheet: Sheet, seed: int, timeline: Timeline | None) -> Circuit:
    """Return a circuit whose external drive follows a timeline; it is even if there is none.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or the timeline is refused.
    """
    _refuse_another(sheet, name)
    tables = drive_tables(sheet.parameters, timeline or Timeline(()))
    return Circuit(name, sheet, seed, structure_with_ticks(sheet.parameters, tables), tables)


def circuit_of_strings(name: str, sheet: Sheet, seed: int, strings: str) -> Circuit:
    """Return a circuit that is shown strings of pairs, one in each block; nothing if left empty.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or a string is refused.
    """
    _refuse_another(sheet, name)
    parameters = sheet.parameters
    if strings:
        schedule = Schedule(parameters, parse_strings(strings), (parameters.presentation.gap,))
    else:
        schedule = Schedule(parameters, parse_strings("a0??a"), stores=False)
    tables = schedule.tables(orthogonal_codes_of(parameters, seed))
    return Circuit(name, sheet, seed, schedule.structure(), tables)


def circuit_of_patterns(
    name: str, sheet: Sheet, seed: int, patterns: np.ndarray | None, cues: np.ndarray | None
) -> Circuit:
    """Return a circuit that stores patterns in each block and is asked with cues; see its `build`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the patterns or the cues are refused.
    """
    _refuse_another(sheet, name)
    parameters = sheet.parameters
    if patterns is None:
        n_sequences = parameters.simulation.n_blocks if cues is None else len(cues)
        patterns = np.zeros((n_sequences, 0, parameters.cells.n), dtype=bool)
    asked = patterns[:, :0] if cues is None else cues[:, np.newaxis]
    delays = (parameters.presentation.gap,) * asked.shape[1]
    schedule = PatternSchedule(parameters, patterns, asked, delays)
    return Circuit(name, sheet, seed, schedule.structure(), schedule.tables())


def circuit_of_activity(
    name: str, sheet: Sheet, seed: int, timeline: Timeline | None, patterns: Patterns | None
) -> Circuit:
    """Return a circuit in which every block is shown the trials of a timeline; see its `build`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the timeline or a pattern is refused.
    """
    _refuse_another(sheet, name)
    tables = tables_of(sheet.parameters, timeline or Timeline(()), patterns or {})
    structure = structure_with_capacity(sheet.parameters, tables)
    n_blocks = sheet.parameters.simulation.n_blocks
    tables["stimulus"] = np.tile(tables["stimulus"][:, np.newaxis], n_blocks)
    tables["recurrent_weights"] = recurrent_weights(sheet.parameters, seed)
    return Circuit(name, sheet, seed, structure, tables)


def _refuse_another(sheet: Sheet, circuit: str) -> None:
    if sheet.circuit != circuit:
        raise InputError(f"The sheet '{sheet.name}' is of '{sheet.circuit}', not of '{circuit}'.")


class Circuit:
    """The Brian2 objects of a circuit, to be extended by monitors and run once.

    With a C++ compiler the objects live in a Brian2 standalone project: their values can be read
    after `run`. Brian2 has one such project at a time, so building another circuit ends this one.

    Parameters
    ----------
    name : str
        Module in ``neurosim.circuits``.
    sheet : Sheet
    seed : int
        Draws the brain, then the noise.
    structure : mapping
        What is compiled in.
    tables : mapping of str to ndarray
        What the circuit is shown, by name.

    Raises
    ------
    InputError
        If the seed is refused.
    """

    def __init__(
        self,
        name: str,
        sheet: Sheet,
        seed: int,
        structure: Mapping[str, Any],
        tables: Mapping[str, np.ndarray],
    ) -> None:
        self._job = Job(
            circuit=name,
            structure=structure,
            arguments=sheet.parameters.run_arguments(),
            tables=tables,
            duration=0.0,
            brain_seed=derived_seed(seed, "brain"),
            noise_seed=derived_seed(seed, "noise 0"),
            outputs=(),
        )
        self._compiler = find_compiler()
        self._has_run = False
        self.objects: dict[str, Any] = importlib.import_module(
            f"neurosim.circuits.{name}"
        ).assemble(self._job.structure, self._stages())

    def __getattr__(self, name: str) -> Any:
        objects = vars(self).get("objects", {})
        if name not in objects:
            raise AttributeError(f"The circuit has no '{name}': {nearest_name(name, objects)}")
        return objects[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.objects]

    def run(self, duration: Any, monitors: Iterable[Any] = ()) -> None:
        """Simulate; compile only what was not compiled before.

        Parameters
        ----------
        duration : Brian2 quantity
            For example ``2*second``.
        monitors : iterable of Brian2 objects
            Monitors, or other objects to simulate with the circuit.

        Raises
        ------
        SimulationError
            If it has run already, or the build or the simulation fails.
        """
        if self._has_run:
            raise SimulationError("This circuit has run: build it again for another run.")
        self._has_run = True
        from neurosim.simulation.objects import simulated

        objects = [*simulated(self.objects), *monitors]
        if self._compiler is None:
            from brian2 import Network

            Network(objects).run(duration)
        else:
            self._run_compiled(objects, float(duration), self._compiler)

    def _stages(self) -> Any:
        if self._compiler is not None:
            from neurosim.simulation.generate import start_project

            return start_project()
        from brian2 import prefs, set_device

        from neurosim.simulation.numpy_target import RuntimeStages

        set_device("runtime")
        prefs.codegen.target = "numpy"
        job = self._job
        return RuntimeStages(job.arguments, job.tables, {}, job.brain_seed, job.noise_seed)

    def _run_compiled(self, objects: list[Any], duration: float, compiler: str) -> None:
        from brian2 import get_device

        from neurosim.simulation.generate import finish_project
        from neurosim.simulation.unity import compile_unity

        job = Job(**{**vars(self._job), "duration": duration})
        # Brian2 reads results when they are asked for: they stay as long as this process.
        results = Path(tempfile.mkdtemp(prefix="neurosim-results-"))
        atexit.register(shutil.rmtree, results, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="neurosim-project-") as name:
            project = Path(name)
            description = finish_project(objects, project)

            def build(directory: Path) -> dict[str, Any]:
                start = time.perf_counter()
                shutil.copytree(project, directory, dirs_exist_ok=True)
                compile_unity(directory, compiler)
                return {
                    **description,
                    "identity": toolchain_identity(compiler),
                    "build_seconds": time.perf_counter() - start,
                }

            entry = get_or_build(generated_key(project, compiler), build)
            device: Any = get_device()
            try:
                device.run(
                    directory=str(entry.directory),
                    results_directory=os.path.relpath(results, entry.directory),
                    with_output=False,
                    run_args=[*command_line(job), *write_arrays(job, project)],
                )
            except RuntimeError as error:  # all that Brian2 says of an exit code
                raise SimulationError("The compiled circuit failed.") from error
        output = (results / "stdout.txt").read_text(errors="replace").splitlines()
        complaints = "\n".join(line for line in output if line.startswith(COMPLAINT))
        check_results(results, entry.manifest, duration, complaints)
