"""releases.csv: a row for each vesicle that fused, where fusion is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.model import Model
from rdcalcium.results.columns import SENSOR, TIME, TRIAL, VESICLE
from rdcalcium.results.csv_table import CsvTable, read_table
from rdcalcium.results.folder import RELEASES, RunFolderError, lost
from rdcalcium.vesicles.sampled import Fusions

if TYPE_CHECKING:
    import xarray

HEADINGS = [column.heading for column in (TRIAL, TIME, SENSOR, VESICLE)]
Row = tuple[int, float, str, int]  # trial, time in ms, sensor, vesicle


class ReleaseTable:
    """Open for the rows of a run, in the order in which they come; no file where no fusion is drawn."""

    def __init__(self, folder: Path, model: Model, kept: Iterable[Row] = ()):
        """Begin the table, or go on with the rows that are `kept`."""
        self._names = [sensor.labels() for sensor in model.sensors]
        self._table = CsvTable(folder / RELEASES, HEADINGS) if draws(model) else None
        self._append(kept)

    def _append(self, rows: Iterable[Row]) -> None:
        if self._table:
            for row in rows:
                self._table.append(row)

    def write(self, found: Sequence[Fusions | None]) -> None:
        """The fusions of a step at the sensors of each kind, in the order of time."""
        rows = chain(*(_rows(f, names) for f, names in zip(found, self._names, strict=True) if f is not None))
        self._append(sorted(rows, key=lambda row: row[1]))

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        if self._table:
            self._table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        if self._table:
            with suppress(OSError):
                self._table.close()


def _rows(found: Fusions, names: Sequence[str]) -> Iterable[Row]:
    """Of one kind of sensors, with the names of its positions."""
    sensors = [names[position] for position in found.position.tolist()]
    return zip(found.trial.tolist(), found.time.tolist(), sensors, (found.vesicle + 1).tolist(), strict=True)


def draws(model: Model) -> bool:
    """Whether single vesicles are drawn in a run of the model."""
    return any(sensor.fusion == "stochastic" for sensor in model.sensors)


def rows_until(folder: Path, trial: int | None, time: float, count: int) -> list[Row]:
    """Rows of the table up to a checkpoint, of which there must be `count`.

    trial  that the checkpoint is at; none where all trials are drawn together
    time   ms, that the checkpoint is at

    Raises RunFolderError where they are not there.
    """
    columns = read_table(folder / RELEASES)
    if list(columns) != HEADINGS:
        raise lost(
            f"there is no whole {folder / RELEASES}, which the run cannot go on without", "restore the file, or "
        )
    of, at = columns[TRIAL.heading], columns[TIME.heading]
    before = at <= time if trial is None else (of < trial) | ((of == trial) & (at <= time))
    rows = zip(*(columns[heading][before].tolist() for heading in HEADINGS), strict=True)
    if before.sum() != count:
        raise lost(
            f"{folder / RELEASES} has {before.sum()} of the {count} releases before the checkpoint", "restore it, or "
        )
    return [*rows]


def read_releases(folder: Path) -> xarray.Dataset:
    """Every fusion: trial, name of the sensor, vesicle, and time in ms, over `release`.

    Raises RunFolderError where none was drawn.
    """
    import xarray

    columns = read_table(folder / RELEASES)
    if not columns:
        raise RunFolderError(f'{folder} has no {RELEASES}: no vesicle was drawn; say fusion = "stochastic" of a sensor')
    units = {TIME.heading: {"units": TIME.unit}}
    names = {TRIAL.heading: "trial", SENSOR.heading: "sensor", VESICLE.heading: "vesicle", TIME.heading: "time"}
    return xarray.Dataset(
        {name: ("release", np.asarray(columns[heading]), units.get(heading, {})) for heading, name in names.items()}
    )
