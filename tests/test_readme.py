"""The README and the pages in `docs/` promise nothing that does not exist."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from neurosim import cli
from neurosim.experiment import prepare
from neurosim.folders import find
from neurosim.parameters import parse_assignments
from neurosim.progress import QUIET

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
)
COMMANDS = re.findall(
    r"neurosim (?:(?:run|show|figure|sweep|reproduce) [^`\n>]+|(?:cache|list)\b[^`\n>]*)", PAGES
)


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_commands_are_accepted(command: str) -> None:
    arguments = shlex.split(command, comments=True)[1:]
    options = cli._parser().parse_args(arguments)
    if arguments[0] == "run":
        overrides = parse_assignments(options.assignments)
        # What the user brings along is not in the repository.
        own = {"protocol.pictures"}
        overrides = {key: value for key, value in overrides.items() if key not in own}
        model = None if options.model and Path(options.model).suffix else options.model
        prepare(options.protocol, model, 0, overrides, "numpy", options.quick, QUIET)
    elif arguments[0] == "figure" and not options.all:
        find("figures", options.name)


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^ +make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_python_is_valid() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGES, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        ast.parse(block)


def test_pictures_are_there() -> None:
    paths = re.findall(r"\[[^]]*\]\((?!http)([^)]*)\)", README)
    assert paths
    for path in paths:
        assert (ROOT / path).is_file(), path


def test_unverified_numbers_are_called_so() -> None:
    """The paper's share of pair-coding units was not checked against its text."""
    for line in PAGES.splitlines():
        if re.search(r"21 of 51|41 %|pair-coding.*\.41\b", line):
            assert "unverified" in line, line
