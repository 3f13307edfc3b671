"""What is drawn into axes has the positions, values and labels that the data have."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

import neurosim
from neurosim import plotting
from neurosim import statistics as st
from neurosim.errors import InputError
from neurosim.recording import Recording, SpikeTrains
from neurosim.timeline import Timeline, Trial

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")


@pytest.fixture
def ax() -> Iterator[Axes]:
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        yield Figure().subplots()


@pytest.fixture
def recording() -> Recording:
    """Return two trials, at 0.5 s and 1.5 s, of 4 units whose spikes are drawn at random."""
    timeline = Timeline.of([Trial("a", 0.5, 0.5, "before"), Trial("b", 0.5, 0.5, "before")])
    rng = np.random.default_rng(0)
    time = rng.uniform(0, timeline.duration, 200)
    # Unit 3: at the start of the window, in it, at its stop; in the second trial one spike.
    own = np.array([0.5 - 0.1, 0.55, 0.5 + 0.2, 1.5 + 0.1])
    spikes = SpikeTrains(
        4, np.concatenate([rng.integers(0, 3, 200), [3] * 4]), np.concatenate([time, own])
    )
    return Recording({"excitatory": spikes}, timeline.table(), timeline.duration, {}, "")


def test_a_raster_has_a_row_for_each_trial_and_a_half_open_window(
    ax: Axes, recording: Recording
) -> None:
    lines = plotting.raster(
        ax, recording, "excitatory", 3, [0, 1], (-0.1, 0.2), first_row=10, color="C1"
    )
    segments = np.array(lines.get_segments())
    np.testing.assert_allclose(segments[:, :, 0].mean(axis=1), [-0.1, 0.05, 0.1], atol=1e-12)
    assert segments[:, :, 1].mean(axis=1).tolist() == [10, 10, 11]
    assert np.ptp(segments[:, :, 1], axis=1).max() < 1, "rows overlap"
    np.testing.assert_allclose(lines.get_color()[0][:3], to_rgb("C1"))


def test_a_raster_of_a_silent_unit_is_empty_and_of_none_is_refused(
    ax: Axes, recording: Recording
) -> None:
    assert not plotting.raster(ax, recording, "excitatory", 3, [0], (0.3, 0.4)).get_segments()
    with pytest.raises(InputError, match="no unit 4, expected 0 to 3"):
        plotting.raster(ax, recording, "excitatory", 4, [0], (0.0, 0.5))


@pytest.mark.parametrize("units", [[0, 2], np.array([True, False, True, False])])
def test_the_line_of_a_psth_is_the_histogram_of_statistics(
    ax: Axes, recording: Recording, units: np.ndarray
) -> None:
    window, width = (-0.4, 0.5), 0.05
    line = plotting.psth(ax, recording, "excitatory", units, [0, 1], window, width, color="C2")
    onsets = recording.trial_table.start_time
    expected = st.psth(recording.spikes["excitatory"], units, onsets, window, width)
    assert expected.max() > 0
    np.testing.assert_allclose(line.get_ydata(), expected)
    np.testing.assert_allclose(line.get_xdata(), -0.4 + width * (np.arange(18) + 0.5))
    np.testing.assert_allclose(ax.collections[0].get_facecolor()[0][:3], to_rgb("C2"))


def test_a_psth_refuses_bins_that_do_not_fit_and_units_that_are_not_there(
    ax: Axes, recording: Recording
) -> None:
    with pytest.raises(InputError, match=r"bin width is 0.3 s.*length of 0.5 s"):
        plotting.psth(ax, recording, "excitatory", [0], [0], (0, 0.5), 0.3)
    with pytest.raises(InputError, match="of its 4 units"):
        plotting.psth(ax, recording, "excitatory", [4], [0], (0, 0.5), 0.1)
    with pytest.raises(InputError, match="of its 4 units"):
        plotting.psth(ax, recording, "excitatory", np.ones(3, dtype=bool), [0], (0, 0.5), 0.1)
    with pytest.raises(InputError, match="0 samples"):
        plotting.psth(ax, recording, "excitatory", np.zeros(4, dtype=bool), [0], (0, 0.5), 0.1)
    with pytest.raises(InputError, match="no population 'excitatry'"):
        plotting.psth(ax, recording, "excitatry", [0], [0], (0, 0.5), 0.1)


def test_the_band_is_the_confidence_interval_of_the_mean(ax: Axes) -> None:
    samples = np.array([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]])
    line = plotting.mean_with_confidence(ax, [0, 1], samples)
    assert line.get_ydata().tolist() == [3, 5]
    (path,) = ax.collections[0].get_paths()
    at_zero = path.vertices[path.vertices[:, 0] == 0, 1]
    half = 1.96 * 2 / np.sqrt(3)  # standard deviation 2, three samples
    np.testing.assert_allclose([at_zero.min(), at_zero.max()], [3 - half, 3 + half])
    at_one = path.vertices[path.vertices[:, 0] == 1, 1]
    assert set(at_one) == {5.0}


def test_one_sample_has_no_band_and_none_has_no_mean(ax: Axes) -> None:
    plotting.mean_with_confidence(ax, [0, 1], [[2.0, 4.0]])
    assert not ax.collections
    with pytest.raises(InputError, match="0 samples"):
        plotting.mean_with_confidence(ax, [0, 1], np.empty((0, 2)))


def test_half_of_the_confidence_interval_is_of_each_column() -> None:
    samples = [[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]]
    np.testing.assert_allclose(plotting.half_confidence(samples), [1.96 * 2 / np.sqrt(3), 0])
    assert plotting.half_confidence([4.0]) == 0
    with pytest.raises(InputError, match="0 samples to average, expected one or more"):
        plotting.half_confidence([])


def test_an_overlap_matrix_shows_every_value_where_it_belongs(ax: Axes) -> None:
    values = [[1, 0.29, 0.004], [0.31, 1, 0.6], [0, 0.6, 1]]
    plotting.overlap_matrix(ax, values, ["P", "NP", "NA"])
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert shown == {
        (0.5, 0.5): "1",
        (1.5, 0.5): ".29",
        (2.5, 0.5): ".00",
        (0.5, 1.5): ".31",
        (1.5, 1.5): "1",
        (2.5, 1.5): ".60",
        (0.5, 2.5): ".00",
        (1.5, 2.5): ".60",
        (2.5, 2.5): "1",
    }
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["P", "NP", "NA"]
    bottom, top = ax.get_ylim()
    assert bottom > top, "the first row is not on top"


@pytest.mark.parametrize(("n", "n_shown"), [(8, 64), (9, 11)])
def test_a_crowded_overlap_matrix_leaves_out_what_rounds_to_0(
    ax: Axes, n: int, n_shown: int
) -> None:
    values = np.eye(n)
    values[0, 1], values[1, 0], values[2, 1] = 0.005, 0.3, 0.0049
    plotting.overlap_matrix(ax, values, [f"NA{k}" for k in range(n)])
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(shown) == n_shown
    assert shown[0.5, 1.5] == ".30"
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {0.0 if n == 8 else 90.0}


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 0.72, 0.73, 0.8, 1.0])
def test_the_values_in_an_overlap_matrix_can_be_read(ax: Axes, value: float) -> None:
    cells = plotting.overlap_matrix(ax, [[value]], ["P"])
    cells.update_scalarmappable()
    background = relative_luminance(cells.get_facecolor()[0][:3])
    (text,) = ax.texts
    light, dark = sorted([background, relative_luminance(to_rgb(text.get_color()))], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, "the contrast that WCAG 2 asks for"


def test_an_overlap_matrix_needs_as_many_labels(ax: Axes) -> None:
    with pytest.raises(InputError, match=r"shape \(2, 2\) with 3 labels, expected \(3, 3\)"):
        plotting.overlap_matrix(ax, np.eye(2), ["P", "NP", "NA"])


def test_a_stimulus_is_marked_behind_the_data(ax: Axes) -> None:
    plotting.mark_stimulus(ax, 0.0, 0.5)
    (line,) = ax.plot([0, 1], [0, 1])
    (span,) = ax.patches
    extent = span.get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([extent.x0, extent.x1], [0.0, 0.5], atol=1e-12)
    assert span.get_zorder() < line.get_zorder()


def test_a_picture_keeps_its_grey_values(ax: Axes) -> None:
    grey = np.array([[0.2, 0.4], [0.4, 0.6]])
    image = plotting.picture(ax, grey)
    assert image.get_clim() == (0, 1)
    np.testing.assert_allclose(
        image.to_rgba(grey)[..., :3], np.repeat(grey[..., None], 3, axis=2), atol=1 / 255
    )
    assert not ax.axison


def test_a_note_stands_in_the_middle_of_its_axes(ax: Axes) -> None:
    ax.set(xlim=(3, 9), ylim=(-2, 0))
    text = plotting.note(ax, "no unit responds")
    ax.figure.draw_without_rendering()
    box, frame = text.get_window_extent(), ax.bbox
    np.testing.assert_allclose(
        [box.x0 + box.x1, box.y0 + box.y1], [frame.x0 + frame.x1, frame.y0 + frame.y1], atol=4
    )


def test_rows_and_columns_are_in_order_and_as_large_as_asked() -> None:
    figure = Figure(figsize=(6, 4))
    upper, lower = plotting.rows(figure, [1, 3])
    left, right = plotting.columns(lower, [2, 1])
    assert upper.bbox.height / lower.bbox.height == pytest.approx(1 / 3)
    assert upper.bbox.y0 == pytest.approx(lower.bbox.y1)
    assert left.bbox.width / right.bbox.width == pytest.approx(2)
    assert left.bbox.x1 == pytest.approx(right.bbox.x0)


def test_a_panel_letter_stands_in_the_upper_left_corner() -> None:
    figure = Figure()
    left, right = figure.subfigures(1, 2)
    for part, letter in ((left, "a"), (right, "b")):
        plotting.panel_letter(part, letter)
    figure.draw_without_rendering()
    for part in (left, right):
        box = part.texts[0].get_window_extent()
        assert 0 <= box.x0 - part.bbox.x0 < 10
        assert 0 <= part.bbox.y1 - box.y1 < 10


# The style.


def linear(colour: str) -> np.ndarray:
    value = np.array(to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def relative_luminance(colour: tuple[float, float, float]) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIELAB coordinates of linear RGB under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    fx, fy, fz = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


# Machado, Oliveira & Fernandes 2009, IEEE Trans Vis Comput Graph 15:1291, severity 1.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "none": np.eye(3).tolist(),
}


def palette() -> list[str]:
    with mpl.rc_context():
        mpl.style.use(STYLE)
        return mpl.rcParams["axes.prop_cycle"].by_key()["color"]


def test_the_palette_survives_a_print_without_colour() -> None:
    lightness = sorted(lab(linear(colour))[0] for colour in palette())
    assert min(np.diff(lightness)) >= 14
    assert lightness[-1] <= 80, "too pale on white"


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_palette_survives_colour_blindness(blindness: str) -> None:
    seen = [lab(np.array(BLINDNESS[blindness]) @ linear(colour)) for colour in palette()]
    for first, second in itertools.combinations(seen, 2):
        assert np.linalg.norm(first - second) >= 18


@pytest.mark.filterwarnings("error")
def test_the_style_is_complete_and_understood(caplog: pytest.LogCaptureFixture) -> None:
    with mpl.rc_context():
        mpl.style.use(STYLE)
        settings = mpl.rcParams
        assert not caplog.records, "Matplotlib does not know a key or a value"
        assert settings["pdf.fonttype"] == settings["ps.fonttype"] == 42
        assert settings["figure.constrained_layout.use"]
        for key in ("axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
            assert FontProperties(size=settings[key]).get_size_in_points() >= 7
