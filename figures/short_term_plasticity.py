"""Short-term plasticity: figure 1 of Tsodyks, Pawelzik & Markram 1998, and its closed forms.

(a-c) The postsynaptic potential of a depressing synapse at 20 Hz and of a facilitating one at 20 Hz
and at 70 Hz, on the axes of the published figure (second-hand); the presynaptic spikes; and x, the
fraction of recovered resources, with u, which decays to 0 and is raised by every spike (U where
nothing facilitates). (d) What each spike of a long regular train releases, against its rate: of the
circuit (markers) and by the closed form (lines), for the synapse of the sheet and three published
facilitating ones; for one of them the mean over Poisson trains by mean field, which is another
quantity (dotted). (e) The second of two releases over the first, against the interval. (f) The
release behind twenty spikes at 20 Hz and a gap, over that of a rested synapse, from 100 ms to
minutes: nothing is left after seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.parameters.library import load_model
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.synapse.plasticity_probes import (
    CONDITIONING_RATE,
    CONDITIONING_SPIKES,
    GAP,
    PAIR,
    REGULAR,
)

PROTOCOL = "short_term_plasticity"
NEEDS = ("main",)

HEIGHT = 5.6  # inches
MILLI = 1e3
SHEET, FACILITATING = "sheet", "tsodyks1998_facilitating"
STYLES: Mapping[str, Mapping[str, Any]] = {
    SHEET: {"color": "C2", "marker": "o"},
    FACILITATING: {"color": "C0", "marker": "s"},
    "tsodyks2000_facilitating": {"color": "C1", "marker": "^"},
    "mongillo2008_synapse": {"color": "C4", "marker": "D"},
}
MEAN_FIELD_OF = "mongillo2008_synapse"  # for which the difference is seen best
MARKERS: Mapping[str, Any] = {"ms": 3.2, "mew": 0.7, "markerfacecolor": "white"}
POINTS = 200  # of the closed forms


@dataclass(frozen=True)
class Panel:
    """One panel of the published figure: synapse, train, title, ends of its axes (ms, mV)."""

    synapse: str
    train: int
    title: str
    duration: float
    highest: float


PANELS = {
    "a": Panel(SHEET, 0, "depressing, 20 Hz", 1200, 1),
    "b": Panel(FACILITATING, 0, "facilitating, 20 Hz", 1200, 14.9),
    "c": Panel(FACILITATING, 1, "facilitating, 70 Hz", 500, 20),
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``short_term_plasticity``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    traces, forms = plotting.rows(figure, [1, 1])
    for (letter, panel), part in zip(
        PANELS.items(), plotting.columns(traces, [1, 1, 1]), strict=True
    ):
        draw_potential(part, letter, panel, run)
    parts = plotting.columns(forms, [1, 1, 1])
    draw_steady_state(parts[0], run)
    draw_pairs(parts[1], run)
    draw_gaps(parts[2], run)
    return plotting.settle(figure)


def draw_potential(figure: SubFigure, letter: str, panel: Panel, run: Run) -> None:
    """(a-c) A potential with the spikes, u and x below it."""
    top, middle, bottom = figure.subplots(3, sharex=True, height_ratios=[3, 0.35, 1.4])
    traces, name = run.recordings["main"].traces, panel.synapse
    potential = traces[f"membrane_potential_of_{name}"]
    times = np.arange(len(potential.data)) / potential.rate * MILLI
    top.plot(times, potential.data[:, panel.train] * MILLI, color="black", lw=0.9)
    published = name != SHEET or run.info["model"] == "tsodyks1998"
    reached = float(potential.data[:, panel.train].max()) * MILLI
    top.set_ylim(0, max(panel.highest, 1.05 * reached) if published else 1.05 * reached)
    own = "" if published else f"{label_of(name, run)}, 20 Hz"
    top.set(xlim=(0, panel.duration), ylabel="Potential (mV)", title=own or panel.title)
    spikes = run.recordings["main"].spikes[name].of(panel.train) - potential.start
    middle.vlines(spikes * MILLI, 0, 1, color="black", lw=0.7)
    middle.set_axis_off()
    recovered = traces[f"recovered_of_{name}"].data[:, panel.train]
    bottom.plot(times, recovered, lw=0.9, color="C1")
    bottom.text(0.04 * panel.duration, 0.86, "x", ha="center", va="center")
    form = forms_of(run)[name]
    if form.tau_facilitation > 0:
        utilisation = traces[f"utilisation_of_{name}"].data[:, panel.train]
        bottom.plot(times, utilisation, lw=0.9, color="C2", ls="--")
        bottom.text(0.04 * panel.duration, 0.14, "u", ha="center", va="center")
    else:
        bottom.axhline(form.U, lw=0.9, color="C2", ls="--")
        bottom.text(0.04 * panel.duration, form.U - 0.14, "U", ha="center", va="center")
    bottom.set(ylim=(0, 1.04), xlabel="Time (ms)", ylabel="Fraction")
    plotting.panel_letter(figure, letter)


def label_of(name: str, run: Run) -> str:
    """Return how a synapse is called: the name of its sheet, without underscores."""
    return str(run.info["model"] if name == SHEET else name).replace("_", " ")


def forms_of(run: Run) -> dict[str, ShortTermPlasticity]:
    """Return the closed forms of every synapse: of the sheet as run and of published sheets."""
    own = run.sheet.parameters.plasticity
    return {
        name: own if name == SHEET else load_model(name).parameters.plasticity for name in STYLES
    }


def measured(recording: Recording, name: str, phase: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the last interval of every train of a phase and what its last spike released."""
    trials = recording.trial_table
    of_synapse = trials.where(role=name)
    units = np.flatnonzero(trials.phase[of_synapse] == phase)
    intervals = np.array([np.diff(recording.spikes[name].of(unit))[-1] for unit in units])
    return intervals, recording.trial_values["last_release"].data[of_synapse[units]]


