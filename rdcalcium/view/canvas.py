"""Sheets for flat pictures: drawn without a screen, saved as the end of their name says."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rdcalcium.errors import InputError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")
DOTS_PER_INCH = 200  # of a PNG, and of what is an image within a PDF or SVG
SMALL, LARGE = 8, 10  # points, letters of a key and of a title
LETTER = 0.6  # of their size, the width of letters of a text, rather more than less
SIGN = 6  # letters, for which the sign of an entry in a key takes the room
MOST_COLUMNS = 4  # of a key


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


def columns_of_key(labels: Iterable[str], width: float) -> int:
    """How many entries of a key fit beside each other into a width in inches."""
    longest = SIGN + max(map(len, labels), default=0)
    return max(1, min(MOST_COLUMNS, int(letters(width, SMALL) / longest)))


def letters(width: float, size: float) -> int:
    """How many letters of a size in points fit into a width in inches."""
    return int(72 * width / (LETTER * size))


def title(figure: Figure, *lines: str) -> None:
    """Words above all, each line as wide as the figure at most."""
    room = letters(figure.get_size_inches()[0], LARGE)
    text = "\n".join(textwrap.fill(line, room) for line in lines if line)
    figure.suptitle(text, x=0.02, ha="left", fontsize=LARGE)


def key_below(figure: Figure, key: Mapping[str, Artist]) -> None:
    """What is drawn, with its words."""
    columns = columns_of_key(key, figure.get_size_inches()[0])
    figure.legend(key.values(), key.keys(), loc="outside lower left", ncols=columns, frameon=False, fontsize=SMALL)
