"""The circuit of the fly's hash against closed forms, statistics with known answers, ablations."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from brian2 import Equations
from circuit_benches import HASH_SIZES

from neurosim.circuits.fly_hash import kenyon_cell_equations
from neurosim.errors import InputError
from neurosim.hashing.odours import odour_tables
from neurosim.hashing.spiking_hash import BATCH, HashCircuit
from neurosim.parameters.library import load_model
from neurosim.recording import Recording
from neurosim.session import Session
from neurosim.simulation import cache
from neurosim.simulation.numpy_target import RuntimeStages
from neurosim.simulation.objects import simulated

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

N_TYPES, N_CELLS, CLAWS = 12, 60, 6
# What the tests below rely on, whatever the sheet is calibrated to.
GIVEN = {
    "simulation.dt": "1 ms",
    "simulation.window": "100 ms",
    "antennal_lobe.centred_rate": "100 Hz",
    "kenyon_cells.tau_m": "12 ms",
    "kenyon_cells.tau_synapse": "5 ms",
    "kenyon_cells.v_threshold": "21.5 mV",
    "kenyon_cells.v_reset": "0 mV",
    "kenyon_cells.v_inhibition": "-15 mV",
    "kenyon_cells.claws": CLAWS,
    "kenyon_cells.epsp": "3 mV",
    "apl.tau_m": "10 ms",
    "apl.excitation": "100 mV",
    "apl.gain": "0.2 /mV",
    "apl.sparsity": 0,
    "apl.release": 0,
}
ODOURS = np.random.default_rng(2).exponential(20, size=(40, N_TYPES))


def circuit_of(
    spikes: str = "regular", seed: int = 1, target: str = "standalone", **changes: Any
) -> HashCircuit:
    """Return a small circuit that presents odours in Hz, at the strengths that are given."""
    sheet = load_model("dasgupta2017", {**HASH_SIZES, **GIVEN})
    session = Session(sheet.parameters, "fly_hash", seed, target)
    return HashCircuit.draw(session, N_TYPES, projection_neurons__spikes=spikes, **changes)


def at_rates(circuit: HashCircuit, rates: np.ndarray, n: int) -> Recording:
    """Present one odour `n` times, for which projection neurons fire at these rates, Hz."""
    circuit = circuit.changed(antennal_lobe__centred_rate=float(rates.mean()))
    # Each receptor neuron at a fifth of its projection neuron, so that the gain is 1.
    receptors = np.tile(rates / HASH_SIZES["receptor_neurons.n_per_type"], (n, 1))
    return circuit.recording(receptors, ["odour"] * n, "rates")


def counts_of(recording: Recording, population: str) -> np.ndarray:
    """Return the spikes of every unit in every window, shape (n_odours, n)."""
    table = recording.trial_table
    length = float(table.stop_time[0] - table.start_time[0])
    return recording.spikes[population].counts(table.start_time, (0.0, length))


def windows_of(recording: Recording, trace: str) -> np.ndarray:
    """Return a trace in mV by window, shape (n_odours, n_steps, n_channels)."""
    data = 1e3 * recording.traces[trace].data.astype(float)
    return data.reshape(len(recording.trial_table), -1, data.shape[1])


def all_drive_one(strength: float = 50.0) -> np.ndarray:
    """Return an odour for each receptor type, which excites nothing else."""
    return strength * np.eye(N_TYPES)


# ----------------------------------------------------------------------------- projection neurons


def test_regular_projection_neurons_fire_at_their_rates() -> None:
    rates = np.linspace(0, 110, N_TYPES)
    counts = counts_of(at_rates(circuit_of(), rates, 400), "projection_neurons")
    expected = rates * 0.1
    assert (np.abs(counts - expected) < 1 + 1e-9).all()
    # From a uniformly random phase on, the mean count is exact.
    deviation = np.sqrt(0.25 / 400)
    assert (np.abs(counts.mean(axis=0) - expected) < 4 * deviation).all()


def test_regular_projection_neurons_start_at_a_random_phase() -> None:
    recording = at_rates(circuit_of(), np.full(N_TYPES, 10.0), 400)
    trains = recording.spikes["projection_neurons"]
    assert len(trains.time) == pytest.approx(400 * N_TYPES, abs=2)  # one in each window
    steps = np.rint(trains.time / 1e-3).astype(int) % 100
    in_tenths = np.bincount(steps // 10, minlength=10)
    expected = len(steps) / 10
    assert (np.abs(in_tenths - expected) < 4 * np.sqrt(expected)).all()
    # Each has a phase of its own.
    phases = np.full((400, N_TYPES), -1)
    phases[(trains.time / 0.1 + 1e-6).astype(int), trains.index] = steps
    assert np.abs(np.corrcoef(phases.T) - np.eye(N_TYPES)).max() < 4 / np.sqrt(400)


def test_poisson_receptor_neurons_drive_projection_neurons_at_their_rates() -> None:
    rates = np.linspace(0, 110, N_TYPES)
    n = 4000
    counts = counts_of(at_rates(circuit_of("poisson_receptors"), rates, n), "projection_neurons")
    assert not counts[:, 0].any()
    counts = counts[:, 1:]
    expected = rates[1:] * 0.1
    # A spike of a receptor neuron moves the phase by 1: the counts of Poisson processes.
    standard_error = np.sqrt(expected / n)
    assert (np.abs(counts.mean(axis=0) - expected) < 4 * standard_error).all()
    # To within a hundredth: from the first step of a window to its last.
    total = n * expected.sum()
    assert abs(counts.sum() - total) < 3 * np.sqrt(total) < 0.01 * total
    assert counts.var(axis=0) == pytest.approx(expected, rel=0.15)
    correlations = np.corrcoef(counts.T) - np.eye(N_TYPES - 1)
    assert np.abs(correlations).max() < 4.5 / np.sqrt(n)
    following = [np.corrcoef(column[:-1], column[1:])[0, 1] for column in counts.T]
    assert np.abs(following).max() < 4.5 / np.sqrt(n)


def test_more_receptor_spikes_for_the_same_rate_are_more_regular() -> None:
    rates = np.full(N_TYPES, 50.0)
    circuit = circuit_of("poisson_receptors", antennal_lobe__centred_rate=50.0)
    spread = {}
    for receptor_rate in (10.0, 80.0):  # 5 and 40 spikes of all receptor neurons in a window
        odours = np.full((500, N_TYPES), receptor_rate)
        recording = circuit.recording(odours, ["odour"] * 500, "rates")
        counts = counts_of(recording, "projection_neurons")
        assert counts.mean() == pytest.approx(rates[0] * 0.1, rel=0.03)
        spread[receptor_rate] = counts.var()
    # The variance of rate*window*(spike of a projection neuron/spike of a receptor neuron), and of
    # the phase, 1/12 at each end.
    assert spread[10.0] == pytest.approx(5.0, rel=0.1)
    assert spread[80.0] == pytest.approx(5 / 8 + 1 / 6, rel=0.1)


def test_receptor_neurons_are_independent_poisson_processes() -> None:
    from brian2 import Network, SpikeMonitor, prefs, second, set_device

    set_device("runtime")
    prefs.codegen.target = "numpy"
    circuit = circuit_of("poisson_receptors", receptor_neurons__n_per_type=40)
    parameters, n_windows = circuit.parameters, 5
    odours = np.tile(np.linspace(0, 110, N_TYPES), (n_windows, 1))
    from neurosim.circuits import fly_hash

    objects = fly_hash.assemble(
        {**parameters.structure(), "n_odours": n_windows},
        RuntimeStages(
            parameters.run_arguments(),
            odour_tables(parameters, circuit.projection, odours, n_windows),
            {},
            1,
            2,
        ),
    )
    monitor = SpikeMonitor(objects["receptor_neurons"])
    Network([*simulated(objects), monitor]).run(n_windows * 0.1 * second)
    window = np.floor((np.asarray(monitor.t) + 5e-4) / 0.1).astype(int)
    counts = np.zeros((n_windows, 40 * N_TYPES), dtype=int)
    np.add.at(counts, (window, np.asarray(monitor.i)), 1)
    by_type = counts.reshape(n_windows, N_TYPES, 40)
    expected = 0.1 * odours[0]
    n = n_windows * 40
    assert not by_type[:, 0].any()
    mean = by_type.mean(axis=(0, 2))
    # One spike a step at most: a little fewer at high rates, whose spikes wait.
    assert (np.abs(mean - expected) <= 4 * np.sqrt(expected / n) + 0.01 * expected).all()
    fano = by_type[:, 1:].var(axis=(0, 2)) / mean[1:]
    assert (np.abs(fano - 1) < 4.5 * np.sqrt(2 / n)).all()
    assert np.asarray(objects["receptor_neurons_to_projection_neurons"].j[:]).tolist() == list(
        np.repeat(np.arange(N_TYPES), 40)
    )


# ------------------------------------------------------------------------------------ Kenyon cells


@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_every_kenyon_cell_hears_its_claws_and_no_other(spikes: str) -> None:
    # A spike of any claw is enough, so that cells tell from whom they receive.
    circuit = circuit_of(spikes, kenyon_cells__epsp=0.05, apl__gain=0.0)
    tags = circuit.counts(all_drive_one(), "claws")
    assert (circuit.projection.sum(axis=1) == CLAWS).all()
    assert np.array_equal(tags.toarray().T > 0, circuit.projection)


def test_one_spike_of_one_claw_is_one_epsp() -> None:
    window, epsp = 0.2, 2e-3
    circuit = circuit_of(kenyon_cells__epsp=epsp, apl__gain=0.0, simulation__window=window)
    rates = np.zeros(N_TYPES)
    rates[3] = 1 / window  # one spike in each window
    recording = at_rates(circuit, rates, 40)
    spikes = recording.spikes["projection_neurons"]
    assert set(spikes.index) == {3}
    assert np.abs(np.diff(np.r_[0, spikes.time, 40 * window])).max() < 2 * window
    onset = np.rint(spikes.time / 1e-3).astype(int) % 200
    v = windows_of(recording, "kenyon_cell_potential")
    heard = circuit.projection[:8, 3]
    assert heard.any()
    assert not heard.all()
    assert not v[:, :, ~heard].any()
    assert len(onset) == 40
    early = onset < 100
    assert v[early][:, :, heard].max(axis=1) == pytest.approx(1e3 * epsp, rel=0.02)
    # The whole course: double exponential, from the step behind the spike on.
    tau_m, tau_synapse = 12.0, 5.0
    first = int(np.flatnonzero(early)[0])
    time = np.arange(200 - onset[first] - 1)
    course = np.exp(-time / tau_m) - np.exp(-time / tau_synapse)
    course *= 1e3 * epsp / course[np.argmin(np.abs(time - 7.5))]
    measured = v[first][onset[first] + 1 :, heard][:, 0]
    assert measured == pytest.approx(course, abs=0.02 * 1e3 * epsp)


def test_epsps_add_up_linearly_below_threshold() -> None:
    one = circuit_of(kenyon_cells__epsp=5e-5, apl__gain=0.0)
    two = one.changed(kenyon_cells__epsp=1e-4)
    rates = np.linspace(20, 90, N_TYPES)
    small, large = (
        at_rates(it, rates, 5).traces["kenyon_cell_potential"].data for it in (one, two)
    )
    assert small.max() > 1e-4
    assert large == pytest.approx(2 * small, rel=1e-4)


def test_a_kenyon_cell_that_crosses_the_threshold_is_reset() -> None:
    circuit = circuit_of(kenyon_cells__epsp=0.01, apl__gain=0.0, kenyon_cells__v_reset=-4e-3)
    recording = circuit.recording(2 * ODOURS, ["odour"] * 40, "reset")
    v = windows_of(recording, "kenyon_cell_potential").reshape(-1, 8)
    assert v.max() <= 21.5
    trains = recording.spikes["kenyon_cells"]
    traced = trains.index < 8
    steps = np.rint(trains.time[traced] / 1e-3).astype(int)
    inside = steps % 100 < 99
    assert inside.sum() > 50
    after = v[steps[inside] + 1, trains.index[traced][inside]]
    assert after == pytest.approx(-4.0)


# ------------------------------------------------------------------------------------------- APL


def test_apl_adds_up_kenyon_cell_spikes_and_forgets_them() -> None:
    circuit = circuit_of(apl__tau_m=0.02, apl__excitation=0.05)
    recording = circuit.recording(ODOURS, ["odour"] * 40, "apl")
    v = windows_of(recording, "apl_potential")[:, :, 0]
    spikes = recording.spikes["kenyon_cells"]
    per_step = np.bincount(np.rint(spikes.time / 1e-3).astype(int), minlength=4000).reshape(40, 100)
    assert per_step.sum() > 100
    assert not v[:, 0].any()
    expected = v[:, :-1] * np.exp(-1 / 20) + per_step[:, :-1] * 50 / N_CELLS
    assert v[:, 1:] == pytest.approx(expected, abs=1e-5)


def test_apl_is_graded_and_has_no_spikes() -> None:
    recording = circuit_of().recording(ODOURS, ["odour"] * 40, "apl")
    assert set(recording.spikes) == {"projection_neurons", "kenyon_cells"}
    assert len(np.unique(recording.traces["apl_potential"].data)) > 100


def fraction(circuit: HashCircuit) -> float:
    return float(circuit.counts(ODOURS, "gain").nnz / (len(ODOURS) * N_CELLS))


def test_the_stronger_apl_the_fewer_kenyon_cells_fire() -> None:
    gains = (0.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4)
    active = [fraction(circuit_of(apl__gain=gain)) for gain in gains]
    assert active[0] > 0.3
    assert (np.diff(active) < 0).all()
    # However strong: it stops what it can stop, and never excites.
    for gain in (1e5, 1e6, 1e8):
        assert fraction(circuit_of(apl__gain=gain)) <= active[-1] + 0.01


def test_without_gain_apl_hears_and_does_nothing() -> None:
    alone = circuit_of(apl__gain=0.0)
    recording = alone.recording(ODOURS, ["odour"] * 40, "gain")
    assert recording.traces["kenyon_cell_potential"].data.min() == 0
    assert recording.traces["apl_potential"].data.max() > 0
    tags = alone.counts(ODOURS, "gain")
    for changes in ({"apl__excitation": 0.5}, {"kenyon_cells__v_inhibition": -0.1}):
        assert (alone.changed(**changes).counts(ODOURS, "gain") != tags).nnz == 0
    assert (circuit_of().counts(ODOURS, "gain") != tags).nnz > 0


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_inhibition_grows_with_a_power_of_apls_potential(exponent: int) -> None:
    expression = Equations(kenyon_cell_equations(exponent))["inhibition"].expr.code
    names = {"clip": np.clip, "gain": 200.0, "tau_m": 0.012, "dt": 0.001}
    values = [eval(expression, names | {"v_apl": potential}) for potential in (0.0, 2e-3, 1.0)]
    assert values == pytest.approx([0, 0.4**exponent, 11]), "at most what a step can follow"


@pytest.mark.parametrize("gain", [2e2, 1e4, 1e7])
def test_inhibition_ends_at_its_reversal_potential(gain: float) -> None:
    circuit = circuit_of(apl__gain=gain, apl__tau_m=0.1)
    recording = circuit.recording(ODOURS, ["odour"] * 40, "reversal")
    lowest = recording.traces["kenyon_cell_potential"].data.min()
    assert -15e-3 <= lowest < -1e-3
    # A cell that hears nothing is held between rest and the reversal, by the ratio of conductances.
    assert circuit.changed(kenyon_cells__v_inhibition=0.0).recording(
        ODOURS, ["odour"] * 40, "reversal"
    ).traces["kenyon_cell_potential"].data.min() == pytest.approx(0, abs=1e-9)


# ------------------------------------------------------------------------- windows are independent


@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_every_window_begins_at_rest(spikes: str) -> None:
    # With a reset that is not at rest, and synapses and APL that outlast a window.
    circuit = circuit_of(
        spikes,
        kenyon_cells__v_reset=-5e-3,
        kenyon_cells__tau_synapse=0.2,
        kenyon_cells__tau_m=0.3,
        apl__tau_m=0.5,
        apl__gain=20.0,
    )
    strong = np.where(np.arange(40)[:, np.newaxis] % 2 == 0, 3 * ODOURS.max(), 0.0)
    odours = np.broadcast_to(strong, (40, N_TYPES))
    recording = circuit.recording(odours, ["odour"] * 40, "rest")
    for trace in ("kenyon_cell_potential", "apl_potential"):
        v = windows_of(recording, trace)
        assert not v[:, 0].any()
        assert v[::2].max() > 1
        assert not v[1::2].any()
    for population in ("projection_neurons", "kenyon_cells"):
        counts = counts_of(recording, population)
        assert counts[::2].sum() > 100
        assert not counts[1::2].any()


@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_a_tag_does_not_depend_on_the_odour_before(spikes: str) -> None:
    n = 300
    circuit = circuit_of(spikes, apl__tau_m=0.05)
    presented = np.repeat(ODOURS[:1], 2 * n, axis=0)
    presented[0::2] = 0.0  # silence before
    behind_silence = circuit.counts(presented, "before")[1::2].toarray()
    presented[0::2] = ODOURS[1:2]
    behind_another = circuit.counts(presented, "before")[1::2].toarray()
    standard_error = np.sqrt((behind_silence.var(axis=0) + behind_another.var(axis=0)) / n)
    difference = np.abs(behind_silence.mean(axis=0) - behind_another.mean(axis=0))
    assert behind_silence.mean() > 0.1
    assert (difference <= 4.5 * standard_error).all()
    total = np.abs(behind_silence.sum(axis=1).mean() - behind_another.sum(axis=1).mean())
    assert total < 4 * behind_silence.sum(axis=1).std() * np.sqrt(2 / n)


def test_spikes_of_receptor_neurons_do_not_reach_the_next_odour() -> None:
    # Of which each would make a projection neuron fire twenty times.
    circuit = circuit_of("poisson_receptors", antennal_lobe__centred_rate=100.0)
    counts = []
    for before in (0.0, 300.0):
        odours = np.full((600, N_TYPES), 1.0)
        odours[0::2] = before
        recording = circuit.recording(odours, ["odour"] * 600, "before")
        counts.append(counts_of(recording, "projection_neurons")[1::2].sum(axis=1))
    silence, strong = counts
    assert silence.mean() > 60
    standard_error = np.sqrt((silence.var() + strong.var()) / 300)
    assert abs(silence.mean() - strong.mean()) < 4 * standard_error


@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_an_odour_of_nothing_has_an_empty_tag(spikes: str) -> None:
    odours = ODOURS.copy()
    odours[5] = 0
    tags = circuit_of(spikes).counts(odours, "nothing")
    active = np.diff(tags.indptr)
    assert active[5] == 0
    assert active.sum() > 100


# ---------------------------------------------------------------------------- any number of odours


def test_the_number_of_odours_is_not_compiled_in() -> None:
    # Tags that the noise cannot change: the cells that one projection neuron drives.
    circuit = circuit_of(kenyon_cells__epsp=0.05, apl__gain=0.0, simulation__window=0.02)
    circuit.counts(all_drive_one(), "number")
    compiled = cache.entries()
    for n in (1, 1000, 1025, BATCH + 1, 2 * BATCH + 1):
        driven = np.arange(n) % N_TYPES
        tags = circuit.counts(all_drive_one(100.0)[driven], "number")
        assert tags.shape == (n, N_CELLS)
        assert np.array_equal(tags.toarray() > 0, circuit.projection.T[driven])
    assert cache.entries() == compiled


def test_batches_have_noise_of_their_own_and_a_recording_joins_them() -> None:
    n = BATCH + 30
    circuit = circuit_of(simulation__window=0.02, kenyon_cells__epsp=0.01)
    odours = np.repeat(ODOURS[:1], n, axis=0)
    tags = circuit.counts(odours, "batches").toarray()
    assert not np.array_equal(tags[:30], tags[BATCH:])
    recording = circuit.recording(odours, [f"odour {k}" for k in range(n)], "batches")
    assert np.array_equal(circuit.tags_of(recording).toarray(), tags)
    assert np.array_equal(counts_of(recording, "kenyon_cells"), tags)
    assert recording.duration == pytest.approx(n * 0.02)
    assert list(recording.trial_table.stimulus[[0, -1]]) == ["odour 0", f"odour {n - 1}"]
    assert len(recording.traces["apl_potential"].data) == n * 20
    assert recording.trial_values["receptor_neuron_rate"].data == pytest.approx(odours)


@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_a_seed_and_a_purpose_give_the_same_spikes_again(spikes: str) -> None:
    circuit = circuit_of(spikes)
    tags = circuit.counts(ODOURS, "trial 1")
    assert (circuit_of(spikes).counts(ODOURS, "trial 1") != tags).nnz == 0
    assert (circuit.counts(ODOURS, "trial 2") != tags).nnz > 0
    other_seed = dataclasses.replace(circuit, session=circuit_of(spikes, seed=2).session)
    assert np.array_equal(other_seed.projection, circuit.projection)
    assert (other_seed.counts(ODOURS, "trial 1") != tags).nnz > 0
    assert not np.array_equal(circuit_of(spikes, seed=2).projection, circuit.projection)


def test_a_scale_turns_magnitudes_into_rates() -> None:
    circuit = circuit_of("poisson_receptors")
    scaled = dataclasses.replace(circuit, scale=20.0)
    assert (scaled.counts(ODOURS / 20, "scale") != circuit.counts(ODOURS, "scale")).nnz == 0


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (ODOURS[:0], r"samples have shape \(0, 12\), expected one or more rows of 12 features"),
        (ODOURS[0], r"samples have shape \(12,\)"),
        (ODOURS[:, :7], r"shape \(40, 7\), expected 1 to \d+ odours of 12 receptor types"),
        (-ODOURS, "negative or not finite"),
    ],
)
def test_what_cannot_be_presented_is_refused(samples: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        circuit_of().counts(samples, "refused")
    with pytest.raises(InputError, match=sentence):
        circuit_of().recording(samples, [""] * len(samples), "refused")


def test_every_sample_of_a_recording_has_a_name() -> None:
    with pytest.raises(InputError, match=r"Got 3 names, expected one for each of .*40"):
        circuit_of().recording(ODOURS, ["a", "b", "c"], "names")


# ------------------------------------------------------------------------------------- both targets


@pytest.mark.slow
@pytest.mark.parametrize("spikes", ["regular", "poisson_receptors"])
def test_both_targets_agree_in_their_statistics(spikes: str) -> None:
    odours = np.repeat(ODOURS[:2], 20, axis=0)
    names = ["odour"] * len(odours)
    found = {
        target: circuit_of(spikes, target=target, simulation__window=0.05).recording(
            odours, names, "targets"
        )
        for target in ("standalone", "numpy")
    }
    for population in ("projection_neurons", "kenyon_cells"):
        compiled, live = (counts_of(found[it], population) for it in ("standalone", "numpy"))
        for odour in (slice(0, 20), slice(20, 40)):
            one, other = compiled[odour].sum(axis=1), live[odour].sum(axis=1)
            assert one.mean() > 5
            standard_error = np.sqrt((one.var() + other.var()) / 20)
            assert abs(one.mean() - other.mean()) < 4 * standard_error + 0.3
    for trace in ("apl_potential", "kenyon_cell_potential"):
        compiled, live = (windows_of(found[it], trace) for it in ("standalone", "numpy"))
        assert compiled.shape == live.shape
        one, other = (v.mean(axis=(1, 2)) for v in (compiled, live))
        standard_error = np.sqrt((one.var() + other.var()) / 20)
        assert abs(one.mean() - other.mean()) < 4 * standard_error


# ----------------------------------------------------------------------- in a script of one's own

# Each script is a process of its own, for Brian2 keeps its standalone project in global state.
SCRIPT = """
import json, sys
import numpy as np
import neurosim as ns
from brian2 import SpikeMonitor, StateMonitor, second

