"""Tetrahedra of any terminal that is described as a body, made by OpenCASCADE and Gmsh."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.meshing import Meshed, gmsh_model, meshed
from rdcalcium.geometry.occ import volumes
from rdcalcium.geometry.resolved import GAP, discs_of, resolved
from rdcalcium.geometry.size_estimate import estimated_nodes, nodes_in, rough_volume
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.tiled_mesh import into, match_ends, middle_of, moved, require_no_lumens, tiling
from rdcalcium.geometry.unmeshed import UnmeshedError
from rdcalcium.model import Described, Model, Tetrahedra
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.shapes import Place
from rdcalcium.solids import Block, Common, Solid, onto_surface
from rdcalcium.units import NM_PER_UM, SAME_PLACE, nanometres

FEW = 1_000_000  # nodes, below which nobody has to know how many there are at least
ENOUGH = 50  # points of a face of a body, by which it is recognised


def described_tetrahedra(model: Model, shape: Described, choice: Tetrahedra) -> TetrahedralMesh:
    """The mesh of a terminal, with the channels, sensors and probes of a model."""
    channels, sensors = _looked_at(model)
    discs = discs_of(shape, model.zones, choice.size_at_active_zone)
    if not shape.periods:
        return described_mesh(shape, choice, channels, sensors, _hollow(model), discs=discs)
    require_no_lumens(shape, _hollow(model))
    by = middle_of(shape, channels or sensors)
    tile = moved(shape, -by)
    channels, sensors, zones = (into(tile, points, -by) for points in (channels, sensors, discs))
    return described_mesh(tile, choice, channels, sensors, discs=np.array(zones).reshape(-1, 3)).moved(by)


def _looked_at(model: Model) -> tuple[list[Place], list[Place]]:
    """Where channels are, and where sensors and probes are, µm."""
    return [point for group in model.channels for point in group.points], [*model.watched.values()]


def _hollow(model: Model) -> tuple[str, ...]:
    """Names of the obstacles that are lumens."""
    return tuple(lumen.region for lumen in model.lumens.values())


def described_nodes(model: Model, shape: Described, choice: Tetrahedra) -> int:
    """About how many nodes that mesh will have."""
    channels, others = (np.array(points).reshape(-1, 3) for points in _looked_at(model))
    closed = [obstacle.solid for obstacle in shape.standing if obstacle.name not in _hollow(model)]
    discs = discs_of(shape, model.zones, choice.size_at_active_zone)
    return estimated_nodes(_computed(shape, shape.hollow), closed, resolved(shape, choice, channels, others, discs))


def fewest_nodes(shape: Described, choice: Tetrahedra) -> int:
    """As many nodes as that mesh has at least, were all of its edges as long as in the bulk."""
    return fewest_in(_computed(shape, shape.hollow), [obstacle.solid for obstacle in shape.standing], choice)


def fewest_in(body: Solid, obstacles: Sequence[Solid], choice: Tetrahedra) -> int:
    """The same of a body; 0 where they are few, for then nobody has to know."""
    volume = rough_volume(body)
    if nodes_in(volume, choice.size_in_bulk) < FEW:
        return 0
    return nodes_in(volume - sum(rough_volume(solid) for solid in obstacles), choice.size_in_bulk)


def described_mesh(
    shape: Described,
    choice: Tetrahedra,
    channels: Sequence[Place] = (),
    sensors: Sequence[Place] = (),
    hollow: Sequence[str] = (),
    *,
    discs: np.ndarray | None = None,
    add_body: Callable[[Any, Described, Sequence[str], np.ndarray, Sizes], dict[int, float]] | None = None,
) -> TetrahedralMesh:
    """The computed part of a terminal, with its obstacles cut out, or meshed as regions where they are hollow.

    Its surfaces are named as its walls and the pieces of its body are; OBSTACLES is that of all obstacles which are cut
    out. Edges are as long as `resolved` says. The result is reproducible.

    channels  positions, µm; each becomes a node, on the membrane if it is nearer to that than half of GAP
    sensors   positions in the cytosol, µm; nodes, except nearer to a wall than half of GAP: edges so short would
              slow every step, and interpolation is of second order anyway
    hollow    names of obstacles that have tetrahedra inside
    discs     (d, 3) µm, points of active zones, where edges are as short as at channels
    add_body  adds the body to Gmsh, and says how large (µm³) volumes have to be by their tags; none: OpenCASCADE puts
              it together
    """
    pores, probes = _inside(shape, channels, "channel", hollow), _inside(shape, sensors, "sensor", hollow)
    sizes = resolved(shape, choice, pores, probes, discs)
    wanted = np.vstack([_on_the_membrane(shape, pores), _clear_of_walls(shape, probes)])
    with gmsh_model() as gmsh:
        volumes = (add_body or _add_body)(gmsh, shape, hollow, wanted, sizes)
        match_ends(gmsh, shape)
        made = meshed(gmsh, sizes, volumes) if add_body else _meshed(gmsh, sizes, shape)
    points = _snapped(made.nodes / NM_PER_UM, wanted)
    regions = {name: _region(made, points, shape, name) for name in hollow}
    surfaces = _surfaces(made, points, shape, hollow)
    return TetrahedralMesh(points, made.tetrahedra, regions, surfaces, tiling=tiling(shape, points))


def _inside(shape: Described, points: Sequence[Place], kind: str, hollow: Sequence[str]) -> np.ndarray:
    """Positions (p, 3) µm, which are in the terminal."""
    positions = np.array(points, dtype=float).reshape(-1, 3)
    for k in np.flatnonzero(shape.cytosol(hollow).depth(positions) < -SAME_PLACE):
        try:
            shape.require_inside(f"{kind} {k}", tuple(positions[k].tolist()))
        except ValueError as error:
            raise InputError(str(error)) from None
    return positions


def _on_the_membrane(shape: Described, points: np.ndarray) -> np.ndarray:
    """The points, of which those that are nearly on the surface of the terminal are put on it."""
    depth = np.abs(shape.outline.depth(points))
    near = (depth > SAME_PLACE / 1000) & (depth < GAP / 2)
    moved = points.copy()
    moved[near] = onto_surface(shape.outline, points[near])
    for axis, at in shape.mirrors.items():
        moved[np.abs(moved[:, axis] - at) < SAME_PLACE, axis] = at
    return moved


def _clear_of_walls(shape: Described, points: np.ndarray) -> np.ndarray:
    """The points that keep half of GAP from every surface but those that they lie on."""
    away = [points[:, axis] - shape.bounds[end][axis] for axis, end in shape.walls.values()]
    away += [body.depth(points) for body in (shape.outline, *(obstacle.solid for obstacle in shape.standing))]
    distances = np.abs(away)
    clear = np.where(distances < SAME_PLACE, np.inf, distances).min(axis=0) >= GAP / 2
    for axis, end in shape.ends.values():  # where nodes are twice
        clear &= np.abs(points[:, axis] - shape.bounds[end][axis]) >= GAP / 2
    return points[clear]


def _computed(shape: Described, hollow: Collection[str]) -> Solid:
    """The cytosol, of a tile between its ends."""
    cytosol = shape.cytosol(hollow)
    return Common((Block(*shape.bounds), cytosol)) if shape.periods else cytosol


def _add_body(gmsh: Any, shape: Described, hollow: Sequence[str], points: np.ndarray, _: Sizes) -> dict[int, float]:
    """The cytosol, divided by obstacles that are hollow, with the points as vertices in it."""
    occ = gmsh.model.occ
    body = volumes(_computed(shape, hollow), occ)
    inner = [volume for o in shape.obstacles if o.name in hollow for volume in volumes(o.solid, occ)]
    if inner:
        within, _ = occ.intersect(body, inner, removeObject=False)  # what is in the terminal, and in nothing closed
        body, _ = occ.fragment(body, within)
    if len(points):
        occ.fragment(body, [(0, occ.addPoint(*point)) for point in (NM_PER_UM * points).tolist()])
    occ.synchronize()
    return {}


def _meshed(gmsh: Any, sizes: Sizes, shape: Described) -> Meshed:
    """The mesh of what OpenCASCADE has put together; InputError says what to try."""
    try:
        return meshed(gmsh, sizes)
    except UnmeshedError as trouble:
        more = ", or move obstacles that just touch" if shape.obstacles else ""
        raise InputError(
            f"Gmsh cannot mesh this {shape.kind} ({trouble}): try another size_at_active_zone or size_in_bulk{more}"
        ) from None


def _snapped(nodes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Put the nearest node exactly at each wanted point, where it is to rounding already."""
    if len(wanted):
        distance, nearest = cKDTree(nodes).query(wanted)
        for point in wanted[distance > SAME_PLACE]:
            raise InputError(f"Gmsh made no node at {nanometres(point)}; try another size_at_active_zone")
        nodes[nearest] = wanted
    return nodes


