"""The protocol after Ison et al. 2015: trials, stimuli, plasticity, conditions and targets."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neurosim as ns
from neurosim import session as session_module
from neurosim import statistics as st
from neurosim.association.assemblies import find_assemblies
from neurosim.association.paired_stimuli import PairedStimuli, picture_stimuli, random_stimuli
from neurosim.errors import InputError
from neurosim.experiment import Experiment, prepare
from neurosim.folders import folder, names
from neurosim.parameters.library import load_model
from neurosim.progress import QUIET
from neurosim.protocol import load_protocol
from neurosim.recording import Recording
from neurosim.scorecard import EVIDENCE, Target
from neurosim.simulation.job import Job
from neurosim.tick import TICK
from neurosim.timeline import Timeline

SEED = 2
N_SINGLES, IMPRINT, TEST, COMPOSITES, LEARNING_RATE = 4, 3, 6, 2, 0.5
CUES = 5
OPTIONS = {
    "protocol.n_random": N_SINGLES,
    "protocol.imprint_trials": IMPRINT,
    "protocol.test_trials": TEST,
    "protocol.composite_trials": COMPOSITES,
    "protocol.composite_duration": "0.8 s",
    "protocol.learning_rate": LEARNING_RATE,
}
SINGLES = [f"code {k}" for k in range(1, N_SINGLES + 1)]
P, NP, *OTHERS = SINGLES
COMPOSITE = f"{P}+{NP}"
PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory")
GAPS = {
    "unpaired": 1.0,
    "unpaired_gap_0": 0.0,
    "unpaired_gap_100_ms": 0.1,
    "unpaired_gap_500_ms": 0.5,
    "unpaired_gap_2_s": 2.0,
}
LEARNING = ("main", "plasticity_off", *GAPS, "recurrent_only", "input_only")
STIMULATIONS = ("stimulation_trained", "stimulation_shuffled", "stimulation_naive")
PICTURES = {"protocol.stimuli": "pictures", "protocol.n_random": 5, "input.n_active": 12}


@dataclass(frozen=True)
class Watched:
    """Conditions that were run in one session, and the jobs that they simulated."""

    recordings: dict[str, Recording]
    values: dict[str, dict[str, float]]
    jobs: list[Job]
    stimuli: PairedStimuli

    def __getitem__(self, condition: str) -> Recording:
        return self.recordings[condition]


Noting = Callable[[], AbstractContextManager[list[Job]]]


def watch(
    experiment: Experiment, conditions: list[str], stimuli: PairedStimuli, noting_jobs: Noting
) -> Watched:
    """Run conditions and note the jobs."""
    script, session = experiment.protocol.script, experiment.session
    with noting_jobs() as jobs:
        done = {c: script.run_condition(c, session, experiment.options) for c in conditions}
    recordings = {condition: recording for condition, (recording, _) in done.items()}
    return Watched(recordings, {c: values for c, (_, values) in done.items()}, jobs, stimuli)


def prepared(sheet: Path, overrides: Mapping[str, Any], quick: bool = False) -> Experiment:
    return prepare("ison2015", sheet, SEED, overrides, "auto", quick, QUIET)


@pytest.fixture(scope="module")
def watched(small_sheet: Path, noting_jobs: Noting) -> Watched:
    """Run all conditions on random codes."""
    experiment = prepared(small_sheet, OPTIONS | {"protocol.condition": "all"})
    conditions = experiment.protocol.conditions(experiment.options)
    inputs, generator = experiment.session.parameters.input, experiment.session.generator("stimuli")
    stimuli = random_stimuli(N_SINGLES, 1, inputs.n, inputs.n_active, generator)
    return watch(experiment, conditions, stimuli, noting_jobs)


@pytest.fixture(scope="module")
def pictured(small_sheet: Path, noting_jobs: Noting) -> Watched:
    """Run the composite and the montage of two pairs of pictures."""
    overrides = OPTIONS | PICTURES | {"protocol.pairs": 2}
    experiment = prepared(small_sheet, overrides)
    inputs, generator = experiment.session.parameters.input, experiment.session.generator("stimuli")
    pictures = experiment.options.pictures
    stimuli = picture_stimuli(pictures, 2, inputs.n, inputs.n_active, generator)
    return watch(experiment, ["main", "montage"], stimuli, noting_jobs)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_protocol("ison2015").script


@pytest.fixture
def nothing_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything is simulated."""

    def never(*_: Any) -> None:
        raise AssertionError("it was simulated")

    monkeypatch.setattr(session_module, "simulate", never)


def counts(recording: Recording, column: str, **where: Any) -> Counter[str]:
    table = recording.trial_table
    return Counter(getattr(table, column)[table.where(**where)].tolist())


