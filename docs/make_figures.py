"""Put the README's figures beside it, as `neurosim reproduce` has drawn them, and their data.

    neurosim reproduce --out results/reproduction
    python docs/make_figures.py results/reproduction

A file ``data/NAME.json`` for each figure keeps the scorecard behind it, what every recording hashes
to, and on which machine. A test repeats the runs: the same machine has to give the same bits,
another one values within the tolerance, which is `SPREADS` standard deviations over the seeds 0-9.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import neurosim as ns
from neurosim.figure import load_figure
from neurosim.nwb import identifier_of
from neurosim.progress import TerminalProgress
from neurosim.recording import Recording
from neurosim.run_directory import Run, load_run
from neurosim.simulation.toolchain import FLAGS, compiler_version, find_compiler
from neurosim.sweeping.identity import identity

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
SEEDS = range(10)  # those that the sheets were calibrated on
# Ours: another processor has the same brain and other rounding, so it differs by less than other
# brains do, of which 99.7 % are within three standard deviations.
SPREADS = 3.0
# Ours, for what is the same in all seeds: rounding and no more.
ROUNDING = 1e-6


def figures_of_readme() -> list[str]:
    """Return the names of the figures that the README shows."""
    return re.findall(r"!\[[^]]*\]\(docs/(\w+)\.png\)", README.read_text(encoding="utf-8"))


def machine() -> dict[str, str]:
    """Return what bits depend on beside the sources: packages, compiler, processor."""
    compiler = find_compiler()
    found = dict(identity()) | {
        "matplotlib": metadata.version("matplotlib"),
        "compiler": f"{compiler_version(compiler)} {' '.join(FLAGS)}" if compiler else "none",
    }
    found["processor"] = _digest(found["processor"].encode())
    # Sources may change as long as the numbers do not.
    del found["neurosim"]
    return found


def data_of(figure: str, drawn: Path, runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """Return what is kept of a figure.

    Parameters
    ----------
    figure : str
    drawn : Path
        The PNG.
    runs : mapping of str to sequence of Run
        For each condition that the figure needs the run of every seed, the first being drawn.
    """
    return {
        "figure": figure,
        "protocol": load_figure(figure).PROTOCOL,
        "seed": SEEDS[0],
        "png": _digest(drawn.read_bytes()),
        "machine": machine(),
        "conditions": {
            condition: {
                "recording": recording_digest(of_seeds[0].recordings[condition]),
                "rows": _rows(condition, of_seeds),
            }
            for condition, of_seeds in runs.items()
        },
    }


def _rows(condition: str, runs: Sequence[Run]) -> dict[str, dict[str, float | None]]:
    rows = {}
    for first in runs[0].rows:
        if first.condition != condition:
            continue
        found = [run.row(first.name, condition) for run in runs]
        values = [math.nan if row is None else row.value for row in found]
        rows[first.name] = {
            "value": first.value if math.isfinite(first.value) else None,
            "tolerance": tolerance(values),
        }
    return rows


def tolerance(values: Sequence[float]) -> float:
    """Return by how much a value may differ, from those of several seeds, the first being it."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0
    mean = math.fsum(finite) / len(finite)
    variance = math.fsum((value - mean) ** 2 for value in finite) / max(len(finite) - 1, 1)
    return max(SPREADS * math.sqrt(variance), ROUNDING * abs(finite[0]))


def differences(kept: Mapping[str, Any], condition: str, run: Run, exact: bool) -> list[str]:
    """Return what of a run is not as it was kept, a line each; nothing if all is.

    Parameters
    ----------
    kept : mapping
        As `data_of` returns it.
    condition : str
    run : Run
        With the seed of `kept`.
    exact : bool
        Whether bit by bit, else within the tolerance.
    """
    expected, found = kept["conditions"][condition], []
    if exact and recording_digest(run.recordings[condition]) != expected["recording"]:
        found.append(f"{condition}: the recording differs")
    measured = {row.name: row.value for row in run.rows if row.condition == condition}
    for name in sorted({*measured, *expected["rows"]}):
        if name not in measured or name not in expected["rows"]:
            found.append(f"{condition}: {name} is new, or no longer measured")
            continue
        row, value = expected["rows"][name], measured[name]
        wanted = math.nan if row["value"] is None else row["value"]
        same = value == wanted or (math.isnan(value) and math.isnan(wanted))
        if not same and (exact or not abs(value - wanted) <= row["tolerance"]):
            found.append(
                f"{condition}: {name} is {value:g}, was {wanted:g} +- {row['tolerance']:g}"
            )
    return found


def recording_digest(recording: Recording) -> str:
    """Return a hash of all that was recorded; comments of the sheet do not count."""
    return identifier_of(replace(recording, sheet_text=""))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]


def main() -> int:
    """Write the figures and their data."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("reproduction", type=Path, help="what `neurosim reproduce` has written")
    source = parser.parse_args().reproduction
    (DOCS / "data").mkdir(exist_ok=True)
    for figure in figures_of_readme():
        script = load_figure(figure)
        drawn = source / "figures" / f"{figure}.png"
        first = load_run(source / "runs" / script.PROTOCOL)
        runs: dict[str, list[Run]] = {condition: [first] for condition in script.NEEDS}
        for seed in SEEDS[1:]:
            for condition, of_seeds in runs.items():
                print(f"{figure}: {condition}, seed {seed}", file=sys.stderr)
                of_seeds.append(
                    ns.run(
                        script.PROTOCOL,
                        seed=seed,
                        overrides={"protocol.condition": condition},
                        progress=TerminalProgress(),
                    )
                )
                of_seeds[-1].recordings = {}  # they would fill the memory
        text = json.dumps(data_of(figure, drawn, runs), indent=1)
        shutil.copyfile(drawn, DOCS / f"{figure}.png")
        (DOCS / "data" / f"{figure}.json").write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
