"""A run and the directory that it leaves: written whole or not at all, read back as it was."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.answers import Answer, read_answers, write_answers
from neurosim.errors import InputError
from neurosim.figure import RUN, may_be_drawn, obstacle, write_figure
from neurosim.nwb import read_nwb, write_nwb
from neurosim.recording import Recording
from neurosim.scorecard import Row, read_scorecard, write_scorecard

if TYPE_CHECKING:
    import pandas as pd

    from neurosim.parameters import Sheet

MODEL, INFO, RECORDING, SCORECARD = "model.toml", "run.json", "recording.nwb", "scorecard.json"
ANSWERS = "answers.json"
CONDITIONS = "conditions"


@dataclass
class Run:
    """A run of a protocol with one seed.

    Parameters
    ----------
    info : dict
        The content of ``run.json``: protocol, seed, overrides, condition, target, versions,
        revision, seconds.
    model_text : str
        The sheet as run, the protocol's options in ``[protocol]``.
    rows : list of Row
        The scorecard.
    recordings : dict of str to Recording
        By condition. A run that was loaded reads them when they are asked for.
    path : Path or None
        Its directory, None if it was not written.
    answers : dict of str to sequence of mapping
        What was answered to the user's own questions, by condition; none for most protocols.
    """

    info: dict[str, Any]
    model_text: str
    rows: list[Row]
    path: Path | None = None
    condition_texts: dict[str, str] = field(default_factory=dict)
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``"run"``, beside which figures know sweeps."""
        return RUN

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        return str(self.info["protocol"])

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self.info["seed"])

    @property
    def conditions(self) -> list[str]:
        """The conditions that were run."""
        return list(self.recordings)

    @property
    def recording(self) -> Recording:
        """The recording of ``main``, else of the one condition that was run."""
        return self.recordings[_leading(self.conditions)]

    @property
    def sheet(self) -> Sheet:
        """The sheet as run."""
        from neurosim.parameters.sheet import parse_sheet

        return parse_sheet(self.model_text, "model")

    def row(self, name: str, condition: str = "main") -> Row | None:
        """Return a row of the scorecard, None if this was not measured."""
        found = (row for row in self.rows if (row.name, row.condition) == (name, condition))
        return next(found, None)

    @property
    def scorecard(self) -> pd.DataFrame:
        """The scorecard as a table."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the run directory.

        Parameters
        ----------
        path : str or path
            The directory; its parents are made.

        Raises
        ------
        InputError
            If it exists or cannot be written.
        """
        with written_aside(Path(path)) as directory:
            write_run(self, directory)
        self.path = Path(path)
        return self.path


class _SavedRecordings(Mapping[str, Recording]):
    """The recordings of a run directory, each read when it is first asked for."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._read: dict[str, Recording] = {}

    def __getitem__(self, condition: str) -> Recording:
        if condition not in self._read:
            self._read[condition] = read_nwb(self._paths[condition])
        return self._read[condition]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def load_run(path: str | os.PathLike[str]) -> Run:
    """Read a run directory.

    Parameters
    ----------
    path : str or path
        What ``neurosim run`` wrote.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If there is no run, or a file of it is missing or damaged.
    """
    directory = Path(path)
    info = _read_info(directory)
    paths = {name: _recording_path(directory, name) for name in info["conditions"]}
    for recording in paths.values():
        if not recording.is_file():
            raise InputError(f"'{path}' is no whole run: there is no '{recording}'.")
    return Run(
        info=info,
        model_text=_read_text(directory, MODEL),
        rows=read_scorecard(directory / SCORECARD),
        path=directory,
        condition_texts={name: _read_text(file.parent, MODEL) for name, file in paths.items()},
        recordings=_SavedRecordings(paths),
        answers={
            name: read_answers(file.with_name(ANSWERS))
            for name, file in paths.items()
            if file.with_name(ANSWERS).exists()
        },
    )


def write_run(run: Run, directory: Path) -> None:
    """Write all files of a run into an existing directory, its protocol's figure included.

    That is the figure that has the name of the protocol; others are drawn on request.
    """
    (directory / MODEL).write_text(run.model_text, encoding="utf-8")
    (directory / INFO).write_text(json.dumps(run.info, indent=1) + "\n", encoding="utf-8")
    write_scorecard(directory / SCORECARD, run.protocol, run.rows)
    for condition, recording in run.recordings.items():
        path = _recording_path(directory, condition)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_nwb(recording, path, run.info)
        if path.parent != directory:
            path.with_name(MODEL).write_text(run.condition_texts[condition], encoding="utf-8")
        if condition in run.answers:
            write_answers(path.with_name(ANSWERS), run.answers[condition])
    leading = _recording_path(directory, _leading(run.conditions))
    if leading.parent != directory:
        # A run without `main`: the recording of its one condition is that of the run.
        shutil.copyfile(leading, directory / RECORDING)
    if may_be_drawn(run.protocol, run.conditions) and obstacle(run.protocol, run) is None:
        write_figure(run.protocol, run, directory, "png")


def newest_run(protocol: str, results: Path) -> Path:
    """Return the newest run of a protocol below a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    found: list[Path] = []
    for info in (results / protocol).rglob(INFO):
        if any(part.startswith(".") for part in info.relative_to(results).parts):
            continue  # a run that is being written
        try:
            if json.loads(info.read_text(encoding="utf-8"))["protocol"] == protocol:
                found.append(info)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not found:
        raise InputError(
            f"There is no run of '{protocol}' in {results / protocol}: "
            f"run 'neurosim run {protocol}' first, or name one with --from."
        )
    return max(found, key=lambda info: info.stat().st_mtime).parent


