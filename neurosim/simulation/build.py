"""Build a compiled circuit in a process of its own: ``python -m neurosim.simulation.build SPEC DIR``.

A child process keeps Brian2's global state out of the caller's, can be stopped as a whole, and
leaves the caller without the time and memory of importing Brian2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from neurosim.errors import NeurosimError


def main(arguments: list[str]) -> int:
    """Generate, compile, write ``description.json``; errors go to stderr as one sentence."""
    from neurosim.simulation.generate import generate
    from neurosim.simulation.unity import compile_unity

    specification, directory = json.loads(arguments[0]), Path(arguments[1])
    try:
        description = generate(specification["circuit"], specification["structure"], directory)
        compile_unity(directory, specification["compiler"])
    except NeurosimError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    (directory / "description.json").write_text(json.dumps(description), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
