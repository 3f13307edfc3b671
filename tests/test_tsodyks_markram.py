"""The circuit of short-term plasticity: what it releases, where u and x live, delays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import neurosim
from neurosim.abstract.short_term_plasticity import ShortTermPlasticity, integrate
from neurosim.errors import InputError
from neurosim.parameters.library import load_model
from neurosim.parameters.short_term_plasticity import (
    NEURON,
    STORED_IN,
    SYNAPSE,
    TRACE_INTERVAL,
    ShortTermPlasticityParameters,
)
from neurosim.release_conventions import CONVENTIONS
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.numpy_target import run_live
from neurosim.synapse.dynamic_synapse import OUTPUTS, respond
from neurosim.synapse.plasticity_probes import read_on_arrival

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STEP = 5e-4  # s: between spikes the solution is exact, so a coarse step shows the same
SHEETS = (
    "tsodyks1998",
    "tsodyks1998_facilitating",
    "tsodyks2000_facilitating",
    "mongillo2008_synapse",
)
# In steps: pairs of spikes so close that a delay of nine steps holds up to four, and pauses.
BURSTS = [
    np.array([10, 13, 16, 40, 41, 42, 43, 90, 99, 108, 200]),
    np.array([0, 8, 16, 17, 60, 150, 151, 190]),
    np.array([30]),
]
# Potentials (mV) that NEST expects of its tsodyks_synapse in its own tests of figure 1 A and B of
# Tsodyks et al. 1998 (with 1 GOhm in A, and 50.1 ms between spikes in B), by time (ms).
NEST = {
    "tsodyks1998": {
        100: 2.40135, 125: 5.30244, 150: 4.10833, 175: 4.32217, 200: 3.05339, 300: 1.39696,
        500: 0.762688, 1050: 0.726578, 1100: 0.453126,
    },
    "tsodyks1998_facilitating": {
        100: 0.473975, 125: 0.770603, 150: 1.29712, 175: 1.75799, 200: 2.11442, 300: 3.27271,
        500: 3.68772, 1050: 4.78843, 1100: 4.83165,
    },
}  # fmt: skip


def synapse(name: str, **changes: Any) -> ShortTermPlasticityParameters:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    parameters: ShortTermPlasticityParameters = load_model(
        name, {"simulation.dt": "0.5 ms", **overrides}
    ).parameters
    return parameters


def live(
    parameters: ShortTermPlasticityParameters,
    steps: Sequence[np.ndarray],
    stored_in: str = SYNAPSE,
) -> Mapping[str, np.ndarray]:
    """Run the circuit in this process, without a compiler."""
    table = np.full((16, len(steps)), -1.0)
    for train, of_train in enumerate(steps):
        table[: len(of_train), train] = of_train
    job = Job(
        circuit="short_term_plasticity",
        structure={
            **parameters.structure(),
            "n_spikes": 16,
            "n_trains": len(steps),
            "stored_in": stored_in,
        },
        arguments=parameters.run_arguments(stored_in),
        tables={"spike_steps": table},
        duration=0.13,
        brain_seed=1,
        noise_seed=2,
        outputs=OUTPUTS,
    )
    return run_live(job, lambda fraction: None)


def by_train(arrays: Mapping[str, np.ndarray], name: str) -> list[np.ndarray]:
    index = arrays["arrivals.i"]
    return [arrays[name][index == train] for train in range(index.max() + 1)]


@pytest.mark.parametrize("release", CONVENTIONS)
@pytest.mark.parametrize("name", SHEETS)
def test_every_spike_releases_what_it_should(name: str, release: str) -> None:
    parameters = synapse(name, synapse__release=release, synapse__delay="2 ms")
    arrays = live(parameters, BURSTS)
    form = parameters.plasticity
    for train, times, released in zip(
        BURSTS, by_train(arrays, "arrivals.t"), by_train(arrays, "arrivals.release"), strict=True
    ):
        np.testing.assert_allclose(times, train * STEP + 2e-3, rtol=1e-12)
        np.testing.assert_allclose(released, form.releases(train * STEP), rtol=1e-13)
        assert released[0] == form.first_release


@pytest.mark.parametrize("name", ["tsodyks1998_facilitating", "mongillo2008_synapse"])
def test_what_is_released_was_recovered_and_is_gone(name: str) -> None:
    arrays = live(synapse(name, synapse__delay="2 ms"), BURSTS)
    for train in (0, 1):
        released = by_train(arrays, "arrivals.release")[train]
        at = np.rint(by_train(arrays, "arrivals.t")[train] / TRACE_INTERVAL).astype(int)
        u, x = arrays["resources.u_now"][:, train], arrays["resources.x_now"][:, train]
        # The samples are taken behind the arrivals: u after its jump, x without what is released.
        np.testing.assert_allclose(u[at] * (x[at] + released), released, rtol=1e-12)
        assert x.min() >= 0
        assert x.max() <= 1
        assert (np.diff(x)[at[1:] - 1] < 0).all()
        quiet = np.setdiff1d(np.arange(1, len(x)), at)
        assert (np.diff(x)[quiet - 1] >= 0).all()
        assert (np.diff(u)[quiet - 1] <= 0).all()


@pytest.mark.parametrize("name", SHEETS)
def test_the_potential_is_that_of_the_integrated_equations(name: str) -> None:
    parameters = synapse(name)
    arrays = live(parameters, BURSTS)
    times = np.arange(len(arrays["membrane_potential.v"])) * TRACE_INTERVAL
    for train in (0, 1):
        expected = integrate(
            parameters.plasticity,
            BURSTS[train] * STEP + parameters.synapse.delay,
            times,
            parameters.cell.tau_m,
            parameters.drive,
        )
        measured = arrays["membrane_potential.v"][:, train]
        assert expected.max() > 1e-5
        np.testing.assert_allclose(measured, expected, atol=1e-7 * expected.max())


@pytest.mark.parametrize("delay", ["0 ms", "0.5 ms", "4.5 ms", "25 ms"])
@pytest.mark.parametrize("name", ["tsodyks1998_facilitating", "mongillo2008_synapse"])
def test_u_and_x_of_the_neuron_release_the_same_as_those_of_the_synapse(
    name: str, delay: str
) -> None:
    parameters = synapse(name, synapse__delay=delay)
    own, shared = (live(parameters, BURSTS, stored_in) for stored_in in STORED_IN)
    for output in OUTPUTS:
        assert np.array_equal(own[output], shared[output]), output
    assert len(own["arrivals.i"]) == sum(map(len, BURSTS))
    # The trap: the newest release of the neuron is another one, where a spike followed in time.
    released = by_train(own, "arrivals.release")[0]
    naive = read_on_arrival(BURSTS[0] * STEP, released, parameters.synapse.delay)
    assert (np.abs(naive / released - 1).max() > 0.05) == (parameters.synapse.delay > 0)


def test_in_the_reset_of_a_neuron_it_is_the_same_while_no_delay_exceeds_the_refractory_period():
    from brian2 import Clock, Network, NeuronGroup, StateMonitor, Synapses, ms, prefs, set_device

    from neurosim.circuits import tsodyks_markram

    set_device("runtime")
    prefs.codegen.target = "numpy"
    clock = Clock(0.5 * ms, name="step")
    neurons = NeuronGroup(
        1,
        "fires : boolean\n" + tsodyks_markram.variables() + tsodyks_markram.RELEASE,
        threshold="fires",
        reset=f"{tsodyks_markram.on_arrival('before_jump')}\nrelease = released",
        clock=clock,
        namespace={},
    )
    steps = [2, 6, 10, 40, 44, 90]
    neurons.run_regularly(
        "fires = " + " or ".join(f"t_in_timesteps == {step}" for step in steps),
        when="before_thresholds",
    )
    neurons.x = 1
    neurons.U, neurons.tau_facilitation, neurons.tau_recovery = 0.2, 1500 * ms, 200 * ms
    cell = NeuronGroup(1, "total : 1", clock=clock, namespace={})
    synapses = Synapses(
        neurons, cell, on_pre="total_post += release_pre", delay=2 * ms, clock=clock
    )
    synapses.connect()
    totals = StateMonitor(cell, "total", record=True, clock=clock, when="end")
    Network(neurons, cell, synapses, totals).run(60 * ms)
    arrived = np.diff(totals.total[0])[np.array(steps) + 4 - 1]
    expected = ShortTermPlasticity(0.2, 1.5, 0.2).releases(np.array(steps) * STEP)
    np.testing.assert_allclose(arrived, expected, rtol=1e-12)


def test_terminals_of_two_delays_share_the_variable_of_the_neuron():
    from brian2 import Clock, Network, NeuronGroup, StateMonitor, Synapses, ms, prefs, set_device

    from neurosim.circuits import tsodyks_markram

    set_device("runtime")
    prefs.codegen.target = "numpy"
    clock = Clock(0.5 * ms, name="step")
    neurons = NeuronGroup(
        2,
        "fires : boolean\n" + tsodyks_markram.RELEASE,
        threshold="fires",
        reset="",
        clock=clock,
        namespace={},
    )
    # 9 and 2 steps of delay: the spikes of steps 10 and 17 arrive together.
    steps = np.array([10, 12, 17, 40])
    neurons.run_regularly(
        "fires = i == 0 and (" + " or ".join(f"t_in_timesteps == {k}" for k in steps) + ")",
        when="before_thresholds",
    )
    cells = NeuronGroup(2, "total : 1", clock=clock, namespace={})
    parts: list[Any] = []
    for number, delay in enumerate((4.5 * ms, 1 * ms)):
        order = 3 * number
        own = tsodyks_markram.terminals(
            neurons, "before_jump", delay, clock, order=order, name=f"terminals_{number}"
        )
        projection = Synapses(
            neurons, cells, on_pre="total_post += release_pre", delay=delay, clock=clock
        )
        projection.pre.order = order + 1
        clearing = tsodyks_markram.clearing(
            neurons, delay, clock, order=order + 2, name=f"clearing_{number}"
        )
        own.connect(j="i")
        clearing.connect(j="i")
        projection.connect(i=0, j=number)
        own.x = 1
        own.U, own.tau_facilitation, own.tau_recovery = 0.2, 1500 * ms, 200 * ms
        parts += [own, projection, clearing]
    totals = StateMonitor(cells, "total", record=True, clock=clock, when="end")
    Network(neurons, cells, *parts, totals).run(30 * ms)
    expected = ShortTermPlasticity(0.2, 1.5, 0.2).releases(steps * STEP)
    for number, delay in enumerate((9, 2)):
        np.testing.assert_allclose(
            np.diff(totals.total[number])[steps + delay - 1], expected, rtol=1e-12
        )
        assert totals.total[number][-1] == pytest.approx(expected.sum(), rel=1e-12)
    assert neurons.release[0] == 0


def test_another_circuit_or_a_bad_train_is_refused() -> None:
    build = neurosim.circuits.short_term_plasticity.build
    with pytest.raises(InputError, match="is of 'fly_hash', not of 'short_term_plasticity'"):
        build(load_model("dasgupta2017"))
    with pytest.raises(InputError, match="Train 0 has two spikes in one time step"):
        build(load_model("tsodyks1998"), trains=[[0.1, 0.1]])


# Compiled.


@pytest.mark.slow
@pytest.mark.parametrize("name", NEST)
def test_figure_1_is_that_of_nest(name: str) -> None:
    parameters = load_model(name, {"synapse.delay": "1.1 ms", "cell.resistance": "1 Gohm"})
    start, interval = (0.098, 0.05) if name == "tsodyks1998" else (0.0981, 0.0501)
    session = Session(parameters.parameters, "short_term_plasticity", 0)
    responses = respond(session, parameters.parameters, [start + interval * np.arange(20)])
    for time, expected in NEST[name].items():
        sample = round(time * 1e-3 / TRACE_INTERVAL)
        assert responses.potential[sample, 0] * 1e3 == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tsodyks1998_facilitating", "mongillo2008_synapse"])
def test_the_compiled_circuit_agrees_to_rounding_with_delays_too(name: str) -> None:
    generator = np.random.default_rng(0)
    trains = 0.1 + np.cumsum(2e-3 + generator.exponential(8e-3, (8, 200)), axis=1)
    for delay in (0.0, 1e-3, 4.5e-3):
        parameters = load_model(name).parameters
        parameters = dataclasses.replace(
            parameters, synapse=dataclasses.replace(parameters.synapse, delay=delay)
        )
        session = Session(parameters, "short_term_plasticity", 0)
        own, shared = (
            respond(session, parameters, list(trains), stored_in) for stored_in in STORED_IN
        )
        assert np.array_equal(own.arrival_index, shared.arrival_index)
        assert np.array_equal(own.arrival_time, shared.arrival_time)
        np.testing.assert_allclose(own.release, shared.release, rtol=1e-13)
        np.testing.assert_allclose(own.potential, shared.potential, rtol=1e-12, atol=1e-18)
        on_grid = own.spikes.of(3)
        np.testing.assert_allclose(
            own.releases(3), parameters.plasticity.releases(on_grid), rtol=1e-12
        )


@pytest.mark.slow
def test_the_circuit_can_be_built_in_python_and_its_objects_reached() -> None:
    from brian2 import second

    sheet = load_model("tsodyks1998")
    train = np.arange(0.1, 0.4, 0.05)
    circuit = neurosim.circuits.short_term_plasticity.build(sheet, trains=[train])
    circuit.run(0.5 * second)
    form = sheet.parameters.plasticity
    np.testing.assert_allclose(circuit.arrivals.release[:], form.releases(train), rtol=1e-9)
    assert np.max(circuit.membrane_potential.v[0]) == pytest.approx(0.76e-3, rel=0.01)
    assert circuit.plasticity.x[1] == 1


def test_where_u_and_x_live_is_a_matter_of_the_circuit() -> None:
    parameters = synapse("tsodyks1998")
    assert set(parameters.run_arguments(NEURON)) > set(parameters.run_arguments(SYNAPSE))
    assert "stored_in" not in parameters.structure()
