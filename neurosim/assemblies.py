"""Assemblies in a recording: which cells, how stable, how separate, and what completes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.recording import Recording

POPULATION = "excitatory"


def find_assemblies(
    recording: Recording, stimuli: Sequence[str], phase: str
) -> dict[str, np.ndarray]:
    """Return the assembly of each stimulus in a phase.

    Parameters
    ----------
    recording : Recording
    stimuli : sequence of str
    phase : str

    Returns
    -------
    dict of str to ndarray of bool, shape (n_units,)
        Cells at 10 Hz or more in at least half of the trials.
    """
    table = recording.trial_table
    return {
        name: st.assembly(recording, POPULATION, table.where(phase=phase, stimulus=name))
        for name in stimuli
    }


def describe_assemblies(
    recording: Recording, stimuli: Sequence[str], phase: str
) -> dict[str, float]:
    """Measure the assemblies of a phase.

    Parameters
    ----------
    recording : Recording
    stimuli : sequence of str
        Stimuli that are shown in this phase and have nothing to do with one another.
    phase : str

    Returns
    -------
    dict of str to float
        ``assembly_size`` (mean share of the area), ``trial_jaccard`` (mean),
        ``unassociated_overlap`` (mean over pairs) and ``largest_unassociated_overlap``,
        ``assembly_rate``, ``highest_rate`` and ``background_rate`` (Hz).
    """
    table = recording.trial_table
    assemblies = find_assemblies(recording, stimuli, phase)
    jaccards, member_rates, unit_rates = [], [], []
    for name, members in assemblies.items():
        trials = table.where(phase=phase, stimulus=name)
        rates = st.rates(recording, POPULATION, trials)
        jaccards.append(st.trial_jaccard(st.active_units(recording, POPULATION, trials)))
        member_rates.append(rates[:, members].mean() if members.any() else np.nan)
        unit_rates.append(rates.mean(axis=0).max())
    overlaps = pair_overlaps(assemblies, stimuli)
    baseline = st.ISON_CRITERION.baseline_window
    background = st.rates(recording, POPULATION, table.where(phase=phase), baseline)
    return {
        "assembly_size": float(np.mean([members.mean() for members in assemblies.values()])),
        "trial_jaccard": float(np.mean(jaccards)),
        "unassociated_overlap": float(np.mean(overlaps)),
        "largest_unassociated_overlap": float(np.max(overlaps)),
        "assembly_rate": float(np.mean(member_rates)),
        "highest_rate": float(np.max(unit_rates)),
        "background_rate": float(background.mean()),
    }


def pair_overlaps(
    assemblies: dict[str, np.ndarray],
    stimuli: Sequence[str],
    without: Sequence[str] = (),
) -> list[float]:
    """Return the overlap of every pair of assemblies, `without` one pair."""
    left_out = set(without)
    return [
        st.overlap(assemblies[first], assemblies[second])
        for k, first in enumerate(stimuli)
        for second in stimuli[k + 1 :]
        if {first, second} != left_out
    ]


def cued_recovery(
    recording: Recording, cues: Mapping[str, str], phase: str, cue_phase: str
) -> float:
    """Return the share of an assembly that fires to a part of its input.

    Parameters
    ----------
    recording : Recording
    cues : mapping of str to str
        Name of the cue by name of the stimulus.
    phase, cue_phase : str
        Where the stimuli and the cues are shown.

    Returns
    -------
    float
        Mean over stimuli.
    """
    whole = find_assemblies(recording, list(cues), phase)
    cued = find_assemblies(recording, list(cues.values()), cue_phase)
    return float(np.mean([recovery(whole[name], cued[cue]) for name, cue in cues.items()]))


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
