"""The same run with several seeds, and one scorecard over them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurosim.errors import InputError
from neurosim.experiment import prepare, writers_imported_meanwhile
from neurosim.progress import QUIET, Progress
from neurosim.run_directory import SCORECARD, write_run, written_aside
from neurosim.scorecard import Row, SeedsRow, over_seeds, write_scorecard
from neurosim.session import Session
from neurosim.simulation.job import check_seed


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
    if not seeds:
        raise InputError(
            f"The seeds {seeds.start}:{seeds.stop} are none, expected an end above the start."
        )
    check_seed(seeds[-1])
    first = prepare(protocol, model, seeds[0], overrides or {}, target, quick, progress)
    cards: list[list[Row]] = []
    with written_aside(Path(out)) as directory, writers_imported_meanwhile():
        for left, seed in zip(reversed(range(len(seeds))), seeds, strict=True):
            progress.announce(f"seed {seed} ({left} more after it)")
            # A session of its own for each, for it keeps the recordings of its conditions.
            session = Session(
                first.sheet.parameters, first.sheet.circuit, seed, first.session.target, progress
            )
            finished = replace(first, session=session).run()
            (directory / f"seed-{seed}").mkdir()
            write_run(finished, directory / f"seed-{seed}")
            cards.append(finished.rows)
        rows = over_seeds(cards, first.protocol.targets(first.options), first.judged)
        write_scorecard(directory / SCORECARD, first.protocol.name, rows)
    return rows
