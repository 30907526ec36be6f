"""CSV tables with times in their first column, or trials before them: written row by row, readable while they grow."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rdcalcium.results.columns import NAMES, TIME, TRIAL, WHOLE, Column
from rdcalcium.results.folder import RunFolderError, write_atomically

BUFFER = 1 << 16  # bytes of rows that are handed over at once

Moment = tuple[float, ...]  # of a row, as its first columns tell it: the time, the trial and the time, or the trial


class CsvTable:
    """A table that grows by rows, with times ascending in its first column, or trials, and times in each of them."""

    def __init__(self, path: Path, columns: Sequence[str], keep_until: Moment | None = None):
        """Begin a table under these headings, or go on with one after dropping the rows that are later than a moment.

        One that goes on is whole, and has these headings: `moments_of` has read it.
        """
        head = io.StringIO()
        csv.writer(head, lineterminator="").writerow(columns)
        rows: list[str] = []
        if keep_until is not None and path.exists():
            rows = [line for line in _whole_lines(path)[1:] if _is_before(line, keep_until)]
        # Complete before it takes the place of the old table: a kill at this moment loses no row.
        write_atomically(path, "".join(line + "\n" for line in [head.getvalue(), *rows]).encode())
        self._file = path.open("a", encoding="utf-8", buffering=BUFFER)
        self._kinds = [_kind(heading) for heading in columns]

    def append(self, values: Sequence[float | str]) -> None:
        """Add one row, with all the digits of each number; counts are whole numbers, names stand as they are."""
        if len(values) != len(self._kinds):
            raise ValueError(f"a row of {len(values)} values for {len(self._kinds)} columns")
        self._file.write(_line(self._kinds, values))

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()


def write_table(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """A table that is whole at once: a kill leaves that which was there before."""
    head, kinds = io.StringIO(), [_kind(heading) for heading in columns]
    csv.writer(head, lineterminator="\n").writerow(columns)
    rows = (_line(kinds, values) for values in zip(*columns.values(), strict=True))
    write_atomically(path, "".join([head.getvalue(), *rows]).encode())


def _line(kinds: Sequence[type[float | int | str]], values: Sequence[float | str]) -> str:
    """One row, with all the digits of each number."""
    return ",".join(str(kind(v)) for kind, v in zip(kinds, values, strict=True)) + "\n"


def _kind(heading: str) -> type[float | int | str]:
    """Of what a column holds."""
    quantity = Column.read(heading).quantity
    return str if quantity in NAMES else int if quantity in WHOLE else float


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV file by name; empty if there is no such file.

    A half-written last row is passed over. Raises RunFolderError where the first column is no time, a row has more
    or fewer values than the heading, or a value is no number.
    """
    if not path.exists():
        return {}
    lines = _whole_lines(path)
    if not lines:
        return {}
    try:
        head, *rows = csv.reader(lines)
    except csv.Error as error:
        raise RunFolderError(f"{path} is damaged: {error}") from None
    if head[:1] not in ([TIME.heading], [TRIAL.heading]):
        raise RunFolderError(f"{path} is damaged: its first column is neither {TIME.heading!r} nor {TRIAL.heading!r}")
    if any(len(row) != len(head) for row in rows):
        raise RunFolderError(f"{path} is damaged: a row has more or fewer values than the {len(head)} of its heading")
    try:
        columns = zip(*rows, strict=True) if rows else [()] * len(head)
        return {name: np.array(column, dtype=_kind(name)) for name, column in zip(head, columns, strict=True)}
    except ValueError as error:
        raise RunFolderError(f"{path} is damaged: {error}") from None


def _whole_lines(path: Path) -> list[str]:
    """Lines of a table; the last one is left out if the process died while it was being written."""
    try:
        *lines, _ = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise RunFolderError(f"{path} is damaged: {error}") from None
    return lines


def moments_of(path: Path, headings: Sequence[str]) -> np.ndarray:
    """Times of the rows of a table (ms), after their trials where there are several; (rows, 1 or 2).

    Raises RunFolderError as `read_table` does, where the headings are not these, and where the times do not ascend.
    """
    columns = read_table(path)
    if list(columns) != list(headings):
        raise RunFolderError(f"{path} is damaged: its headings are not those that this run writes")
    leading = [name for name in (TRIAL.heading, TIME.heading) if name in columns]
    moments = np.stack([columns[name] for name in leading], axis=1)
    step = np.diff(moments, axis=0)
    if not np.all((step[:, 0] > 0) | ((step[:, 0] == 0) & (step[:, -1] > 0))):
        raise RunFolderError(f"{path} is damaged: its times do not ascend")
    return moments


def _is_before(line: str, moment: Moment) -> bool:
    return tuple(map(float, line.split(",")[: len(moment)])) <= (*moment[:-1], moment[-1] * (1 + 1e-12))
