"""The dose of plasticity: one past for all doses, each with its own learning rate, in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import neurosim as ns
from neurosim import statistics as st
from neurosim.association.dose_response import phase_of
from neurosim.association.paired_stimuli import random_stimuli
from neurosim.experiment import prepare
from neurosim.progress import QUIET
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run
from neurosim.simulation.job import Job

LEARNING_RATE = 0.4
OPTIONS = {"protocol.composite_trials": 2, "protocol.learning_rate": LEARNING_RATE}
PAIR = ("code 1", "code 2")
COMPOSITE = "code 1+code 2"
INPUT, RECURRENT = "input_to_excitatory", "excitatory_to_excitatory"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_protocol("ison2015_dose").script


@pytest.fixture(scope="module")
def watched(
    small_sheet: Path, noting_jobs: Callable[[], AbstractContextManager[list[Job]]]
) -> tuple[Run, list[Job]]:
    """Run every dose with all synapses plastic; return also what was simulated."""
    with noting_jobs() as jobs:
        return ns.run("ison2015_dose", small_sheet, seed=2, overrides=OPTIONS), jobs


def test_doses_ascend_around_that_of_the_sheet(script: ModuleType) -> None:
    assert list(script.DOSES) == sorted(set(script.DOSES))
    assert script.DOSES[0] < 1.0 < script.DOSES[-1] and 1.0 in script.DOSES


def test_every_dose_learns_from_the_same_state(
    watched: tuple[Run, list[Job]], script: ModuleType
) -> None:
    _, (past, *learning) = watched
    assert not past.state
    assert len(learning) == len(script.DOSES)
    assert learning[0].state.keys() == {f"{INPUT}.w", f"{RECURRENT}.w"}
    for job in learning[1:]:
        assert (job.brain_seed, job.noise_seed) == (past.brain_seed, learning[0].noise_seed)
        for name, weights in learning[0].state.items():
            assert np.array_equal(job.state[name], weights)
        # Not only the past but every trial is the same.
        assert np.array_equal(job.tables["input_patterns"], learning[0].tables["input_patterns"])
        assert job.duration == learning[0].duration


def test_every_dose_has_its_own_learning_rate(
    watched: tuple[Run, list[Job]], script: ModuleType
) -> None:
    _, (_, *learning) = watched
    for dose, job in zip(script.DOSES, learning, strict=True):
        for projection in (INPUT, RECURRENT):
            rates = np.unique(job.tables[f"{projection}_learning_rate"])
            np.testing.assert_allclose(rates, [0, dose * LEARNING_RATE])


@pytest.mark.parametrize(
    ("condition", "plastic"),
    [("main", {INPUT, RECURRENT}), ("recurrent_only", {RECURRENT}), ("input_only", {INPUT})],
)
def test_which_synapses_learn(
    condition: str, plastic: set[str], script: ModuleType, small_sheet: Path
) -> None:
    experiment = prepare("ison2015_dose", small_sheet, 0, OPTIONS, "auto", False, QUIET)
    stimuli = random_stimuli(3, 1, 60, 10, np.random.default_rng(0))
    timeline = script.learn_and_test(
        stimuli, condition, 2.0, experiment.session, experiment.options
    )
    learning = [trial for trial in timeline.trials if trial.phase == "learning"]
    tests = [trial for trial in timeline.trials if trial.phase != "learning"]
    assert [trial.stimulus for trial in learning] == [COMPOSITE] * 2
    assert {trial.phase for trial in tests} == {phase_of(2.0)}
    for trial in learning:
        assert trial.learning_rates == dict.fromkeys(plastic, 2 * LEARNING_RATE)
    assert not any(trial.plastic for trial in tests)


def test_the_trials_stand_in_the_order_of_the_doses(
    watched: tuple[Run, list[Job]], script: ModuleType
) -> None:
    table = watched[0].recording.trial_table
    phases = [str(phase) for phase in dict.fromkeys(table.phase)]
    assert phases == ["imprint", "before", "learning", *map(phase_of, script.DOSES)]
    first = table.where(phase="learning")[0]
    per_dose = 2 + 2 * 4
    rounds = table.phase[first:].reshape(len(script.DOSES), per_dose)
    stimuli = table.stimulus[first:].reshape(len(script.DOSES), per_dose)
    for dose, in_round, shown in zip(script.DOSES, rounds, stimuli, strict=True):
        assert in_round.tolist() == ["learning"] * 2 + [phase_of(dose)] * 8
        assert shown[:2].tolist() == [COMPOSITE] * 2
        assert sorted(shown[2:]) == [PAIR[0]] * 4 + [PAIR[1]] * 4
        assert shown.tolist() == stimuli[0].tolist(), "another order at another dose"
    before = table.stimulus[table.where(phase="before")]
    assert sorted(before) == sorted(["code 1", "code 2", "code 3"] * 4)
    plastic = set(table.phase[table.plastic])
    assert plastic == {"imprint", "learning"}


def test_what_is_measured(watched: tuple[Run, list[Job]], script: ModuleType) -> None:
    run, _ = watched
    assert [row.name for row in run.rows] == list(script.TARGETS["main"])
    recording, table = run.recording, run.recording.trial_table

    def responds(stimulus: str, phase: str) -> np.ndarray:
        trials = table.where(phase=phase, stimulus=stimulus)
        return st.responsive_units(recording, "excitatory", trials)

    directions = (PAIR, PAIR[::-1])
    eligible = [responds(own, "before") & ~responds(other, "before") for own, other in directions]
    fractions = {
        dose: sum(
            (units & responds(other, phase_of(dose))).sum()
            for units, (_, other) in zip(eligible, directions, strict=True)
        )
        / sum(units.sum() for units in eligible)
        for dose in script.DOSES
    }
    assert len(set(fractions.values())) > 1, "the dose changes nothing"
    values = {row.name: row.value for row in run.rows}
    assert values["pair_coding_at_dose_1"] == pytest.approx(fractions[1.0])
    assert values["pair_coding_largest"] == pytest.approx(max(fractions.values()))


def test_only_the_range_of_doses_is_judged(script: ModuleType) -> None:
    targets = script.targets(script.Options())
    assert list(targets) == ["main", "recurrent_only", "input_only"]
    judged = {
        (condition, name): (target.mean_low, target.low, target.high, target.mean_high)
        for condition, of_condition in targets.items()
        for name, target in of_condition.items()
        if (target.low, target.high, target.mean_low, target.mean_high) != (None,) * 4
    }
    assert judged == {("main", "dose_range"): (1.5, None, None, None)}
    assert script.WANTED == (0.25, 0.60)
    both = {"pair_coding_at_dose_1", "pair_coding_largest"}
    assert targets["recurrent_only"].keys() == targets["input_only"].keys() == both


def test_a_condition_measures_what_has_a_target(
    small_sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = {"protocol.condition": "input_only"}
    experiment = prepare("ison2015_dose", small_sheet, 0, overrides, "auto", False, QUIET)
    monkeypatch.setattr(experiment.protocol.script, "DOSES", (1.0, 2.0))
    run = experiment.run()
    assert list(dict.fromkeys(run.recording.trial_table.phase))[3:] == [phase_of(1), phase_of(2)]
    rows = {(row.condition, row.name, row.status) for row in run.rows}
    names = ("pair_coding_at_dose_1", "pair_coding_largest")
    assert rows == {("input_only", name, "reported") for name in names}
