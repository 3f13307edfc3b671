"""Change values in the text of a sheet and leave its comments and layout alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError

if TYPE_CHECKING:
    from tomlkit.items import Item, Table


def set_values(
    text: str, section: str, values: Mapping[str, Any], comments: Mapping[str, str]
) -> str:
    """Set keys of one section.

    Parameters
    ----------
    text : str
        A valid sheet.
    section : str
        Name of the section; appended to the text if it is not there.
    values : mapping of str to object
        TOML values by key. A new key goes behind the last one of the section.
    comments : mapping of str to str
        The comment that a key's line ends in from now on; a key that is not named keeps its own.

    Returns
    -------
    str
        The new text.

    Raises
    ------
    InputError
        If the section is an inline table, which has no room for comments.
    """
    import tomlkit
    from tomlkit.items import InlineTable

    document = tomlkit.parse(text)
    if section not in document:
        document = tomlkit.parse(f"{text.rstrip()}\n\n[{section}]\n")
    table: Any = document[section]
    if isinstance(table, InlineTable):
        raise InputError(
            f"The section '{section}' stands on one line, expected a header [{section}] "
            "with a line for each key."
        )
    below = _take_below_last_key(table)
    for key, value in values.items():
        old = table.value.item(key) if key in table else None
        new = tomlkit.item(value)
        table[key] = new
        if key in comments:
            _set_comment(new, comments[key], old)
    for item in below:
        table.add(item)
    return document.as_string()


def _take_below_last_key(table: Table) -> list[Any]:
    """Remove and return the blank lines and comments below the last key of a table.

    They lead over to the next section, so that new keys have to stand above them.
    """
    body = table.value.body
    below: list[Any] = []
    while body and body[-1][0] is None:
        below.insert(0, body.pop()[1])
    return below


def _set_comment(item: Item, comment: str, old: Item | None) -> None:
    """Make a line end in a comment, in the column of the old one where there is room."""
    gap = 2
    if old is not None and old.trivia.comment and "\n" not in old.as_string():
        gap = len(old.trivia.comment_ws) + len(old.as_string()) - len(item.as_string())
    item.trivia.comment_ws = " " * max(gap, 2)
    item.trivia.comment = f"# {comment}"
