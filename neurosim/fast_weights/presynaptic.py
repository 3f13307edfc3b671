"""What presynaptic short-term plasticity stores of a string: its keys, not their values.

The weights from keys to values are random and fixed, so that whatever is stored lies in the key
cells, which know nothing of the values. Linear read-outs of the value cells, the best that least
squares finds on half of the answers, are asked on the other half whether the letter was shown, and
which digit was shown with it.
"""

from __future__ import annotations

import numpy as np

from neurosim.fast_weights.examination import Examination, Measured
from neurosim.fast_weights.retrieval_strings import DIGITS, LETTERS, KeyValueSequence
from neurosim.memory_mechanisms import PRESYNAPTIC

N_PAIRS = 4
N_ASKED = 2  # letters of each string, half of them shown; ours
# Half of so many strings for each that is asked for: a read-out has 126 coefficients. Ours.
N_STRINGS = 16
# Ours: the inhibition of the sheet leaves little of a difference between the sums over a key's
# random weights, which is all there is to read.
INHIBITION = 5e-5  # V


def examine_presynaptic_memory(exam: Examination) -> Measured:
    """Store pairs in presynaptic plasticity alone and read what is left of them.

    Returns
    -------
    recording : Recording
    values : dict of str to float
        ``key_shown``, the share of letters of which the read-out says rightly whether they were
        shown, and ``value``, the share of letters that were shown whose digit it finds.
    """
    memory = exam.memory.changed(
        key_to_value__mechanism=PRESYNAPTIC, inhibitory_to_value__weight=INHIBITION
    )
    larger = Examination(memory, N_STRINGS * exam.n_strings)
    strings = larger.strings(N_PAIRS)
    asked = letters_to_ask(strings, larger.generator("letters asked"))
    presentation = memory.parameters.presentation
    # Not at once: the resources of the last key have to recover.
    interval = presentation.query + presentation.gap
    delays = [presentation.gap + k * interval for k in range(1, N_ASKED + 1)]
    answers = memory.ask(strings, memory.orthogonal_codes(), "presynaptic", delays, asked)

    letters = np.array([[LETTERS.index(letter) for letter in row] for row in asked])
    values = np.array(
        [[dict(zip(s.keys, s.values, strict=True)).get(letter, "") for letter in row]
         for s, row in zip(strings, asked, strict=True)]
    )  # fmt: skip
    features = features_of(answers.cell_rates.transpose(1, 0, 2), letters)
    half = len(strings) // 2
    shown = values != ""
    said = read_out(features[:half], shown[:half, :, np.newaxis], features[half:])[..., 0] > 0.5
    digits = values[..., np.newaxis] == np.array(list(DIGITS))
    guessed = read_out(
        features[:half][shown[:half]], digits[:half][shown[:half]], features[half:][shown[half:]]
    ).argmax(axis=-1)
    right = digits[half:][shown[half:]][np.arange(len(guessed)), guessed]
    return answers.recording, {
        "key_shown": float((said == shown[half:]).mean()),
        "value": float(right.mean()),
    }


def letters_to_ask(strings: list[KeyValueSequence], generator: np.random.Generator) -> list[str]:
    """Draw letters for each string, half of them its own, in a random order."""
    asked = []
    for string in strings:
        others = [letter for letter in LETTERS if letter not in string.keys]
        own = generator.choice(list(string.keys), N_ASKED // 2, replace=False)
        foreign = generator.choice(others, N_ASKED - N_ASKED // 2, replace=False)
        asked.append("".join(generator.permutation([*own, *foreign])))
    return asked


def features_of(cell_rates: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Return what a read-out is given: the rate of every value cell, and which letter it is.

    Parameters
    ----------
    cell_rates : ndarray of float, shape (n_strings, n_asked, n_value_cells)
    letters : ndarray of int, shape (n_strings, n_asked)

    Returns
    -------
    ndarray of float, shape (n_strings, n_asked, n_value_cells + 26)
    """
    return np.concatenate([cell_rates, np.eye(len(LETTERS))[letters]], axis=-1)


def read_out(features: np.ndarray, targets: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Fit a linear read-out by least squares; return what it says of other features.

    Parameters
    ----------
    features : ndarray of float, shape (..., n_features)
    targets : ndarray, shape (..., n_targets)
    others : ndarray of float, shape (..., n_features)

    Returns
    -------
    ndarray of float, shape (..., n_targets)
    """
    n_features, n_targets = features.shape[-1], targets.shape[-1]
    coefficients = np.linalg.lstsq(
        features.reshape(-1, n_features), targets.reshape(-1, n_targets).astype(float), rcond=None
    )[0]
    said: np.ndarray = others @ coefficients
    return said
