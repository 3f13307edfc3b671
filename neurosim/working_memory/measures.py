"""What is measured on a working-memory experiment: memory, its population spikes, what is recalled.

All functions take recordings of `neurosim.working_memory.trials`. Values are named as in the
scorecard; a row that says whether something holds is 1 or 0, so that its mean over seeds is the
share of them.
"""

from __future__ import annotations

import numpy as np

from neurosim import statistics as st
from neurosim.abstract.item_capacity import item_capacity, longest_period
from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.parameters.working_memory import WorkingMemoryParameters
from neurosim.recording import Recording
from neurosim.working_memory import persistent_activity as pa
from neurosim.working_memory.external_drive import READOUT
from neurosim.working_memory.population_spikes import find_population_spikes, population_rate
from neurosim.working_memory.synaptic_trace import excess_decay
from neurosim.working_memory.trials import CUE, LEAD_IN

HELD = 2.0  # s at the end of the delay. Ours: several times the interval of population spikes
KEPT = 5.0  # s of activity after the cue that count as memory: goal of ours
# From the cue's end to the first rates that are taken, s. Ours: the burst of the cue is over.
SETTLE = 0.3
SYNCHRONOUS = 1.0  # see `neurosim.working_memory.persistent_activity.synchrony`
RECALL_WINDOW: st.Window = (0.0, 0.3)  # s from the onset of a readout (second-hand: as measured)
RECALL_RATIO = 5.0  # times as much as any other population: goal of ours


def describe(
    measure: str, recording: Recording, parameters: WorkingMemoryParameters
) -> dict[str, float]:
    """Return the values of one kind of experiment.

    Parameters
    ----------
    measure : str
        ``"memory"``, ``"rest"``, ``"readout"``, ``"decay"``, ``"items"`` or ``"capacity"``.
    recording : Recording
    parameters : WorkingMemoryParameters
        As simulated.
    """
    if measure == "memory":
        return describe_memory(recording)
    if measure == "rest":
        return describe_rest(recording, LEAD_IN)
    if measure == "readout":
        return describe_readout(recording)
    if measure == "decay":
        return describe_decay(recording, parameters.plasticity)
    values = describe_items(recording)
    if measure == "items":
        return values
    longest = longest_period(parameters.plasticity)
    by_formula = item_capacity(parameters.plasticity, values["separation"])
    return values | {"longest_period": longest, "items_by_formula": by_formula}


def last_cue(recording: Recording) -> tuple[str, float]:
    """Return the population that was cued last, and when its cue ended, seconds."""
    trials = recording.trial_table
    last = int(trials.where(phase=CUE)[-1])
    return str(trials.stimulus[last]), float(trials.stop_time[last])


def describe_memory(recording: Recording) -> dict[str, float]:
    """Describe the delay that follows the last cue.

    Returns
    -------
    dict of str to float
        ``memory_life`` (s), ``memory_kept`` (1 if that is `KEPT` or more), ``silent`` (1 if it is
        over with the cue), ``population_spikes`` and ``asynchronous`` (1 if it is kept by these;
        where all three are 0 it was transient), ``n_population_spikes``
        of the cued population, their mean ``interval`` (s) and ``height`` (Hz), ``synchrony`` (see
        `neurosim.working_memory.persistent_activity.synchrony`), ``cued_rate`` and ``others_rate``
        (Hz, the mean over the other selective populations), ``cued_over_others`` (over the other
        that fires most), and ``others_ignited`` (how many others were active).
    """
    cued, end = last_cue(recording)
    delay = (end, recording.duration)
    life = pa.life(pa.is_active(recording, cued, delay))
    synchrony = pa.synchrony(recording, cued, (end, end + max(life, SETTLE)))
    spikes = find_population_spikes(population_rate(recording.spikes[cued], delay), end)
    held = spikes.time < end + life
    rates = pa.mean_rates(recording, (end + SETTLE, recording.duration))
    own = rates.pop(cued)
    return {
        **_regime(life, synchrony),
        "memory_life": life,
        "memory_kept": float(life >= KEPT),
        "n_population_spikes": float(held.sum()),
        "interval": _mean(np.diff(spikes.time[held])),
        "height": _mean(spikes.height[held]),
        "synchrony": synchrony,
        "cued_rate": own,
        "others_rate": float(np.mean(list(rates.values()))),
        "cued_over_others": _ratio(own, max(rates.values())),
        "others_ignited": float(
            len({*pa.active_populations(recording, (end + SETTLE, recording.duration))} - {cued})
        ),
    }


