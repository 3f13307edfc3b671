"""How a field of a parameter section is declared: its dimension, its range, what a change costs."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Constraint:
    """What a value of a field has to satisfy.

    Parameters
    ----------
    unit : str
        Base unit of the field: ``"s"``, ``"V"``, ``"S"``, ``"Hz"``, ... or ``"1"``.
    low, high : float or None
        Bounds in base units; None for no bound.
    exclusive : bool
        Whether `low` itself is refused (a time constant of 0, say).
    choices : tuple of str
        The accepted words of a field that holds text; empty for any.
    rebuild : bool
        Whether a change needs a new build of the compiled circuit.
    """

    unit: str = "1"
    low: float | None = None
    high: float | None = None
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    rebuild: bool = False


def parameter(
    unit: str = "1",
    *,
    low: float | None = None,
    high: float | None = None,
    exclusive: bool = False,
    choices: tuple[str, ...] = (),
    rebuild: bool = False,
    default: Any = dataclasses.MISSING,
) -> Any:
    """Declare a field of a frozen parameter dataclass; see `Constraint` for the arguments.

    A field without `default` has to stand in the sheet.
    """
    constraint = Constraint(unit, low, high, exclusive, choices, rebuild)
    return dataclasses.field(default=default, metadata={"constraint": constraint})


def constraint_of(field: dataclasses.Field[Any]) -> Constraint:
    """Return the constraint that `parameter` attached to a field."""
    constraint: Constraint = field.metadata["constraint"]
    return constraint
