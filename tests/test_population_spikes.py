"""Population spikes in rates made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.errors import InputError
from neurosim.recording import SpikeTrains
from neurosim.working_memory.population_spikes import find_population_spikes, population_rate


def test_the_rate_is_the_mean_over_neurons_and_bins_are_half_open() -> None:
    trains = SpikeTrains(4, np.array([0, 1, 1, 3]), np.array([0.0, 0.005, 0.01, 0.029]))
    rate = population_rate(trains, (0.0, 0.03))
    assert rate == pytest.approx([50, 25, 25])
    assert population_rate(trains, (0.01, 0.03), 0.02) == pytest.approx([25])
    with pytest.raises(InputError, match=r"bin width is 0\.01 s"):
        population_rate(trains, (0.0, 0.025))


def test_each_burst_is_one_population_spike_at_its_peak() -> None:
    rate = np.zeros(100)
    rate[[10, 11, 12]] = 30, 90, 25
    rate[40], rate[42] = 50, 21  # one burst with a dent
    rate[70] = 19.9  # too low
    rate[80], rate[85] = 20, 60  # 50 ms apart: two
    found = find_population_spikes(rate, start=2.0)
    assert found.time == pytest.approx([2.115, 2.405, 2.805, 2.855])
    assert found.height.tolist() == [90, 50, 20, 60]
    assert found.intervals == pytest.approx([0.29, 0.4, 0.05])
    assert len(find_population_spikes(np.full(10, 19.0))) == 0
    assert len(find_population_spikes(np.full(10, 21.0))) == 1
