"""Short-term plasticity: closed forms, trains and measures, sheets, the protocol's scores."""

from __future__ import annotations

import numpy as np
import pytest
from plasticity_runs import plasticity_run

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity, integrate
from neurosim.errors import InputError
from neurosim.parameters.library import load_model
from neurosim.release_conventions import AFTER_JUMP
from neurosim.run_directory import Run
from neurosim.synapse.plasticity_probes import (
    GAP,
    PAIR,
    REGULAR,
    decay_time,
    largest_error,
    probes_of,
    rate_of_peak,
    read_on_arrival,
    trains_of,
    values_of,
)
from neurosim.synapse.presynaptic_trains import NEVER, regular_train, train_tables

DEPRESSING = ShortTermPlasticity(0.5, 0.0, 0.8)
FACILITATING = ShortTermPlasticity(0.03, 0.53, 0.13)
MONGILLO = ShortTermPlasticity(0.2, 1.5, 0.2)
WITH_INACTIVATION = ShortTermPlasticity(0.03, 0.53, 0.13, 0.0015)
SLOW_INACTIVATION = ShortTermPlasticity(0.4, 0.2, 0.3, 0.05)
TIDDIA = ShortTermPlasticity(0.19, 1.5, 0.2, release=AFTER_JUMP)
SYNAPSES = [DEPRESSING, FACILITATING, MONGILLO, WITH_INACTIVATION, SLOW_INACTIVATION, TIDDIA]
RATES = np.array([1.0, 3.0, 10.0, 20.0, 50.0, 100.0])
SETS = (
    "tsodyks1998",
    "tsodyks1998_facilitating",
    "tsodyks2000_facilitating",
    "mongillo2008_synapse",
)


def in_convention_b(synapse: ShortTermPlasticity, times: np.ndarray) -> np.ndarray:
    """Release u x with u before its jump, which decays to U (as codes of Mongillo 2008 have it)."""
    u, x, released = synapse.U, 1.0, []
    for spike, interval in enumerate(np.diff(times, prepend=times[0])):
        if spike > 0:
            u = synapse.U + (u - synapse.U) * np.exp(-interval / synapse.tau_facilitation)
            x = 1 - (1 - x) * np.exp(-interval / synapse.tau_recovery)
        released.append(u * x)
        x -= u * x
        u += synapse.U * (1 - u)
    return np.array(released)


def in_convention_c(synapse: ShortTermPlasticity, times: np.ndarray) -> np.ndarray:
    """Release u x with u after its jump, which decays to U (Tiddia et al. 2022)."""
    u, x, released = synapse.U, 1.0, []
    for spike, interval in enumerate(np.diff(times, prepend=times[0])):
        if spike > 0:
            u = synapse.U + (u - synapse.U) * np.exp(-interval / synapse.tau_facilitation)
            x = 1 - (1 - x) * np.exp(-interval / synapse.tau_recovery)
        u += synapse.U * (1 - u)
        released.append(u * x)
        x -= u * x
    return np.array(released)


def irregular(n: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).exponential(0.05, n) + 1e-3)


# Closed forms.


