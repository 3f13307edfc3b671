"""Which circuits there are, and the parameters that a sheet of each holds."""

from __future__ import annotations

from neurosim.parameters.activity_memory import ActivityMemoryParameters
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.associative_memory import AssociativeMemoryParameters
from neurosim.parameters.fly_hash import FlyHashParameters
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.parameters.short_term_plasticity import ShortTermPlasticityParameters
from neurosim.parameters.working_memory import WorkingMemoryParameters

CIRCUITS: dict[str, type] = {
    "activity_memory": ActivityMemoryParameters,
    "area": AreaParameters,
    "associative_memory": AssociativeMemoryParameters,
    "fly_hash": FlyHashParameters,
    "pattern_memory": PatternMemoryParameters,
    "short_term_plasticity": ShortTermPlasticityParameters,
    "working_memory": WorkingMemoryParameters,
}
"""Parameter dataclass of every circuit, by the name that stands in a sheet."""
