"""Whether neurosim and NEST simulate the same area: ``python benchmarks/agreement.py [--quick]``.

The area of the sheet ``ison2015``, not plastic: that is what both can agree on exactly in law.
Distributions over neurons of rates, of the coefficient of variation of their intervals and of the
correlation of pairs, five seeds in each simulator, each with its own brain. Two distributions are
compared by their Kolmogorov-Smirnov distance. The simulators agree if the median over pairs of a
seed here and a seed there is within the range of the pairs of seeds of one simulator, ten of each.
The exit code is 1 if one does not agree.

Both run at a fifth of the sheet's step: at 0.5 ms exponential Euler lets conductances do 3 to 5 %
more than an exact solution (`nest_area.py`), which the inhibitory cells, far below threshold in the
background, answer with half as many spikes again. What else differs is said in `nest_area.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import nest_kernel
import numpy as np
from distributions import agreement, statistics
from peer_networks import AreaTask, Spikes

N_SEEDS = 5
DT = 1e-4  # s
POPULATIONS = ("excitatory", "inhibitory")


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="20 s of the background only")
    quick = parser.parse_args().quick
    if not nest_kernel.is_there():
        print(nest_kernel.ABSENT)
        return 0
    print(f"{'':46}{'mean':^17}{'distance of two seeds':^34}")
    print(f"{'':46}{'here':>8} {'NEST':>8}  {'one simulator':>16} {'here and NEST':>16}")
    tasks = {
        "background": AreaTask(1000, False, 20.0 if quick else 60.0, shown=False, dt=DT),
        "codes shown": AreaTask(1000, False, 20.0, dt=DT),
    }
    if quick:
        del tasks["codes shown"]
    met = [compare(name, task) for name, task in tasks.items()]
    return 0 if all(met) else 1


def compare(name: str, task: AreaTask) -> bool:
    """Simulate a task with all seeds in both; print a line for each statistic."""
    here, nest = [], []
    for seed in range(N_SEEDS):
        print(f"... {name}, seed {seed + 1} of {N_SEEDS}", file=sys.stderr, flush=True)
        here.append(described(task, task.run(seed, task.duration)[0]))
        with tempfile.TemporaryDirectory(prefix="neurosim-nest-") as folder:
            spikes = nest_kernel.ask(task, seed, Path(folder))[1]
        nest.append(described(task, spikes))
    met = []
    for statistic in here[0]:
        ours, theirs = ([seed[statistic] for seed in side] for side in (here, nest))
        result = agreement(ours, theirs)
        means = [float(np.mean(np.concatenate(side))) for side in (ours, theirs)]
        print(
            f"{name + ', ' + statistic:46}{means[0]:8.4f} {means[1]:8.4f}  "
            f"{result.within.min():7.3f} to {result.within.max():.3f} "
            f"{np.median(result.between):8.3f} (max {result.between.max():.3f})  "
            f"{'agree' if result.holds else 'differ'}",
            flush=True,
        )
        met.append(result.holds)
    return all(met)


def described(task: AreaTask, spikes: Spikes) -> dict[str, np.ndarray]:
    """Return the statistics of both populations."""
    return {
        f"{population}: {name}": values
        for population in POPULATIONS
        for name, values in statistics(
            *spikes[population], task.populations[population], task.duration
        ).items()
    }


if __name__ == "__main__":
    sys.exit(main())
