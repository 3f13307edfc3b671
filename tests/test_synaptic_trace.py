"""u and x from spikes: against every neuron by itself, and against the circuit."""

from __future__ import annotations

import numpy as np
import pytest
from working_memory_bench import TIMELINE, job_of, tiny

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.errors import InputError
from neurosim.recording import SpikeTrains
from neurosim.simulation.target import simulate
from neurosim.working_memory.synaptic_trace import excess_decay, population_trace
from neurosim.working_memory.trials import OUTPUTS

SYNAPSE = ShortTermPlasticity(0.2, 1.5, 0.2)


def neuron_by_neuron(
    trains: SpikeTrains, synapse: ShortTermPlasticity, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return u (that decays to U) and x of every neuron, shape (n_times, n_neurons)."""
    u, x = np.empty((len(times), trains.n)), np.empty((len(times), trains.n))
    for neuron in range(trains.n):
        spikes = trains.of(neuron)
        released = synapse.releases(spikes)
        for row, time in enumerate(times):
            past = spikes[spikes <= time]
            own_u, own_x, last = synapse.U, 1.0, 0.0
            for spike, release in zip(past, released, strict=False):
                gone = spike - last
                own_u = synapse.U + (own_u - synapse.U) * np.exp(-gone / synapse.tau_facilitation)
                own_x = 1 - (1 - own_x) * np.exp(-gone / synapse.tau_recovery)
                own_u, own_x, last = own_u + synapse.U * (1 - own_u), own_x - release, spike
            gone = time - last
            u[row, neuron] = synapse.U + (own_u - synapse.U) * np.exp(
                -gone / synapse.tau_facilitation
            )
            x[row, neuron] = 1 - (1 - own_x) * np.exp(-gone / synapse.tau_recovery)
    return u, x


@pytest.mark.parametrize("release", ["before_jump", "after_jump"])
def test_the_means_are_those_of_all_neurons(release: str) -> None:
    synapse = ShortTermPlasticity(0.2, 1.5, 0.2, release=release)
    generator = np.random.default_rng(3)
    counts = generator.integers(0, 12, size=9)  # one neuron or more may be silent
    counts[4] = 0
    index = np.repeat(np.arange(9), counts)
    trains = SpikeTrains(9, index, generator.uniform(0, 1.0, len(index)))
    times = 0.01 * np.arange(1, 151)
    u, x = population_trace(trains, synapse, 0.01, 150)
    by_neuron = neuron_by_neuron(trains, synapse, times)
    assert u == pytest.approx(by_neuron[0].mean(axis=1), abs=1e-12)
    assert x == pytest.approx(by_neuron[1].mean(axis=1), abs=1e-12)


def test_without_spikes_synapses_are_at_rest() -> None:
    u, x = population_trace(SpikeTrains(3, np.empty(0, int), np.empty(0)), SYNAPSE, 0.01, 5)
    assert u.tolist() == [0.2] * 5 and x.tolist() == [1.0] * 5


def test_a_spike_at_the_time_of_a_sample_belongs_to_it() -> None:
    trains = SpikeTrains(1, np.array([0]), np.array([0.03]))
    u, x = population_trace(trains, SYNAPSE, 0.01, 4)
    assert u[[1, 2]] == pytest.approx([0.2, 0.36])
    assert x[[1, 2]] == pytest.approx([1.0, 0.8])


def test_the_circuit_has_the_same_u_and_x_at_its_end() -> None:
    parameters = tiny()
    state = tuple(f"excitatory.{name}" for name in ("u", "x", "last_step"))
    arrays = simulate(job_of(parameters, outputs=(*OUTPUTS, *state)), "standalone").arrays
    trains = SpikeTrains(200, arrays["excitatory_spikes.i"], arrays["excitatory_spikes.t"])
    assert len(trains.time) > 300
    end = TIMELINE.duration
    u, x = population_trace(trains, parameters.plasticity, 0.01, round(end / 0.01))
    elapsed = end - arrays["excitatory.last_step"] * 1e-4
    rise = arrays["excitatory.u"] * np.exp(-elapsed / 1.5)
    missing = (1 - arrays["excitatory.x"]) * np.exp(-elapsed / 0.2)
    assert u[-1] == pytest.approx(np.mean(0.2 + 0.8 * rise), abs=1e-9)
    assert x[-1] == pytest.approx(np.mean(1 - missing), abs=1e-9)


def test_the_decay_of_an_exponential_is_its_time_constant() -> None:
    time = np.linspace(0.5, 2.5, 200)
    assert excess_decay(time, 0.3 * np.exp(-time / 1.5)) == pytest.approx(1.5)
    assert np.isnan(excess_decay(time, 1 - time))


def test_what_has_no_such_trace_is_refused() -> None:
    trains = SpikeTrains(1, np.array([0]), np.array([0.03]))
    for synapse in (ShortTermPlasticity(0.5, 0.0, 0.8), ShortTermPlasticity(0.5, 1.0, 0.8, 0.003)):
        with pytest.raises(InputError, match="expected more than 0 s and 0 s"):
            population_trace(trains, synapse, 0.01, 4)
