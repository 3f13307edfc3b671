"""Stimuli of an experiment on pairs: singles, composites, cues, views, and what each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from neurosim.association.picture_codes import FAN_IN, PictureEncoder
from neurosim.association.picture_views import VIEWS, view
from neurosim.association.pictures import REFERENCE, load_picture, montage, superimpose
from neurosim.errors import InputError
from neurosim.stimuli import disjoint_codes, part_of
from neurosim.timeline import NO_PAIR, Trial

# s; as long as the windows of the response criterion: the gap is the baseline of the next trial.
TEST_DURATION, TEST_GAP = 0.5, 0.4


@dataclass(frozen=True)
class Pair:
    """Two stimuli that are associated.

    Parameters
    ----------
    p, partner : str
        The first, P, and its partner, NP.
    """

    p: str
    partner: str

    @property
    def composite(self) -> str:
        """Name of the two shown together."""
        return f"{self.p}+{self.partner}"

    @property
    def montage(self) -> str:
        """Name of the partner pasted into P."""
        return f"{self.composite} (montage)"

    @property
    def directions(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Each of the two as a unit's own stimulus, with the other as its partner."""
        return (self.p, self.partner), (self.partner, self.p)


@dataclass(frozen=True)
class PairedStimuli:
    """The stimuli by role, and the input units that each of them drives.

    Parameters
    ----------
    singles : tuple of str
        P and NP of the first pair, of the second and so on, then those that are not associated.
    n_pairs : int
    codes : dict of str to ndarray of bool, shape (n_inputs,)
        Of the singles, the composites, and half of each single (`half`); of pictures also the
        montages and the views that were asked for (`view`).
    values : dict of str to float
        What the encoder made of pictures, see `picture_stimuli`.
    pixels : dict of str to ndarray of float, shape (96, 96)
        Of everything that is shown as a picture.
    centre : ndarray of float, shape (n_features,)
        What the encoder subtracts from the features of every picture.
    rates : dict of str to ndarray of float, shape (n_features,)
        Of the projection neurons, in units of their mean rate, where pictures reach the area
        through spiking Kenyon cells (`neurosim.association.spiking_codes`); empty otherwise.
    """

    singles: tuple[str, ...]
    n_pairs: int
    codes: dict[str, np.ndarray]
    values: dict[str, float] = field(default_factory=dict)
    pixels: dict[str, np.ndarray] = field(default_factory=dict)
    centre: np.ndarray = field(default_factory=lambda: np.zeros(0))
    rates: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def patterns(self) -> dict[str, dict[str, np.ndarray]]:
        """What each stimulus does to the population that it drives."""
        return {"projection_neurons": self.rates} if self.rates else {"input": self.codes}

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs, in the order in which they were named."""
        return _pairs(self.singles, self.n_pairs)

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Own stimulus and partner, both ways for every pair."""
        return [direction for pair in self.pairs for direction in pair.directions]

    def encoded(self, names: Iterable[str]) -> dict[str, float]:
        """Return those `values` that are named; nothing of random codes."""
        return {name: self.values[name] for name in names if name in self.values}

    def role(self, name: str) -> tuple[str, int]:
        """Return what a stimulus is (P, NP, NA or C) and the number of its pair, or `NO_PAIR`."""
        for number, pair in enumerate(self.pairs):
            if name in (pair.composite, pair.montage):
                return "C", number
            for single, role in ((pair.p, "P"), (pair.partner, "NP")):
                if name in self._forms_of(single):
                    return role, number
        return "NA", NO_PAIR

    def _forms_of(self, single: str) -> set[str]:
        views = (self.view(single, name) for name in VIEWS)
        return {single, self.half(single), self.drive(single), *views}

    @staticmethod
    def half(name: str) -> str:
        """Return the name of the cue that drives half of a stimulus's inputs."""
        return f"half of {name}"

    @staticmethod
    def drive(name: str) -> str:
        """Return the name of the direct stimulation of a part of a stimulus's assembly."""
        return f"drive {name}"

    @staticmethod
    def view(name: str, of_view: str) -> str:
        """Return the name of another view of a picture."""
        return f"{name} ({of_view})"

    def trial(
        self, name: str, phase: str, duration: float, gap: float, learning_rates: dict[str, float]
    ) -> Trial:
        """Return one presentation."""
        role, pair = self.role(name)
        return Trial(name, duration, gap, phase, role, pair, learning_rates)

    def test(self, name: str, phase: str) -> Trial:
        """Return one presentation without plasticity."""
        return self.trial(name, phase, TEST_DURATION, TEST_GAP, {})


