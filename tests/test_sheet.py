"""Sheets: every line checked, every refusal one sentence, and text that repeats the parameters."""

from __future__ import annotations

import copy
import pickle
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

import pytest

from neurosim.errors import InputError
from neurosim.parameters import (
    CIRCUITS,
    Sheet,
    fill_section,
    parameter,
    read_sheet,
    text_with_protocol,
)
from neurosim.parameters.quantities import format_quantity
from neurosim.parameters.sections import declarations_of, sections_of

ROOT = Path(__file__).parents[1]
MODELS = sorted((ROOT / "models").glob("*.toml"))
Write = Callable[..., str]


@dataclass(frozen=True)
class Options:
    """Options of a protocol, one of each kind."""

    condition: str = parameter(choices=("main", "plasticity_off", "all"), default="main")
    imprint_trials: int = parameter(low=1, high=1000, default=20)
    learning_rate: float = parameter(low=0, exclusive=True, high=1, default=0.5)
    trial_duration: float = parameter("s", low=0.01, default=0.5)
    shuffled: bool = parameter(default=False)
    pictures: tuple[str, ...] = parameter(default=("a.jpg", "b.jpg"))
    delays: tuple[float, ...] = parameter("s", low=0, default=(0.1, 0.2))
    sizes: tuple[int, ...] = parameter(low=1, default=(1, 2))
    background: float = parameter("Hz", high=100, default=8.0)


@dataclass(frozen=True)
class Required:
    """A section without defaults, as those of circuits are."""

    n: int = parameter()


def _fill(**values: object) -> Options:
    return fill_section(Options, values, "protocol")


def _refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_sheet(path)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence.replace(f"{path}: ", "")


# A valid sheet


def test_the_sections_of_a_sheet_are_attributes_in_si(area_sheet: Path) -> None:
    sheet = read_sheet(area_sheet)
    assert (sheet.name, sheet.circuit) == ("some_area", "area")
    assert sheet.excitatory.tau_m == 0.02
    assert sheet.excitatory.v_rest == -0.07
    assert sheet.excitatory.n == 1000
    assert sheet.excitatory is sheet.parameters.excitatory
    assert sheet.excitatory.c_m == pytest.approx(200e-12)
    assert sheet.protocol == {}
    assert sheet.text == area_sheet.read_text()


def test_an_unknown_section_is_an_attribute_error_with_a_hint(area_sheet: Path) -> None:
    sheet = read_sheet(area_sheet)
    with pytest.raises(AttributeError, match="did you mean 'excitatory'"):
        _ = sheet.excitatry
    assert not hasattr(sheet, "_repr_html_")


def test_a_sheet_can_be_sent_to_another_process(area_sheet: Path) -> None:
    sheet = read_sheet(area_sheet)
    assert pickle.loads(pickle.dumps(sheet)) == sheet
    assert copy.deepcopy(sheet) == sheet


def test_options_of_a_protocol_are_passed_on_raw(area_sheet: Path, area_text: Write) -> None:
    area_sheet.write_text(area_text({"protocol.duration": '"0.5 s"', "protocol.names": '["a"]'}))
    assert read_sheet(area_sheet).protocol == {"duration": "0.5 s", "names": ["a"]}


def test_byte_order_mark_and_windows_line_ends_do_no_harm(
    area_sheet: Path, area_text: Write
) -> None:
    expected = read_sheet(area_sheet).parameters
    area_sheet.write_bytes(b"\xef\xbb\xbf" + area_text().replace("\n", "\r\n").encode())
    assert read_sheet(area_sheet).parameters == expected
    assert read_sheet(area_sheet, {"excitatory.tau_m": "20ms"}).parameters == expected


