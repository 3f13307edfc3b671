"""Figures are drawn from runs, show what was computed, and the same run gives the same file."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from apl_runs import apl_run
from hash_runs import hash_recording, similarity_run
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from plasticity_runs import SHORT, plasticity_run
from test_assembly_figure import ALL as ASSEMBLIES
from test_assembly_figure import run_of as assembly_run
from test_associative_retrieval_figure import PROTOCOL as RETRIEVAL
from test_associative_retrieval_figure import run_of as retrieval_run
from test_channel_figure import ALL as SILENCED
from test_channel_figure import run_of as channel_run
from test_pattern_recall_figure import ALL as RECALLED
from test_pattern_recall_figure import run_of as recall_run
from test_sparse_storage_figure import ALL as STORED
from test_sparse_storage_figure import run_of as storage_run
from test_three_memories_figure import ALL as COMPARED
from test_three_memories_figure import run_of as comparison_run
from test_working_memory_figures import recordings as memory_recordings
from test_working_memory_figures import run_of as memory_run

import neurosim
from neurosim import cli, run_directory
from neurosim import figure as figure_module
from neurosim import statistics as st
from neurosim.association.assemblies import find_assembly
from neurosim.association.dose_response import fractions_by_dose, phase_of
from neurosim.association.example_units import QUARTILES, example_units
from neurosim.association.multi_units import SIZES
from neurosim.association.pair_coding import pair_coding
from neurosim.association.pair_plots import PUBLISHED, PUBLISHED_LABEL
from neurosim.association.paired_roles import PairedRoles
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.picture_views import VIEWS
from neurosim.association.pictures import REFERENCE, load_picture, superimpose
from neurosim.association.rate_changes import rates_by_unit
from neurosim.errors import InputError, NeurosimError
from neurosim.figure import FORMATS, RUN, figures_of, kind_of, load_figure, write_figure
from neurosim.folders import names
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run, newest_run, write_run
from neurosim.scorecard import Row
from neurosim.timeline import Timeline

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")
PER_PICTURE = 10  # units that fire to a picture
CHANGING = 6  # of the units of P those that fire to NP afterwards, if there are composites enough
DOSES = (0.5, 1.0, 2.0)
WEIGHT = 0.6  # opacity of P in the composite
CONTROL = ("main", "plasticity_off")
NAN = float("nan")
Spikes = Callable[[Timeline, PairedStimuli], SpikeTrains]


# Runs in which nothing was simulated.


def learner(timeline: Timeline, stimuli: PairedStimuli) -> SpikeTrains:
    """Return spikes of units that respond as they should, without any noise.

    Ten units fire 10 spikes to each picture, those of the first to units 0-9. Unit k of a P fires
    k + 3 spikes to its NP after k + 1 composites, if k is below `CHANGING`.
    """
    return _spikes(timeline, stimuli, CHANGING)


def forgetter(timeline: Timeline, stimuli: PairedStimuli) -> SpikeTrains:
    """Return the same, of units of which none changes."""
    return _spikes(timeline, stimuli, 0)


def silence(timeline: Timeline, stimuli: PairedStimuli) -> SpikeTrains:
    return SpikeTrains(PER_PICTURE * len(stimuli.singles), np.empty(0, dtype=int), np.empty(0))


def _spikes(timeline: Timeline, stimuli: PairedStimuli, n_changing: int) -> SpikeTrains:
    table = timeline.table()
    first = {name: PER_PICTURE * k for k, name in enumerate(stimuli.singles)}
    partners = {pair.partner: pair.p for pair in stimuli.pairs}
    unit: list[int] = []
    time: list[float] = []

    def fire(number: int, onset: float, n_spikes: int) -> None:
        unit.extend([number] * n_spikes)
        time.extend(onset + 0.01 + np.arange(n_spikes) * 0.04)

    composites = 0
    for onset, name, phase in zip(table.start_time, table.stimulus, table.phase, strict=True):
        composites += name == stimuli.pairs[0].composite
        if name in first and phase != "imprint":
            for number in range(PER_PICTURE):
                fire(first[name] + number, onset, 10)
        if name in partners and phase != "imprint":
            for number in range(min(n_changing, composites)):
                fire(first[partners[name]] + number, onset, number + 3)
    return SpikeTrains(
        PER_PICTURE * len(stimuli.singles), np.array(unit, dtype=int), np.array(time)
    )


def timeline_of(stimuli: PairedStimuli, n_tests: int, n_composites: int) -> Timeline:
    """Return an imprint, tests before, composites each followed by tests, and tests after.

    Pictures come in the reverse order, which a figure must not take for theirs.
    """
    shown = stimuli.singles[::-1]
    trials = [stimuli.trial(name, "imprint", 0.5, 0.5, {}) for name in shown]
    trials += [stimuli.test(name, "before") for _ in range(n_tests) for name in shown]
    for _ in range(n_composites):
        for pair in stimuli.pairs:
            trials.append(stimuli.trial(pair.composite, "learning", 1.0, 1.0, {}))
        trials += [stimuli.test(name, "between") for name in shown]
    trials += [stimuli.test(name, "after") for _ in range(n_tests) for name in shown]
    return Timeline.of(trials)


def codes(n: int = 5, n_pairs: int = 1) -> PairedStimuli:
    return PairedStimuli(tuple(f"code {k}" for k in range(1, n + 1)), n_pairs, {})


def ison_run(
    stimuli: PairedStimuli | None = None,
    spikes: Spikes = learner,
    *,
    n_tests: int = 10,
    n_composites: int = 5,
    conditions: Sequence[str] = ("main",),
    values: Mapping[str, float] | float = {},
) -> Run:
    """Return a run of ``ison2015``: a row for each target, .3 where no other value is given."""
    stimuli = stimuli or codes()
    random = stimuli.singles[0].startswith("code")
    kind = {"n_random": len(stimuli.singles)} if random else {"pictures": stimuli.singles}
    options = {"stimuli": "random" if random else "pictures", "pairs": stimuli.n_pairs, **kind}
    text, targets = sheet_and_targets("ison2015", options)
    timeline = timeline_of(stimuli, n_tests, n_composites)
    trains = spikes(timeline, stimuli)
    recording = Recording({"excitatory": trains}, timeline.table(), timeline.duration, {}, text)
    rows = rows_of({name: targets[name] for name in conditions}, values)
    return run_of("ison2015", text, rows, dict.fromkeys(conditions, recording))


def sheet_and_targets(protocol: str, options: Mapping[str, Any]) -> tuple[str, Any]:
    loaded, sheet = load_protocol(protocol), load_model("ison2015")
    chosen = loaded.options(sheet, {f"protocol.{k}": v for k, v in options.items()}, quick=False)
    return text_with_protocol(sheet, chosen), loaded.targets(chosen)


def rows_of(targets: Mapping[str, Any], values: Mapping[str, float] | float) -> list[Row]:
    rows = []
    for condition, of_condition in targets.items():
        for name, target in of_condition.items():
            value = values.get(name, 0.3) if isinstance(values, Mapping) else values
            if name == "composite_weight":
                value = WEIGHT
            bounds = (target.low, target.high, target.source, target.evidence)
            rows.append(Row(name, condition, value, target.unit, *bounds, "reported"))
    return rows


def run_of(protocol: str, text: str, rows: list[Row], recordings: dict[str, Recording]) -> Run:
    return Run(
        info={"protocol": protocol, "seed": 3, "conditions": list(recordings)},
        model_text=text,
        rows=rows,
        recordings=recordings,
        condition_texts=dict.fromkeys(recordings, text),
    )


def pictures(n: int = 5, n_pairs: int = 1) -> PairedStimuli:
    return PairedStimuli(REFERENCE[:n], n_pairs, {})


def gone() -> PairedStimuli:
    return PairedStimuli(tuple(f"/home/someone/the tower {k}.jpeg" for k in range(3)), 1, {})


def dose_run(spikes: Spikes = learner, conditions: Sequence[str] = ("main", "input_only")) -> Run:
    """Return a run of ``ison2015_dose`` in which a unit changes with each composite."""
    stimuli = codes(3)
    shown = stimuli.singles[:2]
    trials = [stimuli.trial(name, "imprint", 0.5, 0.5, {}) for name in stimuli.singles]
    trials += [stimuli.test(name, "before") for _ in range(6) for name in stimuli.singles]
    for dose in DOSES:
        trials += [stimuli.trial(stimuli.pairs[0].composite, "learning", 1.0, 1.0, {})] * 2
        trials += [stimuli.test(name, phase_of(dose)) for _ in range(6) for name in shown]
    timeline = Timeline.of(trials)
    text, targets = sheet_and_targets("ison2015_dose", {"stimuli": "random"})
    trains = spikes(timeline, stimuli)
    recording = Recording({"excitatory": trains}, timeline.table(), timeline.duration, {}, text)
    values = {"lowest_dose": 0.8, "highest_dose": float("nan")}
    rows = rows_of({name: targets[name] for name in conditions}, values)
    return run_of("ison2015_dose", text, rows, dict.fromkeys(conditions, recording))


def views_run(spikes: Spikes = learner) -> Run:
    """Return a run of ``ison2015_views``: ten units of 80 fire to each view, five to the palace."""
    stimuli = pictures(3)
    shown = [
        name
        for own in stimuli.singles[:2]
        for name in (own, *(stimuli.view(own, view) for view in VIEWS))
    ]
    trials = [stimuli.trial(name, "imprint", 0.5, 0.5, {}) for name in stimuli.singles]
    trials += [stimuli.test(name, "before") for _ in range(4) for name in shown]
    timeline = Timeline.of(trials)
    trains = spikes(timeline, PairedStimuli(tuple(shown), 1, {}))
    fewer = trains.index >= 5
    trains = SpikeTrains(trains.n, trains.index[fewer], trains.time[fewer])
    text, targets = sheet_and_targets("ison2015_views", {"pictures": stimuli.singles})
    silent = spikes is silence
    values = {
        f"{name}_{view}": float("nan") if silent and name != "code_share" else 0.1 * k + 0.02 * m
        for k, name in enumerate(("code_share", "recall", "pair_coding"), start=1)
        for m, view in enumerate(VIEWS)
    } | {"pair_coding": float("nan") if silent else 0.41}
    recording = Recording({"excitatory": trains}, timeline.table(), timeline.duration, {}, text)
    return run_of("ison2015_views", text, rows_of(targets, values), {"main": recording})


MEASURED = {
    "pair_coding_p_to_np": 0.5,
    "pair_coding_np_to_p": 0.0,
    "kept": 0.974,
    "na_units": 1.0,
    "p_rate_after": 36.4,
    "np_rate_before": 0.14,
    "np_rate_after": 3.86,
    "trial_of_change": 4.0,
    "pair_overlap_after": 0.294,
    "pair_coding_of_2_cells": 0.38,
    "pair_coding_of_3_cells": 0.36,
    "pair_coding_of_4_cells": 0.34,
    "step_share": 0.18,
    "step_share_of_true_ramps": 0.39,
    "step_share_of_true_steps": 0.75,
    "jump": 0.22,
    "jump_of_true_ramps": 0.37,
    "jump_of_true_steps": 0.82,
    "np_to_p_ratio": 0.11,
    "np_p_roc_area": 0.995,
}
# By protocol, so that no run is made before a test asks for it.
RUNS: dict[str, dict[str, Callable[[], Run]]] = {
    "ison2015": {
        "every condition": lambda: ison_run(
            pictures(), conditions=load_protocol("ison2015").script.CONDITIONS, values=MEASURED
        ),
        "few trials, pictures that are gone": lambda: ison_run(
            gone(), n_tests=4, n_composites=1, conditions=CONTROL
        ),
        "silence": lambda: ison_run(codes(), silence, values=NAN, conditions=CONTROL),
        "no change": lambda: ison_run(pictures(5, 2), forgetter, values=NAN, conditions=CONTROL),
        "most": lambda: ison_run(codes(20, 2), n_tests=20, n_composites=15, conditions=CONTROL),
    },
    "ison2015_dose": {
        "doses": lambda: dose_run(conditions=("main", "recurrent_only", "input_only")),
        "one condition of doses": lambda: dose_run(conditions=("recurrent_only", "main")),
        "doses without a response": lambda: dose_run(silence),
    },
    "ison2015_views": {
        "views": lambda: views_run(),
        "views without a response": lambda: views_run(silence),
    },
    "similarity": {
        "hashes": lambda: similarity_run(),
        "hashes of few odours": lambda: similarity_run(
            options={"data": "clustered"}, recording=hash_recording(5, n_types=50)
        ),
        "hashes without a spike": lambda: similarity_run(
            values={"spearman_cosine": NAN}, recording=hash_recording(silent=True)
        ),
    },
    "apl": {
        "APL": lambda: apl_run(noise=0.05),
        "APL without a spike": lambda: apl_run(silent=True),
    },
    "working_memory": {
        "working memory": lambda: memory_run(memory_recordings()),
    },
    "associative_retrieval": {
        "retrieval": lambda: retrieval_run(tuple(RETRIEVAL.script.CONDITIONS)),
    },
    "pattern_recall": {
        "patterns": lambda: recall_run(RECALLED),
    },
    "three_memories": {
        "three memories": lambda: comparison_run(COMPARED),
        "one condition of three memories": lambda: comparison_run(("main",), NAN),
    },
    "assembly_calculus": {
        "assemblies": lambda: assembly_run(ASSEMBLIES),
        "one condition of assemblies": lambda: assembly_run(("main",), NAN),
    },
    "channel": {
        "channel": lambda: channel_run(SILENCED),
        "one condition of the channel": lambda: channel_run(("main",), NAN),
    },
    "sparse_storage": {
        "sparse storage": lambda: storage_run(STORED),
        "one condition of sparse storage": lambda: storage_run(("main",), NAN),
    },
    "short_term_plasticity": {
        "synapses": lambda: plasticity_run(**SHORT),
        "synapses of another sheet": lambda: plasticity_run("mongillo2008_synapse", **SHORT),
    },
}
STANDARD = "every condition"


@functools.cache
def made(kind: str) -> Run:
    protocol = next(name for name, kinds in RUNS.items() if kind in kinds)
    run = RUNS[protocol][kind]()
    assert run.protocol == protocol
    return run


@functools.cache
def figure_of(name: str, kind: str = STANDARD) -> Figure:
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure(name).draw(made(kind))
        figure.draw_without_rendering()
    return figure


OF_RUNS = [name for name in names("figures") if kind_of(load_figure(name)) == RUN]
PROTOCOL_OF = {name: load_figure(name).PROTOCOL for name in OF_RUNS}
DRAWN = [
    (name, kind)
    for protocol, kinds in RUNS.items()
    for kind in kinds
    for name in OF_RUNS
    if PROTOCOL_OF[name] == protocol
]


# What is drawn.


@pytest.fixture(params=DRAWN, ids=lambda drawn: f"{drawn[0]}, {drawn[1]}")
def drawn(request: pytest.FixtureRequest) -> Figure:
    """Return every figure of every kind of run that it can be drawn from."""
    return figure_of(*request.param)


def panel(figure: Figure, letter: str) -> list[Axes]:
    """Return all axes of a panel."""
    for part in figure.findobj(SubFigure):
        if any(text.get_text() == letter for text in part.texts):
            axes = {id(ax): ax for sub in part.findobj(SubFigure) for ax in sub.axes}
            return [ax for ax in figure.axes if id(ax) in axes]
    raise AssertionError(f"there is no panel {letter}")


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts that a reader sees, without tick labels beyond the limits of an axis."""
    hidden = {
        text
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        if not is_within(axis, tick.get_loc()) or not ax.axison
        for text in (tick.label1, tick.label2)
    }
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def is_within(axis: Axis, position: float) -> bool:
    low, high = sorted(axis.get_view_interval())
    return bool(low - 1e-9 <= position <= high + 1e-9)


