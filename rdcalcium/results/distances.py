"""How far sensors are from channels: a table with a row for each sensor."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.model import Model
from rdcalcium.placement import Coupling, coupling
from rdcalcium.results.folder import DISTANCES, RunFolderError, lost, write_atomically
from rdcalcium.units import nanometres, parse

if TYPE_CHECKING:
    import xarray

MOST = 100_000  # distances that are told one by one: some megabytes

SENSOR, NEAREST, DISTANCE = "sensor", "nearest channel", "distance (um)"
WITHIN = "channels within "
FROM, UM = "distance from ", " (um)"


def keep_distances(folder: Path, model: Model) -> None:
    """Write how far each sensor is from channels, where a model has both; its places are known."""
    if model.sensors and model.channels:
        write_distances(folder / DISTANCES, coupling(model, most=MOST))


def write_distances(path: Path, found: Coupling) -> None:
    """The table, with all digits; of channels with one name, those in the tiles around, the nearest."""
    names = {name: i for i, name in enumerate(dict.fromkeys(found.channels))}
    each = np.full((len(found.sensors), len(names)), np.inf)
    np.minimum.at(each.T, np.array([names[name] for name in found.channels], dtype=int), found.distance.T)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    radii = [WITHIN + nanometres(radius) for radius in found.within.tolist()]
    writer.writerow((SENSOR, NEAREST, DISTANCE, *radii, *(f"{FROM}{name}{UM}" for name in names)))
    rows = zip(found.sensors, found.which, found.nearest.tolist(), found.number.tolist(), each.tolist(), strict=True)
    for sensor, which, nearest, number, apart in rows:
        writer.writerow((sensor, which, nearest, *number, *apart))
    write_atomically(path, text.getvalue().encode())


def read_distances(folder: Path) -> xarray.Dataset:
    """What `write_distances` wrote into a run folder; RunFolderError where there is no such table, or a damaged one."""
    path = folder / DISTANCES
    if not path.exists():
        raise RunFolderError(f"{folder} has no {DISTANCES}: it is of a model without sensors or without channels")
    try:
        head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        if head[:3] != [SENSOR, NEAREST, DISTANCE] or any(len(row) != len(head) for row in rows):
            raise ValueError
        radii = [heading.removeprefix(WITHIN) for heading in head if heading.startswith(WITHIN)]
        names = [heading.removeprefix(FROM).removesuffix(UM) for heading in head[3 + len(radii) :]]
        sensors, which, *columns = zip(*rows, strict=True)
        numbers = np.array(columns, dtype=float).T
    except ValueError:
        raise lost(f"{path} is damaged") from None
    counts, each = np.split(numbers[:, 1:], [len(radii)], axis=1)
    within = np.array([parse(radius, "length") for radius in radii])
    return Coupling([*sensors], numbers[:, 0], [*which], within, counts.astype(int), names, each).dataset()
