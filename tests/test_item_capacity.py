"""The capacity formula against the efficacy of a synapse after one population spike."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.abstract.item_capacity import item_capacity, longest_period
from neurosim.abstract.short_term_plasticity import ShortTermPlasticity


@pytest.mark.parametrize(
    ("tau_recovery", "period"), [(0.1, 0.2931), (0.2, 0.4476), (0.3, 0.5498), (0.4, 0.6180)]
)
def test_the_longest_period_of_the_published_set(tau_recovery: float, period: float) -> None:
    synapse = ShortTermPlasticity(0.2, 1.5, tau_recovery)
    assert longest_period(synapse) == pytest.approx(period, abs=1e-4)
    assert item_capacity(synapse, 0.1) == pytest.approx(10 * period, abs=1e-3)


def test_it_is_near_the_maximum_of_the_efficacy_after_a_burst() -> None:
    # A burst leaves u near 1 and x near 0: u x = (U + (1 - U) e^(-t/tau_F)) (1 - e^(-t/tau_D)).
    synapse = ShortTermPlasticity(0.2, 30.0, 0.2)
    time = np.linspace(0, 3, 300_001)
    u = synapse.U + (1 - synapse.U) * np.exp(-time / synapse.tau_facilitation)
    efficacy = u * -np.expm1(-time / synapse.tau_recovery)
    # In the limit of slow facilitation, which the formula is derived in.
    assert time[np.argmax(efficacy)] == pytest.approx(longest_period(synapse), rel=0.01)


def test_without_facilitation_there_is_no_such_time() -> None:
    assert longest_period(ShortTermPlasticity(0.2, 0.02, 0.2)) == 0
    assert longest_period(ShortTermPlasticity(1.0, 1.5, 0.2)) == 0
    assert np.isnan(item_capacity(ShortTermPlasticity(0.2, 1.5, 0.2), float("nan")))
