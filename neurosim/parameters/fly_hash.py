"""Parameters of the fly's hash: the sections of its sheet, with units and ranges.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurosim.errors import InputError
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import compiled_in, with_values

REGULAR, POISSON = "regular", "poisson_receptors"
DIVISIVE, CENTRING = "divisive", "centring"
# The parameters of the antennal lobe that only one normalisation has.
OF_NORMALISATION = {
    DIVISIVE: ("r_max", "exponent", "sigma", "lateral_inhibition"),
    CENTRING: ("centred_rate",),
}


@dataclass(frozen=True)
class Simulation:
    """How the equations are integrated, and for how long a stimulus is presented."""

    dt: float = parameter("s", low=1e-5, high=2e-3, rebuild=True)
    window: float = parameter("s", low=0.01, high=10)


@dataclass(frozen=True)
class ReceptorNeurons:
    """Olfactory receptor neurons; all of one type converge on one projection neuron."""

    n_per_type: int = parameter(low=1, high=1000, rebuild=True)
    mean_rate: float = parameter("Hz", low=0, high=500, exclusive=True)


@dataclass(frozen=True)
class AntennalLobe:
    """How rates of receptor neurons become rates of projection neurons."""

    normalisation: str = parameter(choices=(DIVISIVE, CENTRING))
    r_max: float = parameter("Hz", low=0, high=1000, exclusive=True)
    exponent: float = parameter(low=0.1, high=10)
    sigma: float = parameter("Hz", low=0)
    lateral_inhibition: float = parameter(low=0)
    centred_rate: float = parameter("Hz", low=0, high=1000, exclusive=True)


@dataclass(frozen=True)
class ProjectionNeurons:
    """Integrators that fire at the rates of the antennal lobe."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    spikes: str = parameter(choices=(POISSON, REGULAR), rebuild=True)


@dataclass(frozen=True)
class KenyonCells:
    """Leaky integrate-and-fire cells; potentials are relative to rest."""

    n: int = parameter(low=1, high=1_000_000, rebuild=True)
    claws: int = parameter(low=1, high=1000, rebuild=True)
    tau_m: float = parameter("s", low=0, exclusive=True)
    v_threshold: float = parameter("V", low=0, high=0.2, exclusive=True)
    v_reset: float = parameter("V", low=-0.2, high=0.1)
    tau_synapse: float = parameter("s", low=0, exclusive=True)
    epsp: float = parameter("V", low=0, high=0.1)
    v_inhibition: float = parameter("V", low=-0.2, high=0)


@dataclass(frozen=True)
class AnteriorPairedLateral:
    """APL: one graded neuron that Kenyon cells excite and that inhibits them all."""

    tau_m: float = parameter("s", low=0, exclusive=True)
    excitation: float = parameter("V", low=0, exclusive=True)
    gain: float = parameter("1/V", low=0)
    sparsity: float = parameter(low=0, high=0.5)
    release: float = parameter(low=0, high=100)
    release_exponent: int = parameter(low=1, high=4, rebuild=True)


