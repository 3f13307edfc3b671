"""Small spiking areas for tests, compiled once, and a session that invents what they do."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.assembly_calculus.instructions import Fibre
from neurosim.assembly_calculus.schedule import Presentation, Schedule
from neurosim.parameters import Sheet
from neurosim.parameters.areas import AreasParameters
from neurosim.parameters.library import load_model
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live
from neurosim.simulation.target import simulate
from neurosim.timeline import Trial

AREAS = ("A", "B", "C")
# What is compiled in is the same in all tests, so that they share one build.
SMALL_AREAS = {
    "excitatory.n": "60",
    "inhibitory.n": "15",
    "input.n": "40",
    "input.n_active": "10",
    "input_to_excitatory.p": "0.4",
    "input_to_excitatory.w_initial": "4 nS",
    "input_to_excitatory.w_max": "12 nS",
    "excitatory_to_excitatory.p": "0.3",
    "excitatory_to_excitatory.w_initial": "1 nS",
    "excitatory_to_excitatory.w_max": "20 nS",
    "excitatory_to_inhibitory.p": "0.4",
    "excitatory_to_inhibitory.weight": "3 nS",
    "inhibitory_to_excitatory.p": "0.8",
    "inhibitory_to_excitatory.weight": "3 nS",
    "excitatory.stimulation_conductance": "10 nS",
    "between_areas.p": "0.3",
    "between_areas.w_initial": "2 nS",
    "between_areas.w_max": "40 nS",
    "between_areas.a2_minus": "7e-4",
    "between_areas.a3_plus": "6e-3",
}
PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory", "between_areas")
SPIKES = tuple(
    f"{name}_spikes.{variable}"
    for name in ("excitatory", "inhibitory", "input")
    for variable in "it"
)
EVERYTHING = (
    *SPIKES,
    *(f"{name}.w" for name in PROJECTIONS),
    "excitatory.v",
    "between_areas._synaptic_pre",
    "between_areas._synaptic_post",
)
STIMULUS = np.arange(40) < 10
CELLS = np.arange(60) < 20


def small_areas(**changes: str) -> AreasParameters:
    """Return the parameters of small areas, changed by ``section__field="value"``."""
    overrides = {name.replace("__", "."): value for name, value in changes.items()}
    parameters: AreasParameters = load_model(
        "papadimitriou2020", SMALL_AREAS | overrides
    ).parameters
    return parameters


def schedule_of(parameters: AreasParameters, *presentations: Presentation) -> Schedule:
    """Return presentations of the stimulus ``seen`` and of the cells ``driven``."""
    inputs, cells = {"seen": STIMULUS}, {"driven": CELLS}
    return Schedule(parameters, AREAS, presentations, inputs, cells)


def job_of(schedule: Schedule, duration: float | None = None) -> Job:
    """Return the job that runs a schedule, with everything that can be read back."""
    return Job(
        circuit="areas",
        structure=schedule.structure(),
        arguments=schedule.parameters.run_arguments(),
        tables=schedule.tables(),
        duration=schedule.timeline.duration if duration is None else duration,
        brain_seed=1,
        noise_seed=2,
        outputs=EVERYTHING,
    )


def run_areas(parameters: AreasParameters, *presentations: Presentation) -> Mapping[str, Any]:
    """Run presentations on the compiled circuit; return all that it leaves."""
    return simulate(job_of(schedule_of(parameters, *presentations)), "standalone").arrays


def everything_at_once() -> Presentation:
    """Return a presentation in which all that can happen to areas does."""
    fibres = [Fibre("A", "B"), Fibre("B", "C"), Fibre("S", "A"), Fibre("A", "A"), Fibre("B", "B")]
    return Presentation(
        Trial("seen", 0.3, 0.2, "test"),
        shown={"A": ("seen",)},
        stimulated={"B": "driven"},
        gains={Fibre("A", "B"): 1.0, Fibre("B", "C"): 0.5},
        learning_rates=dict.fromkeys(fibres, 1.0),
        inhibited=("C",),
    )


class AreasBench:
    """Shows areas everything that happens to them."""

    settings: tuple[Mapping[str, str], ...] = ()
    # What the machine makes of a program.
    of_the_protocol = frozenset(
        {"input.n_active", "gating.feedback_gain", "gating.sharing_exponent"}
        | {
            f"trials.{name}"
            for name in (
                "duration",
                "gap",
                "imprint",
                "project",
                "associate",
                "test",
                "test_gap",
                "association_rate",
            )
        }
    )

    def sheet(self, name: str) -> Sheet:
        """Return a sheet at the sizes of the small areas."""
        return load_model(name, SMALL_AREAS)

    def compiled(self, parameters: AreasParameters) -> Mapping[str, np.ndarray]:
        """Run one presentation on the compiled circuit."""
        return run_areas(parameters, everything_at_once())

    def live(self, parameters: AreasParameters) -> Mapping[str, np.ndarray]:
        """Run its beginning without a build."""
        n_input, n_cells = parameters.input.n, parameters.excitatory.n
        schedule = Schedule(
            parameters,
            ("A", "B"),
            (
                Presentation(
                    Trial("seen", 0.1, 0.0, "test"),
                    shown={"A": ("seen",)},
                    stimulated={"B": "driven"},
                    gains={Fibre("A", "B"): 1.0},
                ),
            ),
            {"seen": np.ones(n_input, dtype=bool)},
            {"driven": np.ones(n_cells, dtype=bool)},
        )
        tables = {name: table[50:] for name, table in schedule.tables().items()}
        tables |= {
            name: schedule.tables()[name] for name in ("input_patterns", "excitatory_patterns")
        }
        job = job_of(schedule, 0.06)
        structure = {**job.structure, "n_ticks": len(tables["stimulus"])}
        live = Job(**{**vars(job), "tables": tables, "structure": structure})
        return run_live(live, lambda fraction: None)

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return what a network would do whose cells ``10 k`` to ``10 k + 9`` answer pattern k."""
        return invented_spikes(job.tables, job.structure["excitatory.n"], job.outputs)


