"""Vectors as stimuli: what is built in, the formats of files, input errors, blends."""

from __future__ import annotations

import gzip
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.hashing.vector_files import read_vectors
from neurosim.hashing.vectors import (
    BUILT_IN,
    CLUSTER_SPREAD,
    COMMON_SHARE,
    N_CLUSTERS,
    N_GLOMERULI,
    N_ODOURS,
    blend,
    load_vectors,
)

BYTES = np.array([[0, 1, 255], [7, 0, 128], [3, 4, 5], [9, 8, 0]], dtype=np.uint8)
RATES = BYTES / 8  # exact in 32 bits, and in decimals


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def csv_text(samples: np.ndarray) -> str:
    return "".join(",".join(map(repr, row)) + "\n" for row in samples.tolist())


def idx_bytes(values: np.ndarray, code: int) -> bytes:
    head = struct.pack(f">4B{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def fvecs_bytes(samples: np.ndarray) -> bytes:
    return b"".join(struct.pack(f"<i{len(row)}f", len(row), *row) for row in samples)


def bvecs_bytes(samples: np.ndarray) -> bytes:
    return b"".join(struct.pack(f"<i{len(row)}B", len(row), *row) for row in samples)


def written(path: Path, content: bytes | str | np.ndarray) -> str:
    if isinstance(content, np.ndarray):
        np.save(path, content)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def refusal(path: Path, content: bytes | str | np.ndarray) -> str:
    """Return the sentence by which a file is refused, without the folder that it is in."""
    source = written(path, content)
    with pytest.raises(InputError) as refused:
        load_vectors(source, generator())
    sentence = str(refused.value)
    assert f"'{source}'" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.replace(f"{path.parent}/", "")


# What is built in


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    digits = load_vectors("digits", generator())
    assert digits.name == "digits"
    assert digits.samples.dtype == np.float64
    assert digits.samples.shape == (1797, 64)
    assert (digits.samples == load_digits().data).all()
    assert "Alpaydin" in digits.source


def test_independent_odours_are_exponential():
    samples = load_vectors("iid", generator()).samples
    n = samples.size
    assert samples.shape == (N_ODOURS, N_GLOMERULI) == (1000, 50)
    # An exponential distribution of mean 1 has a variance of 1 and a fourth central moment of 9.
    assert samples.mean() == pytest.approx(1, abs=4 / np.sqrt(n))
    assert samples.var() == pytest.approx(1, abs=4 * np.sqrt(8 / n))
    for rate in (0.1, np.log(2), 3.0):
        share = np.exp(-rate)
        tolerance = 4 * np.sqrt(share * (1 - share) / n)
        assert (samples > rate).mean() == pytest.approx(share, abs=tolerance)


@pytest.mark.parametrize("transposed", [False, True], ids=["odours", "receptors"])
def test_rates_of_independent_odours_do_not_correlate(transposed):
    samples = load_vectors("iid", generator()).samples
    correlations = np.corrcoef(samples.T if transposed else samples)
    others = correlations[np.triu_indices(len(correlations), 1)]
    n_values = samples.shape[0] if transposed else samples.shape[1]
    assert abs(others.mean()) < 0.01
    assert others.std() == pytest.approx(1 / np.sqrt(n_values - 1), rel=0.1)


def test_odours_of_a_cluster_correlate_and_others_do_not():
    samples = load_vectors("clustered", generator()).samples
    assert samples.shape == (N_ODOURS, N_GLOMERULI)
    cluster = np.arange(N_ODOURS) % N_CLUSTERS
    same = cluster[:, None] == cluster
    correlations = np.corrcoef(samples)
    within = correlations[same & ~np.eye(N_ODOURS, dtype=bool)]
    between = correlations[~same]
    # With exponential prototypes p and log-normal factors f of mean 1 the covariance of two odours
    # of a cluster is var(p) = 1, the variance of one is E[p^2] E[f^2] - 1.
    expected = 1 / (2 * np.exp(CLUSTER_SPREAD**2) - 1)
    assert expected == pytest.approx(0.925, abs=0.001)
    assert within.mean() == pytest.approx(expected, abs=0.02)
    assert between.mean() == pytest.approx(0, abs=0.02)
    assert within.min() > np.quantile(between, 0.999)


def test_first_odours_come_from_every_cluster():
    samples = load_vectors("clustered", generator()).samples
    correlations = np.corrcoef(samples[:N_CLUSTERS]) - np.eye(N_CLUSTERS)
    # Prototypes are independent: 5 standard deviations of a correlation of 50 values.
    assert correlations.max() < 5 / np.sqrt(N_GLOMERULI - 1)


def test_factors_of_clustered_odours_are_log_normal_with_a_mean_of_1():
    samples = load_vectors("clustered", generator()).samples
    prototypes = generator().exponential(size=(N_CLUSTERS, N_GLOMERULI))
    factors = samples.reshape(-1, N_CLUSTERS, N_GLOMERULI) / prototypes
    error = CLUSTER_SPREAD / np.sqrt(factors.size)
    assert factors.mean() == pytest.approx(1, abs=4 * error)
    assert np.log(factors).mean() == pytest.approx(-(CLUSTER_SPREAD**2) / 2, abs=4 * error)
    assert np.log(factors).std() == pytest.approx(CLUSTER_SPREAD, abs=4 * error)


def gaussian_ranks(samples: np.ndarray) -> np.ndarray:
    """Undo the exponential distribution of the rates."""
    from scipy.special import ndtri

    return ndtri(-np.expm1(-samples))


def test_rates_of_correlated_odours_are_exponential():
    samples = load_vectors("correlated", generator()).samples
    assert samples.shape == (N_ODOURS, N_GLOMERULI)
    # The profile consists of quantiles, whose variance is a little below 1.
    assert samples.mean() == pytest.approx(1, abs=0.02)
    assert samples.std() == pytest.approx(1, abs=0.04)
    for rate in (0.1, np.log(2), 3.0):
        assert (samples > rate).mean() == pytest.approx(np.exp(-rate), abs=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_correlated_odours_overlap_alike_with_every_seed(seed):
    ranks = gaussian_ranks(load_vectors("correlated", generator(seed)).samples)
    others = np.corrcoef(ranks)[np.triu_indices(N_ODOURS, 1)]
    assert others.mean() == pytest.approx(COMMON_SHARE, abs=0.02)


def test_what_correlated_odours_have_in_common_is_gaussian_over_receptors():
    from scipy.special import ndtri

    quantiles = ndtri((np.arange(N_GLOMERULI) + 0.5) / N_GLOMERULI)
    profiles = [
        gaussian_ranks(load_vectors("correlated", generator(seed)).samples).mean(axis=0)
        for seed in (0, 1)
    ]
    error = np.sqrt((1 - COMMON_SHARE) / N_ODOURS)
    for profile in profiles:
        assert np.sort(profile) == pytest.approx(np.sqrt(COMMON_SHARE) * quantiles, abs=5 * error)
    assert abs(np.corrcoef(profiles)[0, 1]) < 0.5, "the same receptors with every seed"


def test_what_correlated_odours_have_of_their_own_is_independent():
    ranks = gaussian_ranks(load_vectors("correlated", generator()).samples)
    own = ranks - ranks.mean(axis=0)
    assert own.std() == pytest.approx(np.sqrt(1 - COMMON_SHARE), rel=0.02)
    between = np.corrcoef(own.T)[np.triu_indices(N_GLOMERULI, 1)]
    assert abs(between.mean()) < 0.01
    assert between.std() == pytest.approx(1 / np.sqrt(N_ODOURS - 1), rel=0.1)


@pytest.mark.parametrize("name", ["clustered", "correlated", "iid"])
def test_odours_follow_the_seed(name):
    first, again, other = (load_vectors(name, generator(seed)) for seed in (3, 3, 4))
    assert (first.samples == again.samples).all()
    assert (first.samples != other.samples).all()
    assert first.source == again.source == other.source


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_vectors_are_rates_with_a_source(name):
    vectors = load_vectors(name, generator(1))
    assert vectors.name == name
    assert np.isfinite(vectors.samples).all()
    assert vectors.samples.min() >= 0
    assert vectors.samples.any(axis=1).all()
    assert vectors.source.endswith(".")


@pytest.mark.parametrize("name", ["digits", "file"])
def test_data_that_are_not_drawn_leave_the_generator_as_it_is(name, tmp_path):
    source = written(tmp_path / "rates.npy", RATES) if name == "file" else name
    drawn_from = generator()
    load_vectors(source, drawn_from)
    assert drawn_from.random() == generator().random()


def test_digits_do_not_share_memory_between_calls():
    load_vectors("digits", generator()).samples[:] = -1
    assert load_vectors("digits", generator()).samples.min() == 0


def test_import_is_cheap():
    heavy = "[m for m in ('sklearn', 'scipy') if m in sys.modules]"
    code = f"import sys, neurosim.hashing.vectors; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Formats

CONTENTS = {
    "rates.csv": csv_text(RATES),
    "rates.npy": RATES,
    "rates.idx": idx_bytes(RATES.astype(np.float32), 0x0D),
    "rates.fvecs": fvecs_bytes(RATES),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_gives_the_numbers_that_were_written(name, tmp_path):
    source = written(tmp_path / name, CONTENTS[name])
    vectors = load_vectors(source, generator())
    assert vectors.name == name
    assert source in vectors.source
    assert vectors.samples.dtype == np.float64
    assert vectors.samples.flags.c_contiguous
    assert vectors.samples.flags.writeable
    assert vectors.samples.tolist() == RATES.tolist()


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_may_be_compressed(name, tmp_path):
    plain = Path(written(tmp_path / name, CONTENTS[name]))
    packed = written(tmp_path / f"{name}.gz", gzip.compress(plain.read_bytes()))
    assert load_vectors(packed, generator()).samples.tolist() == RATES.tolist()


def test_a_path_may_be_a_path_object_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "RATES.NPY.npy", RATES)
    (tmp_path / "RATES.NPY.npy").rename(tmp_path / "RATES.NPY")
    assert load_vectors(Path("~/RATES.NPY"), generator()).samples.tolist() == RATES.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n" + csv_text(RATES),
        '"first, with a comma",b,c\n' + csv_text(RATES),
        ",,\n" + csv_text(RATES),
        "1_1,1_2,1_3\n" + csv_text(RATES),
        "\ufeff" + csv_text(RATES),
        csv_text(RATES).replace("\n", "\r\n"),
        csv_text(RATES).replace(",", ", "),
        csv_text(RATES).replace("\n", "\n\n"),
        "  \n" + csv_text(RATES) + " \n",
        csv_text(RATES).rstrip("\n"),
        csv_text(RATES).replace("31.875", '"+3.1875e1"'),
    ],
    ids=[
        "header",
        "quoted header",
        "empty header",
        "header of coordinates",
        "byte order mark",
        "CRLF",
        "spaces",
        "empty lines",
        "blank ends",
        "no final newline",
        "quoted exponent",
    ],
)
def test_csv_as_spreadsheets_and_packages_write_it(text, tmp_path):
    source = written(tmp_path / "rates.csv", text)
    assert load_vectors(source, generator()).samples.tolist() == RATES.tolist()


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i2", ">i4", "u8", "f2", ">f4", "f8", np.longdouble], ids=str
)
def test_npy_of_any_number(dtype, tmp_path):
    values = (BYTES % 2 + 1).astype(dtype)
    source = written(tmp_path / "rates.npy", values)
    assert load_vectors(source, generator()).samples.tolist() == values.astype(float).tolist()


