"""Bodies made of others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.solids.base import Corners, Solid, place


@dataclass(frozen=True)
class Joined:
    """All that is in any of some bodies."""

    parts: tuple[Solid, ...]

    @cached_property
    def boxes(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the box around each of them, (n, 3) µm."""
        return _corners(self.parts)

    @property
    def bounds(self) -> Corners:
        """Around all of them."""
        low, high = self.boxes
        return place(low.min(axis=0)), place(high.max(axis=0))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """In the one in which a point lies deepest."""
        return _depths(self.parts, points).max(axis=0)

    def names(self, points: np.ndarray) -> np.ndarray:
        """That of the one in which a point lies deepest."""
        return picked(self.parts, _depths(self.parts, points).argmax(axis=0), points)


@dataclass(frozen=True)
class Common:
    """What some bodies have in common."""

    parts: tuple[Solid, ...]

    @property
    def bounds(self) -> Corners:
        """What their boxes have in common."""
        low, high = _corners(self.parts)
        return place(low.max(axis=0)), place(high.min(axis=0))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """In the one in which a point lies least deep."""
        return _depths(self.parts, points).min(axis=0)

    def names(self, points: np.ndarray) -> np.ndarray:
        """That of the one in which a point lies least deep."""
        return picked(self.parts, _depths(self.parts, points).argmin(axis=0), points)


@dataclass(frozen=True)
class Without:
    """A body from which others are cut."""

    body: Solid
    cut: tuple[Solid, ...]

    @cached_property
    def boxes(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the box around each of those that are cut, (n, 3) µm."""
        return _corners(self.cut)

    @property
    def bounds(self) -> Corners:
        """Those of the whole."""
        return self.body.bounds

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from its surface or that of what is cut, whichever is nearer."""
        return self._depths(points).min(axis=0)

    def names(self, points: np.ndarray) -> np.ndarray:
        """That of the nearer one."""
        return picked((self.body, *self.cut), self._depths(points).argmin(axis=0), points)

    def _depths(self, points: np.ndarray) -> np.ndarray:
        depths = _depths((self.body, *self.cut), points)
        depths[1:] *= -1
        return depths


def picked(parts: tuple[Solid, ...], numbers: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Of several bodies the names that the one of a number has at each point (p, 3), (p,)."""
    names = np.empty(points.shape[:-1], dtype=object)
    for number in np.unique(numbers):
        own = numbers == number
        names[own] = parts[number].names(points[own])
    return names


def _depths(parts: tuple[Solid, ...], points: np.ndarray) -> np.ndarray:
    return np.stack([part.depth(points) for part in parts])


def _corners(parts: tuple[Solid, ...]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([part.bounds for part in parts]).reshape(-1, 2, 3)
    return corners[:, 0], corners[:, 1]
