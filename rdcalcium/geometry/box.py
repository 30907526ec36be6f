"""The cells of a box with vesicles above its membrane: those of a grid, or tetrahedra that Gmsh makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.grid import RectilinearGrid, make_grid, solid_cells
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh, row_keys
from rdcalcium.geometry.meshing import background, gmsh_model, meshed
from rdcalcium.model import Box, Grid, Model, Sphere, Tetrahedra
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.shapes import Place
from rdcalcium.units import NM_PER_UM, nanometres

NEAR = 1e-6  # nm, a node this near to a plane or a point is on it
GAP = 0.005  # µm, the narrowest gap that the edges of a mesh resolve


def box_grid(model: Model, box: Box, choice: Grid) -> RectilinearGrid:
    """The cells of a box, and which of them its obstacles fill; a byte a cell, before anything large is made."""
    names = tuple(lumen.region for lumen in model.lumens.values())
    closed = [s for s in _spheres(box) if s.name not in names]
    centres = np.array([s.centre for s in closed]).reshape(-1, 3)
    grid = make_grid(grid_axes(model), centres, np.array([s.radius for s in closed]))
    return replace(grid, lumens=_lumens(grid, box, names)) if names else grid


def _spheres(box: Box) -> list[Sphere]:
    """Its obstacles, which have to be spheres."""
    spheres = [obstacle for obstacle in box.obstacles if isinstance(obstacle, Sphere)]
    for obstacle in box.obstacles:
        if not isinstance(obstacle, Sphere):
            raise InputError(
                f"obstacle {obstacle.name!r} is of the kind {obstacle.kind!r}; a box can have spheres alone"
            )
    return spheres


def _lumens(grid: RectilinearGrid, box: Box, names: tuple[str, ...]) -> GridLumens:
    """Cells whose centre is in an obstacle of such a name; of several the first has it."""
    parts, balls = np.zeros(grid.shape, dtype=np.uint8), []
    for number, name in enumerate(names, start=1):
        own = [(s.centre, s.radius) for s in _spheres(box) if s.name == name]
        centres, radii = (np.array(values, dtype=float) for values in zip(*own, strict=True))
        parts[solid_cells(grid.axes, centres, radii) & ~grid.solid & (parts == 0)] = number
        balls.append(own)
    return GridLumens(names, tuple(balls), parts)


def box_tetrahedra(model: Model, box: Box, choice: Tetrahedra) -> TetrahedralMesh:
    """The mesh of a box, with the channels, sensors and probes of a model."""
    channels = [p for group in model.channels for p in group.points]
    hollow = tuple(lumen.region for lumen in model.lumens.values())
    return box_mesh(box, choice, channels, [*model.watched.values()], hollow)


def box_mesh(
    box: Box,
    choice: Tetrahedra,
    channels: Sequence[Place] = (),
    sensors: Sequence[Place] = (),
    hollow: Sequence[str] = (),
) -> TetrahedralMesh:
    """A box of cytosol on its membrane z = 0, with its obstacles cut out, or meshed as regions where they are hollow.

    Its surfaces are "membrane" (z = 0), "x_min", "x_max", "y_min", "y_max", "z_max", and "vesicles"; a mirror is
    "x_min" or "y_min". Edges are size_at_active_zone long at sensors and all over the active zone (the rectangle
    around the channels), three tenths of the radius at a vesicle, and as long as a gap between vesicles or to the
    membrane is wide; they grow with the distance from all of these up to size_in_bulk. Gaps narrower than GAP are
    not resolved, because edges across the crevice between two touching vesicles would set the number of time steps.
    The result is reproducible.

    channels  positions, µm; each becomes a node
    sensors   positions in the cytosol, µm; nodes, except nearer to a wall than half of GAP: edges so short would
              slow every step, and interpolation is of second order anyway
    hollow    names of obstacles that have tetrahedra inside
    """
    low, high = (np.array(corner) * NM_PER_UM for corner in box.bounds)
    balls = [(np.array(s.centre) * NM_PER_UM, s.radius * NM_PER_UM) for s in _spheres(box)]
    pores, probes = _positions(channels, "channel", low, high), _positions(sensors, "sensor", low, high)
    fine, bulk = choice.size_at_active_zone * NM_PER_UM, choice.size_in_bulk * NM_PER_UM
    wanted = np.vstack([pores, _clear_of_walls(probes, balls, low, high, GAP * NM_PER_UM / 2)])
    zone = (pores.min(axis=0), pores.max(axis=0), fine) if len(pores) else None
    sources = [(point, 0.0, fine) for point in probes]
    sources += [(centre, radius, 0.3 * radius) for centre, radius in balls]
    sources += [(point, 0.0, gap) for point, gap in _gaps(balls, bulk) if gap > GAP * NM_PER_UM]
    kept = [s.name in hollow for s in box.obstacles]
    with gmsh_model() as gmsh:
        _cut_box(gmsh, low, high, balls, kept, wanted)
        nodes, tetrahedra, faces = meshed(gmsh, background(gmsh, sources, bulk, zone=zone))
    nodes = _snapped(nodes, wanted)
    regions = _inside(nodes, tetrahedra, _spheres(box), hollow)
    surfaces = _box_surfaces(nodes, _between_regions(tetrahedra, faces, regions), box)
    return TetrahedralMesh(nodes / NM_PER_UM, tetrahedra, regions, surfaces)


def _positions(points: Sequence[Place], kind: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Positions in nm, (k, 3), inside the box."""
    positions = np.array(points, dtype=float).reshape(-1, 3) * NM_PER_UM
    for k in np.flatnonzero(((positions < low - NEAR) | (positions > high + NEAR)).any(axis=1)):
        raise InputError(f"{kind} {k} at {nanometres(positions[k] / NM_PER_UM)} lies outside the box")
    return positions


