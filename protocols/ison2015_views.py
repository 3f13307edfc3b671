"""What was learnt on one picture, tested on other views of it.

The units of Ison, Quian Quiroga & Fried 2015 stand for persons and places, not for photographs.
Here the experiment of `ison2015` is imprinted and learnt on one view of each picture and tested on
others: a crop, a shift, and half of the contrast. A view shares inputs with its picture as far as
the encoder, which is retinotopic, lets it; what the area adds to that is completion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.association import paired_associates as pa
from neurosim.association.assemblies import find_assembly
from neurosim.association.completion import recovery
from neurosim.association.pair_coding import pair_coding, responders
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.picture_views import VIEWS
from neurosim.errors import InputError
from neurosim.parameters import parameter
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Session
from neurosim.timeline import Timeline, Trial

CIRCUIT, MODEL = "area", "ison2015"
MODEL_WITH = {("protocol.encoder", pa.SPIKING): pa.HASHED}
CONDITIONS = {"main": "learn on one view of each picture, test on others"}
QUICK = {"imprint_trials": 12, "test_trials": 8, "composite_trials": 3}


@dataclass(frozen=True)
class Options(pa.PairedAssociates):
    """What can be changed about the experiment; trials are per stimulus."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stimuli == "random":
            raise InputError("protocol.stimuli is random, expected pictures: codes have no views.")


ISON = "Ison et al. 2015: 21 of 51 units"
SHARED, RECALLED = "active inputs in common with the picture", "of the picture's assembly"
TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": reported(ISON, "unverified", pair_coding="tested on the pictures themselves")
    | {
        name: target
        for view in VIEWS
        for name, target in (
            reported("chance: n_active/n", "derived", **{f"code_share_{view}": SHARED})
            | reported("chance: size of the assembly", "derived", **{f"recall_{view}": RECALLED})
            | reported(ISON, "unverified", **{f"pair_coding_{view}": "tested on this view of NP"})
        ).items()
    }
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets; there are none but what is reported."""
    return TARGETS


def imprint(stimuli: PairedStimuli, session: Session, options: Options) -> Timeline:
    """Imprint the pictures themselves; then test those of the pairs, and their views."""
    order = session.generator("order")
    trials = pa.imprint(stimuli, options.imprint_trials, order)
    names = shown(stimuli)
    return Timeline.of([*trials, *pa.tests(stimuli, names, options.test_trials, "before", order)])


def learn(stimuli: PairedStimuli, session: Session, options: Options) -> Timeline:
    """Show the composites of the pictures themselves; then test as before."""
    order = session.generator("order while learning")
    rates = dict.fromkeys(pa.PROJECTIONS, options.learning_rate)
    trials: list[Trial] = []
    for _ in range(options.composite_trials):
        trials += pa.learn(stimuli, [pair.composite for pair in stimuli.pairs], options, rates)
    names = shown(stimuli)
    return Timeline.of([*trials, *pa.tests(stimuli, names, options.test_trials, "after", order)])


def shown(stimuli: PairedStimuli) -> list[str]:
    """Return the pictures of the pairs, each followed by its views."""
    pictures = [own for own, _ in stimuli.directions]
    return [name for own in pictures for name in (own, *(stimuli.view(own, v) for v in VIEWS))]


def run_condition(
    condition: str, session: Session, options: Options
) -> tuple[Recording, dict[str, float]]:
    """Simulate the experiment; return its recording and what was measured."""
    stimuli = pa.stimuli_of(options, session, VIEWS)
    patterns, directions = stimuli.patterns, stimuli.directions
    past = session.run(imprint(stimuli, session, options), patterns)
    learning = session.run(learn(stimuli, session, options), patterns, past.state)
    recording = past.followed_by(learning).recording
    values = {"pair_coding": pair_coding(recording, directions)}
    for view in VIEWS:
        pictures = [(own, stimuli.view(own, view)) for own, _ in directions]
        values[f"code_share_{view}"] = float(
            np.mean([code_share(stimuli.codes[own], stimuli.codes[seen]) for own, seen in pictures])
        )
        values[f"recall_{view}"] = float(
            np.mean(
                [
                    recovery(*(find_assembly(recording, name, "before") for name in picture))
                    for picture in pictures
                ]
            )
        )
        # Units are those of the picture itself; only the partner is tested on another view.
        partners = [(own, stimuli.view(partner, view)) for own, partner in directions]
        values[f"pair_coding_{view}"] = pair_coding(recording, partners, responders)
    return recording, values


def code_share(code: np.ndarray, other: np.ndarray) -> float:
    """Return the share of a code's active inputs that are active in another, too."""
    return float((code & other).sum() / code.sum())
