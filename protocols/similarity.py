"""Tags of Kenyon cells find near neighbours: the fly's hash of Dasgupta, Stevens & Navlakha 2017.

"A neural algorithm for a fundamental computing problem", Science 358:793-796. Every odour of a data
set gets a tag, and the distances between tags have to tell which odours are near each other. The
tag of the algorithm is the k most excited Kenyon cells of a sparse random projection; that of
locality-sensitive hashing (LSH) is k dense random projections.

Here the tag is that of a spiking circuit: which Kenyon cells fire (binary), or how often (valued).
A hundred samples calibrate it, others are scored, and each of these is a query. All methods get the
same samples, the algorithm the same projection, and as many active units k as cells fire on
average. mAP is the mean over queries of the average precision (AP) with which tags find the nearest
2 %: over those among as many retrieved (AP rule "hits", of the published code), or "relevant": all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from neurosim.hashing import correlated_inputs as ci
from neurosim.hashing.kenyon_cell_responses import describe_responses
from neurosim.hashing.lengths import FLY, SIZES, circuit_of_length, describe_length, row_of
from neurosim.hashing.methods import LSH, PUBLISHED, TAGS
from neurosim.hashing.odour_samples import OdourSamples, calibrated_circuit, draw_samples
from neurosim.hashing.retrieval import AVERAGE_PRECISION_RULES
from neurosim.hashing.scores import SIMILARITY, compare_methods, score_circuit
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters import parameter
from neurosim.parameters.fly_hash import POISSON, REGULAR
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "fly_hash", "dasgupta2017"
CONDITIONS = {
    "main": "the sheet as it is: Poisson receptor neurons, unless it says otherwise",
    "regular": "projection neurons fire regularly, from a random phase on",
    "window_200_ms": "Poisson receptor neurons, every sample presented for 200 ms",
    "hash_lengths": "tags of k = 2 to 100 of 2000 cells, and of 20 k cells; regular",
    "overlap_law": "pairs of inputs of known correlation, tags of 5 and of 10 %; regular",
    "convergence": "5 to 160 independent Poisson spikes per claw and window",
}
CORRELATIONS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
# Independent spikes per claw and window, and map_ratio of a circuit of plain integrators.
SPIKES = {5: ".58", 10: ".77", 20: ".88", 40: ".94", 80: ".97", 160: ".99"}
N_RECORDED = 20  # samples, of the conditions but main; ours
QUICK = {"n_samples": 100, "matrices": 1}


@dataclass(frozen=True)
class Options:
    """What can be changed about the experiment; data are a built-in name or a path."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")
    data: str = parameter(default="digits")
    n_samples: int = parameter(low=40, default=1000)
    matrices: int = parameter(low=1, high=50, default=5)
    ap_rule: str = parameter(choices=AVERAGE_PRECISION_RULES, default="hits")


