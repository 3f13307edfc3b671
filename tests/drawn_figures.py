"""Figures as tests look at them: drawn in the product's style, where a warning is an error."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

import neurosim
from neurosim.figure import load_figure
from neurosim.run_directory import Run

STYLE = Path(neurosim.__file__).with_name("neurosim.mplstyle")


def drawn(name: str, run: Run) -> Figure:
    """Return a figure of a run."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        mpl.style.use(["default", STYLE])
        figure: Figure = load_figure(name).draw(run)
        figure.draw_without_rendering()
    return figure


def axes_of_panel(figure: Figure, letter: str) -> list[Axes]:
    """Return the axes of the panel with a letter."""
    for part in figure.findobj(SubFigure):
        if any(text.get_text() == letter for text in part.texts):
            return list(part.axes)
    raise AssertionError(f"there is no panel {letter}")