def _region(made: Meshed, points: np.ndarray, shape: Described, name: str) -> np.ndarray:
    """Tetrahedra in the obstacles of a name: those of the volumes most of which is in one of them."""
    own = [obstacle.solid for obstacle in shape.obstacles if obstacle.name == name]
    found = [np.zeros(0, dtype=np.int64)]
    for rows in made.volumes.values():
        middles = _some(points[made.tetrahedra[rows]].mean(axis=1))
        if np.mean(np.max([solid.depth(middles) for solid in own], axis=0) > 0) > 0.5:
            found.append(np.arange(rows.start, rows.stop))
    return np.concatenate(found)


def _surfaces(made: Meshed, points: np.ndarray, shape: Described, hollow: Sequence[str]) -> dict[str, np.ndarray]:
    """Triangles of the surfaces of the terminal and of what is cut out, by their names."""
    closed = [obstacle.solid for obstacle in shape.standing if obstacle.name not in hollow]
    body = shape.cytosol(shape.hollow)
    found: dict[str, list[np.ndarray]] = {}
    shared = np.bincount(np.concatenate([np.unique(faces) for faces in made.faces.values()]), minlength=len(points)) > 1
    for tag, faces in made.faces.items():
        if tag in made.inner or not len(faces):
            continue
        own = np.unique(faces)
        inside = own[~shared[own]]  # nodes on no other face of the body: on a rim two names are as near
        at = _some(points[inside] if len(inside) else points[faces].mean(axis=1))
        depths = np.abs([body.depth(at), *(solid.depth(at) for solid in closed)]).sum(axis=1)
        of = int(depths.argmin())
        wall = _wall(shape, points[faces])
        names = [wall or _most((body, *closed)[of].names(at)), *([OBSTACLES] if of and not wall else [])]
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(faces)
    return {name: np.vstack(parts) for name, parts in found.items()}


def _wall(shape: Described, corners: np.ndarray) -> str:
    """Name of the plane wall or end of a tile on which triangles (k, 3, 3) lie; an empty text where there is none."""
    for name, (axis, end) in {**shape.walls, **shape.ends}.items():
        if (np.abs(corners[:, :, axis] - shape.bounds[end][axis]) < SAME_PLACE).all():
            return name
    return ""


def _most(names: np.ndarray) -> str:
    """The name that most have."""
    known, counts = np.unique(names.astype(str), return_counts=True)
    return str(known[counts.argmax()])


def _some(rows: np.ndarray) -> np.ndarray:
    """Some of many rows, as many as ENOUGH, spread over all."""
    return rows[:: max(len(rows) // ENOUGH, 1)]
