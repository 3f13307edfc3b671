"""Sections: frozen dataclasses whose fields are declared with `parameter`, filled and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.fields import Constraint, constraint_of
from neurosim.parameters.values import as_toml, coerce

Section = TypeVar("Section")
Parameters = TypeVar("Parameters")


@dataclasses.dataclass(frozen=True)
class Declaration:
    """What a section says about one of its fields.

    Parameters
    ----------
    kind : type
        The annotation, resolved.
    constraint : Constraint
    default : object
        ``dataclasses.MISSING`` if a value has to be given.
    """

    kind: Any
    constraint: Constraint
    default: Any


def declarations_of(section_class: type) -> dict[str, Declaration]:
    """Return the declaration of every field of a section, by name."""
    kinds = get_type_hints(section_class)
    return {
        field.name: Declaration(kinds[field.name], constraint_of(field), field.default)
        for field in dataclasses.fields(section_class)
    }


def sections_of(parameters_class: type) -> dict[str, type]:
    """Return the section classes of a circuit's parameters, by name."""
    kinds = get_type_hints(parameters_class)
    return {field.name: kinds[field.name] for field in dataclasses.fields(parameters_class)}


def fill_section(section_class: type[Section], values: Mapping[str, Any], where: str) -> Section:
    """Make a section from what a user wrote.

    Parameters
    ----------
    section_class : type
        Frozen dataclass of fields declared with `parameter`.
    values : mapping of str to object
        TOML values or text, by field. A field with a default may be left out.
    where : str
        Name of the section, such as ``"excitatory"`` or ``"protocol"``.

    Returns
    -------
    object
        An instance of `section_class`.

    Raises
    ------
    InputError
        If a key is unknown or missing, or a value has the wrong type or unit or is out of range.
    """
    declarations = declarations_of(section_class)
    for key in values:
        if key not in declarations:
            hint = nearest_name(key, declarations)
            raise InputError(f"Unknown key '{where}.{key}': {hint}")
    for key, declaration in declarations.items():
        if key not in values and declaration.default is dataclasses.MISSING:
            raise InputError(f"The key '{where}.{key}' is missing.")
    return section_class(**coerce_values(section_class, values, where))


def coerce_values(section_class: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values of known fields, coerced and checked one by one as by `fill_section`."""
    declarations = declarations_of(section_class)
    return {
        key: coerce(value, declarations[key].kind, declarations[key].constraint, f"{where}.{key}")
        for key, value in values.items()
    }


def compiled_in(parameters: Any) -> dict[str, int | float | str]:
    """Return the values of every field that is declared with ``rebuild``, ``"section.key"``."""
    return {
        f"{section.name}.{field.name}": getattr(getattr(parameters, section.name), field.name)
        for section in dataclasses.fields(parameters)
        for field in dataclasses.fields(getattr(parameters, section.name))
        if constraint_of(field).rebuild
    }


def with_values(parameters: Parameters, values: Mapping[str, float | str]) -> Parameters:
    """Return a circuit's parameters with other values, SI numbers or words.

    Parameters
    ----------
    parameters : object
        Frozen dataclass of sections.
    values : mapping of str to float or str
        By ``"section__field"``.

    Raises
    ------
    InputError
        If there is no such parameter, a value is out of range or values contradict each other.
    """
    known = {
        f"{section}__{name}": (section, name, declaration)
        for section, section_class in sections_of(type(parameters)).items()
        for name, declaration in declarations_of(section_class).items()
    }
    sections: dict[str, dict[str, float | str]] = {}
    for key, value in values.items():
        if key not in known:
            raise InputError(f"There is no parameter '{key}': {nearest_name(key, known)}")
        section, name, declaration = known[key]
        kind, constraint = declaration.kind, declaration.constraint
        sections.setdefault(section, {})[name] = coerce(
            as_toml(value, kind, constraint), kind, constraint, f"{section}.{name}"
        )
    new = {
        section: dataclasses.replace(getattr(parameters, section), **of_section)
        for section, of_section in sections.items()
    }
    return dataclasses.replace(parameters, **new)  # type: ignore[type-var]
