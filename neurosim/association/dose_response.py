"""The fraction of pair-coding units against the dose of plasticity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.association.pair_coding import AFTER, BEFORE, responders
from neurosim.recording import Recording

PREFIX = f"{AFTER} dose "
WANTED = (0.25, 0.60)  # fractions of pair-coding units. Ours: around .41 (unverified)


def phase_of(dose: float) -> str:
    """Return the name of the phase that tests what was learnt at a dose."""
    return f"{PREFIX}{dose:g}"


def dose_of(phase: str) -> float | None:
    """Return the dose that a phase tests, None if it tests none; the inverse of `phase_of`."""
    return float(phase.removeprefix(PREFIX)) if phase.startswith(PREFIX) else None


def fractions_by_dose(
    recording: Recording, directions: Sequence[tuple[str, str]], doses: Sequence[float]
) -> np.ndarray:
    """Return the fraction of pair-coding units at each dose.

    Parameters
    ----------
    recording : Recording
        With tests of both stimuli in the phases ``before`` and `phase_of` each dose.
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.
    doses : sequence of float

    Returns
    -------
    ndarray of float, shape (n_doses,)
        Not a number if no unit could become pair-coding.
    """
    eligible = [
        responders(recording, own, BEFORE) & ~responders(recording, partner, BEFORE)
        for own, partner in directions
    ]
    n_eligible = sum(int(units.sum()) for units in eligible)
    coding = [
        sum(
            int((units & responders(recording, partner, phase_of(dose))).sum())
            for units, (_, partner) in zip(eligible, directions, strict=True)
        )
        for dose in doses
    ]
    return np.array(coding) / (n_eligible or np.nan)


def dose_at(fraction: float, fractions: np.ndarray, doses: Sequence[float]) -> float:
    """Return the dose at which the fraction is first reached, from below.

    Parameters
    ----------
    fraction : float
    fractions : ndarray of float, shape (n_doses,)
    doses : sequence of float
        Ascending.

    Returns
    -------
    float
        Between two doses by linear interpolation over the logarithm of the dose; not a number if
        the lowest dose is beyond the fraction or none reaches it.
    """
    reached = np.flatnonzero(fractions >= fraction)
    if not reached.size or fractions[0] > fraction:
        return float("nan")
    around = slice(max(reached[0] - 1, 0), reached[0] + 1)
    return float(np.exp(np.interp(fraction, fractions[around], np.log(doses[around]))))


def describe_doses(
    recording: Recording,
    directions: Sequence[tuple[str, str]],
    doses: Sequence[float],
    wanted: tuple[float, float],
) -> dict[str, float]:
    """Tell between which doses the fraction of pair-coding units lies within a range.

    Parameters
    ----------
    recording, directions, doses
        As in `fractions_by_dose`; the doses ascend and 1 is among them.
    wanted : tuple of float
        Lowest and highest fraction.

    Returns
    -------
    dict of str to float
        ``pair_coding_at_dose_1``, ``pair_coding_largest``; ``lowest_dose`` and ``highest_dose``
        (`dose_at` the lowest, the highest fraction) and ``dose_range``, their ratio.
    """
    fractions = fractions_by_dose(recording, directions, doses)
    lowest, highest = (dose_at(fraction, fractions, doses) for fraction in wanted)
    return {
        "pair_coding_at_dose_1": float(fractions[list(doses).index(1.0)]),
        "pair_coding_largest": float(np.max(fractions)),
        "lowest_dose": lowest,
        "highest_dose": highest,
        "dose_range": highest / lowest,
    }