@pytest.mark.parametrize(
    ("synapse", "expected"),
    [
        (DEPRESSING, [0.181, 0.105, 0.057, 0.024]),
        (FACILITATING, [0.087, 0.135, 0.166, 0.122]),
        (ShortTermPlasticity(0.04, 1.0, 0.1), [0.182, 0.259, 0.269, 0.167]),
        (MONGILLO, [0.481, 0.357, 0.215, 0.095]),
    ],
)
def test_steady_state_has_its_known_values(synapse, expected):
    assert synapse.steady_state([5, 10, 20, 50]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_long_regular_trains_end_in_the_steady_state(synapse):
    for rate in RATES:
        n_spikes = synapse.spikes_to_steady_state(rate)
        released = synapse.releases(np.arange(n_spikes) / rate)
        assert released[-1] == pytest.approx(synapse.steady_state(rate), rel=1e-9)
        # And not much earlier, where the steady state is reached late.
        if n_spikes > 50:
            assert released[n_spikes // 4] != pytest.approx(synapse.steady_state(rate), rel=1e-9)


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_the_second_of_two_releases_is_that_of_the_closed_form(synapse):
    intervals = np.geomspace(1e-3, 10, 9)
    ratios = [synapse.releases([0.3, 0.3 + interval]) for interval in intervals]
    measured = np.array([second / first for first, second in ratios])
    np.testing.assert_allclose(measured, synapse.paired_pulse_ratio(intervals), rtol=1e-13)


def test_facilitation_and_depression_have_the_sign_that_they_should():
    assert (DEPRESSING.paired_pulse_ratio([0.01, 0.1, 1]) < 1).all()
    assert (FACILITATING.paired_pulse_ratio([0.01, 0.1, 1]) > 1).all()
    assert DEPRESSING.paired_pulse_ratio(0.1) == pytest.approx(1 - 0.5 * np.exp(-1 / 8), rel=1e-14)
    np.testing.assert_allclose(FACILITATING.paired_pulse_ratio(60.0), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("synapse", "peak"),
    [(FACILITATING, 20.8), (ShortTermPlasticity(0.04, 1.0, 0.1), 15.3), (MONGILLO, 3.6)],
)
def test_peak_rates_of_the_facilitating_sets(synapse, peak):
    measured = synapse.peak_rate()
    assert measured == pytest.approx(peak, abs=0.05)
    beside = synapse.steady_state(measured * np.array([0.999, 1, 1.001]))
    assert beside.argmax() == 1
    rough = 1 / np.sqrt(synapse.U * synapse.tau_facilitation * synapse.tau_recovery)
    assert measured == pytest.approx(rough, rel=0.15)


def test_a_depressing_synapse_has_no_peak():
    assert np.isnan(DEPRESSING.peak_rate())


# Conventions.


@pytest.mark.parametrize("synapse", [FACILITATING, MONGILLO])
def test_convention_a_is_convention_b_to_rounding(synapse):
    times = irregular(300)
    np.testing.assert_allclose(synapse.releases(times), in_convention_b(synapse, times), rtol=1e-13)


@pytest.mark.parametrize("synapse", [FACILITATING, MONGILLO])
def test_after_the_jump_is_convention_c_and_another(synapse):
    after = ShortTermPlasticity(
        synapse.U, synapse.tau_facilitation, synapse.tau_recovery, release=AFTER_JUMP
    )
    times = irregular(300)
    released = after.releases(times)
    np.testing.assert_allclose(released, in_convention_c(synapse, times), rtol=1e-13)
    assert after.first_release == released[0] == pytest.approx(synapse.U * (2 - synapse.U))
    assert synapse.first_release == synapse.releases(times)[0] == synapse.U
    assert np.abs(released / synapse.releases(times) - 1).max() > 0.3


# Resources.


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_no_more_is_released_than_recovers(synapse):
    times = irregular(2000)
    released = synapse.releases(times)
    assert (released > 0).all()
    assert (released <= 1).all()
    # All of it has to have recovered, at most at the rate 1/tau_recovery, or was there at first.
    assert released.sum() <= 1 + times[-1] / synapse.tau_recovery


def test_without_recovery_all_resources_are_released_once():
    for tau_inactivation in (0.0, 0.01):
        synapse = ShortTermPlasticity(0.3, 0.2, 1e9, tau_inactivation)
        assert synapse.releases(np.arange(200) * 0.01).sum() == pytest.approx(1, abs=1e-6)


def test_resources_that_stay_active_are_missed():
    rates = np.array([1, 10, 50, 100])
    lost = WITH_INACTIVATION.steady_state(rates) / FACILITATING.steady_state(rates)
    assert (lost < 1).all()
    assert (np.diff(lost) < 0).all()


# The independent integration.


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_the_equations_integrated_by_scipy_release_the_same(synapse):
    # A membrane so slow that it counts charges: its potential is the sum of all releases.
    arrivals = irregular(12)
    tau_m = 1e7
    unit = tau_m / synapse.tau_inactivation if synapse.tau_inactivation > 0 else 1.0
    end = arrivals[-1] + 100 * synapse.tau_inactivation
    potential = integrate(synapse, arrivals, [end], tau_m, drive=unit)
    assert potential[0] == pytest.approx(synapse.releases(arrivals).sum(), rel=1e-5)


def test_the_potential_of_one_spike_is_the_known_difference_of_exponentials():
    times = np.array([0.0, 0.05, 0.1, 0.103, 0.15, 0.3])
    synapse, tau_m, drive = ShortTermPlasticity(0.5, 0.0, 0.8, 0.003), 0.04, 0.025
    since = np.maximum(times - 0.1, 0)
    kernel = (np.exp(-since / tau_m) - np.exp(-since / 0.003)) * 0.003 / (tau_m - 0.003)
    np.testing.assert_allclose(
        integrate(synapse, [0.1], times, tau_m, drive), 0.5 * drive * kernel, rtol=1e-8
    )
    jump = integrate(MONGILLO, [0.1], times, tau_m, 1e-3)
    np.testing.assert_allclose(jump, 0.2e-3 * np.exp(-since / tau_m) * (times >= 0.1), rtol=1e-8)


def test_a_spike_at_the_start_counts():
    assert integrate(MONGILLO, [0.0], [0.0], 0.01, 1.0)[0] == pytest.approx(0.2)


# The mean field.


def test_mean_field_of_a_depressing_synapse_is_that_of_poisson_trains():
    generator = np.random.default_rng(0)
    for synapse in (DEPRESSING, ShortTermPlasticity(0.5, 0.0, 0.8, 0.05)):
        times = np.cumsum(generator.exponential(1 / 8, 40_000))
        mean = synapse.releases(times)[100:].mean()
        assert mean == pytest.approx(float(synapse.poisson_mean_field(8.0)), rel=0.02)


def test_mean_field_is_no_oracle_for_regular_trains():
    ratio = FACILITATING.poisson_mean_field(1.0) / FACILITATING.steady_state(1.0)
    assert ratio == pytest.approx(1.28, abs=0.01)


# Bad input.


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0.0, 0.5, 0.1), "U is 0, expected a fraction above 0 and at most 1"),
        ((1.2, 0.5, 0.1), "U is 1.2"),
        ((0.5, -0.1, 0.1), "tau_facilitation is -0.1 s, expected 0 s or more"),
        ((0.5, 0.1, 0.0), "tau_recovery is 0 s, expected more than 0 s"),
        ((0.5, 0.1, 0.1, 0.2), r"tau_inactivation is 0.2 s.*less than tau_recovery \(0.1 s\)"),
        ((0.5, 0.1, 0.1, 0.0, "after_jmp"), "did you mean 'after_jump'"),
        ((float("nan"), 0.5, 0.1), "U is nan"),
    ],
)
def test_a_synapse_that_cannot_be_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        ShortTermPlasticity(*values)


