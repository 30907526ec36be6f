"""Triangles of a surface that go through each other, or lie on each other in one plane."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.surfaces.joining import FILE_ROUNDING
from rdcalcium.surfaces.samples import Samples, samples
from rdcalcium.surfaces.triangles import Triangles, unit_rows

INSIDE = 1e-6  # of a triangle: how far beyond its plane an edge has to go, and how far off a side it may pass
CHUNK = 1 << 16  # corners of a tree, whose neighbours are looked for at once


def crossings(triangles: Triangles) -> np.ndarray:
    """Pairs of triangles of which a side of one passes through the other, or which overlap in one plane, (k, 2).

    Where two bodies have faces in one plane nothing passes through these, though the bodies go through each other.
    """
    corners, rounding = triangles.corners(), FILE_ROUNDING * triangles.extent()
    low, high = corners.min(axis=1), corners.max(axis=1)
    found = [np.zeros((0, 2), dtype=np.int64)]
    for one, other in _near(samples(triangles)):
        meet = (low[one] <= high[other]).all(axis=1) & (low[other] <= high[one]).all(axis=1)
        pairs = np.stack([one[meet], other[meet]], axis=1)
        shared = (triangles.faces[pairs[:, 0]][:, :, None] == triangles.faces[pairs[:, 1]][:, None]).sum(axis=(1, 2))
        # Neighbours at an edge share it, and touch nowhere else unless they lie on each other. At a corner a flat piece
        # may be folded a little where it was badly divided, which changes nothing of what is inside.
        found += [_crossing(corners, pairs[shared < 2]), _overlapping(corners, pairs[shared == 0], rounding)]
    return np.unique(np.concatenate(found), axis=0)


def _near(there: Samples) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of triangles whose samples are so near that they may touch, some of them twice, in chunks."""
    tree = there.tree
    for start in range(0, len(there.points), CHUNK):
        own = cKDTree(there.points[start : start + CHUNK])
        near = own.sparse_distance_matrix(tree, 2 * there.radius, output_type="ndarray")
        one, other = there.triangle[start + near["i"]], there.triangle[near["j"]]
        yield one[one < other], other[one < other]


def _crossing(corners: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Those of some pairs (k, 2) that cross: most have one triangle on one side of the plane of the other."""
    for one, other in ((0, 1), (1, 0)):
        pairs = pairs[_on_both_sides(corners[pairs[:, one]], corners[pairs[:, other]])]
    through = np.zeros(len(pairs), dtype=bool)
    for one, other in ((0, 1), (1, 0)):
        own, sides = corners[pairs[:, one]], corners[pairs[:, other]]
        for k in range(3):
            through |= _passes(sides[:, k], sides[:, (k + 1) % 3], own)
    return pairs[through]


def _overlapping(corners: np.ndarray, pairs: np.ndarray, rounding: float) -> np.ndarray:
    """Those of some pairs (k, 2) that lie in one plane and have some of it in common, by their coordinates (µm)."""
    for one, other in ((0, 1), (1, 0)):
        pairs = pairs[_in_plane(corners[pairs[:, one]], corners[pairs[:, other]], rounding)]
    for one, other in ((0, 1), (1, 0)):
        pairs = pairs[~_divided(corners[pairs[:, one]], corners[pairs[:, other]], rounding)]
    return pairs


def _in_plane(one: np.ndarray, other: np.ndarray, rounding: float) -> np.ndarray:
    """Whether other triangles (k, 3, 3) lie in the planes of some, (k,)."""
    normal = unit_rows(np.cross(one[:, 1] - one[:, 0], one[:, 2] - one[:, 0]))
    there: np.ndarray = (np.abs(np.einsum("kj,kij->ki", normal, other - one[:, :1])) <= rounding).all(axis=1)
    return there


def _divided(one: np.ndarray, other: np.ndarray, rounding: float) -> np.ndarray:
    """Whether other triangles (k, 3, 3) of the same plane lie beyond the line of a side of some, (k,).

    Two that are apart have such a side, of one or the other.
    """
    apart = np.zeros(len(one), dtype=bool)
    for k in range(3):
        along = one[:, (k + 1) % 3] - one[:, k]
        outwards = unit_rows(np.cross(along, np.cross(along, one[:, (k + 2) % 3] - one[:, k])))
        beyond = np.einsum("kj,kij->ki", outwards, other - one[:, k, None])
        apart |= (beyond >= -rounding).all(axis=1)
    return apart


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
