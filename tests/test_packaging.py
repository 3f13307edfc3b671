"""The wheel holds what the repository holds, and importing neurosim stays cheap."""

from __future__ import annotations

import ast
import configparser
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import neurosim

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("models", "protocols", "figures")
TRAVELS = {".py", ".toml", ".mplstyle", ".j2", ".typed"}

HEAVY = {
    "brian2",
    "scipy",
    "sklearn",
    "pandas",
    "matplotlib",
    "pynwb",
    "hdmf",
    "distributed",
    "dask",
}
DRAWS = {"neurosim/plotting.py"}
# Their classes inherit from scikit-learn's, so they need it when they are defined.
TRANSFORMERS = {
    "neurosim/hashing/hash_transformer.py",
    "neurosim/abstract/transformer.py",
    "neurosim/hashing/fly_hash_transformer.py",
}
RUNS_BRIAN = {"neurosim/simulation/generate.py", "neurosim/simulation/objects.py"}


def tracked(*parts: str) -> list[Path]:
    """Return the files below a folder of the repository that belong to the package."""
    return [path for path in sorted(ROOT.joinpath(*parts).rglob("*")) if path.suffix in TRAVELS]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy, since setuptools leaves its traces in the tree."""
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    private = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "results")
    shutil.copytree(ROOT, source, ignore=private)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("neurosim-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_what_the_tree_holds(wheel: zipfile.ZipFile) -> None:
    inside = {path.relative_to(ROOT).as_posix() for path in tracked("neurosim")}
    for name in FOLDERS:
        inside |= {f"neurosim/{path.relative_to(ROOT).as_posix()}" for path in tracked(name)}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == inside


def test_the_wheel_holds_the_same_bytes(wheel: zipfile.ZipFile) -> None:
    for name in FOLDERS:
        for path in tracked(name):
            packed = wheel.read(f"neurosim/{path.relative_to(ROOT).as_posix()}")
            assert packed == path.read_bytes(), path


def test_nothing_else_lands_at_the_top_level(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert top == {"neurosim", f"neurosim-{neurosim.__version__}.dist-info"}


def test_the_wheel_brings_command_and_licence(wheel: zipfile.ZipFile) -> None:
    read = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    commands = configparser.ConfigParser()
    commands.read_string(wheel.read(read["entry_points.txt"]).decode())
    assert dict(commands["console_scripts"]) == {"neurosim": "neurosim.cli:main"}
    assert wheel.read(read["LICENSE"]) == (ROOT / "LICENSE").read_bytes()


def test_installed_folders_are_found_inside_the_package(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path)
    code = (
        "import json; from neurosim import folders as f;"
        "print(json.dumps([[str(f.folder(k)), f.names(k)] for k in f.NOUNS]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = [
        [
            str(tmp_path / "neurosim" / kind),
            sorted(path.stem for path in (ROOT / kind).glob(f"*{suffix}") if path.stem[0] != "_"),
        ]
        for kind, suffix in (("models", ".toml"), ("protocols", ".py"), ("figures", ".py"))
    ]
    assert json.loads(done.stdout) == expected


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for name in ("neurosim", *FOLDERS) for path in tracked(name)}
    missing = [
        str(path.relative_to(ROOT)) for path in folders if not (path / "__init__.py").exists()
    ]
    assert missing == []


def test_version_is_the_same_everywhere(wheel: zipfile.ZipFile) -> None:
    assert Path(str(wheel.filename)).name.split("-")[1] == neurosim.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {neurosim.__version__}\n" in citation
    assert f"## [{neurosim.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_pyproject_only_names_the_build_system() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "[build-system]",
        "requires",
        "build-backend",
    ]


@pytest.mark.parametrize(
    "module",
    ["neurosim", "neurosim.cli", "neurosim.abstract", "neurosim.abstract.fly_hash"],
)
def test_import_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_no_module_imports_what_is_slow_at_its_top() -> None:
    found = [
        f"{name}:{line}: {package}"
        for path in [*tracked("neurosim"), *tracked("protocols")]
        if path.suffix == ".py"
        for name in [path.relative_to(ROOT).as_posix()]
        if name not in DRAWS | TRANSFORMERS and not name.startswith("neurosim/circuits/")
        for line, module in imports_at_top(ast.parse(path.read_text(encoding="utf-8")).body)
        for package in [module.partition(".")[0]]
        if package in HEAVY and not (package == "brian2" and name in RUNS_BRIAN)
    ]
    assert found == []


def test_only_transformers_import_transformers_at_their_top() -> None:
    slow = {name.removesuffix(".py").replace("/", ".") for name in TRANSFORMERS}
    found = {
        name: module
        for path in [*tracked("neurosim"), *tracked("protocols")]
        if path.suffix == ".py"
        for name in [path.relative_to(ROOT).as_posix()]
        for _, module in imports_at_top(ast.parse(path.read_text(encoding="utf-8")).body)
        if module in slow
    }
    assert found.pop("neurosim/abstract/transformer.py") == "neurosim.hashing.hash_transformer"
    assert found.keys() <= TRANSFORMERS


def imports_at_top(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Return line and module of every import that runs when the module is imported."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.lineno, node.module
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from imports_at_top(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                yield from imports_at_top(getattr(node, part, []))


def test_imports_at_the_top_are_seen() -> None:
    source = (
        "import a.b, c\n"
        "from d.e import f\n"
        "from . import g\n"
        "if TYPE_CHECKING:\n    import h\nelse:\n    import i\n"
        "try:\n    import j\nexcept ImportError:\n    import k\n"
        "class C:\n    import m\n"
        "def function():\n    import n\n"
        "with x:\n    import o\n"
    )
    assert [module for _, module in imports_at_top(ast.parse(source).body)] == [
        "a.b",
        "c",
        "d.e",
        *"ijk",
        *"mo",
    ]
