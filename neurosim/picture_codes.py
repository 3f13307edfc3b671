"""Codes of pictures: the active inputs of single pictures and of the composite of two.

The features of a picture are rectified differences of Gaussians, as retinal ON and OFF cells
compute them; the fly's hash turns them into the set of active inputs. The composite goes through
the same features, projection and centre as the single pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.abstract.fly_hash import centre_of, hash_codes, projection_matrix
from neurosim.errors import InputError, nearest_name
from neurosim.pictures import SIZE, load_picture, superimpose

# Blocks of pixels along each side that are averaged into one feature. Calibrated: with these
# features, other than with grey values, codes of different pictures share no more inputs than by
# chance.
GRID = 16
# Standard deviations of the difference of Gaussians, pixels. Calibrated on the prototypes: they
# keep the codes of different pictures apart.
SIGMA_CENTRE, SIGMA_SURROUND = 1.0, 4.0
# Share of the mean over the pictures that is subtracted. Calibrated on seeds 0-9: with all of it
# the composite keeps .31 of each picture's inputs, too few to drive both assemblies; with none,
# the codes of strangers share .2 and their assemblies up to .25; with half it keeps .38, and
# strangers share .04 and nothing.
CENTRED_SHARE = 0.5
# Fraction of the features that each unit sums. Calibrated, together with CENTRED_SHARE; in
# Dasgupta et al. 2017 (see `neurosim.abstract.fly_hash`) it is about 6 of 50 inputs, .12.
FAN_IN_FRACTION = 0.10


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
        If the picture has another shape or a value that is not finite.
    """
    return _rectified(_difference_of_gaussians(picture))


def _difference_of_gaussians(picture: np.ndarray) -> np.ndarray:
    if picture.shape != (SIZE, SIZE):
        raise InputError(f"The picture has the shape {picture.shape}, expected ({SIZE}, {SIZE}).")
    if not np.isfinite(picture).all():
        raise InputError("The picture has values that are not finite, expected grey values.")
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


def balanced_blend(
    first: np.ndarray,
    second: np.ndarray,
    projection: np.ndarray,
    n_active: int,
    centre: np.ndarray,
) -> Blend:
    """Find the blend whose code shares equally many active units with both pictures.

    Shares are counts of units and move in steps with the weight, so no weight need give equality;
    the one with the smallest difference is taken, and among equals the one that shares most.

    Parameters
    ----------
    first, second : ndarray of float, shape (96, 96)
    projection, n_active, centre
        The hash of the single pictures, see `neurosim.abstract.fly_hash.hash_codes`.

    Returns
    -------
    Blend
    """
    contrasts = _difference_of_gaussians(first), _difference_of_gaussians(second)
    singles = hash_codes(_rectified(np.stack(contrasts)), projection, n_active, centre)

    def best(weights: np.ndarray) -> float:
        # The features of a blend are not a blend of features, because of the rectification, but
        # its differences of Gaussians are a blend of theirs: no weight needs a blur of its own.
        opacity = weights[:, None, None]
        blends = _rectified(opacity * contrasts[0] + (1 - opacity) * contrasts[1])
        codes = hash_codes(blends, projection, n_active, centre)
        shared = np.stack([(codes & single).sum(axis=1) for single in singles])
        order = np.lexsort((-shared.sum(axis=0), np.abs(shared[0] - shared[1])))
        return float(weights[order[0]])

    # The whole range, so that pictures of very different contrast balance too; then its best part.
    coarse = best(np.linspace(0, 1, 101))
    weight = best(np.clip(coarse + np.linspace(-0.02, 0.02, 41), 0, 1))

    composite = features(superimpose(first, second, weight))
    code = hash_codes(composite[None], projection, n_active, centre)[0]
    share_first, share_second = (singles & code).sum(axis=1) / n_active
    return Blend(weight, code, float(share_first), float(share_second))


@dataclass(frozen=True)
class PictureCodes:
    """The active inputs of every stimulus of an experiment with one pair of pictures.

    Parameters
    ----------
    codes : dict of str to ndarray of bool, shape (n_units,)
        Code of every picture in the order in which they were named, then of the composite.
    composite : str
        Name of the composite, ``"FIRST+SECOND"``.
    blend : Blend
        How the composite was made.
    """

    codes: dict[str, np.ndarray]
    composite: str
    blend: Blend


def encode_pictures(
    names: Sequence[str],
    pair: Sequence[str],
    n_units: int,
    n_active: int,
    generator: np.random.Generator,
) -> PictureCodes:
    """Turn pictures, and the composite of two of them, into codes of active units.

    Each unit sums a random tenth of the features. Half of the mean over the single pictures is
    subtracted, from the composite as well.

    Parameters
    ----------
    names : sequence of str
        Built-in pictures or paths of files, see `load_picture`; three or more.
    pair : sequence of two str
        The two of `names` that are superimposed.
    n_units, n_active : int
        Units of the code, and how many of them are active.
    generator : numpy.random.Generator
        Draws the projection; the pictures do not change what it draws.

    Returns
    -------
    PictureCodes

    Raises
    ------
    InputError
        If a picture cannot be loaded, there are fewer than three, a name stands twice, the pair
        is not among them, or a number is out of range.
    """
    if len(names) < 3:
        # With two, what is left after the centring is one difference and its negative.
        raise InputError(f"Got {len(names)} pictures, expected a pair and at least one other.")
    for name in names:
        if list(names).count(name) > 1:
            raise InputError(f"The picture '{name}' is named twice, expected different pictures.")
    for name in pair:
        if name not in names:
            raise InputError(
                f"The picture '{name}' of the pair is not among the pictures: "
                f"{nearest_name(name, names)}"
            )
    if pair[0] == pair[1]:
        raise InputError(f"The pair is '{pair[0]}' twice, expected two different pictures.")

    pictures = {name: load_picture(name) for name in names}
    single_features = np.stack([features(picture) for picture in pictures.values()])
    n_features = single_features.shape[1]
    projection = projection_matrix(
        n_units, n_features, round(FAN_IN_FRACTION * n_features), generator
    )
    centre = CENTRED_SHARE * centre_of(single_features)
    codes = dict(zip(names, hash_codes(single_features, projection, n_active, centre), strict=True))

    blend = balanced_blend(pictures[pair[0]], pictures[pair[1]], projection, n_active, centre)
    composite = "+".join(pair)
    codes[composite] = blend.code
    return PictureCodes(codes, composite, blend)