def describe_rest(recording: Recording, start: float) -> dict[str, float]:
    """Describe a recording without a cue, from `start` on (s).

    Returns
    -------
    dict of str to float
        ``rest_kept`` (1 if no selective population was active), ``first_ignition`` (s after
        `start`, the whole time if there was none) and ``rest_rate`` of the selective populations
        (Hz).
    """
    window = (start, recording.duration)
    ignition = pa.first_ignition(recording, window)
    return {
        "rest_kept": float(np.isinf(ignition)),
        "first_ignition": min(ignition, recording.duration - start),
        "rest_rate": float(np.mean(list(pa.mean_rates(recording, window).values()))),
    }


def describe_readout(recording: Recording) -> dict[str, float]:
    """Describe which population a readout recalls.

    Parameters
    ----------
    recording : Recording
        With one readout behind a cue, whose population should be recalled.

    Returns
    -------
    dict of str to float
        ``recalled`` (1 if the cued population is active in response and fires `RECALL_RATIO` times
        as much as any other), ``recall_rate`` (Hz) and ``others_share`` (the rate of the other
        population that fires most, divided by it), all in `RECALL_WINDOW`.
    """
    trials, (cued, _) = recording.trial_table, last_cue(recording)
    onset = float(trials.start_time[trials.where(phase=READOUT)[0]])
    window = (onset + RECALL_WINDOW[0], onset + RECALL_WINDOW[1])
    rates = pa.mean_rates(recording, window)
    own = rates.pop(cued)
    share = _ratio(max(rates.values()), own)
    responds = cued in pa.active_populations(recording, window)
    return {
        "recalled": float(responds and share * RECALL_RATIO <= 1),
        "recall_rate": own,
        "others_share": share,
    }


def describe_decay(recording: Recording, synapse: ShortTermPlasticity) -> dict[str, float]:
    """Describe how the excess of u over that of other populations decays after the cue.

    The others' u stands for rest, which is above U, for neurons fire at rest too.

    Parameters
    ----------
    recording : Recording
    synapse : ShortTermPlasticity

    Returns
    -------
    dict of str to float
        ``silent`` (1 if there was no activity after the cue); ``excess_at_once``, right after the
        cue; ``excess_decay`` (s) between `SETTLE` and one time constant later, and
        ``decay_over_tau``, the same divided by the synapse's tau_facilitation.
    """
    cued, end = last_cue(recording)
    trace = recording.traces["utilisation"]
    column = pa.selective_populations(recording).index(cued)
    excess = trace.data[:, column] - np.delete(trace.data, column, axis=1).mean(axis=1)
    time = trace.start + np.arange(len(excess)) / trace.rate - end
    window = (time >= SETTLE) & (time < SETTLE + synapse.tau_facilitation)
    decay = excess_decay(time[window], excess[window])
    active = pa.is_active(recording, cued, (end + SETTLE, recording.duration))
    return {
        "silent": float(not active.any()),
        "excess_at_once": float(excess[np.searchsorted(time, 0.0)]),
        "excess_decay": decay,
        "decay_over_tau": decay / synapse.tau_facilitation,
    }


def describe_items(recording: Recording) -> dict[str, float]:
    """Describe which of several items are held at the end.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    dict of str to float
        ``items_kept`` (cued populations that are active in the last `HELD` seconds),
        ``uncued_active`` (others that are),
        ``last_item_kept`` (1 or 0), and ``separation``: the mean time between a population spike
        and the next one of another held item (s).
    """
    trials = recording.trial_table
    cued = [str(name) for name in dict.fromkeys(trials.stimulus[trials.where(phase=CUE)])]
    window = (recording.duration - HELD, recording.duration)
    held = pa.active_populations(recording, window)
    kept = [name for name in cued if name in held]
    times, owners = _spikes_of(recording, kept, window)
    changes = np.diff(owners) != 0
    return {
        "items_kept": float(len(kept)),
        "uncued_active": float(len(set(held) - set(cued))),
        "last_item_kept": float(cued[-1] in kept),
        "separation": _mean(np.diff(times)[changes]),
    }


def _spikes_of(
    recording: Recording, populations: list[str], window: st.Window
) -> tuple[np.ndarray, np.ndarray]:
    """Return the population spikes of some populations in order of time, and whose they are."""
    found = [
        find_population_spikes(
            population_rate(recording.spikes[name], pa.whole_bins(window, 0.01)), window[0]
        ).time
        for name in populations
    ]
    owners = np.repeat(np.arange(len(found)), [len(times) for times in found])
    times = np.concatenate([*found, np.empty(0)])
    order = np.argsort(times)
    return times[order], owners[order]


def _regime(life: float, synchrony: float) -> dict[str, float]:
    kept = life >= KEPT
    return {
        "silent": float(life <= SETTLE),
        "population_spikes": float(kept and synchrony >= SYNCHRONOUS),
        "asynchronous": float(kept and synchrony < SYNCHRONOUS),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("inf")
