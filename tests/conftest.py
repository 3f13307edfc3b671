"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from neurosim.parameters import CIRCUITS
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import Declaration, declarations_of, sections_of

AREA_VALUES = {
    "simulation.dt": '"0.1 ms"',
    "excitatory.n": "1000",
    "excitatory.tau_m": '"20 ms"',
    "excitatory.g_leak": '"10 nS"',
    "excitatory.v_rest": '"-70 mV"',
    "excitatory.v_threshold": '"-50 mV"',
    "excitatory.v_reset": '"-60 mV"',
    "inhibitory.tau_m": '"10 ms"',
    "inhibitory.v_threshold": '"-50 mV"',
    "inhibitory.v_reset": '"-60 mV"',
    "input.n": "500",
    "input.n_active": "50",
    "input_to_excitatory.p": "0.1",
    "input_to_excitatory.w_initial": '"0.1 nS"',
    "input_to_excitatory.w_max": '"1 nS"',
    "excitatory_to_excitatory.w_initial": '"0.1 nS"',
    "excitatory_to_excitatory.w_max": '"1 nS"',
}


def _literal(declaration: Declaration) -> str:
    """Return some TOML value that a field accepts."""
    constraint = declaration.constraint
    low = constraint.low or 0.0
    value = low + 1.0 if constraint.high is None else (low + constraint.high) / 2
    if declaration.kind is int:
        return str(int(value))
    return str(value) if constraint.unit == "1" else f'"{format_quantity(value, constraint.unit)}"'


@pytest.fixture(scope="session")
def area_text() -> Callable[[Mapping[str, str]], str]:
    """Return a function that writes a complete sheet of the area.

    It takes TOML literals by ``"section.key"``, which replace or join those of a valid sheet.
    """

    def write(changes: Mapping[str, str] = {}) -> str:
        values = {
            f"{section}.{key}": _literal(declaration)
            for section, section_class in sections_of(CIRCUITS["area"]).items()
            for key, declaration in declarations_of(section_class).items()
        }
        values |= AREA_VALUES | dict(changes)
        sections: dict[str, list[str]] = {}
        for name, literal in values.items():
            section, key = name.split(".")
            line = f"{key:24} = {literal:12}  # Meaning. Source: a test."
            sections.setdefault(section, [f"\n# About {section}.\n[{section}]"]).append(line)
        head = 'circuit = "area"  # Which equations. Source: a test.'
        return "\n".join([head, *(line for lines in sections.values() for line in lines)]) + "\n"

    return write


@pytest.fixture
def area_sheet(tmp_path: Path, area_text: Callable[..., str]) -> Path:
    """Return the path of a valid sheet of the area."""
    path = tmp_path / "some_area.toml"
    path.write_text(area_text(), encoding="utf-8")
    return path
