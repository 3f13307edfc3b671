"""The area against closed forms: Poisson events, input units, triplet STDP, normalisation."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from neurosim.circuits.poisson import MOST_EVENTS, event_count
from neurosim.simulation.job import Job
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline, Trial

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JobMaker = Callable[..., Job]
DT = 5e-4  # of the small sheet, s
UNCONNECTED = {
    f"{target}.p_from_{source}": 0.0
    for source in ("input", "excitatory", "inhibitory")
    for target in ("excitatory", "inhibitory")
    if (source, target) != ("input", "inhibitory")
}


def run(job: Job, arguments: dict[str, float], **changes: Any) -> dict[str, np.ndarray]:
    changed = dataclasses.replace(job, arguments={**job.arguments, **arguments}, **changes)
    return dict(simulate(changed, "standalone").arrays)


# ------------------------------------------------------------------------------ Poisson events


def events(uniform: np.ndarray, mean: float) -> np.ndarray:
    """Evaluate the expression as Brian2 does."""
    names = {"exp": math.exp, "int": lambda true: np.asarray(true, dtype=int), "u": uniform}
    return eval(event_count("u", "m"), names | {"m": mean})


@pytest.mark.parametrize("mean", [0.01, 0.25, 0.4, 1.0])
def test_the_number_of_events_is_the_inverse_of_the_poisson_distribution(mean: float) -> None:
    uniform = (np.arange(100_000) + 0.5) / 100_000
    count = events(uniform, mean)
    assert np.array_equal(count, np.minimum(stats.poisson(mean).ppf(uniform), MOST_EVENTS))
    assert count.mean() == pytest.approx(mean, rel=1e-3)
    assert count.var() == pytest.approx(mean, rel=1e-3)


def test_what_the_highest_number_of_events_leaves_out_is_negligible() -> None:
    assert stats.poisson(1.0).sf(MOST_EVENTS) < 1.1e-5
    assert stats.poisson(0.4).sf(MOST_EVENTS) < 1.2e-8
    assert events(np.array([1 - 1e-16]), 1.0) == [MOST_EVENTS]


def test_without_a_rate_there_are_no_events() -> None:
    assert not events(np.array([0.0, 0.5, 1 - 1e-16]), 0.0).any()


@pytest.mark.parametrize("rate", [100.0, 800.0, 1 / DT])
def test_the_background_of_the_compiled_circuit_is_poisson(rate: float, area_job: JobMaker) -> None:
    # Conductances that do not decay count the events.
    job = area_job(timeline=Timeline((), lead_in=2.0), outputs=("excitatory.g_e",))
    counting = {
        "excitatory.background_rate": rate,
        "excitatory.background_weight": 1.0,
        "excitatory.tau_excitatory": 1e12,
    }
    count = run(job, UNCONNECTED | counting)["excitatory.g_e"]
    n, expected = len(count), 2.0 * rate
    assert abs(count.mean() - expected) < 4 * math.sqrt(expected / n)
    assert abs(count.var(ddof=1) / expected - 1) < 4 * math.sqrt(2 / n)


# ---------------------------------------------------------------------------------- input units


@pytest.fixture(scope="module")
def input_spikes(area_job: JobMaker) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Return a function that shows a stimulus to half of the inputs and returns their spikes."""

    def spikes(timeline: Timeline, idle: float, stimulus: float) -> tuple[np.ndarray, np.ndarray]:
        job = area_job(timeline=timeline, outputs=("input_spikes.i", "input_spikes.t"))
        patterns = job.tables["input_patterns"].copy()
        patterns[1] = np.arange(patterns.shape[1]) < 30
        rates = {"input.idle_rate": idle, "input.stimulus_rate": stimulus}
        tables = {**job.tables, "input_patterns": patterns}
        arrays = run(job, UNCONNECTED | rates, tables=tables)
        return arrays["input_spikes.i"], arrays["input_spikes.t"]

    return spikes


SHOWN = Timeline((Trial("seen", 40.0, 0.0, "test"),), lead_in=0.0)


