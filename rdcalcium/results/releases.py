"""releases.csv: a row for each vesicle that fused, where fusion is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rdcalcium.model import Model
from rdcalcium.results.columns import SENSOR, TIME, TRIAL, VESICLE
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.events import EventTable, as_dataset, events_to_go_on_with
from rdcalcium.results.folder import RELEASES, RunFolderError, lost
from rdcalcium.vesicles.sampled import Fusions

if TYPE_CHECKING:
    import xarray

COLUMNS = (TRIAL, TIME, SENSOR, VESICLE)
Release = tuple[int, float, str, int]  # trial, time in ms, sensor, vesicle


class ReleaseTable(EventTable):
    """Open for the rows of a run, in the order in which they come; no file where no fusion is drawn."""

    def __init__(self, folder: Path, model: Model, kept: Iterable[Release] = ()):
        """Begin the table, or go on with the rows that are `kept`."""
        self._names = [sensor.labels() for sensor in model.sensors]
        super().__init__(folder / RELEASES, COLUMNS, draws(model))
        self.append(kept)

    def write(self, found: Sequence[Fusions | None]) -> None:
        """The fusions of a step at the sensors of each kind, in the order of time."""
        rows = chain(*(_rows(f, names) for f, names in zip(found, self._names, strict=True) if f is not None))
        self.append(sorted(rows, key=lambda row: row[1]))


def _rows(found: Fusions, names: Sequence[str]) -> Iterable[Release]:
    """Of one kind of sensors, with the names of its positions."""
    sensors = [names[position] for position in found.position.tolist()]
    return zip(found.trial.tolist(), found.time.tolist(), sensors, (found.vesicle + 1).tolist(), strict=True)


def draws(model: Model) -> bool:
    """Whether single vesicles are drawn in a run of the model."""
    return any(sensor.fusion == "stochastic" for sensor in model.sensors)


def rows_until(folder: Path, trial: int | None, time: float, count: int) -> list[Release]:
    """Rows of the table up to a checkpoint, of which there must be `count`.

    trial  that the checkpoint is at; none where all trials are drawn together
    time   ms, that the checkpoint is at

    Raises RunFolderError where they are not there.
    """
    columns = events_to_go_on_with(folder / RELEASES, COLUMNS)
    of, at, *_ = columns
    before = at <= time if trial is None else (of < trial) | ((of == trial) & (at <= time))
    if before.sum() != count:
        raise lost(
            f"{folder / RELEASES} has {before.sum()} of the {count} releases before the checkpoint", "restore it, or "
        )
    return [*zip(*(column[before].tolist() for column in columns), strict=True)]


def read_releases(folder: Path) -> xarray.Dataset:
    """Every fusion: trial, name of the sensor, vesicle, and time in ms, over `release`.

    Raises RunFolderError where none was drawn.
    """
    held = read_table(folder / RELEASES)
    if not held:
        raise RunFolderError(f'{folder} has no {RELEASES}: no vesicle was drawn; say fusion = "stochastic" of a sensor')
    return as_dataset(held, {TRIAL: "trial", SENSOR: "sensor", VESICLE: "vesicle", TIME: "time"}, "release")
