"""Sweeps on workers that were started by hand: no compiler, another home, one is killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from sweep_bench import write_protocol

from neurosim.errors import InputError, SimulationError
from neurosim.sweeping.identity import identity
from neurosim.sweeping.results import SECONDS, TABLE, load_sweep
from neurosim.sweeping.tally import Tally
from neurosim.sweeps import sweep

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300.0  # s that anything may take on a busy machine
GRID = {"excitatory.tau_m": ["15 ms", "20 ms"], "excitatory.n": [80, 60]}
SEEDS = range(2)
N_RUNS = 8

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the package as a wheel does, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    identity()  # of the same sources, in case that somebody edits them meanwhile
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "neurosim", folder / "neurosim", ignore=unwanted)
    for name in ("models", "protocols", "figures"):
        shutil.copytree(ROOT / name, folder / "neurosim" / name, ignore=unwanted)
    return folder


class Cluster:
    """A scheduler and workers, each a process with a working directory and a home of its own."""

    def __init__(self, folder: Path, installed: Path) -> None:
        self.folder, self._installed = folder, installed
        self._processes: list[subprocess.Popen[str]] = []
        file = folder / "scheduler.json"
        self._start("scheduler", "scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_for(lambda: file.exists() and file.read_text().endswith("}"))
        self.address: str = json.loads(file.read_text())["address"]

    def add_worker(self, name: str, preload: str = "") -> subprocess.Popen[str]:
        """Start a worker that has neither a compiler nor a cache, and runs some code first."""
        options = ["--nthreads", "1", "--no-nanny", "--name", name]
        if preload:
            script = self.folder / f"{name}.py"
            script.write_text(preload)
            options += ["--preload", str(script)]
        return self._start(name, "worker", self.address, *options)

    def stop_scheduler(self) -> None:
        """End the scheduler as a crash does."""
        self._processes[0].kill()

    def _start(self, name: str, *command: str) -> subprocess.Popen[str]:
        place = self.folder / name
        for part in ("here", "home", "bin", "temporary"):
            (place / part).mkdir(parents=True)
        kept = {"LANG", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS"}
        own = {key: value for key, value in os.environ.items() if key in kept}
        own |= {"HOME": str(place / "home"), "PATH": str(place / "bin")}
        own |= {"PYTHONPATH": str(self._installed), "TMPDIR": str(place / "temporary")}
        with (place / "log.txt").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard"],
                cwd=place / "here",
                env=own,
                stdout=log,
                stderr=log,
                text=True,
            )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path, installed: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path, installed)
    yield started
    started.stop()


class Noting(Tally):
    """Keeps what the user is told, and calls something after the first run."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.warnings: list[str] = []
        self._then = then

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def add(self, failed: bool) -> None:
        self._then()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.05)


def table_of(directory: Path) -> pd.DataFrame:
    return pd.read_csv(directory / TABLE).drop(columns=[*SECONDS])


def n_lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def test_a_sweep_on_workers_equals_the_serial_one_though_one_is_killed(
    cluster: Cluster, small_sheet: Path, tmp_path: Path
) -> None:
    first, second = (cluster.add_worker(name) for name in ("first", "second"))
    over = [f"--over={key}={','.join(map(str, values))}" for key, values in GRID.items()]
    command = ["sweep", "ison2015", "--model", str(small_sheet), *over]
    command += [f"--seeds={SEEDS.start}:{SEEDS.stop}", "--scheduler", cluster.address]
    with (tmp_path / "log.txt").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "neurosim", *command, "--out", "far"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
        wait_for(lambda: n_lines(tmp_path / "far" / "journal.jsonl") >= 3 or process.poll())
        n_before = n_lines(tmp_path / "far" / "journal.jsonl")
        first.send_signal(signal.SIGKILL)
        code = process.wait(LIMIT)
        log.seek(0)
        told = log.read()
    assert code in (0, 1), told
    assert 3 <= n_before < N_RUNS, "it was killed in the middle"
    assert second.poll() is None
    far = load_sweep(tmp_path / "far")
    assert len(far.outcomes) == N_RUNS and not far.failures

    near = sweep("ison2015", GRID, seeds=SEEDS, model=small_sheet, workers=1, out=tmp_path / "near")
    pd.testing.assert_frame_equal(
        far.runs.drop(columns=[*SECONDS]), near.runs.drop(columns=[*SECONDS]), check_exact=True
    )
    assert table_of(tmp_path / "far").equals(table_of(tmp_path / "near"))
    # The circuits came with the jobs: one for each number of cells.
    cached = tmp_path / "second" / "home" / ".cache" / "neurosim"
    assert len(list(cached.glob("area-*/main"))) == 2


