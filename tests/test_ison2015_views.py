"""Learn on one view of each picture, test on others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import session as session_module
from neurosim import statistics as st
from neurosim.association.assemblies import find_assembly
from neurosim.association.paired_stimuli import PairedStimuli, picture_stimuli
from neurosim.association.picture_views import VIEWS
from neurosim.errors import InputError
from neurosim.experiment import prepare
from neurosim.progress import QUIET
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run
from neurosim.simulation.job import Job

SEED, TEST, COMPOSITES, ACTIVE = 2, 5, 2, 12
OPTIONS = {
    "protocol.stimuli": "pictures",
    "protocol.n_random": 5,
    "protocol.pictures": "palace,person,flower",
    "protocol.test_trials": TEST,
    "protocol.composite_trials": COMPOSITES,
    "input.n_active": ACTIVE,
}
PICTURES = ("palace", "person", "flower")
PAIR = PICTURES[:2]
SHOWN = [
    name for own in PAIR for name in (own, *(PairedStimuli.view(own, of_view) for of_view in VIEWS))
]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_protocol("ison2015_views").script


@pytest.fixture(scope="module")
def watched(
    small_sheet: Path, noting_jobs: Callable[[], AbstractContextManager[list[Job]]]
) -> tuple[Run, list[Job]]:
    """Return a run, and what was simulated."""
    with noting_jobs() as jobs:
        return ns.run("ison2015_views", small_sheet, seed=SEED, overrides=OPTIONS), jobs


@pytest.fixture(scope="module")
def stimuli(small_sheet: Path) -> PairedStimuli:
    """Return the stimuli of that run."""
    experiment = prepare("ison2015_views", small_sheet, SEED, OPTIONS, "auto", False, QUIET)
    generator = experiment.session.generator("stimuli")
    return picture_stimuli(PICTURES, 1, 60, ACTIVE, generator, VIEWS)


def test_at_least_three_views_are_shown() -> None:
    assert len(set(SHOWN)) == 2 * (1 + len(VIEWS)) >= 2 * (1 + 3)


def test_every_view_is_tested_before_and_after(watched: tuple[Run, list[Job]]) -> None:
    table = watched[0].recording.trial_table
    assert list(dict.fromkeys(table.phase)) == ["imprint", "before", "learning", "after"]
    for phase in ("before", "after"):
        shown = Counter(table.stimulus[table.where(phase=phase)].tolist())
        assert shown == dict.fromkeys(SHOWN, TEST)
    roles = dict(zip(table.stimulus, zip(table.role, table.pair, strict=True), strict=True))
    expected = {name: ("P" if name.startswith("palace") else "NP", 0) for name in SHOWN}
    assert roles == expected | {"palace+person": ("C", 0), "flower": ("NA", -1)}


def test_only_the_pictures_themselves_are_imprinted_and_learnt(
    watched: tuple[Run, list[Job]],
) -> None:
    table = watched[0].recording.trial_table
    imprinted = set(table.stimulus[table.where(phase="imprint")])
    assert imprinted == set(PICTURES)
    learnt = table.stimulus[table.where(phase="learning")].tolist()
    assert learnt == ["palace+person"] * COMPOSITES
    assert set(table.phase[table.plastic]) == {"imprint", "learning"}


def test_the_inputs_are_those_of_the_views(
    watched: tuple[Run, list[Job]], stimuli: PairedStimuli
) -> None:
    run, jobs = watched
    table = run.recording.trial_table
    assert len(jobs) == 2 and not jobs[0].state and jobs[1].state
    first = table.where(phase="learning")[0]
    for job, trials in zip(jobs, (slice(0, first), slice(first, None)), strict=True):
        shown = list(dict.fromkeys(table.stimulus[trials]))
        assert set(shown) >= set(SHOWN)
        patterns = job.tables["input_patterns"].astype(bool)[1 : 1 + len(shown)]
        for name, pattern in zip(shown, patterns, strict=True):
            assert np.array_equal(pattern, stimuli.codes[name]), name


def test_what_is_measured(
    watched: tuple[Run, list[Job]], stimuli: PairedStimuli, script: ModuleType
) -> None:
    run, _ = watched
    recording, table = run.recording, run.recording.trial_table
    values = {row.name: row.value for row in run.rows}
    assert values.keys() == script.TARGETS["main"].keys()
    assert {row.status for row in run.rows} == {"reported"}

    def responds(name: str, phase: str) -> np.ndarray:
        trials = table.where(phase=phase, stimulus=name)
        return st.responsive_units(recording, "excitatory", trials)

    def fraction(view: str | None) -> float:
        n_eligible = n_coding = 0
        for own, partner in (PAIR, PAIR[::-1]):
            tested = partner if view is None else stimuli.view(partner, view)
            eligible = responds(own, "before") & ~responds(tested, "before")
            n_eligible += eligible.sum()
            n_coding += (eligible & responds(tested, "after")).sum()
        return float(n_coding / n_eligible)

    assert values["pair_coding"] == pytest.approx(fraction(None))
    for view in VIEWS:
        of_pair = [(own, stimuli.view(own, view)) for own in PAIR]
        shares = [stimuli.codes[name][stimuli.codes[own]].mean() for own, name in of_pair]
        assert values[f"code_share_{view}"] == pytest.approx(np.mean(shares))
        recalled = [
            find_assembly(recording, name, "before")[find_assembly(recording, own, "before")].mean()
            for own, name in of_pair
        ]
        assert values[f"recall_{view}"] == pytest.approx(np.mean(recalled))
        assert values[f"pair_coding_{view}"] == pytest.approx(fraction(view))
    fractions = {fraction(None), *(fraction(view) for view in VIEWS)}
    assert len(fractions) > 2, "the views are hardly told apart"
    # The encoder does away with the contrast, not with a crop or a shift.
    assert values["code_share_contrast"] == 1
    assert 0 < values["code_share_crop"] < 1 and 0 < values["code_share_shift"] < 1


def test_codes_have_no_views(
    small_sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("it was simulated")

    monkeypatch.setattr(session_module, "simulate", never)
    for sheet in (small_sheet, "area_random"):
        message = r"^protocol\.stimuli is random, expected pictures: codes have no views\.$"
        with pytest.raises(InputError, match=message):
            ns.run("ison2015_views", sheet, out=tmp_path / "made" / "run")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_judged(script: ModuleType) -> None:
    targets = script.targets(script.Options())
    assert list(targets) == list(script.CONDITIONS) == ["main"]
    per_view = {
        f"{what}_{view}" for what in ("code_share", "recall", "pair_coding") for view in VIEWS
    }
    assert targets["main"].keys() == {"pair_coding"} | per_view
    for target in targets["main"].values():
        bounds = (target.low, target.high, target.mean_low, target.mean_high)
        assert bounds == (None, None, None, None)
