"""Calibrate a sheet of the fly's hash to a user's own data, for use wherever sheets are used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import InputError
from neurosim.hashing.calibration import calibrate_hash
from neurosim.hashing.spiking_hash import HashCircuit
from neurosim.parameters import Sheet
from neurosim.parameters.library import load_model
from neurosim.parameters.quantities import format_quantity
from neurosim.progress import PythonWarnings
from neurosim.session import Session


def calibrate_apl(
    model: str | os.PathLike[str],
    samples: npt.ArrayLike,
    *,
    overrides: Mapping[str, Any] | None = None,
    seed: int = 0,
    target: str = "auto",
) -> dict[str, Any]:
    """Find APL's gain, and the size of the excitatory potentials, for data of one's own.

    Parameters
    ----------
    model : str or path
        A sheet of the circuit ``fly_hash`` that gives ``apl.sparsity`` (and ``apl.release``).
    samples : array_like of float, shape (n_samples, n_features)
        Magnitudes, 0 or higher, of the kind that will be hashed; other than those that will be
        scored. A hundred are enough.
    overrides : mapping of str to object, optional
        Other values of the sheet, by ``"section.key"``.
    seed : int
        Draws the claws and the noise.
    target : str
        ``"auto"``, ``"standalone"`` or ``"numpy"``.

    Returns
    -------
    dict of str to object
        The overrides, with what was found and the number of projection neurons that the data ask
        for: to be given to `neurosim.load_model` with the same sheet.

    Raises
    ------
    InputError
        If the sheet or the samples are refused.
    SimulationError
        If a simulation fails.

    Warns
    -----
    UserWarning
        If no value leads near the wanted sparsity.

    Examples
    --------
    >>> found = ns.calibrate_apl("dasgupta2017", odours[:100])
    >>> sheet = ns.load_model("dasgupta2017", found)
    """
    sheet = load_hash_sheet(model, overrides)
    rows = np.asarray(samples, dtype=float)
    if rows.ndim != 2 or 0 in rows.shape:
        raise InputError(f"The samples have shape {rows.shape}, expected (n_samples, n_features).")
    session = Session(sheet.parameters, sheet.circuit, seed, target, PythonWarnings())
    found = calibrate_hash(HashCircuit.draw(session, rows.shape[1]), rows).parameters
    return {
        **(overrides or {}),
        "projection_neurons.n": rows.shape[1],
        "kenyon_cells.epsp": format_quantity(found.kenyon_cells.epsp, "V"),
        "apl.gain": format_quantity(found.apl.gain, "1/V"),
        "apl.release": 0,
        "apl.sparsity": 0,
    }


def load_hash_sheet(
    model: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
) -> Sheet:
    """Read a sheet of the circuit ``fly_hash``; see `neurosim.load_model`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or it or an override is refused.
    """
    # Before the overrides, which another circuit would refuse for names that it does not know.
    sheet = load_model(model)
    if sheet.circuit != "fly_hash":
        raise InputError(f"The sheet '{sheet.name}' is of '{sheet.circuit}', not of 'fly_hash'.")
    return load_model(model, overrides) if overrides else sheet