def all_text(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in shown_texts(figure))


def lines_of(ax: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in ax.get_lines()}


def labels_of(ticks: Sequence[Text]) -> list[str]:
    return [tick.get_text() for tick in ticks]


# What every figure has.


@pytest.mark.parametrize("name", OF_RUNS)
def test_every_figure_says_what_it_is_and_whose_runs_it_draws(name: str) -> None:
    figure = load_figure(name)
    assert figure.__doc__
    assert figure.__doc__.splitlines()[0].strip()
    protocol = load_protocol(figure.PROTOCOL)
    assert set(figure.NEEDS) <= set(protocol.script.CONDITIONS)
    assert name in {figure for figure, _ in DRAWN}, "no test draws it"


def test_the_text_of_a_figure_can_be_read(drawn: Figure) -> None:
    texts = shown_texts(drawn)
    assert min(text.get_fontsize() for text in texts) >= 7
    assert drawn.get_figwidth() <= 7.2
    boxes = np.array([text.get_window_extent().extents for text in texts])
    for text, (left, bottom, right, top) in zip(texts, boxes, strict=True):
        inside = left >= -1 and bottom >= -1 and right <= drawn.bbox.x1 + 1
        assert inside and top <= drawn.bbox.y1 + 1, f"{text.get_text()!r} is cut off"
    common = np.minimum(boxes[:, np.newaxis, 2:], boxes[:, 2:]) - np.maximum(
        boxes[:, np.newaxis, :2], boxes[:, :2]
    )
    overlapping = np.argwhere(np.triu((common > 0.5).all(axis=2), k=1))
    assert [[texts[k].get_text() for k in pair] for pair in overlapping] == []


