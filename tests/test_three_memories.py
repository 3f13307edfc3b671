"""The three memories: what is asked of them, what each gives back, what the protocol measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from activity_bench import ActivityBench, small_activity
from invented_runs import invent_results, measured_in
from memory_bench import MemoryBench, small_memory, small_sheet

from neurosim.errors import InputError
from neurosim.fast_weights import memory_comparison
from neurosim.fast_weights.memory_comparison import DELAYS, EXPOSURES, N_PAIRS, OFTEN
from neurosim.fast_weights.retrieval_strings import random_strings
from neurosim.fast_weights.three_memories import (
    ACTIVITY,
    ACTIVITY_STRINGS,
    FAST,
    MINUTE,
    SLOW,
    ThreeMemories,
    asked_places,
    exposures_needed,
    half_life,
    recovered,
)
from neurosim.protocol import load_protocol
from neurosim.session import Session
from neurosim.simulation.job import Job

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROTOCOL = load_protocol("three_memories")
ITEM = math.log2(10)


def memories(n_strings: int = 8, seed: int = 0) -> ThreeMemories:
    parameters = small_sheet().parameters
    session = Session(parameters, "associative_memory", seed, "standalone")
    return ThreeMemories(session, n_strings)


# What is asked


@pytest.mark.parametrize("n_pairs", [1, 2, 4, 8, 16, 26])
def test_all_places_are_asked_for_equally_often(n_pairs: int) -> None:
    places = asked_places(64, n_pairs)
    assert places.shape == (64, min(4, n_pairs))
    counts = np.bincount(places.ravel(), minlength=n_pairs)
    assert counts.max() - counts.min() <= 1
    assert all(len(set(own)) == len(own) for own in places.tolist())


def test_half_lives() -> None:
    # A logarithmic decay has its half half-way in the logarithm of time.
    assert half_life({0.1: 8.0, 1: 6.0, 10: 2.0, 100: 0.0}) == pytest.approx(10**0.5)
    assert half_life({0.1: 8.0, 1: 4.0}) == pytest.approx(1)
    assert half_life({0.1: 8.0, 1: 5.0}) == math.inf
    assert math.isnan(half_life({0.1: 0.0, 1: 0.0}))


def test_exposures_that_are_needed() -> None:
    assert exposures_needed({1: 0.95, 2: 0.2}, 0.9) == 1
    assert exposures_needed({1: 0.1, 2: 0.5, 5: 0.8, 10: 1.0}, 0.9) == pytest.approx(7.5)
    assert exposures_needed({1: 0.1, 2: 0.5}, 0.9) == math.inf


def test_bits_are_those_of_all_places() -> None:
    places = asked_places(64, 8)
    held = recovered(places == 7, places)
    assert held.bits == pytest.approx(ITEM)
    assert held.share_right == pytest.approx(1 / 8)


# What each gives back


def test_fast_weights_give_back_what_they_were_shown_once() -> None:
    own = memories(16)
    stored = own.exposed(own.weights(FAST), 4, (1,))[1]
    held = own.held_in_weights(stored, 0.1)
    assert held.share_right == 1
    assert held.bits == pytest.approx(4 * ITEM)
    assert own.held_in_weights(stored, 40.0).bits < 2
    # What is recovered is in the synapses: those of other strings answer with other digits.
    other = type(stored)(stored.memory, stored.strings, np.roll(stored.weights, 1, axis=0))
    assert own.held_in_weights(other, 0.1).bits < 3


def test_exposures_add_up_and_their_gaps_decay() -> None:
    own = memories(6)  # more than the blocks
    memory = own.weights(FAST).changed(key_to_value__tau_fast=1.0, key_to_value__depression=0.0)
    stored = own.exposed(memory, 2, (1, 3))
    once, thrice = stored[1].weights, stored[3].weights
    # Noise apart, each exposure adds the same, and 0.4 s later e^-0.4 of it is left.
    expected = 1 + math.exp(-0.4) + math.exp(-0.8)
    assert thrice.sum() / once.sum() == pytest.approx(expected, rel=0.05)
    assert [s.weights.shape for s in stored.values()] == [(6, 30, 78)] * 2
    np.testing.assert_array_equal(own.exposed(memory, 2, (1,))[1].weights, once)


def test_storing_goes_on_from_weights_that_are_given() -> None:
    memory = small_memory(key_to_value__learning_rate=0.0, key_to_value__depression=0.0)
    strings = random_strings(6, 2, np.random.default_rng(0))
    weights = np.random.default_rng(1).random((6, 30, 78)) * 1e-3
    left = memory.store(strings, memory.orthogonal_codes(), "test", weights)
    np.testing.assert_allclose(left, weights * math.exp(-0.35 / 4.0), rtol=1e-9)
    with pytest.raises(InputError, match=r"shape \(6, 30, 77\), expected \(6, 30, 78\)"):
        memory.store(strings, memory.orthogonal_codes(), "test", weights[:, :, :-1])


def test_slow_weights_learn_little_and_keep_it() -> None:
    own = memories()
    fast, slow = (own.weights(name).parameters.key_to_value for name in (FAST, SLOW))
    assert slow.learning_rate < fast.learning_rate / 10
    assert slow.tau_fast == 3600
    assert own.weights(MINUTE).parameters.key_to_value.tau_fast == 60
    assert own.weights(MINUTE).parameters.key_to_value.learning_rate == fast.learning_rate


def test_activity_is_shown_the_same_strings_and_read_at_all_places() -> None:
    own = memories(2)
    assert len(own.strings(3)) == 2 * ACTIVITY_STRINGS
    held = own.held_in_activity(small_activity(), 3, 0.1, 2)
    assert 0 <= held.bits <= 3 * ITEM
    stored = own.exposed(own.weights(FAST), 3, (1,))[1]
    assert list(stored.strings) == own.strings(3)[:2]


# What is measured


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Let random spikes and weights stand for simulations; return the jobs."""
    return invent_results(
        monkeypatch, {"activity_memory": ActivityBench(), "associative_memory": MemoryBench()}
    )


