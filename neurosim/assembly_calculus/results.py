"""What a program leaves behind, of one type for every machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.assembly_calculus.program import Operation, Program
from neurosim.assembly_calculus.set_operations import NeuronSet, overlap
from neurosim.errors import InputError, nearest_name


@dataclass(frozen=True)
class Observation:
    """What a machine has seen in one area during one instruction.

    Parameters
    ----------
    neurons : NeuronSet
        What fires in the end: the last winners, or the neurons active in enough test trials.
    assembly : str or None
        The assembly that these neurons are; None if they only answer.
    rounds : tuple of ndarray of int
        The neurons that fired in each round of learning or completion, or in each trial.
    given : NeuronSet or None
        The neurons that were made to fire, in a completion.
    """

    neurons: NeuronSet
    assembly: str | None = None
    rounds: tuple[np.ndarray, ...] = ()
    given: NeuronSet | None = None


@dataclass(frozen=True)
class Outcome(Observation):
    """An observation and the assemblies that were in the area before.

    Parameters
    ----------
    earlier : mapping of str to NeuronSet
        Assemblies of this area before the operation, the one that is trained further included.
    """

    earlier: Mapping[str, NeuronSet] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of neurons that fire in the end."""
        return self.neurons.size

    @property
    def support(self) -> np.ndarray:
        """Number of different neurons that have fired up to each round: int, shape (n_rounds,)."""
        seen = np.zeros(self.neurons.n_neurons, dtype=bool)
        support = np.zeros(len(self.rounds), dtype=np.int64)
        total = 0
        for number, fired in enumerate(self.rounds):
            total += int(np.count_nonzero(~seen[fired]))
            seen[fired] = True
            support[number] = total
        return support

    @property
    def last_recruitment(self) -> int:
        """The last round in which a neuron fired for the first time, counted from 1; 0 if none."""
        recruited = np.flatnonzero(np.diff(self.support, prepend=0))
        return int(recruited[-1]) + 1 if len(recruited) else 0

    @property
    def convergence(self) -> np.ndarray:
        """Overlap of each round with what fires in the end: float, shape (n_rounds,)."""
        area, n_neurons = self.neurons.area, self.neurons.n_neurons
        return np.array(
            [overlap(NeuronSet(area, n_neurons, fired), self.neurons) for fired in self.rounds]
        )

    @property
    def overlaps(self) -> dict[str, float]:
        """Overlap with every earlier assembly of the area, by name."""
        return {name: overlap(self.neurons, neurons) for name, neurons in self.earlier.items()}

    def recovery(self, assembly: str) -> float:
        """Return the share of an earlier assembly that fires, of its neurons that were not given.

        Parameters
        ----------
        assembly : str

        Returns
        -------
        float
            NaN if all were given.

        Raises
        ------
        InputError
            If there was no such assembly in the area.
        """
        if assembly not in self.earlier:
            raise InputError(
                f"There was no assembly '{assembly}' in area '{self.neurons.area}'; "
                f"{nearest_name(assembly, self.earlier)}"
            )
        wanted = self.earlier[assembly].members
        if self.given is not None:
            wanted = np.setdiff1d(wanted, self.given.members, assume_unique=True)
        if not len(wanted):
            return math.nan
        recovered = np.intersect1d(wanted, self.neurons.members, assume_unique=True)
        return len(recovered) / len(wanted)


@dataclass(frozen=True)
class OperationResult:
    """One operation and what came of it in every area that took part.

    Parameters
    ----------
    operation : Operation
    outcomes : tuple of Outcome
        The new assembly's first; none for inhibition.
    """

    operation: Operation
    outcomes: tuple[Outcome, ...]

    def __getitem__(self, name: str) -> Outcome:
        """Return the outcome of an assembly, or the first one of an area."""
        for outcome in self.outcomes:
            if outcome.assembly == name:
                return outcome
        for outcome in self.outcomes:
            if outcome.neurons.area == name:
                return outcome
        known = {outcome.assembly or outcome.neurons.area for outcome in self.outcomes}
        raise InputError(
            f"The operation {self.operation} shows no '{name}'; {nearest_name(name, known)}"
        )


@dataclass(frozen=True)
class Results:
    """What a program left behind on a machine.

    Parameters
    ----------
    machine : str
        Which one it was.
    operations : tuple of OperationResult
        In the order of the program.
    """

    machine: str
    operations: tuple[OperationResult, ...]

    @classmethod
    def of(
        cls, machine: str, program: Program, observations: Sequence[Iterable[Observation]]
    ) -> Results:
        """Join a program and what a machine has seen of it.

        Parameters
        ----------
        machine : str
        program : Program
        observations : sequence of iterable of Observation
            Those of each operation.
        """
        assemblies: dict[str, NeuronSet] = {}
        results = []
        for operation, seen in zip(program.operations, observations, strict=True):
            earlier = dict(assemblies)
            outcomes = []
            for each in seen:
                in_area = {
                    name: neurons
                    for name, neurons in earlier.items()
                    if neurons.area == each.neurons.area
                }
                outcomes.append(
                    Outcome(each.neurons, each.assembly, each.rounds, each.given, in_area)
                )
                if each.assembly is not None:
                    assemblies[each.assembly] = each.neurons
            results.append(OperationResult(operation, tuple(outcomes)))
        return cls(machine, tuple(results))

    @property
    def assemblies(self) -> dict[str, NeuronSet]:
        """Every assembly as it was last seen, by name."""
        return {
            outcome.assembly: outcome.neurons
            for result in self.operations
            for outcome in result.outcomes
            if outcome.assembly is not None
        }

    def support(self, area: str) -> int:
        """Return how many different neurons of an area have fired while fibres learned.

        Parameters
        ----------
        area : str

        Raises
        ------
        InputError
            If nothing was seen of such an area.
        """
        fired: dict[str, list[np.ndarray]] = {}
        for result in self.operations:
            for outcome in result.outcomes:
                rounds = outcome.rounds if outcome.given is None else ()
                fired.setdefault(outcome.neurons.area, []).extend(rounds)
        if area not in fired:
            raise InputError(f"Nothing was seen of area '{area}'; {nearest_name(area, fired)}")
        return len(np.unique(np.concatenate([np.empty(0, dtype=np.int64), *fired[area]])))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row of plain numbers for every outcome.

        Returns
        -------
        list of dict
            ``operation``, ``area``, ``assembly``, ``size``, ``share``, ``support``,
            ``last_recruitment`` and ``overlaps``.
        """
        return [
            {
                "machine": self.machine,
                "operation": str(result.operation),
                "area": outcome.neurons.area,
                "assembly": outcome.assembly,
                "size": outcome.size,
                "share": outcome.neurons.share,
                "support": int(outcome.support[-1]) if outcome.rounds else None,
                "last_recruitment": outcome.last_recruitment if outcome.rounds else None,
                "overlaps": outcome.overlaps,
            }
            for result in self.operations
            for outcome in result.outcomes
        ]
