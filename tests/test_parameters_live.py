"""No dead knobs: whatever is overridden changes what a circuit does, or what it is made to do.

Where a word in a sheet chooses between mechanisms, a parameter is overridden under each of them: it
has an effect there, or is refused.

Whether a parameter is live belongs to the circuit and its mechanisms, not to the values in a sheet.
So of the sheets of a circuit that choose the same mechanisms one is run, and the others are
compared with it in what they hand to the circuit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from circuit_benches import (
    BENCHES,
    CIRCUIT_OF,
    OF_THE_PROTOCOL,
    SHEETS,
    Bench,
    Outputs,
    benches_of,
    value_of,
)

from neurosim.errors import InputError
from neurosim.parameters import CIRCUITS, Sheet
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import Declaration, declarations_of, sections_of
from neurosim.simulation.job import Job
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PARAMETERS: dict[str, dict[str, Declaration]] = {
    circuit: {
        f"{section}.{name}": declaration
        for section, section_class in sections_of(parameters_class).items()
        for name, declaration in declarations_of(section_class).items()
    }
    for circuit, parameters_class in CIRCUITS.items()
    if circuit in OF_THE_PROTOCOL
}


def words_of(sheet: Sheet) -> dict[str, str]:
    """Return the mechanisms that a sheet chooses."""
    return {
        name: value_of(sheet.parameters, name)
        for name, declaration in PARAMETERS[sheet.circuit].items()
        if declaration.constraint.choices
    }


def represented() -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the sheets for which another one is run, that one and the setting of its bench."""
    seen: list[tuple[str, dict[str, str], str, Mapping[str, Any]]] = []
    others: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, circuit in SHEETS.items():
        own = words_of(load_model(name))
        same = [it[2:] for it in seen if it[:2] == (circuit, own)]
        if same:
            others[name] = same[0]
            continue
        for changes in ({}, *BENCHES[circuit].settings):
            words = own | {key: value for key, value in changes.items() if key in own}
            seen.append((circuit, words, name, changes))
    return others


REPRESENTED = represented()
RUN = [name for name in SHEETS if name not in REPRESENTED]


def of_sheets(compiled_in: bool) -> list[tuple[str, str]]:
    """Return every sheet that is run with each of its parameters that it is run for."""
    return [
        (sheet, name)
        for sheet in RUN
        for name, declaration in PARAMETERS[SHEETS[sheet]].items()
        if declaration.constraint.rebuild == compiled_in
        and name not in OF_THE_PROTOCOL[SHEETS[sheet]]
    ]


@pytest.fixture(scope="module")
def benches(area_job: Callable[..., Job]) -> dict[str, Bench]:
    return benches_of(area_job)


