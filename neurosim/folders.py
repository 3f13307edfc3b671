"""Find the folders of sheets, protocols and figures, and load the scripts in them by path."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal

from neurosim.errors import InputError, NeurosimError, nearest_name

Kind = Literal["models", "protocols", "figures"]
ScriptKind = Literal["protocols", "figures"]

PACKAGE = Path(__file__).resolve().parent
NOUNS: Mapping[str, str] = {"models": "sheet", "protocols": "protocol", "figures": "figure"}
SUFFIXES: Mapping[str, str] = {"models": ".toml", "protocols": ".py", "figures": ".py"}


def folder(kind: Kind) -> Path:
    """Return the folder of one kind: inside the package if installed, else beside it.

    Parameters
    ----------
    kind : {"models", "protocols", "figures"}

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    NeurosimError
        If the installation lacks it.
    """
    for parent in (PACKAGE, PACKAGE.parent):
        # An uninstalled package may leave a folder behind that holds nothing but a cache.
        if (parent / kind / "__init__.py").is_file():
            return parent / kind
    raise NeurosimError(f"The folder '{kind}' of neurosim is missing: please install it again.")


def names(kind: Kind) -> list[str]:
    """Return the names of the sheets, protocols or figures that come with neurosim, sorted."""
    return sorted(
        path.stem
        for path in folder(kind).glob(f"*{SUFFIXES[kind]}")
        if not path.name.startswith(("_", "."))
    )


def is_path(kind: Kind, text: str) -> bool:
    """Whether a text is a path rather than a name: it has a folder or the ending of its kind."""
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return text.endswith(SUFFIXES[kind]) or any(separator in text for separator in separators)


def find(kind: Kind, name_or_path: str | os.PathLike[str]) -> Path:
    """Return the file of a sheet, a protocol or a figure.

    Parameters
    ----------
    kind : {"models", "protocols", "figures"}
    name_or_path : str or path
        Name of one that comes with neurosim, or path of a user's own; see `is_path`.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    InputError
        If there is no such name or no such file.
    """
    text = os.fspath(name_or_path)
    known = names(kind)
    if not is_path(kind, text):
        if text not in known:
            raise InputError(f"Unknown {NOUNS[kind]} '{text}': {nearest_name(text, known)}")
        return folder(kind) / f"{text}{SUFFIXES[kind]}"
    path = Path(os.path.expanduser(text))
    if os.path.isfile(path):
        return path
    if os.path.isdir(path):
        raise InputError(f"'{text}' is a folder, expected a {NOUNS[kind]}.")
    raise InputError(
        f"There is no file '{text}', expected the path or the name of a {NOUNS[kind]}: "
        f"{nearest_name(path.stem, known)}"
    )


def load_script(kind: ScriptKind, name_or_path: str | os.PathLike[str]) -> ModuleType:
    """Run a protocol or a figure as a module ``neurosim.protocols.NAME`` or ``.figures.NAME``.

    Every call runs the file as it is now and puts it into `sys.modules`, where dataclasses and
    pickle look for it.

    Parameters
    ----------
    kind : {"protocols", "figures"}
    name_or_path : str or path
        As `find` takes it.

    Returns
    -------
    module

    Raises
    ------
    InputError
        If there is no such script, it cannot be read, or it fails while it is loaded; the sentence
        has its path and the line. `sys.modules` is then as it was.
    """
    path = find(kind, name_or_path).absolute()
    name = f"neurosim.{kind}.{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    previous = sys.modules.get(name)
    sys.modules[name] = module
    try:
        # Not through an import loader: its cache of bytecode misses an edit that follows within a
        # second, and would lie beside the user's own file.
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, vars(module))
    except BaseException as error:
        del sys.modules[name]
        if previous is not None:
            sys.modules[name] = previous
        if isinstance(error, Exception | SystemExit):
            raise InputError(_sentence(kind, path, error)) from error
        raise
    return module


def _sentence(kind: Kind, path: Path, error: BaseException) -> str:
    subject = f"The {NOUNS[kind]} '{path}'"
    if isinstance(error, OSError) and error.filename == str(path):
        return f"{subject} cannot be read: {error.strerror}."
    if isinstance(error, SystemExit):
        reason = "it ends the program"
    elif isinstance(error, NeurosimError):
        reason = str(error)
    else:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        reason = ": ".join(filter(None, [type(error).__name__, " ".join(message.split())]))
    line = _line(path, error)
    place = f"in line {line}" if line else "while it is loaded"
    return f"{subject} fails {place}: {reason}" + ("" if reason.endswith((".", "?")) else ".")


def _line(path: Path, error: BaseException) -> int | None:
    """Return the line of the script that an error comes from, if it has one."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    return lines[-1] if lines else None
