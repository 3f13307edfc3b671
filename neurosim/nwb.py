"""Recordings as NWB files.

Files are written through PyNWB, which knows the standard [1]_, and read through h5py, which takes a
tenth of the time to import: a figure or an analysis that starts from saved runs does not wait for
PyNWB.

.. [1] Rübel et al. 2022, The Neurodata Without Borders ecosystem for neurophysiological data
   science, eLife 11:e78362.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import InputError, nearest_name
from neurosim.nwb_metadata import (
    DESCRIPTION,
    NO_AGE,
    NO_SPECIES,
    UNKNOWN_SEX,
    Metadata,
    metadata_of,
)
from neurosim.recording import (
    TRIAL_COLUMNS,
    Recording,
    SpikeTrains,
    Trace,
    TrialValues,
    index_column,
    population_column,
)
from neurosim.timeline import TrialTable

if TYPE_CHECKING:
    import h5py
    import pynwb
    from hdmf.common import VectorData

# NWB asks for a date. Simulated time has none, and a constant keeps files of the same run the same.
SESSION_START = datetime(2000, 1, 1, tzinfo=UTC)

SHEET, RUN = "model_sheet", "run"
UNIT = " Unit: "  # between the description of a column and its unit
# From where on arrays are compressed, bytes: what NWB Inspector asks for. Spike times shrink by a
# third at most, and compressing them takes longer than all the rest of writing a file.
COMPRESSED_FROM = 50_000_000
REQUIRED = (
    *(f"units/{name}" for name in ("population", "index", "spike_times", "spike_times_index")),
    "units/obs_intervals",
    *(f"intervals/trials/{name}" for name in TRIAL_COLUMNS),
    f"scratch/{SHEET}",
)


def write_nwb(
    recording: Recording, target: Path, run_info: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Write a recording as NWB, whole or not at all; a file of that name is replaced.

    Parameters
    ----------
    recording : Recording
    target : Path
        The file, conventionally ``recording.nwb``.
    run_info : mapping
        The content of ``run.json``, for the file to keep; none for a recording that is no part of a
        run.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written, or `target` is a folder.
    """
    if target.is_dir():
        raise InputError(f"The recording cannot be written to '{target}', which is a folder.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(
            f"The recording cannot be written to '{target}': the folder '{target.parent}' "
            "does not exist or is not writable."
        )
    from pynwb import NWBHDF5IO

    content = _to_nwb(recording, run_info)
    with _written_beside(target) as partial, NWBHDF5IO(partial, "w") as file:
        file.write(content)


def read_nwb(source: Path) -> Recording:
    """Read a recording that `write_nwb` has written.

    Parameters
    ----------
    source : Path
        The file.

    Returns
    -------
    Recording
        Equal to the one that was written, bit by bit.

    Raises
    ------
    InputError
        If there is no such file, or it is no NWB, or no recording of neurosim.
    """
    import h5py

    if not source.is_file():
        raise InputError(_missing(source))
    try:
        with h5py.File(source, "r") as file:
            if "nwb_version" not in file.attrs:
                raise InputError(f"The file '{source}' is HDF5 but no NWB file.")
            for name in REQUIRED:
                if name not in file:
                    raise InputError(
                        f"The NWB file '{source}' is no recording of neurosim: it has no '{name}'."
                    )
            return _from_nwb(file, source)
    except InputError:
        raise
    # What h5py and HDF5 raise on a damaged file depends on where the damage is.
    except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"The file '{source}' cannot be read as NWB; it is another kind of file, or damaged."
        ) from error