def test_npy_in_columns_keeps_its_rows(tmp_path):
    source = written(tmp_path / "rates.npy", np.asfortranarray(RATES))
    samples = load_vectors(source, generator()).samples
    assert samples.flags.c_contiguous
    assert samples.tolist() == RATES.tolist()


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")],
)
def test_idx_of_every_type(code, dtype, tmp_path):
    values = (BYTES % 100).astype(dtype)
    source = written(tmp_path / "t10k.idx2-ubyte", idx_bytes(values, code))
    assert load_vectors(source, generator()).samples.tolist() == (BYTES % 100).tolist()


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images.idx3-ubyte", "a.idx"])
def test_images_of_idx_are_flattened_row_by_row(name, tmp_path):
    images = generator().integers(1, 256, size=(5, 4, 3)).astype(np.uint8)
    source = written(tmp_path / name, idx_bytes(images, 0x08))
    samples = load_vectors(source, generator()).samples
    assert samples.shape == (5, 12)
    assert samples[2, 3 * 3 + 1] == images[2, 3, 1]
    assert (samples == images.reshape(5, 12)).all()


def test_bvecs_are_bytes(tmp_path):
    source = written(tmp_path / "sift.bvecs", bvecs_bytes(BYTES))
    assert load_vectors(source, generator()).samples.tolist() == BYTES.tolist()


