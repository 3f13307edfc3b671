"""Assemblies in a recording: which cells, how stable, how separate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from neurosim import statistics as st
from neurosim.recording import Recording

POPULATION = "excitatory"


def find_assembly(
    recording: Recording, stimulus: str, phase: str, rate: float = st.ASSEMBLY_RATE
) -> np.ndarray:
    """Return the assembly of a stimulus in a phase.

    Parameters
    ----------
    recording : Recording
    stimulus, phase : str
    rate : float
        Hz.

    Returns
    -------
    ndarray of bool, shape (n_units,)
        Cells at this rate or more, by default 10 Hz, in at least half of the trials.
    """
    trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
    return st.assembly(recording, POPULATION, trials, rate)


def find_assemblies(
    recording: Recording, stimuli: Sequence[str], phase: str, rate: float = st.ASSEMBLY_RATE
) -> dict[str, np.ndarray]:
    """Return the assembly of each stimulus in a phase by name, see `find_assembly`."""
    return {name: find_assembly(recording, name, phase, rate) for name in stimuli}


def describe_assemblies(
    recording: Recording,
    stimuli: Sequence[str],
    phase: str,
    pairs: Iterable[tuple[str, str]] = (),
) -> dict[str, float]:
    """Measure the assemblies of a phase.

    Parameters
    ----------
    recording : Recording
    stimuli : sequence of str
        Stimuli that are shown in this phase.
    phase : str
    pairs : iterable of (str, str)
        Those that are, or will be, associated: they do not count as unassociated.

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
    overlaps = pair_overlaps(assemblies, stimuli, without=pairs)
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
    without: Iterable[tuple[str, str]] = (),
) -> list[float]:
    """Return the overlap of any two assemblies, `without` those of some pairs."""
    left_out = [set(pair) for pair in without]
    return [
        st.overlap(assemblies[first], assemblies[second])
        for k, first in enumerate(stimuli)
        for second in stimuli[k + 1 :]
        if {first, second} not in left_out
    ]
