"""Overrides: which keys there are, what they change, and what the sheet's text says then."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from neurosim.errors import InputError
from neurosim.parameters import CIRCUITS, parse_assignments, read_sheet
from neurosim.parameters.layout import set_values
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import declarations_of, sections_of

Write = Callable[..., str]


def test_assignments_are_split_at_the_first_equals_sign() -> None:
    found = parse_assignments(
        ["excitatory.tau_m=15ms", " protocol.note = a=b ", "protocol.pictures=a.jpg,b.jpg"]
    )
    assert found == {
        "excitatory.tau_m": "15ms",
        "protocol.note": "a=b",
        "protocol.pictures": "a.jpg,b.jpg",
    }
    assert parse_assignments([]) == {}


@pytest.mark.parametrize(
    "assignment", ["excitatory.tau_m", "=15ms", "excitatory.tau_m=", "", " = "]
)
def test_an_assignment_needs_key_and_value(assignment: str) -> None:
    with pytest.raises(InputError) as error:
        parse_assignments([assignment])
    assert str(error.value) == (
        f"{assignment!r} is no override, expected KEY=VALUE such as 'excitatory.tau_m=15ms'."
    )


def test_a_key_comes_once() -> None:
    with pytest.raises(InputError, match=r"input\.n is set twice, to '3' and to '4'\."):
        parse_assignments(["input.n=3", "input.n=4"])


def test_an_override_changes_its_value_and_nothing_else(area_sheet: Path) -> None:
    plain = read_sheet(area_sheet)
    sheet = read_sheet(area_sheet, {"excitatory.tau_m": "15ms", "excitatory.n": "500"})
    expected = asdict(plain.parameters)
    expected["excitatory"] |= {"tau_m": 0.015, "n": 500}
    assert asdict(sheet.parameters) == expected
    assert plain.excitatory.tau_m == 0.02
    assert sheet == plain.with_overrides({"excitatory.n": 500, "excitatory.tau_m": "15 ms"})


def test_every_parameter_can_be_overridden(area_sheet: Path) -> None:
    sheet = read_sheet(area_sheet)
    for section, section_class in sections_of(CIRCUITS["area"]).items():
        for key, declaration in declarations_of(section_class).items():
            # A small step, so that what parameters demand of each other still holds.
            value = getattr(getattr(sheet, section), key)
            if declaration.kind is int:
                wanted, text = value - 1, str(value - 1)
            else:
                wanted = value - 1e-3 if value == 0 else value * 0.99
                if key == "dt":  # has to divide the tick
                    wanted = value / 2
                text = format_quantity(wanted, declaration.constraint.unit)
            changed = sheet.with_overrides({f"{section}.{key}": text})
            assert getattr(getattr(changed, section), key) == wanted != value
            assert changed.text.count("# set by the user") == 1


@pytest.mark.parametrize("order", [1, -1])
def test_overrides_have_to_fit_together_only_when_all_are_made(
    area_sheet: Path, area_text: Write, order: int
) -> None:
    area_sheet.write_text(area_text({"excitatory.background_rate": '"5 kHz"'}))
    overrides = {"simulation.dt": "1 ms", "excitatory.background_rate": "500 Hz"}
    sheet = read_sheet(area_sheet, dict(list(overrides.items())[::order]))
    assert (sheet.simulation.dt, sheet.excitatory.background_rate) == (0.001, 500.0)
    with pytest.raises(InputError, match=r"excitatory\.background_rate is 5000 Hz"):
        read_sheet(area_sheet, {"simulation.dt": "1 ms"})


def test_only_the_overridden_lines_of_the_text_change(area_sheet: Path) -> None:
    plain = read_sheet(area_sheet)
    sheet = read_sheet(area_sheet, {"excitatory.tau_m": "15.50ms", "input_to_excitatory.p": ".25"})
    before, after = plain.text.splitlines(), sheet.text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new for _, new in changed] == [
        'tau_m                    = "15.50 ms"    # set by the user',
        "p                        = 0.25          # set by the user",
    ]
    # Comments stay in their column.
    assert all(old.index("#") == new.index("#") for old, new in changed)


def test_the_text_repeats_the_overridden_sheet(area_sheet: Path) -> None:
    sheet = read_sheet(
        area_sheet,
        {"excitatory.tau_m": "15.123456789ms", "simulation.dt": "1e-4*s", "protocol.trials": "3"},
    )
    area_sheet.write_text(sheet.text)
    again = read_sheet(area_sheet)
    assert again.parameters == sheet.parameters
    assert again.protocol == sheet.protocol == {"trials": "3"}
    assert again.text == sheet.text


def test_options_join_the_section_of_the_protocol(area_sheet: Path, area_text: Write) -> None:
    area_sheet.write_text(area_text({"protocol.trials": "5", "protocol.note": '"x"'}))
    sheet = read_sheet(
        area_sheet, {"protocol.trials": 3, "protocol.names": ("a", "b"), "protocol.rate": "8Hz"}
    )
    expected = {"trials": 3, "note": "x", "names": ["a", "b"], "rate": "8Hz"}
    assert sheet.protocol == expected
    assert tomllib.loads(sheet.text)["protocol"] == expected
    assert sheet.text.count("# set by the user") == 3


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("excitatory.tau_n", "Unknown key 'excitatory.tau_n': did you mean 'excitatory.tau_m'?"),
        ("excitatry.tau_m", "Unknown key 'excitatry.tau_m': did you mean 'excitatory.tau_m'?"),
        ("tau_m", "Unknown key 'tau_m': did you mean 'excitatory.tau_m' or 'inhibitory.tau_m'?"),
        ("tau_plus", "Unknown key 'tau_plus': did you mean 'plasticity.tau_plus'?"),
        (
            "synapses.tau_plus",
            "Unknown key 'synapses.tau_plus': did you mean 'plasticity.tau_plus'?",
        ),
        (
            "inhibitory.tau_adaptation",
            "Unknown key 'inhibitory.tau_adaptation': did you mean 'excitatory.tau_adaptation'?",
        ),
        ("protocl.trials", "Unknown key 'protocl.trials': did you mean 'protocol.trials'?"),
        ("simulation.xyz", "Unknown key 'simulation.xyz': expected one of: dt."),
        ("excitatory", "Unknown key 'excitatory': "),
        ("excitatory.tau_m.x", "Unknown key 'excitatory.tau_m.x': did you mean"),
        ("protocol", "Unknown key 'protocol': "),
        ("protocol.a b", "Unknown key 'protocol.a b': expected one of: trials."),
        ("xyz", "Unknown key 'xyz': expected one of: excitatory.KEY, excitatory_to_excitatory.KEY"),
        ("circuit", "The circuit of a sheet cannot be overridden (with '1'); choose another"),
        ("circuit.x", "The circuit of a sheet cannot be overridden (with '1'); choose another"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(
    area_sheet: Path, area_text: Write, key: str, sentence: str
) -> None:
    area_sheet.write_text(area_text({"protocol.trials": "5"}))
    with pytest.raises(InputError) as error:
        read_sheet(area_sheet, {key: "1"})
    assert str(error.value).startswith(sentence)
    assert str(error.value)[-1] in ".?"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("excitatory.tau_m", "15 mV", "excitatory.tau_m is '15 mV', expected a time such as"),
        ("excitatory.tau_m", "15", "excitatory.tau_m is '15', expected a time such as '20 ms'."),
        ("excitatory.tau_m", 0.015, "excitatory.tau_m is 0.015, expected a time such as '20 ms'."),
        ("excitatory.tau_m", "-1 ms", "excitatory.tau_m is '-1 ms', expected a time above 0 s."),
        ("excitatory.n", "1e3", "excitatory.n is '1e3', expected a whole number."),
        ("excitatory.n", True, "excitatory.n is true, expected a whole number."),
        ("excitatory.n", "0", "excitatory.n is '0', expected a number from 1 to 100000."),
        ("input_to_excitatory.p", "2", "input_to_excitatory.p is '2', expected a number from 0"),
        ("protocol.trials", None, "protocol.trials is None, expected text, a number, true or"),
    ],
)
def test_a_bad_value_is_refused_without_blaming_the_file(
    area_sheet: Path, key: str, value: object, sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        read_sheet(area_sheet, {key: value})
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]\nx = 1", '[a]\nx = "q"  # new'),
        ("[a]\nx=1 # old\n", '[a]\nx="q"  # new\n'),
        ("[a]\nx = 'longer text'  # old\n", '[a]\nx = "q"            # new\n'),
        ("[a]\nx = true  # old\n", '[a]\nx = "q"   # new\n'),
        ("[a]\nx = [\n  1,\n]  # old\n", '[a]\nx = "q"  # new\n'),
        ("[a]\ny = 1\n\n# b\n[b]\n", '[a]\ny = 1\nx = "q"  # new\n\n# b\n[b]\n'),
        ("[b]\ny = 1", '[b]\ny = 1\n\n[a]\nx = "q"  # new\n'),
        ("a.x = 1\n", 'a.x = "q"  # new\n'),
    ],
)
def test_a_line_changes_in_place(text: str, expected: str) -> None:
    assert set_values(text, {"a": {"x": "q"}}, {"a": {"x": "new"}}) == expected


def test_a_line_keeps_its_comment_unless_another_is_given() -> None:
    assert set_values("[a]\nx = 1   # old\n", {"a": {"x": 2}}, {}) == "[a]\nx = 2   # old\n"


def test_an_inline_section_is_refused() -> None:
    with pytest.raises(InputError, match=r"'a' stands on one line, expected a header \[a\]"):
        set_values("a = {x = 1}\n", {"a": {"x": 2}}, {"a": {"x": "new"}})
