"""Quantities as text: a number and units in, an SI float out, and back.

Units are a whitelist; nothing is evaluated. All prefixes are powers of ten, so a quantity is
scaled by moving its decimal exponent, and every float is the nearest one to what was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal

from neurosim.errors import InputError, nearest_name

Dimension = tuple[int, int, int]
"""Exponents of second, volt and ampere, on which all units below can be built."""

DIMENSIONLESS: Dimension = (0, 0, 0)

_PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}

_BASE_UNITS: dict[str, tuple[Dimension, tuple[str, ...]]] = {
    "s": ((1, 0, 0), ("n", "u", "m", "")),
    "V": ((0, 1, 0), ("n", "u", "m", "")),
    "A": ((0, 0, 1), ("f", "p", "n", "u", "m", "")),
    "S": ((0, -1, 1), ("f", "p", "n", "u", "m", "")),
    "F": ((1, -1, 1), ("f", "p", "n", "u", "m", "")),
    "ohm": ((0, 1, -1), ("", "k", "M", "G")),
    "Hz": ((-1, 0, 0), ("", "k", "M")),
}

UNITS: dict[str, tuple[int, Dimension]] = {"1": (0, DIMENSIONLESS)} | {
    prefix + base: (_PREFIXES[prefix], dimension)
    for base, (dimension, prefixes) in _BASE_UNITS.items()
    for prefix in prefixes
}
"""Power of ten and dimension of every accepted unit."""

_KINDS = {
    DIMENSIONLESS: ("number", "0.5"),
    _BASE_UNITS["s"][0]: ("time", "'20 ms'"),
    _BASE_UNITS["V"][0]: ("voltage", "'-70 mV'"),
    _BASE_UNITS["A"][0]: ("current", "'50 pA'"),
    _BASE_UNITS["S"][0]: ("conductance", "'0.05 nS'"),
    _BASE_UNITS["F"][0]: ("capacitance", "'200 pF'"),
    _BASE_UNITS["ohm"][0]: ("resistance", "'100 Mohm'"),
    _BASE_UNITS["Hz"][0]: ("rate", "'8 Hz'"),
}

_QUANTITY = re.compile(
    r"\s*(?P<mantissa>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,9}))?(?!\.?[0-9])\s*(?P<unit>\S.*?)?\s*"
)
_FACTOR = re.compile(
    r"\s*(?P<operator>[*/]?)\s*(?P<symbol>1|[A-Za-z\u00b5\u03bc]+)"
    r"\s*(?:(?:\*\*|\^)\s*(?P<power>-?[1-9]))?\s*"
)


def parse_quantity(text: str) -> tuple[float, Dimension]:
    """Parse a number and its units.

    Parameters
    ----------
    text : str
        ``"20 ms"``, ``"20ms"``, ``"0.05 nS"``, ``"1.5 mV/ms"``, ``"3 1/s"``, ``"2 mV**2"``.

    Returns
    -------
    value : float
        The float nearest to the quantity in SI units.
    dimension : tuple of int
        Exponents of second, volt and ampere.

    Raises
    ------
    InputError
        If the text is no quantity, names an unknown unit or exceeds the range of a float.
    """
    return _parse(text, "The quantity", "a number and a unit such as '20 ms'", UNITS)


def si_value(text: str, unit: str, name: str) -> float:
    """Parse a quantity that has to have the dimension of `unit`.

    Parameters
    ----------
    text : str
        The quantity; a bare number if, and only if, `unit` is ``"1"``.
    unit : str
        Base unit, for example ``"s"``, ``"V/s"`` or ``"1"``.
    name : str
        What the quantity is called in an error.

    Returns
    -------
    float
        The value in `unit`.

    Raises
    ------
    InputError
        If the text is no quantity, or one of another dimension.
    """
    dimension = dimension_of(unit)
    expected = expected_form(unit)
    match = _QUANTITY.fullmatch(text)
    if match is not None and (match["unit"] is None) != (dimension == DIMENSIONLESS):
        raise InputError(f"{name} is {text!r}, expected {expected}.")
    own_units = [symbol for symbol, (_, of_unit) in UNITS.items() if of_unit == dimension]
    value, found = _parse(text, name, expected, own_units or UNITS)
    if found != dimension:
        raise InputError(f"{name} is {text!r}, expected {expected}.")
    return value


def format_quantity(value: float, unit: str) -> str:
    """Write an SI value as readable text that `si_value` turns into the very same float.

    Parameters
    ----------
    value : float
        Finite value in `unit`.
    unit : str
        Base unit, for example ``"s"``, ``"V/s"`` or ``"1"``.

    Returns
    -------
    str
        For example ``"20 ms"`` for 0.02 and ``"s"``; a bare number for ``"1"``.
    """
    if dimension_of(unit) == DIMENSIONLESS:
        return repr(float(value))
    number = Decimal(repr(float(value)))
    base = re.match(r"[A-Za-z]*(?![\^]|\*\*)", unit)
    prefixes = _BASE_UNITS[base[0]][1] if base and base[0] in _BASE_UNITS else ("",)
    powers = {_PREFIXES[prefix]: prefix for prefix in prefixes}
    fitting = [power for power in powers if power <= number.adjusted()]
    power = 0 if not number else max(fitting, default=min(powers))
    return f"{_plain(number.scaleb(-power))} {powers[power]}{unit}"


def normalise_quantity(text: str) -> str:
    """Return a quantity with one space between number and unit, both as they were written."""
    match = _QUANTITY.fullmatch(text)
    if match is None or match["unit"] is None:
        return text.strip()
    number = text[: match.start("unit")].strip()
    unit = match["unit"]
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit.lstrip('* ')}"


def kind_of(unit: str) -> str:
    """Return what a base unit measures, in words: ``"time"`` for ``"s"``."""
    kind, _ = _kind_and_example(unit)
    return kind


def expected_form(unit: str) -> str:
    """Return how a value of a base unit is written: ``"a time such as '20 ms'"`` for ``"s"``."""
    kind, example = _kind_and_example(unit)
    return f"a {kind} such as {example}"


def dimension_of(unit: str) -> Dimension:
    """Return the dimension of a base unit, that is, one without prefixes.

    Raises
    ------
    ValueError
        If the unit is unknown or has a prefix: a declaration in the source is wrong.
    """
    power, dimension = _parse_unit(unit)
    if power != 0:
        raise ValueError(f"{unit!r} is no base unit")
    return dimension


class _UnknownUnitError(ValueError):
    """A factor of a unit is not on the whitelist; the argument is that factor."""


def _kind_and_example(unit: str) -> tuple[str, str]:
    return _KINDS.get(dimension_of(unit), (f"quantity in {unit}", f"'1.5 {unit}'"))


def _parse(
    text: str, name: str, expected: str, suggested: Iterable[str]
) -> tuple[float, Dimension]:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise InputError(f"{name} is {text!r}, expected {expected}.")
    try:
        power, dimension = _parse_unit(match["unit"] or "1")
    except _UnknownUnitError as error:
        unit = error.args[0]
        hint = nearest_name(unit, suggested)
        raise InputError(f"{name} is {text!r} with the unknown unit '{unit}': {hint}") from None
    except ValueError:
        raise InputError(f"{name} is {text!r}, expected {expected}.") from None
    value = float(f"{match['mantissa']}e{int(match['exponent'] or 0) + power}")
    if math.isinf(value):
        raise InputError(f"{name} is {text!r}, which is too large; expected {expected}.")
    return value, dimension


def _parse_unit(text: str) -> tuple[int, Dimension]:
    """Return power of ten and dimension of a product of units.

    Raises
    ------
    _UnknownUnitError
        If a factor is not on the whitelist.
    ValueError
        If the text is no product of units.
    """
    power_of_ten, dimension, position = 0, DIMENSIONLESS, 0
    while position < len(text):
        factor = _FACTOR.match(text, position)
        if factor is None or (position > 0 and not factor["operator"]):
            raise ValueError(f"{text!r} is no product of units")
        symbol = factor["symbol"].replace("\u00b5", "u").replace("\u03bc", "u")
        if symbol not in UNITS:
            raise _UnknownUnitError(factor["symbol"])
        exponent = int(factor["power"] or 1) * (-1 if factor["operator"] == "/" else 1)
        own_power, (seconds, volts, amperes) = UNITS[symbol]
        power_of_ten += exponent * own_power
        dimension = (
            dimension[0] + exponent * seconds,
            dimension[1] + exponent * volts,
            dimension[2] + exponent * amperes,
        )
        position = factor.end()
    return power_of_ten, dimension


def _plain(number: Decimal) -> str:
    """Write a decimal without exponent, unless that would take a row of zeros."""
    number = number.normalize()
    return format(number, "f") if -5 <= number.adjusted() <= 15 else str(number)
