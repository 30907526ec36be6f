"""Surfaces of active zones: what of the membrane is in the disc of each, and in all of an entry together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.discretization.cell_facets import SurfaceCells
from rdcalcium.discretization.dual import surface_area
from rdcalcium.discretization.space import GridSpace, MeshSpace
from rdcalcium.discretization.zone_disc import ZoneDisc, facing
from rdcalcium.discretization.zone_discs import overlapping, share_of_any
from rdcalcium.errors import InputError
from rdcalcium.model import Model
from rdcalcium.model.placement.zones import Zone
from rdcalcium.model.shapes import Shape
from rdcalcium.placement.membrane import Membrane
from rdcalcium.solids.periodic import shifts
from rdcalcium.units import nanometres

AreaIn = Callable[[Sequence[ZoneDisc]], SurfaceArea]


def with_zones(made: Discretization, model: Model) -> Discretization:
    """The control volumes with a surface for each active zone, and one for all zones of an entry.

    They are parts of the membrane, which stays as it is; what zones of an entry share is in that of all of them once.
    InputError for a zone that is called as another surface, and for one in which nothing of the membrane is.
    """
    zones, name = {zone.name: zone for zone in model.zones}, model.geometry.membrane_surface
    if not zones or name not in made.surfaces:
        return made
    groups = {entry.name: entry.names for entry in model.active_zones}
    for twice in sorted({*zones, *groups} & {*made.surfaces, *made.membranes}):
        raise InputError(f"active zones and another surface are called {twice!r}; give the zones another name")
    membrane = Membrane.of(model) if model.geometry.outline else None
    area_in = _area_in(made, name)
    discs = {called: _images(made, zone, membrane, model.geometry) for called, zone in zones.items()}
    found = {called: area_in(images) for called, images in discs.items()}
    for called in (called for called, area in found.items() if not len(area.indices)):
        raise InputError(
            f"active zone {called!r} at {nanometres(zones[called].centre)} has no area: nothing of the computed "
            f"{name!r} is within its radius of {nanometres(zones[called].radius, 4)}; move it, or leave it out"
        )
    for group, names in groups.items():
        all_discs = [disc for one in names for disc in discs[one]]
        alone = len(overlapping(all_discs)) == len(all_discs)
        found.setdefault(group, SurfaceArea.together([found[n] for n in names]) if alone else area_in(all_discs))
    return replace(made, surfaces={**made.surfaces, **found})


def _images(made: Discretization, zone: Zone, membrane: Membrane | None, shape: Shape) -> list[ZoneDisc]:
    """The disc of a zone, and its images in neighbouring tiles."""
    x, y, z = zone.centre
    normal = np.array(zone.normal) if zone.normal else facing(_triangles(made, shape), zone)
    return [
        ZoneDisc(zone._replace(centre=(x + dx, y + dy, z + dz)), normal, membrane)
        for dx, dy, dz in shifts(made.periods).tolist()
    ]


def _triangles(made: Discretization, shape: Shape) -> np.ndarray:
    """Those of the membrane of a mesh, and their images beyond mirror planes, (k, 3, 3)."""
    space = made.space
    if not isinstance(space, MeshSpace):
        raise LookupError("these control volumes have no triangles")
    triangles = space.points[space.surfaces[shape.membrane_surface]]
    for axis, plane in shape.mirrors.items():
        images = triangles.copy()
        images[..., axis] = 2 * plane - images[..., axis]
        triangles = np.concatenate([triangles, images])
    return triangles


def _area_in(made: Discretization, name: str) -> AreaIn:
    """What finds the part of a surface that is within some discs."""
    surface = made.surfaces[name]
    if isinstance(made.space, MeshSpace):
        space = made.space
        return lambda discs: _of_triangles(space, name, surface, discs)
    if isinstance(made.space, GridSpace):
        walls, cells = made.space.walls, SurfaceCells.along(made.space.grid, surface)
        return lambda discs: _of_cells(cells, name, walls, surface, discs)
    raise LookupError("these control volumes have no place")


def _of_triangles(space: MeshSpace, name: str, surface: SurfaceArea, discs: Sequence[ZoneDisc]) -> SurfaceArea:
    """Of tetrahedra: each triangle by its share."""
    faces = space.surfaces[name]
    found = surface_area(space.points, faces, share_of_any(space.points[faces], discs))
    own = found.indices if space.own is None else space.own[found.indices]
    there = (found.areas > 0) & np.isin(own, surface.indices)
    return SurfaceArea.summed(own[there], found.areas[there])


def _of_cells(
    cells: SurfaceCells,
    name: str,
    walls: Mapping[str, tuple[int, int]],
    surface: SurfaceArea,
    discs: Sequence[ZoneDisc],
) -> SurfaceArea:
    """Of a grid: the area of each cell by the share of its triangles."""
    inside = np.zeros(len(surface.indices))
    for some in overlapping(discs):
        inner, whole = np.zeros_like(inside), np.zeros_like(inside)
        for owners, triangles in cells.near(some).facets(name, walls):
            first, second = (triangles[:, k] - triangles[:, 0] for k in (1, 2))
            sizes = np.linalg.norm(np.cross(first, second), axis=1) / 2
            inner += np.bincount(owners, sizes * share_of_any(triangles, some), len(inside))
            whole += np.bincount(owners, sizes, len(inside))
        inside += np.divide(inner, whole, out=np.zeros_like(inner), where=inner > 0)
    there = inside > 0
    return SurfaceArea(surface.indices[there], (surface.areas * np.minimum(inside, 1.0))[there])
