"""Compile a generated C++ project as one translation unit: several times faster than by file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from neurosim.errors import SimulationError
from neurosim.simulation.toolchain import FLAGS

UNITY = "unity.cpp"
# Long straight-line code that runs once per process: optimising it takes half of the compiler's
# time and saves nothing.
RUNS_ONCE = ("objects.cpp", "run.cpp", "main.cpp")


def write_unity(directory: Path) -> Path:
    """Join all sources of a project in one file.

    Every generated file keeps its helper functions in an unnamed namespace, where those of
    different files would collide; each file gets a named one instead, which its functions use.

    Parameters
    ----------
    directory : Path
        The project.

    Returns
    -------
    Path
        The joined file.
    """
    sources = [path for path in sorted(directory.rglob("*.cpp")) if path.name != UNITY]
    hot = [path for path in sources if path.name not in RUNS_ONCE]
    cold = [path for path in sources if path.name in RUNS_ONCE]
    parts = [_with_named_namespace(path, f"unit_{k}") for k, path in enumerate(hot)]
    parts.append('#pragma GCC optimize("O0")\n')
    parts += [_with_named_namespace(path, f"unit_cold_{k}") for k, path in enumerate(cold)]
    unity = directory / UNITY
    unity.write_text("\n".join(parts), encoding="utf-8")
    return unity


def compile_unity(directory: Path, compiler: str) -> Path:
    """Compile a project; return the binary.

    Raises
    ------
    SimulationError
        If the compiler fails; its first error is quoted.
    """
    unity = write_unity(directory)
    binary = directory / "main"
    command = [compiler, *FLAGS, "-I.", unity.name, "-o", binary.name]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not binary.exists():
        raise SimulationError(f"The compiler {compiler} failed: {_first_error(done)}.")
    return binary


def _first_error(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    return lines[0].strip() if lines else f"exit code {done.returncode}"


def _with_named_namespace(path: Path, name: str) -> str:
    text = path.read_text(encoding="utf-8")
    text, found = re.subn(r"^namespace \{", f"namespace {name} {{", text, flags=re.MULTILINE)
    if found:
        brian = "using namespace brian;"
        text = text.replace(brian, f"{brian} using namespace {name};")
    return f'#line 1 "{path.name}"\n{text}'
