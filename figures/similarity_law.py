"""The law of overlap: how alike tags are, given how inputs correlate, beside the exact curve.

Pairs of odours with Gaussian rates of known correlation (rates below 0 are 0), tags of 5 and of
10 % of the Kenyon cells; regular projection neurons. The curves are exact for infinitely many
Kenyon cells whose excitation is jointly Gaussian ("random projection preserves similarity",
Papadimitriou & Vempala 2018); nothing is fitted to the points.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.abstract.overlap_law import expected_overlap
from neurosim.hashing.plots import curve_of
from neurosim.run_directory import Run

PROTOCOL = "similarity"
NEEDS = ("overlap_law",)

HEIGHT = 3.2  # inches
CORRELATIONS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
STYLES: Mapping[int, Mapping[str, Any]] = {
    5: {"color": "C2", "marker": "o", "ls": "-"},
    10: {"color": "C1", "marker": "s", "ls": "--", "markerfacecolor": "white"},
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``similarity`` with the condition ``overlap_law``."""
    figure = Figure(figsize=(0.6 * plotting.WIDTH, HEIGHT))
    ax = figure.subplots()
    correlation = np.linspace(0, 1, 201)
    for percent, style in STYLES.items():
        names = {c: f"overlap_{percent}_percent_at_{c}" for c in CORRELATIONS}
        measured = curve_of(run, "overlap_law", names)
        deviation = run.row(f"largest_deviation_{percent}_percent", "overlap_law")
        within = "" if deviation is None else f" (within {deviation.value:.3f})"
        ax.plot(
            correlation,
            expected_overlap(correlation, percent / 100),
            label=f"{percent} %, exact for Gaussian excitation",
            **{**style, "marker": ""},
        )
        ax.plot(
            measured.x, measured.y, label=f"{percent} %, spiking{within}", **{**style, "ls": ""}
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(0, 1.03))
    ax.set_xlabel("Correlation of two odours")
    ax.set_ylabel("Overlap of their tags (share of active cells)")
    ax.legend(loc="upper left")
    return plotting.settle(figure)