def test_panels_are_lettered_in_order_and_have_labels(drawn: Figure) -> None:
    parts = [part for part in drawn.findobj(SubFigure) if isinstance(part, SubFigure)]
    letters = sorted({t.get_text() for part in parts for t in part.texts if t.get_text() in "abcd"})
    assert "".join(letters) == "abcd"[: len(letters)]
    assert len(letters) >= 2 or len(drawn.axes) == 1
    for axes in [panel(drawn, letter) for letter in letters] or [drawn.axes]:
        shown = [ax for ax in axes if ax.axison]
        if any(is_number(tick) for ax in shown for tick in ax.get_yticklabels()):
            assert any(ax.get_ylabel() for ax in shown)


def is_number(tick: Text) -> bool:
    return tick.get_text().replace("\N{MINUS SIGN}", "").replace(".", "").isdigit()


PUBLISHING = {
    name
    for name in names("figures")
    if name.startswith("ison2015") and not name.endswith(("chain", "rates", "responses"))
}


@pytest.mark.parametrize(("name", "kind"), [pair for pair in DRAWN if pair[0] in PUBLISHING])
def test_published_numbers_are_said_to_be_unverified(name: str, kind: str) -> None:
    assert "unverified" in all_text(figure_of(name, kind))


@pytest.mark.parametrize(
    ("name", "kind", "notes"),
    [
        ("ison2015", "silence", ["median gain of 50 units", "no unit responds in", "n/a"]),
        ("ison2015", "no change", ["of 10 units that respond to their own picture", "n/a"]),
        ("ison2015_conditions", "silence", ["no unit responds", "no condition with"]),
        ("ison2015_criteria", "silence", ["no unit responds\nto its picture"]),
        ("ison2015_learning", "silence", ["no unit is pair-coding", "0 pair-coding units"]),
        ("ison2015_learning", "no change", ["no unit is pair-coding", "0 pair-coding units"]),
        ("ison2015_overlaps", "silence", ["before, ≥ 10 Hz (0 cells)"]),
        ("ison2015_rates", "silence", ["no unit responds in", "no unit is pair-coding", "n/a"]),
        ("ison2015_responses", "silence", ["no such unit", "gain of 50 units"]),
        ("ison2015_dose", "doses without a response", ["no unit responds to its picture"]),
        ("channel", "one condition of the channel", ["no cell responds\nto both", "was not run"]),
        ("ison2015_views", "views without a response", ["no unit responds\nto its picture"]),
    ],
)
def test_a_panel_says_why_it_is_empty(name: str, kind: str, notes: list[str]) -> None:
    text = all_text(figure_of(name, kind))
    for note in notes:
        assert note in text
    assert "nan" not in text


