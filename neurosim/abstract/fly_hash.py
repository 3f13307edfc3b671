"""The fly's hash: centring, sparse binary random projection, winner-take-all.

Source: Dasgupta, Stevens & Navlakha 2017, Science 358:793. Projection neurons carry the features,
Kenyon cells are the units of the code, and the inhibition by APL leaves the most active ones.

The centre belongs to a set of samples and the projection to a brain, so both are made once and
handed to `hash_codes`, which then treats every sample alike, seen or unseen::

    projection = projection_matrix(1000, 512, fan_in=51, generator=generator)
    centre = centre_of(features)
    codes = hash_codes(features, projection, n_active=120, centre=centre)
    unseen = hash_codes(other_features, projection, n_active=120, centre=centre)
"""

from __future__ import annotations

import numpy as np

from neurosim.errors import InputError


def divide_by_mean(features: np.ndarray) -> np.ndarray:
    """Divide each sample by the mean of its features, so that a common factor has no effect.

    Parameters
    ----------
    features : ndarray of float, shape (n_samples, n_features)
        Rates or other magnitudes, 0 or higher.

    Returns
    -------
    ndarray of float, shape (n_samples, n_features)
        Every row has a mean of 1.

    Raises
    ------
    InputError
        If the array has another shape, or a row holds no number, a negative one or only zeros.
    """
    rows = np.asarray(features, dtype=float)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise InputError(
            f"The features have the shape {rows.shape}, expected (n_samples, n_features)."
        )
    for valid, fault in (
        (np.isfinite(rows).all(axis=1), "holds a value that is not finite"),
        ((rows >= 0).all(axis=1), "holds a negative value"),
        ((rows > 0).any(axis=1), "holds only zeros"),
    ):
        if not valid.all():
            number = int(np.flatnonzero(~valid)[0])
            raise InputError(
                f"Row {number} of the features {fault}, expected numbers of 0 or higher "
                "that are not all zero."
            )
    rows = rows / rows.max(axis=1, keepdims=True)  # the mean of very large numbers overflows
    normalised = rows / rows.mean(axis=1, keepdims=True)
    # Rounded, so that sums of a few features are exact and equal ones stay equal at any factor.
    rounded: np.ndarray = np.rint(normalised * 2.0**32) / 2.0**32
    return rounded


def centre_of(features: np.ndarray) -> np.ndarray:
    """Return the mean over samples of the features divided by their mean.

    Subtracting it removes what all samples have in common. This is an addition to the published
    algorithm, which only gives every sample the same mean; for pictures, whose features correlate
    strongly, it keeps their codes apart.

    Parameters
    ----------
    features : ndarray of float, shape (n_samples, n_features)

    Returns
    -------
    ndarray of float, shape (n_features,)
    """
    rows = divide_by_mean(features)
    if len(rows) == 0:
        raise InputError("The features hold 0 samples, expected at least one.")
    centre: np.ndarray = rows.mean(axis=0)
    return centre


def projection_matrix(
    n_units: int, n_features: int, fan_in: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw a sparse binary projection: each unit sums `fan_in` different features.

    Parameters
    ----------
    n_units, n_features : int
        Number of Kenyon cells and of projection neurons (2000 and 50 in the fly).
    fan_in : int
        Features that each unit sums (claws; about 6 in the fly), 1 to `n_features`.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n_units, n_features)
        True where a unit receives a feature; every row has exactly `fan_in` of them.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    if n_units < 1:
        raise InputError(f"The number of units is {n_units}, expected 1 or more.")
    if not 1 <= fan_in <= n_features:
        raise InputError(f"The fan-in is {fan_in}, expected 1 to {n_features} (the features).")
    template = np.arange(n_features) < fan_in
    return generator.permuted(np.tile(template, (n_units, 1)), axis=1)


def claw_tables(projection: np.ndarray) -> dict[str, np.ndarray]:
    """Return a projection as the lists of synapses that a circuit reads.

    Parameters
    ----------
    projection : ndarray of bool, shape (n_units, n_features)

    Returns
    -------
    dict of str to ndarray of float
        ``claw_table`` (n_synapses,): the units that sample the first feature, then those of the
        second and so on; ``first_claw`` (n_features + 1,): where those of each begin, and the end.
    """
    return {
        "claw_table": np.nonzero(projection.T)[1].astype(float),
        "first_claw": np.append(0, projection.sum(axis=0).cumsum()).astype(float),
    }


def top_units(activity: np.ndarray, n_active: int) -> np.ndarray:
    """Return the `n_active` most active units of each sample; of equal ones, the first.

    Parameters
    ----------
    activity : ndarray of float, shape (n_samples, n_units)
    n_active : int
        1 to ``n_units``.

    Returns
    -------
    ndarray of bool, shape (n_samples, n_units)
        Every row has exactly `n_active` True values.

    Raises
    ------
    InputError
        If `n_active` is out of range.
    """
    n_units = activity.shape[1]
    if not 1 <= n_active <= n_units:
        raise InputError(
            f"The number of active units is {n_active}, expected 1 to {n_units} (the units)."
        )
    winners = np.argsort(-activity, axis=1, kind="stable")[:, :n_active]
    codes = np.zeros(activity.shape, dtype=bool)
    np.put_along_axis(codes, winners, True, axis=1)
    return codes


def hash_codes(
    features: np.ndarray, projection: np.ndarray, n_active: int, centre: np.ndarray | float = 0.0
) -> np.ndarray:
    """Hash samples into sparse binary codes.

    Parameters
    ----------
    features : ndarray of float, shape (n_samples, n_features)
        Rates or other magnitudes, 0 or higher; a common factor has no effect.
    projection : ndarray of bool, shape (n_units, n_features)
        From `projection_matrix`.
    n_active : int
        Units that are active in every code.
    centre : ndarray of float, shape (n_features,), or 0
        From `centre_of`; 0 for the published algorithm, which has none.

    Returns
    -------
    ndarray of bool, shape (n_samples, n_units)

    Raises
    ------
    InputError
        If the features do not fit the projection or are no rates, the units of the projection
        sum unequal numbers of features, or `n_active` is out of range.
    """
    rows = divide_by_mean(features)
    if rows.shape[1] != projection.shape[1]:
        raise InputError(
            f"The samples have {rows.shape[1]} features, expected the {projection.shape[1]} "
            "of the projection."
        )
    return top_units(_sums(rows - centre, projection), n_active)


def _sums(rows: np.ndarray, projection: np.ndarray) -> np.ndarray:
    # One input of every unit at a time: as fast as a product of matrices, since the projection is
    # sparse, and in the same order of additions on every machine and for any number of samples.
    fan_in = projection.sum(axis=1)
    if (fan_in != fan_in[0]).any():
        raise InputError(
            f"The units of the projection sum {fan_in.min()} to {fan_in.max()} features, "
            "expected the same number for every unit."
        )
    inputs = np.nonzero(projection)[1].reshape(len(projection), -1)
    columns = np.ascontiguousarray(rows.T)
    sums = np.zeros((len(projection), len(rows)))
    for claw in inputs.T:
        sums += columns[claw]
    return sums.T
