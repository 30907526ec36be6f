"""Tetrahedra that lie in each other: space that would count twice."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mending import parts
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh, flatness, row_keys
from rdcalcium.surfaces.crossing import crossings
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.joining import FILE_ROUNDING, kept
from rdcalcium.surfaces.triangles import named, unit_rows
from rdcalcium.units import places

SLIVER = 1e-5  # flatness of tetrahedra that files which round may turn inside out


def require_no_overlap(mesh: TetrahedralMesh) -> None:
    """InputError where two tetrahedra are on the same side of their face, or a part without common nodes is in another.

    Likewise where the boundary goes through itself, as that of an arm does in another arm of its own part.
    """
    folded = _folded(mesh)
    if len(folded):
        raise InputError(
            f"tetrahedra overlap: {len(folded)} faces have both of theirs on one side, at {places(folded)}; mesh it "
            "again"
        )
    within = _within_others(mesh)
    if len(within):
        raise InputError(
            f"parts that share no node overlap: {len(within)} nodes of one are in another, at {places(within)}; make "
            "one volume of them before meshing"
        )
    through = _through_itself(mesh)
    if len(through):
        raise InputError(
            f"it goes through itself: {len(through)} pairs of triangles on its boundary cross, at {places(through)}; "
            "separate what overlaps there, or make one volume of it, before meshing"
        )


def _folded(mesh: TetrahedralMesh) -> np.ndarray:
    """Middles of faces, (k, 3) µm, round which both tetrahedra go the same way."""
    faces = mesh.tetrahedra[:, FACES].reshape(-1, 3)
    a, b, c = faces.T
    even = ((a > b).astype(int) + (a > c) + (b > c)) % 2 == 0
    keys = row_keys(faces)
    order = np.argsort(keys, kind="stable")
    pair = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    one, other = order[pair], order[pair + 1]
    thick = flatness(mesh.points, mesh.tetrahedra) > SLIVER
    which = one[(even[one] == even[other]) & thick[one // 4] & thick[other // 4]]
    middles: np.ndarray = mesh.points[faces[which]].mean(axis=1)
    return middles


def _through_itself(mesh: TetrahedralMesh) -> np.ndarray:
    """Middles of triangles of the boundary, (k, 3) µm, that go through others, and not by rounding alone."""
    boundary = kept(named(mesh.points, mesh.boundary()))
    pairs, corners = crossings(boundary), boundary.corners()
    far = FILE_ROUNDING * boundary.extent()
    through = np.all([_through(corners[one], corners[other]) > far for one, other in (pairs.T, pairs.T[::-1])], axis=0)
    middles: np.ndarray = corners[pairs[through, 0]].mean(axis=1)
    return middles


def _through(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far triangles reach beyond the planes of others, (k, 3, 3) µm both, on the side where that is less, (k,)."""
    a, b, c = (other[:, k] for k in range(3))
    heights = np.einsum("kj,kij->ki", unit_rows(np.cross(b - a, c - a)), own - a[:, None])
    less: np.ndarray = np.minimum(heights.max(axis=1), -heights.min(axis=1))
    return less


def _within_others(mesh: TetrahedralMesh) -> np.ndarray:
    """Nodes of the surface of a part, (k, 3) µm, that are in another part."""
    count, part = parts(mesh)
    if count == 1:
        return np.empty((0, 3))
    boundary = named(mesh.points, mesh.boundary())
    surfaces = [kept(boundary, part[boundary.faces[:, 0]] == number) for number in range(count)]
    far = FILE_ROUNDING * float(np.ptp(mesh.points, axis=0).max())
    found = []
    for one, other in permutations(surfaces, 2):
        low, high = one.points.min(axis=0), one.points.max(axis=0)
        near = other.points[((low < other.points) & (other.points < high)).all(axis=1)]
        found.append(near[Distances(one).depth(near) > far] if len(near) else near)
    return np.concatenate(found)
