"""A unit learns to fire to a second picture, laid out after Ison et al. 2015 (second-hand).

(a) Spikes of one unit, chosen by rule (`example_unit`). (b) Mean rate of all units that respond to
P before learning, to P and to its partner NP. (c) How the share of pair-coding units grows with
every composite. (d) Overlap of the assemblies. (e) Pair coding in the conditions that were run
beside `main`. Where the stimuli are pictures, those of the pair and their composite stand on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from neurosim import plotting
from neurosim import statistics as st
from neurosim.assemblies import find_assemblies
from neurosim.errors import InputError
from neurosim.pair_coding import AFTER, BEFORE, POPULATION, pair_coding, responders
from neurosim.pictures import load_picture, superimpose
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

PUBLISHED = 21 / 51  # pair-coding units of the responsive ones in Ison et al. 2015; unverified
WINDOW = (-0.4, 0.9)  # s around the onset: the silence before the stimulus, and the one after it
STIMULUS = (0.0, 0.5)  # s
BIN = 0.05  # s
MATRIX_SIZE = 6  # stimuli that an overlap matrix shows
NAME_LENGTH = 11  # letters of a stimulus that a title has room for

WIDTH = 7.2  # inches
STRIP, UPPER, LOWER, CONDITIONS = 0.85, 2.05, 2.3, 1.3  # heights of the rows, inches
# Before learning light and dashed, after it dark and solid; P blue and red, its partner grey and
# green as in the paper (second-hand).
Style = Mapping[str, Any]
BEFORE_P: Style = {"color": "C1", "ls": "--"}
AFTER_P: Style = {"color": "C2"}
BEFORE_NP: Style = {"color": "0.55", "ls": "--"}
AFTER_NP: Style = {"color": "C4"}
BEFORE_NA: Style = {"color": "0.55"}
AFTER_NA: Style = {"color": "C0"}
TO_NP: Style = {"color": "C4", "marker": "o"}
TO_P: Style = {"color": "C2", "marker": "s", "ls": "--", "markerfacecolor": "white"}
CONTROLS = ("plasticity_off", "unpaired", "recurrent_only", "input_only")


@dataclass(frozen=True)
class Stimuli:
    """The stimuli of a recording by what they are in the pair."""

    p: str
    partner: str
    others: tuple[str, ...]

    @classmethod
    def of(cls, recording: Recording) -> Stimuli:
        """Read them from the tests before learning."""
        table = recording.trial_table
        role = {table.stimulus[trial]: table.role[trial] for trial in table.where(phase=BEFORE)}
        by_role = {kind: [name for name in role if role[name] == kind] for kind in ("P", "NP")}
        # Tests come in random order; "code 2" stands before "code 10".
        others = sorted((name for name in role if role[name] == "NA"), key=lambda n: (len(n), n))
        return cls(by_role["P"][0], by_role["NP"][0], tuple(others))

    @property
    def singles(self) -> dict[str, str]:
        """Label of every stimulus: P, NP, NA1, NA2 and so on; NA if there is one."""
        numbered = [f"NA{k}" for k in range(1, len(self.others) + 1)]
        names = (self.p, self.partner, *self.others)
        return dict(
            zip(names, ["P", "NP", *(numbered if len(numbered) > 1 else ["NA"])], strict=True)
        )

    def title(self, name: str) -> str:
        """Return the label and the name of a stimulus."""
        return f"{self.singles[name]}: {_shortened(name)}"


def _shortened(name: str) -> str:
    # A user's own picture is named by its path.
    stem = Path(name).stem
    return stem if len(stem) <= NAME_LENGTH else f"{stem[: NAME_LENGTH - 1]}…"


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    stimuli = Stimuli.of(recording)
    pictures = shown_pictures(run)
    controls = [name for name in CONTROLS if name in run.conditions]
    heights = [STRIP] * bool(pictures) + [UPPER, LOWER] + [CONDITIONS] * bool(controls)
    figure = Figure(figsize=(WIDTH, sum(heights)))
    rows = list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
    if pictures:
        draw_pictures(rows.pop(0), pictures)
    left, right = rows.pop(0).subfigures(1, 2, width_ratios=[1.15, 1])
    draw_rasters(left, recording, stimuli)
    draw_histograms(right, recording, stimuli)
    left, right = rows.pop(0).subfigures(1, 2, width_ratios=[1, 1.1])
    draw_learning(left, recording, stimuli)
    draw_overlaps(right, recording, stimuli)
    if controls:
        draw_conditions(rows.pop(0), run, ["main", *controls])
    return plotting.settle(figure)


def shown_pictures(run: Run) -> dict[str, np.ndarray]:
    """Return P, its partner and their composite by title; nothing for random codes.

    A run may be drawn where the user's own pictures are not, or hold no composite; it then goes
    without them.
    """
    sheet = run.sheet
    if sheet.protocol["stimuli"] != "pictures":
        return {}
    names = sheet.protocol["pictures"]
    weights = [row.value for row in run.rows if row.name == "composite_weight"]
    if not weights:
        return {}
    weight = weights[0]
    try:
        p, partner = (load_picture(name) for name in names[:2])
    except InputError:
        return {}
    return {
        f"P: {_shortened(names[0])}": p,
        f"NP: {_shortened(names[1])}": partner,
        f"composite: {weight:.2f} P + {1 - weight:.2f} NP": superimpose(p, partner, weight),
    }


def draw_pictures(figure: SubFigure, pictures: dict[str, np.ndarray]) -> None:
    """Show the pictures of the pair and their composite side by side."""
    middle = figure.subfigures(1, 3, squeeze=False, width_ratios=[1, 2.5, 1])[0, 1]
    for ax, (title, grey) in zip(middle.subplots(1, 3), pictures.items(), strict=True):
        plotting.picture(ax, grey)
        ax.set_title(title)


def example_unit(recording: Recording, stimuli: Stimuli) -> tuple[int, str]:
    """Return the unit whose rate to the partner rose by the median, and which units it is of.

    Of the pair-coding units from P to NP; without any, of the units that respond to P; without
    those, of all. Of an even number the lower median, of equal ones the first.
    """
    p = responders(recording, stimuli.p, BEFORE)
    came = ~responders(recording, stimuli.partner, BEFORE)
    came &= responders(recording, stimuli.partner, AFTER)
    candidates = {
        "pair-coding units": p & came,
        "units that respond to P": p,
        "units": np.ones_like(p),
    }
    what, mask = next((what, mask) for what, mask in candidates.items() if mask.any())
    units = np.flatnonzero(mask)
    gain = _rates(recording, stimuli.partner, AFTER) - _rates(recording, stimuli.partner, BEFORE)
    ranked = units[np.argsort(gain[units], kind="stable")]
    return int(ranked[(len(units) - 1) // 2]), f"of {len(units)} {what}"


def _rates(recording: Recording, stimulus: str, phase: str) -> np.ndarray:
    rates = st.rates(recording, POPULATION, _trials(recording, stimulus, phase))
    mean: np.ndarray = rates.mean(axis=0)
    return mean


def _trials(recording: Recording, stimulus: str, phase: str) -> np.ndarray:
    return recording.trial_table.where(phase=phase, stimulus=stimulus)


def draw_rasters(figure: SubFigure, recording: Recording, stimuli: Stimuli) -> None:
    """(a) Spikes of the example unit to P, NP and one NA, before learning above, after below."""
    unit, of_units = example_unit(recording, stimuli)
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    shown = (
        (stimuli.p, BEFORE_P, AFTER_P),
        (stimuli.partner, BEFORE_NP, AFTER_NP),
        (stimuli.others[0], BEFORE_NA, AFTER_NA),
    )
    for ax, (stimulus, before, after) in zip(axes, shown, strict=True):
        plotting.mark_stimulus(ax, *STIMULUS)
        row = 0
        for phase, style in ((BEFORE, before), (AFTER, after)):
            trials = _trials(recording, stimulus, phase)
            plotting.raster(
                ax, recording, POPULATION, unit, trials, WINDOW, row, color=style["color"], lw=0.9
            )
            row += len(trials)
        ax.axhline(row / 2 - 0.5, color="black", lw=0.6)
        ax.tick_params(axis="y", length=0)
        ax.set_title(stimuli.title(stimulus))
    axes[0].set(xlim=WINDOW, ylim=(row - 0.5, -0.5), xticks=[WINDOW[0], *STIMULUS, WINDOW[1]])
    axes[0].set_yticks([row / 4 - 0.5, 3 * row / 4 - 0.5], ["before", "after"], rotation=90)
    for label in axes[0].get_yticklabels():
        label.set_verticalalignment("center")
    axes[0].set_ylabel("Test trials")
    figure.supxlabel("Time from stimulus onset (s)")
    figure.suptitle(f"Unit {unit}: median gain to NP {of_units}")
    plotting.panel_letter(figure, "a")


def draw_histograms(figure: SubFigure, recording: Recording, stimuli: Stimuli) -> None:
    """(b) Mean rate over all units that respond to P: to P left, to its partner right."""
    units = responders(recording, stimuli.p, BEFORE)
    shown = ((stimuli.p, BEFORE_P, AFTER_P), (stimuli.partner, BEFORE_NP, AFTER_NP))
    for ax, (stimulus, *styles) in zip(figure.subplots(1, 2), shown, strict=True):
        plotting.mark_stimulus(ax, *STIMULUS)
        for phase, style in zip((BEFORE, AFTER), styles, strict=True):
            if units.any():
                trials = _trials(recording, stimulus, phase)
                plotting.psth(
                    ax, recording, POPULATION, units, trials, WINDOW, BIN, label=phase, **style
                )
        ax.set(xlim=WINDOW, xticks=[WINDOW[0], *STIMULUS, WINDOW[1]])
        ax.set_ylim(0, 1.3 * ax.get_ylim()[1])  # room for the legend
        ax.set_title(stimuli.title(stimulus))
        ax.set_ylabel("Firing rate (Hz)")
        if units.any():
            ax.legend(loc="upper center", ncols=2, columnspacing=0.8, handlelength=1.6)
    figure.supxlabel("Time from stimulus onset (s)")
    figure.suptitle(f"{units.sum()} units that respond to P: mean, 95 % confidence")
    plotting.panel_letter(figure, "b")


def share_after_each_composite(recording: Recording, own: str, partner: str) -> np.ndarray:
    """Return the share of units that respond to the partner in one test after each composite.

    Of the units that respond to their own picture and not to its partner before. In one test
    a unit responds if it fires two spikes or more and more than before the onset; the first value
    is the mean over the tests before learning.

    Returns
    -------
    ndarray of float, shape (1 + n_composites,)
        NaN without such units.
    """
    eligible = responders(recording, own, BEFORE) & ~responders(recording, partner, BEFORE)
    if not eligible.any():
        return np.full(1 + len(_trials(recording, partner, "between")), np.nan)
    before, between = (
        _responds_once(recording, _trials(recording, partner, phase))[:, eligible].mean(axis=1)
        for phase in (BEFORE, "between")
    )
    return np.concatenate([[before.mean()], between])


def _responds_once(recording: Recording, trials: np.ndarray) -> np.ndarray:
    criterion = st.ISON_CRITERION
    response = st.window_counts(recording, POPULATION, trials, criterion.response_window)
    response_rate = st.rates(recording, POPULATION, trials, criterion.response_window)
    baseline_rate = st.rates(recording, POPULATION, trials, criterion.baseline_window)
    more: np.ndarray = np.round(response_rate - baseline_rate, st.ROUNDING) > 0
    return more & (response >= criterion.min_median)


def draw_learning(figure: SubFigure, recording: Recording, stimuli: Stimuli) -> None:
    """(c) Share of pair-coding units after every composite, and in the end."""
    ax = figure.subplots()
    directions = (
        (stimuli.p, stimuli.partner, "P → NP", TO_NP),
        (stimuli.partner, stimuli.p, "NP → P", TO_P),
    )
    highest = 0.6
    for (own, partner, label, style), aside in zip(directions, (-0.1, 0.1), strict=True):
        shares = share_after_each_composite(recording, own, partner)
        in_the_end = pair_coding(recording, own, partner)
        n = len(shares) - 1
        end = n + max(1.0, n / 5)
        ax.plot(np.arange(n + 1), shares, label=label, **style)
        ax.plot(end + aside * (end - n), in_the_end, **style)
        highest = np.nanmax([highest, *shares, in_the_end])
    ax.axhline(PUBLISHED, color="black", ls=":", lw=1, label="Ison 2015: .41 (unverified)")
    ticks = [tick for tick in MaxNLocator(5, integer=True).tick_values(0, n) if tick <= n]
    ax.set_xticks([*ticks, end], [*(f"{tick:g}" for tick in ticks), "after"])
    # The legend stands above the largest fraction.
    ax.set(ylim=(0, 1.4 * highest), yticks=np.arange(0, highest + 0.05, 0.2))
    ax.spines.left.set_bounds(0, highest)
    ax.set_ylabel("Pair-coding units (fraction)", y=0.36)
    ax.legend(loc="upper left", ncols=2)
    n_tests = len(_trials(recording, stimuli.p, AFTER))
    ax.set_xlabel(
        "Composite trials, one test after each\n(≥ 2 spikes in 0.5 s, more than baseline);\n"
        f"after: {n_tests} tests, paper's criterion (unverified)"
    )
    plotting.panel_letter(figure, "c")


def draw_overlaps(figure: SubFigure, recording: Recording, stimuli: Stimuli) -> None:
    """(d) Overlap of the assemblies before and after learning."""
    names = list(stimuli.singles)[:MATRIX_SIZE]
    labels = [stimuli.singles[name] for name in names]
    axes = figure.subplots(1, 2)
    for ax, phase in zip(axes, (BEFORE, AFTER), strict=True):
        assemblies = find_assemblies(recording, names, phase)
        overlaps = [[st.overlap(assemblies[a], assemblies[b]) for b in names] for a in names]
        plotting.overlap_matrix(ax, overlaps, labels)
        ax.set_title(phase)
    figure.suptitle("Overlap of assemblies, |A ∩ B| / min(|A|, |B|)")
    plotting.panel_letter(figure, "d")


def draw_conditions(figure: SubFigure, run: Run, conditions: list[str]) -> None:
    """(e) Pair coding in every condition, from the scorecard."""
    ax = figure.subplots()
    kinds = (
        ("pair_coding_p_to_np", "P → NP", -0.17, TO_NP),
        ("pair_coding_np_to_p", "NP → P", 0.17, TO_P),
        ("pair_coding", "the larger of both", 0.0, {"color": "C0", "marker": "D"}),
    )
    for name, label, aside, style in kinds:
        rows = [row for row in run.rows if row.name == name and row.condition in conditions]
        positions = [conditions.index(row.condition) + aside for row in rows]
        ax.plot([row.value for row in rows], positions, label=label, **{**style, "ls": ""})
    ax.axvline(PUBLISHED, color="black", ls=":", lw=1, label="Ison 2015: .41\n(unverified)")
    ax.set_yticks(range(len(conditions)), [name.replace("_", " ") for name in conditions])
    ax.set(xlim=(-0.02, 1), ylim=(len(conditions) - 0.5, -0.5))
    ax.set_xlabel("Pair-coding units (fraction)")
    figure.legend(loc="outside right center")
    plotting.panel_letter(figure, "e")
