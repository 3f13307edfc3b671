"""Parameters of several plastic areas and of the machine that runs programs on them.

Values are SI floats. What follows from them is a property. Sources stand in the sheets.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.errors import InputError
from neurosim.parameters.area import AreaParameters, PlasticProjection
from neurosim.parameters.fields import parameter
from neurosim.parameters.sections import with_values
from neurosim.tick import TICK


@dataclass(frozen=True)
class Fibres(PlasticProjection):
    """Random connections between areas, plastic and of different lengths."""

    delay_shortest: float = parameter("s", low=0, high=0.1)
    delay_longest: float = parameter("s", low=0, high=0.1)

    def __post_init__(self) -> None:
        if self.delay_longest < self.delay_shortest:
            raise InputError(
                f"between_areas.delay_longest is {self.delay_longest * 1e3:g} ms, expected at "
                f"least delay_shortest ({self.delay_shortest * 1e3:g} ms)."
            )


@dataclass(frozen=True)
class Gating:
    """How areas and fibres are opened and closed."""

    feedback_gain: float = parameter(low=0, high=1)
    sharing_exponent: float = parameter(low=0, high=2)
    silencing_conductance: float = parameter("S", low=0)


@dataclass(frozen=True)
class Trials:
    """What the machine makes of an operation: trials, one behind the other."""

    duration: float = parameter("s", low=TICK)
    gap: float = parameter("s", low=0)
    imprint: int = parameter(low=1, high=10_000)
    project: int = parameter(low=1, high=10_000)
    associate: int = parameter(low=1, high=10_000)
    test: int = parameter(low=1, high=1000)
    test_gap: float = parameter("s", low=0)
    association_rate: float = parameter(low=0)

    def __post_init__(self) -> None:
        for name in ("duration", "gap", "test_gap"):
            seconds = getattr(self, name)
            if abs(round(seconds / TICK) * TICK - seconds) > 1e-9:
                raise InputError(
                    f"trials.{name} is {seconds * 1e3:g} ms, expected a multiple of "
                    f"{TICK * 1e3:g} ms."
                )


@dataclass(frozen=True)
class AreasParameters(AreaParameters):
    """Everything that a sheet of the circuit ``areas`` holds, one section each.

    Sizes are those of one area.
    """

    between_areas: Fibres
    gating: Gating
    trials: Trials

    @property
    def plastic_projections(self) -> tuple[str, ...]:
        """The projections that learn, each with its own learning rates over time."""
        return (*super().plastic_projections, "between_areas")

    def changed(self, **values: float | str) -> AreasParameters:
        """Return parameters with other values, SI numbers or words, named ``section__field``.

        Raises
        ------
        InputError
            If there is no such parameter, a value is out of range or values contradict each other.
        """
        return with_values(self, values)

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        fibres = self.between_areas
        between = {
            f"between_areas.{name}": float(getattr(fibres, name))
            for name in (
                "w_initial",
                "w_spread",
                "w_max",
                "a2_minus",
                "a3_plus",
                "delay_shortest",
                "delay_longest",
            )
        }
        return {
            **super().run_arguments(),
            **between,
            "excitatory.p_between_areas": fibres.p,
            "excitatory.silencing_conductance": self.gating.silencing_conductance,
        }
