"""What there is: one line for each protocol, model and figure, and the full text of one."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from neurosim.folders import find, names
from neurosim.parameters.fields import Constraint
from neurosim.parameters.sections import Declaration, declarations_of
from neurosim.parameters.values import as_toml
from neurosim.scorecard import bounds, bounds_over_seeds


def listing() -> str:
    """Return protocols, models and figures, a line each. Nothing is imported for it."""
    blocks = []
    for kind in ("protocols", "models", "figures"):
        found = names(kind)
        width = max((len(name) for name in found), default=0)
        lines = [f"  {name:<{width}}  {_first_line(find(kind, name))}" for name in found]
        blocks.append("\n".join([kind, *lines]))
    return "\n\n".join(blocks)


def sheet_text(name: str) -> str:
    """Return a sheet as it is, ready to be copied.

    Raises
    ------
    InputError
        If there is none, or it is refused.
    """
    from neurosim.parameters.library import load_model

    return load_model(name).text


def protocol_text(name: str) -> str:
    """Return a protocol's description, conditions, options and targets.

    Raises
    ------
    InputError
        If there is none, or it cannot be loaded.
    """
    from neurosim.protocol import load_protocol

    protocol = load_protocol(name)
    script = protocol.script
    conditions = [(condition, text) for condition, text in script.CONDITIONS.items()]
    options = [
        (f"protocol.{key}", f"{_default(declaration)}{_allowed(declaration.constraint)}")
        for key, declaration in declarations_of(script.Options).items()
    ]
    targets = [
        (
            quantity,
            condition,
            bounds(target.low, target.high) or "reported",
            bounds_over_seeds(target),
            target.unit if target.unit != "1" else "",
            target.description,
            f"{target.evidence}; {target.source}",
        )
        for condition, by_name in protocol.targets(script.Options()).items()
        for quantity, target in by_name.items()
    ]
    parts = [
        protocol.description,
        f"Default model: {script.MODEL}",
        "Conditions (--set protocol.condition=NAME, or all)\n" + _table(conditions),
        "Options (--set KEY=VALUE) and their defaults\n" + _table(options),
        "Targets\n" + _table(targets),
    ]
    return "\n\n".join(parts)


def _first_line(path: Path) -> str:
    """Return the first sentence of a script's docstring or of a sheet's opening comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        description = ast.get_docstring(ast.parse(text)) or ""
        return description.partition("\n")[0].rstrip(".")
    comment = []
    for line in text.splitlines():
        if not line.startswith("# "):
            break
        comment.append(line[2:])
    return " ".join(comment).partition(". ")[0].rstrip(".")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _default(declaration: Declaration) -> str:
    """Return a default as it is written behind ``--set``."""
    value = as_toml(declaration.default, declaration.kind, declaration.constraint)
    parts = value if isinstance(value, list) else [value]
    return ",".join(str(part).lower() if isinstance(part, bool) else str(part) for part in parts)


def _allowed(constraint: Constraint) -> str:
    if constraint.choices:
        return f"   ({', '.join(constraint.choices)})"
    allowed = bounds(constraint.low, constraint.high)
    unit = "" if constraint.unit == "1" else f" {constraint.unit}"
    return f"   ({allowed}{unit})" if allowed else ""
