"""The surface where tetrahedra end: all that is known of the form of a terminal that was read as a mesh."""

from __future__ import annotations

import numpy as np

from rdcalcium.results import CellComplex
from rdcalcium.solids import Surface
from rdcalcium.surfaces import ClosedSurface, Triangles

FACES = [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]]  # corners of a tetrahedron, counter-clockwise from outside


def ends_of(picture: CellComplex) -> Surface | None:
    """What the faces enclose that belong to one tetrahedron only; None of cells that are none."""
    if picture.connectivity.shape[1] != 4:
        return None
    faces = picture.connectivity[:, FACES].reshape(-1, 3)
    _, first, count = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
    used, outer = np.unique(faces[first[count == 1]], return_inverse=True)
    pieces = np.zeros(len(outer.reshape(-1, 3)), dtype=int)
    triangles = Triangles(picture.points[used], outer.reshape(-1, 3), ("membrane",), pieces)
    return Surface(ClosedSurface(triangles), "membrane")