def test_a_figure_of_several_pairs_says_which_it_shows() -> None:
    assert "The first of 2 pairs. 5 of 20 pictures" in all_text(figure_of("ison2015", "most"))
    text = all_text(figure_of("ison2015", "no change"))
    assert "The first of 2 pairs" in text and "palace (P1)" in text
    assert "of 6 pair-coding units" in all_text(figure_of("ison2015", "most"))
    assert "first of 2 pairs" in all_text(figure_of("ison2015_responses", "most"))
    assert "12 of 20 pictures" in all_text(figure_of("ison2015_overlaps", "most"))


# ison2015: the story. After five composites units 0-4 of P fire 3-7 spikes to NP.


def segments(ax: Axes) -> list[int]:
    return [len(c.get_segments()) for c in ax.collections if isinstance(c, LineCollection)]


def test_the_example_unit_is_that_of_the_rule_and_its_spikes_are_shown() -> None:
    figure = figure_of("ison2015")
    assert example_units(made(STANDARD).recording, "palace", "person").units == (2,)
    text = all_text(figure)
    assert "Spikes of unit 2, the one with the median gain of 5 pair-coding units" in text
    axes = panel(figure, "a")
    titles = ["palace (P)", "person (NP)", "superimposed", "flower", "rocket", "astronaut"]
    assert [ax.get_title() for ax in axes[:6]] == titles
    # Ten tests before, one after each of five composites, ten after: 10 spikes to P. To NP 5, once
    # there were three composites.
    assert [segments(ax) for ax in axes[6:]] == [
        [100, 50, 100],
        [0, 3 * 5, 10 * 5],
        [0],
        *[[0, 0, 0]] * 3,
    ]
    rows = np.array(axes[6].collections[-1].get_segments())[:, :, 1].mean(axis=1)
    assert sorted(set(rows)) == list(range(17, 27)), "ten below five below ten, a row between them"


def test_pictures_are_those_that_the_session_showed() -> None:
    shown = [ax.images[0].get_array() for ax in panel(figure_of("ison2015"), "a")[:6]]
    palace, person = load_picture("palace"), load_picture("person")
    expected = [palace, person, superimpose(palace, person, WEIGHT)]
    expected += [load_picture(name) for name in ("flower", "rocket", "astronaut")]
    for picture, wanted in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(picture, wanted)


@pytest.mark.parametrize("kind", ["most", "few trials, pictures that are gone"])
def test_without_pictures_there_is_no_strip(kind: str) -> None:
    assert not any(ax.images for ax in figure_of("ison2015", kind).axes)


def test_the_bars_are_the_mean_rates() -> None:
    recording = made(STANDARD).recording
    roles = PairedRoles.of(recording)
    rates = rates_by_unit(recording, roles.singles, roles.directions)
    (ax,) = panel(figure_of("ison2015"), "b")
    heights = [bar.get_height() for bar in ax.patches]
    # 20 units; of the ten of P five fire 3 to 7 spikes to NP in half a second.
    np.testing.assert_allclose(heights, [20, 20, 0, 2 * sum(range(3, 8)) / 20, 0, 0])
    np.testing.assert_allclose(heights[3], rates["np_rate_after"].mean())
    assert [text.get_text() for text in ax.texts] == ["20", "20", "0", "2.5", "0", "0"]


@pytest.mark.parametrize(
    ("rate", "on_bar", "in_table"),
    [
        (124.0, "120", "120 Hz"),
        (35.6, "36", "36 Hz"),
        (3.0, "3", "3 Hz"),
        (0.364, ".4", ".36 Hz"),
        (0.0512, ".05", ".051 Hz"),
        (0.00004, ".00004", ".00004 Hz"),
        (0.0, "0", "0 Hz"),
    ],
)
def test_rates_are_short_and_have_no_exponent(rate: float, on_bar: str, in_table: str) -> None:
    script = load_figure("ison2015")
    assert script.on_bar(rate) == on_bar
    assert script.as_text(rate, "Hz") == in_table


def test_the_fractions_and_the_table_are_those_of_the_scorecard() -> None:
    figure, run = figure_of("ison2015"), made(STANDARD)
    (ax,) = panel(figure, "c")
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.0, PUBLISHED]
    assert [text.get_text() for text in ax.texts] == [".50", ".00", ".41"]
    (ax,) = panel(figure, "d")
    texts = [text.get_text() for text in ax.texts]
    lines = list(zip(texts[3::3], texts[4::3], texts[5::3], strict=True))
    assert texts[:3] == ["", "model", "Ison et al. 2015"]
    assert [line[1] for line in lines] == [
        *(".50, .00", ".97", "1", "36 Hz", ".14 Hz", "3.9 Hz", "4", ".29")
    ]
    for (names_of_rows, _, published), line in zip(
        load_figure("ison2015").TABLE, lines, strict=True
    ):
        row = run.row(names_of_rows[0])
        assert row is not None and line[2] == f"{published} ({row.evidence})"


# The other figures of ison2015.


