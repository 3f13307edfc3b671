"""What both sides of the comparison simulate: the first imprint trials of the real protocol."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.association.paired_stimuli import random_stimuli
from neurosim.experiment import prepare
from neurosim.progress import QUIET
from neurosim.timeline import Timeline

PROTOCOL, MODEL, CIRCUIT = "ison2015", "area_random", "area"


def imprint(n_trials: int) -> tuple[Any, Timeline, dict[str, np.ndarray]]:
    """Return the parameters of the area, the first trials (1 s each) and the codes of the stimuli.

    Returns
    -------
    parameters : AreaParameters
    timeline : Timeline
    codes : dict of str to ndarray of bool, shape (n_inputs,)
        The input units that each stimulus drives.
    """
    experiment = prepare(PROTOCOL, MODEL, 0, {}, "auto", False, QUIET)
    parameters, options, session = (
        experiment.sheet.parameters,
        experiment.options,
        experiment.session,
    )
    stimuli = random_stimuli(
        options.n_random,
        options.pairs,
        parameters.input.n,
        parameters.input.n_active,
        session.generator("stimuli"),
    )
    whole = experiment.protocol.script.imprint_and_test(stimuli, session, options)
    return parameters, Timeline.of(whole.trials[:n_trials]), stimuli.codes
