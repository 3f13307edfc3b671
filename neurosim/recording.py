"""What a run leaves behind: spikes, trials, traces and the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name
from neurosim.timeline import TrialTable

if TYPE_CHECKING:
    import neo
    import pandas as pd

EDGE = 1e-9  # s; a spike this close to the edge of a window is on it: sums of seconds are rounded

TRIAL_COLUMNS = {
    "start_time": "Onset of the stimulus, in seconds.",
    "stop_time": "Offset of the stimulus, in seconds.",
    "phase": "Part of the experiment.",
    "stimulus": "Name of the stimulus.",
    "role": "What the stimulus is in its pair; empty for none.",
    "pair": "Number of the pair; -1 for none.",
    "plastic": "Whether any projection learned during the trial.",
}


def _no_units() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """The spikes of all units of one population.

    Spikes are kept in order of time, those of the same time in order of their unit; spikes that
    come in another order are sorted.

    Parameters
    ----------
    n : int
        Number of units, silent ones included.
    index : ndarray of int64, shape (n_spikes,)
        Unit of each spike, 0 to `n` - 1.
    time : ndarray of float64, shape (n_spikes,)
        Time of each spike, seconds.

    Raises
    ------
    InputError
        If the arrays differ in length, or hold a unit or a time that cannot be.
    """

    n: int
    index: np.ndarray
    time: np.ndarray

    def __post_init__(self) -> None:
        index = np.asarray(self.index).astype(np.int64, copy=False)
        time = np.asarray(self.time, dtype=np.float64)
        if self.n < 1:
            raise InputError(f"A population has {self.n} units, expected 1 or more.")
        if index.ndim != 1 or index.shape != time.shape:
            raise InputError(
                f"Spikes have units of shape {index.shape} and times of shape {time.shape}, "
                "expected two vectors of one length."
            )
        if not np.isfinite(time).all():
            raise InputError("A spike has a time that is not finite, expected seconds.")
        if index.size:
            wrong = index.min() if index.min() < 0 else index.max()
            if not 0 <= wrong < self.n:
                raise InputError(f"A spike is of unit {wrong}, expected 0 to {self.n - 1}.")
        step = np.diff(time)
        if not np.all((step > 0) | ((step == 0) & (np.diff(index) >= 0))):
            order = np.lexsort((index, time))
            index, time = index[order], time[order]
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "time", time)

    def of(self, unit: int) -> np.ndarray:
        """Return the spike times of one unit.

        Parameters
        ----------
        unit : int

        Returns
        -------
        ndarray of float64
            Seconds, in order of time.

        Raises
        ------
        InputError
            If the population has no such unit.
        """
        if not 0 <= unit < self.n:
            raise InputError(f"There is no unit {unit}, expected 0 to {self.n - 1}.")
        times: np.ndarray = self.time[self.index == unit]
        return times

    def by_unit(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the spike times of all units one behind the other.

        Returns
        -------
        time : ndarray of float64, shape (n_spikes,)
            Those of unit 0 in order of time, then those of unit 1, and so on.
        end : ndarray of int64, shape (n,)
            Where in `time` each unit ends.
        """
        # NumPy sorts 16-bit integers by radix, several times as fast as wider ones.
        index = self.index.astype(np.uint16) if self.n <= 2**16 else self.index
        end = np.cumsum(np.bincount(self.index, minlength=self.n))
        return self.time[np.argsort(index, kind="stable")], end

    def counts(self, onsets: npt.ArrayLike, window: tuple[float, float]) -> np.ndarray:
        """Count the spikes of every unit in a window around each onset.

        Parameters
        ----------
        onsets : array_like of float, shape (n_trials,)
            Seconds.
        window : tuple of float
            Start and stop relative to the onset, seconds. The window is half-open: a spike at
            its start counts, a spike at its stop does not. A time within `EDGE` of an edge is
            taken to be on it.

        Returns
        -------
        ndarray of int64, shape (n_trials, n)

        Raises
        ------
        InputError
            If the window stops before it starts.
        """
        start, stop = window
        if stop < start:
            raise InputError(
                f"The window stops at {stop:g} s and starts at {start:g} s, "
                "expected a stop after the start."
            )
        onset = np.asarray(onsets, dtype=np.float64)
        first = np.searchsorted(self.time, onset + (start - EDGE))
        last = np.searchsorted(self.time, onset + (stop - EDGE))
        counts = np.empty((len(onset), self.n), dtype=np.int64)
        for trial, (begin, end) in enumerate(zip(first, last, strict=True)):
            counts[trial] = np.bincount(self.index[begin:end], minlength=self.n)
        return counts


