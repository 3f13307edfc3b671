"""Rasters and histograms before and after learning show the spikes of the right trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import neurosim
from neurosim.association import pair_plots
from neurosim.association.unit_responses import UnitGroup
from neurosim.recording import Recording

TRIALS = [("before", "P")] * 2 + [("after", "P")] * 3 + [("before", "NP")] * 2 + [("after", "NP")]
# Spikes of two units in each of these trials.
RESPONSE = [[4, 0], [6, 2], [1, 8], [3, 6], [5, 4], [0, 0], [0, 2], [7, 9]]


@pytest.fixture
def ax() -> Iterator[Axes]:
    with mpl.rc_context():
        mpl.style.use(["default", Path(neurosim.__file__).with_name("neurosim.mplstyle")])
        yield Figure().subplots()


@pytest.fixture
def recording(recorded_by_hand: Callable[..., Recording]) -> Recording:
    return recorded_by_hand(TRIALS, np.array(RESPONSE))


def test_a_raster_has_the_tests_before_above_those_after(ax: Axes, recording: Recording) -> None:
    pair_plots.raster_before_and_after(ax, recording, 0, "P", "P")
    before, after = ax.collections
    rows = [
        np.array(lines.get_segments())[:, :, 1].mean(axis=1).round().astype(int).tolist()
        for lines in (before, after)
    ]
    assert [rows[0].count(row) for row in range(5)] == [4, 6, 0, 0, 0]
    # The window reaches to the next test, 0.9 s later, whose spikes come after its onset.
    assert [rows[1].count(row) for row in range(5)] == [0, 0, 1, 3, 5]
    assert ax.get_ylim() == (4.5, -0.5), "the first test is not on top"
    (border,) = [line for line in ax.get_lines() if line.get_xdata() == [0, 1]]
    assert border.get_ydata() == [1.5, 1.5]
    np.testing.assert_allclose(before.get_color()[0][:3], to_rgb("C1"))
    np.testing.assert_allclose(after.get_color()[0][:3], to_rgb("C2"))


def test_the_histogram_of_a_unit_is_the_mean_over_its_tests(ax: Axes, recording: Recording) -> None:
    lines = pair_plots.unit_histogram(ax, recording, 1, "P", "P")
    assert [line.get_label() for line in lines] == ["before", "after"]
    n_spikes = [line.get_ydata().sum() * pair_plots.BIN for line in lines]
    assert n_spikes == pytest.approx([1, 6])


# Unit 0 is of P and unit 1 of NP. To their own pictures they fire 5 and 1 spikes before learning,
# 3 and 9 after it; to the partner 0 and 1 before, 7 and 6 after.
@pytest.mark.parametrize(("role", "before", "after"), [("P", 3, 6), ("NP", 0.5, 6.5)])
def test_the_histogram_of_a_group_pools_both_directions(
    ax: Axes, recording: Recording, role: str, before: float, after: float
) -> None:
    groups = [
        UnitGroup("P", "NP", np.array([True, False])),
        UnitGroup("NP", "P", np.array([False, True])),
    ]
    lines = pair_plots.group_histogram(ax, recording, groups, role)
    n_spikes = [line.get_ydata().sum() * pair_plots.BIN for line in lines]
    assert n_spikes == pytest.approx([before, after])


def test_a_group_without_units_has_no_histogram(ax: Axes, recording: Recording) -> None:
    nobody = [UnitGroup("P", "NP", np.zeros(2, dtype=bool))]
    assert pair_plots.group_histogram(ax, recording, nobody, "P") == []
    assert not ax.get_lines()


@pytest.mark.parametrize("vertical", [True, False])
def test_the_published_fraction_is_marked_as_unverified(ax: Axes, vertical: bool) -> None:
    pair_plots.published_fraction(ax, vertical)
    (line,) = ax.get_lines()
    marked = line.get_xdata() if vertical else line.get_ydata()
    assert marked == pytest.approx([21 / 51, 21 / 51])
    assert "unverified" in str(line.get_label())
