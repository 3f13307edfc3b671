"""Figures are drawn from runs, say what they show, and the same run gives the same file."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

import neurosim
from neurosim.errors import InputError, NeurosimError
from neurosim.figure import FORMATS, figures_of, load_figure, write_figure
from neurosim.folders import names
from neurosim.pair_coding import pair_coding
from neurosim.paired_stimuli import PairedStimuli, picture_pair, random_pair
from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.pictures import load_picture
from neurosim.protocol import load_protocol
from neurosim.recording import Recording, SpikeTrains
from neurosim.run_directory import Run, newest_run
from neurosim.scorecard import Row
from neurosim.timeline import Timeline

N_UNITS = 30
P_UNITS, NP_UNITS = range(0, 10), range(10, 20)
PAIR_CODING = range(0, 6)  # of the units of P those that fire to NP afterwards
STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")


def spikes_of_a_learner(timeline: Timeline, stimuli: PairedStimuli) -> SpikeTrains:
    """Return spikes of units that respond as they should, without any noise.

    A unit of P, of NP and of the first NA fires 10 spikes to its picture. Unit k of P fires k + 3
    spikes to NP once there were k + 1 composites, if it is one of `PAIR_CODING`.
    """
    table = timeline.table()
    own = dict(zip(stimuli.singles, (P_UNITS, NP_UNITS, range(20, 30)), strict=False))
    unit: list[int] = []
    time: list[float] = []

    def fire(number: int, onset: float, n_spikes: int) -> None:
        unit.extend([number] * n_spikes)
        time.extend(onset + 0.01 + np.arange(n_spikes) * 0.04)

    composites = 0
    for onset, name, phase in zip(table.start_time, table.stimulus, table.phase, strict=True):
        composites += phase == "learning"
        for number in own.get(name, ()):
            fire(number, onset, 10)
        if name == stimuli.singles[1]:
            for number in PAIR_CODING[:composites]:
                fire(number, onset, number + 3)
    return SpikeTrains(N_UNITS, np.array(unit, dtype=int), np.array(time))


def make_run(
    *,
    stimuli: PairedStimuli | None = None,
    silent: bool = False,
    options: dict[str, Any] | None = None,
    pictures: bool = False,
    conditions: Sequence[str] = ("main",),
) -> Run:
    """Return a run of ``ison2015`` in which nothing was simulated."""
    protocol, sheet = load_protocol("ison2015"), load_model("area_random")
    changed = {f"protocol.{key}": value for key, value in (options or {}).items()}
    if pictures:
        changed["protocol.stimuli"] = "pictures"
    chosen = protocol.options(sheet, changed, quick=False)
    stimuli = stimuli or random_pair(chosen.n_random, 500, 6, np.random.default_rng(0))
    timeline = timeline_of(stimuli, chosen.test_trials, chosen.composite_trials)
    spikes = spikes_of_a_learner(timeline, stimuli)
    if silent:
        spikes = SpikeTrains(N_UNITS, np.empty(0, dtype=int), np.empty(0))
    text = text_with_protocol(sheet, chosen)
    recording = Recording({"excitatory": spikes}, timeline.table(), timeline.duration, {}, text)
    rows = [pair_coding_row("main", f"pair_coding_{way}", 0.6) for way in ("p_to_np", "np_to_p")]
    rows += [pair_coding_row(name, "pair_coding", 0.0) for name in conditions if name != "main"]
    rows += [pair_coding_row("main", name, value) for name, value in stimuli.blend.items()]
    return Run(
        info={"protocol": "ison2015", "seed": 3, "conditions": list(conditions)},
        model_text=text,
        rows=rows,
        recordings=dict.fromkeys(conditions, recording),
        condition_texts=dict.fromkeys(conditions, text),
    )


def timeline_of(stimuli: PairedStimuli, n_tests: int, n_composites: int) -> Timeline:
    """Return tests before, composites each followed by a test, and tests after.

    Pictures come in the reverse order, which a figure must not take for theirs.
    """
    names = stimuli.singles[::-1]
    trials = [stimuli.test(name, "before") for _ in range(n_tests) for name in names]
    for _ in range(n_composites):
        trials.append(stimuli.trial(stimuli.composite, "learning", 1.0, 1.0, {}))
        trials += [stimuli.test(name, "between") for name in names]
    trials += [stimuli.test(name, "after") for _ in range(n_tests) for name in names]
    return Timeline.of(trials)


def pair_coding_row(condition: str, name: str, value: float) -> Row:
    return Row(name, condition, value, "1", None, None, "a test", "control", "met")


CONTROLS = ("main", "plasticity_off", "unpaired", "recurrent_only", "input_only")


def picture_run(**others: Any) -> Run:
    names = ("palace", "person", "flower")
    stimuli = picture_pair(names, 500, 60, np.random.default_rng(0))
    return make_run(stimuli=stimuli, pictures=True, **others)


def long_named(name: str) -> PairedStimuli:
    pair = random_pair(3, 500, 6, np.random.default_rng(0))
    paths = tuple(f"/home/someone/{name} {k}.jpeg" for k in range(3))
    codes = dict(zip(paths, pair.codes.values(), strict=False))
    halves = {PairedStimuli.half(path): codes[path] for path in paths}
    composite = f"{paths[0]}+{paths[1]}"
    return PairedStimuli(paths, composite, codes | halves | {composite: codes[paths[0]]})


RUNS = {
    "random codes": lambda: make_run(),
    "every condition": lambda: make_run(conditions=CONTROLS),
    "one control": lambda: make_run(conditions=("main", "unpaired", "stimulation_naive")),
    "pictures": lambda: picture_run(),
    "pictures, every condition": lambda: picture_run(conditions=CONTROLS),
    "pictures that are gone": lambda: make_run(
        stimuli=long_named("the tower of Pisa"),
        options={
            "stimuli": "pictures",
            "pictures": [f"/home/someone/the tower of Pisa {k}.jpeg" for k in range(3)],
        },
    ),
    "silence": lambda: make_run(silent=True),
    "quick": lambda: make_run(options={"test_trials": 5, "composite_trials": 3}),
    "least": lambda: make_run(options={"test_trials": 4, "composite_trials": 1, "n_random": 3}),
    "most": lambda: make_run(options={"test_trials": 100, "composite_trials": 100, "n_random": 60}),
}


@pytest.fixture
def script() -> ModuleType:
    return load_figure("ison2015")


@pytest.fixture
def style() -> Iterator[None]:
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        yield


@pytest.fixture(params=RUNS, scope="module")
def drawn(request: pytest.FixtureRequest) -> Figure:
    """Return the figure of each kind of run."""
    with mpl.rc_context():
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure("ison2015").draw(RUNS[request.param]())
    figure.draw_without_rendering()
    return figure


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts that a reader sees, without tick labels beyond the limits of an axis."""
    ticks = {
        tick_label: axis
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        for tick_label in (tick.label1, tick.label2)
    }
    hidden = {
        text
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        if not is_within(axis, tick.get_loc()) or not ax.axison
        for text in (tick.label1, tick.label2)
    }
    assert ticks
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def is_within(axis: Axis, position: float) -> bool:
    low, high = sorted(axis.get_view_interval())
    return bool(low - 1e-9 <= position <= high + 1e-9)


