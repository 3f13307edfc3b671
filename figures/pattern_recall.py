"""Recall of recent patterns from a part (Ba et al. 2016): the spiking memory and the exact matrix.

(a) One sequence. Four patterns are stored in the shaded times, then each is asked for with half of
its cells (dark); the other half (light) is completed. Cells are in the order of the first pattern
that they belong to; of the others, nearly all silent, the first few are drawn above. Inhibitory
cells are below. (b) Patterns recalled, and missing cells completed,
against the number of patterns. (c) Against the share of a pattern that the cue drives, (d) against
the settling steps. (e) Against the number of patterns that follow the one that is asked for.
(f) Patterns of which .9 are recalled against the number of cells, and the pairs of the exact
key-value matrix with keys of as many cells. Dashed: the exact matrix, whose noise was fitted to one
point that is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.fast_weights.pattern_capacity import SIZES
from neurosim.fast_weights.pattern_completion import CUES, PATTERNS, SHOWN, STEPS
from neurosim.fast_weights.recency import AGES
from neurosim.recording import EDGE
from neurosim.run_directory import Run

PROTOCOL = "pattern_recall"
NEEDS = ("main",)

HEIGHT = 5.4  # inches
N_OTHERS = 5  # cells of no pattern that are drawn
CUED, COMPLETED, OTHER, INHIBITORY = "C0", "C1", "0.45", "C3"
LINES: Mapping[str, Mapping[str, Any]] = {
    "recalled": {"color": "C0", "marker": "o"},
    "completed": {"color": "C1", "marker": "s"},
}
LABELS = {"recalled": "patterns recalled", "completed": "missing cells completed"}
EXACT: Mapping[str, Any] = {"ls": "--", "lw": 0.9, "zorder": 0, "marker": ""}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``pattern_recall``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    upper, lower = plotting.rows(figure, [1.15, 1])
    left, right = plotting.columns(upper, [1.9, 1])
    draw_sequence(left, run)
    panels = [right, *plotting.columns(lower, [1, 1, 1, 1])]
    for panel, condition, x, names, label in (
        (panels[0], "main", PATTERNS, "{}", "Number of patterns"),
        (panels[1], "cue", CUES, "cue_{:g}", "Cells in the cue (share)"),
        (panels[2], "settling", STEPS, "{}_steps", "Settling steps"),
        (panels[3], "delay", AGES, "age_{}", "Patterns since"),
    ):
        ax = panel.subplots()
        draw_scores(ax, run, condition, {at: names.format(at) for at in x})
        if condition == "main":
            draw_naive(ax, run)
            ax.legend(loc="lower left", bbox_to_anchor=(0, 0.1))  # clear of the naive circuit
        ax.set_ylim(0, 1.05)
        ax.set_xlabel(label)
        ax.set_ylabel("Share")
    draw_capacity(panels[4], run)
    for panel, letter in zip(panels, "bcdef", strict=True):
        plotting.panel_letter(panel, letter)
    return plotting.settle(figure)


def draw_sequence(figure: SubFigure, run: Run) -> None:
    """(a) Spikes while one sequence is stored and asked for."""
    recording, table = run.recording, run.recording.trial_table
    stimulated = recording.trial_values["stimulated"].data > 0
    n_trials = 2 * SHOWN  # the first sequence of the recording
    patterns, cues = stimulated[:SHOWN], stimulated[SHOWN:n_trials]
    belongs = patterns.any(axis=0)
    first = np.where(belongs, patterns.argmax(axis=0), SHOWN)
    # Cued cells below the others of their pattern.
    is_cued = np.where(belongs, cues[np.minimum(first, SHOWN - 1), np.arange(len(first))], False)
    row_of_cell = np.argsort(np.lexsort((~is_cued, first)))
    stop = float(table.stop_time[n_trials - 1])
    n_inhibitory = recording.spikes["inhibitory_cells"].n
    cells, inhibitory = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])

    spikes = recording.spikes["cells"]
    shown = spikes.time < stop - EDGE
    time, cell = spikes.time[shown], spikes.index[shown]
    trial = np.searchsorted(table.start_time[:n_trials], time + EDGE, side="right") - 1
    number = trial % SHOWN
    within = (trial >= 0) & (time < table.stop_time[np.maximum(trial, 0)] - EDGE)
    asked = within & (trial >= SHOWN)
    cued = asked & cues[number, cell]
    completed = asked & patterns[number, cell] & ~cued
    for which, colour in (
        (~cued & ~completed, OTHER),
        (cued, CUED),
        (completed, COMPLETED),
    ):
        cells.plot(time[which], row_of_cell[cell[which]], "|", ms=1.8, mew=0.6, color=colour)
    spikes = recording.spikes["inhibitory_cells"]
    shown = spikes.time < stop - EDGE
    inhibitory.plot(spikes.time[shown], spikes.index[shown], "|", ms=1.4, mew=0.5, color=INHIBITORY)
    for start, end in zip(table.start_time[:n_trials], table.stop_time[:n_trials], strict=True):
        for ax in (cells, inhibitory):
            plotting.mark_stimulus(ax, start, end)
    edges = np.cumsum(np.bincount(first, minlength=SHOWN + 1))
    centres = np.concatenate([[0], edges[:-1]]) + np.diff([0, *edges]) / 2 - 0.5
    cells.set_yticks(centres[:SHOWN], [f"{k + 1}" for k in range(SHOWN)])
    cells.set_ylabel("Cells, by pattern")
    cells.set_ylim(-1, edges[SHOWN - 1] + N_OTHERS)
    inhibitory.set_yticks([])
    inhibitory.set_ylabel("Inh.")
    inhibitory.set_ylim(-1, n_inhibitory)
    inhibitory.set_xlim(0, stop)
    inhibitory.set_xlabel("Time (s)")
    for ax in (cells, inhibitory):
        ax.tick_params(axis="y", length=0)
    for k in range(n_trials):
        name = f"{k + 1}" if k < SHOWN else f"{k + 1 - SHOWN}?"
        cells.annotate(
            name, ((table.start_time[k] + table.stop_time[k]) / 2, 1), (0, 2),
            ("data", "axes fraction"), "offset points", ha="center", va="bottom",
        )  # fmt: skip
    plotting.panel_letter(figure, "a")


def draw_scores(ax: Axes, run: Run, condition: str, names: Mapping[float, str]) -> None:
    """Draw what was recalled and completed in a condition, and the exact matrix beside."""
    if condition not in run.conditions:
        plotting.note(ax, f"the condition '{condition}' was not run")
        return
    for quantity, style in LINES.items():
        x, shares = measured(run, condition, {at: f"{quantity}_{it}" for at, it in names.items()})
        ax.plot(x, shares, ms=3.5, label=LABELS[quantity], clip_on=False, **style)
        x, shares = measured(
            run, condition, {at: f"matrix_{quantity}_{it}" for at, it in names.items()}
        )
        ax.plot(x, shares, **{**style, **EXACT})
    ax.plot([], [], color="0.4", label="exact matrix", **EXACT)


def draw_naive(ax: Axes, run: Run) -> None:
    """Draw what a circuit that stores nothing completes."""
    if "without_learning" not in run.conditions:
        return
    x, shares = measured(run, "without_learning", {n: f"completed_{n}" for n in PATTERNS})
    ax.plot(x, shares, "s", ms=3.5, color="C1", markerfacecolor="white", label="no Hebbian term")


def draw_capacity(figure: SubFigure, run: Run) -> None:
    """(f) How much is held against the number of cells."""
    ax = figure.subplots()
    if "capacity" in run.conditions:
        for name, label, style in (
            ("capacity", "patterns", {"color": "C0", "marker": "o", "ms": 3.5}),
            ("matrix_capacity", "exact matrix", {"color": "C0", **EXACT}),
            ("pairs", "pairs, exact", {"color": "C2", **EXACT, "ls": "-."}),
        ):
            x, held = measured(run, "capacity", {n: f"{name}_{n}_cells" for n in SIZES})
            ax.plot(x, held, label=label, **style)
        ax.legend(loc="upper left")
        ax.set_ylim(0, 1.5 * ax.get_ylim()[1])  # room for the legend
        ax.set_xlim(0, 1.06 * SIZES[-1])
    else:
        plotting.note(ax, "the condition 'capacity' was not run")
    ax.set_xlabel("Cells")
    ax.set_ylabel("Held, .9 right")


def measured(
    run: Run, condition: str, names: Mapping[float, str]
) -> tuple[Sequence[float], np.ndarray]:
    """Return where rows of a condition were measured, and their values."""
    rows = {x: run.row(name, condition) for x, name in names.items()}
    values = {x: row.value for x, row in rows.items() if row is not None}
    return list(values), np.array(list(values.values()))
