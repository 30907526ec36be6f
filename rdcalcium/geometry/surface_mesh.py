"""Tetrahedra of a terminal whose membrane is a closed surface from a file: Gmsh meshes that surface anew."""

from __future__ import annotations

import logging
import math
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.child import in_child
from rdcalcium.geometry.described_mesh import described_mesh, described_nodes, fewest_in
from rdcalcium.geometry.given_surface import given
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.remeshed import add_triangles, remeshed
from rdcalcium.geometry.resolved import discs_of
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.spaces import space_of, spaces
from rdcalcium.geometry.unmeshed import STAIRS_AWAY, UnmeshedError, cannot_mesh
from rdcalcium.model import Model, Tetrahedra
from rdcalcium.model.obstacles.surface import SurfaceObstacle
from rdcalcium.model.shapes import Place
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.shapes.surface import SurfaceFile
from rdcalcium.solids import Solid, Surface, surface_points, volume_and_area
from rdcalcium.solids.base import place
from rdcalcium.surfaces.edges import mean_edge, sharp_edges
from rdcalcium.surfaces.simplifying import FEWEST
from rdcalcium.units import NM_PER_UM, SAME_PLACE, figures, nanometres

PATIENCE, EACH = 60.0, 0.005  # s, and for each triangle and node; smooth surfaces take 0.0005 s for each
SLACK = 0.3  # of the shortest edges, by which a simpler surface may be off
STAIR, ROUGH = math.radians(30), 0.1  # bend of an edge of a stair, and the share of these in a surface that is rough
FOLLOWED = 0.05  # of a volume, that tetrahedra may leave out or add: edges cut round membranes by some per cent

log = logging.getLogger(__name__)


def surface_tetrahedra(model: Model, shape: SurfaceFile, choice: Tetrahedra) -> TetrahedralMesh:
    """The mesh of what a surface encloses, with the channels, sensors and probes of a model.

    As that of every described body, see `described_mesh`; its obstacles have to lie within, clear of each other. Gmsh
    works through every triangle of the file, so that there are as few of them as leave the surface within SLACK of the
    shortest edges. Pieces of the surface with names are told by the nearest triangle, so that their rims are as ragged
    as edges are long. Gmsh may go on for ever on a rough surface, so it works in a process of its own, for a limited
    time, and does not begin where most triangles are stairs.
    """
    _require_smooth(shape)
    within = SLACK * choice.size_at_active_zone
    simple = _simplified(shape, choice)
    channels = [_fitted(shape, simple, p) for group in model.channels for p in group.points]
    watched = [_fitted(shape, simple, p) for p in model.watched.values()]
    hollow = tuple(lumen.region for lumen in model.lumens.values())
    _require_apart(simple)
    discs = discs_of(simple, model.zones, choice.size_at_active_zone)
    triangles, nodes = len(simple.closed.triangles.faces), described_nodes(model, simple, choice)
    limit = PATIENCE + EACH * (triangles + nodes)
    log.info(
        f"Gmsh meshes {Path(shape.file).name}, {triangles:,} triangles, with about {nodes:,} nodes; it is stopped "
        f"after {limit:.0f} s"
    )
    try:
        made = in_child(
            limit, described_mesh, simple, choice, channels, watched, hollow, discs=discs, add_body=_add_sheets
        )
    except subprocess.TimeoutExpired:
        trouble = UnmeshedError(f"did not come to an end in {limit:.0f} s", None if shape.obstacles else 0)
        raise cannot_mesh(shape, trouble, within) from None
    except UnmeshedError as trouble:
        raise cannot_mesh(shape, trouble, within) from None
    told = [remark for remark in simple.remarks if remark not in shape.remarks]
    return _named(made, simple).with_remarks([*told, *_other_volume(made, shape, hollow)])


def surface_nodes(model: Model, shape: SurfaceFile, choice: Tetrahedra) -> int:
    """About how many nodes that mesh will have."""
    return described_nodes(model, _simplified(shape, choice), choice)


def fewest_surface_nodes(shape: SurfaceFile, choice: Tetrahedra) -> int:
    """As many as it has at least."""
    return fewest_in(shape.outline, [obstacle.solid for obstacle in shape.obstacles], choice)


def _simplified(shape: SurfaceFile, choice: Tetrahedra) -> SurfaceFile:
    """InputError where Gmsh would have to cut it at mirror planes."""
    if shape.symmetry:
        raise InputError(
            'symmetry of [geometry] kind = "surface" is for grids: say [discretization] kind = "grid", or leave '
            "symmetry out and bring the whole surface"
        )
    return given(shape.simplified(SLACK * choice.size_at_active_zone))


