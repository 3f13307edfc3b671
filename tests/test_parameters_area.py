"""What the parameters of the area demand of one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurosim.errors import InputError
from neurosim.parameters import read_sheet


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"simulation.dt": "0.3 ms"}, r"dt is 0\.3 ms, expected a whole fraction of the 10 ms"),
        (
            {"plasticity.normalisation_interval": "1 ms", "simulation.dt": "2 ms"},
            r"normalisation_interval is 1 ms, expected at least one time step \(2 ms\)",
        ),
        ({"excitatory.v_reset": "-40 mV"}, r"excitatory\.v_reset is -40 mV, expected less than"),
        ({"inhibitory.background_rate": "20 kHz"}, "at most one event per time step"),
        ({"input_to_excitatory.w_initial": "2 nS"}, r"w_initial is 2 nS, expected at most w_max"),
        ({"input.n_active": "501"}, r"n_active is 501, expected at most input\.n \(500\)"),
    ],
)
def test_values_that_do_not_go_together_are_refused(
    area_sheet: Path, overrides: dict[str, str], sentence: str
) -> None:
    if "simulation.dt" in overrides and "plasticity.normalisation_interval" in overrides:
        overrides = overrides | {
            "excitatory.background_rate": "1 Hz",
            "inhibitory.background_rate": "1 Hz",
        }
    with pytest.raises(InputError, match=sentence):
        read_sheet(area_sheet, overrides)
