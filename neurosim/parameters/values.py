"""One value of a parameter: from a sheet or a command line to Python, and back to TOML."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.fields import Constraint
from neurosim.parameters.quantities import (
    expected_form,
    format_quantity,
    kind_of,
    normalise_quantity,
    si_value,
)


def coerce(value: Any, kind: Any, constraint: Constraint, name: str) -> Any:
    """Turn what a user wrote into the value of a field, checked.

    Parameters
    ----------
    value : object
        A TOML value, or text as it stands behind ``--set``: ``"15 ms"``, ``"3"``, ``"true"``,
        ``"a.jpg,b.jpg"``.
    kind : type
        ``int``, ``float``, ``bool``, ``str``, or ``tuple[X, ...]`` of one of these.
    constraint : Constraint
        Unit, range and choices.
    name : str
        What the field is called in an error, such as ``"excitatory.tau_m"``.

    Returns
    -------
    object
        A value of `kind`; quantities in SI.

    Raises
    ------
    InputError
        If the value has another type or unit, or lies out of range.
    """
    if get_origin(kind) is tuple:
        element = get_args(kind)[0]
        return tuple(coerce(part, element, constraint, name) for part in _parts(value, name))
    result = _SCALARS[kind](value, constraint, name)
    _check_range(result, value, constraint, name)
    return result


def as_toml(value: Any, kind: Any, constraint: Constraint) -> Any:
    """Return what to write into a sheet so that `coerce` gives the very same value."""
    if get_origin(kind) is tuple:
        element = get_args(kind)[0]
        return [as_toml(part, element, constraint) for part in value]
    if kind is float and constraint.unit != "1":
        return format_quantity(value, constraint.unit)
    return kind(value)


def as_written(value: Any, kind: Any, constraint: Constraint, name: str) -> Any:
    """Return a user's value in the form that a sheet has, quantities in the user's own units.

    Raises
    ------
    InputError
        As `coerce` does.
    """
    result = coerce(value, kind, constraint, name)
    if constraint.unit == "1":
        return as_toml(result, kind, constraint)
    if get_origin(kind) is tuple:
        return [normalise_quantity(part) for part in _parts(value, name)]
    return normalise_quantity(value)


def plain(value: Any, name: str) -> Any:
    """Return a value whose kind is not known yet as TOML has it.

    Raises
    ------
    InputError
        If it is neither text nor a number, true, false or a list of these.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(part, name) for part in value]
    raise InputError(f"{name} is {shown(value)}, expected text, a number, true or false.")


def shown(value: Any) -> str:
    """Return a value as an error sentence quotes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)


def _parts(value: Any, name: str) -> Sequence[Any]:
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        if not all(parts):
            raise InputError(f"{name} is {shown(value)}, expected a list such as 'a,b'.")
        return parts
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{name} is {shown(value)}, expected a list.")
    return value


def _as_int(value: Any, constraint: Constraint, name: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    raise InputError(f"{name} is {shown(value)}, expected a whole number.")


def _as_float(value: Any, constraint: Constraint, name: str) -> float:
    if isinstance(value, str):
        return si_value(value, constraint.unit, name)
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_number and constraint.unit == "1":
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if math.isfinite(result):
            return result
        raise InputError(f"{name} is {shown(value)}, expected a finite number.")
    raise InputError(f"{name} is {shown(value)}, expected {expected_form(constraint.unit)}.")


def _as_bool(value: Any, constraint: Constraint, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise InputError(f"{name} is {shown(value)}, expected true or false.")


def _as_str(value: Any, constraint: Constraint, name: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name} is {shown(value)}, expected text.")
    if constraint.choices and value not in constraint.choices:
        raise InputError(f"{name} is {shown(value)}: {nearest_name(value, constraint.choices)}")
    return value


_SCALARS: dict[Any, Callable[[Any, Constraint, str], Any]] = {
    int: _as_int,
    float: _as_float,
    bool: _as_bool,
    str: _as_str,
}


def _check_range(result: Any, value: Any, constraint: Constraint, name: str) -> None:
    low, high = constraint.low, constraint.high
    too_low = low is not None and (result < low or (constraint.exclusive and result == low))
    if too_low or (high is not None and result > high):
        raise InputError(f"{name} is {shown(value)}, expected {_range_of(constraint)}.")


def _range_of(constraint: Constraint) -> str:
    low, high = (
        None if bound is None else _bound(bound, constraint.unit)
        for bound in (constraint.low, constraint.high)
    )
    kind = f"a {kind_of(constraint.unit)}"
    if low is None:
        return f"{kind} of at most {high}"
    if constraint.exclusive:
        return f"{kind} above {low}" + ("" if high is None else f" and at most {high}")
    return f"{kind} of at least {low}" if high is None else f"{kind} from {low} to {high}"


def _bound(bound: float, unit: str) -> str:
    return str(bound) if unit == "1" else format_quantity(bound, unit)