def all_text(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in shown_texts(figure))


# What every figure has.


@pytest.mark.parametrize("name", names("figures"))
def test_every_figure_says_what_it_is_and_whose_runs_it_draws(name: str) -> None:
    figure = load_figure(name)
    assert figure.__doc__
    assert figure.__doc__.splitlines()[0].strip()
    protocol = load_protocol(figure.PROTOCOL)
    assert set(figure.NEEDS) <= set(protocol.script.CONDITIONS)


# The figure of ison2015.


def test_no_text_is_too_small(drawn: Figure) -> None:
    assert min(text.get_fontsize() for text in shown_texts(drawn)) >= 7


def test_no_text_leaves_the_figure(drawn: Figure) -> None:
    width, height = drawn.bbox.size
    for text in shown_texts(drawn):
        box = text.get_window_extent()
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, f"{text.get_text()!r} is cut off"


def test_no_two_texts_overlap(drawn: Figure) -> None:
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown_texts(drawn)]
    for (first, box), (second, other) in itertools.combinations(boxes, 2):
        width = min(box.x1, other.x1) - max(box.x0, other.x0)
        height = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert width <= 0.5 or height <= 0.5, f"{first!r} overlaps {second!r}"


def test_axes_have_labels_with_units(drawn: Figure) -> None:
    text = all_text(drawn)
    assert text.count("Time from stimulus onset (s)") == 2
    assert text.count("Firing rate (Hz)") == 2
    assert "Pair-coding units (fraction)" in text
    assert "Composite trials" in text
    assert "≥ 2 spikes in 0.5 s, more than baseline" in text
    assert "Ison 2015: .41 (unverified)" in text
    assert "|A ∩ B| / min(|A|, |B|)" in text


