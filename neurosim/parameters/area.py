"""Parameters of the plastic area: the sections of its sheet, with units and ranges.

Values are SI floats. What follows from them is a property. Sources stand in the sheets. How the
parameters reach the circuit (which shared variable of which group) stands here too, so that a
compiled circuit can be started without Brian2.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from neurosim.errors import InputError
from neurosim.parameters.fields import constraint_of, parameter
from neurosim.parameters.sections import compiled_in
from neurosim.tick import TICK

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Simulation:
    """How the equations are integrated."""

    dt: float = parameter("s", low=1e-5, high=2e-3, rebuild=True)


@dataclass(frozen=True)
class Neurons:
    """Conductance-based leaky integrate-and-fire neurons; the inhibitory cells."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    tau_m: float = parameter("s", low=0, exclusive=True)
    g_leak: float = parameter("S", low=0, exclusive=True)
    v_rest: float = parameter("V", low=-0.2, high=0.1)
    v_threshold: float = parameter("V", low=-0.2, high=0.1)
    v_reset: float = parameter("V", low=-0.2, high=0.1)
    t_refractory: float = parameter("s", low=0)
    background_rate: float = parameter("Hz", low=0)
    background_weight: float = parameter("S", low=0)

    @property
    def c_m(self) -> float:
        """Membrane capacitance, F."""
        return self.tau_m * self.g_leak


@dataclass(frozen=True)
class AdaptingNeurons(Neurons):
    """The excitatory cells, which also carry a spike-triggered adaptation conductance."""

    adaptation_increment: float = parameter("S", low=0)
    tau_adaptation: float = parameter("s", low=0, exclusive=True)
    v_adaptation: float = parameter("V", low=-0.2, high=0.1)
    stimulation_conductance: float = parameter("S", low=0)


