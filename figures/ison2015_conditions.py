"""Pair coding in every condition that was run, and completion: controls of Ison et al. 2015.

(a) Fraction of pair-coding units: with the composite and with the montage both ways, in the other
conditions the larger of both. Light bands are the ranges that the scorecard holds the values
against. (b) Share of the other half of an assembly that fires when one half is driven directly, in
the trained area, with its recurrent weights permuted, and in one that has learnt nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.association.pair_plots import DIRECTIONS, published_fraction
from neurosim.run_directory import Run
from neurosim.scorecard import Row

PROTOCOL = "ison2015"
NEEDS = ("main", "plasticity_off")

ROW, MARGIN = 0.19, 1.0  # inches: height of a condition, and what is above and below all
KINDS = {
    "pair_coding_p_to_np": ("P → NP", -0.17, DIRECTIONS["P → NP"]),
    "pair_coding_np_to_p": ("NP → P", 0.17, DIRECTIONS["NP → P"]),
    "pair_coding": ("larger of both", 0.0, {"color": "C0", "marker": "D"}),
}
RECOVERY = "stimulation_recovery"
PREFIX = "stimulation_"
BAND = "0.88"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015`` with conditions."""
    learning = [name for name in run.conditions if not name.startswith(PREFIX)]
    stimulation = [name for name in run.conditions if name.startswith(PREFIX)]
    n_rows = max(len(learning), 2 * len(stimulation))
    figure = Figure(figsize=(plotting.WIDTH, MARGIN + ROW * n_rows))
    left, right = plotting.columns(figure, [1.6, 1])
    ax = left.subplots()
    for name, (label, aside, style) in KINDS.items():
        draw_rows(ax, run, name, learning, aside, **{**style, "label": label})
    rows = [row for row in run.rows if row.name in KINDS and row.condition in learning]
    if not any(np.isfinite(row.value) for row in rows):
        plotting.note(ax, "no unit responds\nto its picture")
    published_fraction(ax, vertical=True)
    list_conditions(ax, learning)
    ax.set_xlabel("Pair-coding units (fraction)")
    ax.fill_between([], [], color=BAND, label="target")
    left.legend(loc="outside lower center", ncols=5, columnspacing=1)
    plotting.panel_letter(left, "a")
    ax = right.subplots()
    draw_rows(ax, run, RECOVERY, stimulation, color="C0", marker="D")
    list_conditions(ax, [name.removeprefix(PREFIX) for name in stimulation])
    if not stimulation:
        plotting.note(ax, "no condition with\nstimulation was run")
    ax.set_xlabel("Other half that fires (share)")
    plotting.panel_letter(right, "b")
    return plotting.settle(figure)


def draw_rows(
    ax: Axes, run: Run, name: str, conditions: list[str], aside: float = 0.0, **style: Any
) -> None:
    """Draw a quantity of the scorecard in each condition that has it, and its range."""
    rows = {c: row for c in conditions if (row := run.row(name, c)) is not None}
    positions = [conditions.index(condition) + aside for condition in rows]
    for position, row in zip(positions, rows.values(), strict=True):
        low, high = within(row)
        ax.fill_betweenx((position - 0.16, position + 0.16), low, high, color=BAND, lw=0)
    ax.plot([row.value for row in rows.values()], positions, **{**style, "ls": ""})


def within(row: Row) -> tuple[float, float]:
    """Return the range of a share, which is open where there is no bound or nothing was judged."""
    if row.low is None and row.high is None:
        return 0.0, 0.0
    return (0.0 if row.low is None else row.low), (1.0 if row.high is None else row.high)


def list_conditions(ax: Axes, conditions: list[str]) -> None:
    """Name the conditions along y."""
    ax.set_yticks(range(len(conditions)), [name.replace("_", " ") for name in conditions])
    ax.set(xlim=(-0.02, 1.02), ylim=(max(1, len(conditions)) - 0.5, -0.5))
    ax.set_xticks(np.arange(0, 1.1, 0.2))
