"""From the pixels of two pictures to the unit that learns, in one network: Ison et al. 2015.

Columns are trials: P and NP alone before learning, the two superimposed while the area learns, and
NP alone after it. (a) The pictures as pixels. (b) Projection neurons, whose rates are features of
the picture. (c) Kenyon cells, the input units of the area, in groups: those that fire to P alone in
at least half of the tests, to both, to NP alone, and others that fire in the trial with both. (d)
Excitatory cells of the area, grouped in the same way by the assemblies before learning; in colour
the unit of (e). (e) All trials of one unit of the direction P to NP, chosen by rule
(`neurosim.association.example_units`): the one with the median gain.

Made for runs with ``protocol.encoder=spiking``. Where codes are computed, there are no projection
neurons, and the input units in (c) are Poisson units.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim import statistics as st
from neurosim.association.assemblies import find_assembly
from neurosim.association.example_units import ExampleUnits, example_units
from neurosim.association.paired_roles import PairedRoles, short_name
from neurosim.association.paired_stimuli import TEST_DURATION, Pair
from neurosim.association.pictures import load_picture, superimpose
from neurosim.association.spiking_codes import KENYON_CELLS, TAKES_PART
from neurosim.errors import InputError
from neurosim.recording import Recording
from neurosim.run_directory import Run

PROTOCOL = "ison2015"
NEEDS = ("main",)

HEIGHTS = {"pictures": 1.15, "projection": 1.2, "kenyon": 2.0, "area": 2.0, "unit": 1.35}  # inches
GAP = 0.035  # between columns, as a share of the width: room for the numbers of trials
WINDOW = (-0.1, 0.6)  # s from the onset
N_OTHERS = 40  # further cells that there is room for
LEARNT = "C1"
PROJECTION_NEURONS, EXCITATORY = "projection_neurons", "excitatory"
Column = tuple[str, str, str]  # title, stimulus, phase
Row = Sequence[Axes]
Groups = dict[str, np.ndarray]  # label, cells


def draw(run: Run) -> Figure:
    """Draw the figure from a run of ``ison2015``."""
    recording = run.recordings["main"]
    roles = PairedRoles.of(recording)
    pair = roles.pairs[0]
    columns = [
        (f"{short_name(pair.p)} (P), before", pair.p, "before"),
        (f"{short_name(pair.partner)} (NP), before", pair.partner, "before"),
        ("superimposed, learning", pair.composite, "learning"),
        (f"{short_name(pair.partner)} (NP), after", pair.partner, "after"),
    ]
    example = example_units(recording, pair.p, pair.partner)
    pixels = pixels_of(run, pair)
    heights = {name: h for name, h in HEIGHTS.items() if name != "pictures" or pixels}
    figure = Figure(figsize=(plotting.WIDTH, sum(heights.values()) + 0.3))
    parts = plotting.rows(figure, list(heights.values()))
    rows = [list(part.subplots(1, len(columns))) for part in parts]
    axes = dict(zip(heights, rows, strict=True))
    for letter, part in zip("abcde", parts, strict=False):
        plotting.panel_letter(part, letter)
    for ax, (title, _, _) in zip(rows[0], columns, strict=True):
        ax.set_title(title)
    if pixels:
        draw_pictures(axes["pictures"], columns, pixels)
    draw_projection_neurons(axes["projection"], recording, columns)
    draw_kenyon_cells(axes["kenyon"], recording, columns, pair)
    draw_area(axes["area"], recording, columns, pair, example)
    draw_unit(axes["unit"], recording, columns, example)
    figure.supxlabel(
        f"Time from the onset (s); in colour unit {example.units[0]}, the one with the median gain "
        f"of {example.n_candidates} {example.kind}"
    )
    return aligned(plotting.settle(figure), rows)


def aligned(figure: Figure, rows: Sequence[Row]) -> Figure:
    """Return the figure with the columns of all rows at the same place, equally wide."""
    left = max(row[0].get_position(original=True).x0 for row in rows)
    right = min(row[-1].get_position(original=True).x1 for row in rows)
    n = len(rows[0])
    width = (right - left - (n - 1) * GAP) / n
    for row in rows:
        for column, ax in enumerate(row):
            box = ax.get_position(original=True)
            ax.set_position((left + column * (width + GAP), box.y0, width, box.height))
    return figure


def pixels_of(run: Run, pair: Pair) -> dict[str, np.ndarray]:
    """Return the pictures by name; nothing of random codes, or where the pictures are not."""
    weight = run.row("composite_weight")
    if weight is None:
        return {}
    try:
        p, partner = load_picture(pair.p), load_picture(pair.partner)
    except InputError:
        return {}
    return {pair.p: p, pair.partner: partner, pair.composite: superimpose(p, partner, weight.value)}


def draw_pictures(axes: Row, columns: list[Column], pixels: dict[str, np.ndarray]) -> None:
    """(a) What is shown."""
    for ax, (_, stimulus, _) in zip(axes, columns, strict=True):
        plotting.picture(ax, pixels[stimulus])


def draw_projection_neurons(axes: Row, recording: Recording, columns: list[Column]) -> None:
    """(b) The first trial of each column, every recorded projection neuron."""
    prepare(axes, columns, "Projection\nneurons")
    if PROJECTION_NEURONS not in recording.spikes:
        return note_all(axes, "none: codes\nare computed")
    n = recording.spikes[PROJECTION_NEURONS].n
    for ax, column in zip(axes, columns, strict=True):
        draw_spikes(ax, recording, PROJECTION_NEURONS, column, np.arange(n))
        ax.set_ylim(n - 0.5, -0.5)


def draw_kenyon_cells(axes: Row, recording: Recording, columns: list[Column], pair: Pair) -> None:
    """(c) The first trial of each column, the input units by the pictures that they fire to."""
    spiking = PROJECTION_NEURONS in recording.spikes
    prepare(axes, columns, "Kenyon cells" if spiking else "Input units")
    if KENYON_CELLS not in recording.spikes:
        return note_all(axes, "not recorded")

    def firing(name: str) -> np.ndarray:
        trials = recording.trial_table.where(phase="before", stimulus=name)
        rate = TAKES_PART if spiking else st.ASSEMBLY_RATE
        return st.assembly(recording, KENYON_CELLS, trials, rate)

    groups = grouped(firing(pair.p), firing(pair.partner))
    groups |= others(recording, KENYON_CELLS, columns[2], groups)
    for ax, column in zip(axes, columns, strict=True):
        draw_spikes(ax, recording, KENYON_CELLS, column, np.concatenate([*groups.values()]))
        list_groups(ax, groups)


def draw_area(
    axes: Row, recording: Recording, columns: list[Column], pair: Pair, example: ExampleUnits
) -> None:
    """(d) The first trial of each column, excitatory cells by assembly, the example in colour."""
    groups = grouped(*(find_assembly(recording, name, "before") for name in (pair.p, pair.partner)))
    groups |= others(recording, EXCITATORY, columns[2], groups)
    cells = np.concatenate([*groups.values()])
    prepare(axes, columns, "Excitatory cells")
    unit = example.units[0]
    for ax, column in zip(axes, columns, strict=True):
        draw_spikes(ax, recording, EXCITATORY, column, cells)
        row = np.flatnonzero(cells == unit)
        if len(row):
            times = spike_times(recording, EXCITATORY, unit, first_trial(recording, column))
            ax.plot(times, np.full(len(times), row[0]), "|", color=LEARNT, ms=6, mew=1.4)
        list_groups(ax, groups)


def draw_unit(
    axes: Row, recording: Recording, columns: list[Column], example: ExampleUnits
) -> None:
    """(e) All trials of the columns, the example unit."""
    prepare(axes, columns, "Trials", last=True)
    for ax, (_, stimulus, phase) in zip(axes, columns, strict=True):
        trials = recording.trial_table.where(phase=phase, stimulus=stimulus)
        for row, trial in enumerate(trials):
            times = spike_times(recording, EXCITATORY, example.units[0], int(trial))
            ax.vlines(times, row - 0.4, row + 0.4, color=LEARNT, lw=0.9)
        ax.set_ylim(len(trials) - 0.5, -0.5)
        ends = sorted({0, len(trials) - 1})
        ax.set_yticks(ends, [str(end + 1) for end in ends])


def prepare(axes: Row, columns: list[Column], name: str, last: bool = False) -> None:
    """Shade the stimulus in every column; only the first names its rows, the last row its time."""
    axes[0].set_ylabel(name)
    for ax, (_, _, phase) in zip(axes, columns, strict=True):
        plotting.mark_stimulus(ax, 0.0, WINDOW[1] if phase == "learning" else TEST_DURATION)
        ax.set(xlim=WINDOW, xticks=[0, TEST_DURATION])
        ax.tick_params(labelbottom=last, labelleft=last or ax is axes[0])
        ax.tick_params(axis="y", length=0)


def note_all(axes: Row, text: str) -> None:
    """Write into every column why nothing is drawn there."""
    for ax in axes:
        ax.set_yticks([])
        plotting.note(ax, text)


def first_trial(recording: Recording, column: Column) -> int:
    """Return the number of the first trial of a column."""
    _, stimulus, phase = column
    return int(recording.trial_table.where(phase=phase, stimulus=stimulus)[0])


def spike_times(recording: Recording, population: str, unit: int, trial: int) -> np.ndarray:
    """Return the spikes of a unit within the window of a trial, s from the onset."""
    spikes = recording.spikes[population]
    times = spikes.time[spikes.index == unit] - recording.trial_table.start_time[trial]
    seen: np.ndarray = times[(times >= WINDOW[0]) & (times < WINDOW[1])]
    return seen


def draw_spikes(
    ax: Axes, recording: Recording, population: str, column: Column, cells: np.ndarray
) -> None:
    """Draw the first trial of a column, one cell a row from the top."""
    spikes = recording.spikes[population]
    times = spikes.time - recording.trial_table.start_time[first_trial(recording, column)]
    row_of = np.full(spikes.n, -1)
    row_of[cells] = np.arange(len(cells))
    rows = row_of[spikes.index]
    seen = (times >= WINDOW[0]) & (times < WINDOW[1]) & (rows >= 0)
    ax.plot(times[seen], rows[seen], ".", color="black", ms=1.1, mew=0, rasterized=True)


def grouped(first: np.ndarray, second: np.ndarray) -> Groups:
    """Return the cells of the first set alone, of both, and of the second alone."""
    return {
        "P": np.flatnonzero(first & ~second),
        "both": np.flatnonzero(first & second),
        "NP": np.flatnonzero(second & ~first),
    }


def others(recording: Recording, population: str, column: Column, groups: Groups) -> Groups:
    """Return the cells of no group that fire most in the first trial of a column."""
    rates = st.rates(recording, population, [first_trial(recording, column)])[0]
    rates[np.concatenate([*groups.values()])] = 0
    most = np.argsort(-rates, kind="stable")[:N_OTHERS]
    return {"others": most[rates[most] > 0]}


def list_groups(ax: Axes, groups: Groups) -> None:
    """Name the groups of rows and draw a line between them."""
    ends = np.cumsum([len(cells) for cells in groups.values()])
    total = max(int(ends[-1]), 1)
    ax.set_ylim(total - 0.5, -0.5)
    for end in ends[:-1]:
        ax.axhline(end - 0.5, color="0.6", lw=0.5)
    names = {
        f"{name} ({len(cells)})": end - len(cells) / 2
        for (name, cells), end in zip(groups.items(), ends, strict=True)
        if len(cells) > total / 14  # as many as have room for a name
    }
    ax.set_yticks(list(names.values()), list(names))
