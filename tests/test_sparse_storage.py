"""Odours as keys of fast weights: the codes, what is held equal, and the exact matrix."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.abstract.associative_retrieval import digit_scores
from neurosim.errors import InputError
from neurosim.fast_weights.key_spikes import STRONGEST, KeySpikes, key_spikes
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.odour_keys import CODES, DENSE, RATES, SPARSE, OdourKeys, similar_odours
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS
from neurosim.fast_weights.sparse_storage import (
    CASES,
    COMPARISONS,
    EQUAL_CELLS,
    EQUAL_SPIKES,
    EQUAL_SYNAPSES,
    N_QUESTIONS,
    TAU,
    SparseStorage,
    Store,
    bind_odours,
    case_of,
    drive_equalised,
    mean_square,
    overlaps,
    with_compact_keys,
)
from neurosim.fast_weights.spiking_associative_memory import AssociativeMemory
from neurosim.fast_weights.storage_comparison import spikes_per_key
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.session import Session
from neurosim.timeline import NO_PAIR, TrialTable

N_CELLS, N_TYPES, N_SETS, N_ODOURS = 260, 50, 6, 8
LINE = KeySpikes(np.array([0.0, STRONGEST]), np.array([0.0, 10 * STRONGEST]))  # ten at strength 1


def memory(**changes: Any) -> AssociativeMemory:
    parameters = load_model("ba2016", changes).parameters
    return AssociativeMemory.of(Session(parameters, "associative_memory", 0, "numpy"))


def invented_keys(correlation: float = 0.0) -> OdourKeys:
    """Return random codes of the sizes that the circuits' have; every trial is alike."""
    generator = np.random.default_rng(1)
    shape = (N_SETS, N_ODOURS, N_CELLS)
    ranks = generator.permuted(np.tile(np.arange(N_CELLS), (*shape[:2], 1)), axis=-1)
    rates = similar_odours(N_SETS, N_ODOURS, N_TYPES, correlation, generator)
    codes = {SPARSE: ranks < 13, DENSE: ranks < 130, RATES: 0.5 * rates / rates.mean()}
    keys = {code: array.astype(float) for code, array in codes.items()}
    return OdourKeys(keys, keys)


@dataclasses.dataclass(frozen=True, eq=False)
class Coder:
    n_types: int = N_TYPES


class WithoutHash(SparseStorage):
    """A study that needs no simulation to make its stores."""

    coder = Coder()  # type: ignore[assignment]
    curve = LINE  # type: ignore[assignment]
    noise = 0.3  # type: ignore[assignment]


@functools.cache
def stores() -> dict[str, Store]:
    return WithoutHash(memory(), N_SETS).stores(invented_keys())


# The drive of key cells


@functools.cache
def curve() -> KeySpikes:
    return key_spikes(memory().parameters, np.random.default_rng(0))


def test_a_key_cell_fires_as_often_as_a_cell_without_noise_would() -> None:
    noiseless = memory(**{"key_cells.noise": "0 mV"}).parameters
    cells = noiseless.key_cells
    silent = key_spikes(noiseless, np.random.default_rng(0))
    # From reset to threshold at the drive of the sheet, in whole steps, and the refractory period.
    first = np.log((cells.stimulus - cells.background) / (cells.stimulus - cells.v_threshold))
    again = np.log((cells.stimulus - cells.v_reset) / (cells.stimulus - cells.v_threshold))
    step = noiseless.simulation.dt
    to_first = np.ceil(cells.tau_m * first / step) * step
    interval = cells.t_refractory - step + np.ceil(cells.tau_m * again / step) * step
    expected = 1 + np.floor((noiseless.presentation.pair - to_first) / interval)
    assert silent.full == expected
    assert silent.spikes[0] == 0


def test_the_drive_of_the_sheet_leads_to_80_hz_and_the_background_to_hardly_anything() -> None:
    assert 75 < curve().full / memory().parameters.presentation.pair < 85
    assert curve().spikes[0] / memory().parameters.presentation.pair < 0.6
    assert (np.diff(curve().spikes) >= 0).all()


