"""Compiled circuits on their way to processes that have no compiler."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurosim.progress import QUIET, Progress
from neurosim.session import Session
from neurosim.simulation.cache import Entry, get_or_build
from neurosim.simulation.job import Job, Result, derived_seed
from neurosim.simulation.target import simulate

FASTEST = 1  # level of zlib; the arrays of a circuit are mostly zeros, so that more gains nothing


class MissingBuildError(Exception):
    """A run needs a compiled circuit that did not come with it.

    Parameters
    ----------
    circuit : str
    structure : mapping
        What is compiled in.
    """

    def __init__(self, circuit: str, structure: Mapping[str, Any]) -> None:
        super().__init__(circuit, dict(structure))
        self.circuit = circuit
        self.structure = dict(structure)


@dataclass(frozen=True)
class Build:
    """One compiled circuit as bytes.

    Parameters
    ----------
    key : str
        That of the cache.
    manifest : mapping
        That of the cache's entry.
    files : mapping of str to bytes
        Compressed content by path in the entry's folder.
    """

    key: str
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def request_of(circuit: str, structure: Mapping[str, Any]) -> str:
    """Return a text that is the same for the same circuit with the same values compiled in."""
    return json.dumps([circuit, dict(structure)], sort_keys=True)


def pack(entry: Entry) -> Build:
    """Return an entry of the cache as bytes."""
    files = {
        name: zlib.compress((entry.directory / name).read_bytes(), FASTEST)
        for name in entry.manifest["checksums"]
    }
    return Build(entry.directory.name, entry.manifest, files)


def unpack(build: Build, progress: Progress = QUIET) -> Entry:
    """Put a compiled circuit into the cache of this machine, unless it is there.

    Raises
    ------
    SimulationError
        If no folder takes it.
    """

    def fill(directory: Path) -> dict[str, Any]:
        for name, content in build.files.items():
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.decompress(content))
        (directory / "main").chmod(0o755)
        return dict(build.manifest)

    # It was built elsewhere, so the seconds of its build are not those of this run.
    return dataclasses.replace(get_or_build(build.key, fill, progress), fresh=False)


@dataclass
class DeliveredSession(Session):
    """A session whose compiled circuits were built elsewhere: it needs no compiler.

    Parameters
    ----------
    builds : mapping of str to Build
        By `request_of`.
    """

    builds: Mapping[str, Build] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Not as in a session: its target was chosen where the compiler is.
        self._brain_seed = derived_seed(self.seed, "brain")

    def result_of(self, job: Job) -> Result:
        """Return what a job leaves.

        Raises
        ------
        MissingBuildError
            If its circuit was not delivered.
        """
        return simulate(job, self.target, self.progress, self._find)

    def _find(self, circuit: str, structure: Mapping[str, Any], progress: Progress) -> Entry:
        build = self.builds.get(request_of(circuit, structure))
        if build is None:
            raise MissingBuildError(circuit, structure)
        return unpack(build, progress)