def past_of(recording: Recording) -> float:
    """Return when the silence before the first learning trial begins (lead-in of 0.5 s)."""
    table = recording.trial_table
    return float(table.start_time[table.where(phase="learning")[0]] - 0.5)


def patterns_of(job: Job, recording: Recording, after: float) -> dict[str, np.ndarray]:
    """Return the inputs that a job's stimuli drive, by name; the job begins at `after`."""
    table = recording.trial_table
    shown = dict.fromkeys(table.stimulus[table.start_time > after])
    return dict(zip(shown, job.tables["input_patterns"][1:].astype(bool), strict=False))


# ------------------------------------------------------------------------------ trials


def test_every_phase_has_its_trials(watched: Watched) -> None:
    assert counts(watched["main"], "phase") == {
        "imprint": IMPRINT * N_SINGLES,
        "before": TEST * N_SINGLES,
        "completion": CUES * N_SINGLES,
        "learning": COMPOSITES,
        "between": COMPOSITES * N_SINGLES,
        "after": TEST * N_SINGLES,
    }
    phases = list(dict.fromkeys(watched["main"].trial_table.phase))
    assert phases == ["imprint", "before", "completion", "learning", "between", "after"]


@pytest.mark.parametrize("condition", LEARNING)
def test_every_stimulus_is_shown_as_often(condition: str, watched: Watched) -> None:
    recording = watched[condition]
    for phase, each in (("imprint", IMPRINT), ("before", TEST), ("after", TEST)):
        assert counts(recording, "stimulus", phase=phase) == dict.fromkeys(SINGLES, each)
    halves = {PairedStimuli.half(name): CUES for name in SINGLES}
    assert counts(recording, "stimulus", phase="completion") == halves
    learnt = dict.fromkeys([P, NP] if condition in GAPS else [COMPOSITE], COMPOSITES)
    assert counts(recording, "stimulus", phase="learning") == learnt


@pytest.mark.parametrize(("condition", "each"), [("main", 1), ("unpaired", 2)])
def test_each_round_is_followed_by_a_test_of_every_picture(
    condition: str, each: int, watched: Watched
) -> None:
    table = watched[condition].trial_table
    learning = table.where(phase="learning")
    rounds = learning.reshape(COMPOSITES, each)
    assert (np.diff(rounds[:, 0]) == N_SINGLES + each).all()
    for last in rounds[:, -1]:
        tests = table.stimulus[last + 1 : last + 1 + N_SINGLES]
        assert sorted(tests) == SINGLES


def test_stimuli_last_as_long_as_they_should(watched: Watched) -> None:
    table = watched["main"].trial_table
    shown = table.stop_time - table.start_time
    assert shown[table.where(phase="learning")] == pytest.approx(0.8)
    assert np.delete(shown, table.where(phase="learning")) == pytest.approx(0.5)
    silence = table.start_time[1:] - table.stop_time[:-1]
    assert silence.min() > 0.4 - 1e-9, "the baseline of a trial would hold another stimulus"
    assert table.stop_time[-1] < watched["main"].duration


def test_roles_and_pairs(watched: Watched) -> None:
    table = watched["main"].trial_table
    expected = {P: "P", NP: "NP", COMPOSITE: "C"} | dict.fromkeys(OTHERS, "NA")
    expected |= {PairedStimuli.half(name): expected[name] for name in SINGLES}
    assert dict(zip(table.stimulus, table.role, strict=True)) == expected
    assert np.array_equal(table.pair, np.where(table.role == "NA", -1, 0))
    probe = watched["stimulation_trained"].trial_table
    driven = {PairedStimuli.drive(name): expected[name] for name in SINGLES}
    assert dict(zip(probe.stimulus, probe.role, strict=True)).items() >= driven.items()


@pytest.mark.parametrize("condition", [*LEARNING, *STIMULATIONS[:2]])
def test_nothing_is_plastic_but_imprint_and_learning(condition: str, watched: Watched) -> None:
    still = condition == "plasticity_off" or condition in STIMULATIONS
    plastic = {"imprint"} if still else {"imprint", "learning"}
    assert set(counts(watched[condition], "phase", plastic=True)) == plastic
    assert set(counts(watched[condition], "phase", plastic=False)).isdisjoint(plastic)


def test_the_order_is_drawn_by_the_seed(small_sheet: Path, watched: Watched) -> None:
    def order(recording: Recording) -> list[str]:
        table = recording.trial_table
        return table.stimulus[table.where(phase="imprint")].tolist()

    other = ns.run("ison2015", small_sheet, seed=SEED + 1, overrides=OPTIONS).recording
    assert order(watched["main"]) != order(other)


# ------------------------------------------------------------------------------ conditions


