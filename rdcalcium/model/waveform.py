"""Tables of something against time: read from files, and joined by smooth curves."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.errors import ModelError, nearest

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

Rows = Sequence[tuple[float, float]]

# A heading of the first column that gives another unit than ms, such as "t (s)" or "time [us]".
_OTHER_TIME = re.compile(r"[(\[]\s*(s|sec|seconds?|us|µs|μs)\s*[)\]]")


def is_file(waveform: str) -> bool:
    """Whether the name of a waveform is that of a file: those of the library have neither ending nor folder."""
    return Path(waveform).suffix[1:].isalpha() or "/" in waveform


def read_waveform(file: str | Path, what: str = "waveform", second: str = "voltage (mV)") -> list[tuple[float, float]]:
    """Rows of a CSV file of time (ms) and a second column; a first line of text and comments are passed over.

    Columns may also be separated by tabs or semicolons; between semicolons 0,5 is a half.

    what    what the file is called where it cannot be used
    second  the second column
    """
    path = Path(file)
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = _split([line for line in lines if line.strip() and not line.lstrip(' "').startswith("#")])
    except OSError as error:
        raise ModelError(f"cannot read the {what} {path}: {error.strerror or error}{_meant(path)}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"the {what} {path} is not a text file of comma-separated values: {error}") from None
    if _is_header(rows) and rows and _OTHER_TIME.search(rows[0][0]):
        raise ModelError(f"the {what} {path} is headed {rows[0][0]!r}, and times are read in ms: write them in ms")
    try:
        numbers = [(float(t), float(v)) for t, v in rows[_is_header(rows) :]]
    except ValueError:  # also of rows that are longer or shorter
        raise ModelError(f"{path} is not a table of two columns, time (ms) and {second}") from None
    if not all(math.isfinite(t) and math.isfinite(v) for t, v in numbers):
        raise ModelError(f"the {what} {path} has a row that is not finite")
    if len(numbers) < 2:
        raise ModelError(f"the {what} {path} has fewer than two rows")
    return numbers


def _meant(path: Path) -> str:
    """The file beside that a misspelt path may mean, as the end of a sentence."""
    beside = [other.name for other in path.parent.iterdir() if other.is_file()] if path.parent.is_dir() else []
    close = nearest(path.name, beside)
    return f". Did you mean {close!r}?" if close and close != path.name else ""


def _split(lines: list[str]) -> list[list[str]]:
    """Rows at the separator of the last line: all but a heading are numbers."""
    separator = next((mark for mark in "\t;" if lines and mark in lines[-1]), ",")
    decimals = [line.replace(",", ".") for line in lines] if separator == ";" else lines
    return [*csv.reader(decimals, delimiter=separator)]


def _is_header(rows: list[list[str]]) -> bool:
    try:
        float(rows[0][0])
    except (ValueError, IndexError):
        return True
    return False


class SmoothCurve:
    """Monotone cubics between the rows of a table (Fritsch & Carlson 1980): no kinks, no overshoot.

    Before the first row the first value, after the last row the last one. Two rows at one time are a jump.

    jumps  (jumps,) times of them, ascending
    """

    def __init__(self, rows: Rows):
        times, values = np.transpose(rows)
        cuts = np.flatnonzero(np.diff(times) == 0) + 1
        self.jumps = times[cuts]
        self._parts = list(zip(np.split(times, cuts), np.split(values, cuts), strict=True))

    @cached_property
    def _pieces(self) -> list[PchipInterpolator]:
        """One for each part between jumps; a row that stands alone there is a constant."""
        from scipy.interpolate import PchipInterpolator  # half a second; only models with a waveform pay for it

        lone = [(np.append(t, t + 1), np.append(v, v)) if len(t) == 1 else (t, v) for t, v in self._parts]
        return [PchipInterpolator(times, values) for times, values in lone]

    def __call__(self, t: np.ndarray | float, before: np.ndarray | bool = False) -> np.ndarray:
        """Value at times, of their shape; at a jump the value after it, or before it if asked."""
        t = np.asarray(t, dtype=float)
        passed = (np.searchsorted(self.jumps, t, side=side) for side in ("left", "right"))
        piece = np.where(before, *passed)
        values = np.empty(t.shape)
        for i in np.unique(piece):
            here, curve = piece == i, self._pieces[i]
            values[here] = curve(np.clip(t[here], curve.x[0], curve.x[-1]))
        return values
