"""Cylinders with round ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.solids.base import Corners, Place, all_of, place


@dataclass(frozen=True)
class Capsule:
    """All that is no further than a radius from a straight line between two points.

    start, end  of the line, µm
    radius      µm
    name        of its surface
    """

    start: Place
    end: Place
    radius: float
    name: str = "membrane"

    @property
    def bounds(self) -> Corners:
        """The box that it touches."""
        ends = np.array([self.start, self.end])
        return place(ends.min(axis=0) - self.radius), place(ends.max(axis=0) + self.radius)

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from its surface."""
        start, line = np.array(self.start), np.subtract(self.end, self.start)
        offset = np.asarray(points, dtype=float) - start
        along = np.clip(offset @ line / (line @ line), 0.0, 1.0)
        depth: np.ndarray = self.radius - np.linalg.norm(offset - along[..., None] * line, axis=-1)
        return depth

    def names(self, points: np.ndarray) -> np.ndarray:
        """Its only one."""
        return all_of(self.name, points)
