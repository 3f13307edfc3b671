"""Sweeps: what is run, that nothing is lost or repeated, and what is said of the results."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sweep_bench import PROTOCOL, write_protocol

import neurosim as ns
from neurosim import cli, sweeps
from neurosim.errors import InputError
from neurosim.sweeping import identity as identity_module
from neurosim.sweeping.identity import difference, identity
from neurosim.sweeping.jobs import Finished, Outcome, RunJob
from neurosim.sweeping.journal import JOURNAL, PLAN, opened
from neurosim.sweeping.plan import plan_as_text, plan_from_text
from neurosim.sweeping.planner import Planner
from neurosim.sweeping.report import as_text
from neurosim.sweeping.results import EFFECTS, SECONDS, STATISTICS, TABLE, Sweep, load_sweep
from neurosim.sweeping.tally import Tally, TerminalTally, duration, summary
from neurosim.sweeps import place_of, sweep

ROOT = Path(__file__).resolve().parents[1]
OVER = {"synapse.U": ["0.2", "0.5"], "synapse.tau_recovery": ["400 ms", "0.8 s"]}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_protocol(tmp_path_factory.mktemp("protocols"))


@pytest.fixture
def planner(toy: Path) -> Callable[..., Planner]:
    """Return a function that makes a planner of the protocol that simulates nothing."""

    def make(
        overrides: Mapping[str, Any] | None = None,
        seeds: Sequence[int] = range(3),
        model: str | Path | None = None,
        **options: Any,
    ) -> Planner:
        flags = {"quick": False, "keep": False} | options
        return Planner(toy, model, overrides or {}, seeds, **flags)

    return make


def serially(protocol: Path, *arguments: Any, **options: Any) -> Sweep:
    """Run a sweep in this process."""
    return sweep(protocol, *arguments, **{"workers": 1, "seeds": range(3), **options})


def without_seconds(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=list(SECONDS))


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list of the numbers of the runs that are performed from now on."""
    numbers: list[int] = []
    perform = sweeps.perform

    def note(job: RunJob, *rest: Any) -> Outcome:
        numbers.append(job.number)
        return perform(job, *rest)

    monkeypatch.setattr(sweeps, "perform", note)
    return numbers


# ------------------------------------------------------------------------------------ what is run


def test_the_grid_holds_every_combination_condition_and_seed_once(
    planner: Callable[..., Planner],
) -> None:
    plan = planner().grid({**OVER, "protocol.condition": ["all"]})
    runs = [(*point.labels.values(), condition, seed) for point, condition, seed in plan.runs()]
    assert runs == list(itertools.product([0.2, 0.5], [0.4, 0.8], ["main", "double"], [0, 1, 2]))
    assert plan.units == {"synapse.U": "1", "synapse.tau_recovery": "s"}
    assert [job.number for job in plan.jobs()] == list(range(24))
    job = plan.jobs()[-1]
    assert job.overrides == {
        "synapse.U": 0.5,
        "synapse.tau_recovery": "0.8 s",
        "protocol.condition": "double",
    }
    assert (job.seed, job.target) == (2, "standalone")


def test_without_values_there_are_the_seeds(planner: Callable[..., Planner]) -> None:
    assert [job.seed for job in planner(seeds=[7, 3]).grid({}).jobs()] == [7, 3]


def test_conditions_follow_the_options(planner: Callable[..., Planner]) -> None:
    plan = planner({"protocol.condition": "all"}).grid({})
    assert plan.points[0].conditions == ["main", "double"]
    assert planner().grid({"protocol.condition": ["double"]}).points[0].conditions == ["double"]


def test_what_is_compiled_in_makes_the_family(planner: Callable[..., Planner]) -> None:
    plan = planner().grid({"simulation.dt": ["0.1 ms", "0.05 ms"], "synapse.U": [0.2, 0.3]})
    families = [point.family for point in plan.points]
    assert families[0] == families[1] != families[2] == families[3]


