"""Completion: how much of an assembly a part of it, or of its input, brings back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.assemblies import find_assemblies
from neurosim.recording import Recording


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
