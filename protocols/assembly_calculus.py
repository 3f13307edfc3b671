"""A program of the assembly calculus on two machines: random graphs, and spiking areas.

Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, "Brain computation by assemblies of
neurons", PNAS 117:14464-14472. Assemblies are projected from stimuli to areas and from area to
area, to and fro, merged, associated and completed. The paper defines these operations on random
graphs of which the k neurons with the largest input fire. Here the same program, plain data
(`neurosim.assembly_calculus.examination.PROGRAM`), also runs on areas of conductance-based neurons
under triplet STDP, joined by fibres that are opened and closed. The paper asks nothing of spiking
neurons: their ranges are goals of this project. What the authors' code gives stands beside the
random graphs.

An assembly is what fires at 10 Hz or more in at least half of the test trials, in which it is
evoked by what formed it and nothing learns. A recall from one parent of a merged assembly to the
other reads the other's area while only the first one's stimulus is shown. To read an area back from
the one that it projected to, what answered there is stimulated directly, without the stimulus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurosim.assembly_calculus import examination as ex
from neurosim.assembly_calculus.examination import (
    BETAS,
    CUES,
    JOINT_ROUNDS,
    N_READINGS,
    SHARES,
    SUPPORT_ROUNDS,
    SUPPORT_TRIALS,
    Machines,
    percent,
)
from neurosim.parameters import parameter
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "areas", "papadimitriou2020"
CONDITIONS = {
    "main": "the program on both machines",
    "association": "two assemblies evoked together",
    "completion": "parts of assemblies stimulated directly",
    "shared_inputs": "pairs of stimuli that share input",
    "without_learning": "the program while nothing learns",
}
QUICK = {"trials": 0.25, "n_graphs": 1}


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment; trials are a multiple of the sheet's."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    trials: float = parameter(low=0, high=100, exclusive=True, default=1.0)
    n_graphs: int = parameter(low=1, high=100, default=3)


GOAL = ("goal of ours", "plausibility")
CONTROL = ("must be near nothing", "control")
AUTHORS = ("the authors' code", "published")
SMALL = ("random graphs, n 5000, k 70, p .05, beta .1", "plausibility")
LARGE = ("random graphs, n 1e5, k 317, p .01, beta .05", "plausibility")
RECALLS = {
    "merge_recall": "of the other parent, the lesser of two",
    "merge_wrong": "of a wrong assembly, the largest",
    "reciprocal_there": "of the partner, forth",
    "reciprocal_back": "of the partner, back",
    "reciprocal_wrong_there": "of a wrong assembly, forth, the largest",
    "reciprocal_wrong_back": "of a wrong assembly, back, the largest",
    "completion": "of the rest, from two fifths",
}
# Measured with the authors' published code.
SUPPORT = {0.1: 2.42, 0.05: 3.68, 0.03: 5.06, 0.01: 7.96}
COMPLETED = {0.2: 0.27, 0.3: 0.56, 0.5: 0.49, 0.8: 0.58}
ASSOCIATED = {10: 0.14, 15: 0.27, 20: 0.45}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets by condition and name."""
    return {
        "main": {
            "smallest_size": Target("of four projections", *GOAL, low=0.08),
            "largest_size": Target("of four projections", *GOAL, high=0.14),
            "trial_jaccard": Target("of test trials, the least", *GOAL, low=0.9),
            "overlap_of_unlike": Target("of two assemblies of an area", *GOAL, high=0.05),
            "area_size": Target("projected from another area", *GOAL, low=0.08, high=0.14),
            "area_trial_jaccard": Target("of test trials", *GOAL, low=0.9),
            "reciprocal_size": Target("projected to and fro", *GOAL, low=0.08, high=0.14),
            "merge_size": Target("of the merged assembly", *GOAL, low=0.08, high=0.16),
            "merge_recall": Target(RECALLS["merge_recall"], *GOAL, low=0.75),
            "merge_wrong": Target(RECALLS["merge_wrong"], *GOAL, high=0.05),
            "reciprocal_there": Target(RECALLS["reciprocal_there"], *GOAL, low=0.75),
            "reciprocal_back": Target(RECALLS["reciprocal_back"], *GOAL, low=0.75),
            "reciprocal_wrong_there": Target(RECALLS["reciprocal_wrong_there"], *GOAL, high=0.05),
            "reciprocal_wrong_back": Target(RECALLS["reciprocal_wrong_back"], *GOAL, high=0.05),
            "completion": Target(RECALLS["completion"], *GOAL, low=0.6),
            "naive_completion": Target("the same cells, nothing learnt", *CONTROL, high=0.02),
        }
        | reported(*GOAL, **{f"support_after_{n}_trials": "/ size" for n in SUPPORT_TRIALS})
        | reported(*SMALL, **{f"abstract_{name}": text for name, text in RECALLS.items()})
        | {
            f"abstract_support_at_{percent(beta)}_after_{n}_rounds": Target(
                f"/ k, in the end {SUPPORT[beta]}", *AUTHORS
            )
            for beta in BETAS
            for n in SUPPORT_ROUNDS
        },
        "association": {
            "overlap_before": Target("of the two assemblies", *GOAL, high=0.02),
            "least_step": Target("of the overlap between readings", *GOAL, low=0.0),
            "overlap_after_all": Target("the calculus: .08-.1", *GOAL, low=0.08),
        }
        | reported(*GOAL, size_after_all="of one of them")
        | reported(*GOAL, **{f"overlap_at_reading_{k}": "of the two" for k in range(N_READINGS)})
        | {
            f"abstract_overlap_after_{n}_rounds": Target(
                f"published {ASSOCIATED.get(n, 'none')}", *AUTHORS
            )
            for n in JOINT_ROUNDS
        },
        "completion": {
            f"recovery_from_{percent(cue)}": Target(
                "of the rest", *GOAL, low=0.6 if cue == 0.4 else None
            )
            for cue in CUES
        }
        | {
            f"abstract_recovery_from_{percent(cue)}": Target(
                f"as overlap, published {COMPLETED.get(cue, 'none')}", *AUTHORS
            )
            for cue in CUES
        },
        "shared_inputs": reported(
            *GOAL,
            **{f"overlap_at_{percent(share)}": "of the assemblies" for share in SHARES},
            distinct_up_to="largest share up to which they overlap by .1 at most",
        )
        | reported(
            *LARGE,
            **{f"abstract_overlap_at_{percent(share)}": "of the assemblies" for share in SHARES},
            abstract_distinct_up_to="likewise",
        ),
        "without_learning": {
            name: Target(RECALLS[name], *CONTROL, high=0.05) for name in ex.RECALLED
        }
        | reported(*CONTROL, **{name: RECALLS[name] for name in ex.BY_MISTAKE}),
    }


EXPERIMENTS = {
    "main": ex.examine_program,
    "association": ex.examine_association,
    "completion": ex.examine_completion,
    "shared_inputs": ex.examine_shared_inputs,
    "without_learning": ex.examine_without_learning,
}


def run_condition(condition: str, session: Session, options: Options) -> ex.Measured:
    """Simulate a condition; return its recording and what was measured."""
    machines = Machines.of(session, options.trials, options.n_graphs)
    return EXPERIMENTS[condition](machines)
