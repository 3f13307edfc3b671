"""Whether results depend on the time step: ``python benchmarks/halved_step.py [PROTOCOL]...``.

Every value of a scorecard, at reduced size, with the step of the sheet and with half of it, seeds
0-4. To hold: the mean over seeds moves by no more than the standard deviation over seeds. Two means
of five seeds differ by more than this in a tenth of all cases with no reason at all, so the same
comparison of seeds 5-9 with seeds 0-4 at one and the same step stands beside it. The exit code is 1
if a value moves by more than the spread.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping

import numpy as np

import neurosim as ns
from neurosim.errors import nearest_name
from neurosim.parameters.library import load_model

SHEETS = {
    "ison2015": "ison2015",
    "working_memory": "mongillo2008_small",
    "similarity": "dasgupta2017",
}
SEEDS, OTHER_SEEDS = range(5), range(5, 10)

Values = dict[str, np.ndarray]  # a number for each seed


def main() -> int:
    """Compare; print what moves; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=", ".join(SHEETS))
    names = parser.parse_args().protocols or list(SHEETS)
    for name in names:
        if name not in SHEETS:
            parser.error(f"Unknown protocol '{name}': {nearest_name(name, SHEETS)}")
    return 0 if all([compare(name) for name in names]) else 1


def compare(protocol: str) -> bool:
    """Print the values of a protocol that move; return whether there are none."""
    dt = load_model(SHEETS[protocol]).parameters.simulation.dt
    reference = values(protocol, dt, SEEDS)
    halved = moved(reference, values(protocol, dt / 2, SEEDS))
    by_chance = moved(reference, values(protocol, dt, OTHER_SEEDS))
    print(
        f"{protocol} ({SHEETS[protocol]}), {dt * 1e3:g} to {dt * 5e2:g} ms: "
        f"{len(halved)} of {len(reference)} values move by more than the spread over seeds "
        f"({len(by_chance)} do from seeds 0-4 to seeds 5-9)"
    )
    if halved:
        print(f"  {'':38}{'step':>10} {'half':>10} {'sd':>10} {'shift/sd':>9}")
    for name, (before, after, sd) in halved.items():
        shift = (after - before) / sd if sd > 0 else math.copysign(math.inf, after - before)
        print(f"  {name:38}{before:10.4g} {after:10.4g} {sd:10.3g} {shift:9.1f}")
    sys.stdout.flush()
    return not halved


def values(protocol: str, dt: float, seeds: range) -> Values:
    """Run a protocol; return the values of its scorecard, one for each seed."""
    cards = []
    for seed in seeds:
        print(f"... {protocol}, {dt * 1e3:g} ms, seed {seed}", file=sys.stderr, flush=True)
        overrides = {"simulation.dt": f"{dt * 1e3!r} ms"}
        run = ns.run(protocol, SHEETS[protocol], seed=seed, overrides=overrides, quick=True)
        cards.append({row.name: row.value for row in run.rows})
    return {name: np.array([card[name] for card in cards], dtype=float) for name in cards[0]}


def moved(before: Values, after: Values) -> Mapping[str, tuple[float, float, float]]:
    """Return what moves by more than its spread.

    Parameters
    ----------
    before, after : dict of str to ndarray
        A value for each seed; NaN where a seed has none.

    Returns
    -------
    dict of str to (float, float, float)
        Means before and after, and the larger of both standard deviations (n - 1). A value that
        one side has and the other has not has moved.
    """
    found = {}
    for name, first in before.items():
        second = after[name]
        a, b = first[~np.isnan(first)], second[~np.isnan(second)]
        if not len(a) and not len(b):
            continue
        mean_a, mean_b = (float(np.mean(x)) if len(x) else math.nan for x in (a, b))
        sd = max(float(np.std(x, ddof=1)) if len(x) > 1 else 0.0 for x in (a, b))
        if not abs(mean_b - mean_a) <= sd:
            found[name] = mean_a, mean_b, sd
    return found


if __name__ == "__main__":
    sys.exit(main())
