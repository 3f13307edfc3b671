"""The associative memory of spiking cells: its rule of learning, its gates, its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from memory_bench import SPIKES, small_memory, small_sheet

from neurosim.abstract.associative_retrieval import stored_matrices
from neurosim.errors import InputError
from neurosim.fast_weights.block_spikes import LEAD_IN, N_RECORDED
from neurosim.fast_weights.key_value_codes import KeyValueCodes
from neurosim.fast_weights.pairs import correlation
from neurosim.fast_weights.retrieval_strings import (
    DIGITS,
    LETTERS,
    KeyValueSequence,
    parse_string,
    parse_strings,
    random_strings,
    rebound_at_lag,
)
from neurosim.fast_weights.schedule import MIN_TICKS, Codes, Schedule, capacity
from neurosim.fast_weights.spiking_associative_memory import (
    LAST_UPDATE,
    NO_STATE,
    WEIGHTS,
    AssociativeMemory,
)
from neurosim.memory_mechanisms import PRESYNAPTIC
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.simulation.job import derived_seed

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STRINGS = parse_strings("c9k8j3??k,a1b2d3??a,z0y5x7??x,m4n6??n")
Arrays = Mapping[str, np.ndarray]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def run(
    memory: AssociativeMemory,
    sequences: Sequence[KeyValueSequence],
    delays: Sequence[float] = (),
    state: Arrays = NO_STATE,
    codes: Codes | None = None,
) -> Arrays:
    """Return spikes and weights of one run; all runs have the same noise."""
    schedule = Schedule(memory.parameters, sequences, delays)
    codes = memory.orthogonal_codes() if codes is None else codes
    outputs = (*SPIKES, WEIGHTS, LAST_UPDATE)
    return memory.simulate(schedule, codes, "test", outputs, state)


def weights_at(arrays: Arrays, time: float, parameters: AssociativeMemoryParameters) -> np.ndarray:
    """Return the weights at a time, shape (n_blocks, n_key_cells, n_value_cells)."""
    idle = np.maximum(time - arrays[LAST_UPDATE], 0)
    weights = arrays[WEIGHTS] * np.exp(-idle / parameters.key_to_value.tau_fast)
    return weights.reshape(-1, parameters.key_cells.n, parameters.value_cells.n)


def spikes_of(arrays: Arrays, population: str, n: int, block: int, until: float) -> np.ndarray:
    """Return the spikes of a block before a time as rows of (step, cell)."""
    index, time = arrays[f"{population}_spikes.i"], arrays[f"{population}_spikes.t"]
    own = (index // n == block) & (time < until - 1e-9)
    return np.stack([np.round(time[own] / 5e-4), index[own] - block * n], axis=1).astype(int)


# The rule


def replayed(
    parameters: AssociativeMemoryParameters, arrays: Arrays, block: int, stored: float
) -> np.ndarray:
    """Return the weights that the rule gives for the recorded spikes, step by step."""
    fast, dt = parameters.key_to_value, parameters.simulation.dt
    n_keys, n_values = parameters.key_cells.n, parameters.value_cells.n
    fired = {}
    for name, n in (("key_cells", n_keys), ("value_cells", n_values)):
        fired[name] = np.zeros((round(stored / dt), n))
        steps, cells = spikes_of(arrays, name, n, block, stored).T
        fired[name][steps, cells] = 1
    interval, pair = parameters.presentation.interval, parameters.presentation.pair
    w, x, y, predicted = np.zeros((n_keys, n_values)), np.zeros(n_keys), np.zeros(n_values), 0.0
    for step, (pre, post) in enumerate(zip(*fired.values(), strict=True)):
        gate = float((step * dt + 1e-9) % interval < pair)
        w *= np.exp(-dt / fast.tau_fast) if step else 1
        x, y = x * np.exp(-dt / fast.tau_trace), y * np.exp(-dt / fast.tau_trace)
        predicted = predicted * np.exp(-dt / fast.tau_prediction) + gate * pre @ w
        wrong = (predicted > parameters.prediction_threshold) & (y < fast.silent_trace)
        w += gate * pre[:, None] * (fast.learning_rate * y - fast.depression * wrong * w)
        w += gate * fast.learning_rate * x[:, None] * post
        x, y = x + pre, y + post
    return w


def test_the_weights_follow_from_the_spikes_by_the_rule() -> None:
    memory = small_memory(key_to_value__tau_fast=2.0)
    # With keys that are bound again, so that synapses are depressed too.
    sequences = rebound_at_lag(4, 3, 1, generator())
    arrays = run(memory, sequences)
    stored = Schedule(memory.parameters, sequences).stored
    weights = weights_at(arrays, stored - memory.parameters.simulation.dt, memory.parameters)
    for block in range(4):
        expected = replayed(memory.parameters, arrays, block, stored)
        np.testing.assert_allclose(weights[block], expected, rtol=1e-9, atol=1e-15)
        assert expected.max() > 1e-3
    plain = memory.changed(key_to_value__depression=0.0)
    unopposed = weights_at(run(plain, sequences), stored, plain.parameters)
    assert unopposed.sum() > 1.1 * weights.sum()


def test_waiting_and_asking_change_the_weights_by_their_decay_alone() -> None:
    memory = small_memory(key_to_value__tau_fast=0.7)
    parameters = memory.parameters
    stored = Schedule(parameters, STRINGS).stored
    after = run(memory, STRINGS, [0.3, 0.8])
    before = weights_at(run(memory, STRINGS), stored, parameters)
    asked = weights_at(after, stored + 1.0, parameters)
    np.testing.assert_allclose(asked, before * np.exp(-1 / 0.7), rtol=1e-9, atol=1e-15)
    # Although cells of both sides fire.
    for name, n in (("key_cells", 78), ("value_cells", 30)):
        assert (after[f"{name}_spikes.t"] > stored + 0.8).sum() > n


def test_nothing_is_transmitted_while_pairs_are_stored() -> None:
    memory = small_memory(key_to_value__learning_rate=0.0, key_to_value__depression=0.0)
    full = {WEIGHTS: np.full(4 * 78 * 30, 5e-3)}
    empty, loaded = run(memory, STRINGS, [0.1]), run(memory, STRINGS, [0.1], full)
    stored = Schedule(memory.parameters, STRINGS).stored
    for block in range(4):
        first, second = (spikes_of(a, "value_cells", 30, block, stored) for a in (empty, loaded))
        np.testing.assert_array_equal(first, second)
    asked = [(a["value_cells_spikes.t"] > stored + 0.1).sum() for a in (empty, loaded)]
    assert asked[1] > 2 * asked[0]


def test_without_the_hebbian_term_there_is_no_weight() -> None:
    arrays = run(small_memory(key_to_value__learning_rate=0.0), STRINGS, [0.1])
    assert (arrays[WEIGHTS] == 0).all()
    assert len(arrays["value_cells_spikes.t"]) > 100


def test_a_block_does_not_hear_of_the_others() -> None:
    memory = small_memory()
    others = [STRINGS[0], *parse_strings("q1w2e3??q,r4t5y6??t,u7i8o9??o")]
    first, second = run(memory, STRINGS, [0.1]), run(memory, others, [0.1])
    until = Schedule(memory.parameters, STRINGS, [0.1]).duration
    for name, n in memory.parameters.populations.items():
        np.testing.assert_array_equal(
            spikes_of(first, name, n, 0, until), spikes_of(second, name, n, 0, until)
        )
        same = np.array_equal(
            spikes_of(first, name, n, 1, until), spikes_of(second, name, n, 1, until)
        )
        assert not same
    weights = [weights_at(a, until, memory.parameters) for a in (first, second)]
    np.testing.assert_array_equal(weights[0][0], weights[1][0])


# Answers


def test_strings_are_answered_and_the_rates_stand_behind() -> None:
    memory = small_memory()
    codes = memory.orthogonal_codes()
    answers = memory.ask([*STRINGS, parse_string("q6??q")], codes, "test", [0.05, 0.5])
    assert answers.rates.shape == (2, 5, 10)
    expected = [8, 1, 7, 6, 6]
    assert answers.rates.argmax(axis=2).tolist() == [expected, expected]
    recording, table = answers.recording, answers.recording.trial_table
    assert list(table.stimulus[:5]) == ["c9", "k8", "j3", "??k", "??k"]
    assert list(table.phase[:5]) == ["store"] * 3 + ["recall"] * 2
    np.testing.assert_allclose(table.start_time[:5], [0, 0.2, 0.4, 0.6, 1.05])
    np.testing.assert_allclose((table.stop_time - table.start_time)[:5], [0.15] * 3 + [0.2] * 2)
    # The fourth string has two pairs, which come as late as the last two of the others.
    assert list(table.stimulus[-4:]) == ["m4", "n6", "??n", "??n"]
    np.testing.assert_allclose(table.start_time[-4:-2] - 3 * 1.25, [0.2, 0.4])
    assert recording.duration == pytest.approx(N_RECORDED * 1.25)
    counts = recording.spikes["value_cells"].counts(table.start_time[[3]], (0, 0.2))[0]
    by_digit = codes.values @ counts / 3 / 0.2
    np.testing.assert_allclose(by_digit, answers.rates[0, 0])


def test_a_key_that_is_bound_again_returns_its_new_value() -> None:
    memory = small_memory()
    sequences = rebound_at_lag(8, 3, 0, generator(1))
    rates = memory.ask(sequences, memory.orthogonal_codes(), "test").rates[0]
    numbers = np.arange(8)
    new = [DIGITS.index(s.answer) for s in sequences]
    old = [DIGITS.index(s.values[s.keys.index(s.query)]) for s in sequences]
    assert rates.argmax(axis=1).tolist() == new
    assert (rates[numbers, old] < 0.3 * rates[numbers, new]).all()
    hebbian = memory.changed(key_to_value__depression=0.0)
    both = hebbian.ask(sequences, memory.orthogonal_codes(), "test").rates[0]
    assert (both[numbers, old] > 0.5 * both[numbers, new]).mean() > 0.5


def test_the_weights_are_those_of_the_exact_matrix() -> None:
    memory = small_memory()
    strings = random_strings(8, 5, generator(2))
    weights = memory.store(strings, memory.orthogonal_codes(), "test")
    assert weights.shape == (8, 30, 78)
    matrix = stored_matrices(
        strings, memory.orthogonal_codes(), tau_fast=4.0, interval=0.2, rate=1.0
    )
    assert correlation(weights, matrix) > 0.97
    assert abs(correlation(weights[::-1], matrix)) < 0.3


def test_recall_lets_stored_weights_decay() -> None:
    memory = small_memory(key_to_value__tau_fast=1.0)
    codes = memory.orthogonal_codes()
    weights = memory.store(STRINGS, codes, "test")
    rates = [memory.recall(weights, STRINGS, codes, delay, "r").rates[0] for delay in (0.05, 9.0)]
    assert rates[0].argmax(axis=1).tolist() == [8, 1, 7, 6]
    assert rates[0].max() > 2 * rates[1].max()
    # A delay is a factor on the weights, whether it is waited or taken off.
    shorter = memory.recall(weights * np.exp(-0.4), STRINGS, codes, 0.6, "r")
    longer = memory.recall(weights, STRINGS, codes, 1.0, "r")
    np.testing.assert_array_equal(shorter.rates, longer.rates)
    assert longer.recording.trial_table.start_time[0] == pytest.approx(LEAD_IN)


def test_random_codes_are_other_cells_for_each_sequence_and_the_same_digits() -> None:
    books = small_memory(key_cells__n_active=8).random_codes(3)
    assert all((book.keys.sum(axis=1) == 8).all() for book in books)
    assert (books[0].keys != books[1].keys).any()
    assert all((book.values == books[0].values).all() for book in books)
    answers = small_memory(key_cells__n_active=8).ask(STRINGS[:3], books, "test")
    assert answers.rates[0].argmax(axis=1).tolist() == [8, 1, 7]


def test_several_letters_can_be_asked_for() -> None:
    memory = small_memory()
    asked = ["ck", "bd", "xz", "mn"]
    answers = memory.ask(STRINGS, memory.orthogonal_codes(), "test", [0.05, 0.3], asked)
    assert answers.rates.argmax(axis=2).T.tolist() == [[9, 8], [2, 3], [7, 0], [4, 6]]
    assert list(answers.recording.trial_table.stimulus[3:5]) == ["??c", "??k"]
    with pytest.raises(InputError, match="2 delays, expected a letter to ask for at each"):
        memory.ask(STRINGS, memory.orthogonal_codes(), "test", [0.05, 0.3], ["c"] * 4)


def test_presynaptic_plasticity_knows_the_key_and_not_the_value() -> None:
    memory = small_memory(key_to_value__mechanism=PRESYNAPTIC, presynaptic__weight=5e-3)
    codes = memory.orthogonal_codes()
    schedule = Schedule(memory.parameters, STRINGS)
    outputs = ("terminals.u", "terminals.last_step", WEIGHTS)
    arrays = memory.simulate(schedule, codes, "test", outputs)
    idle = schedule.stored - arrays["terminals.last_step"] * 5e-4
    u = (arrays["terminals.u"] * np.exp(-idle)).reshape(4, 78)  # tau_facilitation is 1 s
    for block, string in enumerate(STRINGS):
        shown = codes.keys[[LETTERS.index(letter) for letter in string.keys]].any(axis=0)
        assert u[block, shown].min() > 0.15
        assert u[block, ~shown].mean() < 0.05
    # The weights are those that were drawn, whatever is shown, and the release transmits them.
    others = Schedule(memory.parameters, parse_strings("q1w2e3??q"))
    again = memory.simulate(others, codes, "test", outputs)
    np.testing.assert_array_equal(arrays[WEIGHTS], again[WEIGHTS])
    assert arrays[WEIGHTS].max() <= 1e-2
    assert arrays[WEIGHTS].mean() == pytest.approx(5e-3, rel=0.02)
    rates = [
        m.ask(STRINGS, codes, "test").cell_rates.mean()
        for m in (memory, memory.changed(presynaptic__weight=0.0))
    ]
    assert rates[0] > 1.5 * rates[1]


# Schedules


def test_the_tables_hold_what_is_shown_when() -> None:
    parameters = small_sheet().parameters
    schedule = Schedule(parameters, STRINGS[:2], [0.1, 0.4])
    codes = small_memory().orthogonal_codes()
    tables = schedule.tables(codes)
    keys = tables["key_shown"]
    assert keys.shape == (MIN_TICKS, 4)
    shown = [LETTERS.index(letter) + 1 for letter in "ckj"]
    order = [shown[0], 0, shown[1], 0, shown[2], 0, shown[1], 0, shown[1]]
    expected = np.repeat(order, [15, 5, 15, 5, 15, 10, 20, 10, 20])
    np.testing.assert_array_equal(keys[: len(expected), 0], expected)
    assert not keys[len(expected) :].any()
    assert not keys[:, 2:].any()
    np.testing.assert_array_equal(tables["value_shown"][:15, 1], 2.0)
    storing, recalling = tables["storing"][:, 0], tables["recalling"][:, 0]
    assert storing.sum() == 45
    assert recalling.sum() == 40
    assert not (storing * recalling).any()
    assert schedule.duration == pytest.approx(len(expected) * 0.01)
    first = tables["key_codes"].reshape(27, 4, 78)
    np.testing.assert_array_equal(first[1:, 0], codes.keys)
    assert not first[0].any()
    assert not first[:, 2:].any()
    np.testing.assert_array_equal(tables["value_codes"][1:], codes.values)


def test_a_schedule_without_pairs_and_queries_is_silent() -> None:
    schedule = Schedule(small_sheet().parameters, STRINGS, stores=False)
    tables = schedule.tables(small_memory().orthogonal_codes())
    assert not any(tables[name].any() for name in tables if not name.endswith("_codes"))
    assert schedule.duration == 0
    assert len(schedule.trials(0).start_time) == 0


@pytest.mark.parametrize(
    ("n_ticks", "length"), [(1, MIN_TICKS), (MIN_TICKS - 1, MIN_TICKS), (MIN_TICKS, 2 * MIN_TICKS)]
)
def test_a_tick_behind_the_last_one_is_silent(n_ticks: int, length: int) -> None:
    assert capacity(n_ticks) == length


def test_refusals_of_schedules() -> None:
    memory = small_memory()
    parameters, codes = memory.parameters, memory.orthogonal_codes()
    for make, message in (
        (lambda: Schedule(parameters, []), "0 sequences, expected 1 to 4"),
        (lambda: Schedule(parameters, STRINGS * 2), "8 sequences, expected 1 to 4"),
        (lambda: Schedule(parameters, STRINGS, [0.1, 0.2]), "0.2 s after the last pair"),
        (lambda: Schedule(parameters, STRINGS, [-0.1]), "-0.1 s after the last pair"),
        (
            lambda: memory.ask(STRINGS, KeyValueCodes(codes.keys[:, :9], codes.values), "test"),
            "shapes (26, 9) and (10, 30)",
        ),
        (lambda: memory.ask(STRINGS, [codes], "test"), "codes for 1 sequences, expected 4"),
        (lambda: memory.recall(np.zeros((4, 2, 3)), STRINGS, codes, 1.0, "r"), "(4, 2, 3)"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            make()


# Parameters


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key_cells.v_reset": "21 mV"}, "key_cells.v_reset is 21 mV"),
        ({"key_cells.n_active": "79"}, "key_cells.n_active is 79, expected at most"),
        ({"value_cells.n_active": "31"}, "value_cells.n_active is 31, expected at most"),
        ({"presentation.pair": "155 ms"}, "presentation.pair is 155 ms, expected a multiple"),
    ],
)
def test_contradictions_are_refused(changes: Mapping[str, str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        small_sheet().with_overrides(changes)


@pytest.mark.parametrize(
    ("mechanism", "name"),
    [("hebbian", "presynaptic.tau_recovery"), ("presynaptic", "key_to_value.tau_fast")],
)
def test_parameters_of_the_other_mechanism_are_refused(mechanism: str, name: str) -> None:
    message = f"{name} has no effect here: key_to_value.mechanism is '{mechanism}'"
    with pytest.raises(InputError, match=message):
        small_sheet().with_overrides({"key_to_value.mechanism": mechanism, name: "0.5 s"})


def test_the_threshold_of_the_prediction_grows_with_the_keys() -> None:
    one, three = (small_memory(key_cells__n_active=n).parameters for n in (1, 3))
    assert three.prediction_threshold == pytest.approx(6e-3)
    assert one.prediction_threshold == pytest.approx(2e-3)


def test_codes_are_those_of_the_seed() -> None:
    first, again, other = (small_memory(seed).orthogonal_codes() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.keys, again.keys)
    assert (first.keys != other.keys).any()
    assert derived_seed(0, "codes") != derived_seed(1, "codes")


def test_the_circuit_is_within_reach_from_python() -> None:
    from brian2 import StateMonitor, ms, second

    from neurosim import circuits

    circuit = circuits.associative_memory.build(small_sheet(), 0, "c9k8??k,a1??a")
    gates = StateMonitor(
        circuit.value_cells, ("learning", "transmission"), record=[0, 30, 60], dt=10 * ms
    )
    circuit.run(0.65 * second, monitors=[gates])
    # The second string begins with the second pair of the first, the third block is shown nothing.
    np.testing.assert_array_equal(gates.learning.sum(axis=1), [30, 15, 0])
    np.testing.assert_array_equal(gates.transmission.sum(axis=1), [20, 20, 0])
    assert len(circuit.key_to_value) == 4 * 78 * 30
    weights = np.asarray(circuit.key_to_value.w[:]).reshape(4, -1).max(axis=1)
    assert weights[0] > 1e-3
    assert weights[3] < 1e-4
    with pytest.raises(InputError, match="holds 'C'"):
        circuits.associative_memory.build(small_sheet(), 0, "C9??c")
