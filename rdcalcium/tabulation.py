"""When the voltage and the gates are tabulated: closely while the voltage changes, ever more rarely while it stays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.model import VoltageCourse
from rdcalcium.units import milliseconds

SPACING = 0.002  # ms, while the voltage changes; a cubic between the rows
NEAR_END = 0.1  # share of that, within which no row but that of an end stands
AFTER = 0.1  # ms, for which the rows stay as close where the voltage has come to rest
GROWTH = 1.02  # of the time since then, from row to row: what decays more quickly than that is gone by then
MOST = 1e8  # rows of the closest kind


def rows_between(stimulus: VoltageCourse, duration: float) -> list[np.ndarray]:
    """Times of the rows (ms), in pieces that end where the voltage jumps, comes to rest or leaves it, both included.

    Raises InputError for a run that is too long.
    """
    if duration / SPACING > MOST:
        raise InputError(
            f"run.duration = {milliseconds(duration)} is too long to tabulate a gate; "
            f"at most {milliseconds(MOST * SPACING)}"
        )
    even = np.linspace(0.0, duration, int(np.ceil(duration / SPACING)) + 1)
    rests = [(max(a, 0.0), min(b, duration)) for a, b in stimulus.rests]
    rests = [(a, b) for a, b in rests if b - a > AFTER]
    ends = np.unique([0.0, duration, *stimulus.jumps(duration), *np.ravel(rests)])
    return [_ever_rarer(a, b) if (a, b) in rests else _even(even, a, b) for a, b in pairwise(ends.tolist())]


def _even(even: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Rows at even times between two, and at both."""
    near = NEAR_END * SPACING
    first, last = np.searchsorted(even, begin + near, side="right"), np.searchsorted(even, end - near, side="left")
    return np.array([begin, *even[first:last], end])


def _ever_rarer(begin: float, end: float) -> np.ndarray:
    """Rows that lie apart in proportion to the time since the beginning, once that is AFTER."""
    close = np.arange(0.0, AFTER, SPACING)
    rarer = AFTER * GROWTH ** np.arange(np.ceil(np.log((end - begin) / AFTER) / np.log(GROWTH)))
    later = np.concatenate([close, rarer])
    return np.append(begin + later[later < end - begin - NEAR_END * SPACING], end)
