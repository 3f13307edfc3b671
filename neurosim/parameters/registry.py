"""Which circuits there are, and the parameters that a sheet of each holds."""

from __future__ import annotations

from neurosim.parameters.area import AreaParameters
from neurosim.parameters.fly_hash import FlyHashParameters

CIRCUITS: dict[str, type] = {
    "area": AreaParameters,
    "fly_hash": FlyHashParameters,
}
"""Parameter dataclass of every circuit, by the name that stands in a sheet."""
