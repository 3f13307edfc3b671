"""Read vectors from files: CSV, NPY, IDX (MNIST) and fvecs or bvecs (SIFT)."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import math
import os
import reprlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from neurosim.errors import InputError

COMPRESSED = ".gz"
NPY_MAGIC = b"\x93NUMPY"  # source: numpy.lib.format, its documentation
# Types of the numbers by the third byte of the file. Source: LeCun, Cortes & Burges, "The MNIST
# database of handwritten digits", section on the format; all numbers are big-endian.
IDX_TYPES: Mapping[int, str] = {
    0x08: "u1",
    0x09: "i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}


def has_known_ending(name: str) -> bool:
    """Whether the name of a file tells its format: it has one of the `READERS`' endings."""
    return _reader(name) is not None


def read_vectors(name_or_path: str | os.PathLike[str]) -> np.ndarray:
    """Read the numbers of a file; its ending tells the format.

    The formats are ``.csv`` (a line is a stimulus, cells are separated by commas, the first line
    may be a header), ``.npy`` (a two-dimensional array), ``.idx`` and ``-ubyte`` (IDX, in which
    MNIST comes; images are flattened), ``.fvecs`` and ``.bvecs`` (in which SIFT comes; Jégou,
    Douze & Schmid 2011, IEEE TPAMI 33:117). Any of them may be compressed and end in ``.gz``.

    Parameters
    ----------
    name_or_path : str or path

    Returns
    -------
    ndarray of float64, shape (n_samples, n_features)
        Whatever numbers the file holds, be they finite or not, and however few.

    Raises
    ------
    InputError
        If there is no such file, its ending is unknown, or it is not of the format that its ending
        tells.
    """
    name = os.fspath(name_or_path)
    path = Path(os.path.expanduser(name))
    if os.path.isdir(path):
        raise InputError(f"'{name}' is a folder, expected a file of vectors.")
    reader = _reader(name)
    if reader is None:
        raise InputError(
            f"The file '{name}' is of no known format, expected a name that ends in "
            f"{known_endings()}."
        )
    if not os.path.isfile(path):
        raise InputError(f"There is no file '{name}', expected a file of vectors.")
    try:
        content = _content(path, name)
        if not content:
            raise InputError(f"The file '{name}' is empty, expected one vector per stimulus.")
        return np.ascontiguousarray(reader(content, name), dtype=np.float64)
    except MemoryError as error:
        raise InputError(
            f"The file '{name}' is larger than the free memory, expected a part of it."
        ) from error


def known_endings() -> str:
    """Return the part of an error sentence that lists the endings of the formats."""
    *others, last = READERS
    return f"{', '.join(others)} or {last}, each also with {COMPRESSED}"


def _reader(name: str) -> Reader | None:
    ending = name.lower().removesuffix(COMPRESSED)
    return next((read for known, read in READERS.items() if ending.endswith(known)), None)


def _content(path: Path, name: str) -> bytes:
    try:
        if not name.lower().endswith(COMPRESSED):
            return path.read_bytes()
        with gzip.open(path) as compressed:
            return compressed.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f"The file '{name}' cannot be decompressed: it is damaged or not of the gzip format "
            "that its ending tells."
        ) from error
    except OSError as error:
        raise InputError(f"The file '{name}' cannot be read: {error.strerror}.") from error


def _read_csv(content: bytes, name: str) -> np.ndarray:
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise InputError(
            f"The file '{name}' is not text in UTF-8, expected lines of numbers."
        ) from error
    lines = csv.reader(io.StringIO(text, newline=""))
    width, first_line = 0, 0
    samples: list[np.ndarray] = []
    try:
        for cells in lines:
            if len(cells) < 2 and not "".join(cells).strip():
                continue  # an empty line
            is_first = not first_line
            if is_first:
                width, first_line = len(cells), lines.line_num
            elif len(cells) != width:
                raise InputError(
                    f"Line {lines.line_num} of '{name}' has {len(cells)} cells, expected {width} "
                    f"as in line {first_line}."
                )
            numbers = [_number(cell) for cell in cells]
            if None not in numbers:
                samples.append(np.array(numbers, dtype=float))
            elif not (is_first and all(number is None for number in numbers)):
                column = numbers.index(None)
                raise InputError(
                    f"Line {lines.line_num}, column {column + 1} of '{name}' is "
                    f"{reprlib.repr(cells[column])}, expected a number"
                    + (" or a header without numbers." if is_first else " between commas.")
                )
    except csv.Error as error:
        raise InputError(
            f"Line {lines.line_num} of '{name}' is no line of CSV: {error}."
        ) from error
    return np.array(samples).reshape(len(samples), width)


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python reads 1_1, a name of a column, as 11
    except ValueError:
        return None


