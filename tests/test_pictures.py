"""Pictures: loading, input errors, superimposing, pasting."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurosim.association.pictures import (
    BUILT_IN,
    SIZE,
    check_picture,
    load_picture,
    montage,
    rescale,
    superimpose,
)
from neurosim.errors import InputError


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((SIZE, SIZE))


def ramp() -> np.ndarray:
    """Return a plane, which bilinear scaling maps onto a plane: it tells place and direction."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return (2 * rows + columns) / (3 * SIZE)


def gradient() -> np.ndarray:
    return np.tile(np.arange(SIZE, dtype=np.uint8) * 2, (SIZE, 1))


# Loading


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_pictures_load_and_have_credits(name):
    picture = load_picture(name)
    assert picture.shape == (SIZE, SIZE)
    assert 0 <= picture.min() < 0.2 < 0.7 < picture.max() <= 1
    assert BUILT_IN[name].credit
    assert BUILT_IN[name].licence in ("CC BY 2.0", "CC0", "public domain")
    assert BUILT_IN[name].source.startswith("https://")


def test_built_in_pictures_differ_and_stand_upright():
    pictures = [load_picture(name) for name in BUILT_IN]
    correlations = np.corrcoef([picture.ravel() for picture in pictures])
    assert abs(correlations - np.eye(len(pictures))).max() < 0.8
    for outdoors in ("palace", "cameraman"):
        picture = load_picture(outdoors)
        assert picture[:20].mean() > picture[-20:].mean() + 0.2  # a bright sky above


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket", "camera"])
def test_pictures_of_scikit_image_are_those_that_it_calls_so(name):
    import skimage.data

    ours = load_picture({"chelsea": "cat", "camera": "cameraman"}.get(name, name))
    theirs = Image.fromarray(getattr(skimage.data, name)()).convert("L")
    scaled = theirs.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(ours, np.asarray(scaled) / 255, atol=1 / 255)


