"""Roles of stimuli as the trial table of a recording tells them."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.association.paired_roles import PairedRoles, short_name
from neurosim.association.paired_stimuli import Pair, PairedStimuli, random_stimuli
from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains
from neurosim.timeline import Timeline, Trial


def stimuli(n_singles: int, n_pairs: int) -> PairedStimuli:
    return random_stimuli(n_singles, n_pairs, 200, 6, np.random.default_rng(0))


def recorded(trials: list[Trial]) -> Recording:
    timeline = Timeline.of(trials)
    spikes = SpikeTrains(1, np.empty(0, dtype=int), np.empty(0))
    return Recording({"excitatory": spikes}, timeline.table(), timeline.duration, {}, "")


def roles_of(shown: PairedStimuli) -> PairedRoles:
    """Return the roles where the imprint comes in reverse order and views follow it."""
    imprint = [shown.trial(name, "imprint", 0.5, 0.5, {}) for name in shown.singles[::-1]]
    pair = shown.pairs[0]
    later = [
        shown.test(PairedStimuli.half(pair.p), "completion"),
        shown.test(PairedStimuli.view(pair.p, "crop"), "before"),
        shown.trial(pair.composite, "learning", 1.0, 1.0, {}),
    ]
    return PairedRoles.of(recorded([*imprint, *later]))


@pytest.mark.parametrize(("n_singles", "n_pairs"), [(3, 1), (5, 2), (12, 4)])
def test_roles_are_those_of_the_stimuli_and_nothing_else(n_singles: int, n_pairs: int) -> None:
    shown = stimuli(n_singles, n_pairs)
    roles = roles_of(shown)
    assert roles.singles == shown.singles
    assert roles.pairs == shown.pairs
    assert roles.directions == shown.directions
    assert roles.others == shown.singles[2 * n_pairs :]


def test_strangers_are_all_but_the_two() -> None:
    roles = roles_of(stimuli(6, 2))
    assert roles.strangers(roles.pairs[0]) == ("code 5", "code 6", "code 3", "code 4")
    assert roles.strangers(roles.pairs[1]) == ("code 5", "code 6", "code 1", "code 2")


def test_labels_have_numbers_only_where_there_are_several() -> None:
    assert list(roles_of(stimuli(3, 1)).labels.values()) == ["P", "NP", "NA"]
    assert list(roles_of(stimuli(12, 1)).labels.values())[:4] == ["P", "NP", "NA1", "NA2"]
    assert roles_of(stimuli(12, 1)).labels["code 12"] == "NA10"
    assert list(roles_of(stimuli(5, 2)).labels.values()) == ["P1", "NP1", "P2", "NP2", "NA"]


def test_a_recording_without_a_pair_is_refused() -> None:
    shown = stimuli(3, 1)
    alone = [shown.trial(shown.pairs[0].p, "imprint", 0.5, 0.5, {})]
    for trials, n in (([], 0), (alone, 1), ([shown.test("code 1", "before")], 0)):
        with pytest.raises(InputError, match=f"shows {n} stimuli of a pair in the phase 'imprint'"):
            PairedRoles.of(recorded([*trials, shown.test("code 3", "before")]))


def test_a_name_is_cut_where_there_is_no_room() -> None:
    assert short_name("palace") == "palace"
    assert short_name("/home/someone/my tower.jpeg") == "my tower"
    assert short_name("/a/the tower of Pisa.jpg") == "the tower …"
    assert short_name("astronaut", 5) == "astr…"


def test_pairs_are_in_the_order_of_their_numbers() -> None:
    shown = stimuli(25, 11)
    assert roles_of(shown).pairs[10] == Pair("code 21", "code 22")
