"""Whatever a user writes into a sheet or behind ``--set`` is taken or refused with one sentence.

Fuzzed: valid sheets with lines replaced, dropped, doubled and cut, and overrides of real and of
invented keys. Anything but an `InputError` of one line is a defect.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurosim.errors import InputError
from neurosim.experiment import prepare
from neurosim.parameters import parse_assignments
from neurosim.parameters.sheet import parse_sheet
from neurosim.progress import QUIET

SHEETS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[1] / "models").glob("*.toml"))
}
ODD = [
    "0", "-1", "1e400", "nan", "inf", "-0.0", "1_000", "0x10", "true", "[]", "[1, 2]", "{}", '""',
    '" "', '"20"', '"20 ms"', '"20 msec"', '"-3 mV"', '"1e999 s"', '"nan mV"', '"mV"', '"5 mV/0"',
    '"__import__(1)"', '"2**99999 s"', '"1 ms" # "', "'x'", '"""a\nb"""', "1979-05-27", '"\\u0000"',
    '"µV"', '"1,5 mV"', '"1 mV mV"', '"1 mV**-1"', '"()"', "99999999999999999999999",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.floats().map(repr))
LINES = st.one_of(
    st.text(max_size=40),
    st.builds("{} = {}".format, st.sampled_from(["n", "tau_m", "circuit", "dt", "x"]), VALUES),
    st.builds("[{}]".format, st.text(max_size=10)),
)


def refused_or_taken(call: object, *arguments: object) -> None:
    """Call; a refusal is one line of text."""
    try:
        call(*arguments)  # type: ignore[operator]
    except InputError as error:
        text = str(error)
        assert text.strip()
        assert "\n" not in text, text


@st.composite
def broken_sheets(draw: st.DrawFn) -> str:
    """Return a sheet in which some lines were changed."""
    lines = SHEETS[draw(st.sampled_from(sorted(SHEETS)))].splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["value", "line", "drop", "double", "cut"]))
        key, equals, _ = lines[at].partition("=")
        if what == "value" and equals:
            lines[at] = f"{key}= {draw(VALUES)}"
        elif what == "line":
            lines[at] = draw(LINES)
        elif what == "double":
            lines.insert(at, lines[at])
        elif what == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif len(lines) > 1:
            del lines[at]
    return "\n".join(lines)


@given(broken_sheets())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sheet(text: str) -> None:
    refused_or_taken(parse_sheet, text, "sheet")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_as_sheet(text: str) -> None:
    refused_or_taken(parse_sheet, text, "sheet")


def override(protocol: str, assignment: str) -> None:
    """Prepare a run as ``neurosim run PROTOCOL --set ASSIGNMENT`` does."""
    prepare(protocol, None, 0, parse_assignments([assignment]), "numpy", False, QUIET)


KEYS = {
    "short_term_plasticity": ["synapse.U", "synapse.release", "cell.tau_m", "protocol.condition"],
    "associative_retrieval": [
        "simulation.n_blocks",
        "key_cells.tau_m",
        "protocol.strings",
        "protocol.n_strings",
    ],
    "similarity": ["kenyon_cells.n", "kenyon_cells.claws", "protocol.data", "protocol.ap_rule"],
    "working_memory": ["excitatory.external_mean", "protocol.regime", "protocol.items"],
    "ison2015": ["input.n_active", "protocol.pictures", "protocol.pairs", "protocol.condition"],
}
OVERRIDES = st.one_of(
    st.tuples(
        st.sampled_from(sorted((name, key) for name, keys in KEYS.items() for key in keys)), VALUES
    ).map(lambda found: (found[0][0], f"{found[0][1]}={found[1]}")),
    st.tuples(st.sampled_from(sorted(KEYS)), st.text(max_size=30)),
)


@given(OVERRIDES)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_override(found: tuple[str, str]) -> None:
    refused_or_taken(override, *found)


def test_the_check_can_fail() -> None:
    def raises() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        refused_or_taken(raises)


def test_a_refusal_is_one_line_whatever_it_quotes() -> None:
    assert str(InputError("'a\nb\t' is no name")) == "'a\\nb\\t' is no name"
