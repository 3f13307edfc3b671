"""Parameters of the working-memory network: the sections of its sheet, with units and ranges.

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
from neurosim.release_conventions import CONVENTIONS
from neurosim.tick import TICK

if TYPE_CHECKING:
    import numpy as np

    from neurosim.abstract.short_term_plasticity import ShortTermPlasticity


@dataclass(frozen=True)
class Simulation:
    """How the equations are integrated."""

    dt: float = parameter("s", low=1e-5, high=1e-3, rebuild=True)


@dataclass(frozen=True)
class Neurons:
    """Leaky integrate-and-fire neurons; potentials are relative to rest."""

    n: int = parameter(low=1, high=100_000, rebuild=True)
    tau_m: float = parameter("s", low=0, exclusive=True)
    v_threshold: float = parameter("V", low=0, high=0.2, exclusive=True)
    v_reset: float = parameter("V", low=-0.2, high=0.2)
    t_refractory: float = parameter("s", low=0)
    external_mean: float = parameter("V", low=-0.2, high=0.2)
    external_sd: float = parameter("V", low=0, high=0.1)


@dataclass(frozen=True)
class SelectivePopulations:
    """Disjoint groups of excitatory neurons, one for each item; two or more, to be told apart."""

    n: int = parameter(low=2, high=100, rebuild=True)
    coding_level: float = parameter(low=0, high=1, exclusive=True, rebuild=True)


@dataclass(frozen=True)
class ExcitatorySynapses:
    """Synapses among excitatory neurons, of two strengths, with short-term plasticity."""

    weight_baseline: float = parameter("V", low=0, high=0.1)
    weight_potentiated: float = parameter("V", low=0, high=0.1)
    potentiated_from_nonselective: float = parameter(low=0, high=1)
    delay_shortest: float = parameter("s", low=0, exclusive=True)
    delay_longest: float = parameter("s", low=0, exclusive=True)
    delay_classes: int = parameter(low=1, high=16, rebuild=True)


@dataclass(frozen=True)
class Synapses:
    """Connection probability of all pairs; weight and delay of synapses without plasticity."""

    p: float = parameter(low=0, high=1)
    weight_excitatory_to_inhibitory: float = parameter("V", low=0, high=0.1)
    weight_inhibitory_to_excitatory: float = parameter("V", low=0, high=0.1)
    weight_inhibitory_to_inhibitory: float = parameter("V", low=0, high=0.1)
    delay: float = parameter("s", low=0, exclusive=True)


@dataclass(frozen=True)
class Plasticity:
    """Short-term plasticity of the synapses among excitatory neurons."""

    release: str = parameter(choices=CONVENTIONS, rebuild=True)
    U: float = parameter(low=0, high=1, exclusive=True)
    tau_facilitation: float = parameter("s", low=0, high=1000, exclusive=True)
    tau_recovery: float = parameter("s", low=0, high=1000, exclusive=True)


@dataclass(frozen=True)
class Stimulation:
    """By how much, and for how long, stimuli raise the external mean of excitatory neurons."""

    cue_factor: float = parameter(low=0, high=10)
    cue_duration: float = parameter("s", low=TICK)
    readout_factor: float = parameter(low=0, high=10)
    readout_duration: float = parameter("s", low=TICK)


@dataclass(frozen=True)
class WorkingMemoryParameters:
    """Everything that a sheet of the circuit ``working_memory`` holds, one section each."""

    simulation: Simulation
    excitatory: Neurons
    inhibitory: Neurons
    selective: SelectivePopulations
    excitatory_to_excitatory: ExcitatorySynapses
    synapses: Synapses
    short_term_plasticity: Plasticity
    stimulation: Stimulation

    def __post_init__(self) -> None:
        dt, plastic = self.simulation.dt, self.excitatory_to_excitatory
        for section in ("excitatory", "inhibitory"):
            neurons: Neurons = getattr(self, section)
            if neurons.v_reset >= neurons.v_threshold:
                raise InputError(
                    f"{section}.v_reset is {neurons.v_reset * 1e3:g} mV, expected less than "
                    f"v_threshold ({neurons.v_threshold * 1e3:g} mV)."
                )
        steps_per_tick = TICK / dt
        if abs(steps_per_tick - round(steps_per_tick)) > 1e-9:
            raise InputError(
                f"simulation.dt is {dt * 1e3:g} ms, expected a whole fraction of the "
                f"{TICK * 1e3:g} ms in which stimuli change."
            )
        for name, duration in (
            ("cue_duration", self.stimulation.cue_duration),
            ("readout_duration", self.stimulation.readout_duration),
        ):
            if abs(duration / TICK - round(duration / TICK)) > 1e-6:
                raise InputError(
                    f"stimulation.{name} is {duration * 1e3:g} ms, expected a multiple of "
                    f"{TICK * 1e3:g} ms."
                )
        if self.selective.n * self.n_per_population > self.excitatory.n:
            raise InputError(
                f"selective.n is {self.selective.n} and selective.coding_level is "
                f"{self.selective.coding_level:g}, expected a product of at most 1."
            )
        if self.n_per_population < 1:
            raise InputError(
                f"selective.coding_level is {self.selective.coding_level:g}, expected at least "
                f"one of the {self.excitatory.n} excitatory neurons."
            )
        if self.excitatory.n % plastic.delay_classes:
            raise InputError(
                f"excitatory_to_excitatory.delay_classes is {plastic.delay_classes}, expected a "
                f"divisor of excitatory.n ({self.excitatory.n})."
            )
        if plastic.delay_longest < plastic.delay_shortest:
            raise InputError(
                "excitatory_to_excitatory.delay_longest is "
                f"{plastic.delay_longest * 1e3:g} ms, expected at least delay_shortest "
                f"({plastic.delay_shortest * 1e3:g} ms)."
            )
        for name, delay in (
            ("excitatory_to_excitatory.delay_shortest", plastic.delay_shortest),
            ("synapses.delay", self.synapses.delay),
        ):
            if delay < dt * (1 - 1e-6):
                raise InputError(
                    f"{name} is {delay * 1e3:g} ms, expected at least one time step "
                    f"({dt * 1e3:g} ms)."
                )
        # A synapse reads what its neuron releases when the spike arrives: the next spike of that
        # neuron must not come first.
        if plastic.delay_longest > self.excitatory.t_refractory:
            raise InputError(
                "excitatory_to_excitatory.delay_longest is "
                f"{plastic.delay_longest * 1e3:g} ms, expected at most excitatory.t_refractory "
                f"({self.excitatory.t_refractory * 1e3:g} ms)."
            )

    @property
    def n_per_population(self) -> int:
        """Number of neurons of each selective population."""
        return round(self.selective.coding_level * self.excitatory.n)

    @property
    def selective_populations(self) -> dict[str, slice]:
        """The excitatory neurons of each selective population, by name."""
        n = self.n_per_population
        return {f"selective_{k + 1}": slice(k * n, (k + 1) * n) for k in range(self.selective.n)}

    @property
    def delays(self) -> np.ndarray:
        """Delay of each class of synapses among excitatory neurons, s, shape (delay_classes,).

        From the shortest to the longest in equal steps; Brian2 rounds them to whole time steps.
        """
        import numpy as np

        plastic = self.excitatory_to_excitatory
        return np.linspace(plastic.delay_shortest, plastic.delay_longest, plastic.delay_classes)

    @property
    def plasticity(self) -> ShortTermPlasticity:
        """A synapse among excitatory neurons as its closed forms take it."""
        from neurosim.abstract.short_term_plasticity import ShortTermPlasticity

        own = self.short_term_plasticity
        return ShortTermPlasticity(
            own.U, own.tau_facilitation, own.tau_recovery, release=own.release
        )

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: every field that is declared with ``rebuild``."""
        return compiled_in(self)

    def run_arguments(self) -> dict[str, float]:
        """Return the shared variables of the circuit, ``"group.variable"`` to SI value."""
        arguments: dict[str, float] = {}
        for group in ("excitatory", "inhibitory"):
            for field in fields(Neurons):
                if not constraint_of(field).rebuild:
                    arguments[f"{group}.{field.name}"] = getattr(getattr(self, group), field.name)
            arguments[f"{group}.p_connection"] = self.synapses.p
        plastic, plasticity = self.excitatory_to_excitatory, self.short_term_plasticity
        arguments |= {
            "excitatory.U": plasticity.U,
            "excitatory.tau_facilitation": plasticity.tau_facilitation,
            "excitatory.tau_recovery": plasticity.tau_recovery,
        }
        for number, delay in enumerate(self.delays):
            name = f"excitatory_to_excitatory_{number}"
            arguments |= {
                f"{name}.weight_baseline": plastic.weight_baseline,
                f"{name}.weight_potentiated": plastic.weight_potentiated,
                f"{name}.potentiated_from_nonselective": plastic.potentiated_from_nonselective,
                f"{name}.delay": float(delay),
            }
        for name in (
            "excitatory_to_inhibitory",
            "inhibitory_to_excitatory",
            "inhibitory_to_inhibitory",
        ):
            arguments[f"{name}.weight"] = getattr(self.synapses, f"weight_{name}")
            arguments[f"{name}.delay"] = self.synapses.delay
        return arguments
