"""What `docs/conventions.md` says of units and release holds."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from neurosim.abstract.short_term_plasticity import ShortTermPlasticity
from neurosim.parameters.fields import constraint_of
from neurosim.parameters.library import load_model

PAGE = (Path(__file__).parents[1] / "docs" / "conventions.md").read_text(encoding="utf-8")
UNITS = {"nS": "S", "mV": "V", "pA": "A"}
WEIGHTS = {
    "area": ("ison2015", "excitatory_to_inhibitory", "weight"),
    "fly_hash": ("dasgupta2017", "kenyon_cells", "epsp"),
    "working_memory": ("mongillo2008", "excitatory_to_excitatory", "weight_potentiated"),
    "short_term_plasticity": ("tsodyks1998", "synapse", "efficacy"),
    "associative_memory": ("ba2016", "value_to_inhibitory", "weight"),
}


@pytest.mark.parametrize("circuit", WEIGHTS)
def test_unit_of_a_weight(circuit: str) -> None:
    said = re.search(rf"^\| `{circuit}` \|.*\| (\w+) \|$", PAGE, flags=re.MULTILINE)
    assert said, circuit
    model, section, name = WEIGHTS[circuit]
    parameters = getattr(load_model(model).parameters, section)
    (field,) = (field for field in dataclasses.fields(parameters) if field.name == name)
    assert constraint_of(field).unit == UNITS[said[1]]


def test_the_capacitance_follows_from_the_time_constant() -> None:
    cells = load_model("ison2015").parameters.excitatory
    assert cells.c_m == pytest.approx(200e-12)
    assert cells.g_leak == pytest.approx(10e-9)


@pytest.mark.parametrize(("release", "first"), [("before_jump", 0.3), ("after_jump", 0.3 * 1.7)])
def test_first_release(release: str, first: float) -> None:
    synapse = ShortTermPlasticity(0.3, 0.5, 0.2, release=release)
    assert synapse.releases(np.array([0.1]))[0] == pytest.approx(first)


@pytest.mark.parametrize(
    ("model", "release"), [("mongillo2008", "before_jump"), ("tiddia2022", "after_jump")]
)
def test_release_of_a_sheet(model: str, release: str) -> None:
    assert load_model(model).parameters.short_term_plasticity.release == release
