"""What neurosim costs, each number beside its target: ``python benchmarks/speed.py [--quick]``.

Seconds are CPU seconds (user and system), medians over repeats. The exit code is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from imprint import CIRCUIT, MODEL, PROTOCOL, imprint
from processes import Cost, cost_of, cpu_of_children

from neurosim.parameters.library import load_model
from neurosim.session import Session
from neurosim.simulation.cache import entries
from neurosim.timeline import Timeline

# Long enough for the network to dominate: drawing the graph and writing all arrays cost either side
# as much as a simulated second.
N_TRIALS = 20
POPULATIONS = ("excitatory", "inhibitory", "input")
NEUROSIM = [sys.executable, "-m", "neurosim"]
TO_THE_SCORECARD = f"""
import neurosim
from neurosim.scorecard import as_text
run = neurosim.run({PROTOCOL!r}, {MODEL!r})
print(as_text(run.rows))
print(run.info["run_seconds"])
"""
ANSWERS = {
    "--help": ["--help"],
    "list": ["list"],
    f"show {MODEL}": ["show", MODEL],
    f"show --protocol {PROTOCOL}": ["show", "--protocol", PROTOCOL],
}


def main() -> int:
    """Measure everything; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="3 repeats instead of 5")
    repeats = 3 if parser.parse_args().quick else 5
    with tempfile.TemporaryDirectory(prefix="neurosim-speed-") as name:
        folder = Path(name)
        met = [
            first_build(folder, repeats),
            *against_plain_brian2(folder, repeats),
            changes_that_build(),
            to_the_scorecard(repeats),
            to_the_directory(folder, repeats),
            *answers(repeats),
        ]
    return 0 if all(met) else 1


def first_build(folder: Path, repeats: int) -> bool:
    """Build into empty caches; the last one stays in use."""
    parameters, timeline, codes = imprint(1)
    seconds = []
    for k in range(repeats):
        tell(f"first build {k + 1} of {repeats}")
        os.environ["NEUROSIM_CACHE"] = str(folder / f"cache-{k}")
        session, before = Session(parameters, CIRCUIT, seed=0), cpu_of_children()
        session.run(timeline, {"input": codes})
        seconds.append(cpu_of_children() - before - session.run_seconds)
    return line("first build", median(seconds), 10, "s")


def against_plain_brian2(folder: Path, repeats: int) -> tuple[bool, bool]:
    """Run the compiled circuit and the plain script in turn, every time with another brain."""
    parameters, timeline, codes = imprint(N_TRIALS)
    plain = folder / "plain"
    tell("building the plain script")
    script = str(Path(__file__).with_name("plain_area.py"))
    cost_of([sys.executable, script, str(plain), str(N_TRIALS)])
    ours, theirs = [], []
    our_rates, their_rates = [], []
    for seed in range(repeats):
        tell(f"run {seed + 1} of {repeats}")
        session = Session(parameters, CIRCUIT, seed)
        recording = session.run(timeline, {"input": codes}).recording
        ours.append(session.run_seconds / timeline.duration)
        our_rates.append([len(recording.spikes[name].time) for name in POPULATIONS])
        theirs.append(cost_of(["./main"], directory=plain).cpu / timeline.duration)
        their_rates.append([n_spikes(plain / "results", name) for name in POPULATIONS])
    units = np.array([parameters.populations[name] for name in POPULATIONS])
    a, b = (np.mean(rates, 0) / units / timeline.duration for rates in (our_rates, their_rates))
    rates = ", ".join(f"{n} {x:.2f} / {y:.2f}" for n, x, y in zip(POPULATIONS, a, b, strict=True))
    seconds = f"{median(ours):.4f} / {median(theirs):.4f} s per simulated second"
    return (
        line("run / plain Brian2", median(ours) / median(theirs), 1.0, "", seconds),
        line("largest difference of rates", 100 * np.max(np.abs(a / b - 1)), 5, "%", f"{rates} Hz"),
    )


def n_spikes(results: Path, population: str) -> int:
    """Return how many spikes a Brian2 program has recorded of a population."""
    (file,) = results.glob(f"_array_{population}_spikes_N_*")
    return int(np.fromfile(file, dtype=np.int32)[0])


def changes_that_build() -> bool:
    """Change a parameter, the duration and the seed; count the circuits that this builds."""
    parameters, timeline, codes = imprint(1)
    _, longer, _ = imprint(2)
    changed = load_model(MODEL, {"excitatory.tau_m": "15 ms"}).parameters
    before = len(entries())
    runs: list[tuple[object, Timeline, int]] = [
        (changed, timeline, 0),
        (parameters, longer, 0),
        (parameters, timeline, 1),
    ]
    for sheet, trials, seed in runs:
        Session(sheet, CIRCUIT, seed).run(trials, {"input": codes})
    return line("builds after parameter, duration, seed", len(entries()) - before, 0, "")


def to_the_scorecard(repeats: int) -> bool:
    """Run the main condition in memory: what the process costs beside the binary."""
    seconds = []
    for k in range(repeats):
        tell(f"to the scorecard {k + 1} of {repeats}")
        cost = cost_of([sys.executable, "-c", TO_THE_SCORECARD])
        seconds.append(cost.cpu - float(cost.output.split()[-1]))
    return line("to the scorecard, without the binary", median(seconds), 1.5, "s")


def to_the_directory(folder: Path, repeats: int) -> bool:
    """Run the main condition by command: what it costs beside the binary."""
    seconds = []
    for k in range(repeats):
        tell(f"to the complete directory {k + 1} of {repeats}")
        out = folder / f"run-{k}"
        command = [*NEUROSIM, "run", PROTOCOL, "--model", MODEL, "--out", str(out)]
        cost = cost_of(command, accepted=(0, 1))  # 1: a target of the scorecard is missed
        seconds.append(cost.cpu - json.loads((out / "run.json").read_text())["run_seconds"])
    return line("to the complete directory, without it", median(seconds), 4, "s")


def answers(repeats: int) -> list[bool]:
    """Run the commands that answer at once."""
    met = []
    for name, arguments in ANSWERS.items():
        tell(name)
        costs: list[Cost] = [cost_of([*NEUROSIM, *arguments]) for _ in range(repeats)]
        wall = median(cost.wall for cost in costs)
        cpu = f"{median(cost.cpu for cost in costs):.2f} s CPU"
        met.append(line(name, wall, 0.3, "s wall", cpu))
    return met


def line(name: str, value: float, target: float, unit: str, detail: str = "") -> bool:
    """Print a number beside its target; return whether it is met."""
    met = bool(value <= target)
    verdict = "met" if met else "missed"
    text = f"{name:40}{value:7.2f}  <= {target:<4g} {unit:7}{verdict:8}{detail}"
    print(text.rstrip(), flush=True)
    return met


def tell(text: str) -> None:
    """Show progress."""
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
