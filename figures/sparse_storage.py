"""What a sparse code gains: odours as keys of fast weights, in three codes.

Answers that are right, of the spiking memory (solid) and of the exact Hebbian matrix (dashed) with
a read-out noise that was fitted to orthogonal keys. (a-c) Against the number of pairs; keys are
odours that do not correlate. Open symbols: ten pairs, each digit bound once. (d-f) Ten pairs,
against the correlation of the odours. Columns: what the codes have as many of. The sparse code,
tags of the spiking fly hash, is the same in all of them; PN rates are the spikes of projection
neurons. Dash-dotted: the exact matrix, the mean over all keys taken off each key. Error bars are
the standard errors of shares of so many answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from neurosim import plotting
from neurosim.fast_weights.examination import CHANCE
from neurosim.fast_weights.odour_keys import CODES, DENSE, RATES, SPARSE
from neurosim.fast_weights.retrieval_strings import DIGITS
from neurosim.fast_weights.sparse_storage import (
    COMPARISONS,
    EQUAL_CELLS,
    EQUAL_SPIKES,
    EQUAL_SYNAPSES,
    N_QUESTIONS,
    case_of,
)
from neurosim.fast_weights.storage_comparison import CENTRED, CORRELATIONS, PAIRS, SIMILAR_PAIRS
from neurosim.run_directory import Run

PROTOCOL = "sparse_storage"
NEEDS = ("main",)

HEIGHT = 4.6  # inches
TITLES = {
    EQUAL_CELLS: "equal key cells",
    EQUAL_SYNAPSES: "equal synapses",
    EQUAL_SPIKES: "equal key spikes",
}
LABELS = {SPARSE: "sparse tags", DENSE: "dense tags", RATES: "PN rates"}
STYLES: Mapping[str, Mapping[str, Any]] = {
    SPARSE: {"color": "C0", "marker": "o"},
    DENSE: {"color": "C1", "marker": "s"},
    RATES: {"color": "C2", "marker": "^"},
}
EXACT: Mapping[str, Any] = {"ls": "--", "lw": 0.9, "zorder": 0}
WITHOUT_MEAN: Mapping[str, Any] = {"ls": "-.", "lw": 0.9, "zorder": 0}
DISTINCT: Mapping[str, Any] = {"ls": "", "ms": 6, "markerfacecolor": "none"}
BESIDE = {SPARSE: -1.2, DENSE: 0.0, RATES: 1.2}  # so that equal shares are seen
AT_CHANCE: Mapping[str, Any] = {"ls": ":", "lw": 0.8}
EXACT_LABEL, CENTRED_LABEL = "exact", "exact, mean off"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``sparse_storage``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    top, upper, lower = plotting.rows(figure, [0.14, 1, 1])
    draw_legend(top)
    for letter, comparison, part in zip(
        "abc", COMPARISONS, plotting.columns(upper, [1, 1, 1]), strict=True
    ):
        ax = part.subplots()
        draw_numbers(ax, run, comparison)
        plotting.panel_letter(part, letter)
    for letter, comparison, part in zip(
        "def", COMPARISONS, plotting.columns(lower, [1, 1, 1]), strict=True
    ):
        ax = part.subplots()
        draw_similarity(ax, run, comparison)
        plotting.panel_letter(part, letter)
    return plotting.settle(figure)


def draw_legend(part: SubFigure) -> None:
    """Name the codes and the lines, which are the same in all panels."""
    codes = [Line2D([], [], ms=3.5, label=LABELS[code], **STYLES[code]) for code in CODES]
    lines = [
        Line2D([], [], color="0.4", label=EXACT_LABEL, **EXACT),
        Line2D([], [], color="0.4", label=CENTRED_LABEL, **WITHOUT_MEAN),
        Line2D([], [], color="0.4", marker="o", label="each digit once", **DISTINCT),
        Line2D([], [], color="0.4", label="chance", **AT_CHANCE),
    ]
    part.legend(handles=[*codes, *lines], loc="center", ncols=len(codes) + len(lines))


def draw_numbers(ax: Axes, run: Run, comparison: str) -> None:
    """(a-c) Retrieval against the number of pairs."""
    for code in CODES:
        case = case_of(code, comparison)
        names = {float(n): f"{case}_{n}_pairs" for n in PAIRS}
        draw_code(ax, run, "main", code, names)
        if case in CENTRED:
            draw_exact(ax, run, "main", "centred_{}", code, names, WITHOUT_MEAN)
        if "distinct_digits" in run.conditions:
            place = len(DIGITS) + BESIDE[code]
            shares = values_of(run, "distinct_digits", "retrieved_{}", {place: case})
            style = {**STYLES[code], **DISTINCT}
            ax.plot(list(shares), list(shares.values()), **style)
    finish(ax, "Pairs in the string")
    ax.set_xticks(PAIRS)
    ax.set_xlim(0, max(PAIRS) + 1)
    ax.set_title(TITLES[comparison])


def draw_similarity(ax: Axes, run: Run, comparison: str) -> None:
    """(d-f) Retrieval against the correlation of the odours."""
    finish(ax, f"Correlation of odours ({SIMILAR_PAIRS} pairs)")
    ax.set_xticks(CORRELATIONS)
    ax.set_xlim(-0.05, 1)
    if "similarity" not in run.conditions:
        plotting.note(ax, "the condition\n'similarity' was not run")
        return
    for code in CODES:
        case = case_of(code, comparison)
        names = {r: f"{case}_at_{r:g}" for r in CORRELATIONS}
        draw_code(ax, run, "similarity", code, names)
        if case in CENTRED:
            draw_exact(ax, run, "similarity", "centred_{}", code, names, WITHOUT_MEAN)


def draw_code(ax: Axes, run: Run, condition: str, code: str, names: Mapping[float, str]) -> None:
    """Draw what the circuit retrieves with a code, and the exact matrix."""
    shares = values_of(run, condition, "retrieved_{}", names)
    n_answers = run.sheet.protocol["n_strings"] * N_QUESTIONS
    right = np.array(list(shares.values()))
    errors = np.sqrt(right * (1 - right) / n_answers)
    ax.errorbar(list(shares), right, errors, ms=3.5, elinewidth=0.8, **STYLES[code])
    draw_exact(ax, run, condition, "matrix_{}", code, names, EXACT)


def draw_exact(
    ax: Axes,
    run: Run,
    condition: str,
    row: str,
    code: str,
    names: Mapping[float, str],
    line: Mapping[str, Any],
) -> None:
    """Draw what an exact matrix retrieves."""
    shares = values_of(run, condition, row, names)
    ax.plot(list(shares), list(shares.values()), color=STYLES[code]["color"], **line)


def values_of(run: Run, condition: str, row: str, names: Mapping[float, str]) -> dict[float, float]:
    """Return the values of rows that were measured."""
    rows = {x: run.row(row.format(name), condition) for x, name in names.items()}
    return {x: found.value for x, found in rows.items() if found is not None}


def finish(ax: Axes, label: str) -> None:
    """Add chance, labels and limits."""
    ax.axhline(CHANCE, color="0.4", **AT_CHANCE)
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(label)
    ax.set_ylabel("Answers right (share)")
