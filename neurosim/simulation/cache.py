"""The cache of compiled circuits: one folder per key, whole or not there at all."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import SimulationError

MANIFEST = "manifest.json"
BUILDING = ".building-"
KEPT = ("main", "static_arrays")  # what a run needs; sources and objects go

Builder = Callable[[Path], dict[str, Any]]


@dataclass(frozen=True)
class Entry:
    """One compiled circuit.

    Parameters
    ----------
    directory : Path
        Holds the binary ``main`` and the ``static_arrays`` that it reads at its start.
    manifest : dict
        ``files`` and ``arrays`` as described by the generator, ``checksums`` of what is kept,
        ``build_seconds`` and ``identity`` (versions, compiler, flags, processor).
    fresh : bool
        Whether this call built it.
    """

    directory: Path
    manifest: dict[str, Any]
    fresh: bool

    @property
    def binary(self) -> Path:
        """The executable."""
        return self.directory / "main"


def cache_directory() -> Path:
    """Return where compiled circuits are kept: ``NEUROSIM_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("NEUROSIM_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("neurosim", appauthor=False))


def get_or_build(key: str, build: Builder) -> Entry:
    """Return the entry of a key; build it first if it is missing or damaged.

    Parameters
    ----------
    key : str
        From `neurosim.simulation.key`.
    build : callable
        Fills an empty directory and returns the manifest. It is called at most once at a time for
        one key, however many processes ask.

    Raises
    ------
    SimulationError
        If the build fails, or if no folder takes the result.
    """
    cache = cache_directory()
    entry = _load(cache / key)
    if entry:
        return entry
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _require_writable(cache)
    except OSError as error:
        print(
            f"The cache folder {cache} cannot be written ({error.strerror}): "
            "this build will not be kept.",
            file=sys.stderr,
        )
        return _build_into(_temporary_cache(), key, build)
    with _lock(cache, key):
        # Another process may have built it while this one waited.
        return _load(cache / key) or _build_into(cache, key, build)


def entries() -> list[tuple[str, int]]:
    """Return the key and the size in bytes of every entry of the cache."""
    cache = cache_directory()
    if not cache.is_dir():
        return []
    return [
        (path.name, _size(path)) for path in sorted(cache.iterdir()) if (path / MANIFEST).exists()
    ]


def clear() -> int:
    """Empty the cache; return the number of bytes that were freed.

    Raises
    ------
    SimulationError
        If a file cannot be removed.
    """
    cache = cache_directory()
    freed = 0
    if not cache.is_dir():
        return freed
    for path in sorted(cache.iterdir()):
        ours = (path / MANIFEST).exists() or BUILDING in path.name or path.suffix == ".lock"
        if not ours:
            continue
        freed += _size(path)
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise SimulationError(f"{path} cannot be removed: {error.strerror}.") from error
    return freed


def _load(directory: Path) -> Entry | None:
    """Return the entry if every file is as it was when it was built."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if _checksums(directory) != manifest["checksums"]:
            return None
    except (OSError, ValueError, KeyError):
        return None
    return Entry(directory, manifest, fresh=False)


def _build_into(cache: Path, key: str, build: Builder) -> Entry:
    for stale in cache.glob(f"{key}{BUILDING}*"):  # of a build that was killed
        shutil.rmtree(stale, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{key}{BUILDING}", dir=cache))
    try:
        manifest = build(directory)
        _prune(directory)
        manifest["checksums"] = _checksums(directory)
        (directory / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        final = cache / key
        if final.exists():  # damaged, or it would have been loaded
            shutil.rmtree(final)
        directory.rename(final)
    except OSError as error:
        raise SimulationError(
            f"The compiled circuit cannot be written to {cache}: {error.strerror}."
        ) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return Entry(final, manifest, fresh=True)


def _require_writable(cache: Path) -> None:
    with tempfile.TemporaryFile(dir=cache) as probe:
        probe.write(bytes(4096))


@contextlib.contextmanager
def _lock(cache: Path, key: str) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(cache / f"{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another process is building the same circuit: waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _temporary_cache() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="neurosim-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def _prune(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name in KEPT:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _checksums(directory: Path) -> dict[str, str]:
    files = [directory / "main", *sorted((directory / "static_arrays").glob("*"))]
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())
