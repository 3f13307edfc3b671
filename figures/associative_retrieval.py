"""Associative retrieval by fast weights (Ba et al. 2016): the spiking memory and the exact matrix.

(a) One string. Spikes of the key cells of its letters, of all value cells and of the inhibitory
cells; pairs are shown in the shaded times, and the last letter asks. (b) Strings that are answered
right against their number of pairs, with orthogonal and with random sparse keys; for the latter the
exact matrix beside. (c) The same against the delay, in units of the time constant of the fast
weights. Dashed: the exact matrix, whose read-out noise was fitted to one point of (c). (d) Keys
that are bound again, with the rule of overwriting and without it. Error bars are the standard
errors of shares of so many strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.fast_weights.delays import DELAYS, TIME_CONSTANTS
from neurosim.fast_weights.pairs import PAIRS
from neurosim.fast_weights.rebinding import LAGS
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, QUERY_MARK
from neurosim.fast_weights.spiking_associative_memory import orthogonal_codes_of
from neurosim.recording import EDGE
from neurosim.run_directory import Run

PROTOCOL = "associative_retrieval"
NEEDS = ("main",)

HEIGHT = 5.2  # inches
CHANCE = 1 / len(DIGITS)
POPULATIONS = {"key_cells": "Keys", "value_cells": "Values", "inhibitory_cells": "Inh."}
COLOURS = {1: "C0", 4: "C1", 15: "C2", 60: "C4"}
MARKERS = {1: "o", 4: "s", 15: "^", 60: "D"}
EXACT: Mapping[str, Any] = {"ls": "--", "lw": 0.9, "zorder": 0}
REBINDING = {
    **{f"new_value_lag_{lag}": f"new value,\nlag {lag}" for lag in LAGS},
    "last_of_five": "last of five\nin a row",
    "untouched": "keys not\nrebound",
    "untouched_control": "the same,\nno rebinding",
}
RULES: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "orthogonal keys": ("rebinding", "", {"color": "C0", "marker": "o"}),
    "random keys": ("rebinding", "random_", {"color": "C2", "marker": "s"}),
    "orthogonal, Hebbian term alone": (
        "without_overwriting",
        "",
        {"color": "C0", "marker": "o", "markerfacecolor": "white"},
    ),
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``associative_retrieval``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    upper, lower = plotting.rows(figure, [1.15, 1])
    left, right = plotting.columns(upper, [1.35, 1])
    draw_string(left, run)
    draw_pairs(right, run)
    left, right = plotting.columns(lower, [1, 1])
    draw_delays(left, run)
    draw_rebinding(right, run)
    return plotting.settle(figure)


def draw_string(figure: SubFigure, run: Run) -> None:
    """(a) Spikes while one string is shown."""
    recording, table = run.recording, run.recording.trial_table
    codes = orthogonal_codes_of(run.sheet.parameters, run.seed)
    asked = [str(name).startswith(QUERY_MARK) for name in table.stimulus]
    n_trials = asked.index(True) + 1  # the first string of the recording
    stop = float(table.stop_time[n_trials - 1])
    names = [str(name) for name in table.stimulus[:n_trials]]
    letters = sorted({name[0] for name in names[:-1]})
    rows = {
        "key_cells": [np.flatnonzero(codes.keys[LETTERS.index(letter)]) for letter in letters],
        "value_cells": [np.flatnonzero(code) for code in codes.values],
        "inhibitory_cells": [np.arange(recording.spikes["inhibitory_cells"].n)],
    }
    sizes = [sum(map(len, of_population)) for of_population in rows.values()]
    axes = figure.subplots(3, 1, sharex=True, height_ratios=sizes)
    for ax, (population, groups), colour in zip(
        axes, rows.items(), ("C0", "C2", "C3"), strict=True
    ):
        spikes = recording.spikes[population]
        row_of_unit = np.full(spikes.n, -1)
        row_of_unit[np.concatenate(groups)] = np.arange(sum(map(len, groups)))
        shown = (spikes.time < stop - EDGE) & (row_of_unit[spikes.index] >= 0)
        ax.plot(
            spikes.time[shown], row_of_unit[spikes.index[shown]], "|", ms=1.6, mew=0.5, color=colour
        )
        for start, end in zip(table.start_time[:n_trials], table.stop_time[:n_trials], strict=True):
            plotting.mark_stimulus(ax, start, end)
        ax.set_ylim(-1, sum(map(len, groups)))
        ax.set_ylabel(POPULATIONS[population])
        ax.tick_params(axis="y", length=0)
    for ax, names_of_groups, groups in (
        (axes[0], letters, rows["key_cells"]),
        (axes[1], list(DIGITS), rows["value_cells"]),
    ):
        edges = np.cumsum([0, *map(len, groups)])
        ax.set_yticks((edges[:-1] + edges[1:] - 1) / 2, names_of_groups)
    axes[2].set_yticks([])
    axes[2].set_xlabel("Time (s)")
    for name, start, end in zip(names, table.start_time, table.stop_time, strict=False):
        axes[0].annotate(
            name, ((start + end) / 2, 1), (0, 2), ("data", "axes fraction"), "offset points",
            ha="center", va="bottom",
        )  # fmt: skip
    axes[2].set_xlim(0, stop)
    plotting.panel_letter(figure, "a")


def draw_share(ax: Axes, run: Run, condition: str, names: Mapping[float, str], **line: Any) -> None:
    """Draw the rows of a condition that were measured, with error bars unless it is dashed."""
    rows = {x: run.row(name, condition) for x, name in names.items()}
    measured = {x: row.value for x, row in rows.items() if row is not None}
    if not measured:
        return
    shares = np.array(list(measured.values()))
    errors = None
    if line.get("ls") != EXACT["ls"]:
        errors = np.sqrt(shares * (1 - shares) / run.sheet.protocol["n_strings"])
    ax.errorbar(list(measured), shares, errors, **{"ms": 3.5, "elinewidth": 0.8, **line})


def draw_pairs(figure: SubFigure, run: Run) -> None:
    """(b) Retrieval against the number of pairs."""
    ax = figure.subplots()
    names = {float(n): f"retrieved_{n}_pairs" for n in PAIRS}
    matrix = {float(n): f"matrix_{n}_pairs" for n in PAIRS}
    draw_share(ax, run, "main", names, color="C0", marker="o", label="orthogonal keys")
    if "random_keys" in run.conditions:
        draw_share(ax, run, "random_keys", names, color="C2", marker="s", label="random keys")
        draw_share(ax, run, "random_keys", matrix, color="C2", label="exact matrix", **EXACT)
    for condition, label in (("without_learning", "no Hebbian term"), ("shuffled", "shuffled")):
        if condition in run.conditions:
            style = {"color": "0.5", "marker": "x" if condition == "shuffled" else "v"}
            draw_share(ax, run, condition, names, label=label, **style)
    if not ax.containers:
        plotting.note(ax, "other strings were asked")
    finish(ax, "Pairs in the string")
    ax.set_xticks(PAIRS)
    ax.set_xlim(0, max(PAIRS) + 2)
    plotting.panel_letter(figure, "b")


def draw_delays(figure: SubFigure, run: Run) -> None:
    """(c) Retrieval against the delay."""
    ax = figure.subplots()
    finish(ax, "Delay (time constants of the fast weights)")
    if "delay" in run.conditions:
        for tau in TIME_CONSTANTS:
            place = f"tau_{tau}_s_at"
            names = {x: f"retrieved_{place}_{x:g}_tau" for x in DELAYS}
            matrix = {x: f"matrix_{place}_{x:g}_tau" for x in DELAYS}
            style = {"color": COLOURS[tau]}
            label = f"$\\tau$ = {tau} s"
            draw_share(ax, run, "delay", names, marker=MARKERS[tau], label=label, **style)
            draw_share(ax, run, "delay", matrix, **style, **EXACT)
        ax.plot([], [], color="0.4", label="exact matrix", **EXACT)
        ax.legend(loc="lower left")
    else:
        plotting.note(ax, "the condition 'delay' was not run")
    plotting.panel_letter(figure, "c")


def draw_rebinding(figure: SubFigure, run: Run) -> None:
    """(d) What keys return that are bound again, and what the others return."""
    ax = figure.subplots()
    finish(ax, "")
    drawn = [rule for rule in RULES.values() if rule[0] in run.conditions]
    if not drawn:
        plotting.note(ax, "the condition 'rebinding' was not run")
    for offset, (label, (condition, prefix, style)) in zip(
        (-0.15, 0, 0.15), RULES.items(), strict=True
    ):
        if condition in run.conditions:
            names = {k + offset: prefix + name for k, name in enumerate(REBINDING)}
            draw_share(ax, run, condition, names, label=label, ls="", **style)
    ax.set_xticks(range(len(REBINDING)), list(REBINDING.values()))
    ax.set_xlim(-0.5, len(REBINDING) - 0.5)
    if drawn:
        ax.legend(loc="lower right")
    plotting.panel_letter(figure, "d")


def finish(ax: Axes, label: str) -> None:
    """Add chance, labels and limits."""
    ax.axhline(CHANCE, color="0.4", lw=0.8, ls=":", label="chance")
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(label)
    ax.set_ylabel("Strings answered right (share)")
    ax.legend(loc="center right")
