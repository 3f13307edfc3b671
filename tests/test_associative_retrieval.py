"""The protocol of associative retrieval: a user's own strings, and what each condition measures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_runs import invent_results, measured_in
from memory_bench import SMALL_MEMORY, MemoryBench, small_memory, small_sheet

import neurosim as ns
from neurosim import answers, cli
from neurosim.errors import InputError
from neurosim.fast_weights.delays import DELAYS, LONGEST_SIMULATED, TIME_CONSTANTS
from neurosim.fast_weights.examination import CHANCE, Examination, noise_of
from neurosim.fast_weights.pairs import correlation
from neurosim.fast_weights.presynaptic import N_ASKED, letters_to_ask, read_out
from neurosim.fast_weights.rebinding import rebindings
from neurosim.fast_weights.retrieval_strings import DIGITS, random_strings
from neurosim.nwb import read_nwb
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run, load_run
from neurosim.simulation.job import Job

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROTOCOL = load_protocol("associative_retrieval")
STRINGS = "c9k8j3??k, a1b2d3??a,z0y5??y,m4??m,q1w2e3??e"
RIGHT = ["8", "1", "5", "4", "3"]


# A user's own strings


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run that answers five strings, written."""
    return ns.run(
        "associative_retrieval",
        overrides=SMALL_MEMORY | {"protocol.strings": STRINGS},
        out=tmp_path_factory.mktemp("runs") / "answered",
    )


def test_the_answers_are_written_whole(answered: Run) -> None:
    assert answered.path is not None
    written = json.loads((answered.path / "answers.json").read_text())
    assert [list(answer) for answer in written] == [["string", "answer", "rates"]] * 5
    assert [answer["string"] for answer in written] == STRINGS.replace(" ", "").split(",")
    assert [answer["answer"] for answer in written] == RIGHT
    for answer in written:
        assert list(answer["rates"]) == list(DIGITS)
        assert max(answer["rates"], key=answer["rates"].get) == answer["answer"]
        assert 20 < max(answer["rates"].values()) < 500  # Hz
    assert load_run(answered.path).answers == {"main": written} == answered.answers
    assert [(row.name, row.value) for row in answered.rows] == [("right", 1.0)]


def test_the_rates_are_those_of_the_recording(answered: Run) -> None:
    assert answered.path is not None
    recording = read_nwb(answered.path / "recording.nwb")
    table = recording.trial_table
    asked = np.flatnonzero(table.phase == "recall")
    assert list(table.stimulus[asked]) == ["??k", "??a", "??y", "??m"]  # four are kept
    codes = small_memory().orthogonal_codes()
    counts = recording.spikes["value_cells"].counts(table.start_time[asked], (0, 0.2))
    rates = counts @ codes.values.T / 3 / 0.2
    expected = [list(answer["rates"].values()) for answer in answered.answers["main"][:4]]
    np.testing.assert_allclose(rates, expected, atol=1e-6)


