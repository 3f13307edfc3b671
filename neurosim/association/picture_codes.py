"""Codes of pictures: the active inputs of single pictures and of the composite of two.

The features of a picture are rectified differences of Gaussians, as retinal ON and OFF cells
compute them; the fly's hash turns them into the set of active inputs. The composite goes through
the same features, projection and centre as the single pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.abstract.fly_hash import centre_of, hash_codes, projection_matrix
from neurosim.association.pictures import SIZE, check_picture, superimpose
from neurosim.errors import InputError

# Blocks of pixels along each side that are averaged into one feature. Calibrated: with these
# features, other than with grey values, codes of different pictures share no more inputs than by
# chance.
GRID = 16
# Standard deviations of the difference of Gaussians, pixels. Calibrated on the prototypes: they
# keep the codes of different pictures apart.
SIGMA_CENTRE, SIGMA_SURROUND = 1.0, 4.0
# Fraction of the features that each unit sums, 26 of 512. Calibrated on seeds 0-9, to assemblies of
# strangers that stay apart: the largest overlap is .04 here and .20 with .10, while the composite
# keeps .40 of each picture's inputs with either. In Dasgupta et al. 2017 (see
# `neurosim.abstract.fly_hash`) it is about 6 of 50 inputs, .12.
FAN_IN_FRACTION = 0.05
N_FEATURES = 2 * GRID**2  # ON and OFF
FAN_IN = round(FAN_IN_FRACTION * N_FEATURES)
# Largest difference between the shares of the composite's active units that the first and the
# second picture activate too. Ours, two units of 120: the fraction of cells that learn the partner
# follows the share (r = .98 over six seeds of the prototype); a tighter balance would gain nothing
# beside the spread by noise (.03-.05), and a looser one would favour one direction.
BALANCE = 0.02
# Features that a blend must keep, as a share of the weighted sum of both pictures'. Ours, one step
# of 8 bits: a picture and its negative cancel, and what is left is rounding, not a picture.
FAINTEST_BLEND = 1 / 255


def gaussian_blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian of standard deviation `sigma` in pixels, reflecting at the borders.

    Parameters
    ----------
    picture : ndarray of float, shape (height, width)
    sigma : float
        Pixels.

    Returns
    -------
    ndarray of float, shape (height, width)
    """
    return _blur_rows(_blur_rows(picture, sigma).T, sigma).T


def _blur_rows(picture: np.ndarray, sigma: float) -> np.ndarray:
    # The Gaussian is separable: each row becomes a weighted sum of its neighbours, then each
    # column.
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(picture, ((radius, radius), (0, 0)), mode="symmetric")
    blurred = np.zeros(picture.shape)
    for shift, share in enumerate(kernel):
        blurred += share * padded[shift : shift + len(picture)]
    return blurred


def features(picture: np.ndarray) -> np.ndarray:
    """Return the ON and OFF features of a picture.

    A difference of Gaussians (standard deviation 1 minus 4 pixels), split into its positive part
    (ON) and its negative part (OFF), each averaged over 16 x 16 blocks of 6 x 6 pixels.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)

    Returns
    -------
    ndarray of float, shape (512,)
        256 ON features, then 256 OFF features, row by row; 0 or higher.

    Raises
    ------
    InputError
        If the array is no picture (`neurosim.association.pictures.check_picture`).
    """
    return _rectified(_difference_of_gaussians(picture))


def _difference_of_gaussians(picture: np.ndarray) -> np.ndarray:
    check_picture(picture)
    contrast: np.ndarray = gaussian_blur(picture, SIGMA_CENTRE)
    contrast -= gaussian_blur(picture, SIGMA_SURROUND)
    return contrast


def _rectified(contrast: np.ndarray) -> np.ndarray:
    """Turn differences of Gaussians (..., 96, 96) into features (..., 512)."""
    on = _block_means(np.maximum(contrast, 0))
    off = _block_means(np.maximum(-contrast, 0))
    return np.concatenate([on, off], axis=-1)


def _block_means(values: np.ndarray) -> np.ndarray:
    side = SIZE // GRID
    batch = values.shape[:-2]
    # One axis at a time: NumPy takes eight times as long to sum over both at once.
    rows = values.reshape(*batch, GRID, side, SIZE).sum(axis=-2)
    means: np.ndarray = rows.reshape(*batch, GRID * GRID, side).sum(axis=-1) / side**2
    return means


@dataclass(frozen=True)
class Blend:
    """How two pictures are superimposed, and what their composite shares with each.

    Parameters
    ----------
    weight : float
        Opacity of the first picture, see `superimpose`.
    code : ndarray of bool, shape (n_units,)
        Code of the composite.
    share_first, share_second : float
        Fraction of the composite's active units that the first, the second picture activates too.
    """

    weight: float
    code: np.ndarray
    share_first: float
    share_second: float


