"""How many spikes a claw needs: retrieval and reliability against independent spikes per claw.

Poisson receptor neurons at several mean rates; on the x axis the independent spikes that reach a
projection neuron, and with it each of its claws, in the window of one odour, in the mean over
odours and receptor types. The ratio is the mAP of the spiking circuit over that of the algorithm
with the same projection, both with binary tags; the Jaccard index is that of the tags of two trials
of one odour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.hashing.plots import curve_of, data_of, rule_of
from neurosim.run_directory import Run

PROTOCOL = "similarity"
NEEDS = ("convergence",)

HEIGHT = 3.0  # inches
SPIKES = (5, 10, 20, 40, 80, 160)
CURVES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "map_ratio": ("mAP, circuit / algorithm (binary)", {"color": "C2", "marker": "o"}),
    "jaccard": ("Jaccard index of two trials", {"color": "C0", "marker": "s", "ls": "--"}),
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``similarity`` with the condition ``convergence``."""
    figure = Figure(figsize=(0.6 * plotting.WIDTH, HEIGHT))
    ax = figure.subplots()
    ax.axhline(1, color="0.7", lw=0.8, zorder=0)
    for quantity, (label, style) in CURVES.items():
        curve = curve_of(run, "convergence", {n: f"{quantity}_at_{n}_spikes" for n in SPIKES})
        ax.plot(curve.x, curve.y, label=label, **style)
    sheet = run.sheet.parameters
    receptors = sheet.receptor_neurons
    of_sheet = receptors.n_per_type * receptors.mean_rate * sheet.simulation.window
    # From above the legend on.
    ax.axvline(of_sheet, 0.3, color="0.4", ls=":", lw=1, label=f"the sheet: {of_sheet:g}")
    ax.set_xscale("log", base=2)
    ax.set_xticks(SPIKES, [str(n) for n in SPIKES])
    ax.minorticks_off()
    ax.set_ylim(0, 1.05)
    ax.set_xlabel("Independent spikes per claw and odour")
    ax.set_ylabel("Ratio, or index")
    cells = f"{sheet.kenyon_cells.n} Kenyon cells"
    if sheet.apl.sparsity > 0:  # else the gain is given, and no share was asked for
        cells = f"{100 * sheet.apl.sparsity:g} % of {cells}"
    ax.set_title(f"{data_of(run)}, {cells}\n{rule_of(run)}")
    ax.legend(loc="lower right")
    return plotting.settle(figure)
