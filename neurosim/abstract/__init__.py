"""The algorithms in plain NumPy: the yardstick beside each spiking circuit.

`FlyHash`, a scikit-learn transformer, is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.abstract.transformer import FlyHash as FlyHash

__all__ = ["FlyHash"]


def __getattr__(name: str) -> Any:
    if name == "FlyHash":
        return import_module("neurosim.abstract.transformer").FlyHash
    raise AttributeError(f"module 'neurosim.abstract' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__]