@contextmanager
def _written_beside(target: Path) -> Iterator[Path]:
    """Give a name beside `target`; what was written there takes its place, unless it failed."""
    partial = target.with_name(f".{target.stem}-{uuid.uuid4().hex[:8]}.nwb")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def identifier_of(recording: Recording) -> str:
    """Return the identifier of a recording's file: the same for the same content, bit by bit.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    table = recording.trial_table
    parts: list[str | np.ndarray] = [recording.sheet_text, str(recording.duration)]
    parts += ["\0".join(map(str, getattr(table, column))) for column in TRIAL_COLUMNS]
    for name, trains in recording.spikes.items():
        parts += [name, str(trains.n), trains.index, trains.time]
    for name, trace in recording.traces.items():
        parts += [name, trace.unit, trace.description, str(trace.rate), str(trace.start)]
        parts += [trace.data, trace.index]
    for name, values in recording.trial_values.items():
        parts += [name, values.unit, values.description, str(values.data.shape), values.data]
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part.tobytes()
        digest.update(f"{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _compressed(data: np.ndarray) -> Any:
    """Return data as HDF5 shall keep them, compressed if they are large."""
    if data.nbytes < COMPRESSED_FROM:
        return data
    from hdmf.backends.hdf5 import H5DataIO

    # Level 1: on spike times, higher levels take longer and save next to nothing.
    return H5DataIO(data, compression="gzip", compression_opts=1, shuffle=True)


def _column(name: str, description: str, data: Any) -> VectorData:
    from hdmf.common import VectorData

    return VectorData(name=name, description=description, data=data)


def _to_nwb(recording: Recording, run_info: Mapping[str, Any]) -> pynwb.NWBFile:
    from pynwb import NWBFile, TimeSeries
    from pynwb.core import ScratchData

    metadata = metadata_of(recording.sheet_text, run_info)
    content = NWBFile(
        session_description=DESCRIPTION,
        experiment_description=metadata.experiment or None,
        keywords=list(metadata.keywords),
        identifier=identifier_of(recording),
        session_start_time=SESSION_START,
        subject=_subject(metadata),
        units=_units_table(recording, metadata.resolution),
        trials=_trials_table(recording),
        scratch=[
            ScratchData(
                name=SHEET, data=recording.sheet_text, description="The model sheet as run, TOML."
            )
        ],
    )
    if run_info:
        content.add_scratch(
            ScratchData(name=RUN, data=json.dumps(run_info, indent=1), description="run.json")
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


def _subject(metadata: Metadata) -> pynwb.file.Subject:
    from pynwb.file import Subject

    return Subject(
        subject_id=metadata.subject_id,
        description="A simulated brain, which the sheet and the seed draw.",
        species=NO_SPECIES,
        sex=UNKNOWN_SEX,
        age=NO_AGE,
    )


def _trials_table(recording: Recording) -> pynwb.epoch.TimeIntervals:
    from pynwb.epoch import TimeIntervals

    columns = [
        _column(name, description, getattr(recording.trial_table, name))
        for name, description in TRIAL_COLUMNS.items()
    ]
    columns += [
        _column(name, f"{values.description}{UNIT}{values.unit}", _compressed(values.data))
        for name, values in recording.trial_values.items()
    ]
    return TimeIntervals(
        name="trials",
        description="Presentations of stimuli.",
        columns=columns,
        colnames=[column.name for column in columns],
    )


def _units_table(recording: Recording, resolution: float | None) -> pynwb.misc.Units:
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
        resolution=resolution,
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
                population_column(recording.spikes),
            ),
            _column(
                "index", "Number of the unit in its population.", index_column(recording.spikes)
            ),
        ],
        colnames=["spike_times", "obs_intervals", "population", "index"],
    )


def _index_name(trace: str) -> str:
    return f"{trace}_index"


def _from_nwb(file: h5py.File, source: Path) -> Recording:
    table = file["intervals/trials"]
    trials = {name: _array(table[name]) for name in TRIAL_COLUMNS}
    trials["pair"] = trials["pair"].astype(np.int64)
    trials["plastic"] = trials["plastic"].astype(bool)
    return Recording(
        spikes=_read_spikes(file["units"], source),
        trial_table=TrialTable(**trials),
        duration=float(file["units/obs_intervals"][0, 1]),
        traces={name: _read_trace(file, name) for name in file.get("acquisition", ())},
        sheet_text=file[f"scratch/{SHEET}"].asstr()[()],
        trial_values={
            name: _read_values(table[name])
            for name in table.attrs["colnames"]
            if name not in TRIAL_COLUMNS
        },
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
        index=np.empty(0, dtype=np.int64) if index is None else index[:],
    )


def _read_values(column: h5py.Dataset) -> TrialValues:
    description, _, unit = column.attrs["description"].rpartition(UNIT)
    return TrialValues(column[:], unit, description)


def _missing(source: Path) -> str:
    sentence = f"There is no recording '{source}'"
    folder = source.parent
    if not folder.is_dir():
        return f"{sentence}: the folder '{folder}' does not exist."
    files = [entry.name for entry in folder.glob("*.nwb")]
    return f"{sentence}; {nearest_name(source.name, files)}" if files else f"{sentence}."
