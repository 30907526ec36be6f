"""Which triangles meet at which edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.surfaces.triangles import Triangles, unit_rows


@dataclass(frozen=True, eq=False)
class Edges:
    """Those of triangles; a triangle's side goes from its first to its second corner, and so on.

    ends   (e, 2)     corners, the lower first
    sides  (m, 3)     number of the edge that each side of a triangle lies on
    count  (e,)       sides there
    along  (m, 3)     whether the side goes from the lower corner to the higher one
    """

    ends: np.ndarray
    sides: np.ndarray
    count: np.ndarray
    along: np.ndarray


def edges_of(faces: np.ndarray) -> Edges:
    """Those of triangles (m, 3)."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    base = int(faces.max(initial=0)) + 1  # both ends as one number, of which hundreds of thousands are sorted sooner
    keys = np.minimum(start, end) * base + np.maximum(start, end)
    known, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    ends = np.stack(np.divmod(known, base), axis=1)
    return Edges(ends, place.reshape(-1, 3), count, (start < end).reshape(-1, 3))


def neighbours(edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of triangles at the edges of two (k, 2), and whether both go along the edge the same way (k,)."""
    sides, along = edges.sides.ravel(), edges.along.ravel()
    order = np.argsort(sides, kind="stable")
    first = np.cumsum(edges.count) - edges.count
    both = first[edges.count == 2]
    pairs = np.stack([order[both], order[both + 1]], axis=1)
    same: np.ndarray = along[pairs[:, 0]] == along[pairs[:, 1]]
    return pairs // 3, same


def sheets(edges: Edges) -> tuple[int, np.ndarray]:
    """How many sheets the triangles make that share no edge, and to which each belongs (m,)."""
    size = len(edges.sides)
    rows = np.repeat(np.arange(size), 3)
    touching = coo_array((np.ones(3 * size, dtype=bool), (rows, edges.sides.ravel())), (size, len(edges.ends))).tocsr()
    count, label = connected_components(touching @ touching.T, directed=False)
    return int(count), label


def mean_edge(triangles: Triangles) -> float:
    """How long edges are on average, µm."""
    a, b = (triangles.points[ends] for ends in edges_of(triangles.faces).ends.T)
    return float(np.linalg.norm(b - a, axis=1).mean())


def sharp_edges(triangles: Triangles, angle: float) -> float:
    """Share of the edges at which both triangles are bent by more than an angle (radians)."""
    normals = unit_rows(triangles.doubled_areas())
    one, other = neighbours(edges_of(triangles.faces))[0].T
    return float(((normals[one] * normals[other]).sum(axis=1) < np.cos(angle)).mean())