def test_panels_are_lettered_in_order_and_there_is_no_title(drawn: Figure) -> None:
    letters = [text.get_text() for text in shown_texts(drawn) if len(text.get_text()) == 1]
    letters = [letter for letter in letters if letter in "abcdef"]
    assert "".join(letters) in ("abcd", "abcde")
    assert not drawn.get_suptitle()


def panel(figure: Figure, letter: str) -> list[Axes]:
    for part in figure.findobj(mpl.figure.SubFigure):
        if any(text.get_text() == letter for text in part.texts):
            return list(part.axes)
    return []


def test_stimuli_are_labelled_by_role_and_in_the_order_of_their_numbers(
    script: ModuleType,
) -> None:
    labels = script.Stimuli.of(make_run(options={"n_random": 12}).recording).singles
    assert list(labels) == [f"code {k}" for k in range(1, 13)]
    assert list(labels.values()) == ["P", "NP", *(f"NA{k}" for k in range(1, 11))]
    labels = script.Stimuli.of(picture_run().recording).singles
    assert labels == {"palace": "P", "person": "NP", "flower": "NA"}


def test_the_rasters_show_the_spikes_of_the_example_unit(script: ModuleType, style: None) -> None:
    run = make_run()
    unit, of_units = script.example_unit(run.recording, script.Stimuli.of(run.recording))
    axes = panel(script.draw(run), "a")
    # In ten tests before and ten after: 10 spikes to P each, to NP unit + 3 after, to NA none.
    assert unit in PAIR_CODING
    assert of_units == "of 5 pair-coding units"
    assert [len(ax.collections[0].get_segments()) for ax in axes] == [100, 0, 0]
    assert [len(ax.collections[1].get_segments()) for ax in axes] == [100, 10 * (unit + 3), 0]
    rows = np.array(axes[0].collections[1].get_segments())[:, :, 1].mean(axis=1)
    assert sorted(set(rows)) == list(range(10, 20))
    for ax in axes:
        assert ax.get_xlim() == (-0.4, 0.9)


def test_the_example_unit_has_the_median_gain(script: ModuleType) -> None:
    recording = make_run().recording
    # Five composites: units 0 to 4 gain 3, 4, 5, 6, 7 spikes.
    assert script.example_unit(recording, script.Stimuli.of(recording))[0] == 2


def test_the_example_unit_of_an_even_number_is_the_lower_one(script: ModuleType) -> None:
    recording = make_run(options={"composite_trials": 4}).recording
    assert script.example_unit(recording, script.Stimuli.of(recording)) == (
        1,
        "of 4 pair-coding units",
    )


def test_without_pair_coding_the_example_unit_responds_to_p(script: ModuleType) -> None:
    recording = make_run().recording
    spikes = recording.spikes["excitatory"]
    table = recording.trial_table
    learning = table.start_time[table.where(phase="learning")[0]]
    early = spikes.time < learning
    untrained = dataclasses.replace(
        recording,
        spikes={"excitatory": SpikeTrains(N_UNITS, spikes.index[early], spikes.time[early])},
    )
    assert script.example_unit(untrained, script.Stimuli.of(untrained)) == (
        4,
        "of 10 units that respond to P",
    )


def test_the_histograms_are_those_of_all_units_of_p(script: ModuleType, style: None) -> None:
    own, partner = panel(script.draw(make_run()), "b")
    for ax, before, after in ((own, 10, 10), (partner, 0, np.mean([3, 4, 5, 6, 7, 0, 0, 0, 0, 0]))):
        lines = dict(zip(("before", "after"), ax.get_lines(), strict=True))
        for phase, n_spikes in (("before", before), ("after", after)):
            line = lines[phase]
            assert line.get_label() == phase
            assert line.get_ydata().sum() * script.BIN == pytest.approx(n_spikes)
        assert lines["before"].get_linestyle() != lines["after"].get_linestyle()
        assert lines["before"].get_color() != lines["after"].get_color()


