"""Stimuli of pairs: random codes and pictures, their composites, halves and views, their roles."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurosim.association.paired_stimuli import Pair, PairedStimuli, picture_stimuli, random_stimuli
from neurosim.association.picture_codes import BALANCE, PictureEncoder
from neurosim.association.picture_views import VIEWS, view
from neurosim.association.pictures import REFERENCE, load_picture, montage, superimpose
from neurosim.errors import InputError

N, ACTIVE = 200, 20
PICTURES = ("person", "flower", "palace", "rocket", "astronaut")  # in an order of their own


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def two_pairs() -> PairedStimuli:
    """Return two pairs of pictures and a fifth picture, with every view."""
    return picture_stimuli(PICTURES, 2, N, ACTIVE, generator(), VIEWS)


def same(one: PairedStimuli, other: PairedStimuli) -> bool:
    return one.codes.keys() == other.codes.keys() and all(
        np.array_equal(code, other.codes[name]) for name, code in one.codes.items()
    )


def share(stimuli: PairedStimuli, single: str, other: str) -> float:
    """Return the share of a single stimulus's active inputs that another stimulus has too."""
    return float(stimuli.codes[other][np.flatnonzero(stimuli.codes[single])].mean())


# ------------------------------------------------------------------------------ pairs and roles


def test_a_pair_names_what_is_made_of_it() -> None:
    pair = Pair("palace", "person")
    assert pair.composite == "palace+person"
    assert pair.montage == "palace+person (montage)"
    assert pair.directions == (("palace", "person"), ("person", "palace"))


def test_the_first_stimuli_are_the_pairs(two_pairs: PairedStimuli) -> None:
    assert two_pairs.singles == PICTURES
    assert two_pairs.pairs == (Pair("person", "flower"), Pair("palace", "rocket"))
    assert two_pairs.directions == [
        ("person", "flower"),
        ("flower", "person"),
        ("palace", "rocket"),
        ("rocket", "palace"),
    ]


@pytest.mark.parametrize("stimuli", ["random", "pictures"])
def test_what_a_stimulus_is_in_its_pair(stimuli: str, two_pairs: PairedStimuli) -> None:
    shown = random_stimuli(5, 2, N, ACTIVE, generator()) if stimuli == "random" else two_pairs
    first, its_partner, second, its_own, other = shown.singles
    expected = {
        first: ("P", 0),
        its_partner: ("NP", 0),
        second: ("P", 1),
        its_own: ("NP", 1),
        other: ("NA", -1),
    }
    for name, role in list(expected.items()):
        forms = (shown.half(name), shown.drive(name), *(shown.view(name, of) for of in VIEWS))
        expected |= dict.fromkeys(forms, role)
    for number, pair in enumerate(shown.pairs):
        expected |= {pair.composite: ("C", number), pair.montage: ("C", number)}
    assert len(expected) == 5 * (1 + 2 + len(VIEWS)) + 2 * 2, "two stimuli have one name"
    for name, role in expected.items():
        assert shown.role(name) == role
        trial = shown.test(name, "before")
        assert (trial.stimulus, trial.phase, trial.plastic) == (name, "before", False)
        assert (trial.role, trial.pair) == role
        assert (trial.duration, trial.gap) == (0.5, 0.4)


def test_a_trial_is_as_long_and_as_plastic_as_asked() -> None:
    stimuli = random_stimuli(3, 1, N, ACTIVE, generator())
    trial = stimuli.trial("code 1+code 2", "learning", 1.0, 0.5, {"projection": 0.1})
    assert (trial.role, trial.pair, trial.phase) == ("C", 0, "learning")
    assert (trial.duration, trial.gap, trial.plastic) == (1.0, 0.5, True)
    assert trial.learning_rates == {"projection": 0.1}


# ------------------------------------------------------------------------------ random codes


@pytest.mark.parametrize("n_pairs", [1, 2])
def test_random_codes_are_disjoint_and_composites_their_union(n_pairs: int) -> None:
    stimuli = random_stimuli(5, n_pairs, N, ACTIVE, generator())
    assert stimuli.singles == tuple(f"code {k}" for k in range(1, 6))
    singles = np.array([stimuli.codes[name] for name in stimuli.singles])
    assert (singles.sum(axis=1) == ACTIVE).all() and singles.sum(axis=0).max() == 1
    composites = [pair.composite for pair in stimuli.pairs]
    assert composites == ["code 1+code 2", "code 3+code 4"][:n_pairs]
    for k, composite in enumerate(composites):
        assert np.array_equal(stimuli.codes[composite], singles[2 * k] | singles[2 * k + 1])
    halves = {stimuli.half(name) for name in stimuli.singles}
    assert stimuli.codes.keys() == {*stimuli.singles, *composites, *halves}
    assert stimuli.encoded(["composite_weight", "code_overlap"]) == {}


