"""Build a compiled circuit, in a process of its own.

A child process keeps Brian2's global state out of the caller's, can be stopped as a whole, and
leaves the caller without the time and memory of importing Brian2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from neurosim.errors import NeurosimError, SimulationError


def main(arguments: list[str]) -> int:
    """Generate, compile, write ``description.json``; errors go to stderr as one sentence.

    Parameters
    ----------
    arguments : list of str
        What to build (JSON with ``circuit``, ``structure`` and ``compiler``), and where.
    """
    specification, directory = json.loads(arguments[0]), Path(arguments[1])
    try:
        description = _build(specification, directory)
    except NeurosimError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception as error:
        print(in_one_sentence(error, specification["circuit"]), file=sys.stderr)
        return SimulationError.exit_code
    (directory / "description.json").write_text(json.dumps(description), encoding="utf-8")
    return 0


def in_one_sentence(error: Exception, circuit: str) -> str:
    """Return what Brian2, or anything below it, raised."""
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
    return (
        f"The circuit '{circuit}' failed in Brian2: {type(error).__name__}: {reason.rstrip('.')}."
    )


def use_default_preferences() -> None:
    """Import Brian2 without the preferences that it finds in files.

    What they change (float32, say) would not be in the key of a build.
    """
    from brian2 import prefs

    prefs.reset_to_defaults()


def _build(specification: dict[str, Any], directory: Path) -> dict[str, Any]:
    use_default_preferences()
    from neurosim.simulation.generate import generate
    from neurosim.simulation.unity import compile_unity

    description = generate(specification["circuit"], specification["structure"], directory)
    compile_unity(directory, specification["compiler"])
    return description