@pytest.mark.parametrize(
    ("over", "parts"),
    [
        ({"synapse.V": [1]}, ["Unknown key 'synapse.V'", "expected one of: U, delay"]),
        ({"protocol.m": [1]}, ["Unknown key 'protocol.m'", "condition, fails, n, "]),
        ({"synapse.U": [2]}, ["synapse.U is 2", "above 0 and at most 1"]),
        ({"synapse.U": []}, ["synapse.U is varied over []"]),
        ({"synapse.U": "0.1"}, ["synapse.U is varied over '0.1'"]),
        ({"synapse.tau_recovery": ["20 ms", "0.02 s"]}, ["'0.02 s' twice"]),
        ({"cell.resistance": ["20 Mohm"]}, ["both set to '1 Mohm' and varied"]),
        ({"protocol.condition": ["mian"]}, ["'mian'", "did you mean 'main'?"]),
        # Each is fine alone.
        ({"synapse.tau_inactivation": ["3 ms"], "cell.tau_m": ["9 ms", "3 ms"]}, ["another value"]),
    ],
)
def test_what_cannot_be_varied_is_refused_before_the_first_run(
    over: dict[str, Any], parts: Sequence[str], toy: Path, performed: list[int]
) -> None:
    with pytest.raises(InputError) as refused:
        serially(toy, over, overrides={"cell.resistance": "1 Mohm"})
    for part in parts:
        assert part in str(refused.value)
    assert performed == []


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [2**32], [0.5]])
def test_seeds_that_are_none_are_refused(seeds: list[Any], toy: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        serially(toy, seeds=seeds)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"workers": 0}, "number of workers is 0"),
        ({"workers": 2, "scheduler": "tcp://x:1"}, "expected no number of workers"),
        ({"keep": True}, "name one"),
        ({"sensitivity": True, "over": {"synapse.U": [0.1]}}, "no values of synapse.U"),
        ({"model": "ison2015"}, "works on the circuit"),
        ({"model": "nothing"}, "Unknown sheet"),
    ],
)
def test_what_contradicts_is_refused(options: dict[str, Any], part: str, toy: Path) -> None:
    with pytest.raises(InputError, match=part):
        serially(toy, **options)


def test_values_are_divided_by_commas(planner: Callable[..., Planner]) -> None:
    found = planner().values_of(["synapse.U=0.2, 0.3", "protocol.fails=odd,bug"])
    assert found == {"synapse.U": ["0.2", "0.3"], "protocol.fails": ["odd", "bug"]}


@pytest.mark.parametrize("key", ["protocol.words", "protocol.text"])
def test_lists_and_free_text_are_not_divided_by_commas(
    key: str, planner: Callable[..., Planner], toy: Path
) -> None:
    with pytest.raises(InputError, match=f"{key} takes a list or free text, .*--set {key}=VALUE"):
        planner().values_of([f"{key}=a,b"])
    # From Python each value is one.
    assert planner().grid({key: ["a,b", "c"]}).points[0].labels == {key: "a,b"}


@pytest.mark.parametrize("assignment", ["synapse.U", "synapse.U=", "=1", "synapse.U=1,,2"])
def test_malformed_values_are_refused(assignment: str, planner: Callable[..., Planner]) -> None:
    with pytest.raises(InputError):
        planner().values_of([assignment])


# ------------------------------------------------------------------------------------ sensitivity


def test_each_parameter_moves_by_a_tenth_alone(planner: Callable[..., Planner]) -> None:
    plan = planner().sensitivity()
    base, *others = plan.points
    assert base.overrides == {} and base.labels["parameter"] == ""
    changed = {
        (point.labels["parameter"], point.labels["change"]): point.overrides for point in others
    }
    assert changed["synapse.U", 0.1] == {"synapse.U": "0.55"}
    assert changed["synapse.tau_recovery", -0.1] == {"synapse.tau_recovery": "720 ms"}
    assert changed["cell.tau_m", 0.1] == {"cell.tau_m": "44 ms"}, "in decimals"
    assert all(len(overrides) == 1 for overrides in changed.values())
    settings = {point.labels["parameter"]: point.labels["setting"] for point in others}
    assert settings["synapse.efficacy"] == 275e-12
    assert plan.units["synapse.efficacy"] == "A"


