"""What each stimulus brings: the highest calcium until the next one, and how much has been released when it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.recorders.schedule import Schedule

TOGETHER = 1e-9  # ms; stimuli nearer than that begin together


class Stimuli:
    """The times from each stimulus to the next one, or to the end of the run, of one trial.

    moments   when each stimulus begins, and the end of the run, ms; empty where nothing begins
    peaks     (stimuli, points, 2) highest calcium in µM, and when in ms; zero until the first look
    released  (moments, columns) what sensors had released at each moment
    """

    def __init__(self, begins: Sequence[float], duration: float, points: int, columns: int):
        """Of a run of `duration` ms in which stimuli begin at some times, ms; those outside it are none of its own."""
        ends = _different([t for t in begins if 0 <= t < duration], duration)
        self.moments = Schedule(ends)
        self.peaks: np.ndarray = np.zeros((max(len(ends) - 1, 0), points, 2))
        self.released: np.ndarray = np.zeros((len(ends), columns))

    @property
    def begins(self) -> np.ndarray:
        """When each stimulus begins, (stimuli,) ms."""
        return self.moments.times[:-1]

    def look(self, t: float, calcium: np.ndarray) -> None:
        """Note the calcium at each point, (points,) µM, at a time in ms; where two stimuli meet it is of both."""
        times = self.moments.times
        first = int(np.searchsorted(times[1:], t - SAME_TIME))
        last = int(np.searchsorted(times[:-1], t + SAME_TIME, side="right"))
        now = self.peaks[first:last]
        now[:] = np.where((calcium > now[..., 0])[..., None], np.stack([calcium, np.full(len(calcium), t)], 1), now)

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on."""
        return {"peaks of stimuli": self.peaks, "released by stimuli": self.released}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what was `saved`."""
        self.peaks, self.released = saved["peaks of stimuli"], saved["released by stimuli"]


def _different(begins: Sequence[float], duration: float) -> np.ndarray:
    """Times and the end, ascending, ms, of which those that are together are one."""
    if not begins:
        return np.zeros(0)
    ends = np.unique([*begins, duration])
    return ends[np.append(True, np.diff(ends) > TOGETHER)]