def test_conditions_with_pictures_and_with_codes(
    script: ModuleType, watched: Watched, small_sheet: Path
) -> None:
    every = [*LEARNING, "montage", *STIMULATIONS]
    assert list(script.CONDITIONS) == every and len(every) == 13
    experiment = prepared(small_sheet, PICTURES | {"protocol.condition": "all"})
    assert experiment.protocol.conditions(experiment.options) == every
    assert list(watched.recordings) == [name for name in every if name != "montage"]


@pytest.mark.usefixtures("nothing_simulated")
def test_codes_have_no_montage(small_sheet: Path, tmp_path: Path) -> None:
    overrides = {"protocol.condition": "montage"}
    with pytest.raises(InputError, match=r"^protocol\.condition is montage, .* needs pictures\.$"):
        ns.run("ison2015", small_sheet, overrides=overrides, out=tmp_path / "made" / "run")
    assert list(tmp_path.iterdir()) == []


def test_equal_pasts_are_simulated_once(watched: Watched, pictured: Watched) -> None:
    # The imprint, one for each of nine learning conditions, and three stimulations.
    assert len(watched.jobs) == 1 + len(LEARNING) + len(STIMULATIONS) == 13
    fresh = [k for k, job in enumerate(watched.jobs) if not job.state]
    assert fresh == [0, 12], "the imprint and the naive brain"
    assert len(pictured.jobs) == 3, "the imprint, the composites, the montages"
    for jobs in (watched.jobs, pictured.jobs):
        assert len({job.brain_seed for job in jobs}) == 1


@pytest.mark.parametrize("condition", [*LEARNING[1:], *STIMULATIONS[:2]])
def test_a_condition_shares_its_past_with_main(condition: str, watched: Watched) -> None:
    main, other = watched["main"], watched[condition]
    end = past_of(main)
    before = main.trial_table.start_time[main.trial_table.start_time < end]
    assert np.array_equal(other.trial_table.start_time[: len(before)], before)
    for population, trains in main.spikes.items():
        ours, theirs = trains.time < end, other.spikes[population].time < end
        assert ours.any()
        assert np.array_equal(trains.time[ours], other.spikes[population].time[theirs])
        assert np.array_equal(trains.index[ours], other.spikes[population].index[theirs])


def test_learning_starts_where_the_imprint_ended(watched: Watched) -> None:
    states = [job.state for job in watched.jobs[1 : 1 + len(LEARNING)]]
    for state in states[1:]:
        for name, weights in states[0].items():
            assert np.array_equal(state[name], weights)
    assert set(states[0]) == {f"{projection}.w" for projection in PROJECTIONS}
    assert all(np.std(weights) > 0 for weights in states[0].values())


@pytest.mark.parametrize("condition", LEARNING[1:])
def test_a_condition_differs_from_main_while_learning_only(
    condition: str, watched: Watched
) -> None:
    def trials(recording: Recording, learning: bool) -> list[tuple[str, ...]]:
        table = recording.trial_table
        rows = zip(table.phase, table.stimulus, table.role, table.pair, strict=True)
        return [row for row in rows if (row[0] == "learning") is learning]

    main, other = watched["main"], watched[condition]
    assert trials(main, False) == trials(other, False)
    assert (trials(main, True) == trials(other, True)) is (condition not in GAPS)


@pytest.mark.parametrize(("condition", "gap"), GAPS.items())
def test_the_partner_follows_after_the_gap_and_is_never_shown_together(
    condition: str, gap: float, watched: Watched
) -> None:
    table = watched[condition].trial_table
    own, partner = (table.where(phase="learning", stimulus=name) for name in (P, NP))
    assert len(own) == COMPOSITES
    assert np.array_equal(partner, own + 1)
    np.testing.assert_allclose(table.start_time[partner] - table.stop_time[own], gap, atol=1e-9)
    for trials in (own, partner):
        np.testing.assert_allclose(table.stop_time[trials] - table.start_time[trials], 0.8)
    # What comes next is as far away in all of them, and as after a composite.
    silence = table.start_time[partner + 1] - table.stop_time[partner]
    main = watched["main"].trial_table
    composites = main.where(phase="learning")
    np.testing.assert_allclose(silence, 1.0)
    np.testing.assert_allclose(main.start_time[composites + 1] - main.stop_time[composites], 1.0)
    assert COMPOSITE not in counts(watched[condition], "stimulus")


