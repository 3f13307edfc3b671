"""Turn odours and claws into the tables that the circuit of the fly's hash reads."""

from __future__ import annotations

import numpy as np

from neurosim.abstract.fly_hash import claw_tables, projection_matrix
from neurosim.errors import InputError
from neurosim.hashing.antennal_lobe import projection_neuron_rates
from neurosim.parameters.fly_hash import POISSON, FlyHashParameters
from neurosim.simulation.job import derived_seed


def projection_of(parameters: FlyHashParameters, seed: int, number: int = 0) -> np.ndarray:
    """Draw the projection neurons that each Kenyon cell samples, its claws.

    Parameters
    ----------
    parameters : FlyHashParameters
    seed : int
    number : int
        Of the projections that a seed draws, which one.

    Returns
    -------
    ndarray of bool, shape (n_kenyon_cells, n_projection_neurons)
        Every row has exactly ``kenyon_cells.claws`` True values.

    Raises
    ------
    InputError
        If the seed is refused, or there are fewer projection neurons than claws.
    """
    n_types, claws = parameters.projection_neurons.n, parameters.kenyon_cells.claws
    if claws > n_types:
        raise InputError(
            f"kenyon_cells.claws is {claws}, expected at most projection_neurons.n ({n_types})."
        )
    generator = np.random.default_rng(derived_seed(seed, f"claws {number}"))
    return projection_matrix(parameters.kenyon_cells.n, n_types, claws, generator)


def odour_tables(
    parameters: FlyHashParameters, projection: np.ndarray, odours: np.ndarray, capacity: int
) -> dict[str, np.ndarray]:
    """Return what the circuit is presented, padded to its capacity.

    Parameters
    ----------
    parameters : FlyHashParameters
    projection : ndarray of bool, shape (n_kenyon_cells, n_projection_neurons)
    odours : ndarray of float, shape (n_odours, n_projection_neurons)
        Rates of the receptor neurons of each type, Hz.
    capacity : int
        Odours that the compiled circuit has room for.

    Returns
    -------
    dict of str to ndarray
        ``claw_table`` (n_kenyon_cells*claws,): the Kenyon cells that sample the first projection
        neuron, then those of the second and so on; ``first_claw`` (n_projection_neurons + 1,):
        where those of each begin, and the end. The rates of projection neurons and, where they
        are simulated, of receptor neurons (capacity, n_projection_neurons), Hz.

    Raises
    ------
    InputError
        If the odours do not fit the circuit, or are no rates.
    """
    n_types = parameters.projection_neurons.n
    if odours.ndim != 2 or odours.shape[1] != n_types or not 0 < len(odours) <= capacity:
        raise InputError(
            f"The odours have shape {odours.shape}, expected 1 to {capacity} odours of "
            f"{n_types} receptor types."
        )
    if not np.isfinite(odours).all() or (odours < 0).any():
        raise InputError("An odour has a rate that is negative or not finite, expected Hz.")
    claws = parameters.kenyon_cells.claws
    if (
        projection.shape != (parameters.kenyon_cells.n, n_types)
        or (projection.sum(axis=1) != claws).any()
    ):
        raise InputError(
            f"The projection has shape {projection.shape}, expected {parameters.kenyon_cells.n} "
            f"Kenyon cells with {claws} of {n_types} projection neurons each."
        )
    tables = {
        **claw_tables(projection),
        "projection_neuron_rates": np.zeros((capacity, n_types)),
    }
    tables["projection_neuron_rates"][: len(odours)] = projection_neuron_rates(
        odours, parameters.antennal_lobe
    )
    if parameters.projection_neurons.spikes == POISSON:
        tables["receptor_neuron_rates"] = np.zeros((capacity, n_types))
        tables["receptor_neuron_rates"][: len(odours)] = odours
    return tables
