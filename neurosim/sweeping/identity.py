"""What the numbers of a run depend on beside its sheet and its seed: processor, versions, sources.

Runs of one sweep are comparable to the bit where all of this is the same, so every process that
takes part in a sweep, and every later one that goes on with it, is held against the first.
"""

from __future__ import annotations

import functools
import hashlib
import platform
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from neurosim.folders import PACKAGE, folder
from neurosim.simulation import toolchain

PACKAGES = ("brian2", "numpy", "pandas", "pillow", "scikit-image", "scikit-learn", "scipy")
SOURCES = (".py", ".toml")
# Beside the package in a checkout, inside it where it is installed. Figures change no number.
APART = ("models", "protocols", "figures")


@functools.cache
def identity() -> Mapping[str, str]:
    """Return what this process would compute with, by name."""
    return {
        "processor": toolchain.processor(),
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "neurosim": _digest_of_sources(),
    }


def difference(own: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """Return the end of a sentence on what `other` has that `own` has not; None if all is the same.

    Parameters
    ----------
    own, other : mapping of str to str
        From `identity`.

    Returns
    -------
    str or None
        Like ``"the processor 'A' and not 'B'"``.
    """
    for name in own:
        here, there = own[name], other.get(name, "")
        if here == there:
            continue
        if name == "processor":
            names = [_processor_name(text) for text in (there, here)]
            if names[0] == names[1]:
                return f"the processor '{names[0]}' with other features"
            return f"the processor '{names[0]}' and not '{names[1]}'"
        if name == "neurosim":
            return "another version of neurosim"
        return f"{name} {there or 'missing'} and not {here}"
    return None


def _processor_name(text: str) -> str:
    found = re.search(r"model name\s*: (.*?)(?= flags\s*:|$)", text)
    return found[1] if found else text[:80]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for name, path in _sources():
        digest.update(name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _sources() -> Iterator[tuple[str, Path]]:
    """Return the files that compute, named alike in a checkout and in an installation."""
    for path in sorted(PACKAGE.rglob("*")):
        relative = path.relative_to(PACKAGE)
        if path.suffix in SOURCES and relative.parts[0] not in APART:
            yield relative.as_posix(), path
    for kind in ("models", "protocols"):
        place = folder(kind)
        for path in sorted(place.glob("*")):
            if path.suffix in SOURCES:
                yield f"{kind}/{path.name}", path
