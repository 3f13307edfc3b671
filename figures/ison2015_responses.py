"""Units before and after learning, laid out as in Ison et al. 2015 (second-hand).

Always left a unit's own picture, before learning (blue) and after it (red), right its partner,
before (grey) and after (green). (a) Units of the first pair that respond to P and came to respond
to NP, chosen by rule (`neurosim.association.example_units`): lower quartile, median and upper
quartile of the gain. Spikes in every test, and the mean rate with its 95 % confidence interval over
trials. (b) Mean rate over all pair-coding units, and (c) over all units that respond to one picture
of a pair before learning; both directions of all pairs pooled; confidence over units.

Time runs from 0.4 s before the onset to 0.9 s after it: tests are 0.9 s apart, and the paper's
-0.75 to 1 s would reach into other trials.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.association.example_units import QUARTILES, example_units
from neurosim.association.pair_plots import group_histogram, raster_before_and_after, unit_histogram
from neurosim.association.paired_roles import PairedRoles, short_name
from neurosim.association.unit_responses import (
    UnitGroup,
    count_units,
    pair_coding_groups,
    responding_groups,
)
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

EXAMPLES, MEANS = 3.2, 2.1  # heights of the rows, inches
ROLES = {"P": "own picture", "NP": "its partner"}
RANKS = ("lower quartile", "median", "upper quartile")  # of the gain, as in QUARTILES
TIME = "Time from the onset (s)"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    figure = Figure(figsize=(plotting.WIDTH, EXAMPLES + MEANS))
    upper, lower = plotting.rows(figure, [EXAMPLES, MEANS])
    draw_examples(upper, recording, roles)
    left, right = plotting.columns(lower, [1, 1])
    coding = pair_coding_groups(recording, roles.directions)
    draw_mean(left, recording, coding, "b", "pair-coding units")
    responding = responding_groups(recording, roles.directions)
    draw_mean(right, recording, responding, "c", "responding units")
    return plotting.settle(figure)


def draw_examples(figure: SubFigure, recording: Recording, roles: PairedRoles) -> None:
    """(a) Spikes and mean rate of the example units."""
    pair = roles.pairs[0]
    example = example_units(recording, pair.p, pair.partner, QUARTILES)
    ranks: dict[int, list[str]] = {}
    for unit, rank in zip(example.units, RANKS, strict=True):
        ranks.setdefault(unit, []).append(rank)
    parts = plotting.columns(figure, [1] * len(ranks))
    for part, (unit, of_unit) in zip(parts, ranks.items(), strict=True):
        draw_unit(part, recording, unit, {"P": pair.p, "NP": pair.partner})
        part.suptitle(f"Unit {unit}: {', '.join(of_unit)}")
    first = parts[0].axes
    first[0].set_ylabel("Tests")
    first[2].set_ylabel("Firing rate (Hz)")
    for part in parts[1:]:
        part.axes[0].tick_params(labelleft=False)
    which = f"gain of {example.n_candidates} {example.kind}"
    if len(roles.pairs) > 1:
        which += f", first of {len(roles.pairs)} pairs"
    figure.supxlabel(f"{TIME}; {which}")
    plotting.panel_letter(figure, "a")


def draw_unit(figure: SubFigure, recording: Recording, unit: int, names: dict[str, str]) -> None:
    """Draw the spikes of a unit above its mean rate, to P left and to NP right."""
    rasters, rates = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[1, 0.8])
    for raster, rate, (role, name) in zip(rasters, rates, names.items(), strict=True):
        raster_before_and_after(raster, recording, unit, name, role)
        raster.set_title(f"{short_name(name)} ({role})")
        unit_histogram(rate, recording, unit, name, role)
    rates[0].set_ylim(bottom=0)


def draw_mean(
    figure: SubFigure, recording: Recording, groups: Sequence[UnitGroup], letter: str, kind: str
) -> None:
    """(b, c) Mean rate of many units, to their own picture left and to its partner right."""
    n_units = count_units(groups)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, (role, title) in zip(axes, ROLES.items(), strict=True):
        lines = group_histogram(ax, recording, groups, role)
        ax.set_title(f"{title} ({role})")
        if lines:
            ax.legend(loc="upper center", ncols=2, columnspacing=0.8)
        else:
            plotting.note(ax, "no such unit")
    axes[0].set_ylim(0, 1.25 * axes[0].get_ylim()[1])  # room for the legends
    axes[0].set_ylabel("Firing rate (Hz)")
    figure.suptitle(f"{n_units} {kind}: mean, 95 % confidence")
    figure.supxlabel(TIME)
    plotting.panel_letter(figure, letter)