# Names and paths that are refused


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("digit", "did you mean 'digits'?"),
        ("cluster", "did you mean 'clustered'?"),
        ("mnist", "expected one of: clustered, correlated, digits, iid."),
        ("", "expected one of: clustered, correlated, digits, iid."),
        ("missing.txt", "expected one of: clustered, correlated, digits, iid."),
    ],
)
def test_unknown_names_lead_to_the_nearest_and_to_the_endings(source, ending):
    with pytest.raises(InputError) as refused:
        load_vectors(source, generator())
    assert str(refused.value) == (
        f"'{source}' is no path (which ends in .csv, .npy, .fvecs, .bvecs, .idx or -ubyte, each "
        f"also with .gz) and not built in: {ending}"
    )


def test_a_file_of_unknown_ending(tmp_path):
    assert refusal(tmp_path / "rates.txt", "1,2\n") == (
        "The file 'rates.txt' is of no known format, expected a name that ends in .csv, .npy, "
        ".fvecs, .bvecs, .idx or -ubyte, each also with .gz."
    )


def test_missing_files():
    with pytest.raises(InputError, match=r"There is no file 'no/rates\.csv', expected a file of"):
        load_vectors("no/rates.csv", generator())
    with pytest.raises(InputError, match="There is no file"):
        load_vectors("a\0.npy", generator())