def _clear_of_walls(points: np.ndarray, spheres: list, low: np.ndarray, high: np.ndarray, least: float) -> np.ndarray:
    """The points that keep the least distance from every wall, planes that they lie on apart."""
    to_planes = np.minimum(points - low, high - points)
    walls = [np.where(to_planes < NEAR, np.inf, to_planes).min(axis=1)]
    walls += [np.linalg.norm(points - centre, axis=1) - radius for centre, radius in spheres]
    return points[np.min(walls, axis=0) >= least]


def _gaps(spheres: list[tuple[np.ndarray, float]], limit: float) -> Iterator[tuple[np.ndarray, float]]:
    """Middle and width of each gap narrower than the limit, between spheres and to the membrane."""
    for k, (centre, radius) in enumerate(spheres):
        if 0 < (gap := centre[2] - radius) < limit:
            yield np.array([centre[0], centre[1], gap / 2]), gap
        for other, other_radius in spheres[:k]:
            distance = float(np.linalg.norm(other - centre))
            if 0 < (gap := distance - radius - other_radius) < limit:
                yield centre + (other - centre) / distance * (radius + gap / 2), gap


def _cut_box(
    gmsh: Any, low: np.ndarray, high: np.ndarray, spheres: list, kept: Sequence[bool], points: np.ndarray
) -> None:
    """The box without the spheres, or divided by those that are kept, with the points as vertices in it."""
    occ = gmsh.model.occ
    body = [(3, occ.addBox(*low, *(high - low)))]
    balls = [(3, occ.addSphere(*centre, radius)) for centre, radius in spheres]
    cut = [ball for ball, stays in zip(balls, kept, strict=True) if not stays]
    inner = [ball for ball, stays in zip(balls, kept, strict=True) if stays]
    if cut:
        body, _ = occ.cut(body, cut)
    if inner:
        within, _ = occ.intersect(body, inner, removeObject=False)  # what is in the box, and in no sphere that is cut
        body, _ = occ.fragment(body, within)
    if len(points):
        occ.fragment(body, [(0, occ.addPoint(*point)) for point in points])
    occ.synchronize()


def _inside(
    nodes: np.ndarray, tetrahedra: np.ndarray, spheres: Sequence[Sphere], hollow: Sequence[str]
) -> dict[str, np.ndarray]:
    """Tetrahedra in the hollow spheres of each name; all corners of a sphere's are on it or inside."""
    middle = nodes[tetrahedra].mean(axis=1) / NM_PER_UM
    found = {}
    for name in hollow:
        own = [np.linalg.norm(middle - np.array(s.centre), axis=1) < s.radius for s in spheres if s.name == name]
        found[name] = np.flatnonzero(np.any(own, axis=0))
    return found


def _between_regions(tetrahedra: np.ndarray, faces: np.ndarray, regions: dict[str, np.ndarray]) -> np.ndarray:
    """The triangles but for those between two tetrahedra, which are membranes of regions."""
    if not regions:
        return faces
    keys = row_keys(np.vstack([faces, tetrahedra[:, FACES].reshape(-1, 3)]))
    known, counts = np.unique(keys[len(faces) :], return_counts=True)
    return faces[counts[np.searchsorted(known, keys[: len(faces)])] == 1]


def _snapped(nodes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Put the nearest node exactly at each wanted point, where it is to rounding already."""
    for point in wanted:
        distance = np.linalg.norm(nodes - point, axis=1)
        if distance.min() > NEAR:
            raise InputError(f"no node at {nanometres(point / NM_PER_UM)}: the point lies inside a vesicle")
        nodes[distance.argmin()] = point
    return nodes


def _box_surfaces(nodes: np.ndarray, faces: np.ndarray, box: Box) -> dict[str, np.ndarray]:
    """Sort triangles by the wall that holds all their nodes (nm); the rest is on obstacles."""
    surfaces = {}
    rest = np.ones(len(faces), dtype=bool)
    for name, (axis, end) in box.walls.items():
        on = (np.abs(nodes[faces][:, :, axis] - box.bounds[end][axis] * NM_PER_UM) < NEAR).all(axis=1)
        surfaces[name] = faces[on]
        rest &= ~on
    surfaces[OBSTACLES] = faces[rest]
    return {name: triangles for name, triangles in surfaces.items() if len(triangles)}
