"""What a command is doing, how far it is and how long it will take: on a terminal only."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Progress:
    """Tells nobody anything; the base of those that do."""

    def announce(self, text: str) -> None:
        """Say what is being done."""

    def warn(self, text: str) -> None:
        """Say what the user has to know, terminal or not."""

    @contextmanager
    def task(self, text: str) -> Iterator[None]:
        """Show how far the block is, as `fraction` reports it."""
        yield

    def fraction(self, done: float) -> None:
        """Report the fraction of the task that is done."""


class PythonWarnings(Progress):
    """Passes on as Python's warnings what a command would print."""

    def warn(self, text: str) -> None:
        """Say what the user has to know."""
        warnings.warn(text, stacklevel=2)


class TerminalProgress(Progress):
    """Writes to stderr: warnings always, the rest if it is a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def announce(self, text: str) -> None:
        """Say what is being done."""
        if sys.stderr.isatty():
            print(text, file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        """Say what the user has to know, terminal or not."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def task(self, text: str) -> Iterator[None]:
        """Show a bar with the time that is left, if stderr is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        from tqdm import tqdm

        layout = "{desc} {percentage:3.0f} %|{bar}| {remaining} left"
        with tqdm(total=1.0, desc=text, bar_format=layout, leave=False) as bar:
            self._bar = bar
            try:
                yield
            finally:
                self._bar = None

    def fraction(self, done: float) -> None:
        """Report the fraction of the task that is done."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)


QUIET = Progress()
