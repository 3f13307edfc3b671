"""The random graph with every synapse drawn, against dense matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurosim.abstract.explicit_network import ExplicitNetwork

N, K, P, BETA, N_INPUTS = 120, 15, 0.2, 0.13, 40


def network(seed: int = 0, k: int = K, beta: float = BETA) -> ExplicitNetwork:
    return ExplicitNetwork(N, k, P, beta, {"input": N_INPUTS}, seed)


def graph(seed: int, population: str, area: str) -> np.ndarray:
    """Return who reaches whom, shape (n_sources, N): with k = N all that are reached fire."""
    everyone = network(seed, k=N)
    n_sources = N_INPUTS if population == "input" else N
    matrix = np.zeros((n_sources, N))
    for source in range(n_sources):
        fired = everyone.fire({area: [(population, np.array([source]))]}, learning=False)
        matrix[source, fired[area]] = 1
    return matrix


def test_synapses_are_random_and_none_goes_to_its_own_neuron() -> None:
    own, other = graph(0, "A", "A"), graph(0, "A", "B")
    assert not own.diagonal().any()
    assert other.diagonal().any()
    n_pairs = N * (N - 1)
    error = 4 * math.sqrt(P * (1 - P) / n_pairs)
    assert own.sum() / n_pairs == pytest.approx(P, abs=error)
    assert other.mean() == pytest.approx(P, abs=error)
    # Different fibres, and either direction, are independent.
    for first, second in ((own, other), (own, own.T), (other, graph(0, "B", "A"))):
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4 / N


def test_the_seed_alone_makes_the_graph() -> None:
    before = graph(5, "A", "B")
    backwards = network(5, k=N)
    for source in reversed(range(N)):
        fired = backwards.fire({"B": [("A", np.array([source]))]}, learning=True)
        assert sorted(fired["B"]) == np.flatnonzero(before[source]).tolist()
    assert (graph(6, "A", "B") != before).any()


def test_every_round_is_that_of_dense_matrices() -> None:
    generator = np.random.default_rng(8)
    ends = [("input", "A"), ("A", "A"), ("A", "B"), ("B", "A"), ("B", "B")]
    weights = {fibre: graph(3, *fibre) for fibre in ends}
    tested = network(3)
    for _ in range(60):
        chosen = [ends[i] for i in np.flatnonzero(generator.random(len(ends)) < 0.6)]
        firing = {
            "input": generator.permutation(N_INPUTS)[:20],
            # Often the same few, as in an assembly.
            "A": generator.permutation(25)[:K],
            "B": generator.permutation(N)[:K],
        }
        inputs: dict[str, list] = {}
        for source, target in chosen:
            inputs.setdefault(target, []).append((source, firing[source]))
        learning = bool(generator.random() < 0.7)
        winners = tested.fire(inputs, learning=learning)
        assert winners.keys() == inputs.keys()
        for area, won in winners.items():
            total = sum(weights[source, area][fired].sum(axis=0) for source, fired in inputs[area])
            assert len(np.unique(won)) == K
            losers = np.setdiff1d(np.arange(N), won)
            assert total[won].min() >= total[losers].max() - 1e-9
            assert (np.diff(total[won]) <= 1e-9).all()
        for source, target in chosen if learning else []:
            weights[source, target][np.ix_(firing[source], winners[target])] *= 1 + BETA


def test_a_fork_leaves_no_trace() -> None:
    tested, reference = network(), network()
    assembly = np.arange(20)
    for step in range(8):
        inputs = {"A": [("input", assembly)], "B": [("A", assembly), ("B", assembly + step)]}
        fork = tested.fork()
        for _ in range(3):
            fork.fire({"A": [("B", assembly)], "B": [("A", assembly)]}, learning=True)
        fired, expected = (each.fire(inputs, learning=True) for each in (tested, reference))
        for area in inputs:
            assert fired[area].tolist() == expected[area].tolist()


def test_no_firing_source_leaves_an_area_silent() -> None:
    fired = network().fire({"A": [], "B": [("A", np.empty(0, dtype=int))]}, learning=True)
    assert fired["A"].size == fired["B"].size == 0


def dense_support(seed: int, n: int, k: int, p: float, beta: float, n_rounds: int) -> int:
    """Return how many neurons fire in a projection, on a graph drawn as a matrix."""
    generator = np.random.default_rng([seed, 99])
    stimulus = (generator.random((k, n)) < p).astype(float)
    recurrent = (generator.random((n, n)) < p).astype(float)
    np.fill_diagonal(recurrent, 0)
    fired, ever = np.empty(0, dtype=int), np.zeros(n, dtype=bool)
    for _ in range(n_rounds):
        total = stimulus.sum(axis=0) + recurrent[fired].sum(axis=0)
        won = np.lexsort((generator.random(n), -total))[:k]
        stimulus[:, won] *= 1 + beta
        recurrent[np.ix_(fired, won)] *= 1 + beta
        fired = won
        ever[won] = True
    return int(ever.sum())


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_synapses_drawn_late_are_those_of_a_matrix(beta: float) -> None:
    n, k, p, n_rounds, n_seeds = 300, 15, 0.1, 8, 40
    expected = [dense_support(seed, n, k, p, beta, n_rounds) for seed in range(n_seeds)]
    supports = []
    for seed in range(n_seeds):
        tested = ExplicitNetwork(n, k, p, beta, {"input": k}, seed)
        fired, ever = np.empty(0, dtype=int), np.zeros(n, dtype=bool)
        for _ in range(n_rounds):
            inputs = {"A": [("input", np.arange(k)), ("A", fired)]}
            fired = tested.fire(inputs, learning=True)["A"]
            ever[fired] = True
        supports.append(int(ever.sum()))
    error = math.sqrt((np.var(expected) + np.var(supports)) / n_seeds)
    assert abs(np.mean(expected) - np.mean(supports)) < 3.5 * error
