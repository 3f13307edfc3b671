"""What one run of a compiled circuit is made of, and what comes back."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.errors import InputError

MAX_SEED = 2**32


@dataclass(frozen=True)
class Job:
    """One run: a circuit, what is compiled in, and everything that is passed as an argument.

    Parameters
    ----------
    circuit : str
        Name of a module in ``neurosim.circuits``.
    structure : mapping
        Sizes, dt and capacities: what forces a build.
    arguments : mapping of str to float
        Shared variables, ``"group.variable"`` to SI value.
    tables : mapping of str to ndarray
        Schedules and patterns by name, in the shape of the compiled capacity.
    state : mapping of str to ndarray
        Arrays that replace initial values, ``"group.variable"`` to SI values.
    duration : float
        Seconds.
    brain_seed, noise_seed : int
        Seeds of the graph and the initial weights, and of everything random after them.
    outputs : tuple of str
        The arrays that are read back, ``"group.variable"``.
    """

    circuit: str
    structure: Mapping[str, Any]
    arguments: Mapping[str, float]
    tables: Mapping[str, np.ndarray]
    duration: float
    brain_seed: int
    noise_seed: int
    outputs: tuple[str, ...]
    state: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.arguments.items():
            if not math.isfinite(value):
                raise InputError(f"{name} is {value}, expected a finite number.")


@dataclass(frozen=True)
class Result:
    """What a run left behind.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The outputs that the job asked for.
    target : str
        ``"standalone"`` or ``"numpy"``.
    build_seconds, run_seconds : float
        CPU seconds of the build (0 if the circuit was in the cache) and of the simulation.
    """

    arrays: Mapping[str, np.ndarray]
    target: str
    build_seconds: float
    run_seconds: float


def derived_seed(seed: int, purpose: str) -> int:
    """Return a seed for one purpose, independent of the seeds for others.

    Parameters
    ----------
    seed : int
        The run's seed, 0 <= seed < 2**32.
    purpose : str
        For example ``"brain"`` or ``"noise 0"``.

    Raises
    ------
    InputError
        If the seed is no integer in that range.
    """
    check_seed(seed)
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())])
    return int(sequence.generate_state(1)[0])


def check_seed(seed: object) -> int:
    """Return the seed, or refuse what is no integer with 0 <= seed < 2**32."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InputError(f"The seed is {seed!r}, expected an integer from 0 to {MAX_SEED - 1}.")
    if not 0 <= seed < MAX_SEED:
        raise InputError(f"The seed is {seed}, expected an integer from 0 to {MAX_SEED - 1}.")
    return int(seed)
