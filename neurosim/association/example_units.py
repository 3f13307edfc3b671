"""Units that stand for the others in a figure, chosen by a rule and never by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.association.pair_coding import AFTER, BEFORE, pair_coding_units, responders
from neurosim.association.rate_changes import rates_to
from neurosim.recording import Recording

MEDIAN = (0.5,)
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class ExampleUnits:
    """Some units, and what they were chosen from.

    Parameters
    ----------
    units : tuple of int
        Index of an excitatory cell for each quantile; few candidates stand for several.
    kind : str
        Which units they stand for, such as ``"pair-coding units"``.
    n_candidates : int
        How many of that kind there are.
    """

    units: tuple[int, ...]
    kind: str
    n_candidates: int


def example_units(
    recording: Recording, own: str, partner: str, quantiles: Sequence[float] = MEDIAN
) -> ExampleUnits:
    """Choose units by their gain: how far the mean rate to the partner rises with learning.

    The candidates are the pair-coding units of the direction; without any, the units that respond
    to their own stimulus before learning; without those, all. They are ranked by gain, those of
    equal gain by their index; of n the one at quantile q has the rank ``floor(q (n - 1))``, counted
    from 0. So the unit at .5 has the median gain, of an even number the lower one.

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and ``after``.
    own, partner : str
    quantiles : sequence of float
        From 0 to 1.

    Returns
    -------
    ExampleUnits
    """
    _, coding = pair_coding_units(recording, own, partner)
    responding = responders(recording, own, BEFORE)
    candidates = {
        "pair-coding units": coding,
        "units that respond to their own picture": responding,
        "units": np.ones_like(responding),
    }
    kind, mask = next((kind, mask) for kind, mask in candidates.items() if mask.any())
    units = np.flatnonzero(mask)
    gain = rates_to(recording, partner, AFTER) - rates_to(recording, partner, BEFORE)
    ranked = units[np.argsort(gain[units], kind="stable")]
    chosen = tuple(int(ranked[math.floor(q * (len(ranked) - 1))]) for q in quantiles)
    return ExampleUnits(chosen, kind, len(ranked))