def test_the_share_after_each_composite_is_that_of_the_units_that_changed(
    script: ModuleType,
) -> None:
    run, p, partner = make_run(), "code 1", "code 2"
    np.testing.assert_allclose(
        script.share_after_each_composite(run.recording, p, partner), [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    )
    assert not script.share_after_each_composite(run.recording, partner, p).any()


def test_one_test_needs_two_spikes_and_more_than_before_it(script: ModuleType) -> None:
    recording = make_run(options={"composite_trials": 6}).recording
    table, spikes = recording.trial_table, recording.spikes["excitatory"]
    # Before the last test of NP: 2 spikes in 0.4 s for unit 0, which fires 3 in 0.5 s, and 4 for
    # unit 1, which fires 4. Unit 2, which would fire 5, keeps one.
    onset = table.start_time[table.where(phase="between", stimulus="code 2")[-1]]
    late = (spikes.time > onset + 0.04) & (spikes.time < onset + 0.5) & (spikes.index == 2)
    more = np.array([onset - 0.1, onset - 0.2, *(onset - 0.1 * np.arange(1, 5) + 0.05)])
    changed = SpikeTrains(
        N_UNITS,
        np.concatenate([spikes.index[~late], [0, 0, 1, 1, 1, 1]]),
        np.concatenate([spikes.time[~late], more]),
    )
    recording = dataclasses.replace(recording, spikes={"excitatory": changed})
    shares = script.share_after_each_composite(recording, "code 1", "code 2")
    assert shares[-2] == pytest.approx(0.5)
    assert shares[-1] == pytest.approx(0.4), "six fire; units 1 and 2 do not count"


def test_learning_ends_in_the_fractions_of_the_scorecard(script: ModuleType, style: None) -> None:
    run = make_run()
    (ax,) = panel(script.draw(run), "c")
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert lines["P → NP"].get_ydata().tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    ends = [line.get_ydata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 1]
    assert ends == [
        pair_coding(run.recording, "code 1", "code 2"),
        pair_coding(run.recording, "code 2", "code 1"),
    ]
    assert ends[0] == 0.5
    published = lines["Ison 2015: .41 (unverified)"]
    assert published.get_ydata()[0] == pytest.approx(0.41, abs=0.005)
    assert published.get_linestyle() == ":"


def test_the_overlap_of_the_pair_grows(script: ModuleType, style: None) -> None:
    before, after = panel(script.draw(make_run()), "d")
    size = 5
    values = [ax.collections[0].get_array().reshape(size, size) for ax in (before, after)]
    # Units 0-9 and 10-19; afterwards those of the first that fire 5 spikes or more, 2 to 4, too.
    assert values[0][0, 1] == 0
    assert values[1][0, 1] == pytest.approx(3 / 10)
    assert values[0][2, 2] == 1
    assert [label.get_text() for label in before.get_xticklabels()] == [
        "P",
        "NP",
        "NA1",
        "NA2",
        "NA3",
    ]


def test_only_conditions_that_were_run_are_there(script: ModuleType, style: None) -> None:
    assert not panel(script.draw(make_run()), "e")
    run = make_run(conditions=("main", "unpaired", "stimulation_naive", "plasticity_off"))
    (ax,) = panel(script.draw(run), "e")
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "main",
        "plasticity off",
        "unpaired",
    ]
    shown = {line.get_label(): line for line in ax.get_lines()}
    assert list(shown["P → NP"].get_xdata()) == [0.6]
    assert list(shown["the larger of both"].get_xdata()) == [0, 0]
    assert sorted(shown["the larger of both"].get_ydata()) == [1, 2]


def test_pictures_are_those_that_the_session_showed(script: ModuleType) -> None:
    run = picture_run()
    pictures = script.shown_pictures(run)
    (weight,) = (row.value for row in run.rows if row.name == "composite_weight")
    p, partner, composite = pictures.values()
    assert list(pictures)[:2] == ["P: palace", "NP: person"]
    np.testing.assert_array_equal(p, load_picture("palace"))
    np.testing.assert_array_equal(partner, load_picture("person"))
    np.testing.assert_allclose(composite, weight * p + (1 - weight) * partner)
    assert f"{weight:.2f} P" in list(pictures)[2]


@pytest.mark.parametrize("kind", ["random codes", "pictures that are gone"])
def test_without_pictures_there_is_no_strip(script: ModuleType, style: None, kind: str) -> None:
    run = RUNS[kind]()
    assert script.shown_pictures(run) == {}
    assert not any(ax.images for ax in script.draw(run).axes)


# Files.


