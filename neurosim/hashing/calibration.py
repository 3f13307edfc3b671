"""Calibrate a hash circuit on a user's own data: first the synapses of the claws, then APL.

The recipe of Kennedy (2019, as quoted second-hand): set how many Kenyon cells fire without APL, a
given multiple of the wanted sparsity, then let APL's gain bring them down to it. There, thresholds
are set first; here it is the size of the excitatory potentials, since the threshold is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from neurosim.errors import InputError
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import KenyonCells
from neurosim.parameters.sections import declarations_of

NEAR = 0.1  # ours: a fraction that is off by more than a tenth is worth a warning
TOLERANCE = 0.01  # of the fraction that is wanted. Ours: a fifth of the spread over odours
MOST_STEPS = 30  # ours; some eight are needed
MOST_DOUBLINGS = 12  # ours: no value within a factor of 4096 of the first will do
FINEST = 1e-4  # of the logarithm of the value, where the function jumps over what is wanted. Ours
FIRST_EPSP = 1.4e-3  # V, where the search begins: measured (Turner et al. 2008, second-hand)
HIGHEST_EPSP = declarations_of(KenyonCells)["epsp"].constraint.high or math.inf
FIRST_GAIN = 100.0  # 1/V, where the search begins; ours


def calibrate_hash(circuit: HashCircuit, samples: np.ndarray) -> HashCircuit:
    """Fit the scale, the excitatory potentials and APL's gain to data.

    The receptor neurons fire at ``receptor_neurons.mean_rate`` on average over samples and types.
    Where the sheet gives ``apl.release``, ``kenyon_cells.epsp`` is fitted so that without APL
    ``apl.release`` times as many Kenyon cells fire as with it. Where it gives ``apl.sparsity``,
    ``apl.gain`` is fitted so that this fraction of them fires on average.

    Parameters
    ----------
    circuit : HashCircuit
    samples : ndarray of float, shape (n_samples, n_features)
        Data of the kind that will be hashed, and other than those that are scored. A hundred are
        enough.

    Returns
    -------
    HashCircuit
        With ``apl.release`` and ``apl.sparsity`` set to 0, for what they ask for has been done.

    Raises
    ------
    InputError
        If the samples do not fit the circuit or are all zero.
    SimulationError
        If a simulation fails.

    Warns
    -----
    Through the session's progress, if no value leads near the wanted fraction: data of one
    feature, say, drive all Kenyon cells alike.
    """
    wanted = circuit.parameters
    mean = float(np.mean(samples)) if np.size(samples) else 0.0
    if not 0 < mean < math.inf:
        raise InputError(
            f"The samples of the calibration have a mean of {mean:g}, expected magnitudes of 0 or "
            "higher that are not all 0."
        )
    scale = wanted.receptor_neurons.mean_rate / mean
    circuit = replace(circuit, scale=scale).changed(apl__release=0.0, apl__sparsity=0.0)

    def active(changed: HashCircuit) -> float:
        counts = changed.counts(samples, "calibration")
        return float(counts.nnz / (counts.shape[0] * counts.shape[1]))

    if wanted.apl.release > 0:
        alone, fraction = circuit.changed(apl__gain=0.0), wanted.apl.release * wanted.apl.sparsity
        epsp, reached = search(
            lambda value: active(alone.changed(kenyon_cells__epsp=value)),
            fraction,
            FIRST_EPSP,
            HIGHEST_EPSP,
        )
        _warn_if_missed(circuit, "Without APL", reached, fraction)
        circuit = circuit.changed(kenyon_cells__epsp=epsp)
    if wanted.apl.sparsity > 0:
        fraction = wanted.apl.sparsity
        gain, reached = search(
            lambda value: -active(circuit.changed(apl__gain=value)), -fraction, FIRST_GAIN
        )
        _warn_if_missed(circuit, "With APL", -reached, fraction)
        circuit = circuit.changed(apl__gain=gain)
    return circuit


def _warn_if_missed(circuit: HashCircuit, when: str, reached: float, wanted: float) -> None:
    if abs(reached - wanted) > NEAR * wanted:
        circuit.session.progress.warn(
            f"{when} {reached:.3g} of the Kenyon cells fire to the data of the calibration, "
            f"wanted {wanted:.3g}: no strength of the synapses comes nearer."
        )


def search(
    function: Callable[[float], float], wanted: float, first: float, highest: float = math.inf
) -> tuple[float, float]:
    """Find where a rising function of a positive value reaches what is wanted.

    Brackets it by doubling, then takes false positions on the logarithm of the value, halving the
    weight of an end that stays (Illinois).

    Parameters
    ----------
    function : callable
        Rises with its argument, apart from noise.
    wanted : float
        Found within `TOLERANCE` of it, or as near as a step of the function allows.
    first : float
        Where the search begins, above 0.
    highest : float
        Beyond which no value is tried.

    Returns
    -------
    value : float
        The best that was found.
    reached : float
        The function there.
    """
    ends: dict[bool, tuple[float, float]] = {}  # above or below: logarithm, missing
    best = (math.inf, first, math.nan)
    position, kept = math.log(first), None
    for step in range(MOST_STEPS):
        value = min(math.exp(position), highest)
        reached = function(value)
        missing = reached - wanted
        best = min(best, (abs(missing), value, reached))
        if abs(missing) <= TOLERANCE * abs(wanted):
            break
        above = missing > 0
        if above == kept and (not above) in ends:
            end, weight = ends[not above]
            ends[not above] = (end, weight / 2)
        ends[above], kept = (position, missing), above
        if len(ends) < 2:
            if step == MOST_DOUBLINGS or (not above and value == highest):
                break
            position += math.log(2) * (-1 if above else 1)
            continue
        (low, under), (high, over) = ends[False], ends[True]
        if high - low < FINEST:
            break
        position = low + (high - low) * under / (under - over)
    return best[1], best[2]
