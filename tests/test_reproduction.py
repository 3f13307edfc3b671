"""Reproduction: every protocol and figure in one report, gone on with, failures told in place."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plasticity_runs import invented

from neurosim import cli, reproduction, run_directory
from neurosim.errors import InputError, NeurosimError, SimulationError
from neurosim.figure import load_figure, write_figure
from neurosim.progress import Progress
from neurosim.reproduction import Reproduction, reproduce
from neurosim.run_directory import Run, load_run
from neurosim.scorecard import bounds
from neurosim.simulation.job import Job, Result

PROTOCOL = "short_term_plasticity"


class Notes(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Let there be one protocol with one figure, closed forms for simulations, and no drawing."""
    there = {"protocols": [PROTOCOL], "figures": [PROTOCOL]}
    monkeypatch.setattr(reproduction, "names", there.__getitem__)
    monkeypatch.setattr("neurosim.session.simulate", simulate)
    monkeypatch.setattr(reproduction, "write_figure", touch)
    monkeypatch.setattr(run_directory, "write_figure", touch)
    return there


def touch(name: str, run: Run, directory: Path, file_format: str) -> Path:
    """Stand for `write_figure`, which takes longer."""
    load_figure(name)
    directory.mkdir(exist_ok=True)
    path = directory / f"{Path(name).stem}.{file_format}"
    path.write_bytes(b"drawn")
    return path


def simulate(job: Job, *rest: object) -> Result:
    return Result(invented(job), "standalone", 1.0, 2.0)


def refuse(*rest: object) -> Any:
    raise SimulationError("This is simulated <again>.")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reproduction]:
    """Return a reproduction of one protocol at its published setting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "names", lambda kind: [PROTOCOL])
        patch.setattr("neurosim.session.simulate", simulate)
        yield reproduce(tmp_path_factory.mktemp("whole") / "new" / "out")


class Page(html.parser.HTMLParser):
    """The rows of all tables, the addresses, and the tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            if name in ("src", "href"):
                self.addresses.append(str(value))
            elif name == "id":
                self.ids.append(str(value))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.rows[-1][-1] += data.strip()


def page_of(made: Reproduction) -> Page:
    return Page(made.report.read_text(encoding="utf-8"))


def test_the_report_needs_nothing_beside_it(whole: Reproduction) -> None:
    page = page_of(whole)
    inside = {f"#{name}" for name in page.ids}
    assert page.addresses
    for address in page.addresses:
        assert address.startswith("data:image/png;base64,") or address in inside
    assert not page.tags & {"script", "link", "iframe", "object", "base"}
    assert not re.search(r"@import|url\(", whole.report.read_text(encoding="utf-8"))


def test_the_report_has_every_row_of_the_scorecard(whole: Reproduction) -> None:
    run = load_run(whole.report.parent / "runs" / PROTOCOL)
    assert {row.condition for row in run.rows} == {"main", "after_jump", "stored_in_neuron"}
    written = [row for row in page_of(whole).rows if len(row) == 7][1:]
    assert len(written) == len(run.rows) > 20
    for cells, row in zip(written, run.rows, strict=True):
        unit = "" if row.unit == "1" else f" {row.unit}"
        assert cells == [
            row.name,
            whole.sections[0].measured[row.condition, row.name],
            f"{row.value:.3g}{unit}",
            bounds(row.low, row.high),
            row.status,
            row.evidence,
            row.source,
        ]


def test_the_report_embeds_the_figure_and_tells_how_it_was_made(whole: Reproduction) -> None:
    folder, page = whole.report.parent, page_of(whole)
    drawn = (folder / "figures" / f"{PROTOCOL}.png").read_bytes()
    assert f"data:image/png;base64,{base64.b64encode(drawn).decode()}" in page.addresses
    text = " ".join(whole.report.read_text(encoding="utf-8").split())
    run = load_run(folder / "runs" / PROTOCOL)
    assert f"brian2 {run.info['versions']['brian2']}" in text
    assert "Seed 0." in text
    contents = next(row for row in page.rows if row[0] == PROTOCOL)
    statuses = [row.status for row in run.rows]
    counts = [str(statuses.count(s)) for s in ("met", "missed", "reported")]
    assert contents[1:4] == counts
    assert contents[4] == f"{run.info['build_seconds'] + run.info['run_seconds']:.0f}"
    assert not list(folder.rglob(".*.part"))