def measured(condition: str) -> Mapping[str, float]:
    return measured_in(PROTOCOL, small_sheet(), condition, n_strings=4)


@pytest.mark.parametrize("condition", PROTOCOL.script.CONDITIONS)
def test_every_target_is_measured(condition: str, invented: list[Job]) -> None:
    targets = PROTOCOL.targets(PROTOCOL.script.Options())[condition]
    assert set(measured(condition)) == set(targets)


def test_activity_waits_and_weights_decay(invented: list[Job]) -> None:
    measured("main")
    activity = [job for job in invented if job.circuit == "activity_memory"]
    longest = max(job.duration for job in activity)
    assert longest == pytest.approx(N_PAIRS * 0.2 - 0.05 + DELAYS[ACTIVITY][-1] + 0.2)
    assert longest >= 10
    weights = [job for job in invented if job.circuit == "associative_memory"]
    assert max(job.duration for job in weights) < 3
    rates = [job.arguments["key_to_value.learning_rate"] for job in weights]
    slow = [job for job, rate in zip(weights, rates, strict=True) if rate == min(rates)]
    # Each exposure goes on from the weights of the one before.
    shown = [job for job in slow if job.tables["storing"].any()]
    assert len(shown) == OFTEN == EXPOSURES[SLOW][-1]
    assert [bool(job.state) for job in shown] == [False] + [True] * (OFTEN - 1)


def test_controls_differ_from_the_experiment_in_one_thing(invented: list[Job]) -> None:
    measured("main")
    intact = list(invented)
    invented.clear()
    measured("without_learning")
    learns = [job.arguments["key_to_value.learning_rate"] for job in invented]
    assert not any(learns)
    for job in invented[:-1]:
        same = {**job.arguments, "key_to_value.learning_rate": 0.0}
        assert same in [{**j.arguments, "key_to_value.learning_rate": 0.0} for j in intact]
    invented.clear()
    measured("without_recurrence")
    assert {job.arguments["recurrent.sd"] for job in invented} == {0.0}
    usual = next(job for job in intact if job.circuit == "activity_memory")
    assert usual.arguments["recurrent.sd"] > 0
    assert {**invented[0].arguments, "recurrent.sd": 1} == {**usual.arguments, "recurrent.sd": 1}


def test_the_recording_holds_one_string_in_two_memories(invented: list[Job]) -> None:
    recording = memory_comparison.recording_of_one_string(memories(2))
    table = recording.trial_table
    assert list(table.role) == [ACTIVITY] * (N_PAIRS + 1) + [FAST] * (N_PAIRS + 1)
    assert list(table.stimulus[: N_PAIRS + 1]) == list(table.stimulus[N_PAIRS + 1 :])
    assert set(recording.spikes) == {"cells", "key_cells", "value_cells", "inhibitory_cells"}
    half = table.start_time[N_PAIRS + 1]
    assert recording.spikes["cells"].time.max() < half
    assert recording.spikes["key_cells"].time.min() >= half


# In full


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Return what memories of the full size hold of strings of four pairs."""
    sheet = PROTOCOL.script.MODEL
    from neurosim.parameters.library import load_model

    parameters = load_model(sheet).parameters
    own = ThreeMemories(Session(parameters, "associative_memory", 0, "standalone"), 32)
    slow = own.exposed(own.weights(SLOW), 4, (1, OFTEN))
    silent = own.activity.changed(recurrent__gain=0.0)
    return {
        "activity": [own.held_in_activity(own.activity, 4, delay).bits for delay in (0.1, 1)],
        "silent": own.held_in_activity(silent, 4, 0.1).bits,
        "slow": [own.held_in_weights(stored, 0.1).share_right for stored in slow.values()],
    }


@pytest.mark.slow
def test_activity_holds_an_item_for_a_moment_by_its_recurrence(found: dict[str, Any]) -> None:
    soon, later = found["activity"]
    assert 1.2 < soon < 8
    assert later < 0.5
    assert found["silent"] < 0.5


@pytest.mark.slow
def test_slow_weights_have_to_be_shown_often(found: dict[str, Any]) -> None:
    once, often = found["slow"]
    assert once < 0.5
    assert often > 0.9