def test_rates_intervals_and_times_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="rate is 0 Hz, expected more than 0 Hz"):
        MONGILLO.steady_state([1.0, 0.0])
    with pytest.raises(InputError, match="rate is -1 Hz"):
        MONGILLO.poisson_mean_field(-1)
    with pytest.raises(InputError, match="interval is nan s"):
        MONGILLO.paired_pulse_ratio(np.nan)
    with pytest.raises(InputError, match="do not rise"):
        MONGILLO.releases([0.1, 0.1])
    with pytest.raises(InputError, match=r"shape \(1, 2\), expected a vector"):
        MONGILLO.releases([[0.1, 0.2]])
    with pytest.raises(InputError, match="arrival times do not rise from 0 s on"):
        integrate(MONGILLO, [-0.1], [0.1], 0.01, 1.0)
    with pytest.raises(InputError, match="times do not rise"):
        integrate(MONGILLO, [0.1], [0.2, 0.1], 0.01, 1.0)


# Trains.


def test_regular_trains_have_equal_intervals_of_whole_steps():
    train = regular_train(70.0, 5, 1e-4, 0.1)
    np.testing.assert_allclose(np.diff(train), 0.0143, rtol=1e-12)
    assert train[0] == pytest.approx(0.1)


def test_the_table_holds_the_step_of_every_spike_and_silence_behind():
    tables, capacities = train_tables([[0.1, 0.1001], [], [0.00004]], 1e-4)
    steps = tables["spike_steps"]
    assert steps.shape == (capacities["n_spikes"], capacities["n_trains"])
    assert steps[:3, :4].T.tolist() == [
        [1000, 1001, NEVER],
        [NEVER] * 3,
        [0, NEVER, NEVER],
        [NEVER] * 3,
    ]
    assert (steps[-1] == NEVER).all()
    many, _ = train_tables([np.arange(capacities["n_spikes"]) * 1e-3], 1e-4)
    assert (many["spike_steps"][-1] == NEVER).all()


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([0.1, 0.10001], r"Train 1 has two spikes in one time step \(0.1 ms\) or out of order"),
        ([0.2, 0.1], "out of order"),
        ([-0.1], "Train 1 has a spike that is before 0 s"),
        ([np.inf], "at no finite time"),
        ([[0.1]], r"Train 1 has the shape \(1, 1\), expected a vector"),
        (["soon"], "Train 1 is .*, expected times in seconds"),
    ],
)
def test_trains_that_cannot_be_fired_are_refused(train, message):
    with pytest.raises(InputError, match=message):
        train_tables([[0.1], train], 1e-4)


