"""openings.csv: when each channel opened and closed in the trials that are complete, where the model asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.model import Channels, Model
from rdcalcium.openings import Openings
from rdcalcium.results.columns import CHANNEL, CLOSES, GATING, GROUP, TIME, TRIAL
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.events import EventTable, as_dataset, events_to_go_on_with
from rdcalcium.results.folder import OPENINGS, RunFolderError

if TYPE_CHECKING:
    import xarray

COLUMNS = (TRIAL, TIME, GROUP, CHANNEL, CLOSES, GATING)
Opening = tuple[int, float, str, int, float, str]  # trial, when in ms, group, channel, end in ms, why


class OpeningTable(EventTable):
    """Open for the rows of each trial; no file where nobody asked for it."""

    def __init__(self, folder: Path, model: Model, complete: int | None = None):
        """Begin the table, or go on with that of so many complete trials.

        Raises RunFolderError where their rows are not there.
        """
        self._groups, self._duration = model.channels, model.run.duration
        if model.record.openings and complete:
            events_to_go_on_with(folder / OPENINGS, COLUMNS)
        kept = None if complete is None else (complete,)
        super().__init__(folder / OPENINGS, COLUMNS, model.record.openings, kept)

    def write(self, trial: int, openings: Sequence[Openings | None]) -> None:
        """Of every group of channels in a trial that has ended, by time; none of one that has a probability."""
        rows = chain(*(self._rows(trial, *one) for one in zip(self._groups, openings, strict=True)))
        self.append(sorted(rows, key=lambda row: row[1]))

    def _rows(self, trial: int, group: Channels, found: Openings | None) -> Iterator[Opening]:
        """Of one group; its channels are counted from 1 on."""
        if found is None:
            return
        inside, why = found.within(self._duration), "prescribed" if group.openings else "stochastic"
        times = np.clip([inside.opened, inside.closed], 0.0, self._duration)
        for channel, opens, closes in zip((inside.channel + 1).tolist(), *times.tolist(), strict=True):
            yield trial, opens, group.name, channel, closes, why


def read_openings(folder: Path) -> xarray.Dataset:
    """Every opening: trial, time (ms), name of the group, number of the channel, when it closes (ms), and its gating.

    All are over `opening`. The gating is "stochastic", drawn from the gate, or "prescribed" by the model.

    Raises RunFolderError where none was written.
    """
    held = read_table(folder / OPENINGS)
    if not held:
        raise RunFolderError(f"{folder} has no {OPENINGS}: say [record] openings = true")
    return as_dataset(held, {column: column.quantity for column in COLUMNS}, "opening")
