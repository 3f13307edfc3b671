"""The strings of the associative retrieval task: pairs of a letter and a digit, then a query.

``c9k8j3f1??c`` binds 9 to c, 8 to k, 3 to j and 1 to f, and asks for the value of c: 9 (Ba, Hinton,
Mnih, Leibo & Ionescu 2016, arXiv 1610.06258, section 4.1). As there, the letters of a string are
distinct, so `parse_string` always refuses a key that is bound twice. Sequences in which a key is
bound again (re-binding) are not strings of that task; the functions here draw them as
`KeyValueSequence` objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.errors import InputError

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
QUERY_MARK = "??"
# In an array of indices: this sequence has fewer pairs than the longest one.
NO_PAIR = -1
_EXAMPLE = "c9k8j3f1??c"


@dataclass(frozen=True)
class KeyValueSequence:
    """Pairs of a key and a value in the order in which they are shown, and a query.

    Parameters
    ----------
    keys : str
        A letter for each pair; one that returns is bound again.
    values : str
        A digit for each pair.
    query : str
        One of the keys.

    Raises
    ------
    InputError
        If a symbol is unknown, keys and values differ in number, there is none, or the query is not
        among the keys.
    """

    keys: str
    values: str
    query: str

    def __post_init__(self) -> None:
        """Refuse what has no answer."""
        if len(self.keys) != len(self.values):
            raise InputError(
                f"The sequence has {len(self.keys)} keys '{self.keys}' and {len(self.values)} "
                f"values '{self.values}', expected as many of both."
            )
        for symbols, kind, known in (
            (self.keys, "key", LETTERS),
            (self.values, "value", DIGITS),
        ):
            for symbol in symbols:
                if symbol not in known:
                    raise InputError(
                        f"The string '{self}' has the {kind} '{symbol}', "
                        f"expected one of {known[0]} to {known[-1]}."
                    )
        if not self.keys:
            raise InputError(
                f"The string '{self}' holds no pair, expected a letter and a digit, "
                f"or several of them, before '{QUERY_MARK}'."
            )
        if len(self.query) != 1 or self.query not in self.keys:
            raise InputError(
                f"The string '{self}' asks for '{self.query}', expected one of its keys: "
                f"{', '.join(dict.fromkeys(self.keys))}."
            )

    @property
    def answer(self) -> str:
        """The value that was bound to the queried key last."""
        return self.values[self.keys.rindex(self.query)]

    def __str__(self) -> str:
        """Return the sequence as it is written, for example ``c9k8j3f1??c``."""
        pairs = "".join(key + value for key, value in zip(self.keys, self.values, strict=True))
        return f"{pairs}{QUERY_MARK}{self.query}"


@dataclass(frozen=True)
class SequenceIndices:
    """Sequences as arrays of indices into `LETTERS` and `DIGITS`.

    Parameters
    ----------
    keys, values : ndarray of int, shape (n_sequences, n_pairs)
        For as many pairs as the longest sequence has. Shorter ones begin with `NO_PAIR`, so that
        the last pair of all lies the same time before the query.
    queries, answers : ndarray of int, shape (n_sequences,)
    """

    keys: np.ndarray
    values: np.ndarray
    queries: np.ndarray
    answers: np.ndarray


def sequence_indices(sequences: Sequence[KeyValueSequence]) -> SequenceIndices:
    """Return sequences as arrays, as patterns of cells are looked up.

    Parameters
    ----------
    sequences : sequence of KeyValueSequence
        At least one.

    Returns
    -------
    SequenceIndices
    """
    n_pairs = max(len(sequence.keys) for sequence in sequences)
    keys, values = np.full((2, len(sequences), n_pairs), NO_PAIR)
    for number, sequence in enumerate(sequences):
        first = n_pairs - len(sequence.keys)
        keys[number, first:] = [LETTERS.index(key) for key in sequence.keys]
        values[number, first:] = [DIGITS.index(value) for value in sequence.values]
    queries = np.array([LETTERS.index(sequence.query) for sequence in sequences])
    answers = np.array([DIGITS.index(sequence.answer) for sequence in sequences])
    return SequenceIndices(keys, values, queries, answers)


def parse_string(text: str) -> KeyValueSequence:
    """Read a string of the task.

    Parameters
    ----------
    text : str
        For example ``c9k8j3f1??c``; blanks around it do not count.

    Returns
    -------
    KeyValueSequence

    Raises
    ------
    InputError
        If the string is empty, holds an unknown symbol, no pair or no query, if keys and values
        do not alternate, a key is bound twice, or the query is not among the keys.
    """
    text = text.strip()
    if not text:
        raise InputError(f"The string '{text}' is empty, expected one such as '{_EXAMPLE}'.")
    for symbol in text:
        if symbol not in LETTERS + DIGITS + QUERY_MARK:
            lower = symbol.lower()
            hint = f": did you mean '{lower}'?" if lower in set(LETTERS) else "."
            raise InputError(
                f"The string '{text}' holds '{symbol}', expected letters a to z, digits 0 to 9 "
                f"and '{QUERY_MARK}'{hint}"
            )
    pairs, mark, query = text.partition(QUERY_MARK)
    if not mark:
        raise InputError(
            f"The string '{text}' has no query, expected '{QUERY_MARK}' and a letter at its end."
        )
    if len(query) != 1 or query not in LETTERS:
        raise InputError(
            f"The string '{text}' has '{query}' behind '{QUERY_MARK}', expected one letter."
        )
    for place, symbol in enumerate(pairs):
        kind, expected = ("letter", LETTERS) if place % 2 == 0 else ("digit", DIGITS)
        if symbol not in expected:
            raise InputError(
                f"The string '{text}' has '{symbol}' at place {place + 1}, expected a {kind}, "
                "for letters and digits alternate."
            )
    keys, values = pairs[::2], pairs[1::2]
    if len(keys) > len(values):
        raise InputError(f"The string '{text}' has no digit behind '{keys[-1]}', expected one.")
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(
                f"The string '{text}' binds '{key}' {keys.count(key)} times, "
                "expected every letter at most once."
            )
    return KeyValueSequence(keys, values, query)


def parse_strings(text: str) -> list[KeyValueSequence]:
    """Read strings of the task that are separated by commas.

    Parameters
    ----------
    text : str
        For example ``c9k8??c,a1b2d3??b``.

    Returns
    -------
    list of KeyValueSequence
        At least one.

    Raises
    ------
    InputError
        If `parse_string` refuses one of them.
    """
    return [parse_string(string) for string in text.split(",")]


def random_strings(
    n_strings: int, n_pairs: int, generator: np.random.Generator
) -> list[KeyValueSequence]:
    """Draw strings of the task: distinct letters, any digits, a query for any of the letters.

    Parameters
    ----------
    n_strings : int
    n_pairs : int
        Pairs in each, 1 to 26.
    generator : numpy.random.Generator

    Returns
    -------
    list of KeyValueSequence

    Raises
    ------
    InputError
        If there are not enough letters, or no pairs.
    """
    _check(n_pairs, "number of pairs", 1, len(LETTERS))
    sequences = []
    for _ in range(n_strings):
        keys = _letters(n_pairs, generator)
        values = _join(DIGITS, generator.integers(len(DIGITS), size=n_pairs))
        sequences.append(KeyValueSequence(keys, values, keys[generator.integers(n_pairs)]))
    return sequences


def rebound_at_lag(
    n_sequences: int, n_pairs: int, lag: int, generator: np.random.Generator
) -> list[KeyValueSequence]:
    """Draw sequences that end by binding one of their keys again, to a new value, and ask for it.

    Parameters
    ----------
    n_sequences : int
    n_pairs : int
        Keys of each sequence, all different, 1 to 26; the re-binding follows as one pair more.
    lag : int
        Other pairs between the two bindings, 0 to ``n_pairs - 1``.
    generator : numpy.random.Generator

    Returns
    -------
    list of KeyValueSequence
        The answer is the new value, which differs from the old one.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    _check(lag, "lag", 0, n_pairs - 1)
    sequences = []
    for string in random_strings(n_sequences, n_pairs, generator):
        place = n_pairs - 1 - lag
        key, new = string.keys[place], _other_digit(string.values[place], generator)
        sequences.append(KeyValueSequence(string.keys + key, string.values + new, key))
    return sequences


