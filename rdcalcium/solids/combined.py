"""Bodies made of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.solids.base import Corners, Solid, picked, place


@dataclass(frozen=True)
class Joined:
    """All that is in any of some bodies."""

    parts: tuple[Solid, ...]

    @property
    def bounds(self) -> Corners:
        """Around all of them."""
        low, high = _corners(self.parts)
        return place(low.min(axis=0)), place(high.max(axis=0))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """In the one in which a point lies deepest."""
        return _depths(self.parts, points).max(axis=0)

    def names(self, points: np.ndarray) -> np.ndarray:
        """That of the one in which a point lies deepest."""
        return picked(_depths(self.parts, points).argmax(axis=0), [part.names(points) for part in self.parts])


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
        return picked(_depths(self.parts, points).argmin(axis=0), [part.names(points) for part in self.parts])


@dataclass(frozen=True)
class Without:
    """A body from which others are cut."""

    body: Solid
    cut: tuple[Solid, ...]

    @property
    def bounds(self) -> Corners:
        """Those of the whole."""
        return self.body.bounds

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from its surface or that of what is cut, whichever is nearer."""
        return self._depths(points).min(axis=0)

    def names(self, points: np.ndarray) -> np.ndarray:
        """That of the nearer one."""
        names = [part.names(points) for part in (self.body, *self.cut)]
        return picked(self._depths(points).argmin(axis=0), names)

    def _depths(self, points: np.ndarray) -> np.ndarray:
        depths = _depths((self.body, *self.cut), points)
        depths[1:] *= -1
        return depths


def _depths(parts: tuple[Solid, ...], points: np.ndarray) -> np.ndarray:
    return np.stack([part.depth(points) for part in parts])


def _corners(parts: tuple[Solid, ...]) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.array([part.bounds[end] for part in parts]) for end in (0, 1))
    return low, high
