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
# Ours: 8 of 10 leaves room for two unlucky draws of the brain and for no more.
MOST = 0.8
# Ours: one-sided, so a bound on the spread is kept only if a larger spread is unlikely.
CONFIDENCE = 0.9


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
    most_high : float or None
        Upper bound that holds for a share of at least `MOST` of the seeds.
    sd_high : float or None
        Upper bound for the standard deviation over seeds, held against `sd_upper_end`.

    Raises
    ------
    InputError
        If `evidence` is none of the known words.
    """

    description: str
    source: str
    evidence: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    most_high: float | None = None
    sd_high: float | None = None

    def __post_init__(self) -> None:
        if self.evidence not in EVIDENCE:
            raise InputError(f"Unknown evidence '{self.evidence}', expected one of {EVIDENCE}.")


def reported(source: str, evidence: str, unit: str = "1", **descriptions: str) -> dict[str, Target]:
    """Return targets without a range, for quantities that are only shown beside their source.

    Parameters
    ----------
    source, evidence, unit : str
        As in `Target`; what the quantities have in common.
    **descriptions : str
        What is measured, by the quantity's name.
    """
    return {name: Target(text, source, evidence, unit) for name, text in descriptions.items()}


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
    sd_upper : float or None
        Upper end of the confidence interval of `sd`, None for a single seed or without `sd_high`.
    sd_high : float or None
        Upper bound for `sd_upper`.
    most_high : float or None
        Upper bound that a share of at least `MOST` of the seeds keeps.
    share_within_most : float or None
        Share of the seeds that keep `most_high`, judged or not; None without `most_high`.
    """

    sd: float | None
    n_seeds: int
    share_met: float | None
    mean_low: float | None
    mean_high: float | None
    # Defaults, since files written before these fields existed lack them.
    sd_upper: float | None = None
    sd_high: float | None = None
    most_high: float | None = None
    share_within_most: float | None = None


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
    cards: Sequence[Sequence[Row]],
    targets: Mapping[str, Mapping[str, Target]],
    judged: bool = True,
) -> list[SeedsRow]:
    """Return mean, spread and share of seeds that meet each target.

    A row is missed if a seed misses its range, or the seeds together miss a bound that holds over
    them: on the mean, on most of the seeds, on the standard deviation (not for a single seed).

    Parameters
    ----------
    cards : sequence of sequence of Row
        The scorecard of each seed.
    targets : mapping of str to mapping of str to Target
        By condition and name.
    judged : bool
        As in `score`.

    Returns
    -------
    list of SeedsRow
    """
    by_key: dict[tuple[str, str], list[Row]] = {}
    for card in cards:
        for row in card:
            by_key.setdefault((row.name, row.condition), []).append(row)
    return [
        _over_seeds(rows, targets[condition][name], judged)
        for (name, condition), rows in by_key.items()
    ]


def _over_seeds(rows: list[Row], target: Target, judged: bool) -> SeedsRow:
    values = [row.value for row in rows]
    n = len(values)
    mean = sum(values) / n
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    sd_upper = sd_upper_end(sd, n) if sd is not None and target.sd_high is not None else None
    within_most = (
        sum(value <= target.most_high for value in values) / n
        if target.most_high is not None
        else None
    )
    first = rows[0]
    each = [row.status for row in rows]
    statuses = set(each)
    if judged:
        statuses.add(_status(mean, target.mean_low, target.mean_high))
        if within_most is not None:
            statuses.add(_status(within_most, MOST, None))
        if sd_upper is not None:
            statuses.add(_status(sd_upper, None, target.sd_high))
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
        sd_upper=sd_upper,
        sd_high=target.sd_high,
        most_high=target.most_high,
        share_within_most=within_most,
    )


def sd_upper_end(sd: float, n: int) -> float:
    """Return the upper end of the confidence interval of a standard deviation.

    The interval is one-sided, at the level `CONFIDENCE`, and supposes a normal distribution:
    (n - 1) sd^2 / sigma^2 follows chi-square with n - 1 degrees of freedom (NIST/SEMATECH
    e-Handbook of Statistical Methods, section 1.3.5.8).

    Parameters
    ----------
    sd : float
        Standard deviation of the sample (n - 1 in the denominator), in any unit.
    n : int
        Size of the sample, at least 2.

    Returns
    -------
    float
        In the unit of `sd`.

    Raises
    ------
    InputError
        If there are fewer than two values.
    """
    from scipy.special import chdtri

    if n < 2:
        raise InputError(f"A standard deviation of {n} values was given, expected 2 or more.")
    # The probability of chdtri is that above the quantile.
    return sd * math.sqrt((n - 1) / float(chdtri(n - 1, CONFIDENCE)))


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
    if isinstance(row, SeedsRow):
        parts.append(bounds_over_seeds(row))
    return ", ".join(part for part in parts if part)


def bounds_over_seeds(bounded: Target | SeedsRow) -> str:
    """Return the bounds that hold for the seeds together as text, empty without any.

    Parameters
    ----------
    bounded : Target or SeedsRow
        A row also tells the upper end that its standard deviation is judged by.

    Returns
    -------
    str
        Like ``"<= 0.1 in 8 of 10, mean <= 0.04, sd <= 0.12 (90 %)"``.
    """
    parts = []
    if bounded.most_high is not None:
        parts.append(f"{bounds(None, bounded.most_high)} in {10 * MOST:g} of 10")
    if bounded.mean_low is not None or bounded.mean_high is not None:
        parts.append(f"mean {bounds(bounded.mean_low, bounded.mean_high)}")
    if bounded.sd_high is not None:
        upper = bounded.sd_upper if isinstance(bounded, SeedsRow) else None
        measured = f": {upper:.3g}" if upper is not None else ""
        parts.append(f"sd {bounds(None, bounded.sd_high)} ({100 * CONFIDENCE:g} %{measured})")
    return ", ".join(parts)


def bounds(low: float | None, high: float | None) -> str:
    """Return a range as text, empty without any bound."""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f">= {low:g}"
    return f"<= {high:g}" if high is not None else ""


def _in_json(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
