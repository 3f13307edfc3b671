"""Memory, population spikes, recall and decay on recordings made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from working_memory_runs import REST, N, bursts, recorded, steady

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.timeline import Trial
from neurosim.working_memory.measures import (
    describe_decay,
    describe_items,
    describe_memory,
    describe_readout,
    describe_rest,
)
from neurosim.working_memory.persistent_activity import is_active, life

CUE = Trial("selective_1", 0.35, 8.0, "cue")  # from 1.00 to 1.35 s, then until 9.35 s
END = 1.35


def test_population_spikes_keep_an_item() -> None:
    times = END + 0.1 + 0.3 * np.arange(20)  # the last one 5.8 s after the cue
    values = describe_memory(recorded([CUE], {"selective_1": [bursts(times)]}))
    assert values["memory_life"] == pytest.approx(5.9)
    assert (values["memory_kept"], values["population_spikes"]) == (1, 1)
    assert (values["silent"], values["asynchronous"]) == (0, 0)
    assert values["n_population_spikes"] == 20
    assert values["interval"] == pytest.approx(0.3)
    assert values["height"] == pytest.approx(100, rel=0.02)  # each neuron once in 10 ms, and rest
    assert values["synchrony"] > 3
    assert values["others_rate"] == pytest.approx(REST, rel=0.01)
    # From .3 s after the cue on: all population spikes but the first.
    assert values["cued_rate"] == pytest.approx(19 / 7.7 + REST, rel=0.01)
    assert values["cued_over_others"] == pytest.approx(values["cued_rate"] / REST, rel=0.01)
    assert values["others_ignited"] == 0


def test_asynchronous_firing_keeps_it_without_population_spikes() -> None:
    active = {"selective_1": [steady(8.0, END, 9.35)], "selective_4": [steady(8.0, 7.0, 7.5)]}
    values = describe_memory(recorded([CUE], active))
    assert values["memory_life"] == pytest.approx(8.0)
    assert (values["asynchronous"], values["population_spikes"]) == (1, 0)
    assert values["n_population_spikes"] == 0
    assert np.isnan(values["interval"])
    assert values["synchrony"] < 0.1
    assert values["others_ignited"] == 1


def test_a_memory_is_transient_or_gone() -> None:
    transient = describe_memory(recorded([CUE], {"selective_1": [bursts([END + 0.5, END + 0.9])]}))
    assert transient["memory_life"] == pytest.approx(1.0)
    assert all(
        transient[kind] == 0
        for kind in ("memory_kept", "silent", "population_spikes", "asynchronous")
    )
    gone = describe_memory(recorded([CUE], {"selective_1": [bursts([END + 0.05])]}))
    assert (gone["silent"], gone["memory_kept"]) == (1, 0)


def test_what_comes_back_after_a_second_is_not_held() -> None:
    recording = recorded([CUE], {"selective_1": [bursts([END + 0.45, END + 1.35, END + 3.05])]})
    active = is_active(recording, "selective_1", (END, 9.35))
    assert np.flatnonzero(active).tolist() == [4, 13, 30]
    assert life(active) == pytest.approx(1.4)
    assert life(np.zeros(5, bool)) == 0
    assert life(np.array([0] * 10 + [1])) == 0, "it begins too late"
    assert life(np.array([0] * 9 + [1])) == pytest.approx(1.0)


def test_rest_is_kept_until_a_population_ignites() -> None:
    quiet = describe_rest(recorded([], {}, lead_in=5.0), 1.0)
    assert (quiet["rest_kept"], quiet["first_ignition"]) == (1, pytest.approx(4.0))
    assert quiet["rest_rate"] == pytest.approx(REST, rel=0.01)
    ignited = recorded([], {"selective_3": [bursts([2.55])]}, lead_in=5.0)
    values = describe_rest(ignited, 1.0)
    assert (values["rest_kept"], values["first_ignition"]) == (0, pytest.approx(1.5))
    assert describe_rest(ignited, 3.0)["rest_kept"] == 1


READ = [Trial("selective_2", 0.35, 1.0, "cue"), Trial("readout", 0.25, 0.75, "readout")]
ONSET = 2.35


@pytest.mark.parametrize(
    ("active", "recalled", "share"),
    [
        ({"selective_2": [bursts([ONSET + 0.1])]}, 1, 0.107),
        ({"selective_3": [bursts([ONSET + 0.1])]}, 0, 9.333),
        ({"selective_2": [bursts([ONSET + 0.1])], "selective_5": [bursts([ONSET + 0.2])]}, 0, 1.0),
        ({"selective_2": [bursts([ONSET + 0.35])]}, 0, 1.0),  # too late
        ({"selective_2": [bursts([ONSET - 0.05])]}, 0, 1.0),  # too soon
    ],
)
def test_a_readout_recalls_the_population_that_fires_most(
    active: dict[str, list[tuple[np.ndarray, np.ndarray]]], recalled: float, share: float
) -> None:
    values = describe_readout(recorded(READ, active))
    assert values["recalled"] == recalled
    assert values["others_share"] == pytest.approx(share, rel=0.02)


def test_the_excess_of_u_decays_with_its_time_constant() -> None:
    time = 0.01 * np.arange(1, 936) - END
    u = np.full((935, 5), 0.25)
    u[:, 0] += np.where(time >= 0, 0.4 * np.exp(-time / 0.7), 0)
    synapse = ShortTermPlasticity(0.2, 1.5, 0.2)
    values = describe_decay(recorded([CUE], {}, utilisation=u), synapse)
    assert values["excess_decay"] == pytest.approx(0.7, rel=1e-3)
    assert values["decay_over_tau"] == pytest.approx(0.7 / 1.5, rel=1e-3)
    assert values["excess_at_once"] == pytest.approx(0.4, rel=0.02)
    assert values["silent"] == 1
    woken = recorded([CUE], {"selective_1": [bursts([END + 1])]}, utilisation=u)
    assert describe_decay(woken, synapse)["silent"] == 0


def test_items_that_take_turns_are_counted_with_their_separation() -> None:
    cues = [Trial(f"selective_{k}", 0.35, 0.65, "cue") for k in (1, 2)]
    cues.append(Trial("selective_3", 0.35, 4.0, "cue"))
    stop = 7.35
    turns = [np.arange(5.45 + shift, stop, 0.3) for shift in (0.0, 0.1)]
    active = {
        "selective_1": [bursts([4.0])],  # lost before the last two seconds
        "selective_2": [bursts(turns[0])],
        "selective_3": [bursts(turns[1])],
        "selective_5": [bursts([6.0])],
    }
    values = describe_items(recorded(cues, active))
    assert values["items_kept"] == 2
    assert values["last_item_kept"] == 1
    assert values["uncued_active"] == 1
    # The two take turns after .1 and .2 s; the first of seven is 5.45 s.
    assert values["separation"] == pytest.approx(0.15, abs=0.01)
    assert sum(trains.n for trains in recorded(cues, active).spikes.values()) == N * 5
