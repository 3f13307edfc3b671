"""Runs of a compiled circuit that look good and are not: each has to be refused."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim.errors import InputError, SimulationError
from neurosim.progress import Progress
from neurosim.simulation import binary
from neurosim.simulation.binary import command_line, run_binary
from neurosim.simulation.cache import Entry
from neurosim.simulation.job import Job
from neurosim.simulation.target import compiled, simulate
from neurosim.timeline import Timeline, Trial

JobMaker = Callable[..., Job]
LONG = Timeline((Trial("seen", 0.5, 299.4, "imprint"),), lead_in=0.1)


@pytest.fixture(scope="session")
def entry(area_job: JobMaker) -> Entry:
    job = area_job()
    return compiled(job.circuit, job.structure)


@pytest.fixture
def sabotaged(entry: Entry, tmp_path: Path) -> Callable[[str], Entry]:
    """Return a function that puts a shell script in front of the binary.

    In the script ``real`` runs the binary, and ``$results`` is the folder that it writes into.
    """

    def make(script: str) -> Entry:
        directory = tmp_path / "circuit"
        shutil.copytree(entry.directory, directory)
        (directory / "main").rename(directory / "real")
        (directory / "main").write_text(
            f'#!/bin/sh\nresults=$2\nfile() {{ ls "$results"*"$1"* | head -n 1; }}\n'
            f'real() {{ {directory}/real "$@"; }}\n{script}\n',
            encoding="utf-8",
        )
        (directory / "main").chmod(0o755)
        return Entry(directory, entry.manifest, fresh=False)

    return make


def refusal(entry: Entry, job: Job, progress: Progress | None = None) -> str:
    with pytest.raises(SimulationError) as caught:
        run_binary(entry, job, progress or Progress())
    sentence = str(caught.value)
    assert re.fullmatch(r"[A-Z/][^\n]*\.|[^\n]*\?", sentence), sentence
    return sentence


def test_a_whole_run_gives_every_output(entry: Entry, area_job: JobMaker) -> None:
    job = area_job()
    arrays, seconds = run_binary(entry, job)
    assert set(arrays) == set(job.outputs)
    for name in ("excitatory", "inhibitory", "input"):
        index, times = arrays[f"{name}_spikes.i"], arrays[f"{name}_spikes.t"]
        assert index.shape == times.shape
        assert len(times) > 0
        assert 0 <= times.min() <= times.max() < job.duration
    assert arrays["membrane_potential.v"].shape == (180, 4)  # 0.9 s every 5 ms, four cells
    assert -0.09 < arrays["membrane_potential.v"].min() < arrays["membrane_potential.v"].max() < 0
    assert 0 < seconds < 10


def test_a_monitor_that_nobody_reads_records_nothing_and_changes_nothing(
    entry: Entry, area_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything, _ = run_binary(entry, area_job())
    sizes: dict[str, int] = {}
    check = binary.check_results

    def measure(results: Path, *rest: Any) -> None:
        sizes.update({path.name: path.stat().st_size for path in results.iterdir()})
        check(results, *rest)

    monkeypatch.setattr(binary, "check_results", measure)
    read = ("excitatory_spikes.i", "excitatory_spikes.t", "input_to_excitatory.w")
    arrays, _ = run_binary(entry, dataclasses.replace(area_job(), outputs=read))
    assert set(arrays) == set(read)
    for name in read:
        assert np.array_equal(arrays[name], everything[name])
    for name in ("inhibitory_spikes.t", "input_spikes.i", "membrane_potential.v"):
        assert len(everything[name]) > 0
        assert sizes[entry.manifest["arrays"][name]["file"]] == 0
    assert sizes[entry.manifest["arrays"]["excitatory_spikes.t"]["file"]] > 0


def test_an_undisturbed_script_in_front_of_the_binary_changes_nothing(
    sabotaged: Callable[[str], Entry], entry: Entry, area_job: JobMaker
) -> None:
    expected, _ = run_binary(entry, area_job())
    arrays, _ = run_binary(sabotaged('real "$@"'), area_job())
    assert all(np.array_equal(arrays[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", "wrote no results"),
        ('rm -r "$results"; real "$@"', "failed: Error writing"),
        # Without the files that it reads at its start it runs on whatever is in memory.
        ('cd /; real "$@"', "failed: Error opening static array"),
        ('rm -r static_arrays; real "$@"', "failed: Error opening static array"),
        ('real "$@"; rm "$(file excitatory_g_e)"', "_array_excitatory_g_e"),
        ('real "$@"; touch "${results}more"', "(more, for one)"),
        ('real "$@"; truncate -s -1 "$(file excitatory_v_)"', "a part of _array_excitatory_v_"),
        ('real "$@"; truncate -s -4096 "$(file to_excitatory_w_)"', "_to_excitatory_w_"),
        ('real "$@"; truncate -s 0 "$(file to_excitatory_N_)"', "_to_excitatory_N_"),
        ('real "$@"; truncate -s 0 "$(file excitatory_spikes_N)"', "excitatory_spikes_N"),
        ('real "$@"; truncate -s 0 "$(file membrane_potential_v)"', "membrane_potential_v"),
        ('real "$@"; truncate -s -1 "$(file N_incoming)"', "N_incoming"),
        ('real "$@"; rm "$results"last_run_info.txt', "wrote no results"),
        ('real "$@"; : > "$results"last_run_info.txt', "stopped at 0.9 s of 0.9 s"),
        ('real "$@"; echo "1.2 0.37" > "$results"last_run_info.txt', "stopped at"),
        ('real "$@"; echo Error reading x', "failed: Error reading x"),
        ('real "$@"; echo strange >&2', "failed: strange"),
        ('real "$@"; exit 3', "exit code 3"),
        ('real "$@"; kill -KILL $$', "stopped by SIGKILL"),
        ("kill -TERM $$", "stopped by SIGTERM"),
        ('real "$@" excitatory.v_rest=.1', "failed"),  # read as the name of a file
        ('real "$@" excitatory.v_rset=1', "unknown variable 'excitatory.v_rset'"),
        ('shift 2; real --results_dir "${results%/}" "$@"', "wrote no results"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(
    script: str,
    expected: str,
    sabotaged: Callable[[str], Entry],
    area_job: JobMaker,
    own_temporary_folder: Path,
) -> None:
    assert expected in refusal(sabotaged(script), area_job())
    assert list(own_temporary_folder.iterdir()) == []


def test_all_spikes_of_a_population_may_be_missing_only_if_it_did_not_fire(
    sabotaged: Callable[[str], Entry], area_job: JobMaker
) -> None:
    # A full disk can cut both files of a monitor to nothing: they fit together and say silence.
    cut = 'for k in i t; do truncate -s 0 "$(file excitatory_spikes_${k}_)"; done'
    assert "excitatory_spikes" in refusal(sabotaged(f'real "$@"; {cut}'), area_job())


def test_a_population_that_did_not_fire_is_no_failure(entry: Entry, area_job: JobMaker) -> None:
    silent = {"input.idle_rate": 0.0, "input.stimulus_rate": 0.0}
    job = area_job()
    arrays, _ = run_binary(entry, dataclasses.replace(job, arguments={**job.arguments, **silent}))
    assert len(arrays["input_spikes.t"]) == len(arrays["input_spikes.i"]) == 0


@pytest.mark.parametrize("blocks", [0, 1, 2, 4, 8, 16])
def test_a_full_disk_is_noticed_wherever_it_cuts(
    blocks: int, sabotaged: Callable[[str], Entry], area_job: JobMaker
) -> None:
    # Beyond the limit (in blocks of 512 bytes) writing fails without a word, as on a full disk.
    limited = sabotaged(f"trap '' XFSZ; ulimit -f {blocks}; real \"$@\"")
    assert refusal(limited, area_job()).endswith("full?")


def test_the_version_of_brian2_is_named_if_files_differ(entry: Entry, area_job: JobMaker) -> None:
    files = {name: it for name, it in entry.manifest["files"].items() if "_w_" not in name}
    other = dataclasses.replace(entry, manifest={**entry.manifest, "files": files})
    version = entry.manifest["identity"]["versions"]["brian2"]
    assert f"than Brian2 {version} should write" in refusal(other, area_job())


class Interfering(Progress):
    """Does something as soon as the binary has told its progress."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.action = action

    def fraction(self, done: float) -> None:
        if done < 0.5:
            self.action()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[str]]]:
    """Return the processes that were started."""
    processes: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            processes.append(self)

    monkeypatch.setattr(binary.subprocess, "Popen", Noted)
    yield processes
    assert all(process.returncode is not None for process in processes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_binary_that_is_stopped_from_outside_is_no_result(
    number: signal.Signals,
    entry: Entry,
    area_job: JobMaker,
    started: list[subprocess.Popen[str]],
) -> None:
    # After SIGINT it ends with exit code 0 and a full set of files of the right size.
    stop = Interfering(lambda: os.kill(started[0].pid, number))
    job = area_job(timeline=LONG)
    assert "stopped" in refusal(entry, job, stop)


def test_ctrl_c_stops_the_binary_and_leaves_nothing(
    entry: Entry,
    area_job: JobMaker,
    started: list[subprocess.Popen[str]],
    own_temporary_folder: Path,
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_binary(entry, area_job(timeline=LONG), Interfering(interrupt))
    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert list(own_temporary_folder.iterdir()) == []


def test_progress_is_told_up_to_the_end(entry: Entry, area_job: JobMaker) -> None:
    told: list[float] = []

    class Noting(Progress):
        def fraction(self, done: float) -> None:
            told.append(done)

    timeline = Timeline((Trial("seen", 0.5, 2.9, "imprint"),), lead_in=0.1)
    run_binary(entry, area_job(timeline=timeline), Noting())
    assert told == pytest.approx([1 / 3.5, 2 / 3.5, 3 / 3.5, 1.0], rel=1e-5)


def test_an_unknown_parameter_is_refused(entry: Entry, area_job: JobMaker) -> None:
    job = area_job()
    wrong = dataclasses.replace(job, arguments={**job.arguments, "excitatory.tau": 0.02})
    assert "'excitatory.tau'" in refusal(entry, wrong)


def test_an_unknown_output_is_refused(entry: Entry, area_job: JobMaker) -> None:
    sentence = refusal(entry, area_job(outputs=("excitatory_spike.t",)))
    assert sentence.endswith("did you mean 'excitatory_spikes.t'?")


def test_a_table_of_a_wrong_size_is_refused(entry: Entry, area_job: JobMaker) -> None:
    job = area_job()
    tables = {**job.tables, "stimulus": job.tables["stimulus"][1:]}
    sentence = refusal(entry, dataclasses.replace(job, tables=tables))
    assert "the table of stimulus has 262136 bytes, the compiled circuit expects 262144" in sentence


@pytest.mark.parametrize("change", [-1, 1])
def test_a_state_of_a_wrong_size_is_refused(change: int, entry: Entry, area_job: JobMaker) -> None:
    name = "excitatory_to_excitatory.w"
    weights = run_binary(entry, area_job())[0][name]
    state = {name: np.resize(weights, len(weights) + change)}
    sentence = refusal(entry, area_job(state=state))
    assert f"the state of {name} has {8 * (len(weights) + change)} bytes" in sentence


def test_values_reach_the_binary_exactly_and_never_look_like_file_names() -> None:
    values = [0.1, np.float64(-0.07), np.float32(0.1), 1e-300, 5e-324, 3, -0.0, 1 / 3, 1e22]
    job = Job(
        circuit="area",
        structure={},
        arguments={f"group.{k}": value for k, value in enumerate(values)},
        tables={},
        duration=np.float64(0.9),
        brain_seed=4294967295,
        noise_seed=0,
        outputs=(),
    )
    duration, brain, noise, *arguments = command_line(job)
    assert (float(duration), brain, noise) == (0.9, "4294967295", "0")
    for k, (argument, value) in enumerate(zip(arguments, values, strict=True)):
        name, _, text = argument.partition("=")
        assert name == f"group.{k}"
        assert re.match("-?[0-9]", text)  # what the binary takes for a number
        assert float(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_parameter_that_is_not_finite_is_refused(value: float, area_job: JobMaker) -> None:
    with pytest.raises(InputError, match=r"excitatory\.c_m is .*, expected a finite number\."):
        area_job(arguments={"excitatory.c_m": value})


def test_outputs_that_are_not_finite_are_refused(area_job: JobMaker) -> None:
    job = area_job()
    wrong = dataclasses.replace(job, arguments={**job.arguments, "excitatory.c_m": 0.0})
    message = r"diverged: .* holds values that are not finite from 0\.005 s on\."
    with pytest.raises(SimulationError, match=message):
        simulate(wrong, "standalone")


def test_a_binary_that_cannot_be_started_is_named(
    sabotaged: Callable[[str], Entry], area_job: JobMaker
) -> None:
    entry = sabotaged('real "$@"')
    entry.binary.chmod(0o644)
    assert f"{entry.binary} cannot be started: Permission denied." == refusal(entry, area_job())
    shutil.rmtree(entry.directory)  # 'neurosim cache --clear', in another terminal
    assert "cannot be started: No such file" in refusal(entry, area_job())


def test_a_missing_temporary_folder_is_named(
    entry: Entry, area_job: JobMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert "cannot be written to /nowhere: No such file" in refusal(entry, area_job())


def test_results_are_pruned_after_they_were_read(
    entry: Entry, area_job: JobMaker, own_temporary_folder: Path
) -> None:
    before = sorted(path.name for path in entry.directory.rglob("*"))
    run_binary(entry, area_job())
    assert list(own_temporary_folder.iterdir()) == []
    assert sorted(path.name for path in entry.directory.rglob("*")) == before
