"""Poisson events inside equations, with rates that a compiled circuit takes as arguments.

Brian2's ``PoissonInput`` compiles its rate in, and its ``poisson()`` draws slowly; here the number
of events in a step comes from one uniform number compared with the cumulative probabilities.
"""

from __future__ import annotations

import math

MOST_EVENTS = 7  # P(more in one step) is 1e-5 at a mean of 1, 1e-8 at the 0.4 of the sheets


def event_count(uniform: str, mean: str) -> str:
    """Return the expression of a Poisson number of events.

    Parameters
    ----------
    uniform : str
        Name of a variable that holds a uniform random number.
    mean : str
        Expression of the mean number of events in a step, a shared variable; at most 1.

    Returns
    -------
    str
        A sum of comparisons, to be used in Brian2 code. The thresholds are shared by all neurons
        and computed once a step.
    """
    cumulative = "0"
    terms = []
    for k in range(MOST_EVENTS):
        cumulative += f" + {mean}**{k}/{math.factorial(k)}.0"
        terms.append(f"int({uniform} > exp(-{mean})*({cumulative}))")
    return "(" + " + ".join(terms) + ")"
