"""How steeply the link of Ison, Quian Quiroga & Fried 2015 depends on the dose of plasticity.

The experiment of `ison2015`, learnt over and over from the same imprint, each time with another
learning rate while the composites are shown: the sheet's own (dose 1) and multiples of it. A
mechanism that needs one exact dose would be no explanation; how far the dose may move while the
fraction of pair-coding units stays near the published .41 (unverified) says how robust it is.
Either with all synapses plastic, or with only those within the area, or those from the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurosim.association import paired_associates as pa
from neurosim.association.dose_response import WANTED, describe_doses, phase_of
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.parameters import parameter
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Session
from neurosim.timeline import Timeline, Trial

CIRCUIT, MODEL = "area", "ison2015"
MODEL_WITH = {("protocol.encoder", pa.SPIKING): pa.HASHED}
CONDITIONS = {
    "main": "all synapses are plastic while the composites are shown",
    "recurrent_only": "only synapses within the area are",
    "input_only": "only synapses from the input are",
}
INPUT, RECURRENT = pa.PROJECTIONS
PLASTIC = {"main": pa.PROJECTIONS, "recurrent_only": [RECURRENT], "input_only": [INPUT]}
# Multiples of protocol.learning_rate. Ours: from no link to both assemblies fused.
DOSES = (0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.8)
QUICK = {"imprint_trials": 12, "test_trials": 8, "composite_trials": 3}


@dataclass(frozen=True)
class Options(pa.PairedAssociates):
    """What can be changed about the experiment; trials are per stimulus."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")


ISON = "Ison et al. 2015: 21 of 51 units"
GOAL = "goal of ours: a factor of 1.5"
AT_DOSES = {
    **reported(ISON, "unverified", pair_coding_at_dose_1="both directions"),
    **reported(ISON, "unverified", pair_coding_largest="at the best dose"),
}
TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": {
        **AT_DOSES,
        **reported("multiple of the sheet's", "derived", lowest_dose="fraction reaches .25"),
        **reported("multiple of the sheet's", "derived", highest_dose="fraction reaches .60"),
        "dose_range": Target("highest / lowest dose", GOAL, "plausibility", mean_low=1.5),
    },
    "recurrent_only": AT_DOSES,
    "input_only": AT_DOSES,
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets of the conditions."""
    return TARGETS


def imprint_and_test(stimuli: PairedStimuli, session: Session, options: Options) -> Timeline:
    """Imprint; then each picture alone."""
    order = session.generator("order")
    imprint = pa.imprint(stimuli, options.imprint_trials, order)
    before = pa.tests(stimuli, stimuli.singles, options.test_trials, "before", order)
    return Timeline.of([*imprint, *before])


def learn_and_test(
    stimuli: PairedStimuli, condition: str, dose: float, session: Session, options: Options
) -> Timeline:
    """Show the composites; then the pictures of the pairs alone."""
    order = session.generator("order while learning")
    rates = dict.fromkeys(PLASTIC[condition], dose * options.learning_rate)
    trials: list[Trial] = []
    for _ in range(options.composite_trials):
        trials += pa.learn(stimuli, [pair.composite for pair in stimuli.pairs], options, rates)
    paired = [own for own, _ in stimuli.directions]
    tests = pa.tests(stimuli, paired, options.test_trials, phase_of(dose), order)
    return Timeline.of([*trials, *tests])


def run_condition(
    condition: str, session: Session, options: Options
) -> tuple[Recording, dict[str, float]]:
    """Simulate every dose; return them one behind the other, and what was measured."""
    stimuli = pa.stimuli_of(options, session)
    patterns = stimuli.patterns
    past = session.run(imprint_and_test(stimuli, session, options), patterns)
    recording = past.recording
    for dose in DOSES:
        timeline = learn_and_test(stimuli, condition, dose, session, options)
        recording = recording.followed_by(session.run(timeline, patterns, past.state).recording)
    values = describe_doses(recording, stimuli.directions, DOSES, WANTED)
    return recording, {name: values[name] for name in TARGETS[condition]}
