"""Waveforms of the membrane potential: tables of the library and of the user."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from rdcalcium.errors import ModelError


def read_waveform(file: str | Path) -> list[tuple[float, float]]:
    """Rows of time (ms) and voltage (mV) of a CSV file; a first line of text and comments are passed over."""
    path = Path(file)
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = [row for row in csv.reader(lines) if row and not row[0].lstrip().startswith("#")]
    except OSError as error:
        raise ModelError(f"cannot read the waveform {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"the waveform {path} is not a text file of comma-separated values: {error}") from None
    try:
        numbers = [(float(t), float(v)) for t, v in rows[_is_header(rows) :]]
    except ValueError:  # also of rows that are longer or shorter
        advice = "; separate them with commas" if any(set(";\t") & set("".join(row)) for row in rows) else ""
        raise ModelError(f"{path} is not a table of two columns, time (ms) and voltage (mV){advice}") from None
    if not all(math.isfinite(t) and math.isfinite(v) for t, v in numbers):
        raise ModelError(f"the waveform {path} has a row that is not finite")
    if len(numbers) < 2:
        raise ModelError(f"the waveform {path} has fewer than two rows")
    return numbers


def _is_header(rows: list[list[str]]) -> bool:
    try:
        float(rows[0][0])
    except (ValueError, IndexError):
        return True
    return False
