"""No dead knobs: whatever is overridden changes what a circuit does, or what it is made to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.folders import names
from neurosim.parameters.area import AreaParameters
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import Declaration, declarations_of, sections_of
from neurosim.protocol import Protocol, load_protocol
from neurosim.session import Session
from neurosim.simulation.job import Job, Result
from neurosim.simulation.numpy_target import run_live
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JobMaker = Callable[..., Job]
NOTHING: Mapping[str, str] = MappingProxyType({})
SHEETS = names("models")
PARAMETERS: dict[str, Declaration] = {
    f"{section}.{name}": declaration
    for section, section_class in sections_of(AreaParameters).items()
    for name, declaration in declarations_of(section_class).items()
}
OF_THE_PROTOCOL = {"input.n_active"}  # how many units a stimulus drives
COMPILED_IN = [name for name, it in PARAMETERS.items() if it.constraint.rebuild]
LIVE = [name for name in PARAMETERS if name not in {*COMPILED_IN, *OF_THE_PROTOCOL}]


def small(
    sheet: str, structure: dict[str, Any], changes: Mapping[str, str] = NOTHING
) -> AreaParameters:
    """Return a sheet's parameters at the sizes for which a circuit has been compiled."""
    sizes = {name: str(value) for name, value in structure.items() if name.endswith(".n")}
    step = {"simulation.dt": format_quantity(structure["simulation.dt"], "s")}
    active = {"input.n_active": "10"}
    parameters: AreaParameters = load_model(
        sheet, {**sizes, **active, **step, **changes}
    ).parameters
    return parameters


def value_of(parameters: AreaParameters, name: str) -> Any:
    section, _, field = name.partition(".")
    return getattr(getattr(parameters, section), field)


def another(parameters: AreaParameters, name: str) -> str:
    """Return another value of a parameter, far enough for one step of the integration."""
    value, declaration = value_of(parameters, name), PARAMETERS[name]
    if declaration.kind is int:
        return str(value // 2)
    unit = declaration.constraint.unit
    if unit == "V":  # by a tenth, so that reset stays below threshold
        return format_quantity(0.9 * value or 0.01, unit)
    return format_quantity(0.5 * value or 0.5, unit)


def busy_job(area_job: JobMaker, parameters: AreaParameters) -> Job:
    """Return a job in which everything happens: input, learning, stimulation of single cells."""
    job = area_job(parameters=parameters)
    patterns = job.tables["input_patterns"].copy()
    patterns[1] = 1.0  # all of the few inputs, so that the cells fire
    return dataclasses.replace(job, tables={**job.tables, "input_patterns": patterns})


Outputs = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def outcome(area_job: JobMaker) -> Callable[[str, dict[str, str]], Outputs]:
    """Return a function that gives what a sheet with overrides does on the compiled circuit."""

    def run(sheet: str, changes: dict[str, str]) -> Outputs:
        parameters = small(sheet, dict(area_job().structure), changes)
        return dict(simulate(busy_job(area_job, parameters), "standalone").arrays)

    return run


@pytest.fixture(scope="module")
def unchanged(outcome: Callable[..., Outputs]) -> dict[str, Outputs]:
    return {sheet: outcome(sheet, {}) for sheet in SHEETS}


def differ(first: Outputs, second: Outputs) -> bool:
    return any(not np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_run_that_is_compared_has_spikes_and_learning(
    sheet: str, unchanged: dict[str, Outputs], outcome: Callable[..., Outputs], area_job: JobMaker
) -> None:
    arrays = unchanged[sheet]
    for population in ("excitatory", "inhibitory", "input"):
        assert len(arrays[f"{population}_spikes.t"]) > 50
    silence = Timeline((), lead_in=0.1)
    job = area_job(parameters=small(sheet, dict(area_job().structure)), timeline=silence)
    before = simulate(job, "standalone").arrays
    for projection in ("input_to_excitatory", "excitatory_to_excitatory"):
        change = np.abs(arrays[f"{projection}.w"] - before[f"{projection}.w"])
        assert (change > 0).mean() > 0.9
    assert not differ(arrays, outcome(sheet, {}))


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("name", LIVE)
def test_a_parameter_changes_spikes_weights_or_voltages(
    sheet: str,
    name: str,
    unchanged: dict[str, Outputs],
    outcome: Callable[..., Outputs],
    area_job: JobMaker,
) -> None:
    value = another(small(sheet, dict(area_job().structure)), name)
    assert differ(unchanged[sheet], outcome(sheet, {name: value})), f"{name}={value}"


def live(area_job: JobMaker, parameters: AreaParameters) -> Outputs:
    """Run for a moment without a build, which sizes and dt would need."""
    job = area_job(parameters=parameters, patterns=everything(parameters))
    return run_live(dataclasses.replace(job, duration=0.12), lambda fraction: None)


def everything(parameters: AreaParameters) -> dict[str, dict[str, np.ndarray]]:
    stimuli = {"input": "seen", "excitatory": "driven"}
    return {
        group: {name: np.ones(parameters.populations[group], dtype=bool)}
        for group, name in stimuli.items()
    }


@pytest.mark.parametrize("sheet", SHEETS)
def test_what_is_compiled_in_changes_spikes_weights_and_voltages(
    sheet: str, area_job: JobMaker
) -> None:
    structure = dict(area_job().structure)
    before = small(sheet, structure)
    outputs = live(area_job, before)
    for name in COMPILED_IN:
        value = another(before, name)
        after = small(sheet, structure, {name: value, "input.n_active": "1"})
        assert differ(outputs, live(area_job, after)), f"{name}={value}"


# -------------------------------------------------------------------------------- the protocols


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Job]]:
    """Return a function that gives the jobs that a protocol submits; nothing is simulated."""
    jobs: list[Job] = []

    def note(job: Job, *arguments: object) -> Result:
        jobs.append(job)
        arrays = {
            name: np.zeros(0, dtype=int if name.endswith(".i") else float) for name in job.outputs
        }
        # Weights that differ, so that permuting them shows.
        arrays |= {name: np.arange(9.0) for name in job.outputs if name.endswith(".w")}
        arrays["membrane_potential.v"] = np.zeros((round(job.duration / 0.005), 4))
        return Result(arrays, "standalone", 0.0, 0.0)

    monkeypatch.setattr("neurosim.session.simulate", note)

    def jobs_of(protocol: Protocol, sheet: str, changes: dict[str, Any]) -> list[Job]:
        jobs.clear()
        model = load_model(
            sheet, {k: v for k, v in changes.items() if not k.startswith("protocol.")}
        )
        options = protocol.options(model, changes, False)
        session = Session(model.parameters, model.circuit, 1, "standalone")
        for condition in protocol.conditions(options):
            protocol.script.run_condition(condition, session, options)
        return list(jobs)

    return jobs_of