def bound_in_a_row(
    n_sequences: int, n_others: int, n_values: int, generator: np.random.Generator
) -> list[KeyValueSequence]:
    """Draw sequences that end by binding one key to several values in a row, and ask for it.

    Parameters
    ----------
    n_sequences : int
    n_others : int
        Pairs of other keys before, 0 to 25.
    n_values : int
        Different values of the last key, 1 to 10.
    generator : numpy.random.Generator

    Returns
    -------
    list of KeyValueSequence
        The answer is the last value.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    _check(n_others, "number of other pairs", 0, len(LETTERS) - 1)
    _check(n_values, "number of values in a row", 1, len(DIGITS))
    sequences = []
    for string in random_strings(n_sequences, n_others + 1, generator):
        key = string.keys[-1]
        in_a_row = _join(DIGITS, generator.permutation(len(DIGITS))[:n_values])
        sequences.append(
            KeyValueSequence(
                string.keys[:-1] + key * n_values, string.values[:-1] + in_a_row, query=key
            )
        )
    return sequences


def partly_rebound(
    n_sequences: int, n_pairs: int, n_rebound: int, generator: np.random.Generator
) -> list[KeyValueSequence]:
    """Draw sequences that end by binding some of their keys again, and ask for one of the others.

    Parameters
    ----------
    n_sequences : int
    n_pairs : int
        Keys of each sequence, all different, 2 to 26.
    n_rebound : int
        How many of them, drawn at random, are bound to a new value behind the last pair, in a
        random order; 1 to ``n_pairs - 1``.
    generator : numpy.random.Generator

    Returns
    -------
    list of KeyValueSequence
        The answer is the value of a key that was bound once. `without_rebinding` is the control.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    _check(n_rebound, "number of keys bound again", 1, n_pairs - 1)
    sequences = []
    for string in random_strings(n_sequences, n_pairs, generator):
        places = generator.permutation(n_pairs)
        again = "".join(string.keys[place] for place in places[:n_rebound])
        new = "".join(_other_digit(string.values[place], generator) for place in places[:n_rebound])
        untouched = string.keys[places[-1]]
        sequences.append(KeyValueSequence(string.keys + again, string.values + new, untouched))
    return sequences


