"""A plastic area behind the fly's hash: the Kenyon cells' own spikes drive it, in one network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim.association import paired_associates as pa
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.picture_codes import PictureEncoder
from neurosim.association.pictures import REFERENCE, load_picture, superimpose
from neurosim.association.spiking_codes import projection_neuron_rates
from neurosim.errors import InputError
from neurosim.experiment import prepare
from neurosim.experiment import run as run_protocol
from neurosim.hashing.odours import odour_tables
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters import fly_hash
from neurosim.parameters.hashed_area import HashedAreaParameters
from neurosim.parameters.library import load_model
from neurosim.progress import QUIET
from neurosim.session import Session
from neurosim.simulation.job import Job
from neurosim.simulation.target import simulate
from neurosim.timeline import Timeline, Trial

# Brian2 calls a library by names of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Outputs = Mapping[str, np.ndarray]
MODEL = "ison2015_hashed"
MEAN_RATE = 128.0  # Hz; a power of two, so that no rounding tells the two circuits apart
SIZES = {
    "input.n": 60,
    "input.n_active": 10,
    "input.claws": 6,
    "projection_neurons.n": 12,
    "simulation.dt": "0.5 ms",
    "input.epsp": "3 mV",
    "projection_neurons.mean_rate": f"{MEAN_RATE} Hz",
}
CELLS = ("input_spikes.i", "input_spikes.t", "excitatory_spikes.i", "excitatory_spikes.t")
ON = 0.3  # s
RATES = np.random.default_rng(5).exponential(1.0, size=12)  # in units of it


def stand_alone(parameters: HashedAreaParameters, window: float) -> fly_hash.FlyHashParameters:
    """Return the same Kenyon cells and APL as a hash without an area, not yet calibrated."""
    cells, mean_rate = parameters.input, parameters.projection_neurons.mean_rate
    names = fly_hash.KenyonCells.__dataclass_fields__
    return fly_hash.FlyHashParameters(
        simulation=fly_hash.Simulation(parameters.simulation.dt, window),
        receptor_neurons=fly_hash.ReceptorNeurons(1, mean_rate),
        antennal_lobe=fly_hash.AntennalLobe(fly_hash.CENTRING, mean_rate, 1.0, 0.0, 0.0, mean_rate),
        projection_neurons=fly_hash.ProjectionNeurons(
            parameters.projection_neurons.n, fly_hash.REGULAR
        ),
        kenyon_cells=fly_hash.KenyonCells(
            **{name: getattr(cells, name) for name in names} | {"epsp": 0.0}
        ),
        apl=fly_hash.AnteriorPairedLateral(
            tau_m=parameters.apl.tau_m,
            excitation=parameters.apl.excitation,
            gain=0.0,
            sparsity=cells.n_active / cells.n,
            release=0.0,
            release_exponent=1,  # as in the circuit
        ),
    )


@pytest.fixture(scope="module")
def hashed(small_sheet: Path) -> Callable[..., HashedAreaParameters]:
    """Return a function that puts the hash in front of the small area."""
    small = load_model(small_sheet).parameters
    area = {name: getattr(small, name) for name in vars(small) if name not in ("input",)}

    def make(**overrides: Any) -> HashedAreaParameters:
        given = {name.replace("__", "."): value for name, value in overrides.items()}
        parameters = load_model(MODEL, SIZES | given).parameters
        return dataclasses.replace(parameters, **area)

    return make


@pytest.fixture(scope="module")
def run(area_job: Callable[..., Job]) -> Callable[..., Outputs]:
    """Return a function that shows `RATES` for .3 s, or another timeline."""

    def simulated(
        parameters: HashedAreaParameters,
        timeline: Timeline | None = None,
        rates: np.ndarray = RATES,
        **changes: Any,
    ) -> Outputs:
        job = area_job(
            parameters=parameters,
            timeline=timeline or Timeline((Trial("seen", ON, 0.0, "test"),), lead_in=0.0),
            patterns={"projection_neurons": {"seen": rates}},
            circuit="hashed_area",
            **changes,
        )
        wiring = parameters.wiring(np.random.default_rng(1))
        job = dataclasses.replace(job, tables={**job.tables, **wiring})
        return simulate(job, "standalone").arrays

    return simulated


def test_kenyon_cells_fire_as_in_the_hash_alone_to_the_last_bit(
    hashed: Callable[..., HashedAreaParameters], run: Callable[..., Outputs]
) -> None:
    parameters = hashed(apl__gain="0.2 /mV")
    alone = stand_alone(parameters, ON)
    alone = dataclasses.replace(
        alone,
        antennal_lobe=dataclasses.replace(
            alone.antennal_lobe, centred_rate=MEAN_RATE * float(RATES.mean())
        ),
        kenyon_cells=dataclasses.replace(alone.kenyon_cells, epsp=parameters.input.epsp),
        apl=dataclasses.replace(alone.apl, gain=parameters.apl.gain, sparsity=0.0),
    )
    claws = parameters.claws(np.random.default_rng(1))
    outputs = tuple(
        f"{name}_spikes.{variable}"
        for name in ("projection_neurons", "kenyon_cells")
        for variable in "it"
    )
    job = Job(
        circuit="fly_hash",
        structure={**alone.structure(), "n_odours": 2},
        arguments=alone.run_arguments(),
        tables=odour_tables(alone, claws, MEAN_RATE * RATES[np.newaxis], 2),
        duration=ON,
        brain_seed=1,
        noise_seed=2,
        outputs=outputs,
    )
    expected, found = simulate(job, "standalone").arrays, run(parameters)
    assert len(expected["kenyon_cells_spikes.t"]) > 50
    assert len(found["excitatory_spikes.t"]) > 0
    for there, here in (("kenyon_cells", "input"), ("projection_neurons", "projection_neurons")):
        for variable in "it":
            one, other = expected[f"{there}_spikes.{variable}"], found[f"{here}_spikes.{variable}"]
            assert np.array_equal(one, other), there


def without_background(parameters: HashedAreaParameters) -> HashedAreaParameters:
    quiet = dataclasses.replace(parameters.excitatory, background_rate=0.0)
    return dataclasses.replace(parameters, excitatory=quiet)


@pytest.mark.parametrize(
    ("rates", "overrides"),
    [(0 * RATES, {}), (RATES, {"input__epsp": "0 mV"}), (RATES, {"input__v_threshold": "199 mV"})],
)
def test_the_area_is_driven_by_the_spikes_of_kenyon_cells_and_nothing_else(
    rates: np.ndarray,
    overrides: dict[str, Any],
    hashed: Callable[..., HashedAreaParameters],
    run: Callable[..., Outputs],
) -> None:
    driven = run(without_background(hashed()))
    assert len(driven["input_spikes.t"]) > 50
    # Potentials start between reset and threshold, below which they fall without input.
    late = driven["excitatory_spikes.t"] > 0.05
    assert late.sum() > 10
    silent = run(without_background(hashed(**overrides)), rates=rates)
    assert len(silent["input_spikes.t"]) == 0
    assert not (silent["excitatory_spikes.t"] > 0.05).any()


def test_a_projection_neuron_fires_at_its_rate_and_only_while_there_is_a_stimulus(
    hashed: Callable[..., HashedAreaParameters], run: Callable[..., Outputs]
) -> None:
    trials = tuple(Trial("seen", ON, 0.2, "test") for _ in range(3))
    found = run(hashed(), Timeline(trials, lead_in=0.1))
    times, index = found["projection_neurons_spikes.t"], found["projection_neurons_spikes.i"]
    counts = []
    for onset in (0.1, 0.6, 1.1):
        of_trial = (times > onset - 1e-4) & (times < onset + ON + 1e-4)
        counts.append(np.bincount(index[of_trial], minlength=12))
        # Regular from a random phase: the whole number below or above rate times duration.
        assert (np.abs(counts[-1] - MEAN_RATE * RATES * ON) < 1 + 1e-6).all()
    assert sum(map(sum, counts)) == len(times), "spikes outside of the trials"
    first = [times[(index == 0) & (times > onset)][0] - onset for onset in (0.1, 0.6, 1.1)]
    assert np.ptp(first) > 1e-3, "the same phase in every trial"


def test_apl_leaves_fewer_kenyon_cells(
    hashed: Callable[..., HashedAreaParameters], run: Callable[..., Outputs]
) -> None:
    firing = [
        len(np.unique(run(hashed(apl__gain=gain))["input_spikes.i"]))
        for gain in ("0 /mV", "0.2 /mV", "2 /mV")
    ]
    assert firing[0] > firing[1] > firing[2]


# --------------------------------------------------------------------------------- the encoder


def prepared(seed: int = 0, model: str | None = None, **options: str) -> Any:
    overrides = {f"protocol.{name}": value for name, value in options.items()}
    return prepare("ison2015", model, seed, overrides, "numpy", True, QUIET)


def stimuli_of(experiment: Any) -> PairedStimuli:
    stimuli: PairedStimuli = pa.stimuli_of(experiment.options, experiment.session)
    return stimuli


def test_the_spiking_encoder_takes_a_sheet_with_kenyon_cells() -> None:
    assert prepared(encoder="spiking").sheet.name == MODEL
    assert prepared(encoder="algorithm").sheet.name == prepared().sheet.name == "ison2015"
    assert prepared(model=MODEL).options.encoder == "spiking"


@pytest.mark.parametrize(
    ("model", "options", "sentence"),
    [
        (None, {"encoder": "spikin"}, r"^protocol\.encoder is 'spikin': did you mean 'spiking'\?$"),
        ("ison2015", {"encoder": "spiking"}, r"needs a sheet .*'ison2015_hashed'.*'area'\.$"),
        (MODEL, {"encoder": "algorithm"}, r"Kenyon cells, expected spiking\.$"),
        (None, {"encoder": "spiking", "stimuli": "random"}, r"needs pictures as stimuli\.$"),
    ],
)
def test_encoders_that_do_not_fit_are_refused(
    model: str | None, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        stimuli_of(prepared(model=model, **options))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"input.claws": 513}, r"input\.claws is 513, expected at most .* \(512\)\.$"),
        ({"input.v_reset": "30 mV"}, r"v_reset is 30 mV, expected less than v_threshold"),
        ({"input.stimulus_rate": "50 Hz"}, r"input\.stimulus_rate"),
        ({"apl.gian": "1 /mV"}, r"did you mean 'apl\.gain'\?$"),
    ],
)
def test_bad_values_of_the_sheet_are_refused(overrides: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_model(MODEL, overrides)


def test_both_encoders_have_the_same_projection_and_the_same_composite() -> None:
    spiking, computed = stimuli_of(prepared(3, encoder="spiking")), stimuli_of(prepared(3))
    assert all(
        np.array_equal(spiking.codes[name], computed.codes[name]) for name in computed.pixels
    )
    experiment = prepared(3, encoder="spiking")
    claws = experiment.session.parameters.claws(experiment.session.generator("stimuli"))
    assert (claws.sum(axis=1) == experiment.session.parameters.input.claws).all()
    # The claws that the circuit is wired with make the codes that the blend was balanced with.
    encoder = PictureEncoder(claws, spiking.centre, 240)
    for name, picture in spiking.pixels.items():
        assert np.array_equal(encoder.code(picture), computed.codes[name])


def test_the_composite_is_shown_as_pixels() -> None:
    stimuli = stimuli_of(prepared(encoder="spiking"))
    pair = stimuli.pairs[0]
    blend = superimpose(
        load_picture(pair.p), load_picture(pair.partner), stimuli.values["composite_weight"]
    )
    assert np.array_equal(stimuli.pixels[pair.composite], blend)
    rates = projection_neuron_rates(blend, stimuli.centre)
    assert np.array_equal(stimuli.patterns["projection_neurons"][pair.composite], rates)


def test_rates_follow_the_features_about_their_mean() -> None:
    stimuli = stimuli_of(prepared(encoder="spiking"))
    for name in stimuli.singles:
        rates = stimuli.rates[name]
        assert rates.min() >= 0
        assert rates.mean() == pytest.approx(1)
        brighter = projection_neuron_rates(0.5 * load_picture(name), stimuli.centre)
        assert brighter == pytest.approx(rates), "a common factor has an effect"
        half = stimuli.rates[stimuli.half(name)]
        as_on_average = half == 1
        assert as_on_average.sum() == len(rates) // 2
        assert np.array_equal(half[~as_on_average], rates[~as_on_average])
    assert "input" not in stimuli.patterns


@pytest.mark.slow
def test_as_many_kenyon_cells_fire_as_the_sheet_was_calibrated_to() -> None:
    parameters = load_model(MODEL).parameters
    cells = parameters.input
    alone = stand_alone(parameters, 0.5)
    alone = alone.changed(
        apl__sparsity=0.0, apl__gain=parameters.apl.gain, kenyon_cells__epsp=cells.epsp
    )
    # Claws are random: with permuted features a picture is another one that drives cells alike.
    generator = np.random.default_rng(1)
    stimuli = stimuli_of(prepared(encoder="spiking"))
    permuted = [generator.permutation(stimuli.rates[name]) for name in REFERENCE]
    session = Session(alone, "fly_hash", 0, "standalone")
    claws = parameters.claws(session.generator("stimuli"))
    counts = (
        HashCircuit(session, alone, claws).counts(100 * np.array(permuted), "permuted").toarray()
    )
    assert (counts > 0).mean() == pytest.approx(cells.n_active / cells.n, rel=0.1)


@pytest.mark.slow
def test_a_small_experiment_runs_from_pixels_to_the_scorecard(tmp_path: Path) -> None:
    overrides = {
        "protocol.encoder": "spiking",
        "protocol.pictures": "palace,person,flower",
        "excitatory.n": 400,
        "inhibitory.n": 100,
        "excitatory_to_excitatory.w_initial": "1 nS",
        "excitatory_to_inhibitory.weight": "2.25 nS",
        "inhibitory_to_excitatory.weight": "5 nS",
        "inhibitory_to_inhibitory.weight": "2 nS",
    }
    run = run_protocol("ison2015", overrides=overrides, quick=True, out=tmp_path / "run")
    values = {row.name: row.value for row in run.rows}
    assert values["kenyon_cell_share"] == pytest.approx(0.12, rel=0.15)
    assert values["kenyon_cell_jaccard"] > 0.9
    assert values["kenyon_cell_overlap"] > 0.85
    assert values["code_overlap"] < 0.12
    assert abs(values["composite_share_p"] - values["composite_share_np"]) < 0.1
    assert 0.02 < values["assembly_size"] < 0.3
    recording = run.recordings["main"]
    assert recording.spikes["projection_neurons"].n == 64
    repeated = run_protocol("ison2015", tmp_path / "run" / "model.toml", quick=True)
    again = repeated.recordings["main"].spikes["excitatory"]
    assert np.array_equal(again.time, recording.spikes["excitatory"].time)
