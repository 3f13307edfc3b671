"""What APL does to the odour responses of Kenyon cells, and how robust the tags are.

Lin, Bygrave, de Calignon, Lee & Miesenboeck 2014, "Sparse, decorrelated odor coding in the mushroom
body enhances learned odor discrimination", Nat Neurosci 17:559: with the output of APL blocked,
more Kenyon cells respond to an odour, and the responses to different odours are more alike. Their
numbers are read off a figure. Here APL's gain is set to 0 in a circuit that is calibrated with it.

The odours are synthetic and overlap as recorded ones do (`neurosim.hashing.vectors`). A hundred of
them calibrate the circuit, others are measured. Further conditions ask whether tags, the sets of
Kenyon cells that fire, stay the same at other concentrations (Olsen, Bhandawat & Wilson 2010,
Neuron 66:287), what those of blends and components have in common, and how alike those of two
trials are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neurosim.hashing import odour_mixtures as mixtures
from neurosim.hashing import tag_robustness as robustness
from neurosim.hashing.kenyon_cell_responses import describe_responses, ratios_to
from neurosim.hashing.odour_samples import OdourSamples, calibrated_circuit, draw_samples
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters import parameter
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "fly_hash", "dasgupta2017"
CONDITIONS = {
    "main": "APL intact",
    "without_apl": "APL inhibits nothing, all else as calibrated with it",
    "concentration": "odours at 1/4 to 4 times the concentration, divisive normalisation",
    "mixtures": "pairs of odours, and their blends in equal parts",
    "noise": "two trials of every odour, in three windows, with both kinds of spike trains",
}
DATA = "correlated"
QUICK = {"n_samples": 40}

WINDOWS = (0.05, 0.1, 0.2)  # s
SPIKES: Mapping[str, dict[str, Any]] = {
    "regular": {"projection_neurons__spikes": "regular"},
    "poisson": {"projection_neurons__spikes": "poisson_receptors"},
}
DIVISIVE = {"antennal_lobe__normalisation": "divisive"}
CENTRING = {"antennal_lobe__normalisation": "centring"}
# Regular trains: the noise of Poisson trains, beside them, hides the effect of the concentration.
NORMALISATIONS = {
    "": SPIKES["regular"] | DIVISIVE,
    "poisson_": SPIKES["poisson"] | DIVISIVE,
    "centring_": SPIKES["regular"] | CENTRING,
    "apl_alone_": SPIKES["regular"] | DIVISIVE | robustness.NEARLY_PROPORTIONAL,
}
N_RECORDED = 20  # odours of a condition that compares circuits; ours


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    data: str = parameter(default=DATA)
    n_samples: int = parameter(low=40, default=300)


Measured = tuple[Recording, dict[str, float]]
LIN = "Lin et al. 2014, read off a figure"
ALGORITHM = Target("same projection, as many cells", "the algorithm", "control")
NONE, GOAL = ("no published value", "plausibility"), ("goal of ours", "plausibility")
ACTIVE, SIMILAR, RANGE = "Kenyon cells that fire", "tags, Jaccard with x1", "largest / smallest"
RESPONSES = {
    **reported("Honegger 2011: about .05", "second-hand", active_fraction=ACTIVE),
    # Of 5 %, .3 points.
    "active_over_wanted": Target("active_fraction / apl.sparsity", *GOAL, low=0.94, high=1.06),
    **reported(f"{LIN}: .10 with APL, .22 without", "derived", input_correlation="spike counts"),
    **reported(*NONE, "ms", latency="first spike of a responder, median"),
    "spikes_per_responder": Target("mean", "data: 2-5", "second-hand", low=2, high=5),
    "hyperpolarisation": Target("lowest", "data: to -10 or -15", "second-hand", "mV", -15, 0),
    **reported("graded, without spikes", "second-hand", "mV", apl_potential="highest"),
}


def unjudged(targets: Mapping[str, Target]) -> dict[str, Target]:
    """Return the same targets without their ranges."""
    return {name: replace(target, low=None, high=None) for name, target in targets.items()}


def at_concentrations(prefix: str, source: str, evidence: str) -> dict[str, Target]:
    """Return the rows of one kind of normalisation."""
    texts = {f"{prefix}active_at_x{factor:g}": ACTIVE for factor in robustness.FACTORS}
    texts |= {f"{prefix}jaccard_with_x1_at_x{factor:g}": SIMILAR for factor in robustness.FACTORS}
    return reported(source, evidence, **texts, **{f"{prefix}active_range": RANGE})


TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": RESPONSES,
    "without_apl": unjudged(RESPONSES)
    | {
        "active_ratio": Target("without / with", f"{LIN}: about 4", "derived", low=2, high=5),
        "correlation_ratio": Target("without / with", f"{LIN}: 2.2", "derived", low=1.6, high=2.8),
    },
    "concentration": at_concentrations("", *GOAL)
    | {f"jaccard_with_x1_at_{x}": Target(SIMILAR, *GOAL, low=0.8) for x in ("x0.5", "x2", "x4")}
    | {"active_range": Target(RANGE, *GOAL, high=2)}
    | at_concentrations("poisson_", "noise of Poisson trains comes on top", "control")
    | at_concentrations("centring_", "invariant by construction", "control")
    | at_concentrations("apl_alone_", "rates nearly proportional", "control"),
    "mixtures": {
        **reported(*NONE, active_fraction="components", active_fraction_blend="blends"),
        **reported(*NONE, overlap_with_component="blend", overlap_of_components="two components"),
        **reported(*NONE, overlap_with_others="blend, chance", overlap_between_trials="most"),
        **reported("Gaussian sums", "derived", overlap_with_component_gaussian="blend"),
        **{f"overlap_{name}_algorithm": ALGORITHM for name in mixtures.OVERLAPS},
    },
    "noise": {
        f"{what}_{kind}_{1e3 * window:g}_ms": Target(text, *NONE)
        for what, text in (("jaccard", "tags of two trials"), ("active", ACTIVE))
        for kind in SPIKES
        for window in WINDOWS
    },
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets; the ranges hold for odours that overlap as recorded ones do."""
    other = {condition: unjudged(rows) for condition, rows in TARGETS.items()}
    return TARGETS if options.data == DATA else other


