"""How well tags of one length find near neighbours, over several projections."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from neurosim.hashing.methods import LSH, tags_of_all_methods
from neurosim.hashing.odour_samples import OdourSamples, calibrated_circuit
from neurosim.hashing.odours import projection_of
from neurosim.hashing.scores import circuit_over_algorithm, describe_precision
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters.fly_hash import REGULAR
from neurosim.session import Session

# Active units k. Published: 2 to 32; 100 are 5 % of the fly's Kenyon cells.
LENGTHS = (2, 4, 8, 16, 32, 100)
FLY = 2000  # Kenyon cells
# Kenyon cells for each active one, with which a projection of 6 claws takes about as many
# operations as k dense ones. Published.
EXPANSION = 20
# Length and number of Kenyon cells; of the longest tag, which comes last, they are equal both ways.
SIZES = (
    *((k, EXPANSION * k) for k in LENGTHS if EXPANSION * k < FLY),
    *((k, FLY) for k in LENGTHS),
)


def row_of(method: str, k: int, n_cells: int) -> str:
    """Return the name of the row that tells the mAP of a method.

    Parameters
    ----------
    method : str
        One of `neurosim.hashing.methods.TAGS`, or ``"ratio"``. LSH has no Kenyon cells, and the
        ratio is that of the fly's size.
    k, n_cells : int
        Active units, Kenyon cells.

    Returns
    -------
    str
    """
    return f"map_{method}_k{k}" + ("" if method in (*LSH, "ratio") else f"_m{n_cells}")


def circuit_of_length(session: Session, odours: OdourSamples, k: int, n_cells: int) -> HashCircuit:
    """Return a circuit of which k cells fire on average, calibrated with the first projection.

    Projection neurons fire regularly. APL inhibits as large a share of the cells that would fire
    without it as in the sheet.

    Parameters
    ----------
    session : Session
    odours : OdourSamples
    k, n_cells : int
        Active cells, Kenyon cells.

    Raises
    ------
    InputError
        If there are fewer features than claws.
    SimulationError
        If a simulation fails.
    """
    return calibrated_circuit(
        session,
        odours,
        projection_neurons__spikes=REGULAR,
        kenyon_cells__n=n_cells,
        apl__sparsity=k / n_cells,
        apl__gain=0.0,
    )


def describe_length(
    circuit: HashCircuit, odours: OdourSamples, k: int, n_projections: int, rule: str
) -> dict[str, float]:
    """Return the mean average precision of every method, mean and spread over projections.

    The circuit keeps its calibration while the projection changes: what is fitted to one brain
    serves others.

    Parameters
    ----------
    circuit : HashCircuit
        Calibrated to k active cells.
    odours : OdourSamples
    k : int
        Active units of the other methods.
    n_projections : int
        Projections of the session's seed, from its first on; 1 or more.
    rule : {"hits", "relevant"}
        As in `neurosim.hashing.retrieval.mean_average_precision`.

    Returns
    -------
    dict of str to float
        By `row_of`; standard deviations over projections (n - 1; not a number for one) with
        ``_sd`` behind it. LSH and the ratio of circuit and algorithm (binary tags, mean of the
        ratios) are there for the fly's number of Kenyon cells.
    """
    n_cells = circuit.parameters.kenyon_cells.n
    scores = [_precision(circuit, odours, k, number, rule) for number in range(n_projections)]
    values = {}
    for name in scores[0]:
        method = name.removeprefix("map_")
        of_projections = [score[name] for score in scores]
        row = row_of(method, k, n_cells)
        values[row] = float(np.mean(of_projections))
        values[f"{row}_sd"] = float(np.std(of_projections, ddof=1)) if len(scores) > 1 else math.nan
    return values


def _precision(
    circuit: HashCircuit, odours: OdourSamples, k: int, number: int, rule: str
) -> dict[str, float]:
    projection = projection_of(circuit.parameters, circuit.session.seed, number)
    counts = replace(circuit, projection=projection).counts(odours.scored, "trial 1")
    generator = circuit.session.generator(f"other projections {number}")
    tags = tags_of_all_methods(counts, projection, odours, k, generator)
    if len(projection) != FLY:  # LSH has no Kenyon cells: once is enough
        tags = {method: tag for method, tag in tags.items() if method not in LSH}
    values = describe_precision(odours.scored, tags, rule)
    if len(projection) == FLY:
        values["map_ratio"] = circuit_over_algorithm(values, "spiking_binary", "algorithm_binary")
    return values
