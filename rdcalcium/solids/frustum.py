"""Cylinders and cones that are cut off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.solids.base import Corners, Place, place


@dataclass(frozen=True)
class Frustum:
    """A cylinder, or a cone that is cut off, around a straight axis.

    base, top     ends of the axis, µm
    base_radius   µm
    top_radius    µm; as large as the other for a cylinder
    called        what its side and its two ends are called
    """

    base: Place
    top: Place
    base_radius: float
    top_radius: float
    called: tuple[str, str, str] = ("membrane", "base", "top")

    @cached_property
    def length(self) -> float:
        """Of its axis, µm."""
        return float(np.linalg.norm(np.subtract(self.top, self.base)))

    @property
    def axis(self) -> np.ndarray:
        """Direction from base to top, (3,)."""
        direction: np.ndarray = np.subtract(self.top, self.base) / self.length
        return direction

    @property
    def bounds(self) -> Corners:
        """The box that both end discs touch."""
        reach = np.sqrt(np.maximum(1 - self.axis**2, 0.0))
        discs = [(np.array(self.base), self.base_radius), (np.array(self.top), self.top_radius)]
        low = np.min([centre - radius * reach for centre, radius in discs], axis=0)
        high = np.max([centre + radius * reach for centre, radius in discs], axis=0)
        return place(low), place(high)

    def longer(self, below: float, above: float) -> Frustum:
        """The same side over a longer axis (µm), at most to the tip of the cone: what is beyond that is not inside."""
        slope = (self.top_radius - self.base_radius) / self.length
        if slope > 0:
            below = min(below, self.base_radius / slope)
        if slope < 0:
            above = min(above, -self.top_radius / slope)
        base, top = np.array(self.base) - below * self.axis, np.array(self.top) + above * self.axis
        radii = self.base_radius - slope * below, self.top_radius + slope * above
        return Frustum(place(base), place(top), *radii, self.called)

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from side or end, whichever is nearer; outside at most that."""
        depth: np.ndarray = self.behind(points).min(axis=-1)
        return depth

    def names(self, points: np.ndarray) -> np.ndarray:
        """Of the nearest of side, base and top."""
        nearest: np.ndarray = np.array(self.called, dtype=object)[self.behind(points).argmin(axis=-1)]
        return nearest

    def behind(self, points: np.ndarray) -> np.ndarray:
        """Distance from side, base and top, (p, 3)."""
        along = (points - np.array(self.base)) @ self.axis
        away = np.linalg.norm(points - np.array(self.base) - along[..., None] * self.axis, axis=-1)
        slope = (self.top_radius - self.base_radius) / self.length
        side = (self.base_radius + slope * along - away) / np.hypot(1.0, slope)
        return np.stack([side, along, self.length - along], axis=-1)
