"""Activity, fast weights and slow weights as memories of the same strings, read in the same way.

Each string binds digits to letters, is shown to every memory in the same way and asked for by a
letter. The answer is that of the best linear read-out of the spikes during the query, tested on
strings that it was not fitted to (`neurosim.abstract.linear_readout`). Synapses between keys and
values answer with the value cells whatever the letter was, so that one read-out serves all places
of a string. Activity holds digits in their order: each place has a read-out of its own, of all
cells, whichever letter asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.abstract.linear_readout import held_out_answers
from neurosim.abstract.recovered_information import recovered_bits
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.retrieval_strings import DIGITS, KeyValueSequence, random_strings
from neurosim.fast_weights.spiking_activity_memory import ActivityMemory
from neurosim.fast_weights.spiking_associative_memory import AssociativeMemory
from neurosim.session import Session

ACTIVITY, FAST, MINUTE, SLOW = "activity", "fast", "fast_60_s", "slow"
# What differs from the sheet: its fast weights, others that last longer, and slow ones that learn
# too little to be read after one exposure. Calibrated, on seed 0: all is read after ten of them.
CHANGES: Mapping[str, Mapping[str, float]] = {
    FAST: {},
    MINUTE: {"key_to_value__tau_fast": 60.0},
    SLOW: {"key_to_value__tau_fast": 3600.0, "key_to_value__learning_rate": 6e-7},
}
WEIGHTS = tuple(CHANGES)
MEMORIES = (ACTIVITY, *WEIGHTS)
# Read-outs of activity have more to learn: all cells, and a place each. So many times the strings
# of the others, for each of which several letters are asked. Ours.
ACTIVITY_STRINGS, N_QUESTIONS = 8, 4
N_FOLDS = 8  # ours


@dataclass(frozen=True)
class Recovered:
    """What a memory gives back of its strings.

    Parameters
    ----------
    bits : float
        Of a string.
    share_right : float
        Of the answers.
    """

    bits: float
    share_right: float


@dataclass(frozen=True, eq=False)
class Stored:
    """Strings in the synapses of a memory.

    Parameters
    ----------
    memory : AssociativeMemory
    strings : sequence of KeyValueSequence
    weights : ndarray of float, shape (n_strings, n_value_cells, n_key_cells)
        At the end of the last pair, V.
    """

    memory: AssociativeMemory
    strings: Sequence[KeyValueSequence]
    weights: np.ndarray


@dataclass(frozen=True)
class ThreeMemories:
    """The memories of one seed.

    Parameters
    ----------
    session : Session
        Of the sheet of an associative memory; the other memories are made beside it.
    n_strings : int
        That the synapses are shown, 4 or more.
    """

    session: Session
    n_strings: int

    @cached_property
    def activity(self) -> ActivityMemory:
        """The population with as many cells and random synapses."""
        return ActivityMemory.beside(self.session)

    @cached_property
    def codes(self) -> KeyValueCodes:
        """The cells of letters and digits in all memories."""
        return AssociativeMemory.of(self.session).orthogonal_codes()

    def weights(self, name: str) -> AssociativeMemory:
        """Return the memory of one of `WEIGHTS`."""
        return AssociativeMemory.of(self.session).changed(**CHANGES[name])

    def strings(self, n_pairs: int) -> list[KeyValueSequence]:
        """Return the strings of activity; the synapses are shown the first ones of them."""
        generator = self.session.generator(f"strings of {n_pairs}")
        return random_strings(ACTIVITY_STRINGS * self.n_strings, n_pairs, generator)

    def held_in_activity(
        self,
        memory: ActivityMemory,
        n_pairs: int,
        delay: float,
        n_exposures: int = 1,
    ) -> Recovered:
        """Show each string, wait, ask; read the digits of all places from the activity.

        Parameters
        ----------
        memory : ActivityMemory
        n_pairs : int
            Of each string.
        delay : float
            From the end of the last pair to the query, seconds.
        n_exposures : int
            How often each string is shown, one time right behind the other.
        """
        strings = self.strings(n_pairs)
        shown = [
            KeyValueSequence(n_exposures * s.keys, n_exposures * s.values, s.query) for s in strings
        ]
        purpose = f"{n_pairs} pairs, {n_exposures} times, {delay:g} s"
        counts = memory.ask(shown, self.codes, delay, purpose).counts
        digits = np.array([[DIGITS.index(digit) for digit in s.values] for s in strings])
        answers = held_out_answers(counts, digits, np.arange(len(strings)) % N_FOLDS, len(DIGITS))
        return recovered(answers == digits, np.tile(np.arange(n_pairs), (len(strings), 1)))

    def exposed(
        self, memory: AssociativeMemory, n_pairs: int, exposures: Sequence[int]
    ) -> dict[int, Stored]:
        """Show strings several times; return what the synapses hold after some of the times.

        Parameters
        ----------
        memory : AssociativeMemory
        n_pairs : int
            Of each string.
        exposures : sequence of int
            The numbers of times that are asked for.
        """
        strings = self.strings(n_pairs)[: self.n_strings]
        in_gap = decay_factor(
            memory.parameters.presentation.gap, memory.parameters.key_to_value.tau_fast
        )
        weights, stored = None, {}
        for number in range(1, max(exposures) + 1):
            purpose = f"{n_pairs} pairs, exposure {number}"
            weights = memory.store(strings, self.codes, purpose, weights)
            if number in exposures:
                stored[number] = Stored(memory, strings, weights)
            weights = in_gap * weights
        return stored

    def held_in_weights(self, stored: Stored, delay: float) -> Recovered:
        """Ask each string for several of its letters after a delay; read the value cells.

        Parameters
        ----------
        stored : Stored
        delay : float
            From the end of the last pair to every query, seconds, in which the weights decay by
            exact law.
        """
        places = asked_places(len(stored.strings), len(stored.strings[0].keys))
        counts, digits = [], []
        for number, of_strings in enumerate(places.T):
            asked = [
                replace(string, query=string.keys[place])
                for string, place in zip(stored.strings, of_strings, strict=True)
            ]
            purpose = f"{len(stored.strings[0].keys)} pairs, question {number}, {delay:g} s"
            answers = stored.memory.recall(stored.weights, asked, self.codes, delay, purpose)
            counts.append(answers.cell_rates[0])
            digits.append([DIGITS.index(string.answer) for string in asked])
        folds = np.tile(np.arange(len(places)) % N_FOLDS, places.shape[1])
        wanted = np.concatenate(digits)[:, np.newaxis]
        given = held_out_answers(np.concatenate(counts), wanted, folds, len(DIGITS))
        return recovered(given == wanted, places.T)


def asked_places(n_strings: int, n_pairs: int) -> np.ndarray:
    """Return the places that each string is asked for: all of them equally often over strings.

    Returns
    -------
    ndarray of int, shape (n_strings, n_questions)
        Different ones in each string, at most `N_QUESTIONS`.
    """
    n_questions = min(N_QUESTIONS, n_pairs)
    return np.arange(n_strings * n_questions).reshape(n_strings, n_questions) % n_pairs


def recovered(right: np.ndarray, places: np.ndarray) -> Recovered:
    """Return what answers give back, each about one place of its string, all places asked for."""
    n_pairs = int(places.max()) + 1
    return Recovered(
        recovered_bits(right.ravel(), places.ravel(), n_pairs, len(DIGITS)), float(right.mean())
    )


def half_life(bits: Mapping[float, float]) -> float:
    """Return the delay at which half of the bits are left.

    Parameters
    ----------
    bits : mapping of float to float
        By delay, seconds, in order of time.

    Returns
    -------
    float
        Seconds, between two delays by the logarithm of time; nan if there is nothing to begin
        with, inf if half of it outlives the last delay.
    """
    (first, most), *later = bits.items()
    if not most > 0:
        return math.nan
    before, above = first, most
    for delay, left in later:
        if left <= most / 2:
            share = (above - most / 2) / (above - left)
            return float(before * (delay / before) ** share)
        before, above = delay, left
    return math.inf


def exposures_needed(shares: Mapping[int, float], criterion: float) -> float:
    """Return the number of exposures from which on a share of the answers is right.

    Parameters
    ----------
    shares : mapping of int to float
        Share of right answers by number of exposures, in ascending order.
    criterion : float

    Returns
    -------
    float
        Interpolated between two numbers; the first number if that is enough, inf if none is.
    """
    before, below = 0, 0.0
    for number, share in shares.items():
        if share >= criterion:
            if not before:
                return float(number)
            return before + (number - before) * (criterion - below) / (share - below)
        before, below = number, share
    return math.inf
