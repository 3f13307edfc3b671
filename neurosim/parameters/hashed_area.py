"""Parameters of a plastic area whose input units are the Kenyon cells of the fly's hash.

Values are SI floats. Sources stand in the sheets. What the cells do is told in
`neurosim.circuits.hashed_area`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import InputError
from neurosim.parameters import fly_hash
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.fields import parameter
from neurosim.recorded_neurons import N_PROJECTION_NEURONS

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class KenyonCells(fly_hash.KenyonCells):
    """The input units of the area, and how many of them a stimulus is meant to excite."""

    n_active: int = parameter(low=1)


@dataclass(frozen=True)
class ProjectionNeurons:
    """Neurons that fire regularly at the rates of the features."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    mean_rate: float = parameter("Hz", low=0, high=1000, exclusive=True)


@dataclass(frozen=True)
class AnteriorPairedLateral:
    """APL: one graded neuron that Kenyon cells excite and that inhibits them all."""

    tau_m: float = parameter("s", low=0, exclusive=True)
    excitation: float = parameter("V", low=0, exclusive=True)
    gain: float = parameter("1/V", low=0)


@dataclass(frozen=True)
class HashedAreaParameters(AreaParameters):
    """Everything that a sheet of the circuit ``hashed_area`` holds, one section each."""

    input: KenyonCells  # type: ignore[assignment]
    projection_neurons: ProjectionNeurons
    apl: AnteriorPairedLateral

    def __post_init__(self) -> None:
        super().__post_init__()
        cells = self.input
        if cells.claws > self.projection_neurons.n:
            raise InputError(
                f"input.claws is {cells.claws}, expected at most projection_neurons.n "
                f"({self.projection_neurons.n})."
            )
        if cells.v_reset >= cells.v_threshold:
            raise InputError(
                f"input.v_reset is {cells.v_reset * 1e3:g} mV, expected less than v_threshold "
                f"({cells.v_threshold * 1e3:g} mV)."
            )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each recorded population."""
        recorded = min(N_PROJECTION_NEURONS, self.projection_neurons.n)
        return {**super().populations, "projection_neurons": recorded}

    @property
    def patterned_populations(self) -> tuple[str, ...]:
        """The populations on which a stimulus is a pattern: rates, and direct stimulation."""
        return ("projection_neurons", "excitatory")

    def claws(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the projection neurons that each Kenyon cell samples.

        Returns
        -------
        ndarray of bool, shape (n_kenyon_cells, n_projection_neurons)
        """
        from neurosim.abstract.fly_hash import projection_matrix  # sheets are read without NumPy

        return projection_matrix(
            self.input.n, self.projection_neurons.n, self.input.claws, generator
        )

    def wiring(self, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the tables of what is connected outside of the circuit: the claws."""
        from neurosim.abstract.fly_hash import claw_tables

        return claw_tables(self.claws(generator))

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        cells = self.input
        arguments = super().run_arguments()
        epsp = arguments.pop("input.epsp")
        return arguments | {
            "input.gain": self.apl.gain,
            "projection_neurons.mean_rate": self.projection_neurons.mean_rate,
            "claws.weight": epsp / fly_hash.peak_of_epsp(cells.tau_m, cells.tau_synapse),
            "apl.tau_m": self.apl.tau_m,
            "input_to_apl.weight": self.apl.excitation / cells.n,
        }
