"""The report of a reproduction: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.scorecard import MET, MISSED, REPORTED, Row, bounds

if TYPE_CHECKING:
    from neurosim.reproduction import Reproduction

TEMPLATE = Path(__file__).with_name("report.html.j2")


def write_report(made: Reproduction) -> None:
    """Write the report of a reproduction, whole or not at all.

    Parameters
    ----------
    made : Reproduction
        Its figures are read from where they were drawn.

    Raises
    ------
    NeurosimError
        If it cannot be written.
    """
    path = made.report
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(as_html(made), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise NeurosimError(f"'{path}' cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def as_html(made: Reproduction) -> str:
    """Return the report of a reproduction as HTML."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "data_uri": _data_uri,
        "measured": _measured,
        "target": lambda row: bounds(row.low, row.high),
        "title": _title,
        "paragraphs": _paragraphs,
    }
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    runs = [section.run for section in made.sections if section.run]
    context: dict[str, Any] = {
        "made": made,
        "statuses": (MET, MISSED, REPORTED),
        "versions": runs[0].info["versions"] if runs else {},
        "revisions": sorted({run.info["git_revision"] or "" for run in runs} - {""}),
    }
    return template.render(context)


def _data_uri(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _measured(row: Row) -> str:
    return f"{row.value:.3g}" + ("" if row.unit == "1" else f" {row.unit}")


def _title(docstring: str) -> str:
    return docstring.partition("\n")[0].rstrip(".")


def _paragraphs(docstring: str) -> list[str]:
    """Return what follows the title, without the ends of lines that fitted the source."""
    below = docstring.partition("\n")[2].strip()
    return [" ".join(part.split()) for part in below.split("\n\n") if part.strip()]