def test_strengths_lead_to_the_spikes_that_are_asked_for() -> None:
    asked = np.array([[0.5, 2.0], [curve().full, 20.0]])
    strengths = curve().strengths_for(asked)
    np.testing.assert_allclose(np.interp(strengths, curve().strengths, curve().spikes), asked)
    assert strengths[1, 0] == pytest.approx(1)
    assert curve().strengths_for(np.zeros(3)).tolist() == [0, 0, 0]


# Odours


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_odours_of_a_set_correlate_as_they_are_asked_to(correlation: float) -> None:
    odours = similar_odours(4, 30, 2000, correlation, np.random.default_rng(0))
    assert odours.shape == (4, 30, 2000)
    assert odours.min() == 0
    for of_set in odours:
        measured = np.corrcoef(of_set)[np.triu_indices(30, 1)].mean()
        assert measured == pytest.approx(correlation, abs=0.04)
    across = np.corrcoef(odours[0, 0], odours[1, 0])[0, 1]
    assert abs(across) < 0.1


def test_overlaps_are_cosines() -> None:
    first = np.array([[[1.0, 1, 0, 0], [0, 0, 1, 1]]])
    second = np.array([[[1.0, 0, 1, 0], [0, 0, 1, 1]]])
    keys = OdourKeys(dict.fromkeys(CODES, first), dict.fromkeys(CODES, second))
    # Trials: 1/2 and 1. Others: the first odour with the second one's later trial 0, and 1/2.
    for code in CODES:
        assert overlaps(keys)[f"trials_{code}"] == pytest.approx(0.75)
        assert overlaps(keys)[f"others_{code}"] == pytest.approx(0.25)


# What is held equal


def test_the_codes_have_their_sizes() -> None:
    active = {case: (store.stored > 0).sum(axis=-1) for case, store in stores().items()}
    assert tuple(active) == CASES
    assert (active[SPARSE] == 13).all()
    for comparison in (EQUAL_CELLS, EQUAL_SPIKES):
        assert (active[case_of(DENSE, comparison)] == 130).all()
    mean = stores()[case_of(RATES, EQUAL_CELLS)].spikes_per_key
    assert mean == pytest.approx(stores()[case_of(DENSE, EQUAL_CELLS)].spikes_per_key, rel=0.02)
    assert stores()[SPARSE].spikes_per_key == pytest.approx(13 * LINE.full)


def test_projection_neurons_are_copied_to_cells() -> None:
    rates = invented_keys().stored[RATES]
    copied = stores()[case_of(RATES, EQUAL_CELLS)].stored
    np.testing.assert_allclose(copied, LINE.full * np.tile(rates, 6)[..., :N_CELLS])


@pytest.mark.parametrize("code", CODES)
def test_the_comparisons_hold_equal_what_they_say(code: str) -> None:
    sparse = stores()[SPARSE]

    def sizes(store: Store) -> tuple[int, int]:
        parameters = store.memory.parameters
        assert store.stored.shape[-1] == store.asked.shape[-1] == parameters.key_cells.n
        return parameters.key_cells.n, parameters.value_cells.n

    by_comparison = {which: stores()[case_of(code, which)] for which in COMPARISONS}
    assert sizes(by_comparison[EQUAL_CELLS]) == sizes(by_comparison[EQUAL_SPIKES]) == (260, 100)
    n_keys, n_values = sizes(by_comparison[EQUAL_SYNAPSES])
    assert n_keys * n_values == 260 * 100
    assert n_keys == (260 if code == SPARSE else N_TYPES)
    assert by_comparison[EQUAL_SPIKES].spikes_per_key == pytest.approx(sparse.spikes_per_key)


@pytest.mark.parametrize("case", CASES)
def test_a_key_that_returns_drives_values_as_those_of_the_sheet_do(case: str) -> None:
    parameters = stores()[case].memory.parameters
    sheet = memory().parameters
    drive = parameters.key_to_value.learning_rate * mean_square(stores()[case].stored)
    assert drive == pytest.approx(
        sheet.key_to_value.learning_rate * sheet.key_cells.n_active * LINE.full**2
    )
    assert parameters.key_to_value.depression == 0
    assert parameters.key_to_value.tau_fast == TAU


