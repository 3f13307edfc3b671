"""The overlap of two sparse codes, given how their inputs correlate.

Units that sum many random features of two inputs are excited by amounts that are jointly Gaussian,
with the correlation of the inputs. Of either input the most excited fraction is the code. "Random
projection preserves similarity" [1]_ is the statement that the overlap of the codes grows with the
correlation.

.. [1] Papadimitriou & Vempala 2018, Random projection in the brain and computation with assemblies
   of neurons, Innovations in Theoretical Computer Science 2019, 57:1-57:19.
.. [2] Plackett 1954, A reduction formula for normal multivariate integrals, Biometrika 41:351-360.
.. [3] Drezner & Wesolowsky 1990, On the computation of the bivariate normal integral, Journal of
   Statistical Computation and Simulation 35:101-107.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError

# Nodes of the quadrature. Ours: the error is below 1e-9 for fractions down to 1e-3.
N_NODES = 64


def expected_overlap(correlation: npt.ArrayLike, fraction: npt.ArrayLike) -> np.ndarray:
    """Return the overlap of the codes of two inputs, the share of one that is in the other too.

    This is the probability that Y is above z, given that X is, for standard normal X and Y with
    this correlation and z with ``P(X > z) = fraction``. It is exact for infinitely many units whose
    excitation is Gaussian [1]_; with ``fraction * n_units`` winners it is approached from either
    side with an error of the order of one winner.

    Parameters
    ----------
    correlation : array_like of float
        Between the excitations by the two inputs, -1 to 1. For a dense Gaussian projection it is
        the cosine of the inputs; for a sparse sum, as in the fly, it is close to the Pearson
        correlation over features.
    fraction : array_like of float
        Share of active units, above 0 and below 1; broadcasts with `correlation`.

    Returns
    -------
    ndarray of float
        From 0 to 1; `fraction` for a correlation of 0, and 1 for 1.

    Raises
    ------
    InputError
        If a number is out of its range or the shapes do not broadcast.

    Notes
    -----
    The derivative of ``P(X > z, Y > z)`` with respect to the correlation is the density at (z, z)
    [2]_. With the correlation as the sine of an angle the integrand is smooth up to a correlation
    of 1 [3]_::

        P(X > z, Y > z) = fraction**2 + 1 / (2 pi) * integral of exp(-z**2 / (1 + sin(angle)))

    from 0 to ``arcsin(correlation)``, here by Gauss-Legendre quadrature.
    """
    rho = _within(correlation, "correlation", -1, 1)
    active = _within(fraction, "fraction of active units", 0, 1)
    outside = (active <= 0) | (active >= 1)
    if outside.any():
        raise InputError(
            f"The fraction of active units is {active[outside][0]:g}, "
            "expected it above 0 and below 1."
        )
    try:
        np.broadcast_shapes(rho.shape, active.shape)
    except ValueError:
        raise InputError(
            f"The correlations have the shape {rho.shape} and the fractions {active.shape}, "
            "expected shapes that broadcast."
        ) from None
    quantiles = [NormalDist().inv_cdf(share) for share in active.ravel().tolist()]
    threshold_squared = np.reshape(quantiles, active.shape) ** 2

    # The nodes cover -1 to 1; half of the angle turns them into 0 to the angle.
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
    half_angle = np.arcsin(rho)[..., np.newaxis] / 2
    one_plus_sine = 1 + np.sin(half_angle * (1 + nodes))
    integrand = np.exp(-threshold_squared[..., np.newaxis] / one_plus_sine)
    integral = (weights * integrand).sum(axis=-1) * half_angle[..., 0]
    both = active**2 + integral / (2 * np.pi)
    overlap: np.ndarray = np.clip(both / active, 0, 1)
    return overlap


def _within(values: npt.ArrayLike, name: str, low: float, high: float) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"The {name} is {values!r}, expected a number or an array.") from None
    outside = ~((numbers >= low) & (numbers <= high))
    if outside.any():
        raise InputError(f"The {name} is {numbers[outside][0]:g}, expected {low:g} to {high:g}.")
    return numbers