@pytest.mark.parametrize(("idle", "stimulus"), [(5.0, 100.0), (1.0, 50.0)])
def test_input_units_fire_at_their_rates(
    idle: float,
    stimulus: float,
    input_spikes: Callable[..., tuple[np.ndarray, np.ndarray]],
) -> None:
    index, _ = input_spikes(SHOWN, idle, stimulus)
    for chosen, rate in ((index < 30, stimulus), (index >= 30, idle)):
        expected = rate * 40.0 * 30
        assert abs(chosen.sum() - expected) < 4 * math.sqrt(expected)
    per_unit = np.bincount(index, minlength=60)[:30]
    assert abs(per_unit.var(ddof=1) / per_unit.mean() - 1) < 4 * math.sqrt(2 / 30)


def test_intervals_between_input_spikes_are_exponential(
    input_spikes: Callable[..., tuple[np.ndarray, np.ndarray]],
) -> None:
    index, times = input_spikes(SHOWN, 1.0, 20.0)
    intervals = np.concatenate([np.diff(times[index == k]) for k in range(30)])
    # Spikes fall on steps; a step is 1 % of the mean interval.
    jitter = np.random.default_rng(0).uniform(-DT / 2, DT / 2, len(intervals))
    assert stats.kstest(intervals + jitter, "expon", args=(0, 1 / 20.0)).pvalue > 1e-3
    assert len(intervals) > 20_000


def test_input_fires_between_onset_and_offset_of_its_stimulus_and_not_before_or_after(
    input_spikes: Callable[..., tuple[np.ndarray, np.ndarray]],
) -> None:
    timeline = Timeline((Trial("seen", 0.13, 0.17, "test"),) * 2, lead_in=0.2)
    index, times = input_spikes(timeline, 0.0, 1000.0)
    assert index.max() < 30
    for onset in (0.2, 0.5):
        trial = times[(times > onset - 0.1) & (times < onset + 0.2)]
        assert onset - 1e-9 <= trial.min() < onset + 2 * DT
        assert onset + 0.13 - 2 * DT <= trial.max() < onset + 0.13 - 1e-9
    assert ((times > 0.19) & (times < 0.64)).all()


def test_cells_are_driven_directly_between_onset_and_offset_only(area_job: JobMaker) -> None:
    timeline = Timeline((Trial("driven", 0.2, 0.2, "test"),) * 2, lead_in=0.2)
    outputs = ("excitatory_spikes.i", "excitatory_spikes.t", "membrane_potential.v")
    silent = {
        "excitatory.background_weight": 0.0,
        "excitatory.stimulation_conductance": 20e-9,
        "input.idle_rate": 0.0,
    }
    arrays = run(area_job(timeline=timeline, outputs=outputs), UNCONNECTED | silent)
    index, times = arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"]
    assert set(index) == set(range(30))
    assert times.min() >= 0.2
    inside = ((times >= 0.2) & (times < 0.4)) | ((times >= 0.6) & (times < 0.8))
    assert inside.all()
    voltage = arrays["membrane_potential.v"]  # of driven cells, every 5 ms
    assert (np.diff(voltage[1:40], axis=0) <= 0).all()  # to rest
    assert (voltage[42] > voltage[40]).all()


# --------------------------------------------------------------------------------- triplet STDP

RULE = {
    "excitatory.tau_plus": 16.8e-3,
    "input.tau_plus": 16.8e-3,
    "excitatory.tau_minus": 33.7e-3,
    "excitatory.tau_y": 114e-3,
}
A2, A3, W_MAX, W_INITIAL, DELAY, RATE = 7e-3, 6e-2, 3e-9, 1e-9, 2e-3, 0.5
PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory")
Trains = Sequence[Sequence[float]]  # spike times of each unit, s


