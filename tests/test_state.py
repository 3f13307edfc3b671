"""Seeds, states and what runs share: on the compiled circuit, and through a session."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import InputError, SimulationError
from neurosim.parameters.library import load_model
from neurosim.session import Session, State
from neurosim.simulation.job import Job, Result, check_seed, derived_seed
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline, Trial

JobMaker = Callable[..., Job]
PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory")
FIXED = ("excitatory_to_inhibitory", "inhibitory_to_excitatory", "inhibitory_to_inhibitory")
GRAPH = tuple(f"{name}._synaptic_{end}" for name in PROJECTIONS + FIXED for end in ("pre", "post"))
WEIGHTS = tuple(f"{name}.w" for name in PROJECTIONS)
SPIKES = tuple(
    f"{name}_spikes.{variable}"
    for name in ("excitatory", "inhibitory", "input")
    for variable in "it"
)
SILENCE = Timeline((), lead_in=0.3)


Arrays = Mapping[str, np.ndarray]


def arrays_of(job: Job) -> Arrays:
    return simulate(job, "standalone").arrays


def same(first: Arrays, second: Arrays, names: Iterable[str]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in names)


def test_the_same_seed_gives_the_same_run_to_the_last_bit(area_job: JobMaker) -> None:
    job = area_job(outputs=SPIKES + WEIGHTS + GRAPH)
    first, second = arrays_of(job), arrays_of(job)
    assert same(first, second, first)
    assert len(first["excitatory_spikes.t"]) > 100


def test_another_noise_seed_changes_the_spikes_and_not_the_brain(area_job: JobMaker) -> None:
    outputs = SPIKES + WEIGHTS + GRAPH + ("excitatory.v",)
    job = area_job(timeline=SILENCE, outputs=outputs)
    first, second = arrays_of(job), arrays_of(dataclasses.replace(job, noise_seed=3))
    assert same(first, second, WEIGHTS + GRAPH)
    assert not any(same(first, second, (name,)) for name in (*SPIKES, "excitatory.v"))


def test_another_brain_seed_changes_graph_and_weights(area_job: JobMaker) -> None:
    job = area_job(timeline=SILENCE, outputs=WEIGHTS + GRAPH)
    first, second = arrays_of(job), arrays_of(dataclasses.replace(job, brain_seed=3))
    assert not any(same(first, second, (name,)) for name in WEIGHTS + GRAPH)


def test_the_conditions_of_a_seed_share_graph_and_initial_weights(area_job: JobMaker) -> None:
    # Whatever else is set: noise, rates, learning.
    quiet = area_job(timeline=SILENCE, outputs=WEIGHTS + GRAPH)
    other = {**quiet.arguments, "input.idle_rate": 30.0, "excitatory_to_excitatory.a3_plus": 0.5}
    busy = dataclasses.replace(quiet, arguments=other, noise_seed=9)
    assert same(arrays_of(quiet), arrays_of(busy), WEIGHTS + GRAPH)


def test_initial_weights_are_uniform_around_their_mean(area_job: JobMaker) -> None:
    job = area_job(timeline=SILENCE, outputs=WEIGHTS)
    for name, weights in arrays_of(job).items():
        group = name.removesuffix(".w")
        mean, spread = (job.arguments[f"{group}.{key}"] for key in ("w_initial", "w_spread"))
        assert abs(weights / mean - 1).max() <= spread
        # Mean and standard deviation of a uniform distribution, within 4 standard errors.
        error = spread / np.sqrt(3 * len(weights))
        assert abs((weights / mean).mean() - 1) < 4 * error
        assert (weights / mean).std() == pytest.approx(spread / np.sqrt(3), rel=0.1)


def test_connections_are_drawn_with_their_probability_and_none_to_oneself(
    area_job: JobMaker,
) -> None:
    job = area_job(timeline=SILENCE, outputs=GRAPH)
    arrays = arrays_of(job)
    for name in PROJECTIONS + FIXED:
        source, _, group = name.partition("_to_")
        pre, post = (arrays[f"{name}._synaptic_{end}"] for end in ("pre", "post"))
        n_pre, n_post = job.structure[f"{source}.n"], job.structure[f"{group}.n"]
        p = job.arguments[f"{group}.p_from_{source}"]
        pairs = n_pre * n_post - (n_pre if source == group else 0)
        assert abs(len(pre) - p * pairs) < 4 * np.sqrt(pairs * p * (1 - p))
        assert len(set(zip(pre, post, strict=True))) == len(pre)
        if source == group:
            assert not (pre == post).any()


def test_a_run_starts_from_the_weights_that_it_is_given(area_job: JobMaker) -> None:
    learnt = arrays_of(area_job(outputs=WEIGHTS))
    assert not same(learnt, arrays_of(area_job(timeline=SILENCE, outputs=WEIGHTS)), WEIGHTS)
    # Without plasticity nothing changes them any more.
    after = arrays_of(area_job(timeline=SILENCE, outputs=WEIGHTS + SPIKES, state=learnt))
    assert same(after, learnt, WEIGHTS)
    fresh = arrays_of(area_job(timeline=SILENCE, outputs=SPIKES))
    assert not same(after, fresh, SPIKES[:4])
    assert same(after, fresh, SPIKES[4:])  # the input is drawn from the same noise


def test_a_part_of_the_state_may_be_given(area_job: JobMaker) -> None:
    learnt = arrays_of(area_job(outputs=WEIGHTS))
    fresh = arrays_of(area_job(timeline=SILENCE, outputs=WEIGHTS))
    state = {WEIGHTS[1]: learnt[WEIGHTS[1]]}
    after = arrays_of(area_job(timeline=SILENCE, outputs=WEIGHTS, state=state))
    assert np.array_equal(after[WEIGHTS[0]], fresh[WEIGHTS[0]])
    assert np.array_equal(after[WEIGHTS[1]], learnt[WEIGHTS[1]])


# ------------------------------------------------------------------------------------- sessions

SEEN = Timeline.of(
    [Trial("seen", 0.3, 0.2, "imprint", learning_rates=dict.fromkeys(PROJECTIONS, 1.0))], 0.1
)
TESTED = Timeline.of([Trial("seen", 0.2, 0.1, "before")], 0.1)


@pytest.fixture
def session(small_sheet: Path) -> Session:
    return Session(load_model(small_sheet).parameters, "area", 1)


@pytest.fixture
def patterns(session: Session) -> dict[str, dict[str, np.ndarray]]:
    return {"input": {"seen": np.arange(session.parameters.input.n) < 10}}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the jobs that are simulated from now on."""
    noted: list[Job] = []

    def simulate_noted(job: Job, *arguments: object) -> Result:
        noted.append(job)
        return simulate(job, "standalone")

    monkeypatch.setattr("neurosim.session.simulate", simulate_noted)
    return noted


