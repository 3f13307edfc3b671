"""Gates of plasticity: closed ones keep every weight, and what opens them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from scipy import stats

from neurosim.errors import InputError
from neurosim.experiment import prepare
from neurosim.parameters.library import load_model
from neurosim.progress import QUIET
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.target import simulate
from neurosim.tick import TICK
from neurosim.timeline import Timeline, Trial

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JobMaker = Callable[..., Job]
PROJECTIONS = ("input_to_excitatory", "excitatory_to_excitatory")
WEIGHTS = tuple(f"{name}.w" for name in PROJECTIONS)
SHEETS = {"plateau": "ison2015_plateau", "novelty": "ison2015_novelty"}
PLASTIC = dict.fromkeys(PROJECTIONS, 1.0)
N = 80  # excitatory cells of the small area


@pytest.fixture(scope="module")
def gated_parameters(small_sheet: Path) -> Callable[..., Any]:
    """Return a function that gives the small area the gates of a sheet."""
    small = load_model(small_sheet).parameters

    def make(mechanism: str, overrides: Mapping[str, Any] = MappingProxyType({})) -> Any:
        chosen = {} if mechanism in SHEETS else {"gate.mechanism": mechanism}
        sheet = load_model(SHEETS.get(mechanism, SHEETS["plateau"]), {**chosen, **overrides})
        return dataclasses.replace(
            sheet.parameters, **{name: getattr(small, name) for name in vars(small)}
        )

    return make


@pytest.fixture(scope="module")
def gated_job(area_job: JobMaker, gated_parameters: Callable[..., Any]) -> JobMaker:
    """Return a function that makes a job of a small gated area, in which ``seen`` is shown."""
    codes = {"input": {"seen": np.arange(60) < 30, "other": np.arange(60) >= 30}}

    def make(
        mechanism: str = "plateau",
        overrides: Mapping[str, Any] = MappingProxyType({}),
        timeline: Timeline | None = None,
        **changes: Any,
    ) -> Job:
        return area_job(
            parameters=gated_parameters(mechanism, overrides),
            timeline=timeline or shown(),
            patterns=codes,
            circuit="gated_area",
            **changes,
        )

    return make


def shown(on: float = 0.3, off: float = 0.2, gated: bool = True) -> Timeline:
    trial = Trial("seen", on, off, "test", learning_rates=PLASTIC, gated=gated)
    return Timeline((trial,), lead_in=0.1)


def arrays_of(job: Job) -> Mapping[str, np.ndarray]:
    return simulate(job, "standalone").arrays


def initial_weights(gated_job: JobMaker, mechanism: str) -> Mapping[str, np.ndarray]:
    silent = Timeline((), lead_in=0.1)
    return arrays_of(gated_job(mechanism, timeline=silent, outputs=WEIGHTS))


# --------------------------------------------------------------------------------- every gate


def test_without_a_mechanism_it_is_the_area_to_the_last_bit(
    area_job: JobMaker, gated_job: JobMaker, small_sheet: Path
) -> None:
    plain = area_job(
        timeline=shown(), patterns={"input": {"seen": np.arange(60) < 30}}, circuit="area"
    )
    first, second = arrays_of(plain), arrays_of(gated_job("none"))
    assert len(first["excitatory_spikes.t"]) > 100
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("mechanism", "closed"),
    [
        ("plateau", {"plateau.probability": 0}),
        ("novelty", {"novelty.modulator_threshold": "1 kHz"}),
    ],
)
def test_behind_a_closed_gate_nothing_is_learnt(
    mechanism: str, closed: dict[str, Any], gated_job: JobMaker
) -> None:
    def after(gated: bool, interval: float) -> Mapping[str, np.ndarray]:
        job = gated_job(mechanism, closed, shown(gated=gated))
        arguments = {**job.arguments, "excitatory.normalisation_interval": interval}
        return arrays_of(dataclasses.replace(job, arguments=arguments))

    before = initial_weights(gated_job, mechanism)
    never, soon = 1e3, 0.05
    still, held_open, normalised = after(True, never), after(False, never), after(True, soon)
    assert len(still["excitatory_spikes.t"]) > 100
    for name in WEIGHTS:
        assert np.array_equal(still[name], before[name])
        assert (held_open[name] != before[name]).mean() > 0.5
        # A cell without a plateau is left alone; novelty gates learning only.
        assert np.array_equal(normalised[name], before[name]) is (mechanism == "plateau")


@pytest.mark.parametrize("mechanism", SHEETS)
def test_a_gate_opens_nothing_without_a_learning_rate(mechanism: str, gated_job: JobMaker) -> None:
    before = initial_weights(gated_job, mechanism)
    still = Timeline((Trial("seen", 0.3, 0.2, "test", gated=False),), lead_in=0.1)
    after = arrays_of(gated_job(mechanism, timeline=still))
    assert all(np.array_equal(after[name], before[name]) for name in WEIGHTS)


@pytest.mark.parametrize(
    ("sheet", "overrides", "sentence"),
    [
        ("plateau", {"gate.mechanism": "platau"}, r"'platau': did you mean 'plateau'\?$"),
        ("plateau", {"plateau.probability": 1.5}, r"is 1\.5, expected a number from 0 to 1\.$"),
        ("plateau", {"plateau.tail": "3 mV"}, r"plateau\.tail is '3 mV', expected a time"),
        (
            "plateau",
            {"novelty.tolerance": 1},
            r"^novelty\.tolerance has no effect here: gate\.mechanism is 'plateau', expected "
            r"'novelty'\.$",
        ),
        ("novelty", {"plateau.tail": "1 s"}, r"mechanism is 'novelty', expected 'plateau'\.$"),
        ("novelty", {"novelty.utilisation": 0}, r"is 0, expected a number above 0 and at most 1"),
        ("novelty", {"novelty.toleranse": 1}, r"did you mean 'novelty\.tolerance'\?$"),
    ],
)
def test_bad_values_are_refused(sheet: str, overrides: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_model(SHEETS[sheet], overrides)


# ------------------------------------------------------------------------------------ plateaus

GATE = ("excitatory.gate",)


@pytest.mark.parametrize("probability", [0.13, 0.5])
def test_plateaus_come_with_their_probability(probability: float, gated_job: JobMaker) -> None:
    overrides = {"plateau.probability": probability}
    n_runs = 12
    n_open = []
    for seed in range(n_runs):
        job = gated_job("plateau", overrides, shown(0.1, 0.0), outputs=GATE, noise_seed=seed + 10)
        gate = arrays_of(job)["excitatory.gate"]
        assert set(gate) <= {0.0, 1.0}
        n_open.append(int(gate.sum()))
    within = stats.binom(n_runs * N, probability).interval(1 - 1e-4)
    assert within[0] <= sum(n_open) <= within[1]
    assert len(set(n_open)) > 1, "the same cells every time"


def test_only_cells_with_a_plateau_learn(gated_job: JobMaker) -> None:
    before = initial_weights(gated_job, "plateau")
    ends = tuple(f"{name}._synaptic_post" for name in PROJECTIONS)
    outputs = (*GATE, *WEIGHTS, *ends)
    overrides = {"plateau.probability": 0.5, "plateau.tail": "1 s"}
    after = arrays_of(gated_job("plateau", overrides, outputs=outputs))
    gate = after["excitatory.gate"]
    assert 0 < gate.sum() < N
    for name, end in zip(WEIGHTS, ends, strict=True):
        learns = gate[after[end]] == 1
        changed = after[name] != before[name]
        assert not changed[~learns].any()
        assert changed[learns].mean() > 0.9


@pytest.mark.parametrize(("off", "is_open"), [(0.28, True), (0.33, False)])
def test_a_plateau_outlasts_its_stimulus_by_the_tail(
    off: float, is_open: bool, gated_job: JobMaker
) -> None:
    overrides = {"plateau.probability": 1, "plateau.tail": "300 ms"}
    job = gated_job("plateau", overrides, shown(0.1, off), outputs=GATE)
    assert (arrays_of(job)["excitatory.gate"] == float(is_open)).all()


def test_every_onset_draws_anew_even_without_a_pause(gated_job: JobMaker) -> None:
    overrides = {"plateau.probability": 0.5, "plateau.tail": "1 s"}
    first = Trial("seen", 0.1, 0.0, "test")
    gates = [
        arrays_of(gated_job("plateau", overrides, Timeline(trials, lead_in=0.1), outputs=GATE))
        for trials in ((first,), (first, Trial("other", 0.1, 0.0, "test")))
    ]
    one, other = (arrays["excitatory.gate"] for arrays in gates)
    assert 10 < np.sum(one != other) < 70


# ------------------------------------------------------------------------------------- novelty

U, TAU_F = 0.05, 0.05
KNOWN, NEW = np.repeat([50.0, 0.0], [10, 40]), np.repeat([20.0, 20.0], [10, 40])  # Hz
FAST = {
    "excitatory.utilisation": U,
    "excitatory.tau_facilitation": TAU_F,
    "excitatory.modulator_threshold": 10.0,
    "novelty.tau_synapse": 0.02,
    "novelty.tolerance": 0.9,
    "novelty.evoked_rate": 2.0,
    "novelty.tau_habituation": 0.2,
    "novelty.tau_m": 0.01,
    "novelty.v_threshold": 0.05,
    "novelty.t_refractory": 0.005,
    "novelty.p_from_excitatory": 1.0,
    "modulator.tau_modulator": 0.05,
}


def read_out(rates: list[tuple[np.ndarray, float]], **changes: float) -> list[dict[str, float]]:
    """Let 50 cells fire regularly at given rates; return what the read-out does in each part."""
    from brian2 import (
        Clock,
        Hz,
        Network,
        NeuronGroup,
        TimedArray,
        ms,
        prefs,
        second,
        seed,
        set_device,
    )

    from neurosim.circuits.plasticity_gates import HELD_OPEN, Gate

    set_device("runtime")
    prefs.codegen.target = "numpy"
    seed(1)
    gate = Gate("novelty")
    closed = TimedArray(np.zeros(2), dt=1 * second, name=HELD_OPEN)
    cells = NeuronGroup(
        50,
        gate.equations + "dphase/dt = rate : 1\nrate : Hz",
        threshold="phase > 1",
        reset="phase = 0" + gate.reset,
        method="euler",
        clock=Clock(1 * ms, name="step"),
        namespace={HELD_OPEN: closed},
        name="excitatory",
    )
    tick = Clock(TICK * second, name="tick")
    objects = {"excitatory": cells, **gate.attach(cells, {"novelty.n": 5}, tick)}
    for name, value in (FAST | changes).items():
        group, _, variable = name.partition(".")
        objects[group].variables[variable].get_value()[...] = value
    gate.connect(objects)
    gate.set_initial_values(objects)
    cells.phase = "rand()"
    network, parts = Network(*objects.values()), []
    for of_cells, duration in rates:
        cells.rate = of_cells * Hz
        before = objects["novelty_spikes"].num_spikes
        network.run(duration * second)
        parts.append(
            {
                "spikes": objects["novelty_spikes"].num_spikes - before,
                "efficacy": float(np.mean(objects["novelty"].efficacy[:])),
                "open": float(np.mean(cells.gate[:] > 0)),
                "level": float(objects["modulator"].level[0] / Hz),
            }
        )
    return parts


def test_efficacy_is_the_mean_release_of_the_cells_that_fire() -> None:
    # A regular train: a spike takes u to u + U(1 - u), which decays to U until the next.
    decay = math.exp(-1 / (50.0 * TAU_F))
    released = U / (1 - (1 - U) * decay)
    (part,) = read_out([(KNOWN, 2.0)])
    assert part["efficacy"] == pytest.approx(released, rel=0.05)
    assert part["spikes"] == 0


def test_what_is_new_is_told_from_what_is_known_and_novelty_decays_with_repetition() -> None:
    known, new, repeated, again = read_out([(KNOWN, 1.5), (NEW, 0.3), (NEW, 1.5), (KNOWN, 0.3)])
    assert known["spikes"] == 0 and known["open"] == 0
    assert new["spikes"] > 10 and new["open"] == 1
    assert repeated["open"] == 0 and repeated["level"] < 0.1 * new["level"]
    assert again["open"] == 0


def test_nothing_is_new_in_silence() -> None:
    background = np.full(50, 1.0)
    changes = {"novelty.v_threshold": 0.5, "novelty.evoked_rate": 5.0}
    known, silence = read_out([(KNOWN, 1.0), (background, 0.5)], **changes)
    assert silence["spikes"] == 0
    # The efficacy is kept: what is unusual is judged by what was shown.
    assert silence["efficacy"] == pytest.approx(known["efficacy"], rel=0.05)


def test_cells_differ_in_plasticity_by_a_log_normal_factor(gated_job: JobMaker) -> None:
    outputs = ("excitatory.plasticity",)
    for spread in (0.0, 1.5):
        overrides = {"novelty.plasticity_spread": spread}
        factors = [
            arrays_of(gated_job("novelty", overrides, outputs=outputs, brain_seed=seed))
            for seed in (1, 2, 3)
        ]
        logs = np.log(np.concatenate([of_brain["excitatory.plasticity"] for of_brain in factors]))
        assert logs.std() == pytest.approx(spread, rel=4 / math.sqrt(2 * len(logs)), abs=1e-12)
        assert abs(logs.mean()) <= 4 * spread / math.sqrt(len(logs))


def test_a_run_goes_on_with_the_efficacy_of_its_past(gated_parameters: Any) -> None:
    session = Session(gated_parameters("novelty"), "gated_area", 1, "standalone")
    codes = {"input": {"seen": np.arange(60) < 30}}
    past = session.run(shown(0.5, 0.0, gated=False), codes)
    efficacy = past.state.weights["novelty.efficacy"]
    assert (efficacy > 0).all()
    silence = session.run(Timeline((), lead_in=0.01), {}, past.state)
    assert silence.state.weights["novelty.efficacy"] == pytest.approx(efficacy, rel=1e-9)


# ------------------------------------------------------------------------- plasticity that stays


@pytest.mark.parametrize("always", [False, True])
def test_tests_are_plastic_only_if_plasticity_stays_on(always: bool, small_sheet: Path) -> None:
    overrides = {"protocol.always_plastic": always, "protocol.learning_rate": 0.3}
    experiment = prepare("ison2015", small_sheet, 0, overrides, "auto", False, QUIET)
    script, options, session = (
        experiment.protocol.script,
        experiment.options,
        experiment.session,
    )
    stimuli = script.pa.stimuli_of(options, session)
    imprint = script.imprint_and_test(stimuli, session, options)
    trials = [*imprint.trials, *script.learn_and_test(stimuli, "main", session, options).trials]
    rates = {trial.phase: set(trial.learning_rates.values()) for trial in trials}
    still = {0.3} if always else set()
    assert rates == {
        "imprint": {1.0},
        "before": still,
        "completion": still,
        "learning": {0.3},
        "between": still,
        "after": still,
    }
    assert {trial.phase for trial in trials if not trial.gated} == {"imprint"}
    later = script.targets(options)["main"].keys() - script.TARGETS["main"].keys()
    assert ("drift" in later) is always


def test_what_comes_later_is_tested_rested_and_tested_again(small_sheet: Path) -> None:
    overrides = {
        "protocol.always_plastic": True,
        "protocol.retests": 2,
        "protocol.rest": "1 s",
        "protocol.composite_trials": 1,
    }
    experiment = prepare("ison2015", small_sheet, 0, overrides, "auto", False, QUIET)
    run = experiment.protocol.script.run_condition
    recording, values = run("main", experiment.session, experiment.options)
    table = recording.trial_table
    retests, late = table.where(phase="retest"), table.where(phase="late")
    assert len(retests) == 2 * 3 and len(late) == 4 * 3
    assert table.plastic[retests].all() and table.plastic[late].all()
    rest = table.start_time[late[0]] - table.stop_time[retests[-1]]
    assert rest == pytest.approx(0.4 + 1.0)
    wanted = experiment.protocol.script.targets(experiment.options)["main"]
    assert values.keys() == wanted.keys()
    changes = [
        abs(values[f"late_pair_coding_{way}"] - values[f"pair_coding_{way}"])
        for way in ("p_to_np", "np_to_p")
    ]
    assert values["drift"] == pytest.approx(max(changes), nan_ok=True)


@pytest.mark.parametrize(("name", "value"), [("retests", 3), ("rest", "5 s")])
def test_what_comes_later_means_nothing_if_plasticity_is_off(
    name: str, value: object, small_sheet: Path
) -> None:
    with pytest.raises(InputError, match=rf"^protocol\.{name} means nothing unless plasticity"):
        prepare("ison2015", small_sheet, 0, {f"protocol.{name}": value}, "auto", False, QUIET)
