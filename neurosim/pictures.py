"""Pictures as stimuli: load them, superimpose two, and turn them into codes of active inputs.

A picture is an array of 96 x 96 grey values between 0 and 1. Its features are rectified
differences of Gaussians, as retinal ON and OFF cells compute them; the fly's hash turns them into
the set of active inputs. The composite of a pair is a picture too, an alpha blend, and goes
through the same features, projection and centre as the single pictures.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurosim.abstract.fly_hash import centre_of, hash_codes, projection_matrix
from neurosim.errors import InputError, nearest_name

# Sizes of the retina. Calibrated: with these features, other than with grey values, codes of
# different pictures share no more inputs than by chance.
SIZE = 96  # pixels, height and width
GRID = 16  # blocks of pixels along each side that are averaged into one feature
# Share of the mean over the pictures that is subtracted. Calibrated on seeds 0-9: with all of it
# the composite keeps .31 of each picture's inputs, too few to drive both assemblies; with none,
# the codes of strangers share .2 and their assemblies up to .25; with half it keeps .38, and
# strangers share .04 and nothing.
CENTRED_SHARE = 0.5
SIGMA_CENTRE, SIGMA_SURROUND = 1.0, 4.0  # pixels


@dataclass(frozen=True)
class BuiltInPicture:
    """A picture that comes with a package, and whom to credit.

    Parameters
    ----------
    distribution, package : str
        What is installed, and the name under which it is imported.
    path : str
        Path of the file inside the package.
    credit, licence, source : str
    """

    distribution: str
    package: str
    path: str
    credit: str
    licence: str
    source: str


# The credits are those of sklearn/datasets/images/README.txt; where it names another photographer
# than the link does (flower.jpg), the link counts. Matplotlib took its portrait as a public domain
# picture (matplotlib pull request 1599).
BUILT_IN: Mapping[str, BuiltInPicture] = {
    "palace": BuiltInPicture(
        "scikit-learn",
        "sklearn",
        "datasets/images/china.jpg",
        "danielbuechele",
        "CC BY 2.0",
        "https://www.flickr.com/photos/danielbuechele/6061409035/",
    ),
    "person": BuiltInPicture(
        "matplotlib",
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "US Navy (Commodore Grace M. Hopper, official portrait, 1984)",
        "public domain",
        "https://github.com/matplotlib/matplotlib/pull/1599",
    ),
    "flower": BuiltInPicture(
        "scikit-learn",
        "sklearn",
        "datasets/images/flower.jpg",
        "vultilion",
        "CC BY 2.0",
        "https://www.flickr.com/photos/vultilion/6056698931/",
    ),
}


def load_picture(name_or_path: str | os.PathLike[str]) -> np.ndarray:
    """Load a picture as grey values.

    The whole picture is turned upright, made grey and resized to 96 x 96 pixels: nothing is
    cropped, so a picture that is not square changes its proportions. Transparent parts are white.
    Pictures with more than 8 bits per pixel are stretched from their lowest to their highest
    value.

    Parameters
    ----------
    name_or_path : str or path
        Name of a built-in picture (a key of `BUILT_IN`) or path of a picture file.

    Returns
    -------
    ndarray of float, shape (96, 96)
        Grey values, 0 black to 1 white.

    Raises
    ------
    InputError
        If there is no such picture, the file cannot be read as a picture, or it is one uniform
        grey.
    """
    name = os.fspath(name_or_path)
    path = _find(name)
    try:
        picture = _read(path)
    except Exception as error:  # decoders of broken files raise errors of every kind
        reason = getattr(error, "strerror", None) or "damaged, too large or of no known format"
        raise InputError(f"The file '{name}' cannot be read as a picture: {reason}.") from error
    if not np.ptp(picture) > 1 / 255:
        raise InputError(f"The picture '{name}' is uniform, expected one that shows something.")
    return picture


def _find(name: str) -> Path:
    if name in BUILT_IN:
        built_in = BUILT_IN[name]
        # The package is located, not imported: an import would cost a second.
        spec = importlib.util.find_spec(built_in.package)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            path = Path(folder, built_in.path)
            if path.is_file():
                return path
        raise InputError(
            f"The picture '{name}' comes with {built_in.distribution}, whose installation here "
            f"has no file {built_in.path}."
        )
    path = Path(os.path.expanduser(name))
    if name and os.path.isdir(path):
        raise InputError(f"'{name}' is a folder, expected a picture file or a built-in picture.")
    if not os.path.isfile(path):
        raise InputError(
            f"The picture '{name}' is neither a file nor built in: {nearest_name(name, BUILT_IN)}"
        )
    return path


def _read(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(path) as stored:
        image = ImageOps.exif_transpose(stored)
        if image.mode.startswith(("I", "F")):
            values = np.asarray(image, dtype=float)
            if not np.isfinite(values).all():
                raise ValueError("a grey value is not finite")
            values = (values - values.min()) / max(np.ptp(values), np.finfo(float).tiny)
        else:
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            values = np.asarray(image.convert("L"), dtype=float) / 255
    # The bilinear filter of Pillow averages over the pixels that fall into one, and unlike the
    # sharper ones it never leaves the range of its input.
    resized = Image.fromarray(values.astype(np.float32)).resize(
        (SIZE, SIZE), Image.Resampling.BILINEAR
    )
    return np.asarray(resized, dtype=float)


def superimpose(first: np.ndarray, second: np.ndarray, weight: float) -> np.ndarray:
    """Blend two pictures pixel by pixel: ``weight * first + (1 - weight) * second``.

    Parameters
    ----------
    first, second : ndarray of float, shape (96, 96)
    weight : float
        Opacity of the first picture, 0 to 1.

    Returns
    -------
    ndarray of float, shape (96, 96)
    """
    if not 0 <= weight <= 1:
        raise InputError(f"The weight of the blend is {weight:g}, expected 0 to 1.")
    return weight * first + (1 - weight) * second


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
    fan_in_fraction: float = 0.10,
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
    fan_in_fraction : float
        Fraction of the features that each unit sums.

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
        n_units, n_features, round(fan_in_fraction * n_features), generator
    )
    centre = CENTRED_SHARE * centre_of(single_features)
    codes = dict(zip(names, hash_codes(single_features, projection, n_active, centre), strict=True))

    blend = balanced_blend(pictures[pair[0]], pictures[pair[1]], projection, n_active, centre)
    composite = "+".join(pair)
    codes[composite] = blend.code
    return PictureCodes(codes, composite, blend)