@pytest.mark.parametrize(
    ("condition", "plastic"),
    [
        ("main", PROJECTIONS),
        *((condition, PROJECTIONS) for condition in GAPS),
        ("plasticity_off", ()),
        ("input_only", PROJECTIONS[:1]),
        ("recurrent_only", PROJECTIONS[1:]),
    ],
)
def test_which_synapses_learn(condition: str, plastic: tuple[str, ...], watched: Watched) -> None:
    # In the order in which the conditions are run, behind the imprint.
    job = watched.jobs[1 + LEARNING.index(condition)]
    table = watched[condition].trial_table
    end = past_of(watched[condition])
    for projection in PROJECTIONS:
        schedule = job.tables[f"{projection}_learning_rate"]
        at_onset = np.rint((table.start_time - end) / TICK).astype(int)
        rates = {
            phase: set(schedule[at_onset[table.where(phase=phase)]])
            for phase in ("learning", "between", "after")
        }
        learning = {LEARNING_RATE} if projection in plastic else {0.0}
        assert rates == {"learning": learning, "between": {0.0}, "after": {0.0}}
        imprint = watched.jobs[0].tables[f"{projection}_learning_rate"]
        assert set(imprint) == {0.0, 1.0}


def test_stimulation_drives_half_of_each_assembly_and_no_input(watched: Watched) -> None:
    found = find_assemblies(watched["main"], SINGLES, "before")
    assert all(cells.any() for cells in found.values())
    for job in watched.jobs[-3:]:
        assert not job.tables["input_patterns"].any()
        driven = job.tables["excitatory_patterns"].astype(bool)
        rows = {frozenset(np.flatnonzero(row)) for row in driven if row.any()}
        assert len(rows) == N_SINGLES
        for cells in found.values():
            members = set(np.flatnonzero(cells))
            assert any(row <= members and len(row) == len(members) // 2 for row in rows)
    for condition in STIMULATIONS:
        phase = condition.removeprefix("stimulation_")
        driven_halves = {PairedStimuli.drive(name): CUES for name in SINGLES}
        assert counts(watched[condition], "stimulus", phase=phase) == driven_halves
        # What the trained brain lived through is recorded; the naive one has no past.
        past = {"imprint", "before", "completion"} if condition != "stimulation_naive" else set()
        assert set(counts(watched[condition], "phase")) == past | {phase}


def test_stimulations_differ_in_the_weights_alone(watched: Watched) -> None:
    trained, shuffled, naive = watched.jobs[-3:]
    learnt = watched.jobs[1].state  # what learning starts from
    recurrent = "excitatory_to_excitatory.w"
    assert all(np.array_equal(trained.state[name], weights) for name, weights in learnt.items())
    assert shuffled.state.keys() == trained.state.keys()
    for name, weights in shuffled.state.items():
        if name == recurrent:
            assert np.array_equal(np.sort(weights), np.sort(learnt[name])), "no permutation"
            assert abs(np.corrcoef(weights, learnt[name])[0, 1]) < 0.2, "hardly permuted"
        else:
            assert np.array_equal(weights, learnt[name])
    assert not naive.state
    # Noise is drawn anew at each stage, and the naive brain is at its first.
    assert shuffled.noise_seed == trained.noise_seed
    assert naive.noise_seed == watched.jobs[0].noise_seed
    for other in (shuffled, naive):
        for field in dataclasses.fields(Job):
            if field.name in ("state", "noise_seed"):
                continue
            one, two = getattr(trained, field.name), getattr(other, field.name)
            if field.name != "tables":
                assert one == two, field.name
                continue
            assert one.keys() == two.keys()
            assert all(np.array_equal(table, two[name]) for name, table in one.items())


def test_stimulated_cells_fire(watched: Watched) -> None:
    naive = watched["stimulation_naive"]
    driven = watched.jobs[-1].tables["excitatory_patterns"].any(axis=0)
    onsets = naive.trial_table.start_time
    per_trial = naive.spikes["excitatory"].counts(onsets, (0, 0.5)).mean(axis=0)
    assert per_trial[driven].mean() > 10 * per_trial[~driven].mean() + 1


def test_patterns_drive_the_inputs_that_they_name(watched: Watched) -> None:
    main = watched["main"]
    patterns = patterns_of(watched.jobs[1], main, past_of(main))
    assert patterns.keys() == {*SINGLES, COMPOSITE}
    for name, pattern in patterns.items():
        assert np.array_equal(pattern, watched.stimuli.codes[name]), name
    spikes, table = main.spikes["input"], main.trial_table
    onsets = table.start_time[table.where(phase="after", stimulus=P)]
    driven = spikes.counts(onsets, (0, 0.5)).mean(axis=0)
    assert driven[patterns[P]].min() > driven[~patterns[P]].max()


def test_the_montage_is_shown_in_place_of_the_composite(pictured: Watched) -> None:
    end = past_of(pictured["main"])
    for condition, job in zip(("main", "montage"), pictured.jobs[1:], strict=True):
        patterns = patterns_of(job, pictured[condition], end)
        learnt = {
            pair.montage if condition == "montage" else pair.composite
            for pair in pictured.stimuli.pairs
        }
        assert set(counts(pictured[condition], "stimulus", phase="learning")) == learnt
        assert patterns.keys() == {*pictured.stimuli.singles, *learnt}
        for name, pattern in patterns.items():
            assert np.array_equal(pattern, pictured.stimuli.codes[name]), name
    tables = [pictured[condition].trial_table for condition in ("main", "montage")]
    for column in ("start_time", "stop_time", "phase", "role", "pair", "plastic"):
        assert np.array_equal(*(getattr(table, column) for table in tables)), column


# ------------------------------------------------------------------------------ several pairs


@pytest.fixture(scope="module")
def two_pairs_of_codes(small_sheet: Path, noting_jobs: Noting) -> Watched:
    """Run two pairs of random codes and a fifth code."""
    experiment = prepared(small_sheet, OPTIONS | {"protocol.pairs": 2, "protocol.n_random": 5})
    inputs, generator = experiment.session.parameters.input, experiment.session.generator("stimuli")
    stimuli = random_stimuli(5, 2, inputs.n, inputs.n_active, generator)
    return watch(experiment, ["main"], stimuli, noting_jobs)


@pytest.fixture(params=["codes", "pictures"])
def two_pairs(request: pytest.FixtureRequest) -> Watched:
    fixture = {"codes": "two_pairs_of_codes", "pictures": "pictured"}[request.param]
    chosen: Watched = request.getfixturevalue(fixture)
    return chosen


def test_the_composites_of_all_pairs_are_shown_once_a_round(two_pairs: Watched) -> None:
    table, stimuli = two_pairs["main"].trial_table, two_pairs.stimuli
    composites = [pair.composite for pair in stimuli.pairs]
    assert len(composites) == 2 and len(stimuli.singles) == 5
    first = table.where(phase="learning", stimulus=composites[0])
    assert len(first) == COMPOSITES
    for start in first:
        assert table.stimulus[start : start + 2].tolist() == composites
        assert sorted(table.stimulus[start + 2 : start + 7]) == sorted(stimuli.singles)
        assert set(table.phase[start : start + 2]) == {"learning"}
        assert set(table.phase[start + 2 : start + 7]) == {"between"}
    both = np.concatenate([first, first + 1])
    np.testing.assert_allclose(table.start_time[both + 1] - table.stop_time[both], 1.0)


def test_roles_and_numbers_of_several_pairs(two_pairs: Watched) -> None:
    table, stimuli = two_pairs["main"].trial_table, two_pairs.stimuli
    p, np_, second_p, second_np, other = stimuli.singles
    expected = {
        p: ("P", 0),
        np_: ("NP", 0),
        second_p: ("P", 1),
        second_np: ("NP", 1),
        other: ("NA", -1),
    }
    expected |= {stimuli.half(name): expected[name] for name in stimuli.singles}
    expected |= {f"{p}+{np_}": ("C", 0), f"{second_p}+{second_np}": ("C", 1)}
    rows = zip(table.stimulus, table.role, table.pair, strict=True)
    assert {name: (role, pair) for name, role, pair in rows} == expected


Directions = list[tuple[str, str]]


def changed(recording: Recording, directions: Directions) -> list[tuple[int, int]]:
    """Return for each direction how many units could become pair-coding, and how many did."""

    def responds(stimulus: str, phase: str) -> np.ndarray:
        trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
        assert len(trials) == TEST
        return st.responsive_units(recording, "excitatory", trials)

    found = []
    for own, partner in directions:
        eligible = responds(own, "before") & ~responds(partner, "before")
        found.append((int(eligible.sum()), int((eligible & responds(partner, "after")).sum())))
    return found


def test_the_fraction_is_that_of_the_units_of_all_pairs(two_pairs: Watched) -> None:
    p, np_, second_p, second_np, _ = two_pairs.stimuli.singles
    ways: dict[str, Directions] = {
        "pair_coding_p_to_np": [(p, np_), (second_p, second_np)],
        "pair_coding_np_to_p": [(np_, p), (second_np, second_p)],
    }
    differ = []
    for condition, values in two_pairs.values.items():
        fractions = []
        for row, directions in ways.items():
            found = changed(two_pairs[condition], directions)
            (n_first, first), (n_second, second) = found
            assert values[row] == pytest.approx((first + second) / (n_first + n_second))
            fractions += [first / n_first, second / n_second]
            differ.append(fractions[-1] != fractions[-2])
        if condition == "main":
            assert values["pair_coding_smallest"] == pytest.approx(min(fractions))
            assert values["pair_coding_largest"] == pytest.approx(max(fractions))
    assert any(differ), "there is nothing to pool"


def test_a_control_reports_the_larger_of_both_directions(watched: Watched) -> None:
    differ = []
    for condition in LEARNING[1:]:
        found = changed(watched[condition], [(P, NP), (NP, P)])
        fractions = [n_coding / n_eligible for n_eligible, n_coding in found]
        assert watched.values[condition] == {"pair_coding": pytest.approx(max(fractions))}
        differ.append(fractions[0] != fractions[1])
    assert any(differ), "one direction would do"


@pytest.mark.parametrize(("condition", "gap"), GAPS.items())
def test_unpaired_stimuli_of_several_pairs_keep_their_gap(
    condition: str, gap: float, small_sheet: Path, script: ModuleType
) -> None:
    overrides = {"protocol.pairs": 2, "protocol.n_random": 5, "protocol.composite_trials": 2}
    experiment = prepared(small_sheet, overrides)
    stimuli = random_stimuli(5, 2, 60, 10, np.random.default_rng(0))
    timeline: Timeline = script.learn_and_test(
        stimuli, condition, experiment.session, experiment.options
    )
    shown = [trial for trial in timeline.trials if trial.phase == "learning"]
    assert [trial.stimulus for trial in shown] == list(stimuli.singles[:4]) * 2
    # From one pair to the next as from a composite to the next.
    assert [trial.gap for trial in shown] == [gap, 1.0] * 4


@pytest.mark.usefixtures("nothing_simulated")
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"protocol.pairs": 2, "protocol.n_random": 4},
            r"^Got 4 codes, expected 2 pairs and at least one other: 5 codes or more\.$",
        ),
        (
            PICTURES | {"protocol.pairs": 2, "protocol.pictures": "palace,person,flower,cat"},
            r"^Got 4 pictures, expected 2 pairs and at least one other: 5 pictures or more\.$",
        ),
        (
            {"protocol.pairs": 3, "protocol.n_random": 7},
            r"^7 disjoint codes of 10 units need 70 units, but there are 60\.$",
        ),
        ({"protocol.pairs": 0}, r"^protocol\.pairs is 0, expected a number from 1 to 20\.$"),
        ({"protocol.n_random": 2}, r"^protocol\.n_random is 2, expected a number from 3 to 60\.$"),
        (
            {"protocol.pictures": "cat,coffee,rocket"},
            r"^protocol\.pictures means nothing with random stimuli\.$",
        ),
        (
            {"protocol.stimuli": "pictures"},
            r"^protocol\.n_random means nothing with pictures stimuli\.$",
        ),
    ],
)
def test_stimuli_that_do_not_fit_are_refused(
    overrides: Mapping[str, Any], message: str, small_sheet: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        ns.run("ison2015", small_sheet, overrides=overrides, out=tmp_path / "made" / "run")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------ own pictures


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with pictures of a user: noise and shapes."""
    generator = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(120), np.arange(90))
    drawn = {
        "noise.png": generator.integers(0, 256, (90, 120)),
        "stripes.jpg": 255 * (x // 12 % 2),
        "rings.png": 255 * (np.hypot(x - 50, y - 40) // 9 % 2),
        "disc.jpg": 255 * (np.hypot(x - 60, y - 45) < 30),
        "slope.png": 2 * x + ((x - 90) ** 2 + (y - 20) ** 2 < 150) * 10,
    }
    folder_of_user = tmp_path / "pictures"
    folder_of_user.mkdir()
    for name, grey in drawn.items():
        Image.fromarray(grey.astype(np.uint8)).save(folder_of_user / name)
    monkeypatch.chdir(folder_of_user)
    return folder_of_user


OWN_PICTURES = ("noise.png", "stripes.jpg", "rings.png", "disc.jpg", "slope.png")


def test_pairs_of_a_users_own_pictures(own: Path, small_sheet: Path) -> None:
    listed = {"protocol.pairs": 2, "protocol.pictures": ", ".join(OWN_PICTURES)}
    overrides = OPTIONS | PICTURES | listed
    run = ns.run("ison2015", small_sheet, seed=SEED, overrides=overrides)
    table = run.recording.trial_table
    singles = dict.fromkeys(table.stimulus[table.where(phase="before")])
    assert set(singles) == set(OWN_PICTURES)
    assert list(dict.fromkeys(table.stimulus[table.where(phase="learning")])) == [
        "noise.png+stripes.jpg",
        "rings.png+disc.jpg",
    ]
    assert run.sheet.protocol["pictures"] == list(OWN_PICTURES)
    shares = [run.row(f"composite_share_{of}").value for of in ("p", "np")]
    assert shares[0] == pytest.approx(shares[1], abs=1 / 12 + 1e-9) and min(shares) > 0.1
    # The sheet of the run names the pictures, so that it repeats the run.
    Path("again.toml").write_text(run.model_text, encoding="utf-8")
    again, first = (
        dataclasses.asdict(prepared(sheet, asked).options)
        for sheet, asked in ((Path("again.toml"), {}), (small_sheet, overrides))
    )
    assert again == first


@pytest.mark.usefixtures("nothing_simulated")
@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ("noise.png,notes.jpg,disc.jpg", r"^The file 'notes\.jpg' cannot be read as a picture: "),
        ("noise.png,cut.png,disc.jpg", r"^The file 'cut\.png' cannot be read as a picture: "),
        ("noise.png,stripes.jpg,./folder", r"^'\./folder' is a folder, expected a picture file"),
        ("absent.png,stripes.jpg,disc.jpg", r"^The picture 'absent\.png' is neither a file nor"),
        ("palace,persn,disc.jpg", r"^The picture 'persn' is neither .* did you mean 'person'\?$"),
        ("noise.png,disc.jpg,noise.png", r"^The picture 'noise\.png' is named twice, expected"),
        ("noise.png,disc.jpg,./noise.png", r"^The pictures 'noise\.png' and '\./noise\.png' are"),
        ("noise.png,disc.jpg", r"^Got 2 pictures, expected a pair and at least one other: 3 pict"),
        ("noise.png,,disc.jpg", r"^protocol\.pictures is 'noise\.png,,disc\.jpg', expected a list"),
    ],
)
def test_bad_pictures_of_a_user_are_refused(
    pictures: str, message: str, own: Path, small_sheet: Path, tmp_path: Path
) -> None:
    (own / "notes.jpg").write_text("This is no picture.\n")
    (own / "cut.png").write_bytes((own / "noise.png").read_bytes()[:500])
    (own / "folder").mkdir()
    left = sorted(tmp_path.rglob("*"))
    overrides = PICTURES | {"protocol.pictures": pictures}
    with pytest.raises(InputError, match=message) as caught:
        ns.run("ison2015", small_sheet, overrides=overrides, out=tmp_path / "made" / "run")
    assert "\n" not in str(caught.value) and str(caught.value).endswith((".", "?"))
    assert sorted(tmp_path.rglob("*")) == left


# ------------------------------------------------------------------------------ what is judged

BOUNDS = ("low", "high", "mean_low", "mean_high", "most_high", "sd_high")
FRACTION = {"low": 0.15, "high": 0.65, "mean_low": 0.30, "mean_high": 0.50, "sd_high": 0.12}
FIXED: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("main", "assembly_size"): {"low": 0.08, "high": 0.14},
    ("main", "trial_jaccard"): {"low": 0.95},
    ("main", "unassociated_overlap"): {"mean_high": 0.04},
    ("main", "largest_unassociated_overlap"): {"high": 0.20, "most_high": 0.10},
    ("main", "assembly_rate"): {"high": 45},
    ("main", "highest_rate"): {"high": 75},
    ("main", "background_rate"): {"low": 0.5, "high": 2},
    ("main", "half_cue_recovery"): {"low": 0.9},
    ("main", "pair_coding_p_to_np"): FRACTION,
    ("main", "pair_coding_np_to_p"): FRACTION,
    # Of several pairs each has to be in the range of one.
    ("main", "pair_coding_smallest"): {"low": 0.15},
    ("main", "pair_coding_largest"): {"high": 0.65},
    ("main", "kept"): {"low": 0.95},
    ("main", "na_units"): {"high": 0.02},
    ("main", "na_rate_change"): {"high": 0.5},
    ("main", "shuffled_pair_coding"): {"high": 0.02},
    ("main", "np_to_p_ratio"): {"high": 1},
    ("main", "np_change_p"): {"high": 0.05},
    ("main", "np_over_na_p"): {"high": 0.05},
    ("plasticity_off", "pair_coding"): {"high": 0.02},
    **{(condition, "pair_coding"): {"high": 0.02} for condition in GAPS},
    ("recurrent_only", "pair_coding"): {"high": 0.05},
    ("input_only", "pair_coding"): {"high": 0.05},
    # As for the composite that is a blend.
    ("montage", "pair_coding_p_to_np"): FRACTION,
    ("montage", "pair_coding_np_to_p"): FRACTION,
    ("stimulation_trained", "stimulation_recovery"): {"low": 0.5},
    ("stimulation_shuffled", "stimulation_recovery"): {"high": 0.02},
    ("stimulation_naive", "stimulation_recovery"): {"high": 0.02},
}


def judged(targets: Mapping[str, Mapping[str, Target]]) -> dict[tuple[str, str], dict[str, float]]:
    """Return the bounds of all targets that have any."""
    found = {}
    for condition, of_condition in targets.items():
        for name, target in of_condition.items():
            fixed = {bound: getattr(target, bound) for bound in BOUNDS}
            fixed = {bound: value for bound, value in fixed.items() if value is not None}
            if fixed:
                found[condition, name] = fixed
    return found


def test_targets_stay_where_they_were_fixed(script: ModuleType) -> None:
    assert judged(script.targets(script.Options())) == FIXED


def test_targets_of_random_codes_stay_where_they_were_fixed(script: ModuleType) -> None:
    disjoint = {("main", "unassociated_overlap"): {"high": 0.02}}
    expected = {key: bounds for key, bounds in FIXED.items() if key[0] != "montage"} | disjoint
    assert judged(script.targets(script.Options(stimuli="random"))) == expected


@pytest.mark.parametrize("name", names("protocols"))
def test_every_target_says_where_it_comes_from(name: str) -> None:
    script = load_protocol(name).script
    every = script.targets(script.Options())
    assert list(every) == list(script.CONDITIONS)
    for targets in every.values():
        assert targets
        for target in targets.values():
            assert isinstance(target, Target)
            assert target.description and target.source
            assert target.evidence in EVIDENCE
            for low, high in ((target.low, target.high), (target.mean_low, target.mean_high)):
                assert low is None or high is None or low < high
            # What was not read in a paper's text is marked so.
            if re.match(r"(Ison et al\. 2015|De Falco 2016).*\d", target.source):
                assert target.evidence == "unverified", target.source


def test_what_is_measured_has_a_target_and_the_other_way_round(
    script: ModuleType, watched: Watched, pictured: Watched
) -> None:
    of_codes = script.targets(script.Options(stimuli="random"))
    of_pictures = script.targets(script.Options())
    for condition, values in watched.values.items():
        assert values.keys() == of_codes[condition].keys(), condition
    for condition, values in pictured.values.items():
        assert values.keys() == of_pictures[condition].keys(), condition
    encoder = {"composite_weight", "composite_share_p", "composite_share_np", "code_overlap"}
    assert of_pictures["main"].keys() - of_codes["main"].keys() == encoder


def test_what_the_encoder_did_is_reported(pictured: Watched) -> None:
    for condition, keys in (
        ("main", ("composite_weight", "composite_share_p", "composite_share_np", "code_overlap")),
        ("montage", ("montage_share_p", "montage_share_np")),
    ):
        for key in keys:
            assert pictured.values[condition][key] == pictured.stimuli.values[key]


def test_pictures_and_codes_are_judged_at_full_size(script: ModuleType, small_sheet: Path) -> None:
    protocol = load_protocol("ison2015")
    for stimuli in ("pictures", "random"):
        assert protocol.is_judged(script.Options(stimuli=stimuli))
        for key, value in script.QUICK.items():
            assert not protocol.is_judged(script.Options(stimuli=stimuli, **{key: value}))
            assert protocol.is_judged(script.Options(stimuli=stimuli, **{key: value + 1}))
    larger = {f"protocol.{key}": value + 1 for key, value in script.QUICK.items()}
    assert prepared(small_sheet, larger).judged
    assert not prepared(small_sheet, larger, quick=True).judged
    assert not prepared(small_sheet, {}).judged


@pytest.mark.parametrize(
    ("sheet", "stimuli"), [("ison2015", "pictures"), ("area_random", "random")]
)
def test_what_a_sheet_shows(sheet: str, stimuli: str) -> None:
    options = load_protocol("ison2015").options(load_model(sheet), {}, quick=False)
    assert (options.stimuli, options.condition) == (stimuli, "main")


@pytest.mark.parametrize("name", names("protocols"))
def test_quick_is_smaller(name: str) -> None:
    protocol = load_protocol(name)
    sheet = load_model(protocol.script.MODEL)
    full, quick = (protocol.options(sheet, {}, quick=q) for q in (False, True))
    assert protocol.script.QUICK
    for key in protocol.script.QUICK:
        assert getattr(quick, key) < getattr(full, key)
    if "test_trials" in protocol.script.QUICK:
        assert quick.test_trials >= 8, "half of fewer trials cannot respond"
    assert protocol.is_judged(full) and not protocol.is_judged(quick)


def test_quick_runs_are_reported(small_sheet: Path) -> None:
    run = ns.run("ison2015", small_sheet, quick=True)
    assert {row.status for row in run.rows} == {"reported"}
    assert run.info["quick"] is True


@pytest.mark.parametrize("imprint_trials", [1, 2, 3, 4, 5, 6])
def test_phases_of_any_length_join(imprint_trials: int, small_sheet: Path) -> None:
    # 1.01 s a composite: lengths that binary fractions do not hold.
    options = {
        "protocol.imprint_trials": imprint_trials,
        "protocol.composite_duration": f"{1 + imprint_trials / 100} s",
    }
    recording = ns.run("ison2015", small_sheet, overrides=options).recording
    trace = recording.traces["membrane_potential"]
    assert trace.stop == pytest.approx(recording.duration)


def test_protocols_can_be_read_in_one_go() -> None:
    for name in names("protocols"):
        lines = (folder("protocols") / f"{name}.py").read_text(encoding="utf-8").splitlines()
        assert len(lines) < 200, name
