"""Three memories of the same strings: activity, fast weights, slow weights.

(a) Activity: spikes of one population with random synapses while a string of eight pairs is shown
(shaded) and, a tenth of a second later, a letter asks (darker). Cells that carry the string's
letters are at the bottom, those of its digits above them, and then all others. (b) The same string
in the fast weights: key cells of its letters, all value cells, inhibitory cells; the cells of the
digit that was bound to the letter answer. (c) What a linear read-out recovers of a string by the
delay before the query, in bits and in items of log2(10) bits; open circles: the half-life. (d) The
same by how often the string was shown. (e) The same by the number of its pairs; dotted: all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import NullLocator

from neurosim import plotting
from neurosim.fast_weights.memory_comparison import DELAYS, EXPOSURES, N_PAIRS, PAIRS
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, QUERY_MARK
from neurosim.fast_weights.spiking_associative_memory import orthogonal_codes_of
from neurosim.fast_weights.three_memories import ACTIVITY, FAST, MEMORIES, MINUTE, SLOW
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "three_memories"
NEEDS = ("main",)

HEIGHT = 5.4  # inches
ITEM = math.log2(len(DIGITS))  # bits
QUERY_COLOUR = "0.8"
LABELS = {ACTIVITY: "activity", MINUTE: "fast, 60 s", SLOW: "slow, 1 h"}
STYLES: Mapping[str, Mapping[str, Any]] = {
    ACTIVITY: {"color": "C1", "marker": "s"},
    FAST: {"color": "C0", "marker": "o"},
    MINUTE: {"color": "C0", "marker": "^", "ls": "--"},
    SLOW: {"color": "C2", "marker": "D"},
}


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``three_memories``."""
    figure = Figure(figsize=(plotting.WIDTH, HEIGHT))
    upper, lower = plotting.rows(figure, [1.2, 1])
    left, right = plotting.columns(upper, [1, 1])
    draw_activity(left, run)
    draw_weights(right, run)
    left, middle, right = plotting.columns(lower, [1.6, 0.85, 1])
    draw_delays(left, run)
    draw_exposures(middle, run)
    draw_lengths(right, run)
    return plotting.settle(figure)


def draw_activity(figure: SubFigure, run: Run) -> None:
    """(a) Spikes of the population, the cells of the string's symbols below."""
    parameters = run.sheet.parameters
    codes, names = orthogonal_codes_of(parameters, run.seed), stimuli(run.recording, ACTIVITY)
    letters = codes.keys[[LETTERS.index(name[0]) for name in names[:-1]]].any(axis=0)
    digits = codes.values[[DIGITS.index(name[1]) for name in names[:-1]]].any(axis=0)
    n_keys = parameters.key_cells.n
    shown = [np.flatnonzero(letters), n_keys + np.flatnonzero(digits)]
    every = np.arange(run.recording.spikes["cells"].n)
    groups = [*shown, np.setdiff1d(every, np.concatenate(shown))]
    ax = figure.subplots()
    draw_spikes(ax, run.recording, "cells", groups, ACTIVITY, "C1")
    middles = np.cumsum([0, *map(len, groups)])
    ax.set_yticks((middles[:-1] + middles[1:]) / 2, ["letters", "digits", "others"])
    for edge in middles[1:-1]:
        ax.axhline(edge - 0.5, color="0.4", lw=0.5)
    ax.set_xlabel("Time (s)")
    ax.set_title("activity", pad=12)
    plotting.panel_letter(figure, "a")


def draw_weights(figure: SubFigure, run: Run) -> None:
    """(b) Spikes of key, value and inhibitory cells."""
    codes = orthogonal_codes_of(run.sheet.parameters, run.seed)
    names = stimuli(run.recording, FAST)
    letters = sorted(name[0] for name in names[:-1])
    n_inhibitory = run.recording.spikes["inhibitory_cells"].n
    rows: Mapping[str, Sequence[np.ndarray]] = {
        "key_cells": [np.flatnonzero(codes.keys[LETTERS.index(letter)]) for letter in letters],
        "value_cells": [np.flatnonzero(code) for code in codes.values],
        "inhibitory_cells": [np.arange(n_inhibitory)],
    }
    sizes = [sum(map(len, groups)) for groups in rows.values()]
    axes = figure.subplots(3, 1, sharex=True, height_ratios=sizes)
    labels = {"key_cells": letters, "value_cells": list(DIGITS), "inhibitory_cells": [""]}
    for ax, (population, groups) in zip(axes, rows.items(), strict=True):
        draw_spikes(ax, run.recording, population, groups, FAST, "C0")
        edges = np.cumsum([0, *map(len, groups)])
        ax.set_yticks((edges[:-1] + edges[1:] - 1) / 2, labels[population])
    for ax, label in zip(axes, ("Keys", "Values", "Inh."), strict=True):
        ax.set_ylabel(label)
    axes[2].set_xlabel("Time (s)")
    axes[0].set_title("fast weights", pad=12)
    plotting.panel_letter(figure, "b")


def stimuli(recording: Recording, memory: str) -> list[str]:
    """Return what a memory is shown in the recording: the pairs, then the query."""
    return [str(name) for name in recording.trial_table.stimulus[of_memory(recording, memory)]]


