"""A run and the directory that it leaves: written whole or not at all, read back as it was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError, NeurosimError
from neurosim.recording import Recording
from neurosim.scorecard import Row, read_scorecard, write_scorecard

if TYPE_CHECKING:
    import pandas as pd

    from neurosim.parameters import Sheet

MODEL, INFO, RECORDING, SCORECARD = "model.toml", "run.json", "recording.nwb", "scorecard.json"
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
    """

    info: dict[str, Any]
    model_text: str
    rows: list[Row]
    path: Path | None = None
    condition_texts: dict[str, str] = field(default_factory=dict)
    recordings: Mapping[str, Recording] = field(default_factory=dict)

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
            self._read[condition] = Recording.load(self._paths[condition])
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
    try:
        info = json.loads((directory / INFO).read_text(encoding="utf-8"))
        text = (directory / MODEL).read_text(encoding="utf-8")
        conditions = info["conditions"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"'{path}' is no run directory: it has no readable {INFO}.") from None
    paths = {name: _recording_path(directory, name) for name in conditions}
    texts = {
        name: path.with_name(MODEL).read_text(encoding="utf-8") for name, path in paths.items()
    }
    return Run(
        info=info,
        model_text=text,
        rows=read_scorecard(directory / SCORECARD),
        path=directory,
        condition_texts=texts,
        recordings=_SavedRecordings(paths),
    )


def write_run(run: Run, directory: Path) -> None:
    """Write all files of a run but the figures into an existing directory."""
    (directory / MODEL).write_text(run.model_text, encoding="utf-8")
    (directory / INFO).write_text(json.dumps(run.info, indent=1) + "\n", encoding="utf-8")
    write_scorecard(directory / SCORECARD, run.protocol, run.rows)
    for condition, recording in run.recordings.items():
        path = _recording_path(directory, condition)
        path.parent.mkdir(parents=True, exist_ok=True)
        recording.save(path)
        if path.parent != directory:
            path.with_name(MODEL).write_text(run.condition_texts[condition], encoding="utf-8")
    leading = _recording_path(directory, _leading(run.conditions))
    if leading.parent != directory:
        # A run without `main`: the recording of its one condition is that of the run.
        os.link(leading, directory / RECORDING)


@contextlib.contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a directory to write into that becomes `target` at the end, or vanishes.

    Raises
    ------
    InputError
        If the target exists or cannot be written; at once, not after the work.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"The output directory '{target}' exists: choose another one.")
    made = _make_parents(target)
    try:
        try:
            aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        except OSError as error:
            raise _unwritable(target, error) from None
        try:
            yield aside
            aside.chmod(0o755)
            if target.exists():
                raise InputError(f"The output directory '{target}' exists: choose another one.")
            aside.rename(target)
        except OSError as error:
            raise NeurosimError(f"'{target}' could not be written: {error.strerror}.") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except BaseException:
        for parent in made:
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise


def _make_parents(target: Path) -> list[Path]:
    """Make the parents of a path; return those that were not there, the innermost first."""
    missing = [parent for parent in target.absolute().parents if not parent.exists()]
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        for parent in missing:
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise _unwritable(target, error) from None
    return missing


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(f"The output directory '{target}' cannot be written: {error.strerror}.")


def _leading(conditions: Sequence[str]) -> str:
    return "main" if "main" in conditions else conditions[0]


def _recording_path(directory: Path, condition: str) -> Path:
    folder = directory if condition == "main" else directory / CONDITIONS / condition
    return folder / RECORDING
