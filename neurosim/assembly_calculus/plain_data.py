"""Programs as plain data, as they stand in a file: a list of operations, a dict each."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neurosim.assembly_calculus.program import OPERATIONS, Program, listed
from neurosim.errors import InputError, nearest_name


def to_list(program: Program) -> list[dict[str, Any]]:
    """Return the operations of a program.

    Parameters
    ----------
    program : Program

    Returns
    -------
    list of dict
        ``{"operation": "project", "source": "S", "target": "A"}`` and so on: the arguments of the
        methods of `Program`; those that were left out are missing.
    """
    return [{"operation": each.name, **each.arguments} for each in program.operations]


def from_list(
    operations: Iterable[Mapping[str, Any]], *, areas: Sequence[str], stimuli: Sequence[str]
) -> Program:
    """Return the program that a list describes, see `to_list`.

    Parameters
    ----------
    operations : iterable of mapping
    areas, stimuli : sequence of str

    Returns
    -------
    Program

    Raises
    ------
    InputError
        If an operation or an argument is unknown or missing, or as in `Program`.
    """
    program = Program(areas, stimuli)
    for number, entry in enumerate(operations, start=1):
        if not isinstance(entry, Mapping) or "operation" not in entry:
            raise InputError(
                f"Operation {number} is {entry!r}, expected a mapping with the key 'operation'."
            )
        name = entry["operation"]
        if name not in OPERATIONS:
            raise InputError(
                f"There is no operation '{name}'; {nearest_name(str(name), OPERATIONS)}"
            )
        _record(program, name, {key: entry[key] for key in entry if key != "operation"})
    return program


def _record(program: Program, name: str, arguments: dict[str, Any]) -> None:
    method = getattr(program, name)
    parameters = inspect.signature(method).parameters
    for key in arguments:
        if key not in parameters:
            raise InputError(
                f"The operation '{name}' has no argument '{key}'; "
                f"{nearest_name(str(key), parameters)}"
            )
    positional: list[Any] = []
    for key, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            continue
        if key not in arguments:
            raise InputError(f"The operation '{name}' lacks its argument '{key}'.")
        value = arguments.pop(key)
        positional += listed(value, key) if parameter.kind is parameter.VAR_POSITIONAL else [value]
    method(*positional, **arguments)
