"""Load a protocol and hold it to its contract.

A protocol is a script with a docstring that cites the paper, and these names:

``CIRCUIT``, ``MODEL``
    The circuit that it works on and the sheet that it takes by default.
``MODEL_WITH``
    Where an option needs another sheet: the sheet by (key, value), such as ``("protocol.encoder",
    "spiking")``. It may be left out.
``Options``
    A frozen dataclass of fields declared with `parameter`, all with defaults; one is
    ``condition``.
``CONDITIONS``
    What each condition is, by name; the first is ``main``.
``targets(options)``
    Returns the `Target` of every quantity by condition and name; conditions that mean nothing with
    these options are left out.
``QUICK``
    Options that are numbers, at reduced size. The targets are judged where each of them is larger.
``run_condition(name, session, options)``
    Simulates one condition; returns its recording and the measured quantities by name. A third item
    may follow where the user has asked for something: the answers, one or more mappings with the
    same names each, whose values are text, numbers or mappings of these. They are printed and
    written to ``answers.json`` beside the recording.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from neurosim.errors import InputError, nearest_name
from neurosim.folders import load_script
from neurosim.parameters import Sheet, fill_section
from neurosim.parameters.fields import constraint_of
from neurosim.scorecard import Target

CONTRACT = (
    "CIRCUIT",
    "MODEL",
    "Options",
    "CONDITIONS",
    "targets",
    "QUICK",
    "run_condition",
)


@dataclass(frozen=True)
class Protocol:
    """A loaded protocol.

    Parameters
    ----------
    name : str
    script : module
        Has the names of the contract.
    """

    name: str
    script: ModuleType

    @property
    def description(self) -> str:
        """The docstring of the script."""
        return (self.script.__doc__ or "").strip()

    def model(self, overrides: Mapping[str, Any]) -> str:
        """Return the name of the sheet that is taken by default."""
        for (key, value), model in getattr(self.script, "MODEL_WITH", {}).items():
            if str(overrides.get(key, "")).strip() == value:
                return str(model)
        return str(self.script.MODEL)

    def options(self, sheet: Sheet, overrides: Mapping[str, Any], quick: bool) -> Any:
        """Return the options of a run.

        The sheet's ``[protocol]`` changes the defaults, `quick` changes both, and the overrides of
        the user have the last word.

        Raises
        ------
        InputError
            If an option is unknown or its value is refused.
        """
        own = {
            key.partition(".")[2]: value
            for key, value in overrides.items()
            if key.startswith("protocol.")
        }
        reduced = self.script.QUICK if quick else {}
        return fill_section(self.script.Options, {**sheet.protocol, **reduced, **own}, "protocol")

    def conditions(self, options: Any) -> list[str]:
        """Return the conditions that the options ask for.

        Raises
        ------
        InputError
            If the condition means nothing with the other options.
        """
        possible = list(self.targets(options))
        if options.condition == "all":
            return possible
        if options.condition not in possible:
            raise InputError(
                f"protocol.condition is '{options.condition}', which means nothing with these "
                f"options: {nearest_name(options.condition, possible)}"
            )
        return [options.condition]

    def targets(self, options: Any) -> Mapping[str, Mapping[str, Target]]:
        """Return the targets by condition and name that hold with these options."""
        targets: Mapping[str, Mapping[str, Target]] = self.script.targets(options)
        return targets

    def is_judged(self, options: Any) -> bool:
        """Whether the experiment is large enough for its targets."""
        reduced = fill_section(self.script.Options, self.script.QUICK, "QUICK")
        return all(getattr(options, name) > getattr(reduced, name) for name in self.script.QUICK)


def load_protocol(name: str | os.PathLike[str]) -> Protocol:
    """Load a protocol by name, or a user's own by path.

    Raises
    ------
    InputError
        If there is none, if it cannot be loaded, or if it breaks the contract.
    """
    script = load_script("protocols", os.fspath(name))
    for required in CONTRACT:
        if not hasattr(script, required):
            raise InputError(f"The protocol '{name}' does not define {required}.")
    for reason in _breaches(script):
        raise InputError(f"The protocol '{name}' {reason}.")
    return Protocol(Path(str(script.__file__)).stem, script)


def _breaches(script: ModuleType) -> Iterator[str]:
    """Say what is wrong with the names of the contract, which are all there."""
    conditions = list(script.CONDITIONS)
    if conditions[:1] != ["main"]:
        yield "has CONDITIONS that do not begin with 'main'"
    if not dataclasses.is_dataclass(script.Options):
        yield "has Options that are no dataclass"
    fields = dataclasses.fields(script.Options)
    for field in fields:
        if "constraint" not in field.metadata or field.default is dataclasses.MISSING:
            yield f"has the option '{field.name}', expected parameter(..., default=...)"
    options = {field.name: field for field in fields}
    if "condition" not in options:
        yield "has Options without 'condition'"
    choices = constraint_of(options["condition"]).choices
    if not choices:
        yield "has an option 'condition' without choices"
    for word in (*choices, options["condition"].default):
        if word not in (*conditions, "all"):
            yield f"lets one choose the condition '{word}', which is not in CONDITIONS"
    for condition in sorted({*conditions} ^ {*script.targets(script.Options())}):
        yield f"names '{condition}' in CONDITIONS or in its targets, expected it in both"
    try:
        reduced = fill_section(script.Options, script.QUICK, "QUICK")
        for name in script.QUICK:
            if isinstance(getattr(reduced, name), bool | str | tuple):
                yield f"has a QUICK that sets '{name}', expected options that are numbers"
    except InputError as error:
        yield f"has a QUICK that does not fit its Options ({str(error).rstrip('.')})"