@dataclass(frozen=True)
class PictureEncoder:
    """The fly's hash of pictures: one projection and one centre for all of them.

    Parameters
    ----------
    projection : ndarray of bool, shape (n_units, n_features)
        The features that each unit sums.
    centre : ndarray of float, shape (n_features,)
        What is subtracted from the features of every picture.
    n_active : int
        Units that are active in every code.
    """

    projection: np.ndarray
    centre: np.ndarray
    n_active: int

    @classmethod
    def fit(
        cls,
        pictures: Sequence[np.ndarray],
        n_units: int,
        n_active: int,
        generator: np.random.Generator,
        fan_in: int = FAN_IN,
    ) -> PictureEncoder:
        """Draw the projection, and take the centre from the pictures of an experiment.

        Each unit sums some random features. The centre is the mean over the pictures.

        Parameters
        ----------
        pictures : sequence of ndarray of float, shape (96, 96)
            The single pictures; three or more.
        n_units, n_active : int
            Units of the code, and how many of them are active.
        generator : numpy.random.Generator
            Draws the projection; the pictures do not change what it draws.
        fan_in : int
            Features that each unit sums; by default the share `FAN_IN_FRACTION` of them.

        Returns
        -------
        PictureEncoder

        Raises
        ------
        InputError
            If there are fewer than three pictures, an array is no picture, or `n_units` is below
            1.
        """
        if len(pictures) < 3:
            # With two, what is left after the centring is one difference and its negative.
            raise InputError(
                f"Got {len(pictures)} pictures, expected a pair and at least one other."
            )
        rows = np.stack([features(picture) for picture in pictures])
        projection = projection_matrix(n_units, rows.shape[1], fan_in, generator)
        return cls(projection, centre_of(rows), n_active)

    def code(self, picture: np.ndarray) -> np.ndarray:
        """Return the active units of a picture, whether the encoder was fitted to it or not.

        Parameters
        ----------
        picture : ndarray of float, shape (96, 96)

        Returns
        -------
        ndarray of bool, shape (n_units,)

        Raises
        ------
        InputError
            If the array is no picture (`neurosim.association.pictures.check_picture`), or
            `n_active` is not 1 to `n_units`.
        """
        code: np.ndarray = self._codes(features(picture)[None])[0]
        return code

    def balanced_blend(self, first: np.ndarray, second: np.ndarray) -> Blend:
        """Find the blend whose code shares equally many active units with both pictures.

        Shares are counts of units and move in steps with the weight. Of the weights tried, the one
        with the smallest difference is taken, and among equals the one that shares most.

        Parameters
        ----------
        first, second : ndarray of float, shape (96, 96)

        Returns
        -------
        Blend
            Its shares differ by at most `BALANCE`, or by one unit where that is more (codes of
            fewer than 50 active units).

        Raises
        ------
        InputError
            If an array is no picture, or no weight balances the two, as with a picture and its
            negative.
        """
        contrasts = _difference_of_gaussians(first), _difference_of_gaussians(second)
        rows = _rectified(np.stack(contrasts))
        singles = self._codes(rows)
        strength = rows.sum(axis=1)

        def shared_units(weights: np.ndarray) -> np.ndarray:
            # The features of a blend are not a blend of features, because of the rectification,
            # but its differences of Gaussians are a blend of theirs: no weight needs a blur.
            opacity = weights[:, None, None]
            blends = _rectified(opacity * contrasts[0] + (1 - opacity) * contrasts[1])
            most = weights * strength[0] + (1 - weights) * strength[1]
            # Where the pictures cancel there is no blend to balance: count the first alone.
            blends[blends.sum(axis=1) < FAINTEST_BLEND * most] = rows[0]
            codes = self._codes(blends)
            return np.stack([(codes & single).sum(axis=1) for single in singles])

        tolerance = max(BALANCE * self.n_active, 1)
        weight = _balancing_weight(shared_units, tolerance)
        code = self.code(superimpose(first, second, weight))
        shared_first, shared_second = (int((single & code).sum()) for single in singles)
        missing = abs(shared_first - shared_second)
        share_first, share_second = shared_first / self.n_active, shared_second / self.n_active
        if missing > tolerance:
            raise InputError(
                "The two pictures cannot be balanced: their best blend shares "
                f"{share_first:.3f} of its active units with the first and {share_second:.3f} "
                f"with the second, {missing / self.n_active:.3f} apart, expected at most "
                f"{tolerance / self.n_active:.3f}."
            )
        return Blend(weight, code, share_first, share_second)

    def _codes(self, rows: np.ndarray) -> np.ndarray:
        return hash_codes(rows, self.projection, self.n_active, self.centre)


def _balancing_weight(shared_units: Callable[[np.ndarray], np.ndarray], tolerance: float) -> float:
    """Return the weight at which a blend shares about equally many units with both pictures.

    `shared_units` maps weights (n,) to the units shared with the first and the second picture
    (2, n). If no weight comes within the tolerance, the best of those tried is returned.
    """

    def best(weights: np.ndarray, shared: np.ndarray) -> tuple[int, float]:
        missing = np.abs(shared[0] - shared[1])
        first = np.lexsort((-shared.sum(axis=0), missing))[0]
        return int(missing[first]), float(weights[first])

    # The whole range, so that pictures of different contrast balance too; then its best part.
    weights = np.linspace(0, 1, 101)
    shared = shared_units(weights)
    _, coarse = best(weights, shared)
    around = np.clip(coarse + np.linspace(-0.02, 0.02, 41), 0, 1)
    found = best(around, shared_units(around))

    # Still too far: the second picture prevails at 0 and the first at 1, so the balance tips
    # between two neighbouring weights, and with units changing one by one it does so gradually.
    # Eight steps narrow an interval of .01 to the precision of a float.
    for _ in range(8):
        if found[0] <= tolerance:
            break
        tip = int(np.argmax(shared[0] > shared[1]))
        weights = np.linspace(weights[tip - 1], weights[tip], 41)
        shared = shared_units(weights)
        found = min(found, best(weights, shared))
    return found[1]
