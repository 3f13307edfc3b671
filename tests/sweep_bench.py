"""A protocol that simulates nothing, so that what is around it can be tested quickly."""

from __future__ import annotations

from pathlib import Path

PROTOCOL = '''"""A protocol that simulates nothing: values that follow from parameters and seed."""

import os
import time
from dataclasses import dataclass

import numpy as np

from neurosim.errors import SimulationError
from neurosim.parameters import parameter
from neurosim.recording import Recording, SpikeTrains
from neurosim.scorecard import Target
from neurosim.timeline import Timeline

CIRCUIT, MODEL = "short_term_plasticity", "tsodyks1998"
CONDITIONS = {"main": "as it is", "double": "twice as much"}
QUICK = {"n": 1}
DEFAULT = ("a", "b")


@dataclass(frozen=True)
class Options:
    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    n: int = parameter(low=1, high=100, default=2)
    wait: float = parameter("s", low=0, high=100, default=0.0)
    words: tuple[str, ...] = parameter(default=DEFAULT)
    text: str = parameter(default="")
    fails: str = parameter(choices=("never", "odd", "bug", "kill"), default="never")


MAIN = {
    "noisy": Target("a value with a spread", "nobody", "derived", low=0.0, high=1.2),
    "exact": Target("one without", "nobody", "derived", "V"),
    "undefined": Target("none at times", "nobody", "derived", low=0.0),
}
TARGETS = {"main": MAIN, "double": {"noisy": MAIN["noisy"]}}


def targets(options):
    return TARGETS


def run_condition(condition, session, options):
    time.sleep(options.wait)
    odd = session.seed % 2
    if options.fails == "odd" and odd:
        raise SimulationError("The seed is odd.")
    if options.fails == "bug" and odd:
        raise KeyError("of a mistake")
    if options.fails == "kill" and odd:
        os._exit(1)
    U = session.parameters.synapse.U
    noise = float(session.generator("noise").normal())
    factor = 2 if condition == "double" else 1
    values = {
        "noisy": factor * U * options.n + 0.1 * noise,
        "exact": U / 3,
        "undefined": np.nan if odd else float(np.inf if session.seed == 2 else 1),
    }
    timeline = Timeline(())
    trains = SpikeTrains(1, np.array([0]), np.array([0.1]))
    recording = Recording({"cells": trains}, timeline.table(), 1.0, {}, "")
    return recording, {name: values[name] for name in TARGETS[condition]}
'''


def write_protocol(folder: Path, name: str = "toy") -> Path:
    """Write the protocol into a folder; return its path."""
    path = folder / f"{name}.py"
    path.write_text(PROTOCOL, encoding="utf-8")
    return path
