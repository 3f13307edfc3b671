"""Which circuits there are, and the parameters that a sheet of each holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

_CLASSES = {
    "activity_memory": "ActivityMemoryParameters",
    "area": "AreaParameters",
    "areas": "AreasParameters",
    "associative_memory": "AssociativeMemoryParameters",
    "fly_hash": "FlyHashParameters",
    "gated_area": "GatedAreaParameters",
    "hashed_area": "HashedAreaParameters",
    "pattern_memory": "PatternMemoryParameters",
    "short_term_plasticity": "ShortTermPlasticityParameters",
    "working_memory": "WorkingMemoryParameters",
}


class _Circuits(Mapping[str, type]):
    """Imports the parameters of a circuit when they are asked for: a sheet is of one circuit."""

    def __getitem__(self, circuit: str) -> type:
        name = _CLASSES[circuit]
        found: type = getattr(import_module(f"neurosim.parameters.{circuit}"), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)

    def __contains__(self, circuit: object) -> bool:
        return circuit in _CLASSES


CIRCUITS: Mapping[str, type] = _Circuits()
"""Parameter dataclass of every circuit, by the name that stands in a sheet."""

EXTENDS: dict[str, str] = {"gated_area": "area", "hashed_area": "area"}
"""Circuits that can stand in for another one: protocols on the latter take sheets of the former."""
