"""How far synapses that were probed are from closed forms, and how they facilitate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neurosim.abstract.short_term_plasticity import integrate
from neurosim.parameters.short_term_plasticity import (
    NEURON,
    STORED_IN,
    ShortTermPlasticityParameters,
)
from neurosim.release_conventions import BEFORE_JUMP
from neurosim.session import Session
from neurosim.synapse.dynamic_synapse import Responses, respond
from neurosim.synapse.plasticity_probes import (
    GAP,
    PAIR,
    REGULAR,
    Probe,
    decay_time,
    largest_error,
    last_releases,
    rate_of_peak,
    read_on_arrival,
    values_of,
)


def closed_form_errors(
    parameters: ShortTermPlasticityParameters, probes: Sequence[Probe], responses: Responses
) -> dict[str, float]:
    """Return how far a synapse is from its closed forms.

    Parameters
    ----------
    parameters : ShortTermPlasticityParameters
    probes : sequence of Probe
    responses : Responses
        To the trains of the probes.

    Returns
    -------
    dict of str to float
        ``steady_state_error``, ``paired_pulse_error`` and ``gap_error`` (the spike behind a gap
        against the recursion from spike to spike), the largest as fractions;
        ``first_release_error``, the largest difference.
    """
    form = parameters.plasticity
    first = np.array([responses.releases(train)[0] for train in range(len(probes))])
    steady = last_releases(responses, probes, REGULAR)
    ratios = last_releases(responses, probes, PAIR) / first[0]
    behind = last_releases(responses, probes, GAP)
    recursion = [form.releases(probe.train)[-1] for probe in probes if probe.phase == GAP]
    return {
        "steady_state_error": largest_error(steady, form.steady_state(values_of(probes, REGULAR))),
        "paired_pulse_error": largest_error(
            ratios, form.paired_pulse_ratio(values_of(probes, PAIR))
        ),
        "gap_error": largest_error(behind, recursion),
        "first_release_error": float(np.abs(first - form.first_release).max()),
    }


def facilitation_scores(
    parameters: ShortTermPlasticityParameters, probes: Sequence[Probe], responses: Responses
) -> dict[str, float]:
    """Return where a synapse releases most and how its facilitation decays.

    Returns
    -------
    dict of str to float
        ``peak_rate`` (Hz); ``facilitation_decay``, the time constant with which the release behind
        a train returns to that of a rested synapse once all resources have recovered (ten times
        tau_recovery), over tau_facilitation; ``left_after_longest_gap``, what is then left of the
        difference, as a fraction of the release of a rested synapse. NaN where there is none.
    """
    form = parameters.plasticity
    gaps, behind = values_of(probes, GAP), last_releases(responses, probes, GAP)
    recovered = gaps >= 10 * form.tau_recovery
    decay = decay_time(gaps[recovered], behind[recovered], form.first_release)
    steady = last_releases(responses, probes, REGULAR)
    facilitates = form.tau_facilitation > 0
    return {
        "peak_rate": rate_of_peak(values_of(probes, REGULAR), steady),
        "facilitation_decay": decay / form.tau_facilitation if facilitates else np.nan,
        "left_after_longest_gap": float(abs(behind[-1] / form.first_release - 1)),
    }


def potential_scores(
    parameters: ShortTermPlasticityParameters, responses: Responses, train: int, length: float
) -> dict[str, float]:
    """Return the highest potential (V) and its error against an integration by SciPy.

    Parameters
    ----------
    parameters : ShortTermPlasticityParameters
    responses : Responses
    train : int
        One whose cell was traced.
    length : float
        Seconds from the start that are compared.

    Returns
    -------
    dict of str to float
        ``peak``, and ``error``, the largest difference over the highest potential.
    """
    shown = responses.sample_times < length
    potential, times = responses.potential[shown, train], responses.sample_times[shown]
    expected = integrate(
        parameters.plasticity,
        responses.arrivals(train),
        times,
        parameters.cell.tau_m,
        parameters.drive,
    )
    error = np.abs(potential - expected).max() / np.abs(expected).max()
    return {"peak": float(potential.max()), "error": float(error)}


def convention_change(
    parameters: ShortTermPlasticityParameters, probes: Sequence[Probe], responses: Responses
) -> float:
    """Return by what fraction the steady state differs from that of the package's convention.

    At the rate at which it differs most.
    """
    published = replace(parameters.plasticity, release=BEFORE_JUMP)
    expected = published.steady_state(values_of(probes, REGULAR))
    return largest_error(last_releases(responses, probes, REGULAR), expected)


def compare_storage(
    session: Session,
    parameters: ShortTermPlasticityParameters,
    trains: Sequence[npt.ArrayLike],
) -> tuple[Responses, dict[str, float]]:
    """Compare synapses that have u and x of their own with those that have them of their neuron.

    Returns
    -------
    responses : Responses
        Of the synapses that have u and x of their neuron.
    differences : dict of str to float
        ``arrivals_that_differ``, the number of spikes that arrive at another time or at another
        synapse; ``release_difference`` and ``potential_difference``, the largest, as fractions of
        the release and of the highest potential; ``error_if_read_on_arrival``, the largest error
        of synapses that read the newest release of their neuron.
    """
    by_storage: Mapping[str, Responses] = {
        stored_in: respond(session, parameters, trains, stored_in) for stored_in in STORED_IN
    }
    own, shared = by_storage.values()
    n_missing = abs(len(own.release) - len(shared.release))
    n = min(len(own.release), len(shared.release))
    differ = own.arrival_index[:n] != shared.arrival_index[:n]
    differ |= own.arrival_time[:n] != shared.arrival_time[:n]
    naive = [
        largest_error(
            read_on_arrival(own.spikes.of(train), own.releases(train), parameters.synapse.delay),
            own.releases(train),
        )
        for train in range(len(trains))
    ]
    potential = np.abs(own.potential - shared.potential).max() / np.abs(own.potential).max()
    return by_storage[NEURON], {
        "arrivals_that_differ": float(n_missing + differ.sum()),
        "release_difference": largest_error(shared.release[:n], own.release[:n]),
        "potential_difference": float(potential),
        "error_if_read_on_arrival": max(naive),
    }
