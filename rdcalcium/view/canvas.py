"""Sheets for flat pictures: drawn without a screen, saved as the end of their name says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rdcalcium.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")
DOTS_PER_INCH = 200  # of a PNG, and of what is an image within a PDF or SVG


def new_figure(size: tuple[float, float]) -> Figure:
    """A figure of a width and height in inches that needs no screen and leaves the settings of pyplot alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; raises InputError for a format that is none of FORMATS."""
    path = Path(path)
    if path.suffix[1:].lower() not in FORMATS:
        raise InputError(f"a picture cannot be saved as {path.name!r}; its name ends in one of: .{', .'.join(FORMATS)}")
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor="white")
    return path
