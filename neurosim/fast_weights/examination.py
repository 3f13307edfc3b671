"""Ask an associative memory, and the exact matrix beside it.

The exact matrix is given the same strings, codes and times. It reads with Gaussian noise whose
standard deviation is its only free number: that is fitted to the circuit at one number of pairs,
one time constant and one delay (`fitted_noise`), and everything else is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.abstract.associative_retrieval import digit_scores
from neurosim.abstract.value_readout import expected_accuracy, fit_noise, noisy_answers
from neurosim.fast_weights.retrieval_strings import (
    DIGITS,
    KeyValueSequence,
    random_strings,
    sequence_indices,
)
from neurosim.fast_weights.schedule import Codes
from neurosim.fast_weights.spiking_associative_memory import Answers, AssociativeMemory
from neurosim.recording import Recording

# Where the noise is fitted. Ours: about two thirds are right, so the fit is sensitive to the noise.
FITTED_PAIRS, FITTED_TAU, FITTED_DELAY = 4, 4, 2.5  # pairs, s, time constants
RANDOM_SHARE = 0.1  # of the key cells in a random key; ours
CHANCE = 1 / len(DIGITS)

Measured = tuple[Recording, dict[str, float]]
"""What a condition of the protocol returns."""


@dataclass(frozen=True, eq=False)
class Examination:
    """Ask a memory, and the exact matrix beside it.

    Parameters
    ----------
    memory : AssociativeMemory
    n_strings : int
        For each number that is measured.
    """

    memory: AssociativeMemory
    n_strings: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a random generator of the memory's seed."""
        return self.memory.session.generator(purpose)

    def strings(self, n_pairs: int) -> list[KeyValueSequence]:
        """Return strings of this seed."""
        return random_strings(self.n_strings, n_pairs, self.generator(f"strings of {n_pairs}"))

    def ask(
        self, sequences: Sequence[KeyValueSequence], codes: Codes, purpose: str
    ) -> tuple[float, Answers]:
        """Ask right after the last pair; return the share of right answers, and the answers."""
        answers = self.memory.ask(sequences, codes, purpose)
        return self.share_right(answers.rates[0], sequences), answers

    def answers(self, rates: np.ndarray) -> list[str]:
        """Return the digit of each sequence whose cells fire most, one of them if several do.

        Parameters
        ----------
        rates : ndarray of float, shape (n_sequences, 10)
        """
        return [DIGITS[index] for index in noisy_answers(rates, 0.0, self.generator("ties"))]

    def share_right(self, rates: np.ndarray, sequences: Sequence[KeyValueSequence]) -> float:
        """Return the share of right answers."""
        given = self.answers(rates)
        right = [digit == s.answer for digit, s in zip(given, sequences, strict=True)]
        return float(np.mean(right))

    def exact_scores(
        self, sequences: Sequence[KeyValueSequence], codes: Codes, delay: float | None = None
    ) -> np.ndarray:
        """Return the scores of the exact matrix; a pair just stored has its number of key cells.

        Parameters
        ----------
        sequences, codes
        delay : float, optional
            From the last pair to the query, seconds; by default a gap.
        """
        parameters = self.memory.parameters
        return digit_scores(
            sequences,
            codes,
            tau_fast=parameters.key_to_value.tau_fast,
            interval=parameters.presentation.interval,
            delay=parameters.presentation.gap if delay is None else delay,
            rate=1.0,
        )

    def exact_share_right(
        self,
        sequences: Sequence[KeyValueSequence],
        codes: Codes,
        noise_sd: float,
        delay: float | None = None,
    ) -> float:
        """Return the share of right answers that the exact matrix is expected to give."""
        scores = self.exact_scores(sequences, codes, delay)
        return expected_accuracy(scores, sequence_indices(sequences).answers, noise_sd)

    def at_time_constant(self, tau_fast: float) -> Examination:
        """Return the examination of the same memory with another time constant."""
        changed = self.memory.changed(key_to_value__tau_fast=float(tau_fast))
        return Examination(changed, self.n_strings)

    def with_random_keys(self) -> Examination:
        """Return the examination of the same memory with keys of a share of all key cells."""
        return self.with_keys_of(round(RANDOM_SHARE * self.memory.parameters.key_cells.n))

    def with_keys_of(self, n_active: int) -> Examination:
        """Return the examination of the same memory with keys of another number of cells."""
        changed = self.memory.changed(key_cells__n_active=n_active)
        return Examination(changed, self.n_strings)


def fitted_noise(exam: Examination, codes: Codes) -> float:
    """Return the noise with which the exact matrix answers as often right as the circuit does.

    Parameters
    ----------
    exam : Examination
        At the time constant `FITTED_TAU`, whatever the sheet has.
    codes : KeyValueCodes
        Orthogonal.

    Returns
    -------
    float
        In the unit of `Examination.exact_scores`; inf if the circuit is not above chance.
    """
    fitted = exam.at_time_constant(FITTED_TAU)
    strings, delay = fitted.strings(FITTED_PAIRS), FITTED_DELAY * FITTED_TAU
    weights = fitted.memory.store(strings, codes, f"stored, tau {FITTED_TAU}")
    right = recalled(fitted, weights, strings, codes, delay)
    return noise_of(fitted, strings, codes, delay, right)


def noise_of(
    exam: Examination,
    strings: Sequence[KeyValueSequence],
    codes: Codes,
    delay: float,
    right: float,
) -> float:
    """Return the noise that fits a share of right answers after a delay."""
    if right <= CHANCE:
        return math.inf
    scores = exam.exact_scores(strings, codes, delay)
    return fit_noise(scores, sequence_indices(strings).answers, right)


def recalled(
    exam: Examination,
    weights: np.ndarray,
    strings: Sequence[KeyValueSequence],
    codes: Codes,
    delay: float,
) -> float:
    """Return the share of right answers after a delay in which the weights decay exactly."""
    answers = exam.memory.recall(weights, strings, codes, delay, f"recalled after {delay:g} s")
    return exam.share_right(answers.rates[0], strings)
