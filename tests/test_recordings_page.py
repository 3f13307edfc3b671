"""The examples of docs/recordings.md run, and what they compute is right."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_figures import ison_run

from neurosim import statistics as st
from neurosim.recording import Recording, SpikeTrains, Trace

PAGE = Path(__file__).parents[1] / "docs" / "recordings.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
JITTER = 0.008  # s


def jittered(recording: Recording) -> Recording:
    """Return a recording whose spikes are moved at random, with a trace, so that CVs are not 0."""
    trains = recording.spikes["excitatory"]
    moved = trains.time + np.random.default_rng(0).uniform(0, JITTER, len(trains.time))
    voltage = Trace(np.zeros((10, 4)), 10 / recording.duration, "V", index=np.arange(4))
    return replace(
        recording,
        spikes={"excitatory": SpikeTrains(trains.n, trains.index, moved)},
        traces={"membrane_potential": voltage},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the run that the page names."""
    folder = tmp_path_factory.mktemp("page")
    run = ison_run(n_tests=6, n_composites=2)
    run.recordings = {"main": jittered(run.recording)}
    run.save(folder / "results" / "ison2015" / "seed-0")
    return folder


def executed(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    found: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), found)
    return found


def test_a_run_opens_in_two_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for line in BLOCKS[0].splitlines() if line]
    two = executed("\n".join(lines[:2]), folder, monkeypatch)
    assert two["run"].recording.trials["stimulus"].nunique() == 6
    # Every further line is an expression that is there.
    executed(BLOCKS[0], folder, monkeypatch)
    assert len(lines) > 6


def test_elephant_computes_a_histogram_and_a_cv_from_a_run_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("elephant")
    found = executed(BLOCKS[1], folder, monkeypatch)
    recording = found["run"].recording
    table = recording.trial_table
    picture = table.stimulus[0]
    trials = table.where(stimulus=picture, phase="before")
    # Ten units fire to each picture.
    onsets, trains = table.start_time[trials], recording.spikes["excitatory"]
    active = (trains.counts(onsets, (0.0, 0.5)) > 1).all(axis=0)
    assert found["cells"].tolist() == np.flatnonzero(active).tolist()
    assert len(found["cells"]) == 10
    rates = st.psth(trains, active, onsets, (-0.4, 0.6), 0.05)
    np.testing.assert_allclose(found["psth_hz"], rates, rtol=1e-9)
    assert rates.max() > 20
    cvs = []
    for onset in onsets:
        for cell in found["cells"]:
            times = trains.of(cell)
            intervals = np.diff(times[(times >= onset) & (times < onset + 0.5)])
            cvs.append(intervals.std() / intervals.mean())
    assert found["mean_cv"] == pytest.approx(np.mean(cvs), rel=1e-6)
    assert 0.01 < found["mean_cv"] < 0.2
