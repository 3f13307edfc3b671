"""Parameters of a synapse with short-term plasticity: the sections of its sheet.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import InputError
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import compiled_in
from neurosim.release_conventions import CONVENTIONS

if TYPE_CHECKING:
    from neurosim.abstract.short_term_plasticity import ShortTermPlasticity

CURRENT, DELTA = "current", "delta"
# The parameters that only one form of transmission has.
OF_TRANSMISSION = {
    CURRENT: ("synapse.tau_inactivation", "synapse.efficacy", "cell.resistance"),
    DELTA: ("synapse.delta_psp",),
}
# Where u and x are kept: the same releases either way, so it is no parameter of a sheet.
SYNAPSE, NEURON = "synapse", "neuron"
STORED_IN = (SYNAPSE, NEURON)
TRACE_INTERVAL = 5e-4  # s between samples of traces. Ours: a third of the fastest decay in a sheet


@dataclass(frozen=True)
class Simulation:
    """How time is divided. Between spikes the solution is exact, whatever the step."""

    dt: float = parameter("s", low=1e-6, high=TRACE_INTERVAL, rebuild=True)


@dataclass(frozen=True)
class Synapse:
    """Short-term plasticity, and what a release does to the cell."""

    U: float = parameter(low=0, high=1, exclusive=True)
    tau_facilitation: float = parameter("s", low=0, high=1000)
    tau_recovery: float = parameter("s", low=0, high=1000, exclusive=True)
    release: str = parameter(choices=CONVENTIONS, rebuild=True)
    delay: float = parameter("s", low=0, high=0.1)
    transmission: str = parameter(choices=(CURRENT, DELTA), rebuild=True)
    tau_inactivation: float = parameter("s", low=0, high=1, exclusive=True)
    efficacy: float = parameter("A", low=-1e-6, high=1e-6)
    delta_psp: float = parameter("V", low=-0.1, high=0.1)


@dataclass(frozen=True)
class Cell:
    """The passive membrane on which the synapse ends; potentials are relative to rest."""

    tau_m: float = parameter("s", low=0, high=1, exclusive=True)
    resistance: float = parameter("ohm", low=0, high=1e11, exclusive=True)


@dataclass(frozen=True)
class ShortTermPlasticityParameters:
    """Everything that a sheet of the circuit ``short_term_plasticity`` holds."""

    simulation: Simulation
    synapse: Synapse
    cell: Cell

    def __post_init__(self) -> None:
        synapse, dt = self.synapse, self.simulation.dt
        steps = TRACE_INTERVAL / dt
        if abs(steps - round(steps)) > 1e-9:
            raise InputError(
                f"simulation.dt is {dt * 1e3:g} ms, expected a whole fraction of the "
                f"{TRACE_INTERVAL * 1e3:g} ms between samples of the potential."
            )
        if synapse.transmission != CURRENT:
            return
        if synapse.tau_inactivation >= synapse.tau_recovery:
            raise InputError(
                f"synapse.tau_inactivation is {synapse.tau_inactivation * 1e3:g} ms, expected less "
                f"than tau_recovery ({synapse.tau_recovery * 1e3:g} ms)."
            )
        if synapse.tau_inactivation == self.cell.tau_m:
            raise InputError(
                f"synapse.tau_inactivation is {synapse.tau_inactivation * 1e3:g} ms, expected "
                "another value than cell.tau_m, for which the exact solution is another one."
            )

    @property
    def plasticity(self) -> ShortTermPlasticity:
        """The synapse as its closed forms take it."""
        from neurosim.abstract.short_term_plasticity import ShortTermPlasticity

        synapse = self.synapse
        return ShortTermPlasticity(
            U=synapse.U,
            tau_facilitation=synapse.tau_facilitation,
            tau_recovery=synapse.tau_recovery,
            tau_inactivation=synapse.tau_inactivation if self.inactivates else 0.0,
            release=synapse.release,
        )

    @property
    def inactivates(self) -> bool:
        """Whether what is released stays active for a while."""
        return self.synapse.transmission == CURRENT

    @property
    def drive(self) -> float:
        """Potential for a release of 1, V.

        Where it is a current, that which a lasting one would reach; else that of the jump.
        """
        if self.inactivates:
            return self.synapse.efficacy * self.cell.resistance
        return self.synapse.delta_psp

    def idle(self) -> dict[str, str]:
        """Return which parameters have no effect beside the chosen words, and why."""
        own = self.synapse.transmission
        other = CURRENT if own == DELTA else DELTA
        reason = f"synapse.transmission is '{own}', expected '{other}'"
        return dict.fromkeys(OF_TRANSMISSION[other], reason)

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: fields declared with ``rebuild``, the interval of traces."""
        declared = compiled_in(self)
        return {**declared, "trace_interval": TRACE_INTERVAL}

    def run_arguments(self, stored_in: str = SYNAPSE) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value.

        Parameters
        ----------
        stored_in : str
            Where u and x are kept, ``"synapse"`` or ``"neuron"``.
        """
        synapse, cell = self.synapse, self.cell
        # Without facilitation nothing of u is left after one step: exp(-100) is no number beside U.
        shortest = self.simulation.dt / 100
        arguments = {
            "plasticity.U": synapse.U,
            "plasticity.tau_facilitation": max(synapse.tau_facilitation, shortest),
            "plasticity.tau_recovery": synapse.tau_recovery,
            "plasticity.delay": synapse.delay,
            "cells.tau_m": cell.tau_m,
        }
        if self.inactivates:
            arguments |= {
                "plasticity.tau_inactivation": synapse.tau_inactivation,
                "cells.tau_current": synapse.tau_inactivation,
                "cells.efficacy": synapse.efficacy,
                "cells.resistance": cell.resistance,
            }
        else:
            arguments["cells.delta_psp"] = synapse.delta_psp
        if stored_in == NEURON:
            arguments |= dict.fromkeys(("transmission.delay", "clearing.delay"), synapse.delay)
        return arguments
