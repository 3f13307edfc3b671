"""Codes of pictures: features, the encoder, the balanced blend, input errors."""

import functools

import numpy as np
import pytest

from neurosim.abstract.fly_hash import centre_of, hash_codes, projection_matrix
from neurosim.association.picture_codes import (
    BALANCE,
    PictureEncoder,
    _balancing_weight,
    features,
    gaussian_blur,
)
from neurosim.association.pictures import BUILT_IN, SIZE, load_picture, montage, superimpose
from neurosim.errors import InputError


@functools.cache
def pictures() -> dict[str, np.ndarray]:
    return {name: load_picture(name) for name in BUILT_IN}


@functools.cache
def encoder(seed: int, n_units: int = 1000, n_active: int = 120) -> PictureEncoder:
    generator = np.random.default_rng(seed)
    return PictureEncoder.fit(list(pictures().values()), n_units, n_active, generator)


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
    with pytest.raises(InputError, match="uniform"):
        features(np.full((SIZE, SIZE), 0.4))


# Encoder


def test_the_encoder_is_the_flys_hash_of_the_features():
    rows = np.stack([features(picture) for picture in pictures().values()])
    projection = projection_matrix(1000, 512, 26, np.random.default_rng(3))
    centre = centre_of(rows)
    fitted = encoder(3)
    np.testing.assert_array_equal(fitted.projection, projection)
    np.testing.assert_allclose(fitted.centre, centre)
    assert fitted.n_active == 120
    for picture, code in zip(
        pictures().values(), hash_codes(rows, projection, 120, centre), strict=True
    ):
        np.testing.assert_array_equal(fitted.code(picture), code)


def test_the_generator_draws_the_same_whatever_the_pictures():
    here, there = np.random.default_rng(5), np.random.default_rng(5)
    own = list(pictures().values())[:3]
    first = PictureEncoder.fit(own, 300, 36, here)
    second = PictureEncoder.fit([noise(seed) for seed in range(7)], 300, 36, there)
    np.testing.assert_array_equal(first.projection, second.projection)
    assert abs(first.centre - second.centre).max() > 0.1
    assert here.random() == there.random()


def test_codes_follow_the_seed():
    again = PictureEncoder.fit(list(pictures().values()), 1000, 120, np.random.default_rng(5))
    for picture in pictures().values():
        code = encoder(5).code(picture)
        assert code.dtype == bool
        assert code.sum() == 120
        assert (code == again.code(picture)).all()
        assert (code & encoder(6).code(picture)).sum() < 40  # unrelated: 14 by chance


def test_codes_of_different_pictures_share_about_what_chance_gives():
    for seed in range(4):
        codes = np.stack([encoder(seed).code(picture) for picture in pictures().values()])
        shares = codes.astype(int) @ codes.T / 120
        different = shares[np.triu_indices(len(codes), 1)]
        assert different.mean() < 0.12  # chance
        assert different.max() < 0.3


def test_a_picture_that_the_encoder_was_not_fitted_to_has_a_code_of_its_own():
    mirrored = pictures()["palace"][:, ::-1]
    code = encoder(0).code(mirrored)
    assert code.sum() == 120
    assert max((code & encoder(0).code(known)).sum() for known in pictures().values()) < 0.4 * 120


def test_a_montage_shows_the_encoder_the_scene_and_not_the_figure():
    # Features keep their place, so a figure that has moved and shrunk shares no more with its own
    # picture than a stranger does: why the blend stands in for the montage.
    scene, figure = pictures()["palace"], pictures()["person"]
    shares = []
    for seed in range(6):
        code = encoder(seed).code(montage(scene, figure))
        shares.append([(code & encoder(seed).code(own)).sum() / 120 for own in (scene, figure)])
    of_scene, of_figure = np.mean(shares, axis=0)
    assert 0.3 < of_scene < 0.8
    assert of_figure < 0.15


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures_are_refused(count):
    with pytest.raises(InputError, match=f"Got {count} pictures, expected a pair and at least one"):
        PictureEncoder.fit([noise()] * count, 1000, 120, np.random.default_rng(0))


def test_bad_numbers_are_refused():
    own = list(pictures().values())
    with pytest.raises(InputError, match="number of units is 0, expected 1 or more"):
        PictureEncoder.fit(own, 0, 120, np.random.default_rng(0))
    for n_active in (0, 1001):
        fitted = PictureEncoder.fit(own, 1000, n_active, np.random.default_rng(0))
        with pytest.raises(InputError, match=f"units is {n_active}, expected 1 to 1000"):
            fitted.code(own[0])


# Balanced blend

PAIRS = [("palace", "person"), ("coffee", "astronaut"), ("cat", "rocket"), ("cameraman", "flower")]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_the_balanced_blend_shares_equally_with_both(pair, seed):
    first, second = (pictures()[name] for name in pair)
    blend = encoder(seed).balanced_blend(first, second)
    assert abs(blend.share_first - blend.share_second) <= BALANCE == 0.02
    assert min(blend.share_first, blend.share_second) > 0.25

    # What it says holds for the picture that it stands for.
    composite, *singles = (
        encoder(seed).code(picture)
        for picture in (superimpose(first, second, blend.weight), first, second)
    )
    assert (blend.code == composite).all()
    assert blend.share_first == (composite & singles[0]).sum() / 120
    assert blend.share_second == (composite & singles[1]).sum() / 120


