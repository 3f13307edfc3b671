"""The commands as a user types them: answers, refusals, exit codes, and what they leave behind."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import cli
from neurosim.folders import names
from neurosim.progress import TerminalProgress

ROOT = Path(__file__).resolve().parents[1]
SLACK = 3  # a busy machine is that much slower


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    stdout: str
    stderr: str


class Place:
    """A folder of its own to type commands in, with its own folder for temporary files."""

    def __init__(self, path: Path) -> None:
        self.path = path / "here"
        self.temporary = path / "temporary"
        self.path.mkdir()
        self.temporary.mkdir()
        self.environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "neurosim", *map(str, arguments)],
            cwd=self.path,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As from a terminal: Ctrl-C goes to the group, and is not ignored.
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    def run(self, *arguments: str | Path, **environment: str) -> Done:
        process = self.start(*arguments, **environment)
        stdout, stderr = process.communicate(timeout=120)
        return Done(process.returncode, stdout, stderr)

    def left(self) -> list[str]:
        """Return what lies in the folder and in that for temporary files."""
        folders = (self.path, self.temporary)
        return sorted(path.name for folder in folders for path in folder.rglob("*"))

    def processes(self) -> list[str]:
        """Return the commands that were started from here and still run (Linux)."""
        mark = f"TMPDIR={self.temporary}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [command for command in found if command]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def neurosim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """Return a function that runs a command in this process, which is faster."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in cli.STOPS}

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def assert_one_sentence(stderr: str) -> str:
    assert stderr.count("\n") == 1 and stderr.endswith("\n"), stderr
    sentence = stderr.rstrip("\n")
    assert re.match(r"neurosim: \S.{10,}[.?]$", sentence), sentence
    assert "Traceback" not in sentence
    return sentence


def assert_refused(done: Done, *parts: str) -> None:
    sentence = assert_one_sentence(done.stderr)
    for part in parts:
        assert part in sentence
    assert (done.code, done.stdout) == (2, "")


# ------------------------------------------------------------------------------ bad input


def run_with(*more: str) -> tuple[str, ...]:
    return ("run", "ison2015", "--model", "area_random", "--out", "made/too/run", *more)


