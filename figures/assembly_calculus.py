"""One program of the assembly calculus on random graphs and on areas of spiking neurons.

(a) Spikes in three areas while the first parent of a merged assembly is evoked by its stimulus
(shaded) and the second parent's stimulus is not shown: cells of the assembly that is meant at the
bottom of each area (below the line), fifty others above. (b) Support: neurons that have fired up to
a round, over the size of an assembly; lines: random graphs by beta, points: spiking areas by trial.
(c) Overlap of two assemblies that fire together, by joint rounds or trials. (d) Recovery of the
rest of an assembly from a part of its cells; bar: what is to be reached from two fifths. (e)
Overlap of the assemblies of two stimuli by what the stimuli share; dotted: equal. (f) What is
recalled: the least share of a right assembly, and the largest of a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from neurosim import plotting
from neurosim import statistics as st
from neurosim.assembly_calculus.examination import (
    BETAS,
    CUES,
    JOINT_ROUNDS,
    N_READINGS,
    SHARES,
    SUPPORT_ROUNDS,
    SUPPORT_TRIALS,
    association_steps,
    percent,
)
from neurosim.assembly_calculus.spiking_machine import population
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "assembly_calculus"
NEEDS = ("main",)

HEIGHT = 6.0  # inches
N_OTHERS = 50
# Area, assembly that is meant, and the operation that shows its cells.
PATH = (
    ("A", "person", "project(S, A, person)"),
    ("C", "scene", "merge(person, place, C, scene)"),
    ("B", "place", "project(T, B, place)"),
)
RECALL = "recall(S, A, C, B)"
SPIKING: dict[str, Any] = {"color": "C0", "marker": "o", "ms": 4, "label": "spiking areas"}
ABSTRACT: dict[str, Any] = {
    "color": "0.35",
    "marker": "s",
    "ms": 3.5,
    "mfc": "white",
    "ls": "--",
    "label": "random graphs",
}
SHOWN = {
    "merge_recall": "merged:\nother",
    "merge_wrong": "wrong",
    "reciprocal_there": "to and fro:\nthere",
    "reciprocal_wrong_there": "wrong",
    "reciprocal_back": "back",
    "reciprocal_wrong_back": "wrong",
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``assembly_calculus``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    upper, middle, lower = plotting.rows(figure, [1.25, 1, 1])
    left, right = plotting.columns(upper, [1.2, 1])
    draw_spikes(left, run.recordings["main"])
    draw_support(right, run)
    left, right = plotting.columns(middle, [1, 1])
    draw_association(left, run)
    draw_completion(right, run)
    left, right = plotting.columns(lower, [1, 1.2])
    draw_shared_inputs(left, run)
    draw_recalls(right, run)
    return plotting.settle(figure)


def draw_spikes(figure: SubFigure, recording: Recording) -> None:
    """(a) One recall along three areas."""
    table = recording.trial_table
    trial = table.where(phase=RECALL)[0]
    onset, stop = table.start_time[trial], table.stop_time[trial]
    axes = figure.subplots(len(PATH), 1, sharex=True)
    for ax, (area, name, operation) in zip(axes, PATH, strict=True):
        spikes = recording.spikes[population(area)]
        tests = table.where(phase=operation, plastic=False)
        members = np.flatnonzero(st.assembly(recording, population(area), tests))
        others = np.setdiff1d(np.arange(spikes.n), members)[:N_OTHERS]
        row = np.full(spikes.n, -1)
        row[np.concatenate([members, others])] = np.arange(len(members) + len(others))
        seen = (spikes.time >= onset - 0.1) & (spikes.time < stop + 0.2)
        seen &= row[spikes.index] >= 0
        ax.plot(
            spikes.time[seen] - onset, row[spikes.index[seen]], "|", ms=1.3, mew=0.4, color="C0"
        )
        ax.axhline(len(members) - 0.5, color="0.4", lw=0.5)
        plotting.mark_stimulus(ax, 0, stop - onset)
        ax.set_xlim(-0.1, stop - onset + 0.2)
        ax.set_ylim(-1, len(members) + len(others))
        ax.set_yticks([len(members) / 2, len(members) + len(others) / 2], [name, "others"])
        ax.tick_params(axis="y", length=0)
        ax.set_title(f"area {area}", loc="right", pad=2, fontsize=7)
    axes[-1].set_xlabel("Time from stimulus (s)")
    plotting.panel_letter(figure, "a")


def draw_support(figure: SubFigure, run: Run) -> None:
    """(b) Support by rounds and by trials."""
    ax = figure.subplots()
    for beta, style in zip(BETAS, ("-", "--", "-.", ":"), strict=True):
        names = [f"abstract_support_at_{percent(beta)}_after_{n}_rounds" for n in SUPPORT_ROUNDS]
        curve(ax, run, "main", SUPPORT_ROUNDS, names, color="0.35", ls=style, label=f"{beta:g}")
    names = [f"support_after_{n}_trials" for n in SUPPORT_TRIALS]
    curve(ax, run, "main", SUPPORT_TRIALS, names, **SPIKING | {"label": "spiking"})
    ax.set_xscale("log")
    ticks = (1, 2, 5, 10, 20, 50)
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Round or trial")
    ax.set_ylabel("Support / size")
    ax.legend(title="β", loc="upper left")
    plotting.panel_letter(figure, "b")


def draw_association(figure: SubFigure, run: Run) -> None:
    """(c) Overlap by joint rounds and trials."""
    ax = figure.subplots()
    trials = run.sheet.parameters.trials.associate * float(run.sheet.protocol.get("trials", 1))
    joint = (0, *association_steps(max(1, round(trials))))
    names = [f"overlap_at_reading_{number}" for number in range(N_READINGS)]
    found = curve(ax, run, "association", joint, names, **SPIKING)
    names = [f"abstract_overlap_after_{n}_rounds" for n in JOINT_ROUNDS]
    curve(ax, run, "association", JOINT_ROUNDS, names, **ABSTRACT)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(ax, ("Joint rounds or trials", "Overlap"), found, "association", "upper left")
    plotting.panel_letter(figure, "c")


def draw_completion(figure: SubFigure, run: Run) -> None:
    """(d) Recovery by cue."""
    ax = figure.subplots()
    names = [f"recovery_from_{percent(cue)}" for cue in CUES]
    found = curve(ax, run, "completion", CUES, names, **SPIKING)
    curve(ax, run, "completion", CUES, [f"abstract_{name}" for name in names], **ABSTRACT)
    if found:
        ax.plot([0.35, 0.45], [0.6, 0.6], color="C1", lw=1.5, zorder=0, label="goal")
        ax.set_xlim(0.1, 0.9)
    labels = ("Share of the cells that is given", "Recovery of the rest")
    finish(ax, labels, found, "completion", "lower right")
    plotting.panel_letter(figure, "d")


def draw_shared_inputs(figure: SubFigure, run: Run) -> None:
    """(e) Overlap of assemblies by that of stimuli."""
    ax = figure.subplots()
    names = [f"overlap_at_{percent(share)}" for share in SHARES]
    found = curve(ax, run, "shared_inputs", SHARES, names, **SPIKING)
    curve(ax, run, "shared_inputs", SHARES, [f"abstract_{name}" for name in names], **ABSTRACT)
    if found:
        ax.plot([0, SHARES[-1]], [0, SHARES[-1]], ":", color="0.4", lw=0.8)
    finish(ax, ("Share of input in common", "Overlap"), found, "shared_inputs", "center right")
    plotting.panel_letter(figure, "e")


def draw_recalls(figure: SubFigure, run: Run) -> None:
    """(f) Right and wrong assemblies, on both machines."""
    ax, places = figure.subplots(), range(len(SHOWN))
    plain: dict[str, Any] = {"ls": "none"}
    curve(ax, run, "main", [x - 0.1 for x in places], list(SHOWN), **SPIKING | plain)
    names = [f"abstract_{name}" for name in SHOWN]
    curve(ax, run, "main", [x + 0.1 for x in places], names, **ABSTRACT | plain)
    ax.set_xticks(places, list(SHOWN.values()), fontsize=7)
    ax.set_xlim(-0.5, len(SHOWN) - 0.5)
    ax.set_ylim(-0.05, 1.05)
    ax.set_ylabel("Share that fires")
    ax.legend(loc="center")
    plotting.panel_letter(figure, "f")


def curve(
    ax: Axes, run: Run, condition: str, x: Sequence[float], names: Sequence[str], **line: Any
) -> bool:
    """Draw rows of the scorecard; return whether there are any."""
    rows = [run.row(name, condition) for name in names]
    points = [(at, row.value) for at, row in zip(x, rows, strict=True) if row is not None]
    if points:
        ax.plot(*zip(*points, strict=True), **line)
    return bool(points)


def finish(
    ax: Axes,
    labels: tuple[str, str],
    found: bool,
    condition: str,
    legend: Literal["upper left", "lower right", "center right"],
) -> None:
    """Label axes of shares, or say which condition was not run."""
    if not found:
        plotting.note(ax, f"The condition {condition} was not run.")
    else:
        ax.legend(loc=legend)
    ax.set_ylim(-0.05, 1.05)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