def test_a_session_goes_on_from_where_it_was(
    session: Session, patterns: dict[str, dict[str, np.ndarray]]
) -> None:
    past = session.run(SEEN, patterns)
    probe = session.run(TESTED, patterns, past.state)
    assert same(past.state.weights, probe.state.weights, WEIGHTS)
    naive = session.run(TESTED, patterns)
    assert not same(naive.state.weights, past.state.weights, WEIGHTS)
    spikes = [run.recording.spikes["excitatory"].time for run in (probe, naive)]
    assert not np.array_equal(*spikes)


def test_a_session_draws_new_noise_for_what_comes_later(
    session: Session, patterns: dict[str, dict[str, np.ndarray]], jobs: list[Job]
) -> None:
    past = session.run(SEEN, patterns)
    session.run(TESTED, patterns, past.state)
    session.run(TESTED, patterns)
    first, later, naive = jobs
    assert first.brain_seed == later.brain_seed == naive.brain_seed == derived_seed(1, "brain")
    assert first.noise_seed == naive.noise_seed != later.noise_seed


def test_equal_pasts_are_simulated_once(
    session: Session, patterns: dict[str, dict[str, np.ndarray]], jobs: list[Job]
) -> None:
    past, again = session.run(SEEN, patterns), session.run(SEEN, patterns)
    assert past is again
    # An equal timeline with another pattern, another past or another phase is another run.
    other = {"input": {"seen": ~patterns["input"]["seen"]}}
    renamed = Timeline.of([dataclasses.replace(SEEN.trials[0], phase="learning")], 0.1)
    assert session.run(SEEN, other) is not past
    assert session.run(SEEN, patterns, past.state) is not past
    assert session.run(renamed, patterns) is not past
    assert len(jobs) == 4


