"""What was learnt on one view of each picture, tested on others: crop, shift, half of the contrast.

For each view: (a) the share of the picture's active inputs that it has too; (b) the share of the
picture's assembly that it recalls before learning; (c) the fraction of pair-coding units when the
partner is tested on this view, beside the published .41 (unverified). Chance is the share that a
random code, a random set of as many cells would have in common with the picture's.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.association.assemblies import find_assembly
from neurosim.association.pair_coding import BEFORE
from neurosim.association.pair_plots import published_fraction
from neurosim.association.paired_roles import PairedRoles
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.association.picture_views import VIEWS
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015_views"
NEEDS = ("main",)

HEIGHT = 2.7  # inches
HIGHEST = 1.35  # leaves room for the legends
PARTS = (
    ("code_share", "Active inputs in common (share)", "C1"),
    ("recall", "Assembly recalled (share)", "C0"),
    ("pair_coding", "Pair-coding units (fraction)", "C4"),
)


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015_views``."""
    inputs = run.sheet.parameters.input
    chance = {
        "code_share": inputs.n_active / inputs.n,
        "recall": mean_assembly_share(run.recordings["main"]),
    }
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    for part, (name, label, colour), letter in zip(
        plotting.columns(figure, [1, 1, 1.2]), PARTS, "abc", strict=True
    ):
        ax = part.subplots()
        draw_views(ax, run, name, colour)
        ax.set_ylabel(label)
        if name in chance:
            ax.axhline(chance[name], color="0.5", ls="--", label="chance")
        else:
            published_fraction(ax)
        ax.legend(loc="upper left")
        plotting.panel_letter(part, letter)
    return plotting.settle(figure)


def mean_assembly_share(recording: Recording) -> float:
    """Return the share of the cells that fires to a view before learning, mean over the views."""
    singles = [own for own, _ in PairedRoles.of(recording).directions]
    names = [PairedStimuli.view(own, view) for own in singles for view in VIEWS]
    return float(np.mean([find_assembly(recording, name, BEFORE).mean() for name in names]))


def draw_views(ax: Axes, run: Run, name: str, colour: str) -> None:
    """Draw a quantity of the scorecard on the picture itself, if it was measured, and its views."""
    rows = {view or "picture": run.row(row_name(name, view)) for view in ("", *VIEWS)}
    values = {view: row.value for view, row in rows.items() if row is not None}
    bars = ax.bar(range(len(values)), list(values.values()), color=colour, width=0.7)
    texts = [f"{value:.2f}" if np.isfinite(value) else "" for value in values.values()]
    ax.bar_label(bars, texts, padding=1, fontsize=7)
    if not any(texts):
        plotting.note(ax, "no unit responds\nto its picture")
    ax.set_xticks(range(len(values)), list(values))
    ax.set(ylim=(0, HIGHEST), yticks=np.arange(0, 1.1, 0.2))
    ax.spines.left.set_bounds(0, 1)
    ax.set_xlabel("View that is tested")


def row_name(name: str, view: str) -> str:
    """Return the name of a row of the scorecard; without a view that of the picture itself."""
    return f"{name}_{view}" if view else name