def test_the_examples_stand_for_quartiles_of_the_gain() -> None:
    figure = figure_of("ison2015_responses")
    chosen = example_units(made(STANDARD).recording, "palace", "person", QUARTILES).units
    assert chosen == (1, 2, 3)
    text = all_text(figure)
    for unit, rank in zip(chosen, ("lower quartile", "median", "upper quartile"), strict=True):
        assert f"Unit {unit}: {rank}" in text
    axes = panel(figure, "a")
    assert len(axes) == 3 * 4
    for unit, (own, partner, own_rate, partner_rate) in zip(
        chosen, zip(*[iter(axes)] * 4, strict=True), strict=True
    ):
        assert (segments(own), segments(partner)) == ([100, 100], [0, 10 * (unit + 3)])
        assert spikes_below(own_rate) == pytest.approx([10, 10])
        assert spikes_below(partner_rate) == pytest.approx([0, unit + 3])
        assert own.get_xlim() == (-0.4, 0.9)


def spikes_below(ax: Axes) -> list[float]:
    """Return the number of spikes that the histograms before and after learning hold."""
    lines = [line for line in ax.get_lines() if line.get_label() in ("before", "after")]
    assert [line.get_label() for line in lines] == ["before", "after"]
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    return [line.get_ydata().sum() * np.diff(line.get_xdata())[0] for line in lines]


def test_the_means_are_over_pair_coding_and_over_all_units() -> None:
    figure = figure_of("ison2015_responses")
    for letter, title, to_partner in (
        ("b", "5 pair-coding units", 5),
        ("c", "20 responding units", 25 / 20),
    ):
        own, partner = panel(figure, letter)
        assert spikes_below(own) == pytest.approx([10, 10])
        assert spikes_below(partner) == pytest.approx([0, to_partner])
        assert title in all_text(figure)


@pytest.fixture
def learning() -> ModuleType:
    return load_figure("ison2015_learning")


def test_the_fraction_after_each_composite_is_that_of_the_units_that_changed() -> None:
    (ax,) = panel(figure_of("ison2015_learning"), "a")
    lines = lines_of(ax)
    np.testing.assert_allclose(lines["P → NP"].get_ydata(), [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(lines["NP → P"].get_ydata(), 0)
    recording = made(STANDARD).recording
    ends = [float(line.get_ydata()[0]) for line in ax.get_lines() if len(line.get_xdata()) == 1]
    assert ends == [pair_coding(recording, [way]) for way in PairedRoles.of(recording).directions]
    assert ends == [0.5, 0.0]
    assert lines[PUBLISHED_LABEL].get_ydata()[0] == PUBLISHED


def test_one_test_needs_two_spikes_and_more_than_before_it(learning: ModuleType) -> None:
    recording = ison_run(n_composites=6).recording
    table, spikes = recording.trial_table, recording.spikes["excitatory"]
    # Before the last test of NP: 2 spikes in 0.4 s for unit 0, which fires 3 in 0.5 s, and 4 for
    # unit 1, which fires 4. Unit 2, which would fire 5, keeps one.
    onset = table.start_time[table.where(phase="between", stimulus="code 2")[-1]]
    late = (spikes.time > onset + 0.04) & (spikes.time < onset + 0.5) & (spikes.index == 2)
    more = np.array([onset - 0.1, onset - 0.2, *(onset - 0.1 * np.arange(1, 5) + 0.05)])
    changed = SpikeTrains(
        spikes.n,
        np.concatenate([spikes.index[~late], [0, 0, 1, 1, 1, 1]]),
        np.concatenate([spikes.time[~late], more]),
    )
    recording = dataclasses.replace(recording, spikes={"excitatory": changed})
    shares = learning.fraction_after_each_composite(recording, [("code 1", "code 2")])
    assert shares[-2] == pytest.approx(0.5)
    assert shares[-1] == pytest.approx(0.4), "six fire; units 1 and 2 do not count"


def test_units_that_step_are_shown_to_step_and_ramps_to_ramp() -> None:
    (ax,) = panel(figure_of("ison2015_learning"), "b")
    lines = lines_of(ax)
    jumps = {}
    for kind in ("pair-coding units", "true ramps", "true steps"):
        relative, means = lines[kind].get_data()
        before, after = means[relative == -1][0], means[relative == 0][0]
        jumps[kind] = (after - before) / 5  # 3 to 7 spikes
    assert jumps["pair-coding units"] > 0.7 and jumps["true steps"] > 0.7
    assert jumps["true ramps"] < 0.6


def test_the_trials_of_change_are_those_at_which_units_changed() -> None:
    (ax,) = panel(figure_of("ison2015_learning"), "c")
    middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    np.testing.assert_allclose(middles, [1, 2, 3, 4, 5])
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], 0.2)


def test_steps_and_ramps_are_the_rows_of_the_scorecard() -> None:
    (ax,) = panel(figure_of("ison2015_learning"), "d")
    shown = {name: line.get_ydata().tolist() for name, line in lines_of(ax).items()}
    assert shown == {
        "pair-coding units": [0.18, 0.22],
        "true ramps": [0.39, 0.37],
        "true steps": [0.75, 0.82],
    }


def matrix(ax: Axes) -> np.ndarray:
    (cells,) = (mesh for mesh in ax.collections if isinstance(mesh, QuadMesh))
    n = len(ax.get_xticks())
    values: np.ndarray = np.asarray(cells.get_array()).reshape(n, n)
    return values


def test_the_overlap_of_the_pair_grows_at_10_hz() -> None:
    figure = figure_of("ison2015_overlaps")
    axes = panel(figure, "a")
    before, after, *strong = (matrix(ax) for ax in axes)
    np.testing.assert_array_equal(before, np.eye(5))
    # Units 10-19, and those of P with 5 spikes in 0.5 s or more: 2, 3 and 4.
    expected = np.eye(5)
    expected[0, 1] = expected[1, 0] = 3 / 10
    np.testing.assert_allclose(after, expected)
    # No unit fires at 30 Hz.
    np.testing.assert_array_equal(strong, np.zeros((2, 5, 5)))
    assert labels_of(axes[0].get_xticklabels()) == ["P", "NP", "NA1", "NA2", "NA3"]
    assert axes[1].get_title() == "after, ≥ 10 Hz (11 cells)"


def test_the_pair_stands_beside_the_others_and_chance() -> None:
    ax, strong = panel(figure_of("ison2015_overlaps"), "b")
    values = [np.asarray(line.get_ydata()).tolist() for line in ax.get_lines()]
    # Of ten pairs of assemblies four have one of 13 cells, six are both of 10; of 50 cells.
    chance = (4 * 13 + 6 * 10) / 10 / 50
    assert values[:2] == [[0.0], [0.0] * 9]
    assert values[2] == pytest.approx([0.2, 0.2])
    assert values[3:5] == [[0.3], [0.0] * 9]
    assert values[5] == pytest.approx([chance, chance])
    assert values[6] == [0.04, 0.04]
    assert strong.get_ylabel() == "Overlap at ≥ 30 Hz"