def test_what_has_no_tenth_is_left_out_and_said(planner: Callable[..., Planner]) -> None:
    plan = planner().sensitivity()
    told = "\n".join(plan.skipped)
    for key in ("synapse.release is 'before_jump'", "synapse.delay is 0.0"):
        assert key in told
    assert "simulation.dt = 110 us: simulation.dt is 0.11 ms, expected a whole fraction" in told
    varied = {point.labels["parameter"] for point in plan.points}
    assert not varied & {"synapse.release", "synapse.delay", "simulation.dt"}


def test_whole_numbers_move_by_one_or_more(tmp_path: Path) -> None:
    text = PROTOCOL.replace('"short_term_plasticity", "tsodyks1998"', '"fly_hash", "dasgupta2017"')
    path = tmp_path / "of_a_fly.py"
    path.write_text(text)
    overrides = {"kenyon_cells.n": 104, "kenyon_cells.claws": 6}
    plan = Planner(path, None, overrides, [0, 1], False, False).sensitivity()
    found = {
        point.labels["parameter"]: (before.labels["setting"], point.labels["setting"])
        for before, point in itertools.pairwise(plan.points)
    }
    assert found["kenyon_cells.n"] == (94, 114)
    assert found["kenyon_cells.claws"] == (5, 7)


def test_effects_in_units_of_the_spread_need_seeds(planner: Callable[..., Planner]) -> None:
    with pytest.raises(InputError, match="1 seed"):
        planner(seeds=[4]).sensitivity()


def test_effects_are_those_of_the_formula(toy: Path) -> None:
    found = serially(toy, sensitivity=True, seeds=[1, 3, 5, 7])
    effects = found.effects.set_index(["parameter", "change", "value"])
    base = [ns.run(toy, seed=seed).row("noisy").value for seed in (1, 3, 5, 7)]  # type: ignore
    up = effects.loc["synapse.U", 0.1, "noisy"]
    assert up.base_mean == pytest.approx(statistics.mean(base))
    assert up.base_sd == pytest.approx(statistics.stdev(base))
    assert up.effect == pytest.approx(0.05 * 2 / statistics.stdev(base))
    assert up.se == pytest.approx(0, abs=1e-12), "the noise of a seed is the same"
    assert up.relative_change == pytest.approx(0.1 / statistics.mean(base))
    assert effects.loc["synapse.U", -0.1, "exact"].effect == -math.inf, "no spread"
    assert effects.loc["cell.tau_m", 0.1, "exact"].effect == 0
    assert "undefined" not in effects.index.get_level_values("value"), "odd seeds have none"
    text = as_text(found)
    assert "nothing moves with cell.resistance, cell.tau_m" in text
    assert "left out: synapse.delay is 0.0" in text
    assert text.splitlines()[1].startswith("synapse.U")


# ----------------------------------------------------------------------------------- what comes out


def test_rows_are_those_of_single_runs(toy: Path) -> None:
    over = {**OVER, "protocol.condition": ["all"]}
    table = serially(toy, over, seeds=[1, 2]).runs
    assert len(table) == 16 and list(table["run"]) == list(range(16))
    for row in table.to_dict("records"):
        changes = {
            "synapse.U": row["synapse.U"],
            "synapse.tau_recovery": f"{row['synapse.tau_recovery']} s",
            "protocol.condition": row["condition"],
        }
        run = ns.run(toy, seed=row["seed"], overrides=changes)
        for scored in run.rows:
            assert repr(row[scored.name]) == repr(scored.value)
        assert row["error"] == "" and row["seconds"] > 0
        if row["condition"] == "double":
            assert math.isnan(row["exact"]), "not measured"