def without_rebinding(
    sequence: KeyValueSequence, generator: np.random.Generator
) -> KeyValueSequence:
    """Return the control of a re-binding: a letter that is new to the sequence takes its place.

    Number, order and values of the pairs stay, so that a key that was bound once is as old as
    before and followed by as many pairs.

    Parameters
    ----------
    sequence : KeyValueSequence
    generator : numpy.random.Generator
        Draws the new letters.

    Returns
    -------
    KeyValueSequence
        With distinct keys and the same query.

    Raises
    ------
    InputError
        If it has more than 26 pairs, so that the letters do not suffice.
    """
    _check(len(sequence.keys), "number of pairs", 1, len(LETTERS))
    unused = [letter for letter in _letters(len(LETTERS), generator) if letter not in sequence.keys]
    keys = ""
    for key in sequence.keys:
        keys += unused.pop() if key in keys else key
    return KeyValueSequence(keys, sequence.values, sequence.query)


def _letters(number: int, generator: np.random.Generator) -> str:
    return _join(LETTERS, generator.permutation(len(LETTERS))[:number])


def _other_digit(digit: str, generator: np.random.Generator) -> str:
    step = generator.integers(1, len(DIGITS))
    return DIGITS[(DIGITS.index(digit) + step) % len(DIGITS)]


def _join(symbols: str, indices: np.ndarray) -> str:
    return "".join(symbols[index] for index in indices)


def _check(number: int, name: str, low: int, high: int) -> None:
    if not low <= number <= high:
        raise InputError(f"The {name} is {number}, expected {low} to {high}.")
