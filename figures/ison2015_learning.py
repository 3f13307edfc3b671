"""How units of Ison et al. 2015 change from composite to composite: a step, or little by little.

(a) Fraction of the units that respond to the partner in one test after each composite: two spikes
or more, and more than before the onset; at the end the fraction of pair-coding units by the paper's
criterion (unverified), which asks for all tests. (b) Spikes of the pair-coding units in the tests
of the partner, aligned to the trial at which each unit changes. The change point is found on one
half of a unit's spikes and the other half is shown: aligned to a point found on the same spikes,
any unit would jump. Beside them units that are known to ramp or to step, drawn from the ramp and
the step fitted to each unit (`neurosim.association.change_point`) and taken through the same
alignment. (c) Trial of change on all spikes. (d) Share of the units that a step fits best, and
held-out jump at the change point as a share of the whole change, of the units and of what is known
to ramp or to step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association.change_point import (
    aligned_counts,
    draw_counts,
    fano_factors,
    fit_dispersion,
    fit_time_courses,
)
from neurosim.association.learning_curve import partner_counts
from neurosim.association.pair_coding import BEFORE, POPULATION, pair_coding, responders
from neurosim.association.pair_plots import DIRECTIONS, Style, published_fraction
from neurosim.association.paired_roles import PairedRoles
from neurosim.recording import Recording
from neurosim.run_directory import Run
from neurosim.simulation.job import derived_seed

PROTOCOL = "ison2015"
NEEDS = ("main",)

HEIGHT = 4.6  # inches
N_SPLITS = 20  # of the spikes of each unit, and surrogates of it. Ours: the curves are then smooth
UNITS = "pair-coding units"
COURSES: Mapping[str, Style] = {
    UNITS: {"color": "C4", "marker": "o"},
    "true ramps": {"color": "C1", "marker": "^", "ls": "--", "markerfacecolor": "white"},
    "true steps": {"color": "C2", "marker": "s", "ls": ":", "markerfacecolor": "white"},
}
MEASURES = {
    "step_share": "units that a step\nfits best",
    "jump": "held-out jump\nof the whole change",
}
NO_UNITS = "no unit is pair-coding"
Direction = tuple[str, str]


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    counts, seen = partner_counts(recording, roles.directions)
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    (a, b), (c, d) = (plotting.columns(row, [1, 1]) for row in plotting.rows(figure, [1, 1]))
    draw_fractions(a, recording, roles.directions)
    draw_aligned(b, counts, seen, np.random.default_rng(derived_seed(run.seed, "figure")))
    draw_trials_of_change(c, counts, seen)
    draw_step_or_ramp(d, run)
    return plotting.settle(figure)


def fraction_after_each_composite(
    recording: Recording, directions: Sequence[Direction]
) -> np.ndarray:
    """Return the fraction of units that respond to the partner in one test after each composite.

    Of the units that respond to their own stimulus and not to its partner before. In one test a
    unit responds if it fires two spikes or more and more than before the onset; the first value is
    the mean over the tests before learning.

    Parameters
    ----------
    recording : Recording
    directions : sequence of (str, str)
        Own stimulus and partner; the units of all are pooled.

    Returns
    -------
    ndarray of float, shape (1 + n_composites,)
        NaN without such units.
    """
    n_eligible = 0
    n_responding: np.ndarray | float = 0.0
    for own, partner in directions:
        eligible = responders(recording, own, BEFORE) & ~responders(recording, partner, BEFORE)
        before, between = (
            responds_once(recording, recording.trial_table.where(phase=phase, stimulus=partner))
            for phase in (BEFORE, "between")
        )
        share = np.concatenate([before.mean(axis=0, keepdims=True), between])
        n_responding = n_responding + share[:, eligible].sum(axis=1)
        n_eligible += int(eligible.sum())
    return np.asarray(n_responding) / (n_eligible or np.nan)


def responds_once(recording: Recording, trials: np.ndarray) -> np.ndarray:
    """Return which cells respond in each single test, shape (n_tests, n_cells)."""
    response, baseline = st.response_and_baseline(recording, POPULATION, trials)
    responds: np.ndarray = (response > baseline) & (response >= st.ISON_CRITERION.min_median)
    return responds


def draw_fractions(
    figure: SubFigure, recording: Recording, directions: Sequence[Direction]
) -> None:
    """(a) Fraction of units after every composite, and in the end."""
    ax = figure.subplots()
    highest, n = 0.6, 0
    for k, (way, style) in enumerate(DIRECTIONS.items()):
        fractions = fraction_after_each_composite(recording, directions[k::2])
        in_the_end = pair_coding(recording, directions[k::2])
        n = len(fractions) - 1
        end = n + max(1.0, n / 5)
        ax.plot(np.arange(n + 1), fractions, label=way, **style)
        ax.plot(end + (k - 0.5) * (end - n) / 5, in_the_end, **style)
        highest = np.nanmax([highest, *fractions, in_the_end])
    published_fraction(ax)
    ticks = [tick for tick in MaxNLocator(5, integer=True).tick_values(0, n) if tick <= n]
    ax.set_xticks([*ticks, end], [*(f"{tick:g}" for tick in ticks), "after"])
    # The legend stands above the largest fraction.
    ax.set(ylim=(0, 1.45 * highest), yticks=np.arange(0, highest + 0.05, 0.2))
    ax.spines.left.set_bounds(0, highest)
    ax.set_ylabel("Responding units (fraction)", y=0.36)
    ax.set_xlabel("Composite trials, one test of the partner after each")
    ax.legend(loc="upper left", ncols=3, columnspacing=1)
    plotting.panel_letter(figure, "a")


def surrogate_counts(
    course: np.ndarray, counts: np.ndarray, seen: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return counts of units whose true course is known, as variable as the units themselves.

    Parameters
    ----------
    course : ndarray of float, shape (n_levels, n_units)
        Spikes per test at each number of composites seen.
    counts, seen
        Of the units, as `neurosim.association.learning_curve.partner_counts` returns them.
    generator : numpy.random.Generator
    """
    means = course[np.unique(seen, return_inverse=True)[1]]
    return draw_counts(means, fano_factors(means, fit_dispersion(counts, seen)), generator)