def invented_spikes(
    tables: Mapping[str, np.ndarray], n_cells: int, outputs: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return spikes at 50 Hz: of ten cells for each shown pattern, and of those stimulated."""
    patterns = [set(np.flatnonzero(pattern).tolist()) for pattern in tables["excitatory_patterns"]]

    @functools.cache
    def driven(shown: int, stimulated: int) -> np.ndarray:
        own = range(10 * shown, 10 * shown + 10) if shown else ()
        return np.array(sorted(patterns[stimulated].union(own)), dtype=int)

    index, times = [np.zeros(0, dtype=int)], [np.zeros(0)]
    rows = ("stimulus", "stimulated", "inhibited")
    # Every other tick; most of a table is beyond its last presentation.
    by_area = np.stack([tables[name][::2].T for name in rows], axis=-1).astype(int)
    for area, ticks in enumerate(by_area):
        for number in np.flatnonzero(ticks.any(axis=-1)).tolist():
            shown, stimulated, inhibited = ticks[number].tolist()
            cells = driven(shown, stimulated)[: 0 if inhibited else None]
            index.append(area * n_cells + cells)
            times.append(np.full(len(cells), 2 * number * 0.01 + 0.005))
    arrays = {name: np.zeros(0) for name in outputs}
    arrays |= {name: np.arange(9.0) for name in outputs if name.endswith(".w")}
    arrays["excitatory_spikes.i"] = np.concatenate(index)
    arrays["excitatory_spikes.t"] = np.concatenate(times)
    return arrays


class InventedSession(Session):
    """A session in which each run is invented; it remembers what it was asked for."""

    def __init__(self, parameters: AreasParameters) -> None:
        super().__init__(parameters, "areas", 3, "numpy")
        self.jobs: list[Mapping[str, Any]] = []

    def execute(
        self,
        structure: Any,
        arguments: Any,
        tables: Any,
        duration: Any,
        noise: Any,  # type: ignore[override]
        outputs: Any,
        state: Any = None,
        circuit: Any = None,
    ) -> Mapping[str, np.ndarray]:
        """Remember the state and the noise; invent spikes."""
        self.jobs.append({"tables": tables, "noise": noise, "state": state, "duration": duration})
        arrays = invented_spikes(tables, structure["excitatory.n"], outputs)
        # Weights tell by how many runs they came about.
        return arrays | {
            name: np.full(3, float(len(self.jobs))) for name in outputs if name.endswith(".w")
        }
