"""What a protocol answers to a user's own questions: printed, and kept in ``answers.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurosim.errors import InputError

Answer = Mapping[str, Any]
"""One answer: text and numbers by name, or mappings of these."""


def as_text(answers: Sequence[Answer]) -> str:
    """Return answers as a table, a line each, below a line of their names.

    Parameters
    ----------
    answers : sequence of mapping
        All with the same names, in the same order.

    Returns
    -------
    str
    """
    lines = [
        [str(name) for name in answers[0]],
        *([_shown(v) for v in a.values()] for a in answers),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write answers as a JSON list."""
    path.write_text(json.dumps(answers, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_answers(path: Path) -> list[dict[str, Any]]:
    """Read what `write_answers` has written.

    Raises
    ------
    InputError
        If the file cannot be read or holds something else.
    """
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"The file '{path}' holds no answers: it is no JSON.") from None
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise InputError(f"The file '{path}' holds no answers, expected a list of them.")
    return answers


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(part)}" for name, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
