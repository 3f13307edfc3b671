"""Which cells are shared, which are silenced instead, and what is read while they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from areas_bench import InventedSession, small_areas

import neurosim as ns
from neurosim.assembly_calculus import merged_channel as mc
from neurosim.assembly_calculus.set_operations import NeuronSet, drawn, intersection, union
from neurosim.association.pair_cells import PairCells, as_many, halves, most_active, size_and_ratio
from neurosim.association.paired_stimuli import Pair
from neurosim.association.silenced_link import (
    answering,
    highest_rate_of,
    rate_to_partner,
    rates_while_learning,
)
from neurosim.protocol import load_protocol
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.simulation.job import Job

PAIR = Pair("p", "np")
N_TESTS, N_CELLS = 8, 40
OWN, OTHER = PAIR.directions
# What cells respond to: (before), (after). All others respond to nothing.
CELLS: Mapping[str, tuple[range, set[str], set[str]]] = {
    "linked, of P": (range(0, 6), {"p", "p+np"}, {"p", "np", "p+np"}),
    "linked, of NP": (range(6, 10), {"np"}, {"p", "np", "p+np"}),
    "unlinked, of P": (range(10, 18), {"p", "p+np"}, {"p"}),
    "unlinked, of NP": (range(18, 24), {"np"}, {"np", "p+np"}),
    "both from the start": (range(24, 25), {"p", "np"}, {"p", "np"}),
    "turned over": (range(25, 26), {"p"}, {"np"}),
    "composite only before": (range(26, 29), {"p+np"}, set()),
    "composite only after": (range(29, 31), set(), {"p+np"}),
}


@pytest.fixture(scope="module")
def recording(recorded_by_hand: Callable[..., Recording]) -> Recording:
    trials = [
        (phase, name)
        for phase in ("before", "after", "again")
        for _ in range(N_TESTS)
        for name in ("p", "np", "p+np")
    ]
    counts = np.zeros((len(trials), N_CELLS), dtype=int)
    for number, (phase, name) in enumerate(trials):
        for cells, before, after in CELLS.values():
            if name in (before if phase == "before" else after):
                counts[number, list(cells)] = 5
        # In the last tests two of the cells that are linked do not answer the partner.
        if phase == "again" and name == "np":
            counts[number, [0, 1]] = 0
    return recorded_by_hand(trials, counts)


@pytest.fixture(scope="module")
def cells(recording: Recording) -> PairCells:
    return PairCells.of(recording, [PAIR])


def members(of: NeuronSet) -> list[int]:
    return of.members.tolist()


def test_pair_cells_respond_to_one_before_and_to_both_after(cells: PairCells) -> None:
    assert members(cells.linked[OWN]) == list(CELLS["linked, of P"][0])
    assert members(cells.linked[OTHER]) == list(CELLS["linked, of NP"][0])
    assert members(cells.unlinked[OWN]) == list(CELLS["unlinked, of P"][0])
    assert members(cells.unlinked[OTHER]) == list(CELLS["unlinked, of NP"][0])


def test_cells_of_both_and_of_the_composite_only(cells: PairCells) -> None:
    assert members(cells.shared[0].neurons) == [*range(10), 24]
    assert members(cells.composite_before[0].neurons) == [26, 27, 28]
    assert members(cells.composite_after[0].neurons) == [29, 30]
    assert members(cells.outside) == list(range(31, N_CELLS))


def test_sizes_are_compared_with_random_sets(cells: PairCells) -> None:
    # After learning 19 cells respond to P and 18 to NP.
    size, ratio = size_and_ratio(cells.shared)
    assert size == 11
    assert ratio == pytest.approx(11 / (19 * 18 / N_CELLS))
    empty = NeuronSet("area", N_CELLS, np.array([], dtype=int))
    assert np.isnan(size_and_ratio([intersection(empty, empty)])[1])


def test_halves_are_disjoint_and_make_the_whole(cells: PairCells) -> None:
    first, second = halves(cells.linked, np.random.default_rng(1))
    for direction, whole in cells.linked.items():
        assert first[direction].size == whole.size // 2
        assert not intersection(first[direction], second[direction]).neurons.size
        both = union(first[direction], second[direction]).neurons
        assert members(both) == members(whole)
    other = halves(cells.linked, np.random.default_rng(2))[0]
    assert members(first[OWN]) != members(other[OWN])


def test_controls_are_as_many_of_each_direction(cells: PairCells) -> None:
    control = as_many(cells.linked, cells.unlinked, np.random.default_rng(1))
    for direction, chosen in control.items():
        assert chosen.size == cells.linked[direction].size
        assert set(members(chosen)) <= set(members(cells.unlinked[direction]))
    few = NeuronSet("area", N_CELLS, np.arange(3))
    assert members(drawn(few, 10, np.random.default_rng(1))) == [0, 1, 2]


def test_the_most_active_are_chosen(cells: PairCells) -> None:
    rates = np.arange(N_CELLS, dtype=float)
    chosen = most_active(cells.linked, cells.unlinked, rates)
    assert members(chosen[OWN]) == list(range(12, 18))
    assert members(chosen[OTHER]) == list(range(20, 24))


def test_what_is_read(recording: Recording, cells: PairCells) -> None:
    assert answering(recording, "after", cells.linked) == 1
    assert answering(recording, "again", cells.linked) == pytest.approx(0.8)
    assert answering(recording, "again", cells.linked, own=True) == 1
    assert answering(recording, "after", cells.unlinked) == 0
    assert rate_to_partner(recording, "again", cells.linked) == pytest.approx(8.0)
    nobody = {OWN: NeuronSet("area", N_CELLS, np.array([], dtype=int))}
    assert np.isnan(answering(recording, "after", nobody))
    assert np.isnan(rate_to_partner(recording, "after", nobody))
    assert highest_rate_of(recording, "after", cells.linked[OWN]) == pytest.approx(10.0)
    assert highest_rate_of(recording, "after", cells.outside) == 0
    assert highest_rate_of(recording, "after", nobody[OWN]) == 0


def test_rates_while_learning_are_those_of_the_whole_composite(
    recorded_by_hand: Callable[..., Recording],
) -> None:
    counts = np.array([[2, 0, 9], [4, 0, 9], [0, 8, 9]])
    trials = [("learning", "p+np"), ("learning", "p+np"), ("after", "p")]
    rates = rates_while_learning(recorded_by_hand(trials, counts))
    np.testing.assert_allclose(rates, [6.0, 0.0, 18.0])


# ------------------------------------------------------------------------------ on the circuits


@pytest.fixture(scope="module")
def learning(
    small_sheet: Path, noting_jobs: Callable[[], AbstractContextManager[list[Job]]]
) -> tuple[Run, list[Job]]:
    with noting_jobs() as jobs:
        overrides = {"protocol.condition": "learning", "protocol.composite_trials": 2}
        return ns.run("channel", small_sheet, seed=2, overrides=overrides), jobs


def silenced_ticks(job: Job) -> np.ndarray:
    return np.flatnonzero(job.tables["silenced_cells"])


def test_every_set_is_silenced_in_the_same_experiment(learning: tuple[Run, list[Job]]) -> None:
    run, (past, first, intact, *others) = learning
    assert len(others) == 8  # four sets, and two of each half
    assert not past.state and not len(silenced_ticks(first)) + len(silenced_ticks(intact))
    for job in (intact, *others):
        assert (job.brain_seed, job.duration) == (past.brain_seed, intact.duration)
        assert job.noise_seed == intact.noise_seed != first.noise_seed
        for name, weights in first.state.items():
            assert np.array_equal(job.state[name], weights)
        assert np.array_equal(job.tables["stimulus"] > 0, intact.tables["stimulus"] > 0)
    assert run.row("learning_silenced_rate", "learning").value == 0


def test_cells_are_silenced_while_composites_are_learnt_and_in_no_test(
    learning: tuple[Run, list[Job]],
) -> None:
    run, (_, _, _, *others) = learning
    plastic = np.flatnonzero(others[0].tables["excitatory_to_excitatory_learning_rate"])
    for job in others:
        assert np.array_equal(silenced_ticks(job), plastic)
    row = int(others[0].tables["silenced_cells"].max())
    n_silenced = others[0].tables["excitatory_patterns"][row].sum()
    assert n_silenced == run.row("pair_cells", "learning").value
    assert n_silenced == run.row("learning_silenced_pair", "learning").value


def test_the_values_are_those_of_the_scorecard() -> None:
    targets = load_protocol("channel").script.TARGETS
    assert set(targets) == {"main", "learning", "composite_only", "merger"}
    for name, of_condition in targets.items():
        judged = {key for key, target in of_condition.items() if target.evidence == "control"}
        assert any(key.endswith("silenced_rate") for key in judged), name
        assert any(key.endswith("_change") for key in judged), name


# ---------------------------------------------------------------------------------- three areas


def test_cells_of_the_third_area_are_silenced_while_the_other_parent_is_read() -> None:
    parameters = small_areas(trials__imprint="1", trials__project="1", trials__test="2")
    session = InventedSession(parameters)
    recording, values = mc.examine_merger(session)
    n_readings = len(mc.WAYS) * (1 + len(mc.SILENCED))
    assert len(session.jobs) == 1 + n_readings
    program, *readings = session.jobs
    assert not program["tables"]["silenced_cells"].any()
    for number, job in enumerate(readings):
        name = (mc.INTACT, *mc.SILENCED)[number // len(mc.WAYS)]
        silenced = job["tables"]["silenced_cells"]
        assert not silenced[:, :2].any()  # areas A and B
        assert silenced[:, 2].any() == (name != mc.INTACT)
    assert values["silenced_half"] == values["silenced_merged"] // 2
    assert values["silenced_others"] == values["silenced_merged"]
    assert len(recording.trial_table) > 0
