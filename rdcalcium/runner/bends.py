"""Which rows of a table are enough: those between which straight lines tell the others."""

from __future__ import annotations

import numpy as np

STRAIGHT = 5e-4  # of the range of a column, what the lines may miss: no picture shows it


def bends(times: np.ndarray, columns: list[np.ndarray], ends: np.ndarray) -> np.ndarray:
    """Which rows to keep, so that straight lines between them miss none of the others by more than STRAIGHT.

    The row that is farthest off joins those that are kept, in every gap between them, until none is too far: Douglas &
    Peucker 1973, Cartographica 10:112. Both rows of a jump are kept.

    times    (rows,)  ms, ascending
    columns  of (rows,) each, in any unit
    ends     (ends,) rows that are kept in any case: the search is quick where what repeats itself lies between them
    """
    courses = np.stack([values / (np.ptp(values) or 1.0) for values in columns])
    upright = np.flatnonzero(np.diff(times) == 0)
    kept = np.unique(np.concatenate([[0, len(times) - 1], ends, upright, upright + 1]))
    while True:
        off = _off_lines(times, courses, kept)
        worst = np.maximum.reduceat(off, kept[:-1])
        far = (off > STRAIGHT) & (off == np.repeat(worst, np.diff([*kept[:-1], len(times)])))
        if not far.any():
            return kept
        kept = np.union1d(kept, np.flatnonzero(far))


def _off_lines(times: np.ndarray, courses: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """How far the farthest of the courses (columns, rows) is, at each row, from the lines between the kept rows."""
    gap = np.minimum(np.searchsorted(kept, np.arange(len(times)), side="right"), len(kept) - 1)
    first, last = kept[gap - 1], kept[gap]
    long = times[last] - times[first]
    share = np.divide(times - times[first], long, out=np.zeros(len(times)), where=long > 0)
    lines = courses[:, first] + share * (courses[:, last] - courses[:, first])
    return np.abs(courses - lines).max(axis=0)
