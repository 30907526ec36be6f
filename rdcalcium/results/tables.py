"""The tables of a run that grow with it: probes, sensors and the calcium ledger, and the trials."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from rdcalcium.model import Model
from rdcalcium.patches.base import BOUND, PUMPED, STORED
from rdcalcium.recorders.ledger import Balance
from rdcalcium.results import columns
from rdcalcium.results.csv_table import CsvTable, Moment
from rdcalcium.results.folder import CHANNELS, LEDGER, PROBES, SENSORS, STORES, TRIALS

OF_ACCOUNT = {BOUND: columns.bound_to, PUMPED: columns.pumped_by, STORED: columns.stored_in}


def headings(model: Model, fields: Sequence[str], balance: Balance) -> dict[str, list[str]]:
    """Those of each table that a run of the model writes, by the name of its file.

    fields   names, calcium first
    balance  of any moment
    """
    elsewhere = [OF_ACCOUNT[account](name) for account, name, _ in balance.elsewhere]
    tables = {
        PROBES: [columns.concentration(field, point) for point in model.watched for field in fields],
        SENSORS: [column for s in model.sensors for label in s.labels() for column in columns.seen_by(s, label)],
        LEDGER: [columns.ENTERED, columns.FREE, *elsewhere, columns.MISSING, columns.RELATIVE_ERROR],
    }
    sensing = [group for group in model.channels if group.follows_calcium]
    tables[CHANNELS] = [
        column
        for group in sensing
        for column in (
            columns.open_channels(group.name) if group.conducts_by_itself else columns.open_probability(group.name),
            columns.current(group.name),
        )
    ]
    tables[STORES] = [column for store in model.stores for column in columns.store(store)]
    if not model.stores:
        del tables[STORES]
    if not model.sensors:
        del tables[SENSORS]
    if not sensing:
        del tables[CHANNELS]
    first = [columns.TRIAL, columns.TIME] if model.computed_trials > 1 else [columns.TIME]
    return {name: [column.heading for column in (*first, *held)] for name, held in tables.items()}


def headings_of_trials(model: Model) -> list[str]:
    """Those of the table with one row for each trial."""
    held = [columns.TRIAL, columns.CHARGE, columns.IONS]
    held += [
        column for group in model.channels if group.conducts_by_itself for column in columns.of_channels(group.name)
    ]
    held += [column for point in model.watched for column in columns.peak(point)]
    held += [column for s in model.sensors for label in s.labels() for column in columns.released_by(s, label)]
    return [column.heading for column in (*held, columns.RELATIVE_ERROR)]


class Tables:
    """Opened for a new run, or for one that goes on."""

    def __init__(
        self,
        folder: Path,
        model: Model,
        fields: Sequence[str],
        balance: Balance,
        keep_until: tuple[int, int, float] | None,
    ):
        """Begin each table, or go on with it after dropping the rows that are later than a moment.

        fields      names, calcium first
        balance     of any moment
        keep_until  complete trials; the trial, and the time in it, ms
        """
        self.several = model.computed_trials > 1
        complete = keep_until and keep_until[:1]
        until: Moment | None = keep_until and keep_until[1 if self.several else 2 :]
        held = headings(model, fields, balance)
        self._tables = {name: CsvTable(folder / name, titles, until) for name, titles in held.items()}
        if self.several:
            self._tables[TRIALS] = CsvTable(folder / TRIALS, headings_of_trials(model), complete)
        self._first: list[float] = []

    def begin(self, trial: int) -> None:
        """The rows that follow are of this trial."""
        self._first = [trial] if self.several else []

    def write_points(self, t: float, values: np.ndarray, release: np.ndarray) -> None:
        """A row of what every point sees at t ms, and of the release there.

        values   (fields, points) µM
        release  of every sensor, in the order of its columns
        """
        self._tables[PROBES].append([*self._first, t, *values.T.ravel()])
        if SENSORS in self._tables:
            self._tables[SENSORS].append([*self._first, t, *release])

    def write_channels(self, t: float, are_open: np.ndarray, inward: np.ndarray) -> None:
        """A row of every group that senses calcium: how open, and the current inward in pA, (groups,) each."""
        values = np.column_stack([are_open, 0.0 - inward])  # not -inward, which makes -0.0 of nothing
        self._tables[CHANNELS].append([*self._first, t, *values.ravel()])

    def write_stores(self, t: float, values: np.ndarray) -> None:
        """A row of all stores, in the order of their columns."""
        self._tables[STORES].append([*self._first, t, *values])

    def write_balance(self, t: float, balance: Balance) -> None:
        """A row of the ledger."""
        row = [*self._first, t, balance.entered, balance.free, *(amount for _, _, amount in balance.elsewhere)]
        self._tables[LEDGER].append([*row, balance.missing, balance.relative_error])

    def write_trial(self, values: np.ndarray) -> None:
        """The row of the trial, without its number, in the order of `headings_of_trials`."""
        self._tables[TRIALS].append([*self._first, *values])

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        for table in self._tables.values():
            table.flush()

    def close(self) -> None:
        """Flush and close, as far as the disk allows."""
        for table in self._tables.values():
            with suppress(OSError):
                table.close()
