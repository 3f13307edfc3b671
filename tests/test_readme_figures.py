"""The README's figures come out as they are shown."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_figures import ison_run

import neurosim as ns
from neurosim.figure import load_figure, write_figure
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run

DOCS = Path(__file__).parents[1] / "docs"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_figures", DOCS / "make_figures.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


FIGURES = load_script()
SHOWN = FIGURES.figures_of_readme()


def kept_of(figure: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((DOCS / "data" / f"{figure}.json").read_text())
    return kept


def test_the_readme_shows_figures() -> None:
    assert "ison2015" in SHOWN and len(set(SHOWN)) == len(SHOWN)


@pytest.mark.parametrize("figure", SHOWN)
def test_the_data_are_those_of_the_figure_that_is_shown(figure: str) -> None:
    kept, script = kept_of(figure), load_figure(figure)
    assert kept["png"] == FIGURES._digest((DOCS / f"{figure}.png").read_bytes())
    assert kept["protocol"] == script.PROTOCOL
    assert list(kept["conditions"]) == list(script.NEEDS)
    loaded = load_protocol(script.PROTOCOL)
    targets = loaded.targets(loaded.script.Options())
    for condition, content in kept["conditions"].items():
        assert content["rows"].keys() <= targets[condition].keys()
        assert sum(row["value"] is not None for row in content["rows"].values()) > 5


@pytest.mark.slow
@pytest.mark.parametrize("figure", SHOWN)
def test_the_figure_comes_out_again(figure: str, tmp_path: Path) -> None:
    """To the bit on the machine that drew it, within the spread over seeds on another one."""
    kept = kept_of(figure)
    exact = kept["machine"] == FIGURES.machine()
    recordings, rows = {}, []
    for condition in kept["conditions"]:
        overrides = {"protocol.condition": condition}
        run = ns.run(kept["protocol"], seed=kept["seed"], overrides=overrides)
        assert FIGURES.differences(kept, condition, run, exact) == []
        recordings |= run.recordings
        rows += run.rows
    drawn = dataclasses.replace(run, recordings=recordings, rows=rows)
    path = write_figure(figure, drawn, tmp_path, "png")
    if exact:
        assert path.read_bytes() == (DOCS / f"{figure}.png").read_bytes()


# The comparison, on runs in which nothing was simulated.


def seeds_of(values: list[float]) -> list[Run]:
    return [ison_run(n_tests=2, n_composites=1, values={"assembly_rate": v}) for v in values]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    drawn = tmp_path_factory.mktemp("drawn") / "ison2015.png"
    drawn.write_bytes(b"drawn")
    # Standard deviation 1 around 20, so that the first may differ by 3.
    runs = seeds_of([21.0, 19.0, 20.0])
    data: dict[str, Any] = FIGURES.data_of("ison2015", drawn, {"main": runs})
    return json.loads(json.dumps(data, allow_nan=False)) or {}


def test_the_same_run_is_the_same(kept: dict[str, Any]) -> None:
    (run,) = seeds_of([21.0])
    for exact in (True, False):
        assert FIGURES.differences(kept, "main", run, exact) == []


@pytest.mark.parametrize(("value", "within"), [(23.9, True), (18.1, True), (24.1, False)])
def test_another_value_is_told(kept: dict[str, Any], value: float, within: bool) -> None:
    (run,) = seeds_of([value])
    told = [f"main: assembly_rate is {value:g}, was 21 +- 3"]
    assert FIGURES.differences(kept, "main", run, exact=False) == ([] if within else told)
    assert FIGURES.differences(kept, "main", run, exact=True) == told


def test_a_value_that_vanishes_or_comes_is_told(kept: dict[str, Any]) -> None:
    (run,) = seeds_of([math.nan])
    assert "main: assembly_rate is nan" in FIGURES.differences(kept, "main", run, exact=False)[0]
    run.rows = [row for row in run.rows if row.name != "assembly_rate"]
    told = ["main: assembly_rate is new, or no longer measured"]
    assert FIGURES.differences(kept, "main", run, exact=False) == told


def test_other_spikes_are_told_on_the_same_machine(kept: dict[str, Any]) -> None:
    run = ison_run(n_tests=2, n_composites=2, values={"assembly_rate": 21.0})
    assert FIGURES.differences(kept, "main", run, exact=False) == []
    assert FIGURES.differences(kept, "main", run, exact=True) == ["main: the recording differs"]


def test_tolerance_is_three_standard_deviations_or_rounding() -> None:
    assert FIGURES.tolerance([1.0, 2.0, 3.0]) == pytest.approx(3.0)
    assert FIGURES.tolerance([1.0, math.nan, 2.0, 3.0]) == pytest.approx(3.0)
    assert FIGURES.tolerance([2.0, 2.0]) == pytest.approx(2e-6)
    assert FIGURES.tolerance([math.nan]) == 0.0
