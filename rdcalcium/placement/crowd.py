"""Balls or discs that are there, of which the near ones are found without asking all."""

from __future__ import annotations

from itertools import chain

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from rdcalcium.model.shapes import Shape
from rdcalcium.placement.images import everywhere

FEW = 64  # that are asked one by one
SHARE = 8  # of those in the tree, one in so many may have come since it was made


class Crowd:
    """Centres with radii in a terminal, their images included; it grows by `add`.

    number   of them
    centres  (m, 3) µm, of images too
    radii    (m,)   µm
    """

    def __init__(self, shape: Shape) -> None:
        """Nobody, in a terminal with mirror planes and tiles."""
        self.shape, self.number = shape, 0
        self.centres, self.radii = np.empty((0, 3)), np.empty(0)
        self._tree = cKDTree(self.centres)

    def add(self, points: np.ndarray, radius: float) -> None:
        """More of them, centres (n, 3)."""
        self.number += len(points)
        self.centres = np.concatenate([self.centres, everywhere(self.shape, points)])
        self.radii = np.concatenate([self.radii, np.full(len(self.centres) - len(self.radii), radius)])
        if len(self.centres) - self._tree.n > FEW + self._tree.n // SHARE:
            self._tree = cKDTree(self.centres)

    def is_far(self, points: np.ndarray, apart: np.ndarray | float) -> np.ndarray:
        """Which points (n, 3) are at least so far from each centre, (n,).

        apart  (m,) or one for all, µm
        """
        apart, known = np.broadcast_to(apart, self.radii.shape), self._tree.n
        far: np.ndarray = (cdist(points, self.centres[known:]) >= apart[known:]).all(axis=1)
        if known and far.any():
            left, reach = np.flatnonzero(far), float(apart[:known].max())
            near = self._tree.query_ball_point(points[left], reach)
            which = np.repeat(left, [len(some) for some in near])
            others = np.fromiter(chain.from_iterable(near), dtype=int, count=len(which))
            far[which[np.linalg.norm(self.centres[others] - points[which], axis=1) < apart[others]]] = False
        return far
