"""The two networks that neurosim and NEST both simulate, and neurosim's side of them.

The plastic area is that of the sheet ``ison2015``, shown random codes one after the other. A larger
area keeps its connection probabilities, so that synapses grow with the square of its size, and its
weights are divided by as much as its inputs grow; the input population stays. The working memory
network is a sheet as it is, with a cue.

`Parts` says how much of the area takes part: NEST has no normalisation of weights, and cannot turn
learning on and off while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from neurosim.parameters.library import load_model
from neurosim.schedules import structure_with_capacity, tables_of
from neurosim.session import Session
from neurosim.stimuli import disjoint_codes
from neurosim.tick import TICK
from neurosim.timeline import Timeline, Trial
from neurosim.working_memory.external_drive import drive_tables, structure_with_ticks
from neurosim.working_memory.trials import LEAD_IN

AREA, RECURRENT_WEIGHTS = (
    "ison2015",
    {
        "excitatory_to_excitatory": ("w_initial", "w_max"),
        "excitatory_to_inhibitory": ("weight",),
        "inhibitory_to_excitatory": ("weight",),
        "inhibitory_to_inhibitory": ("weight",),
    },
)
N_CODES = 5
# Weights of an area that is not normalised grow without end. A hundredth of the sheet's rate costs
# the same and leaves them where they are, so that activity stays that of the sheet.
LEARNING_RATE = 0.01
NEVER = "1e6 s"
SPIKES = ("excitatory", "inhibitory")
OUTPUTS = tuple(f"{group}_spikes.{variable}" for group in SPIKES for variable in "it")

Spikes = Mapping[str, tuple[np.ndarray, np.ndarray]]  # population -> units, times in seconds


@dataclass(frozen=True)
class AreaTask:
    """An area and what is shown to it.

    Parameters
    ----------
    n_excitatory : int
    learns : bool
        Whether weights change.
    duration : float
        Seconds.
    normalised : bool
        Whether the weights onto each neuron are rescaled, as the sheet asks.
    shown : bool
        Whether codes are shown; otherwise there is the background and idle input only.
    dt : float or None
        Time step, s; by default that of the sheet.
    """

    n_excitatory: int
    learns: bool
    duration: float
    normalised: bool = False
    shown: bool = True
    dt: float | None = None

    @property
    def script(self) -> str:
        """The module that simulates it in NEST."""
        return "nest_area.py"

    @property
    def parameters(self) -> Any:
        """The sheet of this size."""
        sheet = load_model(AREA).parameters
        shrink = sheet.excitatory.n / self.n_excitatory
        overrides: dict[str, Any] = {
            "excitatory.n": self.n_excitatory,
            "inhibitory.n": round(sheet.inhibitory.n / shrink),
        }
        for section, names in RECURRENT_WEIGHTS.items():
            for name in names:
                value = getattr(getattr(sheet, section), name)
                overrides[f"{section}.{name}"] = f"{value * shrink * 1e9!r} nS"
        if not self.normalised:
            overrides["plasticity.normalisation_interval"] = NEVER
        if self.dt is not None:
            overrides["simulation.dt"] = f"{self.dt * 1e3!r} ms"
        return load_model(AREA, overrides).parameters

    @property
    def timeline(self) -> Timeline:
        """Half a second of every code in turn, and half a second of nothing."""
        rates = dict.fromkeys(self.parameters.plastic_projections, LEARNING_RATE)
        names = [f"code_{k % N_CODES}" for k in range(int(np.ceil(self.duration)))]
        if not self.shown:
            return Timeline.of([], round(self.duration / TICK) * TICK)
        return Timeline.of(
            [Trial(name, 0.5, 0.5, "imprint", learning_rates=rates) for name in names]
            if self.learns
            else [Trial(name, 0.5, 0.5, "imprint") for name in names]
        )

    @property
    def codes(self) -> dict[str, np.ndarray]:
        """The input units that each code drives, bool, shape (n_inputs,)."""
        inputs = self.parameters.input
        drawn = disjoint_codes(N_CODES, inputs.n, inputs.n_active, np.random.default_rng(0))
        return {f"code_{k}": code for k, code in enumerate(drawn)}

    @property
    def populations(self) -> dict[str, int]:
        """Number of neurons by population."""
        return {name: self.parameters.populations[name] for name in SPIKES}

    def run(self, seed: int, duration: float) -> tuple[Spikes, float]:
        """Simulate the first seconds; return the spikes and the CPU seconds of the binary."""
        parameters = self.parameters
        tables = tables_of(parameters, self.timeline, {"input": self.codes})
        structure = structure_with_capacity(parameters, tables)
        return _run("area", parameters, structure, tables, seed, duration)


@dataclass(frozen=True)
class WorkingMemoryTask:
    """The network of a sheet, with a cue after a second.

    Parameters
    ----------
    model : str
    duration : float
        Seconds.
    cued : bool
        Whether there is a cue.
    """

    model: str
    duration: float
    cued: bool = True

    @property
    def script(self) -> str:
        """The module that simulates it in NEST."""
        return "nest_working_memory.py"

    @property
    def parameters(self) -> Any:
        """The sheet."""
        return load_model(self.model).parameters

    @property
    def timeline(self) -> Timeline:
        """Rest, a cue of the first population, rest."""
        if not self.cued:
            return Timeline.of([], self.duration)
        length = self.parameters.stimulation.cue_duration
        rest = round((self.duration - LEAD_IN - length) / TICK) * TICK
        return Timeline.of([Trial("selective_1", length, rest, "cue")], LEAD_IN)

    @property
    def populations(self) -> dict[str, int]:
        """Number of neurons by population."""
        return {name: getattr(self.parameters, name).n for name in SPIKES}

    def run(self, seed: int, duration: float) -> tuple[Spikes, float]:
        """Simulate the first seconds; return the spikes and the CPU seconds of the binary."""
        parameters = self.parameters
        tables = drive_tables(parameters, self.timeline)
        structure = structure_with_ticks(parameters, tables)
        return _run("working_memory", parameters, structure, tables, seed, duration)


Task = AreaTask | WorkingMemoryTask


@dataclass(frozen=True)
class Measured:
    """What a simulation cost, and the mean rates in it.

    Parameters
    ----------
    construction, simulation : float
        CPU seconds until the clock starts (and, here, of what is written at the end), and from
        there on.
    rates : dict of str to float
        Hz, by population.
    """

    construction: float
    simulation: float
    rates: dict[str, float]


def measure(task: Task, seed: int) -> Measured:
    """Simulate in neurosim; what a tick costs is taken for the cost of construction."""
    construction = task.run(seed, TICK)[1]
    spikes, total = task.run(seed, task.duration)
    return Measured(construction, total - construction, mean_rates(task, spikes))


def mean_rates(task: Task, spikes: Spikes) -> dict[str, float]:
    """Return the mean rate of each population, Hz."""
    return {name: len(spikes[name][1]) / n / task.duration for name, n in task.populations.items()}


def median_of(runs: list[Measured]) -> Measured:
    """Return the medians of seconds and the means of rates."""
    return Measured(
        median(run.construction for run in runs),
        median(run.simulation for run in runs),
        {name: float(np.mean([run.rates[name] for run in runs])) for name in runs[0].rates},
    )


def _run(
    circuit: str,
    parameters: Any,
    structure: Mapping[str, Any],
    tables: Mapping[str, np.ndarray],
    seed: int,
    duration: float,
) -> tuple[Spikes, float]:
    session = Session(parameters, circuit, seed)
    arguments = parameters.run_arguments()
    arrays = session.execute(structure, arguments, tables, duration, "noise 0", OUTPUTS)
    spikes = {name: (arrays[f"{name}_spikes.i"], arrays[f"{name}_spikes.t"]) for name in SPIKES}
    return spikes, session.run_seconds
