"""What a sweep consists of: points, conditions and seeds."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import InputError
from neurosim.parameters.overrides import PROTOCOL
from neurosim.sweeping.identity import difference
from neurosim.sweeping.jobs import RunJob

CONDITION = f"{PROTOCOL}.condition"
GRID, SENSITIVITY = "sweep", "sensitivity"


@dataclass(frozen=True)
class Point:
    """One setting of what is varied.

    Parameters
    ----------
    labels : dict of str to object
        The columns of the table that tell it from others; quantities in SI.
    overrides : dict of str to object
        What differs from the sheet.
    conditions : list of str
        The conditions that are run.
    family : str
        Points with the same one have the same values compiled in.
    """

    labels: dict[str, Any]
    overrides: dict[str, Any]
    conditions: list[str]
    family: str


@dataclass(frozen=True)
class Plan:
    """A whole sweep.

    Parameters
    ----------
    kind : str
        `GRID` or `SENSITIVITY`.
    protocol : str
        Name.
    script : str or None
        Text of a user's own protocol.
    model, sheet : str
        Name and text of the sheet, before any override.
    overrides : dict of str to object
        Those that all points share.
    units : dict of str to str
        Base unit of each label that is a quantity.
    points : list of Point
    seeds : list of int
    quick, keep : bool
    target : str
    skipped : list of str
        Why parameters were left out of a sensitivity analysis.
    computed_with : dict of str to str
        From `neurosim.sweeping.identity.identity`.
    """

    kind: str
    protocol: str
    script: str | None
    model: str
    sheet: str
    overrides: dict[str, Any]
    units: dict[str, str]
    points: list[Point]
    seeds: list[int]
    quick: bool
    keep: bool
    target: str
    skipped: list[str]
    computed_with: dict[str, str]

    def jobs(self) -> list[RunJob]:
        """Return every run, in the order of the table."""
        return [
            RunJob(
                number,
                self.protocol,
                self.script,
                self.model,
                self.sheet,
                {**point.overrides, CONDITION: condition},
                seed,
                self.quick,
                self.target,
                self.keep,
                f"{condition} {point.family}",
            )
            for number, (point, condition, seed) in enumerate(self.runs())
        ]

    def runs(self) -> Iterator[tuple[Point, str, int]]:
        """Return point, condition and seed of every run, in the order of the table."""
        for point in self.points:
            yield from (
                (point, *which) for which in itertools.product(point.conditions, self.seeds)
            )

    def refuse_another(self, other: Plan, directory: Path) -> None:
        """Refuse to go on in a directory that holds another sweep.

        Raises
        ------
        InputError
            With the first thing in which `other`, which is there, differs.
        """
        for name, what in _WHAT.items():
            if getattr(self, name) != getattr(other, name):
                raise InputError(
                    f"'{directory}' holds another sweep, with {what} of its own: choose another "
                    "directory."
                )
        found = difference(self.computed_with, other.computed_with)
        if found is not None:
            raise InputError(
                f"'{directory}' holds runs that were made with {found}: choose another directory."
            )


# The order is that in which a user would look.
_WHAT = {
    "protocol": "a protocol",
    "script": "a protocol",
    "kind": "values",
    "sheet": "a sheet",
    "model": "a sheet",
    "overrides": "overrides",
    "points": "values",
    "seeds": "seeds",
    "quick": "a size",
    "keep": "recordings",
    "target": "a target",
}


def plan_as_text(plan: Plan) -> str:
    """Return a plan as JSON."""
    return json.dumps(dataclasses.asdict(plan), indent=1) + "\n"


def plan_from_text(text: str) -> Plan:
    """Return the plan of a text that `plan_as_text` wrote.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        plain = json.loads(text)
        points = [Point(**point) for point in plain.pop("points")]
        return Plan(**plain, points=points)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no plan: {error}") from None
