"""The command ``neurosim sweep``: what it takes, and how its answer is made."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurosim.sweeping.results import Sweep


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    command.add_argument(
        "--over",
        metavar="KEY=V1,V2,...",
        action="append",
        default=[],
        help="values to run with, such as excitatory.tau_m=15ms,20ms; may be repeated",
    )
    command.add_argument(
        "--sensitivity",
        action="store_true",
        help="instead: each parameter of the sheet alone, down and up by a tenth",
    )
    command.add_argument("--seeds", metavar="A:B", required=True, help="every seed from A to B-1")
    command.add_argument("--workers", metavar="N", help="processes, default one for each core")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs it")
    command.add_argument(
        "--out", metavar="DIR", type=Path, help="one that is there is gone on with"
    )
    command.add_argument("--keep", choices=["recordings"], help="the run directory of every run")


def run(
    options: argparse.Namespace, seeds: range, workers: int | None, results: Path
) -> tuple[Sweep, str]:
    """Run a sweep; return it and the answer.

    Parameters
    ----------
    options : argparse.Namespace
        As `add_arguments` and the options that all simulating commands share leave it.
    seeds : range
    workers : int or None
    results : Path
        Below it the sweep is written, if no directory was given.
    """
    from neurosim.parameters import parse_assignments
    from neurosim.sweeping.planner import Planner
    from neurosim.sweeping.report import as_text
    from neurosim.sweeping.tally import TerminalTally
    from neurosim.sweeps import place_of, plan_of, run_sweep

    planner = Planner(
        options.protocol,
        options.model,
        parse_assignments(options.assignments),
        seeds,
        options.quick,
        options.keep is not None,
    )
    plan = plan_of(planner, planner.values_of(options.over), options.sensitivity)
    out = options.out or place_of(plan, results / plan.protocol)
    found = run_sweep(
        plan, workers=workers, scheduler=options.scheduler, out=out, tally=TerminalTally()
    )
    return found, f"{as_text(found)}\n\nwritten to {out}"
