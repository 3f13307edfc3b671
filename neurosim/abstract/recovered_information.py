"""How much of what was stored a memory gives back, in bits.

A memory that is asked for one of several equally frequent values and answers a share p of the
questions rightly tells at least

    I(p) = log2 n + p log2 p + (1 - p) log2((1 - p) / (n - 1))

bits about each of them (Fano 1961, Transmission of Information), and just so many if its errors
are spread evenly over the other values. Shares below chance tell nothing here.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.errors import InputError


def least_information(share_right: float, n_values: int) -> float:
    """Return the least information that an answer carries about the stored value.

    Parameters
    ----------
    share_right : float
        Of the answers, 0 to 1.
    n_values : int
        Number of equally frequent values, 2 or more.

    Returns
    -------
    float
        Bits; log2(n_values) if all answers are right, 0 from chance on downwards.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    if n_values < 2:
        raise InputError(f"The number of values is {n_values}, expected 2 or more.")
    if not 0 <= share_right <= 1:
        raise InputError(f"The share of right answers is {share_right:g}, expected 0 to 1.")
    if share_right <= 1 / n_values:
        return 0.0
    wrong = 1 - share_right
    lost = share_right * math.log2(share_right)
    if wrong:
        lost += wrong * math.log2(wrong / (n_values - 1))
    return math.log2(n_values) + lost


def recovered_bits(right: np.ndarray, places: np.ndarray, n_places: int, n_values: int) -> float:
    """Return the bits that a memory gives back of a string of values.

    The information is that of each place of the string, summed over its places: what holds the
    last value and nothing else is not mixed with what holds a little of all.

    Parameters
    ----------
    right : ndarray of bool, shape (n_questions,)
        Whether each question was answered rightly.
    places : ndarray of int, shape (n_questions,)
        The place of the string that was asked for, 0 to ``n_places - 1``. Places that were never
        asked for count as the mean of the others.
    n_places : int
        Values of the string.
    n_values : int
        Number of equally frequent values.

    Returns
    -------
    float
        Bits of the whole string, at most ``n_places * log2(n_values)``.

    Raises
    ------
    InputError
        If there are no questions, or a place is out of range.

    Notes
    -----
    The share of k questions scatters with the variance p (1 - p) / k, and I''(p) is
    1 / (p (1 - p) ln 2), so that the information of a measured share is too large by
    1 / (2 k ln 2) on average (Miller 1955), which is taken off where the share is not 1.
    """
    if len(right) == 0:
        raise InputError("There are 0 questions, expected one or more.")
    if not ((places >= 0) & (places < n_places)).all():
        raise InputError(f"A place is out of range, expected 0 to {n_places - 1}.")
    information = []
    for place in np.unique(places):
        answers = right[places == place]
        share = float(answers.mean())
        bias = 1 / (2 * len(answers) * math.log(2)) if share < 1 else 0.0
        information.append(max(0.0, least_information(share, n_values) - bias))
    return n_places * float(np.mean(information))
