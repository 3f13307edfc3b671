"""A protocol is held to its contract when it is loaded; options come from four places in order."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.catalogue import protocol_text
from neurosim.errors import InputError
from neurosim.parameters.library import load_model
from neurosim.protocol import CONTRACT, load_protocol

MINE = '''"""Shows one stimulus and counts spikes: a test."""
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from neurosim.parameters import parameter
from neurosim.scorecard import Target
from neurosim.timeline import Timeline, Trial

CIRCUIT = "area"
MODEL = "area_random"
CONDITIONS = {"main": "as it is", "dark": "nothing is shown"}
QUICK = {"trials": 1}

@dataclass(frozen=True)
class Options:
    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    trials: int = parameter(low=1, high=9, default=3)
    shown: float = parameter("s", low=0.1, default=0.2)
    reverse: bool = parameter(default=False)
    names: tuple[str, ...] = parameter(default=("a", "b"))

def targets(options):
    spikes = Target("of all cells", "a test", "plausibility", low=1)
    lit = {"main": {"spikes": spikes}}
    dark = {"dark": {}}
    return lit if options.reverse else lit | dark

def run_condition(name, session, options):
    order = options.names[::-1] if options.reverse else options.names
    trials = [Trial(n, options.shown, 0.1, "test") for n in order for _ in range(options.trials)]
    inputs = session.parameters.input
    code = np.arange(inputs.n) < (0 if name == "dark" else inputs.n_active)
    patterns = {"input": {n: code for n in order}}
    recording = session.run(Timeline.of(trials), patterns).recording
    spikes = sum(len(trains.time) for trains in recording.spikes.values())
    return recording, {} if name == "dark" else {"spikes": spikes}
'''


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes a user's own protocol with one passage replaced."""
    monkeypatch.setitem(sys.modules, "neurosim.protocols.my.own", sys)
    monkeypatch.delitem(sys.modules, "neurosim.protocols.my.own")

    def write_protocol(old: str = "", new: str = "") -> Path:
        assert old in MINE
        path = tmp_path / "my.own.py"
        path.write_text(MINE.replace(old, new, 1) if old else MINE)
        return path

    return write_protocol


