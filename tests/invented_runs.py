"""Runs of a protocol's conditions in which nothing is simulated: benches invent the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pytest

from neurosim import protocol
from neurosim.parameters import Sheet
from neurosim.session import Session
from neurosim.simulation.job import Job, Result


class Inventor(Protocol):
    """What a bench does for a circuit that is not run."""

    def invented(self, job: Job) -> dict[str, np.ndarray]:
        """Return results that a protocol can analyse."""


def invent_results(monkeypatch: pytest.MonkeyPatch, benches: Mapping[str, Inventor]) -> list[Job]:
    """Let inventions stand for simulations, by circuit; return the list of the jobs to come."""
    jobs: list[Job] = []

    def invent(job: Job, *rest: object) -> Result:
        jobs.append(job)
        return Result(benches[job.circuit].invented(job), "standalone", 0.0, 0.0)

    monkeypatch.setattr("neurosim.session.simulate", invent)
    return jobs


def measured_in(
    script: protocol.Protocol, sheet: Sheet, condition: str, **options: Any
) -> Mapping[str, float]:
    """Return what a protocol measures in a condition, at reduced size."""
    chosen = script.options(sheet, {f"protocol.{k}": v for k, v in options.items()}, True)
    session = Session(sheet.parameters, sheet.circuit, 1, "standalone")
    values: Mapping[str, float] = script.script.run_condition(condition, session, chosen)[1]
    return values
