"""Pictures as rates of projection neurons, and the codes that Kenyon cells make of them.

The features of a picture, as `neurosim.association.picture_codes` computes them, are the rates of
projection neurons; that a code is sparse and that two pictures differ in it is then left to the
spiking Kenyon cells and APL of `neurosim.circuits.hashed_area`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from neurosim import statistics as st
from neurosim.abstract.fly_hash import divide_by_mean
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.picture_codes import features
from neurosim.recording import Recording
from neurosim.scorecard import reported
from neurosim.stimuli import part_of

KENYON_CELLS = "input"  # of the area
# Hz. A Kenyon cell takes part in a code if it fires at all in half of the trials: once in .5 s.
TAKES_PART = 2.0
GOAL = "goal of the calibration"
OF_KENYON_CELLS = {
    **reported(GOAL, "calibrated", kenyon_cell_share="that fire to a picture"),
    **reported(GOAL, "calibrated", kenyon_cell_jaccard="cells that fire, two trials"),
    **reported(GOAL, "calibrated", kenyon_cell_overlap="of the computed code that fire"),
    **reported(GOAL, "calibrated", "Hz", kenyon_cell_rate="of those that fire"),
}


def projection_neuron_rates(picture: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the rates at which a picture makes projection neurons fire.

    Each feature, divided by the mean over features, raises or lowers a rate about the mean rate by
    how far it is from its own mean over pictures. Rates below 0 are 0, and what that adds to the
    mean is divided out, as in the antennal lobe of `neurosim.hashing.antennal_lobe`.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)
    centre : ndarray of float, shape (n_features,)
        Mean of the divided features over pictures, from `neurosim.abstract.fly_hash.centre_of`.

    Returns
    -------
    ndarray of float, shape (n_features,)
        In units of the mean rate.

    Raises
    ------
    InputError
        If the array is no picture (`neurosim.association.pictures.check_picture`).
    """
    rates = np.maximum(1 + divide_by_mean(features(picture)[np.newaxis])[0] - centre, 0)
    scaled: np.ndarray = rates / rates.mean()
    return scaled


def as_rates(stimuli: PairedStimuli, generator: np.random.Generator) -> PairedStimuli:
    """Let pictures drive projection neurons instead of input units.

    Parameters
    ----------
    stimuli : PairedStimuli
        Of pictures.
    generator : numpy.random.Generator
        Draws the halves: the features that a half cue shows; the others are as on average.

    Returns
    -------
    PairedStimuli
        With `rates`.
    """
    rates = {
        name: projection_neuron_rates(picture, stimuli.centre)
        for name, picture in stimuli.pixels.items()
    }
    for name in stimuli.singles:
        shown = part_of(np.ones(len(rates[name]), dtype=bool), 0.5, generator)
        rates[stimuli.half(name)] = np.where(shown, rates[name], 1.0)
    return replace(stimuli, rates=rates)


def describe_kenyon_cells(recording: Recording, stimuli: PairedStimuli) -> dict[str, float]:
    """Return what the Kenyon cells that fire to pictures have in common, and how they fire.

    Parameters
    ----------
    recording : Recording
        With tests of every single stimulus in the phase ``before`` and whatever the pairs were
        learnt from in ``learning``.
    stimuli : PairedStimuli

    Returns
    -------
    dict of str to float
        ``composite_share_p`` and the other quantities of
        `neurosim.association.paired_stimuli.picture_stimuli` but the opacity, of cells that fire
        instead of codes that are computed; those of the montage or the composite only if that was
        shown. And `OF_KENYON_CELLS`. Means over pairs or over pictures.
    """

    def firing(stimulus: str, phase: str) -> np.ndarray:
        trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
        return st.assembly(recording, KENYON_CELLS, trials, TAKES_PART)

    alone = {name: firing(name, "before") for name in stimuli.singles}
    values: dict[str, list[float]] = {}
    for pair in stimuli.pairs:
        for kind, name in (("composite", pair.composite), ("montage", pair.montage)):
            if name not in recording.trial_table.stimulus:
                continue
            together = firing(name, "learning")
            for role, single in (("p", pair.p), ("np", pair.partner)):
                share = (together & alone[single]).sum() / max(together.sum(), 1)
                values.setdefault(f"{kind}_share_{role}", []).append(share)
    values["code_overlap"] = [
        st.overlap(alone[one], alone[other])
        for one, other in combinations(stimuli.singles, 2)
        if (one, other) not in stimuli.directions
    ]
    for name, cells in alone.items():
        trials = recording.trial_table.where(phase="before", stimulus=name)
        rates = st.rates(recording, KENYON_CELLS, trials)
        fires = rates >= TAKES_PART
        values.setdefault("kenyon_cell_share", []).append(float(fires.mean()))
        values.setdefault("kenyon_cell_jaccard", []).append(
            float(np.mean([st.jaccard(one, other) for one, other in combinations(fires, 2)]))
        )
        values.setdefault("kenyon_cell_rate", []).append(float(rates[fires].mean()))
        code = stimuli.codes[name]
        values.setdefault("kenyon_cell_overlap", []).append(float(cells[code].mean()))
    return {name: float(np.mean(of_stimuli)) for name, of_stimuli in values.items()}
