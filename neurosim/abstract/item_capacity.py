"""How many items population spikes can hold in turn (Mi, Katkov & Tsodyks 2017)."""

from __future__ import annotations

import math

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity


def longest_period(synapse: ShortTermPlasticity) -> float:
    """Return the longest time between two population spikes of one item, seconds.

    After a population spike the efficacy of its synapses rises while resources recover, and then
    falls with facilitation. The item fires again before the maximum or is lost [1]_:

        ``T_max = tau_recovery ln((tau_facilitation/tau_recovery)/(1 - U))``

    Parameters
    ----------
    synapse : ShortTermPlasticity

    Returns
    -------
    float
        Seconds, 0 if there is no such time, for depression outweighs facilitation.

    References
    ----------
    .. [1] Mi, Katkov & Tsodyks 2017, Synaptic correlates of working memory capacity, Neuron
       93:323-330 (second-hand).
    """
    slowness = synapse.tau_facilitation / synapse.tau_recovery
    if synapse.U == 1 or slowness <= 1 - synapse.U:
        return 0.0
    return synapse.tau_recovery * math.log(slowness / (1 - synapse.U))


def item_capacity(synapse: ShortTermPlasticity, separation: float) -> float:
    """Return how many items fit into `longest_period`.

    Parameters
    ----------
    synapse : ShortTermPlasticity
    separation : float
        Time between the population spikes of two items, seconds.

    Returns
    -------
    float
        NaN if there is no such time.
    """
    return longest_period(synapse) / separation if separation > 0 else math.nan
