"""Spikes, trials and traces: counted, joined, written as NWB and read back."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurosim import nwb
from neurosim.errors import InputError
from neurosim.nwb import read_nwb, write_nwb
from neurosim.recording import TRIAL_COLUMNS, Recording, SpikeTrains, Trace, TrialValues
from neurosim.tick import TICK
from neurosim.timeline import Timeline, Trial, TrialTable

DT = 1e-4  # s
SHEET = 'circuit = "area"\r\n# Schrödinger\n[excitatory]\nn = 5\n'


def random_trains(n: int, n_spikes: int, duration: float, seed: int) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    time = np.sort(rng.choice(round(duration / DT), n_spikes, replace=False)) * DT
    return SpikeTrains(n, rng.integers(0, n, n_spikes).astype(np.int32), time)


@pytest.fixture
def recording() -> Recording:
    timeline = Timeline.of(
        [
            Trial("palace", 0.5, 0.3, "imprint", learning_rates={"input_to_excitatory": 1.0}),
            Trial("façade", 0.5, 0.3, "before", role="P", pair=1),
            Trial("flower", 0.37, 0.13, "before", role="C"),
        ],
        lead_in=0.1,
    )
    duration = timeline.duration
    rng = np.random.default_rng(1)
    n_samples = round(duration * 1000)
    return Recording(
        spikes={
            "excitatory": random_trains(5, 400, duration, seed=2),
            "silent": SpikeTrains(3, np.empty(0), np.empty(0)),
            "input": SpikeTrains(4, np.array([2, 3, 2]), np.array([0.1 + 0.2, 0.1 + 0.2, 1.7])),
        },
        trial_table=timeline.table(),
        duration=duration,
        traces={
            "v": Trace(
                rng.normal(size=(n_samples, 2)),
                1000.0,
                "V",
                description="Membrane potential of the excitatory units.",
                index=np.array([4, 0]),
            ),
            "mean_weight": Trace(
                rng.normal(size=(7, 1)).astype(np.float32),
                10 / 3,
                "S",
                0.1 + 0.2,
                "Of all synapses.",
            ),
        },
        sheet_text=SHEET,
        trial_values={
            # More types than trials, which must not be taken for a trace that lies on its side.
            "odour": TrialValues(rng.uniform(size=(3, 7)), "Hz", "Rate of each type."),
            "last": TrialValues([0.1, 0.2, 0.3], "1", ""),
        },
    )


def assert_same(one: Recording, other: Recording) -> None:
    assert list(one.spikes) == list(other.spikes)
    for name, trains in one.spikes.items():
        assert trains.n == other.spikes[name].n
        assert_same_array(trains.index, other.spikes[name].index)
        assert_same_array(trains.time, other.spikes[name].time)
    for name in TRIAL_COLUMNS:
        assert_same_array(getattr(one.trial_table, name), getattr(other.trial_table, name))
    assert one.duration == other.duration
    assert set(one.traces) == set(other.traces)
    for name, trace in one.traces.items():
        again = other.traces[name]
        assert_same_array(trace.data, again.data)
        assert_same_array(trace.index, again.index)
        for what in ("rate", "unit", "start", "description"):
            assert getattr(trace, what) == getattr(again, what)
    assert list(one.trial_values) == list(other.trial_values)
    for name, values in one.trial_values.items():
        again = other.trial_values[name]
        assert_same_array(values.data, again.data)
        assert (values.unit, values.description) == (again.unit, again.description)
    assert one.sheet_text == other.sheet_text


def assert_same_array(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    assert np.array_equal(one, other)


# Counting


def test_counts_equal_a_loop_over_spikes() -> None:
    trains = random_trains(7, 3000, 10.0, seed=3)
    onsets = np.array([0.0, 1.234, 1.3, 9.8, 20.0])  # windows that overlap, and one past the end
    expected = np.zeros((5, 7), dtype=int)
    for trial, onset in enumerate(onsets):
        for unit, time in zip(trains.index, trains.time, strict=True):
            # The grid of the spikes tells which side of an edge a spike is on without rounding.
            steps = round(time / DT)
            first, last = round((onset - 0.4) / DT), round((onset + 0.5) / DT)
            expected[trial, unit] += first <= steps < last
    counts = trains.counts(onsets, (-0.4, 0.5))
    assert_same_array(counts, expected)
    assert counts.sum() > 100


def test_counts_include_the_start_of_a_window_and_exclude_its_stop() -> None:
    trains = SpikeTrains(2, np.array([0, 1, 0, 1]), np.array([1.0, 1.25, 1.5, 1.75]))
    assert trains.counts([1.0], (0.0, 0.5)).tolist() == [[1, 1]]
    assert trains.counts([1.0], (0.5, 0.75)).tolist() == [[1, 0]]
    assert trains.counts([1.0], (0.25, 0.25)).tolist() == [[0, 0]]
    assert trains.counts([], (0.0, 0.5)).shape == (0, 2)


def test_counts_are_exact_at_edges_that_rounding_moves() -> None:
    ticks = np.arange(1, 3000)
    steps = round(TICK / DT)
    trains = SpikeTrains(1, np.zeros(len(ticks)), ticks * steps * DT)
    onsets = (ticks - 50) * TICK
    # Without care for rounding, windows would have one spike too many or too few.
    literal = (onsets + 0.5 <= trains.time) & (trains.time < onsets + 0.5 + TICK)
    assert not literal.all()
    assert (trains.counts(onsets, (0.5, 0.5 + TICK)) == 1).all()
    assert (trains.counts(onsets, (0.5, 0.5 + TICK / 2)) == 1).all()
    assert (trains.counts(onsets, (0.5 + TICK / 2, 0.5 + TICK)) == 0).all()


def test_adjacent_windows_share_no_spike_and_lose_none() -> None:
    trains = random_trains(3, 1000, 5.0, seed=4)
    whole = trains.counts([1.0, 3.0], (-0.4, 0.5))
    parts = trains.counts([1.0, 3.0], (-0.4, 0.1)) + trains.counts([1.0, 3.0], (0.1, 0.5))
    assert_same_array(whole, parts)


def test_a_window_that_stops_before_it_starts_is_refused() -> None:
    with pytest.raises(InputError, match=r"stops at 0.1 s and starts at 0.5 s"):
        random_trains(3, 10, 1.0, seed=5).counts([0.0], (0.5, 0.1))


# Spike trains and traces


def test_of_returns_the_times_of_one_unit() -> None:
    trains = SpikeTrains(3, np.array([2, 0, 2]), np.array([0.1, 0.2, 0.3]))
    assert trains.of(2).tolist() == [0.1, 0.3]
    assert trains.of(1).tolist() == []
    with pytest.raises(InputError, match="no unit 3, expected 0 to 2"):
        trains.of(3)


def test_by_unit_groups_the_times() -> None:
    trains = SpikeTrains(3, np.array([2, 0, 2]), np.array([0.1, 0.2, 0.3]))
    time, end = trains.by_unit()
    assert time.tolist() == [0.2, 0.1, 0.3]
    assert end.tolist() == [1, 1, 3]


def test_by_unit_holds_for_populations_beyond_16_bits() -> None:
    trains = SpikeTrains(2**16 + 1, np.array([2**16, 0]), np.array([0.1, 0.2]))
    assert trains.by_unit()[0].tolist() == [0.2, 0.1]


def test_spikes_out_of_order_are_sorted_by_time_then_unit() -> None:
    trains = SpikeTrains(3, np.array([1, 2, 0]), np.array([0.2, 0.1, 0.2]))
    assert trains.index.tolist() == [2, 0, 1]
    assert trains.time.tolist() == [0.1, 0.2, 0.2]
    assert SpikeTrains(2, np.array([1, 0]), np.array([0.1, 0.1])).index.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("n", "index", "time", "message"),
    [
        (0, [], [], "has 0 units"),
        (2, [0, 1], [0.1], "expected two vectors of one length"),
        (2, [0, 2], [0.1, 0.2], "of unit 2, expected 0 to 1"),
        (2, [-1, 1], [0.1, 0.2], "of unit -1, expected 0 to 1"),
        (2, [0], [np.nan], "not finite"),
    ],
)
def test_impossible_spikes_are_refused(
    n: int, index: list[int], time: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        SpikeTrains(n, np.array(index), np.array(time))


@pytest.mark.parametrize(
    ("shape", "rate", "index", "message"),
    [
        ((5,), 1.0, [], r"shape \(5,\)"),
        ((5, 2), 0.0, [], "rate of 0 Hz"),
        ((5, 2), 1.0, [1], "2 channels and units of shape"),
    ],
)
def test_impossible_traces_are_refused(
    shape: tuple[int, ...], rate: float, index: list[int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Trace(np.zeros(shape), rate, "V", index=np.array(index))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("odour", np.zeros((2, 7)), "values 'odour' are of 2 trials, expected 3"),
        ("phase", np.zeros(3), "named 'phase', which is a column of every recording"),
    ],
)
def test_values_of_trials_that_do_not_fit_are_refused(
    recording: Recording, name: str, data: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        replace(recording, trial_values={name: TrialValues(data, "Hz", "")})
    with pytest.raises(InputError, match="a single number, expected one or more a trial"):
        TrialValues(np.array(1.0), "Hz", "")


def test_a_recording_needs_a_population_and_a_duration(recording: Recording) -> None:
    with pytest.raises(InputError, match="no population"):
        replace(recording, spikes={})
    with pytest.raises(InputError, match="lasts 0 s"):
        replace(recording, duration=0.0)


# Tables


def test_units_table_has_every_unit(recording: Recording) -> None:
    units = recording.units
    assert list(units.columns) == ["population", "index", "spike_times", "rate"]
    assert units["population"].tolist() == ["excitatory"] * 5 + ["silent"] * 3 + ["input"] * 4
    assert units["index"].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3]
    for unit in range(5):
        assert np.array_equal(units["spike_times"][unit], recording.spikes["excitatory"].of(unit))
    assert units["spike_times"][10].tolist() == [0.1 + 0.2, 1.7]
    assert units["rate"][10] == 2 / recording.duration
    assert (units["rate"][5:10] == 0).all()


def test_trials_table_has_the_columns_of_the_trials(recording: Recording) -> None:
    trials = recording.trials
    assert list(trials.columns) == [*TRIAL_COLUMNS, "odour", "last"]
    assert trials["last"].tolist() == [0.1, 0.2, 0.3]
    for row, values in zip(recording.trial_values["odour"].data, trials["odour"], strict=True):
        assert np.array_equal(row, values)
    assert trials["stimulus"].tolist() == ["palace", "façade", "flower"]
    assert trials["start_time"].tolist() == pytest.approx([0.1, 0.9, 1.7])
    assert trials["stop_time"].tolist() == pytest.approx([0.6, 1.4, 2.07])
    assert trials["pair"].tolist() == [-1, 1, -1]
    assert trials["plastic"].tolist() == [True, False, False]


# One recording behind another


def test_followed_by_shifts_the_second_in_time(recording: Recording) -> None:
    both = recording.followed_by(replace(recording, sheet_text="later"))
    shift = recording.duration
    assert both.duration == 2 * shift
    for name, trains in recording.spikes.items():
        joined = both.spikes[name]
        assert joined.n == trains.n
        assert np.array_equal(joined.index, np.tile(trains.index, 2))
        assert np.array_equal(joined.time, np.concatenate([trains.time, trains.time + shift]))
    assert len(both.trial_table) == 6
    assert np.allclose(both.trial_table.start_time[3:], recording.trial_table.start_time + shift)
    assert both.sheet_text == "later"


def test_followed_by_counts_what_the_parts_count(recording: Recording) -> None:
    both = recording.followed_by(recording)
    once = recording.spikes["excitatory"].counts(recording.trial_table.start_time, (-0.1, 0.5))
    twice = both.spikes["excitatory"].counts(both.trial_table.start_time, (-0.1, 0.5))
    assert_same_array(twice, np.concatenate([once, once]))


def test_followed_by_joins_traces_and_keeps_the_place_of_others(recording: Recording) -> None:
    v = recording.traces["v"]
    first = replace(recording, traces={"v": v, "a": v})
    second = replace(recording, traces={"v": v, "b": replace(v, start=0.5)})
    traces = first.followed_by(second).traces
    assert np.array_equal(traces["v"].data, np.concatenate([v.data, v.data]))
    assert (traces["v"].start, traces["v"].rate) == (0.0, v.rate)
    assert traces["v"].index.tolist() == [4, 0]
    assert traces["a"].start == 0.0
    assert traces["b"].start == recording.duration + 0.5
    assert len(traces["b"].data) == len(v.data)


def test_followed_by_joins_the_values_of_trials(recording: Recording) -> None:
    values = recording.followed_by(recording).trial_values
    assert values["last"].data.tolist() == [0.1, 0.2, 0.3] * 2
    assert values["odour"].data.shape == (6, 7)
    without = replace(recording, trial_values={})
    with pytest.raises(InputError, match=r"have the values \[\], expected \['last', 'odour'\]"):
        recording.followed_by(without)
    other = recording.trial_values | {"odour": TrialValues(np.zeros((3, 6)), "Hz", "")}
    with pytest.raises(InputError, match="values 'odour' of trials have another unit or shape"):
        recording.followed_by(replace(recording, trial_values=other))


def test_followed_by_refuses_other_populations(recording: Recording) -> None:
    def followed_by(spikes: dict[str, SpikeTrains]) -> None:
        recording.followed_by(replace(recording, spikes=spikes))

    spikes = dict(recording.spikes)
    with pytest.raises(InputError, match=r"population 'excitatry'.*did you mean 'excitatory'"):
        followed_by({"excitatry": spikes["excitatory"]})
    with pytest.raises(InputError, match="has no population 'input'"):
        followed_by({name: trains for name, trains in spikes.items() if name != "input"})
    with pytest.raises(InputError, match=r"'silent' has 2 units.*expected 3"):
        followed_by({**spikes, "silent": SpikeTrains(2, np.empty(0), np.empty(0))})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 500.0}, "rate of the trace 'v' is 500.0"),
        ({"unit": "S"}, "unit of the trace 'v' is S"),
        ({"index": np.array([0, 4])}, "'v' has other channels"),
        ({"data": np.zeros((3, 1)), "index": np.empty(0)}, "'v' has other channels"),
        ({"start": 0.25}, "'v' stops at 2.2 s and goes on at 2.45 s"),
    ],
)
def test_followed_by_refuses_traces_that_do_not_fit(
    recording: Recording, change: dict[str, Any], message: str
) -> None:
    trace = recording.traces["v"]
    first = replace(recording, traces={"v": trace})
    with pytest.raises(InputError, match=message):
        first.followed_by(replace(first, traces={"v": replace(trace, **change)}))


# NWB


def test_round_trip_is_exact(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording.nwb"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_nwb(recording, path)
    assert_same(recording, read_nwb(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["recording.nwb"]


def test_round_trip_of_the_least_there_can_be(tmp_path: Path) -> None:
    recording = Recording(
        spikes={"only": SpikeTrains(1, np.empty(0), np.empty(0))},
        trial_table=Timeline.of([]).table(),
        duration=0.5,
        traces={"v": Trace(np.empty((0, 0)), 1.0, "V")},
        sheet_text="",
    )
    write_nwb(recording, tmp_path / "recording.nwb")
    assert_same(recording, read_nwb(tmp_path / "recording.nwb"))
    assert validation_errors(tmp_path / "recording.nwb") == []


def test_round_trip_of_joined_recordings(recording: Recording, tmp_path: Path) -> None:
    short = replace(recording, traces={"v": recording.traces["v"]})
    both = short.followed_by(short)
    write_nwb(both, tmp_path / "recording.nwb")
    assert_same(both, read_nwb(tmp_path / "recording.nwb"))


def test_large_arrays_are_compressed_and_small_ones_not(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recording.nwb"
    for least, compression in ((None, None), (0, "gzip")):
        if least is not None:
            monkeypatch.setattr(nwb, "COMPRESSED_FROM", least)
        write_nwb(recording, path)
        with h5py.File(path) as file:
            assert file["units/spike_times"].compression == compression
        assert_same(recording, read_nwb(path))


def test_trial_columns_are_those_of_the_trial_table() -> None:
    assert set(TRIAL_COLUMNS) == set(TrialTable.__dataclass_fields__)


def validation_errors(path: Path) -> list[Any]:
    pynwb = pytest.importorskip("pynwb")
    return list(pynwb.validate(path=str(path)))


def test_file_is_valid_nwb_that_pynwb_reads(recording: Recording, tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "recording.nwb"
    write_nwb(recording, path)
    assert validation_errors(path) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        units = file.units.to_dataframe()
        assert units["population"].tolist() == recording.units["population"].tolist()
        assert units["index"].tolist() == recording.units["index"].tolist()
        for mine, theirs in zip(recording.units["spike_times"], units["spike_times"], strict=True):
            assert np.array_equal(mine, theirs)
        assert file.units.get_unit_obs_intervals(11).tolist() == [[0.0, recording.duration]]
        trials = file.trials.to_dataframe()
        assert list(trials.columns) == [*TRIAL_COLUMNS, "odour", "last"]
        assert file.trials["odour"].description == "Rate of each type. Unit: Hz"
        assert np.array_equal(file.trials["odour"].data[:], recording.trial_values["odour"].data)
        for name in TRIAL_COLUMNS:
            assert trials[name].tolist() == recording.trials[name].tolist()
        series = file.acquisition["v"]
        assert (series.unit, series.rate, series.starting_time) == ("V", 1000.0, 0.0)
        assert series.description == "Membrane potential of the excitatory units."
        assert np.array_equal(series.data[:], recording.traces["v"].data)
        assert file.get_scratch("model_sheet") == SHEET
        assert file.get_scratch("v_index").tolist() == [4, 0]
        assert "imulation" in file.session_description
        assert file.session_start_time.utcoffset() is not None


RUN = {"protocol": "ison2015", "model": "mine", "seed": 3, "condition": "all"}
WITH_STEP = (
    'circuit = "area"\n[simulation]\ndt = "0.1 ms"  # step\n[protocol]\ncondition = "unpaired"\n'
)
# What NWB suggests and only the user knows.
UNKNOWN = {"check_experimenter_exists", "check_institution"}


def test_file_passes_the_inspector(recording: Recording, tmp_path: Path) -> None:
    """Nothing critical, no violation of best practice, and of the suggestions all but two."""
    inspector = pytest.importorskip("nwbinspector")
    path = tmp_path / "recording.nwb"
    write_nwb(replace(recording, sheet_text=WITH_STEP), path, RUN)
    messages = list(inspector.inspect_nwbfile(nwbfile_path=str(path)))
    assert {message.check_function_name for message in messages} == UNKNOWN
    levels = {message.importance for message in messages}
    assert levels == {inspector.Importance.BEST_PRACTICE_SUGGESTION}


def test_the_inspector_would_tell(recording: Recording, tmp_path: Path) -> None:
    """What the file says for its sake is what it looks at."""
    inspector = pytest.importorskip("nwbinspector")
    path = tmp_path / "recording.nwb"
    write_nwb(replace(recording, sheet_text=WITH_STEP), path, RUN)
    with h5py.File(path, "r+") as file:
        del file["general/subject"]
        del file["units/spike_times"].attrs["resolution"]
    found = {m.check_function_name for m in inspector.inspect_nwbfile(nwbfile_path=str(path))}
    assert found - UNKNOWN == {"check_subject_exists", "check_units_resolution_is_set"}


def test_file_says_where_it_comes_from(recording: Recording, tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "recording.nwb"
    write_nwb(replace(recording, sheet_text=WITH_STEP), path, RUN)
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        assert json.loads(str(file.get_scratch("run"))) == RUN
        assert file.get_scratch("model_sheet") == WITH_STEP
        assert file.subject.subject_id == "mine-seed-3"
        assert file.subject.species.endswith("NCBITaxon_32630")
        assert file.experiment_description == (
            "Protocol 'ison2015', condition 'unpaired', on the circuit of the sheet 'mine', seed 3."
        )
        assert set(file.keywords) >= {"simulation", "ison2015", "mine"}
        assert file.units.resolution == 1e-4


@pytest.mark.parametrize("text", ["", "no TOML", '[simulation]\ndt = "soon"\n'])
def test_a_sheet_that_says_nothing_leaves_the_resolution_open(
    recording: Recording, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "recording.nwb"
    write_nwb(replace(recording, sheet_text=text), path)
    with h5py.File(path) as file:
        assert "resolution" not in file["units/spike_times"].attrs
        assert "run" not in file["scratch"]
        assert file["general/subject/subject_id"].asstr()[()] == "simulation"
    assert validation_errors(path) == []


def test_identifier_follows_from_the_content(recording: Recording, tmp_path: Path) -> None:
    def identifier(content: Recording) -> str:
        write_nwb(content, tmp_path / "recording.nwb")
        with h5py.File(tmp_path / "recording.nwb") as file:
            text: str = file["identifier"].asstr()[()]
            return text

    silenced = {**recording.spikes, "input": SpikeTrains(4, np.empty(0), np.empty(0))}
    assert identifier(recording) == identifier(replace(recording))
    assert identifier(recording) != identifier(replace(recording, spikes=silenced))
    assert identifier(recording) != identifier(replace(recording, sheet_text="other"))
    assert identifier(recording) != identifier(replace(recording, trial_values={}))


def test_save_replaces_an_older_file(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording.nwb"
    write_nwb(recording, path)
    later = replace(recording, sheet_text="later")
    write_nwb(later, path)
    assert_same(later, read_nwb(path))


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("older", [True, False])
def test_interrupted_write_leaves_nothing(
    recording: Recording,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
    older: bool,
) -> None:
    from hdmf.backends.hdf5 import HDF5IO

    path = tmp_path / "recording.nwb"
    if older:
        write_nwb(recording, path)
    before = {entry: entry.read_bytes() for entry in tmp_path.iterdir()}
    write_dataset = HDF5IO.write_dataset
    written: list[object] = []

    def fail_later(*args: object, **kwargs: object) -> object:
        if len(written) == 8:
            assert len(list(tmp_path.iterdir())) == len(before) + 1  # it is half-way
            raise error("interrupted")
        written.append(args)
        return write_dataset(*args, **kwargs)

    monkeypatch.setattr(HDF5IO, "write_dataset", fail_later)
    with pytest.raises(error, match="interrupted"):
        write_nwb(replace(recording, sheet_text="later"), path)
    assert {entry: entry.read_bytes() for entry in tmp_path.iterdir()} == before


def test_save_refuses_a_folder_that_is_not_there(recording: Recording, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'.*absent' does not exist or is not writable"):
        write_nwb(recording, tmp_path / "absent" / "recording.nwb")
    with pytest.raises(InputError, match="which is a folder"):
        write_nwb(recording, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_load_refuses_a_missing_file_and_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no recording '.*absent.nwb'\.$"):
        read_nwb(tmp_path / "absent.nwb")
    (tmp_path / "recording.nwb").touch()
    with pytest.raises(InputError, match=r"did you mean 'recording\.nwb'\?$"):
        read_nwb(tmp_path / "recordng.nwb")
    with pytest.raises(InputError, match=r"folder '.*nowhere' does not exist"):
        read_nwb(tmp_path / "nowhere" / "recording.nwb")


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all\n" * 100])
def test_load_refuses_what_is_no_hdf5(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "recording.nwb").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as NWB"):
        read_nwb(tmp_path / "recording.nwb")


def test_load_refuses_a_truncated_file(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording.nwb"
    write_nwb(recording, path)
    whole = path.read_bytes()
    for share in (0.01, 0.5, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match="cannot be read as NWB"):
            read_nwb(path)


@pytest.mark.parametrize("block", [b"HEAP", b"TREE", b"SNOD"])
def test_load_refuses_a_damaged_file(recording: Recording, tmp_path: Path, block: bytes) -> None:
    path = tmp_path / "recording.nwb"
    write_nwb(recording, path)
    path.write_bytes(path.read_bytes().replace(block, b"rust"))
    with pytest.raises(InputError, match="another kind of file, or damaged"):
        read_nwb(path)


def test_load_refuses_hdf5_that_is_no_nwb(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["units/population"] = [1]
    with pytest.raises(InputError, match="HDF5 but no NWB"):
        read_nwb(tmp_path / "other.h5")


def test_load_refuses_nwb_from_elsewhere(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording.nwb"
    write_nwb(recording, path)
    with h5py.File(path, "r+") as file:
        file["units/index"][0] = 1
    with pytest.raises(InputError, match="'excitatory' are incomplete or out of order"):
        read_nwb(path)
    with h5py.File(path, "r+") as file:
        del file["units/population"]
    with pytest.raises(InputError, match=r"no recording of neurosim: it has no 'units/population'"):
        read_nwb(path)


def test_import_loads_no_slow_package() -> None:
    slow = "{'pynwb', 'hdmf', 'h5py', 'pandas', 'scipy', 'brian2'}"
    code = f"import sys, neurosim.recording; print({slow} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (result.stdout.strip(), result.stderr) == ("set()", "")
