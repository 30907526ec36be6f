"""The highest calcium at each point, and when."""

from __future__ import annotations

import numpy as np


class Peaks:
    """Running maxima; zero until the first look.

    values  (points, 2)  µM, and the time in ms
    """

    def __init__(self, points: int):
        self.values: np.ndarray = np.zeros((points, 2))

    def look(self, t: float, calcium: np.ndarray) -> None:
        """Note the calcium at each point, (points,) µM, at a time in ms."""
        better = calcium > self.values[:, 0]
        self.values[better] = np.stack([calcium[better], np.full(better.sum(), t)], axis=1)
