"""The working-memory network: who is connected to whom, its noise, its synapses against NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from working_memory_bench import TIMELINE, job_of, tiny

from neurosim.parameters.working_memory import WorkingMemoryParameters
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline
from neurosim.working_memory.trials import OUTPUTS

FIXED = ("excitatory_to_inhibitory", "inhibitory_to_excitatory", "inhibitory_to_inhibitory")
PLASTIC = tuple(f"excitatory_to_excitatory_{k}" for k in range(4))
ENDS = ("_synaptic_pre", "_synaptic_post")
GRAPH = tuple(f"{name}.{end}" for name in (*PLASTIC, *FIXED) for end in ENDS)
STRENGTH = tuple(f"{name}.potentiated" for name in PLASTIC)
Arrays = Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def graph() -> Arrays:
    job = job_of(tiny(), duration=0.001, outputs=(*GRAPH, *STRENGTH))
    return simulate(job, "standalone").arrays


def test_every_pair_is_connected_once_with_the_probability_of_the_sheet(graph: Arrays) -> None:
    pairs = np.concatenate(
        [
            graph[f"{name}._synaptic_pre"].astype(int) * 200 + graph[f"{name}._synaptic_post"]
            for name in PLASTIC
        ]
    )
    assert len(np.unique(pairs)) == len(pairs)
    assert not np.any(pairs // 200 == pairs % 200), "a neuron reaches itself"
    for n_synapses, n_pairs in (
        (len(pairs), 200 * 199),
        (len(graph[f"{FIXED[0]}._synaptic_pre"]), 200 * 50),
        (len(graph[f"{FIXED[1]}._synaptic_pre"]), 50 * 200),
        (len(graph[f"{FIXED[2]}._synaptic_pre"]), 50 * 49),
    ):
        assert abs(n_synapses - 0.5 * n_pairs) < 4 * np.sqrt(0.25 * n_pairs)


def test_delays_are_equally_frequent_on_every_neuron(graph: Arrays) -> None:
    for end in ENDS:
        degrees = [np.bincount(graph[f"{name}.{end}"], minlength=200) for name in PLASTIC]
        # Each class offers 50 partners to every neuron, half of which it has.
        assert all(abs(of_class.mean() - 25) < 1 for of_class in degrees)
        assert np.max(degrees) <= 50
    delays = job_of(tiny()).arguments
    assert [delays[f"{name}.delay"] for name in PLASTIC] == pytest.approx([1e-4, 4e-4, 7e-4, 1e-3])


def test_synapses_are_potentiated_within_populations_and_some_from_the_rest(graph: Arrays) -> None:
    pre, post, strong = (
        np.concatenate([graph[f"{name}.{what}"] for name in PLASTIC])
        for what in (*ENDS, "potentiated")
    )
    own, target = np.minimum(pre // 20, 5), np.minimum(post // 20, 5)
    selective = own < 5
    assert strong[selective & (own == target)].all()
    assert not strong[selective & (own != target)].any()
    n_from_rest = (~selective).sum()
    assert abs(strong[~selective].sum() - 0.1 * n_from_rest) < 4 * np.sqrt(0.09 * n_from_rest)


def test_noise_alone_has_the_standard_deviation_of_white_noise() -> None:
    unconnected = tiny(
        synapses__p=0,
        excitatory__v_threshold="200 mV",
        excitatory__external_mean="5 mV",
        excitatory__external_sd="2 mV",
    )
    runs = [
        simulate(
            job_of(unconnected, Timeline(()), ("excitatory.v",), duration), "standalone"
        ).arrays["excitatory.v"]
        for duration in (0.2, 0.3, 0.4, 0.5, 0.6)
    ]
    v = np.concatenate(runs)  # 100 ms are seven time constants: a thousand independent values
    assert v.mean() == pytest.approx(5e-3, abs=4 * 2e-3 / np.sqrt(2 * len(v)))
    assert v.std() == pytest.approx(2e-3 / np.sqrt(2), rel=4 / np.sqrt(2 * len(v)))
    kurtosis = np.mean((v - v.mean()) ** 4) / v.var() ** 2
    assert kurtosis == pytest.approx(3, abs=4 * np.sqrt(24 / len(v)))


def reference(
    parameters: WorkingMemoryParameters, graph: Arrays, v: Arrays, n_steps: int
) -> dict[str, np.ndarray]:
    """Return what the network does without noise, u and x at every single synapse, in NumPy.

    u is that which decays to U (conventions B and C); releases follow spikes one by one.
    """
    dt, plasticity = parameters.simulation.dt, parameters.short_term_plasticity
    cells = {"excitatory": parameters.excitatory, "inhibitory": parameters.inhibitory}
    potential = {name: v[f"{name}.v"].copy() for name in cells}
    last = {name: np.full(cell.n, -(10**6)) for name, cell in cells.items()}
    decay = {name: 1 - np.exp(-dt / cell.tau_m) for name, cell in cells.items()}
    delays = np.rint(np.append(parameters.delays, [parameters.synapses.delay] * 3) / dt).astype(int)
    synapses = []
    for name, delay in zip((*PLASTIC, *FIXED), delays, strict=True):
        pre, post = graph[f"{name}._synaptic_pre"], graph[f"{name}._synaptic_post"]
        source, _, target = name.removesuffix(name[-2:] if name[-1].isdigit() else "").partition(
            "_to_"
        )
        if name in PLASTIC:
            own = parameters.excitatory_to_excitatory
            strong = graph[f"{name}.potentiated"].astype(bool)
            weight = np.where(strong, own.weight_potentiated, own.weight_baseline)
        else:
            sign = -1 if source == "inhibitory" else 1
            weight = np.full(len(pre), sign * getattr(parameters.synapses, f"weight_{name}"))
        state = {"u": np.full(len(pre), plasticity.U), "x": np.ones(len(pre))}
        state["last"] = np.full(len(pre), -np.inf)
        synapses.append((name in PLASTIC, source, target, pre, post, weight, int(delay), state))
    fired: list[dict[str, np.ndarray]] = []
    spikes: dict[str, list[tuple[int, int]]] = {name: [] for name in cells}
    for step in range(n_steps):
        fired.append({})
        awake = {}
        for name, cell in cells.items():
            awake[name] = step - last[name] >= round(cell.t_refractory / dt)
            change = (cell.external_mean - potential[name]) * decay[name]
            potential[name] += np.where(awake[name], change, 0)
            fires = np.flatnonzero((potential[name] > cell.v_threshold) & awake[name])
            fired[step][name], last[name][fires] = fires, step
            awake[name][fires] = False
            spikes[name] += [(step, unit) for unit in fires]
        for plastic, source, target, pre, post, weight, delay, state in synapses:
            arriving = fired[step - delay][source] if step >= delay else np.empty(0, int)
            own = np.flatnonzero(np.isin(pre, arriving))
            released = np.ones(len(own))
            if plastic:
                elapsed = (step - state["last"][own]) * dt
                u = plasticity.U + (state["u"][own] - plasticity.U) * np.exp(
                    -elapsed / plasticity.tau_facilitation
                )
                x = 1 - (1 - state["x"][own]) * np.exp(-elapsed / plasticity.tau_recovery)
                jumped = u + plasticity.U * (1 - u)
                released = (jumped if plasticity.release == "after_jump" else u) * x
                state["u"][own], state["x"][own], state["last"][own] = jumped, x - released, step
            np.add.at(
                potential[target], post[own], weight[own] * released * awake[target][post[own]]
            )
        for name, cell in cells.items():
            potential[name][fired[step][name]] = cell.v_reset
    return {name: np.array(of_cell) for name, of_cell in spikes.items()}


# The other order of release is another build.
@pytest.mark.parametrize(
    "release", ["before_jump", pytest.param("after_jump", marks=pytest.mark.slow)]
)
def test_spikes_equal_those_of_a_network_with_plasticity_at_every_synapse(release: str) -> None:
    quiet = tiny(
        excitatory__external_sd="0 mV",
        inhibitory__external_sd="0 mV",
        short_term_plasticity__release=release,
    )
    seconds = 0.2
    even = Timeline((), lead_in=seconds)
    start = job_of(quiet, even, (*GRAPH, *STRENGTH, "excitatory.v", "inhibitory.v"), 0.0)
    arrays = simulate(start, "standalone").arrays
    expected = reference(quiet, arrays, arrays, round(seconds / 1e-4))
    found = simulate(job_of(quiet, even), "standalone").arrays
    for name in ("excitatory", "inhibitory"):
        steps = np.rint(found[f"{name}_spikes.t"] / 1e-4).astype(int)
        assert len(steps) > 100
        assert np.array_equal(np.column_stack([steps, found[f"{name}_spikes.i"]]), expected[name])


def test_release_before_and_after_the_jump_are_not_the_same(graph: Arrays) -> None:
    even = Timeline((), lead_in=0.05)
    quiet = {"excitatory__external_sd": "0 mV", "inhibitory__external_sd": "0 mV"}
    before, after = (
        tiny(**quiet, short_term_plasticity__release=release)
        for release in ("before_jump", "after_jump")
    )
    start = job_of(before, even, ("excitatory.v", "inhibitory.v"), 0.0)
    v = simulate(start, "standalone").arrays
    spikes = [reference(parameters, graph, v, 500)["excitatory"] for parameters in (before, after)]
    assert len(spikes[0]) > 30
    assert not np.array_equal(*spikes)


def test_cues_and_readouts_drive_whom_they_should() -> None:
    factors = {"stimulation__cue_factor": 1.3, "stimulation__readout_factor": 1.3}
    apart = tiny(synapses__p=0, excitatory__external_mean="17 mV", **factors)
    arrays = simulate(job_of(apart, outputs=OUTPUTS), "standalone").arrays
    time, unit = arrays["excitatory_spikes.t"], arrays["excitatory_spikes.i"]
    cued = (time >= 0.1) & (time < 0.2)
    read = (time >= 0.3) & (time < 0.4)
    rates = [np.bincount(unit[now] // 20, minlength=10) for now in (cued, read)]
    assert rates[0][0] > 20
    assert rates[0][1:].max() == 0
    assert rates[1].min() > 20
    assert TIMELINE.duration == pytest.approx(0.5)
