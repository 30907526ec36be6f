"""Triangles of all surfaces of a mesh in one list, for formats in which surfaces name triangles of it."""

from __future__ import annotations

import numpy as np

from rdcalcium.geometry.mesh import TetrahedralMesh, row_keys


def all_triangles(mesh: TetrahedralMesh) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Triangles of all surfaces, each once, and the places of each surface among them."""
    rows = np.vstack(list(mesh.surfaces.values()))
    _, first, inverse = np.unique(row_keys(rows), return_index=True, return_inverse=True)
    places = np.split(inverse, np.cumsum([len(faces) for faces in mesh.surfaces.values()])[:-1])
    return rows[first], dict(zip(mesh.surfaces, places, strict=True))
