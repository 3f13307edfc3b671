"""The fast-weight matrix against closed forms, and on the strings of the retrieval task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from neurosim.abstract.associative_retrieval import digit_scores, stored_matrices
from neurosim.abstract.fast_weights import (
    FastWeights,
    attend,
    decay_factor,
    delta_rule,
    hebbian,
    overwrite,
)
from neurosim.abstract.value_readout import expected_accuracy, fit_noise
from neurosim.errors import InputError
from neurosim.fast_weights.key_value_codes import (
    KeyValueCodes,
    gaussian_keys,
    orthogonal_codes,
    patterns,
    random_key_codes,
    sparse_codes,
)
from neurosim.fast_weights.retrieval_strings import (
    NO_PAIR,
    KeyValueSequence,
    bound_in_a_row,
    parse_strings,
    partly_rebound,
    random_strings,
    rebound_at_lag,
    sequence_indices,
    without_rebinding,
)

# As in the circuit: a pair of 150 ms and a gap of 50 ms.
INTERVAL = 0.2


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def orthogonal(seed: int = 0) -> KeyValueCodes:
    return orthogonal_codes(260, 100, 10, 10, generator(seed))


def scores_and_answers(
    sequences: Sequence[KeyValueSequence], codes: Any, **changes: Any
) -> tuple[np.ndarray, np.ndarray]:
    settings = {"tau_fast": 4.0, "interval": INTERVAL, "delay": 0.0, "rate": 1.0, **changes}
    return digit_scores(sequences, codes, **settings), sequence_indices(sequences).answers


def accuracy(
    sequences: Sequence[KeyValueSequence], codes: Any, noise_sd: float = 0.0, **changes: Any
) -> float:
    return expected_accuracy(*scores_and_answers(sequences, codes, **changes), noise_sd)


def random_codes(number: int, n_active: int, seed: int = 0) -> list[KeyValueCodes]:
    drawn = generator(seed)
    return [random_key_codes(260, 100, n_active, 10, drawn) for _ in range(number)]


# The matrix


def test_a_pair_decays_exponentially() -> None:
    memory = FastWeights(1, 2, 3, tau_fast=4.0)
    key, value = np.array([[1.0, 0.0, 2.0]]), np.array([[3.0, -1.0]])
    memory.store(key, value, rate=0.5)
    for _ in range(15):
        memory.decay(0.4)
    np.testing.assert_allclose(memory.matrix[0], 0.5 * np.exp(-6 / 4) * np.outer(value, key))
    np.testing.assert_allclose(memory.retrieve(key), 0.5 * 5 * np.exp(-1.5) * value)


def test_the_matrix_is_the_sum_of_decayed_outer_products() -> None:
    drawn = generator()
    keys, values = drawn.standard_normal((3, 7, 5)), drawn.standard_normal((3, 7, 4))
    memory = FastWeights(3, 4, 5, tau_fast=1.5)
    for pair in range(7):
        memory.decay(INTERVAL)
        memory.store(keys[:, pair], values[:, pair], rate=0.3)
    left = 0.3 * decay_factor(INTERVAL * np.arange(7)[::-1], 1.5)
    expected = np.einsum("p,spv,spk->svk", left, values, keys)
    np.testing.assert_allclose(memory.matrix, expected, rtol=1e-12)
    queries = drawn.standard_normal((3, 5))
    np.testing.assert_allclose(
        attend(keys, values, left, queries[:, np.newaxis])[:, 0], memory.retrieve(queries)
    )


def test_weights_without_decay_stay() -> None:
    memory = FastWeights(1, 1, 1, tau_fast=np.inf)
    memory.store(np.ones((1, 1)), np.ones((1, 1)), rate=1)
    memory.decay(1e6)
    assert memory.matrix.tolist() == [[[1.0]]]


def test_the_delta_rule_overwrites_exactly_and_spares_orthogonal_keys() -> None:
    drawn = generator()
    first, second = np.linalg.qr(drawn.standard_normal((6, 6)))[0][:2, np.newaxis] * 3
    memory = FastWeights(1, 4, 6, tau_fast=4.0)
    memory.matrix = drawn.standard_normal((1, 4, 6))
    before = memory.retrieve(second)
    for value in drawn.standard_normal((5, 1, 4)):
        memory.store(first, value, rate=1 / 9, rule=delta_rule)
        np.testing.assert_allclose(memory.retrieve(first), value)
    np.testing.assert_allclose(memory.retrieve(second), before)


def test_a_slow_delta_rule_approaches_the_value_geometrically() -> None:
    memory = FastWeights(1, 1, 2, tau_fast=4.0)
    key, value = np.array([[1.0, 1.0]]), np.array([[5.0]])
    for times in range(1, 6):
        memory.store(key, value, rate=0.1, rule=delta_rule)
        assert memory.retrieve(key).item() == pytest.approx(5 * (1 - 0.8**times))


def test_overwriting_erases_shared_cells_and_the_delta_rule_keeps_more() -> None:
    old, new = np.array([[1.0, 1, 1, 1, 0, 0]]), np.array([[0.0, 0, 0, 1, 1, 1]])
    values = np.eye(2)[:, np.newaxis]
    left = {}
    for rule in (hebbian, delta_rule, overwrite):
        memory = FastWeights(1, 2, 6, tau_fast=4.0)
        memory.store(old, values[0], rate=1, rule=hebbian)
        memory.store(new, values[1], rate=1 / 3, rule=rule)
        left[rule.__name__] = memory.retrieve(old)[0, 0]
        if rule is not hebbian:
            np.testing.assert_allclose(memory.retrieve(new), values[1], atol=1e-12)
    # Of the four cells of the old key one is shared: erased, or a third of it changed.
    assert left == pytest.approx({"hebbian": 4, "delta_rule": 4 - 1 / 3, "overwrite": 3})


@pytest.mark.parametrize("rule", [hebbian, delta_rule, overwrite])
def test_a_silent_key_changes_nothing_and_sequences_are_apart(rule: Any) -> None:
    memory = FastWeights(2, 3, 4, tau_fast=4.0)
    memory.matrix = before = generator().random((2, 3, 4))
    before = before.copy()
    memory.store(np.array([[0.0] * 4, [0, 1, 0, 1]]), np.ones((2, 3)), rate=0.7, rule=rule)
    assert (memory.matrix[0] == before[0]).all()
    assert (memory.matrix[1][:, [0, 2]] == before[1][:, [0, 2]]).all()
    assert (memory.matrix[1][:, [1, 3]] != before[1][:, [1, 3]]).all()


@pytest.mark.parametrize("tau_fast", [0, -1, float("nan")])
def test_a_time_constant_out_of_range_is_refused(tau_fast: float) -> None:
    with pytest.raises(InputError, match=f"tau_fast is {tau_fast:g} s, expected above 0 s"):
        FastWeights(1, 1, 1, tau_fast)


@pytest.mark.parametrize("interval", [-0.5, [1, -0.5]])
def test_time_does_not_run_backwards(interval: Any) -> None:
    with pytest.raises(InputError, match=r"interval is -0\.5 s, expected 0 s or more"):
        decay_factor(interval, 4.0)


# The codes


def test_orthogonal_codes_share_no_cell() -> None:
    codes = orthogonal()
    assert codes.keys.shape == (26, 260)
    assert codes.values.shape == (10, 100)
    for book in (codes.keys, codes.values):
        assert (book.sum(axis=1) == 10).all()
        assert (book.sum(axis=0) == 1).all()


def test_random_keys_overlap_as_chance_has_it() -> None:
    codes = sparse_codes(400, 260, 26, generator())
    assert (codes.sum(axis=1) == 26).all()
    shared = (codes.astype(int) @ codes.T)[np.triu_indices(400, 1)]
    # Hypergeometric: mean 26 * 26 / 260, variance 2.6 * .9 * 234 / 259.
    assert shared.mean() == pytest.approx(2.6, abs=0.03)
    assert shared.var() == pytest.approx(2.6 * 0.9 * 234 / 259, rel=0.03)
    drawn = random_key_codes(260, 100, 52, 10, generator(1))
    assert (drawn.keys.sum(axis=1) == 52).all()
    assert (drawn.values.sum(axis=0) == 1).all()


def test_gaussian_keys_have_a_length_of_one_and_no_preferred_direction() -> None:
    keys = gaussian_keys(500, 50, generator())
    np.testing.assert_allclose(np.linalg.norm(keys, axis=1), 1)
    products = (keys @ keys.T)[np.triu_indices(500, 1)]
    assert products.mean() == pytest.approx(0, abs=0.002)
    assert products.var() == pytest.approx(1 / 50, rel=0.03)


def test_codes_follow_their_generator() -> None:
    first, again, other = (random_key_codes(260, 100, 26, 10, generator(s)) for s in (0, 0, 1))
    assert (first.keys == again.keys).all() and (first.values == again.values).all()
    assert (first.keys != other.keys).any() and (first.values != other.values).any()


@pytest.mark.parametrize("n_active", [0, 261])
def test_codes_of_too_many_or_no_units_are_refused(n_active: int) -> None:
    with pytest.raises(InputError, match=f"active units is {n_active}, expected 1 to 260"):
        sparse_codes(2, 260, n_active, generator())


def test_patterns_are_looked_up_in_one_book_or_in_one_for_each_sequence() -> None:
    books = generator().random((2, 3, 4))
    indices = np.array([[0, 2, 2], [NO_PAIR, 1, 0]])
    shown = patterns(books, indices)
    assert (shown[0] == books[0][[0, 2, 2]]).all()
    assert (shown[1, 0] == 0).all() and (shown[1, 1:] == books[1][[1, 0]]).all()
    assert (patterns(books, indices[:, 1]) == np.stack([books[0][2], books[1][1]])).all()
    assert (patterns(books[0], indices)[0] == shown[0]).all()
    assert (patterns(books[0], indices)[1] == [[0] * 4, *books[0][[1, 0]]]).all()


# The task


@pytest.mark.parametrize("n_pairs", [4, 8, 16, 26])
def test_orthogonal_keys_are_answered_without_error(n_pairs: int) -> None:
    sequences = random_strings(100, n_pairs, generator(n_pairs))
    assert accuracy(sequences, orthogonal()) == 1


def test_the_score_of_an_orthogonal_key_is_what_decay_leaves_of_it() -> None:
    sequences = parse_strings("c9k8j3f1??k,a4??a,k2m2??m")
    scores, _ = scores_and_answers(sequences, orthogonal(), delay=0.6)
    expected = np.zeros((3, 10))
    expected[0, 8] = 10 * np.exp(-(0.6 + 2 * INTERVAL) / 4)
    expected[1, 4] = expected[2, 2] = 10 * np.exp(-0.6 / 4)
    np.testing.assert_allclose(scores, expected, atol=1e-12)


def test_a_sequence_is_answered_alike_alone_and_beside_longer_ones() -> None:
    sequences = [s for n in (2, 9, 26) for s in random_strings(3, n, generator(n))]
    codes = random_codes(9, 26)
    together, _ = scores_and_answers(sequences, codes)
    for number, sequence in enumerate(sequences):
        alone, _ = scores_and_answers([sequence], codes[number])
        np.testing.assert_allclose(alone[0], together[number])


@pytest.mark.parametrize("rule", [hebbian, delta_rule, overwrite])
def test_scores_are_what_the_whole_matrix_returns(rule: Any) -> None:
    sequences = rebound_at_lag(5, 12, 3, generator())
    settings: dict[str, Any] = {"tau_fast": 2.0, "interval": INTERVAL, "rate": 1 / 26, "rule": rule}
    for codes in (random_codes(1, 26)[0], random_codes(5, 26)):
        matrices = stored_matrices(sequences, codes, **settings)
        assert matrices.shape == (5, 100, 260)
        scores = digit_scores(sequences, codes, delay=1.0, **settings)
        for number, sequence in enumerate(sequences):
            book = codes if isinstance(codes, KeyValueCodes) else codes[number]
            query = book.keys[ord(sequence.query) - ord("a")]
            cells = np.exp(-1 / 2) * matrices[number] @ query
            expected = [cells[digit].mean() for digit in book.values]
            np.testing.assert_allclose(scores[number], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("n_active", "n_pairs", "tau_fast", "measured"),
    [(26, 26, 4, 0.921), (26, 16, 4, 0.994), (26, 26, 15, 0.997), (52, 26, 4, 0.75)],
)
def test_random_keys_give_the_accuracies_of_the_evidence(
    n_active: int, n_pairs: int, tau_fast: float, measured: float
) -> None:
    # Measured there with an unstated noise, of which 1.5 cells gives all four. Tolerances are three
    # standard errors for 500 strings here, and for as many there.
    sequences = random_strings(500, n_pairs, generator(1))
    found = accuracy(sequences, random_codes(500, n_active), 1.5, tau_fast=tau_fast)
    assert found == pytest.approx(measured, abs=3 * (2 * measured * (1 - measured) / 500) ** 0.5)


def test_noise_fitted_at_one_number_of_pairs_predicts_the_others() -> None:
    def measure(n_pairs: int, tau_fast: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        sequences = random_strings(200, n_pairs, generator(seed))
        return scores_and_answers(sequences, random_codes(200, 26, seed), tau_fast=tau_fast)

    true_noise = 3.0
    fitted = fit_noise(*measure(26, 4, 1), expected_accuracy(*measure(26, 4, 2), true_noise))
    assert fitted == pytest.approx(true_noise, rel=0.3)
    for n_pairs, tau_fast in ((16, 4), (26, 1.5)):
        predicted = expected_accuracy(*measure(n_pairs, tau_fast, 3), fitted)
        found = expected_accuracy(*measure(n_pairs, tau_fast, 4), true_noise)
        assert predicted == pytest.approx(found, abs=0.08)


def test_answers_fade_with_the_delay_in_units_of_the_time_constant() -> None:
    sequences = random_strings(200, 4, generator())
    by_delay = [
        [
            accuracy(
                sequences, orthogonal(), 0.6, tau_fast=tau, interval=0.02 * tau, delay=tau * delay
            )
            for delay in (0, 1, 2, 3, 8)
        ]
        for tau in (1, 4, 60)
    ]
    np.testing.assert_allclose(by_delay, [by_delay[0]] * 3)
    assert by_delay[0][0] > 0.999
    assert (np.diff(by_delay[0]) < 0).all()
    assert by_delay[0][-1] == pytest.approx(0.1, abs=0.01)


# Keys that are bound again


@pytest.mark.parametrize("rule", [delta_rule, overwrite])
@pytest.mark.parametrize("lag", [0, 3])
def test_the_new_value_wins_by_a_rule_that_forgets(rule: Any, lag: int) -> None:
    sequences = rebound_at_lag(200, 8, lag, generator())
    noise, codes = 0.15, orthogonal()  # of a score of 1
    assert accuracy(sequences, codes, noise, rate=0.1, tau_fast=15, rule=rule) > 0.99
    assert accuracy(sequences, codes, noise, rate=0.1, tau_fast=15) < 0.75


def test_hebb_alone_decides_by_recency_and_cannot_be_sure() -> None:
    sequences = bound_in_a_row(200, 0, 5, generator())
    scores, answers = scores_and_answers(sequences, orthogonal(), rate=0.1)
    newest_first = np.sort(scores)[:, :4:-1]
    np.testing.assert_allclose(
        newest_first, np.tile(decay_factor(INTERVAL * np.arange(5), 4.0), (200, 1))
    )
    assert expected_accuracy(scores, answers, 0.0) == 1
    assert expected_accuracy(scores, answers, 0.15) < 0.6


@pytest.mark.parametrize("codes", [orthogonal(), random_codes(1, 26)[0]])
def test_after_five_values_in_a_row_only_the_last_is_left(codes: KeyValueCodes) -> None:
    sequences = bound_in_a_row(50, 0, 5, generator())
    n_active = codes.keys[0].sum()
    scores, answers = scores_and_answers(sequences, codes, rate=1 / n_active, rule=delta_rule)
    np.testing.assert_allclose(scores, np.eye(10)[answers], atol=1e-12)


def test_keys_that_are_not_bound_again_keep_their_values() -> None:
    drawn = generator()
    sequences = partly_rebound(200, 20, 3, drawn)
    controls = [without_rebinding(sequence, drawn) for sequence in sequences]
    codes = random_codes(200, 26)
    for rule in (hebbian, delta_rule):
        rebound, control = (
            accuracy(drawn_from, codes, rate=1 / 26, rule=rule)
            for drawn_from in (sequences, controls)
        )
        assert rebound > 0.93
        assert rebound == pytest.approx(control, abs=0.03)
    # Erasing all weights from shared cells costs other keys their values, bound again or not.
    assert accuracy(sequences, codes, rate=1 / 26, rule=overwrite) < 0.7
