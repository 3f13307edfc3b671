"""Synapses between two populations as a list of sources, targets and weights."""

from __future__ import annotations

import copy

import numpy as np


class SynapseList:
    """Synapses whose weights are 1 at first and are multiplied when they learn.

    Attributes
    ----------
    source, target : ndarray of int, shape (n_synapses,)
    weight : ndarray of float, shape (n_synapses,)
    """

    def __init__(self) -> None:
        self.source = self.target = np.empty(0, dtype=np.int64)
        self.weight = np.empty(0)

    def copy(self) -> SynapseList:
        """Return a list of its own with the same synapses."""
        other = copy.copy(self)  # sources and targets are replaced when they change
        other.weight = self.weight.copy()
        return other

    def append(self, source: np.ndarray, target: np.ndarray) -> None:
        """Add synapses.

        Parameters
        ----------
        source, target : ndarray of int, shape (n_new,)
        """
        self.source = np.concatenate([self.source, source])
        self.target = np.concatenate([self.target, target])
        self.weight = np.concatenate([self.weight, np.ones(len(source))])

    def drive(self, fires: np.ndarray, n_targets: int, without: float = 0.0) -> np.ndarray:
        """Return the input of every target.

        Parameters
        ----------
        fires : ndarray of bool, shape (n_sources,)
        n_targets : int
        without : float
            Is subtracted from every weight: 1 for what was learnt only.

        Returns
        -------
        ndarray of float, shape (n_targets,)
        """
        used = fires[self.source]
        return np.bincount(self.target[used], self.weight[used] - without, minlength=n_targets)

    def multiply(self, fires: np.ndarray, won: np.ndarray, factor: float) -> None:
        """Multiply the weights from sources that fired to targets that won.

        Parameters
        ----------
        fires, won : ndarray of bool, shape (n_sources,) and (n_targets,)
        factor : float
        """
        self.weight[fires[self.source] & won[self.target]] *= factor
