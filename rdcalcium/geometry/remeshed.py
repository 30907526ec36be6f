"""The surface of one body in triangles whose sides are as long as wanted, made by Gmsh."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.geometry.meshing import use_sizes
from rdcalcium.geometry.occ import volumes
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.unmeshed import UnmeshedError
from rdcalcium.solids import Solid, Surface
from rdcalcium.surfaces import Triangles
from rdcalcium.surfaces.collapsing import collapsed
from rdcalcium.surfaces.crossing import crossings
from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose, named
from rdcalcium.units import NM_PER_UM, SAME_PLACE, places

# Between two triangles; along sharper edges Gmsh keeps the edge. It refuses a surface where such edges end somewhere
# within it, as on a rough one: then only sharper ones are kept, and none in the end.
SHARP = tuple(math.radians(angle) for angle in (40, 60, 90, 180))
SHORT = 0.5  # of the wanted length: Gmsh cuts surfaces into patches, and leaves shorter edges where they meet


def remeshed(gmsh: Any, solid: Solid, sizes: Sizes, points: np.ndarray) -> Triangles:
    """The surface of a body, normals outwards.

    points  (p, 3) µm on it, which become corners
    """
    if isinstance(solid, Surface):
        return _of_triangles(gmsh, solid, sizes, points)
    return _drawn_together(_meshed(gmsh, sizes, partial(_add_body, gmsh, solid, points)), sizes, points)


def _drawn_together(found: Triangles, sizes: Sizes, points: np.ndarray) -> Triangles:
    """Without edges that are far too short, and with the points (p, 3) µm that were wanted."""
    held = np.zeros(len(found.points), dtype=bool)
    if len(points):
        away, nearest = cKDTree(found.points).query(points)
        held[nearest[away < SAME_PLACE]] = True
    return collapsed(found, SHORT * sizes.at(found.points), held)


def _of_triangles(gmsh: Any, solid: Surface, sizes: Sizes, points: np.ndarray) -> Triangles:
    """With as many of its sharp edges as Gmsh takes; UnmeshedError where it takes none, or makes what is not closed."""
    trouble: Exception | None = None
    for angle in SHARP:
        try:
            found = _meshed(gmsh, sizes, partial(_add_patches, gmsh, solid, points, angle))
            made = _drawn_together(found, sizes, points)
            _require_sound(made)
            return made
        except Exception as error:
            if type(error) not in (Exception, UnmeshedError):  # Gmsh raises the first alone
                raise
            trouble = error
    raise UnmeshedError(str(trouble))


def _require_sound(made: Triangles) -> None:
    """UnmeshedError for triangles that are open, or go through each other: nothing could be filled between them."""
    edges = edges_of(made.faces)
    flaws = made.points[edges.ends[edges.count != 2]].mean(axis=1)
    what = "left open"
    if not len(flaws):
        flaws, what = made.corners()[crossings(made)[:, 0]].mean(axis=1), "made to go through itself"
    if len(flaws):
        raise UnmeshedError(f"its surface was {what} at {places(flaws)}")


def _meshed(gmsh: Any, sizes: Sizes, add: Callable[[], None]) -> Triangles:
    """Triangles on what is added to a model of its own."""
    before = gmsh.model.getCurrent()
    gmsh.model.add("sheet")
    try:
        add()
        use_sizes(gmsh, sizes)
        gmsh.model.mesh.generate(2)
        return _found(gmsh)
    finally:
        gmsh.model.remove()
        gmsh.model.setCurrent(before)


def _add_body(gmsh: Any, solid: Solid, points: np.ndarray) -> None:
    """The body as OpenCASCADE makes it."""
    occ = gmsh.model.occ
    body = volumes(solid, occ)
    if len(points):
        occ.fragment(body, [(0, occ.addPoint(*point)) for point in (NM_PER_UM * points).tolist()])
    occ.synchronize()


def _add_patches(gmsh: Any, solid: Surface, points: np.ndarray, angle: float) -> None:
    """Patches that Gmsh has coordinates on, with the points in them."""
    triangles = solid.surface.triangles
    add_triangles(gmsh, triangles, 0)
    gmsh.model.mesh.classifySurfaces(angle, True, True, math.pi)
    gmsh.model.mesh.createGeometry()
    patches = [(tag, _corners(gmsh, tag)) for _, tag in gmsh.model.getEntities(2)]
    corners = np.concatenate([own for _, own in patches])
    of = np.repeat([tag for tag, _ in patches], [len(own) for _, own in patches])
    nearest = Locator(loose(corners)).nearest(points)[1]
    for vertex, tag in zip(_vertices(gmsh, points), of[nearest].tolist(), strict=True):
        gmsh.model.mesh.embed(0, [vertex], 2, tag)


def add_triangles(gmsh: Any, triangles: Triangles, first: int) -> int:
    """As a surface of their own, with nodes from a number on; its tag."""
    tag: int = gmsh.model.addDiscreteEntity(2)
    numbers = first + 1 + np.arange(len(triangles.points))
    gmsh.model.mesh.addNodes(2, tag, numbers, (NM_PER_UM * triangles.points).ravel())
    gmsh.model.mesh.addElementsByType(tag, 2, [], (first + 1 + triangles.faces).ravel())
    return tag


def _corners(gmsh: Any, tag: int) -> np.ndarray:
    """Of the triangles of a surface, (k, 3, 3) µm."""
    points, faces = _numbered(gmsh, gmsh.model.mesh.getElementsByType(2, tag)[1])
    return points[faces]


def _found(gmsh: Any) -> Triangles:
    """All triangles of the model."""
    return kept(named(*_numbered(gmsh, gmsh.model.mesh.getElementsByType(2)[1])))


def _numbered(gmsh: Any, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 3) µm of all nodes, and numbers of some labels among them in threes."""
    known, nodes, _ = gmsh.model.mesh.getNodes()
    order = np.argsort(known)
    return nodes.reshape(-1, 3) / NM_PER_UM, order[np.searchsorted(known[order], labels)].reshape(-1, 3)


def _vertices(gmsh: Any, points: np.ndarray) -> list[int]:
    """Tags of points (p, 3) µm, which OpenCASCADE numbers from 1 on, unless there is one of a higher number."""
    occ = gmsh.model.occ
    occ.addPoint(0.0, 0.0, 0.0, 0.0, 1 + max([tag for _, tag in gmsh.model.getEntities(0)], default=0))
    tags = [occ.addPoint(*point) for point in (NM_PER_UM * points).tolist()]
    occ.synchronize()
    return tags
