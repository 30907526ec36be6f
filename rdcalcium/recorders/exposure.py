"""When a readout looks, and how what it saw becomes one sample: the mean over the exposure of each point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.model import Imaging, Model
from rdcalcium.recorders.schedule import MOST, Schedule
from rdcalcium.units import milliseconds

# Looks in an exposure, of which the mean is taken: dyes answer within 0.1 ms at the fastest, as OGB-5N does.
LEAST_LOOKS, LONGEST_GAP = 4, 0.1  # ms


@dataclass(frozen=True, eq=False)
class Exposures:
    """The looks of one readout.

    starts   (samples,) ms, when each begins
    offsets  (looks,) ms from there, ascending
    rows     (looks,) point that each look is at; -1 for all of them
    share    of one look in the mean of a point
    middle   from the start of a sample to the moment that it tells of, ms: the middle of the exposure; of a line, whose
             points have one each, its beginning
    """

    starts: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    share: float
    middle: float

    @classmethod
    def of(cls, imaging: Imaging, model: Model) -> Exposures:
        """Those of one entry of a model; InputError where there is none, or there are too many."""
        looks = _looks(imaging.exposure)
        turns: np.ndarray = np.zeros(1)
        rows: np.ndarray = np.array([-1])
        if imaging.view.scanned:
            count = len(imaging.view.points)
            turns, rows = imaging.every / count * np.arange(count), np.arange(count)
        offsets = (turns[:, None] + looks).ravel()
        starts = _starts(imaging, model.run.duration, turns[-1] + (imaging.exposure or 0.0))
        if len(starts) * len(offsets) > MOST:
            raise InputError(
                f"imaging {imaging.name!r} would look {len(starts) * len(offsets):.3g} times, {len(offsets)} in each "
                f"of {len(starts)} samples; at most {MOST:g} are possible: make every longer, or the exposure shorter"
            )
        middle = 0.0 if imaging.view.scanned else (imaging.exposure or 0.0) / 2
        return cls(starts, offsets, np.repeat(rows, len(looks)), 1 / len(looks), middle)

    @property
    def times(self) -> np.ndarray:
        """The moments that the samples tell of, (samples,) ms."""
        return np.array([float(f"{t:.12g}") for t in self.starts + self.middle])

    @cached_property
    def schedule(self) -> Schedule:
        """Of all looks, one sample after the other."""
        return Schedule((self.starts[:, None] + self.offsets).ravel())

    def completed(self, t: float) -> int:
        """How many samples are over at t ms."""
        return len(self.schedule.due(t, 0.0)) // len(self.offsets)

    def gather(self, total: np.ndarray, due: np.ndarray, seen: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Add looks to the sums of their samples; number and mean of each sample that is complete.

        total  (images, points) sums of the sample that is under way; changed
        due    (n,) numbers of the looks in the schedule
        seen   (n, images, points)
        """
        for number, values in zip(due.tolist(), seen, strict=True):
            sample, look = divmod(number, len(self.offsets))
            if not look:
                total[:] = 0.0
            row = slice(None) if self.rows[look] < 0 else self.rows[look]
            total[:, row] += self.share * values[:, row]
            if look == len(self.offsets) - 1:
                yield sample, total.copy()


def _looks(exposure: float | None) -> np.ndarray:
    """When to look during an exposure, ms from its beginning: the midpoint rule."""
    if exposure is None:
        return np.zeros(1)
    count = max(LEAST_LOOKS, math.ceil(exposure / LONGEST_GAP))
    return exposure * (np.arange(count) + 0.5) / count


def _starts(imaging: Imaging, duration: float, length: float) -> np.ndarray:
    """When the samples begin that are over by the end of a run, each of this length; all in ms."""
    count = math.floor((duration - length) / imaging.every * (1 + 1e-12) + 1e-12) + 1
    if count < 1:
        raise InputError(
            f"imaging {imaging.name!r}: a {imaging.view.kind} takes {milliseconds(length)}, and the run ends after "
            f"{milliseconds(duration)}; make the exposure or every shorter, or the run longer"
        )
    return np.array([float(f"{imaging.every * i:.12g}") for i in range(count)])  # 0.15, not 0.15000000000000002
