"""Views of pictures: where the pixels go, and what the codes make of them."""

import functools

import numpy as np
import pytest

from neurosim.association.picture_codes import PictureEncoder
from neurosim.association.picture_views import VIEWS, view
from neurosim.association.pictures import BUILT_IN, SIZE, load_picture
from neurosim.errors import InputError


@functools.cache
def pictures() -> dict[str, np.ndarray]:
    return {name: load_picture(name) for name in BUILT_IN}


@functools.cache
def encoder(seed: int) -> PictureEncoder:
    generator = np.random.default_rng(seed)
    return PictureEncoder.fit(list(pictures().values()), 1000, 120, generator)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((SIZE, SIZE))


def test_the_views_have_names():
    assert VIEWS == ("crop", "shift", "contrast")


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_another_picture_and_leaves_the_first_alone(name):
    picture = noise()
    other = view(picture, name)
    assert other.shape == (SIZE, SIZE)
    assert 0 <= other.min() < other.max() <= 1
    assert abs(other - picture).max() > 0.1
    np.testing.assert_array_equal(picture, noise())


def test_the_crop_enlarges_the_centre():
    rows, columns = np.mgrid[:SIZE, :SIZE]
    plane = (2 * rows + columns) / (3 * SIZE)
    # A point at a distance from the centre comes from nine tenths of the distance.
    distance = 0.9 * (np.arange(SIZE) - 47.5)
    expected = (2 * distance[:, None] + distance + 3 * 47.5) / (3 * SIZE)
    np.testing.assert_allclose(view(plane, "crop"), expected, atol=1e-6)


def test_the_crop_loses_the_border():
    framed = np.full((SIZE, SIZE), 0.5)
    framed[40:56, 40:56] = 0.7
    bare = framed.copy()
    framed[:4] = framed[-4:] = framed[:, :4] = framed[:, -4:] = 0
    np.testing.assert_array_equal(view(framed, "crop"), view(bare, "crop"))


def test_the_shift_moves_three_pixels_to_the_right():
    picture = noise()
    shifted = view(picture, "shift")
    np.testing.assert_array_equal(shifted[:, 3:], picture[:, :-3])
    for column in range(3):
        np.testing.assert_array_equal(shifted[:, column], picture[:, 0])


def test_the_contrast_is_halved_around_the_mean():
    picture = noise()
    faint = view(picture, "contrast")
    assert faint.mean() == pytest.approx(picture.mean())
    assert faint.std() == pytest.approx(picture.std() / 2)
    np.testing.assert_allclose(np.diff(faint), np.diff(picture) / 2, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_code_does_not_change_with_the_contrast(seed):
    for picture in pictures().values():
        faint = encoder(seed).code(view(picture, "contrast"))
        np.testing.assert_array_equal(faint, encoder(seed).code(picture))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["crop", "shift"])
def test_other_views_change_the_code_and_stay_closest_to_their_picture(name, seed):
    codes = {own: encoder(seed).code(picture) for own, picture in pictures().items()}
    for own, picture in pictures().items():
        code = encoder(seed).code(view(picture, name))
        shared = {known: (code & codes[known]).sum() for known in codes}
        assert shared[own] < 0.8 * 120
        others = [units for known, units in shared.items() if known != own]
        assert shared[own] > max(others)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("crops", "did you mean 'crop'?"),
        ("Contrast", "did you mean 'contrast'?"),
        ("mirror", "expected one of: contrast, crop, shift."),
    ],
)
def test_unknown_views_get_the_nearest_valid_one(name, hint):
    with pytest.raises(InputError) as refusal:
        view(noise(), name)
    assert f"'{name}'" in str(refusal.value)
    assert hint in str(refusal.value)


@pytest.mark.parametrize("name", VIEWS)
def test_views_of_something_else_are_refused(name):
    with pytest.raises(InputError, match=r"shape \(96, 95\), expected \(96, 96\)"):
        view(np.zeros((96, 95)), name)
    with pytest.raises(InputError, match="uniform"):
        view(np.full((SIZE, SIZE), 0.4), name)
