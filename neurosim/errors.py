"""The two ways a command can fail, each with the exit code that the command line gives it."""

import difflib
from collections.abc import Iterable


class NeurosimError(Exception):
    """Base of the errors that neurosim raises on purpose; the text is a sentence for the user."""

    exit_code = 3


class InputError(NeurosimError, ValueError):
    """The user's input was refused: an unknown name, a wrong unit, a value out of range.

    The sentence is one line, whatever it quotes: control characters are shown as in Python.
    """

    exit_code = 2

    def __init__(self, sentence: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence))


class SimulationError(NeurosimError, RuntimeError):
    """A build or a run failed although the input was fine."""

    exit_code = 3


def nearest_name(name: str, valid: Iterable[str]) -> str:
    """Return the end of an error sentence that points from a wrong name to a right one.

    Parameters
    ----------
    name : str
        What the user wrote.
    valid : iterable of str
        The names that would have been accepted.

    Returns
    -------
    str
        ``"did you mean 'tau_m'?"`` if one is close, else the list of valid names.
    """
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"expected one of: {', '.join(names)}." if names else "there are none."
