"""What is done to spiking areas, presentation by presentation, as tables that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.assembly_calculus.instructions import Fibre
from neurosim.errors import InputError
from neurosim.parameters.areas import AreasParameters
from neurosim.schedules import MIN_PATTERNS, MIN_TICKS, capacity
from neurosim.timeline import Timeline, Trial

LEAD_IN = 0.5  # s; ours: three times the longest time constant, that of the adaptation


@dataclass(frozen=True)
class Presentation:
    """One presentation and the silence after it.

    Parameters
    ----------
    trial : Trial
        How long it is, and what it is part of. Its learning rates are not used.
    shown : mapping of str to tuple of str
        The patterns of input units whose union each area is shown, by area.
    stimulated : mapping of str to str
        The pattern of cells that are stimulated directly, by area.
    gains : mapping of Fibre to float
        How far each fibre between two areas is open, in the silence too; others are closed.
    learning_rates : mapping of Fibre to float
        Scale of the plasticity of each fibre, in the silence too: of an area's input under a fibre
        from the pattern, of its own synapses under a fibre from the area to itself.
    inhibited : tuple of str
        Areas.
    silenced : mapping of str to str
        The pattern of cells that do not fire, in the silence either, by area.
    """

    trial: Trial
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stimulated: Mapping[str, str] = field(default_factory=dict)
    gains: Mapping[Fibre, float] = field(default_factory=dict)
    learning_rates: Mapping[Fibre, float] = field(default_factory=dict)
    inhibited: tuple[str, ...] = ()
    silenced: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """Presentations to areas, one behind the other.

    Parameters
    ----------
    parameters : AreasParameters
    areas : sequence of str
    presentations : sequence of Presentation
    inputs, cells : mapping of str to ndarray of bool
        The patterns that are shown, shape (n_input,), and those that are stimulated directly or
        silenced, shape (n_excitatory,), by name.

    Raises
    ------
    InputError
        If a pattern has a wrong size.
    """

    parameters: AreasParameters
    areas: Sequence[str]
    presentations: Sequence[Presentation] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    cells: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for population, patterns in (("input", self.inputs), ("excitatory", self.cells)):
            n_units = self.parameters.populations[population]
            for name, pattern in patterns.items():
                if np.shape(pattern) != (n_units,):
                    raise InputError(
                        f"The pattern '{name}' has shape {np.shape(pattern)}, expected "
                        f"({n_units},) for the population '{population}'."
                    )

    @property
    def timeline(self) -> Timeline:
        """The trials of the presentations."""
        return Timeline.of((each.trial for each in self.presentations), LEAD_IN)

    def structure(self) -> dict[str, int | float | str]:
        """Return what is compiled in: sizes, dt and the capacities of the tables."""
        return {
            **self.parameters.structure(),
            "n_areas": len(self.areas),
            "n_ticks": capacity(self.timeline.n_ticks, MIN_TICKS),
            "n_patterns": capacity(1 + max(len(self.unions), len(self.cells)), MIN_PATTERNS),
        }

    @property
    def unions(self) -> tuple[tuple[str, ...], ...]:
        """The patterns of input units that are shown together, each combination once."""
        return tuple(
            dict.fromkeys(names for each in self.presentations for names in each.shown.values())
        )

    def tables(self) -> dict[str, np.ndarray]:
        """Return the tables of `neurosim.circuits.areas`, padded to their capacity."""
        structure, n_areas = self.structure(), len(self.areas)
        n_ticks, n_patterns = int(structure["n_ticks"]), int(structure["n_patterns"])
        by_area = (
            "stimulus",
            "stimulated",
            "silenced_cells",
            "inhibited",
            "input_to_excitatory_learning_rate",
            "excitatory_to_excitatory_learning_rate",
            "between_areas_normalised",
        )
        by_fibre = ("between_areas_learning_rate", "between_areas_gain")
        tables = {name: np.zeros((n_ticks, n_areas)) for name in by_area}
        tables |= {name: np.zeros((n_ticks, n_areas**2)) for name in by_fibre}
        onsets = self.timeline.onset_ticks
        ends = [*onsets, self.timeline.n_ticks][1:]
        for onset, end, each in zip(onsets, ends, self.presentations, strict=True):
            silence = onset + round((end - onset) * _share_on(each.trial))
            self._write(tables, each, slice(onset, silence), slice(onset, end))
        together = [np.any([self.inputs[name] for name in names], axis=0) for names in self.unions]
        for population, patterns in (("input", together), ("excitatory", self.cells.values())):
            table = np.zeros((n_patterns, self.parameters.populations[population]))
            for number, pattern in enumerate(patterns, start=1):
                table[number] = pattern
            tables[f"{population}_patterns"] = table
        return tables

    def _write(
        self, tables: dict[str, np.ndarray], each: Presentation, on: slice, whole: slice
    ) -> None:
        areas = list(self.areas)
        unions, cells = self.unions, list(self.cells)
        for area, names in each.shown.items():
            tables["stimulus"][on, areas.index(area)] = 1 + unions.index(names)
        for area, name in each.stimulated.items():
            tables["stimulated"][on, areas.index(area)] = 1 + cells.index(name)
        for area, name in each.silenced.items():
            tables["silenced_cells"][whole, areas.index(area)] = 1 + cells.index(name)
        for area in each.inhibited:
            tables["inhibited"][whole, areas.index(area)] = 1
        for fibre, gain in each.gains.items():
            tables["between_areas_gain"][whole, self._column(fibre)] = gain
        for fibre, rate in each.learning_rates.items():
            target = areas.index(fibre.target)
            if fibre.source not in areas:
                tables["input_to_excitatory_learning_rate"][whole, target] = rate
            elif fibre.source == fibre.target:
                tables["excitatory_to_excitatory_learning_rate"][whole, target] = rate
            else:
                tables["between_areas_learning_rate"][whole, self._column(fibre)] = rate
                if rate > 0:
                    tables["between_areas_normalised"][whole, target] = 1

    def _column(self, fibre: Fibre) -> int:
        """Return the number of a fibre between areas, as `neurosim.circuits.areas` counts them."""
        areas = list(self.areas)
        return areas.index(fibre.source) * len(areas) + areas.index(fibre.target)


def _share_on(trial: Trial) -> float:
    return trial.duration / (trial.duration + trial.gap)