def test_orthogonal_keys_of_the_sheet_keep_its_learning_rate() -> None:
    of_sheet = memory()
    keys = LINE.full * of_sheet.orthogonal_codes().keys
    rate = drive_equalised(of_sheet, keys, LINE).parameters.key_to_value.learning_rate
    assert rate == pytest.approx(of_sheet.parameters.key_to_value.learning_rate)


def test_compact_keys_leave_the_inhibition_as_it_was() -> None:
    for changes in ({}, {"key_cells.n": 2000}):
        before, after = memory(**changes), with_compact_keys(memory(**changes), N_TYPES)
        old, new = before.parameters, after.parameters
        assert old.key_cells.n * old.value_cells.n == new.key_cells.n * new.value_cells.n
        assert new.value_cells.n == len(DIGITS) * new.value_cells.n_active
        assert new.value_to_inhibitory.weight * new.value_cells.n == pytest.approx(
            old.value_to_inhibitory.weight * old.value_cells.n
        )


def test_fewer_key_cells_than_projection_neurons_are_refused() -> None:
    small = WithoutHash(memory(**{"key_cells.n": 49}), N_SETS)
    with pytest.raises(InputError, match=re.escape("key_cells.n is 49, expected 50 or more")):
        small.stores(invented_keys())


# Strings and the exact matrix


def test_strings_bind_the_first_odours_of_each_set() -> None:
    bound = bind_odours((5, 2), N_SETS, np.random.default_rng(0))
    assert [s.keys for s in bound.strings] == [LETTERS[:5]] * N_SETS + [LETTERS[:2]] * N_SETS
    assert bound.sets.tolist() == [*range(N_SETS)] * 2
    assert bound.answers.shape == bound.places.shape == (2 * N_SETS, N_QUESTIONS)
    for string, places, answers in zip(bound.strings, bound.places, bound.answers, strict=True):
        assert len(set(places)) == N_QUESTIONS
        assert [string.values[place] for place in places] == [DIGITS[one] for one in answers]


@pytest.mark.parametrize("length", [1, 25])
def test_lengths_that_leave_no_letter_to_ask_are_refused(length: int) -> None:
    with pytest.raises(InputError, match=f"The number of pairs is {length}, expected 2 to 24"):
        bind_odours([length], 1, np.random.default_rng(0))


def test_distinct_digits_are_bound_once() -> None:
    bound = bind_odours((10, 7), 20, np.random.default_rng(0), is_distinct=True)
    assert all(len(set(string.values)) == len(string.values) for string in bound.strings)
    with pytest.raises(InputError, match="The number of pairs is 11, expected 2 to 10"):
        bind_odours([11], 1, np.random.default_rng(0), is_distinct=True)


def test_what_keys_share_does_no_harm_if_every_digit_is_bound_once() -> None:
    study, dense = WithoutHash(memory(), N_SETS), stores()[case_of(DENSE, EQUAL_CELLS)]
    bound = bind_odours([N_ODOURS], N_SETS, np.random.default_rng(0), is_distinct=True)
    assert study.expected_right(dense.exact_scores(bound), bound)[N_ODOURS] > 0.95


def test_scores_are_those_of_the_exact_matrix() -> None:
    store = stores()[SPARSE]
    bound = bind_odours((5,), N_SETS, np.random.default_rng(0))
    scores = store.exact_scores(bound)
    keys = np.zeros((N_SETS, len(LETTERS), N_CELLS))
    keys[:, :N_ODOURS] = store.stored / LINE.full
    presentation = store.memory.parameters.presentation
    books = [KeyValueCodes(of_set, np.eye(len(DIGITS))) for of_set in keys]
    for question in range(N_QUESTIONS):
        asked = [
            dataclasses.replace(string, query=LETTERS[places[question]])
            for string, places in zip(bound.strings, bound.places, strict=True)
        ]
        delay = presentation.gap + question * (presentation.query + presentation.gap)
        exact = digit_scores(
            asked, books, tau_fast=TAU, interval=presentation.interval, delay=delay, rate=10 / 13
        )
        np.testing.assert_allclose(scores[question], exact, rtol=1e-9)


