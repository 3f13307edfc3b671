"""The cache of compiled circuits, with builds that only pretend to compile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from neurosim.errors import SimulationError
from neurosim.progress import Progress
from neurosim.simulation import cache
from neurosim.simulation.cache import Entry, clear, entries, get_or_build

KEY = "area-0123456789"
KEPT = {"main", "manifest.json", "static_arrays/stimulus"}


class Warnings(Progress):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, text: str) -> None:
        self.told.append(text)


class Builder:
    """Writes what a build leaves, and counts how often it did."""

    def __init__(self) -> None:
        self.builds = 0

    def __call__(self, directory: Path) -> dict[str, Any]:
        self.builds += 1
        (directory / "main").write_text("#!/bin/sh\necho built\n", encoding="utf-8")
        (directory / "main").chmod(0o755)
        (directory / "static_arrays").mkdir()
        (directory / "static_arrays" / "stimulus").write_bytes(bytes(80))
        (directory / "code_objects").mkdir()
        (directory / "code_objects" / "step.cpp").write_text("int x;", encoding="utf-8")
        return {"build_seconds": 1.5}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a cache that does not exist yet."""
    path = tmp_path / "somewhere" / "cache"
    monkeypatch.setenv("NEUROSIM_CACHE", str(path))
    # The temporary cache is one a process: let each test have its own.
    cache._temporary_cache.cache_clear()
    yield path
    cache._temporary_cache.cache_clear()


def files(entry: Entry) -> set[str]:
    found = (path for path in entry.directory.rglob("*") if path.is_file())
    return {str(path.relative_to(entry.directory)) for path in found}


def test_a_second_call_builds_nothing(folder: Path) -> None:
    build = Builder()
    first, second = get_or_build(KEY, build), get_or_build(KEY, build)
    assert build.builds == 1
    assert (first.fresh, second.fresh) == (True, False)
    assert first.directory == second.directory == folder / KEY
    assert second.manifest == first.manifest
    assert subprocess.check_output([second.binary]) == b"built\n"


def test_only_what_a_run_needs_is_kept(folder: Path) -> None:
    assert files(get_or_build(KEY, Builder())) == KEPT


def test_another_key_is_another_build(folder: Path) -> None:
    build = Builder()
    get_or_build(KEY, build)
    get_or_build(f"{KEY}-other", build)
    assert build.builds == 2
    assert [name for name, _ in entries()] == [KEY, f"{KEY}-other"]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damaged", "damage"),
    [
        ("main", truncate),
        ("main", flip_a_bit),
        ("main", Path.unlink),
        ("static_arrays/stimulus", truncate),
        ("static_arrays/stimulus", Path.unlink),
        ("manifest.json", truncate),
        ("manifest.json", Path.unlink),
        ("manifest.json", lambda path: path.write_text("null")),
        ("manifest.json", lambda path: path.write_text("{}")),
    ],
)
def test_a_damaged_entry_is_built_again(
    damaged: str, damage: Callable[[Path], object], folder: Path
) -> None:
    build = Builder()
    whole = files(get_or_build(KEY, build))
    damage(folder / KEY / damaged)
    entry = get_or_build(KEY, build)
    assert (build.builds, entry.fresh) == (2, True)
    assert files(entry) == whole
    assert not get_or_build(KEY, build).fresh


@pytest.mark.parametrize("failure", [SimulationError("No."), KeyboardInterrupt(), OSError(28, "")])
def test_a_build_that_fails_leaves_nothing(failure: BaseException, folder: Path) -> None:
    def build(directory: Path) -> dict[str, Any]:
        Builder()(directory)
        raise failure

    with pytest.raises((SimulationError, KeyboardInterrupt)):
        get_or_build(KEY, build)
    assert [path.suffix for path in folder.iterdir()] == [".lock"]
    assert entries() == []
    assert get_or_build(KEY, Builder()).fresh


def test_a_relative_cache_folder_is_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROSIM_CACHE", "here")
    assert get_or_build(KEY, Builder()).binary == tmp_path / "here" / KEY / "main"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NEUROSIM_CACHE", "~/home")
    assert cache.cache_directory() == tmp_path / "home"


def test_without_a_chosen_folder_the_cache_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEUROSIM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in cache.cache_directory().parents
    assert cache.cache_directory().name == "neurosim"


