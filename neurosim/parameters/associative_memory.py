"""Parameters of the associative memory of fast weights: the sections of its sheet.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from neurosim.errors import InputError
from neurosim.memory_mechanisms import HEBBIAN, PRESYNAPTIC
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import compiled_in, with_values
from neurosim.tick import TICK

# The parameters that only one mechanism of the synapses from keys to values has.
OF_MECHANISM = {
    HEBBIAN: tuple(
        f"key_to_value.{name}"
        for name in (
            "tau_fast",
            "learning_rate",
            "tau_trace",
            "depression",
            "tau_prediction",
            "prediction_per_cell",
            "silent_trace",
        )
    ),
    PRESYNAPTIC: tuple(
        f"presynaptic.{name}" for name in ("weight", "U", "tau_facilitation", "tau_recovery")
    ),
}


@dataclass(frozen=True)
class Simulation:
    """How the equations are integrated, and how many memories one network holds."""

    dt: float = parameter("s", low=1e-5, high=2e-3, rebuild=True)
    n_blocks: int = parameter(low=1, high=1024, rebuild=True)


@dataclass(frozen=True)
class Presentation:
    """How long a pair is shown, what is between two pairs, and how long a key asks."""

    pair: float = parameter("s", low=0.02, high=10)
    gap: float = parameter("s", low=0, high=10)
    query: float = parameter("s", low=0.02, high=10)

    @property
    def interval(self) -> float:
        """From the onset of one pair to that of the next."""
        return self.pair + self.gap


@dataclass(frozen=True)
class Cells:
    """Leaky integrate-and-fire cells; potentials are relative to rest."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    tau_m: float = parameter("s", low=0, exclusive=True)
    v_threshold: float = parameter("V", low=0, high=0.2, exclusive=True)
    v_reset: float = parameter("V", low=-0.2, high=0.2)
    t_refractory: float = parameter("s", low=0, high=0.1)
    noise: float = parameter("V", low=0, high=0.1)
    background: float = parameter("V", low=-0.2, high=0.2)


@dataclass(frozen=True)
class KeyCells(Cells):
    """The cells that carry the keys."""

    n_active: int = parameter(low=1, high=100_000)
    stimulus: float = parameter("V", low=-0.2, high=0.5)


@dataclass(frozen=True)
class ValueCells(Cells):
    """The cells that carry the values."""

    n_active: int = parameter(low=1, high=100_000)
    teacher: float = parameter("V", low=-0.2, high=0.5)
    query: float = parameter("V", low=-0.2, high=0.5)


@dataclass(frozen=True)
class InhibitoryCells(Cells):
    """The cells that all value cells of a block excite."""


@dataclass(frozen=True)
class KeyToValue:
    """Synapses from all key cells to all value cells of a block: the fast weights."""

    mechanism: str = parameter(choices=(HEBBIAN, PRESYNAPTIC), rebuild=True)
    tau_fast: float = parameter("s", low=0.01)
    learning_rate: float = parameter("V", low=0, high=0.1)
    tau_trace: float = parameter("s", low=0, exclusive=True)
    depression: float = parameter(low=0, high=1)
    tau_prediction: float = parameter("s", low=0, exclusive=True)
    prediction_per_cell: float = parameter("V", low=0)
    silent_trace: float = parameter(low=0)


@dataclass(frozen=True)
class Presynaptic:
    """In place of fast weights: random weights, and short-term plasticity of the key cells."""

    weight: float = parameter("V", low=0, high=0.1)
    U: float = parameter(low=0, high=1)
    tau_facilitation: float = parameter("s", low=0, exclusive=True)
    tau_recovery: float = parameter("s", low=0, exclusive=True)


@dataclass(frozen=True)
class Projection:
    """Synapses of one weight, from all cells to all cells of a block."""

    weight: float = parameter("V", low=0, high=0.1)


