"""A recording as a Neo block has the same spikes, traces and trials, and Elephant reads it."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from neurosim.errors import InputError, NeurosimError
from neurosim.recording import Recording, SpikeTrains, Trace, TrialValues
from neurosim.timeline import Timeline, Trial

pq = pytest.importorskip("quantities")
pytest.importorskip("neo")

DURATION = 2.4


def recorded(**changes: Any) -> Recording:
    """Return a recording of five cells, of which one is silent, and one input."""
    rng = np.random.default_rng(3)
    timeline = Timeline.of(
        [
            Trial("palace", 0.5, 0.3, "imprint", learning_rates={"input_to_excitatory": 1.0}),
            Trial("façade", 0.5, 0.3, "before", role="P", pair=1),
            Trial("flower", 0.5, 0.2, "before"),
        ],
        lead_in=0.1,
    )
    content: dict[str, Any] = {
        "spikes": {
            "excitatory": SpikeTrains(
                5, rng.integers(0, 4, 300), np.sort(rng.uniform(0, DURATION, 300))
            ),
            "input": SpikeTrains(1, np.array([0]), np.array([0.1 + 0.2])),
        },
        "trial_table": timeline.table(),
        "duration": DURATION,
        "traces": {
            "v": Trace(rng.normal(size=(24, 2)), 10.0, "V", 0.3, "Potential.", np.array([4, 0])),
            "u": Trace(rng.normal(size=(24, 1)), 10.0, "1"),
        },
        "sheet_text": 'circuit = "area"\n',
        "trial_values": {
            "rate": TrialValues(np.arange(6.0).reshape(3, 2), "Hz", "Of both types."),
            "last": TrialValues([0.1, 0.2, 0.3], "1", "Release."),
        },
    }
    return Recording(**content | changes)


def test_every_unit_is_a_spike_train_with_its_population_and_index() -> None:
    recording = recorded()
    block = recording.to_neo()
    (segment,) = block.segments
    names = [(t.annotations["population"], t.annotations["index"]) for t in segment.spiketrains]
    assert names == [*(("excitatory", k) for k in range(5)), ("input", 0)]
    for train, (population, index) in zip(segment.spiketrains, names, strict=True):
        own = recording.spikes[population].of(index)
        np.testing.assert_array_equal(train.rescale(pq.s).magnitude, own)
        assert (float(train.t_start), float(train.t_stop)) == (0.0, DURATION)
        assert train.name == f"{population} {index}"
    assert len(segment.spiketrains[4]) == 0
    groups = {group.name: len(group.spiketrains) for group in block.groups}
    assert groups == {"excitatory": 5, "input": 1}
    assert block.annotations["model_sheet"] == recording.sheet_text


def test_traces_keep_unit_rate_start_and_channels() -> None:
    recording = recorded()
    v, u = recording.to_neo().segments[0].analogsignals
    np.testing.assert_array_equal(v.magnitude, recording.traces["v"].data)
    assert (v.name, v.description) == ("v", "Potential.")
    assert v.units == pq.V and u.units == pq.dimensionless
    assert v.sampling_rate == 10 * pq.Hz
    assert float(v.t_start.rescale("s")) == 0.3
    assert v.array_annotations["index"].tolist() == [4, 0]
    assert "index" not in u.array_annotations


def test_trials_are_an_epoch() -> None:
    recording = recorded()
    (epoch,) = recording.to_neo().segments[0].epochs
    assert epoch.name == "trials"
    table = recording.trial_table
    np.testing.assert_array_equal(epoch.times.rescale("s").magnitude, table.start_time)
    np.testing.assert_allclose(epoch.durations.rescale("s").magnitude, 0.5)
    assert epoch.labels.tolist() == ["palace", "façade", "flower"]
    columns = {name: column.tolist() for name, column in epoch.array_annotations.items()}
    assert columns == {
        "phase": ["imprint", "before", "before"],
        "role": ["", "P", ""],
        "pair": [-1, 1, -1],
        "plastic": [True, False, False],
        "rate_0": [0.0, 2.0, 4.0],
        "rate_1": [1.0, 3.0, 5.0],
        "last": [0.1, 0.2, 0.3],
    }


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_the_least_there_can_be(shape: tuple[int, ...]) -> None:
    recording = Recording(
        {"only": SpikeTrains(1, np.empty(0), np.empty(0))},
        Timeline.of([]).table(),
        0.5,
        {"v": Trace(np.empty((0, 1)), 1.0, "V")},
        "",
        {"rate": TrialValues(np.empty(shape), "Hz", "")},
    )
    segment = recording.to_neo().segments[0]
    assert [len(part) for part in (segment.spiketrains, segment.epochs[0])] == [1, 0]


def test_elephant_takes_it() -> None:
    statistics = pytest.importorskip("elephant.statistics")
    recording = recorded()
    trains = recording.to_neo().segments[0].spiketrains
    for index in range(4):
        own = recording.spikes["excitatory"].of(index)
        rate = statistics.mean_firing_rate(trains[index]).rescale("Hz")
        assert float(rate) == pytest.approx(len(own) / DURATION)
        intervals = np.diff(own)
        cv = statistics.cv(statistics.isi(trains[index]))
        assert cv == pytest.approx(intervals.std() / intervals.mean())


def test_a_unit_that_neo_does_not_know_is_refused() -> None:
    odd = {"v": Trace(np.zeros((3, 1)), 1.0, "blob")}
    with pytest.raises(InputError, match=r"trace 'v' has the unit 'blob', expected an SI unit"):
        recorded(traces=odd).to_neo()


def test_without_neo_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "neo":
            raise ModuleNotFoundError("No module named 'neo'")
        return imported(name, *rest)

    recording = recorded()
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(NeurosimError, match=r"^Neo is not installed: pip install 'neurosim\[neo"):
        recording.to_neo()
