"""The random graph of which only neurons that have fired are drawn."""

from __future__ import annotations

import math

import numpy as np

from neurosim.abstract.explicit_network import ExplicitNetwork
from neurosim.abstract.lazy_network import LazyNetwork

N, K, P = 3000, 40, 0.05
STIMULUS = np.arange(K)


def network(seed: int = 0, beta: float = 0.1, kind: type = LazyNetwork):
    return kind(N, K, P, beta, {"input": 2 * K}, seed)


def test_neurons_are_numbered_as_they_first_fire() -> None:
    tested = network()
    fired = tested.fire({"A": [("input", STIMULUS)]}, learning=True)["A"]
    assert fired.tolist() == list(range(K))
    fired = tested.fire({"A": [("input", STIMULUS + K)]}, learning=True)["A"]
    new = np.sort(fired[fired >= K])
    assert new.tolist() == list(range(K, K + len(new)))


def test_winners_keep_the_synapses_that_made_them_win() -> None:
    # With beta 1 their input doubles, more than any neuron that never fired can have.
    tested = network(beta=1.0)
    first = tested.fire({"A": [("input", STIMULUS)]}, learning=True)["A"]
    again = tested.fire({"A": [("input", STIMULUS)]}, learning=True)["A"]
    assert sorted(again) == sorted(first)
    inputs = {"B": [("input", STIMULUS), ("A", first)], "C": [("A", first)]}
    second = tested.fire(inputs, learning=True)
    repeated = tested.fire(inputs, learning=True)
    for area in inputs:
        assert sorted(repeated[area]) == sorted(second[area])
    # Half of B's input came by either fibre, and alone still is more than chance gives.
    for source in (("input", STIMULUS), ("A", first)):
        alone = tested.fork().fire({"B": [source]}, learning=False)["B"]
        assert len(np.intersect1d(alone, second["B"])) > 0.7 * K


def kept_winners(kind: type, seed: int) -> float:
    """Return the share of the winners of a stimulus that win again when it is twice as large."""
    tested = network(seed, kind=kind)
    first = tested.fire({"A": [("input", STIMULUS)]}, learning=True)["A"]
    larger = tested.fire({"A": [("input", np.arange(2 * K))]}, learning=False)["A"]
    return len(np.intersect1d(first, larger)) / K


def test_the_first_round_is_that_of_the_whole_graph() -> None:
    n_seeds = 60
    lazy, explicit = (
        np.array([kept_winners(kind, seed) for seed in range(n_seeds)])
        for kind in (LazyNetwork, ExplicitNetwork)
    )
    error = math.sqrt((lazy.var() + explicit.var()) / n_seeds)
    assert 0.2 < explicit.mean() < 0.6
    assert abs(lazy.mean() - explicit.mean()) < 3.5 * error


def test_synapses_that_decided_nothing_have_their_probability() -> None:
    counts = {"input": 0, "A": 0, "C": 0}
    n_seeds = 30
    for seed in range(n_seeds):
        tested = network(seed)
        tested.fire({area: [("input", STIMULUS)] for area in "ABC"}, learning=True)
        # Fibres that were not used are drawn when they first are; here nobody fires.
        nobody = np.empty(0, dtype=int)
        tested.fire({"C": [("A", nobody), ("C", nobody)]}, learning=False)
        for population in ("A", "C"):
            counts[population] += len(tested._fibres[population, "C"]._synapses.source)
        synapses = tested._fibres["input", "C"]._synapses
        counts["input"] += np.count_nonzero(synapses.source >= K)
    for population, n_pairs in (("input", K * K), ("A", K * K), ("C", K * (K - 1))):
        expected = n_seeds * n_pairs * P
        assert abs(counts[population] - expected) < 4 * math.sqrt(expected), population


def test_winners_hear_as_many_neurons_as_their_input_says() -> None:
    tested = network(beta=0.0)
    tested.fire({"A": [("input", STIMULUS)]}, learning=True)
    synapses = tested._fibres["input", "A"]._synapses
    heard = np.bincount(synapses.target[synapses.source < K], minlength=K)
    # The largest 40 of 3000 numbers with mean 2: all are 5 or more, and they come in order.
    assert heard.min() >= 5
    assert (np.diff(heard) <= 0).all()
    pairs = np.stack([synapses.source, synapses.target])
    assert np.unique(pairs, axis=1).shape == pairs.shape


def test_a_fork_leaves_no_trace() -> None:
    tested, reference = network(), network()
    fired = expected = np.empty(0, dtype=int)
    for _ in range(6):
        tested.fork().fire({"A": [("input", STIMULUS + K), ("A", fired)]}, learning=True)
        fired = tested.fire({"A": [("input", STIMULUS), ("A", fired)]}, learning=True)["A"]
        inputs = {"A": [("input", STIMULUS), ("A", expected)]}
        expected = reference.fire(inputs, learning=True)["A"]
        assert fired.tolist() == expected.tolist()


def test_an_area_whose_neurons_have_all_fired_goes_on() -> None:
    tested = LazyNetwork(50, 20, 0.3, 0.0, {"input": 400}, seed=0)
    for start in range(0, 400, 20):
        fired = tested.fire({"A": [("input", np.arange(start, start + 20))]}, learning=True)["A"]
        assert len(np.unique(fired)) == 20
        assert fired.max() < 50


def test_no_firing_source_leaves_an_area_silent() -> None:
    assert network().fire({"A": []}, learning=True)["A"].size == 0
