"""How far points are from a closed surface, and on which side: exact wherever they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import Triangles

Place = tuple[float, float, float]

CHUNK = 1 << 16  # points at a time, for each takes some memory
ROUNDING = 1e-12  # of the largest coordinate: a foot that is nearer to a side or a corner is on it


@dataclass(frozen=True, eq=False)
class Near:
    """What is nearest to points.

    distance  (p,) µm
    triangle  (p,)
    foot      (p, 3) µm, the nearest point of it
    side      (p,) positive inside
    """

    distance: np.ndarray
    triangle: np.ndarray
    foot: np.ndarray
    side: np.ndarray


@dataclass(frozen=True, eq=False)
class Distances:
    """Of points from a surface whose normals point out of what it encloses."""

    triangles: Triangles

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self.triangles)

    @cached_property
    def _rounding(self) -> float:
        return ROUNDING * float(np.abs(self.triangles.points).max())

    @cached_property
    def _normals(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of triangles (m, 3), of their sides (m, 3, 3), and of corners (n, 3).

        With them the sign of a distance is right at edges and corners too: a side has the mean normal of both its
        triangles, a corner that of all round it, weighed by their angles (Baerentzen & Aanaes 2005, IEEE TVCG 11:243).
        """
        faces, corners = self.triangles.faces, self.triangles.corners()
        doubled = self.triangles.doubled_areas()
        length = np.linalg.norm(doubled, axis=1, keepdims=True)
        normal = doubled / np.where(length > 0, length, 1.0)
        edges = edges_of(faces)
        of_edge = np.zeros((len(edges.ends), 3))
        np.add.at(of_edge, edges.sides.ravel(), np.repeat(normal, 3, axis=0))
        to_next, to_last = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
        crossed = np.linalg.norm(np.cross(to_next, to_last), axis=2)
        angle = np.arctan2(crossed, (to_next * to_last).sum(axis=2))
        of_corner = np.zeros((len(self.triangles.points), 3))
        np.add.at(of_corner, faces.ravel(), (angle[:, :, None] * normal[:, None]).reshape(-1, 3))
        return normal, of_edge[edges.sides], of_corner

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Signed distance of points (p, 3) µm, (p,), positive inside."""
        flat = np.asarray(points, dtype=float).reshape(-1, 3)
        depth = np.empty(len(flat))
        for k in range(0, len(flat), CHUNK):
            once, place = _once(flat[k : k + CHUNK])
            near = self.nearest(once)
            depth[k : k + CHUNK] = np.copysign(near.distance, near.side)[place]
        return depth.reshape(np.shape(points)[:-1])

    def nearest(self, points: np.ndarray) -> Near:
        """What is nearest to points (p, 3) µm."""
        foot, triangle = self._locator.nearest(points)
        away = points - foot
        side = -(away * self._normal_at(foot, triangle)).sum(axis=1)
        return Near(np.linalg.norm(away, axis=1), triangle, foot, side)

    def foot(self, point: Place) -> Place:
        """The nearest point of the surface to one point, µm."""
        x, y, z = self.nearest(np.array([point])).foot[0].tolist()
        return x, y, z

    def _normal_at(self, foot: np.ndarray, triangle: np.ndarray) -> np.ndarray:
        """Of triangles, or where a foot is on a side or at a corner, of that one."""
        of_triangle, of_side, of_corner = self._normals
        corners = self.triangles.points[self.triangles.faces[triangle]]
        from_corner = foot[:, None] - corners
        along = np.roll(corners, -1, axis=1) - corners
        beside = np.linalg.norm(np.cross(from_corner, along), axis=2)
        on_side = beside <= self._rounding * np.linalg.norm(along, axis=2)
        at_corner = np.linalg.norm(from_corner, axis=2) <= self._rounding
        found: np.ndarray = of_triangle[triangle]
        row = np.flatnonzero(on_side.any(axis=1))
        found[row] = of_side[triangle[row], on_side[row].argmax(axis=1)]
        row = np.flatnonzero(at_corner.any(axis=1))
        found[row] = of_corner[self.triangles.faces[triangle[row], at_corner[row].argmax(axis=1)]]
        return found


def _once(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each of points (p, 3) once, as cells beside each other have their corners in common; and where each is, (p,)."""
    order = np.lexsort(points.T)
    ordered = points[order]
    new = np.ones(len(points), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(points), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return ordered[new], place
