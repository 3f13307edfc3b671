"""The C++ that is made faster does what Brian2's does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from circuit_benches import OF_THE_PROTOCOL, SHEETS, Bench, benches_of

from neurosim.simulation import target
from neurosim.simulation.binary import command_line, write_arrays
from neurosim.simulation.faster import APPENDED, CLOCK, COPIED, faster
from neurosim.simulation.job import Job
from neurosim.simulation.toolchain import FLAGS, find_compiler
from neurosim.simulation.unity import compile_unity

# As Brian2 writes them.
THRESHOLD = """
    long _count = 0;
    for(size_t _idx=0; _idx<N; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
                
        const double v = _ptr_array_cells_v[_idx];
        const char _cond = v > threshold;

        if(_cond) {
            _ptr_array_cells__spikespace[_count++] = _idx;
        }
    }
    _ptr_array_cells__spikespace[N] = _count;
"""  # noqa: W293
NETWORK = """
    while(clock && clock->running() && !Network::_globally_stopped)
    {
        clock = next_clocks();

        current = std::clock();
        elapsed_realtime = (double)(current - start)/(1 * CLOCKS_PER_SEC);


    }
    Network::_globally_running = false;

    _last_run_time = elapsed_realtime;
"""
PROGRAM = """
#include <cstdint>
#include <cstdio>
#include <cstddef>
#include <initializer_list>
static double _ptr_array_cells_v[{n}];
static int32_t _ptr_array_cells__spikespace[{n} + 1];
static void list_those_above(double threshold)
{{
    const int64_t N = {n};
{threshold}
}}
int main(int, char** argv)
{{
    FILE* file = std::fopen(argv[1], "rb");
    for (double threshold : {{-1., 0.1, 0.9, 0.99, 2.}})
    {{
        if (std::fread(_ptr_array_cells_v, sizeof(double), {n}, file) != {n}) return 1;
        list_those_above(threshold);
        for (int k = 0; k < _ptr_array_cells__spikespace[{n}]; k++)
            std::printf("%d ", _ptr_array_cells__spikespace[k]);
        std::printf("\\n");
    }}
}}
"""


def compiler() -> str:
    path = find_compiler()
    assert path is not None
    return path


@pytest.mark.parametrize("n", [3, 1003])
def test_a_quick_threshold_lists_the_same_neurons_in_the_same_order(n: int, tmp_path: Path) -> None:
    program = PROGRAM.format(threshold=THRESHOLD, n=n)
    quick = faster(program)
    assert "if(_cond)" not in quick
    v = np.random.default_rng(0).random((5, n))
    v[:, 0], v[:, -1] = 1.0, 0.9  # the first; the last, at a threshold
    v.tofile(tmp_path / "v")
    source, binary = tmp_path / "quick.cpp", tmp_path / "quick"
    source.write_text(quick)
    subprocess.run([compiler(), *FLAGS, source, "-o", binary], check=True)
    lines = subprocess.check_output([binary, tmp_path / "v"], text=True).split("\n")[:-1]
    listed = [[int(word) for word in line.split()] for line in lines]
    thresholds = (-1, 0.1, 0.9, 0.99, 2)
    expected = [
        np.flatnonzero(row > threshold).tolist()
        for row, threshold in zip(v, thresholds, strict=True)
    ]
    assert listed == expected
    assert len(listed[0]) == n
    assert listed[-1] == []


@pytest.mark.parametrize(
    ("passage", "other"),
    [
        # Brian2 would end a run that takes too long in between.
        ("    }\n    Network", "        if (elapsed_realtime > 60) break;\n    }\n    Network"),
        ("current = std::clock();", "current = now();"),
    ],
)
def test_a_clock_that_is_read_in_every_step_is_asked_in_every_step(
    passage: str, other: str
) -> None:
    assert NETWORK.count(passage) == 1
    changed = NETWORK.replace(passage, other)
    assert faster(changed) == changed


def test_a_clock_that_is_read_at_the_end_is_asked_at_the_end() -> None:
    quick = faster(NETWORK)
    assert quick.split() != NETWORK.split()
    assert sorted(quick.split()) == sorted(NETWORK.split())
    loop, _, behind = quick.partition("_globally_running = false;")
    assert "elapsed_realtime" not in loop
    assert behind.index("current = std::clock();") < behind.index("_last_run_time")


LOOP = f"const int64_t N = 1003;\n{THRESHOLD}"
OTHER_LOOPS = {
    "one condition for all": LOOP.replace("v > threshold", "_lio_1").replace(
        "        const double v = _ptr_array_cells_v[_idx];\n", ""
    ),
    "a size that the compiler does not know": LOOP.replace("1003;", "_array_N[0];"),
    "a function": LOOP.replace("v > threshold", "exp(v) > threshold"),
    "refractory neurons": LOOP.replace("++] = _idx;", "++] = _idx;\n            last[_idx] = t;"),
}


@pytest.mark.parametrize("loop", OTHER_LOOPS.values(), ids=OTHER_LOOPS)
def test_another_loop_stays_as_brian2_wrote_it(loop: str) -> None:
    assert faster(LOOP) != LOOP != loop
    assert faster(loop) == loop


GENERATE = """
import json, sys
from pathlib import Path
from neurosim.simulation import generate
kept = {}
def keep(directory):
    for path in (*directory.rglob("*.cpp"), *directory.rglob("*.h")):
        kept[path] = path.read_text()
    make_faster(directory)
