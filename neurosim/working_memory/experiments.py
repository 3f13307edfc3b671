"""What is changed from one experiment on working memory to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from neurosim.parameters.working_memory import WorkingMemoryParameters


@dataclass(frozen=True)
class Experiment:
    """What an experiment does; where it says nothing the options hold, and then the sheet.

    Attributes
    ----------
    text : str
        In a few words.
    measure : str
        What is measured, one of `neurosim.working_memory.measures.describe`.
    regime : str
        Names a background.
    drive : float
        Multiplies that background.
    cues : int or None
    gap : float
        Seconds from a cue to the next.
    delay : float or None
        Seconds after the last cue.
    readout : bool
        Whether a readout follows.
    tau_facilitation, tau_recovery : float or None
        Seconds.
    """

    text: str
    measure: str = "memory"
    regime: str = ""
    drive: float = 1.0
    cues: int | None = None
    gap: float = 0.6  # second-hand: as measured with five items in a public code
    delay: float | None = None
    readout: bool = False
    tau_facilitation: float | None = None
    tau_recovery: float | None = None


def parameters_of(
    experiment: Experiment,
    parameters: WorkingMemoryParameters,
    backgrounds: Mapping[str, float],
    regime: str,
) -> WorkingMemoryParameters:
    """Return the sheet's parameters with the background and the plasticity of an experiment.

    Parameters
    ----------
    experiment : Experiment
    parameters : WorkingMemoryParameters
    backgrounds : mapping of str to float
        Mean external input of excitatory neurons in each regime, V.
    regime : str
        Of an experiment that names none.
    """
    background = experiment.drive * backgrounds[experiment.regime or regime]
    sheet = parameters.short_term_plasticity
    plasticity = replace(
        sheet,
        tau_facilitation=experiment.tau_facilitation or sheet.tau_facilitation,
        tau_recovery=experiment.tau_recovery or sheet.tau_recovery,
    )
    cells = replace(parameters.excitatory, external_mean=background)
    return replace(parameters, excitatory=cells, short_term_plasticity=plasticity)
