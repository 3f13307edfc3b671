"""Make the plan of a sweep: everything that was asked for is checked before the first run."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

from neurosim.errors import InputError, nearest_name
from neurosim.experiment import refuse_other_circuit
from neurosim.folders import is_path
from neurosim.parameters.library import load_model
from neurosim.parameters.overrides import PROTOCOL, by_section, parse_assignments
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import (
    Declaration,
    compiled_in,
    declarations_of,
    sections_of,
)
from neurosim.parameters.values import as_written, coerce, shown
from neurosim.protocol import load_protocol
from neurosim.simulation.job import check_seed
from neurosim.simulation.target import choose_target
from neurosim.sweeping.identity import identity
from neurosim.sweeping.plan import CONDITION, GRID, SENSITIVITY, Plan, Point

MOST_RUNS = 100_000  # Ours: a plan that takes minutes to check, and months to run, is a mistake
CHANGES = (Decimal("-0.1"), Decimal("0.1"))  # of each parameter in a sensitivity analysis


@dataclass(frozen=True)
class Value:
    """One value of what is varied: as tables have it (quantities in SI), and as an override."""

    label: Any
    written: Any


class Planner:
    """Makes the plans of one protocol on one sheet.

    Parameters
    ----------
    protocol, model, overrides, quick
        As in `neurosim.experiment.run`.
    seeds : iterable of int
    keep : bool
        Whether recordings are kept.

    Raises
    ------
    InputError
        If there is no such protocol or sheet, they do not fit, or the seeds are refused.
    """

    def __init__(
        self,
        protocol: str | os.PathLike[str],
        model: str | os.PathLike[str] | None,
        overrides: Mapping[str, Any],
        seeds: Iterable[int],
        quick: bool,
        keep: bool,
    ) -> None:
        # One more than there can be: a range may be far longer.
        self._seeds = [check_seed(seed) for seed in itertools.islice(seeds, MOST_RUNS + 1)]
        if not self._seeds:
            raise InputError("There are no seeds, expected one or more, such as 0:10.")
        if len(set(self._seeds)) < len(self._seeds):
            raise InputError("A seed is given twice, expected each of them once.")
        self._protocol = load_protocol(protocol)
        self._sheet = load_model(self._protocol.model(overrides) if model is None else model)
        refuse_other_circuit(self._protocol, self._sheet)
        self._own_script = is_path("protocols", os.fspath(protocol))
        self._overrides = dict(overrides)
        self._quick, self._keep = quick, keep

    def values_of(self, assignments: Iterable[str]) -> dict[str, list[str]]:
        """Return what each ``KEY=V1,V2,...`` of a command line asks for: values by key.

        Raises
        ------
        InputError
            If one is malformed, names no parameter, or one whose value may have commas of its own.
        """
        values = {}
        for key, text in parse_assignments(assignments).items():
            declaration = self._declaration(key)
            is_text = declaration.kind is str and not declaration.constraint.choices
            if is_text or get_origin(declaration.kind) is tuple:
                raise InputError(
                    f"{key} takes a list or free text, which commas cannot divide into values: run "
                    f"one sweep for each with --set {key}=VALUE, or use ns.sweep in Python."
                )
            values[key] = [part.strip() for part in text.split(",")]
            if not all(values[key]):
                raise InputError(f"{key} is varied over '{text}', expected values such as '1,2,3'.")
        return values

    def grid(self, over: Mapping[str, Sequence[Any]]) -> Plan:
        """Return the sweep over all combinations of values; the last key varies fastest.

        Parameters
        ----------
        over : mapping of str to sequence
            Values by ``"section.key"``, as overrides have them.

        Raises
        ------
        InputError
            If a key, a value or a combination of values is refused.
        """
        axes = {key: self._axis(key, values) for key, values in over.items()}
        self._refuse_too_many(math.prod(map(len, axes.values())))
        conditions = [value.written for value in axes.pop(CONDITION, [])]
        points = [
            self._point(
                {key: value.label for key, value in zip(axes, values, strict=True)},
                {key: value.written for key, value in zip(axes, values, strict=True)},
                conditions,
            )
            for values in itertools.product(*axes.values())
        ]
        return self._plan(GRID, points, {key: self._unit(key) for key in axes}, [])

    def sensitivity(self) -> Plan:
        """Return the sweep that changes each parameter of the sheet alone, down and up by a tenth.

        Whole numbers are rounded and move by one or more. Words, zeros and what the sheet or the
        circuit refuses are skipped, and the plan says why.

        Raises
        ------
        InputError
            If the sheet as it is is refused, or there is a single seed.
        """
        if len(self._seeds) < 2:
            raise InputError(
                f"There is 1 seed ({self._seeds[0]}), expected 2 or more: effects are measured "
                "in units of the spread over seeds."
            )
        nothing = {"parameter": "", "change": 0.0, "setting": None}
        points, units, skipped = [self._point(nothing, {}, [])], {}, []
        parameters = self._sheet.with_overrides(self._overrides).parameters
        for section, section_class in sections_of(type(parameters)).items():
            for name, declaration in declarations_of(section_class).items():
                key, value = f"{section}.{name}", getattr(getattr(parameters, section), name)
                if declaration.kind not in (int, float) or value == 0:
                    skipped.append(f"{key} is {shown(value)}: no tenth can be taken of it.")
                    continue
                units[key] = self._unit(key)
                for change in CHANGES:
                    changed = _changed(value, change, declaration)
                    labels = {"parameter": key, "change": float(change), "setting": changed.label}
                    try:
                        points.append(self._point(labels, {key: changed.written}, []))
                    except InputError as error:
                        skipped.append(f"{key} = {changed.written}: {error}")
        return self._plan(SENSITIVITY, points, units, skipped)

    def _refuse_too_many(self, n_settings: int) -> None:
        n_runs = n_settings * len(self._seeds)
        if n_runs > MOST_RUNS:
            raise InputError(f"There are more than {MOST_RUNS} runs, expected no more than that.")

    def _declaration(self, key: str) -> Declaration:
        section, _, name = key.partition(".")
        if section == PROTOCOL:
            declarations = declarations_of(self._protocol.script.Options)
            if name not in declarations:
                raise InputError(f"Unknown key '{key}': {nearest_name(name, declarations)}")
            return declarations[name]
        by_section({key: "..."}, type(self._sheet.parameters), self._sheet.protocol)
        return declarations_of(sections_of(type(self._sheet.parameters))[section])[name]

    def _unit(self, key: str) -> str:
        return self._declaration(key).constraint.unit

    def _axis(self, key: str, given: Sequence[Any]) -> list[Value]:
        """Return the values of a key, checked one by one."""
        if key in self._overrides:
            raise InputError(f"{key} is both set to {self._overrides[key]!r} and varied.")
        if isinstance(given, str) or not given:
            raise InputError(f"{key} is varied over {given!r}, expected one value or more.")
        declaration = self._declaration(key)
        kind, constraint = declaration.kind, declaration.constraint
        axis: list[Value] = []
        for value in given:
            label = coerce(value, kind, constraint, key)
            if any(label == other.label for other in axis):
                raise InputError(f"{key} is varied over {value!r} twice, expected each value once.")
            written = as_written(value, kind, constraint, key)
            if get_origin(kind) is tuple:  # which a table has no cell for
                label = ",".join(map(str, label))
            axis.append(Value(label, written))
        return axis

    def _point(
        self, labels: Mapping[str, Any], changes: Mapping[str, Any], conditions: Sequence[str]
    ) -> Point:
        """Return a setting, its values checked beside each other; by default its own condition."""
        overrides = {**self._overrides, **changes}
        own = [{**overrides, CONDITION: condition} for condition in conditions] or [overrides]
        run: dict[str, None] = {}
        for with_condition in own:
            sheet = self._sheet.with_overrides(with_condition)
            options = self._protocol.options(sheet, with_condition, self._quick)
            run |= dict.fromkeys(self._protocol.conditions(options))
        compiled = json.dumps(compiled_in(sheet.parameters), sort_keys=True)
        family = hashlib.sha256(compiled.encode()).hexdigest()[:12]
        return Point(dict(labels), overrides, list(run), family)

    def _plan(
        self, kind: str, points: list[Point], units: dict[str, str], skipped: list[str]
    ) -> Plan:
        script = Path(str(self._protocol.script.__file__))
        return Plan(
            kind=kind,
            protocol=self._protocol.name,
            script=script.read_text(encoding="utf-8") if self._own_script else None,
            model=self._sheet.name,
            sheet=self._sheet.text,
            overrides=self._overrides,
            units=units,
            points=points,
            seeds=self._seeds,
            quick=self._quick,
            keep=self._keep,
            target=choose_target("auto"),
            skipped=skipped,
            computed_with=dict(identity()),
        )


def _changed(value: Any, change: Decimal, declaration: Declaration) -> Value:
    """Return a number that is larger or smaller by a fraction; in decimals, as a sheet has it."""
    exact = Decimal(repr(value)) * (1 + change)
    if declaration.kind is int:
        step = 1 if (change > 0) == (value > 0) else -1
        whole = round(exact)
        whole = whole if whole != value else value + step
        return Value(whole, str(whole))
    unit = declaration.constraint.unit
    return Value(float(exact), format_quantity(float(exact), unit))
