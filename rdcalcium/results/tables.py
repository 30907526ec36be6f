"""The tables of a run that grow with it: probes, sensors and the calcium ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from rdcalcium.model import Model
from rdcalcium.patches import mechanism_names
from rdcalcium.recorders.ledger import Balance
from rdcalcium.results import columns
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.folder import LEDGER, PROBES, SENSORS


def headings(model: Model, fields: Sequence[str]) -> dict[str, list[str]]:
    """Those of each table that a run of the model writes, by the name of its file.

    fields  names, calcium first
    """
    elsewhere = [columns.bound_to(buffer.name) for buffer in model.buffers]
    elsewhere += [columns.pumped_by(name) for name in mechanism_names(model)]
    tables = {
        PROBES: [columns.concentration(field, point) for point in model.watched for field in fields],
        SENSORS: [
            column for s in model.sensors for label in s.labels() for column in columns.release(label, s.refills)
        ],
        LEDGER: [columns.ENTERED, columns.FREE, *elsewhere, columns.MISSING, columns.RELATIVE_ERROR],
    }
    if not model.sensors:
        del tables[SENSORS]
    return {name: [column.heading for column in (columns.TIME, *held)] for name, held in tables.items()}


class Tables:
    """Opened for a new run, or for one that goes on."""

    def __init__(
        self,
        folder: Path,
        model: Model,
        fields: Sequence[str],
        keep_until: float | None,
    ):
        """Begin each table, or go on with it after dropping the rows later than `keep_until` ms.

        fields  names, calcium first
        """
        self._tables = {
            name: CsvTable(folder / name, held, keep_until) for name, held in headings(model, fields).items()
        }

    def write_points(self, t: float, values: np.ndarray, release: np.ndarray) -> None:
        """A row of what every point sees at t ms, and of the release there.

        values   (fields, points) µM
        release  of every sensor, in the order of its columns
        """
        self._tables[PROBES].append([t, *values.T.ravel()])
        if SENSORS in self._tables:
            self._tables[SENSORS].append([t, *release])

    def write_balance(self, t: float, balance: Balance) -> None:
        """A row of the ledger."""
        row = [t, balance.entered, balance.free, *balance.bound.values(), *balance.pumped.values()]
        self._tables[LEDGER].append([*row, balance.missing, balance.relative_error])

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        for table in self._tables.values():
            table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        for table in self._tables.values():
            with suppress(OSError):
                table.close()
