"""The commands. Answers go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 done, and a scorecard target was missed; 2 the user's input was refused;
3 something failed; 130 interrupted, nothing left behind.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from neurosim.errors import InputError, NeurosimError, nearest_name

DONE, MISSED_TARGET, FAILED = 0, 1, 3
SIGNALLED = 128  # and the number of the signal: 130 for Ctrl-C
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIDYING = 2.0  # s, more than it takes
RESULTS = Path("results")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, the last thing that this process does; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    # Half of the time that NumPy takes to import goes into threads that no command uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _listen_to_signals()
    try:
        options = _parser().parse_args(arguments)
        code: int = options.command(options)
        return code
    except NeurosimError as error:
        print(f"neurosim: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as stop:
        print("neurosim: interrupted.", file=sys.stderr)
        return SIGNALLED + (stop.args[0] if stop.args else signal.SIGINT)
    except OSError as error:
        subject = f"{error.filename}: " if error.filename else ""
        print(f"neurosim: {subject}{error.strerror or error}.", file=sys.stderr)
        return FAILED
    except Exception:
        # A mistake of ours, not of the user: 1 would claim that the work was done.
        traceback.print_exc()
        return FAILED
    finally:
        # All is done, or tidied up: there is nothing left to stop but the exit itself.
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)


def _listen_to_signals() -> None:
    """Let whatever ends this process run through the code that tidies up."""
    stopped = -TIDYING

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        # Whoever presses Ctrl-C twice must not cut the tidying up short.
        if time.monotonic() - stopped >= TIDYING:
            stopped = time.monotonic()
            raise KeyboardInterrupt(number)

    for number in STOPS:
        # What is ignored stays so: a job in the background, or under nohup.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def _answer(text: str, end: str = "\n") -> None:
    """Write to stdout; it is no failure if the reader has left (`neurosim show NAME | head`)."""
    try:
        print(text, end=end, flush=True)
    except OSError as error:
        # Python would try to write the rest once more when it exits, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see '{self.prog} --help'.")

    def print_help(self, file: Any = None) -> None:
        _answer(self.format_help(), end="")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="neurosim",
        description="Circuits of spiking neurons that anyone can run, tweak and cite.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    command = commands.add_parser("list", help="protocols, models and figures, a line each")
    command.set_defaults(command=_list)

    command = commands.add_parser("show", help="a sheet, or a protocol's options and targets")
    command.add_argument("name", metavar="NAME", help="of a sheet, else of a protocol")
    command.add_argument("--protocol", action="store_true", help="NAME is a protocol")
    command.set_defaults(command=_show)

    command = commands.add_parser("run", help="run a protocol and score it")
    command.add_argument("protocol", metavar="PROTOCOL", help="name, or path of your own")
    command.add_argument("--model", metavar="SHEET", help="name, or path of your own copy")
    command.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="assignments",
        help="change a value, such as excitatory.tau_m=15ms; may be repeated",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument("--seed", metavar="N", default="0", help="default 0")
    which.add_argument("--seeds", metavar="A:B", help="every seed from A to B-1")
    command.add_argument("--out", metavar="DIR", type=Path, help="the run directory itself")
    command.add_argument("--target", default="auto", help="auto (default), standalone or numpy")
    command.add_argument("--quick", action="store_true", help="reduced size, nothing judged")
    command.set_defaults(command=_run)

    command = commands.add_parser("figure", help="draw a figure from a saved run")
    command.add_argument("name", metavar="NAME", nargs="?", help="name, or path of your own")
    command.add_argument("--all", action="store_true", help="every figure that there is a run for")
    command.add_argument("--from", metavar="RUNDIR", type=Path, dest="source")
    command.add_argument("--out", metavar="DIR", type=Path, default=Path())
    command.add_argument("--format", metavar="png|pdf|svg", default="png", dest="file_format")
    command.set_defaults(command=_figure)

    command = commands.add_parser("cache", help="the compiled circuits: where, how large")
    command.add_argument("--clear", action="store_true", help="remove them")
    command.set_defaults(command=_cache)
    return parser


def _list(options: argparse.Namespace) -> int:
    from neurosim.catalogue import listing

    _answer(listing())
    return DONE


def _show(options: argparse.Namespace) -> int:
    from neurosim.catalogue import protocol_text, sheet_text
    from neurosim.folders import is_path, names

    name, models, protocols = options.name, names("models"), names("protocols")
    if options.protocol or name.endswith(".py") or name in set(protocols) - set(models):
        _answer(protocol_text(name))
    elif name in models or is_path("models", name):
        _answer(sheet_text(name), end="")
    else:
        hint = nearest_name(name, {*models, *protocols})
        raise InputError(f"Unknown name '{name}': {hint}")
    return DONE


def _run(options: argparse.Namespace) -> int:
    from neurosim import answers
    from neurosim.experiment import run
    from neurosim.parameters import parse_assignments
    from neurosim.progress import TerminalProgress
    from neurosim.run_directory import free_name
    from neurosim.scorecard import Row, any_missed, as_text

    asked: dict[str, Any] = {
        "overrides": parse_assignments(options.assignments),
        "target": options.target,
        "quick": options.quick,
        "progress": TerminalProgress(),
    }
    results = RESULTS / Path(options.protocol).stem
    rows: Sequence[Row]
    if options.seeds is not None:
        from neurosim.seeds import run_seeds

        seeds = _seed_range(options.seeds)
        out = options.out or free_name(results / f"seeds-{seeds.start}-{seeds.stop}")
        rows = run_seeds(options.protocol, options.model, seeds=seeds, out=out, **asked)
    else:
        seed = _integer(options.seed, "seed")
        out = options.out or free_name(results / f"seed-{seed}")
        finished = run(options.protocol, options.model, seed=seed, out=out, **asked)
        for given in finished.answers.values():
            _answer(f"{answers.as_text(given)}\n")
        rows = finished.rows
    _answer(f"{as_text(rows)}\n\nwritten to {out}")
    return MISSED_TARGET if any_missed(rows) else DONE


def _figure(options: argparse.Namespace) -> int:
    from neurosim.figure import check_format, load_figure, write_figure
    from neurosim.run_directory import load_run, newest_run

    if options.all == (options.name is not None):
        raise InputError("Expected the name of a figure, or --all for every figure.")
    check_format(options.file_format)
    if options.all:
        return _all_figures(options)
    run = load_run(options.source or newest_run(load_figure(options.name).PROTOCOL, RESULTS))
    _answer(str(write_figure(options.name, run, options.out, options.file_format)))
    return DONE


def _all_figures(options: argparse.Namespace) -> int:
    """Draw the figures that there is a run for; tell which ones are left out, and why."""
    from neurosim.figure import load_figure, obstacle, write_figure
    from neurosim.folders import names
    from neurosim.run_directory import load_run, newest_run

    load = functools.cache(load_run)
    if options.source:
        load(options.source)  # one that is no run is refused at once, not once for each figure
    n_drawn = 0
    for name in names("figures"):
        try:
            run = load(options.source or newest_run(load_figure(name).PROTOCOL, RESULTS))
            reason = obstacle(name, run)
        except InputError as error:
            reason = str(error)
        if reason is None:
            _answer(str(write_figure(name, run, options.out, options.file_format)))
            n_drawn += 1
        else:
            print(f"neurosim: left out {name}: {reason}", file=sys.stderr)
    if not n_drawn:
        raise InputError(f"No figure can be drawn from '{options.source or RESULTS}'.")
    return DONE


def _cache(options: argparse.Namespace) -> int:
    from neurosim.simulation import cache

    directory = cache.cache_directory()
    if options.clear:
        _answer(f"{cache.clear() / 1e6:.1f} MB removed from {directory}")
        return DONE
    entries = cache.entries()
    lines = [f"{size / 1e6:6.1f} MB  {key}" for key, size in entries]
    total = sum(size for _, size in entries) / 1e6
    lines.append(f"{total:6.1f} MB  in {directory}")
    _answer("\n".join(lines))
    return DONE


def _integer(text: str, what: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", text):
        raise InputError(f"The {what} is '{text}', expected an integer from 0 to 4294967295.")
    return int(text)


def _seed_range(text: str) -> range:
    first, separator, last = text.partition(":")
    if not separator:
        raise InputError(f"The seeds are '{text}', expected A:B such as 100:105.")
    return range(_integer(first, "first seed"), _integer(last, "end of the seeds"))