def test_reading_is_fast_and_imports_little(area_sheet: Path) -> None:
    script = (
        "import sys, pathlib; from neurosim.parameters import read_sheet;"
        f"read_sheet(pathlib.Path({str(area_sheet)!r}));"
        "print(*sorted({'numpy', 'brian2', 'tomlkit', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.split() == []
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        read_sheet(area_sheet)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.03


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_parameters_of_a_circuit_are_well_declared(circuit: str) -> None:
    reserved = {field.name for field in fields(Sheet)} | {"with_overrides"}
    assert reserved.isdisjoint(sections_of(CIRCUITS[circuit]))
    for section, section_class in sections_of(CIRCUITS[circuit]).items():
        for key, declaration in declarations_of(section_class).items():
            # A sheet has to name every number, so none may come from the source.
            assert declaration.default is MISSING, f"{section}.{key}"
            assert format_quantity(1.0, declaration.constraint.unit)


# Bad files


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory." in _refusal(tmp_path / "none.toml")
    assert "cannot be read: Is a directory." in _refusal(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'circuit = "\xff\xfe"')
    assert "is not UTF-8 text." in _refusal(binary)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'circuit = "area"\n[excitatory]\ntau_m = 20 ms  # fast\n',
            (
                "Line 3, 'tau_m = 20 ms  # fast', is not valid TOML: expected newline or end of "
                'document after a statement; a quantity stands in quotes, such as "20 ms".'
            ),
        ),
        ("a = 1\n\nb = [1,\n\n", "Line 3, 'b = [1,', is not valid TOML: invalid value."),
        ("a =\nb = 1\n", "Line 1, 'a =', is not valid TOML: invalid value."),
        ("[a]\n[a]\n", "Line 2, '[a]', is not valid TOML: cannot declare ('a',) twice."),
        (f"a = {'[' * 5000}", "The sheet has a number or a nesting that is too long."),
        (f"a = {'9' * 5000}", "The sheet has a number or a nesting that is too long."),
        ("", f"The key 'circuit' is missing: expected one of: {', '.join(sorted(CIRCUITS))}."),
        ('circuit = "aera"', "Unknown circuit 'aera': did you mean 'area'?"),
        ("circuit = 3", f"Unknown circuit 3: expected one of: {', '.join(sorted(CIRCUITS))}."),
        ('circuit = "area"\n', "The section [simulation] is missing."),
        (
            'circuit = "area"\n[excitatry]\n',
            "Unknown section 'excitatry': did you mean 'excitatory'?",
        ),
        ('circuit = "area"\nprotocl = 1\n', "Unknown section 'protocl': did you mean 'protocol'?"),
        (
            'circuit = "area"\nexcitatory = 3\n',
            "excitatory is 3, expected a section [excitatory].",
        ),
        (
            'circuit = "area"\n[[excitatory]]\nn = 1\n',
            "excitatory is [a section], expected a section [excitatory].",
        ),
    ],
)
def test_a_malformed_sheet_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert _refusal(path) == sentence