def build(seed=1, odours=None, **changes):
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    sheet = ns.load_model("dasgupta2017", {**json.loads(sys.argv[1]), **overrides})
    return ns.circuits.fly_hash.build(sheet, seed, odours)
"""
RUN = """
odours = np.random.default_rng(0).exponential(20, size=(3, 12)).tolist()
circuit = build(SEED, odours, CHANGES)
receptors = SpikeMonitor(circuit.receptor_neurons)
drive = StateMonitor(circuit.kenyon_cells, "drive", record=[0, 5])
circuit.run(0.4*second, monitors=[receptors, drive])
spikes = circuit.kenyon_cells_spikes
print(json.dumps({
    "receptor_spikes": np.histogram(receptors.t/second, [0, .3, .4])[0].tolist(),
    "spikes": np.histogram(spikes.t/second, [0, .3, .4])[0].tolist(),
    "times": np.asarray(spikes.t).tolist(),
    "drive": np.asarray(drive.drive).max(axis=1).tolist(),
    "apl": float(np.asarray(circuit.apl_potential.v).max()),
    "tau_m": float(circuit.kenyon_cells.tau_m[:]),
    "claws": sorted(np.asarray(circuit.claws.i)[np.asarray(circuit.claws.j) == 7].tolist()),
}))
"""


def script(text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT + text, json.dumps({**HASH_SIZES, **GIVEN})]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment
    )


def results(seed: int = 1, changes: str = "", **environment: str) -> dict[str, Any]:
    done = script(RUN.replace("SEED", str(seed)).replace("CHANGES", changes), **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_users_monitors_are_compiled_once_and_every_parameter_stays_live() -> None:
    first = results()
    compiled = {key for key, _ in cache.entries() if key.startswith("custom-")}
    again = results()
    changed = results(changes='kenyon_cells__tau_m="20 ms"')
    other_seed = results(seed=2)
    assert {key for key, _ in cache.entries() if key.startswith("custom-")} == compiled
    assert first == again
    assert first["claws"] == changed["claws"] == list(np.flatnonzero(circuit_of().projection[7]))
    assert other_seed["claws"] != first["claws"]
    assert (first["tau_m"], changed["tau_m"]) == (0.012, 0.02)
    assert changed["times"] != first["times"]
    assert min(first["drive"]) > 0
    assert first["apl"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["", "no-such-compiler"])
def test_odours_follow_one_another_and_silence_follows_them(compiler: str) -> None:
    found = results(CXX=compiler)
    assert found["receptor_spikes"][0] > 100
    assert found["receptor_spikes"][1] == 0
    assert found["spikes"][0] > 5
    assert found["spikes"][1] == 0
    assert found["claws"] == list(np.flatnonzero(circuit_of().projection[7]))


def test_misuse_in_a_script_is_one_sentence() -> None:
    text = """
    for attempt in (
        lambda: build(seed=-1),
        lambda: build(odours=[1.0] * 12),
        lambda: build(odours=np.ones((2, 11))),
        lambda: build().mushroom_body,
        lambda: ns.circuits.fly_hash.build(ns.load_model("area_random")),
    ):
        try:
            attempt()
        except (ns.errors.NeurosimError, AttributeError) as error:
            print(error)
    """.replace("\n    ", "\n")
    done = script("import neurosim.errors" + text)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "The seed is -1, expected an integer from 0 to 4294967295."
    assert lines[1].startswith(f"The odours have shape (12,), expected 1 to {BATCH} odours of 12")
    assert lines[2].startswith(f"The odours have shape (2, 11), expected 1 to {BATCH} odours of")
    assert lines[3].startswith("The circuit has no 'mushroom_body': expected one of: apl, ")
    assert lines[4] == "The sheet 'area_random' is of 'area', not of 'fly_hash'."
    assert len(lines) == 5