@dataclass(frozen=True, eq=False)
class Trace:
    """A quantity sampled at a constant rate, one channel per recorded unit or variable.

    Parameters
    ----------
    data : ndarray of float, shape (n_samples, n_channels)
    rate : float
        Samples per second, Hz.
    unit : str
        SI unit of `data`, such as ``"V"``.
    start : float
        Time of the first sample, seconds.
    description : str
        What was recorded, and of which population.
    index : ndarray of int64, shape (n_channels,) or (0,)
        Unit of each channel; empty if the channels are no units.

    Raises
    ------
    InputError
        If the data are no matrix, the rate is not positive or the units do not fit the channels.
    """

    data: np.ndarray
    rate: float
    unit: str
    start: float = 0.0
    description: str = ""
    index: np.ndarray = field(default_factory=_no_units)

    def __post_init__(self) -> None:
        data = np.asarray(self.data)
        if not np.issubdtype(data.dtype, np.floating):
            data = data.astype(np.float64)
        index = np.asarray(self.index).astype(np.int64, copy=False)
        if data.ndim != 2:
            raise InputError(
                f"A trace has data of shape {data.shape}, expected (n_samples, n_channels)."
            )
        if not self.rate > 0:
            raise InputError(f"A trace has a rate of {self.rate:g} Hz, expected more than 0 Hz.")
        if index.shape not in ((0,), data.shape[1:]):
            raise InputError(
                f"A trace has {data.shape[1]} channels and units of shape {index.shape}, "
                "expected one unit per channel or none."
            )
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "index", index)

    @property
    def stop(self) -> float:
        """Time at which the sample after the last one would be taken, seconds."""
        return self.start + len(self.data) / self.rate


@dataclass(frozen=True, eq=False)
class TrialValues:
    """A quantity that every trial has, such as what was presented: a column of the trials.

    Parameters
    ----------
    data : ndarray of float, shape (n_trials, ...)
    unit : str
        SI unit of `data`, such as ``"Hz"``; ``"1"`` for none.
    description : str
        What it is, and what its further axes are.

    Raises
    ------
    InputError
        If there is no axis of trials.
    """

    data: np.ndarray
    unit: str
    description: str

    def __post_init__(self) -> None:
        data = np.asarray(self.data, dtype=np.float64)
        if data.ndim == 0:
            raise InputError("Values of trials are a single number, expected one or more a trial.")
        object.__setattr__(self, "data", data)


@dataclass(frozen=True, eq=False)
class Recording:
    """What a run leaves behind.

    Parameters
    ----------
    spikes : mapping of str to SpikeTrains
        The spikes of each population (``"excitatory"``, ``"inhibitory"``, ``"input"``, ...).
    trial_table : TrialTable
        The trials, empty for none.
    duration : float
        Length, seconds.
    traces : mapping of str to Trace
        Sampled quantities by name.
    sheet_text : str
        The model sheet as run.
    trial_values : mapping of str to TrialValues
        Further columns of the trials by name.

    Raises
    ------
    InputError
        If there is no population, the duration is not positive, or the values of trials are not
        as many as the trials or have the name of a column that every recording has.
    """

    spikes: Mapping[str, SpikeTrains]
    trial_table: TrialTable
    duration: float
    traces: Mapping[str, Trace]
    sheet_text: str
    trial_values: Mapping[str, TrialValues] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.spikes:
            raise InputError("A recording has no population, expected one or more.")
        if not 0 < self.duration < np.inf:
            raise InputError(f"A recording lasts {self.duration:g} s, expected more than 0 s.")
        for name, values in self.trial_values.items():
            if name in TRIAL_COLUMNS:
                raise InputError(
                    f"Values of trials are named '{name}', which is a column of every recording."
                )
            if len(values.data) != len(self.trial_table):
                raise InputError(
                    f"The values '{name}' are of {len(values.data)} trials, "
                    f"expected {len(self.trial_table)}."
                )

    @property
    def units(self) -> pd.DataFrame:
        """All units, one a row: ``population``, ``index``, ``spike_times`` (s), ``rate`` (Hz)."""
        import pandas as pd

        times: list[np.ndarray] = []
        for trains in self.spikes.values():
            time, end = trains.by_unit()
            times += np.split(time, end[:-1])
        return pd.DataFrame(
            {
                "population": population_column(self.spikes),
                "index": index_column(self.spikes),
                "spike_times": pd.Series(times, dtype=object),
                "rate": np.array([len(time) for time in times]) / self.duration,
            }
        )

    @property
    def trials(self) -> pd.DataFrame:
        """The trials, one a row: the columns of `TrialTable`, then those of `trial_values`.

        Where a trial has more than one value, the cell holds an array of them.
        """
        import pandas as pd

        columns = {name: getattr(self.trial_table, name) for name in TRIAL_COLUMNS}
        for name, values in self.trial_values.items():
            several = values.data.ndim > 1
            columns[name] = pd.Series(list(values.data), dtype=object) if several else values.data
        return pd.DataFrame(columns)

    def to_neo(self) -> neo.Block:
        """Return the recording as a Neo block, for Elephant and other tools.

        One segment holds a `SpikeTrain` for each unit, an `AnalogSignal` for each trace and an
        `Epoch` named ``"trials"``; a group for each population holds its spike trains. What is
        named how, `neurosim.neo_block` says.

        Raises
        ------
        NeurosimError
            If Neo is not installed.
        InputError
            If a trace has a unit that Neo does not know.
        """
        from neurosim.neo_block import block_of

        return block_of(self)

    def followed_by(self, other: Recording) -> Recording:
        """Return this recording with another behind it, whose times are counted from its end.

        A trace that only one of the two has keeps its place in time. The sheet is the one of
        `other`: where the two differ, that is the later state of the experiment.

        Parameters
        ----------
        other : Recording
            A recording of the same populations.

        Returns
        -------
        Recording

        Raises
        ------
        InputError
            If the populations or the values of trials differ, or a trace of both cannot be joined
            without a break.
        """
        _refuse_other_populations(self.spikes, other.spikes)
        spikes = {
            name: SpikeTrains(
                trains.n,
                np.concatenate([trains.index, other.spikes[name].index]),
                np.concatenate([trains.time, other.spikes[name].time + self.duration]),
            )
            for name, trains in self.spikes.items()
        }
        traces = dict(self.traces)
        for name, trace in other.traces.items():
            later = replace(trace, start=trace.start + self.duration)
            traces[name] = _joined(name, traces[name], later) if name in traces else later
        return Recording(
            spikes=spikes,
            trial_table=self.trial_table.followed_by(other.trial_table, self.duration),
            duration=self.duration + other.duration,
            traces=traces,
            sheet_text=other.sheet_text,
            trial_values=_joined_values(self.trial_values, other.trial_values),
        )


