"""A sheet: one TOML file with every number of a circuit, read, checked and written back."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError, nearest_name
from neurosim.parameters.layout import set_values
from neurosim.parameters.overrides import PROTOCOL, by_section
from neurosim.parameters.registry import CIRCUITS
from neurosim.parameters.sections import (
    coerce_values,
    declarations_of,
    fill_section,
    sections_of,
)
from neurosim.parameters.values import as_toml, as_written, coerce, plain, shown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A circuit's parameters, and the text that they were read from.

    The sections are attributes: ``sheet.excitatory.tau_m`` is
    ``sheet.parameters.excitatory.tau_m``.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    circuit : str
        The circuit that the parameters are for, a key of `CIRCUITS`.
    parameters : object
        Its parameter dataclass, such as `AreaParameters`; SI floats.
    protocol : dict of str to object
        The options in ``[protocol]`` as they were written, for the protocol to check.
    text : str
        The sheet as TOML, overrides applied.
    """

    name: str
    circuit: str
    parameters: Any
    protocol: dict[str, Any]
    text: str

    def __getattr__(self, section: str) -> Any:
        # Unpickling asks before `parameters` is there.
        sections = vars(self).get("parameters")
        if section.startswith("_") or sections is None:
            raise AttributeError(section)
        try:
            return getattr(sections, section)
        except AttributeError:
            hint = nearest_name(section, sections_of(type(sections)))
            raise AttributeError(
                f"The sheet '{self.name}' has no section '{section}': {hint}"
            ) from None

    def with_overrides(self, overrides: Mapping[str, Any]) -> Sheet:
        """Return the sheet with other values.

        Parameters
        ----------
        overrides : mapping of str to object
            Values by ``"section.key"``, as text (``"15ms"``) or as TOML has them.

        Returns
        -------
        Sheet
            In its text an overridden line ends in "set by the user" in place of its source.

        Raises
        ------
        InputError
            If a key names no parameter or one that has no effect beside the other values (the
            parameters' method ``idle``, if they have one, says which and why), or if a value does
            not fit. Options of a protocol are left for the protocol to check.
        """
        sorted_values = by_section(overrides, type(self.parameters), self.protocol)
        written = {
            PROTOCOL: {
                key: plain(value, f"{PROTOCOL}.{key}")
                for key, value in sorted_values.pop(PROTOCOL, {}).items()
            }
        }
        changed: dict[str, Any] = {}
        for name, values in sorted_values.items():
            section = getattr(self.parameters, name)
            declarations = declarations_of(type(section))
            changed[name] = dataclasses.replace(
                section, **coerce_values(type(section), values, name)
            )
            written[name] = {
                key: as_written(
                    value, declarations[key].kind, declarations[key].constraint, f"{name}.{key}"
                )
                for key, value in values.items()
            }
        # All at once: what sections demand of each other has to hold at the end, not between.
        parameters = dataclasses.replace(self.parameters, **changed)
        idle: dict[str, str] = getattr(parameters, "idle", dict)()
        for name in overrides:
            if name in idle:
                raise InputError(f"{name} has no effect here: {idle[name]}.")
        written = {name: values for name, values in written.items() if values}
        comments = {
            name: dict.fromkeys(values, "set by the user") for name, values in written.items()
        }
        text = set_values(self.text, written, comments) if written else self.text
        protocol = self.protocol | written.get(PROTOCOL, {})
        return dataclasses.replace(self, parameters=parameters, protocol=protocol, text=text)


