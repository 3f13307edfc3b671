"""Run directories: what lies in them, that they repeat the run, that they are never half there."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import experiment, figure
from neurosim.errors import InputError
from neurosim.nwb import read_nwb
from neurosim.recording import TRIAL_COLUMNS, Recording
from neurosim.run_directory import Run, free_name, written_aside

OWN = {"excitatory.tau_m": "19ms", "protocol.condition": "unpaired"}


@pytest.fixture(scope="module")
def every_condition(small_sheet: Path) -> Run:
    """Return a run of all conditions, in memory."""
    return ns.run("ison2015", small_sheet, seed=3, overrides={"protocol.condition": "all"})


@pytest.fixture(scope="module")
def saved(every_condition: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of that run."""
    return every_condition.save(tmp_path_factory.mktemp("runs") / "all")


@pytest.fixture(scope="module")
def single(small_sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of one condition that is not `main`, written."""
    out = tmp_path_factory.mktemp("runs") / "single"
    return ns.run("ison2015", small_sheet, seed=3, overrides=OWN, out=out)


def files(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def same(one: Recording, other: Recording) -> bool:
    """Whether two recordings are the same, bit by bit."""
    if one.duration != other.duration or list(one.spikes) != list(other.spikes):
        return False
    pairs = [(one.spikes[name], other.spikes[name]) for name in one.spikes]
    spikes = all(
        np.array_equal(a.index, b.index) and np.array_equal(a.time, b.time) for a, b in pairs
    )
    columns = all(
        np.array_equal(getattr(one.trial_table, name), getattr(other.trial_table, name))
        for name in TRIAL_COLUMNS
    )
    traces = all(np.array_equal(one.traces[n].data, other.traces[n].data) for n in one.traces)
    return spikes and columns and traces


def test_a_run_in_memory_writes_nothing(
    small_sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = ns.run("ison2015", small_sheet)
    assert run.path is None and run.conditions == ["main"]
    assert list(tmp_path.iterdir()) == []
    assert len(run.recording.units) == 80 + 20 + 60
    assert list(run.scorecard.columns)[:3] == ["name", "condition", "value"]
    assert run.sheet.excitatory.n == 80


def test_the_files_of_a_run(saved: Path) -> None:
    script = experiment.load_protocol("ison2015").script
    others = [name for name in script.CONDITIONS if name not in ("main", "montage")]
    expected = ["ison2015.png", "model.toml", "recording.nwb", "run.json", "scorecard.json"]
    for name in others:
        expected += [f"conditions/{name}/model.toml", f"conditions/{name}/recording.nwb"]
    assert files(saved) == sorted(expected)
    assert sorted(path.name for path in saved.parent.iterdir()) == ["all"]


def test_of_all_figures_only_that_of_the_protocol_is_loaded(
    single: Run, every_condition: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, load = set(), figure.load_script

    def remember(kind: Any, name: Any) -> Any:
        loaded.add(name)
        return load(kind, name)

    monkeypatch.setattr(figure, "load_script", remember)
    assert (every_condition.save(tmp_path / "all") / "ison2015.png").is_file()
    assert loaded == {"ison2015"}
    assert not list(single.save(tmp_path / "single").glob("*.png")), "it needs `main`"


def test_whether_a_figure_may_be_drawn_is_known_without_matplotlib() -> None:
    code = (
        "import sys\n"
        "from neurosim.figure import may_be_drawn as may\n"
        "needed = ['main', 'readout_1_s', 'high_background']\n"
        "print(may('ison2015', ['main']), may('ison2015', ['unpaired']),\n"
        "      may('working_memory', ['main']), may('working_memory', needed),\n"
        "      may('working_memory_capacity', ['main']), may('mine', ['main']))\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The capacity's script computes what it needs: only running it tells.
    assert done.stdout.split() == ["True", "False", "False", "True", "True", "False", "False"]


def test_a_run_is_told_of_before_it_is_written(small_sheet: Path, tmp_path: Path) -> None:
    told, out = [], tmp_path / "run"

    def tell(run: Run) -> None:
        told.append((run, out.exists()))

    written = ns.run("ison2015", small_sheet, seed=3, out=out, scored=tell)
    assert told == [(written, False)] and out.is_dir()
    in_memory = ns.run("ison2015", small_sheet, seed=3, scored=tell)
    assert told[1] == (in_memory, True) and len(told) == 2


def test_a_run_without_main_has_a_recording_too(single: Run) -> None:
    assert single.path is not None
    assert single.conditions == ["unpaired"]
    assert files(single.path)[:2] == [
        "conditions/unpaired/model.toml",
        "conditions/unpaired/recording.nwb",
    ]
    own, leading = (read_nwb(single.path / name) for name in (
        "conditions/unpaired/recording.nwb", "recording.nwb"
    ))  # fmt: skip
    assert same(own, leading)
    assert {row.condition for row in single.rows} == {"unpaired"}


def test_rows_are_those_of_the_conditions_that_were_run(every_condition: Run) -> None:
    script = experiment.load_protocol("ison2015").script
    targets = script.targets(script.Options(stimuli="random"))
    measured = [(row.condition, row.name) for row in every_condition.rows]
    expected = [(condition, name) for condition in targets for name in targets[condition]]
    assert sorted(measured) == sorted(expected)
    assert list(dict.fromkeys(condition for condition, _ in measured)) == list(targets)


def test_what_run_json_says(single: Run) -> None:
    assert single.path is not None
    info = json.loads((single.path / "run.json").read_text())
    assert info == single.info
    assert (info["protocol"], info["model"], info["seed"]) == ("ison2015", "small_area", 3)
    assert info["overrides"] == OWN
    assert (info["condition"], info["conditions"]) == ("unpaired", ["unpaired"])
    assert (info["quick"], info["target"]) == (False, "standalone")
    assert info["versions"].keys() >= {"neurosim", "brian2", "numpy"}
    assert info["versions"]["neurosim"] == ns.__version__
    assert info["versions"]["numpy"] == np.__version__
    assert info["build_seconds"] >= 0 and info["run_seconds"] > 0
    assert info["git_revision"] is None or len(info["git_revision"]) == 40


def test_without_a_commit_there_is_no_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    monkeypatch.setattr(experiment, "__file__", str(tmp_path / "neurosim" / "experiment.py"))
    (tmp_path / "neurosim").mkdir()
    assert experiment._git_revision() is None, "it is no repository"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert experiment._git_revision() is None, "it has no commit"
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert len(experiment._git_revision() or "") == 40
    monkeypatch.setenv("PATH", "")
    assert experiment._git_revision() is None, "there is no git"


def test_a_run_comes_back_as_it_was(every_condition: Run, saved: Path) -> None:
    loaded = ns.load_run(saved)
    assert loaded.path == saved
    assert loaded.info == every_condition.info
    assert (loaded.protocol, loaded.seed) == ("ison2015", 3)
    assert loaded.model_text == every_condition.model_text
    assert loaded.sheet.parameters == every_condition.sheet.parameters
    assert loaded.conditions == every_condition.conditions
    for name, recording in every_condition.recordings.items():
        assert same(loaded.recordings[name], recording), name
        assert loaded.recordings[name].sheet_text == recording.sheet_text
    assert loaded.recording is loaded.recordings["main"]
    for ours, theirs in zip(every_condition.rows, loaded.rows, strict=True):
        assert repr(ours) == repr(theirs)  # not ==: one value may be NaN


def test_what_was_loaded_is_written_as_it_was(saved: Path, tmp_path: Path) -> None:
    again = ns.load_run(saved).save(tmp_path / "again")
    assert files(again) == files(saved)
    for name in files(saved):
        if not name.endswith(".nwb"):
            assert (again / name).read_bytes() == (saved / name).read_bytes(), name
    assert same(read_nwb(again / "recording.nwb"), read_nwb(saved / "recording.nwb"))


def test_the_sheet_of_a_run_repeats_it(every_condition: Run, saved: Path, single: Run) -> None:
    assert single.path is not None
    repeated = ns.run("ison2015", single.path / "model.toml", seed=3)
    assert same(repeated.recording, single.recording)
    assert repeated.model_text == single.model_text
    assert [repr(row) for row in repeated.rows] == [repr(row) for row in single.rows]
    for condition in ("stimulation_trained", "input_only"):
        sheet = saved / "conditions" / condition / "model.toml"
        alone = ns.run("ison2015", sheet, seed=3)
        assert alone.conditions == [condition]
        assert same(alone.recording, every_condition.recordings[condition]), condition


def test_the_sheet_says_what_the_user_set(single: Run) -> None:
    lines = {line.partition("=")[0].strip(): line for line in single.model_text.splitlines()}
    assert lines["condition"].endswith("# set by the user")
    set_by_user = [line for line in single.model_text.splitlines() if "set by the user" in line]
    assert any(line.startswith("tau_m") and '"19 ms"' in line for line in set_by_user)


def test_seeds_differ_and_repeat(small_sheet: Path, every_condition: Run) -> None:
    main = every_condition.recordings["main"]
    again, other = (ns.run("ison2015", small_sheet, seed=seed).recording for seed in (3, 4))
    assert same(again, main)
    assert not same(other, main)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, 1.0, True, "1", None])
def test_a_seed_is_an_integer_in_range(seed: Any, small_sheet: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^The seed is .*, expected an integer from 0 to 42949"):
        ns.run("ison2015", small_sheet, seed=seed, out=tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_exists_is_refused_before_the_work(
    small_sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("it was simulated")

    monkeypatch.setattr("neurosim.session.simulate", never)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for existing in ("folder", "file", "link"):
        with pytest.raises(InputError, match=rf"'.*{existing}' exists: choose another one\.$"):
            ns.run("ison2015", small_sheet, out=tmp_path / existing)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "link"]


# ------------------------------------------------------------------------------ written aside


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_a_directory_gets_its_name_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "made" / "too" / "run"
    with written_aside(target) as aside:
        assert aside.parent == target.parent
        (aside / "a.txt").write_text("a")
        assert not target.exists()
    assert tree(tmp_path) == ["made", "made/too", "made/too/run", "made/too/run/a.txt"]


def test_permissions_are_those_of_any_new_folder(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with written_aside(tmp_path / "run"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_what_fails_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(error), written_aside(tmp_path / "mine" / "new" / "er" / "run") as aside:
        (aside / "deep").mkdir()
        (aside / "deep" / "a.txt").write_text("a")
        raise error
    assert tree(tmp_path) == ["mine"]


def test_parents_that_others_use_stay(tmp_path: Path) -> None:
    with pytest.raises(ValueError), written_aside(tmp_path / "new" / "run"):
        (tmp_path / "new" / "other").mkdir()
        raise ValueError
    assert tree(tmp_path) == ["new", "new/other"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file/run", "Not a directory"),
        ("file/deep/er/run", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("new/" + "x" * 300, "File name too long"),
        ("/proc/1/run", ""),
    ],
)
def test_what_cannot_be_written_is_refused(
    target: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    message = rf"^The output directory '{target}' cannot be written: {reason}.*\.$"
    with pytest.raises(InputError, match=message), written_aside(Path(target)):
        raise AssertionError("it was refused too late")
    assert tree(tmp_path) == ["file"]


def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    with (
        pytest.raises(InputError, match="Permission denied"),
        written_aside(tmp_path / "locked" / "run"),
    ):
        raise AssertionError("it was refused too late")


def test_a_target_that_leads_back_is_the_folder_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for target in ("", ".", "new/.."):
        with pytest.raises(InputError, match="exists"), written_aside(Path(target)):
            raise AssertionError("it was refused too late")
    assert tree(tmp_path) == []


def test_two_runs_do_not_write_the_same_directory(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with written_aside(target) as aside:
        (aside / "a.txt").write_text("first")
        with pytest.raises(InputError, match="being written by another run"), written_aside(target):
            raise AssertionError("it was refused too late")
    assert (target / "a.txt").read_text() == "first"
    assert tree(tmp_path) == ["run", "run/a.txt"]


def test_a_target_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists"), written_aside(tmp_path / "run"):
        (tmp_path / "run").mkdir()
    assert tree(tmp_path) == ["run"]


def test_free_names_count_up(tmp_path: Path) -> None:
    wanted = tmp_path / "seed-0"
    assert free_name(wanted) == wanted
    with written_aside(wanted):
        assert free_name(wanted) == tmp_path / "seed-0-2"
    assert free_name(wanted) == tmp_path / "seed-0-2"
    (tmp_path / "seed-0-2").symlink_to("nowhere")
    (tmp_path / "seed-0-4").mkdir()
    assert free_name(wanted) == tmp_path / "seed-0-3"


# ------------------------------------------------------------------------------ damaged runs


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a copy of the run to damage."""
    yield Path(shutil.copytree(saved, tmp_path / "copy"))


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "model.toml",
        "recording.nwb",
        "scorecard.json",
        "conditions/unpaired/model.toml",
        "conditions/unpaired/recording.nwb",
    ],
)
def test_a_missing_file_is_named(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=Path(name).name.replace(".", r"\.")):
        ns.load_run(copy)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"protocol": "a", "seed": 0, "conditions": []}', '{"protocol": "a"}', "\xff"],
)
def test_a_damaged_run_json_is_refused(text: str, copy: Path) -> None:
    (copy / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"is no run directory: it has no readable run\.json\.$"):
        ns.load_run(copy)


def test_other_damage_is_refused(copy: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path, copy / "run.json"):
        with pytest.raises(InputError, match="is no run directory"):
            ns.load_run(path)
    (copy / "recording.nwb").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match=r"recording\.nwb' cannot be read as NWB"):
        _ = ns.load_run(copy).recording
    (copy / "scorecard.json").write_text("{")
    with pytest.raises(InputError, match="no scorecard"):
        ns.load_run(copy)
    (copy / "model.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"no readable model\.toml"):
        ns.load_run(copy)
