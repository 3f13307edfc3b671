"""Strings of the retrieval task: read, refused, drawn, and with keys that are bound again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.fast_weights.retrieval_strings import (
    DIGITS,
    LETTERS,
    NO_PAIR,
    KeyValueSequence,
    bound_in_a_row,
    parse_string,
    parse_strings,
    partly_rebound,
    random_strings,
    rebound_at_lag,
    sequence_indices,
    without_rebinding,
)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("text", "answer"), [("c9k8j3f1??c", "9"), ("j0a3s5z2??a", "3"), ("x0??x", "0")]
)
def test_a_string_is_read(text: str, answer: str) -> None:
    sequence = parse_string(text)
    assert sequence.answer == answer
    assert str(sequence) == text
    assert parse_string(f"  {text} ") == sequence


def test_parts_of_a_string() -> None:
    assert parse_string("c9k8j3f1??j") == KeyValueSequence(keys="ckjf", values="9831", query="j")


def test_strings_of_a_list_are_read_in_order() -> None:
    texts = [str(sequence) for sequence in parse_strings("c9k8??k, a1??a")]
    assert texts == ["c9k8??k", "a1??a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"The string '' is empty, expected one such as 'c9k8j3f1\?\?c'\."),
        ("c9??c,", "The string '' is empty"),
        (
            "c9c8??c",
            r"The string 'c9c8\?\?c' binds 'c' 2 times, expected every letter at most",
        ),
        ("C9??c", r"The string 'C9\?\?c' holds 'C', expected letters a to z.*did you mean 'c'\?"),
        ("c9!8??c", r"The string 'c9!8\?\?c' holds '!', expected letters a to z, .* '\?\?'\."),
        ("c9 k8??c", "holds ' ', expected letters a to z"),
        ("c9é8??c", "holds 'é', expected letters a to z"),
        ("c٣??c", "holds '٣', expected letters a to z, digits 0 to 9"),  # a digit, but not of ours
        ("c9k8", r"The string 'c9k8' has no query, expected '\?\?' and a letter at its end"),
        ("c9k8?c", r"The string 'c9k8\?c' has no query"),
        ("c9k8??", r"The string 'c9k8\?\?' has '' behind '\?\?', expected one letter"),
        ("c9k8??9", "has '9' behind"),
        ("c9k8??ck", "has 'ck' behind"),
        ("c9k8???c", r"has '\?c' behind"),
        ("??c", r"The string '\?\?c' holds no pair"),
        ("9c??c", "has '9' at place 1, expected a letter"),
        ("ck98??c", "has 'k' at place 2, expected a digit"),
        ("c9?8??c", r"has '\?' at place 3, expected a letter"),
        ("c9k??c", r"The string 'c9k\?\?c' has no digit behind 'k'"),
        ("c9k8??z", r"The string 'c9k8\?\?z' asks for 'z', expected one of its keys: c, k\."),
    ],
)
def test_what_is_no_string_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        parse_strings(text)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))


@pytest.mark.parametrize(
    ("keys", "values", "query", "message"),
    [
        ("ab", "1", "a", "has 2 keys 'ab' and 1 values '1'"),
        ("aB", "12", "a", r"'a1B2\?\?a' has the key 'B', expected one of a to z"),
        ("ab", "1x", "a", "has the value 'x', expected one of 0 to 9"),
        ("", "", "a", "holds no pair"),
        ("ab", "12", "", "asks for '', expected one of its keys: a, b"),
        ("ab", "12", "ab", "asks for 'ab'"),
        ("aba", "123", "c", r"expected one of its keys: a, b\."),
    ],
)
def test_a_sequence_without_an_answer_is_refused(
    keys: str, values: str, query: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        KeyValueSequence(keys, values, query)


@pytest.mark.parametrize("n_pairs", [1, 4, 26])
def test_random_strings_are_strings_of_the_task(n_pairs: int) -> None:
    strings = random_strings(50, n_pairs, generator())
    assert len(strings) == 50
    assert all(len(string.keys) == n_pairs for string in strings)
    assert [parse_string(str(string)) for string in strings] == strings
    assert strings == random_strings(50, n_pairs, generator())
    assert strings != random_strings(50, n_pairs, generator(1))


def test_letters_digits_and_places_of_the_query_are_equally_likely() -> None:
    strings = random_strings(2000, 4, generator())
    for symbols, n_kinds in (
        ([key for string in strings for key in string.keys], 26),
        ([value for string in strings for value in string.values], 10),
        ([string.keys.index(string.query) for string in strings], 4),
        ([string.answer for string in strings], 10),
    ):
        counts = Counter(symbols)
        expected = len(symbols) / n_kinds
        assert len(counts) == n_kinds
        assert max(abs(count - expected) for count in counts.values()) < 5 * expected**0.5


@pytest.mark.parametrize("n_pairs", [0, 27])
def test_a_string_has_1_to_26_pairs(n_pairs: int) -> None:
    with pytest.raises(InputError, match=f"number of pairs is {n_pairs}, expected 1 to 26"):
        random_strings(1, n_pairs, generator())


@pytest.mark.parametrize(("n_pairs", "lag"), [(1, 0), (8, 0), (8, 3), (8, 7)])
def test_a_key_is_bound_again_at_its_lag(n_pairs: int, lag: int) -> None:
    for sequence in rebound_at_lag(30, n_pairs, lag, generator()):
        assert len(sequence.keys) == n_pairs + 1
        assert len(set(sequence.keys)) == n_pairs
        assert sequence.query == sequence.keys[-1]
        first = sequence.keys.index(sequence.query)
        assert n_pairs - first - 1 == lag
        assert sequence.answer == sequence.values[-1] != sequence.values[first]
        with pytest.raises(InputError, match="2 times"):
            parse_string(str(sequence))


def test_new_values_are_any_but_the_old_one() -> None:
    sequences = rebound_at_lag(900, 1, 0, generator())
    steps = Counter((int(s.values[1]) - int(s.values[0])) % 10 for s in sequences)
    assert set(steps) == set(range(1, 10))
    assert max(abs(count - 100) for count in steps.values()) < 50  # 5 standard deviations


@pytest.mark.parametrize(("n_others", "n_values"), [(0, 5), (6, 5), (25, 10), (3, 1)])
def test_a_key_is_bound_to_several_values_in_a_row(n_others: int, n_values: int) -> None:
    for sequence in bound_in_a_row(20, n_others, n_values, generator()):
        last = sequence.query
        assert sequence.keys.endswith(last * n_values)
        assert len(set(sequence.keys)) == n_others + 1
        assert len(sequence.keys) == n_others + n_values
        assert len(set(sequence.values[n_others:])) == n_values
        assert sequence.answer == sequence.values[-1]


def test_some_keys_are_bound_again_and_another_is_asked_for() -> None:
    asked = Counter()
    for sequence in partly_rebound(400, 20, 3, generator()):
        assert len(set(sequence.keys[:20])) == 20
        assert len(set(sequence.keys[20:])) == 3
        assert sequence.keys.count(sequence.query) == 1
        for key, new in zip(sequence.keys[20:], sequence.values[20:], strict=True):
            assert new != sequence.values[sequence.keys.index(key)]
        asked[sequence.keys.index(sequence.query)] += 1
    assert set(asked) == set(range(20))


def test_the_control_of_a_rebinding_differs_in_the_returning_keys_only() -> None:
    for sequence in partly_rebound(30, 20, 3, generator()):
        control = without_rebinding(sequence, generator(1))
        assert control.keys[:20] == sequence.keys[:20]
        assert (control.values, control.query) == (sequence.values, sequence.query)
        assert control.answer == sequence.answer
        assert len(set(control.keys)) == 23
        assert parse_string(str(control)) == control
    (string,) = random_strings(1, 5, generator())
    assert without_rebinding(string, generator()) == string


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: rebound_at_lag(1, 8, 8, generator()), "lag is 8, expected 0 to 7"),
        (lambda: rebound_at_lag(1, 8, -1, generator()), "lag is -1, expected 0 to 7"),
        (lambda: bound_in_a_row(1, 26, 5, generator()), "other pairs is 26, expected 0 to 25"),
        (lambda: bound_in_a_row(1, 3, 11, generator()), "values in a row is 11, expected 1 to 10"),
        (lambda: partly_rebound(1, 20, 20, generator()), "bound again is 20, expected 1 to 19"),
        (
            lambda: without_rebinding(bound_in_a_row(1, 22, 5, generator())[0], generator()),
            "number of pairs is 27, expected 1 to 26",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(draw, message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw()


def test_indices_put_the_last_pairs_of_all_sequences_together() -> None:
    indices = sequence_indices(parse_strings("c9k8j3??k,a1??a"))
    assert indices.keys.tolist() == [[2, 10, 9], [NO_PAIR, NO_PAIR, 0]]
    assert indices.values.tolist() == [[9, 8, 3], [NO_PAIR, NO_PAIR, 1]]
    assert indices.queries.tolist() == [10, 0]
    assert indices.answers.tolist() == [8, 1]


def test_indices_of_a_key_that_is_bound_again_give_its_last_value() -> None:
    sequence = KeyValueSequence("aba", "123", "a")
    assert sequence_indices([sequence]).answers.tolist() == [3]
    assert LETTERS[0] == "a" and DIGITS[3] == "3"
