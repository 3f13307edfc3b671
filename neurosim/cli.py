"""The commands. Answers go to stdout, progress and errors to stderr.

Exit codes: 0 done; 1 done, and a scorecard target was missed; 2 the user's input was refused;
3 something failed; 130 interrupted, nothing left behind.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from neurosim.errors import InputError, NeurosimError, nearest_name

DONE, MISSED_TARGET, REFUSED, FAILED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143
RESULTS = Path("results")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        options = _parser().parse_args(arguments)
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except NeurosimError as error:
        print(f"neurosim: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("neurosim: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout left (`neurosim show NAME | head`); there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        subject = f"{error.filename}: " if error.filename else ""
        print(f"neurosim: {subject}{error.strerror or error}.", file=sys.stderr)
        return FAILED
    except Exception:
        # A mistake of ours, not of the user: 1 would claim that the work was done.
        traceback.print_exc()
        return FAILED


def _terminate(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see '{self.prog} --help'.")


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
    command.add_argument("--all", action="store_true", help="every figure")
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

    print(listing())
    return DONE


def _show(options: argparse.Namespace) -> int:
    from neurosim.catalogue import protocol_text, sheet_text
    from neurosim.folders import names

    known = {*names("models"), *names("protocols")}
    if options.protocol or (
        options.name in names("protocols") and options.name not in names("models")
    ):
        print(protocol_text(options.name))
    elif options.name in known or _is_path(options.name):
        print(sheet_text(options.name), end="")
    else:
        raise InputError(f"Unknown name '{options.name}': {nearest_name(options.name, known)}")
    return DONE


def _run(options: argparse.Namespace) -> int:
    from neurosim.experiment import run
    from neurosim.parameters import parse_assignments
    from neurosim.progress import TerminalProgress
    from neurosim.scorecard import any_missed, as_text

    overrides = parse_assignments(options.assignments)
    progress = TerminalProgress()
    if options.seeds is not None:
        from neurosim.seeds import run_seeds

        seeds = _seed_range(options.seeds)
        name = Path(options.protocol).stem
        out = options.out or _free(RESULTS / name / f"seeds-{seeds.start}-{seeds.stop}")
        rows = run_seeds(
            options.protocol,
            options.model,
            seeds=seeds,
            overrides=overrides,
            out=out,
            target=options.target,
            quick=options.quick,
            progress=progress,
        )
    else:
        seed = _integer(options.seed, "seed")
        out = options.out or _free(RESULTS / Path(options.protocol).stem / f"seed-{seed}")
        rows = run(
            options.protocol,
            options.model,
            seed=seed,
            overrides=overrides,
            out=out,
            target=options.target,
            quick=options.quick,
            progress=progress,
        ).rows
    print(as_text(rows))
    print(f"\nwritten to {out}")
    return MISSED_TARGET if any_missed(rows) else DONE


def _figure(options: argparse.Namespace) -> int:
    from neurosim.figure import load_figure, newest_run, write_figure
    from neurosim.folders import names
    from neurosim.run_directory import load_run

    if options.all == (options.name is not None):
        raise InputError("Expected the name of a figure, or --all for every figure.")
    for name in names("figures") if options.all else [options.name]:
        script = load_figure(name)
        source = options.source or newest_run(script.PROTOCOL, RESULTS)
        print(write_figure(name, load_run(source), options.out, options.file_format))
    return DONE


def _cache(options: argparse.Namespace) -> int:
    from neurosim.simulation import cache

    directory = cache.cache_directory()
    if options.clear:
        print(f"{cache.clear() / 1e6:.1f} MB removed from {directory}")
        return DONE
    entries = cache.entries()
    for key, size in entries:
        print(f"{size / 1e6:6.1f} MB  {key}")
    total = sum(size for _, size in entries) / 1e6
    print(f"{len(entries)} compiled circuits, {total:.1f} MB, in {directory}")
    return DONE


def _integer(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(
            f"The {what} is '{text}', expected an integer from 0 to 4294967295."
        ) from None


def _seed_range(text: str) -> range:
    first, separator, last = text.partition(":")
    if not separator:
        raise InputError(f"The seeds are '{text}', expected A:B such as 100:105.")
    seeds = range(_integer(first, "first seed"), _integer(last, "end of the seeds"))
    if not seeds:
        raise InputError(f"The seeds '{text}' are none: the end has to be larger than the start.")
    return seeds


def _free(wanted: Path) -> Path:
    """Return a path that does not exist: the wanted one, or with the next free number."""
    path, k = wanted, 1
    while path.exists():
        k += 1
        path = wanted.with_name(f"{wanted.name}-{k}")
    return path


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or os.sep in name