def random_stimuli(
    n_singles: int, n_pairs: int, n_units: int, n_active: int, generator: np.random.Generator
) -> PairedStimuli:
    """Draw disjoint random codes; the composite of a pair is the union of both.

    Raises
    ------
    InputError
        If there are too few units for disjoint codes, or too few codes for the pairs.
    """
    singles = tuple(f"code {k}" for k in range(1, n_singles + 1))
    _check_number(singles, n_pairs, "codes")
    drawn = disjoint_codes(n_singles, n_units, n_active, generator)
    codes = dict(zip(singles, drawn, strict=True))
    for pair in _pairs(singles, n_pairs):
        codes[pair.composite] = codes[pair.p] | codes[pair.partner]
    return PairedStimuli(singles, n_pairs, codes | _halves(singles, codes, generator))


def picture_stimuli(
    pictures: Sequence[str],
    n_pairs: int,
    n_units: int,
    n_active: int,
    generator: np.random.Generator,
    views: Sequence[str] = (),
    fan_in: int = FAN_IN,
) -> PairedStimuli:
    """Encode pictures by the fly's hash; a composite is the hash of two pictures superimposed.

    Parameters
    ----------
    pictures : sequence of str
        Built-in pictures or paths of files: P1, NP1, P2, NP2 and so on, then others.
    n_pairs : int
    n_units, n_active : int
        Inputs, and how many of them a picture drives.
    generator : numpy.random.Generator
        Draws the hash and the halves.
    views : sequence of str
        Views of every picture that are encoded too, names of
        `neurosim.association.picture_views.VIEWS`.
    fan_in : int
        Features that each unit of the hash sums.

    Returns
    -------
    PairedStimuli
        Its `values`: ``composite_weight`` (opacity of P), ``composite_share_p`` and
        ``composite_share_np`` (share of the active inputs of P, of NP, that their composite has
        too), ``montage_share_p`` and ``montage_share_np`` (the same for the montage), each the mean
        over pairs, and ``code_overlap`` (share of their active inputs that two pictures have in
        common, mean over all that are no pair).

    Raises
    ------
    InputError
        If a picture cannot be read, two are the same, or there are too few.
    """
    singles = tuple(pictures)
    _check_number(singles, n_pairs, "pictures")
    for name in singles:
        if singles.count(name) > 1:
            raise InputError(f"The picture '{name}' is named twice, expected different pictures.")
    loaded = {name: load_picture(name) for name in singles}
    for (first, one), (second, other) in combinations(loaded.items(), 2):
        if np.array_equal(one, other):
            raise InputError(
                f"The pictures '{first}' and '{second}' are the same, expected different pictures."
            )
    others = [load_picture(name) for name in REFERENCE if name not in loaded]
    encoder = PictureEncoder.fit([*loaded.values(), *others], n_units, n_active, generator, fan_in)
    pixels = dict(loaded)
    codes = {name: encoder.code(picture) for name, picture in loaded.items()}
    measured: list[dict[str, float]] = []
    for pair in _pairs(singles, n_pairs):
        p, partner = loaded[pair.p], loaded[pair.partner]
        blend = encoder.balanced_blend(p, partner)
        codes[pair.composite] = blend.code
        pixels[pair.composite] = superimpose(p, partner, blend.weight)
        pixels[pair.montage] = montage(p, partner)
        codes[pair.montage] = pasted = encoder.code(pixels[pair.montage])
        measured.append(
            {
                "composite_weight": blend.weight,
                "composite_share_p": blend.share_first,
                "composite_share_np": blend.share_second,
                "montage_share_p": float((pasted & codes[pair.p]).sum() / n_active),
                "montage_share_np": float((pasted & codes[pair.partner]).sum() / n_active),
            }
        )
    values = {key: float(np.mean([of_pair[key] for of_pair in measured])) for key in measured[0]}
    stimuli = PairedStimuli(singles, n_pairs, codes, values, pixels, encoder.centre)
    values["code_overlap"] = float(
        np.mean(
            [
                (codes[first] & codes[second]).sum() / n_active
                for first, second in combinations(singles, 2)
                if (first, second) not in stimuli.directions
            ]
        )
    )
    codes |= _halves(singles, codes, generator)
    for name, picture in loaded.items():
        pixels |= {stimuli.view(name, of): view(picture, of) for of in views}
        codes |= {stimuli.view(name, of): encoder.code(view(picture, of)) for of in views}
    return stimuli


def _pairs(singles: Sequence[str], n_pairs: int) -> tuple[Pair, ...]:
    return tuple(Pair(singles[2 * k], singles[2 * k + 1]) for k in range(n_pairs))


def _check_number(singles: Sequence[str], n_pairs: int, what: str) -> None:
    least = 2 * n_pairs + 1
    if len(singles) < least:
        pairs = "a pair" if n_pairs == 1 else f"{n_pairs} pairs"
        raise InputError(
            f"Got {len(singles)} {what}, expected {pairs} and at least one other: "
            f"{least} {what} or more."
        )


def _halves(
    singles: Sequence[str], codes: dict[str, np.ndarray], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    return {PairedStimuli.half(name): part_of(codes[name], 0.5, generator) for name in singles}
