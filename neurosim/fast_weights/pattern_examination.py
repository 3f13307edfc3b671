"""Ask a recurrent memory of spiking cells for patterns, and the exact matrix beside it.

The exact matrix is given the same patterns, cues and times and settles for as many steps. Gaussian
noise on the drive of its cells has the only free number, the standard deviation: it is fitted to
the circuit at one number of patterns, one time constant and one delay (`fitted_noise`), and
everything else is predicted. The diagonal that the exact matrix has and the circuit has not
supports only cells that are active already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.abstract.fast_weights import decay_factor
from neurosim.abstract.pattern_recall import recall
from neurosim.fast_weights.pattern_questions import Questions, Scores, draw_questions
from neurosim.fast_weights.spiking_pattern_memory import PatternMemory, Recalled
from neurosim.parameters.pattern_memory import PatternMemoryParameters
from neurosim.simulation.job import derived_seed

# Where the noise is fitted. Ours: about half are recalled, so the fit is sensitive to the noise.
FITTED_PATTERNS, FITTED_TAU, FITTED_DELAY = 4, 4.0, 1.0  # patterns, s, time constants
N_DRAWS = 8  # of the noise of the exact matrix; ours: the circuit's shares are less certain
_HALVINGS = 12  # of the interval in which the noise is sought: finer than any measured share. Ours


@dataclass(frozen=True, eq=False)
class PatternExamination:
    """Ask a memory, and the exact matrix beside it.

    Parameters
    ----------
    memory : PatternMemory
    n_sequences : int
        For each number that is measured.
    """

    memory: PatternMemory
    n_sequences: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a random generator of the memory's seed."""
        return self.memory.session.generator(purpose)

    def changed(self, **changes: float | str) -> PatternExamination:
        """Return the examination of the memory at other values, ``section__field=value``."""
        return PatternExamination(self.memory.changed(**changes), self.n_sequences)

    def questions(self, n_patterns: int, **options: Any) -> Questions:
        """Return questions of this seed; see `questions_of`."""
        return questions_of(
            self.memory.parameters,
            self.memory.session.seed,
            self.n_sequences,
            n_patterns,
            **options,
        )

    def recall(self, questions: Questions, weights: np.ndarray, delay: float) -> Recalled:
        """Ask the circuit after a delay, in seconds, in which the weights decay by exact law."""
        return self.memory.recall(weights, questions.cues, delay, f"recalled after {delay:g} s")

    def scores(
        self, questions: Questions, recalled: Recalled, n_steps: int | None = None
    ) -> Scores:
        """Return how well the circuit has recalled.

        Parameters
        ----------
        questions : Questions
        recalled : Recalled
        n_steps : int, optional
            Of settling; by default all.
        """
        states = recalled.states(
            n_steps or len(recalled.cell_rates),
            self.memory.parameters.cells.n_active,
            self.generator("ties"),
        )
        return questions.scores(states)

    def exact_scores(
        self,
        questions: Questions,
        noise_sd: float,
        delay: float | None = None,
        n_steps: int | None = None,
    ) -> Scores:
        """Return how well the exact matrix recalls, the mean over several draws of the noise.

        Parameters
        ----------
        questions : Questions
        noise_sd : float
            Of the drive of a cell, in units of that by a pattern just stored.
        delay : float, optional
            From the last pattern to the cue, seconds; by default a gap.
        n_steps : int, optional
            Of settling; by default those of the sheet.
        """
        presentation = self.memory.parameters.presentation
        ages = np.arange(questions.patterns.shape[1])[::-1] * presentation.interval
        left = decay_factor(
            ages + (presentation.gap if delay is None else delay),
            self.memory.parameters.recurrent.tau_fast,
        )
        generator = self.generator("noise of the exact matrix")
        steps = n_steps or presentation.n_steps
        draws = [
            [
                recall(stored, left, cues, steps, noise_sd, generator)
                for stored, cues in zip(questions.patterns, questions.cues, strict=True)
            ]
            for _ in range(N_DRAWS)
        ]
        return questions.scores(np.array(draws))


def questions_of(
    parameters: PatternMemoryParameters,
    seed: int,
    n_sequences: int,
    n_patterns: int,
    **options: Any,
) -> Questions:
    """Return the questions of a seed.

    Parameters
    ----------
    parameters : PatternMemoryParameters
        Their number of cells, and of active ones.
    seed : int
    n_sequences, n_patterns : int
    **options
        ``share`` and ``n_asked`` of `neurosim.fast_weights.pattern_questions.draw_questions`.

    Raises
    ------
    InputError
        If there are too few cells, or a cue would be nothing or all of a pattern.
    """
    cells = parameters.cells
    generator = np.random.default_rng(derived_seed(seed, f"{n_patterns} patterns"))
    return draw_questions(n_sequences, n_patterns, cells.n, cells.n_active, generator, **options)


def fitted_noise(exam: PatternExamination) -> float:
    """Return the noise with which the exact matrix recalls as many patterns as the circuit does.

    Parameters
    ----------
    exam : PatternExamination
        At the time constant `FITTED_TAU`, whatever the sheet has.

    Returns
    -------
    float
        In units of the drive of a cell by a pattern just stored; inf if the circuit recalls none.
    """
    fitted = exam.changed(recurrent__tau_fast=FITTED_TAU)
    questions, delay = fitted.questions(FITTED_PATTERNS), FITTED_DELAY * FITTED_TAU
    weights = fitted.memory.store(questions.patterns, "stored, to fit the noise")
    scores = fitted.scores(questions, fitted.recall(questions, weights, delay))
    return noise_of(fitted, questions, delay, float(scores.recalled.mean()))


def noise_of(
    exam: PatternExamination, questions: Questions, delay: float, recalled: float
) -> float:
    """Return the noise that fits a share of recalled patterns after a delay, in seconds."""

    def exact(noise_sd: float) -> float:
        return float(exam.exact_scores(questions, noise_sd, delay).recalled.mean())

    if exact(math.inf) >= recalled:
        return math.inf
    if exact(0.0) <= recalled:
        return 0.0
    low, high = 0.0, 1.0
    while exact(high) > recalled:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if exact(middle) > recalled:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beside(
    name: str, circuit: Scores, matrix: Scores, asked: int | None = None
) -> dict[str, float]:
    """Return the means of scores of the circuit and of the exact matrix.

    Parameters
    ----------
    name : str
    circuit, matrix : Scores
    asked : int, optional
        Position of the patterns that are averaged; by default all.

    Returns
    -------
    dict of str to float
        ``recalled_NAME``, ``completed_NAME``, ``matrix_recalled_NAME``, ``matrix_completed_NAME``.
    """
    which = slice(None) if asked is None else asked
    return {
        f"{prefix}{quantity}_{name}": float(getattr(scores, quantity)[:, which].mean())
        for prefix, scores in (("", circuit), ("matrix_", matrix))
        for quantity in ("recalled", "completed")
    }