def test_another_session_of_the_seed_repeats_it_and_another_seed_does_not(
    session: Session, patterns: dict[str, dict[str, np.ndarray]]
) -> None:
    def spikes(seed: int) -> np.ndarray:
        other = Session(session.parameters, "area", seed)
        return other.run(TESTED, patterns).recording.spikes["excitatory"].time

    here = session.run(TESTED, patterns).recording.spikes["excitatory"].time
    assert np.array_equal(spikes(1), here)
    assert not np.array_equal(spikes(2), here)


def test_a_state_of_another_brain_is_refused(
    session: Session, patterns: dict[str, dict[str, np.ndarray]]
) -> None:
    other = Session(session.parameters, "area", 2).run(TESTED, patterns).state
    with pytest.raises(SimulationError, match=r"the state of \w+\.w has \d+ bytes"):
        session.run(TESTED, patterns, other)
    unknown = State({"excitatory_to_excitatory.weights": np.zeros(3)}, 0, "")
    with pytest.raises(SimulationError, match="unknown variable"):
        session.run(TESTED, patterns, unknown)


@pytest.fixture
def state() -> State:
    weights = np.random.default_rng(0).random((2, 500))
    return State(dict(zip(WEIGHTS, weights, strict=True)), 3, "past")


def shuffled(state: State, projection: str = PROJECTIONS[1], seed: int = 0) -> State:
    return state.shuffled(projection, np.random.default_rng(seed))


def test_shuffled_weights_are_the_same_weights_of_other_synapses(state: State) -> None:
    untouched, touched = WEIGHTS
    before = {name: weights.copy() for name, weights in state.weights.items()}
    after = shuffled(state)
    assert np.array_equal(np.sort(after.weights[touched]), np.sort(before[touched]))
    # A random permutation of 500 leaves one in its place on average.
    assert np.sum(after.weights[touched] == before[touched]) < 10
    assert abs(np.corrcoef(after.weights[touched], before[touched])[0, 1]) < 4 / np.sqrt(500)
    assert np.array_equal(after.weights[untouched], before[untouched])
    assert list(after.weights) == list(WEIGHTS)
    # The same noise follows, and the state that it came from is as it was.
    assert after.depth == state.depth
    assert same(state.weights, before, WEIGHTS)


def test_another_generator_another_shuffle(state: State) -> None:
    first, again, other = shuffled(state), shuffled(state), shuffled(state, seed=1)
    assert same(first.weights, again.weights, WEIGHTS) and first.label == again.label
    assert not same(first.weights, other.weights, WEIGHTS[1:])


def test_shuffled_states_have_labels_of_their_own(state: State) -> None:
    other_past = dataclasses.replace(state, label="other past")
    constant = State({name: np.ones(5) for name in WEIGHTS}, 3, "past")
    states = [
        state,
        shuffled(state),
        shuffled(state, seed=1),
        shuffled(state, PROJECTIONS[0]),
        shuffled(other_past),
        shuffled(constant, PROJECTIONS[0]),
        shuffled(constant, PROJECTIONS[1]),
    ]
    assert len({each.label for each in states}) == len(states)