def test_regular_trains_that_cannot_be_fired_are_refused():
    with pytest.raises(InputError, match="rate is 0 Hz"):
        regular_train(0, 5, 1e-4)
    with pytest.raises(InputError, match=r"at most one spike per time step \(10000 Hz\)"):
        regular_train(2e4, 5, 1e-4)
    with pytest.raises(InputError, match="number of spikes is 0"):
        regular_train(10, 0, 1e-4)


def test_probes_are_what_they_say():
    probes = probes_of(FACILITATING, 1e-4, [20.0, 70.0], [1.0, 100.0], [0.02], [0.5])
    assert [len(probe.train) for probe in probes[:2]] == [20, 20]
    for number in trains_of(probes, REGULAR):
        train = probes[number].train
        np.testing.assert_allclose(np.diff(train), 1 / probes[number].value, rtol=1e-9)
        needed = FACILITATING.spikes_to_steady_state(probes[number].value)
        assert len(train) == max(50, needed)
    pair, gap = (probes[trains_of(probes, phase)[0]].train for phase in (PAIR, GAP))
    assert np.diff(pair) == pytest.approx([0.02])
    assert len(gap) == 21
    assert np.diff(gap)[-1] == pytest.approx(0.5)
    assert values_of(probes, GAP).tolist() == pytest.approx([0.5])


# Measures.


def test_the_peak_is_found_between_the_rates_that_were_tried():
    rates = np.geomspace(1, 100, 40)
    releases = MONGILLO.steady_state(rates)
    assert rate_of_peak(rates, releases) == pytest.approx(MONGILLO.peak_rate(), rel=5e-3)
    assert np.isnan(rate_of_peak(rates, DEPRESSING.steady_state(rates)))


def test_the_decay_time_is_that_of_the_excess():
    gaps = np.linspace(1, 60, 40)
    releases = 0.2 * (1 + 3 * np.exp(-gaps / 1.5))
    assert decay_time(gaps, releases, 0.2) == pytest.approx(1.5, rel=1e-6)
    assert np.isnan(decay_time(gaps, np.full(40, 0.2), 0.2))


def test_reading_on_arrival_misreads_spikes_within_the_delay():
    times, releases = np.array([0.0, 0.003, 0.010]), np.array([0.5, 0.3, 0.4])
    assert read_on_arrival(times, releases, 0.002).tolist() == [0.5, 0.3, 0.4]
    assert read_on_arrival(times, releases, 0.004).tolist() == [0.3, 0.3, 0.4]
    assert read_on_arrival(times, releases, 0.02).tolist() == [0.4, 0.4, 0.4]


def test_errors_are_fractions_of_what_is_expected():
    assert largest_error([1.0, 2.2], [1.0, 2.0]) == pytest.approx(0.1)
    with pytest.raises(InputError, match="at least one value"):
        largest_error([], [])
    with pytest.raises(InputError, match=r"shape \(2,\), the expected ones \(3,\)"):
        largest_error([1, 2], [1, 2, 3])


# Sheets.


