"""Recordings as Neo blocks, which Elephant and other tools of electrophysiology read [1]_.

.. [1] Garcia et al. 2014, Neo: an object model for handling electrophysiology data in multiple
   formats, Frontiers in Neuroinformatics 8:10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import InputError, NeurosimError
from neurosim.recording import TRIAL_COLUMNS, Recording, Trace

if TYPE_CHECKING:
    import neo

TRIALS = "trials"
# Columns of the trials that an epoch has in other places: its times, its durations, its labels.
IN_EPOCH = ("start_time", "stop_time", "stimulus")


def block_of(recording: Recording) -> neo.Block:
    """Return a recording as a Neo block with one segment.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    neo.Block
        Annotated with ``model_sheet``. Its segment has

        - ``spiketrains``: one for each unit, silent ones included, named like ``"excitatory 3"``,
          annotated with ``population`` and ``index``;
        - ``analogsignals``: one for each trace, with its name, unit and description; where the
          channels are units, the array annotation ``index`` says which;
        - ``epochs``: one named ``"trials"``, labelled with the stimuli; the further columns of the
          trials are its array annotations.

        A group of the block for each population has its spike trains.

    Raises
    ------
    NeurosimError
        If Neo is not installed.
    InputError
        If a trace has a unit that Neo does not know.
    """
    try:
        from neo import Block, Group, Segment
    except ImportError:
        raise NeurosimError("Neo is not installed: pip install 'neurosim[neo]'.") from None

    block = Block(name="recording", model_sheet=recording.sheet_text)
    segment = Segment(name="recording")
    block.segments.append(segment)
    for population in recording.spikes:
        trains = _spike_trains(recording, population)
        segment.spiketrains.extend(trains)
        group = Group(name=population)
        group.spiketrains.extend(trains)
        block.groups.append(group)
    segment.analogsignals.extend([_signal(name, trace) for name, trace in recording.traces.items()])
    segment.epochs.append(_epoch(recording))
    return block


def _spike_trains(recording: Recording, population: str) -> list[neo.SpikeTrain]:
    import quantities as pq
    from neo import SpikeTrain

    time, end = recording.spikes[population].by_unit()
    return [
        SpikeTrain(
            times,
            units=pq.s,
            t_start=0.0,
            t_stop=recording.duration,
            name=f"{population} {index}",
            population=population,
            index=index,
        )
        for index, times in enumerate(np.split(time, end[:-1]))
    ]


def _signal(name: str, trace: Trace) -> neo.AnalogSignal:
    import quantities as pq
    from neo import AnalogSignal

    return AnalogSignal(
        trace.data,
        units=_unit(name, trace),
        sampling_rate=trace.rate * pq.Hz,
        t_start=trace.start * pq.s,
        name=name,
        description=trace.description,
        array_annotations={"index": trace.index} if trace.index.size else None,
    )


def _unit(name: str, trace: Trace) -> Any:
    import quantities as pq

    if trace.unit == "1":
        return pq.dimensionless
    try:
        return pq.Quantity(1, trace.unit).units
    except (LookupError, ValueError):
        raise InputError(
            f"The trace '{name}' has the unit '{trace.unit}', expected an SI unit such as 'V'."
        ) from None


def _epoch(recording: Recording) -> neo.Epoch:
    import quantities as pq
    from neo import Epoch

    table = recording.trial_table
    columns = {
        name: np.array(list(getattr(table, name))) for name in TRIAL_COLUMNS if name not in IN_EPOCH
    }
    # Neo's annotations are vectors: of what has several values in a trial, each is one.
    for name, values in recording.trial_values.items():
        flat = values.data.reshape(len(table), math.prod(values.data.shape[1:]))
        several = values.data.ndim > 1
        columns |= {f"{name}_{k}" if several else name: column for k, column in enumerate(flat.T)}
    return Epoch(
        times=table.start_time * pq.s,
        durations=(table.stop_time - table.start_time) * pq.s,
        labels=np.array(list(table.stimulus), dtype=str),
        name=TRIALS,
        array_annotations=columns,
    )