def test_statistics_are_those_of_students_t(toy: Path) -> None:
    found = serially(toy, {"synapse.U": ["0.2", "0.5"]}, seeds=range(5))
    table, runs = found.statistics.set_index(["synapse.U", "value"]), found.runs
    noisy = runs.loc[runs["synapse.U"] == 0.5, "noisy"].tolist()
    row = table.loc[0.5, "noisy"]
    sd = statistics.stdev(noisy)
    assert (row.n_runs, row.n) == (5, 5)
    assert row["mean"] == pytest.approx(statistics.mean(noisy))
    assert row.sd == pytest.approx(sd)
    half = 2.776445 * sd / math.sqrt(5)  # t of .975 with 4 degrees of freedom, from a table
    assert row.ci_high - row["mean"] == pytest.approx(half, rel=1e-6)
    assert row["mean"] - row.ci_low == pytest.approx(half, rel=1e-6)
    assert row.share_met == sum(0 <= value <= 1.2 for value in noisy) / 5
    assert (row.low, row.high, row.evidence) == (0, 1.2, "derived")
    assert table.loc[0.2, "exact"].sd == 0 and math.isnan(table.loc[0.2, "exact"].share_met)


def test_what_is_not_finite_is_counted_and_misses(toy: Path) -> None:
    row = serially(toy, seeds=range(4)).statistics.set_index("value").loc["undefined"]
    # Finite for seed 0, infinite for seed 2, NaN for the odd ones.
    assert (row.n_runs, row.n, row["mean"], row.share_met) == (4, 1, 1.0, 0.25)
    assert math.isnan(row.sd)


@pytest.mark.parametrize(
    ("fails", "sentence"),
    [("odd", r"The seed is odd\."), ("bug", r"KeyError: 'of a mistake' \(toy\.py, line \d+\)\.")],
)
def test_a_run_that_fails_is_a_row_and_the_others_go_on(
    fails: str, sentence: str, toy: Path, tmp_path: Path
) -> None:
    changes = {"protocol.fails": fails}
    found = serially(toy, seeds=range(4), overrides=changes, out=tmp_path / "out")
    assert list(found.failures) == [1, 3]
    assert re.fullmatch(sentence, found.failures[1])
    table = pd.read_csv(tmp_path / "out" / TABLE, keep_default_na=False)
    assert list(table["error"] == "") == [True, False, True, False]
    assert list(table["noisy"] == "") == [False, True, False, True]
    assert found.statistics["n_runs"].unique().tolist() == [2]
    assert "2 of 4 runs failed" in as_text(found)


def test_a_sweep_whose_runs_all_fail_is_told_too(toy: Path, tmp_path: Path) -> None:
    changes = {"protocol.fails": "odd"}
    found = serially(toy, seeds=[1, 3], overrides=changes, out=tmp_path / "out")
    assert as_text(found).startswith("2 of 2 runs failed")
    failed = serially(toy, seeds=[1, 3], overrides=changes, sensitivity=True)
    assert "runs failed" in as_text(failed)


def test_what_is_read_is_what_was_returned(toy: Path, tmp_path: Path) -> None:
    found = serially(toy, OVER, seeds=range(4), out=tmp_path / "out")
    loaded = load_sweep(tmp_path / "out")
    pd.testing.assert_frame_equal(loaded.runs, found.runs, check_exact=True)
    written = pd.read_csv(tmp_path / "out" / TABLE)
    pd.testing.assert_frame_equal(
        written.drop(columns="error"), found.runs.drop(columns="error"), check_exact=True
    )
    assert (tmp_path / "out" / STATISTICS).read_text() == found.statistics.to_csv(index=False)
    assert (tmp_path / "out" / "sweep.png").stat().st_size > 0
    assert not (tmp_path / "out" / EFFECTS).exists()
    again = plan_from_text(plan_as_text(found.plan))
    assert again == found.plan


