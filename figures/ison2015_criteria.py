"""Fraction of pair-coding units against the criterion of a response: Ison et al. 2015.

(a) Over the least median number of spikes in the 0.5 s of a test; the rest of the paper's criterion
(rank-sum test against the baseline, p < .05) stays. The paper asks for 2 spikes (unverified). (b)
Over the rate that a unit must have in half of the tests, with 10 Hz marked, by which assemblies are
counted. (c) Of pseudo-multi-units, sums of one to four cells, by the paper's rule: most units of
the experiment were multi-units (unverified). The published .41 (unverified) is a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association.criterion_curve import pair_coding_by_median, pair_coding_by_rate
from neurosim.association.multi_units import SIZES
from neurosim.association.pair_coding import pair_coding
from neurosim.association.pair_plots import DIRECTIONS, published_fraction
from neurosim.association.paired_roles import PairedRoles
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

HEIGHT = 2.7  # inches
HIGHEST = 1.0  # fraction
NO_UNITS = "no unit responds\nto its picture"
MEDIANS = np.arange(0.5, 10.1, 0.5)  # spikes in 0.5 s
RATES = np.arange(2.0, 40.1, 2.0)  # Hz
Curve = Callable[[Recording, Sequence[tuple[str, str]], Sequence[float]], np.ndarray]


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    directions = PairedRoles.of(recording).directions
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    parts = plotting.columns(figure, [1, 1, 0.8])
    axes = [part.subplots() for part in parts]
    draw_curve(axes[0], recording, directions, pair_coding_by_median, MEDIANS)
    mark(axes[0], st.ISON_CRITERION.min_median, "paper's rule\n(unverified)")
    axes[0].set_xlabel("Least median of spikes in 0.5 s")
    draw_curve(axes[1], recording, directions, pair_coding_by_rate, RATES)
    mark(axes[1], st.ASSEMBLY_RATE, "10 Hz")
    axes[1].set_xlabel("Rate in half of the tests (Hz)")
    draw_multi_units(axes[2], run, pair_coding(recording, directions))
    for part, ax, letter in zip(parts, axes, "abc", strict=True):
        published_fraction(ax)
        ax.set_ylim(0, HIGHEST)
        ax.set_ylabel("Pair-coding units (fraction)")
        plotting.panel_letter(part, letter)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return plotting.settle(figure)


def draw_curve(
    ax: Axes,
    recording: Recording,
    directions: Sequence[tuple[str, str]],
    curve: Curve,
    criteria: np.ndarray,
) -> None:
    """(a, b) Fraction of pair-coding units, either way, at every criterion."""
    for k, (way, style) in enumerate(DIRECTIONS.items()):
        fractions = curve(recording, directions[k::2], criteria.tolist())
        ax.plot(criteria, fractions, label=way, **{**style, "markersize": 3})
    if not any(np.isfinite(line.get_ydata()).any() for line in ax.get_lines()):
        plotting.note(ax, NO_UNITS)
    ax.set_xlim(0, criteria[-1] * 1.03)


def mark(ax: Axes, criterion: float, text: str) -> None:
    """Mark a criterion that the scorecard uses."""
    ax.axvline(criterion, color="0.5", lw=0.8, zorder=0)
    aside = 0.02 * ax.get_xlim()[1]
    ax.text(criterion + aside, 0.97 * HIGHEST, text, va="top", ha="left", fontsize=7, color="0.3")


def draw_multi_units(ax: Axes, run: Run, of_one_cell: float) -> None:
    """(c) Fraction of pair-coding units among sums of cells, both directions pooled."""
    rows = [run.row(f"pair_coding_of_{size}_cells") for size in SIZES]
    values = [of_one_cell, *(np.nan if row is None else row.value for row in rows)]
    sizes = range(1, len(values) + 1)
    ax.bar(sizes, values, 0.7, color="C1")
    if np.isnan(values).all():
        plotting.note(ax, NO_UNITS)
    ax.set(xlim=(0.4, len(values) + 0.6), xticks=sizes)
    ax.set_xlabel("Cells in a unit")
