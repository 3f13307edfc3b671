"""What is measured of sparse and other codes: retrieval by number of pairs and by similarity."""

from __future__ import annotations

import numpy as np

from neurosim.fast_weights.examination import Measured
from neurosim.fast_weights.odour_keys import DENSE, RATES, SPARSE
from neurosim.fast_weights.retrieval_strings import DIGITS
from neurosim.fast_weights.sparse_storage import (
    EQUAL_CELLS,
    EQUAL_SPIKES,
    SparseStorage,
    bind_odours,
    case_of,
    lengths_of,
    overlaps,
)
from neurosim.recording import Recording

PAIRS = (2, 5, 10, 20)
CORRELATIONS = (0.0, 0.3, 0.6, 0.9)
SIMILAR_PAIRS = 10  # how many are stored of odours that correlate; ours, half of the most
NAIVE_PAIRS = 5
CENTRED = tuple(case_of(code, EQUAL_CELLS) for code in (DENSE, RATES))


def examine_numbers(study: SparseStorage) -> Measured:
    """Ask for 2 to 20 pairs whose keys are odours that do not correlate.

    Returns
    -------
    recording : Recording
        Sparse keys.
    values : dict of str to float
        For each of `CASES` and `PAIRS`, ``retrieved_CASE_N_pairs``, ``matrix_CASE_N_pairs`` and
        their ``difference_CASE_N_pairs``; ``centred_CASE_N_pairs`` of the exact matrix for the
        cases of `CENTRED`; ``key_spikes_CASE`` while a key is shown, and ``spike_ratio_CODE``
        between a code at equal spikes and the sparse one; ``noise``; and `overlaps`.
    """
    keys = study.keys(max(PAIRS), 0.0)
    # The longest first, for strings that run side by side take as long as the longest.
    generator = study.memory.session.generator("digits")
    bound = bind_odours(PAIRS[::-1], study.n_sets, generator)
    values: dict[str, float] = {"noise": study.noise, **overlaps(keys)}
    recordings = {}
    for case, store in study.stores(keys).items():
        rates, recordings[case] = store.answer_rates(bound, f"{case}, numbers")
        right, n_pairs = study.share_right(rates, bound), lengths_of(bound)
        expected = study.expected_right(store.exact_scores(bound), bound)
        for n in PAIRS:
            retrieved = float(right[n_pairs == n].mean())
            values |= compared(f"{case}_{n}_pairs", retrieved, expected[n])
        if case in CENTRED:
            centred = study.expected_right(store.exact_scores(bound, is_centred=True), bound)
            values |= {f"centred_{case}_{n}_pairs": centred[n] for n in PAIRS}
        values[f"key_spikes_{case}"] = spikes_per_key(recordings[case])
    for code in (DENSE, RATES):
        spikes = values[f"key_spikes_{case_of(code, EQUAL_SPIKES)}"]
        values[f"spike_ratio_{code}"] = spikes / values[f"key_spikes_{SPARSE}"]
    return recordings[SPARSE], values


def examine_similarity(study: SparseStorage) -> Measured:
    """Ask for `SIMILAR_PAIRS` pairs whose keys are odours of each of `CORRELATIONS`.

    Returns
    -------
    recording : Recording
        Sparse keys of the highest correlation.
    values : dict of str to float
        ``retrieved_CASE_at_R``, ``matrix_CASE_at_R`` and ``difference_CASE_at_R``;
        ``centred_CASE_at_R`` for the cases of `CENTRED`.
    """
    values: dict[str, float] = {}
    recordings = {}
    bound = bind_odours([SIMILAR_PAIRS], study.n_sets, study.memory.session.generator("digits"))
    for correlation in CORRELATIONS:
        stores = study.stores(study.keys(SIMILAR_PAIRS, correlation))
        for case, store in stores.items():
            purpose = f"{case}, correlation {correlation:g}"
            rates, recordings[case] = store.answer_rates(bound, purpose)
            retrieved = float(study.share_right(rates, bound).mean())
            expected = study.expected_right(store.exact_scores(bound), bound)[SIMILAR_PAIRS]
            values |= compared(f"{case}_at_{correlation:g}", retrieved, expected)
            if case in CENTRED:
                scores = store.exact_scores(bound, is_centred=True)
                centred = study.expected_right(scores, bound)[SIMILAR_PAIRS]
                values[f"centred_{case}_at_{correlation:g}"] = centred
    return recordings[SPARSE], values


def examine_distinct_digits(study: SparseStorage) -> Measured:
    """Ask for ten pairs, each with a digit of its own; odours do not correlate.

    What all keys share then adds the same to every digit.

    Returns
    -------
    recording : Recording
        Sparse keys.
    values : dict of str to float
        ``retrieved_CASE``, ``matrix_CASE`` and ``difference_CASE``.
    """
    n_pairs, generator = len(DIGITS), study.memory.session.generator("distinct digits")
    bound = bind_odours([n_pairs], study.n_sets, generator, is_distinct=True)
    values: dict[str, float] = {}
    recordings = {}
    for case, store in study.stores(study.keys(n_pairs, 0.0)).items():
        rates, recordings[case] = store.answer_rates(bound, f"{case}, distinct digits")
        retrieved = float(study.share_right(rates, bound).mean())
        expected = study.expected_right(store.exact_scores(bound), bound)[n_pairs]
        values |= compared(case, retrieved, expected)
    return recordings[SPARSE], values


def examine_without_learning(study: SparseStorage) -> Measured:
    """Show and ask as with all codes, but store nothing.

    Returns
    -------
    recording : Recording
        Sparse keys.
    values : dict of str to float
        ``retrieved_CASE``.
    """
    bound = bind_odours([NAIVE_PAIRS], study.n_sets, study.memory.session.generator("digits"))
    values, recordings = {}, {}
    for case, store in study.stores(study.keys(NAIVE_PAIRS, 0.0)).items():
        rates, recordings[case] = store.without_learning().answer_rates(bound, f"{case}, naive")
        values[f"retrieved_{case}"] = float(study.share_right(rates, bound).mean())
    return recordings[SPARSE], values


def compared(name: str, retrieved: float, expected: float) -> dict[str, float]:
    """Return what circuit and exact matrix retrieve, and their difference."""
    return {
        f"retrieved_{name}": retrieved,
        f"matrix_{name}": expected,
        f"difference_{name}": retrieved - expected,
    }


def spikes_per_key(recording: Recording) -> float:
    """Return the spikes of all key cells while a pair is shown, mean over pairs."""
    table = recording.trial_table
    pairs = np.flatnonzero(table.phase == "store")
    length = float((table.stop_time - table.start_time)[pairs[0]])
    counts = recording.spikes["key_cells"].counts(table.start_time[pairs], (0, length))
    return float(counts.sum(axis=1).mean())
