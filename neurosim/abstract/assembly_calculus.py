"""The assembly calculus on random graphs: k winners in each area, multiplicative Hebb.

Source: Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, Brain computation by assemblies
of neurons, PNAS 117:14464. Time is in rounds. In each, the k neurons of an area with the largest
input from whatever fired in the round before fire themselves; every synapse from a neuron that
fired to one that now fires is multiplied by ``1 + beta``::

    program = Program(areas=["A"], stimuli=["S"])
    program.project("S", "A", rounds=50)
    results = run(program, AssemblyParameters(n=100_000, k=317, p=0.01, beta=0.05), seed=0)
    results.operations[0]["A"].support      # neurons that have fired, round by round
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurosim.abstract.explicit_network import ExplicitNetwork, Firing
from neurosim.abstract.lazy_network import LazyNetwork
from neurosim.assembly_calculus.instructions import (
    Completion,
    Fibre,
    Instruction,
    Learning,
    Reading,
)
from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.results import Observation, Results
from neurosim.assembly_calculus.set_operations import NeuronSet
from neurosim.errors import InputError, nearest_name
from neurosim.progress import QUIET, Progress
from neurosim.simulation.job import derived_seed

# The population that carries all stimuli. No area can have this name.
INPUT = ""


@dataclass(frozen=True)
class AssemblyParameters:
    """The random graph and its plasticity, the same for every area and fibre.

    Parameters
    ----------
    n : int
        Neurons of an area.
    k : int
        Neurons of an area that fire at a time, and of a stimulus.
    p : float
        Probability of a synapse from one neuron to another.
    beta : float
        Plasticity.
    rounds : int
        Rounds of an operation that names no number. The default is that of the programs of the
        authors of the source.
    completion_rounds : int
        Likewise, of a pattern completion.
    sampling : {"explicit", "lazy"}
        Whether every synapse is drawn, or only those among neurons that have fired; see
        `neurosim.abstract.explicit_network` and `neurosim.abstract.lazy_network`.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    n: int = 100_000
    k: int = 317
    p: float = 0.01
    beta: float = 0.05
    rounds: int = 10
    completion_rounds: int = 5
    sampling: Literal["explicit", "lazy"] = "explicit"

    def __post_init__(self) -> None:
        for name in ("n", "k", "rounds", "completion_rounds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise InputError(f"{name} is {value!r}, expected a whole number, 1 or more.")
        if self.k > self.n:
            raise InputError(f"k is {self.k}, expected at most n ({self.n}).")
        for name in ("p", "beta"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
                raise InputError(f"{name} is {value!r}, expected a number.")
        if not 0 < self.p <= 1:
            raise InputError(f"p is {self.p:g}, expected above 0 and up to 1.")
        if not 0 <= self.beta < np.inf:
            raise InputError(f"beta is {self.beta:g}, expected 0 or more.")
        if self.sampling not in ("explicit", "lazy"):
            nearest = nearest_name(str(self.sampling), ("explicit", "lazy"))
            raise InputError(f"sampling is '{self.sampling}'; {nearest}")


def run(
    program: Program,
    parameters: AssemblyParameters,
    seed: int = 0,
    stimuli: Mapping[str, np.ndarray] | None = None,
    progress: Progress = QUIET,
) -> Results:
    """Run a program on areas of neurons that are connected at random.

    Parameters
    ----------
    program : Program
    parameters : AssemblyParameters
    seed : int
        Draws the graph first, then ties and cues. With explicit sampling, programs that are run
        with the same seed and the same names run on the same graph.
    stimuli : mapping of str to ndarray of int, optional
        For each stimulus its neurons, as indices into one population that carries all stimuli; they
        may share some. By default k each, all different.
    progress : Progress

    Returns
    -------
    Results
        The assembly of an operation is what fires in its last round. Where two assemblies fired
        together, each is read by a single wave from the stimuli through its parents.

    Raises
    ------
    InputError
        If the seed is out of range, or a stimulus of the program has no neurons.
    """
    machine = _Machine(program, parameters, seed, _stimuli(program, parameters, stimuli))
    observations = []
    with progress.task("assembly calculus"):
        for number, operation in enumerate(program.operations, start=1):
            observations.append(
                [seen for each in operation.instructions for seen in machine.obey(each)]
            )
            progress.fraction(number / len(program.operations))
    return Results.of("abstract", program, observations)


def _stimuli(
    program: Program, parameters: AssemblyParameters, given: Mapping[str, np.ndarray] | None
) -> dict[str, np.ndarray]:
    if given is None:
        k = parameters.k
        return {
            name: np.arange(number * k, (number + 1) * k)
            for number, name in enumerate(program.stimuli)
        }
    for name in given:
        if name not in program.stimuli:
            raise InputError(
                f"The program has no stimulus '{name}'; {nearest_name(name, program.stimuli)}"
            )
    checked = {}
    for name in program.stimuli:
        neurons = np.unique(np.asarray(given.get(name, ())))
        if not len(neurons) or neurons.dtype.kind not in "iu" or neurons[0] < 0:
            raise InputError(
                f"The stimulus '{name}' has the neurons {neurons.tolist()}, "
                "expected one index or more, from 0."
            )
        checked[name] = neurons
    return checked


class _Machine:
    """A network and what is known of the assemblies in it."""

    def __init__(
        self,
        program: Program,
        parameters: AssemblyParameters,
        seed: int,
        stimuli: Mapping[str, np.ndarray],
    ) -> None:
        self._areas = {name: each.area for name, each in program.assemblies.items()}
        self._parameters = parameters
        self._stimuli = stimuli
        self._members: dict[str, np.ndarray] = {}
        self._generator = np.random.default_rng(derived_seed(seed, "cues"))
        n_inputs = 1 + max((int(each.max()) for each in stimuli.values()), default=-1)
        graph = (parameters.n, parameters.k, parameters.p, parameters.beta, {INPUT: n_inputs}, seed)
        self._network: ExplicitNetwork | LazyNetwork
        if parameters.sampling == "explicit":
            self._network = ExplicitNetwork(*graph)
        else:
            self._network = LazyNetwork(*graph)

    def obey(self, instruction: Instruction) -> list[Observation]:
        """Carry out an instruction and return what is seen."""
        match instruction:
            case Learning():
                seen = self._learn(instruction)
            case Reading():
                seen = self._read(instruction)
            case Completion():
                seen = self._complete(instruction)
        self._members |= {
            each.assembly: each.neurons.members for each in seen if each.assembly is not None
        }
        return seen

    def _learn(self, learning: Learning) -> list[Observation]:
        active: dict[str, list[np.ndarray]] = {}
        for name in learning.firing:
            active.setdefault(self._areas[name], []).append(self._members[name])
        firing = {area: np.unique(np.concatenate(sets)) for area, sets in active.items()}
        rounds: dict[str, list[np.ndarray]] = {area: [] for area in learning.forms}
        for _ in range(learning.rounds or self._parameters.rounds):
            firing = self._network.fire(self._inputs(learning.fibres, firing), learning=True)
            for area, fired in rounds.items():
                fired.append(firing[area])
        return [
            Observation(self._set(area, fired[-1]), learning.forms[area], tuple(fired))
            for area, fired in rounds.items()
        ]

    def _read(self, reading: Reading) -> list[Observation]:
        network = self._network.fork()
        firing: dict[str, np.ndarray] = {}
        last: dict[str, np.ndarray] = {}
        for wave in reading.waves:
            heard = [fibre for fibre in wave if fibre.target not in reading.silent]
            firing = network.fire(self._inputs(heard, firing), learning=False)
            last |= firing
        nothing = np.empty(0, dtype=np.int64)
        return [
            Observation(self._set(area, last.get(area, nothing)), reading.shows)
            for area in reading.areas
        ]

    def _complete(self, completion: Completion) -> list[Observation]:
        area = self._areas[completion.assembly]
        members = self._members[completion.assembly]
        n_given = min(max(int(completion.share * len(members)), 1), len(members))
        given = self._generator.choice(members, n_given, replace=False)
        network, firing, rounds = self._network.fork(), {area: given}, []
        for _ in range(completion.rounds or self._parameters.completion_rounds):
            inputs = self._inputs([Fibre(area, area)], firing)
            # Learning goes on, as in the authors' programs, in a copy that is then left.
            firing = network.fire(inputs, learning=True)
            rounds.append(firing[area])
        return [
            Observation(
                self._set(area, firing[area]), None, tuple(rounds), given=self._set(area, given)
            )
        ]

    def _inputs(
        self, fibres: Sequence[Fibre], firing: Mapping[str, np.ndarray]
    ) -> dict[str, list[Firing]]:
        """Return what reaches each area through these fibres."""
        inputs: dict[str, list[Firing]] = {}
        stimuli: dict[str, list[np.ndarray]] = {}
        for source, target in fibres:
            reaching = inputs.setdefault(target, [])
            if source in self._stimuli:
                stimuli.setdefault(target, []).append(self._stimuli[source])
            elif source in firing:
                reaching.append((source, firing[source]))
        for target, sets in stimuli.items():
            inputs[target].append((INPUT, np.unique(np.concatenate(sets))))
        return inputs

    def _set(self, area: str, members: np.ndarray) -> NeuronSet:
        return NeuronSet(area, self._parameters.n, members)
