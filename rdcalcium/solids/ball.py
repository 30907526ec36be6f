"""Spheres and ellipsoids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.solids.base import Corners, Place, all_of, place

ROUNDS = 30  # of Newton's method for the nearest point, of which it needs about ten
LAST = 1e-9  # of a step, after which the next one is rounding: each doubles the digits


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
            x, y, z = np.moveaxis(offset, -1, 0)
            depth: np.ndarray = self.semi_axes[0] - np.sqrt(x * x + y * y + z * z)
            return depth
        return _depth_of_ellipsoid(offset.reshape(-1, 3), np.array(self.semi_axes)).reshape(offset.shape[:-1])

    def names(self, points: np.ndarray) -> np.ndarray:
        """Its only one."""
        return all_of(self.name, points)


def _depth_of_ellipsoid(offset: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Distance of points from an ellipsoid around the origin, (p,) µm; positive inside.

    The nearest point is y with y_i = a_i² x_i / (t + a_i²), where t is the largest root of
    S(t) = Σ (a_i x_i / (t + a_i²))² = 1 (Hart 1994, Graphics Gems IV, p. 113); in units of the shortest axis t > -1.
    Newton's method for 1/√S = 1, which is concave and almost straight, comes to it from below (Moré & Sorensen 1983,
    SIAM J Sci Stat Comput 4:553), and begins at t = 0, which is the root of points on the surface.
    """
    shortest = axes.min()
    a, x = (axes / shortest)[:, None], np.abs(offset.T) / shortest
    x = np.maximum(x, 1e-12)  # off the planes between the octants, where the root may lie at their pole
    least = (a * x)[a.argmin()]  # of t + 1, which may be tiny
    beyond = np.maximum(least, 1.0)  # on the surface: from above the root the first step leads below it
    for _ in range(ROUNDS):
        poles = beyond + (a**2 - 1)
        terms = (a * x / poles) ** 2
        total = terms.sum(axis=0)
        step = total * (np.sqrt(total) - 1) / (terms / poles).sum(axis=0)
        last, beyond = beyond, np.maximum(beyond + step, least)
        if (np.abs(beyond - last) <= LAST * beyond).all():
            break
    nearest = a**2 * x / (beyond + (a**2 - 1))
    inside = ((x / a) ** 2).sum(axis=0) < 1
    distance = np.sqrt(((nearest - x) ** 2).sum(axis=0)) * shortest
    return np.where(inside, distance, -distance)
