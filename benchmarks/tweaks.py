"""What a tweak costs beyond the simulation itself: ``python benchmarks/tweaks.py [--quick]``.

A command is run three times in a new cache: cold, when the circuit is compiled; warm, with another
seed; and after a parameter has changed. Then both in a Python process that goes on living. What a
command costs is its CPU seconds, children included, less those of the compiled circuit; wall
seconds, less the same, stand beside them and are shorter where cores are free, for imports run
beside the circuit (on a busy machine they mean nothing). Medians of five (cold: of three); the
target is a second for all but the cold one. The exit code is 1 if it is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from processes import cost_of, cpu_of_children

import neurosim as ns

EXPERIMENTS = {
    "ison2015": ("area_random", "excitatory.tau_m", "20.{} ms"),
    "working_memory": ("mongillo2008_small", "short_term_plasticity.U", "0.20{}"),
}
TARGET = 1.0  # s
WITHOUT_DIRECTORY = """
import sys, neurosim
overrides = dict([sys.argv[4].split("=", 1)]) if sys.argv[4] else {}
run = neurosim.run(*sys.argv[1:3], seed=int(sys.argv[3]), overrides=overrides, quick=True)
print(run.scorecard.to_string())
print(run.info["run_seconds"])
"""

Beyond = tuple[float, float]  # CPU and wall seconds without those of the compiled circuit


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="3 repeats, and one cold")
    quick = parser.parse_args().quick
    repeats, n_cold = (3, 1) if quick else (5, 3)
    print(f"{'s beyond the simulation':52}{'CPU':>7}{'wall':>8}")
    with tempfile.TemporaryDirectory(prefix="neurosim-tweaks-") as name:
        met = [
            result
            for protocol in EXPERIMENTS
            for result in measure(protocol, Path(name), repeats, n_cold)
        ]
    return 0 if all(met) else 1


def measure(protocol: str, folder: Path, repeats: int, n_cold: int) -> list[bool]:
    """Measure a protocol every way; return what meets the target."""
    model, parameter, pattern = EXPERIMENTS[protocol]
    changed = [{parameter: pattern.format(k)} for k in range(1, repeats + 1)]
    cold = []
    for k in range(n_cold):
        tell(f"{protocol}, cold, {k + 1} of {n_cold}")
        os.environ["NEUROSIM_CACHE"] = str(folder / f"{protocol}-cache-{k}")
        cold.append(command(protocol, model, 0, {}, folder / f"{protocol}-cold-{k}"))
    line(f"{protocol}, command, cold", cold, judged=False)
    met = []
    warm, after = [], []
    for k, overrides in enumerate(changed):
        tell(f"{protocol}, command, {k + 1} of {repeats}")
        warm.append(command(protocol, model, k, {}, folder / f"{protocol}-warm-{k}"))
        after.append(command(protocol, model, 0, overrides, folder / f"{protocol}-changed-{k}"))
    met += [line(f"{protocol}, command, warm", warm), line(f"{protocol}, command, changed", after)]
    tell(f"{protocol}, without a directory")
    in_memory = [script(protocol, model, 0, overrides) for overrides in changed]
    met.append(line(f"{protocol}, changed, no directory", in_memory))
    tell(f"{protocol}, in one process")
    living(protocol, model, 0, {})  # imports
    alive = [living(protocol, model, 0, overrides) for overrides in changed]
    met.append(line(f"{protocol}, changed, in a live process", alive))
    return met


def command(protocol: str, model: str, seed: int, overrides: dict[str, str], out: Path) -> Beyond:
    """Run by command, to the complete directory."""
    settings = [f"--set={key}={value}" for key, value in overrides.items()]
    cost = cost_of(
        [
            *(sys.executable, "-m", "neurosim", "run", protocol, "--quick", "--model", model),
            *("--seed", str(seed), "--out", str(out), *settings),
        ],
        accepted=(0, 1),  # 1: a target of the scorecard is missed
    )
    seconds = json.loads((out / "run.json").read_text())["run_seconds"]
    return cost.cpu - seconds, cost.wall - seconds


def script(protocol: str, model: str, seed: int, overrides: dict[str, str]) -> Beyond:
    """Run in a Python process of its own, to the scorecard."""
    setting = "".join(f"{key}={value}" for key, value in overrides.items())
    arguments = [protocol, model, str(seed), setting]
    cost = cost_of([sys.executable, "-c", WITHOUT_DIRECTORY, *arguments])
    seconds = float(cost.output.split()[-1])
    return cost.cpu - seconds, cost.wall - seconds


def living(protocol: str, model: str, seed: int, overrides: dict[str, str]) -> Beyond:
    """Run in this process, to the scorecard."""
    wall, cpu = time.perf_counter(), time.process_time() + cpu_of_children()
    run = ns.run(protocol, model, seed=seed, overrides=overrides, quick=True)
    cpu = time.process_time() + cpu_of_children() - cpu
    wall = time.perf_counter() - wall
    seconds = run.info["run_seconds"]
    return cpu - seconds, wall - seconds


def line(name: str, runs: list[Beyond], judged: bool = True) -> bool:
    """Print the medians; return whether the target is met."""
    cpu, wall = (median(run[k] for run in runs) for k in (0, 1))
    met = cpu <= TARGET
    verdict = f"  <= {TARGET:g}  {'met' if met else 'missed'}" if judged else ""
    print(f"{name:52}{cpu:7.2f}{wall:8.2f}{verdict}", flush=True)
    return met


def tell(text: str) -> None:
    """Show progress."""
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