@pytest.mark.parametrize("name", ["folder", "folder.csv"])
def test_folders(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=rf"{name}' is a folder, expected a file of vectors\."):
        load_vectors(tmp_path / name, generator())


def test_files_that_may_not_be_read(tmp_path, monkeypatch):
    def forbid(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    source = written(tmp_path / "rates.npy", RATES)
    monkeypatch.setattr(Path, "read_bytes", forbid)
    with pytest.raises(InputError, match=r"rates\.npy' cannot be read: Permission denied\.$"):
        load_vectors(source, generator())


def test_files_that_do_not_fit_into_the_memory(tmp_path, monkeypatch):
    def overflow(path: Path) -> bytes:
        raise MemoryError

    source = written(tmp_path / "sift.bvecs", bvecs_bytes(BYTES))
    monkeypatch.setattr(Path, "read_bytes", overflow)
    with pytest.raises(InputError, match=r"sift\.bvecs' is larger than the free memory"):
        load_vectors(source, generator())


ENDINGS = [".csv", ".npy", ".fvecs", ".bvecs", ".idx", "-ubyte", ".csv.gz", "-ubyte.gz"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_empty_files(ending, tmp_path):
    sentence = refusal(tmp_path / f"rates{ending}", b"")
    assert sentence == f"The file 'rates{ending}' is empty, expected one vector per stimulus."


@pytest.mark.parametrize("ending", ENDINGS)
def test_noise_is_refused_in_every_format(ending, tmp_path):
    for seed in range(20):
        refusal(tmp_path / f"noise{ending}", generator(seed).bytes(60))


@pytest.mark.parametrize(
    "content",
    [csv_text(RATES).encode(), gzip.compress(b"1,2\n" * 999)[:-9], gzip.compress(b"1,2")[:-9]],
    ids=["never compressed", "cut", "cut in its only block"],
)
def test_files_that_cannot_be_decompressed(content, tmp_path):
    assert refusal(tmp_path / "rates.csv.gz", content) == (
        "The file 'rates.csv.gz' cannot be decompressed: it is damaged or not of the gzip format "
        "that its ending tells."
    )


# Faults of each format


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "1,2,3\n4,5\n6,7,8\n",
            "Line 2 of 'rates.csv' has 2 cells, expected 3 as in line 1.",
        ),
        (
            "a,b\n\n1,2\n3,4,5\n",
            "Line 4 of 'rates.csv' has 3 cells, expected 2 as in line 1.",
        ),
        (
            "1,2\n3,four\n",
            "Line 2, column 2 of 'rates.csv' is 'four', expected a number between commas.",
        ),
        (
            "1,2\n,4\n",
            "Line 2, column 1 of 'rates.csv' is '', expected a number between commas.",
        ),
        (
            "a,b\nc,d\n1,2\n",
            "Line 2, column 1 of 'rates.csv' is 'c', expected a number between commas.",
        ),
        (
            "label,1,2\n3,4,5\n",
            "Line 1, column 1 of 'rates.csv' is 'label', expected a number or a header without "
            "numbers.",
        ),
        (
            "a;b\n1;2\n",
            "Line 2, column 1 of 'rates.csv' is '1;2', expected a number between commas.",
        ),
        (
            "1,2\n3," + "x" * 500,
            "Line 2, column 2 of 'rates.csv' is 'xxxxxxxxxxxx...xxxxxxxxxxxxx', expected a number "
            "between commas.",
        ),
        (
            "1,2\n3," + "9" * 200_000,
            "Line 2 of 'rates.csv' is no line of CSV: field larger than field limit (131072).",
        ),
        (
            "a,b\n",
            "The file 'rates.csv' holds 0 x 2 numbers (stimuli x features), expected at least "
            "2 x 2.",
        ),
        (
            "\n",
            "The file 'rates.csv' holds 0 x 0 numbers (stimuli x features), expected at least "
            "2 x 2.",
        ),
    ],
)
def test_faults_of_csv(text, sentence, tmp_path):
    assert refusal(tmp_path / "rates.csv", text) == sentence


