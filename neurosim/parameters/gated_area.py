"""Parameters of a plastic area whose cells learn only while their gates are open.

Values are SI floats. Sources stand in the sheets. What the mechanisms do is told in
`neurosim.circuits.plasticity_gates`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from neurosim.gate_mechanisms import MECHANISMS, NO_GATE, NOVELTY, PLATEAU
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.fields import parameter


@dataclass(frozen=True)
class Gate:
    """What opens the gates; without a mechanism they are always open."""

    mechanism: str = parameter(choices=MECHANISMS, rebuild=True)


@dataclass(frozen=True)
class Plateau:
    """Dendritic plateaus, drawn for each cell at the onset of each stimulus."""

    probability: float = parameter(low=0, high=1)
    tail: float = parameter("s", low=0)


@dataclass(frozen=True)
class Novelty:
    """Cells that fire to what the area does not know yet, and the modulator that they release."""

    n: int = parameter(low=1, high=10_000, rebuild=True)
    p: float = parameter(low=0, high=1)
    utilisation: float = parameter(low=0, high=1, exclusive=True)
    tau_facilitation: float = parameter("s", low=0, exclusive=True)
    tau_synapse: float = parameter("s", low=0, exclusive=True)
    tolerance: float = parameter(low=0)
    evoked_rate: float = parameter("Hz", low=0, exclusive=True)
    tau_habituation: float = parameter("s", low=0, exclusive=True)
    tau_m: float = parameter("s", low=0, exclusive=True)
    v_threshold: float = parameter("Hz", low=0, exclusive=True)
    t_refractory: float = parameter("s", low=0)
    tau_modulator: float = parameter("s", low=0, exclusive=True)
    modulator_threshold: float = parameter("Hz", low=0)
    plasticity_spread: float = parameter(low=0, high=5)


@dataclass(frozen=True)
class GatedAreaParameters(AreaParameters):
    """Everything that a sheet of the circuit ``gated_area`` holds, one section each."""

    gate: Gate
    plateau: Plateau
    novelty: Novelty

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each recorded population."""
        if self.gate.mechanism != NOVELTY:
            return super().populations
        return {**super().populations, "novelty": self.novelty.n}

    @property
    def has_gate(self) -> bool:
        """Whether plasticity is gated."""
        return self.gate.mechanism != NO_GATE

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """What one run hands on to the next beside the weights, ``"group.variable"``."""
        return ("novelty.efficacy",) if self.gate.mechanism == NOVELTY else ()

    def idle(self) -> dict[str, str]:
        """Return which parameters have no effect beside the chosen mechanism, and why."""
        chosen = self.gate.mechanism
        return {
            f"{other}.{field.name}": f"gate.mechanism is '{chosen}', expected '{other}'"
            for other in (PLATEAU, NOVELTY)
            for field in fields(getattr(self, other))
            if other != chosen
        }

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        arguments = super().run_arguments()
        if self.gate.mechanism == PLATEAU:
            arguments |= {
                "excitatory.plateau_probability": self.plateau.probability,
                "excitatory.plateau_tail": self.plateau.tail,
            }
        if self.gate.mechanism == NOVELTY:
            arguments |= self._novelty_arguments()
        return arguments

    def _novelty_arguments(self) -> dict[str, float]:
        novelty = self.novelty
        of_group = {
            "excitatory": (
                "utilisation",
                "tau_facilitation",
                "modulator_threshold",
                "plasticity_spread",
            ),
            "novelty": (
                "tau_synapse",
                "tolerance",
                "evoked_rate",
                "tau_habituation",
                "tau_m",
                "v_threshold",
                "t_refractory",
            ),
            "modulator": ("tau_modulator",),
        }
        return {
            f"{group}.{name}": getattr(novelty, name)
            for group, names in of_group.items()
            for name in names
        } | {"novelty.p_from_excitatory": novelty.p}
