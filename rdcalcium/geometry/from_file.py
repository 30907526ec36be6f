"""The mesh file of a model: read, and its membrane compared with the channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.files import read_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.nearest import is_on_facet, nearest_on_triangles
from rdcalcium.model import MeshFile, Model, Tetrahedra
from rdcalcium.model.model import off_membrane


def mesh_of_file(model: Model, geometry: MeshFile, choice: Tetrahedra) -> TetrahedralMesh:
    """The tetrahedra of a file; InputError for a channel that is not on its membrane."""
    channels = model.points_on_membrane()
    mesh = read_mesh(Path(geometry.file), geometry.length_unit, (geometry.membrane,) if channels else ())
    for name, point in channels.items():
        corners = mesh.points[mesh.surfaces[geometry.membrane]]
        nearest, triangle = nearest_on_triangles(np.array(point), corners)
        if not is_on_facet(np.array(point), nearest, corners[triangle]):
            raise InputError(off_membrane(name, point, nearest.tolist()) + unit_hint(model, mesh.points))
    return mesh


def unit_hint(model: Model, nodes: np.ndarray) -> str:
    """What to add to the complaint about a point of a model whose file was meant in another unit; nodes (n, 3) µm."""
    reach = np.abs([*model.points_of_interest().values()]).max(initial=0.0)
    return model.geometry.wrong_unit(float(np.abs(nodes).max()), float(reach))