def test_the_pairs_among_several_are_told_from_the_others() -> None:
    ax, _ = panel(figure_of("ison2015_overlaps", "most"), "b")
    of_pairs, others = (np.asarray(line.get_ydata()) for line in ax.get_lines()[3:5])
    # Six units of each P have changed, four of them fire 5 spikes or more: 2 to 5.
    np.testing.assert_allclose(of_pairs, [0.4, 0.4])
    assert len(others) == 20 * 19 // 2 - 2
    assert not others.any()


def test_every_unit_has_its_rates() -> None:
    recording = made(STANDARD).recording
    roles = PairedRoles.of(recording)
    rates = rates_by_unit(recording, roles.singles, roles.directions)
    figure = figure_of("ison2015_rates")
    (ax,) = panel(figure, "a")
    dots, means = ax.get_lines()[::2], ax.get_lines()[1::2]
    order = [f"{kind}_rate_{phase}" for kind in ("p", "np", "na") for phase in ("before", "after")]
    for name, of_units, mean in zip(order, dots, means, strict=True):
        np.testing.assert_array_equal(of_units.get_ydata(), rates[name])
        np.testing.assert_allclose(mean.get_ydata(), rates[name].mean())
    (ax,) = panel(figure, "b")
    np.testing.assert_array_equal(ax.get_lines()[1].get_xdata(), rates["p_rate_after"])
    np.testing.assert_array_equal(ax.get_lines()[1].get_ydata(), rates["np_rate_after"])
    assert "NP / P: 0.11; ROC area: 0.995" in all_text(figure)


def test_latencies_are_those_of_the_first_spike() -> None:
    # All units fire their first spike 10 ms after the onset, which fills the bin from 10 ms on;
    # smoothed over five bins of 2 ms the rate rises by half within the 6 ms before it.
    (ax,) = panel(figure_of("ison2015_rates"), "c")
    labels = [str(line.get_label()) for line in ax.get_lines()[:2]]
    assert [label.partition(":")[0] for label in labels] == ["P", "NP"]
    for label in labels:
        assert 4 <= int(label.split()[-2]) <= 11


def test_the_curves_are_marked_where_the_scorecard_counts() -> None:
    figure = figure_of("ison2015_criteria")
    (by_median,), (by_rate,), (by_size,) = (panel(figure, letter) for letter in "abc")
    # Units of P with at least so many spikes: 3 to 7 are fired.
    for ax, marked, fraction in ((by_median, 2.0, 0.5), (by_rate, 10.0, 0.3)):
        lines = lines_of(ax)
        (mark,) = (
            line
            for line in ax.get_lines()
            if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
        )
        assert mark.get_xdata()[0] == marked
        x, y = lines["P → NP"].get_data()
        assert y[x == marked] == pytest.approx([fraction])
        assert not lines["NP → P"].get_ydata()[x <= 20].any()
        assert lines[PUBLISHED_LABEL].get_ydata()[0] == PUBLISHED
    x, y = lines_of(by_median)["P → NP"].get_data()
    assert (x[0], x[-1]) == (0.5, 10.0)
    np.testing.assert_allclose(y[x == 3.5], 0.4)
    assert st.ISON_CRITERION.min_median == 2.0 and st.ASSEMBLY_RATE == 10.0
    # Five of the 20 units of both directions, then the rows of the scorecard.
    assert SIZES == (2, 3, 4)
    heights = [bar.get_height() for bar in by_size.patches]
    np.testing.assert_allclose(heights, [5 / 20, 0.38, 0.36, 0.34])


def test_only_conditions_that_were_run_are_there() -> None:
    learning, stimulation = (panel(figure_of("ison2015_conditions"), k)[0] for k in "ab")
    conditions = load_protocol("ison2015").script.CONDITIONS
    expected = [name.replace("_", " ") for name in conditions if name[:11] != "stimulation"]
    assert labels_of(learning.get_yticklabels()) == expected
    assert labels_of(stimulation.get_yticklabels()) == ["trained", "shuffled", "naive"]
    lines = lines_of(learning)
    assert lines["P → NP"].get_xdata().tolist() == [0.5, 0.5]
    assert lines["NP → P"].get_xdata().tolist() == [0.0, 0.0]
    montage = expected.index("montage")
    np.testing.assert_allclose(lines["P → NP"].get_ydata(), [0, montage], atol=0.2)
    others = lines["larger of both"]
    assert others.get_xdata().tolist() == [0.3] * len(others.get_ydata())
    assert others.get_ydata().tolist() == [k for k in range(len(expected)) if k not in (0, montage)]
    few = panel(figure_of("ison2015_conditions", "silence"), "a")[0]
    assert labels_of(few.get_yticklabels()) == ["main", "plasticity off"]


def test_the_bands_are_the_ranges_of_the_scorecard() -> None:
    script, run = load_figure("ison2015_conditions"), made(STANDARD)
    rows = [run.row("pair_coding_p_to_np"), run.row("pair_coding", "plasticity_off")]
    rows.append(run.row("stimulation_recovery", "stimulation_trained"))
    assert [script.within(row) for row in rows] == [(0.15, 0.65), (0.0, 0.02), (0.5, 1.0)]
    _, stimulation = (panel(figure_of("ison2015_conditions"), k)[0] for k in "ab")
    drawn = [band.get_paths()[0].get_extents() for band in stimulation.collections]
    assert [(band.x0, band.x1) for band in drawn] == [(0.5, 1.0), (0.0, 0.02), (0.0, 0.02)]


# The figures of the other protocols.


def test_the_doses_of_every_condition_that_was_run() -> None:
    recording = made("doses").recording
    directions = PairedRoles.of(recording).directions
    fractions = fractions_by_dose(recording, directions, DOSES)
    # Of 20 units two more change before the tests of each dose.
    np.testing.assert_allclose(fractions, [0.1, 0.2, 0.3])
    (ax,) = figure_of("ison2015_dose", "doses").axes
    lines = lines_of(ax)
    conditions = ("all synapses plastic", "only within the area", "only from the input")
    for label in conditions:
        np.testing.assert_allclose(lines[label].get_xdata(), DOSES)
        np.testing.assert_allclose(lines[label].get_ydata(), fractions)
    (ax,) = figure_of("ison2015_dose", "one condition of doses").axes
    assert set(conditions) & set(lines_of(ax)) == set(conditions[:2])


