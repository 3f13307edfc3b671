"""Quantities: exact scaling, checked dimensions, and text that reads back bit for bit."""

from __future__ import annotations

import random
import struct

import pytest

from neurosim.errors import InputError
from neurosim.parameters.quantities import (
    UNITS,
    dimension_of,
    format_quantity,
    normalise_quantity,
    parse_quantity,
    si_value,
)

TIME, VOLTAGE, RATE = (1, 0, 0), (0, 1, 0), (-1, 0, 0)


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("20 ms", 0.02, TIME),
        ("20ms", 0.02, TIME),
        ("  20   ms ", 0.02, TIME),
        ("20*ms", 0.02, TIME),
        ("20\u00a0ms", 0.02, TIME),
        ("0.5 ms", 0.0005, TIME),
        (".5 ms", 0.0005, TIME),
        ("5. ms", 0.005, TIME),
        ("1e-3 s", 0.001, TIME),
        ("1E3us", 0.001, TIME),
        ("15 \u00b5s", 15e-6, TIME),
        ("-70 mV", -0.07, VOLTAGE),
        ("+70 mV", 0.07, VOLTAGE),
        ("8 Hz", 8.0, RATE),
        ("8 1/s", 8.0, RATE),
        ("8/s", 8.0, RATE),
        ("8/ms", 8000.0, RATE),
        ("8 s**-1", 8.0, RATE),
        ("8 s^-1", 8.0, RATE),
        ("0.05 nS", 5e-11, (0, -1, 1)),
        ("1.5 mV/ms", 1.5, (-1, 1, 0)),
        ("1.5 mV / ms", 1.5, (-1, 1, 0)),
        ("3 mV**2", 3e-6, (0, 2, 0)),
        ("2 Mohm", 2e6, (0, 1, -1)),
        ("0.7", 0.7, (0, 0, 0)),
        ("0.7 1", 0.7, (0, 0, 0)),
    ],
)
def test_a_quantity_is_the_nearest_float(
    text: str, value: float, dimension: tuple[int, ...]
) -> None:
    assert parse_quantity(text) == (value, dimension)


@pytest.mark.parametrize(
    ("product", "unit"),
    [
        ("nS*mV", "A"),
        ("pA/mV", "S"),
        ("Mohm*pF", "s"),
        ("V/A", "ohm"),
        ("Hz*s", "1"),
        ("pF/nS", "s"),
    ],
)
def test_electrical_units_belong_together(product: str, unit: str) -> None:
    assert parse_quantity(f"1 {product}")[1] == dimension_of(unit)


def test_ohms_law_in_prefixes() -> None:
    assert parse_quantity("1 Mohm*pF")[0] == parse_quantity("1 us")[0]


def test_all_units_of_the_field_are_there() -> None:
    wanted = "ms us ns s mV uV V pA nA uA mA A pS nS uS mS S pF nF uF F ohm kohm Mohm Gohm Hz kHz 1"
    assert set(wanted.split()) <= set(UNITS)