def with_pictures(pictures: str) -> tuple[str, ...]:
    return ("run", "ison2015", "--out", "made/too/run", "--set", f"protocol.pictures={pictures}")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("run", "ison2016"), ["Unknown protocol 'ison2016'", "did you mean 'ison2015'?"]),
        (("run", "./no/ison2015.py"), ["There is no file './no/ison2015.py'", "'ison2015'?"]),
        (("run", "."), ["Unknown protocol '.'"]),
        (("run", "ison2015", "--model", "area_randm"), ["Unknown sheet", "'area_random'?"]),
        (("run", "ison2015", "--model", "./mine.toml"), ["There is no file './mine.toml'"]),
        (run_with("--set", "excitatory.tau=15ms"), ["'excitatory.tau'", "'excitatory.tau_m'?"]),
        (run_with("--set", "protocol.imprint=3"), ["'protocol.imprint'", "'imprint_trials'?"]),
        (run_with("--set", "protocol.condition=mian"), ["'mian'", "did you mean 'main'?"]),
        (run_with("--set", "excitatory.tau_m=15 mV"), ["'15 mV', expected a time"]),
        (run_with("--set", "excitatory.tau_m=15 mz"), ["unknown unit 'mz'", "ms, ns, s, us"]),
        (run_with("--set", "excitatory.tau_m=15"), ["'15', expected a time such as '20 ms'"]),
        (run_with("--set", "excitatory.tau_m=-15 ms"), ["'-15 ms', expected a time above 0"]),
        (run_with("--set", "excitatory_to_excitatory.p=2"), ["'2', expected a number from 0 to 1"]),
        (run_with("--set", "excitatory.n=10.5"), ["'10.5', expected a whole number"]),
        (run_with("--set", "excitatory.tau_m"), ["expected KEY=VALUE"]),
        (
            run_with("--set", "excitatory.tau_m=15ms", "--set", "excitatory.tau_m=16ms"),
            ["excitatory.tau_m is set twice, to '15ms' and to '16ms'"],
        ),
        (run_with("--set", "protocol.n_random=60"), ["60 disjoint codes", "but there are"]),
        (run_with("--set", "protocol.condition=montage"), ["montage, which needs pictures"]),
        (run_with("--set", "protocol.pairs=3"), ["Got 5 codes", "3 pairs", "7 codes or more"]),
        (with_pictures("palace,person"), ["Got 2 pictures", "3 pictures or more"]),
        (with_pictures("palace,persn,flower"), ["'persn'", "did you mean 'person'?"]),
        (with_pictures("palace,person,palace"), ["'palace' is named twice"]),
        (with_pictures("palace,/,person"), ["'/' is a folder, expected a picture file"]),
        (run_with("--seed", "one"), ["The seed is 'one', expected an integer from 0 to"]),
        (run_with("--seed", "1.5"), ["The seed is '1.5', expected an integer"]),
        (run_with("--seed", "1_0"), ["The seed is '1_0', expected an integer"]),
        (run_with("--seed", "-1"), ["The seed is '-1', expected an integer"]),
        (run_with("--seed", str(2**32)), ["4294967296, expected an integer from 0 to 4294967295"]),
        (run_with("--seed", "9" * 5000), ["expected an integer from 0 to 4294967295"]),
        (run_with("--seeds", "3"), ["The seeds are '3', expected A:B such as 100:105"]),
        (run_with("--seeds", "3:3"), ["3:3 are none"]),
        (run_with("--seeds", "5:3"), ["5:3 are none"]),
        (run_with("--seeds", "a:3"), ["first seed is 'a'"]),
        (run_with("--seeds", "1:"), ["end of the seeds is ''"]),
        (run_with("--seeds", "0:4294967297"), ["4294967296, expected an integer from 0"]),
        (run_with("--seed", "1", "--seeds", "1:2"), ["not allowed with", "run --help"]),
        (run_with("--target", "gpu"), ["Unknown target 'gpu'", "auto, numpy, standalone"]),
        (run_with("--target", "standalne"), ["did you mean 'standalone'?"]),
        (("run",), ["required: PROTOCOL", "neurosim run --help"]),
        (("rnu", "ison2015"), ["'rnu'", "run", "neurosim --help"]),
        ((), ["COMMAND"]),
        (("run", "ison2015", "--fast"), ["--fast"]),
        (("show", "ison2014"), ["Unknown name 'ison2014'", "did you mean 'ison2015'?"]),
        (("show", "--protocol", "area_random"), ["Unknown protocol 'area_random'"]),
        (("show", "./mine.toml"), ["There is no file './mine.toml'"]),
        (("show", "mine.py"), ["There is no file 'mine.py'"]),
        (("figure", "ison2014"), ["Unknown figure 'ison2014'"]),
        (("figure",), ["name of a figure, or --all"]),
        (("figure", "ison2015", "--all"), ["name of a figure, or --all"]),
        (("figure", "ison2015"), ["no run of 'ison2015'", "neurosim run ison2015"]),
        (("figure", "ison2015", "--from", "nowhere"), ["'nowhere' is no run directory"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_sentence(
    arguments: Sequence[str], parts: Sequence[str], neurosim: Callable[..., Done], tmp_path: Path
) -> None:
    assert_refused(neurosim(*arguments), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "ison2016"),
        run_with("--set", "excitatory.tau_m=15 mV"),
        run_with("--set", "excitatory.tau_m=-15 ms"),
        run_with("--seed", "one"),
        ("rnu",),
    ],
    ids=" ".join,
)
def test_bad_input_in_a_process_of_its_own(arguments: Sequence[str], place: Place) -> None:
    assert_refused(place.run(*arguments))
    assert place.left() == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('circuit = "area"\n[excitatory\nn = 3\n', "Line 2"),
        ('circuit = "area"\n[excitatory]\ntau_m = 20 ms\n', 'such as "20 ms"'),
        ('circuit = "arena"\n', "Unknown circuit 'arena': did you mean 'area'?"),
        ("", "'circuit' is missing"),
        ('circuit = "area"\n', "section [simulation] is missing"),
        ("\0", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_refused(
    text: str | bytes, part: str, neurosim: Callable[..., Done], tmp_path: Path
) -> None:
    sheet = tmp_path / "mine.toml"
    sheet.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (("run", "ison2015", "--model", sheet), ("show", sheet)):
        assert_refused(neurosim(*command), str(sheet), part)
    assert list(tmp_path.iterdir()) == [sheet]


def test_a_file_that_is_no_picture_is_refused(place: Place) -> None:
    (place.path / "notes.jpg").write_text("This is no picture.\n")
    done = place.run(*with_pictures("palace,notes.jpg,person"))
    assert_refused(done, "The file 'notes.jpg' cannot be read as a picture: ")
    assert place.left() == ["notes.jpg"]


def test_malformed_toml_in_a_process_of_its_own(place: Place) -> None:
    (place.path / "mine.toml").write_text("[excitatory\n")
    done = place.run("run", "ison2015", "--model", "./mine.toml")
    assert_refused(done, "mine.toml", "not valid TOML")
    assert place.left() == ["mine.toml"]


def test_an_unknown_format_is_refused(
    small_run: Path, neurosim: Callable[..., Done], tmp_path: Path
) -> None:
    done = neurosim("figure", "ison2015", "--from", small_run, "--format", "gif")
    assert_refused(done, "Unknown format 'gif'", "pdf, png, svg")
    assert list(tmp_path.iterdir()) == []


def test_an_output_directory_that_exists_is_refused(place: Place, small_sheet: Path) -> None:
    (place.path / "run").mkdir()
    done = place.run("run", "ison2015", "--model", small_sheet, "--out", "run")
    assert_refused(done, "The output directory 'run' exists: choose another one.")
    assert place.left() == ["run"]


@pytest.mark.parametrize("seeds", [(), ("--seeds", "0:2")], ids=["one seed", "seeds"])
def test_an_output_directory_that_cannot_be_written_is_refused(
    seeds: Sequence[str], place: Place, small_sheet: Path
) -> None:
    (place.path / "file").touch()
    done = place.run("run", "ison2015", "--model", small_sheet, *seeds, "--out", "file/deep/run")
    assert_refused(done, "'file/deep/run' cannot be written: Not a directory.")
    assert place.left() == ["file"]


def test_standalone_without_a_compiler_is_refused(place: Place, small_sheet: Path) -> None:
    arguments = ("run", "ison2015", "--model", small_sheet, "--out", "made/run")
    done = place.run(*arguments, "--target", "standalone", PATH="", CXX="")
    assert_refused(done, "C++ compiler", "--target numpy")
    assert place.left() == []


# ------------------------------------------------------------------------------ interrupted

# Takes some 5 s, of which the tests wait for the start only.
LONG = ("--set", "protocol.imprint_trials=90", "--set", "input.idle_rate=900 Hz")


def wait_for(what: Callable[[], Any], process: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux")


def assert_interrupted(
    process: subprocess.Popen[str], place: Place, signals: Sequence[signal.Signals]
) -> None:
    for number in signals:
        if process.poll() is None:
            os.killpg(process.pid, number)
            time.sleep(0.005)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (128 + signals[0], "")
    assert stderr == "neurosim: interrupted.\n"
    assert place.left() == []
    deadline = time.monotonic() + 5  # init may need a moment to bury them
    while place.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert place.processes() == []


@needs_proc
@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGINT] * 9, [signal.SIGTERM], [signal.SIGHUP]],
    ids=["Ctrl-C", "Ctrl-C held down", "SIGTERM", "closed terminal"],
)
def test_a_run_that_is_interrupted_leaves_nothing(
    signals: Sequence[signal.Signals], place: Place, small_run: Path, small_sheet: Path
) -> None:
    # `small_run` has built the circuit.
    process = place.start("run", "ison2015", "--model", small_sheet, *LONG, "--out", "a/b/run")
    wait_for(lambda: [c for c in place.processes() if "--results_dir" in c], process)
    assert place.left() != []
    assert_interrupted(process, place, signals)