def _fitted(shape: SurfaceFile, simple: SurfaceFile, point: Place) -> Place:
    """A point of a terminal where it is in a simpler one: on the surface if it is on it, and not beyond it."""
    put = shape.put_on(np.array([point]))
    on, beyond = (float(of.outline.depth(put)[0]) for of in (shape, simple))
    at = place(put[0])
    return simple.closed.distances.foot(at) if abs(on) < SAME_PLACE or beyond < 0 else at


def _require_smooth(shape: SurfaceFile) -> None:
    """InputError for a surface of many triangles that is all stairs."""
    inner = [(o.file, o.closed.triangles) for o in shape.obstacles if isinstance(o, SurfaceObstacle)]
    for file, triangles in [(shape.file, shape.closed.triangles), *inner]:
        if len(triangles.faces) <= FEWEST:
            continue
        share = sharp_edges(triangles, STAIR)
        if share > ROUGH:
            raise InputError(
                f"{100 * share:.0f} % of the edges of {Path(file).name} are bent by more than "
                f"{math.degrees(STAIR):.0f} degrees, as those of stairs of voxels are, which Gmsh cannot mesh: say "
                f'smoothing = "{nanometres(STAIRS_AWAY * mean_edge(triangles), 1)}", about ten voxels, or '
                '[discretization] kind = "grid", which takes any closed surface'
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


def _add_sheets(
    gmsh: Any, shape: Described, hollow: Sequence[str], points: np.ndarray, sizes: Sizes
) -> dict[int, float]:
    """The surfaces, meshed one by one, volumes between them, and the points as vertices in these.

    The triangles are final: Gmsh fills what is between them with tetrahedra. Each closed sheet is a surface for itself,
    for Gmsh would fill a cavity whose sheet is one with that around it.
    """
    solids = [shape.outline, *(obstacle.solid for obstacle in shape.obstacles)]
    away = np.abs([solid.depth(points) for solid in solids])
    on = np.where(away.min(axis=0) < SAME_PLACE, away.argmin(axis=0), -1)
    bodies = []
    for number, solid in enumerate(solids):
        try:
            bodies.append(remeshed(gmsh, solid, sizes, points[on == number]))
        except Exception as error:
            if type(error) not in (Exception, UnmeshedError):  # Gmsh raises the first alone
                raise
            raise UnmeshedError(f"{error}", number) from None
    sheets, found = spaces(bodies, [k for k, o in enumerate(shape.obstacles, start=1) if o.name in hollow])
    tags, first = {}, 0
    for number in sorted({number for space in found for number in space.sheets}):
        tags[number] = add_triangles(gmsh, sheets[number], first)
        first += len(sheets[number].points)
    geo = gmsh.model.geo
    volumes = [geo.addVolume([geo.addSurfaceLoop([tags[k]]) for k in space.sheets]) for space in found]
    geo.synchronize()
    inside = points[on < 0]
    vertices = [gmsh.model.occ.addPoint(*point) for point in (NM_PER_UM * inside).tolist()]
    gmsh.model.occ.synchronize()
    for vertex, space in zip(vertices, space_of(inside, sheets, found).tolist(), strict=True):
        gmsh.model.mesh.embed(0, [vertex], 3, volumes[space])
    return {tag: space.volume for tag, space in zip(volumes, found, strict=True)}


def _other_volume(made: TetrahedralMesh, shape: SurfaceFile, hollow: Sequence[str]) -> Iterator[str]:
    """A sentence on tetrahedra that fill less or more than what the surfaces of the files enclose."""
    closed = sum(_volume(obstacle.solid) for obstacle in shape.obstacles if obstacle.name not in hollow)
    wanted, found = _volume(shape.outline) - closed, float(made.volumes().sum())
    if abs(found - wanted) > FOLLOWED * wanted:
        yield (
            f"the tetrahedra fill {figures(found)} um^3 of the {figures(wanted)} um^3 that the surfaces enclose, for "
            "their edges are too long to follow these: make size_in_bulk smaller"
        )


def _volume(solid: Solid) -> float:
    """µm³; to some per cent where it is not of triangles."""
    return solid.surface.triangles.volume() if isinstance(solid, Surface) else volume_and_area(solid, *solid.bounds)[0]


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
