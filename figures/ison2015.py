"""A unit learns to fire to a second picture: the story of Ison et al. 2015 in one figure.

(a) The pictures of the first pair, both superimposed as they are shown while the area learns, and
as many further pictures as fit; below each the spikes of one unit, trial by trial: before learning,
in the course of it (one test of every picture after each composite), and after it. The unit is
chosen by rule (`neurosim.association.example_units`): of the pair-coding units the one with the
median gain. (b) Mean rate of all units that respond to one picture of a pair before learning: to
this picture, to its partner, to the other pictures; before and after, with the 95 % confidence
interval over units, on tests that the units were not selected on. (c) Fraction of pair-coding
units. (d) Rows of the scorecard beside what is published; "unverified" was not checked against the
paper's text.

With several pairs (a) shows the first one, and the composite at the mean opacity of all.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from neurosim import plotting
from neurosim.association.example_units import example_units
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION
from neurosim.association.pair_plots import DIRECTIONS, PUBLISHED, STIMULUS, STYLES, WINDOW
from neurosim.association.paired_roles import PairedRoles, short_name
from neurosim.association.paired_stimuli import Pair
from neurosim.association.pictures import load_picture, superimpose
from neurosim.association.rate_changes import rates_by_unit
from neurosim.errors import InputError
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

PICTURES, RASTERS, NUMBERS = 1.0, 1.75, 2.1  # heights of the rows, inches
N_STRANGERS = 3  # further pictures that there is room for
BAR = 0.34  # width of a bar
WAYS = {"P → NP": "pair_coding_p_to_np", "NP → P": "pair_coding_np_to_p"}
PHASES = {BEFORE: "before", "between": "learning", AFTER: "after"}
KINDS = {"p": "own\npicture", "np": "its\npartner", "na": "other\npictures"}

# Rows of the scorecard, what they are, and what Ison et al. 2015, or whoever is named, published.
# How sure the published value is, the scorecard says.
TABLE = (
    (("pair_coding_p_to_np", "pair_coding_np_to_p"), "pair-coding units, both ways", ".41"),
    (("kept",), "units that keep their picture", "no change"),
    (("na_units",), "units that fire to others, too", "none"),
    (("p_rate_after",), "rate to own picture, after", "one unit: 13 Hz"),
    (("np_rate_before",), "rate to partner, before", "one unit: 3.6 Hz"),
    (("np_rate_after",), "rate to partner, after", "one unit: 7.6 Hz"),
    (("trial_of_change",), "composites until the change", "a few"),
    (("pair_overlap_after",), "overlap of both assemblies", "De Falco 2016: .04"),
)
COLUMNS = (0.0, 0.47, 0.64)  # where the columns of the table begin, as a share of its width


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    pictures = load_pictures(run, roles)
    heights = [RASTERS + PICTURES * bool(pictures), NUMBERS]
    figure = Figure(figsize=(plotting.WIDTH, sum(heights)))
    upper, lower = plotting.rows(figure, heights)
    draw_unit(upper, recording, roles, pictures)
    rates, fraction, table = plotting.columns(lower, [1.1, 1, 2.1])
    draw_rates(rates, recording, roles)
    draw_fraction(fraction, run)
    draw_table(table, run)
    return plotting.settle(figure)


def load_pictures(run: Run, roles: PairedRoles) -> dict[str, np.ndarray]:
    """Return the pictures by name, and the composite of the first pair.

    Nothing for random codes. A run may be drawn where the user's own pictures are not; it then
    goes without any.
    """
    weight = run.row("composite_weight")
    if weight is None:
        return {}
    try:
        pictures = {name: load_picture(name) for name in roles.singles}
    except InputError:
        return {}
    pair = roles.pairs[0]
    blend = superimpose(pictures[pair.p], pictures[pair.partner], weight.value)
    return pictures | {pair.composite: blend}


def draw_unit(
    figure: SubFigure, recording: Recording, roles: PairedRoles, pictures: dict[str, np.ndarray]
) -> None:
    """(a) Every picture, and below it the spikes of the example unit."""
    pair = roles.pairs[0]
    example = example_units(recording, pair.p, pair.partner)
    strangers = roles.strangers(pair)[:N_STRANGERS]
    columns = (pair.p, pair.partner, pair.composite, *strangers)
    heights = [PICTURES] * bool(pictures) + [RASTERS]
    axes = figure.subplots(len(heights), len(columns), squeeze=False, height_ratios=heights)
    for column, name in enumerate(columns):
        axes[0, column].set_title(title(roles, pair, name))
        if pictures:
            plotting.picture(axes[0, column], pictures[name])
        draw_trials(axes[-1, column], recording, example.units[0], pair, name)
    for ax in axes[-1, 1:]:
        ax.tick_params(labelleft=False)
    figure.suptitle(
        f"Spikes of unit {example.units[0]}, the one with the median gain of "
        f"{example.n_candidates} {example.kind}"
    )
    figure.supxlabel(
        f"Time from the onset (s); grey: picture on{left_out(roles, 2 + len(strangers))}"
    )
    plotting.panel_letter(figure, "a")


def title(roles: PairedRoles, pair: Pair, name: str) -> str:
    """Return what stands above a column."""
    if name == pair.composite:
        return "superimposed"
    role = roles.labels[name]
    return short_name(name) if role.startswith("NA") else f"{short_name(name)} ({role})"


def left_out(roles: PairedRoles, n_shown: int) -> str:
    """Return what is not shown of several pairs and many pictures."""
    n_pairs, n_singles = len(roles.pairs), len(roles.singles)
    first = f". The first of {n_pairs} pairs" if n_pairs > 1 else ""
    return first + (f". {n_shown} of {n_singles} pictures" if n_singles > n_shown else "")


def draw_trials(ax: Axes, recording: Recording, unit: int, pair: Pair, name: str) -> None:
    """Draw a unit's spikes in all trials of a stimulus, in order of time from top to bottom."""
    role = {pair.p: "P", pair.partner: "NP"}.get(name, "NA")
    table = recording.trial_table
    row, ticks = 0, {}
    for phase, label in PHASES.items():
        n_rows = len(table.where(phase=phase, stimulus=pair.p))
        shown_in = "learning" if (name == pair.composite and label == "learning") else phase
        trials = table.where(phase=shown_in, stimulus=name)
        if trials.size:
            stop = min(table.stop_time[trials[0]] - table.start_time[trials[0]], WINDOW[1])
            ax.fill_between(
                (0, stop), row - 0.5, row + n_rows - 0.5, color=plotting.STIMULUS_COLOUR, lw=0
            )
            style = STYLES[role][BEFORE if phase == BEFORE else AFTER]
            plotting.raster(
                ax, recording, POPULATION, unit, trials, WINDOW, row, color=style["color"], lw=0.9
            )
        ticks[label] = row + (n_rows - 1) / 2
        row += n_rows + 1
    ax.set(xlim=WINDOW, ylim=(row - 1.5, -0.5), xticks=STIMULUS)
    ax.set_yticks(list(ticks.values()), list(ticks))
    ax.tick_params(axis="y", length=0)
    ax.spines.left.set_visible(False)


