"""Overrides: ``KEY=VALUE`` from the command line, and which parameter of a sheet a key names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.sections import declarations_of, sections_of

PROTOCOL = "protocol"
"""The section of a sheet that holds a protocol's options rather than a circuit's parameters."""


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Split what stands behind each ``--set``.

    Parameters
    ----------
    assignments : iterable of str
        One ``KEY=VALUE`` each, such as ``"excitatory.tau_m=15ms"``.

    Returns
    -------
    dict of str to str
        Values by key, in order.

    Raises
    ------
    InputError
        If one has no key, no ``=`` or no value, or a key comes twice.
    """
    values: dict[str, str] = {}
    for assignment in assignments:
        key, _, value = (part.strip() for part in assignment.partition("="))
        if not key or not value:
            raise InputError(
                f"{assignment!r} is no override, expected KEY=VALUE such as "
                "'excitatory.tau_m=15ms'."
            )
        if key in values:
            raise InputError(f"{key} is set twice, to {values[key]!r} and to {value!r}.")
        values[key] = value
    return values


def by_section(
    overrides: Mapping[str, Any], parameters_class: type, options: Iterable[str] = ()
) -> dict[str, dict[str, Any]]:
    """Sort overrides into the sections of a sheet.

    Parameters
    ----------
    overrides : mapping of str to object
        Values by ``"section.key"``.
    parameters_class : type
        The parameters of the sheet's circuit.
    options : iterable of str
        Options in the sheet's section ``[protocol]``, for hints; others are passed on too, since
        only the protocol knows which ones it has.

    Returns
    -------
    dict of str to dict
        Values by section and key.

    Raises
    ------
    InputError
        If a key names no parameter.
    """
    known = [
        f"{section}.{key}"
        for section, section_class in sections_of(parameters_class).items()
        for key in declarations_of(section_class)
    ]
    sorted_values: dict[str, dict[str, Any]] = {}
    for name, value in overrides.items():
        section, _, key = name.partition(".")
        if section == "circuit":
            raise InputError(
                f"The circuit of a sheet cannot be overridden (with {value!r}); "
                "choose another sheet instead."
            )
        is_option = section == PROTOCOL and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)
        if not is_option and name not in known:
            valid = [*known, *(f"{PROTOCOL}.{option}" for option in options)]
            raise InputError(f"Unknown key '{name}': {_nearest_key(name, valid)}")
        sorted_values.setdefault(section, {})[key] = value
    return sorted_values


def _nearest_key(name: str, valid: list[str]) -> str:
    """Point from a wrong key to the same key elsewhere, else to a similar one, else to a list."""
    section, _, key = name.rpartition(".")
    elsewhere = [other for other in valid if other.rpartition(".")[2] == key]
    if len(elsewhere) == 1 or (elsewhere and not section):
        return f"did you mean {' or '.join(repr(other) for other in elsewhere)}?"
    siblings = [other.rpartition(".")[2] for other in valid if other.startswith(f"{section}.")]
    if siblings:
        close = difflib.get_close_matches(key, siblings, n=1)
        return f"did you mean '{section}.{close[0]}'?" if close else nearest_name(key, siblings)
    if difflib.get_close_matches(name, valid, n=1):
        return nearest_name(name, valid)
    return nearest_name(name, {f"{other.partition('.')[0]}.KEY" for other in valid})