@needs_proc
@pytest.mark.parametrize("stage", ["generating", "compiling"])
def test_a_build_that_is_interrupted_leaves_nothing(
    stage: str, place: Place, small_sheet: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    process = place.start(
        "run", "ison2015", "--model", small_sheet, "--seeds", "0:3", "--out", "a/b/run",
        NEUROSIM_CACHE=str(cache),
    )  # fmt: skip
    wanted = {"generating": "*.building-*", "compiling": "*.building-*/unity.cpp"}[stage]
    wait_for(lambda: list(cache.glob(wanted)), process)
    time.sleep(0.3)
    assert_interrupted(process, place, [signal.SIGINT])
    assert [path for path in cache.rglob("*") if path.suffix != ".lock"] == []


def test_a_second_press_does_not_cut_the_tidying_up_short(
    neurosim: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = []

    def press(*_: Any) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            tidied.append(True)

    monkeypatch.setattr(cli, "_list", press)
    assert neurosim("list") == Done(130, "", "neurosim: interrupted.\n")
    assert tidied == [True]


def test_what_is_ignored_stays_ignored(
    neurosim: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang_up(*_: Any) -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.01)
        return 0

    monkeypatch.setattr(cli, "_list", hang_up)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    assert neurosim("list").code == 0


# ------------------------------------------------------------------------------ stdout


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("run", "--help"), ("list",), ("show", "area_random"), ("cache",)],
    ids=" ".join,
)
def test_a_reader_that_leaves_is_no_failure(arguments: Sequence[str], place: Place) -> None:
    process = place.start(*arguments)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_answer_that_cannot_be_written_is_a_failure(place: Place) -> None:
    command = [sys.executable, "-m", "neurosim", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, env=place.environment, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 3
    assert_one_sentence(done.stderr)


# ------------------------------------------------------------------------------ light commands

HEAVY = {"brian2", "numpy", "scipy", "pandas", "matplotlib", "sklearn", "pynwb", "h5py", "tqdm"}
LIGHT = [("--help",), ("run", "--help"), ("list",), ("show", "area_random"), ("show", "ison2015")]


def imported(place: Place, *arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "neurosim", *arguments]
    done = subprocess.run(command, env=place.environment, capture_output=True, text=True)
    assert done.returncode == 0
    return set(re.findall(r"\|\s+(\w+)[\w.]*$", done.stderr, flags=re.MULTILINE))


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_light_commands_import_nothing_heavy(arguments: Sequence[str], place: Place) -> None:
    found = imported(place, *arguments)
    assert "neurosim" in found
    assert found & HEAVY == set()


def test_a_protocol_is_shown_without_brian2(place: Place) -> None:
    assert imported(place, "show", "--protocol", "ison2015") & (HEAVY - {"numpy"}) == set()


@pytest.mark.parametrize("arguments", [*LIGHT, ("show", "--protocol", "ison2015")], ids=" ".join)
def test_light_commands_take_a_blink(arguments: Sequence[str], place: Place) -> None:
    def cpu_seconds() -> float:
        process = place.start(*arguments)
        process.stdout and process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    assert min(cpu_seconds() for _ in range(2)) < 0.3 * SLACK


def test_what_there_is(neurosim: Callable[..., Done]) -> None:
    done = neurosim("list")
    assert (done.code, done.stderr) == (0, "")
    blocks = [block.split("\n") for block in done.stdout.rstrip("\n").split("\n\n")]
    assert [block[0] for block in blocks] == ["protocols", "models", "figures"]
    for kind, *lines in blocks:
        assert [line.split()[0] for line in lines] == names(kind)  # type: ignore[arg-type]
        assert all(len(line.split()) > 3 for line in lines), "a line says nothing"


def test_a_sheet_is_shown_as_it_is(neurosim: Callable[..., Done], tmp_path: Path) -> None:
    for name in names("models"):
        text = (ROOT / "models" / f"{name}.toml").read_text(encoding="utf-8")
        assert neurosim("show", name) == Done(0, text, "")
    copy = tmp_path / "copy.toml"
    copy.write_text(text.rstrip("\n"), encoding="utf-8")
    assert neurosim("show", "./copy.toml").stdout == text.rstrip("\n")


def test_a_protocol_is_shown_with_options_and_targets(neurosim: Callable[..., Done]) -> None:
    text = neurosim("show", "--protocol", "ison2015").stdout
    for part in (
        "Neuron 87:220-230",
        "Default model: ison2015",
        "plasticity_off",
        "protocol.imprint_trials",
        "(1 to 200)",
        "pair_coding_p_to_np",
        "0.15 to 0.65",
        "mean 0.3 to 0.5",
        "unverified",
        "21 of 51 units",
    ):
        assert part in text
    path = ROOT / "protocols" / "ison2015.py"
    assert neurosim("show", path).stdout == text


def test_the_cache(
    neurosim: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("NEUROSIM_CACHE", str(cache))
    empty = neurosim("cache")
    assert empty.code == 0 and str(cache) in empty.stdout
    assert not cache.exists()
    (cache / "area-1" / "static_arrays").mkdir(parents=True)
    (cache / "area-1" / "manifest.json").write_text("{}")
    (cache / "area-1" / "main").write_bytes(bytes(2_500_000))
    (cache / "notes.txt").write_text("the user's own")
    assert re.search(r"^ *2\.5 MB  area-1$", neurosim("cache").stdout, flags=re.MULTILINE)
    assert "2.5 MB removed" in neurosim("cache", "--clear").stdout
    assert "area-1" not in neurosim("cache").stdout
    assert (cache / "notes.txt").exists()


# ------------------------------------------------------------------------------ runs


@pytest.fixture(scope="module")
def small_run(small_sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a run with seed 5."""
    out = tmp_path_factory.mktemp("runs") / "small"
    ns.run("ison2015", small_sheet, seed=5, out=out)
    return out


# As few trials as the protocol judges.
JUDGED = tuple(
    f"--set=protocol.{name}_trials={count}"
    for name, count in {"imprint": 13, "test": 9, "composite": 4}.items()
)


def spikes(directory: Path) -> dict[str, tuple[list[int], list[float]]]:
    trains = ns.load_run(directory).recording.spikes
    return {name: (train.index.tolist(), train.time.tolist()) for name, train in trains.items()}


def test_a_command_from_start_to_end(place: Place, small_run: Path, small_sheet: Path) -> None:
    done = place.run("run", "ison2015", "--model", small_sheet, "--seed", "5", "--out", "runs/mine")
    assert done.code == 0, "so few trials are not judged"
    assert done.stderr == "", "stderr is no terminal"
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["quantity", "condition", "measured"]
    assert lines[-1] == "written to runs/mine"
    out = place.path / "runs" / "mine"
    assert {path.name for path in out.iterdir()} == {path.name for path in small_run.iterdir()}
    assert [path.name for path in out.parent.iterdir()] == ["mine"]
    assert list(place.temporary.iterdir()) == []
    # The same as from Python, and in another process.
    assert spikes(out) == spikes(small_run)
    info = json.loads((out / "run.json").read_text())
    assert (info["seed"], info["overrides"], info["target"]) == (5, {}, "standalone")
    assert info["build_seconds"] == 0, "the circuit was compiled before"


def test_the_exit_code_stays_when_the_reader_leaves(place: Place, small_sheet: Path) -> None:
    process = place.start("run", "ison2015", "--model", small_sheet, *JUDGED, "--out", "run")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 1


def test_a_run_without_a_miss_is_done(neurosim: Callable[..., Done], small_sheet: Path) -> None:
    judged, quick = (
        neurosim("run", "ison2015", "--model", small_sheet, *JUDGED, *more, "--out", out)
        for more, out in (((), "judged"), (("--quick",), "quick"))
    )
    assert (judged.code, quick.code, judged.stderr + quick.stderr) == (1, 0, "")
    for out, statuses in (("judged", {"met", "missed", "reported"}), ("quick", {"reported"})):
        rows = json.loads(Path(out, "scorecard.json").read_text())["rows"]
        assert {row["status"] for row in rows} == statuses
        assert json.loads(Path(out, "run.json").read_text())["quick"] is (out == "quick")
    assert spikes(Path("judged")) == spikes(Path("quick"))


def test_set_reaches_sheet_and_protocol(neurosim: Callable[..., Done], small_sheet: Path) -> None:
    texts = []
    for tau in ("19ms", "19 ms"):
        done = neurosim(
            "run", "ison2015", "--model", small_sheet,
            "--set", f"excitatory.tau_m={tau}", "--set=protocol.composite_trials = 2",
            "--set", "excitatory_to_excitatory.p=0.25",
        )  # fmt: skip
        assert done.code == 0
        texts.append(Path(done.stdout.split()[-1], "model.toml").read_text())
    assert texts[0] == texts[1]
    assert sorted(path.name for path in Path("results/ison2015").iterdir()) == [
        "seed-0",
        "seed-0-2",
    ]
    run = ns.load_run("results/ison2015/seed-0")
    assert run.sheet.excitatory.tau_m == 0.019
    assert run.sheet.excitatory_to_excitatory.p == 0.25
    assert run.sheet.protocol["composite_trials"] == 2
    assert len(run.recording.trial_table.where(phase="learning")) == 2
    assert spikes(Path("results/ison2015/seed-0")) == spikes(Path("results/ison2015/seed-0-2"))


def test_the_sheet_of_a_run_repeats_it_from_the_command_line(
    neurosim: Callable[..., Done], small_run: Path
) -> None:
    neurosim("run", "ison2015", "--model", small_run / "model.toml", "--seed", "5", "--out", "two")
    assert spikes(Path("two")) == spikes(small_run)
    assert Path("two/model.toml").read_bytes() == (small_run / "model.toml").read_bytes()
    one, two = ((path / "scorecard.json").read_bytes() for path in (small_run, Path("two")))
    assert one == two


def test_a_list_and_a_condition_on_the_command_line(
    neurosim: Callable[..., Done], small_sheet: Path
) -> None:
    done = neurosim(
        "run", "ison2015", "--model", small_sheet, "--set", "protocol.condition=input_only",
        "--set", "protocol.stimuli=pictures", "--set", "protocol.n_random=5",
        "--set", "protocol.pictures=flower, palace,person", "--out", "run",
    )  # fmt: skip
    assert done.code == 0, "so few trials are not judged"
    run = ns.load_run("run")
    assert run.sheet.protocol["pictures"] == ["flower", "palace", "person"]
    assert run.conditions == ["input_only"]
    table = run.recording.trial_table
    assert set(table.stimulus[table.where(role="C")]) == {"flower+palace"}
    assert (Path("run/conditions/input_only/recording.nwb")).exists()


SEEDS_KEYS = [
    *("sd", "n_seeds", "share_met", "mean_low", "mean_high"),
    *("sd_upper", "sd_high", "most_high", "share_within_most"),
]


def test_seeds_have_a_directory_each_and_a_scorecard(
    neurosim: Callable[..., Done], small_sheet: Path
) -> None:
    done = neurosim("run", "ison2015", "--model", small_sheet, *JUDGED, "--seeds", "4:7")
    assert done.code == 1
    out = Path("results/ison2015/seeds-4-7")
    assert done.stdout.endswith(f"written to {out}\n")
    assert sorted(path.name for path in out.iterdir()) == [
        "scorecard.json",
        "seed-4",
        "seed-5",
        "seed-6",
    ]
    alone = ns.run("ison2015", out / "seed-5" / "model.toml", seed=5)
    alone.save("alone")
    assert spikes(out / "seed-5") == spikes(Path("alone")), "a seed depends on those before it"
    each = [json.loads((out / f"seed-{k}" / "scorecard.json").read_text()) for k in (4, 5, 6)]
    over = json.loads((out / "scorecard.json").read_text())
    assert over["protocol"] == "ison2015"
    assert len(over["rows"]) == len(each[0]["rows"])
    finite = 0
    for row, *singles in zip(over["rows"], *(card["rows"] for card in each), strict=True):
        assert list(row) == [*singles[0], *SEEDS_KEYS]
        assert len(singles[0]) == 9
        values = [single["value"] for single in singles]
        statuses = [single["status"] for single in singles]
        assert row["n_seeds"] == 3
        if statuses[0] == "reported":
            assert row["share_met"] is None
        else:
            assert row["share_met"] == pytest.approx(statuses.count("met") / 3)
            assert row["status"] == "missed" or set(statuses) == {"met"}
        if None in values:
            assert row["value"] is None
            continue
        finite += 1
        assert row["value"] == pytest.approx(np.mean(values))
        assert row["sd"] == pytest.approx(statistics.stdev(values))
    assert finite > 10
    pair = next(row for row in over["rows"] if row["name"] == "pair_coding_p_to_np")
    assert (pair["mean_low"], pair["mean_high"]) == (0.3, 0.5)


def test_seeds_that_fail_leave_nothing(
    neurosim: Callable[..., Done],
    small_sheet: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from neurosim import session
    from neurosim.errors import SimulationError

    simulate, calls = session.simulate, []

    def fail_later(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise SimulationError("The simulation failed: a test.")
        return simulate(*arguments)

    monkeypatch.setattr(session, "simulate", fail_later)
    done = neurosim("run", "ison2015", "--model", small_sheet, "--seeds", "0:2")
    assert done.code == 3
    assert done.stderr == "neurosim: The simulation failed: a test.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_figure_from_the_newest_run(
    neurosim: Callable[..., Done], small_run: Path, tmp_path: Path
) -> None:
    given = neurosim("figure", "ison2015", "--from", small_run, "--out", "drawn", "--format", "svg")
    assert given == Done(0, "drawn/ison2015.svg\n", "")
    assert (tmp_path / "drawn" / "ison2015.svg").read_text().startswith("<?xml")
    shutil.copytree(small_run, "results/ison2015/seed-5")
    every = neurosim("figure", "--all")
    drawn, left_out = every.stdout.splitlines(), every.stderr.splitlines()
    assert every.code == 0 and "ison2015.png" in drawn
    assert all(Path(name).stat().st_size > 0 for name in drawn)
    # What there is no run for, or not the condition, is named with its reason.
    told = [re.match(r"neurosim: left out (\w+): .+\.$", line) for line in left_out]
    assert sorted([Path(name).stem for name in drawn] + [m[1] for m in told if m]) == names(
        "figures"
    )
    assert any("no run of 'ison2015_dose'" in line for line in left_out)
    assert any("needs the condition 'plasticity_off'" in line for line in left_out)


def test_every_figure_without_any_run_is_refused(
    neurosim: Callable[..., Done], tmp_path: Path
) -> None:
    done = neurosim("figure", "--all")
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "neurosim: No figure can be drawn from 'results'."
    assert list(tmp_path.iterdir()) == []


OWN = '''"""Shows one stimulus: a test."""
from dataclasses import dataclass
import numpy as np
from neurosim.parameters import parameter
from neurosim.scorecard import Target
from neurosim.timeline import Timeline, Trial

CIRCUIT, MODEL = "area", "area_random"
CONDITIONS = {"main": "as it is"}
QUICK = {}

@dataclass(frozen=True)
class Options:
    condition: str = parameter(choices=("main", "all"), default="main")
    fails: bool = parameter(default=False)

def targets(options):
    return {"main": {"spikes": Target("all cells", "a test", "plausibility", low=1)}}

def run_condition(name, session, options):
    if options.fails:
        raise KeyError("a mistake in the protocol")
    code = np.ones(session.parameters.input.n, dtype=bool)
    timeline = Timeline.of([Trial("flash", 0.2, 0.1, "test")], lead_in=0)
    recording = session.run(timeline, {"input": {"flash": code}}).recording
    return recording, {"spikes": len(recording.spikes["input"].time)}
'''


@pytest.fixture
def own_protocol(place: Place, small_sheet: Path) -> tuple[str, str, str, str]:
    """Return the command that runs a user's own protocol in `place`."""
    (place.path / "flash.py").write_text(OWN)
    plain = small_sheet.read_text().partition("[protocol]")[0]
    (place.path / "plain.toml").write_text(plain)
    return ("run", "./flash.py", "--model", "./plain.toml")


def test_without_a_compiler_auto_takes_numpy_and_says_so(
    place: Place, own_protocol: Sequence[str]
) -> None:
    done = place.run(*own_protocol, "--set", "simulation.dt=1ms", PATH="", CXX="")
    assert done.code == 0, "no target was missed"
    assert "NumPy" in done.stderr and "minutes" in done.stderr
    out = place.path / "results" / "flash" / "seed-0"
    info = json.loads((out / "run.json").read_text())
    assert (info["protocol"], info["target"], info["build_seconds"]) == ("flash", "numpy", 0)
    assert list(place.temporary.iterdir()) == []


def test_a_mistake_in_a_protocol_is_no_missed_target(
    place: Place, own_protocol: Sequence[str]
) -> None:
    done = place.run(*own_protocol, "--set", "protocol.fails=true")
    assert (done.code, done.stdout) == (3, "")
    assert "flash.py" in done.stderr and "a mistake in the protocol" in done.stderr
    assert sorted(path.name for path in place.path.iterdir()) == ["flash.py", "plain.toml"]


# ------------------------------------------------------------------------------ progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    progress = TerminalProgress()
    progress.announce("main: as it is.")
    progress.warn("No compiler.")
    with progress.task("Simulating 10 s"):
        for step in range(1, 5):
            time.sleep(0.06)
            progress.fraction(step / 4)
    progress.fraction(0.5)
    return stream.getvalue()


def test_progress_says_what_is_done_and_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = shown(Terminal(), monkeypatch)
    assert text.startswith("main: as it is.\nNo compiler.\n")
    assert "Simulating 10 s" in text and "50 %" in text
    assert re.search(r"\d\d:\d\d left", text)
    assert text.rstrip(" ").endswith("\r"), "the bar is not wiped out"


def test_progress_is_quiet_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(io.StringIO(), monkeypatch) == "No compiler.\n"


def test_help_names_every_command(neurosim: Callable[..., Done]) -> None:
    with pytest.raises(SystemExit) as caught:
        neurosim("--help")
    assert caught.value.code in (0, None)
