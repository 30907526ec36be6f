"""A ball of cytosol, meshed by Gmsh."""

from __future__ import annotations

from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.meshing import background, gmsh_model, meshed
from rdcalcium.units import NM_PER_UM


def sphere_mesh(radius: float, size: float) -> TetrahedralMesh:
    """A ball around the origin, its surface named "membrane".

    radius  µm
    size    µm, length of edges
    """
    with gmsh_model() as gmsh:
        gmsh.model.occ.addSphere(0, 0, 0, radius * NM_PER_UM)
        gmsh.model.occ.synchronize()
        points, tetrahedra, faces = meshed(gmsh, background(gmsh, [], size * NM_PER_UM))
    return TetrahedralMesh(points / NM_PER_UM, tetrahedra, surfaces={"membrane": faces})
