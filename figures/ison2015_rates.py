"""Firing rates and latencies before and after learning: Ison et al. 2015.

P is a unit's own picture, NP its partner, NA the others; both directions of all pairs are pooled.
(a) Rates of all units that respond to P before learning: every unit, and the mean. Units are
selected on every other test of P, and their rate to P before is that in the remaining tests; so no
rate is high because its unit was selected for it. (b) Rate to NP against rate to P after learning;
the ROC area says how well a pair-coding unit's tests of P and NP are told apart (1: always). (c)
Mean rate of the pair-coding units at the onset of P and of NP after learning, each scaled from its
baseline to its mean during the picture, and the time at which it has risen by half
(`neurosim.association.latency`). The paper's latencies, 300-400 ms and NP as late as P
(unverified), lie many synapses behind the eye; here the input comes at once.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association import latency
from neurosim.association.pair_coding import AFTER, BEFORE
from neurosim.association.pair_plots import STYLES
from neurosim.association.paired_roles import PairedRoles
from neurosim.association.rate_changes import rates_by_unit
from neurosim.association.unit_responses import (
    count_units,
    histograms_by_unit,
    pair_coding_groups,
)
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

HEIGHT = 2.7  # inches
NO_UNITS = "no unit responds in\nevery other test"
KINDS = {"P": "own\npicture", "NP": "its\npartner", "NA": "other\npictures"}
LINEAR = 1.0  # Hz; below, the logarithmic axis is linear and reaches 0
LINES = {"P": "-", "NP": "--"}
SHOWN = (-0.05, 0.2)  # s around the onset


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    rates = rates_by_unit(recording, roles.singles, roles.directions)
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    a, b, c = plotting.columns(figure, [1.15, 1, 1])
    draw_rates(a, rates)
    draw_scatter(b, rates, run)
    draw_latency(c, recording, roles)
    return plotting.settle(figure)


def draw_rates(figure: SubFigure, rates: dict[str, np.ndarray]) -> None:
    """(a) Rate of every unit to P, NP and NA, before and after."""
    ax = figure.subplots()
    n_units = len(rates["p_rate_before"])
    aside_of_points = np.random.default_rng(0)
    for position, kind in enumerate(KINDS):
        for phase, aside in ((BEFORE, -0.2), (AFTER, 0.2)):
            values = rates[f"{kind.lower()}_rate_{phase}"]
            if n_units:
                colour = STYLES[kind][phase]["color"]
                x = position + aside + aside_of_points.uniform(-0.12, 0.12, n_units)
                ax.plot(x, values, ".", color=colour, markersize=2.5, alpha=0.6, mew=0)
                ax.plot(position + aside, values.mean(), "_", color="black", ms=14, mew=1.5)
    if not n_units:
        plotting.note(ax, NO_UNITS)
    ax.set_yscale("symlog", linthresh=LINEAR)
    ax.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    ax.set(xlim=(-0.6, len(KINDS) - 0.4), ylim=(-0.15, 130))
    ax.set_xticks(range(len(KINDS)), list(KINDS.values()))
    ax.tick_params(axis="x", length=0)
    figure.suptitle(f"{n_units} units, before | after")
    ax.set_ylabel("Firing rate (Hz)")
    plotting.panel_letter(figure, "a")


def draw_scatter(figure: SubFigure, rates: dict[str, np.ndarray], run: Run) -> None:
    """(b) Rate to NP against rate to P after learning."""
    ax = figure.subplots()
    p, partner = rates["p_rate_after"], rates["np_rate_after"]
    highest = 1.05 * max([1, *p, *partner])
    if len(p):
        ax.plot([0, highest], [0, highest], color="0.7", lw=0.8, zorder=0)
        ax.plot(p, partner, "o", color=STYLES["NP"][AFTER]["color"], ms=3, alpha=0.6, mew=0)
    else:
        plotting.note(ax, NO_UNITS)
    ax.set(xlim=(0, highest), ylim=(0, highest))
    ax.set_xlabel("Rate to P after (Hz)")
    ax.set_ylabel("Rate to NP after (Hz)")
    rows = [run.row(name) for name in ("np_to_p_ratio", "np_p_roc_area")]
    values = [np.nan if row is None else row.value for row in rows]
    ratio, area = (f"{value:.3g}" if np.isfinite(value) else "n/a" for value in values)
    figure.suptitle(f"NP / P: {ratio}; ROC area: {area}")
    plotting.panel_letter(figure, "b")


def draw_latency(figure: SubFigure, recording: Recording, roles: PairedRoles) -> None:
    """(c) Onset of the response to P and to NP after learning."""
    ax = figure.subplots()
    groups = pair_coding_groups(recording, roles.directions)
    highest = 1.0
    start = st.bin_edges(latency.WINDOW, latency.BIN)[:-1]
    for role in ("P", "NP"):
        histograms = histograms_by_unit(recording, groups, role, AFTER, latency.WINDOW, latency.BIN)
        if not len(histograms):
            continue
        rate = np.convolve(histograms.mean(axis=0), latency.SMOOTHING, mode="same")
        baseline, response = rate[start < 0].mean(), rate[start >= 0].mean()
        if response > baseline:
            risen = 1e3 * latency.half_rise(rate, start)
            scaled = (rate - baseline) / (response - baseline)
            style = {"color": STYLES[role][AFTER]["color"], "ls": LINES[role]}
            label = f"{role}: half at {risen:.0f} ms"
            ax.plot(1e3 * (start + latency.BIN / 2), scaled, label=label, **style)
            highest = max(highest, scaled.max())
    if ax.get_lines():
        ax.axhline(0.5, color="black", lw=0.6, zorder=0)
        ax.legend(loc="upper right")
    else:
        plotting.note(ax, "no unit is pair-coding")
    ax.set_xlim(1e3 * SHOWN[0], 1e3 * SHOWN[1])
    ax.set_ylim(-0.3, 1.35 * highest)
    ax.set_xlabel("Time from the onset (ms)")
    ax.set_ylabel("Rate (baseline 0, mean response 1)")
    figure.suptitle(f"{count_units(groups)} pair-coding units")
    plotting.panel_letter(figure, "c")