def driven(
    job: Job,
    inputs: Trains,
    cells: Trains,
    duration: float,
    a2: float = A2,
    a3: float = A3,
    rate: float = RATE,
) -> dict[str, np.ndarray]:
    """Let input units and excitatory cells of the area, all connected, fire at given times.

    Returns
    -------
    dict of str to ndarray, shape (n_pre, n_post)
        The change of each weight in units of `W_MAX`, NaN where there is no synapse.
    """
    from brian2 import Network, network_operation, prefs, second, set_device

    from neurosim.circuits.area import assemble
    from neurosim.simulation.numpy_target import RuntimeStages
    from neurosim.simulation.objects import simulated

    set_device("runtime")
    prefs.codegen.target = "numpy"
    n_ticks = 200
    structure = {
        "simulation.dt": DT,
        "excitatory.n": len(cells),
        "inhibitory.n": 1,
        "input.n": len(inputs),
        "n_ticks": n_ticks,
        "n_patterns": 2,
    }
    arguments = dict(job.arguments) | UNCONNECTED | RULE
    arguments |= {
        "excitatory.background_weight": 0.0,
        "excitatory.t_refractory": 0.0,
        "excitatory.normalisation_interval": 1e3,  # at the start only, where it changes nothing
        "excitatory.input_budget": W_INITIAL * len(inputs),
    }
    for name in PROJECTIONS:
        arguments |= {
            f"excitatory.p_from_{name.partition('_to_')[0]}": 1.0,
            f"{name}.delay": DELAY,
            f"{name}.w_initial": W_INITIAL,
            f"{name}.w_spread": 0.0,
            f"{name}.w_max": W_MAX,
            f"{name}.a2_minus": a2,
            f"{name}.a3_plus": a3,
        }
    tables = {f"{name}_learning_rate": np.full(n_ticks, rate) for name in PROJECTIONS}
    objects = assemble(structure, RuntimeStages(arguments, tables, {}, 1, 2))
    for item in objects["input"].contained_objects:
        if item.name == "stimulus_onset":
            item.active = False
    objects["input"].rate = 1.0 / second
    fires_at = {
        group: [set(np.round(np.array(train) / DT)) for train in trains]
        for group, trains in (("input", inputs), ("excitatory", cells))
    }
    step = itertools.count()

    @network_operation(clock=objects["input"].clock, when="before_thresholds")
    def fire() -> None:
        now = next(step)
        fires = {group: [now in train for train in fires_at[group]] for group in fires_at}
        objects["input"].t_next_ = np.where(fires["input"], -1.0, 1e9)
        objects["excitatory"].v_ = np.where(fires["excitatory"], 0.0, -0.07)

    Network(simulated(objects), fire).run(duration * second)
    for group, trains in (("input", inputs), ("excitatory", cells)):
        fired = objects[f"{group}_spikes"].spike_trains()
        for unit, train in enumerate(trains):
            assert np.asarray(fired[unit]) == pytest.approx(np.array(train))
    changes = {}
    for name in PROJECTIONS:
        synapses = objects[name]
        shape = len(synapses.source), len(synapses.target)
        changes[name] = np.full(shape, np.nan)
        changes[name][synapses.i[:], synapses.j[:]] = (synapses.w_[:] - W_INITIAL) / W_MAX
    return changes


def minimal_triplet_rule(
    pre: Sequence[float], post: Sequence[float], a2: float = A2, a3: float = A3
) -> float:
    """Return the change of a weight, in units of w_max and of the learning rate.

    Pfister & Gerstner 2006, eqs 3-4 with all-to-all interactions and A2+ = A3- = 0: a presynaptic
    spike depresses by the postsynaptic spikes before its arrival, a postsynaptic one potentiates by
    the presynaptic and the postsynaptic spikes before it.
    """

    def trace(spikes: Sequence[float], at: float, tau: float) -> float:
        return sum(math.exp(-(at - t) / tau) for t in spikes if t < at - DT / 2)

    depression = sum(trace(post, t + DELAY, RULE["excitatory.tau_minus"]) for t in pre)
    potentiation = sum(
        trace(pre, t, RULE["input.tau_plus"]) * trace(post, t, RULE["excitatory.tau_y"])
        for t in post
    )
    return a3 * potentiation - a2 * depression


