"""All that is measured on a recording of paired-associate learning."""

from __future__ import annotations

from collections.abc import Iterable

from neurosim.association.assemblies import describe_assemblies, find_assemblies, highest_rate
from neurosim.association.completion import mean_recovery
from neurosim.association.latency import describe_latency
from neurosim.association.learning_curve import describe_learning
from neurosim.association.multi_units import describe_multi_units
from neurosim.association.pair_coding import BEFORE, describe_link, describe_overlap
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.rate_changes import describe_rates
from neurosim.association.spiking_codes import describe_kenyon_cells
from neurosim.recording import Recording
from neurosim.session import Session


def describe_experiment(
    recording: Recording, stimuli: PairedStimuli, session: Session
) -> dict[str, float]:
    """Measure assemblies, link, rates, latencies, overlaps and the course of learning.

    Parameters
    ----------
    recording : Recording
        With tests of every single stimulus in the phases ``before``, ``between`` and ``after``,
        and of half of each in ``completion``.
    stimuli : PairedStimuli
    session : Session
        Its seed draws what is shuffled, grouped or simulated for comparison.

    Returns
    -------
    dict of str to float
        What the functions that are called here return.
    """
    singles, pairs, directions = stimuli.singles, stimuli.pairs, stimuli.directions
    values = describe_assemblies(recording, singles, BEFORE, [(q.p, q.partner) for q in pairs])
    values["highest_rate"] = highest_rate(recording)
    halves = {name: stimuli.half(name) for name in singles}
    assemblies = find_assemblies(recording, singles, BEFORE)
    values["half_cue_recovery"] = mean_recovery(assemblies, recording, halves, "completion")
    return (
        values
        | describe_link(recording, singles, pairs, session.generator("shuffled labels"))
        | describe_multi_units(recording, directions, session.generator("multi-units"))
        | describe_rates(recording, singles, directions)
        | describe_latency(recording, directions)
        | describe_overlap(recording, singles, pairs)
        | describe_learning(recording, directions, session.generator("change points"))
    )


def describe_codes(
    recording: Recording, stimuli: PairedStimuli, names: Iterable[str]
) -> dict[str, float]:
    """Return quantities of the codes of pictures, where there are Kenyon cells of what they fire.

    Parameters
    ----------
    recording : Recording
        As `neurosim.association.spiking_codes.describe_kenyon_cells` asks for.
    stimuli : PairedStimuli
    names : iterable of str
        What is asked for.

    Returns
    -------
    dict of str to float
        Nothing of random codes.
    """
    names = list(names)
    fired = describe_kenyon_cells(recording, stimuli) if stimuli.rates else {}
    return stimuli.encoded(names) | {name: fired[name] for name in names if name in fired}