def test_the_edges_of_the_wanted_range_are_marked_where_they_are_reached() -> None:
    (ax,) = figure_of("ison2015_dose", "doses").axes
    edges = [line for line in ax.get_lines() if str(line.get_label()).startswith("_")]
    # The row of the highest dose is not a number: .60 is not reached.
    assert [np.transpose(line.get_data()).tolist() for line in edges] == [[[0.8, 0], [0.8, 0.25]]]
    script = load_figure("ison2015_dose")
    assert script.WANTED == load_protocol("ison2015_dose").script.WANTED


def test_views_are_the_rows_of_the_scorecard_beside_chance() -> None:
    figure, run = figure_of("ison2015_views", "views"), made("views")
    expected = {
        "a": [0.1, 0.12, 0.14],
        "b": [0.2, 0.22, 0.24],
        "c": [0.41, 0.3, 0.32, 0.34],
    }
    for letter, values in expected.items():
        (ax,) = panel(figure, letter)
        np.testing.assert_allclose([bar.get_height() for bar in ax.patches], values)
        assert labels_of(ax.get_xticklabels()) == ["picture", *VIEWS][-len(values) :]
    inputs = run.sheet.parameters.input
    chances = [lines_of(panel(figure, letter)[0])["chance"].get_ydata()[0] for letter in "ab"]
    # Ten of 80 cells fire to each view.
    assert chances == pytest.approx([inputs.n_active / inputs.n, 10 / 80])
    sizes = [find_assembly(run.recording, f"palace ({view})", "before").sum() for view in VIEWS]
    assert sizes == [10, 10, 10]


# Files.


@pytest.fixture
def small_run() -> Run:
    """Return a run that is drawn in no time."""
    return made("one condition of doses")


DOSE = "ison2015_dose"


def test_a_png_is_written_whole_and_nothing_else(tmp_path: Path, small_run: Run) -> None:
    path = write_figure(DOSE, small_run, tmp_path / "new" / "folder", "png")
    assert path == tmp_path / "new" / "folder" / "ison2015_dose.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
    assert [entry.name for entry in path.parent.iterdir()] == ["ison2015_dose.png"]


def test_a_figure_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_run: Run
) -> None:
    def fill_the_disk(self: Figure, path: Path, **_: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    old = tmp_path / "ison2015_dose.png"
    old.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fill_the_disk)
    with pytest.raises(NeurosimError, match=r"_dose\.png' cannot be written: No space left"):
        write_figure(DOSE, small_run, tmp_path, "png")
    assert old.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["ison2015_dose.png"]


def test_a_run_drawn_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    run = ison_run(pictures(3), n_tests=8, n_composites=3)
    run.save(tmp_path / "here")
    assert sorted(path.name for path in (tmp_path / "here").glob("*.png")) == ["ison2015.png"]
    for kind in FORMATS[1:]:
        write_figure("ison2015", run, tmp_path / "here", kind)
    # Another process, with other hashes of strings and another time, from the saved run.
    program = (
        "import sys; from pathlib import Path\n"
        "from neurosim.figure import figures_of, write_figure\n"
        "from neurosim.run_directory import load_run\n"
        "run = load_run('here')\n"
        "figures_of(run)\n"  # loads them all
        f"for kind in {FORMATS!r}:\n"
        "    write_figure('ison2015', run, Path('there'), kind)\n"
        "heavy = {'brian2', 'pandas', 'scipy', 'sklearn', 'pynwb', 'matplotlib.pyplot'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(STYLE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n", "drawing imports what it does not need"
    for kind in FORMATS:
        here, there = (tmp_path / place / f"ison2015.{kind}" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes(), kind


def test_surrogates_are_drawn_anew_but_the_same() -> None:
    script, run = load_figure("ison2015_learning"), made(STANDARD)
    again = lines_of(panel(script.draw(run), "b")[0])
    other = dataclasses.replace(run, info=run.info | {"seed": 4})
    of_other = lines_of(panel(script.draw(other), "b")[0])
    ramps = lines_of(panel(figure_of("ison2015_learning"), "b")[0])["true ramps"].get_ydata()
    np.testing.assert_array_equal(again["true ramps"].get_ydata(), ramps)
    assert not np.array_equal(of_other["true ramps"].get_ydata(), ramps)


def test_fonts_are_embedded(tmp_path: Path, small_run: Run) -> None:
    pdf = write_figure(DOSE, small_run, tmp_path, "pdf").read_bytes()
    fonts = set(re.findall(rb"/FontName /([A-Z]{6}\+)?([\w-]+)", pdf))
    assert fonts and all(name.startswith(b"DejaVu") for _, name in fonts)
    # TrueType, whole outlines: not the standard fonts, which every viewer replaces as it likes.
    assert pdf.count(b"/FontFile2") == len(fonts) and b"/Type1" not in pdf
    # In an SVG text is outlines, so that there is no font to embed.
    svg = write_figure(DOSE, small_run, tmp_path, "svg").read_text()
    assert "<text" not in svg and "font-family" not in svg and "<glyph" not in svg


def test_files_say_neither_when_nor_by_what_they_were_written(
    tmp_path: Path, small_run: Run
) -> None:
    for kind in FORMATS:
        content = write_figure(DOSE, small_run, tmp_path, kind).read_bytes()
        for word in (b"CreationDate", b"/Producer", b"dc:date", b"Software", b"tEXt", b"tIME"):
            assert word not in content, (kind, word)
        assert mpl.__version__.encode() not in content, kind


def test_drawing_leaves_the_settings_of_the_caller_alone(tmp_path: Path, small_run: Run) -> None:
    before = dict(mpl.rcParams)
    write_figure(DOSE, small_run, tmp_path, "png")
    assert dict(mpl.rcParams) == before


# Which figures of which runs.


def test_the_figures_of_a_run_are_those_that_have_what_they_need() -> None:
    of_ison = {name for name in names("figures") if load_figure(name).PROTOCOL == "ison2015"}
    assert set(figures_of(made(STANDARD))) == of_ison
    only_main = ison_run(n_tests=4, n_composites=1)
    assert set(figures_of(only_main)) == of_ison - {"ison2015_conditions"}
    assert figures_of(made("views")) == ["ison2015_views"]
    assert figures_of(only("unpaired")) == []
    other = dataclasses.replace(only_main, info=only_main.info | {"protocol": "other"})
    assert figures_of(other) == []


def only(condition: str) -> Run:
    return ison_run(codes(3), n_tests=4, n_composites=1, conditions=(condition,))


@pytest.mark.parametrize(
    ("kind", "written"),
    [(STANDARD, ["ison2015"]), ("doses", ["ison2015_dose"]), ("unpaired", [])],
)
def test_a_run_writes_the_figure_of_its_protocol_and_no_other(
    kind: str, written: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[str, str]] = []

    def note(name: str, run: Run, directory: Path, file_format: str) -> None:
        drawn.append((name, file_format))

    def write(recording: Recording, path: Path, run_info: Mapping[str, Any]) -> None:
        path.write_bytes(b"")

    monkeypatch.setattr(run_directory, "write_figure", note)
    monkeypatch.setattr(run_directory, "write_nwb", write)
    write_run(only(kind) if kind == "unpaired" else made(kind), tmp_path)
    assert drawn == [(name, "png") for name in written]


def test_refusals_name_what_is_wrong(tmp_path: Path, small_run: Run) -> None:
    with pytest.raises(InputError, match="draws runs of 'ison2015', not of 'ison2015_dose'"):
        write_figure("ison2015", small_run, tmp_path, "png")
    with pytest.raises(InputError, match="needs the condition 'main', which was not run"):
        write_figure("ison2015", only("unpaired"), tmp_path, "png")
    with pytest.raises(InputError, match=r"Unknown format 'pgn': did you mean 'png'\?"):
        write_figure(DOSE, small_run, tmp_path, "pgn")
    with pytest.raises(InputError, match=r"Unknown figure 'ison2016': did you mean 'ison2015'\?"):
        write_figure("ison2016", small_run, tmp_path, "png")
    assert not list(tmp_path.iterdir())


def test_a_script_without_draw_is_no_figure(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text('"""Mine."""\nPROTOCOL = "ison2015"\nNEEDS = ()\n')
    with pytest.raises(InputError, match=r"mine\.py' does not define draw"):
        load_figure(script)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, small_run: Run) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(NeurosimError, match=r"_dose\.png' cannot be written"):
        write_figure(DOSE, small_run, in_the_way, "png")


def test_the_newest_run_is_found(tmp_path: Path) -> None:
    for name, content in (
        ("seed-0", '{"protocol": "ison2015"}'),
        ("seed-0-1", '{"protocol": "ison2015"}'),
        ("other", '{"protocol": "other"}'),
        ("damaged", "{"),
    ):
        folder = tmp_path / "ison2015" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(content)
    os.utime(tmp_path / "ison2015" / "seed-0-1" / "run.json", (1e9, 1e9))
    for name in ("other", "damaged"):
        os.utime(tmp_path / "ison2015" / name / "run.json", (3e9, 3e9))
    assert newest_run("ison2015", tmp_path).name == "seed-0"
    with pytest.raises(InputError, match="no run of 'dasgupta2017'"):
        newest_run("dasgupta2017", tmp_path)


# All figures at once.


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, list[str], list[str]]]]:
    """Return a function that runs ``neurosim figure --all``: exit code, lines of stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in cli.STOPS}

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        code = cli.main(["figure", "--all", "--format", "svg", *arguments])
        answer = capsys.readouterr()
        return code, answer.out.splitlines(), answer.err.splitlines()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


Command = Callable[..., tuple[int, list[str], list[str]]]


def touch(name: str, run: Run, directory: Path, file_format: str) -> Path:
    """Stand for `write_figure`, which takes longer."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.{file_format}"
    path.touch()
    return path


