"""Completion: how much of an assembly a part of it, or of its input, brings back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.association.assemblies import find_assemblies
from neurosim.association.paired_associates import tests
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.recording import Recording
from neurosim.session import Segment, Session, State
from neurosim.stimuli import part_of
from neurosim.timeline import Timeline


def recovery(assembly: np.ndarray, recalled: np.ndarray, given: np.ndarray | None = None) -> float:
    """Return the share of an assembly that is recalled, of what was not given.

    Parameters
    ----------
    assembly, recalled : ndarray of bool, shape (n_units,)
    given : ndarray of bool, optional
        Cells that were driven directly and do not count.

    Returns
    -------
    float
        Not a number if nothing is left to recall.
    """
    wanted = assembly if given is None else assembly & ~given
    return float((recalled & wanted).sum() / wanted.sum()) if wanted.any() else float("nan")


def mean_recovery(
    assemblies: Mapping[str, np.ndarray],
    recording: Recording,
    cues: Mapping[str, str],
    phase: str,
    given: Mapping[str, np.ndarray] | None = None,
) -> float:
    """Return the share of an assembly that its cue brings back, mean over assemblies.

    Parameters
    ----------
    assemblies : mapping of str to ndarray of bool, shape (n_units,)
        The whole assembly of each stimulus.
    recording : Recording
        Shows the cues.
    cues : mapping of str to str
        Name of the cue by name of the stimulus.
    phase : str
        In which the cues are shown.
    given : mapping of str to ndarray of bool, optional
        Cells that a cue drives directly, by name of the cue; they do not count.
    """
    recalled = find_assemblies(recording, list(cues.values()), phase)
    return float(
        np.mean(
            [
                recovery(assemblies[name], recalled[cue], given[cue] if given else None)
                for name, cue in cues.items()
            ]
        )
    )


def stimulate_halves(
    session: Session,
    stimuli: PairedStimuli,
    recording: Recording,
    start: State | None,
    phase: str,
    n_trials: int,
) -> tuple[Segment, float]:
    """Drive half of each assembly directly, without sensory input.

    Parameters
    ----------
    session : Session
        Its seed draws the halves, the same ones for any start.
    stimuli : PairedStimuli
    recording : Recording
        With tests of the single stimuli in the phase ``before``, which tell the assemblies.
    start : State or None
        Of the weights; None for a brain that has learnt nothing.
    phase : str
        Name of the phase in which they are driven.
    n_trials : int
        Of each half.

    Returns
    -------
    segment : Segment
        The trials.
    share : float
        Of the other half that this brings back, mean over assemblies.
    """
    generator = session.generator("stimulation")
    assemblies = find_assemblies(recording, stimuli.singles, "before")
    cues = {name: stimuli.drive(name) for name in assemblies}
    driven = {cues[name]: part_of(cells, 0.5, generator) for name, cells in assemblies.items()}
    trials = tests(stimuli, list(driven), n_trials, phase, generator)
    segment = session.run(Timeline.of(trials), {"excitatory": driven}, start)
    return segment, mean_recovery(assemblies, segment.recording, cues, phase, given=driven)
