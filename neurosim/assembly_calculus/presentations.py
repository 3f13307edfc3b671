"""What the spiking machine makes of an instruction: presentations, and what is open and learns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from neurosim.assembly_calculus.instructions import (
    Assembly,
    Fibre,
    Learning,
    Wave,
    evocation,
)
from neurosim.assembly_calculus.schedule import Presentation
from neurosim.parameters.areas import AreasParameters
from neurosim.timeline import Trial

TOGETHER = "+"  # between the names, in the table of trials, of stimuli that are shown at once


@dataclass(frozen=True)
class Planner:
    """Turns instructions into presentations.

    Parameters
    ----------
    parameters : AreasParameters
    areas : sequence of str
    assemblies : mapping of str to Assembly
        All that the program forms.
    """

    parameters: AreasParameters
    areas: Sequence[str]
    assemblies: Mapping[str, Assembly]

    def learning(self, learning: Learning, phase: str) -> list[Presentation]:
        """Return the presentations in which fibres learn.

        Fibres from what forms an area's assembly drive the area; all others that lead to it are
        feedback.
        """
        trials, joint = self.parameters.trials, None in learning.forms.values()
        rounds = learning.rounds
        if rounds is None:
            rounds = trials.associate if joint else self._usual_rounds(learning)
        rate = trials.association_rate if joint else 1.0
        driving = {fibre for fibre in learning.fibres if self._drives(fibre, learning)}
        trial = Trial(
            TOGETHER.join(self._stimuli(learning.fibres)),
            trials.duration,
            trials.gap,
            phase,
            learning_rates={"excitatory_to_excitatory": rate},
        )
        one = Presentation(
            trial,
            shown=self.shown(learning.fibres),
            gains=self._gains(learning.fibres, driving),
            learning_rates=dict.fromkeys(learning.fibres, rate),
        )
        return [one] * rounds

    def reading(
        self, waves: Iterable[Wave], phase: str, inhibited: tuple[str, ...] = ()
    ) -> list[Presentation]:
        """Return the presentations in which activity passes along fibres that do not learn."""
        fibres = tuple(dict.fromkeys(fibre for wave in waves for fibre in wave))
        shown = self.shown(fibres)
        one = Presentation(
            self._test(TOGETHER.join(self._stimuli(fibres)), phase),
            shown=shown,
            gains=self._gains(fibres, set(fibres)),
            inhibited=inhibited,
        )
        return [one] * self.parameters.trials.test

    def stimulation(
        self,
        cells: Mapping[str, str],
        phase: str,
        fibres: Iterable[Fibre] = (),
        inhibited: tuple[str, ...] = (),
        rounds: int | None = None,
    ) -> list[Presentation]:
        """Return the presentations in which cells are stimulated directly, by area.

        Parameters
        ----------
        cells : mapping of str to str
            Names of their patterns.
        phase : str
        fibres : iterable of Fibre
            That are open.
        inhibited : tuple of str
        rounds : int, optional
            By default as many as tests.
        """
        fibres = tuple(fibres)
        one = Presentation(
            self._test(TOGETHER.join(cells.values()), phase),
            stimulated=cells,
            gains=self._gains(fibres, set(fibres)),
            inhibited=inhibited,
        )
        return [one] * (rounds or self.parameters.trials.test)

    def shown(self, fibres: Iterable[Fibre]) -> dict[str, tuple[str, ...]]:
        """Return the stimuli that each area is shown."""
        by_area: dict[str, list[str]] = {}
        for fibre in fibres:
            if fibre.source not in self.areas:
                by_area.setdefault(fibre.target, []).append(fibre.source)
        return {area: tuple(sorted(names)) for area, names in by_area.items()}

    def evoking(self, learning: Learning) -> tuple[Wave, ...]:
        """Return the waves that evoke the new assembly of an instruction."""
        new = next(iter(learning.forms.values()))
        return evocation(new, self.assemblies) if new is not None else ()

    def _usual_rounds(self, learning: Learning) -> int:
        new = next(name for name in learning.forms.values() if name is not None)
        from_stimulus = any(
            parent not in self.assemblies for parent in self.assemblies[new].parents
        )
        return self.parameters.trials.imprint if from_stimulus else self.parameters.trials.project

    def _drives(self, fibre: Fibre, learning: Learning) -> bool:
        name = learning.forms.get(fibre.target)
        if name is None:
            return True
        parents = self.assemblies[name].parents
        return fibre.source in {
            self.assemblies[parent].area for parent in parents if parent in self.assemblies
        }

    def _gains(self, fibres: Iterable[Fibre], driving: set[Fibre]) -> dict[Fibre, float]:
        """Open fibres between areas.

        Each of n that drive one area has the gain ``n**-sharing_exponent``.
        """
        between = [
            fibre for fibre in fibres if fibre.source in self.areas and fibre.source != fibre.target
        ]
        number: dict[str, int] = {}
        for fibre in between:
            if fibre in driving:
                number[fibre.target] = number.get(fibre.target, 0) + 1
        gating = self.parameters.gating
        return {
            fibre: number[fibre.target] ** -gating.sharing_exponent
            if fibre in driving
            else gating.feedback_gain
            for fibre in between
        }

    def _stimuli(self, fibres: Iterable[Fibre]) -> list[str]:
        return sorted({fibre.source for fibre in fibres if fibre.source not in self.areas})

    def _test(self, stimulus: str, phase: str) -> Trial:
        trials = self.parameters.trials
        return Trial(stimulus, trials.duration, trials.test_gap, phase)
