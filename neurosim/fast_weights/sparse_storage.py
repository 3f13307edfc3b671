"""Store odours as keys of fast weights, in a sparse, a dense and the projection neurons' own code.

What is compared is held equal in one of three ways. In all of them the fast weights learn at a rate
at which a key that returns as it was excites a value as much as a key of the sheet does: the drive
per key is the same, and what differs is how much other keys add to it. Only the Hebbian term
learns, since no key is bound twice. The weights hardly decay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from neurosim.abstract.fast_weights import attend, decay_factor
from neurosim.abstract.value_readout import expected_accuracy
from neurosim.errors import InputError
from neurosim.fast_weights.examination import Examination, fitted_noise
from neurosim.fast_weights.key_spikes import KeySpikes, key_spikes
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.odour_keys import (
    CODES,
    DENSE,
    RATES,
    SPARSE,
    OdourCoder,
    OdourKeys,
    similar_odours,
)
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, KeyValueSequence
from neurosim.fast_weights.spiking_associative_memory import AssociativeMemory
from neurosim.recording import Recording
from neurosim.stimuli import disjoint_codes

EQUAL_CELLS, EQUAL_SYNAPSES, EQUAL_SPIKES = "equal_cells", "equal_synapses", "equal_spikes"
COMPARISONS = (EQUAL_CELLS, EQUAL_SYNAPSES, EQUAL_SPIKES)
# The sparse code is the same in all comparisons.
CASES = (SPARSE, *(f"{code}_{which}" for which in COMPARISONS for code in (DENSE, RATES)))
N_QUESTIONS = 2  # keys that each string is asked for; ours
TAU = 60.0  # s; ours: interference, not decay, is what limits retrieval


def case_of(code: str, comparison: str) -> str:
    """Return the name of a code in a comparison, one of `CASES`."""
    return code if code == SPARSE else f"{code}_{comparison}"


@dataclass(frozen=True, eq=False)
class BoundOdours:
    """Strings whose keys are odours, and what they are asked.

    Parameters
    ----------
    strings : sequence of KeyValueSequence
        The letters are the odours of a set, from the first one on.
    sets : ndarray of int, shape (n_strings,)
        The set of odours of each string.
    places : ndarray of int, shape (n_strings, n_questions)
        The pairs that are asked for.
    """

    strings: Sequence[KeyValueSequence]
    sets: np.ndarray
    places: np.ndarray

    @property
    def answers(self) -> np.ndarray:
        """The right digits, shape (n_strings, n_questions)."""
        return np.array(
            [
                [DIGITS.index(string.values[place]) for place in places]
                for string, places in zip(self.strings, self.places, strict=True)
            ]
        )


def bind_odours(
    lengths: Sequence[int],
    n_sets: int,
    generator: np.random.Generator,
    is_distinct: bool = False,
) -> BoundOdours:
    """Bind random digits to the first odours of each set, once for each length.

    Parameters
    ----------
    lengths : sequence of int
        Pairs of a string, `N_QUESTIONS` to 24, or to 10 with distinct digits.
    n_sets : int
    generator : numpy.random.Generator
    is_distinct : bool
        Whether no digit of a string is bound twice.

    Returns
    -------
    BoundOdours
        All strings of the first length, then those of the next.

    Raises
    ------
    InputError
        If a length is out of range.
    """
    most = len(DIGITS) if is_distinct else len(LETTERS) - N_QUESTIONS
    strings, places = [], []
    for length in lengths:
        if not N_QUESTIONS <= length <= most:
            raise InputError(
                f"The number of pairs is {length}, expected {N_QUESTIONS} to {most}: there are "
                f"{len(DIGITS)} digits, and letters that are no keys ask."
            )
        for _ in range(n_sets):
            digits = "".join(generator.choice(list(DIGITS), length, not is_distinct))
            asked = generator.choice(length, N_QUESTIONS, replace=False)
            strings.append(KeyValueSequence(LETTERS[:length], digits, LETTERS[asked[0]]))
            places.append(asked)
    return BoundOdours(strings, np.tile(np.arange(n_sets), len(lengths)), np.array(places))


@dataclass(frozen=True, eq=False)
class Store:
    """One code in a memory of its size.

    Parameters
    ----------
    memory : AssociativeMemory
        Learns at the rate of `drive_equalised`.
    stored, asked : ndarray of float, shape (n_sets, n_odours, n_key_cells)
        Spikes of each key cell that are expected while a key is shown, the background's aside.
    curve : KeySpikes
        Of the key cells.
    """

    memory: AssociativeMemory
    stored: np.ndarray
    asked: np.ndarray
    curve: KeySpikes

    @property
    def spikes_per_key(self) -> float:
        """Expected spikes of all key cells while a key is shown, mean over keys."""
        return float(self.stored.sum(axis=-1).mean())

    def without_learning(self) -> Store:
        """Return the same store with the Hebbian term off."""
        return replace(self, memory=self.memory.changed(key_to_value__learning_rate=0.0))

    @property
    def delays(self) -> np.ndarray:
        """From the end of the last pair to each question, seconds; shape (n_questions,)."""
        presentation = self.memory.parameters.presentation
        interval = presentation.query + presentation.gap
        delays: np.ndarray = presentation.gap + interval * np.arange(N_QUESTIONS)
        return delays

    def answer_rates(self, bound: BoundOdours, noise: str) -> tuple[np.ndarray, Recording]:
        """Show strings and ask; return the mean rates of the cells of each digit.

        Parameters
        ----------
        bound : BoundOdours
        noise : str
            Purpose of the noise.

        Returns
        -------
        rates : ndarray of float, shape (n_questions, n_strings, 10)
            Hz.
        recording : Recording
            Of the first strings. Letters behind those of the keys ask.

        Raises
        ------
        SimulationError
            If the simulation fails.
        """
        letters = LETTERS[-N_QUESTIONS:]
        answers = self.memory.ask(
            bound.strings,
            self._books(bound),
            noise,
            self.delays.tolist(),
            [letters] * len(bound.strings),
        )
        return answers.rates, answers.recording

    def _books(self, bound: BoundOdours) -> list[KeyValueCodes]:
        values = self.memory.parameters.value_cells
        generator = self.memory.session.generator("codes of the digits")
        digits = disjoint_codes(len(DIGITS), values.n, values.n_active, generator)
        n_odours, n_cells = self.stored.shape[1:]
        books = []
        for number, places in zip(bound.sets, bound.places, strict=True):
            spikes = np.zeros((len(LETTERS), n_cells))
            spikes[:n_odours] = self.stored[number]
            spikes[-N_QUESTIONS:] = self.asked[number, places]
            books.append(KeyValueCodes(self.curve.strengths_for(spikes), digits))
        return books

    def exact_scores(self, bound: BoundOdours, is_centred: bool = False) -> np.ndarray:
        """Return what the exact Hebbian matrix scores, in the unit of `fitted_noise`.

        Parameters
        ----------
        bound : BoundOdours
        is_centred : bool
            Whether the mean over all keys is taken off every key, which needs cells or synapses of
            either sign.

        Returns
        -------
        ndarray of float, shape (n_questions, n_strings, 10)
        """
        parameters = self.memory.parameters
        mean = self.stored.mean(axis=(0, 1)) if is_centred else 0.0
        stored, asked = self.stored - mean, self.asked - mean
        unit = parameters.key_cells.n_active / mean_square(stored)
        scores = np.zeros((N_QUESTIONS, len(bound.strings), len(DIGITS)))
        for k, (string, number) in enumerate(zip(bound.strings, bound.sets, strict=True)):
            n_pairs = len(string.keys)
            values = np.eye(len(DIGITS))[[DIGITS.index(value) for value in string.values]]
            since = parameters.presentation.interval * np.arange(n_pairs)[::-1]
            for q, (delay, place) in enumerate(zip(self.delays, bound.places[k], strict=True)):
                left = unit * decay_factor(delay + since, parameters.key_to_value.tau_fast)
                query = asked[number, place][np.newaxis]
                scores[q, k] = attend(stored[number, :n_pairs], values, left, query)[0]
        return scores


def mean_square(keys: np.ndarray) -> float:
    """Return the sum over cells of the squared activity, mean over keys."""
    return float((keys**2).sum(axis=-1).mean())


def drive_equalised(
    memory: AssociativeMemory, stored: np.ndarray, curve: KeySpikes
) -> AssociativeMemory:
    """Return a memory in which these keys drive values as hard as those of the sheet do.

    A weight grows by the learning rate times the spikes of its key cell, and a key that asks finds
    the sum of the weights of its cells, each times its spikes: the rate times the sum of squares.

    Parameters
    ----------
    memory : AssociativeMemory
        Of the sheet, with its number of key cells that a key excites.
    stored : ndarray of float, shape (..., n_key_cells)
        Expected spikes.
    curve : KeySpikes
    """
    parameters = memory.parameters
    of_sheet = parameters.key_cells.n_active * curve.full**2
    rate = parameters.key_to_value.learning_rate * of_sheet / mean_square(stored)
    return memory.changed(key_to_value__learning_rate=rate)


def with_compact_keys(memory: AssociativeMemory, n_keys: int) -> AssociativeMemory:
    """Return a memory of as many synapses with fewer key cells, and more value cells for them.

    All value cells together inhibit each other as much as before.

    Parameters
    ----------
    memory : AssociativeMemory
    n_keys : int
        Key cells. The number of synapses is the same to within one value cell for each digit.
    """
    keys, values = memory.parameters.key_cells, memory.parameters.value_cells
    n_active = round(keys.n * values.n / (n_keys * len(DIGITS)))
    n_values = n_active * len(DIGITS)
    weight = memory.parameters.value_to_inhibitory.weight * values.n / n_values
    return memory.changed(
        key_cells__n=n_keys,
        value_cells__n=n_values,
        value_cells__n_active=n_active,
        value_to_inhibitory__weight=weight,
    )


@dataclass(frozen=True, eq=False)
class SparseStorage:
    """The codes of one seed, side by side.

    Parameters
    ----------
    memory : AssociativeMemory
        Of the sheet.
    n_sets : int
        Of odours: strings of each number of pairs.

    Raises
    ------
    InputError
        If there are fewer key cells than projection neurons.
    """

    memory: AssociativeMemory
    n_sets: int

    @cached_property
    def coder(self) -> OdourCoder:
        """The hash circuits, with as many Kenyon cells as the memory has key cells."""
        return OdourCoder.calibrated(self.memory.session, self.memory.parameters.key_cells.n)

    @cached_property
    def curve(self) -> KeySpikes:
        """Spikes of a key cell by its drive."""
        return key_spikes(self.memory.parameters, self.memory.session.generator("key spikes"))

    @cached_property
    def hebbian(self) -> AssociativeMemory:
        """The memory with long-lasting weights and the Hebbian term alone."""
        return self.memory.changed(key_to_value__tau_fast=TAU, key_to_value__depression=0.0)

    @cached_property
    def noise(self) -> float:
        """Noise of the exact matrix, fitted to orthogonal keys as in `fitted_noise`."""
        exam = Examination(self.hebbian, N_QUESTIONS * self.n_sets)
        return fitted_noise(exam, self.hebbian.orthogonal_codes())

    def keys(self, n_odours: int, correlation: float) -> OdourKeys:
        """Return keys of sets of odours of a correlation."""
        purpose = f"odours of correlation {correlation:g}"
        generator = self.memory.session.generator(purpose)
        odours = similar_odours(self.n_sets, n_odours, self.coder.n_types, correlation, generator)
        keys = self.coder.keys(odours, purpose)
        self.coder.charge(self.memory.session)
        return keys

    def stores(self, keys: OdourKeys) -> dict[str, Store]:
        """Return a store for each of `CASES`."""
        n_cells, n_compact = self.memory.parameters.key_cells.n, self.coder.n_types
        if n_cells < n_compact:
            raise InputError(
                f"key_cells.n is {n_cells}, expected {n_compact} or more, a cell for each "
                "projection neuron."
            )
        compact = with_compact_keys(self.hebbian, n_compact)
        sparse = self._store(self.hebbian, keys, SPARSE, np.arange(n_cells))
        stores = {SPARSE: sparse}
        for code, copies in ((DENSE, np.arange(n_cells)), (RATES, np.arange(n_cells) % n_compact)):
            equal = self._store(self.hebbian, keys, code, copies)
            fewer = sparse.spikes_per_key / equal.spikes_per_key
            stores |= {
                case_of(code, EQUAL_CELLS): equal,
                case_of(code, EQUAL_SYNAPSES): self._store(
                    compact, keys, code, np.arange(n_compact)
                ),
                case_of(code, EQUAL_SPIKES): self._store(self.hebbian, keys, code, copies, fewer),
            }
        return {case: stores[case] for case in CASES}

    def _store(
        self,
        memory: AssociativeMemory,
        keys: OdourKeys,
        code: str,
        cells: np.ndarray,
        scale: float = 1.0,
    ) -> Store:
        """Let key cells fire as these cells of a code do, times a scale."""
        stored, asked = (
            scale * self.curve.full * of_trial[code][..., cells]
            for of_trial in (keys.stored, keys.asked)
        )
        return Store(drive_equalised(memory, stored, self.curve), stored, asked, self.curve)

    def share_right(self, rates: np.ndarray, bound: BoundOdours) -> np.ndarray:
        """Return the share of right answers to each string, shape (n_strings,)."""
        exam = Examination(self.memory, self.n_sets)
        given = [[DIGITS.index(digit) for digit in exam.answers(one)] for one in rates]
        right: np.ndarray = (np.transpose(given) == bound.answers).mean(axis=1)
        return right

    def expected_right(self, scores: np.ndarray, bound: BoundOdours) -> dict[int, float]:
        """Return the share of right answers that scores lead to, by number of pairs."""
        n_pairs = lengths_of(bound)
        return {
            n: expected_accuracy(
                scores[:, n_pairs == n].reshape(-1, len(DIGITS)),
                bound.answers[n_pairs == n].T.ravel(),
                self.noise,
            )
            for n in np.unique(n_pairs).tolist()
        }


def lengths_of(bound: BoundOdours) -> np.ndarray:
    """Return the number of pairs of each string."""
    return np.array([len(string.keys) for string in bound.strings])


def overlaps(keys: OdourKeys) -> Mapping[str, float]:
    """Return the cosines of keys: of one odour in two trials, and of two odours of a set.

    Returns
    -------
    dict of str to float
        ``trials_CODE`` and ``others_CODE``, means.
    """
    values = {}
    for code in CODES:
        first, second = (
            array[code] / np.linalg.norm(array[code], axis=-1, keepdims=True)
            for array in (keys.stored, keys.asked)
        )
        cosines = np.einsum("sik,sjk->sij", first, second)
        same = np.eye(cosines.shape[1], dtype=bool)
        values[f"trials_{code}"] = float(cosines[:, same].mean())
        values[f"others_{code}"] = float(cosines[:, ~same].mean())
    return values
