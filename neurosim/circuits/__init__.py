"""Circuits: equations and connectivity as Brian2 objects, one circuit a file.

The circuits are imported when they are first used, for that imports Brian2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.circuits import activity_memory as activity_memory
    from neurosim.circuits import area as area
    from neurosim.circuits import areas as areas
    from neurosim.circuits import associative_memory as associative_memory
    from neurosim.circuits import fly_hash as fly_hash
    from neurosim.circuits import gated_area as gated_area
    from neurosim.circuits import hashed_area as hashed_area
    from neurosim.circuits import pattern_memory as pattern_memory
    from neurosim.circuits import short_term_plasticity as short_term_plasticity
    from neurosim.circuits import working_memory as working_memory

__all__ = [
    "activity_memory",
    "area",
    "areas",
    "associative_memory",
    "fly_hash",
    "gated_area",
    "hashed_area",
    "pattern_memory",
    "short_term_plasticity",
    "working_memory",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"neurosim.circuits.{name}")
    raise AttributeError(f"neurosim has no circuit '{name}', only {', '.join(__all__)}")