def test_recordings_are_kept_where_asked_for(toy: Path, tmp_path: Path) -> None:
    found = serially(toy, seeds=[3, 4], out=tmp_path / "out", keep=True)
    for number, seed in enumerate((3, 4)):
        kept = ns.load_run(tmp_path / "out" / "runs" / str(number))
        alone = ns.run(toy, seed=seed)
        assert kept.seed == seed
        assert kept.sheet.parameters == alone.sheet.parameters
        assert kept.sheet.protocol == alone.sheet.protocol
        assert repr(kept.rows) == repr(alone.rows)
        assert kept.recording.spikes["cells"].time.tolist() == [0.1]
    assert all(isinstance(o, Finished) and o.run is None for o in found.outcomes.values())


# -------------------------------------------------------------------------------------- going on


class InterruptingTally(Tally):
    """Presses Ctrl-C after some runs."""

    def __init__(self, after: int) -> None:
        self._left = after

    def add(self, failed: bool) -> None:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def test_what_is_done_is_not_repeated(toy: Path, tmp_path: Path, performed: list[int]) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        serially(toy, OVER, out=out, tally=InterruptingTally(5))
    assert performed == [0, 1, 2, 3, 4]
    assert len(load_sweep(out).runs) == 5 == len(pd.read_csv(out / TABLE))
    whole = serially(toy, OVER, out=out)
    assert performed == list(range(12))
    serially(toy, OVER, out=out)
    assert len(performed) == 12
    fresh = serially(toy, OVER)
    pd.testing.assert_frame_equal(
        without_seconds(whole.runs), without_seconds(fresh.runs), check_exact=True
    )


def test_what_failed_is_tried_again(toy: Path, tmp_path: Path, performed: list[int]) -> None:
    changes = {"protocol.fails": "odd"}
    for _ in range(2):
        serially(toy, seeds=range(4), overrides=changes, out=tmp_path / "out")
    assert performed == [0, 1, 2, 3, 1, 3]
    assert len(load_sweep(tmp_path / "out").runs) == 4, "one row for each run"


def test_half_a_line_is_cut_off(toy: Path, tmp_path: Path, performed: list[int]) -> None:
    out = tmp_path / "out"
    serially(toy, out=out)
    journal = out / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    assert len(load_sweep(out).outcomes) == 2
    serially(toy, out=out)
    assert performed == [0, 1, 2, 2]
    assert len(journal.read_text().splitlines()) == 3
    journal.write_bytes(whole[:20])
    assert load_sweep(out).outcomes == {}


def test_a_damaged_line_is_named(toy: Path, tmp_path: Path) -> None:
    serially(toy, out=tmp_path / "out")
    journal = tmp_path / "out" / JOURNAL
    lines = journal.read_text().splitlines(keepends=True)
    for damaged in ("{}\n", "]\n", '{"number": 1, "seconds": 1, "rows": [{}]}\n', "1\n"):
        journal.write_text(lines[0] + damaged + lines[2])
        with pytest.raises(InputError, match=r"Line 2 of '.*' is damaged"):
            serially(toy, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"seeds": range(4)}, "seeds of its own"),
        ({"over": {"synapse.U": [0.3]}}, "values of its own"),
        ({"overrides": {"cell.tau_m": "30 ms"}}, "overrides of its own"),
        ({"quick": True}, "a size of its own"),
        ({"sensitivity": True}, "values of its own"),
        ({"model": "tsodyks1998_facilitating"}, "a sheet of its own"),
        ({"keep": True}, "recordings of its own"),
    ],
)
def test_another_sweep_in_the_same_place_is_refused(
    changes: dict[str, Any], part: str, toy: Path, tmp_path: Path, performed: list[int]
) -> None:
    serially(toy, seeds=[0, 1], out=tmp_path / "out")
    with pytest.raises(InputError, match=f"'{tmp_path / 'out'}' holds another sweep, with {part}"):
        serially(toy, **{"seeds": [0, 1], "out": tmp_path / "out", **changes})
    assert len(performed) == 2


def test_another_protocol_of_the_same_name_is_refused(toy: Path, tmp_path: Path) -> None:
    serially(toy, out=tmp_path / "out")
    (tmp_path / "other").mkdir()
    other = write_protocol(tmp_path / "other")
    other.write_text(other.read_text().replace("0.1 * noise", "0.2 * noise"))
    with pytest.raises(InputError, match="a protocol of its own"):
        serially(other, out=tmp_path / "out")