PAIRS_AND_TRIPLETS: dict[str, tuple[list[float], list[float], float]] = {
    # pre, post, and the change written out
    "pre alone": ([0.020], [], 0.0),
    "post alone": ([], [0.020, 0.030], 0.0),
    "pre before post": ([0.020], [0.030], 0.0),  # no pair term in the minimal rule
    "post before pre": ([0.030], [0.020], -A2 * math.exp(-0.012 / 0.0337)),
    "post while pre travels": ([0.030], [0.031], -A2 * math.exp(-0.001 / 0.0337)),
    "post as pre arrives": ([0.030], [0.032], 0.0),
    "pre post post": (
        [0.020],
        [0.025, 0.040],
        A3 * math.exp(-0.020 / 0.0168) * math.exp(-0.015 / 0.114),
    ),
    "post pre post": (
        [0.030],
        [0.020, 0.040],
        A3 * math.exp(-0.010 / 0.0168) * math.exp(-0.020 / 0.114) - A2 * math.exp(-0.012 / 0.0337),
    ),
    "pre post pre": ([0.020, 0.040], [0.030], -A2 * math.exp(-0.012 / 0.0337)),
}


@pytest.mark.parametrize("case", PAIRS_AND_TRIPLETS)
def test_the_rule_that_the_next_test_compares_with_is_the_published_one(case: str) -> None:
    pre, post, change = PAIRS_AND_TRIPLETS[case]
    assert minimal_triplet_rule(pre, post) == pytest.approx(change, abs=1e-15)


def test_pairs_and_triplets_change_weights_as_published(area_job: JobMaker) -> None:
    pre, post, changes = zip(*PAIRS_AND_TRIPLETS.values(), strict=True)
    measured = driven(area_job(), pre, post, 0.06)["input_to_excitatory"]
    assert np.diag(measured) == pytest.approx(RATE * np.array(changes), abs=1e-12)
    # Every input reaches every cell, so that all combinations of the trains were measured too.
    expected = [[minimal_triplet_rule(one, other) for other in post] for one in pre]
    assert measured == pytest.approx(RATE * np.array(expected), abs=1e-12)


def random_trains(seed: int, n: int, rate: float, duration: float) -> Trains:
    generator = np.random.default_rng(seed)
    steps = round(duration / DT) - 10
    return [list(np.flatnonzero(generator.random(steps) < rate * DT) * DT) for _ in range(n)]


def test_random_trains_change_every_plastic_weight_as_published(area_job: JobMaker) -> None:
    inputs, cells = random_trains(3, 4, 40.0, 0.5), random_trains(4, 5, 30.0, 0.5)
    measured = driven(area_job(), inputs, cells, 0.5, a2=2e-3, a3=3e-3)
    for name, pre in zip(PROJECTIONS, (inputs, cells), strict=True):
        expected = np.array(
            [[minimal_triplet_rule(one, other, 2e-3, 3e-3) for other in cells] for one in pre]
        )
        if pre is cells:
            np.fill_diagonal(expected, np.nan)
        assert measured[name] == pytest.approx(RATE * expected, abs=1e-12, nan_ok=True)
        assert np.nanmin(expected) < -1e-3 < 1e-3 < np.nanmax(expected)


def test_weights_stop_at_their_bounds(area_job: JobMaker) -> None:
    trains = random_trains(4, 3, 80.0, 0.3)
    potentiated = driven(area_job(), trains, trains, 0.3, a2=0.0, a3=1.0)
    depressed = driven(area_job(), trains, trains, 0.3, a2=1.0, a3=0.0)
    for name in PROJECTIONS:
        exists = ~np.isnan(potentiated[name])
        assert potentiated[name][exists] == pytest.approx(1 - W_INITIAL / W_MAX, abs=1e-15)
        assert depressed[name][exists] == pytest.approx(-W_INITIAL / W_MAX, abs=1e-15)


def test_nothing_is_learnt_at_a_learning_rate_of_zero(area_job: JobMaker) -> None:
    trains = random_trains(5, 3, 60.0, 0.2)
    changes = driven(area_job(), trains, trains, 0.2, rate=0.0)
    assert all(np.nan_to_num(changes[name]).max() == 0 for name in PROJECTIONS)


# -------------------------------------------------------------------------------- normalisation

FROZEN = {
    f"{name}.{amplitude}": 0.0 for name in PROJECTIONS for amplitude in ("a2_minus", "a3_plus")
}


