"""What does a sparse code gain? Odours as keys of fast weights, in the fly's hash and without it.

The fly turns an odour into the firing of 5 % of its Kenyon cells (Dasgupta, Stevens & Navlakha
2017, Science 358:793); sparse keys are known to suit Hebbian matrices (Willshaw, Buneman &
Longuet-Higgins 1969, Nature 222:960; Tsodyks & Feigelman 1988, Europhys Lett 6:101; both
second-hand). Here tags from the spiking hash (models/dasgupta2017.toml) are the keys of the spiking
associative memory of fast weights (Ba et al. 2016, arXiv:1610.06258), whose values are ten digits.
Beside them stand

- dense tags: the same odours and claws, APL and synapses calibrated so that half of the cells fire;
- rates: the spikes of the 50 projection neurons themselves, graded, each copied to many cells; a
  cell fires half as much on average as one that a binary key drives.

An odour is presented twice: one trial makes the key that is stored, the other the key that asks. At
equal cells all codes have as many key cells. At equal synapses dense tags and rates have 50 key
cells, and as many times more value cells; the claws of the hash are not counted. At equal spikes
they have as many key cells, driven so weakly that all together fire as often as those of the sparse
code. The learning rate is such that the drive of a key that returns unchanged is always the same;
memories differ in what other keys add. Nothing is overwritten, for no key is bound twice, and
hardly anything decays.

The exact Hebbian matrix has the keys' expected spikes and one read-out noise, fitted to orthogonal
keys as in associative_retrieval. It is also given keys with their mean taken off, which cells that
only excite cannot have: what dense codes would store if it were not for what they share. What they
share adds to a digit as often as it was bound, so one condition binds every digit once.

All 2000 Kenyon cells: neurosim run sparse_storage --set key_cells.n=2000
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.odour_keys import CODES, DENSE, RATES
from neurosim.fast_weights.sparse_storage import CASES, SparseStorage
from neurosim.fast_weights.spiking_associative_memory import AssociativeMemory
from neurosim.fast_weights.storage_comparison import (
    CENTRED,
    CORRELATIONS,
    PAIRS,
    examine_distinct_digits,
    examine_numbers,
    examine_similarity,
    examine_without_learning,
)
from neurosim.parameters import parameter
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "associative_memory", "ba2016"
CONDITIONS = {
    "main": "2 to 20 pairs whose keys are odours that do not correlate",
    "similarity": "ten pairs whose keys are odours of correlation 0 to .9",
    "distinct_digits": "ten pairs, each digit bound once",
    "without_learning": "Hebbian term off",
}
QUICK = {"n_strings": 4}


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    n_strings: int = parameter(low=1, high=1000, default=32)


NONE = ("no published value", "plausibility")
EXACT = ("the exact matrix, same keys", "control")
# The goals of associative_retrieval for random keys, which were set before anything was measured.
AGREES = Target(
    "circuit - matrix", "goal of ours", "plausibility",
    low=-0.12, high=0.12, mean_low=-0.05, mean_high=0.05,
)  # fmt: skip
# One of ten; .25 is four standard errors above it for 64 answers.
AT_CHANCE = Target("share of the answers", "chance is .1", "control", low=0, high=0.25)
AS_MANY = Target("key spikes, code / sparse", "equal by construction", "control", low=0.9, high=1.1)


def retrieval(points: list[str]) -> dict[str, Target]:
    """Return the targets of what `compared` returns for each point."""
    return (
        reported(*NONE, **{f"retrieved_{point}": "share of the answers" for point in points})
        | reported(*EXACT, **{f"matrix_{point}": "share of the answers" for point in points})
        | {f"difference_{point}": AGREES for point in points}
    )


TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": retrieval([f"{case}_{n}_pairs" for case in CASES for n in PAIRS])
    | reported(
        *EXACT, **{f"centred_{case}_{n}_pairs": "mean key off" for case in CENTRED for n in PAIRS}
    )
    | reported(*NONE, **{f"key_spikes_{case}": "while a key is shown" for case in CASES})
    | {f"spike_ratio_{code}": AS_MANY for code in (DENSE, RATES)}
    | reported(*NONE, **{f"trials_{code}": "cosine of one odour's two keys" for code in CODES})
    | reported(*NONE, **{f"others_{code}": "cosine of two odours' keys" for code in CODES})
    | reported(*NONE, noise="of the matrix, in key cells"),
    "similarity": retrieval([f"{case}_at_{r:g}" for case in CASES for r in CORRELATIONS])
    | reported(
        *EXACT,
        **{f"centred_{case}_at_{r:g}": "mean key off" for case in CENTRED for r in CORRELATIONS},
    ),
    "distinct_digits": retrieval(list(CASES)),
    "without_learning": {f"retrieved_{case}": AT_CHANCE for case in CASES},
}
EXPERIMENTS = {
    "main": examine_numbers,
    "similarity": examine_similarity,
    "distinct_digits": examine_distinct_digits,
    "without_learning": examine_without_learning,
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets by condition and name; they are the same with all options."""
    return TARGETS


def run_condition(condition: str, session: Session, options: Options) -> Measured:
    """Simulate a condition; return its recording and what was measured."""
    study = SparseStorage(AssociativeMemory.of(session), options.n_strings)
    return EXPERIMENTS[condition](study)