def draw_closed_form(
    ax: Axes,
    run: Run,
    phase: str,
    x_of: Callable[[np.ndarray], np.ndarray],
    form_of: Callable[[ShortTermPlasticity, np.ndarray], np.ndarray],
    relative: bool,
) -> None:
    """Draw what was measured in a phase as markers, the closed form through it as a line."""
    for name, form in forms_of(run).items():
        intervals, releases = measured(run.recordings["main"], name, phase)
        style, scale = STYLES[name], form.first_release if relative else 1.0
        dense = np.geomspace(intervals.min(), intervals.max(), POINTS)
        ax.plot(x_of(dense), form_of(form, dense), color=style["color"], lw=0.9)
        ax.plot(
            x_of(intervals), releases / scale, ls="", label=label_of(name, run), **MARKERS, **style
        )


def logarithmic(ax: Axes) -> None:
    """Make the x-axis logarithmic, with plain numbers."""
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def draw_steady_state(figure: SubFigure, run: Run) -> None:
    """(d) Release in the steady state against the rate."""
    ax = figure.subplots()
    draw_closed_form(
        ax, run, REGULAR, lambda t: 1 / t, lambda form, t: form.steady_state(1 / t), False
    )
    intervals, _ = measured(run.recordings["main"], MEAN_FIELD_OF, REGULAR)
    rates = np.geomspace(1 / intervals.max(), 1 / intervals.min(), POINTS)
    mean_field = forms_of(run)[MEAN_FIELD_OF].poisson_mean_field(rates)
    colour = STYLES[MEAN_FIELD_OF]["color"]
    ax.plot(
        rates,
        mean_field,
        color=colour,
        ls=":",
        lw=0.9,
        label=f"{label_of(MEAN_FIELD_OF, run)},\nPoisson mean field",
    )
    logarithmic(ax)
    ax.set(xlabel="Rate (Hz)", ylabel="Release of a spike, steady state")
    ax.set_ylim(0, 1.6 * ax.get_ylim()[1])
    ax.legend(loc="upper right")
    plotting.panel_letter(figure, "d")


def draw_pairs(figure: SubFigure, run: Run) -> None:
    """(e) Paired-pulse ratio against the interval."""
    ax = figure.subplots()
    draw_closed_form(
        ax, run, PAIR, lambda t: t * MILLI, lambda form, t: form.paired_pulse_ratio(t), True
    )
    ax.axhline(1, color="0.6", lw=0.6, zorder=0)
    logarithmic(ax)
    ax.set(xlabel="Interval (ms)", ylabel="Second release / first")
    ax.set_ylim(bottom=0)
    plotting.panel_letter(figure, "e")


def draw_gaps(figure: SubFigure, run: Run) -> None:
    """(f) Release behind a train and a gap."""
    ax = figure.subplots()

    def behind(form: ShortTermPlasticity, gaps: np.ndarray) -> np.ndarray:
        train = np.arange(CONDITIONING_SPIKES) / CONDITIONING_RATE
        last = [form.releases(np.append(train, train[-1] + gap))[-1] for gap in gaps]
        return np.array(last) / form.first_release

    draw_closed_form(ax, run, GAP, lambda t: t, behind, True)
    ax.axhline(1, color="0.6", lw=0.6, zorder=0)
    logarithmic(ax)
    ax.set(xlabel="Gap behind 20 spikes at 20 Hz (s)", ylabel="Release / that of a rested synapse")
    ax.set_ylim(bottom=0)
    plotting.panel_letter(figure, "f")
