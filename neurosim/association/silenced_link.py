"""The link between the pictures of a pair while chosen cells are silenced.

An area imprints the pictures and learns the composites, once with all of its cells. From either of
these two states it goes on as often as wanted, with some cells silenced in tests or while it
learns. What is compared starts from the same weights and has the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce

import numpy as np

from neurosim import statistics as st
from neurosim.assembly_calculus.set_operations import NeuronSet
from neurosim.association import paired_associates as pa
from neurosim.association.pair_cells import Cells, PairCells
from neurosim.association.pair_coding import AFTER, BEFORE, POPULATION, responders
from neurosim.association.paired_stimuli import PairedStimuli
from neurosim.recording import Recording
from neurosim.session import Segment, Session, State
from neurosim.timeline import Timeline, Trial

SILENCED = "silenced cells"
LEARNING = "learning"  # the phase that shows the composites
FURTHER = "order of further tests"


@dataclass
class SilencedLink:
    """One brain, and its pairs.

    Parameters
    ----------
    session : Session
    stimuli : PairedStimuli
    options : PairedAssociates
    """

    session: Session
    stimuli: PairedStimuli
    options: pa.PairedAssociates
    _recordings: list[Recording] = field(default_factory=list)

    @cached_property
    def imprinted(self) -> Segment:
        """The imprint, then every picture and composite of a pair alone, in phase ``before``."""
        order = self.session.generator("order")
        trials = pa.imprint(self.stimuli, self.options.imprint_trials, order)
        return self._run([*trials, *self._tests(BEFORE, order, composites=True)])

    @cached_property
    def linked(self) -> Segment:
        """What follows it with all cells: composites, then the tests in the phase ``after``."""
        order = self.session.generator("order while learning")
        tests = self._tests(AFTER, order, composites=True)
        return self._run([*self._composites(), *tests], self.imprinted.state)

    @cached_property
    def cells(self) -> PairCells:
        """The cells of the pairs, as these tests tell."""
        recording = self.imprinted.followed_by(self.linked).recording
        return PairCells.of(recording, self.stimuli.pairs)

    @property
    def recording(self) -> Recording:
        """All runs, one behind the other."""
        return reduce(Recording.followed_by, self._recordings)

    def tested(self, phase: str, silenced: NeuronSet | None = None) -> Recording:
        """Test the pictures of the pairs once more after learning, some cells silenced throughout.

        Parameters
        ----------
        phase : str
            Name of the tests.
        silenced : NeuronSet, optional
        """
        trials = self._tests(phase, self.session.generator(FURTHER))
        return self._run(trials, self.linked.state, silenced, trials).recording

    def learnt(self, phase: str, silenced: NeuronSet | None = None) -> Recording:
        """Learn once more from the imprint, some cells silenced meanwhile; test with all cells.

        The noise is another one than in `linked`, so that what cells did there was not what they
        were chosen for here.

        Parameters
        ----------
        phase : str
            Name of the tests.
        silenced : NeuronSet, optional
        """
        past = self.imprinted.state
        start = State(past.weights, self.linked.state.depth, f"{past.label} once more")
        composites = self._composites()
        trials = [*composites, *self._tests(phase, self.session.generator(FURTHER))]
        return self._run(trials, start, silenced, composites).recording

    def _composites(self) -> list[Trial]:
        rates = dict.fromkeys(pa.PROJECTIONS, self.options.learning_rate)
        shown = [pair.composite for pair in self.stimuli.pairs]
        return [
            trial
            for _ in range(self.options.composite_trials)
            for trial in pa.learn(self.stimuli, shown, self.options, rates)
        ]

    def _tests(
        self, phase: str, order: np.random.Generator, composites: bool = False
    ) -> list[Trial]:
        names = [own for own, _ in self.stimuli.directions]
        if composites:
            names += [pair.composite for pair in self.stimuli.pairs]
        return pa.tests(self.stimuli, names, self.options.test_trials, phase, order)

    def _run(
        self,
        trials: Sequence[Trial],
        start: State | None = None,
        silenced: NeuronSet | None = None,
        without_them: Sequence[Trial] = (),
    ) -> Segment:
        """Run trials, the first ones of which may be `without_them`, the silenced cells."""
        patterns = self.stimuli.patterns
        if silenced is not None:
            patterns = {**patterns, POPULATION: {SILENCED: silenced.mask}}
            n_without = len(without_them)
            quiet = [replace(trial, silenced=SILENCED) for trial in trials[:n_without]]
            trials = [*quiet, *trials[n_without:]]
        segment = self.session.run(Timeline.of(trials), patterns, start)
        self._recordings.append(segment.recording)
        return segment


def answering(recording: Recording, phase: str, cells: Cells, own: bool = False) -> float:
    """Return the share of cells that respond to the partner of their own picture.

    Parameters
    ----------
    recording : Recording
    phase : str
        In which the pictures are tested.
    cells : mapping of (str, str) to NeuronSet
        By own picture and partner; all are pooled.
    own : bool
        Ask for the own picture instead.

    Returns
    -------
    float
        Not a number if there are no cells.
    """
    n_cells = n_answering = 0
    for direction, each in cells.items():
        shown = direction[0 if own else 1]
        n_cells += each.size
        n_answering += int(responders(recording, shown, phase)[each.members].sum())
    return n_answering / n_cells if n_cells else float("nan")


def rate_to_partner(recording: Recording, phase: str, cells: Cells) -> float:
    """Return the mean rate of cells to the partner of their own picture, Hz.

    Parameters
    ----------
    recording, phase, cells
        As in `answering`.
    """
    rates = []
    for (_, partner), each in cells.items():
        trials = recording.trial_table.where(phase=phase, stimulus=partner)
        rates.append(st.rates(recording, POPULATION, trials).mean(axis=0)[each.members])
    pooled = np.concatenate(rates)
    return float(pooled.mean()) if pooled.size else float("nan")


def highest_rate_of(recording: Recording, phase: str, cells: NeuronSet) -> float:
    """Return the rate of the cell that fires most in any trial of a phase, Hz; 0 without cells."""
    rates = st.rates(recording, POPULATION, recording.trial_table.where(phase=phase))
    return float(rates[:, cells.members].max(initial=0.0))


def rates_while_learning(recording: Recording) -> np.ndarray:
    """Return the mean rate of every cell while the composites are shown, Hz, shape (n_cells,)."""
    table = recording.trial_table
    trials = table.where(phase=LEARNING)
    window = (0.0, float(table.stop_time[trials[0]] - table.start_time[trials[0]]))
    rates: np.ndarray = st.rates(recording, POPULATION, trials, window).mean(axis=0)
    return rates