def draw_aligned(
    figure: SubFigure, counts: np.ndarray, seen: np.ndarray, generator: np.random.Generator
) -> None:
    """(b) Counts aligned to the held-out change point, of the units and of surrogates."""
    ax = figure.subplots()
    if counts.shape[1]:
        many = np.tile(counts, N_SPLITS)
        fitted = fit_time_courses(many, seen)
        drawn = {UNITS: many}
        for kind in ("ramp", "step"):
            if not np.isnan(fitted.rates[kind]).any():
                surrogates = surrogate_counts(fitted.rates[kind], many, seen, generator)
                drawn[f"true {kind}s"] = surrogates
        for kind, of_kind in drawn.items():
            relative, means = aligned_counts(of_kind, seen, generator)
            ax.plot(relative, means, label=kind, **COURSES[kind])
        ax.axvline(-0.5, color="black", lw=0.6)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="upper left")
    else:
        plotting.note(ax, NO_UNITS)
    ax.set_ylabel("Spikes per test of NP")
    ax.set_xlabel("Composites from the change (found on the other half)")
    plotting.panel_letter(figure, "b")


def draw_trials_of_change(figure: SubFigure, counts: np.ndarray, seen: np.ndarray) -> None:
    """(c) Trial of change of the pair-coding units, on all spikes."""
    ax = figure.subplots()
    n_units = counts.shape[1]
    if n_units:
        trials, n_changing = np.unique(fit_time_courses(counts, seen).change, return_counts=True)
        ax.bar(trials, n_changing / n_units, 0.8, color=COURSES[UNITS]["color"])
        ax.set_xlim(0.4, seen.max() + 0.6)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    else:
        plotting.note(ax, NO_UNITS)
    ax.set_ylabel("Pair-coding units (fraction)")
    ax.set_xlabel("Composite trials up to the change")
    figure.suptitle(f"{n_units} pair-coding units")
    plotting.panel_letter(figure, "c")


def draw_step_or_ramp(figure: SubFigure, run: Run) -> None:
    """(d) Share of steps and held-out jump from the scorecard, beside the surrogates'."""
    ax = figure.subplots()
    nothing = True
    for aside, (kind, style) in zip((-0.2, 0, 0.2), COURSES.items(), strict=True):
        ending = "" if kind == UNITS else f"_of_{kind.replace(' ', '_')}"
        rows = [run.row(f"{measure}{ending}") for measure in MEASURES]
        values = [np.nan if row is None else row.value for row in rows]
        positions = np.arange(len(MEASURES)) + aside
        ax.plot(positions, values, label=kind, **{**style, "ls": ""})
        nothing &= bool(np.isnan(values).all())
    if nothing:
        plotting.note(ax, NO_UNITS)
    ax.set_xticks(range(len(MEASURES)), list(MEASURES.values()))
    ax.set(xlim=(-0.5, len(MEASURES) - 0.5), ylim=(min(0, ax.get_ylim()[0]), 1.25))
    ax.set_yticks(np.arange(0, 1.1, 0.2))
    ax.legend(loc="upper center", ncols=3, columnspacing=1)
    ax.set_ylabel("Share")
    figure.suptitle("Ison 2015: a step (unverified)")
    plotting.panel_letter(figure, "d")