def normalised(
    job: Job, plastic: Sequence[str], arguments: dict[str, float]
) -> dict[str, np.ndarray]:
    """Run 0.3 s in which weights are rescaled but do not learn."""
    rates = dict.fromkeys(plastic, 1.0)
    timeline = Timeline((Trial("seen", 0.1, 0.2, "imprint", learning_rates=rates),), lead_in=0.0)
    schedules = {
        f"{name}_learning_rate": np.where(
            np.arange(len(job.tables["stimulus"])) < timeline.n_ticks, float(name in plastic), 0.0
        )
        for name in PROJECTIONS
    }
    return run(
        job,
        {"excitatory.normalisation_interval": 0.1, **FROZEN, **arguments},
        tables={**job.tables, **schedules},
        duration=timeline.duration,
        outputs=tuple(
            f"{name}.{variable}" for name in PROJECTIONS for variable in ("w", "_synaptic_post")
        ),
    )


def totals(arrays: dict[str, np.ndarray], name: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the incoming total and the number of synapses of every cell."""
    post, w = arrays[f"{name}._synaptic_post"], arrays[f"{name}.w"]
    return np.bincount(post, w, n), np.bincount(post, minlength=n)


def test_normalisation_gives_every_cell_the_same_input_and_its_own_recurrent_total(
    area_job: JobMaker,
) -> None:
    job = area_job()
    spread = {f"{name}.w_spread": 0.8 for name in PROJECTIONS}
    spread |= {f"{name}.w_max": 1e-6 for name in PROJECTIONS}  # out of reach
    arrays, n = normalised(job, PROJECTIONS, spread), job.structure["excitatory.n"]
    total, _ = totals(arrays, "input_to_excitatory", n)
    assert total == pytest.approx(np.full(n, job.arguments["excitatory.input_budget"]), rel=1e-9)
    total, count = totals(arrays, "excitatory_to_excitatory", n)
    w_initial = job.arguments["excitatory_to_excitatory.w_initial"]
    assert total == pytest.approx(w_initial * count, rel=1e-9)
    assert len(set(count)) > 5


def test_normalisation_keeps_the_ratios_of_a_cells_weights(area_job: JobMaker) -> None:
    job = area_job()
    spread = {f"{name}.w_spread": 0.8 for name in PROJECTIONS}
    spread |= {f"{name}.w_max": 1e-6 for name in PROJECTIONS}
    before, after = normalised(job, (), spread), normalised(job, PROJECTIONS, spread)
    for name in PROJECTIONS:
        ratio = after[f"{name}.w"] / before[f"{name}.w"]
        for cell in range(5):
            of_cell = ratio[before[f"{name}._synaptic_post"] == cell]
            assert of_cell == pytest.approx(np.full(len(of_cell), of_cell[0]), rel=1e-12)
        assert ratio.std() > 0.01


def test_only_what_is_plastic_is_normalised(area_job: JobMaker) -> None:
    job = area_job()
    before = normalised(job, (), {})
    for name in PROJECTIONS:
        (other,) = set(PROJECTIONS) - {name}
        after = normalised(job, (name,), {})
        assert not np.array_equal(after[f"{name}.w"], before[f"{name}.w"])
        assert np.array_equal(after[f"{other}.w"], before[f"{other}.w"])


def test_normalisation_respects_the_upper_bound(area_job: JobMaker) -> None:
    job = area_job()
    w_initial = job.arguments["input_to_excitatory.w_initial"]
    tight = {"input_to_excitatory.w_max": 1.05 * w_initial, "input_to_excitatory.w_spread": 0.0}
    arrays, n = normalised(job, PROJECTIONS, tight), job.structure["excitatory.n"]
    total, count = totals(arrays, "input_to_excitatory", n)
    budget = job.arguments["excitatory.input_budget"]
    assert arrays["input_to_excitatory.w"].max() == pytest.approx(1.05 * w_initial, rel=1e-12)
    assert total == pytest.approx(np.minimum(budget, 1.05 * w_initial * count), rel=1e-9)
    assert (total < 0.99 * budget).any()
