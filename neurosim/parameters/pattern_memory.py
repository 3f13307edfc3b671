"""Parameters of the recurrent memory of fast weights: the sections of its sheet.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.errors import InputError
from neurosim.parameters.associative_memory import CELL, Cells, Projection, Simulation
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import compiled_in, with_values
from neurosim.tick import TICK


@dataclass(frozen=True)
class Presentation:
    """How long a pattern is shown, what is between two, and how long the network settles."""

    pattern: float = parameter("s", low=0.02, high=10)
    gap: float = parameter("s", low=0, high=10)
    settling_step: float = parameter("s", low=0.01, high=1)
    n_steps: int = parameter(low=1, high=100)

    @property
    def interval(self) -> float:
        """From the onset of one pattern to that of the next."""
        return self.pattern + self.gap

    @property
    def query(self) -> float:
        """How long a cue stays."""
        return self.n_steps * self.settling_step


@dataclass(frozen=True)
class PatternCells(Cells):
    """The cells that carry the patterns; each excites all others of its block."""

    n_active: int = parameter(low=1, high=100_000)
    stimulus: float = parameter("V", low=-0.2, high=0.5)
    cue: float = parameter("V", low=-0.2, high=0.5)
    query: float = parameter("V", low=-0.2, high=0.5)


@dataclass(frozen=True)
class InhibitoryCells(Cells):
    """The cells that all pattern cells of a block excite, and that inhibit all of them."""


@dataclass(frozen=True)
class Recurrent:
    """Synapses among the pattern cells of a block: the fast weights."""

    tau_fast: float = parameter("s", low=0.01)
    learning_rate: float = parameter("V", low=0, high=0.5)
    tau_trace: float = parameter("s", low=0, exclusive=True)


@dataclass(frozen=True)
class PatternMemoryParameters:
    """Everything that a sheet of the circuit ``pattern_memory`` holds, one section each."""

    simulation: Simulation
    presentation: Presentation
    cells: PatternCells
    inhibitory_cells: InhibitoryCells
    recurrent: Recurrent
    cells_to_inhibitory: Projection
    inhibitory_to_cells: Projection

    def __post_init__(self) -> None:
        for name in self.populations:
            cells = getattr(self, name)
            if cells.v_reset >= cells.v_threshold:
                raise InputError(
                    f"{name}.v_reset is {cells.v_reset * 1e3:g} mV, expected less than "
                    f"v_threshold ({cells.v_threshold * 1e3:g} mV)."
                )
        if self.cells.n_active > self.cells.n:
            raise InputError(
                f"cells.n_active is {self.cells.n_active}, expected at most cells.n "
                f"({self.cells.n})."
            )
        for name in ("pattern", "gap", "settling_step"):
            steps = getattr(self.presentation, name) / TICK
            if abs(steps - round(steps)) > 1e-6:
                raise InputError(
                    f"presentation.{name} is {steps * TICK * 1e3:g} ms, expected a multiple "
                    f"of {TICK * 1e3:g} ms."
                )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each population in one block."""
        return {"cells": self.cells.n, "inhibitory_cells": self.inhibitory_cells.n}

    def changed(self, **values: float | str) -> PatternMemoryParameters:
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
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value.

        What the sheet gives for all active cells of a pattern, or for all inhibitory cells,
        together is divided among them, so that memories of other sizes work alike.
        """
        arguments = {
            f"{population}.{name}": getattr(getattr(self, population), name)
            for population in self.populations
            for name in CELL
        }
        n_active, n_inhibitory = self.cells.n_active, self.inhibitory_cells.n
        return {
            **arguments,
            "cells.stimulus": self.cells.stimulus,
            "cells.cue": self.cells.cue,
            "cells.query": self.cells.query,
            "cells.tau_trace": self.recurrent.tau_trace,
            "recurrent.tau_fast": self.recurrent.tau_fast,
            "recurrent.learning_rate": self.recurrent.learning_rate / n_active,
            "cells_to_inhibitory.weight": self.cells_to_inhibitory.weight / n_active,
            "inhibitory_to_cells.weight": self.inhibitory_to_cells.weight / n_inhibitory,
        }
