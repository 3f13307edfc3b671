"""The key of a compiled circuit: everything that forces a rebuild and nothing else."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import itertools
import json
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from neurosim.simulation.toolchain import FLAGS, compiler_version, processor

GENERATOR = "neurosim.simulation.generate"
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
        "generator": source_hash(GENERATOR),
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
    return f"custom-{_digest({'files': digests, **toolchain_identity(compiler)})}"


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

    Comments and layout do not count, nor does how a circuit is run: they change nothing that is
    generated.
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
    if module in seen or (module.startswith("neurosim.simulation.") and module != GENERATOR):
        return
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    seen[module] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neurosim."):
            _collect(node.module or "", seen)


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:20]
