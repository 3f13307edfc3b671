"""What comes of a sweep: a row for each run, statistics over seeds, effects of each parameter."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import InputError
from neurosim.scorecard import MET, MISSED, REPORTED, Row
from neurosim.sweeping.jobs import Failed, Finished, Outcome
from neurosim.sweeping.journal import PLAN, read_directory, write_whole
from neurosim.sweeping.plan import SENSITIVITY, Plan, Point

if TYPE_CHECKING:
    import pandas as pd

TABLE, STATISTICS, EFFECTS = "runs.csv", "statistics.csv", "effects.csv"
CONFIDENCE = 0.95  # of the intervals of means
# The columns in which two sweeps over the same runs differ.
SECONDS = ("run_seconds", "seconds")


@dataclass(frozen=True, eq=False)
class Sweep:
    """Many runs of a protocol.

    Parameters
    ----------
    plan : Plan
    outcomes : mapping of int to Outcome
        What is done, by the number of the run.
    path : Path or None
        Its directory, None if it was not written.
    """

    plan: Plan
    outcomes: Mapping[int, Outcome]
    path: Path | None = None

    @property
    def kind(self) -> str:
        """``"sweep"`` or ``"sensitivity"``."""
        return self.plan.kind

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        return self.plan.protocol

    @property
    def conditions(self) -> list[str]:
        """The conditions that were asked for, at any point."""
        return list(dict.fromkeys(c for point in self.plan.points for c in point.conditions))

    @property
    def keys(self) -> list[str]:
        """The columns that tell one setting from another."""
        return list(self.plan.points[0].labels)

    @property
    def n_runs(self) -> int:
        """Number of runs that were asked for."""
        return sum(len(point.conditions) for point in self.plan.points) * len(self.plan.seeds)

    @property
    def failures(self) -> dict[int, str]:
        """The error of each run that failed, by its number."""
        return {
            number: outcome.error
            for number, outcome in sorted(self.outcomes.items())
            if isinstance(outcome, Failed)
        }

    @property
    def any_missed(self) -> bool:
        """Whether any run missed a target."""
        return any(row.status == MISSED for _, _, _, card in self._cards() for row in card)

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run that is done.

        Columns: ``run``, what was varied (quantities in SI), ``condition``, ``seed``, each value of
        the scorecards by its name, ``run_seconds`` (CPU seconds of the simulations), ``seconds``
        (from start to end), ``error``.
        """
        import pandas as pd

        rows, names = [], dict[str, None]()
        for number, (point, condition, seed) in enumerate(self.plan.runs()):
            outcome = self.outcomes.get(number)
            if outcome is None:
                continue
            row = {"run": number, **point.labels, "condition": condition, "seed": seed}
            if isinstance(outcome, Finished):
                values = {row.name: row.value for row in outcome.rows}
                names |= dict.fromkeys(values)
                row |= {**values, "run_seconds": outcome.run_seconds, "error": ""}
            else:
                row["error"] = outcome.error
            rows.append({**row, "seconds": outcome.seconds})
        columns = ["run", *self.keys, "condition", "seed", *names, *SECONDS, "error"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def statistics(self) -> pd.DataFrame:
        """A row for each value of the scorecards at each setting, over seeds.

        Columns: what was varied, ``condition``, ``value`` (its name), ``unit``, ``n_runs``, ``n``
        (runs in which the value is finite, over which the following are taken), ``mean``, ``sd``
        (n - 1), ``ci_low`` and ``ci_high`` (95 % confidence interval of the mean by Student's t),
        ``share_met`` (of the runs in which it was judged), and the target: ``low``, ``high``,
        ``evidence``, ``source``.
        """
        import pandas as pd

        columns = [*self.keys, "condition", "value", "unit", "n_runs", "n", "mean", "sd"]
        columns += ["ci_low", "ci_high", "share_met", "low", "high", "evidence", "source"]
        rows = [
            {**point.labels, "condition": condition, **_over_seeds(name, same)}
            for point, condition, by_name in self._by_setting()
            for name, same in by_name.items()
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def effects(self) -> pd.DataFrame:
        """What a change of each parameter does to each value; empty but for a sensitivity analysis.

        Columns: ``parameter``, ``change`` (nominal fraction), ``setting`` (SI), ``condition``,
        ``value``, ``unit``, ``n`` (seeds that have the value with and without the change),
        ``base_mean`` and ``base_sd`` (of the sheet as it is, over seeds), ``mean``,
        ``relative_change`` (of the mean), ``effect`` (change of the mean over `base_sd`) and ``se``
        (its standard error, from the differences within seeds).
        """
        import pandas as pd

        columns = ["parameter", "change", "setting", "condition", "value", "unit", "n", "base_mean"]
        columns += ["base_sd", "mean", "relative_change", "effect", "se"]
        rows = list(self._effects()) if self.kind == SENSITIVITY else []
        return pd.DataFrame(rows, columns=columns)

    def write(self, directory: Path) -> None:
        """Write the tables as CSV."""
        tables = {TABLE: self.runs, STATISTICS: self.statistics}
        if self.kind == SENSITIVITY:
            tables[EFFECTS] = self.effects
        for name, table in tables.items():
            write_whole(directory / name, table.to_csv(index=False))

    def _cards(self) -> Iterator[tuple[Point, str, int, list[Row]]]:
        """Return the scorecard of every run that was finished, with point, condition and seed."""
        for number, (point, condition, seed) in enumerate(self.plan.runs()):
            outcome = self.outcomes.get(number)
            if isinstance(outcome, Finished):
                yield point, condition, seed, outcome.rows

    def _by_setting(self) -> Iterator[tuple[Point, str, dict[str, dict[int, Row]]]]:
        """Return point, condition, and the rows by name and seed, of every setting that has any."""
        settings: dict[tuple[int, str], tuple[Point, dict[str, dict[int, Row]]]] = {}
        for point, condition, seed, card in self._cards():
            _, by_name = settings.setdefault((id(point), condition), (point, {}))
            for row in card:
                by_name.setdefault(row.name, {})[seed] = row
        for (_, condition), (point, by_name) in settings.items():
            yield point, condition, by_name

    def _effects(self) -> Iterator[dict[str, Any]]:
        bases: dict[str, dict[str, dict[int, Row]]] = {}
        for point, condition, by_name in self._by_setting():
            if not point.labels["parameter"]:
                bases[condition] = by_name
                continue
            for name, rows in by_name.items():
                base = bases.get(condition, {}).get(name, {})
                seeds = [seed for seed in rows if seed in base and _finite(rows, base, seed)]
                if seeds:
                    before = np.array([base[seed].value for seed in seeds])
                    after = np.array([rows[seed].value for seed in seeds])
                    measured = _effect(before, after)
                    unit = rows[seeds[0]].unit
                    labels = {"condition": condition, "value": name, "unit": unit}
                    yield {**point.labels, **labels, **measured}


def load_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read the directory of a sweep, whether all of it is done or not.

    Parameters
    ----------
    path : str or path
        What ``neurosim sweep`` wrote.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        If there is no sweep, or a file of it is damaged.
    """
    directory = Path(path)
    plan, outcomes = read_directory(directory)
    return Sweep(plan, outcomes, directory)


def is_sweep(path: Path) -> bool:
    """Whether a directory is that of a sweep."""
    return (path / PLAN).is_file()


def newest_sweep(kind: str, results: Path) -> Path:
    """Return the newest sweep or sensitivity analysis below a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    found = []
    for path in results.glob(f"*/*/{PLAN}"):
        with contextlib.suppress(InputError):
            if load_sweep(path.parent).kind == kind:
                found.append(path.parent / TABLE)
    if not found:
        raise InputError(
            f"There is no {kind} in {results}: run 'neurosim sweep' first, or name one with --from."
        )
    return max(found, key=_last_change).parent


def _last_change(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _finite(rows: Mapping[int, Row], base: Mapping[int, Row], seed: int) -> bool:
    return math.isfinite(rows[seed].value) and math.isfinite(base[seed].value)


def _over_seeds(name: str, rows: Mapping[int, Row]) -> dict[str, Any]:
    row = next(iter(rows.values()))
    finite = [row.value for row in rows.values() if math.isfinite(row.value)]
    statuses = [row.status for row in rows.values() if row.status != REPORTED]
    mean, sd, half = mean_with_confidence(finite)
    return {
        "value": name,
        "unit": row.unit,
        "n_runs": len(rows),
        "n": len(finite),
        "mean": mean,
        "sd": sd,
        "ci_low": mean - half,
        "ci_high": mean + half,
        "share_met": statuses.count(MET) / len(statuses) if statuses else math.nan,
        "low": row.low,
        "high": row.high,
        "evidence": row.evidence,
        "source": row.source,
    }


def mean_with_confidence(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, standard deviation and half the confidence interval of the mean.

    The interval is that of Student, "The probable error of a mean", Biometrika 6:1 (1908), at the
    level `CONFIDENCE`.

    Parameters
    ----------
    values : sequence of float

    Returns
    -------
    mean, sd, half : float
        NaN where there are too few values.
    """
    from scipy.special import stdtrit

    n = len(values)
    if n == 0:
        return math.nan, math.nan, math.nan
    mean = math.fsum(values) / n
    if n == 1:
        return mean, math.nan, math.nan
    if min(values) == max(values):
        return values[0], 0.0, 0.0  # without what rounding leaves
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return mean, sd, float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / math.sqrt(n)


def _effect(before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    """Return what a change did, in units of the spread over seeds before it; shapes (n_seeds,)."""
    n, change = len(before), after - before
    base_mean, spread, _ = mean_with_confidence(before.tolist())
    mean, _, _ = mean_with_confidence(after.tolist())
    moved, sd_of_change, _ = mean_with_confidence(change.tolist())
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where seeds do not differ, any change is infinitely large beside them.
        effect, se = np.array([moved, sd_of_change / math.sqrt(n)]) / spread
        relative = np.float64(mean - base_mean) / abs(base_mean)
    return {
        "n": n,
        "base_mean": base_mean,
        "base_sd": spread,
        "mean": mean,
        "relative_change": float(relative),
        "effect": 0.0 if moved == 0 and spread == 0 else float(effect),
        "se": 0.0 if sd_of_change == 0 and spread == 0 else float(se),
    }
