"""Areas of neurons that are connected at random, every synapse drawn once and kept.

The synapses of a neuron are drawn when it first fires: until then nothing depends on them. So this
is the random graph itself, at the memory of ``n p`` targets for each neuron that has ever fired and
each fibre that it has used. Weights differ from 1 only between neurons that have fired.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np

from neurosim.abstract.binomial_draws import bernoulli_positions
from neurosim.abstract.k_cap import k_cap
from neurosim.abstract.synapse_list import SynapseList
from neurosim.simulation.job import derived_seed

# A population, and the neurons of it that fire.
Firing = tuple[str, np.ndarray]

NEVER = np.iinfo(np.int32).max


class ExplicitNetwork:
    """Areas of n neurons; every neuron projects to every other one with probability p.

    Parameters
    ----------
    n, k : int
        Neurons of an area, and how many of them fire at a time.
    p, beta : float
        Probability of a synapse, and the plasticity: a synapse whose source fired in the round
        before its target is multiplied by ``1 + beta``.
    populations : mapping of str to int
        Neurons of each population that is no area: those that carry the stimuli.
    seed : int
        The same seed gives the same graph, whatever is done with it, and what is done with one area
        does not change how ties are broken in another.
    """

    def __init__(
        self, n: int, k: int, p: float, beta: float, populations: Mapping[str, int], seed: int
    ) -> None:
        self._n, self._k, self._p, self._beta = n, k, p, beta
        self._populations = populations
        self._brain_seed = derived_seed(seed, "brain")
        self._ties_seed = derived_seed(seed, "ties")
        self._ties: dict[str, np.random.Generator] = {}  # by area
        self._fibres: dict[tuple[str, str], _Fibre] = {}
        # In each area the rank of every neuron in the order of first firing, or NEVER.
        self._first_fired: dict[str, np.ndarray] = {}

    def fork(self) -> ExplicitNetwork:
        """Return a copy that can be used without any effect on this network."""
        other = copy.copy(self)
        other._ties = {area: ties.spawn(1)[0] for area, ties in self._ties.items()}
        other._fibres = {ends: fibre.fork() for ends, fibre in self._fibres.items()}
        other._first_fired = {area: rank.copy() for area, rank in self._first_fired.items()}
        return other

    def fire(
        self, inputs: Mapping[str, Sequence[Firing]], *, learning: bool
    ) -> dict[str, np.ndarray]:
        """Let neurons fire and see which ones fire next, one round in all areas at once.

        Parameters
        ----------
        inputs : mapping of str to sequence of (str, ndarray of int)
            For each area the populations that reach it, and the neurons of these that fire.
        learning : bool
            Whether synapses change.

        Returns
        -------
        dict of str to ndarray of int, shape (at most k,)
            The winners of each area.
        """
        winners = {area: self._winners(area, sources) for area, sources in inputs.items()}
        if learning:
            for area, sources in inputs.items():
                if area not in self._first_fired:
                    self._first_fired[area] = np.full(self._n, NEVER, dtype=np.int32)
                rank = self._first_fired[area]
                new = winners[area][rank[winners[area]] == NEVER]
                rank[new] = np.count_nonzero(rank != NEVER) + np.arange(len(new))
                won = np.zeros(self._n, dtype=bool)
                won[winners[area]] = True
                for population, firing in sources:
                    self._fibre(population, area).learn(firing, won, rank, 1 + self._beta)
        return winners

    def _winners(self, area: str, sources: Sequence[Firing]) -> np.ndarray:
        total = np.zeros(self._n)
        for population, firing in sources:
            total += self._fibre(population, area).drive(firing)
        if area not in self._ties:
            self._ties[area] = np.random.default_rng(derived_seed(self._ties_seed, area))
        return k_cap(total, self._k, self._ties[area])

    def _fibre(self, population: str, area: str) -> _Fibre:
        ends = (population, area)
        if ends not in self._fibres:
            seed = derived_seed(self._brain_seed, f"{population} to {area}")
            n_sources = self._populations.get(population, self._n)
            self._fibres[ends] = _Fibre(n_sources, self._n, self._p, seed, population == area)
        return self._fibres[ends]


class _Fibre:
    """The synapses from one population to one area."""

    def __init__(self, n_sources: int, n_targets: int, p: float, seed: int, own: bool) -> None:
        self._n_sources, self._n_targets, self._p = n_sources, n_targets, p
        self._seed, self._own = seed, own
        self._targets: dict[int, np.ndarray] = {}  # of each source that has fired
        # How many of the neurons that are firing reach each target; from one round to the next
        # few of them change.
        self._firing = np.empty(0, dtype=np.int64)
        self._count = np.zeros(n_targets)
        # The synapses onto targets that have fired, and for each source how many targets had fired
        # when its synapses were last looked through.
        self._plastic = SynapseList()
        self._listed: dict[int, int] = {}

    def fork(self) -> _Fibre:
        """Return a copy; the graph, which never changes, is shared."""
        other = copy.copy(self)
        other._count, other._listed = self._count.copy(), self._listed.copy()
        other._plastic = self._plastic.copy()
        return other

    def drive(self, firing: np.ndarray) -> np.ndarray:
        """Return the input of every target."""
        for source in np.setdiff1d(firing, self._firing, assume_unique=True).tolist():
            self._count[self._targets_of(source)] += 1
        for source in np.setdiff1d(self._firing, firing, assume_unique=True).tolist():
            self._count[self._targets_of(source)] -= 1
        self._firing = firing
        learnt = self._plastic.drive(self._fires(firing), self._n_targets, without=1.0)
        total: np.ndarray = self._count + learnt
        return total

    def learn(self, firing: np.ndarray, won: np.ndarray, rank: np.ndarray, factor: float) -> None:
        """Multiply the weights of all synapses from firing neurons to winners."""
        n_fired = int(np.count_nonzero(rank != NEVER))
        sources, targets = [], []
        for source in firing.tolist():
            listed = self._listed.get(source, 0)
            if listed < n_fired:
                ranks = rank[self._targets[source]]
                found = self._targets[source][(ranks >= listed) & (ranks < n_fired)]
                sources.append(np.full(len(found), source))
                targets.append(found)
                self._listed[source] = n_fired
        if sources:
            self._plastic.append(np.concatenate(sources), np.concatenate(targets))
        self._plastic.multiply(self._fires(firing), won, factor)

    def _fires(self, firing: np.ndarray) -> np.ndarray:
        fires = np.zeros(self._n_sources, dtype=bool)
        fires[firing] = True
        return fires

    def _targets_of(self, source: int) -> np.ndarray:
        if source not in self._targets:
            # A stream for each neuron, so that the graph does not depend on who fires first.
            stream = np.random.Philox(key=np.array([self._seed, source], dtype=np.uint64))
            targets = bernoulli_positions(self._n_targets, self._p, np.random.Generator(stream))
            if self._own:
                targets = targets[targets != source]
            self._targets[source] = targets.astype(np.int32)
        return self._targets[source]
