"""Where a point lies among the nodes of a tetrahedral mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.discretization.base import PointWeights
from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import FACES, row_keys
from rdcalcium.solids.periodic import Periods
from rdcalcium.surfaces.curved import is_on
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose
from rdcalcium.units import nanometres

ON_NODE = 1e-6  # µm, a thousandth of the radius of a pore: a source this near to a node belongs to it alone
ON_FACE = 1e-6  # of the height of a tetrahedron: a source this near to a face lies on it, as most on a membrane do
INSIDE = -1e-9  # of that height, by which rounding puts a point outside a tetrahedron in which it is
CANDIDATES = (8, 64)  # nearest tetrahedra tried before all are
CHUNK = 10_000  # points at a time


@dataclass(frozen=True, eq=False)
class TetrahedronLocator:
    """Finds points among the nodes of a mesh, by barycentric weights of the tetrahedron around them.

    A point a little outside the mesh, as on a curved membrane (see surfaces/curved.py), is moved to the nearest facet.

    points      (n, 3)  µm
    tetrahedra  (m, 4)  nodes
    sizes       (n,)    µm, mean length of the edges of each control volume
    own         (n,)    control volume of each node
    periods     axes along which the mesh is one tile of many
    """

    points: np.ndarray
    tetrahedra: np.ndarray
    sizes: np.ndarray
    own: np.ndarray
    periods: Periods

    def weights(self, points: np.ndarray) -> PointWeights:
        """Barycentric weights, exact for linear fields; (p, 4) control volumes and weights."""
        points = self._within(points)
        parts = [self._located(points[start : start + CHUNK]) for start in range(0, len(points), CHUNK)]
        cells = np.concatenate([cell for cell, _ in parts] or [np.empty(0, dtype=np.int64)])
        shares = np.concatenate([share for _, share in parts] or [np.empty((0, 4))])
        return PointWeights(self.own[self.tetrahedra[cells]], _normalized(shares))

    def _within(self, points: np.ndarray) -> np.ndarray:
        """Points (p, 3) as they are, or their images in the tile."""
        points = np.atleast_2d(np.asarray(points, dtype=float))
        if self.periods:
            low = self._nodes.mins
            points = points.copy()
            for axis, period in self.periods.items():
                points[:, axis] = low[axis] + (points[:, axis] - low[axis]) % period
        return points

    def source_weights(self, points: np.ndarray) -> PointWeights:
        """The node alone at a node; on a face the weights of that triangle; else those of the tetrahedron.

        Every choice puts the centre of the source at the point, and on the membrane all of it in the
        membrane.
        """
        points = self._within(points)
        inside = self.weights(points)
        shares = _normalized(np.where(inside.weights < ON_FACE, 0.0, inside.weights))
        indices = inside.indices.copy()
        distance, node = self._nodes.query(points)
        alone = distance <= ON_NODE
        indices[alone] = self.own[node[alone], None]
        shares[alone] = (1.0, 0.0, 0.0, 0.0)
        return PointWeights(indices, shares)

    def near_fields(self, points: np.ndarray, pores: np.ndarray, kappas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zeros: the discrete field of a source on an irregular mesh has no closed form."""
        nothing = np.zeros((len(kappas), len(points), len(pores)))
        return nothing, nothing

    def knows_near(self, points: np.ndarray, pores: np.ndarray) -> np.ndarray:
        """Nowhere."""
        return np.zeros(len(points), dtype=bool)

    def widths(self, points: np.ndarray) -> np.ndarray:
        """Mean edge length around each point, the same along all axes, (p, 3) µm."""
        around = self.weights(points)
        return np.repeat((self.sizes[around.indices] * around.weights).sum(axis=1)[:, None], 3, axis=1)

    def widths_beside(self, points: np.ndarray) -> np.ndarray:
        """Mean edge length at the node nearest to each point (p, 3), which may lie anywhere, (p,) µm."""
        _, nearest = self._nodes.query(self._within(points))
        widths: np.ndarray = self.sizes[self.own[nearest]]
        return widths

    @cached_property
    def _nodes(self) -> cKDTree:
        return cKDTree(self.points)

    @cached_property
    def _centroids(self) -> cKDTree:
        return cKDTree(self.points[self.tetrahedra].mean(axis=1))

    @cached_property
    def _boxes(self) -> tuple[np.ndarray, np.ndarray]:
        corners = self.points[self.tetrahedra]
        low, high = corners.min(axis=1), corners.max(axis=1)
        margin = ON_NODE
        return low - margin, high + margin

    def _located(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tetrahedron (p,) and barycentric coordinates (p, 4) of each point."""
        if not np.isfinite(points).all():
            raise InputError(f"point {nanometres(points[~np.isfinite(points).all(axis=1)][0])} is not finite")
        cells = np.zeros(len(points), dtype=np.int64)
        shares = np.full((len(points), 4), -np.inf)
        left = np.arange(len(points))
        for count in CANDIDATES:
            if len(left):
                near = self._centroids.query(points[left], k=range(1, min(count, len(self.tetrahedra)) + 1))[1]
                cells[left], shares[left] = self._best(points[left], near)
                left = left[shares[left].min(axis=1) < INSIDE]
        for point in left:  # few: beside a sharp change of size, or outside
            self._search_all(point, points, cells, shares)
        return cells, shares

    @cached_property
    def _skin(self) -> tuple[np.ndarray, np.ndarray, Locator]:
        """Faces (k, 3, 3) that belong to one tetrahedron alone, that tetrahedron (k,), and what finds the nearest."""
        faces = self.tetrahedra[:, FACES].reshape(-1, 3)
        _, first, count = np.unique(row_keys(faces), return_index=True, return_counts=True)
        outer = first[count == 1]
        corners = self.points[faces[outer]]
        return corners, outer // len(FACES), Locator(loose(corners))

    def _search_all(self, point: np.integer, points: np.ndarray, cells: np.ndarray, shares: np.ndarray) -> None:
        low, high = self._boxes
        near = np.flatnonzero(((points[point] >= low) & (points[point] <= high)).all(axis=1))
        if len(near):
            cell, share = self._best(points[[point]], near[None, :])
            cells[point], shares[point] = cell[0], share[0]
        if not len(near) or shares[point].min() < INSIDE:
            cells[point], shares[point] = self._onto_skin(points[point])

    def _onto_skin(self, point: np.ndarray) -> tuple[int, np.ndarray]:
        """Tetrahedron and barycentric coordinates (4,) of the facet nearest to a point outside."""
        facets, owners, locator = self._skin
        (nearest,), (facet,) = locator.nearest(point[None])
        if not is_on(point, nearest, facets[facet]):
            away = nanometres(float(np.linalg.norm(nearest - point)), 3)
            at = nanometres(np.round(nearest, 9) + 0.0)  # and no -0
            raise InputError(
                f"point {nanometres(point)} lies outside the cytosol; the mesh is nearest at {at}, {away} away"
            )
        cell = int(owners[facet])
        return cell, self._barycentric(nearest[None, :], np.array([[cell]]))[0, 0]

    def _best(self, points: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the candidates (p, k), the tetrahedron whose smallest barycentric coordinate is largest."""
        shares = self._barycentric(points, candidates)
        pick = shares.min(axis=2).argmax(axis=1)
        rows = np.arange(len(points))
        return candidates[rows, pick], shares[rows, pick]

    def _barycentric(self, points: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Barycentric coordinates of each point in each of its tetrahedra, (p, k, 4)."""
        corners = self.points[self.tetrahedra[cells]]
        edges = np.swapaxes(corners[..., 1:, :] - corners[..., :1, :], -1, -2)
        offset = points[:, None, :] - corners[..., 0, :]
        last = np.linalg.solve(edges, offset[..., None])[..., 0]
        return np.concatenate([1 - last.sum(axis=-1, keepdims=True), last], axis=-1)


def _normalized(shares: np.ndarray) -> np.ndarray:
    shares = np.maximum(shares, 0.0)
    return shares / shares.sum(axis=1, keepdims=True)
