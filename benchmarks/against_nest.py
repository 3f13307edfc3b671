"""The cost of networks here and in NEST: ``python benchmarks/against_nest.py [--quick] [NETWORK]``.

The same networks in both, on one thread, in turn, every time with another brain; medians of five.
CPU seconds: of construction (creating, connecting, and here also starting the program and writing
what it leaves), and for each simulated second. The target is a third of NEST's seconds at 1000 and
4000 plastic excitatory cells; the exit code is 1 if it is missed. Rates are means over the runs, of
excitatory and of inhibitory cells: they have to be alike for costs to be comparable.

What NEST cannot do is left out on both sides (`nest_area.py`, `nest_working_memory.py`); what that
costs here is in a line of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path
from statistics import median

import nest_kernel
from peer_networks import AreaTask, Measured, Task, WorkingMemoryTask, measure, median_of

from neurosim.errors import nearest_name

NETWORKS: dict[str, Task] = {
    "area_1000": AreaTask(1000, True, 5.5),
    "area_4000": AreaTask(4000, True, 2.5),
    "area_10000": AreaTask(10_000, True, 1.5),
    "area_1000_static": AreaTask(1000, False, 5.5),
    "working_memory_small": WorkingMemoryTask("mongillo2008_small", 2.5, cued=False),
    "working_memory_small_cued": WorkingMemoryTask("mongillo2008_small", 4.0),
    "working_memory_full": WorkingMemoryTask("mongillo2008", 2.0, cued=False),
}
TARGETS = {"area_1000": 3.0, "area_4000": 3.0}
QUICK = ("area_1000", "area_4000", "working_memory_small")
DIFFERENCES = """\
Left out of the area on both sides, for NEST has none: normalisation of weights, a learning rate
that changes in time. Different: NEST integrates adaptively, delays synapses on the other side and
keeps u and x for each synapse instead of each neuron; its noise is normal, uniform here."""


def main() -> int:
    """Measure; print a table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="3 repeats, three networks")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    options = parser.parse_args()
    for name in options.networks:
        if name not in NETWORKS:
            parser.error(f"Unknown network '{name}': {nearest_name(name, NETWORKS)}")
    if not nest_kernel.is_there():
        print(nest_kernel.ABSENT)
        return 0
    repeats = 3 if options.quick else 5
    names = options.networks or (QUICK if options.quick else tuple(NETWORKS))
    print(f"{'':26}{'construction, s':^15}  {'a simulated second, s':^23}  {'rates E, I, Hz':^25}")
    print(f"{'':26}{'here':>7}{'NEST':>8}  {'here':>8}{'NEST':>8}{'ratio':>7}  "
          f"{'here':>12} {'NEST':>12}")  # fmt: skip
    met = [compare(name, NETWORKS[name], repeats) for name in names]
    print(DIFFERENCES)
    return 0 if all(met) else 1


def compare(name: str, task: Task, repeats: int) -> bool:
    """Measure a network in both simulators in turn; return whether its target is met."""
    here, nest, whole, beyond = [], [], [], []
    for seed in range(repeats):
        print(f"... {name}, {seed + 1} of {repeats}", file=sys.stderr, flush=True)
        here.append(measure(task, seed))
        with tempfile.TemporaryDirectory(prefix="neurosim-nest-") as folder:
            measured, _, cost = nest_kernel.ask(task, seed, Path(folder))
        nest.append(measured)
        beyond.append(cost.cpu - measured.simulation)
        if isinstance(task, AreaTask) and task.learns:
            whole.append(measure(dataclasses.replace(task, normalised=True), seed))
    ours, theirs = median_of(here), median_of(nest)
    ratio = theirs.simulation / ours.simulation
    target = TARGETS.get(name)
    verdict = "" if target is None else f"  >= {target:g} {'met' if ratio >= target else 'missed'}"
    print(
        f"{name:26}{ours.construction:7.2f}{theirs.construction:8.2f}  "
        f"{per_second(ours, task):8.4f}{per_second(theirs, task):8.4f}{ratio:7.1f}  "
        f"{rates(ours):>12} {rates(theirs):>12}{verdict}"
    )
    if whole:
        full = median_of(whole)
        print(f"{'  and normalised':26}{full.construction:7.2f}{'-':>8}  "
              f"{per_second(full, task):8.4f}{'-':>8}{'-':>7}  {rates(full):>12}")  # fmt: skip
    print(f"{'  NEST, all but Run':26}{'':7}{median(beyond):8.2f}", flush=True)
    return target is None or ratio >= target


def per_second(measured: Measured, task: Task) -> float:
    """Return CPU seconds of a simulated second."""
    return measured.simulation / task.duration


def rates(measured: Measured) -> str:
    """Return the rates of both populations as text."""
    return ", ".join(f"{rate:.2f}" for rate in measured.rates.values())


if __name__ == "__main__":
    sys.exit(main())
