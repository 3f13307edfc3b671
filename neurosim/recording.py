"""What a run leaves behind: spikes, trials, traces and the sheet, in memory and as NWB.

`Recording.save` writes through PyNWB, which knows the standard [1]_. `Recording.load` reads the
same file through h5py, which takes a tenth of the time to import: a figure or an analysis that
starts from saved runs does not wait for PyNWB.

.. [1] Rübel et al. 2022, The Neurodata Without Borders ecosystem for neurophysiological data
   science, eLife 11:e78362.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError, nearest_name
from neurosim.timeline import TrialTable

if TYPE_CHECKING:
    import h5py
    import pandas as pd
    import pynwb
    from hdmf.common import VectorData

EDGE = 1e-9  # s; a spike this close to the edge of a window is on it: sums of seconds are rounded

# NWB asks for a date. Simulated time has none, and a constant keeps files of the same run the same.
SESSION_START = datetime(2000, 1, 1, tzinfo=UTC)

SHEET = "model_sheet"
TRIAL_COLUMNS = {
    "start_time": "Onset of the stimulus, in seconds.",
    "stop_time": "Offset of the stimulus, in seconds.",
    "phase": "Part of the experiment.",
    "stimulus": "Name of the stimulus.",
    "role": "What the stimulus is in its pair; empty for none.",
    "pair": "Number of the pair; -1 for none.",
    "plastic": "Whether any projection learned during the trial.",
}
REQUIRED = (
    *(f"units/{name}" for name in ("population", "index", "spike_times", "spike_times_index")),
    "units/obs_intervals",
    *(f"intervals/trials/{name}" for name in TRIAL_COLUMNS),
    f"scratch/{SHEET}",
)


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

    Raises
    ------
    InputError
        If there is no population or the duration is not positive.
    """

    spikes: Mapping[str, SpikeTrains]
    trial_table: TrialTable
    duration: float
    traces: Mapping[str, Trace]
    sheet_text: str

    def __post_init__(self) -> None:
        if not self.spikes:
            raise InputError("A recording has no population, expected one or more.")
        if not 0 < self.duration < np.inf:
            raise InputError(f"A recording lasts {self.duration:g} s, expected more than 0 s.")

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
                "population": _population_column(self.spikes),
                "index": _index_column(self.spikes),
                "spike_times": pd.Series(times, dtype=object),
                "rate": np.array([len(time) for time in times]) / self.duration,
            }
        )

    @property
    def trials(self) -> pd.DataFrame:
        """The trial table, one trial a row; the columns are those of `TrialTable`."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self.trial_table, name) for name in TRIAL_COLUMNS})

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
            If the populations differ, or a trace of both cannot be joined without a break.
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
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the recording as NWB, whole or not at all; a file of that name is replaced.

        Parameters
        ----------
        path : path-like
            The file, conventionally ``recording.nwb``.

        Raises
        ------
        InputError
            If the folder does not exist or cannot be written, or `path` is a folder.
        """
        target = Path(path)
        if target.is_dir():
            raise InputError(f"The recording cannot be written to '{target}', which is a folder.")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise InputError(
                f"The recording cannot be written to '{target}': the folder '{target.parent}' "
                "does not exist or is not writable."
            )
        from pynwb import NWBHDF5IO

        content = _to_nwb(self)
        with _written_beside(target) as partial, NWBHDF5IO(partial, "w") as file:
            file.write(content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a recording that `save` has written.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        Recording
            Equal to the one that was saved, bit by bit.

        Raises
        ------
        InputError
            If there is no such file, or it is no NWB, or no recording of neurosim.
        """
        import h5py

        source = Path(path)
        if not source.is_file():
            raise InputError(_missing(source))
        try:
            with h5py.File(source, "r") as file:
                if "nwb_version" not in file.attrs:
                    raise InputError(f"The file '{source}' is HDF5 but no NWB file.")
                for name in REQUIRED:
                    if name not in file:
                        raise InputError(
                            f"The NWB file '{source}' is no recording of neurosim: "
                            f"it has no '{name}'."
                        )
                return _from_nwb(file, source)
        except InputError:
            raise
        # What h5py and HDF5 raise on a damaged file depends on where the damage is.
        except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
            raise InputError(
                f"The file '{source}' cannot be read as NWB; "
                "it is another kind of file, or damaged."
            ) from error


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


def _population_column(spikes: Mapping[str, SpikeTrains]) -> np.ndarray:
    sizes = [trains.n for trains in spikes.values()]
    return np.repeat(np.array(list(spikes), dtype=object), sizes)


def _index_column(spikes: Mapping[str, SpikeTrains]) -> np.ndarray:
    return np.concatenate([np.arange(trains.n, dtype=np.int64) for trains in spikes.values()])


@contextmanager
def _written_beside(target: Path) -> Iterator[Path]:
    """Give a name beside `target`; what was written there takes its place, unless it failed."""
    partial = target.with_name(f".{target.stem}-{uuid.uuid4().hex[:8]}.nwb")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _digest(recording: Recording) -> str:
    """Return the identifier of the file, which is the same for the same content."""
    table = recording.trial_table
    parts: list[str | np.ndarray] = [recording.sheet_text, str(recording.duration)]
    parts += ["\0".join(map(str, getattr(table, column))) for column in TRIAL_COLUMNS]
    for name, trains in recording.spikes.items():
        parts += [name, str(trains.n), trains.index, trains.time]
    for name, trace in recording.traces.items():
        parts += [name, trace.unit, trace.description, str(trace.rate), str(trace.start)]
        parts += [trace.data, trace.index]
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part.tobytes()
        digest.update(f"{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _compressed(data: np.ndarray) -> Any:
    from hdmf.backends.hdf5 import H5DataIO

    # Level 1: on spike times, higher levels take longer and save next to nothing.
    return H5DataIO(data, compression="gzip", compression_opts=1, shuffle=True)


def _column(name: str, description: str, data: Any) -> VectorData:
    from hdmf.common import VectorData

    return VectorData(name=name, description=description, data=data)


def _to_nwb(recording: Recording) -> pynwb.NWBFile:
    from pynwb import NWBFile, TimeSeries
    from pynwb.core import ScratchData
    from pynwb.epoch import TimeIntervals

    trials = [
        _column(name, description, getattr(recording.trial_table, name))
        for name, description in TRIAL_COLUMNS.items()
    ]
    content = NWBFile(
        session_description="Simulation of spiking neurons by neurosim; no animal was recorded.",
        identifier=_digest(recording),
        session_start_time=SESSION_START,
        units=_units_table(recording),
        trials=TimeIntervals(
            name="trials",
            description="Presentations of stimuli.",
            columns=trials,
            colnames=list(TRIAL_COLUMNS),
        ),
        scratch=[
            ScratchData(
                name=SHEET, data=recording.sheet_text, description="The model sheet as run, TOML."
            )
        ],
    )
    for name, trace in recording.traces.items():
        content.add_acquisition(
            TimeSeries(
                name=name,
                data=_compressed(trace.data),
                unit=trace.unit,
                rate=float(trace.rate),
                starting_time=float(trace.start),
                description=trace.description,
            )
        )
        if trace.index.size:
            content.add_scratch(
                ScratchData(
                    name=_index_name(name),
                    data=trace.index,
                    description=f"Unit of each channel of the acquisition '{name}'.",
                )
            )
    return content


def _units_table(recording: Recording) -> pynwb.misc.Units:
    """Return the units with whole columns: row by row, PyNWB would take seconds."""
    from hdmf.common import VectorIndex
    from pynwb.misc import Units

    trains = [population.by_unit() for population in recording.spikes.values()]
    n_before = np.cumsum([0, *(len(time) for time, _ in trains[:-1])])
    spike_times = _column(
        "spike_times",
        "Spike times of each unit, in seconds.",
        _compressed(np.concatenate([time for time, _ in trains])),
    )
    ends = np.concatenate([end + n for (_, end), n in zip(trains, n_before, strict=True)])
    # Where NWB says for how long a unit was observed; the duration is nowhere else in the file.
    n_units = len(ends)
    observed = _column(
        "obs_intervals",
        "The interval in which each unit was recorded: the whole simulation.",
        np.tile([0.0, recording.duration], (n_units, 1)),
    )
    return Units(
        name="units",
        description="All units of the recorded populations, silent ones included.",
        columns=[
            spike_times,
            VectorIndex(name="spike_times_index", target=spike_times, data=ends),
            observed,
            VectorIndex(
                name="obs_intervals_index", target=observed, data=np.arange(1, n_units + 1)
            ),
            _column(
                "population",
                "Name of the population in the model.",
                _population_column(recording.spikes),
            ),
            _column(
                "index", "Number of the unit in its population.", _index_column(recording.spikes)
            ),
        ],
        colnames=["spike_times", "obs_intervals", "population", "index"],
    )


def _index_name(trace: str) -> str:
    return f"{trace}_index"


def _from_nwb(file: h5py.File, source: Path) -> Recording:
    trials = {name: _array(file[f"intervals/trials/{name}"]) for name in TRIAL_COLUMNS}
    trials["pair"] = trials["pair"].astype(np.int64)
    trials["plastic"] = trials["plastic"].astype(bool)
    return Recording(
        spikes=_read_spikes(file["units"], source),
        trial_table=TrialTable(**trials),
        duration=float(file["units/obs_intervals"][0, 1]),
        traces={name: _read_trace(file, name) for name in file.get("acquisition", ())},
        sheet_text=file[f"scratch/{SHEET}"].asstr()[()],
    )


def _array(dataset: h5py.Dataset) -> np.ndarray:
    values: np.ndarray = dataset.asstr()[:] if dataset.dtype == object else dataset[:]
    return values


def _read_spikes(units: h5py.Group, source: Path) -> dict[str, SpikeTrains]:
    population, index = _array(units["population"]), _array(units["index"])
    time = _array(units["spike_times"])
    bounds = np.concatenate([[0], _array(units["spike_times_index"]).astype(np.int64)])
    spikes = {}
    for name in dict.fromkeys(population):
        rows = np.flatnonzero(population == name)
        first, n = rows[0], len(rows)
        if rows[-1] != first + n - 1 or not np.array_equal(index[rows], np.arange(n)):
            raise InputError(
                f"The NWB file '{source}' is no recording of neurosim: the units of its "
                f"population '{name}' are incomplete or out of order."
            )
        limits = bounds[first : first + n + 1]
        unit_time = time[limits[0] : limits[-1]]
        order = np.argsort(unit_time, kind="stable")
        spikes[name] = SpikeTrains(
            n, np.repeat(np.arange(n), np.diff(limits))[order], unit_time[order]
        )
    return spikes


def _read_trace(file: h5py.File, name: str) -> Trace:
    series = file["acquisition"][name]
    clock = series["starting_time"]
    index = file["scratch"].get(_index_name(name))
    return Trace(
        data=series["data"][:],
        rate=float(clock.attrs["rate"]),
        unit=series["data"].attrs["unit"],
        start=float(clock[()]),
        description=series.attrs["description"],
        index=_no_units() if index is None else index[:],
    )


def _missing(source: Path) -> str:
    sentence = f"There is no recording '{source}'"
    folder = source.parent
    if not folder.is_dir():
        return f"{sentence}: the folder '{folder}' does not exist."
    files = [entry.name for entry in folder.glob("*.nwb")]
    return f"{sentence}; {nearest_name(source.name, files)}" if files else f"{sentence}."
