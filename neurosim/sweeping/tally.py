"""Progress of a sweep: how many runs are done, how fast, how long it will take, what failed."""

from __future__ import annotations

import sys
import time
from typing import Any

from neurosim.progress import Progress, TerminalProgress

BETWEEN_LINES = 10.0  # s, where lines cannot be written over. Ours: a log stays readable


class Tally(Progress):
    """Counts, and tells nobody; the base of those that do."""

    def begin(self, total: int, done: int, failed: int) -> None:
        """Start with what was done before."""

    def add(self, failed: bool) -> None:
        """Count a run."""

    def tick(self) -> None:
        """Show that time passes."""

    def end(self) -> None:
        """Show the last state."""


class TerminalTally(Tally, TerminalProgress):
    """Writes to stderr: one line that is written over on a terminal, else a line now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._total = self._done = self._before = self._failed = 0
        self._start = self._shown = time.monotonic()
        self._line: Any = None

    def begin(self, total: int, done: int, failed: int) -> None:
        """Start with what was done before."""
        self._total, self._done, self._before, self._failed = total, done, done, failed
        self._start = self._shown = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm

            # The bar of tqdm, the numbers of ours: its rate counts what was done before.
            self._line = tqdm(total=total, initial=done, bar_format="|{bar:20}| {desc}")
        if done:
            self.warn(f"{done} of {total} runs were done before.")
        self._show()

    def add(self, failed: bool) -> None:
        """Count a run."""
        self._done += 1
        self._failed += failed
        if self._line is not None:
            self._line.update()
        self.tick()

    def tick(self) -> None:
        """Show that time passes."""
        if self._line is not None or time.monotonic() - self._shown >= BETWEEN_LINES:
            self._show()

    def end(self) -> None:
        """Show the last state."""
        self._show()
        if self._line is not None:
            self._line.close()
            self._line = None

    def announce(self, text: str) -> None:
        """Say what is being done, above the line."""
        if self._line is None:
            super().announce(text)
        else:
            self._line.write(text, file=sys.stderr)

    def warn(self, text: str) -> None:
        """Say what the user has to know, above the line."""
        if self._line is None:
            super().warn(text)
        else:
            self._line.write(text, file=sys.stderr)

    def _show(self) -> None:
        self._shown = time.monotonic()
        text = summary(
            self._done,
            self._total,
            self._failed,
            self._done - self._before,
            self._shown - self._start,
        )
        if self._line is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._line.set_description_str(text)


def summary(done: int, total: int, failed: int, in_this_time: int, seconds: float) -> str:
    """Return the state of a sweep as text.

    Parameters
    ----------
    done, total, failed : int
        Runs.
    in_this_time : int
        Those that were done in `seconds`.
    seconds : float

    Returns
    -------
    str
        Like ``"12/40 runs, 1 failed, 3.2 a minute, 9 min left"``.
    """
    parts = [f"{done}/{total} runs", f"{failed} failed"]
    if in_this_time and seconds > 0:
        rate = in_this_time / seconds
        parts.append(f"{60 * rate:.3g} a minute")
        if done < total:
            parts.append(f"{duration((total - done) / rate)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in the unit in which it is read most easily."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
