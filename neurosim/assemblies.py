"""Assemblies in a recording: which cells, how stable, how separate."""

from __future__ import annotations

from collections.abc import Sequence

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
        ``unassociated_overlap`` (mean over pairs), ``largest_unassociated_overlap`` and
        ``chance_overlap`` (of random sets of the mean size), ``assembly_rate`` and
        ``background_rate`` (Hz).
    """
    table = recording.trial_table
    assemblies = find_assemblies(recording, stimuli, phase)
    jaccards, member_rates = [], []
    for name, members in assemblies.items():
        trials = table.where(phase=phase, stimulus=name)
        rates = st.rates(recording, POPULATION, trials)
        jaccards.append(st.trial_jaccard(st.active_units(recording, POPULATION, trials)))
        member_rates.append(rates[:, members].mean() if members.any() else np.nan)
    overlaps = pair_overlaps(assemblies, stimuli)
    baseline = st.ISON_CRITERION.baseline_window
    background = st.rates(recording, POPULATION, table.where(phase=phase), baseline)
    size = float(np.mean([members.sum() for members in assemblies.values()]))
    n_units = recording.spikes[POPULATION].n
    return {
        "assembly_size": size / n_units,
        "trial_jaccard": float(np.mean(jaccards)),
        "unassociated_overlap": float(np.mean(overlaps)),
        "largest_unassociated_overlap": float(np.max(overlaps)),
        "chance_overlap": st.chance_overlap(round(size), round(size), n_units),
        "assembly_rate": float(np.mean(member_rates)),
        "background_rate": float(background.mean()),
    }


def highest_rate(recording: Recording) -> float:
    """Return the rate of the unit that fires most, excitatory or inhibitory, in any phase.

    Returns
    -------
    float
        Hz, mean over the trials of one stimulus in one phase.
    """
    table = recording.trial_table
    shown = sorted(set(zip(table.phase, table.stimulus, strict=True)))
    return max(
        float(
            st.rates(recording, population, table.where(phase=phase, stimulus=name)).mean(0).max()
        )
        for population in (POPULATION, "inhibitory")
        for phase, name in shown
    )


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
