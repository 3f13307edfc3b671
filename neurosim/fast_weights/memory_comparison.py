"""What is measured of the three memories: bits by delay, by exposures and by length of strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.retrieval_strings import LETTERS
from neurosim.fast_weights.three_memories import (
    ACTIVITY,
    FAST,
    MEMORIES,
    MINUTE,
    SLOW,
    Recovered,
    ThreeMemories,
    exposures_needed,
    half_life,
)
from neurosim.recording import Recording, SpikeTrains

N_PAIRS = 8
SOON = 0.1  # s
# As far as anything is left, and closer together where most of it is lost.
DELAYS: Mapping[str, tuple[float, ...]] = {
    ACTIVITY: (SOON, 0.2, 0.3, 1, 10),
    FAST: (SOON, 1, 3, 6, 10, 30),
    MINUTE: (SOON, 1, 10, 60, 100, 150, 300),
    SLOW: (SOON, 10, 100, 1000, 2000, 3000, 10000),
}
EXPOSURES: Mapping[str, tuple[int, ...]] = {ACTIVITY: (1, 2), FAST: (1, 2), SLOW: (1, 2, 5, 10)}
# Fewer for the slow weights, which are shown every string ten times.
PAIRS: Mapping[str, tuple[int, ...]] = {
    ACTIVITY: (1, 2, 4, N_PAIRS, 16, len(LETTERS)),
    FAST: (1, 2, 4, N_PAIRS, 16, len(LETTERS)),
    SLOW: (1, N_PAIRS, len(LETTERS)),
}
CRITERION = 0.9  # share of right answers after enough exposures
# Slow weights are read after so many exposures, the others after one.
OFTEN = EXPOSURES[SLOW][-1]


def exposures_before(name: str) -> int:
    """Return how often a memory is shown each string before it is asked."""
    return OFTEN if name == SLOW else 1


def examine_delays_and_exposures(memories: ThreeMemories) -> Measured:
    """Ask every memory after each of its delays, and after each of its numbers of exposures.

    Returns
    -------
    recording : Recording
        The first string in the activity and in the fast weights, see `recording_of_one_string`.
    values : dict of str to float
        ``MEMORY_bits_at_T_s``, ``MEMORY_half_life``; ``MEMORY_bits_after_N_exposures``;
        ``fast_exposures`` and ``slow_exposures``, how many are needed; ``fast_over_activity_life``
        and ``slow_over_fast_life``.
    """
    values: dict[str, float] = {}
    life: dict[str, float] = {}
    for name in MEMORIES:
        delays, exposures = _held(memories, name)
        values |= {f"{name}_bits_at_{delay:g}_s": held.bits for delay, held in delays.items()}
        values |= {
            f"{name}_bits_after_{number}_exposures": held.bits for number, held in exposures.items()
        }
        life[name] = half_life({delay: held.bits for delay, held in delays.items()})
        values[f"{name}_half_life"] = life[name]
        if name in (FAST, SLOW):
            shares = {number: held.share_right for number, held in exposures.items()}
            values[f"{name}_exposures"] = exposures_needed(shares, CRITERION)
    values["fast_over_activity_life"] = life[FAST] / life[ACTIVITY]
    values["slow_over_fast_life"] = life[SLOW] / life[FAST]
    return recording_of_one_string(memories), values


def examine_items(memories: ThreeMemories) -> Measured:
    """Ask every memory soon, for strings of one pair to as many as there are letters.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``MEMORY_bits_of_K_pairs``, and ``fast_over_activity_bits`` for the longest strings.
    """
    values = {}
    for name, numbers in PAIRS.items():
        for n_pairs in numbers:
            bits = held_soon(memories, name, n_pairs).bits
            values[f"{name}_bits_of_{n_pairs}_pairs"] = bits
    longest = f"bits_of_{len(LETTERS)}_pairs"
    ratio = np.divide(values[f"{FAST}_{longest}"], values[f"{ACTIVITY}_{longest}"])
    return recording_of_one_string(memories), values | {"fast_over_activity_bits": float(ratio)}


def examine_without_learning(memories: ThreeMemories) -> Measured:
    """Show strings to synapses that do not learn, and ask soon.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``fast_bits`` and ``slow_bits``.
    """
    values = {}
    for name in (FAST, SLOW):
        naive = memories.weights(name).changed(key_to_value__learning_rate=0.0)
        number = exposures_before(name)
        stored = memories.exposed(naive, N_PAIRS, (number,))[number]
        values[f"{name}_bits"] = memories.held_in_weights(stored, SOON).bits
    first = memories.strings(N_PAIRS)[:1]
    return naive.ask(first, memories.codes, "one string", [SOON]).recording, values


def examine_without_recurrence(memories: ThreeMemories) -> Measured:
    """Ask a population of the same cells without synapses.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``bits_at_T_s`` for the two shortest delays.
    """
    silent = memories.activity.changed(recurrent__gain=0.0)
    values = {
        f"bits_at_{delay:g}_s": memories.held_in_activity(silent, N_PAIRS, delay).bits
        for delay in DELAYS[ACTIVITY][:2]
    }
    first = memories.strings(N_PAIRS)[:1]
    return silent.ask(first, memories.codes, SOON, "one string").recording, values


def held_soon(memories: ThreeMemories, name: str, n_pairs: int) -> Recovered:
    """Return what a memory gives back of strings of a length, soon after they were shown."""
    if name == ACTIVITY:
        return memories.held_in_activity(memories.activity, n_pairs, SOON)
    number = exposures_before(name)
    stored = memories.exposed(memories.weights(name), n_pairs, (number,))[number]
    return memories.held_in_weights(stored, SOON)


def _held(
    memories: ThreeMemories, name: str
) -> tuple[dict[float, Recovered], dict[int, Recovered]]:
    """Return what a memory gives back by delay, and soon after so many exposures."""
    numbers = EXPOSURES.get(name, (1,))
    if name == ACTIVITY:
        own = memories.activity
        delays = {t: memories.held_in_activity(own, N_PAIRS, t) for t in DELAYS[name]}
        more = {n: memories.held_in_activity(own, N_PAIRS, SOON, n) for n in numbers[1:]}
        return delays, {1: delays[SOON], **more}
    stored = memories.exposed(memories.weights(name), N_PAIRS, numbers)
    usual = exposures_before(name)
    delays = {t: memories.held_in_weights(stored[usual], t) for t in DELAYS[name]}
    if name not in EXPOSURES:
        return delays, {}
    others = {n: memories.held_in_weights(stored[n], SOON) for n in numbers if n != usual}
    return delays, {n: delays[SOON] if n == usual else others[n] for n in numbers}


def recording_of_one_string(memories: ThreeMemories) -> Recording:
    """Return one string in the activity and, behind it, in the fast weights, asked soon.

    Returns
    -------
    Recording
        With the populations of both circuits; the role of a trial is the memory.
    """
    first = memories.strings(N_PAIRS)[:1]
    in_activity = memories.activity.ask(first, memories.codes, SOON, "one string").recording
    fast = memories.weights(FAST)
    in_weights = fast.ask(first, memories.codes, "one string", [SOON]).recording
    populations = {
        name: trains.n
        for recording in (in_activity, in_weights)
        for name, trains in recording.spikes.items()
    }
    both = [
        _labelled(recording, name, populations)
        for recording, name in ((in_activity, ACTIVITY), (in_weights, FAST))
    ]
    return both[0].followed_by(both[1])


def _labelled(recording: Recording, name: str, populations: Mapping[str, int]) -> Recording:
    silent = np.empty(0, dtype=int), np.empty(0)
    spikes = {
        population: recording.spikes.get(population, SpikeTrains(n, *silent))
        for population, n in populations.items()
    }
    table = recording.trial_table
    roles = np.array([name] * len(table), dtype=object)
    return replace(recording, spikes=spikes, trial_table=replace(table, role=roles))