def _refuse_other_populations(
    spikes: Mapping[str, SpikeTrains], others: Mapping[str, SpikeTrains]
) -> None:
    for name, trains in others.items():
        if name not in spikes:
            raise InputError(
                f"The recording that follows has a population '{name}' that the first has not; "
                f"{nearest_name(name, spikes)}"
            )
        if trains.n != spikes[name].n:
            raise InputError(
                f"The population '{name}' has {trains.n} units in the recording that follows, "
                f"expected {spikes[name].n}."
            )
    for name in spikes:
        if name not in others:
            raise InputError(
                f"The recording that follows has no population '{name}'; "
                f"{nearest_name(name, others)}"
            )


def _joined(name: str, first: Trace, second: Trace) -> Trace:
    for what in ("rate", "unit"):
        here, there = getattr(first, what), getattr(second, what)
        if here != there:
            raise InputError(
                f"The {what} of the trace '{name}' is {there} in the recording that follows, "
                f"expected {here}."
            )
    same_channels = first.data.shape[1] == second.data.shape[1]
    if not same_channels or not np.array_equal(first.index, second.index):
        raise InputError(
            f"The trace '{name}' has other channels in the recording that follows, "
            "expected the same units in the same order."
        )
    if abs(first.stop - second.start) * first.rate > 0.5:
        raise InputError(
            f"The trace '{name}' stops at {first.stop:g} s and goes on at {second.start:g} s, "
            "expected no break."
        )
    return replace(first, data=np.concatenate([first.data, second.data]))


def _joined_values(
    first: Mapping[str, TrialValues], second: Mapping[str, TrialValues]
) -> dict[str, TrialValues]:
    if first.keys() != second.keys():
        raise InputError(
            f"The trials of the recording that follows have the values {sorted(second)}, "
            f"expected {sorted(first)}."
        )
    joined = {}
    for name, values in first.items():
        here, there = (values.unit, values.data.shape[1:]), second[name]
        if here != (there.unit, there.data.shape[1:]):
            raise InputError(
                f"The values '{name}' of trials have another unit or shape in the recording that "
                "follows, expected the same."
            )
        joined[name] = replace(values, data=np.concatenate([values.data, there.data]))
    return joined


def population_column(spikes: Mapping[str, SpikeTrains]) -> np.ndarray:
    """Return the population of every unit, in the order of the units table."""
    sizes = [trains.n for trains in spikes.values()]
    return np.repeat(np.array(list(spikes), dtype=object), sizes)


def index_column(spikes: Mapping[str, SpikeTrains]) -> np.ndarray:
    """Return the index of every unit in its population, in the order of the units table."""
    return np.concatenate([np.arange(trains.n, dtype=np.int64) for trains in spikes.values()])