@dataclass(frozen=True)
class FlyHashParameters:
    """Everything that a sheet of the circuit ``fly_hash`` holds, one section each."""

    simulation: Simulation
    receptor_neurons: ReceptorNeurons
    antennal_lobe: AntennalLobe
    projection_neurons: ProjectionNeurons
    kenyon_cells: KenyonCells
    apl: AnteriorPairedLateral

    def __post_init__(self) -> None:
        cells, lobe = self.kenyon_cells, self.antennal_lobe
        if cells.v_reset >= cells.v_threshold:
            raise InputError(
                f"kenyon_cells.v_reset is {cells.v_reset * 1e3:g} mV, expected less than "
                f"v_threshold ({cells.v_threshold * 1e3:g} mV)."
            )
        for name, tau in (("tau_m", cells.tau_m), ("tau_synapse", cells.tau_synapse)):
            if tau < self.simulation.dt:
                raise InputError(
                    f"kenyon_cells.{name} is {tau * 1e3:g} ms, expected at least one time step "
                    f"({self.simulation.dt * 1e3:g} ms)."
                )
        # An integrator fires once a step at most.
        highest = 1 / self.simulation.dt
        for name, rate in (("r_max", lobe.r_max), ("centred_rate", lobe.centred_rate)):
            if rate > highest:
                raise InputError(
                    f"antennal_lobe.{name} is {rate:g} Hz, expected at most one spike per time "
                    f"step ({highest:g} Hz)."
                )
        steps = self.simulation.window / self.simulation.dt
        if abs(steps - round(steps)) > 1e-6:
            raise InputError(
                f"simulation.window is {self.simulation.window * 1e3:g} ms, expected a multiple "
                f"of simulation.dt ({self.simulation.dt * 1e3:g} ms)."
            )
        for given, value, unit, fitted, target in (
            ("kenyon_cells.epsp", cells.epsp * 1e3, "mV", "apl.release", self.apl.release),
            ("apl.gain", self.apl.gain / 1e3, "/mV", "apl.sparsity", self.apl.sparsity),
        ):
            if value > 0 and target > 0:
                raise InputError(
                    f"{given} is {value:g} {unit} and {fitted} is {target:g}, expected one of them "
                    f"to be 0, for {given} is calibrated to {fitted} where that is given."
                )
        if self.apl.release > 0 and not 0 < self.apl.sparsity * self.apl.release < 1:
            raise InputError(
                f"apl.release is {self.apl.release:g} and apl.sparsity is "
                f"{self.apl.sparsity:g}, expected a product between 0 and 1, the fraction of "
                "Kenyon cells that fire without APL."
            )
        if 0 < self.apl.release < 1:
            raise InputError(
                f"apl.release is {self.apl.release:g}, expected 1 or more, or 0: without APL more "
                "Kenyon cells fire."
            )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each recorded population."""
        return {
            "projection_neurons": self.projection_neurons.n,
            "kenyon_cells": self.kenyon_cells.n,
        }

    def changed(self, **values: float | str) -> FlyHashParameters:
        """Return parameters with other values, SI numbers or words, named ``section__field``.

        Raises
        ------
        InputError
            If there is no such parameter, a value is out of range or values contradict each other.
        """
        return with_values(self, values)

    def idle(self) -> dict[str, str]:
        """Return which parameters have no effect beside the chosen words, and why."""
        normalisation = self.antennal_lobe.normalisation
        other = next(name for name in OF_NORMALISATION if name != normalisation)
        chosen = f"antennal_lobe.normalisation is '{normalisation}'"
        idle = {
            f"antennal_lobe.{name}": f"{chosen}, expected '{other}'"
            for name in OF_NORMALISATION[other]
        }
        if self.projection_neurons.spikes == REGULAR:
            chosen_spikes = f"projection_neurons.spikes is '{REGULAR}'"
            idle["receptor_neurons.n_per_type"] = f"{chosen_spikes}, expected '{POISSON}'"
            if normalisation == CENTRING:  # which cancels the scale of the data
                idle["receptor_neurons.mean_rate"] = f"{chosen_spikes} and {chosen}"
        return idle

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: every field that is declared with ``rebuild``."""
        return compiled_in(self)

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        cells, apl = self.kenyon_cells, self.apl
        return {
            "projection_neurons.window": self.simulation.window,
            "kenyon_cells.tau_m": cells.tau_m,
            "kenyon_cells.tau_synapse": cells.tau_synapse,
            "kenyon_cells.v_threshold": cells.v_threshold,
            "kenyon_cells.v_reset": cells.v_reset,
            "kenyon_cells.v_inhibition": cells.v_inhibition,
            "kenyon_cells.gain": apl.gain,
            "claws.weight": cells.epsp / peak_of_epsp(cells.tau_m, cells.tau_synapse),
            "apl.window": self.simulation.window,
            "apl.tau_m": apl.tau_m,
            "kenyon_cells_to_apl.weight": apl.excitation / cells.n,
            **self._receptor_arguments(),
        }

    def _receptor_arguments(self) -> dict[str, float]:
        if self.projection_neurons.spikes == REGULAR:
            return {}
        return {"receptor_neurons.window": self.simulation.window}


def peak_of_epsp(tau_m: float, tau_synapse: float) -> float:
    """Return the peak of the potential after one spike, for a synaptic drive that jumps by 1.

    The drive decays with `tau_synapse`, the potential follows it with `tau_m`; derived.
    """
    if math.isclose(tau_m, tau_synapse, rel_tol=1e-6):
        return math.exp(-1)
    ratio = tau_m / tau_synapse
    return float(ratio ** (ratio / (1 - ratio)))
