"""Areas of neurons that are connected at random, synapses drawn only among those that have fired.

Of the neurons that have never fired only the k with the largest input matter in a round, and this
input is the largest k of as many independent binomial numbers. A neuron that wins for the first
time gets the synapses that its input is made of, and those from and to all other neurons that have
fired at random. Source of the procedure: Papadimitriou et al. 2020, PNAS 117:14464, and the program
of its authors, which draws the inputs from a truncated normal distribution; here they are exact.

It is an approximation: a neuron that lost a round had little input, but enters the next one as if
nothing were known of it. With 100,000 neurons, k = 317 and p = .01 (seeds 0-9) the number of
neurons that ever fire comes out a tenth too high in a projection (beta .05: 4.04 k, on an
`ExplicitNetwork` 3.70 k) and a tenth too low in a merge (15.7 k, 17.5 k in the target); it is right
in the first round of any area. In exchange memory does not grow with the number of neurons.
Neurons are numbered in the order in which they first fired.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np

from neurosim.abstract.binomial_draws import bernoulli_positions, largest_binomials
from neurosim.abstract.explicit_network import Firing
from neurosim.abstract.k_cap import k_cap
from neurosim.abstract.synapse_list import SynapseList
from neurosim.simulation.job import derived_seed


class LazyNetwork:
    """Areas of n neurons, of which only those that have fired are represented.

    Parameters
    ----------
    n, k, p, beta
        As in `neurosim.abstract.explicit_network.ExplicitNetwork`.
    populations : mapping of str to int
        Neurons of each population that exist from the start: those that carry the stimuli.
    seed : int
    """

    def __init__(
        self, n: int, k: int, p: float, beta: float, populations: Mapping[str, int], seed: int
    ) -> None:
        self._n, self._k, self._p, self._beta = n, k, p, beta
        self._generator = np.random.default_rng(derived_seed(seed, "brain"))
        self._known = dict(populations)  # neurons of each population that are represented
        self._fibres: dict[tuple[str, str], _Fibre] = {}

    def fork(self) -> LazyNetwork:
        """Return a copy that can be used without any effect on this network."""
        other = copy.copy(self)
        other._generator = self._generator.spawn(1)[0]
        other._known = dict(self._known)
        other._fibres = {ends: fibre.fork() for ends, fibre in self._fibres.items()}
        return other

    def fire(
        self, inputs: Mapping[str, Sequence[Firing]], *, learning: bool
    ) -> dict[str, np.ndarray]:
        """Let neurons fire and see which ones fire next, one round in all areas at once.

        Parameters and returned value are those of
        `neurosim.abstract.explicit_network.ExplicitNetwork.fire`.
        """
        known = {area: self._known.setdefault(area, 0) for area in inputs}
        new_inputs, winners = {}, {}
        for area, sources in inputs.items():
            winners[area], new_inputs[area] = self._winners(area, sources)
        for area, sources in inputs.items():
            self._connect(area, sources, known[area], new_inputs[area])
        for area, new in new_inputs.items():
            self._known[area] += len(new)
        if learning:
            for area, sources in inputs.items():
                won = np.zeros(self._known[area], dtype=bool)
                won[winners[area]] = True
                for population, firing in sources:
                    self._fibres[population, area].multiply(firing, won, 1 + self._beta)
        return winners

    def _winners(self, area: str, sources: Sequence[Firing]) -> tuple[np.ndarray, np.ndarray]:
        """Return the winners, and the number of inputs of those that have never fired before."""
        known = self._known[area]
        total = np.zeros(known)
        for population, firing in sources:
            fibre = self._fibres.setdefault((population, area), _Fibre(population == area))
            fibre.extend(self._known[population], known, self._p, self._generator)
            total += fibre.drive(firing)
        n_firing = sum(len(firing) for _, firing in sources)
        unknown = self._n - known
        candidates = largest_binomials(
            unknown, min(self._k, unknown), n_firing, self._p, self._generator
        )
        winners = k_cap(np.concatenate([total, candidates]), self._k, self._generator)
        new = winners >= known
        new_inputs = candidates[winners[new] - known]
        winners[new] = known + np.arange(len(new_inputs))
        return winners, new_inputs

    def _connect(
        self, area: str, sources: Sequence[Firing], known: int, new_inputs: np.ndarray
    ) -> None:
        """Draw the synapses onto neurons that fire for the first time."""
        if not len(new_inputs):
            return
        sizes = [len(firing) for _, firing in sources]
        chosen = [
            self._generator.choice(sum(sizes), count, replace=False, shuffle=False)
            for count in new_inputs.tolist()
        ]
        target = known + np.repeat(np.arange(len(new_inputs)), new_inputs)
        source = np.concatenate(chosen)
        start = 0
        for (population, firing), size in zip(sources, sizes, strict=True):
            here = (source >= start) & (source < start + size)
            self._fibres[population, area].add_targets(
                len(new_inputs),
                firing,
                (firing[source[here] - start], target[here]),
                self._p,
                self._generator,
            )
            start += size


class _Fibre:
    """The synapses from one population to one area, among the neurons that are represented."""

    def __init__(self, own: bool) -> None:
        self._own = own
        self._n_sources = self._n_targets = 0
        self._synapses = SynapseList()

    def fork(self) -> _Fibre:
        """Return a copy."""
        other = copy.copy(self)
        other._synapses = self._synapses.copy()
        return other

    def drive(self, firing: np.ndarray) -> np.ndarray:
        """Return the input of every target."""
        return self._synapses.drive(self._fires(firing), self._n_targets)

    def multiply(self, firing: np.ndarray, won: np.ndarray, factor: float) -> None:
        """Multiply the weights of all synapses from firing neurons to winners."""
        self._synapses.multiply(self._fires(firing), won, factor)

    def extend(
        self, n_sources: int, n_targets: int, p: float, generator: np.random.Generator
    ) -> None:
        """Draw the synapses of neurons that have come to be represented since the last time."""
        self._draw(range(self._n_sources, n_sources), range(self._n_targets), p, generator)
        self._draw(range(n_sources), range(self._n_targets, n_targets), p, generator)
        self._n_sources, self._n_targets = n_sources, n_targets

    def add_targets(
        self,
        n_new: int,
        firing: np.ndarray,
        synapses: tuple[np.ndarray, np.ndarray],
        p: float,
        generator: np.random.Generator,
    ) -> None:
        """Add targets whose synapses from the firing neurons are known."""
        silent = np.flatnonzero(~self._fires(firing))
        positions = bernoulli_positions(len(silent) * n_new, p, generator)
        self._synapses.append(silent[positions // n_new], self._n_targets + positions % n_new)
        self._synapses.append(*synapses)
        self._n_targets += n_new

    def _fires(self, firing: np.ndarray) -> np.ndarray:
        fires = np.zeros(self._n_sources, dtype=bool)
        fires[firing] = True
        return fires

    def _draw(
        self, sources: range, targets: range, p: float, generator: np.random.Generator
    ) -> None:
        if not sources or not targets:
            return
        positions = bernoulli_positions(len(sources) * len(targets), p, generator)
        source = sources.start + positions // len(targets)
        target = targets.start + positions % len(targets)
        kept = source != target if self._own else slice(None)
        self._synapses.append(source[kept], target[kept])