def a_file(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in the way")


def below_a_file(folder: Path) -> None:
    folder.parent.write_text("in the way")


def read_only(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")


@pytest.mark.parametrize("obstacle", [a_file, below_a_file, read_only])
def test_where_the_cache_cannot_be_written_the_build_is_kept_aside_and_this_is_said(
    obstacle: Callable[[Path], None], folder: Path, own_temporary_folder: Path
) -> None:
    obstacle(folder)
    build, progress = Builder(), Warnings()
    entry = get_or_build(KEY, build, progress)
    assert own_temporary_folder in entry.directory.parents
    assert subprocess.check_output([entry.binary]) == b"built\n"
    (told,) = progress.told
    assert str(folder) in told
    assert told.endswith("this build will not be kept.")
    # The next run of the same process finds it.
    assert not get_or_build(KEY, build, progress).fresh
    assert (build.builds, len(progress.told)) == (1, 1)


def test_without_any_folder_to_write_to_the_build_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_file(folder)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(SimulationError, match=f"Neither the cache folder {folder} nor"):
        get_or_build(KEY, Builder())


PRELUDE = """
import os, resource, signal, sys, time
from pathlib import Path
from neurosim.simulation.cache import get_or_build

class Told:
    def warn(self, text):
        print(text)

def build(directory):
    with open(os.environ["BUILDS"], "a") as log:
        log.write("build\\n")
    (directory / "main").write_bytes(b"part")
    time.sleep(float(os.environ["SECONDS"]))
    (directory / "main").write_bytes(b"whole")
    return {}
"""


def process(tmp_path: Path, code: str, seconds: float = 0.0) -> subprocess.Popen[str]:
    """Start a process that builds slowly and writes down that it does."""
    environment = os.environ | {"BUILDS": str(tmp_path / "builds"), "SECONDS": str(seconds)}
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, KEY],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_build(tmp_path: Path) -> None:
    end = time.monotonic() + 20
    while not (tmp_path / "builds").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


RUN = "entry = get_or_build(sys.argv[1], build, Told()); print(entry.binary.read_text())"


def test_of_processes_that_want_the_same_build_one_builds_and_all_get_it(
    tmp_path: Path, folder: Path
) -> None:
    running = [process(tmp_path, RUN, seconds=0.5) for _ in range(3)]
    answers = [each.communicate()[0].splitlines() for each in running]
    assert [each.returncode for each in running] == [0, 0, 0]
    assert (tmp_path / "builds").read_text() == "build\n"
    assert [answer[-1] for answer in answers] == ["whole"] * 3
    waiting = "Another process is building the same circuit: waiting for it."
    assert sum(waiting in answer for answer in answers) <= 2


def test_whoever_waits_for_another_process_says_so(tmp_path: Path, folder: Path) -> None:
    builder = process(tmp_path, RUN, seconds=1.0)
    wait_for_build(tmp_path)
    build, progress = Builder(), Warnings()
    assert not get_or_build(KEY, build, progress).fresh
    assert (build.builds, len(progress.told)) == (0, 1)
    assert "waiting" in progress.told[0]
    assert builder.wait() == 0
    builder.communicate()


def test_a_killed_build_leaves_nothing_that_a_later_one_trips_over(
    tmp_path: Path, folder: Path
) -> None:
    killed = process(tmp_path, RUN, seconds=60)
    wait_for_build(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(list(folder.glob(f"{KEY}.building-*"))) == 1
    assert entries() == []
    assert files(get_or_build(KEY, Builder())) == KEPT
    assert list(folder.glob(f"{KEY}.building-*")) == []


def test_on_a_full_disk_the_build_is_kept_aside_and_goes_with_the_process(
    tmp_path: Path, folder: Path, own_temporary_folder: Path
) -> None:
    # No file may grow beyond 1 MB: writing more fails as on a full disk.
    limited = "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20));" + RUN
    answer = process(tmp_path, limited + "; print(entry.directory)").communicate()[0].splitlines()
    assert "this build will not be kept" in answer[0]
    assert answer[1] == "whole"
    assert own_temporary_folder in Path(answer[2]).parents
    assert list(own_temporary_folder.iterdir()) == []
    assert list(folder.iterdir()) == []


def test_entries_are_listed_with_their_size(folder: Path) -> None:
    assert entries() == []
    entry = get_or_build(KEY, Builder())
    size = sum(path.stat().st_size for path in entry.directory.rglob("*") if path.is_file())
    assert entries() == [(KEY, size)]


def test_clearing_removes_all_that_is_ours_and_tells_how_much(folder: Path) -> None:
    assert clear() == 0
    get_or_build(KEY, Builder())
    ((_, size),) = entries()
    (folder / f"{KEY}.building-1").mkdir()
    (folder / "other-1.building-2").mkdir()
    (folder / "notes.txt").write_text("the user's")
    (folder / "pictures").mkdir()
    assert clear() == size
    assert {path.name for path in folder.iterdir()} == {"notes.txt", "pictures"}
    assert get_or_build(KEY, Builder()).fresh


def test_clearing_leaves_alone_what_another_process_is_building(
    tmp_path: Path, folder: Path
) -> None:
    get_or_build("other-1", Builder())
    builder = process(tmp_path, RUN, seconds=1.0)
    wait_for_build(tmp_path)
    assert clear() > 0
    assert builder.communicate()[0].splitlines()[-1] == "whole"
    assert [name for name, _ in entries()] == [KEY]


def test_the_manifest_is_plain_json(folder: Path) -> None:
    entry = get_or_build(KEY, Builder())
    manifest = json.loads((entry.directory / "manifest.json").read_text())
    assert manifest["build_seconds"] == 1.5
    assert set(manifest["checksums"]) == {"main", "static_arrays/stimulus"}