@pytest.mark.parametrize(
    ("key", "literal", "sentence"),
    [
        ("tau_m", '"15 mV"', "excitatory.tau_m is '15 mV', expected a time such as '20 ms'."),
        ("tau_m", "15", "excitatory.tau_m is 15, expected a time such as '20 ms'."),
        ("tau_m", "true", "excitatory.tau_m is true, expected a time such as '20 ms'."),
        ("tau_m", '["1 s"]', "excitatory.tau_m is ['1 s'], expected a time such as '20 ms'."),
        ("tau_m", '"-5 ms"', "excitatory.tau_m is '-5 ms', expected a time above 0 s."),
        ("tau_m", '"0 ms"', "excitatory.tau_m is '0 ms', expected a time above 0 s."),
        ("tau_m", "nan", "excitatory.tau_m is nan, expected a time such as '20 ms'."),
        (
            "v_rest",
            '"-2 V"',
            "excitatory.v_rest is '-2 V', expected a voltage from -200 mV to 100 mV.",
        ),
        ("n", "1000.0", "excitatory.n is 1000.0, expected a whole number."),
        ("n", "true", "excitatory.n is true, expected a whole number."),
        ("n", '"10 ms"', "excitatory.n is '10 ms', expected a whole number."),
        ("n", "0", "excitatory.n is 0, expected a number from 1 to 100000."),
        ("tau_n", "1", "Unknown key 'excitatory.tau_n': did you mean 'tau_m'?"),
        ("sub.x", "1", "Unknown key 'excitatory.sub': "),
    ],
)
def test_a_bad_value_is_one_sentence(
    area_sheet: Path, key: str, literal: str, sentence: str
) -> None:
    lines = area_sheet.read_text().splitlines()
    header = lines.index("[excitatory]")
    own = [i for i in range(header, len(lines)) if lines[i].startswith(f"{key} ")][:1]
    lines[own[0] if own else header : (own[0] if own else header) + 1] = (
        [] if own else ["[excitatory]"]
    ) + [f"{key} = {literal}"]
    area_sheet.write_text("\n".join(lines))
    refusal = _refusal(area_sheet)
    assert refusal == sentence or (sentence.endswith(": ") and refusal.startswith(sentence))


def test_a_missing_key_is_named(area_sheet: Path) -> None:
    text = area_sheet.read_text()
    area_sheet.write_text(re.sub(r"^tau_m .*\n", "", text, count=1, flags=re.MULTILINE))
    assert _refusal(area_sheet) == "The key 'excitatory.tau_m' is missing."


@pytest.mark.parametrize("literal", ["2020-01-01", "{a = 1}", "[{a = 1}]"])
def test_an_option_is_text_number_or_list(area_sheet: Path, area_text: Write, literal: str) -> None:
    area_sheet.write_text(area_text({"protocol.day": literal}))
    assert _refusal(area_sheet).startswith("protocol.day is ")


# Options of a protocol


def test_options_have_defaults() -> None:
    assert _fill() == Options()


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("condition", "all", "all"),
        ("imprint_trials", 3, 3),
        ("imprint_trials", "3", 3),
        ("learning_rate", 1, 1.0),
        ("learning_rate", "1e-3", 0.001),
        ("trial_duration", "300ms", 0.3),
        ("background", "12 1/s", 12.0),
        ("shuffled", True, True),
        ("shuffled", "true", True),
        ("shuffled", "false", False),
        ("pictures", ["x.jpg"], ("x.jpg",)),
        ("pictures", "x.jpg, y.jpg", ("x.jpg", "y.jpg")),
        ("pictures", "x.jpg", ("x.jpg",)),
        ("pictures", [], ()),
        ("delays", "10ms,20 ms", (0.01, 0.02)),
        ("delays", ["10 ms", "0.5 s"], (0.01, 0.5)),
        ("sizes", "3,4", (3, 4)),
        ("sizes", (3, 4), (3, 4)),
    ],
)
def test_an_option_comes_as_toml_or_as_text(key: str, written: object, value: object) -> None:
    found = getattr(_fill(**{key: written}), key)
    assert found == value
    assert type(found) is type(value)


def test_numbers_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    options = _fill(imprint_trials=numpy.int64(3), learning_rate=numpy.float64(0.25))
    assert (options.imprint_trials, options.learning_rate) == (3, 0.25)
    assert type(options.imprint_trials) is int
    assert type(options.learning_rate) is float


