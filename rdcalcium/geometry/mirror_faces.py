"""The faces of a mesh that lie on mirror planes: surfaces of their own, and no part of any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.surfaces.joining import FILE_ROUNDING
from rdcalcium.units import nanometres, nanometres_to


def with_mirrors(mesh: TetrahedralMesh, name: str, planes: Mapping[int, str]) -> TetrahedralMesh:
    """A mesh whose boundary at x = 0 is a mirror plane, or at y = 0; its nodes there are put on the plane.

    name    of its file
    planes  axis that each plane is normal to -> what its faces are called

    Raises InputError for a mesh that lies on both sides of a plane, or has no faces on it.
    """
    for axis, called in planes.items():
        mesh = _with_mirror(mesh, name, axis, called)
    return mesh


def _with_mirror(mesh: TetrahedralMesh, name: str, axis: int, called: str) -> TetrahedralMesh:
    """The mesh with one plane."""
    points, rounding = mesh.points.copy(), FILE_ROUNDING * float(np.ptp(mesh.points, axis=0).max())
    on_plane = np.abs(points[:, axis]) <= rounding
    points[on_plane, axis] = 0.0
    faces = mesh.boundary()
    faces = faces[on_plane[faces].all(axis=1)]
    low, high, letter = float(points[:, axis].min()), float(points[:, axis].max()), "xyz"[axis]
    if low < 0:
        raise InputError(
            f'symmetry = ["{letter}"] computes only {letter} >= 0, and {name} goes from {nanometres_to(low, high, 4)}; '
            f"bring the half of it at {letter} >= 0, or leave {letter} out of symmetry"
        )
    if not len(faces):
        raise InputError(
            f'symmetry = ["{letter}"] needs faces on the plane {letter} = 0, and {name} begins at {letter} = '
            f"{nanometres(low, 4)}; move it there, or leave {letter} out of symmetry"
        )
    surfaces = {other: rows[~on_plane[rows].all(axis=1)] for other, rows in mesh.surfaces.items() if other != called}
    return replace(mesh, points=points, surfaces={**surfaces, called: faces})
