"""What is measured of programs on both machines, operation by operation.

Shares are of an assembly's cells; overlaps are those of
`neurosim.assembly_calculus.set_operations`. What the abstract machine gives has the same name with
``abstract_`` in front, and is a mean over graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim import statistics as st
from neurosim.abstract import assembly_calculus as abstract
from neurosim.abstract.assembly_calculus import AssemblyParameters
from neurosim.assembly_calculus.plain_data import from_list
from neurosim.assembly_calculus.program import Program
from neurosim.assembly_calculus.results import Outcome, Results
from neurosim.assembly_calculus.set_operations import NeuronSet, overlap
from neurosim.assembly_calculus.spiking_machine import SpikingMachine
from neurosim.parameters.areas import AreasParameters
from neurosim.recording import Recording
from neurosim.session import Session
from neurosim.simulation.job import derived_seed

Values = dict[str, float]
Measured = tuple[Recording, Values]

AREAS, STIMULI = ("A", "B", "C"), ("S", "T", "U", "V")
# Three areas, ten operations; behind them, further ones that only look.
PROGRAM: Sequence[Mapping[str, object]] = (
    {"operation": "project", "source": "S", "target": "A", "assembly": "person"},
    {"operation": "project", "source": "U", "target": "A", "assembly": "stranger"},
    {"operation": "project", "source": "T", "target": "B", "assembly": "place"},
    {"operation": "project", "source": "V", "target": "B", "assembly": "elsewhere"},
    {
        "operation": "reciprocal_project",
        "source": "stranger",
        "target": "C",
        "assembly": "name",
    },
    {"operation": "project", "source": "elsewhere", "target": "C", "assembly": "sign"},
    {
        "operation": "merge",
        "first": "person",
        "second": "place",
        "target": "C",
        "assembly": "scene",
    },
    {"operation": "recall", "source": "S", "path": ["A", "C", "B"]},
    {"operation": "recall", "source": "T", "path": ["B", "C", "A"]},
    {"operation": "recall", "source": "U", "path": ["A", "C", "A"]},
    {"operation": "recall", "source": "U", "path": ["A", "C"]},
    {"operation": "recall", "source": "V", "path": ["B", "C"]},
    {"operation": "pattern_complete", "assembly": "person", "share": 0.4},
    {"operation": "pattern_complete", "assembly": "place", "share": 0.4},
)
FORMED = ("person", "stranger", "place", "elsewhere")
TO_PLACE, TO_PERSON, BACK, TO_NAME, TO_SIGN, COMPLETIONS = 7, 8, 9, 10, 11, slice(12, 14)

# Parameters of the abstract machine: as published, and for small areas, where 30 rounds would
# collapse all stimuli onto one assembly. Measured: these converge and keep assemblies apart.
PUBLISHED = AssemblyParameters()
SMALL = AssemblyParameters(n=5000, k=70, p=0.05, beta=0.1, rounds=15)

BETAS = (0.1, 0.05, 0.03, 0.01)
SUPPORT_ROUNDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
SUPPORT_TRIALS = (1, 2, 3, 5, 8, 12, 16, 24)
JOINT_ROUNDS = (0, 5, 10, 15, 20)
# What must be nothing without learning, and what tells whether an answer is specific.
RECALLED = ("merge_recall", "reciprocal_back", "completion")
BY_MISTAKE = ("merge_wrong", "reciprocal_wrong_back")
N_READINGS = 6  # of two assemblies: before they are associated, and after parts of the trials
CUES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
SHARES = (0.05, 0.1, 0.2, 0.3)
DISTINCT = 0.1  # ours: overlap of independent sets of a tenth of the cells


@dataclass(frozen=True)
class Machines:
    """Both machines, of one seed.

    Parameters
    ----------
    session : Session
        Of the circuit ``areas``.
    parameters : AreasParameters
        May differ from the session's in the numbers of trials.
    n_graphs : int
        Graphs of the abstract machine, whose results are averaged.
    """

    session: Session
    parameters: AreasParameters
    n_graphs: int

    @classmethod
    def of(cls, session: Session, trials: float, n_graphs: int) -> Machines:
        """Return the machines with a multiple of the sheet's numbers of trials, one at least.

        Parameters
        ----------
        session : Session
        trials : float
        n_graphs : int
        """
        parameters: AreasParameters = session.parameters
        numbers = {
            f"trials__{name}": max(1, round(trials * getattr(parameters.trials, name)))
            for name in ("imprint", "project", "associate")
        }
        return cls(session, parameters.changed(**numbers), n_graphs)

    def spiking(
        self,
        program: Program,
        stimuli: Mapping[str, np.ndarray] | None = None,
        learning: bool = True,
    ) -> tuple[SpikingMachine, Results]:
        """Run a program on spiking areas."""
        machine = SpikingMachine(self.session, program, stimuli, learning, self.parameters)
        return machine, machine.run()

    def abstract(
        self,
        program: Program,
        parameters: AssemblyParameters,
        measure: Callable[[Results], Values],
        stimuli: Mapping[str, np.ndarray] | None = None,
    ) -> Values:
        """Run a program on random graphs; return the mean of what is measured."""
        seeds = [derived_seed(self.session.seed, f"graph {k}") for k in range(self.n_graphs)]
        each = [measure(abstract.run(program, parameters, seed, stimuli)) for seed in seeds]
        return {
            f"abstract_{name}": float(np.mean([values[name] for values in each]))
            for name in each[0]
        }


def examine_program(machines: Machines) -> Measured:
    """Run the program; measure sizes, stability, recall and completion.

    Returns
    -------
    recording : Recording
        Of all areas.
    values : dict of str to float
    """
    program = published_program()
    machine, results = machines.spiking(program)
    values = program_values(results) | sizes_and_stability(results)
    given = [result.outcomes[0].given for result in results.operations[COMPLETIONS]]
    values["naive_completion"] = float(
        np.mean(
            [
                recovered(
                    results.assemblies[name], machine.stimulate(cells, naive=True).neurons, cells
                )
                for name, cells in zip(("person", "place"), given, strict=True)
                if cells is not None
            ]
        )
    )
    first = results.operations[0].outcomes[0]
    # Fewer where there are fewer trials.
    values |= {
        f"support_after_{trial}_trials": first.support[min(trial, len(first.support)) - 1]
        / max(first.size, 1)
        for trial in SUPPORT_TRIALS
    }
    values |= machines.abstract(program, SMALL, program_values)
    one = Program(["A"], ["S"])
    one.project("S", "A", rounds=SUPPORT_ROUNDS[-1])
    for beta in BETAS:
        parameters = AssemblyParameters(beta=beta)
        values |= machines.abstract(
            one,
            parameters,
            lambda found, beta=beta: support_values(found, beta),  # type: ignore[misc]
        )
    return machine.recording, values


def examine_without_learning(machines: Machines) -> Measured:
    """Run the program while nothing learns: it must recall nothing."""
    program = published_program()
    machine, results = machines.spiking(program, learning=False)
    found = program_values(results)
    return machine.recording, {name: found[name] for name in (*RECALLED, *BY_MISTAKE)}


def examine_association(machines: Machines) -> Measured:
    """Evoke two assemblies together, trial by trial, and see what they share."""
    steps = association_steps(machines.parameters.trials.associate)
    program = Program(["A"], ["S", "T"])
    pair = (program.project("S", "A"), program.project("T", "A"))
    program.recall("S", "A")
    program.recall("T", "A")
    for number in np.diff([0, *steps]):
        program.associate(*pair, rounds=int(number))
    machine, results = machines.spiking(program)
    shared = shared_by_pair(results, pair)
    values = {f"overlap_at_reading_{number}": each for number, each in enumerate(shared)}
    values |= {
        "overlap_before": shared[0],
        "overlap_after_all": shared[-1],
        "least_step": float(np.diff(shared).min()),
        "size_after_all": results.operations[-1][pair[0]].neurons.share,
    }
    parents = Program(["A", "B", "C"], ["S", "T"])
    first, second = parents.project("S", "A"), parents.project("T", "B")
    joined = (parents.project(first, "C"), parents.project(second, "C"))
    parents.recall("S", "A", "C")
    parents.recall("T", "B", "C")
    for number in np.diff(JOINT_ROUNDS):
        parents.associate(*joined, rounds=int(number))

    def measure(found: Results) -> Values:
        shared = shared_by_pair(found, joined)
        return {f"overlap_after_{n}_rounds": s for n, s in zip(JOINT_ROUNDS, shared, strict=True)}

    return machine.recording, values | machines.abstract(parents, PUBLISHED, measure)


def examine_completion(machines: Machines) -> Measured:
    """Fire parts of assemblies of different sizes, and see how much of the rest comes back."""
    program = Program(["A"], ["S", "T"])
    pair = (program.project("S", "A"), program.project("T", "A"))
    for cue in CUES:
        for name in pair:
            program.pattern_complete(name, share=cue)
    machine, results = machines.spiking(program)
    values = completion_values(results, pair)
    one = Program(["A"], ["S"])
    name = one.project("S", "A", rounds=25)
    for cue in CUES:
        one.pattern_complete(name, share=cue)
    return machine.recording, values | machines.abstract(
        one, PUBLISHED, lambda found: completion_values(found, (name,))
    )


def examine_shared_inputs(machines: Machines) -> Measured:
    """Project pairs of stimuli that share some of their input; see what their assemblies share."""
    names = [f"{kind} {percent(share)}" for share in SHARES for kind in ("first", "second")]
    program = Program(["A"], names)
    for name in names:
        program.project(name, "A", assembly=f"of {name}")
    units = machines.parameters.input
    order = machines.session.generator("shared inputs").permutation(units.n)
    patterns = sharing_stimuli(names, units.n_active, order)
    spiking = {name: np.isin(np.arange(units.n), chosen) for name, chosen in patterns.items()}
    machine, results = machines.spiking(program, spiking)
    values = sharing_values(results)
    # On random graphs, neurons of one population that carries all stimuli.
    n_inputs = 2 * len(SHARES) * PUBLISHED.k
    chosen = sharing_stimuli(names, PUBLISHED.k, np.arange(n_inputs))
    return machine.recording, values | machines.abstract(program, PUBLISHED, sharing_values, chosen)


def published_program() -> Program:
    """Return the program that both machines run."""
    return from_list(PROGRAM, areas=AREAS, stimuli=STIMULI)


def program_values(results: Results) -> Values:
    """Measure what the program recalls and completes, on either machine."""
    known, operations = results.assemblies, results.operations

    def answered(number: int, area: str, right: str) -> tuple[float, float]:
        """Return the share of the right assembly, and the largest one of a wrong assembly."""
        fired = operations[number][area].neurons
        wrong = [each for name, each in known.items() if each.area == area and name != right]
        return share_of(known[right], fired), max(share_of(each, fired) for each in wrong)

    to_place, to_person = answered(TO_PLACE, "B", "place"), answered(TO_PERSON, "A", "person")
    back, there = answered(BACK, "A", "stranger"), answered(TO_NAME, "C", "name")
    completed = [result.outcomes[0] for result in operations[COMPLETIONS]]
    return {
        "merge_recall": min(to_place[0], to_person[0]),
        "merge_wrong": max(to_place[1], to_person[1]),
        "reciprocal_there": there[0],
        "reciprocal_back": back[0],
        "reciprocal_wrong_there": there[1],
        "reciprocal_wrong_back": back[1],
        "completion": float(
            np.mean(
                [
                    outcome.recovery(name)
                    for outcome, name in zip(completed, ("person", "place"), strict=True)
                ]
            )
        ),
    }


def sizes_and_stability(results: Results) -> Values:
    """Measure the sizes of assemblies as they were formed, and how alike their trials are."""
    formed = {
        name: outcome.neurons.share
        for result in results.operations[:TO_PLACE]
        for name in [result.outcomes[0].assembly]
        for outcome in [result.outcomes[0]]
        if name is not None
    }
    of_stimuli = [formed[name] for name in FORMED]
    alike = [
        jaccard_of_trials(results.operations[number].outcomes[0])
        for number in (TO_PLACE, TO_NAME, TO_SIGN)
    ]
    return {
        "smallest_size": min(of_stimuli),
        "largest_size": max(of_stimuli),
        "trial_jaccard": min(alike),
        "area_size": formed["sign"],
        "area_trial_jaccard": jaccard_of_trials(results.operations[TO_SIGN]["C"]),
        "reciprocal_size": formed["name"],
        "merge_size": formed["scene"],
        "overlap_of_unlike": max(
            overlap(results.assemblies[one], results.assemblies[other])
            for one, other in (("person", "stranger"), ("place", "elsewhere"))
        ),
    }


def support_values(results: Results, beta: float) -> Values:
    """Return the support of a projection at several rounds, over the size of an assembly."""
    outcome = results.operations[0].outcomes[0]
    return {
        f"support_at_{percent(beta)}_after_{n}_rounds": outcome.support[n - 1] / outcome.size
        for n in SUPPORT_ROUNDS
    }


def completion_values(results: Results, names: Sequence[str]) -> Values:
    """Return the recovery from each cue, mean over assemblies."""
    found = iter(results.operations[len(names) :])
    return {
        f"recovery_from_{percent(cue)}": float(
            np.mean([next(found).outcomes[0].recovery(name) for name in names])
        )
        for cue in CUES
    }


def sharing_values(results: Results) -> Values:
    """Return the overlap of the assemblies of each pair, and what share keeps them apart."""
    known = results.assemblies
    shared = [
        overlap(known[f"of first {percent(share)}"], known[f"of second {percent(share)}"])
        for share in SHARES
    ]
    apart = [share for k, share in enumerate(SHARES) if max(shared[: k + 1]) <= DISTINCT]
    return {
        f"overlap_at_{percent(share)}": each for share, each in zip(SHARES, shared, strict=True)
    } | {"distinct_up_to": apart[-1] if apart else 0.0}


def sharing_stimuli(
    names: Sequence[str], n_active: int, order: np.ndarray
) -> dict[str, np.ndarray]:
    """Return units for pairs of stimuli, one pair for each of `SHARES`; pairs share none.

    Parameters
    ----------
    names : sequence of str
        Two for each share.
    n_active : int
        Units of a stimulus.
    order : ndarray of int
        All units, in the order in which they are given out.
    """
    stimuli, given = {}, 0
    for number, share in enumerate(SHARES):
        common = round(share * n_active)
        stimuli[names[2 * number]] = order[given : given + n_active]
        second = given + n_active - common
        stimuli[names[2 * number + 1]] = order[second : second + n_active]
        given = second + n_active
    return stimuli


def association_steps(every: int) -> tuple[int, ...]:
    """Return after how many joint trials of a number assemblies are read, evenly apart."""
    last = N_READINGS - 1
    return tuple(max(k, round(every * k / last)) for k in range(1, N_READINGS))


def shared_by_pair(results: Results, pair: tuple[str, str]) -> list[float]:
    """Return the overlap of two assemblies: of two recalls, and after each association."""
    recalled = [
        result.outcomes[-1].neurons
        for result in results.operations
        if result.operation.name == "recall"
    ]
    joint = [result for result in results.operations if result.operation.name == "associate"]
    return [
        overlap(recalled[0], recalled[1]),
        *(overlap(each[pair[0]].neurons, each[pair[1]].neurons) for each in joint),
    ]


def jaccard_of_trials(outcome: Outcome) -> float:
    """Return how alike the sets of cells are that fired in the trials of a test."""
    cells = np.arange(outcome.neurons.n_neurons)
    return st.trial_jaccard(np.array([np.isin(cells, fired) for fired in outcome.rounds]))


def share_of(assembly: NeuronSet, fired: NeuronSet) -> float:
    """Return the share of an assembly that fired; 0 if it is empty."""
    common = np.intersect1d(assembly.members, fired.members, assume_unique=True)
    return len(common) / max(assembly.size, 1)


def recovered(assembly: NeuronSet, fired: NeuronSet, given: NeuronSet) -> float:
    """Return the share of an assembly that fired, of its cells that were not given."""
    rest = np.setdiff1d(assembly.members, given.members, assume_unique=True)
    return share_of(NeuronSet(assembly.area, assembly.n_neurons, rest), fired)


def percent(share: float) -> str:
    """Return a share for the name of a quantity: ``40_percent``."""
    return f"{100 * share:g}_percent"