def test_what_is_there_is_not_run_again(
    whole: Reproduction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurosim.session.simulate", refuse)
    monkeypatch.setattr(reproduction, "write_figure", write_figure)
    first, notes = whole.report.read_bytes(), Notes()
    again = reproduce(whole.report.parent, progress=notes)
    assert not again.failures and again.sections[0].from_before
    assert "from before" in again.summary and "from before" not in whole.summary
    assert again.report.read_bytes() == first
    assert notes.warned == ["All 1 protocols were run before; the figures are drawn again."]


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """Return the directory of a quick reproduction."""
    assert not reproduce(tmp_path / "out", quick=True).failures
    return tmp_path / "out"


def test_quick_runs_what_figures_need_and_judges_nothing(quick: Path) -> None:
    run = load_run(quick / "runs" / PROTOCOL)
    assert (run.conditions, run.info["quick"]) == (["main"], True)
    assert {row.status for row in run.rows} == {"reported"}
    assert "reduced size" in (quick / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["sources", "sheet", "size"])
def test_what_would_come_out_otherwise_is_run_again(
    quick: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "sources":
        monkeypatch.setattr(reproduction, "identity", lambda: {"neurosim": "edited"})
    elif change == "sheet":
        path = quick / "runs" / PROTOCOL / "model.toml"
        path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    made = reproduce(quick, quick=change != "size")
    assert not made.failures and not made.sections[0].from_before
    assert reproduce(quick, quick=change != "size").sections[0].from_before


def test_what_a_killed_process_left_is_cleared(quick: Path) -> None:
    half = quick / "runs" / f".{PROTOCOL}.part"
    (quick / "runs" / PROTOCOL).rename(half)
    made = reproduce(quick, quick=True)
    assert not made.failures and not made.sections[0].from_before
    assert [path.name for path in (quick / "runs").iterdir()] == [PROTOCOL]


def test_a_protocol_that_fails_is_a_section_and_the_others_go_on(
    tmp_path: Path, small_world: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_world["protocols"] = ["apl", "ison2015_dose", PROTOCOL]
    prepare = reproduction.prepare

    def fail_for_others(name: str, *rest: Any) -> Any:
        if name == "apl":
            raise ValueError("a mistake of ours")
        experiment = prepare(name, *rest)
        if name == "ison2015_dose":
            monkeypatch.setattr(experiment.protocol.script, "run_condition", refuse)
        return experiment

    monkeypatch.setattr(reproduction, "prepare", fail_for_others)
    notes = Notes()
    made = reproduce(tmp_path / "out", quick=True, progress=notes)
    assert made.failures == [
        "apl: ValueError('a mistake of ours')",
        "ison2015_dose: This is simulated <again>.",
    ]
    assert notes.warned[1:] == [f"Failed: {sentence}" for sentence in made.failures]
    text = made.report.read_text(encoding="utf-8")
    assert "This is simulated &lt;again&gt;." in text and "<again>" not in text
    assert "fail_for_others" in text  # the traceback
    assert made.sections[2].run is not None and "steady_state_error" in text
    assert not (tmp_path / "out" / "runs" / "ison2015_dose").exists()


def test_a_figure_that_fails_says_so_and_the_others_go_on(
    tmp_path: Path, small_world: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    failing = tmp_path / "failing.py"
    failing.write_text(
        f'"""It fails."""\nPROTOCOL = "{PROTOCOL}"\nNEEDS = ("main",)\n'
        'def draw(run):\n    raise KeyError("nothing")\n'
    )
    small_world["figures"] = [str(broken), str(failing), PROTOCOL]
    monkeypatch.setattr(reproduction, "write_figure", write_figure)
    made = reproduce(tmp_path / "out", quick=True)
    assert len(made.failures) == 2
    assert made.failures[0].endswith("failing.py: KeyError('nothing')")
    assert "ZeroDivisionError" in made.failures[1]
    assert [figure.path is None for figure in made.sections[0].figures] == [True, False]
    text = made.report.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text and "KeyError" in text and "data:image/png" in text


def test_an_interrupted_one_keeps_what_is_whole(
    tmp_path: Path, small_world: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_world["protocols"] = [PROTOCOL, "working_memory"]

    def interrupt(*rest: Any) -> Any:
        raise KeyboardInterrupt

    prepare = reproduction.prepare

    def prepare_and_interrupt(*arguments: Any) -> Any:
        experiment = prepare(*arguments)
        if arguments[0] == "working_memory":
            monkeypatch.setattr(experiment.protocol.script, "run_condition", interrupt)
        return experiment

    monkeypatch.setattr(reproduction, "prepare", prepare_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        reproduce(tmp_path / "out", quick=True)
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == [PROTOCOL]
    assert not (tmp_path / "out" / "report.html").exists()


def test_something_else_in_the_place_of_a_run_is_kept(tmp_path: Path) -> None:
    mine = tmp_path / "out" / "runs" / PROTOCOL / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    made = reproduce(tmp_path / "out", quick=True)
    assert len(made.failures) == 1 and "is no run directory" in made.failures[0]
    assert mine.read_text() == "precious"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / "out").mkdir()
    with (
        FileLock(tmp_path / "out" / ".lock"),
        pytest.raises(InputError, match=r"Another process reproduces into '.*out'\."),
    ):
        reproduce(tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file' cannot be written"):
        reproduce(tmp_path / "file")


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    with pytest.raises(NeurosimError, match=r"report.html' cannot be written"):
        reproduce(tmp_path / "out", quick=True)


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("g++", r"1 protocols take about \d+ minutes\."), (None, r"there is no C\+\+ compiler")],
)
def test_it_says_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str | None, said: str
) -> None:
    monkeypatch.setattr(reproduction, "find_compiler", lambda: compiler)
    notes = Notes()
    reproduce(tmp_path / "out", quick=True, progress=notes)
    assert re.search(said, notes.warned[0])


# The command.


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in cli.STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_the_command_answers_with_a_table_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", "--quick"]) == cli.DONE
    answer = capsys.readouterr()
    assert answer.out.splitlines()[-1] == "written to results/reproduction-quick/report.html"
    assert re.search(rf"^{PROTOCOL} +0 +0 +\d+ +\d+$", answer.out, flags=re.MULTILINE)
    assert "minutes" in answer.err
    info = json.loads(
        (tmp_path / f"results/reproduction-quick/runs/{PROTOCOL}/run.json").read_text()
    )
    assert info["protocol"] == PROTOCOL


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(
    ("failures", "missed", "code"),
    [([], True, cli.MISSED_TARGET), (["apl: it failed."], True, cli.FAILED), ([], False, cli.DONE)],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, failures: list[str], missed: bool, code: int
) -> None:
    class Made:
        summary, report = "", Path("report.html")
        any_missed = missed

    Made.failures = failures  # type: ignore[attr-defined]
    monkeypatch.setattr(reproduction, "reproduce", lambda *_, **__: Made)
    assert cli.main(["reproduce"]) == code