def test_an_even_blend_is_not_balanced():
    first, second = pictures()["cat"], pictures()["rocket"]
    code = encoder(0).code(superimpose(first, second, 0.5))
    shared = [(code & encoder(0).code(single)).sum() / 120 for single in (first, second)]
    assert abs(shared[0] - shared[1]) > 5 * BALANCE


def test_no_other_blend_is_better_balanced():
    first, second = pictures()["palace"], pictures()["person"]
    fitted = encoder(5)
    blend = fitted.balanced_blend(first, second)
    singles = np.stack([fitted.code(first), fitted.code(second)]).astype(int)
    others = [
        fitted.code(superimpose(first, second, weight))
        for weight in blend.weight + np.linspace(-0.1, 0.1, 81)
    ]
    shared = np.stack(others) @ singles.T
    least = abs(shared[:, 0] - shared[:, 1]).min()
    assert 120 * abs(blend.share_first - blend.share_second) <= least + 1e-9


def test_the_order_of_the_pair_does_not_matter():
    first, second = pictures()["palace"], pictures()["person"]
    there = encoder(1).balanced_blend(first, second)
    back = encoder(1).balanced_blend(second, first)
    assert there.weight + back.weight == pytest.approx(1, abs=0.02)
    assert abs(back.share_first - back.share_second) <= BALANCE


@pytest.mark.parametrize("contrast", [0.3, 0.1, 0.03, 0.01])
@pytest.mark.parametrize("pair", [("palace", "person"), ("person", "coffee")], ids="+".join)
def test_a_faint_picture_balances_too(pair, contrast):
    first, second = (pictures()[name] for name in pair)
    plain = encoder(0).balanced_blend(first, second)
    faint = encoder(0).balanced_blend(first, 0.5 + contrast * (second - 0.5))
    assert abs(faint.share_first - faint.share_second) <= BALANCE
    # A tenth of the contrast asks for ten times the odds, as far as the balance tells them apart.
    odds = (1 - plain.weight) / plain.weight
    assert contrast * (1 - faint.weight) / faint.weight == pytest.approx(odds, rel=0.15)


@pytest.mark.parametrize(("n_units", "n_active"), [(100, 12), (50, 10), (300, 36)])
@pytest.mark.parametrize("seed", range(5))
def test_small_codes_balance_within_one_unit(seed, n_units, n_active):
    first, second = pictures()["palace"], pictures()["person"]
    blend = encoder(seed, n_units, n_active).balanced_blend(first, second)
    assert round(n_active * abs(blend.share_first - blend.share_second)) <= 1


@pytest.mark.parametrize("name", ["palace", "rocket"])
def test_a_picture_and_its_negative_are_refused(name):
    picture = pictures()[name]
    # They cancel at a weight of one half, and what rounding leaves there is no composite.
    for first, second in ((picture, 1 - picture), (1 - picture, picture)):
        with pytest.raises(InputError, match="cannot be balanced") as refusal:
            encoder(0).balanced_blend(first, second)
        text = str(refusal.value)
        negative = (encoder(0).code(first) & encoder(0).code(second)).sum() / 120
        assert f"{negative:.3f} of its active units" in text or f"{negative:.3f} with" in text
        assert f"{1 - negative:.3f} apart, expected at most 0.020." in text
        assert "\n" not in text


def test_arrays_that_are_no_pictures_are_refused():
    picture = pictures()["palace"]
    for bad, message in ((np.zeros((3, 3)), "shape"), (np.full((SIZE, SIZE), 0.4), "uniform")):
        with pytest.raises(InputError, match=message):
            encoder(0).code(bad)
        for first, second in ((picture, bad), (bad, picture)):
            with pytest.raises(InputError, match=message):
                encoder(0).balanced_blend(first, second)


# The search, on counts whose balance is known


def logistic_counts(weights: np.ndarray, balance: float, width: float) -> np.ndarray:
    """Count units of 120 that change hands one by one around `balance`."""
    first = np.round(120 / (1 + np.exp(-np.clip((weights - balance) / width, -50, 50))))
    return np.stack([first, 120 - first])


@pytest.mark.parametrize("width", [0.1, 1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("balance", [0.5, 0.123456789, 0.99912345])
def test_the_search_finds_a_narrow_balance(balance, width):
    def shared_units(weights: np.ndarray) -> np.ndarray:
        return logistic_counts(weights, balance, width)

    weight = _balancing_weight(shared_units, 2)
    first, second = shared_units(np.array([weight]))[:, 0]
    assert abs(first - second) <= 2
    assert weight == pytest.approx(balance, abs=0.05 * width + 1e-15)  # 1.5 of 120 / 4 per width


def test_among_equals_the_search_takes_the_weight_that_shares_most():
    def shared_units(weights: np.ndarray) -> np.ndarray:
        most = np.where(np.isclose(weights, 0.37), 50, 40)  # equal everywhere, most at one weight
        return np.stack([most, most])

    assert _balancing_weight(shared_units, 2) == pytest.approx(0.37)


def test_the_search_ends_where_there_is_no_balance():
    def shared_units(weights: np.ndarray) -> np.ndarray:
        first = np.where(weights > 0.3, 70, 40)
        return np.stack([first, 100 - first])

    tried = []

    def watched(weights: np.ndarray) -> np.ndarray:
        tried.append(len(weights))
        return shared_units(weights)

    weight = _balancing_weight(watched, 2)
    assert sum(tried) < 1000
    assert weight <= 0.3  # 40 against 60 is closer than 70 against 30
