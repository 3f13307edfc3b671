"""Three memories side by side: activity, fast weights, slow weights.

Ba, Hinton, Mnih, Leibo & Ionescu 2016, "Using fast weights to attend to the recent past",
arXiv:1610.06258, section 1: the hidden activity of a network holds the current sequence, and its
capacity grows as the number of units H; slow weights hold what many sequences have in common; fast
weights, whose capacity grows as H^2, change faster than those and more slowly than activities.

The same strings, which bind digits to letters (c9k8j3f1), are shown at the same times to memories
of the same number of cells of the same kind, of which nothing is trained:

- activity: one population with random synapses that never change (models/activity_random.toml, its
  gain calibrated for the longest memory);
- fast weights: the associative memory of this sheet, and once more with a time constant of 60 s;
- slow weights: the same with a time constant of an hour, and a learning rate so small that the same
  strings have to be shown several times.

After a delay a letter asks. One kind of read-out serves all: the best linear one of the spikes
during the query, tested on strings that it was not fitted to. What is recovered of a string is
counted in bits: 3.3 for each item, that is each digit, if it is always right. Synapses are read for
the digit of the letter that asks. Activity is shown that letter too, but read for the digit of each
place of the string, so that it need not bind anything, by read-outs that are fitted to eight times
as many strings; both favour it. Its waiting is simulated; weights that wait decay by their exact
law, which associative_retrieval compares with a simulation.

Random activity is not all that activity can do: attractors keep few items for long (protocol
working_memory), and training helps. Nor are orthogonal keys a test of capacity: 26 items are all
letters there are (associative_retrieval has random keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.memory_comparison import (
    DELAYS,
    EXPOSURES,
    PAIRS,
    examine_delays_and_exposures,
    examine_items,
    examine_without_learning,
    examine_without_recurrence,
)
from neurosim.fast_weights.three_memories import ACTIVITY, MEMORIES, ThreeMemories
from neurosim.parameters import parameter
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "associative_memory", "ba2016"
CONDITIONS = {
    "main": "strings of eight pairs, by delay and by number of exposures",
    "items": "strings of one to 26 pairs",
    "without_learning": "Hebbian term of fast and slow weights off",
    "without_recurrence": "synapses of the activity's population off",
}
QUICK = {"n_strings": 8}


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    n_strings: int = parameter(low=4, high=10_000, default=64)


NONE = ("no published value", "plausibility")
ORDER = ("Ba et al. 2016, section 1: their order", "published")
CAPACITY = ("Ba et al. 2016, section 1: H^2 against H", "published")
NOTHING = Target("a chance share of the digits", "nothing is stored", "control", "bit", high=1)
BY_DELAY = {
    f"{name}_bits_at_{delay:g}_s": "of a string of eight pairs"
    for name in MEMORIES
    for delay in DELAYS[name]
}
BY_EXPOSURE = {
    f"{name}_bits_after_{number}_exposures": "of the same strings, soon"
    for name, numbers in EXPOSURES.items()
    for number in numbers
}
BY_LENGTH = {
    f"{name}_bits_of_{n_pairs}_pairs": "of a whole string, soon"
    for name, numbers in PAIRS.items()
    for n_pairs in numbers
}
LIVES = {f"{name}_half_life": "until half of the bits are left" for name in MEMORIES}
TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": reported(*NONE, "bit", **BY_DELAY | BY_EXPOSURE)
    | reported(*NONE, "s", **LIVES)
    | {
        "fast_exposures": Target("until .9 are right", "one glance", "plausibility", high=1),
        "slow_exposures": Target("until .9 are right", "learning rate", "calibrated", low=2),
        "fast_over_activity_life": Target("ratio of their half-lives", *ORDER, low=1),
        "slow_over_fast_life": Target("ratio of their half-lives", *ORDER, low=1),
    },
    "items": reported(*NONE, "bit", **BY_LENGTH)
    | {"fast_over_activity_bits": Target("of 26 pairs, ratio", *CAPACITY, low=1)},
    "without_learning": {"fast_bits": NOTHING, "slow_bits": NOTHING},
    "without_recurrence": {f"bits_at_{delay:g}_s": NOTHING for delay in DELAYS[ACTIVITY][:2]},
}
EXPERIMENTS = {
    "main": examine_delays_and_exposures,
    "items": examine_items,
    "without_learning": examine_without_learning,
    "without_recurrence": examine_without_recurrence,
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets by condition and name; they are the same with all options."""
    return TARGETS


def run_condition(condition: str, session: Session, options: Options) -> Measured:
    """Simulate a condition; return its recording and what was measured."""
    return EXPERIMENTS[condition](ThreeMemories(session, options.n_strings))
