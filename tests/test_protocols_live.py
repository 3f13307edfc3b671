"""Every option of a protocol changes what is simulated or measured, or is refused.

Protocols run at reduced size on invented results; nothing is simulated.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import tomllib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from circuit_benches import OF_THE_PROTOCOL, SHEETS, benches_of

from neurosim.errors import InputError
from neurosim.folders import names
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.registry import EXTENDS
from neurosim.parameters.sheet import Sheet
from neurosim.protocol import Protocol, load_protocol
from neurosim.session import Session
from neurosim.simulation.job import Job, Result

# There is little activity, or none, to take the mean of.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(scope="module")
def submitted(area_job: Callable[..., Job]) -> Callable[..., list[Any]]:
    """Return a function that gives what a protocol simulates and measures.

    What is asked for again is remembered, so that a condition without a changed option is run once.
    """
    benches = benches_of(area_job)

    @functools.cache
    def done(name: str, sheet: str, items: tuple[tuple[str, Any], ...]) -> list[Any]:
        jobs: list[Any] = []

        def note(job: Job, *arguments: object) -> Result:
            jobs.append(what_is_done(job))
            return Result(benches[job.circuit].invented(job), "standalone", 0.0, 0.0)

        protocol, changes = PROTOCOLS[name], dict(items)
        model = load_model(
            sheet, {k: v for k, v in changes.items() if not k.startswith("protocol.")}
        )
        options = protocol.options(model, changes, True)
        session = Session(model.parameters, model.circuit, 1, "standalone")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("neurosim.session.simulate", note)
            values = [
                protocol.script.run_condition(condition, session, options)[1]
                for condition in protocol.conditions(options)
            ]
        return [*jobs, repr(values)]

    def ask(name: str, sheet: str, changes: dict[str, Any]) -> list[Any]:
        return done(name, sheet, tuple(sorted(changes.items())))

    return ask


def what_is_done(job: Job) -> Any:
    return (
        job.structure,
        job.arguments,
        job.duration,
        job.noise_seed,
        {name: digest(table) for name, table in job.tables.items()},
        {name: digest(weights) for name, weights in job.state.items()},
    )


def digest(array: np.ndarray) -> str:
    """Return what stands for the bytes of an array and is small enough to be kept."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def other_option(field: dataclasses.Field[Any], default: Any) -> Any:
    if field.name == "pictures":
        return tuple(reversed(default))
    if field.name == "data":
        return "iid"
    if field.name == "strings":
        return "a1b2??a"
    if isinstance(default, bool):
        return not default
    constraint = field.metadata["constraint"]
    if constraint.choices:
        return next(choice for choice in constraint.choices if choice != default)
    # Potentials move by millivolts.
    other = default + (1e-4 if constraint.unit == "V" else 1)
    return other if constraint.unit == "1" else format_quantity(other, constraint.unit)


# Scores at all lengths of a hash, and read-outs of all places of a string, take a while.
SLOW = {"assembly_calculus", "similarity", "three_memories"}


def marks_of(protocol: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if protocol in SLOW else []


ALL = {name: load_protocol(name) for name in names("protocols")}
PROTOCOLS = {name: it for name, it in ALL.items() if it.script.CIRCUIT in OF_THE_PROTOCOL}
# Codes have no views.
NEVER_CHANGED = {("ison2015_views", "stimuli"), ("ison2015_views", "n_random")}
# An encoder goes with a sheet.
NEVER_CHANGED |= {
    (name, "encoder") for name in ("channel", "ison2015", "ison2015_dose", "ison2015_views")
}
OPTIONS = [
    pytest.param(name, field, id=f"{name}-{field.name}", marks=marks_of(name))
    for name, protocol in PROTOCOLS.items()
    for field in dataclasses.fields(protocol.script.Options)
    if field.name != "condition" or len(protocol.script.CONDITIONS) > 1
]


def conditions_for(protocol: Protocol, option: str) -> list[dict[str, str]]:
    """Return the conditions to try: an option may belong to one that does not run by default."""
    if option == "condition":
        return [{}]
    return [{"protocol.condition": name} for name in protocol.script.CONDITIONS]


def sheets_of(protocol: Protocol) -> list[str]:
    return [
        name
        for name, circuit in SHEETS.items()
        if protocol.script.CIRCUIT in (circuit, EXTENDS.get(circuit))
    ]


@pytest.mark.parametrize(("name", "field"), OPTIONS)
def test_an_option_of_a_protocol_changes_what_is_done_or_is_refused(
    name: str, field: dataclasses.Field[Any], submitted: Callable[..., list[Any]]
) -> None:
    protocol, refused = PROTOCOLS[name], []
    for sheet in sheets_of(protocol):
        try:
            options = protocol.options(load_model(sheet), {}, True)
            value = other_option(field, getattr(options, field.name))
            changed = any(
                submitted(name, sheet, condition)
                != submitted(name, sheet, condition | {f"protocol.{field.name}": value})
                for condition in conditions_for(protocol, field.name)
            )
        except InputError:  # an option for random codes means nothing to pictures, say
            refused.append(sheet)
            continue
        assert changed
    assert len(refused) < len(sheets_of(protocol)) or (name, field.name) in NEVER_CHANGED


@pytest.mark.parametrize("name", [pytest.param(it, marks=marks_of(it)) for it in PROTOCOLS])
def test_every_condition_is_another_simulation(
    name: str, submitted: Callable[..., list[Any]]
) -> None:
    protocol = PROTOCOLS[name]
    done = [
        submitted(name, protocol.script.MODEL, {"protocol.condition": condition})[:-1]
        for condition in protocol.script.CONDITIONS
    ]
    assert all(done[k] not in done[:k] for k in range(len(done)))


# At reduced size there are as few joint trials as can be; see test_assembly_examination.
TOO_FEW = {"trials.associate"}


def half_of(sheet: Sheet, parameter: str) -> str:
    """Return half of what a sheet says, with its unit."""
    section, _, field = parameter.partition(".")
    said = tomllib.loads(sheet.text)[section][field]
    if isinstance(said, int):
        return str(said // 2)
    number, *unit = str(said).split()
    return " ".join([str(float(number) / 2), *unit])


def takes(protocol: Protocol, sheet: str) -> bool:
    """Return whether a protocol knows the options that a sheet sets."""
    try:
        protocol.options(load_model(sheet), {}, True)
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    ("sheet", "parameter"),
    [
        (sheet, name)
        for sheet, circuit in SHEETS.items()
        for name in sorted(OF_THE_PROTOCOL[circuit] - TOO_FEW)
    ],
)
def test_what_stimuli_depend_on_changes_what_is_shown(
    sheet: str, parameter: str, submitted: Callable[..., list[Any]]
) -> None:
    protocol = next(
        name
        for name, it in PROTOCOLS.items()
        if it.script.CIRCUIT in (SHEETS[sheet], EXTENDS.get(SHEETS[sheet])) and takes(it, sheet)
    )
    half = half_of(load_model(sheet), parameter)
    # What main does not show, another condition does.
    assert any(
        submitted(protocol, sheet, which) != submitted(protocol, sheet, which | {parameter: half})
        for which in ({}, {"protocol.condition": "all"})
    )


def test_every_protocol_is_covered() -> None:
    # One of a circuit that has no bench is not.
    assert set(PROTOCOLS) == set(ALL)
