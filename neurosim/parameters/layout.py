"""Change values in the text of a sheet and leave its comments and layout alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError

if TYPE_CHECKING:
    from tomlkit.items import Item, Table


def set_values(
    text: str,
    values: Mapping[str, Mapping[str, Any]],
    comments: Mapping[str, Mapping[str, str]],
) -> str:
    """Set keys of some sections.

    Parameters
    ----------
    text : str
        A valid sheet.
    values : mapping of str to mapping of str to object
        TOML values by section and key. A section that is not there is appended to the text, a new
        key goes behind the last one of its section.
    comments : mapping of str to mapping of str to str
        The comment that a key's line ends in from now on, by section and key; a key that is not
        named keeps its own.

    Returns
    -------
    str
        The new text.

    Raises
    ------
    InputError
        If a section is an inline table, which has no room for comments.
    """
    import tomlkit

    # Parsed once for all sections: that takes longer than everything else.
    document = tomlkit.parse(text)
    missing = [section for section in values if section not in document]
    if missing:
        headers = "".join(f"\n\n[{section}]" for section in missing)
        document = tomlkit.parse(f"{text.rstrip()}{headers}\n")
    for section, of_section in values.items():
        _set_section(document[section], section, of_section, comments.get(section, {}))
    return document.as_string()


def _set_section(
    table: Any, section: str, values: Mapping[str, Any], comments: Mapping[str, str]
) -> None:
    import tomlkit
    from tomlkit.items import InlineTable

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