OTHER_CPU = """
from neurosim.simulation import toolchain
toolchain.processor = lambda: "x86_64 model name : Other CPU 9 flags : fpu"
"""
NO_NEUROSIM = "import sys; sys.modules['neurosim'] = None"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return write_protocol(tmp_path)


@pytest.mark.parametrize(
    ("preload", "reason"),
    [
        (OTHER_CPU, "the processor 'Other CPU 9' and not '"),
        (NO_NEUROSIM, r"no neurosim that works \(.*'neurosim'"),
    ],
)
def test_a_worker_that_cannot_take_part_is_left_out_with_a_sentence(
    preload: str, reason: str, cluster: Cluster, toy: Path
) -> None:
    cluster.add_worker("odd", preload)
    with pytest.raises(InputError, match=f"^No worker can take part: tcp://.* has {reason}"):
        sweep(toy, seeds=range(3), scheduler=cluster.address)
    cluster.add_worker("even")
    wait_for(lambda: "Registered to" in (cluster.folder / "even" / "log.txt").read_text())
    told = Noting()
    found = sweep(toy, seeds=range(3), scheduler=cluster.address, tally=told)
    assert len(found.outcomes) == 3 and not found.failures
    (warning,) = told.warnings
    assert re.search(f"^The worker tcp://.* is left out, for it has {reason}", warning)


def test_a_scheduler_that_is_not_there_is_refused(toy: Path) -> None:
    for address in ("tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense", "tcp://", "x://y:1"):
        with pytest.raises(InputError, match=f"No Dask scheduler answers at '{address}'"):
            sweep(toy, seeds=range(3), scheduler=address)


def test_workers_may_come_later(cluster: Cluster, toy: Path) -> None:
    told = Noting()
    told.warn = lambda text: (told.warnings.append(text), cluster.add_worker("late"))
    found = sweep(toy, seeds=range(3), scheduler=cluster.address, tally=told)
    assert len(found.outcomes) == 3
    assert told.warnings == ["The scheduler has no workers: waiting for one."]


def test_a_scheduler_that_is_lost_stops_the_sweep_and_loses_nothing(
    cluster: Cluster, toy: Path, tmp_path: Path
) -> None:
    cluster.add_worker("only")
    changes = {"protocol.wait": "200 ms"}
    told = Noting(cluster.stop_scheduler)
    with pytest.raises(SimulationError, match="The Dask scheduler was lost"):
        sweep(
            toy,
            seeds=range(50),
            scheduler=cluster.address,
            out=tmp_path / "out",
            overrides=changes,
            tally=told,
        )
    done = len(load_sweep(tmp_path / "out").outcomes)
    assert 1 <= done < 50
    assert (
        told.warnings[-1]
        == f"{done} runs are kept in {tmp_path / 'out'}: the same command goes on."
    )


def test_an_interrupted_sweep_leaves_the_workers_to_others(
    cluster: Cluster, toy: Path, small_sheet: Path
) -> None:
    cluster.add_worker("only")
    scratch = cluster.folder / "only" / "temporary"

    def interrupt() -> None:
        if any(scratch.glob("neurosim-run-*/results")):
            raise KeyboardInterrupt

    told = Noting()
    told.tick = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        sweep(
            "ison2015",
            seeds=range(9),
            model=small_sheet,
            overrides={"protocol.imprint_trials": 200},
            scheduler=cluster.address,
            tally=told,
        )
    wait_for(lambda: not any(scratch.glob("neurosim-run-*")))
    # It works for others.
    assert len(sweep(toy, seeds=range(2), scheduler=cluster.address).outcomes) == 2