make_faster, generate.make_faster = generate.make_faster, keep
quick, plain = Path(sys.argv[3]), Path(sys.argv[4])
generate.generate(sys.argv[1], json.loads(sys.argv[2]), quick)
for path, text in kept.items():
    copy = plain / path.relative_to(quick)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text)
"""


# Circuits some of whose neurons are not refractory, and so only listed.
LISTING = ("area", "fly_hash", "short_term_plasticity")


class FirstJobError(Exception):
    """Carries the job that a bench would run first."""


def first_job(bench: Bench, name: str, changes: Mapping[str, Any]) -> Job:
    """Return what a bench would simulate first."""

    def refuse(job: Job, *rest: Any) -> None:
        raise FirstJobError(job)

    parameters = bench.sheet(name).with_overrides(changes).parameters
    with pytest.MonkeyPatch.context() as patch, pytest.raises(FirstJobError) as caught:
        patch.setattr(target, "_run_compiled", refuse)
        bench.compiled(parameters)
    job: Job = caught.value.args[0]
    return job


def structures_of(name: str, bench: Bench) -> Iterator[Mapping[str, Any]]:
    """Yield settings of a bench that differ in what is compiled in."""
    seen = []
    for changes in [*bench.settings, {}]:
        structure = bench.sheet(name).with_overrides(changes).parameters.structure()
        if structure not in seen:
            seen.append(structure)
            yield changes


@pytest.mark.slow
@pytest.mark.parametrize("circuit", OF_THE_PROTOCOL)
def test_a_circuit_gives_the_same_results_to_the_last_bit(
    circuit: str, area_job: Callable[..., Job], tmp_path: Path
) -> None:
    bench, sheet = benches_of(area_job)[circuit], next(k for k, v in SHEETS.items() if v == circuit)
    for number, changes in enumerate(structures_of(sheet, bench)):
        job, folder = first_job(bench, sheet, changes), tmp_path / str(number)
        folder.mkdir()
        plain, quick = results_without_and_with(job, folder)
        assert len(plain) > 30
        assert plain == quick
        times = [v for k, v in plain.items() if re.search(r"_spikes_t_|arrival\w*_t_", k)]
        assert sum(len(np.frombuffer(file)) for file in times) > 5


def results_without_and_with(job: Job, folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the files that a job leaves if it is compiled as Brian2 writes it, and made faster."""
    projects = {name: folder / name for name in ("quick", "plain")}
    structure = json.dumps(dict(job.structure))
    command = [sys.executable, "-c", GENERATE, job.circuit, structure, *map(str, projects.values())]
    subprocess.run(command, check=True)
    # Everything is recognised in what this version of Brian2 writes.
    quick, plain = (sources_of(project) for project in projects.values())
    assert "_eight" in quick or job.circuit not in LISTING
    assert APPENDED.search(plain)
    assert COPIED.search(plain)
    asks_the_clock = "current = std::clock();" in plain  # Brian2 2.9
    assert bool(CLOCK.search(plain)) == asks_the_clock
    for pattern in (CLOCK, APPENDED, COPIED):
        assert not pattern.search(quick)

    arguments = [*command_line(job), *write_arrays(job, folder)]
    results: dict[str, dict[str, bytes]] = {}
    # What is made faster is what the cache holds, for all tests.
    binaries = {
        "quick": target.compiled(job.circuit, job.structure).binary,
        "plain": compile_unity(projects["plain"], compiler()),
    }
    for name, binary in binaries.items():
        written = folder / f"results of {name}"
        written.mkdir()
        subprocess.run(
            [binary, "--results_dir", f"{written}/", *arguments],
            cwd=projects["quick"],  # with the static arrays
            check=True,
            capture_output=True,
        )
        results[name] = {
            path.name: path.read_bytes()
            for path in written.iterdir()
            if path.name != "last_run_info.txt"  # says how many seconds it took
        }
    return results["plain"], results["quick"]


def sources_of(project: Path) -> str:
    return "\n".join(
        path.read_text() for path in sorted(project.rglob("*")) if path.suffix in (".cpp", ".h")
    )