@dataclass(frozen=True)
class Input:
    """Poisson units that carry the stimuli into the area."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    n_active: int = parameter(low=1)
    idle_rate: float = parameter("Hz", low=0)
    stimulus_rate: float = parameter("Hz", low=0)


@dataclass(frozen=True)
class Synapses:
    """What all synapses share."""

    tau_excitatory: float = parameter("s", low=0, exclusive=True)
    tau_inhibitory: float = parameter("s", low=0, exclusive=True)
    v_excitatory: float = parameter("V", low=-0.2, high=0.2)
    v_inhibitory: float = parameter("V", low=-0.2, high=0.1)
    delay: float = parameter("s", low=0, high=0.1)


@dataclass(frozen=True)
class Projection:
    """Random connections of one fixed weight."""

    p: float = parameter(low=0, high=1)
    weight: float = parameter("S", low=0)


@dataclass(frozen=True)
class PlasticProjection:
    """Random connections under triplet STDP between hard bounds."""

    p: float = parameter(low=0, high=1)
    w_initial: float = parameter("S", low=0, exclusive=True)
    w_spread: float = parameter(low=0, high=1)
    w_max: float = parameter("S", low=0, exclusive=True)
    a2_minus: float = parameter(low=0)
    a3_plus: float = parameter(low=0)


@dataclass(frozen=True)
class Plasticity:
    """Time constants of triplet STDP and the pace of normalisation."""

    tau_plus: float = parameter("s", low=0, exclusive=True)
    tau_minus: float = parameter("s", low=0, exclusive=True)
    tau_y: float = parameter("s", low=0, exclusive=True)
    normalisation_interval: float = parameter("s", low=1e-3)


@dataclass(frozen=True)
class AreaParameters:
    """Everything that a sheet of the circuit ``area`` holds, one section each."""

    simulation: Simulation
    excitatory: AdaptingNeurons
    inhibitory: Neurons
    input: Input
    synapses: Synapses
    input_to_excitatory: PlasticProjection
    excitatory_to_excitatory: PlasticProjection
    excitatory_to_inhibitory: Projection
    inhibitory_to_excitatory: Projection
    inhibitory_to_inhibitory: Projection
    plasticity: Plasticity

    def __post_init__(self) -> None:
        for section, neurons in (("excitatory", self.excitatory), ("inhibitory", self.inhibitory)):
            if neurons.v_reset >= neurons.v_threshold:
                raise InputError(
                    f"{section}.v_reset is {neurons.v_reset * 1e3:g} mV, expected less than "
                    f"v_threshold ({neurons.v_threshold * 1e3:g} mV)."
                )
            # The number of background events in a step is drawn with a mean of at most 1.
            highest = 1 / self.simulation.dt
            if neurons.background_rate > highest:
                raise InputError(
                    f"{section}.background_rate is {neurons.background_rate:g} Hz, expected at "
                    f"most one event per time step ({highest:g} Hz)."
                )
        for section in self.plastic_projections:
            projection: PlasticProjection = getattr(self, section)
            if projection.w_initial > projection.w_max:
                raise InputError(
                    f"{section}.w_initial is {projection.w_initial * 1e9:g} nS, expected at most "
                    f"w_max ({projection.w_max * 1e9:g} nS)."
                )
        steps_per_tick = TICK / self.simulation.dt
        if abs(steps_per_tick - round(steps_per_tick)) > 1e-9:
            # Stimuli change between steps otherwise, and their rates are off by a step's share.
            raise InputError(
                f"simulation.dt is {self.simulation.dt * 1e3:g} ms, expected a whole fraction of "
                f"the {TICK * 1e3:g} ms in which stimuli change."
            )
        interval = self.plasticity.normalisation_interval
        if interval < self.simulation.dt:
            raise InputError(
                f"plasticity.normalisation_interval is {interval * 1e3:g} ms, expected at least "
                f"one time step ({self.simulation.dt * 1e3:g} ms)."
            )
        if self.input.n_active > self.input.n:
            raise InputError(
                f"input.n_active is {self.input.n_active}, expected at most input.n "
                f"({self.input.n})."
            )

    @property
    def populations(self) -> dict[str, int]:
        """Number of units of each recorded population."""
        return {
            "excitatory": self.excitatory.n,
            "inhibitory": self.inhibitory.n,
            "input": self.input.n,
        }

    @property
    def patterned_populations(self) -> tuple[str, ...]:
        """The populations on which a stimulus is a pattern: input, and direct stimulation."""
        return ("input", "excitatory")

    @property
    def plastic_projections(self) -> tuple[str, ...]:
        """The projections that learn, each with its own learning rate over time."""
        return ("input_to_excitatory", "excitatory_to_excitatory")

    @property
    def has_gate(self) -> bool:
        """Whether plasticity is gated."""
        return False

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """What one run hands on to the next beside the weights."""
        return ()

    def wiring(self, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the tables of what is connected outside of the circuit: nothing."""
        return {}

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: every field that is declared with ``rebuild``."""
        return compiled_in(self)

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        arguments: dict[str, float] = {}
        for name in ("excitatory", "inhibitory"):
            neurons: Neurons = getattr(self, name)
            arguments |= _variables(name, neurons, without=("tau_m",))
            arguments[f"{name}.c_m"] = neurons.c_m
            arguments |= _variables(name, self.synapses, without=("delay",))
        arguments |= _variables("excitatory", self.plasticity)
        arguments |= _variables("input", self.input, without=("n_active",))
        arguments["input.tau_plus"] = self.plasticity.tau_plus
        for section in fields(self):
            source, separator, target = section.name.partition("_to_")
            if not separator:
                continue
            projection = getattr(self, section.name)
            arguments[f"{target}.p_from_{source}"] = projection.p
            arguments |= _variables(section.name, projection, without=("p",))
            arguments[f"{section.name}.delay"] = self.synapses.delay
        inputs = self.input_to_excitatory
        # The total that a neuron receives from the input on average before learning.
        arguments["excitatory.input_budget"] = inputs.w_initial * inputs.p * self.input.n
        return arguments


def _variables(group: str, section: object, without: tuple[str, ...] = ()) -> dict[str, float]:
    return {
        f"{group}.{field.name}": float(getattr(section, field.name))
        for field in fields(section)  # type: ignore[arg-type]
        if field.name not in without and not constraint_of(field).rebuild
    }
