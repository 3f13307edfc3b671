"""Sheets by name: those that come with the package, or a user's own by path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from neurosim.folders import find
from neurosim.parameters.sheet import Sheet, read_sheet


def load_model(model: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> Sheet:
    """Read a model sheet.

    Parameters
    ----------
    model : str or path
        Name of a sheet in ``models/``, or the path of a user's own.
    overrides : mapping of str to object, optional
        Values by ``"section.key"``, such as ``{"excitatory.tau_m": "15 ms"}``.

    Returns
    -------
    Sheet

    Raises
    ------
    InputError
        If there is no such sheet, or if the sheet or an override is refused.
    """
    return read_sheet(find("models", os.fspath(model)), overrides)