def free_name(wanted: Path) -> Path:
    """Return the wanted path, or, if it exists or is being written, one with the next number."""
    path, k = wanted, 1
    while os.path.lexists(path) or os.path.lexists(_aside(path)):
        k += 1
        path = wanted.with_name(f"{wanted.name}-{k}")
    return path


@contextlib.contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a directory to write into that becomes `target` at the end, or vanishes.

    Raises
    ------
    InputError
        If the target exists, is being written or cannot be written; at once, not after the work.
    """
    path = Path(os.path.abspath(target))
    _refuse_existing(path, target)
    made = _make_parents(path, target)
    try:
        aside = _aside(path)
        try:
            aside.mkdir()
        except FileExistsError:
            raise InputError(
                f"The output directory '{target}' is being written by another run; if that one "
                f"was killed, remove '{aside}'."
            ) from None
        except OSError as error:
            raise _unwritable(target, error) from None
        try:
            yield aside
            _refuse_existing(path, target)
            aside.rename(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except BaseException:
        _remove_empty(made)
        raise


def _aside(path: Path) -> Path:
    """Return where a directory is written before it gets its name; one run at a time."""
    return path.with_name(f".{path.name}.part")


def _refuse_existing(path: Path, target: Path) -> None:
    if os.path.lexists(path):
        raise InputError(f"The output directory '{target}' exists: choose another one.")


def _make_parents(path: Path, target: Path) -> list[Path]:
    """Make the parents of a path; return those that were not there, the innermost first."""
    missing = [parent for parent in path.parents if not os.path.lexists(parent)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove_empty(missing)
        raise _unwritable(target, error) from None
    return missing


def _remove_empty(directories: Sequence[Path]) -> None:
    for directory in directories:
        with contextlib.suppress(OSError):
            directory.rmdir()


def _unwritable(target: Path, error: OSError) -> InputError:
    # "File exists" is said of a parent that is a file.
    is_file = isinstance(error, FileExistsError)
    reason = os.strerror(errno.ENOTDIR) if is_file else error.strerror
    return InputError(f"The output directory '{target}' cannot be written: {reason}.")


def _read_info(directory: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(_read_text(directory, INFO))
        _ = str(info["protocol"]), int(info["seed"]), info["conditions"][0]
    except (ValueError, LookupError, TypeError):
        raise _not_readable(directory, INFO) from None
    return info


def _read_text(directory: Path, name: str) -> str:
    try:
        return (directory / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise _not_readable(directory, name) from None


def _not_readable(directory: Path, name: str) -> InputError:
    return InputError(f"'{directory}' is no run directory: it has no readable {name}.")


def _leading(conditions: Sequence[str]) -> str:
    return "main" if "main" in conditions else conditions[0]


def _recording_path(directory: Path, condition: str) -> Path:
    folder = directory if condition == "main" else directory / CONDITIONS / condition
    return folder / RECORDING