@dataclass(frozen=True)
class AssociativeMemoryParameters:
    """Everything that a sheet of the circuit ``associative_memory`` holds, one section each."""

    simulation: Simulation
    presentation: Presentation
    key_cells: KeyCells
    value_cells: ValueCells
    inhibitory_cells: InhibitoryCells
    key_to_value: KeyToValue
    presynaptic: Presynaptic
    value_to_inhibitory: Projection
    inhibitory_to_value: Projection

    def __post_init__(self) -> None:
        for name in ("key_cells", "value_cells", "inhibitory_cells"):
            cells = getattr(self, name)
            if cells.v_reset >= cells.v_threshold:
                raise InputError(
                    f"{name}.v_reset is {cells.v_reset * 1e3:g} mV, expected less than "
                    f"v_threshold ({cells.v_threshold * 1e3:g} mV)."
                )
        for name, cells in (("key_cells", self.key_cells), ("value_cells", self.value_cells)):
            if cells.n_active > cells.n:
                raise InputError(
                    f"{name}.n_active is {cells.n_active}, expected at most {name}.n ({cells.n})."
                )
        for field in fields(self.presentation):
            steps = getattr(self.presentation, field.name) / TICK
            if abs(steps - round(steps)) > 1e-6:
                raise InputError(
                    f"presentation.{field.name} is {steps * TICK * 1e3:g} ms, expected a multiple "
                    f"of {TICK * 1e3:g} ms."
                )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each population in one block."""
        return {
            "key_cells": self.key_cells.n,
            "value_cells": self.value_cells.n,
            "inhibitory_cells": self.inhibitory_cells.n,
        }

    @property
    def prediction_threshold(self) -> float:
        """Prediction by all cells of a key above which silence is a mismatch, V."""
        return self.key_cells.n_active * self.key_to_value.prediction_per_cell

    def idle(self) -> dict[str, str]:
        """Return which parameters have no effect beside the chosen mechanism, and why."""
        mechanism = self.key_to_value.mechanism
        other = next(name for name in OF_MECHANISM if name != mechanism)
        reason = f"key_to_value.mechanism is '{mechanism}', expected '{other}'"
        return dict.fromkeys(OF_MECHANISM[other], reason)

    def changed(self, **values: float | str) -> AssociativeMemoryParameters:
        """Return parameters with other values, SI numbers or words, named ``section__field``.

        Raises
        ------
        InputError
            If there is no such parameter, a value is out of range or values contradict each other.
        """
        return with_values(self, values)

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: every field that is declared with ``rebuild``."""
        return compiled_in(self)

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        arguments = {
            f"{population}.{name}": getattr(getattr(self, population), name)
            for population in self.populations
            for name in CELL
        }
        arguments |= {
            "key_cells.stimulus": self.key_cells.stimulus,
            "key_cells.tau_trace": self.key_to_value.tau_trace,
            "value_cells.teacher": self.value_cells.teacher,
            "value_cells.query": self.value_cells.query,
            "value_cells.tau_trace": self.key_to_value.tau_trace,
            "value_cells.tau_prediction": self.key_to_value.tau_prediction,
            "value_to_inhibitory.weight": self.value_to_inhibitory.weight,
            "inhibitory_to_value.weight": self.inhibitory_to_value.weight,
        }
        return arguments | self._synapse_arguments()

    def _synapse_arguments(self) -> dict[str, float]:
        fast, presynaptic = self.key_to_value, self.presynaptic
        if fast.mechanism == PRESYNAPTIC:
            return {
                "key_to_value.weight": presynaptic.weight,
                "terminals.U": presynaptic.U,
                "terminals.tau_facilitation": presynaptic.tau_facilitation,
                "terminals.tau_recovery": presynaptic.tau_recovery,
            }
        return {
            "key_to_value.tau_fast": fast.tau_fast,
            "key_to_value.learning_rate": fast.learning_rate,
            "key_to_value.depression": fast.depression,
            "key_to_value.prediction_threshold": self.prediction_threshold,
            "key_to_value.silent_trace": fast.silent_trace,
        }


CELL = ("tau_m", "v_threshold", "v_reset", "t_refractory", "noise", "background")
"""The parameters that all populations have."""