def test_other_versions_are_refused(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serially(toy, out=tmp_path / "out")
    path = tmp_path / "out" / PLAN
    plan = json.loads(path.read_text())
    plan["computed_with"]["numpy"] = "1.0"
    path.write_text(json.dumps(plan))
    with pytest.raises(InputError, match=r"made with numpy 1\.0 and not"):
        serially(toy, out=tmp_path / "out")


def test_any_other_directory_is_refused(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(InputError, match="exists and holds no sweep"):
        serially(toy, out=tmp_path / "full")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        serially(toy, out=tmp_path / "file")
    for folder in ("full", "nothing"):
        with pytest.raises(InputError, match="holds no sweep"):
            load_sweep(tmp_path / folder)
    (tmp_path / "empty").mkdir()
    assert len(serially(toy, out=tmp_path / "empty").outcomes) == 3


def test_two_processes_are_not_at_one_sweep(
    toy: Path, tmp_path: Path, planner: Callable[..., Planner]
) -> None:
    plan = planner().grid({})
    with (
        opened(tmp_path / "out", plan),
        pytest.raises(InputError, match="Another process works on the sweep"),
    ):
        serially(toy, out=tmp_path / "out")
    serially(toy, out=tmp_path / "out")


def test_the_same_command_finds_its_place_again(
    planner: Callable[..., Planner], tmp_path: Path
) -> None:
    plan, other = planner().grid({}), planner().grid({"synapse.U": [0.1]})
    assert place_of(plan, tmp_path) == tmp_path / "sweep"
    with opened(tmp_path / "sweep", plan):
        pass
    assert place_of(plan, tmp_path) == tmp_path / "sweep"
    assert place_of(other, tmp_path) == tmp_path / "sweep-2"
    (tmp_path / "sweep-2").mkdir()
    assert place_of(other, tmp_path) == tmp_path / "sweep-3"
    assert place_of(planner().sensitivity(), tmp_path) == tmp_path / "sensitivity"


# ---------------------------------------------------------------------------------- identity


def test_another_processor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    own = identity()
    assert difference(own, dict(own)) is None
    lines = "x86_64 model name\t: Fast 1 flags\t\t: fpu avx"
    ours = {**own, "processor": lines}
    other = {**own, "processor": lines.replace("Fast 1", "Slow 2")}
    assert difference(ours, other) == "the processor 'Slow 2' and not 'Fast 1'"
    other = {**own, "processor": lines + " avx512"}
    assert difference(ours, other) == "the processor 'Fast 1' with other features"
    assert difference(own, {**own, "scipy": "0.1"}) == f"scipy 0.1 and not {own['scipy']}"
    assert difference(own, {**own, "neurosim": ""}) == "another version of neurosim"


def test_the_sources_are_part_of_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = identity_module._digest_of_sources()
    assert before == identity()["neurosim"]
    names = dict(identity_module._sources())
    assert {"session.py", "models/tsodyks1998.toml", "protocols/ison2015.py"} <= set(names)
    assert not any(name.startswith("figures/") for name in names)
    copy = tmp_path / "session.py"
    copy.write_text("# other\n")
    monkeypatch.setattr(identity_module, "_sources", lambda: (names | {"session.py": copy}).items())
    assert identity_module._digest_of_sources() != before


# ---------------------------------------------------------------------------------- progress


def test_progress_in_words() -> None:
    assert summary(12, 40, 1, 10, 200) == "12/40 runs, 1 failed, 3 a minute, 9 min left"
    assert summary(0, 40, 0, 0, 3) == "0/40 runs, 0 failed"
    assert summary(40, 40, 2, 40, 20) == "40/40 runs, 2 failed, 120 a minute"
    assert [duration(s) for s in (3, 99.4, 600, 36000)] == ["3 s", "99 s", "10 min", "10.0 h"]


def test_progress_is_plain_lines_where_no_terminal_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    tally = TerminalTally()
    tally.begin(10, 4, 0)
    for _ in range(6):
        now[0] += 6
        tally.add(False)
    tally.end()
    assert capsys.readouterr().err.splitlines() == [
        "4 of 10 runs were done before.",
        "4/10 runs, 0 failed",
        "6/10 runs, 0 failed, 10 a minute, 24 s left",
        "8/10 runs, 0 failed, 10 a minute, 12 s left",
        "10/10 runs, 0 failed, 10 a minute",
        "10/10 runs, 0 failed, 10 a minute",
    ]


def test_progress_is_one_line_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tally = TerminalTally()
    tally.begin(4, 0, 0)
    tally.announce("Building.")
    tally.add(True)
    tally.warn("Careful.")
    tally.end()
    written = capsys.readouterr().err
    assert "Building.\n" in written and "Careful.\n" in written
    assert re.search(r"\r\|.*\| 1/4 runs, 1 failed, ", written)


# ---------------------------------------------------------------------------------- the commands


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Return a function that runs a command in this process."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in cli.STOPS}

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("changes", "seeds", "code"),
    [([], "0:1", 0), ([], "1:2", 1), (["--set=protocol.fails=odd"], "0:2", 3)],
    ids=["done", "missed", "failed"],
)
def test_the_exit_code_says_how_it_went(
    changes: list[str], seeds: str, code: int, toy: Path, command: Callable[..., Any]
) -> None:
    # Of seed 1 a value is NaN, which misses its target.
    assert command("sweep", toy, "--seeds", seeds, "--workers", "1", *changes)[0] == code


def test_a_sweep_from_the_command_line(
    toy: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    arguments = ["sweep", toy, "--over", "synapse.U=0.2,0.5", "--over", "protocol.n=1,2"]
    arguments += ["--seeds", "0:3", "--workers", "1"]
    code, out, err = command(*arguments)
    assert code == 1 and out.endswith("\n\nwritten to results/toy/sweep\n")
    header, first, *_ = out.splitlines()
    assert re.split(r"\s{2,}", header)[:4] == ["synapse.U", "protocol.n", "condition", "quantity"]
    assert re.split(r"\s{2,}", first)[:5] == ["0.2", "1", "main", "noisy", "3"]
    assert err.splitlines()[0] == "0/12 runs, 0 failed"
    again = command(*arguments)
    assert again[:2] == (code, out)
    assert again[2].splitlines()[0] == "12 of 12 runs were done before."
    expected = sweep(
        toy, {"synapse.U": [0.2, 0.5], "protocol.n": [1, 2]}, seeds=range(3), workers=1
    )
    there = load_sweep(tmp_path / "results" / "toy" / "sweep")
    pd.testing.assert_frame_equal(
        without_seconds(there.runs), without_seconds(expected.runs), check_exact=True
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--over", "synapse.U=0.1"], ["--seeds"]),
        (["--seeds", "5"], ["'5'", "A:B"]),
        (["--seeds", "3:3"], ["no seeds"]),
        (["--seeds", "0:2", "--keep", "everything"], ["recordings"]),
        (["--seeds", "0:2", "--workers", "many"], ["number of workers", "'many'"]),
        (["--seeds", "0:2", "--over", "protocol.words=a,b"], ["protocol.words", "commas"]),
        (["--seeds", "0:2", "--over", "synapse.V=1,2"], ["synapse.V"]),
        (["--seeds", "0:4294967295"], ["runs", "expected"]),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], parts: Sequence[str], toy: Path, tmp_path: Path, command: Any
) -> None:
    code, out, err = command("sweep", toy, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("neurosim: ")
    for part in parts:
        assert part in err
    assert list(tmp_path.iterdir()) == []


def test_figures_of_sweeps(toy: Path, tmp_path: Path, command: Callable[..., Any]) -> None:
    assert command("figure", "sweep")[2].startswith("neurosim: There is no sweep in results")
    command("sweep", toy, "--over=synapse.U=0.2,0.5", "--seeds=0:2", "--workers=1")
    command("sweep", toy, "--sensitivity", "--seeds=0:2", "--workers=1")
    assert command("figure", "sweep")[:2] == (0, "sweep.png\n")
    assert command("figure", "sensitivity", "--value", "noisy", "--format", "svg")[0] == 0
    code, out, err = command("figure", "--all", "--from", "results/toy/sweep", "--out", "all")
    assert (code, out) == (0, "all/sweep.png\n")
    assert "left out ison2015: The figure 'ison2015' draws a run, not a sweep." in err
    for arguments, part in [
        (("sweep", "--value", "nois"), "no value 'nois': did you mean 'noisy'?"),
        (("sweep", "--against", "synapse.V"), "did you mean 'synapse.U'?"),
        (("sensitivity", "--against", "synapse.U"), "takes no 'against'"),
        (("sweep", "--from", "results/toy/sensitivity"), "draws a sweep, not a sensitivity"),
        (("--all", "--value", "noisy"), "choices of one figure"),
    ]:
        code, _, err = command("figure", *arguments)
        assert code == 2 and part in err


def start(folder: Path, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "neurosim", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_ended_loses_nothing(
    number: signal.Signals, toy: Path, tmp_path: Path
) -> None:
    arguments = ["sweep", toy, "--seeds", "0:30", "--workers", "1", "--out", "out"]
    arguments += ["--set", "protocol.wait=50ms"]
    process = start(tmp_path, *arguments)
    journal = tmp_path / "out" / JOURNAL
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_text().count("\n") < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=30)
    done = journal.read_bytes().count(b"\n")
    assert 3 <= done < 30
    if number == signal.SIGINT:
        assert process.returncode == 130
        told = re.search(r"(\d+) runs are kept in out: the same command goes on\.", err)
        # One more where it was stopped between writing and counting.
        assert told and done - int(told[1]) in (0, 1)
        assert err.endswith("neurosim: interrupted.\n")
    before = journal.read_bytes()
    process = start(tmp_path, *arguments)
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert journal.read_bytes().startswith(before)
    numbers = [json.loads(line)["number"] for line in journal.read_text().splitlines()]
    assert sorted(numbers) == list(range(30))


@pytest.mark.slow
def test_a_full_disk_stops_the_sweep_and_loses_nothing(toy: Path, tmp_path: Path) -> None:
    arguments = ["sweep", toy, "--seeds", "0:40", "--workers", "1", "--out", "out"]
    full = (12_000, 12_000)  # bytes of any file, more than that of the plan
    process = start(
        tmp_path, *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, full)
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert err.splitlines()[-1].startswith("neurosim: The sweep stops, for 'out' cannot be written")
    journal = tmp_path / "out" / JOURNAL
    content = journal.read_bytes()
    assert len(content) == full[0], "the last line is there in part"
    done = len(load_sweep(tmp_path / "out").outcomes)
    assert 3 <= done < 40
    process = start(tmp_path, *arguments)
    process.communicate(timeout=60)
    assert process.returncode == 1
    whole = journal.read_bytes()
    kept = content[: content.rfind(b"\n") + 1]
    assert whole.startswith(kept) and len(whole.splitlines()) == 40


# ------------------------------------------------------------------------------- on two processes


@pytest.mark.slow
def test_two_processes_give_the_table_of_one(toy: Path, tmp_path: Path) -> None:
    one = serially(toy, OVER)
    two = serially(toy, OVER, workers=2, out=tmp_path / "out")
    pd.testing.assert_frame_equal(
        without_seconds(one.runs), without_seconds(two.runs), check_exact=True
    )


@pytest.mark.slow
def test_a_run_that_kills_its_worker_is_a_row(toy: Path) -> None:
    found = serially(toy, workers=2, seeds=[0, 1, 2], overrides={"protocol.fails": "kill"})
    assert len(found.outcomes) == 3
    assert found.failures == {1: "Its worker died several times: there may be too little memory."}