def test_all_figures_of_a_run_are_drawn_and_the_others_left_out(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = only("main")
    monkeypatch.setattr(run_directory, "load_run", {Path("mine"): run}.__getitem__)
    monkeypatch.setattr(figure_module, "write_figure", touch)
    code, drawn, left_out = command("--from", "mine", "--out", "drawn")
    expected = [f"drawn/{name}.svg" for name in figures_of(run)]
    assert (code, drawn) == (0, expected) and len(expected) == 7
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == sorted(
        Path(path).name for path in expected
    )
    reasons = {
        name: f"draws runs of '{protocol}', not of 'ison2015'."
        for name, protocol in PROTOCOL_OF.items()
        if protocol != "ison2015"
    } | {"ison2015_conditions": "needs the condition 'plasticity_off', which was not run."}
    reasons |= {kind: f"draws a {kind}, not a run." for kind in ("sensitivity", "sweep")}
    assert left_out == [
        f"neurosim: left out {name}: The figure '{name}' {reason}"
        for name, reason in sorted(reasons.items())
    ]


def test_all_figures_are_drawn_from_the_newest_run_of_each_protocol(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (DOSE, "ison2015_views"):
        folder = Path("results") / name / "seed-0"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(f'{{"protocol": "{name}"}}')
    runs = {DOSE: made("doses"), "ison2015_views": made("views")}
    monkeypatch.setattr(run_directory, "load_run", lambda path: runs[path.parent.name])
    code, drawn, left_out = command()
    assert (code, drawn) == (0, ["ison2015_dose.svg", "ison2015_views.svg"])
    assert len(left_out) == len(names("figures")) - 2
    for line, name in zip(left_out, [n for n in names("figures") if n not in runs], strict=True):
        protocol = load_figure(name).PROTOCOL
        place = f"results/{protocol}" if name in OF_RUNS else "results"
        assert line.startswith(f"neurosim: left out {name}: ")
        assert f"There is no {f'run of {protocol!r}' if protocol else name} in {place}" in line


def test_it_is_refused_if_no_figure_can_be_drawn(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, drawn, left_out = command()
    assert (code, drawn) == (2, [])
    assert left_out[-1] == "neurosim: No figure can be drawn from 'results'."
    run = only("unpaired")
    monkeypatch.setattr(run_directory, "load_run", lambda _: run)
    code, drawn, left_out = command("--from", "mine")
    assert (code, drawn) == (2, [])
    assert left_out[-1] == "neurosim: No figure can be drawn from 'mine'."
    assert len(left_out) == len(names("figures")) + 1
    assert not list(tmp_path.iterdir())


def test_what_is_no_run_is_refused_once(command: Command) -> None:
    code, drawn, refused = command("--from", "nowhere")
    assert (code, drawn, len(refused)) == (2, [], 1)
    assert refused[0].startswith("neurosim: 'nowhere' is no run directory")
