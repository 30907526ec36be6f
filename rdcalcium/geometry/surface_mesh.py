"""Tetrahedra of a terminal whose membrane is a closed surface from a file: Gmsh meshes that surface anew."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.child import in_child
from rdcalcium.geometry.described_mesh import NEAR, described_mesh, described_nodes
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.occ import volumes
from rdcalcium.geometry.resolved import discs_of
from rdcalcium.model import Model, Tetrahedra
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.shapes.surface import SurfaceFile
from rdcalcium.solids import Solid, Surface, surface_points
from rdcalcium.surfaces import Triangles
from rdcalcium.surfaces.triangles import named
from rdcalcium.units import NM_PER_UM

SHARP = math.radians(40)  # between two triangles; along sharper edges Gmsh keeps the edge
PATIENCE, EACH = 60.0, 0.005  # s, and for each triangle and node; smooth surfaces take 0.0005 s for each
FACETS = 24  # along the extent of an obstacle that is no surface from a file


def surface_tetrahedra(model: Model, shape: SurfaceFile, choice: Tetrahedra) -> TetrahedralMesh:
    """The mesh of what a surface encloses, with the channels, sensors and probes of a model.

    As that of every described body, see `described_mesh`; its obstacles have to lie within, clear of each other. Pieces
    of the surface with names are told by the nearest triangle of the file, so that their rims are as ragged as edges
    are long. Gmsh may go on for ever on a rough surface, so it works in a process of its own, for a limited time.
    """
    channels = [shape.put_on(p) for group in model.channels for p in group.points]
    watched = [shape.put_on(p) for p in model.watched.values()]
    hollow = tuple(lumen.region for lumen in model.lumens.values())
    _require_apart(shape)
    discs = discs_of(shape, model.zones, choice.size_at_active_zone)
    limit = PATIENCE + EACH * (len(shape.closed.triangles.faces) + described_nodes(model, shape, choice))
    try:
        made = in_child(
            limit, described_mesh, shape, choice, channels, watched, hollow, discs=discs, add_body=_add_sheets
        )
    except subprocess.TimeoutExpired:
        raise _too_rough(shape, f"did not come to an end in {limit:.0f} s") from None
    return _named(made, shape)


def _too_rough(shape: SurfaceFile, what: object) -> InputError:
    """What is said of a surface that Gmsh cannot mesh."""
    count = len(shape.closed.triangles.faces)
    return InputError(
        f"Gmsh cannot mesh {shape.file}, of {count} triangles ({what}): smooth it or reduce "
        'its triangles where it comes from, or say [discretization] kind = "grid", which takes any closed surface'
    )


def _require_apart(shape: SurfaceFile) -> None:
    """InputError for an obstacle that touches the membrane or another one."""
    bodies = [(f"obstacle {o.name!r} {o.place}", o.solid) for o in shape.obstacles]
    for k, (name, solid) in enumerate(bodies):
        on = _corners(solid)
        if shape.outline.depth(on).min() <= 0:
            raise InputError(
                f"{name} reaches the membrane or beyond it; tetrahedra of a surface from a file need it within: "
                "move it, or cut it there where it comes from"
            )
        for other_name, other in bodies[:k]:
            if other.depth(on).max() >= 0 or solid.depth(_corners(other)).max() >= 0:
                raise InputError(f"{name} touches {other_name}: leave a gap between them, or join them in one file")


def _corners(solid: Solid) -> np.ndarray:
    """Points (p, 3) µm on a body."""
    if isinstance(solid, Surface):
        return solid.surface.triangles.points
    return surface_points(solid, 200)


def _add_sheets(gmsh: Any, shape: Described, hollow: Sequence[str], points: np.ndarray) -> None:
    """The surfaces as Gmsh sees them, volumes between them, and the points as vertices in these."""
    found = [_triangles(gmsh, solid) for solid in (shape.outline, *(o.solid for o in shape.obstacles))]
    first = 0
    for triangles in found:
        first = _add_triangles(gmsh, triangles, first)
    try:
        gmsh.model.mesh.classifySurfaces(SHARP, True, True, math.pi)
        gmsh.model.mesh.createGeometry()
    except Exception as error:  # the only class that Gmsh raises
        raise _too_rough(cast("SurfaceFile", shape), error) from None
    tags = _bodies(gmsh, shape)
    geo = gmsh.model.geo
    geo.addVolume([geo.addSurfaceLoop([tag for own in tags for tag in own])])
    for obstacle, own in zip(shape.obstacles, tags[1:], strict=True):
        if obstacle.name in hollow:
            geo.addVolume([geo.addSurfaceLoop(own)])
    geo.synchronize()
    _embed(gmsh, shape, hollow, tags, points)


def _triangles(gmsh: Any, solid: Solid) -> Triangles:
    """Those of a surface from a file; of any other body Gmsh makes them."""
    if isinstance(solid, Surface):
        return solid.surface.triangles
    before = gmsh.model.getCurrent()
    gmsh.model.add("body")
    volumes(solid, gmsh.model.occ)
    gmsh.model.occ.synchronize()
    extent = float(np.subtract(*solid.bounds[::-1]).min())
    gmsh.option.setNumber("Mesh.MeshSizeMax", NM_PER_UM * extent / FACETS)
    gmsh.model.mesh.generate(2)
    labels, nodes, _ = gmsh.model.mesh.getNodes()
    corners = gmsh.model.mesh.getElementsByType(2)[1].reshape(-1, 3)
    gmsh.model.remove()
    gmsh.model.setCurrent(before)
    gmsh.option.setNumber("Mesh.MeshSizeMax", 1e22)
    order = np.argsort(labels)
    return named(nodes.reshape(-1, 3) / NM_PER_UM, order[np.searchsorted(labels[order], corners)])


def _add_triangles(gmsh: Any, triangles: Triangles, first: int) -> int:
    """As a surface of their own, with nodes from a number on; the number of the next node."""
    tag = gmsh.model.addDiscreteEntity(2)
    numbers = first + 1 + np.arange(len(triangles.points))
    gmsh.model.mesh.addNodes(2, tag, numbers, (NM_PER_UM * triangles.points).ravel())
    gmsh.model.mesh.addElementsByType(tag, 2, [], (first + 1 + triangles.faces).ravel())
    return first + len(triangles.points)


def _bodies(gmsh: Any, shape: Described) -> list[list[int]]:
    """Tags of the surfaces of Gmsh that are the membrane, and those that each obstacle has."""
    solids = [shape.outline, *(obstacle.solid for obstacle in shape.obstacles)]
    tags: list[list[int]] = [[] for _ in solids]
    for _, tag in gmsh.model.getEntities(2):
        nodes = gmsh.model.mesh.getNodes(2, tag, includeBoundary=True)[1].reshape(-1, 3) / NM_PER_UM
        away = [float(np.abs(solid.depth(nodes)).mean()) for solid in solids]
        tags[int(np.argmin(away))].append(tag)
    return tags


def _embed(gmsh: Any, shape: Described, hollow: Sequence[str], tags: list[list[int]], points: np.ndarray) -> None:
    """Each point a vertex of the surface on which it lies, or of the volume in which it does."""
    solids = [shape.outline, *(obstacle.solid for obstacle in shape.obstacles)]
    lumens = [obstacle.solid for obstacle in shape.obstacles if obstacle.name in hollow]
    away = np.abs([solid.depth(points) for solid in solids])
    inside = np.array([np.zeros(len(points)), *(solid.depth(points) for solid in lumens)]).argmax(axis=0)
    for tag, point, on, volume in zip(
        _vertices(gmsh, points), (NM_PER_UM * points).tolist(), away.T, (1 + inside).tolist(), strict=True
    ):
        body = int(on.argmin())
        if on[body] < NEAR:
            gmsh.model.mesh.embed(0, [tag], 2, _nearest(gmsh, tags[body], point))
        else:
            gmsh.model.mesh.embed(0, [tag], 3, volume)


def _vertices(gmsh: Any, points: np.ndarray) -> list[int]:
    """Tags of points (p, 3) µm, which OpenCASCADE numbers from 1 on, unless there is one of a higher number."""
    occ = gmsh.model.occ
    occ.addPoint(0.0, 0.0, 0.0, 0.0, 1 + max([tag for _, tag in gmsh.model.getEntities(0)], default=0))
    tags = [occ.addPoint(*point) for point in (NM_PER_UM * points).tolist()]
    occ.synchronize()
    return tags


def _nearest(gmsh: Any, tags: list[int], point: list[float]) -> int:
    """Of some surfaces the one that is nearest to a point, nm."""
    return min(tags, key=lambda tag: math.dist(gmsh.model.getClosestPoint(2, tag, point)[0], point))


def _named(made: TetrahedralMesh, shape: SurfaceFile) -> TetrahedralMesh:
    """The mesh, whose membrane is divided as the pieces of the surface are."""
    pieces = shape.closed.triangles.pieces
    if len(pieces) < 2:
        return made
    whole = np.vstack([faces for name, faces in made.surfaces.items() if name in pieces])
    names = shape.outline.names(made.points[whole].mean(axis=1))
    surfaces = {name: faces for name, faces in made.surfaces.items() if name not in pieces}
    surfaces |= {name: whole[names == name] for name in pieces if (names == name).any()}
    return TetrahedralMesh(made.points, made.tetrahedra, made.regions, surfaces, made.remarks)
