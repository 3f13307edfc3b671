"""Codes of pictures: features, the balanced blend, encoding, input errors."""

import numpy as np
import pytest
from PIL import Image

from neurosim.abstract.fly_hash import centre_of, hash_codes, projection_matrix
from neurosim.errors import InputError
from neurosim.picture_codes import balanced_blend, encode_pictures, features, gaussian_blur
from neurosim.pictures import SIZE, load_picture, superimpose

NAMES = ["palace", "person", "flower"]
PAIR = ("palace", "person")


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((SIZE, SIZE))


# Features


@pytest.mark.parametrize("shape", [(96, 96), (10, 7), (1, 30)])
@pytest.mark.parametrize("sigma", [0.5, 1.0, 4.0])
def test_blur_is_scipys(shape, sigma):
    from scipy.ndimage import gaussian_filter

    picture = np.random.default_rng(1).random(shape)
    np.testing.assert_allclose(
        gaussian_blur(picture, sigma), gaussian_filter(picture, sigma), atol=1e-12
    )


def test_features_are_rectified_differences_of_gaussians_averaged_over_blocks():
    from scipy.ndimage import gaussian_filter

    picture = load_picture("flower")
    contrast = gaussian_filter(picture, 1) - gaussian_filter(picture, 4)
    expected = [
        np.mean([max(sign * value, 0) for value in contrast[y : y + 6, x : x + 6].flat])
        for sign in (1, -1)
        for y in range(0, 96, 6)
        for x in range(0, 96, 6)
    ]
    np.testing.assert_allclose(features(picture), expected, atol=1e-12)


def test_features_follow_contrast_and_not_brightness():
    picture = noise()
    np.testing.assert_allclose(features(0.3 * picture + 0.5), 0.3 * features(picture), atol=1e-12)
    np.testing.assert_allclose(features(np.full((SIZE, SIZE), 0.4)), 0, atol=1e-12)


def test_the_negative_swaps_on_and_off():
    on, off = np.split(features(noise()), 2)
    np.testing.assert_allclose(features(1 - noise()), np.concatenate([off, on]), atol=1e-12)


def test_a_bright_spot_excites_the_on_feature_of_its_place():
    picture = np.zeros((SIZE, SIZE))
    picture[6 * 5 + 3, 6 * 11 + 3] = 1
    assert features(picture).argmax() == 5 * 16 + 11
    assert features(1 - picture).argmax() == 256 + 5 * 16 + 11


def test_features_of_something_else_are_refused():
    with pytest.raises(InputError, match=r"shape \(96, 95\), expected \(96, 96\)"):
        features(np.zeros((96, 95)))
    with pytest.raises(InputError, match="not finite"):
        features(np.full((SIZE, SIZE), np.nan))


# Balanced blend


def picture_hash(pictures: list[np.ndarray], seed: int) -> tuple[np.ndarray, int, np.ndarray]:
    projection = projection_matrix(1000, 512, 51, np.random.default_rng(seed))
    return projection, 120, centre_of(np.stack([features(picture) for picture in pictures]))


@pytest.mark.parametrize("seed", range(4))
def test_the_balanced_blend_shares_equally_with_both(seed):
    pictures = [load_picture(name) for name in NAMES]
    settings = picture_hash(pictures, seed)
    first, second = pictures[:2]
    blend = balanced_blend(first, second, *settings)
    assert abs(blend.share_first - blend.share_second) <= 0.02
    assert min(blend.share_first, blend.share_second) > 0.2

    # What it says holds for the picture that it stands for.
    composite = superimpose(first, second, blend.weight)
    codes = hash_codes(
        np.stack([features(picture) for picture in (composite, first, second)]), *settings
    )
    assert (blend.code == codes[0]).all()
    assert blend.share_first == (codes[0] & codes[1]).sum() / 120
    assert blend.share_second == (codes[0] & codes[2]).sum() / 120


