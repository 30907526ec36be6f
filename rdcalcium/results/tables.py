"""The tables of a run that grow with it: probes, sensors and the calcium ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.recorders.ledger import Balance
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.folder import LEDGER, PROBES, SENSORS, TIME


class Tables:
    """Opened for a new run, or for one that goes on."""

    def __init__(
        self,
        folder: Path,
        points: Sequence[str],
        fields: Sequence[str],
        buffers: Sequence[str],
        sensors: Sequence[ReleaseSensors],
        keep_until: float | None,
    ):
        """Begin each table, or go on with it after dropping the rows later than `keep_until` ms.

        points   names of the sensors' places, then of the probes
        fields   calcium first
        sensors  in the order of their places among the points
        """
        self.sensors = sensors
        labels = [label for sensor in sensors for label in sensor.labels]
        release = [f"{s}: {q}" for s in labels for q in ("release rate (1/ms)", "release probability")]
        bound = [f"bound to {name} (uM um^3)" for name in buffers]
        amounts = ["entered (uM um^3)", "free (uM um^3)", *bound, "missing (uM um^3)", "relative error"]
        heads = {
            PROBES: [f"{p}: {f} (uM)" for p in points for f in fields],
            **({SENSORS: release} if labels else {}),
            LEDGER: amounts,
        }
        self._tables = {name: CsvTable(folder / name, [TIME, *head], keep_until) for name, head in heads.items()}

    def write_points(self, t: float, values: np.ndarray) -> None:
        """A row of what every point sees at t ms, (fields, points) µM, and of the release there."""
        self._tables[PROBES].append([t, *values.T.ravel()])
        if SENSORS not in self._tables:
            return
        row, at = [t], 0
        for sensor in self.sensors:
            calcium = values[CALCIUM, at : at + len(sensor.labels)]
            row += np.stack([sensor.rate(calcium), sensor.probability()], axis=1).ravel().tolist()
            at += len(sensor.labels)
        self._tables[SENSORS].append(row)

    def write_balance(self, t: float, balance: Balance) -> None:
        """A row of the ledger."""
        row = [t, balance.entered, balance.free, *balance.bound.values()]
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