def another(sheet: Sheet, name: str) -> str:
    """Return another value of a parameter, far enough for one step of the integration."""
    value, declaration = value_of(sheet.parameters, name), PARAMETERS[sheet.circuit][name]
    constraint = declaration.constraint
    if constraint.choices:
        return next(choice for choice in constraint.choices if choice != value)
    if declaration.kind is int:
        return str(value // 2)
    if constraint.unit == "V":  # by a tenth, so that reset stays below threshold
        return format_quantity(0.9 * value or 0.01, "V")
    return format_quantity(0.5 * value or min(0.5, constraint.high or 0.5), constraint.unit)


def differ(first: Outputs, second: Outputs) -> bool:
    return any(not np.array_equal(first[name], second[name]) for name in first)


def settings_of(bench: Bench) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the settings of a bench, and the sheet as it is behind them."""
    yield from enumerate([*bench.settings, {}])


@pytest.fixture(scope="module")
def sheet_at(benches: dict[str, Bench]) -> Callable[[str, int], Sheet]:
    """Return a function that gives a sheet at one of the settings of its bench."""

    @functools.cache
    def at(name: str, setting: int) -> Sheet:
        bench = benches[SHEETS[name]]
        return bench.sheet(name).with_overrides(dict(settings_of(bench))[setting])

    return at


@pytest.fixture(scope="module")
def unchanged(
    benches: dict[str, Bench], sheet_at: Callable[[str, int], Sheet]
) -> Callable[[str, int], Outputs]:
    """Return a function that gives what a sheet does at one of the settings of its bench."""

    @functools.cache
    def run(name: str, setting: int) -> Outputs:
        return benches[SHEETS[name]].compiled(sheet_at(name, setting).parameters)

    return run


@pytest.mark.parametrize("sheet", [name for name, circuit in SHEETS.items() if circuit == "area"])
def test_the_run_of_an_area_that_is_compared_has_spikes_and_learning(
    sheet: str,
    unchanged: Callable[..., Outputs],
    benches: dict[str, Bench],
    area_job: Callable[..., Job],
) -> None:
    arrays, parameters = unchanged(sheet, 0), benches["area"].sheet(sheet).parameters
    for population in ("excitatory", "inhibitory", "input"):
        assert len(arrays[f"{population}_spikes.t"]) > 50
    job = area_job(parameters=parameters, timeline=Timeline((), lead_in=0.1))
    before = simulate(job, "standalone").arrays
    for projection in ("input_to_excitatory", "excitatory_to_excitatory"):
        change = np.abs(arrays[f"{projection}.w"] - before[f"{projection}.w"])
        assert (change > 0).mean() > 0.9
    assert not differ(arrays, benches["area"].compiled(parameters))


@pytest.mark.parametrize(
    "sheet", [name for name, circuit in SHEETS.items() if circuit == "fly_hash"]
)
def test_the_runs_of_a_hash_that_are_compared_have_spikes_and_inhibition(
    sheet: str, unchanged: Callable[..., Outputs], benches: dict[str, Bench]
) -> None:
    bench = benches["fly_hash"]
    for number, changes in settings_of(bench):
        arrays = unchanged(sheet, number)
        for population in ("projection_neurons", "kenyon_cells"):
            assert len(arrays[f"{population}.t"]) > 20
        assert arrays["apl_potential"].max() > 0
        if changes:  # what is fitted is weaker, and eight cells are traced
            assert arrays["kenyon_cell_potential"].min() < 0
        again = bench.compiled(bench.sheet(sheet).with_overrides(changes).parameters)
        assert not differ(arrays, again)


@pytest.mark.parametrize(("sheet", "name"), of_sheets(compiled_in=False))
def test_a_parameter_changes_spikes_weights_or_voltages_or_is_refused(
    sheet: str,
    name: str,
    unchanged: Callable[..., Outputs],
    sheet_at: Callable[[str, int], Sheet],
    benches: dict[str, Bench],
) -> None:
    bench, is_live = benches[SHEETS[sheet]], False
    for number, changes in settings_of(bench):
        if is_live and not changes:
            continue
        before = sheet_at(sheet, number)
        value = another(before, name)
        try:
            after = before.with_overrides({name: value})
        except InputError:
            continue
        is_live = True
        outputs = bench.compiled(after.parameters)
        assert differ(unchanged(sheet, number), outputs), f"{name}={value}, {changes}"
    assert is_live


@pytest.mark.parametrize("sheet", RUN)
def test_what_is_compiled_in_changes_spikes_weights_and_voltages_or_is_refused(
    sheet: str, benches: dict[str, Bench]
) -> None:
    bench = benches[SHEETS[sheet]]
    live, structures = set(), []
    for changes in bench.settings or [{}]:
        before = bench.sheet(sheet).with_overrides(changes)
        if before.parameters.structure() in structures:  # the words are not compiled in
            continue
        structures.append(before.parameters.structure())
        outputs = bench.live(before.parameters)
        for _, name in (it for it in of_sheets(compiled_in=True) if it[0] == sheet):
            value = another(before, name)
            try:
                after = before.with_overrides({name: value})
            except InputError:
                continue
            live.add(name)
            assert differ(outputs, bench.live(after.parameters)), f"{name}={value}, {changes}"
    assert live == {name for it, name in of_sheets(compiled_in=True) if it == sheet}


def handed_over(sheet: Sheet) -> dict[str, bool]:
    """Return the parameters that can be overridden, and whether the circuit is told directly.

    What is shown to it, and what is calibrated, it is told in other ways.
    """
    before, told = sheet.parameters, {}
    for name in PARAMETERS[sheet.circuit]:
        try:
            after = sheet.with_overrides({name: another(sheet, name)}).parameters
        except InputError:
            continue
        told[name] = after.structure() != before.structure() or (
            after.run_arguments() != before.run_arguments()
        )
    return told


@pytest.mark.parametrize("sheet", REPRESENTED)
def test_a_sheet_tells_its_circuit_what_the_one_that_is_run_for_it_does(
    sheet: str, benches: dict[str, Bench]
) -> None:
    bench, (other, changes) = benches[SHEETS[sheet]], REPRESENTED[sheet]
    own = handed_over(bench.sheet(sheet))
    assert own == handed_over(bench.sheet(other).with_overrides(changes))
    assert any(own.values())


def test_every_circuit_and_every_parameter_is_covered() -> None:
    # A circuit without a bench has no test that its parameters are live.
    assert set(SHEETS.values()) == set(CIRCUIT_OF.values()) == set(CIRCUITS)
    covered = {(SHEETS[sheet], name) for sheet, name in of_sheets(True) + of_sheets(False)}
    covered |= {(circuit, name) for circuit, own in OF_THE_PROTOCOL.items() for name in own}
    assert covered == {(circuit, name) for circuit, own in PARAMETERS.items() for name in own}
