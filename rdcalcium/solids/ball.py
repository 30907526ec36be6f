"""Spheres and ellipsoids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.solids.base import Corners, Place, all_of, place

BISECTIONS = 60  # of the interval in which the nearest point is sought: to rounding


@dataclass(frozen=True)
class Ball:
    """A sphere, or an ellipsoid with axes along x, y and z.

    centre     µm
    semi_axes  µm, three times the radius for a sphere
    name       of its surface
    """

    centre: Place
    semi_axes: Place
    name: str = "membrane"

    @property
    def is_sphere(self) -> bool:
        """Whether all its axes are of one length."""
        return len({*self.semi_axes}) == 1

    @property
    def bounds(self) -> Corners:
        """The box that it touches."""
        centre, axes = np.array(self.centre), np.array(self.semi_axes)
        return place(centre - axes), place(centre + axes)

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from its surface."""
        offset = np.asarray(points, dtype=float) - np.array(self.centre)
        if self.is_sphere:
            depth: np.ndarray = self.semi_axes[0] - np.linalg.norm(offset, axis=-1)
            return depth
        return _depth_of_ellipsoid(offset.reshape(-1, 3), np.array(self.semi_axes)).reshape(offset.shape[:-1])

    def names(self, points: np.ndarray) -> np.ndarray:
        """Its only one."""
        return all_of(self.name, points)


def _depth_of_ellipsoid(offset: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Distance of points from an ellipsoid around the origin, (p,) µm; positive inside.

    The nearest point is y with y_i = a_i² x_i / (t + a_i²), where t is the largest root of
    Σ (a_i x_i / (t + a_i²))² = 1 (Hart 1994, Graphics Gems IV, p. 113); in units of the shortest axis, t > -1 there.
    """
    shortest = axes.min()
    a, x = axes / shortest, np.abs(offset) / shortest
    x = np.maximum(x, 1e-12)  # off the planes between the octants, where the root may lie at their pole
    scaled = a * x
    low, high = (a * x)[:, a.argmin()] - 1, np.linalg.norm(scaled, axis=1) - 1
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        outside = ((scaled / (middle[:, None] + a**2)) ** 2).sum(axis=1) > 1
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    nearest = a**2 * x / ((low + high)[:, None] / 2 + a**2)
    inside = ((x / a) ** 2).sum(axis=1) < 1
    distance = np.linalg.norm(nearest - x, axis=1) * shortest
    return np.where(inside, distance, -distance)
