"""The antennal lobe: from the rates of receptor neurons to those of projection neurons."""

from __future__ import annotations

import numpy as np

from neurosim.parameters.fly_hash import DIVISIVE, AntennalLobe


def projection_neuron_rates(receptor_rates: np.ndarray, lobe: AntennalLobe) -> np.ndarray:
    """Return the rates at which projection neurons fire.

    With divisive normalisation, a projection neuron whose receptor neurons fire at R fires at
    r_max R^a / (R^a + sigma^a + (m <R>)^a): lateral inhibition grows with <R>, the mean over all
    types, so that the concentration of an odour changes little (Olsen, Bhandawat & Wilson 2010,
    Neuron 66:287, as quoted second-hand: 165 R^1.5/(R^1.5 + 12^1.5 + s^1.5), s = 10.63 * sum(R)/190
    over 24 types, so m = 10.63 * 24/190). With centring, every odour is scaled to the same mean
    rate (Dasgupta, Stevens & Navlakha 2017), which leaves no trace of the concentration.

    Parameters
    ----------
    receptor_rates : ndarray of float, shape (n_odours, n_types)
        Mean rate of the receptor neurons of each type, Hz.
    lobe : AntennalLobe

    Returns
    -------
    ndarray of float, shape (n_odours, n_types)
        Hz; 0 for an odour that excites no receptor neuron.
    """
    rates = np.zeros(receptor_rates.shape)
    excited = receptor_rates > 0
    own = receptor_rates[excited]
    mean = np.broadcast_to(receptor_rates.mean(axis=1, keepdims=True), rates.shape)[excited]
    if lobe.normalisation == DIVISIVE:
        # As a ratio to the cell's own rate, whose power alone may be too small for a number.
        with np.errstate(over="ignore"):
            inhibition = (lobe.sigma / own) ** lobe.exponent
            inhibition += (lobe.lateral_inhibition * mean / own) ** lobe.exponent
        rates[excited] = lobe.r_max / (1 + inhibition)
    else:
        rates[excited] = lobe.centred_rate * own / mean
    return rates
