"""How many pairs with random keys an associative memory holds."""

from __future__ import annotations

from neurosim.abstract.memory_capacity import capacity
from neurosim.fast_weights.examination import RANDOM_SHARE, Examination, Measured, fitted_noise
from neurosim.fast_weights.retrieval_strings import LETTERS
from neurosim.fast_weights.schedule import Codes
from neurosim.recording import Recording

# Key cells that the keys are drawn from. Ours: more hold all 26 letters.
CELLS = (20, 30, 40, 50)
TAU = 60.0  # s


def examine_capacity(exam: Examination) -> Measured:
    """Measure how many pairs with random keys are held, against the number of key cells.

    The keys are drawn from a part of the key cells, `RANDOM_SHARE` of it each; the weights hardly
    decay (`TAU`).

    Returns
    -------
    recording : Recording
        The last one.
    values : dict of str to float
        ``capacity_N_cells``, the number of pairs of which nine of ten are right, and
        ``matrix_capacity_N_cells``; 26, the number of letters, where it is that or more. Numbers
        of cells that the circuit has not are left out.
    """
    noise_sd = fitted_noise(exam, exam.memory.orthogonal_codes())
    values: dict[str, float] = {}
    recordings: list[Recording] = []
    for n_cells in (n for n in CELLS if n <= exam.memory.parameters.key_cells.n):
        own = exam.with_keys_of(round(RANDOM_SHARE * n_cells)).at_time_constant(TAU)
        codes = own.memory.random_codes(own.n_strings, n_cells)

        def circuit(n_pairs: int, own: Examination = own, codes: Codes = codes) -> float:
            purpose = f"capacity, {n_pairs} pairs"
            right, given = own.ask(own.strings(n_pairs), codes, purpose)
            recordings.append(given.recording)
            return right

        def matrix(n_pairs: int, own: Examination = own, codes: Codes = codes) -> float:
            return own.exact_share_right(own.strings(n_pairs), codes, noise_sd)

        values[f"capacity_{n_cells}_cells"] = capacity(circuit, len(LETTERS))
        values[f"matrix_capacity_{n_cells}_cells"] = capacity(matrix, len(LETTERS))
    return recordings[-1], values