def draw_rates(figure: SubFigure, recording: Recording, roles: PairedRoles) -> None:
    """(b) Mean rate of all P units to P, NP and NA before and after learning."""
    ax = figure.subplots()
    rates = rates_by_unit(recording, roles.singles, roles.directions)
    n_units = len(rates["p_rate_before"])
    for position, kind in enumerate(KINDS):
        for phase, aside in ((BEFORE, -BAR / 2), (AFTER, BAR / 2)):
            values = rates[f"{kind}_rate_{phase}"]
            if n_units:
                colour = STYLES[kind.upper()][phase]["color"]
                error = plotting.half_confidence(values)
                bar = ax.bar(position + aside, values.mean(), BAR, yerr=error, color=colour)
                ax.bar_label(bar, [on_bar(values.mean())], padding=1, fontsize=7)
    if not n_units:
        plotting.note(ax, "no unit responds in\nevery other test")
    ax.set_xticks(range(len(KINDS)), list(KINDS.values()))
    ax.set(xlim=(-0.6, len(KINDS) - 0.4))
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel("Firing rate (Hz)")
    figure.suptitle(f"{n_units} units, before | after")
    plotting.panel_letter(figure, "b")


def draw_fraction(figure: SubFigure, run: Run) -> None:
    """(c) Fraction of pair-coding units beside the published one."""
    ax = figure.subplots()
    for position, (way, name) in enumerate(WAYS.items()):
        value = row_value(run, name)
        bar = ax.barh(position, np.nan_to_num(value), 2 * BAR, color=DIRECTIONS[way]["color"])
        ax.bar_label(bar, [as_text(value)], padding=2, fontsize=7)
    published = ax.barh(2, PUBLISHED, 2 * BAR, color="white", ec="black", hatch="////")
    ax.bar_label(published, [as_text(PUBLISHED)], padding=2, fontsize=7)
    ax.set_yticks(range(3), [*WAYS, "Ison 2015\n(unverified)"])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(2.6, -0.6)
    ax.set_xlim(0, 1.2 * np.nanmax([PUBLISHED, *(row_value(run, name) for name in WAYS.values())]))
    ax.set_xlabel("Fraction")
    figure.suptitle("Pair-coding units")
    plotting.panel_letter(figure, "c")


def draw_table(figure: SubFigure, run: Run) -> None:
    """(d) Rows of the scorecard beside what is published."""
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_ylim(len(TABLE) + 0.5, -0.5)
    for x, heading in zip(COLUMNS, ("", "model", "Ison et al. 2015"), strict=True):
        ax.text(x, 0, heading, va="center")
    ax.axhline(0.5, color="black", lw=0.6)
    for line, (names, what, published) in enumerate(TABLE, start=1):
        rows = [row for row in map(run.row, names) if row is not None]
        values = ", ".join(as_text(row.value, row.unit) for row in rows)
        evidence = f" ({rows[0].evidence})" if rows else ""
        for x, text in zip(COLUMNS, (what, values, published + evidence), strict=True):
            ax.text(x, line, text, va="center", fontsize=7)
    plotting.panel_letter(figure, "d")


def row_value(run: Run, name: str) -> float:
    """Return a value of the scorecard, not a number if it was not measured."""
    row = run.row(name)
    return float("nan") if row is None else row.value


def on_bar(rate: float) -> str:
    """Return a rate in as few digits as a narrow bar has room for."""
    return digits(rate, 1 if rate < 1 else 2)


def as_text(value: float, unit: str = "1") -> str:
    """Return a share (to two places), a number or a rate for the table."""
    if not np.isfinite(value):
        return "n/a"
    if unit != "1":
        return f"{digits(value, 2)} {unit}"
    return compact(f"{value:.2f}") if value < 1 else f"{value:g}"


def digits(value: float, n: int) -> str:
    """Return a number to n significant digits, never with an exponent."""
    return compact(np.format_float_positional(value, n, unique=False, fractional=False, trim="-"))


def compact(number: str) -> str:
    """Return a number without the 0 before its point."""
    return number.removeprefix("0") if number.startswith("0.") else number
