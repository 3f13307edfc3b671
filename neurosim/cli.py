"""The commands. Answers go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 done, and a scorecard target was missed; 2 the user's input was refused;
3 something failed; 130 interrupted, nothing left behind.
"""

from __future__ import annotations

import argparse
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
from neurosim.sweeping.command import add_arguments

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
    which = command.add_mutually_exclusive_group()
    which.add_argument("--seed", metavar="N", default="0", help="default 0")
    which.add_argument("--seeds", metavar="A:B", help="every seed from A to B-1")
    command.add_argument("--out", metavar="DIR", type=Path, help="the run directory itself")
    command.add_argument("--target", default="auto", help="auto (default), standalone or numpy")
    _add_changes(command)
    command.set_defaults(command=_run)

    command = commands.add_parser("sweep", help="many runs, here or on a cluster")
    command.add_argument("protocol", metavar="PROTOCOL", help="name, or path of your own")
    add_arguments(command)
    _add_changes(command)
    command.set_defaults(command=_sweep)

    command = commands.add_parser("figure", help="draw a figure from a saved run or sweep")
    command.add_argument("name", metavar="NAME", nargs="?", help="name, or path of your own")
    command.add_argument("--all", action="store_true", help="every figure that there is a run for")
    command.add_argument("--from", metavar="RUNDIR", type=Path, dest="source")
    command.add_argument("--out", metavar="DIR", type=Path, default=Path())
    command.add_argument("--format", metavar="png|pdf|svg", default="png", dest="file_format")
    command.add_argument("--value", metavar="NAME", action="append", help="of a sweep; repeats")
    command.add_argument("--against", metavar="KEY", help="of a sweep, on the horizontal axis")
    command.set_defaults(command=_figure)

    command = commands.add_parser("reproduce", help="every protocol, every figure, one report")
    command.add_argument("--quick", action="store_true", help="reduced size, nothing judged")
    command.add_argument("--out", metavar="DIR", type=Path, help="goes on with what is there")
    command.set_defaults(command=_reproduce)

    command = commands.add_parser("cache", help="the compiled circuits: where, how large")
    command.add_argument("--clear", action="store_true", help="remove them")
    command.set_defaults(command=_cache)
    return parser


def _add_changes(command: argparse.ArgumentParser) -> None:
    """Add what every command that simulates takes."""
    command.add_argument("--model", metavar="SHEET", help="name, or path of your own copy")
    command.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="assignments",
        help="change a value, such as excitatory.tau_m=15ms; may be repeated",
    )
    command.add_argument("--quick", action="store_true", help="reduced size, nothing judged")


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
    from neurosim.run_directory import Run, free_name
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
        _answer(as_text(rows))
    else:

        def tell(scored: Run) -> None:
            for given in scored.answers.values():
                _answer(f"{answers.as_text(given)}\n")
            _answer(as_text(scored.rows))

        seed = _integer(options.seed, "seed")
        out = options.out or free_name(results / f"seed-{seed}")
        rows = run(options.protocol, options.model, seed=seed, out=out, scored=tell, **asked).rows
    _answer(f"\nwritten to {out}")
    return MISSED_TARGET if any_missed(rows) else DONE


def _sweep(options: argparse.Namespace) -> int:
    from neurosim.sweeping.command import run

    workers = None if options.workers is None else _integer(options.workers, "number of workers")
    found, answer = run(options, _seed_range(options.seeds), workers, RESULTS)
    _answer(answer)
    if found.failures:
        return FAILED
    return MISSED_TARGET if found.any_missed else DONE


def _figure(options: argparse.Namespace) -> int:
    from neurosim.figure import check_format, write_figure
    from neurosim.saved import load, newest, newest_figures

    if options.all == (options.name is not None):
        raise InputError("Expected the name of a figure, or --all for every figure.")
    check_format(options.file_format)
    choices = {"values": options.value, "against": options.against}
    choices = {name: choice for name, choice in choices.items() if choice is not None}
    if not options.all:
        source = options.source or newest(options.name, RESULTS)
        path = write_figure(options.name, load(source), options.out, options.file_format, **choices)
        _answer(str(path))
        return DONE
    if choices:
        raise InputError("--value and --against are choices of one figure, not of all.")
    n_drawn = 0
    for name, saved, reason in newest_figures(options.source, RESULTS):
        if saved is None:
            print(f"neurosim: left out {name}: {reason}", file=sys.stderr)
        else:
            _answer(str(write_figure(name, saved, options.out, options.file_format)))
            n_drawn += 1
    if not n_drawn:
        raise InputError(f"No figure can be drawn from '{options.source or RESULTS}'.")
    return DONE


def _reproduce(options: argparse.Namespace) -> int:
    from neurosim.progress import TerminalProgress
    from neurosim.reproduction import reproduce

    out = options.out or RESULTS / ("reproduction-quick" if options.quick else "reproduction")
    made = reproduce(out, quick=options.quick, progress=TerminalProgress())
    _answer(f"{made.summary}\n\nwritten to {made.report}")
    if made.failures:
        return FAILED
    return MISSED_TARGET if made.any_missed else DONE


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
