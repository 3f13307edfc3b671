"""The same run with several seeds, and one scorecard over them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurosim.experiment import import_while_simulating, prepare, write_complete
from neurosim.progress import QUIET, Progress
from neurosim.run_directory import SCORECARD, written_aside
from neurosim.scorecard import Row, SeedsRow, over_seeds, write_scorecard


def run_seeds(
    protocol: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    seeds: range,
    overrides: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str],
    target: str = "auto",
    quick: bool = False,
    progress: Progress = QUIET,
) -> list[SeedsRow]:
    """Run a protocol with several seeds, one after the other.

    Parameters
    ----------
    seeds : range
    out : str or path
        Will hold ``seed-N/`` for each seed and ``scorecard.json`` over seeds.
    protocol, model, overrides, target, quick, progress
        As in `neurosim.experiment.run`.

    Returns
    -------
    list of SeedsRow
        Mean, standard deviation and share of the seeds that meet each target.

    Raises
    ------
    InputError
        If anything that was asked for is refused; before the first simulation.
    SimulationError
        If a build or a simulation fails.
    """
    experiments = [
        prepare(protocol, model, seed, overrides or {}, target, quick, progress) for seed in seeds
    ]
    first = experiments[0].protocol
    cards: list[list[Row]] = []
    with written_aside(Path(out)) as directory:
        import_while_simulating()
        while experiments:
            # Let go of each, for a session keeps the recordings of its conditions.
            experiment = experiments.pop(0)
            seed = experiment.session.seed
            progress.announce(f"seed {seed} ({len(experiments)} more after it)")
            finished = experiment.run()
            (directory / f"seed-{seed}").mkdir()
            write_complete(finished, directory / f"seed-{seed}")
            cards.append(finished.rows)
        rows = over_seeds(cards, first.script.TARGETS)
        write_scorecard(directory / SCORECARD, first.name, rows)
    return rows
