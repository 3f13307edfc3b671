"""Compiling a generated project as one unit: the same program, several times faster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import SimulationError
from neurosim.simulation import toolchain
from neurosim.simulation.binary import command_line, write_arrays
from neurosim.simulation.job import Job
from neurosim.simulation.unity import compile_unity, write_unity

# What the generated files include; reading it once makes an ordinary build half as slow.
HEADERS = "algorithm cmath csignal cstdlib ctime fstream iostream map queue random set string tuple"


def compiler() -> str:
    path = toolchain.find_compiler()
    assert path is not None
    return path


def python(code: str, *arguments: str) -> str:
    """Run code that imports Brian2 in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_flags_are_brian2s_own() -> None:
    code = (
        "import json; from brian2.codegen.cpp_prefs import get_compiler_and_args;"
        "print(json.dumps(get_compiler_and_args()[1]))"
    )
    assert json.loads(python(code)) == list(toolchain.FLAGS)


GENERATE = """
import json, sys
from pathlib import Path
from neurosim.simulation.generate import generate
generate("area", json.loads(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_unity_and_ordinary_builds_give_the_same_arrays(
    area_job: Callable[..., Job], tmp_path: Path
) -> None:
    job, project = area_job(), tmp_path / "project"
    python(GENERATE, json.dumps(dict(job.structure)), str(project))
    compile_unity(project, compiler()).rename(project / "main_unity")
    (project / "unity.cpp").unlink()

    headers = project / "headers.h"
    headers.write_text("".join(f"#include <{name}>\n" for name in HEADERS.split()))
    run = [compiler(), *toolchain.FLAGS, "-x", "c++-header", headers.name, "-o", "headers.h.gch"]
    subprocess.run(run, cwd=project, check=True)
    make = ["make", "-j2", f"CXX={compiler()} -include headers.h"]
    subprocess.run(make, cwd=project, check=True, capture_output=True)

    arguments = [*command_line(job), *write_arrays(job, tmp_path)]
    results = {}
    for binary in ("main_unity", "main"):
        folder = tmp_path / f"results of {binary}"
        folder.mkdir()
        command = [f"./{binary}", "--results_dir", f"{folder}/", *arguments]
        subprocess.run(command, cwd=project, check=True, capture_output=True)
        results[binary] = {
            path.name: path.read_bytes()
            for path in folder.iterdir()
            if path.name != "last_run_info.txt"  # says how many seconds it took
        }
    assert len(results["main"]) > 100
    assert results["main_unity"] == results["main"]
    spikes = np.frombuffer(
        next(v for k, v in results["main"].items() if "excitatory_spikes_t" in k)
    )
    assert len(spikes) > 100


def test_functions_of_the_same_name_in_two_files_stay_apart(tmp_path: Path) -> None:
    # Brian2 gives every file its own helpers, in an unnamed namespace.
    for name, value in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.cpp").write_text(
            "namespace brian { extern int total; }\n"
            f"namespace {{\n    int helper() {{ return {value}; }}\n}}\n"
            f"void add_{name}() {{ using namespace brian; total += helper(); }}\n"
        )
    (tmp_path / "main.cpp").write_text(
        "#include <cstdio>\nnamespace brian { int total = 0; }\nvoid add_a();\nvoid add_b();\n"
        'int main() { add_a(); add_b(); add_b(); std::printf("%d", brian::total); }\n'
    )
    assert subprocess.check_output([compile_unity(tmp_path, compiler())]) == b"5"


def test_a_second_build_in_a_folder_does_not_take_up_the_joined_file(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text("int main() { return 0; }\n")
    first = write_unity(tmp_path).read_text()
    assert write_unity(tmp_path).read_text() == first
    assert first.count("int main()") == 1


def test_what_the_compiler_complains_of_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text("int main() {\n    return nonsense;\n}\n")
    with pytest.raises(SimulationError) as caught:
        compile_unity(tmp_path, compiler())
    sentence = str(caught.value)
    assert "main.cpp:2" in sentence
    assert "nonsense" in sentence
    assert "\n" not in sentence


def test_a_compiler_that_dies_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text("int main() { return 0; }\n")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nkill -KILL $$\n")
    broken.chmod(0o755)
    with pytest.raises(SimulationError, match=r"broken failed: exit code -9\."):
        compile_unity(tmp_path, str(broken))


@pytest.mark.parametrize(
    ("programs", "chosen", "expected"),
    [
        (["g++", "clang++"], None, "g++"),
        (["clang++", "c++"], None, "clang++"),
        (["g++", "my-c++"], "my-c++", "my-c++"),
        (["g++"], "my-c++", None),
        ([], None, None),
    ],
)
def test_the_compiler_is_cxx_else_the_first_that_is_there(
    programs: list[str],
    chosen: str | None,
    expected: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    if chosen is not None:
        monkeypatch.setenv("CXX", chosen)
    found = toolchain.find_compiler()
    assert (found and os.path.basename(found)) == expected
    if expected is None:
        assert ("my-c++" in toolchain.why_no_compiler()) == bool(chosen)