def respond(circuit: HashCircuit, odours: OdourSamples) -> Measured:
    """Present every odour once."""
    recording = circuit.recording(odours.scored, odours.names, "odours")
    values = describe_responses(recording)
    if (wanted := circuit.session.parameters.apl.sparsity) > 0:
        values["active_over_wanted"] = values["active_fraction"] / wanted
    return recording, values


def respond_with_apl(session: Session, odours: OdourSamples) -> Measured:
    """Present every odour to the calibrated circuit."""
    return respond(calibrated_circuit(session, odours), odours)


def respond_without_apl(session: Session, odours: OdourSamples) -> Measured:
    """Present the same odours, with the same noise, to the same circuit with APL's gain at 0."""
    circuit = calibrated_circuit(session, odours)
    _, intact = respond(circuit, odours)
    recording, values = respond(circuit.changed(apl__gain=0.0), odours)
    return recording, values | ratios_to(intact, values)


def change_concentration(session: Session, odours: OdourSamples) -> Measured:
    """Present every odour at all concentrations, with each kind of normalisation."""
    circuits = {p: calibrated_circuit(session, odours, **c) for p, c in NORMALISATIONS.items()}
    values = {
        f"{prefix}{name}": value
        for prefix, circuit in circuits.items()
        for name, value in robustness.describe_concentrations(circuit, odours.scored).items()
    }
    shown = robustness.at_all_concentrations(*odours.first(N_RECORDED))
    return circuits[""].recording(*shown, "recorded"), values


def blend_pairs(session: Session, odours: OdourSamples) -> Measured:
    """Present pairs of odours and their blends, and all of them once more."""
    circuit = calibrated_circuit(session, odours)
    shown = mixtures.mixtures_of(odours.scored)
    recording = circuit.recording(shown, mixtures.names_of_mixtures(odours.names), "first trial")
    tags, again = circuit.tags_of(recording), circuit.counts(shown, "second trial")
    return recording, mixtures.describe_mixtures(shown, tags, again, circuit.projection)


def repeat(session: Session, odours: OdourSamples) -> Measured:
    """Present every odour twice, for each window and with both kinds of spike trains."""
    values: dict[str, float] = {}
    for kind, spikes in SPIKES.items():
        for window in WINDOWS:
            circuit = calibrated_circuit(session, odours, simulation__window=window, **spikes)
            described = robustness.describe_trials(circuit, odours.scored)
            place = f"{kind}_{1e3 * window:g}_ms"
            values |= {f"{name}_{place}": value for name, value in described.items()}
    return circuit.recording(*odours.first(N_RECORDED), "trial 1"), values


EXPERIMENTS = {
    "main": respond_with_apl,
    "without_apl": respond_without_apl,
    "concentration": change_concentration,
    "mixtures": blend_pairs,
    "noise": repeat,
}


def run_condition(condition: str, session: Session, options: Options) -> Measured:
    """Simulate a condition; return its recording and what was measured."""
    odours = draw_samples(options.data, options.n_samples, session)
    return EXPERIMENTS[condition](session, odours)
