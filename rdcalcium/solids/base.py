"""What every body in space can say of itself."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

Place = tuple[float, float, float]
Corners = tuple[Place, Place]


@runtime_checkable
class Solid(Protocol):
    """A body with an inside, whose surface consists of pieces with names."""

    @property
    def bounds(self) -> Corners:
        """Lowest and highest corner of a box around it, µm."""

    def depth(self, points: np.ndarray) -> np.ndarray:
        """How deep points (p, 3) µm lie inside, (p,) µm: positive inside, and nowhere more than the distance."""

    def names(self, points: np.ndarray) -> np.ndarray:
        """Name of the piece of the surface that is nearest to points (p, 3) µm on it or close to it, (p,) str."""


def place(coordinates: np.ndarray) -> Place:
    """Three numbers of an array."""
    x, y, z = coordinates.tolist()
    return x, y, z


def all_of(name: str, points: np.ndarray) -> np.ndarray:
    """One name for all points, (p,)."""
    return np.full(points.shape[:-1], name, dtype=object)
