"""The circumcentric (Voronoi) dual of a tetrahedral mesh: its faces, volumes and membrane areas."""

from __future__ import annotations

import numpy as np

from rdcalcium.discretization.base import SurfaceArea

# Each edge (i, j) of a tetrahedron with its two other corners (k, l).
EDGES = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 0, 2), (2, 3, 0, 1))

SMALLEST_SHARE = 0.3  # of the barycentric volume; smaller dual volumes are replaced (one ≤ 0 would end a run)
BLOCK = 1 << 15  # tetrahedra worked on at once, so that they stay in the cache


def edge_shares(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """What each tetrahedron adds to the conductance of its six edges, in the order of EDGES; (6, m) µm.

    With H_l the signed distance of the circumcentre from the face opposite to corner l (positive inwards) and
    θ_k the angle at corner k of that face (i, j, k), the dual face of edge ij inside the tetrahedron is two
    right triangles, of area / length = (cot θ_k H_l + cot θ_l H_k) / 4.
    """
    shares = np.empty((6, len(tetrahedra)))
    for start in range(0, len(tetrahedra), BLOCK):
        block = slice(start, start + BLOCK)
        shares[:, block] = _edge_shares(points[tetrahedra[block]])
    return shares


def _edge_shares(corners: np.ndarray) -> np.ndarray:
    normals, heights = _faces_and_heights(corners)
    squared = {}
    for i, j, *_ in EDGES:
        squared[i, j] = squared[j, i] = ((corners[:, i] - corners[:, j]) ** 2).sum(axis=1)

    def cotangent(i: int, j: int, k: int, face: int) -> np.ndarray:  # at k in the triangle (i, j, k)
        return (squared[i, k] + squared[j, k] - squared[i, j]) / 2 / normals[face]

    return np.stack(
        [(cotangent(i, j, k, l) * heights[l] + cotangent(i, j, l, k) * heights[k]) / 4 for i, j, k, l in EDGES]
    )


def _faces_and_heights(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the area of each face (4, b) µm², and the signed height of the circumcentre above it, µm."""
    u, v, w = (corners[:, k] - corners[:, 0] for k in (1, 2, 3))
    vw, wu, uv = np.cross(v, w), np.cross(w, u), np.cross(u, v)
    uu, vv, ww = ((a * a).sum(axis=1, keepdims=True) for a in (u, v, w))
    centre = (uu * vw + vv * wu + ww * uv) / (2 * (u * vw).sum(axis=1, keepdims=True))
    outward = np.stack([vw + wu + uv, -vw, -wu, -uv])
    doubled = np.linalg.norm(outward, axis=2)
    above = np.stack([centre - u, centre, centre, centre])
    return doubled, -(above * outward).sum(axis=2) / doubled


def corner_volumes(points: np.ndarray, tetrahedra: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Volume of the dual cell of each corner inside each tetrahedron, Σ_edges |e|² share / 6; (m, 4) µm³."""
    volumes = np.zeros(tetrahedra.shape)
    for share, (i, j, *_) in zip(shares, EDGES, strict=True):
        part = ((points[tetrahedra[:, i]] - points[tetrahedra[:, j]]) ** 2).sum(axis=1) * share / 6
        volumes[:, i] += part
        volumes[:, j] += part
    return volumes


def guarded_sums(members: np.ndarray, dual: np.ndarray, measure: np.ndarray) -> tuple[np.ndarray, int]:
    """Volume (or area) of each node, circumcentric unless that is too small; in sum exact.

    Where a node gets less than SMALLEST_SHARE of its barycentric measure, the simplices around it are shared
    evenly between their corners instead, until no node is left.

    members  (m, c)  nodes of each simplex
    dual     (m, c)  µm³ (µm²), circumcentric share of each corner
    measure  (m,)    µm³ (µm²), of the simplex
    returns  (n,) µm³ (µm²) and the number of nodes that needed it
    """
    even = np.broadcast_to(measure[:, None] / members.shape[1], members.shape)
    least = SMALLEST_SHARE * np.bincount(members.ravel(), even.ravel())
    low = np.zeros(len(least), dtype=bool)
    while True:
        replaced = low[members].any(axis=1, keepdims=True)
        sums = np.bincount(members.ravel(), np.where(replaced, even, dual).ravel())
        fresh = (sums < least) & ~low
        if not fresh.any():
            return sums, int(low.sum())
        low |= fresh


def surface_area(points: np.ndarray, faces: np.ndarray) -> SurfaceArea:
    """Circumcentric share of a surface that each of its nodes carries, µm²; positive, and in sum the area.

    In a triangle (i, j, k), edge ij gives |e|² cot θ_k / 8 to i and to j.
    """
    nodes, members = np.unique(faces, return_inverse=True)
    members = members.reshape(-1, 3)
    corners = points[faces]
    doubled = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    dual = np.zeros(faces.shape)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        a, b = corners[:, i] - corners[:, k], corners[:, j] - corners[:, k]
        part = ((a - b) ** 2).sum(axis=1) * (a * b).sum(axis=1) / doubled / 8
        dual[:, i] += part
        dual[:, j] += part
    return SurfaceArea(nodes, guarded_sums(members, dual, doubled / 2)[0])