def test_random_codes_follow_the_generator() -> None:
    one, again, other = (random_stimuli(3, 1, N, ACTIVE, generator(seed)) for seed in (0, 0, 1))
    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("stimuli", ["random", "pictures"])
def test_half_of_a_stimulus_lies_within_it(stimuli: str, two_pairs: PairedStimuli) -> None:
    shown = random_stimuli(5, 2, N, ACTIVE, generator()) if stimuli == "random" else two_pairs
    for name in shown.singles:
        half, whole = shown.codes[shown.half(name)], shown.codes[name]
        assert half.sum() == ACTIVE // 2 and not (half & ~whole).any()


# ------------------------------------------------------------------------------ pictures


def test_pictures_their_composites_and_montages_have_codes(two_pairs: PairedStimuli) -> None:
    plain = picture_stimuli(PICTURES, 2, N, ACTIVE, generator())
    halves = {plain.half(name) for name in PICTURES}
    made = {name for pair in plain.pairs for name in (pair.composite, pair.montage)}
    assert plain.codes.keys() == {*PICTURES, *made, *halves}
    assert all(plain.codes[name].sum() == ACTIVE for name in plain.codes.keys() - halves)
    distinct = {plain.codes[name].tobytes() for name in plain.codes.keys() - halves}
    assert len(distinct) == len(PICTURES) + len(made)
    views = {plain.view(name, of) for name in PICTURES for of in VIEWS}
    assert two_pairs.codes.keys() == plain.codes.keys() | views
    assert all(np.array_equal(two_pairs.codes[name], code) for name, code in plain.codes.items())


def test_one_encoder_codes_all_that_is_shown(two_pairs: PairedStimuli) -> None:
    loaded = {name: load_picture(name) for name in PICTURES}
    encoder = PictureEncoder.fit(list(loaded.values()), N, ACTIVE, generator())
    codes = two_pairs.codes
    for name, picture in loaded.items():
        assert np.array_equal(codes[name], encoder.code(picture))
        for of in VIEWS:
            of_view = encoder.code(view(picture, of))
            assert np.array_equal(codes[two_pairs.view(name, of)], of_view)
    for pair in two_pairs.pairs:
        p, partner = loaded[pair.p], loaded[pair.partner]
        blend = encoder.balanced_blend(p, partner)
        superimposed = encoder.code(superimpose(p, partner, blend.weight))
        assert np.array_equal(codes[pair.composite], superimposed)
        assert np.array_equal(codes[pair.montage], encoder.code(montage(p, partner)))
        assert not np.array_equal(codes[pair.composite], codes[pair.p] | codes[pair.partner])


def test_what_the_encoder_made_of_one_pair() -> None:
    stimuli = picture_stimuli(PICTURES, 1, N, ACTIVE, generator())
    (pair,) = stimuli.pairs
    shares = {
        f"{made}_share_{of}": share(stimuli, single, shown)
        for made, shown in (("composite", pair.composite), ("montage", pair.montage))
        for of, single in (("p", pair.p), ("np", pair.partner))
    }
    assert {name: stimuli.values[name] for name in shares} == pytest.approx(shares)
    tolerance = max(BALANCE, 1 / ACTIVE) + 1e-9
    assert shares["composite_share_p"] == pytest.approx(shares["composite_share_np"], abs=tolerance)
    assert shares["montage_share_p"] > shares["montage_share_np"], "the person is pasted in"
    assert 0 < stimuli.values["composite_weight"] < 1
    assert stimuli.values.keys() == {*shares, "composite_weight", "code_overlap"}


def test_what_the_encoder_made_of_several_pairs_is_their_mean(two_pairs: PairedStimuli) -> None:
    first = picture_stimuli(PICTURES, 1, N, ACTIVE, generator())
    second = picture_stimuli(
        (*PICTURES[2:4], *PICTURES[:2], PICTURES[4]), 1, N, ACTIVE, generator()
    )
    names = first.values.keys() - {"code_overlap"}
    assert any(first.values[name] != second.values[name] for name in names)
    for name in names:
        mean = (first.values[name] + second.values[name]) / 2
        assert two_pairs.values[name] == pytest.approx(mean), name


@pytest.mark.parametrize("n_pairs", [1, 2])
def test_the_overlap_of_codes_is_that_of_pictures_that_are_no_pair(n_pairs: int) -> None:
    stimuli = picture_stimuli(PICTURES, n_pairs, N, ACTIVE, generator())
    shares = [
        share(stimuli, one, other)
        for k, one in enumerate(PICTURES)
        for other in PICTURES[k + 1 :]
        if (one, other) not in (("person", "flower"), ("palace", "rocket"))[:n_pairs]
    ]
    assert len(shares) == 10 - n_pairs
    assert stimuli.values["code_overlap"] == pytest.approx(np.mean(shares))


