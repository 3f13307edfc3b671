"""A sweep as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from neurosim.parameters.quantities import format_quantity
from neurosim.scorecard import bounds
from neurosim.sweeping.plan import SENSITIVITY
from neurosim.sweeping.results import Sweep

MOST_ERRORS = 5  # that are told; the table has the others


def as_text(sweep: Sweep) -> str:
    """Return the statistics over seeds, or the effects of parameters, and what failed."""
    parts = [_effects(sweep) if sweep.kind == SENSITIVITY else _statistics(sweep)]
    failures = sweep.failures
    if failures:
        shown = [f"  run {number}: {error}" for number, error in failures.items()]
        if len(shown) > MOST_ERRORS:
            shown[MOST_ERRORS:] = [f"  ... and {len(shown) - MOST_ERRORS} more"]
        parts.append("\n".join([f"{len(failures)} of {sweep.n_runs} runs failed", *shown]))
    return "\n\n".join(part for part in parts if part)


def _statistics(sweep: Sweep) -> str:
    keys = [*sweep.keys, "condition"]
    header = [*keys, "quantity", "runs", "mean", "sd", "95 % interval", "target", "met"]
    lines = [header]
    for row in sweep.statistics.to_dict("records"):
        interval = f"{row['ci_low']:.3g} to {row['ci_high']:.3g}" if row["n"] > 1 else ""
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        share = row["share_met"]
        lines.append(
            [
                *(shown(row[key], sweep.plan.units.get(key, "1")) for key in keys),
                str(row["value"]),
                str(row["n_runs"]),
                f"{row['mean']:.3g}{unit}",
                f"{row['sd']:.2g}" if row["n"] > 1 else "",
                interval,
                bounds(_bound(row["low"]), _bound(row["high"])),
                "" if math.isnan(share) else f"{100 * share:.0f} %",
            ]
        )
    return _table(lines) if len(lines) > 1 else ""


def _effects(sweep: Sweep) -> str:
    """Return the value that each change moves most, the largest effects first."""
    effects = sweep.effects.dropna(subset="effect")
    # Seeds that do not differ without a change, and do with it, tell little.
    is_vague = effects["effect"].abs().eq(math.inf) & effects["se"].gt(0)
    size = effects["effect"].abs().mask(is_vague, 0.0)
    strongest = effects.loc[size.groupby([effects["parameter"], effects["change"]]).idxmax()]
    strongest = strongest.sort_values("effect", key=abs, ascending=False, kind="stable")
    header = ["parameter", "change", "setting", "moves most", "condition", "by sd", "+-"]
    lines = [[*header, "before", "after"]]
    idle = dict.fromkeys(strongest["parameter"])
    for row in strongest[strongest["effect"] != 0].to_dict("records"):
        parameter = str(row["parameter"])
        idle.pop(parameter, None)
        lines.append(
            [
                parameter,
                f"{100 * row['change']:+.0f} %",
                shown(row["setting"], sweep.plan.units[parameter]),
                str(row["value"]),
                str(row["condition"]),
                f"{row['effect']:+.2g}",
                f"{row['se']:.1g}",
                f"{row['base_mean']:.3g}",
                f"{row['mean']:.3g}",
            ]
        )
    notes = [
        "by sd: change of the mean / standard deviation over seeds of the sheet as it is (inf: its "
        "seeds do not differ), and its standard error"
    ]
    if idle:
        notes.append(f"nothing moves with {', '.join(idle)}")
    notes += [f"left out: {reason}" for reason in sweep.plan.skipped]
    return "\n".join([_table(lines), "", *notes])


def shown(value: Any, unit: str) -> str:
    """Return a value of what is varied as text; a quantity is in SI."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:g}" if unit == "1" else format_quantity(value, unit)


def _bound(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _table(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
