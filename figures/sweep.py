"""Values of the scorecard against what was varied in a sweep.

A panel for each value: the mean over seeds with its 95 % confidence interval (Student's t), small
markers for the single runs; in grey the range of the target, where there is one. The first
parameter is on the horizontal axis, each setting of the others has a line of its own. Without a
choice the values that have a target come first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.errors import InputError
from neurosim.sweeping.plots import broken, chosen, footnote, readable_unit
from neurosim.sweeping.report import shown
from neurosim.sweeping.results import Sweep

if TYPE_CHECKING:
    import pandas as pd

PROTOCOL, NEEDS, KIND = None, (), "sweep"

CONDITION = "condition"
MOST_PANELS, COLUMNS = 12, 3
PANEL_HEIGHT, FOOT_HEIGHT = 1.75, 0.5  # inches
LONGEST_LABEL = 26  # characters
MARKERS, LINES = "osD^v", ("-", "--", ":")
CHARACTERS, CHARACTERS_OF_HANDLE = 100, 8  # that fit side by side below a figure
MOST_LINES = len(MARKERS) * len(LINES)


def draw(sweep: Sweep, values: Sequence[str] | None = None, against: str | None = None) -> Figure:
    """Draw the figure.

    Parameters
    ----------
    sweep : Sweep
    values : sequence of str, optional
        Names of values of the scorecard.
    against : str, optional
        The column on the horizontal axis; by default the first that was varied.
    """
    statistics, runs = sweep.statistics, sweep.runs
    by_column = [*sweep.keys, CONDITION]
    across = chosen([against] if against else None, by_column, "parameter")[0]
    names = chosen(values, list(dict.fromkeys(statistics["value"])), "value")
    if values is None:
        has_target = statistics["low"].notna() | statistics["high"].notna()
        judged = set(statistics.loc[has_target, "value"])
        names.sort(key=lambda name: name not in judged)
    panels = names[:MOST_PANELS] if values is None else names
    others = [name for name in by_column if name != across and statistics[name].nunique() > 1]
    groups = list(dict.fromkeys(zip(*(statistics[name] for name in others), strict=True)))
    if len(groups) > MOST_LINES:
        raise InputError(
            f"The sweep has {len(groups)} lines beside '{across}', expected {MOST_LINES} at most."
        )
    n_rows = math.ceil(len(panels) / COLUMNS)
    n_columns = min(COLUMNS, len(panels))
    width = plotting.WIDTH * (0.3 + 0.7 * n_columns / COLUMNS)
    figure = Figure(figsize=(width, FOOT_HEIGHT + PANEL_HEIGHT * n_rows))
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(axes, panels, strict=False):
        of_name = statistics[statistics["value"] == name]
        size, unit = readable_unit(of_name["mean"].dropna(), of_name["unit"].iloc[0])
        places = _horizontal(ax, sweep, across, statistics[across])
        for k, group in enumerate(groups or [()]):
            style = {"color": f"C{k % 5}", "marker": MARKERS[k % 5], "ls": LINES[k // 5]}
            label = ", ".join(
                shown(setting, sweep.plan.units.get(other, "1"))
                for other, setting in zip(others, group, strict=True)
            )
            shift = places.step * (k - (len(groups or [()]) - 1) / 2)
            where = _where(of_name, others, group)
            _draw_mean(ax, places.of(where[across]) + shift, where, size, label, style)
            single = _where(runs[runs[name].notna()], others, group)
            ax.plot(
                places.of(single[across]) + shift,
                single[name] / size,
                **{**style, "ls": "", "markersize": 2.2, "alpha": 0.5, "mew": 0},
            )
        _draw_target(ax, of_name, size)
        ax.set_ylabel(broken(name, LONGEST_LABEL) + unit, fontsize=7)
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    _add_foot(figure, axes[0], sweep, others, len(names) - len(panels))
    return plotting.settle(figure)


class _Places:
    """Where the settings of a column lie on the horizontal axis."""

    def __init__(self, known: list[Any], size: float | None) -> None:
        self._known, self._size = known, size
        span = 1.0 if size is None else (max(known) - min(known)) / size
        self.step = 0.012 * span * (1 if size else len(known))

    def of(self, settings: pd.Series[Any]) -> np.ndarray:
        """Return the positions of settings: numbers in their unit, words in their order."""
        if self._size is not None:
            return np.asarray(settings, dtype=float) / self._size
        return np.array([self._known.index(setting) for setting in settings], dtype=float)


def _horizontal(ax: Axes, sweep: Sweep, across: str, settings: pd.Series[Any]) -> _Places:
    known = list(dict.fromkeys(settings))
    is_numeric = all(isinstance(it, int | float) and not isinstance(it, bool) for it in known)
    if is_numeric and len(known) > 1:
        size, unit = readable_unit(known, sweep.plan.units.get(across, "1"))
        ax.set_xlabel(across + unit, fontsize=7)
        return _Places(known, size)
    ax.set_xticks(
        range(len(known)),
        [shown(it, sweep.plan.units.get(across, "1")) for it in known],
        rotation=20 if known[3:] else 0,
    )
    ax.set_xlim(-0.5, len(known) - 0.5)
    ax.set_xlabel(across, fontsize=7)
    return _Places(known, None)


def _where(table: pd.DataFrame, columns: Sequence[str], settings: Sequence[Any]) -> pd.DataFrame:
    for column, setting in zip(columns, settings, strict=True):
        table = table[table[column] == setting]
    return table


def _draw_mean(
    ax: Axes, x: np.ndarray, rows: pd.DataFrame, size: float, label: str, style: dict[str, Any]
) -> None:
    order = np.argsort(x, kind="stable")
    mean = rows["mean"].to_numpy()[order] / size
    half = np.nan_to_num((rows["ci_high"] - rows["mean"]).to_numpy()[order] / size)
    ax.errorbar(x[order], mean, yerr=half, label=label, capsize=1.5, elinewidth=0.8, **style)


def _draw_target(ax: Axes, rows: pd.DataFrame, size: float) -> None:
    """Shade the range of the target as far as it is in view."""
    low, high = (rows[bound].dropna() for bound in ("low", "high"))
    if low.empty and high.empty:
        return
    bottom, top = ax.get_ylim()
    lower = bottom if low.empty else max(bottom, low.iloc[0] / size)
    upper = top if high.empty else min(top, high.iloc[0] / size)
    if lower < upper:
        ax.axhspan(lower, upper, color=plotting.STIMULUS_COLOUR, lw=0, zorder=0)
    ax.set_ylim(bottom, top)


def _add_foot(
    figure: Figure, ax: Axes, sweep: Sweep, others: Sequence[str], n_left_out: int
) -> None:
    text = f"{footnote(sweep)}; mean and 95 % interval; grey: the range of the target"
    if n_left_out:
        text += f"; {n_left_out} more values by --value"
    if others:
        text += f"\nLines: {', '.join(others)}"
    handles, labels = ax.get_legend_handles_labels() if others else ([], [])
    longest = max(map(len, labels), default=0)
    legend = figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=max(1, CHARACTERS // (longest + CHARACTERS_OF_HANDLE)),
        title=text,
        title_fontsize=7,
    )
    legend.get_title().set_multialignment("center")