def test_the_answers_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurosim.cli._listen_to_signals", lambda: None)
    monkeypatch.setattr("neurosim.cli.STOPS", ())
    changes = SMALL_MEMORY | {"protocol.strings": "c9k8??k,a1b2??a"}
    sets = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    out = tmp_path / "run"
    assert cli.main(["run", "associative_retrieval", *sets, "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["string", "answer", "rates"]
    assert lines[1].split()[:4] == ["c9k8??k", "8", "0:", lines[1].split()[3]]
    assert lines[2].split()[:2] == ["a1b2??a", "1"]
    assert len(json.loads((out / "answers.json").read_text())) == 2


@pytest.mark.parametrize(
    ("string", "reason"),
    [
        ("c9k8c3??c", "binds 'c' 2 times"),
        ("c9K8??c", "holds 'K'"),
        ("c9k8", "has no query"),
        ("c9k8??d", "asks for 'd'"),
        ("c9k??c", "no digit behind 'k'"),
        ("c9??c,", "is empty"),
    ],
)
def test_a_malformed_string_is_refused_with_a_sentence_that_quotes_it(
    string: str, reason: str, tmp_path: Path
) -> None:
    quoted = string.split(",")[-1]
    with pytest.raises(InputError, match=re.escape(f"'{quoted}'")) as refusal:
        ns.run(
            "associative_retrieval",
            overrides={"protocol.strings": string},
            out=tmp_path / "run",
        )
    assert reason in str(refusal.value)
    assert not (tmp_path / "run").exists()


def test_strings_are_all_that_is_asked_for() -> None:
    options = PROTOCOL.options(small_sheet(), {"protocol.strings": "a1??a"}, False)
    assert list(PROTOCOL.targets(options)) == ["main"]
    other = {"protocol.strings": "a1??a", "protocol.condition": "delay"}
    with pytest.raises(InputError, match="'delay', which means nothing with these options"):
        PROTOCOL.conditions(PROTOCOL.options(small_sheet(), other, False))


# Answers of any protocol


def test_answers_are_a_table() -> None:
    text = answers.as_text(
        [
            {"string": "a1??a", "answer": "1", "rates": {"0": 0.123456, "1": 50.0}},
            {"string": "c9k8??c", "answer": "9", "rates": {"0": 1, "1": 2.5}},
        ]
    )
    assert text.splitlines() == [
        "string   answer  rates",
        "a1??a    1       0: 0.1235, 1: 50",
        "c9k8??c  9       0: 1, 1: 2.5",
    ]


def test_answers_are_read_back_or_refused(tmp_path: Path) -> None:
    path, given = tmp_path / "answers.json", [{"string": "a1??a", "rates": {"1": 0.1}}]
    answers.write_answers(path, given)
    assert answers.read_answers(path) == given
    for text in ("", "{}", "[1]"):
        path.write_text(text)
        with pytest.raises(InputError, match="holds no answers"):
            answers.read_answers(path)


# What is measured


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Let random spikes and weights stand for simulations; return the jobs."""
    return invent_results(monkeypatch, {"associative_memory": MemoryBench()})


def measured(condition: str, **options: Any) -> Mapping[str, float]:
    return measured_in(PROTOCOL, small_sheet(), condition, **options)


@pytest.mark.parametrize("condition", PROTOCOL.script.CONDITIONS)
def test_every_target_is_measured(condition: str, invented: list[Job]) -> None:
    targets = PROTOCOL.targets(PROTOCOL.script.Options())[condition]
    assert set(measured(condition, n_strings=4)) == set(targets)


def test_delays_are_simulated_as_far_as_it_says(invented: list[Job]) -> None:
    measured("delay", n_strings=4)
    longest = max(job.duration for job in invented)
    assert longest == pytest.approx(LONGEST_SIMULATED + 0.75 + 0.2)
    for tau in TIME_CONSTANTS:
        own = [job for job in invented if job.arguments["key_to_value.tau_fast"] == tau]
        exact = [job for job in own if job.state]
        beyond = sum(x * tau > LONGEST_SIMULATED for x in DELAYS)
        # One for each delay beyond, one where the two meet, and one more for the fit.
        assert len(exact) == beyond + 1 + (tau == 4)


def test_controls_differ_from_the_experiment_in_one_thing(invented: list[Job]) -> None:
    measured("main", n_strings=4)
    intact = list(invented)
    invented.clear()
    measured("without_learning", n_strings=4)
    for job, control in zip(intact, invented, strict=False):
        assert control.arguments["key_to_value.learning_rate"] == 0
        assert {**control.arguments, "key_to_value.learning_rate": 1e-4} == job.arguments
        assert all((control.tables[name] == job.tables[name]).all() for name in job.tables)


def test_shuffling_keeps_the_weights_of_each_key_cell(invented: list[Job]) -> None:
    measured("shuffled", n_strings=4)
    stored, recalled = (
        MemoryBench().invented(invented[0])["key_to_value.w"],
        invented[1].state["key_to_value.w"],
    )
    first, second = (np.sort(w.reshape(4, 78, 30), axis=2) for w in (stored, recalled))
    ratio = second / first
    np.testing.assert_allclose(ratio, ratio[0, 0, 0], rtol=1e-6)
    assert not np.allclose(recalled, stored * ratio[0, 0, 0])


def test_rebound_sequences_and_their_controls_are_as_old() -> None:
    sequences = rebindings(5, np.random.default_rng(0))
    assert {len(s.keys) for s in sequences["new_value_lag_0"]} == {9}
    for one, control in zip(sequences["untouched"], sequences["untouched_control"], strict=True):
        assert (one.query, one.values) == (control.query, control.values)
        assert len(set(one.keys)) == 20
        assert len(set(control.keys)) == 23


def test_noise_is_infinite_at_chance_and_fits_above() -> None:
    exam = Examination(small_memory(), 64)
    codes, strings = exam.memory.orthogonal_codes(), exam.strings(4)
    assert noise_of(exam, strings, codes, 8.0, CHANCE) == math.inf
    assert exam.exact_share_right(strings, codes, math.inf, 8.0) == pytest.approx(CHANCE)
    noise = noise_of(exam, strings, codes, 8.0, 0.7)
    assert exam.exact_share_right(strings, codes, noise, 8.0) == pytest.approx(0.7, abs=1e-4)
    assert exam.exact_share_right(strings, codes, noise, 12.0) < 0.5


def test_the_linear_read_out_is_least_squares() -> None:
    generator = np.random.default_rng(0)
    features, others = generator.normal(size=(50, 2, 4)), generator.normal(size=(7, 4))
    coefficients = generator.normal(size=(4, 3))
    said = read_out(features, features @ coefficients, others)
    np.testing.assert_allclose(said, others @ coefficients, atol=1e-12)


def test_half_of_the_letters_that_are_asked_for_were_shown() -> None:
    strings = random_strings(20, 4, np.random.default_rng(0))
    asked = letters_to_ask(strings, np.random.default_rng(1))
    own = [[letter in s.keys for letter in row] for s, row in zip(strings, asked, strict=True)]
    assert {sum(row) for row in own} == {N_ASKED // 2}
    assert 0 < np.mean([row[0] for row in own]) < 1  # in a random order


def test_correlation_is_pearsons() -> None:
    first = np.array([[[1.0, 2.0], [3.0, 5.0]]])
    second = np.array([[[2.0, 1.0], [4.0, 3.0]]])
    expected = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert correlation(first, second) == pytest.approx(expected)
    assert math.isnan(correlation(first, np.zeros_like(first)))
