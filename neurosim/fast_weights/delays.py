"""Retrieval against the delay, for several time constants of the fast weights."""

from __future__ import annotations

import numpy as np

from neurosim.fast_weights.examination import (
    FITTED_PAIRS,
    FITTED_TAU,
    Examination,
    Measured,
    fitted_noise,
    recalled,
)

TIME_CONSTANTS = (1, FITTED_TAU, 15, 60)  # s
DELAYS = (0.25, 0.5, 1, 1.3, 1.5, 2, 2.5, 3)  # in time constants
LONGEST_SIMULATED = 10.0  # s; longer delays by the exact decay of the weights


def examine_delays(exam: Examination) -> Measured:
    """Measure retrieval against the delay, for each of `TIME_CONSTANTS`.

    Up to `LONGEST_SIMULATED` everything is simulated, the waiting too: each string is asked at
    every delay. Beyond, the weights decay by their exact law, and at the longest delay that is
    simulated both are measured.

    Returns
    -------
    recording : Recording
        At `FITTED_TAU`.
    values : dict of str to float
        ``retrieved_tau_T_s_at_X_tau`` and ``matrix_tau_T_s_at_X_tau`` for each time constant and
        delay, ``simulated_minus_exact_decay`` over all time constants and ``noise``.
    """
    codes = exam.memory.orthogonal_codes()
    shares: dict[tuple[int, float], float] = {}
    differences, recordings = [], {}
    for tau in TIME_CONSTANTS:
        own = exam.at_time_constant(tau)
        strings = own.strings(FITTED_PAIRS)
        simulated = [x for x in DELAYS if x * tau <= LONGEST_SIMULATED]
        # Where not even the shortest one is, the two meet at the longest time that is simulated.
        meeting = [x * tau for x in simulated] or [LONGEST_SIMULATED]
        answers = own.memory.ask(strings, codes, f"delays, tau {tau}", meeting)
        right = [own.share_right(rates, strings) for rates in answers.rates]
        weights = own.memory.store(strings, codes, f"stored, tau {tau}")
        differences.append(right[-1] - recalled(own, weights, strings, codes, meeting[-1]))
        shares |= {(tau, x): share for x, share in zip(simulated, right, strict=False)}
        for x in DELAYS[len(simulated) :]:
            shares[tau, x] = recalled(own, weights, strings, codes, x * tau)
        recordings[tau] = answers.recording
    noise_sd = fitted_noise(exam, codes)
    values = {"noise": noise_sd, "simulated_minus_exact_decay": float(np.mean(differences))}
    for (tau, x), share in shares.items():
        own = exam.at_time_constant(tau)
        expected = own.exact_share_right(own.strings(FITTED_PAIRS), codes, noise_sd, delay=x * tau)
        values[f"retrieved_tau_{tau}_s_at_{x:g}_tau"] = share
        values[f"matrix_tau_{tau}_s_at_{x:g}_tau"] = expected
    return recordings[FITTED_TAU], values