@pytest.mark.parametrize(
    ("key", "written", "sentence"),
    [
        (
            "imprint_trial",
            3,
            "Unknown key 'protocol.imprint_trial': did you mean 'imprint_trials'?",
        ),
        ("condition", "plasticity-off", "protocol.condition is 'plasticity-off': did you mean"),
        ("condition", True, "protocol.condition is true, expected text."),
        ("imprint_trials", "3.0", "protocol.imprint_trials is '3.0', expected a whole number."),
        ("imprint_trials", 3.0, "protocol.imprint_trials is 3.0, expected a whole number."),
        ("imprint_trials", "", "protocol.imprint_trials is '', expected a whole number."),
        ("learning_rate", 0, "protocol.learning_rate is 0, expected a number above 0 and at most"),
        ("learning_rate", 2.0, "protocol.learning_rate is 2.0, expected a number above 0 and at"),
        ("learning_rate", True, "protocol.learning_rate is true, expected a number such as 0.5."),
        ("learning_rate", float("nan"), "protocol.learning_rate is nan, expected a finite number."),
        ("learning_rate", 10**400, "protocol.learning_rate is 1000"),
        ("learning_rate", "0.1 ms", "protocol.learning_rate is '0.1 ms', expected a number such"),
        ("trial_duration", "1 ms", "protocol.trial_duration is '1 ms', expected a time of at lea"),
        ("background", "1 kHz", "protocol.background is '1 kHz', expected a rate of at most 100 H"),
        ("shuffled", 1, "protocol.shuffled is 1, expected true or false."),
        ("shuffled", "yes", "protocol.shuffled is 'yes', expected true or false."),
        ("pictures", "a,,b", "protocol.pictures is 'a,,b', expected a list such as 'a,b'."),
        ("pictures", 3, "protocol.pictures is 3, expected a list."),
        ("pictures", [3], "protocol.pictures is 3, expected text."),
        ("delays", "10 ms,3", "protocol.delays is '3', expected a time such as '20 ms'."),
        ("sizes", [0], "protocol.sizes is 0, expected a number of at least 1."),
    ],
)
def test_a_bad_option_is_one_sentence(key: str, written: object, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        _fill(**{key: written})
    assert str(error.value).startswith(sentence)
    assert str(error.value)[-1] in ".?"


def test_a_required_option_is_missed() -> None:
    with pytest.raises(InputError, match=r"The key 'protocol\.n' is missing\."):
        fill_section(Required, {}, "protocol")


# The text of a run


def test_a_run_s_text_holds_every_option(area_sheet: Path, area_text: Write) -> None:
    area_sheet.write_text(
        area_text({"protocol.imprint_trials": "5", "protocol.trial_duration": '"300 ms"'})
        + "\n# Nothing below.\n"
    )
    sheet = read_sheet(area_sheet, {"protocol.delays": "5ms,10ms", "protocol.shuffled": "true"})
    options = fill_section(Options, sheet.protocol, "protocol")
    quick = fill_section(Options, sheet.protocol | {"imprint_trials": 2}, "protocol")

    text = text_with_protocol(sheet, quick)

    def line(key: str) -> str:
        return next(line for line in text.splitlines() if line.startswith(f"{key} "))

    assert re.fullmatch(r"imprint_trials += 2 +# set by the run", line("imprint_trials"))
    assert line("trial_duration").endswith('"300 ms"      # Meaning. Source: a test.')
    assert line("delays") == 'delays = ["5 ms", "10 ms"]  # set by the user'
    assert line("shuffled") == "shuffled = true  # set by the user"
    assert line("background") == 'background = "8 Hz"  # default of the protocol'
    assert text.rstrip().endswith("# Nothing below.")
    assert uncommented_lines(text) == []

    area_sheet.write_text(text)
    again = read_sheet(area_sheet)
    assert again.parameters == sheet.parameters
    assert set(again.protocol) == {field.name for field in fields(Options)}
    assert fill_section(Options, again.protocol, "protocol") == quick != options
    assert text_with_protocol(again, quick) == text


def test_a_section_for_options_is_made(area_sheet: Path) -> None:
    sheet = read_sheet(area_sheet)
    text = text_with_protocol(sheet, Options())
    assert text.startswith(sheet.text)
    area_sheet.write_text(text)
    assert fill_section(Options, read_sheet(area_sheet).protocol, "protocol") == Options()


def test_options_stand_above_the_comments_of_the_next_section(
    area_sheet: Path, area_text: Write
) -> None:
    head, rest = area_text().split("\n", 1)
    area_sheet.write_text(f"{head}\n\n[protocol]\nsizes = [3]  # three\n{rest}")
    text = text_with_protocol(read_sheet(area_sheet), Options(sizes=(3,)))
    assert "\n\n# About simulation.\n[simulation]\n" in text
    area_sheet.write_text(text)
    assert fill_section(Options, read_sheet(area_sheet).protocol, "protocol").sizes == (3,)


def test_random_numbers_survive_the_way_through_a_file(area_sheet: Path) -> None:
    generator = random.Random(1)
    plain, overrides = read_sheet(area_sheet), {}
    for section, section_class in sections_of(CIRCUITS["area"]).items():
        for key, declaration in declarations_of(section_class).items():
            if declaration.kind is float and key != "dt":  # which has to divide the tick
                value = getattr(getattr(plain, section), key) * generator.uniform(0.99, 1.01)
                overrides[f"{section}.{key}"] = format_quantity(value, declaration.constraint.unit)
    sheet = read_sheet(area_sheet, overrides)
    options = Options(
        trial_duration=generator.uniform(0.01, 1),
        learning_rate=generator.random(),
        delays=tuple(generator.random() * 1e-3 for _ in range(4)),
    )
    area_sheet.write_text(text_with_protocol(sheet, options))
    again = read_sheet(area_sheet)
    assert asdict(again.parameters) == asdict(sheet.parameters)
    assert fill_section(Options, again.protocol, "protocol") == options
    assert again.excitatory.tau_m != plain.excitatory.tau_m


# Comments


def uncommented_lines(text: str) -> list[str]:
    """Return the key lines of a sheet that neither end in a comment nor stand under one.

    A line stands under a comment if nothing but bare lines and headers lies between.
    """
    without_strings = re.sub(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', '""', text)
    bare, covered, depth = [], False, 0
    for line in without_strings.splitlines():
        code, mark, comment = line.partition("#")
        is_key = depth == 0 and "=" in code
        depth += 0 if depth == 0 and not is_key else code.count("[") - code.count("]")
        if not code.strip():
            covered = bool(comment.strip())
        elif is_key and not (mark and comment.strip()):
            if not covered:
                bare.append(code.strip())
        elif is_key:
            covered = False
    return bare


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_line_of_a_model_says_what_it_means(path: Path) -> None:
    assert uncommented_lines(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_is_valid(path: Path) -> None:
    assert read_sheet(path).circuit in CIRCUITS


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a = 1  # meaning\n", []),
        ("# meaning\na = 1\nb = 2\n", []),
        ("# Cells.\n[cells]\nn = 1\ntau = 2  # time\n", []),
        ('# names\nnames = [\n  "a=1",\n]\n', []),
        ("a = 1\n", ["a = 1"]),
        ("a = 1  #\n", ["a = 1"]),
        ("# meaning\n\na = 1\n", ["a = 1"]),
        ("a = 1  # meaning\nb = 2\n", ["b = 2"]),
        ('a = "# no comment"\n', ['a = ""']),
        ("[cells]\na = [\n  1,\n]\nb = 2  # two\n", ["a = ["]),
    ],
)
def test_the_check_of_comments_finds_bare_lines(text: str, bare: list[str]) -> None:
    assert uncommented_lines(text) == bare


def test_the_check_of_comments_passes_the_test_sheet(area_text: Write) -> None:
    assert uncommented_lines(area_text()) == []


def test_a_sheet_imports_the_parameters_of_its_circuit_only() -> None:
    code = (
        "import sys, neurosim.parameters.library as library\n"
        "library.load_model('dasgupta2017')\n"
        "print([name for name in sys.modules if name.startswith('neurosim.parameters.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "neurosim.parameters.fly_hash" in done.stdout
    assert "neurosim.parameters.working_memory" not in done.stdout
