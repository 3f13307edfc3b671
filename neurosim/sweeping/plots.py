"""What the figures of sweeps share: units that read well, names that fit, which values to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.quantities import dimension_of, format_quantity, si_value
from neurosim.sweeping.results import Sweep


def readable_unit(values: Iterable[float], unit: str) -> tuple[float, str]:
    """Return the size of a prefixed unit in which values read well, and the unit in parentheses.

    Parameters
    ----------
    values : iterable of float
        In `unit`.
    unit : str
        Base unit, ``"1"`` for a number; any other unit, such as ``"mV"``, is kept.

    Returns
    -------
    size : float
        By which to divide the values.
    text : str
        Like ``" (ms)"``, empty for a number.
    """
    if unit == "1":
        return 1.0, ""
    try:
        dimension_of(unit)
    except ValueError:
        return 1.0, f" ({unit})"
    largest = max((abs(value) for value in values), default=0.0)
    prefixed = format_quantity(largest, unit).partition(" ")[2] if largest else unit
    return si_value(f"1 {prefixed}", unit, "a unit"), f" ({prefixed})"


def broken(name: str, longest: int) -> str:
    """Return a name with line breaks behind underscores, where it is too long otherwise."""
    lines, parts = [""], name.replace("_", "_\n").split("\n")
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > longest:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def chosen(asked: Sequence[str] | None, known: Sequence[str], what: str) -> list[str]:
    """Return the names that were asked for, by default all.

    Raises
    ------
    InputError
        If one is unknown.
    """
    for name in asked or ():
        if name not in known:
            raise InputError(f"The sweep has no {what} '{name}': {nearest_name(name, known)}")
    return list(known if asked is None else asked)


def footnote(sweep: Sweep) -> str:
    """Return what the runs of a sweep are, for the foot of a figure."""
    n_done, n_failed = len(sweep.outcomes), len(sweep.failures)
    parts = [f"{sweep.protocol}, {len(sweep.plan.seeds)} seeds"]
    if n_done < sweep.n_runs:
        parts.append(f"{n_done} of {sweep.n_runs} runs done")
    if n_failed:
        parts.append(f"{n_failed} failed")
    return ", ".join(parts)
