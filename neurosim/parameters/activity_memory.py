"""Parameters of the memory of ongoing activity: the sections of its sheet.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurosim.errors import InputError
from neurosim.parameters.associative_memory import CELL, Cells, Simulation
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import compiled_in, with_values


@dataclass(frozen=True)
class RecurrentCells(Cells):
    """The cells of the one population; a stimulus drives some of them."""

    stimulus: float = parameter("V", low=-0.2, high=0.5)


@dataclass(frozen=True)
class Recurrent:
    """Random synapses among the cells of a block, which do not change."""

    p_connection: float = parameter(low=0, high=1)
    gain: float = parameter("V", low=0, high=0.1)
    tau_synapse: float = parameter("s", low=0, exclusive=True)


@dataclass(frozen=True)
class ActivityMemoryParameters:
    """Everything that a sheet of the circuit ``activity_memory`` holds, one section each."""

    simulation: Simulation
    cells: RecurrentCells
    recurrent: Recurrent

    def __post_init__(self) -> None:
        if self.cells.v_reset >= self.cells.v_threshold:
            raise InputError(
                f"cells.v_reset is {self.cells.v_reset * 1e3:g} mV, expected less than "
                f"v_threshold ({self.cells.v_threshold * 1e3:g} mV)."
            )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each population in one block."""
        return {"cells": self.cells.n}

    @property
    def patterned_populations(self) -> tuple[str, ...]:
        """The populations on which a stimulus is a pattern."""
        return ("cells",)

    @property
    def plastic_projections(self) -> tuple[str, ...]:
        """The projections that learn: none."""
        return ()

    @property
    def has_gate(self) -> bool:
        """Whether plasticity is gated."""
        return False

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """What one run hands on to the next beside the weights."""
        return ()

    @property
    def weight_sd(self) -> float:
        """Standard deviation of the weights, V: the gain is that of the sum of a cell's synapses.

        As in Sompolinsky, Crisanti & Sommers 1988, so that populations of other sizes work alike.
        """
        n_synapses = self.recurrent.p_connection * self.cells.n
        return self.recurrent.gain / math.sqrt(n_synapses) if n_synapses else 0.0

    def changed(self, **values: float | str) -> ActivityMemoryParameters:
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
        return {
            **{f"cells.{name}": getattr(self.cells, name) for name in CELL},
            "cells.stimulation": self.cells.stimulus,
            "cells.tau_synapse": self.recurrent.tau_synapse,
            "recurrent.sd": self.weight_sd,
        }
