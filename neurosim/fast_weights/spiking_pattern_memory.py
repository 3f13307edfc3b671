"""Show patterns to the spiking recurrent memory, in batches of any number, and cue their recall.

A memory is asked in one of two ways. `PatternMemory.ask` simulates everything: patterns, waiting
and cues. `PatternMemory.store` ends with the weights, which `PatternMemory.recall` lets decay by
their exact law before it simulates the cue, so that waiting costs nothing and every pattern of a
sequence can be asked for at the same age. While a memory waits or is asked, its synapses do not
learn, so the two differ in nothing but noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.errors import InputError
from neurosim.fast_weights.block_spikes import (
    LEAD_IN,
    N_RECORDED,
    spike_outputs,
    spikes_of_block,
)
from neurosim.fast_weights.pattern_schedule import PatternSchedule
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.recording import Recording, SpikeTrains, TrialValues
from neurosim.session import Session

WEIGHTS, LAST_UPDATE = "recurrent.w", "recurrent.lastupdate"
NO_STATE: Mapping[str, np.ndarray] = MappingProxyType({})

Batch = tuple[PatternSchedule, str, Mapping[str, np.ndarray]]
"""What one run of the circuit is given: the schedule, the purpose of the noise, the state."""


@dataclass(frozen=True, eq=False)
class Recalled:
    """What a memory settles to.

    Parameters
    ----------
    cell_rates : ndarray of float, shape (n_steps, n_sequences, n_cues, n_cells)
        Rate of every cell in each settling step of a cue, Hz.
    recording : Recording
        Spikes of the first sequences, one behind the other.
    """

    cell_rates: np.ndarray
    recording: Recording

    def states(self, n_steps: int, n_active: int, generator: np.random.Generator) -> np.ndarray:
        """Return the cells that fire most in a settling step.

        Parameters
        ----------
        n_steps : int
            Number of the step, from 1.
        n_active : int
            How many; as many as a state of the exact memory has.
        generator : numpy.random.Generator
            Draws those that are taken of cells with equally many spikes.

        Returns
        -------
        ndarray of bool, shape (n_sequences, n_cues, n_cells)
        """
        rates = self.cell_rates[n_steps - 1]
        order = np.lexsort((generator.random(rates.shape), -rates))
        states = np.zeros(rates.shape, dtype=bool)
        np.put_along_axis(states, order[..., :n_active], True, axis=-1)
        return states


@dataclass(frozen=True, eq=False)
class PatternMemory:
    """A circuit of one sheet, ready to be shown patterns.

    Parameters
    ----------
    session : Session
        Its seed draws the noise; its target runs the circuit.
    parameters : PatternMemoryParameters
    """

    session: Session
    parameters: PatternMemoryParameters

    @classmethod
    def of(cls, session: Session) -> PatternMemory:
        """Return the circuit of a session's sheet."""
        return cls(session, session.parameters)

    def changed(self, **changes: float | str) -> PatternMemory:
        """Return the circuit at other values of parameters, ``section__field=value``.

        Raises
        ------
        InputError
            If a value is refused.
        """
        return replace(self, parameters=self.parameters.changed(**changes))

    def ask(
        self, patterns: np.ndarray, cues: np.ndarray, noise: str, delays: Sequence[float]
    ) -> Recalled:
        """Store patterns, wait, and ask with cues.

        Parameters
        ----------
        patterns : ndarray of bool, shape (n_sequences, n_patterns, n_cells)
        cues : ndarray of bool, shape (n_sequences, n_cues, n_cells)
        noise : str
            Purpose of the noise: the same one gives the same spikes again.
        delays : sequence of float
            From the end of the last pattern to each cue, seconds.

        Raises
        ------
        InputError
            If the patterns, the cues and the delays do not fit.
        SimulationError
            If the simulation fails.
        """
        schedules = self._schedules(patterns, cues, delays)
        return self._recalled(
            (schedule, noise_of(noise, k), NO_STATE) for k, schedule in enumerate(schedules)
        )

    def store(self, patterns: np.ndarray, noise: str) -> np.ndarray:
        """Store patterns; return the weights at the end of the last one.

        Parameters
        ----------
        patterns, noise
            As in `ask`.

        Returns
        -------
        ndarray of float, shape (n_sequences, n_cells, n_cells)
            Volt; symmetric but for rounding, with an empty diagonal.

        Raises
        ------
        InputError
            If the patterns do not fit the circuit.
        SimulationError
            If the simulation fails.
        """
        n_cells = self.parameters.cells.n
        weights = np.zeros((len(patterns), n_cells, n_cells))
        done = 0
        for k, schedule in enumerate(self._schedules(patterns, patterns[:, :0], ())):
            arrays = self.simulate(schedule, noise_of(noise, k), (WEIGHTS, LAST_UPDATE))
            # A weight was computed when it was last needed, and has decayed since.
            idle = np.maximum(schedule.duration - arrays[LAST_UPDATE], 0)
            now = arrays[WEIGHTS] * decay_factor(idle, self.parameters.recurrent.tau_fast)
            number = len(schedule.patterns)
            weights[done : done + number, others(n_cells)] = now.reshape(
                self.parameters.simulation.n_blocks, -1
            )[:number]
            done += number
        return weights

    def recall(self, weights: np.ndarray, cues: np.ndarray, delay: float, noise: str) -> Recalled:
        """Ask memories with cues, each by itself, after their weights have decayed by exact law.

        Parameters
        ----------
        weights : ndarray of float, shape (n_sequences, n_cells, n_cells)
            Volt, from `store`.
        cues : ndarray of bool, shape (n_sequences, n_cues, n_cells)
        delay : float
            From the end of the last pattern to every one of the cues, seconds.
        noise : str

        Returns
        -------
        Recalled

        Raises
        ------
        InputError
            If the weights or the cues do not fit, or the delay is negative.
        SimulationError
            If the simulation fails.
        """
        n_cells, tau = self.parameters.cells.n, self.parameters.recurrent.tau_fast
        n_sequences, n_cues = cues.shape[:2]
        if weights.shape != (n_sequences, n_cells, n_cells):
            raise InputError(
                f"The weights have the shape {weights.shape}, expected "
                f"({n_sequences}, {n_cells}, {n_cells})."
            )
        # They decay during the lead-in too.
        left = decay_factor(delay, tau) / decay_factor(LEAD_IN, tau)
        synapses = (left * weights)[:, others(n_cells)]
        # A copy of the memory for each of its cues.
        memories = np.repeat(np.arange(n_sequences), n_cues)
        single = cues.reshape(-1, 1, n_cells)
        n_blocks = self.parameters.simulation.n_blocks

        def batches() -> Iterator[Batch]:
            done = 0
            for k, schedule in enumerate(self._schedules(single[:, :0], single, (LEAD_IN,))):
                state = np.zeros((n_blocks, synapses.shape[1]))
                number = len(schedule.cues)
                state[:number] = synapses[memories[done : done + number]]
                done += number
                yield schedule, noise_of(noise, k), {WEIGHTS: state.ravel()}

        recalled = self._recalled(batches())
        shape = (-1, n_sequences, n_cues, n_cells)
        return replace(recalled, cell_rates=recalled.cell_rates.reshape(shape))

    def simulate(
        self,
        schedule: PatternSchedule,
        noise: str,
        outputs: tuple[str, ...],
        state: Mapping[str, np.ndarray] = NO_STATE,
    ) -> Mapping[str, np.ndarray]:
        """Run the circuit once over a schedule; see `neurosim.session.Session.execute`.

        Parameters
        ----------
        schedule : PatternSchedule
        noise : str
            Purpose of the noise.
        outputs : tuple of str
            Arrays that are returned, such as `WEIGHTS`, in which the cells of a block come one
            after the other, each with its synapses to all others of the block.
        state : mapping of str to ndarray
            Arrays that replace initial values.

        Raises
        ------
        SimulationError
            If the simulation fails.
        """
        return self.session.execute(
            schedule.structure(),
            self.parameters.run_arguments(),
            schedule.tables(),
            schedule.duration,
            noise,
            outputs,
            state,
        )

    def _schedules(
        self, patterns: np.ndarray, cues: np.ndarray, delays: Sequence[float]
    ) -> list[PatternSchedule]:
        size = self.parameters.simulation.n_blocks
        return [
            PatternSchedule(
                self.parameters,
                patterns[start : start + size],
                cues[start : start + size],
                tuple(delays),
            )
            for start in range(0, max(len(patterns), 1), size)
        ]

    def _recalled(self, batches: Iterable[Batch]) -> Recalled:
        outputs = spike_outputs(self.parameters.populations)
        rates: list[np.ndarray] = []
        parts: list[Recording] = []
        for schedule, noise, state in batches:
            arrays = self.simulate(schedule, noise, outputs, state)
            rates.append(self._cell_rates(arrays, schedule))
            for number in range(min(len(schedule.patterns), N_RECORDED - len(parts))):
                parts.append(self._recording(arrays, schedule, number))
        return Recalled(np.concatenate(rates, axis=1), reduce(Recording.followed_by, parts))

    def _cell_rates(
        self, spikes: Mapping[str, np.ndarray], schedule: PatternSchedule
    ) -> np.ndarray:
        n_cells, presentation = self.parameters.cells.n, self.parameters.presentation
        trains = SpikeTrains(
            n_cells * self.parameters.simulation.n_blocks,
            spikes["cells_spikes.i"],
            spikes["cells_spikes.t"],
        )
        step = presentation.settling_step
        counts = [
            trains.counts(schedule.onsets, (k * step, (k + 1) * step))
            for k in range(presentation.n_steps)
        ]
        by_block = np.reshape(counts, (*np.shape(counts)[:2], -1, n_cells))
        rates: np.ndarray = by_block[:, :, : len(schedule.patterns)].swapaxes(1, 2) / step
        return rates

    def _recording(
        self, spikes: Mapping[str, np.ndarray], schedule: PatternSchedule, number: int
    ) -> Recording:
        trains = spikes_of_block(spikes, self.parameters.populations, number, schedule.duration)
        shown = np.concatenate([schedule.patterns[number], schedule.cues[number]])
        stimulated = TrialValues(shown, "1", "1 for every cell that the pattern or cue drives.")
        return Recording(
            trains, schedule.trials(), schedule.duration, {}, "", {"stimulated": stimulated}
        )


def others(n_cells: int) -> np.ndarray:
    """Return which elements of a matrix among cells are synapses: all but its diagonal."""
    return ~np.eye(n_cells, dtype=bool)


def noise_of(purpose: str, batch: int) -> str:
    """Return the purpose of the noise of one batch."""
    return f"{purpose}, batch {batch}"
