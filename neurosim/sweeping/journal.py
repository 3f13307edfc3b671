"""The directory of a sweep: its plan, and a line for each run that is done, kept as it comes.

Whatever ends the process, the lines that are there are whole but perhaps for the last one, which is
cut off when the sweep goes on.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from neurosim.errors import InputError, SimulationError
from neurosim.run_directory import write_run, written_aside
from neurosim.scorecard import Row
from neurosim.sweeping.jobs import Failed, Finished, Outcome
from neurosim.sweeping.plan import Plan, plan_as_text, plan_from_text

PLAN, JOURNAL, RUNS, LOCK = "sweep.json", "journal.jsonl", "runs", ".lock"


class Journal:
    """What is done of a sweep.

    Parameters
    ----------
    directory : Path or None
        Where it is kept; None for nowhere.
    done : dict of int to Outcome
        By the number of the run; the last outcome of each.
    """

    def __init__(self, directory: Path | None, done: dict[int, Outcome]) -> None:
        self._directory = directory
        self.done = done

    def add(self, number: int, outcome: Outcome) -> None:
        """Keep an outcome, and the recording if there is one.

        Raises
        ------
        SimulationError
            If it cannot be written; what was kept before stays.
        """
        if self._directory is not None:
            self._write(self._directory, number, outcome)
        # Recordings would fill the memory.
        if isinstance(outcome, Finished):
            outcome = replace(outcome, run=None)
        self.done[number] = outcome

    def _write(self, directory: Path, number: int, outcome: Outcome) -> None:
        try:
            if isinstance(outcome, Finished) and outcome.run is not None:
                path = directory / RUNS / str(number)
                # Of a process that was killed before it could tell.
                shutil.rmtree(path, ignore_errors=True)
                shutil.rmtree(path.with_name(f".{number}.part"), ignore_errors=True)
                with written_aside(path) as aside:
                    write_run(outcome.run, aside)
            with (directory / JOURNAL).open("ab") as journal:
                journal.write(_as_line(number, outcome))
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise SimulationError(
                f"The sweep stops, for '{directory}' cannot be written: {error.strerror}."
            ) from error


@contextlib.contextmanager
def opened(directory: Path, plan: Plan) -> Iterator[Journal]:
    """Begin a sweep in a directory, or go on with it; one process at a time.

    Raises
    ------
    InputError
        If another sweep, or anything else, is there, or the directory cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"Another process works on the sweep in '{directory}'.") from None
    except OSError as error:
        raise InputError(f"'{directory}' cannot be written: {error.strerror}.") from None
    try:
        done = _done_before(directory, plan)
        yield Journal(directory, done)
    finally:
        lock.release()


def read_directory(directory: Path) -> tuple[Plan, dict[int, Outcome]]:
    """Return the plan of a sweep, and what is done of it by the number of the run.

    Raises
    ------
    InputError
        If the directory holds no sweep, or a damaged one.
    """
    try:
        plan = plan_from_text((directory / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"'{directory}' holds no sweep: it has no readable {PLAN}.") from None
    return plan, _read_lines(directory / JOURNAL)[0]


def _done_before(directory: Path, plan: Plan) -> dict[int, Outcome]:
    """Return what was done of a plan, which is written down if the directory is empty."""
    path = directory / PLAN
    if not path.exists():
        if {entry.name for entry in directory.iterdir()} - {LOCK, f".{PLAN}.part"}:
            raise InputError(f"'{directory}' exists and holds no sweep: choose another directory.")
        try:
            write_whole(path, plan_as_text(plan))
        except OSError as error:
            raise InputError(f"'{directory}' cannot be written: {error.strerror}.") from None
        return {}
    there, _ = read_directory(directory)
    plan.refuse_another(there, directory)
    journal = directory / JOURNAL
    done, size = _read_lines(journal)
    if journal.exists():
        os.truncate(journal, size)
    return done


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there as a whole, or as it was before."""
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def _read_lines(path: Path) -> tuple[dict[int, Outcome], int]:
    """Return the outcomes of a journal by number, and the size in bytes of its whole lines."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, 0
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from None
    whole = content[: content.rfind(b"\n") + 1]
    done: dict[int, Outcome] = {}
    for place, line in enumerate(whole.splitlines(), start=1):
        try:
            number, outcome = _from_line(line)
        except (ValueError, TypeError, KeyError):
            raise InputError(f"Line {place} of '{path}' is damaged: remove it.") from None
        done[number] = outcome
    return done, len(whole)


def _as_line(number: int, outcome: Outcome) -> bytes:
    plain: dict[str, Any] = {"number": number, "seconds": outcome.seconds}
    if isinstance(outcome, Failed):
        plain["error"] = outcome.error
    else:
        plain["run_seconds"] = outcome.run_seconds
        rows = [asdict(row) for row in outcome.rows]
        # JSON has no word for what is not finite.
        plain["rows"] = [
            {**row, "value": row["value"] if math.isfinite(row["value"]) else str(row["value"])}
            for row in rows
        ]
    return json.dumps(plain, allow_nan=False).encode() + b"\n"


def _from_line(line: bytes) -> tuple[int, Outcome]:
    plain = json.loads(line)
    number, seconds = int(plain["number"]), float(plain["seconds"])
    if "error" in plain:
        return number, Failed(str(plain["error"]), seconds)
    rows = [Row(**{**row, "value": float(row["value"])}) for row in plain["rows"]]
    return number, Finished(rows, float(plain["run_seconds"]), seconds)
