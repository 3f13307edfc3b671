"""The protocol after Ison et al. 2015: trials, stimuli, plasticity, conditions and targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import session as session_module
from neurosim.assemblies import find_assemblies
from neurosim.errors import InputError
from neurosim.folders import folder, names
from neurosim.paired_stimuli import PairedStimuli, picture_pair, random_pair
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.scorecard import EVIDENCE, Target
from neurosim.simulation.job import Job
from neurosim.tick import TICK

SEED = 2
N_SINGLES, IMPRINT, TEST, COMPOSITES, LEARNING_RATE = 4, 2, 5, 3, 0.5
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
LEARNING = ("main", "plasticity_off", "unpaired", "recurrent_only", "input_only")


@dataclass(frozen=True)
class Watched:
    """A run of every condition, and the jobs that it simulated."""

    run: Run
    jobs: list[Job]

    def __getitem__(self, condition: str) -> Recording:
        return self.run.recordings[condition]


@pytest.fixture(scope="module")
def watched(small_sheet: Path) -> Watched:
    jobs: list[Job] = []
    simulate = session_module.simulate

    def watch(job: Job, *rest: Any) -> Any:
        jobs.append(job)
        return simulate(job, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module, "simulate", watch)
        overrides = OPTIONS | {"protocol.condition": "all"}
        run = ns.run("ison2015", small_sheet, seed=SEED, overrides=overrides)
    return Watched(run, jobs)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_protocol("ison2015").script


def counts(recording: Recording, column: str, **where: Any) -> Counter[str]:
    table = recording.trial_table
    return Counter(getattr(table, column)[table.where(**where)].tolist())


def past_of(recording: Recording) -> float:
    """Return when the silence before the first learning trial begins (lead-in of 0.5 s)."""
    table = recording.trial_table
    return float(table.start_time[table.where(phase="learning")[0]] - 0.5)


# ------------------------------------------------------------------------------ trials


def test_every_phase_has_its_trials(watched: Watched, script: ModuleType) -> None:
    assert counts(watched["main"], "phase") == {
        "imprint": IMPRINT * N_SINGLES,
        "before": TEST * N_SINGLES,
        "completion": script.CUE_TRIALS * N_SINGLES,
        "learning": COMPOSITES,
        "between": COMPOSITES * N_SINGLES,
        "after": TEST * N_SINGLES,
    }
    phases = list(dict.fromkeys(watched["main"].trial_table.phase))
    assert phases == ["imprint", "before", "completion", "learning", "between", "after"]


def test_every_stimulus_is_shown_as_often(watched: Watched, script: ModuleType) -> None:
    main = watched["main"]
    for phase, each in (("imprint", IMPRINT), ("before", TEST), ("after", TEST)):
        assert counts(main, "stimulus", phase=phase) == dict.fromkeys(SINGLES, each)
    halves = {PairedStimuli.half(name): script.CUE_TRIALS for name in SINGLES}
    assert counts(main, "stimulus", phase="completion") == halves
    assert counts(main, "stimulus", phase="learning") == {COMPOSITE: COMPOSITES}


def test_each_composite_is_followed_by_a_test_of_every_picture(watched: Watched) -> None:
    table = watched["main"].trial_table
    first = table.where(phase="learning")
    assert np.array_equal(np.diff(first), [N_SINGLES + 1] * (COMPOSITES - 1))
    for trial in first:
        tests = table.stimulus[trial + 1 : trial + 1 + N_SINGLES]
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


@pytest.mark.parametrize("condition", LEARNING)
def test_nothing_is_plastic_but_imprint_and_learning(condition: str, watched: Watched) -> None:
    plastic = {"imprint", "learning"} - ({"learning"} if condition == "plasticity_off" else set())
    assert set(counts(watched[condition], "phase", plastic=True)) == plastic
    assert set(counts(watched[condition], "phase", plastic=False)).isdisjoint(plastic)


def test_the_order_is_drawn_by_the_seed(small_sheet: Path, watched: Watched) -> None:
    def order(recording: Recording) -> list[str]:
        table = recording.trial_table
        return table.stimulus[table.where(phase="imprint")].tolist()

    other = ns.run("ison2015", small_sheet, seed=SEED + 1, overrides=OPTIONS).recording
    assert order(watched["main"]) != order(other)


# ------------------------------------------------------------------------------ conditions


def test_equal_pasts_are_simulated_once(watched: Watched) -> None:
    # The imprint, one for each of five learning conditions, and two stimulations.
    assert len(watched.jobs) == 1 + len(LEARNING) + 2
    fresh = [job for job in watched.jobs if not job.state]
    assert len(fresh) == 2, "the imprint and the naive brain"
    assert {job.brain_seed for job in watched.jobs} == {watched.jobs[0].brain_seed}


@pytest.mark.parametrize("condition", LEARNING[1:])
def test_a_condition_shares_its_past_with_main(condition: str, watched: Watched) -> None:
    main, other = watched["main"], watched[condition]
    end = past_of(main)
    assert past_of(other) == end
    for population, trains in main.spikes.items():
        ours, theirs = trains.time < end, other.spikes[population].time < end
        assert ours.any()
        assert np.array_equal(trains.time[ours], other.spikes[population].time[theirs])
        assert np.array_equal(trains.index[ours], other.spikes[population].index[theirs])


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
    assert (trials(main, True) == trials(other, True)) is (condition != "unpaired")


def test_unpaired_shows_both_as_often_and_never_together(watched: Watched) -> None:
    assert counts(watched["unpaired"], "stimulus", phase="learning") == {
        P: COMPOSITES,
        NP: COMPOSITES,
    }
    assert COMPOSITE not in counts(watched["unpaired"], "stimulus")


@pytest.mark.parametrize(
    ("condition", "plastic"),
    [
        ("main", PROJECTIONS),
        ("unpaired", PROJECTIONS),
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


def test_learning_starts_where_the_imprint_ended(watched: Watched) -> None:
    states = [job.state for job in watched.jobs if job.state]
    for state in states[1:]:
        for name, weights in states[0].items():
            assert np.array_equal(state[name], weights)
    assert set(states[0]) == {f"{projection}.w" for projection in PROJECTIONS}
    assert all(np.std(weights) > 0 for weights in states[0].values())


def test_stimulation_drives_half_of_each_assembly_and_no_input(watched: Watched) -> None:
    trained, naive = watched.jobs[-2:]
    assert trained.state and not naive.state
    found = find_assemblies(watched["main"], SINGLES, "before")
    for job in (trained, naive):
        assert not job.tables["input_patterns"].any()
        driven = job.tables["excitatory_patterns"].astype(bool)
        rows = {frozenset(np.flatnonzero(row)) for row in driven if row.any()}
        assert len(rows) == N_SINGLES
        for cells in found.values():
            members = set(np.flatnonzero(cells))
            assert any(row <= members and len(row) == len(members) // 2 for row in rows)
    one, other = (job.tables["excitatory_patterns"] for job in (trained, naive))
    assert np.array_equal(one, other), "not the same cells"
    naive_phases = counts(watched["stimulation_naive"], "phase")
    assert list(naive_phases) == ["naive"]
    assert "completion" in counts(watched["stimulation_trained"], "phase")


def test_stimulated_cells_fire(watched: Watched) -> None:
    naive = watched["stimulation_naive"]
    driven = watched.jobs[-1].tables["excitatory_patterns"].any(axis=0)
    onsets = naive.trial_table.start_time
    per_trial = naive.spikes["excitatory"].counts(onsets, (0, 0.5)).mean(axis=0)
    assert per_trial[driven].mean() > 10 * per_trial[~driven].mean() + 1


def test_patterns_drive_the_inputs_that_they_name(watched: Watched) -> None:
    job, n_active = watched.jobs[1], 10
    table = watched["main"].trial_table
    shown = list(dict.fromkeys(table.stimulus[table.start_time > past_of(watched["main"])]))
    patterns = dict(zip(shown, job.tables["input_patterns"][1:].astype(bool), strict=False))
    assert all(patterns[name].sum() == n_active for name in SINGLES)
    assert np.sum([patterns[name] for name in SINGLES], axis=0).max() == 1
    assert np.array_equal(patterns[COMPOSITE], patterns[P] | patterns[NP])
    spikes = watched["main"].spikes["input"]
    onsets = table.start_time[table.where(phase="after", stimulus=P)]
    driven = spikes.counts(onsets, (0, 0.5)).mean(axis=0)
    assert driven[patterns[P]].min() > driven[~patterns[P]].max()


# ------------------------------------------------------------------------------ what is judged


def test_every_target_says_where_it_comes_from(script: ModuleType) -> None:
    assert list(script.TARGETS) == list(script.CONDITIONS)
    for targets in script.TARGETS.values():
        for target in targets.values():
            assert isinstance(target, Target)
            assert target.description and target.source
            assert target.evidence in EVIDENCE
            for low, high in ((target.low, target.high), (target.mean_low, target.mean_high)):
                assert low is None or high is None or low < high


FIXED: Mapping[tuple[str, str], tuple[float | None, float | None]] = {
    ("main", "assembly_size"): (0.08, 0.14),
    ("main", "trial_jaccard"): (0.95, None),
    ("main", "unassociated_overlap"): (None, 0.02),
    ("main", "assembly_rate"): (None, 45),
    ("main", "highest_rate"): (None, 75),
    ("main", "background_rate"): (0.5, 2),
    ("main", "half_cue_recovery"): (0.9, None),
    ("main", "pair_coding_p_to_np"): (0.15, 0.65),
    ("main", "pair_coding_np_to_p"): (0.15, 0.65),
    ("main", "kept"): (0.95, None),
    ("main", "na_rate_change"): (None, 0.5),
    ("main", "na_units"): (None, 0.02),
    ("main", "shuffled_pair_coding"): (None, 0.02),
    ("plasticity_off", "pair_coding"): (None, 0.02),
    ("unpaired", "pair_coding"): (None, 0.02),
    ("recurrent_only", "pair_coding"): (None, 0.05),
    ("input_only", "pair_coding"): (None, 0.05),
    ("stimulation_trained", "stimulation_recovery"): (0.5, None),
    ("stimulation_naive", "stimulation_recovery"): (None, 0.02),
}


def test_targets_stay_where_they_were_fixed(script: ModuleType) -> None:
    judged = {
        (condition, name): (target.low, target.high)
        for condition, targets in script.TARGETS.items()
        for name, target in targets.items()
        if (target.low, target.high) != (None, None)
    }
    assert judged == FIXED
    for name in ("pair_coding_p_to_np", "pair_coding_np_to_p"):
        target = script.TARGETS["main"][name]
        assert (target.mean_low, target.mean_high) == (0.30, 0.50)


def test_pictures_are_reported_and_codes_are_judged(script: ModuleType) -> None:
    assert not script.is_judged(script.Options())
    assert script.is_judged(script.Options(stimuli="random"))
    for key, value in script.QUICK.items():
        assert not script.is_judged(script.Options(stimuli="random", **{key: value}))
    for sheet, stimuli in (("ison2015", "pictures"), ("area_random", "random")):
        options = load_protocol("ison2015").options(load_model(sheet), {}, quick=False)
        assert options.stimuli == stimuli
        assert options.condition == "main"


def test_quick_is_smaller_and_never_judged(small_sheet: Path, script: ModuleType) -> None:
    sheet, protocol = load_model("area_random"), load_protocol("ison2015")
    full, quick = (protocol.options(sheet, {}, quick=q) for q in (False, True))
    for key in script.QUICK:
        assert getattr(quick, key) < getattr(full, key)
    assert quick.test_trials >= 4, "fewer trials cannot respond"
    overrides = {f"protocol.{key}": value + 1 for key, value in script.QUICK.items()}
    run = ns.run("ison2015", small_sheet, overrides=overrides, quick=True)
    assert {row.status for row in run.rows} == {"reported"}
    assert run.info["quick"] is True
    judged = ns.run("ison2015", small_sheet, overrides=overrides)
    # As text, for NaN is not equal to itself.
    assert [repr(row.value) for row in judged.rows] == [repr(row.value) for row in run.rows]
    assert {row.status for row in judged.rows} >= {"missed", "reported"}


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


def test_pictures_run_too(small_sheet: Path) -> None:
    overrides = {"protocol.stimuli": "pictures", "input.n_active": 12}
    with pytest.raises(InputError, match=r"^protocol\.n_random means nothing with pictures"):
        ns.run("ison2015", small_sheet, overrides=overrides)
    run = ns.run("ison2015", small_sheet, overrides=overrides | {"protocol.n_random": 5})
    assert {row.status for row in run.rows} == {"reported"}
    shown = set(run.recording.trial_table.stimulus)
    assert shown >= {"palace", "person", "flower", "palace+person", "half of palace"}
    assert {row.name for row in run.rows} >= {"composite_weight", "composite_share"}


def test_too_many_codes_are_refused(small_sheet: Path) -> None:
    with pytest.raises(InputError, match=r"^7 disjoint codes of 10 units need 70 units, .* 60\."):
        ns.run("ison2015", small_sheet, overrides={"protocol.n_random": 7})


def test_protocols_can_be_read_in_one_go() -> None:
    for name in names("protocols"):
        lines = (folder("protocols") / f"{name}.py").read_text(encoding="utf-8").splitlines()
        assert len(lines) < 200, name


# ------------------------------------------------------------------------------ paired stimuli


def test_random_pairs_are_disjoint_and_have_halves() -> None:
    stimuli = random_pair(5, 100, 12, np.random.default_rng(0))
    assert stimuli.singles == tuple(f"code {k}" for k in range(1, 6))
    singles = np.array([stimuli.codes[name] for name in stimuli.singles])
    assert (singles.sum(axis=1) == 12).all() and singles.sum(axis=0).max() == 1
    assert stimuli.composite == "code 1+code 2"
    assert np.array_equal(stimuli.codes[stimuli.composite], singles[0] | singles[1])
    for name in stimuli.singles:
        half, whole = stimuli.codes[stimuli.half(name)], stimuli.codes[name]
        assert half.sum() == 6 and not (half & ~whole).any()
    assert len(stimuli.codes) == 5 + 1 + 5
    again = random_pair(5, 100, 12, np.random.default_rng(0))
    assert all(np.array_equal(code, again.codes[name]) for name, code in stimuli.codes.items())


def test_picture_pairs_have_the_composite_of_the_first_two() -> None:
    pictures = ("person", "flower", "palace")
    stimuli = picture_pair(pictures, 200, 20, np.random.default_rng(0))
    assert (stimuli.singles, stimuli.composite) == (pictures, "person+flower")
    for name in (*pictures, stimuli.composite):
        assert stimuli.codes[name].sum() == 20
    with pytest.raises(InputError, match="expected a pair and at least one other"):
        picture_pair(pictures[:2], 200, 20, np.random.default_rng(0))


def test_what_a_stimulus_is_in_the_pair() -> None:
    stimuli = random_pair(4, 40, 5, np.random.default_rng(0))
    p, partner, other, last = stimuli.singles
    for name, role, pair in (
        (p, "P", 0),
        (partner, "NP", 0),
        (other, "NA", -1),
        (last, "NA", -1),
        (stimuli.half(p), "P", 0),
        (stimuli.drive(partner), "NP", 0),
        (stimuli.half(last), "NA", -1),
        (stimuli.composite, "C", 0),
    ):
        assert stimuli.role(name) == role
        trial = stimuli.test(name, "before")
        assert (trial.role, trial.pair, trial.phase, trial.plastic) == (role, pair, "before", False)
    learning = stimuli.trial(stimuli.composite, "learning", 1.0, 0.5, {"projection": 0.1})
    assert (learning.duration, learning.gap, learning.plastic) == (1.0, 0.5, True)