def _read_npy(content: bytes, name: str) -> np.ndarray:
    if not content.startswith(NPY_MAGIC):
        raise InputError(
            f"The file '{name}' begins with the bytes {content[:6].hex(' ')}, expected those of "
            f"the NPY format: {NPY_MAGIC.hex(' ')}."
        )
    try:
        array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # damaged heads raise errors of every kind
        raise InputError(
            f"The file '{name}' cannot be read as an array of numbers: it is damaged, or holds "
            "pickled Python objects, which are never loaded."
        ) from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"The file '{name}' holds values of type {array.dtype}, expected numbers.")
    if array.ndim != 2:
        raise InputError(
            f"The file '{name}' holds an array of shape {array.shape}, expected two dimensions: "
            "stimuli and features."
        )
    return array


def _read_idx(content: bytes, name: str) -> np.ndarray:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise InputError(
            f"The file '{name}' begins with the bytes {content[:4].hex(' ')}, expected those of "
            "the IDX format: 00 00, then the type of the numbers (08, 09, 0b, 0c, 0d or 0e), then "
            "the number of dimensions."
        )
    dtype, n_dimensions = np.dtype(IDX_TYPES[content[2]]), content[3]
    if n_dimensions < 2:
        raise InputError(
            f"The number of dimensions in '{name}' is {n_dimensions}, expected 2 or more: vectors "
            "or images, not their labels."
        )
    start = 4 + 4 * n_dimensions
    shape = [int.from_bytes(content[k : k + 4], "big") for k in range(4, start, 4)]
    if len(content) < start or 0 in shape:
        raise InputError(
            f"The head of '{name}' announces {' x '.join(map(str, shape))} numbers, expected "
            f"{n_dimensions} sizes of 1 or more."
        )
    size = start + math.prod(shape) * dtype.itemsize
    if len(content) != size:
        raise InputError(
            f"The file '{name}' has {len(content)} bytes, expected {size} for the "
            f"{' x '.join(map(str, shape))} numbers that its head announces."
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape[0], math.prod(shape[1:]))


def _read_vecs(content: bytes, name: str, number: str) -> np.ndarray:
    dimension = int.from_bytes(content[:4], "little", signed=True)
    if len(content) < 4 or dimension < 1:
        raise InputError(
            f"The file '{name}' begins with the bytes {content[:4].hex(' ')}, expected the length "
            "of its first vector: a 32-bit little-endian integer of 1 or higher."
        )
    size = 4 + dimension * np.dtype(number).itemsize
    n_samples, rest = divmod(len(content), size)
    records = np.frombuffer(content, np.uint8, count=n_samples * size).reshape(n_samples, size)
    dimensions = records[:, :4].view("<i4")[:, 0]
    if (dimensions != dimension).any():
        row = int(np.argmax(dimensions != dimension))
        raise InputError(
            f"Vector {row + 1} of '{name}' says that it has {dimensions[row]} features, expected "
            f"{dimension} as in the first."
        )
    if rest:
        raise InputError(
            f"The file '{name}' ends {rest} bytes into vector {n_samples + 1}, expected the {size} "
            f"bytes of its length and its {dimension} features."
        )
    return records[:, 4:].view(number)


Reader = Callable[[bytes, str], np.ndarray]
READERS: Mapping[str, Reader] = {
    ".csv": _read_csv,
    ".npy": _read_npy,
    ".fvecs": functools.partial(_read_vecs, number="<f4"),
    ".bvecs": functools.partial(_read_vecs, number="u1"),
    ".idx": _read_idx,
    "-ubyte": _read_idx,
}
