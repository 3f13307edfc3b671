"""Which values of the scorecard move when a parameter changes by a tenth, and how far.

Each parameter of the sheet alone is made smaller (left half of a cell) and larger (right half) by
10 %; whole numbers by one or more. The colour is the change of the mean in units of the standard
deviation over seeds of the sheet as it is; a sign marks a change of more than one such unit and
more than two of its standard errors. Hatched: not done, or refused by the sheet. Parameters and
values that nothing moves so far are left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.sweeping.plots import broken, chosen, footnote
from neurosim.sweeping.results import Sweep

if TYPE_CHECKING:
    import pandas as pd

PROTOCOL, NEEDS, KIND = None, (), "sensitivity"

LEVELS = (-16, -8, -4, -2, -1, 1, 2, 4, 8, 16)  # standard deviations over seeds
DARK = 8  # standard deviations whose colour takes white letters
CERTAIN = 2.0  # standard errors
ROW_HEIGHT, LETTER_WIDTH, BAR_HEIGHT = 0.15, 0.055, 0.9  # inches
LONGEST_NAME = 28  # characters
CHANGES = (-0.1, 0.1)


def draw(sweep: Sweep, values: Sequence[str] | None = None) -> Figure:
    """Draw the figure.

    Parameters
    ----------
    sweep : Sweep
    values : sequence of str, optional
        Names of values of the scorecard.
    """
    effects = sweep.effects
    names = chosen(values, list(dict.fromkeys(effects["value"])), "value")
    effects = effects[effects["value"].isin(names)]
    size = effects["effect"].abs()
    moved = (size > 1) & (size > CERTAIN * effects["se"])
    effects = effects.assign(moved=moved, column=_columns(sweep, effects))
    rows, columns = (
        list(dict.fromkeys(effects.loc[moved, name])) for name in ("parameter", "column")
    )
    rows = [name for name in dict.fromkeys(effects["parameter"]) if name in rows]
    columns = [name for name in dict.fromkeys(effects["column"]) if name in columns]
    labels = [broken(name, LONGEST_NAME) for name in columns]
    n_letters = max((len(line) for label in labels for line in label.split("\n")), default=20)
    foot = BAR_HEIGHT + LETTER_WIDTH * n_letters
    figure = Figure(figsize=(plotting.WIDTH, foot + ROW_HEIGHT * len(rows)))
    ax = figure.subplots()
    if not rows:
        ax.set_axis_off()
        plotting.note(ax, f"{footnote(sweep)}: nothing moves by more than the spread over seeds.")
        return plotting.settle(figure)
    mesh = _draw_cells(ax, effects, rows, columns)
    ax.set_xticks(np.arange(len(columns)) + 0.5, labels, rotation=90)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.tick_params(length=0, labelsize=7)
    bar = figure.colorbar(mesh, ax=ax, location="bottom", aspect=50, pad=0.02, ticks=LEVELS)
    n_rows = effects["parameter"].nunique() - len(rows)
    n_columns = effects["column"].nunique() - len(columns)
    bar.set_label(
        "Change of the mean / standard deviation over seeds (left \u221210 %, right +10 %); "
        f"{footnote(sweep)}\nMoved less than that and left out: {n_rows} parameters, "
        f"{n_columns} values",
        fontsize=7,
    )
    return plotting.settle(figure)


def _draw_cells(
    ax: Axes, effects: pd.DataFrame, rows: Sequence[str], columns: Sequence[str]
) -> QuadMesh:
    """Draw the cells, each in two halves, and the signs in them."""
    shades = np.full((len(rows), 2 * len(columns)), np.nan)
    for row in effects.to_dict("records"):
        if row["parameter"] in rows and row["column"] in columns:
            y = rows.index(row["parameter"])
            x = 2 * columns.index(row["column"]) + CHANGES.index(row["change"])
            shades[y, x] = row["effect"]
            if row["moved"]:
                ax.text(
                    (x + 0.5) / 2,
                    y + 0.5,
                    "+" if row["effect"] > 0 else "\u2212",
                    ha="center",
                    va="center_baseline",
                    fontsize=7,
                    color="white" if abs(row["effect"]) > DARK else "black",
                )
    ax.patch.set(hatch="////", edgecolor="0.8")
    # What has no spread over seeds moves infinitely far, which would be left blank.
    mesh = ax.pcolormesh(
        np.arange(2 * len(columns) + 1) / 2,
        np.arange(len(rows) + 1),
        np.clip(shades, -1e9, 1e9),
        cmap="PuOr",
        norm=BoundaryNorm(LEVELS, 256, extend="both"),
    )
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    for x in range(1, len(columns)):
        ax.axvline(x, color="white", lw=1.2)
    for y in range(1, len(rows)):
        ax.axhline(y, color="white", lw=0.8)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return mesh


def _columns(sweep: Sweep, effects: pd.DataFrame) -> list[str]:
    """Return the name of each row's value, with its condition where there are several."""
    several = len(sweep.conditions) > 1
    return [
        f"{row['condition']}: {row['value']}" if several else str(row["value"])
        for row in effects.to_dict("records")
    ]