def test_a_shuffled_past_is_simulated_anew(
    session: Session, patterns: dict[str, dict[str, np.ndarray]], jobs: list[Job]
) -> None:
    past = session.run(SEEN, patterns).state
    permuted = shuffled(past)
    probe, control = (session.run(TESTED, patterns, start) for start in (past, permuted))
    assert session.run(TESTED, patterns, shuffled(past)) is control
    assert len(jobs) == 3
    # Nothing but the weights differs; without plasticity they stay what they are.
    assert jobs[1].noise_seed == jobs[2].noise_seed
    assert same(control.state.weights, permuted.weights, WEIGHTS)
    assert not same(control.state.weights, probe.state.weights, WEIGHTS[1:])
    spikes = [run.recording.spikes["excitatory"].time for run in (probe, control)]
    assert not np.array_equal(*spikes)


def test_weights_that_a_state_does_not_have_are_not_shuffled(state: State) -> None:
    sentence = "no weights of 'excitatory_to_excitatry'; did you mean 'excitatory_to_excitatory'"
    with pytest.raises(InputError, match=sentence):
        shuffled(state, "excitatory_to_excitatry")


def test_a_recording_has_the_trials_and_the_traces_of_the_run(
    session: Session, patterns: dict[str, dict[str, np.ndarray]]
) -> None:
    recording = session.run(TESTED, patterns).recording
    assert recording.duration == pytest.approx(0.4)
    assert list(recording.trial_table.start_time) == [0.1]
    assert {name: it.n for name, it in recording.spikes.items()} == session.parameters.populations
    trace = recording.traces["membrane_potential"]
    assert trace.data.shape == (80, 4)
    assert trace.rate == pytest.approx(200.0)


def test_recordings_of_any_length_fit_together(
    session: Session, patterns: dict[str, dict[str, np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(job: Job, *arguments: object) -> Result:
        arrays = {name: np.zeros(0, int if name.endswith(".i") else float) for name in job.outputs}
        # A sample every 5 ms.
        arrays["membrane_potential.v"] = np.zeros((round(job.duration / 0.005), 4))
        return Result(arrays, "standalone", 0.0, 0.0)

    monkeypatch.setattr("neurosim.session.simulate", nothing)
    whole = session.run(SEEN, patterns)
    for n_ticks in range(10, 400, 7):
        timeline = Timeline((), lead_in=n_ticks / 100)
        whole = whole.followed_by(session.run(timeline, patterns, whole.state))
    assert whole.recording.traces["membrane_potential"].rate == pytest.approx(200)


def test_a_stimulus_without_a_pattern_or_with_one_of_a_wrong_size_is_refused(
    session: Session,
) -> None:
    with pytest.raises(InputError, match="shows 'seen', for which there is no pattern"):
        session.run(TESTED, {"input": {"other": np.zeros(60, dtype=bool)}})
    with pytest.raises(InputError, match=r"'seen' has shape \(3,\), expected \(60,\)"):
        session.run(TESTED, {"input": {"seen": np.zeros(3, dtype=bool)}})


def test_seeds_are_integers_below_two_to_the_32() -> None:
    assert [check_seed(seed) for seed in (0, np.int64(7), 2**32 - 1)] == [0, 7, 2**32 - 1]
    for refused in (-1, 2**32, 1.0, "1", True, None):
        with pytest.raises(InputError, match="expected an integer from 0 to 4294967295"):
            check_seed(refused)


def test_seeds_for_different_purposes_differ() -> None:
    purposes = ("brain", "noise 0", "noise 1", "stimuli")
    drawn = {derived_seed(seed, purpose) for seed in range(200) for purpose in purposes}
    assert len(drawn) == 800
    assert derived_seed(5, "brain") == derived_seed(5, "brain")