def test_the_sheets_hold_the_sets_of_the_closed_forms():
    own = [load_model(name).parameters.plasticity for name in SETS]
    assert own == [
        ShortTermPlasticity(0.5, 0.0, 0.8, 0.003),
        WITH_INACTIVATION,
        ShortTermPlasticity(0.04, 1.0, 0.1, 0.003),
        MONGILLO,
    ]
    assert load_model("tsodyks1998").parameters.drive == pytest.approx(25e-3)
    assert load_model("mongillo2008_synapse").parameters.drive == pytest.approx(0.45e-3)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("tsodyks1998", {"synapse.U": 0}, "synapse.U is 0, expected a number above 0"),
        ("tsodyks1998", {"synapse.release": "before"}, "did you mean 'before_jump'"),
        ("tsodyks1998", {"synapse.delta_psp": "1 mV"}, "no effect here: synapse.transmission"),
        ("mongillo2008_synapse", {"synapse.efficacy": "1 pA"}, "expected 'current'"),
        ("tsodyks1998", {"simulation.dt": "0.3 ms"}, "whole fraction of the 0.5 ms"),
        ("tsodyks1998", {"synapse.tau_inactivation": "800 ms"}, "less than tau_recovery"),
        ("tsodyks1998", {"synapse.tau_inactivation": "40 ms"}, "another value than cell.tau_m"),
    ],
)
def test_values_that_cannot_be_are_refused(name, overrides, message):
    with pytest.raises(InputError, match=message):
        load_model(name, overrides)


def test_a_value_that_one_transmission_needs_is_taken_with_its_word():
    sheet = load_model(
        "mongillo2008_synapse",
        {
            "synapse.transmission": "current",
            "synapse.efficacy": "1 pA",
            "synapse.tau_inactivation": "2 ms",
        },
    )
    assert sheet.parameters.inactivates
    assert sheet.parameters.plasticity.tau_inactivation == pytest.approx(2e-3)


# The protocol, on responses by closed forms.


@pytest.fixture(scope="module")
def run() -> Run:
    return plasticity_run(protocol__condition="all")


def test_every_target_is_measured_and_met(run):
    assert {row.condition for row in run.rows} == {"main", "after_jump", "stored_in_neuron"}
    assert {row.status for row in run.rows} <= {"met", "reported"}
    assert run.row("peak_rate_mongillo2008_synapse").value == pytest.approx(3.6, abs=0.02)
    assert run.row("error_if_read_on_arrival", "stored_in_neuron").value > 0.1


def test_another_synapse_is_another_score(run):
    other = plasticity_run(synapse__U=0.6, protocol__n_rates=5)
    peaks = [it.row("trace_a_peak").value for it in (run, other)]
    # The fraction of all resources that is released first; the published axis ends at 1 mV.
    assert peaks[1] == pytest.approx(peaks[0] * 0.6 / 0.5, rel=1e-6)
    assert other.row("trace_a_error").value < 0.01


def test_the_recording_holds_a_unit_for_each_train(run):
    for name in ("sheet", *SETS[1:]):
        n = run.recording.spikes[name].n
        assert len(run.recording.trial_table.where(role=name)) == n
        assert run.recording.traces[f"membrane_potential_of_{name}"].data.shape == (2400, 2)


def test_synapses_are_recorded_one_behind_the_other(run):
    recording = run.recording
    table, potentials = recording.trial_table, "membrane_potential_of_{}"
    starts = [recording.traces[potentials.format(name)].start for name in recording.spikes]
    assert starts == sorted(starts) and len(set(starts)) == len(starts)
    released = recording.trial_values["last_release"].data
    for (name, trains), start, end in zip(
        recording.spikes.items(), starts, [*starts[1:], recording.duration], strict=True
    ):
        assert ((trains.time >= start) & (trains.time < end)).all()
        own = table.where(role=name)
        spikes = [trains.of(unit) for unit in range(trains.n)]
        # Spikes are rounded to steps of the simulation.
        np.testing.assert_allclose(table.start_time[own], [t[0] for t in spikes], atol=1e-4)
        np.testing.assert_allclose(table.stop_time[own], [t[-1] for t in spikes], atol=1e-4)
        assert len(set(np.round(released[own], 6))) > trains.n / 2


@pytest.mark.parametrize("condition", ["main", "stored_in_neuron"])
def test_trials_are_in_order_of_time(run, condition):
    starts = run.recordings[condition].trial_table.start_time
    assert (np.diff(starts) >= 0).all() and len(set(starts)) > 1
