"""The ends of a mesh that is one tile of many: their nodes are the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh, Tiling, row_keys
from rdcalcium.surfaces.joining import FILE_ROUNDING
from rdcalcium.units import nanometres


def with_ends(mesh: TetrahedralMesh, name: str, periods: Mapping[int, float]) -> TetrahedralMesh:
    """A mesh that goes on at its other end, along axes with these periods (µm).

    name  of its file

    Raises InputError for a mesh that is not as long as its period, or whose opposite faces do not match.
    """
    same, slack = np.arange(len(mesh.points)), FILE_ROUNDING * float(np.ptp(mesh.points, axis=0).max())
    surfaces, points = dict(mesh.surfaces), mesh.points.copy()
    for axis, period in periods.items():
        letter, (low, high) = "xyz"[axis], (float(f(mesh.points[:, axis])) for f in (np.min, np.max))
        if abs(high - low - period) > slack:
            raise InputError(
                f"periodic says that {name} is {nanometres(period, 4)} long along {letter}, and it is "
                f"{nanometres(high - low, 4)}; say its own length, or leave {letter} out of periodic"
            )
        first, last = (np.abs(mesh.points[:, axis] - end) <= slack for end in (low, high))
        images = partners(mesh.points, np.flatnonzero(first), np.flatnonzero(last), axis, period, slack)
        if images is None or not _faces_match(mesh, np.flatnonzero(first), np.flatnonzero(last), images):
            raise InputError(
                f"the faces of {name} at both ends along {letter} do not match, corner by corner, so that it is no "
                f"tile: mesh it with periodic faces, as rdcalcium mesh does, or leave {letter} out of periodic"
            )
        points[first, axis] = low
        points[last] = points[images] + period * np.eye(3)[axis]
        same[last] = same[images]
        surfaces = {k: v[~(first[v].all(axis=1) | last[v].all(axis=1))] for k, v in surfaces.items()}
        faces = mesh.boundary()
        surfaces |= {f"{letter}_{end}": faces[on[faces].all(axis=1)] for end, on in (("min", first), ("max", last))}
    names = tuple(f"{'xyz'[axis]}_{end}" for axis in periods for end in ("min", "max"))
    return replace(mesh, points=points, surfaces=surfaces, tiling=Tiling(dict(periods), at_lower_ends(same), names))


def partners(
    points: np.ndarray, first: np.ndarray, last: np.ndarray, axis: int, period: float, slack: float
) -> np.ndarray | None:
    """Of nodes at the last end those at the first of which they are the images, (k,), one each; None where ends differ.

    points       (n, 3) µm
    first, last  (k,) nodes at both ends along an axis, which is `period` µm long
    slack        µm, by which a node may be off the image of its partner
    """
    if len(first) != len(last):
        return None
    away, nearest = cKDTree(points[first]).query(points[last] - period * np.eye(3)[axis])
    if away.max(initial=0.0) > slack or len(np.unique(nearest)) < len(first):
        return None
    found: np.ndarray = first[nearest]
    return found


def at_lower_ends(same: np.ndarray) -> np.ndarray:
    """Of each node the one at all lower ends, (n,); same: the one of which it is an image, or itself."""
    while (same[same] != same).any():
        same = same[same]
    return same


def _faces_match(mesh: TetrahedralMesh, first: np.ndarray, last: np.ndarray, images: np.ndarray) -> bool:
    """Whether the faces at both ends are the same, nodes of the last end taken for those they are images of."""
    found = np.arange(len(mesh.points))
    found[last] = images
    faces = mesh.boundary()
    at_first, at_last = (faces[np.isin(faces, nodes).all(axis=1)] for nodes in (first, last))
    keys = row_keys(np.vstack([at_first, found[at_last]]))
    return np.array_equal(np.sort(keys[: len(at_first)]), np.sort(keys[len(at_first) :]))
