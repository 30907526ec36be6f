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
    points, faces = triangles.points, triangles.faces
    found = []
    for pairs in _near(samples(triangles)):
        shared = (faces[pairs[:, 0]][:, :, None] == faces[pairs[:, 1]][:, None]).sum(axis=(1, 2))
        some = pairs[shared < 2]  # neighbours at an edge share it, and touch nowhere else unless they lie on each other
        through = np.zeros(len(some), dtype=bool)
        for one, other in ((0, 1), (1, 0)):
            corners, sides = points[faces[some[:, one]]], points[faces[some[:, other]]]
            for k in range(3):
                through |= _passes(sides[:, k], sides[:, (k + 1) % 3], corners)
        found.append(some[through])
    return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)


def _near(there: Samples) -> Iterator[np.ndarray]:
    """Pairs of triangles whose samples are so near that they may touch, each once, in chunks."""
    tree = there.tree
    known = np.zeros(0, dtype=np.int64)
    size = int(there.triangle.max()) + 1
    for start in range(0, len(there.points), CHUNK):
        own = cKDTree(there.points[start : start + CHUNK])
        near = own.sparse_distance_matrix(tree, 2 * there.radius, output_type="coo_matrix")
        one, other = there.triangle[start + near.row], there.triangle[near.col]
        keys = np.unique(one[one < other] * size + other[one < other])
        fresh = np.setdiff1d(keys, known, assume_unique=True)
        known = np.union1d(known, fresh)
        yield np.stack([fresh // size, fresh % size], axis=1)


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
