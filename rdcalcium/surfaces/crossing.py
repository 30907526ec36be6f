"""Triangles of a surface that go through each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.surfaces.samples import Samples, samples
from rdcalcium.surfaces.triangles import Triangles

INSIDE = 1e-6  # of a triangle: how far beyond its plane an edge has to go, and how far off a side it may pass
CHUNK = 1 << 16  # corners of a tree, whose neighbours are looked for at once


def crossings(triangles: Triangles) -> np.ndarray:
    """Pairs of triangles that go through each other, (k, 2): a side of one passes through the other."""
    corners = triangles.corners()
    low, high = corners.min(axis=1), corners.max(axis=1)
    found = [np.zeros((0, 2), dtype=np.int64)]
    for one, other in _near(samples(triangles)):
        meet = (low[one] <= high[other]).all(axis=1) & (low[other] <= high[one]).all(axis=1)
        pairs = np.stack([one[meet], other[meet]], axis=1)
        found.append(pairs[_cross(triangles.faces, corners, pairs)])
    return np.unique(np.concatenate(found), axis=0)


def _near(there: Samples) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of triangles whose samples are so near that they may touch, some of them twice, in chunks."""
    tree = there.tree
    for start in range(0, len(there.points), CHUNK):
        own = cKDTree(there.points[start : start + CHUNK])
        near = own.sparse_distance_matrix(tree, 2 * there.radius, output_type="ndarray")
        one, other = there.triangle[start + near["i"]], there.triangle[near["j"]]
        yield one[one < other], other[one < other]


def _cross(faces: np.ndarray, corners: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Which pairs (k, 2) cross, (k,): most have one triangle on one side of the plane of the other."""
    found = np.zeros(len(pairs), dtype=bool)
    shared = (faces[pairs[:, 0]][:, :, None] == faces[pairs[:, 1]][:, None]).sum(axis=(1, 2))
    # Neighbours at an edge share it, and touch nowhere else unless they lie on each other.
    some = np.flatnonzero(shared < 2)
    for one, other in ((0, 1), (1, 0)):
        some = some[_on_both_sides(corners[pairs[some, one]], corners[pairs[some, other]])]
    through = np.zeros(len(some), dtype=bool)
    for one, other in ((0, 1), (1, 0)):
        own, sides = corners[pairs[some, one]], corners[pairs[some, other]]
        for k in range(3):
            through |= _passes(sides[:, k], sides[:, (k + 1) % 3], own)
    found[some] = through
    return found


def _on_both_sides(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether corners of other triangles (k, 3, 3) lie on both sides of the planes of some, (k,)."""
    normal = np.cross(one[:, 1] - one[:, 0], one[:, 2] - one[:, 0])
    heights = np.einsum("kj,kij->ik", normal, other - one[:, :1])
    both: np.ndarray = (heights.min(axis=0) < 0) & (heights.max(axis=0) > 0)
    return both


def _passes(start: np.ndarray, end: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Whether sides from start to end (k, 3) pass through triangles (k, 3, 3); those that only touch do not.

    A side that passes through a side of the triangle does so: where a surface meets its mirror image, all of them do.
    By the volumes of the tetrahedra that the ends, and the side with each side of the triangle, span.
    """
    a, b, c = (corners[:, k] for k in range(3))
    normal = np.cross(b - a, c - a)
    above, below = ((normal * (point - a)).sum(axis=1) for point in (start, end))
    apart = np.abs(above) + np.abs(below)
    along = end - start
    volumes = np.stack([(along * np.cross(p - start, q - start)).sum(axis=1) for p, q in ((a, b), (b, c), (c, a))])
    total = volumes.sum(axis=0)
    scale = np.where(total == 0, 1.0, total)
    size = np.linalg.norm(normal, axis=1) * np.linalg.norm(along, axis=1)
    through = (
        (above * below < 0) & (np.minimum(np.abs(above), np.abs(below)) > INSIDE * apart) & (apart > INSIDE * size)
    )
    inside: np.ndarray = (volumes / scale > -INSIDE).all(axis=0) & through
    return inside