def read_sheet(path: Path, overrides: Mapping[str, Any] | None = None) -> Sheet:
    """Read a sheet and check every line of it.

    Parameters
    ----------
    path : Path
        A TOML file.
    overrides : mapping of str to object, optional
        Values by ``"section.key"``, as `Sheet.with_overrides` takes them.

    Returns
    -------
    Sheet

    Raises
    ------
    InputError
        If the file cannot be read, is no valid TOML, names an unknown circuit, lacks a key, has
        one too many or one whose value does not fit; or if an override is refused.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The sheet '{path}' is not UTF-8 text.") from None
    except OSError as error:
        raise InputError(f"The sheet '{path}' cannot be read: {error.strerror}.") from None
    try:
        sheet = parse_sheet(text, path.stem)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return sheet.with_overrides(overrides) if overrides else sheet


def text_with_protocol(sheet: Sheet, options: DataclassInstance) -> str:
    """Return the text of a sheet with all options of a protocol in ``[protocol]``.

    Parameters
    ----------
    sheet : Sheet
        The sheet as run.
    options : dataclass instance
        The options as run, fields declared with `parameter`.

    Returns
    -------
    str
        A sheet which repeats the run. Lines whose value is still the same keep their comment.

    Raises
    ------
    InputError
        If the section is an inline table.
    """
    values: dict[str, Any] = {}
    comments: dict[str, str] = {}
    for key, declaration in declarations_of(type(options)).items():
        kind, constraint, name = declaration.kind, declaration.constraint, f"{PROTOCOL}.{key}"
        value = getattr(options, key)
        raw = sheet.protocol.get(key)
        if raw is not None and coerce(raw, kind, constraint, name) == value:
            values[key] = as_written(raw, kind, constraint, name)
            continue
        values[key] = as_toml(value, kind, constraint)
        is_default = value == declaration.default
        comments[key] = "default of the protocol" if is_default else "set by the run"
    unwritten = {key: value for key, value in values.items() if sheet.protocol.get(key) != value}
    if not unwritten:
        return sheet.text
    return set_values(sheet.text, {PROTOCOL: unwritten}, {PROTOCOL: comments})


def parse_sheet(text: str, name: str) -> Sheet:
    """Make a sheet from TOML text; errors are as for `read_sheet`, without the path."""
    content = _parse_toml(text)
    circuit = content.pop("circuit", None)
    if circuit is None:
        raise InputError(f"The key 'circuit' is missing: {nearest_name('', CIRCUITS)}")
    if not isinstance(circuit, str) or circuit not in CIRCUITS:
        hint = nearest_name(str(circuit), CIRCUITS)
        raise InputError(f"Unknown circuit {shown(circuit)}: {hint}")
    section_classes = sections_of(CIRCUITS[circuit])
    for section, values in content.items():
        if section not in section_classes and section != PROTOCOL:
            hint = nearest_name(section, [*section_classes, PROTOCOL])
            raise InputError(f"Unknown section '{section}': {hint}")
        if not isinstance(values, dict):
            raise InputError(f"{section} is {shown(values)}, expected a section [{section}].")
    for section in section_classes:
        if section not in content:
            raise InputError(f"The section [{section}] is missing.")
    protocol = {
        key: plain(value, f"{PROTOCOL}.{key}") for key, value in content.pop(PROTOCOL, {}).items()
    }
    parameters = CIRCUITS[circuit](
        **{
            section: fill_section(section_class, content[section], section)
            for section, section_class in section_classes.items()
        }
    )
    return Sheet(name, circuit, parameters, protocol, text)


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser names a line, or the end of the document, which is a line too.
        reason, _, position = str(error).partition(" (at ")
        match = re.match(r"line (\d+)", position)
        lines = text.split("\n")
        number = int(match[1]) if match else len(text.rstrip().split("\n"))
        line = lines[number - 1].strip()
        unquoted = re.search(r"=\s*[-+.0-9]+\s*[A-Za-z]", line)
        raise InputError(
            f"Line {number}, {line!r}, is not valid TOML: {reason[:1].lower()}{reason[1:]}"
            + ('; a quantity stands in quotes, such as "20 ms".' if unquoted else ".")
        ) from None
    except (ValueError, RecursionError):
        raise InputError("The sheet has a number or a nesting that is too long.") from None