def test_values_are_returned_by_name(two_pairs: PairedStimuli) -> None:
    wanted = two_pairs.encoded(["code_overlap", "montage_share_p", "pair_coding"])
    assert list(wanted) == ["code_overlap", "montage_share_p"]
    assert wanted["code_overlap"] == two_pairs.values["code_overlap"]


def test_a_picture_is_coded_alike_whatever_else_is_shown() -> None:
    five = picture_stimuli(REFERENCE, 1, N, ACTIVE, generator())
    three = picture_stimuli(REFERENCE[:3], 1, N, ACTIVE, generator())
    for name in (*REFERENCE[:3], five.pairs[0].composite):
        assert np.array_equal(five.codes[name], three.codes[name])


def test_codes_of_pictures_follow_the_generator(two_pairs: PairedStimuli) -> None:
    assert same(two_pairs, picture_stimuli(PICTURES, 2, N, ACTIVE, generator(), VIEWS))
    assert not same(two_pairs, picture_stimuli(PICTURES, 2, N, ACTIVE, generator(1), VIEWS))


# ------------------------------------------------------------------------------ refused


@pytest.fixture
def draw(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a picture of coarse noise."""

    def write(name: str) -> Path:
        grey = generator(len(name)).integers(0, 256, (12, 16), dtype=np.uint8)
        Image.fromarray(grey).resize((160, 120)).save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("n_singles", "n_pairs", "message"),
    [
        (2, 1, r"^Got 2 {}, expected a pair and at least one other: 3 {} or more\.$"),
        (4, 2, r"^Got 4 {}, expected 2 pairs and at least one other: 5 {} or more\.$"),
        (1, 2, r"^Got 1 {}, expected 2 pairs and at least one other: 5 {} or more\.$"),
    ],
)
def test_too_few_stimuli_are_refused(n_singles: int, n_pairs: int, message: str) -> None:
    with pytest.raises(InputError, match=message.format("codes", "codes")):
        random_stimuli(n_singles, n_pairs, N, ACTIVE, generator())
    with pytest.raises(InputError, match=message.format("pictures", "pictures")):
        picture_stimuli(PICTURES[:n_singles], n_pairs, N, ACTIVE, generator())


def test_as_few_as_possible_are_enough() -> None:
    assert len(random_stimuli(5, 2, N, ACTIVE, generator()).pairs) == 2
    assert len(picture_stimuli(PICTURES[:3], 1, N, ACTIVE, generator()).pairs) == 1


def test_too_few_inputs_for_disjoint_codes_are_refused() -> None:
    assert random_stimuli(10, 1, N, ACTIVE, generator()).codes["code 10"].sum() == ACTIVE
    with pytest.raises(InputError, match=r"^11 disjoint codes of 20 units need 220 units, .* 200"):
        random_stimuli(11, 1, N, ACTIVE, generator())


def test_a_picture_that_is_named_twice_is_refused() -> None:
    pictures = ("palace", "person", "flower", "palace")
    with pytest.raises(InputError, match=r"^The picture 'palace' is named twice, expected differ"):
        picture_stimuli(pictures, 1, N, ACTIVE, generator())


def test_a_picture_under_two_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw: Callable[[str], Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    draw("mine.png")
    Path("copy.png").write_bytes(Path("mine.png").read_bytes())
    for again in ("./mine.png", "copy.png", os.path.abspath("mine.png")):
        message = f"^The pictures 'mine.png' and '{again}' are the same, expected different pictu"
        with pytest.raises(InputError, match=message):
            picture_stimuli(("palace", "mine.png", again), 1, N, ACTIVE, generator())


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "is neither a file nor built in: "),
        ("folder", "is a folder, expected a picture file or a built-in picture."),
        ("text", "cannot be read as a picture: damaged, too large or of no known format."),
        ("locked", "cannot be read as a picture: Permission denied."),
        ("uniform", "is uniform, expected one that shows something."),
    ],
)
def test_a_bad_picture_is_named_wherever_it_stands(
    kind: str, reason: str, place: int, tmp_path: Path, draw: Callable[[str], Path]
) -> None:
    path = tmp_path / "mine.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("This is no picture.\n")
    elif kind == "uniform":
        Image.new("L", (30, 20), 77).save(path)
    elif kind == "locked":
        draw(path.name)
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("root may read everything")
    pictures = ["palace", "person"]
    pictures.insert(place, str(path))
    with pytest.raises(InputError) as caught:
        picture_stimuli(pictures, 1, N, ACTIVE, generator())
    sentence = str(caught.value)
    assert str(path) in sentence and reason in sentence
    assert "\n" not in sentence and sentence.endswith((".", "?"))
