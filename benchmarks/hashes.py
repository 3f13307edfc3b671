"""Hashes per CPU-second: ``python benchmarks/hashes.py [--quick]``.

The spiking fly's hash beside its algorithm and LSH, on synthetic odours of 50 receptor types, one
core, 2000 Kenyon cells, windows of 100 ms in steps of 1 ms. CPU seconds of the compiled circuit and
of Python together, medians over repeats that take turns; what is compiled and calibrated before
does not count. How long the digits take is measured by the clock on the wall, which other work on
the machine delays. The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from processes import cpu_of_children

import neurosim as ns
from neurosim.abstract.lsh import floor_hash, gaussian_projection, sign_hash
from neurosim.hashing.vectors import load_vectors

N_CALIBRATION, N_HASHES, HASH_LENGTH = 100, 2000, 100
N_DIGITS = 1797
HASHES_PER_SECOND = 2000
DIGITS_SECONDS = 3.0


def main() -> int:
    """Measure everything; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="3 repeats instead of 5")
    repeats = 3 if parser.parse_args().quick else 5
    with tempfile.TemporaryDirectory(prefix="neurosim-hashes-") as folder:
        os.environ["NEUROSIM_CACHE"] = folder
        met = [throughput(repeats), *digits(repeats)]
    return 0 if all(met) else 1


def throughput(repeats: int) -> bool:
    """Print hashes per CPU-second of every method; return whether the circuits meet the target."""
    generator = np.random.default_rng(0)
    odours = generator.exponential(size=(N_CALIBRATION + N_HASHES, 50))
    calibration, rows = odours[:N_CALIBRATION], odours[N_CALIBRATION:]
    regular = ns.FlyHash(overrides={"projection_neurons.spikes": "regular"}).fit(calibration)
    poisson = ns.FlyHash().fit(calibration)
    algorithm = ns.abstract.FlyHash().fit(calibration)
    projection = gaussian_projection(HASH_LENGTH, 50, generator)
    centred = rows - calibration.mean(axis=0)
    methods: dict[str, Callable[[], object]] = {
        "spiking, regular projection neurons": lambda: regular.transform(rows),
        "spiking, Poisson receptor neurons": lambda: poisson.transform(rows),
        "algorithm": lambda: algorithm.transform(rows),
        f"sign-LSH, k = {HASH_LENGTH}": lambda: sign_hash(centred, projection),
        f"floor-LSH, k = {HASH_LENGTH}": lambda: floor_hash(rows, projection),
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(repeats):
        for name, method in methods.items():
            seconds[name].append(cpu_seconds(method))
    rates = {name: N_HASHES / median(values) for name, values in seconds.items()}
    met = {name: rates[name] >= HASHES_PER_SECOND for name in rates if "spiking" in name}
    for name, rate in rates.items():
        target = f"  target: {HASHES_PER_SECOND}, {_word(met[name])}" if name in met else ""
        print(f"{name:<38} {rate:>10,.0f} hashes per CPU-second{target}")
    return all(met.values())


def digits(repeats: int) -> list[bool]:
    """Print how long the digits take, once built; return whether the targets are met."""
    rows = load_vectors("digits", np.random.default_rng(0)).samples
    met = []
    for spikes in ("regular", "poisson_receptors"):
        hashing = ns.FlyHash(overrides={"projection_neurons.spikes": spikes}).fit(rows[::10])
        taken, computed = [], []
        for _ in range(repeats):
            start = time.perf_counter()
            computed.append(cpu_seconds(partial(hashing.transform, rows)))
            taken.append(time.perf_counter() - start)
        met.append(median(taken) <= DIGITS_SECONDS)
        print(
            f"{N_DIGITS} digits, {spikes:<26} {median(taken):>10.2f} s"
            f"  target: {DIGITS_SECONDS:g} s, {_word(met[-1])}; {median(computed):.2f} CPU-seconds"
        )
    return met


def cpu_seconds(function: Callable[[], object]) -> float:
    """Return the CPU seconds of a call, processes that it starts included."""
    before = time.process_time() + cpu_of_children()
    function()
    return time.process_time() + cpu_of_children() - before


def _word(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    sys.exit(main())
