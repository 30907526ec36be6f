"""A ball of cytosol, alone or around another ball, meshed by Gmsh."""

from __future__ import annotations

import numpy as np

from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.meshing import gmsh_model, meshed
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.units import NM_PER_UM


def sphere_mesh(radius: float, size: float) -> TetrahedralMesh:
    """A ball around the origin, its surface named "membrane".

    radius  µm
    size    µm, length of edges
    """
    with gmsh_model() as gmsh:
        gmsh.model.occ.addSphere(0, 0, 0, radius * NM_PER_UM)
        gmsh.model.occ.synchronize()
        made = meshed(gmsh, Sizes(size, 0.1))
    return TetrahedralMesh(made.nodes / NM_PER_UM, made.tetrahedra)


def nested_spheres(inner: float, outer: float, size: float) -> TetrahedralMesh:
    """The same around a region "ER", a ball with the same centre.

    inner, outer  radii, µm
    size          µm, length of edges
    """
    with gmsh_model() as gmsh:
        balls = [(3, gmsh.model.occ.addSphere(0, 0, 0, radius * NM_PER_UM)) for radius in (inner, outer)]
        gmsh.model.occ.fragment(balls[:1], balls[1:])
        gmsh.model.occ.synchronize()
        made = meshed(gmsh, Sizes(size, 0.1))
    points = made.nodes / NM_PER_UM
    inside = np.linalg.norm(points[made.tetrahedra].mean(axis=1), axis=1) < inner
    return TetrahedralMesh(points, made.tetrahedra, {"ER": np.flatnonzero(inside)})
