"""Boxes with sides along the axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rdcalcium.solids.base import Corners, Place

FACES = ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max")


@dataclass(frozen=True)
class Block:
    """A box.

    low, high  corners, µm
    called     what its faces are called, where not x_min, x_max, …
    """

    low: Place
    high: Place
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> Corners:
        """Its corners."""
        return self.low, self.high

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from the nearest face; outside at most that."""
        depth: np.ndarray = self._behind(points).min(axis=-1)
        return depth

    def names(self, points: np.ndarray) -> np.ndarray:
        """Of the nearest face."""
        names = np.array([self.called.get(face, face) for face in FACES], dtype=object)
        nearest: np.ndarray = names[self._behind(points).argmin(axis=-1)]
        return nearest

    def _behind(self, points: np.ndarray) -> np.ndarray:
        """Distance from each face, (p, 6)."""
        return np.concatenate([points - np.array(self.low), np.array(self.high) - points], axis=-1)