Values = dict[str, float]
Measured = tuple[HashCircuit, OdourSamples, Values]
GOAL, NONE = ("goal of ours", "calibrated"), ("no published value", "plausibility")
OTHER_DATA, EXACT = ("Dasgupta 2017: other data", "published"), ("Gaussian law", "derived")
HONEGGER, TURNER = "Honegger 2011: about .05", "Turner 2008: 1.4 +- 0.8 mV"
RELIABLE, MEAN_K = "Jaccard index of two trials, binary tags", "cells that fire"
# Relative to the sheet's sparsity, so that they hold for any: of 5 %, .3 and .5 points.
ACTIVITY = {
    **reported(HONEGGER, "second-hand", active_fraction="Kenyon cells that fire, mean"),
    "active_over_wanted": Target("active_fraction / apl.sparsity", *GOAL, low=0.94, high=1.06),
    **reported(*NONE, active_spread="sd over samples"),
    "fewest_active": Target("cells, weakest sample", "no sample is silent", "plausibility", low=1),
    "spikes_per_responder": Target("mean", "data: 2-5", "second-hand", low=2, high=5),
    "epsp": Target("peak, one claw", TURNER, "second-hand", "mV", low=0.6, high=2.2),
    "hyperpolarisation": Target("lowest", "data: to -10 or -15", "second-hand", "mV", low=-15),
    **reported("graded, without spikes", "second-hand", "mV", apl_potential="highest"),
    **reported(*NONE, trial_jaccard=RELIABLE),
}
LOWEST = {2: None, 4: 0.85, 8: 0.85, 16: 0.95, 32: 0.95, 100: 0.97}  # goals for map_ratio, by k
OVERLAPS = [f"overlap_{percent}_percent_at_{c}" for percent in ci.PERCENTS for c in CORRELATIONS]
LAW = {
    **reported(*EXACT, **dict.fromkeys(OVERLAPS, "tags of two inputs, mean over pairs")),
    **reported(*EXACT, **{f"{name}_gaussian": "infinitely many cells" for name in OVERLAPS}),
}
DEVIATION = Target("from the exact law, largest", *EXACT, high=0.05)


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets; goals that were set for some data are judged on these only."""
    data, rule = options.data, f"AP rule {options.ap_rule}"

    def goal(text: str, high: float | None = None, **lowest: float | None) -> Target:
        return Target(text, *GOAL, low=lowest.get(data), high=high if data == "digits" else None)

    def ratio(k: object, tags: str = "binary", **lowest: float | None) -> Target:
        return goal(f"mAP, circuit / algorithm, {tags} tags, k = {k}, {rule}", **lowest)

    def precision(method: str, k: object, cells: str = "") -> Target:
        source = OTHER_DATA if method in PUBLISHED else NONE
        return Target(f"mAP, {TAGS[method]}{cells}, k = {k}, {rule}", *source)

    activity = {
        **ACTIVITY,
        "spread_over_wanted": goal("active_spread / apl.sparsity", high=0.1),
        **reported(*NONE, **SIMILARITY),
        "spearman_difference": goal("cosine, circuit and algorithm", high=0.02),
    }
    maps = {f"map_{method}": precision(method, MEAN_K) for method in TAGS}
    both = {name: maps[name] for name in ("map_spiking_binary", "map_algorithm_binary")}
    main = {"map_ratio": ratio(MEAN_K, digits=0.95), "map_ratio_count": ratio(MEAN_K, "valued")}
    reliable = goal(RELIABLE, digits=0.9, clustered=0.9, iid=0.9)
    best = ratio(MEAN_K, digits=0.97, clustered=0.99, iid=0.92)
    lengths = {
        row_of(method, k, n): precision(method, k, "" if method in LSH else f", {n} cells")
        for k, n in SIZES
        for method in TAGS
    } | {row_of("ratio", k, FLY): ratio(k, digits=low) for k, low in LOWEST.items()}
    lengths |= reported(*NONE, **{f"{name}_sd": "over projections" for name in lengths})
    curve = {
        f"map_ratio_at_{n}_spikes": Target(best.description, f"integrators: {was}", "unverified")
        for n, was in SPIKES.items()
    } | reported(*NONE, **{f"jaccard_at_{n}_spikes": RELIABLE for n in SPIKES})
    return {
        "main": activity | maps | main,
        "regular": activity | both | {"trial_jaccard": reliable, "map_ratio": best},
        "window_200_ms": activity | both | {"map_ratio": ratio(MEAN_K, digits=0.97)},
        "hash_lengths": lengths,
        "overlap_law": LAW | {f"largest_deviation_{p}_percent": DEVIATION for p in ci.PERCENTS},
        "convergence": curve,
    }


def score(session: Session, options: Options, **changes: Any) -> Measured:
    """Present every sample twice to a circuit, with other values of parameters."""
    odours = draw_samples(options.data, options.n_samples, session)
    circuit = calibrated_circuit(session, odours, **changes)
    return circuit, odours, score_circuit(circuit, odours, options.ap_rule)


def compare(session: Session, options: Options) -> Measured:
    """Present every sample twice to the circuit of the sheet, and hash it with all methods."""
    circuit, odours, values = score(session, options)
    return circuit, odours, values | compare_methods(circuit, odours, options.ap_rule)


def lengthen(session: Session, options: Options) -> Measured:
    """Calibrate a circuit for every length, and score it with several projections."""
    odours = draw_samples(options.data, options.n_samples, session)
    values: Values = {}
    for k, n_cells in SIZES:
        circuit = circuit_of_length(session, odours, k, n_cells)
        values |= describe_length(circuit, odours, k, options.matrices, options.ap_rule)
    return circuit, odours, values


def correlate(session: Session, options: Options) -> Measured:
    """Present pairs of every correlation to a circuit of each sparsity."""
    generator, n_types = session.generator("pairs"), session.parameters.projection_neurons.n
    odours = ci.correlated_odours(n_types, CORRELATIONS, generator)
    values: Values = {}
    for percent in ci.PERCENTS:
        circuit = ci.circuit_of_sparsity(session, odours, percent / 100)
        tags = circuit.counts(odours.scored, "trial 1") > 0
        values |= ci.describe_overlaps(tags, CORRELATIONS, percent)
    return circuit, odours, values


def converge(session: Session, options: Options) -> Measured:
    """Let receptor neurons fire at several rates; those of projection neurons stay as they are."""
    receptors, window = session.parameters.receptor_neurons, session.parameters.simulation.window
    values: Values = {}
    for n in SPIKES:
        rate = n / (receptors.n_per_type * window)
        changes = {"projection_neurons__spikes": POISSON, "receptor_neurons__mean_rate": rate}
        circuit, odours, scores = score(session, options, **changes)
        values[f"map_ratio_at_{n}_spikes"] = scores["map_ratio"]
        values[f"jaccard_at_{n}_spikes"] = scores["trial_jaccard"]
    return circuit, odours, values


EXPERIMENTS: Mapping[str, Callable[[Session, Options], Measured]] = {
    "main": compare,
    "regular": partial(score, projection_neurons__spikes=REGULAR),
    "window_200_ms": partial(score, projection_neurons__spikes=POISSON, simulation__window=0.2),
    "hash_lengths": lengthen,
    "overlap_law": correlate,
    "convergence": converge,
}


def run_condition(condition: str, session: Session, options: Options) -> tuple[Recording, Values]:
    """Simulate a condition; return a recording of its last circuit and what was measured."""
    circuit, odours, values = EXPERIMENTS[condition](session, options)
    n = None if condition == "main" else N_RECORDED
    recording = circuit.recording(odours.scored[:n], odours.names[:n], "trial 1")
    values = describe_responses(recording) | values
    return recording, {name: values[name] for name in targets(options)[condition] if name in values}
