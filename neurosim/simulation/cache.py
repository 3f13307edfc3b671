"""The cache of compiled circuits: one folder per key, whole or not there at all."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import SimulationError
from neurosim.progress import QUIET, Progress

MANIFEST = "manifest.json"
BUILDING = ".building-"
LOCK = ".lock"
KEPT = ("main", "static_arrays")  # what a run needs; sources and objects go
ROOM = 2**24  # bytes that have to be free for a build, several times what one takes

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
        # Binaries are started from their own folder, where a relative path would lead elsewhere.
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("neurosim", appauthor=False))


def get_or_build(key: str, build: Builder, progress: Progress = QUIET) -> Entry:
    """Return the entry of a key; build it first if it is missing or damaged.

    Where the cache cannot be written, or is full, the build is kept as long as this process.

    Parameters
    ----------
    key : str
        From `neurosim.simulation.key`.
    build : callable
        Fills an empty directory and returns the manifest. It is called at most once at a time for
        one key, however many processes ask.
    progress : Progress
        Told if another process is waited for, or if the build cannot be kept.

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
        _require_room(cache)
    except OSError as error:
        cache = _temporary_cache()
        entry = _load(cache / key)
        if entry:
            return entry
        progress.warn(
            f"The cache folder {cache_directory()} cannot be written ({error.strerror}): "
            "this build will not be kept."
        )
        return _build_into(cache, key, build)
    with _lock(cache, key, progress):
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
    """Empty the cache of all but what is being built; return the number of bytes that were freed.

    Raises
    ------
    SimulationError
        If a file cannot be removed.
    """
    from filelock import FileLock, Timeout

    cache = cache_directory()
    if not cache.is_dir():
        return 0
    try:
        keys = {_key_of(path) for path in cache.iterdir()} - {""}
        freed = 0
        for key in sorted(keys):
            with contextlib.suppress(Timeout), FileLock(cache / f"{key}{LOCK}", timeout=0):
                freed += sum(_remove(path) for path in cache.iterdir() if _key_of(path) == key)
    except OSError as error:
        raise SimulationError(f"{error.filename} cannot be removed: {error.strerror}.") from error
    return freed


def _key_of(path: Path) -> str:
    """Return the key that a path in the cache belongs to, empty if it is none of ours."""
    if path.name.endswith(LOCK):
        return path.name.removesuffix(LOCK)
    if BUILDING in path.name:
        return path.name.partition(BUILDING)[0]
    return path.name if (path / MANIFEST).exists() else ""


def _remove(path: Path) -> int:
    size = _size(path)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return size


def _load(directory: Path) -> Entry | None:
    """Return the entry if every file is as it was when it was built."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if _checksums(directory) != manifest["checksums"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Entry(directory, manifest, fresh=False)


def _build_into(cache: Path, key: str, build: Builder) -> Entry:
    for stale in cache.glob(f"{key}{BUILDING}*"):  # of a build that was killed
        shutil.rmtree(stale, ignore_errors=True)
    directory = cache / f"{key}{BUILDING}{os.getpid()}"
    final = cache / key
    try:
        directory.mkdir()
        manifest = build(directory)
        _prune(directory)
        manifest["checksums"] = _checksums(directory)
        (directory / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
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


def _require_room(cache: Path) -> None:
    with tempfile.TemporaryFile(dir=cache) as probe:
        probe.write(bytes(ROOM))


@contextlib.contextmanager
def _lock(cache: Path, key: str, progress: Progress) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(cache / f"{key}{LOCK}")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.warn("Another process is building the same circuit: waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@functools.cache
def _temporary_cache() -> Path:
    """Return a folder that goes with this process; one for all of its builds."""
    try:
        directory = Path(tempfile.mkdtemp(prefix="neurosim-cache-"))
    except OSError as error:
        raise SimulationError(
            f"Neither the cache folder {cache_directory()} nor a temporary folder can be written."
        ) from error
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
