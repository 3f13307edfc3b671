"""Which of a circuit's objects Brian2 simulates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brian2 import BrianObject


def simulated(objects: Mapping[str, Any]) -> list[BrianObject]:
    """Return the objects that belong into a network: all but tables.

    Parameters
    ----------
    objects : mapping
        What a circuit's ``assemble`` returned.
    """
    from brian2 import BrianObject

    return [item for item in objects.values() if isinstance(item, BrianObject)]
