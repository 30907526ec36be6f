"""Tables with a row for each event of a run, in the order in which they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.results.columns import Column
from rdcalcium.results.csv_table import CsvTable, Moment, read_table
from rdcalcium.results.folder import lost

if TYPE_CHECKING:
    import xarray


class EventTable:
    """Open for the rows of a run; no file where nobody asks for it."""

    def __init__(self, path: Path, columns: Sequence[Column], asked: bool, keep_until: Moment | None = None):
        """Begin the table, or go on with it after dropping the rows that are later than a moment."""
        self._table = CsvTable(path, [column.heading for column in columns], keep_until) if asked else None

    def append(self, rows: Iterable[Sequence[float | str]]) -> None:
        """Add a row for each event."""
        if self._table:
            for row in rows:
                self._table.append(row)

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        if self._table:
            self._table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        if self._table:
            with suppress(OSError):
                self._table.close()


def events_to_go_on_with(path: Path, columns: Sequence[Column]) -> list[np.ndarray]:
    """What the columns of a table hold, for a run that goes on; (events,) each.

    Raises RunFolderError where they are not there.
    """
    held = read_table(path)
    if list(held) != [column.heading for column in columns]:
        raise lost(f"there is no whole {path}, which the run cannot go on without", "restore the file, or ")
    return [*held.values()]


def as_dataset(held: Mapping[str, np.ndarray], names: Mapping[Column, str], event: str) -> xarray.Dataset:
    """The columns of a table under names that can be written in Python, over the dimension `event`."""
    import xarray

    units = {column: {"units": column.unit} if column.unit else {} for column in names}
    return xarray.Dataset({name: (event, held[c.heading], units[c]) for c, name in names.items()})
