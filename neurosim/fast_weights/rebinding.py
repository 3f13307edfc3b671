"""Keys that are bound again: which value they return, and whether the other keys keep theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.fast_weights.examination import Examination, Measured
from neurosim.fast_weights.retrieval_strings import (
    KeyValueSequence,
    bound_in_a_row,
    partly_rebound,
    rebound_at_lag,
    without_rebinding,
)
from neurosim.fast_weights.schedule import Codes
from neurosim.fast_weights.spiking_associative_memory import Answers

LAGS = (0, 3)
N_PAIRS = 8
N_PAIRS_BEFORE_FIVE = 4
N_PAIRS_PARTLY, N_REBOUND = 20, 3

Sequences = list[KeyValueSequence]


def rebindings(n: int, generator: np.random.Generator) -> Mapping[str, Sequences]:
    """Return the sequences in which a key is bound again, by the name of what is measured."""
    untouched = partly_rebound(n, N_PAIRS_PARTLY, N_REBOUND, generator)
    return {
        **{f"new_value_lag_{lag}": rebound_at_lag(n, N_PAIRS, lag, generator) for lag in LAGS},
        "last_of_five": bound_in_a_row(n, N_PAIRS_BEFORE_FIVE, 5, generator),
        "untouched": untouched,
        "untouched_control": [without_rebinding(sequence, generator) for sequence in untouched],
    }


def examine_rebinding(exam: Examination) -> Measured:
    """Measure what a key returns that is bound again, and what the others return.

    Returns
    -------
    recording : Recording
        Five values in a row.
    values : dict of str to float
        ``new_value_lag_L``, ``last_of_five``, ``untouched``, ``untouched_control`` and the
        difference of these two, ``untouched_minus_control``, for orthogonal keys; with the prefix
        ``random_`` for random ones.
    """
    recording, values = _rebind(exam, exam.memory.orthogonal_codes())
    larger = exam.with_random_keys()
    _, of_random = _rebind(larger, larger.memory.random_codes(exam.n_strings))
    return recording, values | {f"random_{name}": value for name, value in of_random.items()}


def examine_hebbian_rebinding(exam: Examination) -> Measured:
    """Measure the same of orthogonal keys where nothing but the decay removes an old value."""
    hebbian = exam.memory.changed(key_to_value__depression=0.0)
    return _rebind(Examination(hebbian, exam.n_strings), hebbian.orthogonal_codes())


def _rebind(exam: Examination, codes: Codes) -> Measured:
    values: dict[str, float] = {}
    answers: dict[str, Answers] = {}
    for name, sequences in rebindings(exam.n_strings, exam.generator("rebinding")).items():
        share, answers[name] = exam.ask(sequences, codes, name)
        values[name] = share
    values["untouched_minus_control"] = values["untouched"] - values["untouched_control"]
    return answers["last_of_five"].recording, values
