"""Measured next to published: rows with a target, where it comes from and how sure it is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neurosim.errors import InputError, nearest_name

MET, MISSED, REPORTED = "met", "missed", "reported"
EVIDENCE = (
    "published",
    "second-hand",
    "derived",
    "unverified",
    "calibrated",
    "control",
    "plausibility",
)


@dataclass(frozen=True)
class Target:
    """What a measured quantity is held against.

    Parameters
    ----------
    description : str
        What is measured, in a few words.
    source : str
        Where the range comes from.
    evidence : str
        How sure that is, one of `EVIDENCE`.
    unit : str
    low, high : float or None
        Range that holds for every seed; None for no bound. Without any bound the quantity is
        reported only.
    mean_low, mean_high : float or None
        Range that holds for the mean over seeds.
    """

    description: str
    source: str
    evidence: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None

    def __post_init__(self) -> None:
        if self.evidence not in EVIDENCE:
            raise InputError(f"Unknown evidence '{self.evidence}', expected one of {EVIDENCE}.")


@dataclass(frozen=True)
class Row:
    """One line of the scorecard of one seed; the fields are those of ``scorecard.json``."""

    name: str
    condition: str
    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    evidence: str
    status: str


@dataclass(frozen=True)
class SeedsRow(Row):
    """One line over seeds: `value` is their mean.

    Parameters
    ----------
    sd : float or None
        Standard deviation over seeds (n - 1), None for a single one.
    n_seeds : int
    share_met : float or None
        Share of the seeds that meet the range per seed, None if it is not judged.
    mean_low, mean_high : float or None
        Range that holds for the mean.
    """

    sd: float | None
    n_seeds: int
    share_met: float | None
    mean_low: float | None
    mean_high: float | None


def score(
    values: Mapping[str, float],
    condition: str,
    targets: Mapping[str, Target],
    judged: bool = True,
) -> list[Row]:
    """Hold measured values against their targets.

    A value that is not finite misses any target.

    Parameters
    ----------
    values : mapping of str to float
        Measured quantities by the name of their target.
    condition : str
        The condition that they were measured in.
    targets : mapping of str to Target
    judged : bool
        False where the targets do not apply (reduced size): every status is then `REPORTED`.

    Returns
    -------
    list of Row

    Raises
    ------
    InputError
        If a value has no target.
    """
    rows = []
    for name, value in values.items():
        if name not in targets:
            raise InputError(
                f"'{name}' was measured in the condition '{condition}' and has no target: "
                f"{nearest_name(name, targets)}"
            )
        target = targets[name]
        rows.append(
            Row(
                name=name,
                condition=condition,
                value=float(value),
                unit=target.unit,
                low=target.low,
                high=target.high,
                source=target.source,
                evidence=target.evidence,
                status=_status(float(value), target.low, target.high) if judged else REPORTED,
            )
        )
    return rows


def over_seeds(
    cards: Sequence[Sequence[Row]], targets: Mapping[str, Mapping[str, Target]]
) -> list[SeedsRow]:
    """Return mean, spread and share of seeds that meet each target.

    A row is met if every seed meets its range and the mean meets the range for the mean.

    Parameters
    ----------
    cards : sequence of sequence of Row
        The scorecard of each seed.
    targets : mapping of str to mapping of str to Target
        By condition and name.
    """
    by_key: dict[tuple[str, str], list[Row]] = {}
    for card in cards:
        for row in card:
            by_key.setdefault((row.name, row.condition), []).append(row)
    judged = any(row.status != REPORTED for card in cards for row in card)
    return [
        _over_seeds(rows, targets[condition][name], judged)
        for (name, condition), rows in by_key.items()
    ]


def _over_seeds(rows: list[Row], target: Target, judged: bool) -> SeedsRow:
    values = [row.value for row in rows]
    n = len(values)
    mean = sum(values) / n
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    first = rows[0]
    of_mean = _status(mean, target.mean_low, target.mean_high) if judged else REPORTED
    each = [row.status for row in rows]
    statuses = {*each, of_mean}
    status = MISSED if MISSED in statuses else MET if MET in statuses else REPORTED
    return SeedsRow(
        name=first.name,
        condition=first.condition,
        value=mean,
        unit=first.unit,
        low=first.low,
        high=first.high,
        source=first.source,
        evidence=first.evidence,
        status=status,
        sd=sd,
        n_seeds=n,
        share_met=None if REPORTED in each else each.count(MET) / n,
        mean_low=target.mean_low,
        mean_high=target.mean_high,
    )


def _status(value: float, low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return REPORTED
    if not math.isfinite(value):
        return MISSED
    inside = (low is None or value >= low) and (high is None or value <= high)
    return MET if inside else MISSED


def any_missed(rows: Iterable[Row]) -> bool:
    """Whether a target was missed."""
    return any(row.status == MISSED for row in rows)


def write_scorecard(path: Path, protocol: str, rows: Sequence[Row]) -> None:
    """Write ``scorecard.json``; a value that is not finite becomes null."""
    plain = [
        {key: value if _in_json(value) else None for key, value in asdict(row).items()}
        for row in rows
    ]
    text = json.dumps({"protocol": protocol, "rows": plain}, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_scorecard(path: Path) -> list[Row]:
    """Read ``scorecard.json`` of one seed or over seeds.

    Raises
    ------
    InputError
        If the file is no scorecard.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        for row in rows:
            row["value"] = math.nan if row["value"] is None else row["value"]
        return [(SeedsRow if "n_seeds" in row else Row)(**row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"'{path}' is missing, or no scorecard.") from None


def as_text(rows: Sequence[Row]) -> str:
    """Return a scorecard as a table for a terminal."""
    header = ("quantity", "condition", "measured", "target", "status", "evidence", "source")
    lines = [header] + [
        (
            row.name,
            row.condition,
            _measured(row),
            _range(row),
            row.status,
            row.evidence,
            row.source,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _measured(row: Row) -> str:
    unit = "" if row.unit == "1" else f" {row.unit}"
    spread = f" +- {row.sd:.2g}" if isinstance(row, SeedsRow) and row.sd is not None else ""
    return f"{row.value:.3g}{spread}{unit}"


def _range(row: Row) -> str:
    parts = [bounds(row.low, row.high)]
    if isinstance(row, SeedsRow) and (row.mean_low is not None or row.mean_high is not None):
        parts.append(f"mean {bounds(row.mean_low, row.mean_high)}")
    return ", ".join(part for part in parts if part)


def bounds(low: float | None, high: float | None) -> str:
    """Return a range as text, empty without any bound."""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f">= {low:g}"
    return f"<= {high:g}" if high is not None else ""


def _in_json(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
