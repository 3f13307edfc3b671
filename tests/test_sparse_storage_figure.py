"""The figure of sparse storage shows what was scored, and says what was not run."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_figures import axes_of_panel, drawn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from neurosim.fast_weights.odour_keys import CODES
from neurosim.fast_weights.retrieval_strings import parse_string
from neurosim.fast_weights.schedule import Schedule
from neurosim.fast_weights.sparse_storage import COMPARISONS, case_of
from neurosim.fast_weights.storage_comparison import CENTRED, CORRELATIONS, PAIRS
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run
from neurosim.scorecard import score

PROTOCOL = load_protocol("sparse_storage")
ALL = tuple(PROTOCOL.script.CONDITIONS)


@functools.cache
def run_of(conditions: Sequence[str], value: float | None = None) -> Run:
    """Return a run with another share in every row, or with the same one."""
    sheet = load_model("ba2016")
    options = PROTOCOL.options(sheet, {}, False)
    schedule = Schedule(sheet.parameters, [parse_string("c9k8??c")], (0.05,))
    silent = {
        name: SpikeTrains(n, np.empty(0, dtype=int), np.empty(0))
        for name, n in sheet.parameters.populations.items()
    }
    recording = Recording(silent, schedule.trials(0), schedule.duration, {}, "")
    text, rows = text_with_protocol(sheet, options), []
    for condition in conditions:
        targets = PROTOCOL.targets(options)[condition]
        values = np.linspace(0, 1, len(targets)) if value is None else [value] * len(targets)
        rows += score(dict(zip(targets, map(float, values), strict=True)), condition, targets)
    return Run(
        info={"protocol": "sparse_storage", "seed": 0, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording),
        condition_texts=dict.fromkeys(conditions, text),
    )


@functools.cache
def figure_of(conditions: Sequence[str]) -> Figure:
    return drawn("sparse_storage", run_of(conditions))


def panel(figure: Figure, letter: str) -> Axes:
    (ax,) = axes_of_panel(figure, letter)
    return ax


@pytest.mark.parametrize(
    ("letters", "condition", "points", "name"),
    [
        ("abc", "main", PAIRS, "{}_{}_{}_pairs"),
        ("def", "similarity", CORRELATIONS, "{}_{}_at_{:g}"),
    ],
)
def test_the_curves_are_the_rows_of_the_scorecard(
    letters: str, condition: str, points: Sequence[float], name: str
) -> None:
    run, figure = run_of(ALL), figure_of(ALL)
    for letter, comparison in zip(letters, COMPARISONS, strict=True):
        drawn = [
            (list(line.get_xdata()), list(line.get_ydata()))  # type: ignore[call-overload]
            for line in panel(figure, letter).get_lines()
        ]
        for code in CODES:
            case = case_of(code, comparison)
            kinds = ["retrieved", "matrix"]
            if case in CENTRED:
                kinds.append("centred")
            for kind in kinds:
                rows = [run.row(name.format(kind, case, x), condition) for x in points]
                assert (list(points), [row.value for row in rows if row is not None]) in drawn


def test_open_symbols_show_ten_pairs_with_a_digit_each() -> None:
    run, figure = run_of(ALL), figure_of(ALL)
    for letter, comparison in zip("abc", COMPARISONS, strict=True):
        points = [
            (float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_ydata())[0]))
            for line in panel(figure, letter).get_lines()
            if line.get_markerfacecolor() == "none"
        ]
        rows = [run.row(f"retrieved_{case_of(c, comparison)}", "distinct_digits") for c in CODES]
        assert [share for _, share in points] == [row.value for row in rows if row is not None]
        places = [place for place, _ in points]
        assert len(set(places)) == len(CODES)
        assert np.mean(places) == pytest.approx(10)


def test_what_was_not_run_is_said() -> None:
    texts = [text.get_text() for text in figure_of(("main",)).findobj(Text)]
    assert texts.count("the condition\n'similarity' was not run") == len(COMPARISONS)
