"""releases.csv: a row for each vesicle that fused, where fusion is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
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


class ReleaseTable:
    """Open for the rows of a run, in the order in which they come; no file where no fusion is drawn."""

    def __init__(self, folder: Path, model: Model, kept: np.ndarray | None = None):
        """Begin the table, or go on with the rows that are `kept`, (rows, 4)."""
        self._first = np.cumsum([1, *(len(sensor.positions) for sensor in model.sensors)])
        self._table = CsvTable(folder / RELEASES, HEADINGS) if draws(model) else None
        for row in np.zeros((0, 4)) if kept is None else kept:
            self._append(row)

    def _append(self, row: np.ndarray) -> None:
        if self._table:
            self._table.append(row.tolist())

    def write(self, found: Sequence[Fusions | None]) -> None:
        """The fusions of a step at the sensors of each kind, in the order of time."""
        parts = [
            np.stack([f.trial, f.time, first + f.position, f.vesicle + 1], axis=1)
            for first, f in zip(self._first, found, strict=False)
            if f is not None
        ]
        rows = np.concatenate([np.zeros((0, 4)), *parts])
        for row in rows[np.argsort(rows[:, 1], kind="stable")]:
            self._append(row)

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        if self._table:
            self._table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        if self._table:
            with suppress(OSError):
                self._table.close()


def draws(model: Model) -> bool:
    """Whether single vesicles are drawn in a run of the model."""
    return any(sensor.fusion == "stochastic" for sensor in model.sensors)


def rows_until(folder: Path, trial: int | None, time: float, count: int) -> np.ndarray:
    """Rows of the table up to a checkpoint, (rows, 4), of which there must be `count`.

    trial  that the checkpoint is at; none where all trials are drawn together
    time   ms, that the checkpoint is at

    Raises RunFolderError where they are not there.
    """
    columns = read_table(folder / RELEASES)
    if list(columns) != HEADINGS:
        raise lost(
            f"there is no whole {folder / RELEASES}, which the run cannot go on without", "restore the file, or "
        )
    rows = np.stack([columns[heading] for heading in HEADINGS], axis=1)
    of, at = rows[:, 0], rows[:, 1]
    kept = rows[at <= time if trial is None else (of < trial) | ((of == trial) & (at <= time))]
    if len(kept) != count:
        raise lost(
            f"{folder / RELEASES} has {len(kept)} of the {count} releases before the checkpoint", "restore it, or "
        )
    return kept


def read_releases(folder: Path, sensors: Sequence[str]) -> xarray.Dataset:
    """Every fusion: trial, name of the sensor, vesicle, and time in ms, over `release`.

    Raises RunFolderError where none was drawn.
    """
    import xarray

    columns = read_table(folder / RELEASES)
    if not columns:
        raise RunFolderError(f'{folder} has no {RELEASES}: no vesicle was drawn; say fusion = "stochastic" of a sensor')
    names = np.array(sensors)[columns[SENSOR.heading].astype(int) - 1]
    return xarray.Dataset(
        {
            "trial": ("release", columns[TRIAL.heading].astype(int)),
            "sensor": ("release", names),
            "vesicle": ("release", columns[VESICLE.heading].astype(int)),
            "time": ("release", columns[TIME.heading], {"units": TIME.unit}),
        }
    )
