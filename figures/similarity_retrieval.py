"""Mean average precision against the length of the hash, in the layout of Dasgupta et al. 2017.

For every method the mean over projection matrices at each number k of active units, with the
standard deviation over them as error bar; above binary tags, below tags of spike counts or other
values, as published. (a) 2000 Kenyon cells, as in the fly. (b) 20 k Kenyon cells, with which the
sparse projection of the fly takes about as many operations as the dense one of locality-sensitive
hashing (LSH), the comparison of Dasgupta et al. 2017, figure 3; at k = 100 the two are the same.
LSH has k units everywhere: it is compared per active unit, not per bit. The LSH of the paper, which
is valued, stands beside the binary tags too. The truth are the nearest 2 % of the samples.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from neurosim import plotting
from neurosim.hashing.lengths import EXPANSION, FLY, LENGTHS, row_of
from neurosim.hashing.plots import METHODS, curve_of, data_of, name_curves, rule_of
from neurosim.run_directory import Run

PROTOCOL = "similarity"
NEEDS = ("hash_lengths",)

HEIGHT, AXES_HEIGHT = 4.8, 1.8  # inches
WIDTHS = [1, 1.42]  # of the panels: the names of the methods are beside the second
BASELINE = "floor_lsh"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``similarity`` with the condition ``hash_lengths``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    left, right = plotting.columns(figure, WIDTHS)
    draw_column(left, run, f"{FLY} Kenyon cells", dict.fromkeys(LENGTHS, FLY))
    curves = draw_column(
        right, run, f"{EXPANSION} k Kenyon cells", {k: EXPANSION * k for k in LENGTHS}
    )
    for ax, of_axes in zip(right.axes, curves, strict=True):
        name_curves(ax, of_axes, AXES_HEIGHT)
    n_projections = run.sheet.protocol["matrices"]
    figure.supxlabel(
        f"{data_of(run)}; {rule_of(run)}; error bars: sd over {n_projections} projections"
    )
    plotting.panel_letter(left, "a")
    plotting.panel_letter(right, "b")
    return plotting.settle(figure)


def draw_column(
    figure: SubFigure, run: Run, title: str, n_cells: Mapping[int, int]
) -> list[dict[str, Line2D]]:
    """Draw binary and valued tags of so many Kenyon cells at each k; return the curves by name."""
    binary = [name for name, method in METHODS.items() if method.is_binary]
    valued = [name for name, method in METHODS.items() if not method.is_binary]
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.set_title(f"{title}, binary tags")
    lower.set_title(f"{title}, valued tags")
    lower.set_xlabel("Active units k")
    return [
        draw_curves(upper, run, [*binary, BASELINE], n_cells),
        draw_curves(lower, run, valued, n_cells),
    ]


def draw_curves(
    ax: Axes, run: Run, names: list[str], n_cells: Mapping[int, int]
) -> dict[str, Line2D]:
    """Draw some methods, with so many Kenyon cells at each k."""
    curves = {}
    for name in names:
        method = METHODS[name]
        rows = {k: row_of(name, k, n) for k, n in n_cells.items()}
        curve = curve_of(run, "hash_lengths", rows)
        drawn = ax.errorbar(curve.x, curve.y, curve.sd, ms=3.5, elinewidth=0.8, **method.style)
        curves[method.label] = drawn[0]
    ax.set_xscale("log", base=2)
    ax.set_xticks(LENGTHS, [str(k) for k in LENGTHS])
    ax.minorticks_off()
    ax.set_ylim(0, 1)
    ax.set_ylabel("mAP")
    return curves
