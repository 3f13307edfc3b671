"""Shared neurons silenced: half of the pair cells, all while learning, the merged assembly.

What was silenced stands at the left, in brackets how many cells. (a) Cells silenced in tests: share
of the other pair cells that fire to the partner of their picture, and to their own. (b) Cells
silenced while the composite was learnt, all tested afterwards: share that fires to the partner, of
the cells of both assemblies that were not silenced; of the pair cells of a first run, silenced or
not; and of the others of the assemblies. Last two rows: half of the pair cells, or as many others,
silenced, and the other half of the pair cells read. (c) Cells silenced that answer the composite
and neither picture: share of the pair cells that fires to the partner (silenced in tests), and of
the cells of both assemblies (silenced while learning). (d) Cells of area C silenced: share of the
other parent that fires, and of a wrong assembly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.assembly_calculus import merged_channel as mc
from neurosim.association import channel as ch
from neurosim.run_directory import Run

PROTOCOL = "channel"
NEEDS = ("main",)

HEIGHT = 4.6  # inches
HALVES = {"half_pair": "half of the pair cells", "half_active": "most active, as half"}
CONTROLS = {ch.ASSEMBLY: "as many, same assemblies", ch.OUTSIDE: "as many, of neither"}
NOTHING = {ch.INTACT: "nothing"}
ROWS: Mapping[str, Mapping[str, str]] = {
    "main": {**NOTHING, ch.PAIR: "half of the pair cells", **CONTROLS},
    "learning": {
        **NOTHING,
        ch.PAIR: "pair cells",
        ch.ACTIVE: "as many, most active",
        **CONTROLS,
    },
    "composite_only": {**NOTHING, ch.COMPOSITE: "composite only", **CONTROLS},
    "merger": {
        mc.INTACT: "nothing",
        mc.MERGED: "merged assembly",
        mc.HALF: "half of it",
        mc.OTHERS: "others, as many",
        mc.AS_HALF: "others, as half",
        mc.ALL: "all cells",
    },
}
COUNTS: Mapping[str, Sequence[str]] = {
    "main": ["tests_silenced"],
    "learning": ["learning_silenced"],
    "composite_only": ["tests_silenced", "learning_silenced"],
    "merger": ["silenced"],
}
LABELS = {
    "main": "Other pair cells that fire (share)",
    "learning": "Fire to the partner (share)",
    "composite_only": "Fire to the partner (share)",
    "merger": "Assembly that fires (share)",
}
FULL: Mapping[str, Any] = {"marker": "o", "color": "C0"}
OPEN: Mapping[str, Any] = {"marker": "s", "color": "C2", "markerfacecolor": "none"}
CROSS: Mapping[str, Any] = {"marker": "x", "color": "C1"}
SERIES: Mapping[str, Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "main": {"partner": ("to the partner", FULL), "own": ("to their own", OPEN)},
    "learning": {
        "link": ("assemblies", FULL),
        "former": ("pair cells", OPEN),
        "others": ("others", CROSS),
    },
    "composite_only": {"partner": ("in tests", FULL), "link": ("while learning", OPEN)},
    "merger": {"recall": ("other parent", FULL), "wrong": ("wrong assembly", OPEN)},
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``channel``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    parts = [
        part for row in plotting.rows(figure, [1, 1]) for part in plotting.columns(row, [1, 1])
    ]
    for letter, condition, part in zip("abcd", ROWS, parts, strict=True):
        draw_condition(part, run, condition)
        plotting.panel_letter(part, letter)
    return plotting.settle(figure)


def draw_condition(part: SubFigure, run: Run, condition: str) -> None:
    """Draw what was read in a condition, a row for each set that was silenced."""
    ax = part.subplots()
    ax.set_xlabel(LABELS[condition])
    ax.set_xlim(-0.03, 1.03)
    ax.set_xticks(np.arange(0, 1.1, 0.2))
    if condition not in run.conditions:
        ax.set_yticks([])
        plotting.note(ax, f"the condition\n'{condition}' was not run")
        return
    rows = ROWS[condition]
    names = [f"{label}{counted(run, condition, name)}" for name, label in rows.items()]
    if condition == "learning":
        names += [f"{label}{counted(run, condition, name)}" for name, label in HALVES.items()]
    finite = False
    for series, (label, style) in SERIES[condition].items():
        values = [value_of(run, f"{series}_{name}", condition) for name in rows]
        if condition == "learning":
            of_halves = [value_of(run, name, condition) for name in HALVES]
            values += of_halves if series == "former" else [np.nan] * len(HALVES)
        ax.plot(values, range(len(values)), ls="", label=label, clip_on=False, **style)
        finite = finite or bool(np.isfinite(values).any())
    if not finite:
        plotting.note(ax, "no cell responds\nto both")
    lines(ax, len(names))
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_ylabel("Silenced (cells)")
    part.legend(loc="outside upper right", ncols=3, columnspacing=1, handletextpad=0.2)


def lines(ax: Axes, number: int) -> None:
    """Draw a faint line through each row."""
    for row in range(number):
        ax.axhline(row, color="0.88", lw=0.6, zorder=0)


def counted(run: Run, condition: str, name: str) -> str:
    """Return how many cells were silenced, in brackets; nothing where none were."""
    numbers = [value_of(run, f"{count}_{name}", condition) for count in COUNTS[condition]]
    known = [f"{number:.0f}" for number in numbers if np.isfinite(number)]
    return f" ({', '.join(known)})" if known else ""


def value_of(run: Run, name: str, condition: str) -> float:
    """Return a value of the scorecard, not a number where there is none."""
    row = run.row(name, condition)
    return np.nan if row is None else row.value
