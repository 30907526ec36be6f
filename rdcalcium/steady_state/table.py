"""A steady state as a table: a row for each sensor and probe, written as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from rdcalcium.results.columns import concentration
from rdcalcium.results.folder import write_atomically
from rdcalcium.steady_state.state import SteadyState

PLACE = ("name", "x (um)", "y (um)", "z (um)")


def write_table(state: SteadyState, path: Path) -> None:
    """Name, position and every field, with all the digits of each number."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*PLACE, *(concentration(field).heading for field in state.fields)])
    for (name, position), values in zip(state.positions.items(), state.values.T.tolist(), strict=True):
        table.writerow([name, *position, *values])
    write_atomically(path, text.getvalue().encode())