def test_loading_imports_no_heavy_package():
    script = (
        "import sys, neurosim.association.pictures as p\n"
        "[p.load_picture(name) for name in p.BUILT_IN]\n"
        "heavy = {'sklearn', 'skimage', 'matplotlib', 'scipy', 'pandas', 'brian2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.strip() == "[]"


def test_grey_values_come_back(tmp_path):
    Image.fromarray(gradient()).save(tmp_path / "gradient.png")
    np.testing.assert_allclose(load_picture(tmp_path / "gradient.png"), gradient() / 255, atol=1e-6)
    assert (
        load_picture(str(tmp_path / "gradient.png")) == load_picture(tmp_path / "gradient.png")
    ).all()


def test_the_whole_picture_is_resized(tmp_path):
    wide = np.zeros((30, 400), dtype=np.uint8)
    wide[:, 200:] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    picture = load_picture(tmp_path / "wide.png")
    assert (picture[:, : SIZE // 2 - 1] == 0).all()
    assert (picture[:, SIZE // 2 + 1 :] == 1).all()


def test_colours_become_luma(tmp_path):
    colours = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    for channel in range(3):
        colours[:, channel * 32 : (channel + 1) * 32, channel] = 255
    Image.fromarray(colours).save(tmp_path / "colours.png")
    picture = load_picture(tmp_path / "colours.png")
    np.testing.assert_allclose(picture[0, [0, 40, 95]], [0.299, 0.587, 0.114], atol=0.004)


def test_transparent_parts_are_white(tmp_path):
    pixels = np.zeros((SIZE, SIZE, 4), dtype=np.uint8)
    pixels[:, 48:, 3] = 255  # black, opaque on the right only
    Image.fromarray(pixels).save(tmp_path / "transparent.png")
    picture = load_picture(tmp_path / "transparent.png")
    assert (picture[:, :48] == 1).all()
    assert (picture[:, 48:] == 0).all()


def test_the_orientation_of_a_camera_is_heeded(tmp_path):
    image = Image.fromarray(gradient())
    exif = image.getexif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_allclose(
        load_picture(tmp_path / "turned.png"), gradient()[::-1, ::-1] / 255, atol=1e-6
    )


@pytest.mark.parametrize(("dtype", "suffix"), [("uint16", "png"), ("float32", "tiff")])
def test_pictures_of_more_than_8_bits_are_stretched(tmp_path, dtype, suffix):
    values = gradient().astype(dtype) * 300 + 20
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(values).save(path)
    np.testing.assert_allclose(load_picture(path), gradient() / gradient().max(), atol=1e-6)


def bad_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.jpg"
    if kind == "text":
        path.write_text("this is no picture\n")
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "truncated":
        Image.fromarray((noise() * 255).astype(np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:1000])
    elif kind == "uniform":
        Image.new("L", (200, 100), 77).save(path)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "cannot be read as a picture"),
        ("empty", "cannot be read as a picture"),
        ("truncated", "cannot be read as a picture"),
        ("folder", "is a folder, expected a picture file"),
        ("missing", "is neither a file nor built in"),
        ("uniform", "is uniform"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, kind, message):
    path = bad_file(kind, tmp_path)
    with pytest.raises(InputError, match=message) as refusal:
        load_picture(path)
    text = str(refusal.value)
    assert str(path) in text
    assert "\n" not in text
    assert text.endswith((".", "?"))


def test_values_that_are_not_finite_are_refused(tmp_path):
    values = gradient().astype("float32")
    values[3, 4] = np.nan
    Image.fromarray(values).save(tmp_path / "nan.tiff")
    with pytest.raises(InputError, match="cannot be read as a picture"):
        load_picture(tmp_path / "nan.tiff")


ALL_NAMES = "expected one of: astronaut, cameraman, cat, coffee, flower, palace, person, rocket."


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("palce", "did you mean 'palace'?"),
        ("Person", "did you mean 'person'?"),
        ("camera", "did you mean 'cameraman'?"),
        ("obama", ALL_NAMES),
        ("", ALL_NAMES),
        ("a\0b", "expected one of"),
        ("~nobody-of-this-name/palace.jpg", "is neither a file nor built in"),
        ("x" * 5000, "expected one of"),
    ],
)
def test_unknown_names_get_the_nearest_valid_one(name, hint):
    with pytest.raises(InputError) as refusal:
        load_picture(name)
    assert hint in str(refusal.value)


@pytest.mark.parametrize(("name", "package"), [("palace", "scikit-learn"), ("cat", "scikit-image")])
def test_a_package_without_its_picture_is_named(monkeypatch, name, package):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=f"'{name}' comes with {package}"):
        load_picture(name)


# Superimposing


def test_superimposed_pictures_are_a_weighted_mean():
    first, second = noise(0), noise(1)
    np.testing.assert_array_equal(superimpose(first, second, 1), first)
    np.testing.assert_array_equal(superimpose(first, second, 0), second)
    np.testing.assert_allclose(superimpose(first, second, 0.3), 0.3 * first + 0.7 * second)
    for weight in (-0.1, 1.1, np.nan):
        with pytest.raises(InputError, match=f"blend is {weight:g}, expected 0 to 1"):
            superimpose(first, second, weight)


# Scaling and pasting


# Enlarged, or reduced by a whole number: Pillow's weights of other reductions are rounded.
@pytest.mark.parametrize(
    ("side", "margin"), [(24, 0), (48, 0), (96, 0), (192, 0), (42, 6), (96, 4.8), (192, 6)]
)
def test_scaling_maps_a_ramp_onto_a_ramp(side, margin):
    step = (SIZE - 2 * margin) / side
    place = margin + (np.arange(side) + 0.5) * step - 0.5  # of the new pixels' centres in the old
    expected = (2 * place[:, None] + place) / (3 * SIZE)
    inside = slice(2, -2)  # at the border the filter is cut
    np.testing.assert_allclose(
        rescale(ramp(), side, margin)[inside, inside], expected[inside, inside], atol=1e-6
    )


def test_a_montage_is_the_scene_with_the_figure_at_the_bottom_right():
    scene, figure = noise(0), ramp()
    untouched = scene.copy()
    pasted = montage(scene, figure)
    assert pasted.shape == (SIZE, SIZE)
    np.testing.assert_array_equal(pasted[:48], scene[:48])
    np.testing.assert_array_equal(pasted[:, :48], scene[:, :48])
    # Every other pixel of the figure's plane, half a pixel on; nothing of the scene shines through.
    inside = slice(1, -1)
    expected = figure[::2, ::2] + 1.5 / (3 * SIZE)
    np.testing.assert_allclose(
        pasted[48:, 48:][inside, inside], expected[inside, inside], atol=1e-6
    )
    np.testing.assert_array_equal(montage(noise(1), figure)[48:, 48:], pasted[48:, 48:])
    np.testing.assert_array_equal(scene, untouched)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((96, 95)), r"shape \(96, 95\), expected \(96, 96\)"),
        (np.zeros((96, 96, 3)), r"shape \(96, 96, 3\), expected \(96, 96\)"),
        (np.full((SIZE, SIZE), np.inf), "not finite"),
        (np.full((SIZE, SIZE), 0.4), "uniform"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array, message):
    good = noise()
    for combine in (
        lambda: check_picture(array),
        lambda: superimpose(good, array, 0.5),
        lambda: superimpose(array, good, 0.5),
        lambda: montage(good, array),
        lambda: montage(array, good),
    ):
        with pytest.raises(InputError, match=message):
            combine()
