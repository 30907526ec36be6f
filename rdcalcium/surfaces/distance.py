"""How far points are from a closed surface, and on which side: exact where they are near it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.samples import Samples, samples
from rdcalcium.surfaces.triangles import Triangles

Place = tuple[float, float, float]

NEAREST = 8  # samples whose triangles are asked
CHUNK = 1 << 14  # points at a time, so that all about them stays in the cache
ROUNDS = 4  # of going towards the surface to see on which side a far point is


@dataclass(frozen=True, eq=False)
class Near:
    """What is nearest to points.

    distance  (p,) µm
    triangle  (p,)
    foot      (p, 3) µm, the nearest point of it
    side      (p,) positive inside; known where the nearest triangle is
    least     (p,) µm, a distance within which there is no surface
    """

    distance: np.ndarray
    triangle: np.ndarray
    foot: np.ndarray
    side: np.ndarray
    least: np.ndarray


@dataclass(frozen=True, eq=False)
class Distances:
    """Of points from a surface whose normals point out of what it encloses."""

    triangles: Triangles

    @cached_property
    def samples(self) -> Samples:
        """Points on it."""
        return samples(self.triangles)

    @cached_property
    def _planes(self) -> tuple[np.ndarray, ...]:
        """Of each triangle: its first corner, two sides, and what turns their products with a vector into shares."""
        a, b, c = (self.triangles.points[self.triangles.faces[:, k]] for k in range(3))
        u, v = b - a, c - a
        uu, uv, vv = (u * u).sum(axis=1), (u * v).sum(axis=1), (v * v).sum(axis=1)
        scale = uu * vv - uv**2
        inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        return a, u, v, uu, uv, vv, inverse

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
        """Signed distance of points (p, 3) µm, (p,), positive inside; far away too large by `radius` at most."""
        flat = np.asarray(points, dtype=float).reshape(-1, 3)
        depth = np.concatenate([np.zeros(0), *(self._depth(flat[k : k + CHUNK]) for k in range(0, len(flat), CHUNK))])
        return depth.reshape(np.shape(points)[:-1])

    def nearest(self, points: np.ndarray) -> Near:
        """What is nearest to points (p, 3) µm."""
        some = min(NEAREST, len(self.samples.points))
        away, which = self.samples.tree.query(points, some)
        away, which = away.reshape(len(points), -1), which.reshape(len(points), -1)
        candidates = self.samples.triangle[which]
        squared, shares = self._closest(points[:, None], candidates)
        best = squared.argmin(axis=1)
        row = np.arange(len(points))
        triangle, share = candidates[row, best], shares[row, best]
        a, u, v, *_ = (part[triangle] for part in self._planes)
        foot = a + share[:, :1] * u + share[:, 1:] * v
        return Near(
            np.sqrt(squared[row, best]),
            triangle,
            foot,
            -((points - foot) * self._normal_at(triangle, share)).sum(axis=1),
            np.maximum(away[:, -1] - self.samples.radius, 0.0),
        )

    def foot(self, point: Place) -> Place:
        """The nearest point of the surface to one point, µm."""
        x, y, z = self.nearest(np.array([point])).foot[0].tolist()
        return x, y, z

    def _depth(self, points: np.ndarray) -> np.ndarray:
        near = self.nearest(points)
        side, which, there, now = near.side, np.arange(len(points)), points, near
        # Where another triangle may be nearer, go towards the surface as far as there is none, and look from there.
        for _ in range(ROUNDS):
            unsure = (now.distance > now.least) & (now.least > 0)
            if not unsure.any():
                break
            way = (now.least / np.where(now.distance > 0, now.distance, 1.0))[unsure, None]
            there, which = there[unsure] + way * (now.foot - there)[unsure], which[unsure]
            now = self.nearest(there)
            side[which] = now.side
        return np.copysign(near.distance, side)

    def _closest(self, points: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared distance of points (p, 1, 3) from triangles (p, k), and the shares of both sides at the foot."""
        a, u, v, uu, uv, vv, inverse = (part[which] for part in self._planes)
        offset = points - a
        ou, ov = (offset * u).sum(axis=-1), (offset * v).sum(axis=-1)
        s, t = (vv * ou - uv * ov) * inverse, (uu * ov - uv * ou) * inverse
        outside = (s < 0) | (t < 0) | (s + t > 1) | (inverse == 0)
        here = np.nonzero(outside)
        s[here], t[here] = _on_sides(*(part[here] for part in (uu, uv, vv, ou, ov)))
        oo = (offset * offset).sum(axis=-1)
        squared = oo - 2 * (s * ou + t * ov) + s * s * uu + 2 * s * t * uv + t * t * vv
        return np.maximum(squared, 0.0), np.stack([s, t], axis=-1)

    def _normal_at(self, triangle: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Normal of the face, side or corner on which the feet (p, 2) lie, (p, 3)."""
        normal, of_side, of_corner = self._normals
        found = normal[triangle]
        third = 1 - share.sum(axis=1)
        on = np.stack([share[:, 1] <= EDGE, third <= EDGE, share[:, 0] <= EDGE], axis=1)  # sides ab, bc, ca
        for side in range(3):
            found = np.where(on[:, [side]], of_side[triangle, side], found)
        for corner in range(3):
            both = on[:, corner] & on[:, corner - 1]
            found = np.where(both[:, None], of_corner[self.triangles.faces[triangle, corner]], found)
        return found


EDGE = 1e-12  # share of a triangle, below which a foot is on its side


def _on_sides(
    uu: np.ndarray, uv: np.ndarray, vv: np.ndarray, ou: np.ndarray, ov: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of u and v at the nearest point of the three sides of triangles, from products of u, v and the offset."""
    zero = np.zeros_like(uu)
    on_u = np.clip(_ratio(ou, uu), 0, 1)
    on_v = np.clip(_ratio(ov, vv), 0, 1)
    ww = uu - 2 * uv + vv
    on_w = np.clip(_ratio(uu - uv + ov - ou, ww), 0, 1)  # from the end of u to that of v
    s, t = np.stack([on_u, zero, 1 - on_w]), np.stack([zero, on_v, on_w])
    squared = -2 * (s * ou + t * ov) + s * s * uu + 2 * s * t * uv + t * t * vv
    best = squared.argmin(axis=0)[None]
    return np.take_along_axis(s, best, axis=0)[0], np.take_along_axis(t, best, axis=0)[0]


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)