def test_no_other_blend_is_better_balanced():
    pictures = [load_picture(name) for name in NAMES]
    settings = picture_hash(pictures, seed=5)
    first, second = pictures[:2]
    blend = balanced_blend(first, second, *settings)
    blends = [features(superimpose(first, second, weight)) for weight in np.linspace(0.5, 0.8, 151)]
    codes = hash_codes(np.stack([features(first), features(second), *blends]), *settings)
    shared = codes[2:] @ codes[:2].T.astype(int)
    least = abs(shared[:, 0] - shared[:, 1]).min()
    assert 120 * abs(blend.share_first - blend.share_second) <= least + 1e-9


def test_the_order_of_the_pair_does_not_matter():
    pictures = [load_picture(name) for name in NAMES]
    settings = picture_hash(pictures, seed=1)
    there = balanced_blend(pictures[0], pictures[1], *settings)
    back = balanced_blend(pictures[1], pictures[0], *settings)
    assert there.weight + back.weight == pytest.approx(1, abs=0.02)
    assert abs(back.share_first - back.share_second) <= 0.02


def test_a_faint_picture_balances_too():
    pictures = [load_picture(name) for name in NAMES]
    settings = picture_hash(pictures, seed=1)
    plain = balanced_blend(pictures[0], pictures[1], *settings)
    faint = balanced_blend(pictures[0], 0.5 + 0.1 * (pictures[1] - 0.5), *settings)
    assert abs(faint.share_first - faint.share_second) <= 0.02
    # A tenth of the contrast asks for ten times the odds.
    odds = (1 - plain.weight) / plain.weight
    assert (1 - faint.weight) / faint.weight == pytest.approx(10 * odds, rel=0.05)


# Encoding


def test_codes_of_pictures_and_composite():
    encoded = encode_pictures(NAMES, PAIR, 1000, 120, np.random.default_rng(0))
    assert list(encoded.codes) == [*NAMES, "palace+person"]
    assert encoded.composite == "palace+person"
    codes = encoded.codes
    for code in codes.values():
        assert code.shape == (1000,)
        assert code.dtype == bool
        assert code.sum() == 120
    assert (codes["palace+person"] == encoded.blend.code).all()
    assert abs(encoded.blend.share_first - encoded.blend.share_second) <= 0.02
    for first, second in (("palace", "person"), ("palace", "flower"), ("person", "flower")):
        assert (codes[first] & codes[second]).mean() < 0.12**2  # fewer than by chance


def test_codes_follow_the_seed():
    first, again, other = (
        encode_pictures(NAMES, PAIR, 300, 36, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert first.blend.weight == again.blend.weight
    for name, code in first.codes.items():
        assert (code == again.codes[name]).all()
        assert (code != other.codes[name]).any()


def test_pictures_of_a_users_own(tmp_path):
    mirrored = load_picture("palace")[:, ::-1]
    path = str(tmp_path / "mirrored.png")
    Image.fromarray((255 * mirrored).round().astype(np.uint8)).save(path)
    encoded = encode_pictures([*NAMES, path], (path, "flower"), 1000, 120, np.random.default_rng(0))
    assert list(encoded.codes) == [*NAMES, path, f"{path}+flower"]
    assert abs(encoded.blend.share_first - encoded.blend.share_second) <= 0.02


@pytest.mark.parametrize(
    ("names", "pair", "message"),
    [
        (["palace", "person"], PAIR, "Got 2 pictures, expected a pair and at least one other"),
        ([*NAMES, "flower"], PAIR, "'flower' is named twice"),
        (NAMES, ("palace", "persn"), "'persn' of the pair .* did you mean 'person'"),
        (NAMES, ("palace", "palace"), "'palace' twice, expected two different"),
        (["palace", "person", "flwer"], PAIR, "did you mean 'flower'"),
    ],
)
def test_bad_choices_of_pictures_are_refused(names, pair, message):
    with pytest.raises(InputError, match=message):
        encode_pictures(names, pair, 1000, 120, np.random.default_rng(0))


def test_bad_numbers_are_refused():
    with pytest.raises(InputError, match="active units is 1001, expected 1 to 1000"):
        encode_pictures(NAMES, PAIR, 1000, 1001, np.random.default_rng(0))
