"""Overlap of the assemblies before and after learning, at two criteria: Ison et al. 2015.

An assembly is the set of cells at 10 Hz or more, or at 30 Hz or more, in at least half of the tests
of a picture; the overlap of two, the number of cells in both divided by the size of the smaller
(Papadimitriou et al. 2020). (a) Overlap of any two pictures, up to twelve. (b) Every pair that was
associated and all others, beside chance (random sets of these sizes) and the share of cells that
associated concepts have in common in De Falco et al. 2016: .04 (unverified).

The 30 Hz are calibrated and were chosen after the fact: at one criterion 40 % of pair-coding units
and 4 % of common cells cannot both hold.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association.assemblies import find_assemblies
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION, STRONG_RATE
from neurosim.association.paired_roles import PairedRoles
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

HEIGHT = 4.7  # inches
MATRIX_SIZE = 12  # pictures that a matrix has room for
RATES = (st.ASSEMBLY_RATE, STRONG_RATE)  # Hz
FALCO = 0.04  # cells that associated concepts share in De Falco et al. 2016; unverified
PAIR = {"color": "C4", "marker": "o"}
OTHERS = {"color": "C0", "marker": "D", "markerfacecolor": "white"}
Assemblies = dict[str, np.ndarray]


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    left, right = plotting.columns(figure, [1.75, 1])
    assemblies = {
        (rate, phase): find_assemblies(recording, roles.singles, phase, rate)
        for rate in RATES
        for phase in (BEFORE, AFTER)
    }
    draw_matrices(left, assemblies, roles)
    draw_pairs(right, assemblies, roles, recording.spikes[POPULATION].n)
    return plotting.settle(figure)


def draw_matrices(
    figure: SubFigure, assemblies: dict[tuple[float, str], Assemblies], roles: PairedRoles
) -> None:
    """(a) Overlap of any two assemblies, at either criterion, before and after."""
    names = roles.singles[:MATRIX_SIZE]
    labels = [roles.labels[name] for name in names]
    axes = figure.subplots(2, 2)
    for ax, ((rate, phase), sets) in zip(axes.flat, assemblies.items(), strict=True):
        overlaps = [[st.overlap(sets[a], sets[b]) for b in names] for a in names]
        plotting.overlap_matrix(ax, overlaps, labels)
        size = np.mean([sets[name].sum() for name in roles.singles])
        ax.set_title(f"{phase}, ≥ {rate:g} Hz ({size:.0f} cells)")
    shown, n = len(names), len(roles.singles)
    which = f", {shown} of {n} pictures" if n > shown else ""
    figure.suptitle(f"Overlap |A ∩ B| / min(|A|, |B|){which}")
    plotting.panel_letter(figure, "a")


def draw_pairs(
    figure: SubFigure,
    assemblies: dict[tuple[float, str], Assemblies],
    roles: PairedRoles,
    n_cells: int,
) -> None:
    """(b) Overlap of the pairs and of all others, beside chance and the published share."""
    associated = [(pair.p, pair.partner) for pair in roles.pairs]
    others = [two for two in combinations(roles.singles, 2) if two not in associated]
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    highest = FALCO
    for ax, rate in zip(axes, RATES, strict=True):
        for position, phase in enumerate((BEFORE, AFTER)):
            sets = assemblies[rate, phase]
            for two, aside, style in ((associated, -0.12, PAIR), (others, 0.12, OTHERS)):
                overlaps = [st.overlap(sets[a], sets[b]) for a, b in two]
                ax.plot([position + aside] * len(two), overlaps, **{**style, "ls": ""})
                highest = max(highest, *overlaps)
            chance = np.mean(
                [
                    st.chance_overlap(int(sets[a].sum()), int(sets[b].sum()), n_cells)
                    for a, b in combinations(roles.singles, 2)
                ]
            )
            ax.plot([position - 0.35, position + 0.35], [chance, chance], color="C1", lw=1.2)
            highest = max(highest, float(chance))
        ax.axhline(FALCO, color="black", ls=":", lw=1)
        ax.set_xticks([0, 1], [BEFORE, AFTER])
        ax.set(xlim=(-0.5, 1.5), ylim=(-0.05 * highest, 1.1 * highest))
        ax.set_ylabel(f"Overlap at ≥ {rate:g} Hz")
    ax.plot([], [], label="P and NP", **{**PAIR, "ls": ""})
    ax.plot([], [], label="no pair", **{**OTHERS, "ls": ""})
    ax.plot([], [], color="C1", label="chance")
    ax.plot([], [], color="black", ls=":", lw=1, label="De Falco 2016: .04\n(unverified)")
    figure.legend(loc="outside lower center", ncols=2)
    plotting.panel_letter(figure, "b")
