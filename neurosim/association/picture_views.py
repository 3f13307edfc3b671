"""Other views of a picture: what was learnt on one is tested on another.

A view is a picture of the same shape, made from the picture itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neurosim.association.pictures import SIZE, check_picture, rescale
from neurosim.errors import InputError, nearest_name

# Share of the height and of the width that the crop keeps. Ours: a closer look in which nothing of
# importance is lost; at the border a point moves by 5 of 96 pixels, nearly a feature's block.
CROPPED_SHARE = 0.9
# Pixels. Ours: half of a feature's block of 6 pixels, where every feature sees as much of its old
# part of the picture as of its neighbour's.
SHIFT = 3
CONTRAST = 0.5  # factor of the deviations from the mean grey; ours


def crop(picture: np.ndarray) -> np.ndarray:
    """Return the central 90 % of the height and of the width, scaled back to 96 x 96 pixels.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)

    Returns
    -------
    ndarray of float, shape (96, 96)
    """
    return rescale(picture, SIZE, margin=SIZE * (1 - CROPPED_SHARE) / 2)


def shift(picture: np.ndarray) -> np.ndarray:
    """Return the picture moved to the right by 3 pixels; its left edge fills the gap.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)

    Returns
    -------
    ndarray of float, shape (96, 96)
    """
    return np.pad(picture, ((0, 0), (SHIFT, 0)), mode="edge")[:, :SIZE]


def contrast(picture: np.ndarray) -> np.ndarray:
    """Return the picture with half of its contrast: the grey values halved around their mean.

    The code of a picture does not change with it (see `neurosim.association.picture_codes`): its
    features are differences, which the mean grey does not reach, and are divided by their own mean,
    which takes away the factor. A test on this view is one of the encoder, not of what a network
    has learnt.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)

    Returns
    -------
    ndarray of float, shape (96, 96)
    """
    mean = picture.mean()
    halved: np.ndarray = mean + CONTRAST * (picture - mean)
    return halved


_BY_NAME: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "crop": crop,
    "shift": shift,
    "contrast": contrast,
}

VIEWS: tuple[str, ...] = tuple(_BY_NAME)


def view(picture: np.ndarray, name: str) -> np.ndarray:
    """Return a view of a picture.

    Parameters
    ----------
    picture : ndarray of float, shape (96, 96)
    name : str
        One of `VIEWS`.

    Returns
    -------
    ndarray of float, shape (96, 96)

    Raises
    ------
    InputError
        If there is no such view or the array is no picture
        (`neurosim.association.pictures.check_picture`).
    """
    if name not in _BY_NAME:
        raise InputError(f"There is no view '{name}' of a picture: {nearest_name(name, VIEWS)}")
    check_picture(picture)
    return _BY_NAME[name](picture)
