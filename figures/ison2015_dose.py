"""Fraction of pair-coding units against the dose of plasticity while the composites are shown.

All synapses plastic, only those within the area, only those from the input; each condition that was
run is a line, both directions pooled. The dose is a multiple of the sheet's learning rate. The band
holds the fractions of .25 to .60, the marks at its edges are the doses between which the fraction
stays there. The published .41 (unverified) is a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.association.dose_response import WANTED, dose_of, fractions_by_dose
from neurosim.association.pair_plots import published_fraction
from neurosim.association.paired_roles import PairedRoles
from neurosim.run_directory import Run

PROTOCOL = "ison2015_dose"
NEEDS = ("main",)

HEIGHT = 3.0  # inches
LINES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "main": ("all synapses plastic", {"color": "C4", "marker": "o"}),
    "recurrent_only": ("only within the area", {"color": "C1", "marker": "^", "ls": "--"}),
    "input_only": (
        "only from the input",
        {"color": "C2", "marker": "s", "ls": "-.", "markerfacecolor": "white"},
    ),
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015_dose``."""
    figure = Figure(figsize=(0.7 * plotting.WIDTH, HEIGHT))
    ax = figure.subplots()
    lowest, highest = (f"{fraction:.2f}".removeprefix("0") for fraction in WANTED)
    band = f"wanted: {lowest} to {highest}"
    ax.axhspan(*WANTED, color="0.93", lw=0, zorder=0, label=band)
    for condition, (label, style) in LINES.items():
        if condition not in run.conditions:
            continue
        recording = run.recordings[condition]
        tested = {dose_of(phase) for phase in recording.trial_table.phase}
        doses = sorted(dose for dose in tested if dose is not None)
        fractions = fractions_by_dose(recording, PairedRoles.of(recording).directions, doses)
        ax.plot(doses, fractions, label=label, **style)
    if not any(np.isfinite(line.get_ydata()).any() for line in ax.get_lines()):
        plotting.note(ax, "no unit responds to its picture")
    for name, fraction in zip(("lowest_dose", "highest_dose"), WANTED, strict=True):
        row = run.row(name)
        if row is not None and np.isfinite(row.value):  # the fraction is reached
            ax.plot([row.value] * 2, [0, fraction], color="0.4", lw=0.8, zorder=0)
            ax.text(row.value, 0.02, f" {row.value:.2f}", fontsize=7, va="bottom")
    published_fraction(ax)
    ax.set_xscale("log", base=2)
    ticks = [0.5, 0.7, 1, 1.4, 2, 2.8]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("Dose: learning rate at the composites (multiple of the sheet's)")
    ax.set_ylabel("Pair-coding units (fraction)")
    ax.legend(loc="upper left")
    return plotting.settle(figure)
