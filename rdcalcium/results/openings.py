"""openings.csv: when each channel opened and closed in the trials that are complete, where the model asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.model import Model
from rdcalcium.openings import Openings
from rdcalcium.results.columns import CHANNEL, CLOSES, GROUP, OPENS, TRIAL
from rdcalcium.results.csv_table import CsvTable, read_table
from rdcalcium.results.folder import OPENINGS, RunFolderError, lost

if TYPE_CHECKING:
    import xarray

HEADINGS = [column.heading for column in (TRIAL, GROUP, CHANNEL, OPENS, CLOSES)]


class OpeningTable:
    """Open for the rows of each trial; no file where nobody asked for it."""

    def __init__(self, folder: Path, model: Model, complete: int | None = None):
        """Begin the table, or go on with that of so many complete trials.

        Raises RunFolderError where their rows are not there.
        """
        self._names, self._duration = [group.name for group in model.channels], model.run.duration
        self._table: CsvTable | None = None
        if model.record.openings:
            path = folder / OPENINGS
            if complete and list(read_table(path)) != HEADINGS:
                raise lost(f"there is no whole {path}, which the run cannot go on without", "restore the file, or ")
            self._table = CsvTable(path, HEADINGS, None if complete is None else (complete,))

    def write(self, trial: int, openings: Sequence[Openings | None]) -> None:
        """Of every group of channels in a trial that has ended; none of one that conducts with a probability."""
        if self._table is None:
            return
        for name, found in zip(self._names, openings, strict=True):
            if found is not None:
                inside = found.within(self._duration)
                times = np.clip([inside.opened, inside.closed], 0.0, self._duration)
                for channel, opens, closes in zip(inside.channel.tolist(), *times.tolist(), strict=True):
                    self._table.append((trial, name, channel + 1, opens, closes))

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        if self._table:
            self._table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        if self._table:
            with suppress(OSError):
                self._table.close()


def read_openings(folder: Path) -> xarray.Dataset:
    """Every opening: trial, name of the group, number of the channel, when it opens and closes (ms), over `opening`.

    Raises RunFolderError where none was written.
    """
    import xarray

    columns = read_table(folder / OPENINGS)
    if not columns:
        raise RunFolderError(f"{folder} has no {OPENINGS}: say [record] openings = true")
    units = {column.heading: {"units": column.unit} for column in (OPENS, CLOSES)}
    names = {TRIAL: "trial", GROUP: "channels", CHANNEL: "channel", OPENS: "opens", CLOSES: "closes"}
    return xarray.Dataset(
        {name: ("opening", columns[c.heading], units.get(c.heading, {})) for c, name in names.items()}
    )