@pytest.mark.parametrize(
    ("text", "unit", "sentence"),
    [
        ("15 mV", "s", "tau is '15 mV', expected a time such as '20 ms'."),
        ("15", "s", "tau is '15', expected a time such as '20 ms'."),
        ("ms", "s", "tau is 'ms', expected a time such as '20 ms'."),
        ("", "s", "tau is '', expected a time such as '20 ms'."),
        ("1 ms", "V", "tau is '1 ms', expected a voltage such as '-70 mV'."),
        ("1 ms", "S", "tau is '1 ms', expected a conductance such as '0.05 nS'."),
        ("1 ms", "A", "tau is '1 ms', expected a current such as '50 pA'."),
        ("1 ms", "F", "tau is '1 ms', expected a capacitance such as '200 pF'."),
        ("1 ms", "ohm", "tau is '1 ms', expected a resistance such as '100 Mohm'."),
        ("1 ms", "Hz", "tau is '1 ms', expected a rate such as '8 Hz'."),
        ("1 mV", "V/s", "tau is '1 mV', expected a quantity in V/s such as '1.5 V/s'."),
        ("0.3 ms", "1", "tau is '0.3 ms', expected a number such as 0.5."),
        ("0.3 1", "1", "tau is '0.3 1', expected a number such as 0.5."),
        ("2 s*Hz", "1", "tau is '2 s*Hz', expected a number such as 0.5."),
        ("15 msec", "s", "tau is '15 msec' with the unknown unit 'msec': did you mean 'ms'?"),
        (
            "15 hz",
            "Hz",
            "tau is '15 hz' with the unknown unit 'hz': expected one of: Hz, MHz, kHz.",
        ),
        ("nan ms", "s", "tau is 'nan ms', expected a time such as '20 ms'."),
        ("inf s", "s", "tau is 'inf s', expected a time such as '20 ms'."),
        ("nan", "1", "tau is 'nan', expected a number such as 0.5."),
        ("-inf", "1", "tau is '-inf', expected a number such as 0.5."),
        ("1e999 s", "s", "tau is '1e999 s', which is too large; expected a time such as '20 ms'."),
        ("1_000 ms", "s", "tau is '1_000 ms', expected a time such as '20 ms'."),
        ("1.2.3 ms", "s", "tau is '1.2.3 ms', expected a time such as '20 ms'."),
        ("20 ms ms", "s", "tau is '20 ms ms', expected a time such as '20 ms'."),
        ("20 (ms)", "s", "tau is '20 (ms)', expected a time such as '20 ms'."),
        ("2+3 ms", "s", "tau is '2+3 ms', expected a time such as '20 ms'."),
        ("exit()", "s", "tau is 'exit()', expected a time such as '20 ms'."),
    ],
)
def test_one_sentence_for_what_does_not_fit(text: str, unit: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        si_value(text, unit, "tau")
    assert str(error.value) == sentence


def test_a_quantity_on_its_own_names_any_unit() -> None:
    with pytest.raises(InputError, match="unknown unit 'mVolt'"):
        parse_quantity("3 mVolt")
    with pytest.raises(InputError, match="expected a number and a unit"):
        parse_quantity("three")


@pytest.mark.parametrize("unit", ["ms", "parsec", "V s"])
def test_a_declaration_has_to_use_base_units(unit: str) -> None:
    with pytest.raises(ValueError, match=unit):
        dimension_of(unit)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.02, "s", "20 ms"),
        (0.0005, "s", "500 us"),
        (2000.0, "s", "2000 s"),
        (-0.07, "V", "-70 mV"),
        (5e-11, "S", "50 pS"),
        (8.0, "Hz", "8 Hz"),
        (0.5, "Hz", "0.5 Hz"),
        (0.0, "s", "0 s"),
        (0.0015, "V/s", "1.5 mV/s"),
        (4.0, "V**2", "4 V**2"),
        (3.0, "1/s", "3 1/s"),
        (0.3, "1", "0.3"),
    ],
)
def test_readable_text(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


def _random_floats(n: int) -> list[float]:
    """Draw floats over the whole range, and some of a size that occurs in sheets."""
    generator = random.Random(0)
    drawn = (struct.unpack("<d", generator.randbytes(8))[0] for _ in range(n))
    return [
        *(value for value in drawn if abs(value) < float("inf")),
        *(generator.uniform(-1, 1) * 10 ** generator.randint(-13, 3) for _ in range(n)),
        *(0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2),
    ]


@pytest.mark.parametrize("unit", ["s", "V", "A", "S", "F", "ohm", "Hz", "1", "V/s", "V^2"])
def test_text_reads_back_bit_for_bit(unit: str) -> None:
    for value in _random_floats(200):
        text = format_quantity(value, unit)
        assert si_value(text, unit, "value").hex() == value.hex(), text


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("15ms", "15 ms"),
        (" 15  ms ", "15 ms"),
        ("15*ms", "15 ms"),
        ("15e-3s", "15e-3 s"),
        ("0.050nS", "0.050 nS"),
        ("8/s", "8/s"),
        ("1.5mV/ms", "1.5 mV/ms"),
    ],
)
def test_a_quantity_keeps_the_units_of_its_writer(text: str, normalised: str) -> None:
    assert normalise_quantity(text) == normalised
    assert parse_quantity(normalised) == parse_quantity(text)
