"""Three ideas about how brains compute, as circuits of spiking neurons.

Everything here is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim import abstract as abstract
    from neurosim import circuits as circuits
    from neurosim.experiment import run as run
    from neurosim.hashing.apl_gain import calibrate_apl as calibrate_apl
    from neurosim.hashing.fly_hash_transformer import FlyHash as FlyHash
    from neurosim.parameters.library import load_model as load_model
    from neurosim.run_directory import load_run as load_run
    from neurosim.sweeping.results import load_sweep as load_sweep
    from neurosim.sweeps import sweep as sweep

__version__ = "0.1.0"

_EXPORTS = {
    "FlyHash": "neurosim.hashing.fly_hash_transformer",
    "calibrate_apl": "neurosim.hashing.apl_gain",
    "run": "neurosim.experiment",
    "load_run": "neurosim.run_directory",
    "load_model": "neurosim.parameters.library",
    "load_sweep": "neurosim.sweeping.results",
    "sweep": "neurosim.sweeps",
}
_PACKAGES = ("abstract", "circuits")

__all__ = [
    "FlyHash",
    "abstract",
    "calibrate_apl",
    "circuits",
    "load_model",
    "load_run",
    "load_sweep",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    if name in _PACKAGES:
        return import_module(f"neurosim.{name}")
    raise AttributeError(f"module 'neurosim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
