"""Which circuits there are, and the parameters that a sheet of each holds."""

from __future__ import annotations

from neurosim.parameters.activity_memory import ActivityMemoryParameters
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.areas import AreasParameters
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.parameters.fly_hash import FlyHashParameters
from neurosim.parameters.gated_area import GatedAreaParameters
from neurosim.parameters.hashed_area import HashedAreaParameters
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.parameters.short_term_plasticity import ShortTermPlasticityParameters
from neurosim.parameters.working_memory import WorkingMemoryParameters

CIRCUITS: dict[str, type] = {
    "activity_memory": ActivityMemoryParameters,
    "area": AreaParameters,
    "areas": AreasParameters,
    "associative_memory": AssociativeMemoryParameters,
    "fly_hash": FlyHashParameters,
    "gated_area": GatedAreaParameters,
    "hashed_area": HashedAreaParameters,
    "pattern_memory": PatternMemoryParameters,
    "short_term_plasticity": ShortTermPlasticityParameters,
    "working_memory": WorkingMemoryParameters,
}
"""Parameter dataclass of every circuit, by the name that stands in a sheet."""

EXTENDS: dict[str, str] = {"gated_area": "area", "hashed_area": "area"}
"""Circuits that can stand in for another one: protocols on the latter take sheets of the former."""