def what_is_done(jobs: list[Job]) -> list[Any]:
    return [
        (
            job.duration,
            job.noise_seed,
            {name: table.tobytes() for name, table in job.tables.items()},
            {name: weights.tobytes() for name, weights in job.state.items()},
        )
        for job in jobs
    ]


def other_option(field: dataclasses.Field[Any], default: Any) -> Any:
    if field.name == "pictures":
        return tuple(reversed(default))
    constraint = field.metadata["constraint"]
    if constraint.choices:
        return next(choice for choice in constraint.choices if choice != default)
    other = default + 1
    return other if constraint.unit == "1" else format_quantity(other, constraint.unit)


PROTOCOLS = {name: load_protocol(name) for name in names("protocols")}
# Codes have no views.
NEVER_CHANGED = {("ison2015_views", "stimuli"), ("ison2015_views", "n_random")}
OPTIONS = [
    (name, field)
    for name, protocol in PROTOCOLS.items()
    for field in dataclasses.fields(protocol.script.Options)
    if field.name != "condition" or len(protocol.script.CONDITIONS) > 1
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # there is no activity to take the mean of
@pytest.mark.parametrize(
    ("name", "field"), OPTIONS, ids=[f"{name}-{field.name}" for name, field in OPTIONS]
)
def test_an_option_of_a_protocol_changes_what_is_simulated_or_is_refused(
    name: str, field: dataclasses.Field[Any], submitted: Callable[..., list[Job]]
) -> None:
    protocol, refused = PROTOCOLS[name], []
    for sheet in (
        sheet for sheet in SHEETS if load_model(sheet).circuit == protocol.script.CIRCUIT
    ):
        try:
            options = protocol.options(load_model(sheet), {}, False)
            value = other_option(field, getattr(options, field.name))
            before = what_is_done(submitted(protocol, sheet, {}))
            after = what_is_done(submitted(protocol, sheet, {f"protocol.{field.name}": value}))
        except InputError:  # an option for random codes means nothing to pictures, say
            refused.append(sheet)
            continue
        assert after != before
    assert len(refused) < len(SHEETS) or (name, field.name) in NEVER_CHANGED


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_condition_is_another_simulation(
    name: str, submitted: Callable[..., list[Job]]
) -> None:
    protocol = PROTOCOLS[name]
    done = [
        what_is_done(submitted(protocol, protocol.script.MODEL, {"protocol.condition": condition}))
        for condition in protocol.script.CONDITIONS
    ]
    assert all(done[k] not in done[:k] for k in range(len(done)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("sheet", SHEETS)
def test_the_number_of_active_inputs_changes_what_is_shown(
    sheet: str, submitted: Callable[..., list[Job]]
) -> None:
    circuit = load_model(sheet).circuit
    protocol = next(it for it in PROTOCOLS.values() if circuit == it.script.CIRCUIT)
    fewer = str(load_model(sheet).parameters.input.n_active - 1)
    before, after = (
        what_is_done(submitted(protocol, sheet, changes))
        for changes in ({}, {"input.n_active": fewer})
    )
    assert before != after


def test_every_parameter_has_been_covered() -> None:
    assert {*LIVE, *COMPILED_IN, *OF_THE_PROTOCOL} == set(PARAMETERS)