def test_csv_of_another_encoding(tmp_path):
    sentence = refusal(tmp_path / "rates.csv", csv_text(RATES).encode("utf-16"))
    assert sentence == "The file 'rates.csv' is not text in UTF-8, expected lines of numbers."


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.ones(5), r"an array of shape \(5,\), expected two dimensions: stimuli and features"),
        (np.ones((2, 3, 4)), r"an array of shape \(2, 3, 4\), expected two dimensions"),
        (np.array(1.0), r"an array of shape \(\), expected two dimensions"),
        (np.array([["1", "2"], ["3", "4"]]), "values of type <U1, expected numbers"),
        (np.ones((2, 2), dtype=complex), "values of type complex128, expected numbers"),
        (np.zeros((2, 2), dtype="m8[s]"), r"values of type timedelta64\[s\], expected numbers"),
        (np.ones((2, 2), dtype=[("rate", "f8")]), "values of type .*, expected numbers"),
    ],
    ids=["1-D", "3-D", "0-D", "text", "complex", "times", "records"],
)
def test_npy_of_another_content(array, reason, tmp_path):
    with pytest.raises(InputError, match=rf"The file '.*rates\.npy' holds {reason}"):
        load_vectors(written(tmp_path / "rates.npy", array), generator())


class Trap:
    """An object that leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_pickled_npy_is_never_loaded(tmp_path):
    trace = tmp_path / "trace"
    sentence = refusal(tmp_path / "rates.npy", np.array([[Trap(trace), 1], [2, 3]], dtype=object))
    assert sentence == (
        "The file 'rates.npy' cannot be read as an array of numbers: it is damaged, or holds "
        "pickled Python objects, which are never loaded."
    )
    assert "begins with the bytes" in refusal(tmp_path / "rates.npy", pickle.dumps(Trap(trace)))
    assert not trace.exists()


def test_npy_that_is_damaged_or_of_another_format(tmp_path):
    path = tmp_path / "rates.npy"
    whole = Path(written(path, RATES)).read_bytes()
    assert "it is damaged" in refusal(path, whole[:-1])
    assert "it is damaged" in refusal(path, whole[:20])
    assert "it is damaged" in refusal(path, whole.replace(b"(4, 3)", b"(4, -"))
    huge = b"(999999999999, 3), }"
    assert "it is damaged" in refusal(path, whole.replace(b"(4, 3), }".ljust(len(huge)), huge))
    np.savez(tmp_path / "archive.npz", RATES)
    archive = (tmp_path / "archive.npz").read_bytes()
    assert refusal(path, archive).endswith(
        "begins with the bytes 50 4b 03 04 2d 00, expected those of the NPY format: "
        "93 4e 55 4d 50 59."
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"\x89PNG\r\n",
            "The file 'images.idx' begins with the bytes 89 50 4e 47, expected those of the IDX "
            "format: 00 00, then the type of the numbers (08, 09, 0b, 0c, 0d or 0e), then the "
            "number of dimensions.",
        ),
        (
            b"\0\0\x08",
            "The file 'images.idx' begins with the bytes 00 00 08, expected those of the IDX "
            "format: 00 00, then the type of the numbers (08, 09, 0b, 0c, 0d or 0e), then the "
            "number of dimensions.",
        ),
        (
            b"\0\0\x0a" + idx_bytes(BYTES, 8)[3:],
            "The file 'images.idx' begins with the bytes 00 00 0a 02, expected those of the IDX "
            "format: 00 00, then the type of the numbers (08, 09, 0b, 0c, 0d or 0e), then the "
            "number of dimensions.",
        ),
        (
            idx_bytes(np.arange(9, dtype=np.uint8), 8),
            "The number of dimensions in 'images.idx' is 1, expected 2 or more: vectors or images, "
            "not their labels.",
        ),
        (
            idx_bytes(BYTES, 8)[:-1],
            "The file 'images.idx' has 23 bytes, expected 24 for the 4 x 3 numbers that its head "
            "announces.",
        ),
        (
            idx_bytes(BYTES, 8) + b"\1",
            "The file 'images.idx' has 25 bytes, expected 24 for the 4 x 3 numbers that its head "
            "announces.",
        ),
        (
            idx_bytes(BYTES, 8)[:6],
            "The head of 'images.idx' announces 0 x 0 numbers, expected 2 sizes of 1 or more.",
        ),
        (
            b"\0\0\x0e\x03" + b"\xff" * 12,
            f"The file 'images.idx' has 16 bytes, expected {16 + 8 * (2**32 - 1) ** 3} for the "
            "4294967295 x 4294967295 x 4294967295 numbers that its head announces.",
        ),
        (
            b"\0\0\x08\x03" + b"\0" * 4 + b"\xff" * 8,
            "The head of 'images.idx' announces 0 x 4294967295 x 4294967295 numbers, expected 3 "
            "sizes of 1 or more.",
        ),
    ],
)
def test_faults_of_idx(content, sentence, tmp_path):
    assert refusal(tmp_path / "images.idx", content) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            fvecs_bytes(RATES)[:-1],
            "The file 'sift.fvecs' ends 15 bytes into vector 4, expected the 16 bytes of its "
            "length and its 3 features.",
        ),
        (
            fvecs_bytes(RATES)[:7],
            "The file 'sift.fvecs' ends 7 bytes into vector 1, expected the 16 bytes of its "
            "length and its 3 features.",
        ),
        (
            fvecs_bytes(RATES[:2]) + fvecs_bytes(RATES[2:, :2]),
            "Vector 3 of 'sift.fvecs' says that it has 2 features, expected 3 as in the first.",
        ),
        (
            fvecs_bytes(RATES[:2]) + struct.pack("<i7f", 7, *range(7)),
            "Vector 3 of 'sift.fvecs' says that it has 7 features, expected 3 as in the first.",
        ),
        (
            b"\3\0",
            "The file 'sift.fvecs' begins with the bytes 03 00, expected the length of its first "
            "vector: a 32-bit little-endian integer of 1 or higher.",
        ),
        (
            struct.pack("<i", 0) * 8,
            "The file 'sift.fvecs' begins with the bytes 00 00 00 00, expected the length of its "
            "first vector: a 32-bit little-endian integer of 1 or higher.",
        ),
        (
            struct.pack("<i3f", -3, 1, 2, 3),
            "The file 'sift.fvecs' begins with the bytes fd ff ff ff, expected the length of its "
            "first vector: a 32-bit little-endian integer of 1 or higher.",
        ),
        (
            struct.pack(">i3f", 3, 1, 2, 3),
            "The file 'sift.fvecs' ends 16 bytes into vector 1, expected the 201326596 bytes of "
            "its length and its 50331648 features.",
        ),
    ],
)
def test_faults_of_fvecs(content, sentence, tmp_path):
    assert refusal(tmp_path / "sift.fvecs", content) == sentence


def test_bvecs_with_a_vector_of_another_length(tmp_path):
    content = bvecs_bytes(BYTES[:1]) + struct.pack("<i2B", 2, 1, 1) + bvecs_bytes(BYTES[2:])
    sentence = refusal(tmp_path / "sift.bvecs", content)
    assert sentence == (
        "Vector 2 of 'sift.bvecs' says that it has 2 features, expected 3 as in the first."
    )


# Numbers that are no rates


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.nan, "is nan, expected a finite number."),
        (np.inf, "is inf, expected a finite number."),
        (-np.inf, "is -inf, expected a finite number."),
        (
            -0.25,
            "is -0.25, expected a rate of 0 or higher: subtract the minimum of each column from "
            "that column.",
        ),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".npy", ".fvecs", ".idx"])
def test_values_that_are_no_rates(value, reason, ending, tmp_path):
    samples = RATES.copy()
    samples[2, 1] = samples[3, 0] = value
    content = {
        ".csv": csv_text(samples),
        ".npy": samples,
        ".fvecs": fvecs_bytes(samples),
        ".idx": idx_bytes(samples, 0x0E),
    }[ending]
    sentence = refusal(tmp_path / f"rates{ending}", content)
    assert sentence == f"Row 3, column 2 of 'rates{ending}' (counted from 1) {reason}"


def test_the_advice_on_negative_values_makes_them_rates(tmp_path):
    samples = generator().normal(size=(20, 5))
    assert "subtract the minimum of each column" in refusal(tmp_path / "glove.npy", samples)
    source = written(tmp_path / "glove.npy", samples - samples.min(axis=0))
    assert load_vectors(source, generator()).samples.min() == 0


def test_a_stimulus_that_drives_nothing(tmp_path):
    samples = RATES.copy()
    samples[1] = 0
    assert refusal(tmp_path / "rates.npy", samples) == (
        "Row 2 of 'rates.npy' (counted from 1) is all zero, expected at least one rate above 0: a "
        "stimulus that drives nothing has no hash."
    )


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (1, 1), (0, 3), (3, 0)])
def test_fewer_than_two_stimuli_or_features(shape, tmp_path):
    assert refusal(tmp_path / "rates.npy", np.ones(shape)) == (
        f"The file 'rates.npy' holds {shape[0]} x {shape[1]} numbers (stimuli x features), "
        "expected at least 2 x 2."
    )


def test_reading_alone_judges_no_number(tmp_path):
    samples = np.array([[np.nan, -1.0, 0.0]])
    read = read_vectors(written(tmp_path / "any.npy", samples))
    assert np.array_equal(read, samples, equal_nan=True)


# Blends


def test_blend_of_a_hand_made_example():
    # Means of 2 and 4 become 3: the stimuli are 6 0 3 0 and 0 6 0 6.
    first, second = np.array([4, 0, 2, 2]), np.array([0, 8, 0, 8])
    assert blend(first, second) == pytest.approx([3, 3, 1.5, 4.5])
    assert blend(first, second, 0.25) == pytest.approx([1.5, 4.5, 0.75, 5.25])


def test_blend_does_not_depend_on_concentrations():
    first, second = generator().exponential(size=(2, N_GLOMERULI))
    mixture = blend(first, second, 0.3)
    other = blend(100 * first, second, 0.3)
    assert other / other.mean() == pytest.approx(mixture / mixture.mean())
    assert mixture.mean() == pytest.approx((first.mean() + second.mean()) / 2)


def test_blend_lies_between_its_stimuli():
    first, second = generator().exponential(size=(2, N_GLOMERULI))
    mean = (first.mean() + second.mean()) / 2
    assert blend(first, second, 1.0) == pytest.approx(first * mean / first.mean())
    assert blend(first, second, 0.0) == pytest.approx(second * mean / second.mean())
    assert blend(first, second, 0.3) == pytest.approx(blend(second, first, 0.7))
    assert blend(first, first, 0.3) == pytest.approx(first)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan, np.inf])
def test_share_of_a_blend_out_of_range(share):
    with pytest.raises(InputError, match=rf"share of the blend is {share:g}, expected 0 to 1\.$"):
        blend(np.ones(3), np.ones(3), share)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (np.ones(4), r"the shapes \(3,\) and \(4,\), expected two vectors of one length"),
        (np.ones((1, 3)), r"the shapes \(3,\) and \(1, 3\), expected two vectors of one length"),
        (np.zeros(3), "Row 2 of the two stimuli of the blend .* is all zero"),
        ([1, -1, 1], "Row 2, column 2 of the two stimuli .* is -1, expected a rate"),
        ([1, 1, np.nan], "Row 2, column 3 of the two stimuli .* is nan, expected a finite"),
    ],
)
def test_stimuli_that_cannot_be_blended(second, reason):
    with pytest.raises(InputError, match=reason):
        blend(np.ones(3), second)
