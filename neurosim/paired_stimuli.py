"""Stimuli of an experiment on one pair: singles, their composite, half cues, and their roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from neurosim.picture_codes import encode_pictures
from neurosim.stimuli import disjoint_codes, part_of
from neurosim.timeline import NO_PAIR, Trial

# s; as long as the windows of the response criterion: the gap is the baseline of the next trial.
TEST_DURATION, TEST_GAP = 0.5, 0.4


@dataclass(frozen=True)
class PairedStimuli:
    """The stimuli by role, and the input units that each of them drives.

    Parameters
    ----------
    singles : tuple of str
        P, NP, then those that are not associated.
    composite : str
        P and NP together.
    codes : dict of str to ndarray of bool, shape (n_inputs,)
        Of the singles, the composite and half of each single (`half`).
    blend : dict of str to float
        Of pictures only: ``composite_weight``, the opacity of P in the composite, and
        ``composite_share``, the share of a picture's active inputs that the composite has too,
        the smaller of both.
    """

    singles: tuple[str, ...]
    composite: str
    codes: dict[str, np.ndarray]
    blend: dict[str, float] = field(default_factory=dict)

    def role(self, name: str) -> str:
        """Return what a stimulus is in the pair: P, NP, NA or C."""
        if name == self.composite:
            return "C"
        for single, role in zip(self.singles, ("P", "NP"), strict=False):
            if name in (single, self.half(single), self.drive(single)):
                return role
        return "NA"

    @staticmethod
    def half(name: str) -> str:
        """Return the name of the cue that drives half of a stimulus's inputs."""
        return f"half of {name}"

    @staticmethod
    def drive(name: str) -> str:
        """Return the name of the direct stimulation of a part of a stimulus's assembly."""
        return f"drive {name}"

    def trial(
        self, name: str, phase: str, duration: float, gap: float, learning_rates: dict[str, float]
    ) -> Trial:
        """Return one presentation."""
        role = self.role(name)
        pair = NO_PAIR if role == "NA" else 0
        return Trial(name, duration, gap, phase, role, pair, learning_rates)

    def test(self, name: str, phase: str) -> Trial:
        """Return one presentation without plasticity."""
        return self.trial(name, phase, TEST_DURATION, TEST_GAP, {})


def random_pair(
    n_singles: int, n_units: int, n_active: int, generator: np.random.Generator
) -> PairedStimuli:
    """Draw disjoint random codes; the composite is the union of the first two.

    Raises
    ------
    InputError
        If there are too few units for disjoint codes.
    """
    singles = tuple(f"code {k}" for k in range(1, n_singles + 1))
    drawn = disjoint_codes(n_singles, n_units, n_active, generator)
    codes = dict(zip(singles, drawn, strict=True))
    composite = f"{singles[0]}+{singles[1]}"
    codes[composite] = drawn[0] | drawn[1]
    return _with_halves(singles, composite, codes, generator)


def picture_pair(
    pictures: Sequence[str], n_units: int, n_active: int, generator: np.random.Generator
) -> PairedStimuli:
    """Encode pictures by the fly's hash; the composite is the hash of the first two superimposed.

    Raises
    ------
    InputError
        If a picture cannot be read, or there are fewer than three.
    """
    encoded = encode_pictures(pictures, pictures[:2], n_units, n_active, generator)
    blend = {
        "composite_weight": encoded.blend.weight,
        "composite_share": min(encoded.blend.share_first, encoded.blend.share_second),
    }
    stimuli = _with_halves(tuple(pictures), encoded.composite, dict(encoded.codes), generator)
    return replace(stimuli, blend=blend)


def _with_halves(
    singles: tuple[str, ...],
    composite: str,
    codes: dict[str, np.ndarray],
    generator: np.random.Generator,
) -> PairedStimuli:
    halves = {PairedStimuli.half(name): part_of(codes[name], 0.5, generator) for name in singles}
    return PairedStimuli(singles, composite, codes | halves)