def test_a_png_is_written_whole_and_nothing_else(tmp_path: Path) -> None:
    run = make_run()
    path = write_figure("ison2015", run, tmp_path / "new" / "folder", "png")
    assert path == tmp_path / "new" / "folder" / "ison2015.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
    assert [entry.name for entry in path.parent.iterdir()] == ["ison2015.png"]


def test_a_figure_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(self: Figure, path: Path, **_: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    old = tmp_path / "ison2015.png"
    old.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fill_the_disk)
    with pytest.raises(NeurosimError, match=r"ison2015\.png' cannot be written: No space left"):
        write_figure("ison2015", make_run(), tmp_path, "png")
    assert old.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["ison2015.png"]


def test_a_run_drawn_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    run = picture_run()
    run.save(tmp_path / "run")
    here = [write_figure("ison2015", run, tmp_path / "here", kind) for kind in FORMATS]
    # Another process, with other hashes of strings and another time, from the saved run.
    program = (
        "import sys; from pathlib import Path\n"
        "from neurosim.figure import write_figure; from neurosim.run_directory import load_run\n"
        f"for kind in {FORMATS!r}:\n"
        f"    write_figure('ison2015', load_run('run'), Path('there'), kind)\n"
        "heavy = {'brian2', 'pandas', 'scipy', 'sklearn', 'pynwb', 'matplotlib.pyplot'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(STYLE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n", "drawing imports what it does not need"
    for path in here:
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def test_fonts_are_embedded(tmp_path: Path) -> None:
    run = make_run()
    assert b"/Type0" in write_figure("ison2015", run, tmp_path, "pdf").read_bytes()
    assert "<text" not in write_figure("ison2015", run, tmp_path, "svg").read_text()


def test_drawing_leaves_the_settings_of_the_caller_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    write_figure("ison2015", make_run(), tmp_path, "png")
    assert dict(mpl.rcParams) == before


def test_the_figure_is_among_those_of_its_runs_only() -> None:
    run = make_run()
    assert "ison2015" in figures_of(run)
    without_main = dataclasses.replace(run, recordings={"unpaired": run.recording})
    assert "ison2015" not in figures_of(without_main)
    other = dataclasses.replace(run, info=run.info | {"protocol": "other"})
    assert "ison2015" not in figures_of(other)


def test_refusals_name_what_is_wrong(tmp_path: Path) -> None:
    run = make_run()
    other = dataclasses.replace(run, info=run.info | {"protocol": "mongillo2008"})
    with pytest.raises(InputError, match="draws runs of 'ison2015', not of 'mongillo2008'"):
        write_figure("ison2015", other, tmp_path, "png")
    without_main = dataclasses.replace(run, recordings={"unpaired": run.recording})
    with pytest.raises(InputError, match="needs the condition 'main', which was not run"):
        write_figure("ison2015", without_main, tmp_path, "png")
    with pytest.raises(InputError, match=r"Unknown format 'pgn': did you mean 'png'\?"):
        write_figure("ison2015", run, tmp_path, "pgn")
    with pytest.raises(InputError, match=r"Unknown figure 'ison2016': did you mean 'ison2015'\?"):
        write_figure("ison2016", run, tmp_path, "png")
    assert not list(tmp_path.iterdir())


def test_a_script_without_draw_is_no_figure(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text('"""Mine."""\nPROTOCOL = "ison2015"\nNEEDS = ()\n')
    with pytest.raises(InputError, match=r"mine\.py' does not define draw"):
        load_figure(script)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(NeurosimError, match=r"ison2015\.png' cannot be written"):
        write_figure("ison2015", make_run(), in_the_way, "png")


def test_the_newest_run_is_found(tmp_path: Path) -> None:
    for name, content in (
        ("seed-0", '{"protocol": "ison2015"}'),
        ("seed-0-1", '{"protocol": "ison2015"}'),
        ("other", '{"protocol": "other"}'),
        ("damaged", "{"),
    ):
        folder = tmp_path / "ison2015" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(content)
    os.utime(tmp_path / "ison2015" / "seed-0-1" / "run.json", (1e9, 1e9))
    for name in ("other", "damaged"):
        os.utime(tmp_path / "ison2015" / name / "run.json", (3e9, 3e9))
    assert newest_run("ison2015", tmp_path).name == "seed-0"
    with pytest.raises(InputError, match="no run of 'dasgupta2017'"):
        newest_run("dasgupta2017", tmp_path)
