"""Latencies of responses whose beginning is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from neurosim.association.latency import BIN, SMOOTHING, describe_latency, half_rise
from neurosim.recording import Recording, SpikeTrains
from neurosim.timeline import Timeline, Trial

TRIALS = 5
P_TO_NP, NP_TO_P = ("p", "np"), ("np", "p")

# Bins of 10 ms from -0.4 to 0.5 s, and their middles.
WIDTH = 0.01
START = WIDTH * np.arange(-40, 50)
MIDDLE = START + WIDTH / 2


def rates(baseline: float, response: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.where(START < 0, baseline, response(MIDDLE))


def volleys(**heights: float) -> np.ndarray:
    """Return single bins in an otherwise silent rate, by the number of the bin after the onset."""
    rate = np.zeros(len(START))
    for number, height in heights.items():
        rate[40 + int(number.removeprefix("bin"))] = height
    return rate


@pytest.mark.parametrize("baseline", [0.0, 3.0])
def test_half_rise_of_a_ramp(baseline: float) -> None:
    # A ramp through the whole response has its mean at 1/2 of its length, half of that at 1/4.
    rate = rates(baseline, lambda time: baseline + 80 * time)
    assert half_rise(rate, START) == pytest.approx(0.125)


def test_half_rise_of_a_ramp_that_ends_in_a_plateau() -> None:
    # From 100 to 200 ms: the mean of the response is 0.7 of the plateau, half of it 0.35.
    rate = rates(0.0, lambda time: 40 * np.clip((time - 0.1) / 0.1, 0, 1))
    assert half_rise(rate, START) == pytest.approx(0.135)


def test_half_rise_of_a_step_is_within_the_bin_at_which_it_steps() -> None:
    rate = rates(5.0, lambda time: np.where(time > 0.15, 45.0, 5.0))
    # 0.35 of the way from the middle of the bin before to that of the bin after.
    assert half_rise(rate, START) == pytest.approx(0.145 + 0.35 * WIDTH)


def test_half_rise_of_volleys_is_in_the_first_and_not_in_the_highest() -> None:
    # The mean is 14 Hz, half of it 7: 7/100 of the way up to the first volley.
    rate = volleys(bin10=100, bin20=100, bin30=100, bin40=400)
    assert rate[40:].mean() == pytest.approx(14)
    assert half_rise(rate, START) == pytest.approx(0.095 + WIDTH * 7 / 100)


def test_a_volley_below_half_of_the_mean_is_passed_over() -> None:
    # The mean is 8.1 Hz.
    rate = volleys(bin5=4, bin25=400, bin40=1)
    assert half_rise(rate, START) == pytest.approx(0.245 + WIDTH * 4.05 / 400)
    rate = volleys(bin5=5, bin25=400)
    assert half_rise(rate, START) == pytest.approx(0.045 + WIDTH * 4.05 / 5)


def test_half_rise_depends_on_neither_scale_nor_baseline() -> None:
    rng = np.random.default_rng(0)
    rate = rates(0.0, lambda time: np.where(time > 0.1, 50, 2) * rng.random(len(time)))
    rate += rng.random(len(rate))
    expected = half_rise(rate, START)
    assert 0.09 < expected < 0.14
    for scale in (0.01, 7.0):
        assert half_rise(scale * rate, START) == pytest.approx(expected)
        assert half_rise(scale * rate + 20, START) == pytest.approx(expected)


def test_a_baseline_that_varies_counts_by_its_mean() -> None:
    rate = rates(0.0, lambda time: 80 * time)
    rate[:40] = 10 * (np.arange(40) % 2)  # mean 5
    # Half of the way from 5 to 20.
    assert half_rise(rate, START) == pytest.approx(12.5 / 80)


def test_a_response_that_is_there_at_once_has_the_first_bin() -> None:
    assert half_rise(rates(0.0, np.ones_like), START) == pytest.approx(WIDTH / 2)


@pytest.mark.parametrize("response", [0.0, 3.0, 5.0])
def test_without_a_rise_there_is_no_latency(response: float) -> None:
    rate = rates(5.0, lambda time: np.full_like(time, response))
    assert math.isnan(half_rise(rate, START))
    assert math.isnan(half_rise(np.zeros(len(START)), START))


# ------------------------------------------------------------------------------------ recordings

Responses = Mapping[tuple[str, str, int], tuple[float, float]]


def recorded(responses: Responses, n: int, singles: Sequence[str] = ("p", "np")) -> Recording:
    """Return tests in which units fire regularly from a latency on (s) at a rate (Hz).

    They take turns, so that any ten units in a row fire at a constant rate together.
    """
    trials = [
        Trial(name, 0.5, 0.4, phase)
        for phase in ("before", "after")
        for name in singles
        for _ in range(TRIALS)
    ]
    timeline = Timeline.of(trials)
    index, times = [], []
    for trial, onset in zip(trials, timeline.table().start_time, strict=True):
        for (phase, stimulus, unit), (latency, rate) in responses.items():
            if (phase, stimulus) == (trial.phase, trial.stimulus):
                turn = (unit % 10 + 0.5) / 10
                spikes = np.arange(latency + turn / rate, 0.5, 1 / rate)
                index.append(np.full(len(spikes), unit))
                times.append(onset + spikes)
    spikes = SpikeTrains(n, np.concatenate(index), np.concatenate(times))
    return Recording({"excitatory": spikes}, timeline.table(), timeline.duration, {}, "")


def step_latency(*steps: tuple[float, float]) -> float:
    """Return the half rise (ms) of a sum of responses, each a step at a time (s) to a rate.

    The first of them alone has to reach half of the mean.
    """
    # Smoothing makes a ramp of a step, as long as what is averaged over.
    length = BIN * len(SMOOTHING)
    mean = sum(rate * (0.5 - time) / 0.5 for time, rate in steps)
    time, first = steps[0]
    assert mean / 2 < first
    return 1e3 * (time - length / 2 + length * mean / 2 / first)


def test_latencies_to_both_stimuli() -> None:
    # Ten units of P fire 50 Hz from 100 ms on, to NP after learning 25 Hz from 140 ms on.
    units = range(10)
    recording = recorded(
        {("before", "p", unit): (0.2, 50.0) for unit in units}
        | {("after", "p", unit): (0.1, 50.0) for unit in units}
        | {("after", "np", unit): (0.14, 25.0) for unit in units},
        n=10,
    )
    values = describe_latency(recording, [P_TO_NP])
    assert list(values) == ["p_latency", "np_latency", "latency_difference"]
    assert values["p_latency"] == pytest.approx(step_latency((0.1, 50)), abs=0.2)
    assert values["np_latency"] == pytest.approx(step_latency((0.14, 25)), abs=0.2)
    difference = values["np_latency"] - values["p_latency"]
    assert values["latency_difference"] == pytest.approx(difference)
    assert values["latency_difference"] == pytest.approx(40, abs=1)


def test_the_size_of_the_response_does_not_matter() -> None:
    def latency(rate: float) -> float:
        responses = {
            (phase, name, unit): (0.1, of_stimulus)
            for phase, name, of_stimulus in (
                ("before", "p", 50.0),
                ("after", "p", 50.0),
                ("after", "np", rate),
            )
            for unit in range(10)
        }
        return describe_latency(recorded(responses, 10), [P_TO_NP])["np_latency"]

    assert latency(10.0) == pytest.approx(latency(100.0), abs=1.5)


def test_only_pair_coding_units_count() -> None:
    # Units 10-19 keep to P and are later, 20-29 responded to NP from the first and are earlier.
    coding, own_only, both = range(10), range(10, 20), range(20, 30)
    responses = {("before", "p", unit): (0.1, 50.0) for unit in (*coding, *own_only, *both)}
    responses |= {("before", "np", unit): (0.02, 50.0) for unit in both}
    responses |= {("after", "p", unit): (0.1, 50.0) for unit in coding}
    responses |= {("after", "p", unit): (0.3, 50.0) for unit in own_only}
    responses |= {("after", "p", unit): (0.02, 50.0) for unit in both}
    responses |= {("after", "np", unit): (0.14, 50.0) for unit in coding}
    responses |= {("after", "np", unit): (0.02, 50.0) for unit in both}
    values = describe_latency(recorded(responses, 30), [P_TO_NP])
    assert values["p_latency"] == pytest.approx(step_latency((0.1, 50)), abs=0.2)
    assert values["np_latency"] == pytest.approx(step_latency((0.14, 50)), abs=0.2)


@pytest.mark.parametrize("n_of_second", [10, 30])
def test_units_of_all_directions_are_pooled(n_of_second: int) -> None:
    # Of the second pair all units are later. What they add to the mean goes with their number.
    first, second = range(20), range(20, 20 + n_of_second)
    responses = {}
    for units, own, partner, latency in ((first, "p", "np", 0.06), (second, "q", "nq", 0.2)):
        for unit in units:
            responses["before", own, unit] = responses["after", own, unit] = (latency, 50.0)
            responses["after", partner, unit] = (latency + 0.03, 50.0)
    recording = recorded(responses, 50, ("p", "np", "q", "nq"))
    values = describe_latency(recording, [P_TO_NP, NP_TO_P, ("q", "nq"), ("nq", "q")])
    for name, later in (("p_latency", 0.0), ("np_latency", 0.03)):
        expected = step_latency((0.06 + later, 20 * 50), (0.2 + later, n_of_second * 50))
        assert values[name] == pytest.approx(expected, abs=0.2)


def test_own_and_partner_are_told_apart_in_both_directions() -> None:
    # The units of NP are pair-coding; to their own stimulus they answer first.
    responses = {
        (phase, name, unit): (latency, 50.0)
        for phase, name, latency in (
            ("before", "np", 0.1),
            ("after", "np", 0.1),
            ("after", "p", 0.16),
        )
        for unit in range(10)
    }
    values = describe_latency(recorded(responses, 10), [P_TO_NP, NP_TO_P])
    assert values["p_latency"] == pytest.approx(step_latency((0.1, 50)), abs=0.2)
    assert values["latency_difference"] == pytest.approx(60, abs=2)


def test_without_pair_coding_units_there_is_no_latency() -> None:
    responses = {("before", "p", 0): (0.1, 50.0), ("after", "p", 0): (0.1, 50.0)}
    values = describe_latency(recorded(responses, 2), [P_TO_NP, NP_TO_P])
    assert len(values) == 3
    assert all(math.isnan(value) for value in values.values())
