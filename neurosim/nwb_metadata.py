"""What an NWB file says about where its data come from: a simulation, not an animal.

NWB and the archives that take it ask for a subject. A simulated brain has an identifier, for the
sheet and the seed draw it, and neither age nor sex nor species: what stands there is what the
standard has for "none".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurosim.errors import InputError
from neurosim.parameters.quantities import si_value

DESCRIPTION = "Simulation of spiking neurons by neurosim; no animal was recorded."
# NCBI Taxonomy, identifier 32630: "synthetic construct". The standard asks for a species, and a
# search for recordings of one must not find a simulation.
NO_SPECIES = "http://purl.obolibrary.org/obo/NCBITaxon_32630"
NO_AGE = "P0D"  # ISO 8601: no time
UNKNOWN_SEX = "U"
KEYWORDS = ("simulation", "spiking neural network")


@dataclass(frozen=True)
class Metadata:
    """What an NWB file says about itself.

    Parameters
    ----------
    subject_id : str
        Identifies the brain.
    experiment : str
        What was done to it, a sentence; empty if that is not known.
    keywords : tuple of str
    resolution : float or None
        Step of the simulation, seconds: spike times are multiples of it. None if the sheet does not
        say.
    """

    subject_id: str
    experiment: str
    keywords: tuple[str, ...]
    resolution: float | None


def metadata_of(sheet_text: str, run_info: Mapping[str, Any]) -> Metadata:
    """Return what is known of a recording from its sheet and its run.

    Parameters
    ----------
    sheet_text : str
        The sheet as run; one that is no TOML says nothing.
    run_info : mapping
        The content of ``run.json``, empty for a recording that is no part of a run.

    Returns
    -------
    Metadata
    """
    sheet = _sections(sheet_text)
    subject_id, experiment, keywords = "simulation", "", list(KEYWORDS)
    if run_info:
        protocol, seed = run_info["protocol"], run_info["seed"]
        model = run_info.get("model", protocol)
        condition = sheet.get("protocol", {}).get("condition", "main")
        subject_id = f"{model}-seed-{seed}"
        experiment = (
            f"Protocol '{protocol}', condition '{condition}', on the circuit of the sheet "
            f"'{model}', seed {seed}."
        )
        keywords += [protocol, model]
    return Metadata(subject_id, experiment, tuple(dict.fromkeys(keywords)), _time_step(sheet))


def _sections(sheet_text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(sheet_text)
    except tomllib.TOMLDecodeError:
        return {}


def _time_step(sheet: Mapping[str, Any]) -> float | None:
    step = sheet.get("simulation", {}).get("dt")
    try:
        return None if step is None else si_value(str(step), "s", "simulation.dt")
    except InputError:
        return None
