"""Where the edges of a terminal have to be short: at what is looked at, among channels, where it is round or narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from rdcalcium.errors import InputError, suggest
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.surface_samples import balls, radii, spread, thickness, turning
from rdcalcium.model import Described, Tetrahedra
from rdcalcium.model.obstacles.base import OBSTACLES
from rdcalcium.model.obstacles.numbered import numbered, surface_names
from rdcalcium.model.placement.zones import Zone
from rdcalcium.solids import Solid, Surface, frame, onto_surface

ROUND = 0.3  # of a radius of curvature, edges there
GAP = 0.005  # µm, the narrowest gap that the edges of a mesh resolve
EDGES = 4  # across a gap or a sheet; those that Gmsh makes are 1.3 times as long as asked, so that 3 are left
ZONE = 0.1  # µm; between channels nearer to each other the membrane is an active zone
STRAIGHT = 1e-6  # width over length of channels that lie on a line
MOST = 50  # points along a line between two channels, or across the disc of a zone
ACROSS = 6  # points along the extent of an obstacle, at least, where its surface is looked at


def resolved(
    shape: Described, choice: Tetrahedra, channels: np.ndarray, others: np.ndarray, discs: np.ndarray | None = None
) -> Sizes:
    """How long the edges of a terminal are.

    size_at_active_zone at sensors and probes and all over active zones: the discs that a model names, and the membrane
    between channels that are neighbours. At surfaces those of size_at. ROUND of the radius of curvature of every
    surface. So long that EDGES of them go across a sheet of cytosol, or the gap between obstacles or to a wall; but one
    goes across at least, and none has to be shorter for it than size_at_active_zone. They grow with the distance from
    all of these up to size_in_bulk. Gaps narrower than GAP are not resolved, because edges across the crevice between
    two touching vesicles would set the number of time steps.

    channels  (c, 3) µm
    others    (p, 3) µm, sensors and probes
    discs     (d, 3) µm, points all over the zones that the model names
    """
    fine = choice.size_at_active_zone
    there = [between_neighbours(channels, fine), others, *([] if discs is None else [discs])]
    sizes = Sizes(choice.size_in_bulk, choice.growth).and_at(np.vstack(there), fine)
    walls = shape.cytosol(shape.hollow)
    on = spread(walls, choice.size_in_bulk)
    sizes = _round(sizes, fine, shape.outline, walls, on)
    sizes = _across(sizes, fine, *thickness(shape.outline, on, EDGES * choice.size_in_bulk))
    obstacles = [obstacle.solid for obstacle in shape.standing]
    for solid in (shape.outline, *obstacles):
        for at, radius in balls(solid):
            sizes = sizes.and_at(at, ROUND * radius)
    for solid, near in zip(obstacles, _close(obstacles, EDGES * choice.size_in_bulk), strict=True):
        extent = float(np.subtract(*solid.bounds[::-1]).min())
        on = spread(solid, min(choice.size_in_bulk / 2, extent / ACROSS))
        on = on[walls.depth(on) > 0]
        sizes = _round(sizes, fine, solid, solid, on)
        sizes = _across(sizes, fine, on, np.min([walls.depth(on), *(-other.depth(on) for other in near)], axis=0))
    for name, size in choice.size_at.items():
        sizes = sizes.and_at(_of_surface(shape, name, 2 * size), size)  # halfway between, edges are a tenth longer
    return sizes.in_tiles(shape.periods, *shape.bounds) if shape.periods else sizes


def _round(sizes: Sizes, fine: float, solid: Solid, walls: Solid, on: np.ndarray) -> Sizes:
    """The same with edges that follow the surface of a body, as it is in some walls at places (p, 3) on these.

    How round triangles are depends on how rough they are, for which edges have not to be shorter than anywhere else.
    """
    if not isinstance(solid, Surface):
        return sizes.and_at(on, ROUND * radii(walls, on))
    triangles = solid.surface.triangles
    return sizes.and_at(triangles.points, np.maximum(ROUND * turning(triangles), fine))


def _of_surface(shape: Described, name: str, spacing: float) -> np.ndarray:
    """Points (p, 3) µm so far (µm) apart, or further on large bodies, on the surface of this name.

    InputError where the terminal has none.
    """
    single, walls = numbered(shape.solids), shape.cytosol(shape.hollow)
    bodies = [one.solid for called, one in single.items() if name in (OBSTACLES, one.name, called)]
    if bodies:
        return np.vstack([spread(body, spacing) for body in bodies])
    on = spread(walls, spacing)
    own = walls.names(on) == name
    if not own.any():
        known = {*walls.names(on).tolist(), *surface_names(shape.solids)}
        told = suggest(name, known, intro="it has")
        raise InputError(f"discretization.size_at: the terminal has no surface {name!r}; {told}")
    return on[own]


def _across(sizes: Sizes, fine: float, on: np.ndarray, width: np.ndarray) -> Sizes:
    """The same with edges across the cytosol at places (p, 3) on a surface where it is so wide, (p,) µm."""
    wide = width > GAP
    return sizes.and_at(on[wide], np.minimum(width, np.maximum(width / EDGES, fine))[wide])


def discs_of(shape: Described, found: Sequence[Zone], fine: float) -> np.ndarray:
    """Points (p, 3) µm all over the discs of active zones, near enough for edges of this length (µm) between them."""
    parts = [_disc(shape, zone, 2 * fine) for zone in found]  # halfway between them edges are a tenth longer
    return np.vstack([np.zeros((0, 3)), *parts])


def _disc(shape: Described, zone: Zone, spacing: float) -> np.ndarray:
    half = _parts(2 * zone.radius, spacing) / 2
    steps = zone.radius * np.arange(-np.ceil(half), np.ceil(half) + 1) / half
    x, y = (part.ravel() for part in np.meshgrid(steps, steps))
    within = np.hypot(x, y) <= zone.radius
    along = np.stack([x[within], y[within]], axis=1) @ frame(np.array(zone.normal))[:2]
    return onto_surface(shape.outline, np.array(zone.centre) + along)


def _close(solids: Sequence[Solid], reach: float) -> Iterator[list[Solid]]:
    """For each body the others whose bounds come nearer to its own than so far, µm."""
    low, high = (np.array([solid.bounds[end] for solid in solids]).reshape(-1, 3) for end in (0, 1))
    for k in range(len(solids)):
        near = np.all((low < high[k] + reach) & (low[k] < high + reach), axis=1)
        yield [solids[other] for other in np.flatnonzero(near).tolist() if other != k]


def between_neighbours(channels: np.ndarray, fine: float) -> np.ndarray:
    """Channels (c, 3) µm, and points so far (µm) from each other all over what is between neighbours, (p, 3) µm.

    Neighbours are no further apart than ZONE; what is between them counts as an active zone, said in the model or not.
    """
    if len(channels) < 2:
        return channels
    near = cKDTree(channels).sparse_distance_matrix(cKDTree(channels), ZONE, output_type="coo_matrix")
    lines = [
        _along(channels[a], channels[b], fine) for a, b in zip(*minimum_spanning_tree(near).nonzero(), strict=True)
    ]
    count, of = connected_components(near, directed=False)
    fields = [_between(corners, fine) for k in range(count) for corners in _triangles(channels[of == k])]
    return np.vstack([channels, *lines, *fields])


def _triangles(cluster: np.ndarray) -> np.ndarray:
    """Triangles (t, 3, 3) between channels that are neighbours, none of whose sides is longer than ZONE."""
    _, extents, axes = np.linalg.svd(cluster - cluster.mean(axis=0), full_matrices=False)
    if len(cluster) < 3 or extents[1] < STRAIGHT * extents[0]:
        return np.zeros((0, 3, 3))
    corners: np.ndarray = cluster[Delaunay(cluster @ axes[:2].T).simplices]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    return corners[(sides < ZONE).all(axis=1)]


def _along(a: np.ndarray, b: np.ndarray, fine: float) -> np.ndarray:
    """Points of a line."""
    parts = _parts(float(np.linalg.norm(b - a)), fine)
    return a + np.linspace(0, 1, parts + 1)[:, None] * (b - a)


def _between(corners: np.ndarray, fine: float) -> np.ndarray:
    """Points of a triangle (3, 3)."""
    parts = _parts(float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max()), fine)
    i, j = np.nonzero(np.add.outer(np.arange(parts + 1), np.arange(parts + 1)) <= parts)
    shares = np.stack([i, j, parts - i - j], axis=1) / parts
    found: np.ndarray = shares @ corners
    return found


def _parts(length: float, fine: float) -> int:
    """Into how many parts a line is divided."""
    return min(max(int(np.ceil(length / fine)), 1), MOST)
