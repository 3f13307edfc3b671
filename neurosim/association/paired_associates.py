"""Paired-associate learning on an area: what its protocols share.

An area imprints every single stimulus as an assembly; tests without plasticity show each alone;
learning shows the two of a pair together, one trial at a time, with a test of every single after
each; tests show each alone again. The protocols put these phases together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from neurosim.association.paired_stimuli import PairedStimuli, picture_stimuli, random_stimuli
from neurosim.association.picture_codes import FAN_IN, N_FEATURES
from neurosim.association.pictures import REFERENCE
from neurosim.association.spiking_codes import OF_KENYON_CELLS, as_rates
from neurosim.errors import InputError
from neurosim.parameters import parameter
from neurosim.parameters.hashed_area import HashedAreaParameters
from neurosim.scorecard import Target
from neurosim.session import Session
from neurosim.stimuli import rounds
from neurosim.timeline import Trial

PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory")
ALGORITHM, SPIKING = "algorithm", "spiking"
HASHED = "ison2015_hashed"  # a sheet for the spiking encoder
ON, OFF = 0.5, 0.5  # s, an imprint trial. Calibrated: stable assemblies
PAUSE = 1.0  # s of silence after a composite. Calibrated: with the learning rate


@dataclass(frozen=True)
class PairedAssociates:
    """What can be changed about the experiment; trials are per stimulus.

    Every protocol adds its own ``condition``.
    """

    encoder: str = parameter(choices=(ALGORITHM, SPIKING), default=ALGORITHM)  # of pictures
    stimuli: str = parameter(choices=("pictures", "random"), default="pictures")
    pictures: tuple[str, ...] = parameter(default=REFERENCE)  # P1, NP1, P2, NP2, ..., others
    n_random: int = parameter(low=3, high=60, default=5)  # codes instead of pictures
    pairs: int = parameter(low=1, high=20, default=1)  # that are associated, of the first stimuli
    imprint_trials: int = parameter(low=1, high=200, default=24)  # calibrated: Jaccard >= .95
    test_trials: int = parameter(low=4, high=100, default=10)  # ours: enough for the rank-sum test
    composite_trials: int = parameter(low=1, high=100, default=5)  # "a few trials" (published)
    composite_duration: float = parameter("s", low=0.1, high=10, default=1.0)  # 1 s (unverified)
    learning_rate: float = parameter(low=0, high=10, default=0.1)  # calibrated in each sheet

    def __post_init__(self) -> None:
        unused = "pictures" if self.stimuli == "random" else "n_random"
        if getattr(self, unused) != getattr(PairedAssociates, unused):
            raise InputError(f"protocol.{unused} means nothing with {self.stimuli} stimuli.")
        if self.encoder == SPIKING and self.stimuli == "random":
            raise InputError("protocol.encoder is spiking, which needs pictures as stimuli.")

    @property
    def of_encoder(self) -> dict[str, Target]:
        """What is reported of the encoder beside the codes."""
        return OF_KENYON_CELLS if self.encoder == SPIKING else {}


def stimuli_of(
    options: PairedAssociates, session: Session, views: Sequence[str] = ()
) -> PairedStimuli:
    """Draw or encode the stimuli of a session.

    Parameters
    ----------
    options : PairedAssociates
    session : Session
    views : sequence of str
        Views that are encoded beside each picture.

    Raises
    ------
    InputError
        If a picture cannot be read, there are too few pictures, codes or inputs, or the circuit
        of the session is not made for the encoder.
    """
    inputs, generator = session.parameters.input, session.generator("stimuli")
    _refuse_other_encoder(options, session)
    if options.stimuli == "random":
        return random_stimuli(options.n_random, options.pairs, inputs.n, inputs.n_active, generator)
    fan_in = inputs.claws if options.encoder == SPIKING else FAN_IN
    stimuli = picture_stimuli(
        options.pictures, options.pairs, inputs.n, inputs.n_active, generator, views, fan_in
    )
    if options.encoder == ALGORITHM:
        return stimuli
    return as_rates(stimuli, session.generator("half cues"))


def _refuse_other_encoder(options: PairedAssociates, session: Session) -> None:
    has_hash = isinstance(session.parameters, HashedAreaParameters)
    if options.encoder == SPIKING and not has_hash:
        raise InputError(
            "protocol.encoder is spiking, which needs a sheet of the circuit 'hashed_area', such "
            f"as '{HASHED}', and this one is of '{session.circuit}'."
        )
    if options.encoder == ALGORITHM and has_hash:
        raise InputError(
            "protocol.encoder is algorithm, but the input units of this sheet are Kenyon cells, "
            "expected spiking."
        )
    if has_hash and session.parameters.projection_neurons.n != N_FEATURES:
        raise InputError(
            f"projection_neurons.n is {session.parameters.projection_neurons.n}, expected "
            f"{N_FEATURES}, one for each feature of a picture."
        )


def imprint(stimuli: PairedStimuli, n_trials: int, order: np.random.Generator) -> list[Trial]:
    """Show each single stimulus alone, everything plastic at the full rate, no gate in force."""
    full = dict.fromkeys(PROJECTIONS, 1.0)
    shown = rounds(stimuli.singles, n_trials, order)
    trials = [stimuli.trial(name, "imprint", ON, OFF, full) for name in shown]
    return [replace(trial, gated=False) for trial in trials]


def tests(
    stimuli: PairedStimuli,
    names: Sequence[str],
    n_trials: int,
    phase: str,
    order: np.random.Generator,
    rates: Mapping[str, float] = MappingProxyType({}),
) -> list[Trial]:
    """Show stimuli alone, by default with nothing plastic."""
    trials = [stimuli.test(name, phase) for name in rounds(names, n_trials, order)]
    return [replace(trial, learning_rates=dict(rates)) for trial in trials]


def learn(
    stimuli: PairedStimuli,
    shown: Sequence[str],
    options: PairedAssociates,
    rates: Mapping[str, float],
    gap: float = PAUSE,
) -> list[Trial]:
    """Show what is learnt once: the composites, or other stimuli one behind the other.

    Parameters
    ----------
    stimuli : PairedStimuli
    shown : sequence of str
    options : PairedAssociates
    rates : mapping of str to float
        Learning rate of each plastic projection.
    gap : float
        Seconds between the stimuli; `PAUSE` follows the last.
    """
    gaps = [gap] * (len(shown) - 1) + [PAUSE]
    return [
        stimuli.trial(name, "learning", options.composite_duration, after, dict(rates))
        for name, after in zip(shown, gaps, strict=True)
    ]
