"""Sheets and parameters: what a circuit is made of, with units, ranges and sources."""

from neurosim.parameters.fields import parameter
from neurosim.parameters.overrides import parse_assignments
from neurosim.parameters.registry import CIRCUITS
from neurosim.parameters.sections import fill_section
from neurosim.parameters.sheet import Sheet, read_sheet, text_with_protocol

__all__ = [
    "CIRCUITS",
    "Sheet",
    "fill_section",
    "parameter",
    "parse_assignments",
    "read_sheet",
    "text_with_protocol",
]
