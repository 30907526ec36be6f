"""The circumcentric (Voronoi) dual of a tetrahedral mesh: its faces, volumes and membrane areas."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rdcalcium.discretization.base import SurfaceArea
from rdcalcium.geometry.vectors import blocks, by_axis, corners, cross, dot

# Each edge (i, j) of a tetrahedron with its two other corners (k, l).
EDGES = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 0, 2), (2, 3, 0, 1))

SMALLEST_SHARE = 0.3  # of the barycentric volume; smaller dual volumes are replaced (one ≤ 0 would end a run)


def edge_shares(points: np.ndarray, tetrahedra: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each tetrahedron adds to the conductance of its six edges and to the volumes of its corners; its volume.

    With H_l the signed distance of the circumcentre from the face opposite to corner l (positive inwards) and
    θ_k the angle at corner k of that face (i, j, k), the dual face of edge ij inside the tetrahedron is two
    right triangles, of area / length = (cot θ_k H_l + cot θ_l H_k) / 4. The volume of the dual cell of a corner inside
    the tetrahedron is Σ_edges |e|² share / 6.

    returns  (6, m) µm, in the order of EDGES, (m, 4) µm³ and (m,) µm³
    """
    count, axes = len(tetrahedra), by_axis(points)
    shares, volumes, measure = np.empty((6, count)), np.empty((4, count)), np.empty(count)
    for block in blocks(count):
        shares[:, block], volumes[:, block], measure[block] = _edge_shares(corners(axes, tetrahedra[block]))
    return shares, volumes.T, measure


def _edge_shares(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of tetrahedra with their corners at (4, 3, b) µm: (6, b), (4, b) and (b,)."""
    doubled, heights, measure = _faces_and_heights(at)
    squared = {}
    for i, j, *_ in EDGES:
        side = at[i] - at[j]
        squared[i, j] = squared[j, i] = dot(side, side)

    def cotangent(i: int, j: int, k: int, face: int) -> np.ndarray:  # at k in the triangle (i, j, k)
        return (squared[i, k] + squared[j, k] - squared[i, j]) / 2 / doubled[face]

    shares = [(cotangent(i, j, k, l) * heights[l] + cotangent(i, j, l, k) * heights[k]) / 4 for i, j, k, l in EDGES]
    volumes = np.zeros((4, at.shape[2]))
    for share, (i, j, *_) in zip(shares, EDGES, strict=True):
        part = squared[i, j] * share / 6
        volumes[i] += part
        volumes[j] += part
    return np.stack(shares), volumes, measure


def _faces_and_heights(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twice the area of each face (4, b) µm², the signed height of the circumcentre above it, µm; volumes (b,) µm³."""
    u, v, w = (at[k] - at[0] for k in (1, 2, 3))
    vw, wu, uv = cross(v, w), cross(w, u), cross(u, v)
    six_volumes = dot(u, vw)
    centre = (dot(u, u) * vw + dot(v, v) * wu + dot(w, w) * uv) / (2 * six_volumes)
    outward = (vw + wu + uv, -vw, -wu, -uv)
    doubled = np.sqrt([dot(normal, normal) for normal in outward])
    above = (centre - u, centre, centre, centre)
    heights = [-dot(a, normal) for a, normal in zip(above, outward, strict=True)]
    return doubled, np.array(heights) / doubled, six_volumes / 6


def guarded_sums(members: np.ndarray, dual: np.ndarray, measure: np.ndarray) -> tuple[np.ndarray, int]:
    """Volume (or area) of each node, circumcentric unless that is too small; in sum exact.

    Where a node gets less than SMALLEST_SHARE of its barycentric measure, the simplices around it are shared
    evenly between their corners instead, until no node is left.

    members  (m, c)  nodes of each simplex
    dual     (m, c)  µm³ (µm²), circumcentric share of each corner
    measure  (m,)    µm³ (µm²), of the simplex
    returns  (n,) µm³ (µm²) and the number of nodes that needed it
    """
    size, even = int(members.max()) + 1, measure / members.shape[1]
    least = SMALLEST_SHARE * _sums(members, [even] * members.shape[1], size)
    sums, low = _sums(members, dual.T, size), np.zeros(size, dtype=bool)
    while (fresh := (sums < least) & ~low).any():
        low |= fresh
        replaced = np.logical_or.reduce([low[nodes] for nodes in members.T])
        sums = _sums(members, [np.where(replaced, even, share) for share in dual.T], size)
    return sums, int(low.sum())


def _sums(members: np.ndarray, shares: Iterable[np.ndarray], size: int) -> np.ndarray:
    """Sum of what simplices (m, c) give to each node, by their corners: of each the shares (m,) of all of them."""
    total = np.zeros(size)
    for nodes, share in zip(members.T, shares, strict=True):
        total += np.bincount(nodes, share, size)
    return total


def surface_area(points: np.ndarray, faces: np.ndarray, share: np.ndarray | None = None) -> SurfaceArea:
    """Circumcentric share of a surface that each of its nodes carries, µm²; positive, and in sum the area.

    In a triangle (i, j, k), edge ij gives |e|² cot θ_k / 8 to i and to j.

    share  (k,) of each triangle that counts; none: all of them as a whole
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
    counts = np.ones(len(faces)) if share is None else share
    return SurfaceArea(nodes, guarded_sums(members, dual * counts[:, None], counts * doubled / 2)[0])
