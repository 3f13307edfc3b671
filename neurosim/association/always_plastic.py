"""Plasticity that is never switched off: what a link and its assemblies are worth later on.

The experiment of Ison et al. 2015 switches plasticity off in tests and in silence. A brain does
not. Here all synapses keep the rate of learning in every test and pause after the imprint, and the
experiment goes on: more tests of every picture, a rest, and a last round of tests ("late").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from neurosim import statistics as st
from neurosim.association import paired_associates as pa
from neurosim.association.assemblies import find_assemblies, pair_overlaps
from neurosim.association.pair_coding import AFTER, BEFORE, pair_coding, responders
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.errors import InputError
from neurosim.parameters import parameter
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Segment, Session
from neurosim.timeline import Timeline

RETEST, LATE = "retest", "late"
GOAL = "goal of ours"
LATER = {
    **reported(GOAL, "calibrated", late_pair_coding_p_to_np="after more tests and a rest"),
    **reported(GOAL, "calibrated", late_pair_coding_np_to_p="after more tests and a rest"),
    "drift": Target("largest change of these two", GOAL, "calibrated", high=0.05),
    "late_kept": Target("still fire to their picture", GOAL, "calibrated", low=0.95),
    "late_na_units": Target("P units, of NA", GOAL, "calibrated", high=0.02),
    "late_jaccard": Target("assemblies, after and late", GOAL, "calibrated", low=0.90),
    **reported("De Falco 2016: .04", "unverified", late_pair_overlap="P and NP, at 10 Hz"),
    "late_unassociated_overlap": Target("others, at 10 Hz", GOAL, "calibrated", high=0.10),
    **reported(GOAL, "calibrated", late_assembly_size="share of the area"),
}


@dataclass(frozen=True)
class AlwaysPlastic(pa.PairedAssociates):
    """Options of an experiment in which plasticity may stay on."""

    always_plastic: bool = parameter(default=False)  # in tests and pauses, at the learning rate
    retests: int = parameter(low=1, high=1000, default=24)  # of each picture; ours: 120 of five
    rest: float = parameter("s", low=0, high=600, default=120.0)  # ours: far longer than the trials

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("retests", "rest"):
            if not self.always_plastic and getattr(self, name) != getattr(AlwaysPlastic, name):
                raise InputError(f"protocol.{name} means nothing unless plasticity stays on.")

    @property
    def later(self) -> dict[str, Target]:
        """The targets of what follows if plasticity stays on."""
        return LATER if self.always_plastic else {}

    def rates_of(
        self, projections: Iterable[str] = pa.PROJECTIONS
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return the learning rates while learning, and in tests, of what is plastic at all."""
        rates = dict.fromkeys(projections, self.learning_rate)
        return rates, (rates if self.always_plastic else {})


def go_on(
    stimuli: PairedStimuli,
    session: Session,
    options: AlwaysPlastic,
    past: Segment,
    values: dict[str, float],
) -> tuple[Recording, dict[str, float]]:
    """Test every picture many times, rest, and test again, all of it plastic, if it stays so.

    Parameters
    ----------
    stimuli : PairedStimuli
    session : Session
    options : AlwaysPlastic
        Nothing follows if their `always_plastic` is false.
    past : Segment
        Ends with the tests in the phase ``after``.
    values : dict of str to float
        What was measured on it.

    Returns
    -------
    recording : Recording
        The past and what followed.
    values : dict of str to float
        Those that were passed, and those of `describe_later`.
    """
    if not options.always_plastic:
        return past.recording, values
    order, names = session.generator("order later"), stimuli.singles
    _, rates = options.rates_of()
    *tests, last = pa.tests(stimuli, names, options.retests, RETEST, order, rates)
    tests.append(replace(last, gap=last.gap + options.rest))
    tests += pa.tests(stimuli, names, options.test_trials, LATE, order, rates)
    segment = session.run(Timeline.of(tests), stimuli.patterns, past.state)
    recording = past.followed_by(segment).recording
    return recording, values | describe_later(recording, stimuli)


def describe_later(recording: Recording, stimuli: PairedStimuli) -> dict[str, float]:
    """Compare the tests in the phase ``late`` with those in ``before`` and ``after``.

    Returns
    -------
    dict of str to float
        The quantities of `LATER`: ``late_pair_coding_p_to_np`` and ``late_pair_coding_np_to_p``;
        ``drift`` (the larger of their changes since the tests after learning); ``late_kept``
        (units that still respond to their own stimulus, the smallest share); ``late_na_units``
        (share of the units that came to respond to a stimulus that is not associated, the
        largest); ``late_jaccard`` (of each assembly after learning and late, mean);
        ``late_pair_overlap`` and ``late_unassociated_overlap`` (means); ``late_assembly_size``.
    """
    singles, directions = stimuli.singles, stimuli.directions

    def later(of: Recording, stimulus: str, phase: str) -> np.ndarray:
        return responders(of, stimulus, LATE if phase == AFTER else phase)

    ways = {"p_to_np": directions[::2], "np_to_p": directions[1::2]}
    late = {way: pair_coding(recording, pairs, later) for way, pairs in ways.items()}
    drifts = [abs(late[way] - pair_coding(recording, pairs)) for way, pairs in ways.items()]
    kept = [
        st.kept_fraction(responders(recording, own, BEFORE), responders(recording, own, LATE))
        for own, _ in directions
    ]
    strangers = [
        pair_coding(recording, [(own, other)], later)
        for own, partner in directions
        for other in singles
        if other not in (own, partner)
    ]
    after, now = (find_assemblies(recording, singles, phase) for phase in (AFTER, LATE))
    paired = [(pair.p, pair.partner) for pair in stimuli.pairs]
    return {
        **{f"late_pair_coding_{way}": share for way, share in late.items()},
        "drift": float(np.max(drifts)),
        "late_kept": float(np.min(kept)),
        "late_na_units": float(np.max(strangers)),
        "late_jaccard": float(np.mean([st.jaccard(after[name], now[name]) for name in singles])),
        "late_pair_overlap": float(np.mean([st.overlap(now[p], now[q]) for p, q in paired])),
        "late_unassociated_overlap": float(np.mean(pair_overlaps(now, singles, without=paired))),
        "late_assembly_size": float(np.mean([cells.mean() for cells in now.values()])),
    }
