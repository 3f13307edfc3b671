"""What synapses did that were probed, as a recording: one population of trains for each synapse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neurosim.parameters.short_term_plasticity import TRACE_INTERVAL
from neurosim.recording import Recording, Trace, TrialValues
from neurosim.synapse.dynamic_synapse import Responses
from neurosim.synapse.plasticity_probes import GAP, PAIR, Probe
from neurosim.timeline import NO_PAIR, TrialTable

FIGURE_LENGTH = 1.2  # s, the longer time axis of figure 1 in Tsodyks et al. 1998


def recording_of(
    responses: Mapping[str, Responses], probes: Mapping[str, Sequence[Probe]]
) -> Recording:
    """Return a recording of several synapses that were probed, one behind the other.

    Parameters
    ----------
    responses : mapping of str to Responses
        By the name of the synapse.
    probes : mapping of str to sequence of Probe
        The trains of each synapse.

    Returns
    -------
    Recording
        A population for each synapse, a unit for each train, in the order of the trials whose
        ``role`` is the synapse's name; ``phase`` and ``stimulus`` say what the train is for. Traces
        of a synapse NAME, which start when it is probed: ``membrane_potential_of_NAME``,
        ``utilisation_of_NAME`` (u) and ``recovered_of_NAME`` (x) for its first trains. Values of
        the trials: ``last_release``, what the last spike released.
    """
    starts, duration = {}, 0.0
    for name, response in responses.items():
        starts[name] = duration
        duration += response.duration
    traces: dict[str, Trace] = {}
    for name, response in responses.items():
        traces |= _traces(name, response, starts[name])
    last = [
        response.releases(train)[-1]
        for name, response in responses.items()
        for train in range(len(probes[name]))
    ]
    return Recording(
        spikes={
            name: replace(response.spikes, time=response.spikes.time + starts[name])
            for name, response in responses.items()
        },
        trial_table=_trial_table(probes, starts),
        duration=duration,
        traces=traces,
        sheet_text="",
        trial_values={
            "last_release": TrialValues(
                np.array(last), "1", "Fraction of the resources that the last spike released."
            )
        },
    )


def _traces(name: str, response: Responses, start: float) -> dict[str, Trace]:
    n_samples = round(FIGURE_LENGTH / TRACE_INTERVAL)
    return {
        f"{quantity}_of_{name}": Trace(
            data[:n_samples].astype(np.float32),
            1 / TRACE_INTERVAL,
            unit,
            start,
            description,
        )
        for quantity, data, unit, description in (
            ("membrane_potential", response.potential, "V", "Potential of the cells above rest."),
            ("utilisation", response.utilisation, "1", "u of their synapses."),
            ("recovered", response.recovered, "1", "x of their synapses."),
        )
    }


def _trial_table(probes: Mapping[str, Sequence[Probe]], starts: Mapping[str, float]) -> TrialTable:
    rows = [(name, probe) for name, of_synapse in probes.items() for probe in of_synapse]
    labels = [
        f"{probe.value:.6g} {'s' if probe.phase in (PAIR, GAP) else 'Hz'}" for _, probe in rows
    ]
    return TrialTable(
        start_time=np.array([starts[name] + probe.train[0] for name, probe in rows]),
        stop_time=np.array([starts[name] + probe.train[-1] for name, probe in rows]),
        phase=np.array([probe.phase for _, probe in rows], dtype=object),
        stimulus=np.array(labels, dtype=object),
        role=np.array([name for name, _ in rows], dtype=object),
        pair=np.full(len(rows), NO_PAIR),
        plastic=np.ones(len(rows), dtype=bool),
    )
