"""Runs of the protocol ``apl`` in which a formula takes the place of the simulation."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.parameters import text_with_protocol
from neurosim.parameters.library import load_model
from neurosim.protocol import load_protocol
from neurosim.run_directory import Run
from neurosim.scorecard import score
from neurosim.session import Session

SMALL = {"kenyon_cells.n": "400"}
N_SAMPLES = 40
FIRST_SPIKE, INTERVAL = 0.02, 0.01  # s


@dataclass
class FormulaSession(Session):
    """A session whose Kenyon cells fire once for each threshold that their drive exceeds.

    The drive is the sum of the rates of their claws, times the weight; APL's gain, per volt, raises
    the threshold by a hundredth of itself. Noise multiplies the drive by a factor around 1.
    """

    noise: float = 0.0
    silent: bool = False
    executed: list[dict[str, Any]] = field(default_factory=list)

    def execute(
        self,
        structure: Mapping[str, Any],
        arguments: Mapping[str, float],
        tables: Mapping[str, np.ndarray],
        duration: float,
        noise: str,
        outputs: tuple[str, ...],
        state: Mapping[str, np.ndarray] = MappingProxyType({}),
    ) -> Mapping[str, np.ndarray]:
        """Return what the formula leads to."""
        window = arguments["projection_neurons.window"]
        n_odours = round(duration / window)
        rates = tables["projection_neuron_rates"][:n_odours]
        gain = arguments["kenyon_cells.gain"]
        self.executed.append({**structure, **arguments, "noise": noise, "rates": rates})
        cells = tables["claw_table"].astype(int)
        claws = np.repeat(np.arange(rates.shape[1]), np.diff(tables["first_claw"].astype(int)))
        drive = np.zeros((n_odours, structure["kenyon_cells.n"]))
        np.add.at(drive.T, cells, rates[:, claws].T)
        if self.noise:
            drive *= np.random.default_rng(zlib.crc32(noise.encode())).normal(
                1, self.noise, drive.shape
            )
        threshold = arguments["kenyon_cells.v_threshold"] * (1 + gain / 100)
        n_spikes = np.clip(drive * arguments["claws.weight"] / threshold, 0, 3).astype(int)
        if self.silent:
            n_spikes[:] = 0
        odours, cells = np.nonzero(n_spikes)
        each = n_spikes[odours, cells]
        number = np.arange(each.sum()) - np.repeat(each.cumsum() - each, each)
        onsets = np.repeat(odours, each) * window
        steps = round(duration / structure["simulation.dt"])
        return {
            "kenyon_cells_spikes.i": np.repeat(cells, each),
            "kenyon_cells_spikes.t": onsets + FIRST_SPIKE + INTERVAL * number,
            "projection_neurons_spikes.i": np.zeros(n_odours, dtype=int),
            "projection_neurons_spikes.t": np.arange(n_odours) * window,
            "kenyon_cell_potential.v": np.tile([-0.002, 0.01], (steps, 4)),
            "apl_potential.v": np.linspace(0, 0.004, steps)[:, np.newaxis],
        }


def formula_session(seed: int = 0, **changes: Any) -> FormulaSession:
    """Return a session of a small circuit."""
    sheet = load_model("dasgupta2017", SMALL)
    return FormulaSession(sheet.parameters, "fly_hash", seed, "numpy", **changes)


def options(**values: Any) -> Any:
    """Return options of the protocol, few samples where nothing else is said."""
    return load_protocol("apl").script.Options(**{"n_samples": N_SAMPLES, **values})


def apl_run(conditions: Sequence[str] | None = None, **changes: Any) -> Run:
    """Return a run of ``apl`` with a `formula_session`."""
    protocol, sheet = load_protocol("apl"), load_model("dasgupta2017", SMALL)
    session, chosen = formula_session(**changes), options()
    targets, text = protocol.targets(chosen), text_with_protocol(sheet, chosen)
    rows, recordings = [], {}
    for name in conditions or targets:
        recording, values = protocol.script.run_condition(name, session, chosen)
        recordings[name] = dataclasses.replace(recording, sheet_text=text)
        rows += score(values, name, targets[name], judged=False)
    return Run(
        info={"protocol": "apl", "seed": session.seed, "conditions": list(recordings)},
        model_text=text,
        rows=rows,
        recordings=recordings,
        condition_texts=dict.fromkeys(recordings, text),
    )