def of_memory(recording: Recording, memory: str) -> np.ndarray:
    """Return the trials of a memory."""
    return recording.trial_table.where(role=memory)


def draw_spikes(
    ax: Axes,
    recording: Recording,
    population: str,
    groups: Sequence[np.ndarray],
    memory: str,
    colour: str,
) -> None:
    """Draw the spikes of groups of cells, one above the other, while a memory is shown a string."""
    table, trials, spikes = (
        recording.trial_table,
        of_memory(recording, memory),
        recording.spikes[population],
    )
    start, stop = table.start_time[trials[0]], table.stop_time[trials[-1]]
    row = np.full(spikes.n, -1)
    row[np.concatenate(groups)] = np.arange(sum(map(len, groups)))
    seen = (spikes.time >= start) & (spikes.time <= stop) & (row[spikes.index] >= 0)
    ax.plot(spikes.time[seen] - start, row[spikes.index[seen]], "|", ms=1.3, mew=0.4, color=colour)
    for trial in trials:
        span = table.start_time[trial] - start, table.stop_time[trial] - start
        asks = str(table.stimulus[trial]).startswith(QUERY_MARK)
        if asks:
            ax.axvspan(*span, color=QUERY_COLOUR, linewidth=0, zorder=0)
        else:
            plotting.mark_stimulus(ax, *span)
        if population in ("cells", "key_cells"):
            ax.annotate(
                str(table.stimulus[trial]), (sum(span) / 2, 1), (0, 2),
                ("data", "axes fraction"), "offset points", ha="center", va="bottom",
            )  # fmt: skip
    ax.set_xlim(0, stop - start)
    ax.set_ylim(-1, sum(map(len, groups)))
    ax.tick_params(axis="y", length=0)


def draw_bits(ax: Axes, run: Run, memory: str, names: Mapping[float, str], condition: str) -> None:
    """Draw what was recovered of one memory."""
    rows = {x: run.row(name, condition) for x, name in names.items()}
    measured = {x: row.value for x, row in rows.items() if row is not None}
    label = LABELS.get(memory, f"fast, {run.sheet.parameters.key_to_value.tau_fast:g} s")
    ax.plot(list(measured), list(measured.values()), ms=3.5, label=label, **STYLES[memory])


def draw_delays(figure: SubFigure, run: Run) -> None:
    """(c) Bits by delay, and half-lives."""
    ax = figure.subplots()
    for memory in MEMORIES:
        names = {delay: f"{memory}_bits_at_{delay:g}_s" for delay in DELAYS[memory]}
        draw_bits(ax, run, memory, names, "main")
        life, first = (
            run.row(name)
            for name in (f"{memory}_half_life", f"{memory}_bits_at_{DELAYS[memory][0]:g}_s")
        )
        if life is not None and first is not None and math.isfinite(life.value):
            ax.plot(
                life.value, first.value / 2, "o", ms=6, mfc="white", color=STYLES[memory]["color"]
            )
    ax.set_xscale("log")
    ax.set_xticks([0.1, 1, 10, 100, 1000, 10000], [".1", "1", "10", "100", "1000", "10 000"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("Delay (s)")
    finish(ax, N_PAIRS)
    ax.legend(loc="center left")
    plotting.panel_letter(figure, "c")


def draw_exposures(figure: SubFigure, run: Run) -> None:
    """(d) Bits by exposures."""
    ax = figure.subplots()
    for memory, numbers in EXPOSURES.items():
        names = {float(n): f"{memory}_bits_after_{n}_exposures" for n in numbers}
        draw_bits(ax, run, memory, names, "main")
    ax.set_xlabel("Times shown")
    ax.set_xticks(EXPOSURES[SLOW])
    finish(ax, N_PAIRS)
    plotting.panel_letter(figure, "d")


def draw_lengths(figure: SubFigure, run: Run) -> None:
    """(e) Bits by number of pairs."""
    ax, most = figure.subplots(), len(LETTERS)
    if "items" in run.conditions:
        ax.plot([0, most], [0, most * ITEM], ":", color="0.4", lw=0.8)
        for memory, numbers in PAIRS.items():
            names = {float(n): f"{memory}_bits_of_{n}_pairs" for n in numbers}
            draw_bits(ax, run, memory, names, "items")
    else:
        plotting.note(ax, "the condition\n'items' was not run")
    ax.set_xlabel("Pairs in the string")
    ax.set_xlim(0, most + 1)
    finish(ax, most)
    plotting.panel_letter(figure, "e")


def finish(ax: Axes, n_items: int) -> None:
    """Add labels and limits, bits on the left and items on the right."""
    ax.set_ylim(-0.02 * n_items * ITEM, 1.08 * n_items * ITEM)
    ax.set_ylabel("Recovered (bits)")
    items = ax.secondary_yaxis("right", functions=(items_of, bits_of))
    items.set_yticks(np.arange(0, n_items + 1, 2 if n_items <= N_PAIRS else 5))
    items.set_ylabel("Items")


def items_of(bits: npt.ArrayLike) -> np.ndarray:
    """Return how many items are as many bits."""
    return np.asarray(bits, dtype=float) / ITEM


def bits_of(items: npt.ArrayLike) -> np.ndarray:
    """Return the bits of items."""
    return np.asarray(items, dtype=float) * ITEM