def test_without_its_mean_a_dense_code_is_retrieved_and_with_it_it_is_not() -> None:
    study = WithoutHash(memory(), N_SETS)
    bound = bind_odours((N_ODOURS,), N_SETS, np.random.default_rng(0))
    shares = {
        (case, centred): study.expected_right(
            stores()[case].exact_scores(bound, is_centred=centred), bound
        )[N_ODOURS]
        for case in (SPARSE, case_of(DENSE, EQUAL_CELLS))
        for centred in (False, True)
    }
    assert shares[SPARSE, False] > 0.95
    assert shares[case_of(DENSE, EQUAL_CELLS), True] > 0.95
    assert shares[case_of(DENSE, EQUAL_CELLS), False] < 0.8


def test_the_share_of_right_answers_is_that_of_each_string() -> None:
    study = WithoutHash(memory(), 1)
    bound = bind_odours((4, 3), 1, np.random.default_rng(3))
    rates = np.zeros((N_QUESTIONS, 2, len(DIGITS)))
    for question in range(N_QUESTIONS):
        rates[question, 0, bound.answers[0, question]] = 50
    rates[0, 1, bound.answers[1, 0]] = 50
    rates[1, 1, (bound.answers[1, 1] + 1) % 10] = 50
    assert study.share_right(rates, bound).tolist() == [1, 0.5]


def test_the_keys_that_ask_are_those_of_the_second_trial() -> None:
    store = dataclasses.replace(stores()[SPARSE], asked=stores()[SPARSE].stored[..., ::-1])
    bound = bind_odours((3,), N_SETS, np.random.default_rng(0))
    for book, places, number in zip(store._books(bound), bound.places, bound.sets, strict=True):
        np.testing.assert_allclose(book.keys[:N_ODOURS], store.stored[number] / LINE.full)
        np.testing.assert_allclose(
            book.keys[-N_QUESTIONS:], store.asked[number, places] / LINE.full
        )


def test_spikes_of_keys_are_counted_while_pairs_are_shown() -> None:
    names = np.array(["a1", "b2", "??y"], dtype=object)
    empty = np.array([""] * 3, dtype=object)
    table = TrialTable(
        start_time=np.array([0.0, 0.2, 0.4]),
        stop_time=np.array([0.15, 0.35, 0.6]),
        phase=np.array(["store", "store", "recall"], dtype=object),
        stimulus=names,
        role=empty,
        pair=np.full(3, NO_PAIR),
        plastic=np.array([True, True, False]),
    )
    times = np.array([0.01, 0.02, 0.16, 0.21, 0.5])
    spikes = SpikeTrains(3, np.array([0, 1, 2, 0, 1]), times)
    assert spikes_per_key(Recording({"key_cells": spikes}, table, 0.6, {}, "")) == 1.5


# The protocol


def test_every_case_has_its_rows() -> None:
    protocol = load_protocol("sparse_storage")
    targets = protocol.targets(protocol.script.Options())
    assert set(targets) == set(protocol.script.CONDITIONS)
    for case in CASES:
        assert f"retrieved_{case}_20_pairs" in targets["main"]
        assert f"matrix_{case}_at_0.9" in targets["similarity"]
        assert targets["without_learning"][f"retrieved_{case}"].high == 0.25


@pytest.mark.slow
def test_odours_are_stored_and_recalled_in_spikes() -> None:
    small = {"protocol.n_strings": 4}
    learned = ns.run("sparse_storage", overrides=small)
    values = {row.name: row.value for row in learned.rows}
    assert values["retrieved_sparse_2_pairs"] == 1
    assert values["retrieved_sparse_10_pairs"] > 0.7
    for code in (DENSE, RATES):
        assert 0.9 < values[f"spike_ratio_{code}"] < 1.1
    naive = ns.run("sparse_storage", overrides={**small, "protocol.condition": "without_learning"})
    assert np.mean([row.value for row in naive.rows]) < 0.25  # of 56 answers; chance is .1
