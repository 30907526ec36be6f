"""openings.csv: when each channel opened and closed in the trials that are complete, where the model asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.model import Model
from rdcalcium.openings import Openings
from rdcalcium.results.columns import CHANNEL, CLOSES, GROUP, OPENS, TRIAL
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.events import EventTable, as_dataset, events_to_go_on_with
from rdcalcium.results.folder import OPENINGS, RunFolderError

if TYPE_CHECKING:
    import xarray

COLUMNS = (TRIAL, GROUP, CHANNEL, OPENS, CLOSES)


class OpeningTable(EventTable):
    """Open for the rows of each trial; no file where nobody asked for it."""

    def __init__(self, folder: Path, model: Model, complete: int | None = None):
        """Begin the table, or go on with that of so many complete trials.

        Raises RunFolderError where their rows are not there.
        """
        self._names, self._duration = [group.name for group in model.channels], model.run.duration
        if model.record.openings and complete:
            events_to_go_on_with(folder / OPENINGS, COLUMNS)
        kept = None if complete is None else (complete,)
        super().__init__(folder / OPENINGS, COLUMNS, model.record.openings, kept)

    def write(self, trial: int, openings: Sequence[Openings | None]) -> None:
        """Of every group of channels in a trial that has ended; none of one that conducts with a probability."""
        for name, found in zip(self._names, openings, strict=True):
            if found is not None:
                self.append((trial, name, *opening) for opening in _within(found, self._duration))


def _within(found: Openings, duration: float) -> Iterator[tuple[int, float, float]]:
    """Number of the channel from 1 on, and when it opens and closes in a trial of `duration` ms."""
    inside = found.within(duration)
    times = np.clip([inside.opened, inside.closed], 0.0, duration)
    yield from zip((inside.channel + 1).tolist(), *times.tolist(), strict=True)


def read_openings(folder: Path) -> xarray.Dataset:
    """Every opening: trial, name of the group, number of the channel, when it opens and closes (ms), over `opening`.

    Raises RunFolderError where none was written.
    """
    held = read_table(folder / OPENINGS)
    if not held:
        raise RunFolderError(f"{folder} has no {OPENINGS}: say [record] openings = true")
    names = {TRIAL: "trial", GROUP: "channels", CHANNEL: "channel", OPENS: "opens", CLOSES: "closes"}
    return as_dataset(held, names, "opening")