@pytest.fixture(scope="module")
def plain_sheet(small_sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small area without the options of another protocol."""
    path = tmp_path_factory.mktemp("sheets") / "plain_area.toml"
    path.write_text(small_sheet.read_text().partition("[protocol]")[0])
    return path


def test_a_protocol_has_a_name_and_a_description(write: Callable[..., Path]) -> None:
    protocol = load_protocol(write())
    assert protocol.name == "my.own"
    assert protocol.description == "Shows one stimulus and counts spikes: a test."
    assert load_protocol("ison2015").name == "ison2015"


@pytest.mark.parametrize("name", CONTRACT)
def test_every_name_of_the_contract_is_required(name: str, write: Callable[..., Path]) -> None:
    path = write("import numpy as np", "import numpy as np")
    path.write_text(f"{MINE}\ndel {name}\n")
    with pytest.raises(InputError, match=rf"^The protocol '.*' does not define {name}\.$"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"main": "as it is", ', "", "has CONDITIONS that do not begin with 'main'"),
        ('"dark": {}', "", "names 'dark' in CONDITIONS or in its targets, expected it in both"),
        ('"dark": {}', '"dark": {}, "dusk": {}', "names 'dusk' in CONDITIONS or in its targets"),
        ("@dataclass(frozen=True)\n", "", "has Options that are no dataclass"),
        (
            "trials: int = parameter(low=1, high=9, default=3)",
            "trials: int = 3",
            "has the option 'trials', expected parameter",
        ),
        (
            'condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")',
            "wrong: int = parameter()",
            "has the option 'wrong', expected parameter",
        ),
        (
            'condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")',
            "other: int = parameter(default=1)",
            "has Options without 'condition'",
        ),
        ('choices=(*CONDITIONS, "all"), ', "", "has an option 'condition' without choices"),
        ('(*CONDITIONS, "all")', '(*CONDITIONS, "noon")', "the condition 'noon', which is not in"),
        ('QUICK = {"trials": 1}', 'QUICK = {"trails": 1}', "QUICK .* did you mean 'trials'"),
        ('QUICK = {"trials": 1}', 'QUICK = {"trials": 10}', "QUICK .* from 1 to 9"),
        ('{"trials": 1}', '{"names": ["a"]}', "QUICK that sets 'names', expected .* numbers"),
        ('{"trials": 1}', '{"reverse": True}', "QUICK that sets 'reverse', expected .* numbers"),
    ],
)
def test_a_breach_of_the_contract_is_one_sentence(
    old: str, new: str, reason: str, write: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=rf"^The protocol '.*' .*{reason}") as caught:
        load_protocol(write(old, new))
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_the_user_has_the_last_word_on_options(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    protocol = load_protocol(write())
    bare = load_model(plain_sheet)
    own = load_model(plain_sheet, {"protocol.trials": 5})  # as if it stood in the sheet
    asked = {"protocol.trials": "7", "excitatory.tau_m": "15 ms"}
    assert protocol.options(bare, {}, quick=False).trials == 3
    assert protocol.options(own, {}, quick=False).trials == 5
    assert protocol.options(own, {}, quick=True).trials == 1
    assert protocol.options(own, asked, quick=True).trials == 7
    assert protocol.options(own, asked, quick=False).names == ("a", "b")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("trails", "1", "Unknown key 'protocol.trails': did you mean 'trials'"),
        ("trials", "10", "protocol.trials is '10', expected a number from 1 to 9"),
        ("shown", "5 mV", "protocol.shown is '5 mV', expected a time"),
        ("reverse", "yes", "protocol.reverse is 'yes', expected true or false"),
        ("condition", "drak", "protocol.condition is 'drak': did you mean 'dark'"),
    ],
)
def test_bad_options_are_refused(
    key: str, value: str, reason: str, write: Callable[..., Path], plain_sheet: Path
) -> None:
    protocol, sheet = load_protocol(write()), load_model(plain_sheet)
    with pytest.raises(InputError, match=reason):
        protocol.options(sheet, {f"protocol.{key}": value}, quick=False)


def test_conditions_that_are_asked_for(write: Callable[..., Path], plain_sheet: Path) -> None:
    protocol, sheet = load_protocol(write()), load_model(plain_sheet)

    def asked(condition: str) -> list[str]:
        options = protocol.options(sheet, {"protocol.condition": condition}, quick=False)
        return protocol.conditions(options)

    assert asked("main") == ["main"]
    assert asked("dark") == ["dark"]
    assert asked("all") == ["main", "dark"]


def test_targets_and_conditions_depend_on_the_options(
    write: Callable[..., Path], plain_sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sheet = write(), load_model(plain_sheet)
    protocol = load_protocol(path)
    reverse = {"protocol.reverse": "true", "protocol.condition": "all"}
    assert protocol.conditions(protocol.options(sheet, reverse, quick=False)) == ["main"]
    for asked, names in (({}, ["main", "dark"]), (reverse, ["main"])):
        assert list(protocol.targets(protocol.options(sheet, asked, quick=False))) == names

    def never(*_: object) -> None:
        raise AssertionError("it was simulated")

    monkeypatch.setattr("neurosim.session.simulate", never)
    left_out = reverse | {"protocol.condition": "dark"}
    message = r"^protocol\.condition is 'dark', which means nothing .*: expected one of: main\.$"
    with pytest.raises(InputError, match=message):
        ns.run(path, plain_sheet, overrides=left_out)


def test_targets_are_judged_where_every_option_is_larger_than_quick(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    sheet = load_model(plain_sheet)
    protocol = load_protocol(write('{"trials": 1}', '{"trials": 1, "shown": "200 ms"}'))
    judged = [
        protocol.is_judged(protocol.options(sheet, options, quick=False))
        for options in (
            {"protocol.trials": "2", "protocol.shown": "0.3 s"},
            {"protocol.trials": "1", "protocol.shown": "0.3 s"},
            {"protocol.trials": "2", "protocol.shown": "0.2 s"},
            {"protocol.trials": "1", "protocol.shown": "0.1 s"},
        )
    ]
    assert judged == [True, False, False, False]
    always = load_protocol(write('{"trials": 1}', "{}"))
    assert always.is_judged(always.options(sheet, {"protocol.trials": "1"}, quick=False))


def test_defaults_are_shown_as_set_takes_them(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    path = write()
    text = protocol_text(str(path))
    protocol = load_protocol(path)
    block = text.partition("Options (--set KEY=VALUE)")[2].partition("Targets")[0]
    shown = dict(line.split(maxsplit=1) for line in block.splitlines()[1:] if line.strip())
    assert shown["protocol.reverse"] == "false"
    assert shown["protocol.names"] == "a,b"
    again = {key: value.partition("   (")[0] for key, value in shown.items()}
    sheet = load_model(plain_sheet)
    assert protocol.options(sheet, again, quick=False) == protocol.options(sheet, {}, quick=False)


def test_a_protocol_without_any_target_can_be_shown(write: Callable[..., Path]) -> None:
    assert "of all cells" in protocol_text(str(write()))
    assert protocol_text(str(write('{"spikes": spikes}', "{}"))).rstrip().endswith("Targets")


def test_a_users_own_protocol_runs_by_its_path(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    path = write()
    options = {"protocol.condition": "all", "protocol.names": "x,y,z", "protocol.trials": 1}
    run = ns.run(path, plain_sheet, overrides=options)
    assert run.protocol == "my.own"
    assert run.conditions == ["main", "dark"]
    assert list(run.recording.trial_table.stimulus) == ["x", "y", "z"]
    assert [(row.name, row.status) for row in run.rows] == [("spikes", "reported")], (
        "too few trials"
    )
    reverse = {"protocol.reverse": True, "protocol.trials": 2}
    judged, quick = (
        ns.run(path, plain_sheet, overrides=options | reverse, quick=quick)
        for quick in (False, True)
    )
    assert list(judged.recording.trial_table.stimulus) == ["z", "z", "y", "y", "x", "x"]
    assert [(row.name, row.status) for row in judged.rows] == [("spikes", "met")]
    assert [row.status for row in quick.rows] == ["reported"], "it is quick whatever else is asked"


def test_what_has_no_target_is_refused_by_name(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    path = write('else {"spikes": spikes}', 'else {"spike": spikes}')
    with pytest.raises(InputError, match=r"'spike' was measured .* did you mean 'spikes'\?"):
        ns.run(path, plain_sheet)


def test_a_sheet_of_another_circuit_is_refused(
    write: Callable[..., Path], plain_sheet: Path
) -> None:
    path = write('CIRCUIT = "area"', 'CIRCUIT = "volume"')
    with pytest.raises(InputError, match=r"circuit 'volume', but .* of the circuit 'area'"):
        ns.run(path, plain_sheet)


def test_loading_needs_neither_brian2_nor_pandas() -> None:
    code = (
        "import sys\nfrom neurosim.protocol import load_protocol\nload_protocol('ison2015')\n"
        "print(*{'brian2', 'scipy', 'pandas', 'matplotlib', 'sklearn'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
