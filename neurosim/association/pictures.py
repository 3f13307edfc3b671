"""Pictures as stimuli: those that are built in, with their credits; load and combine them.

A picture is an array of 96 x 96 grey values between 0 and 1. The composite of a pair is a picture
too: an alpha blend (`superimpose`), or one picture pasted into the other (`montage`).
`neurosim.association.picture_codes` turns pictures into codes of active inputs.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurosim.errors import InputError, nearest_name

SIZE = 96  # pixels, height and width of every picture; calibrated with the features of its code
# Least range of the grey values of a picture that shows something. Ours: one step of 8 bits.
FAINTEST_RANGE = 1 / 255
# Height and width of the figure in a montage, as a share of the scene's. Ours: large enough to be
# recognised, and most of the scene stays in view.
FIGURE_SCALE = 0.5


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
# picture (matplotlib pull request 1599). scikit-image states licence and author of each picture in
# the documentation of `skimage.data`; where it names no place of origin, the source is that page.
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
    "coffee": BuiltInPicture(
        "scikit-image",
        "skimage",
        "data/coffee.png",
        "Rachel Michetti (courtesy of Pikolo Espresso Bar)",
        "CC0",
        "https://scikit-image.org/docs/stable/api/skimage.data.html#skimage.data.coffee",
    ),
    "cat": BuiltInPicture(
        "scikit-image",
        "skimage",
        "data/chelsea.png",
        "Stefan van der Walt",
        "CC0",
        "https://scikit-image.org/docs/stable/api/skimage.data.html#skimage.data.chelsea",
    ),
    "astronaut": BuiltInPicture(
        "scikit-image",
        "skimage",
        "data/astronaut.png",
        "NASA (Eileen Collins)",
        "public domain",
        "https://flic.kr/p/r9qvLn",
    ),
    "rocket": BuiltInPicture(
        "scikit-image",
        "skimage",
        "data/rocket.jpg",
        "SpaceX (launch of DSCOVR on Falcon 9)",
        "public domain",
        "https://www.flickr.com/photos/spacexphotos/16511594820/",
    ),
    "cameraman": BuiltInPicture(
        "scikit-image",
        "skimage",
        "data/camera.png",
        "Lav Varshney",
        "CC0",
        "https://github.com/scikit-image/scikit-image/issues/3927",
    ),
}


# What the codes of all pictures are centred on, together with the pictures of an experiment, so
# that an experiment on three pictures is encoded much as one on five. Calibrated on seeds 0-9:
# centred on three pictures alone, a composite keeps .31 of each picture's inputs, too few to link
# both; centred on these, .40. Of the pictures above these share the fewest active inputs.
REFERENCE = ("palace", "person", "flower", "rocket", "astronaut")


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
    if not np.ptp(picture) > FAINTEST_RANGE:
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
    return rescale(values, SIZE)


def rescale(picture: np.ndarray, side: int, margin: float = 0.0) -> np.ndarray:
    """Scale a picture, or what lies inside a margin of it, to a square.

    Parameters
    ----------
    picture : ndarray of float, shape (height, width)
    side : int
        Height and width of the result, pixels.
    margin : float
        What is cut off at each of the four sides, pixels of the picture.

    Returns
    -------
    ndarray of float, shape (side, side)
    """
    from PIL import Image

    height, width = picture.shape
    # The bilinear filter of Pillow averages over the pixels that fall into one, and unlike the
    # sharper ones it never leaves the range of its input.
    scaled = Image.fromarray(picture.astype(np.float32)).resize(
        (side, side),
        Image.Resampling.BILINEAR,
        box=(margin, margin, width - margin, height - margin),
    )
    return np.asarray(scaled, dtype=float)


def check_picture(picture: np.ndarray) -> None:
    """Refuse an array that is no picture.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)

    Raises
    ------
    InputError
        If the array has another shape, a value that is not finite, or is one uniform grey.
    """
    if picture.shape != (SIZE, SIZE):
        raise InputError(f"The picture has the shape {picture.shape}, expected ({SIZE}, {SIZE}).")
    if not np.isfinite(picture).all():
        raise InputError("The picture has values that are not finite, expected grey values.")
    if not np.ptp(picture) > FAINTEST_RANGE:
        raise InputError("The picture is uniform, expected one that shows something.")


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

    Raises
    ------
    InputError
        If an array is no picture (`check_picture`) or the weight is out of range.
    """
    check_picture(first)
    check_picture(second)
    if not 0 <= weight <= 1:
        raise InputError(f"The weight of the blend is {weight:g}, expected 0 to 1.")
    return weight * first + (1 - weight) * second


def montage(scene: np.ndarray, figure: np.ndarray) -> np.ndarray:
    """Paste a figure into a scene: opaque, at the bottom right, half as high and half as wide.

    The composites of Ison, Quian Quiroga & Fried 2015 joined a person and a place in one picture;
    where the figure stands and how large it is are ours.

    Parameters
    ----------
    scene, figure : ndarray of float, shape (96, 96)

    Returns
    -------
    ndarray of float, shape (96, 96)

    Raises
    ------
    InputError
        If an array is no picture (`check_picture`).
    """
    check_picture(scene)
    check_picture(figure)
    side = round(FIGURE_SCALE * SIZE)
    pasted = scene.copy()
    pasted[-side:, -side:] = rescale(figure, side)
    return pasted
