"""The key of a compiled circuit: everything that forces a rebuild and nothing else."""

from __future__ import annotations

import ast
import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from neurosim.simulation.toolchain import FLAGS, compiler_version, processor

PACKAGE = Path(__file__).resolve().parents[1]
SIMULATION = "neurosim.simulation."
GENERATORS = tuple(f"{SIMULATION}{name}" for name in ("generate", "objects", "unity", "faster"))
CLOCK = re.compile(rb"\s*_array_\w+_(timestep|t|dt)\[0\] = [^;]*;$")
VERSIONS = ("brian2", "numpy", "sympy", "jinja2")  # what generates the C++ code


def build_key(circuit: str, structure: Mapping[str, Any], compiler: str) -> str:
    """Return the key under which a compiled circuit is kept.

    Parameters
    ----------
    circuit : str
        Name of a module in ``neurosim.circuits``.
    structure : mapping
        Sizes, dt, switches and capacities.
    compiler : str
        Path of the compiler.

    Returns
    -------
    str
        The circuit's name and 20 hexadecimal digits.
    """
    what = {
        "structure": dict(sorted(structure.items())),
        "source": source_hash(f"neurosim.circuits.{circuit}"),
        "generators": [source_hash(module) for module in GENERATORS],
        **toolchain_identity(compiler),
    }
    return f"{circuit}-{_digest(what)}"


def generated_key(directory: Path, compiler: str) -> str:
    """Return the key of a project that Brian2 has already generated: the hash of what it wrote."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    digests = {
        str(path.relative_to(directory)): hashlib.sha256(_canonical(path.read_bytes())).hexdigest()
        for path in files
    }
    what = {
        "files": digests,
        "generators": [source_hash(module) for module in GENERATORS],
        **toolchain_identity(compiler),
    }
    return f"custom-{_digest(what)}"


def toolchain_identity(compiler: str) -> dict[str, Any]:
    """Return the versions, the compiler, its flags and the processor, for keys and manifests."""
    return {
        "versions": {name: metadata.version(name) for name in VERSIONS},
        "compiler": compiler_version(compiler),
        "flags": list(FLAGS),
        "processor": processor(),
    }


def source_hash(module: str) -> str:
    """Return a hash of a module and of the neurosim modules that it imports.

    Comments, docstrings and layout do not count, nor what is imported for type checkers only, nor
    how a circuit is run: they change nothing that is generated.
    """
    seen: dict[str, str] = {}
    _collect(module, seen)
    return _digest(seen)


def _canonical(content: bytes) -> bytes:
    """Sort neighbouring assignments to clocks, which Brian2 writes in the order of a set."""
    lines = content.split(b"\n")
    canonical: list[bytes] = []
    for is_clock, group in itertools.groupby(lines, key=lambda line: bool(CLOCK.match(line))):
        # By variable only: of two assignments to one variable the later has to stay the later.
        block = list(group)
        canonical += sorted(block, key=lambda line: line.split(b"=")[0]) if is_clock else block
    return b"\n".join(canonical)


def _collect(module: str, seen: dict[str, str]) -> None:
    if module in seen:
        return
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not path.is_file():
        return
    stamp = path.stat()
    seen[module], imports = _what_runs(path, stamp.st_mtime_ns, stamp.st_size)
    for imported in imports:
        if imported.startswith("neurosim.") and not imported.startswith(SIMULATION):
            _collect(imported, seen)


@functools.cache
def _what_runs(path: Path, changed: int, size: int) -> tuple[str, tuple[str, ...]]:
    """Return a hash of what runs of a file, and what it imports.

    Kept while the file stays as it is (`changed` in ns, `size` in bytes), since a session asks at
    every run.
    """
    tree = _WhatRuns().visit(ast.parse(path.read_text(encoding="utf-8")))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(_imports(tree))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # `from neurosim.circuits import poisson` names a module too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class _WhatRuns(ast.NodeTransformer):
    """Removes docstrings, and what only type checkers see."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_typing else self.generic_visit(node)


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:20]
