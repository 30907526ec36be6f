"""Points all over the surface of a body, and how round it is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.solids import Solid, Surface, normals, onto_surface, slopes, tangents
from rdcalcium.surfaces import Triangles
from rdcalcium.surfaces.edges import edges_of, neighbours, sheets
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.triangles import unit_rows

MOST = 100  # points along the longest side of a body
ROUNDS = 5  # of Newton's method from the middle of a cube to the surface in it
STEP = 1e-3  # of the size of a body, over which its normal turns
EVENLY = 0.75  # of its turn, at most, is behind a normal after half the way
SMOOTH = 0.99  # slope of the depth, at least, where there is no edge
FIRST, FURTHER = 0.002, 1.25  # µm, first step into a body, and how much longer the way is after each of the next ones
HALVINGS = 8  # of the step in which a way through a body leaves it
FACING = 0.7  # less the cosine of the angle between the normals of two walls, at least, with a sheet between them
BENT = np.cos(np.radians(40))  # of two triangles at an edge that is meant as one
PLANE = 100  # sizes of a body; surfaces whose radius is larger are plane


def spread(solid: Solid, spacing: float) -> np.ndarray:
    """Points (p, 3) µm on the surface: one for each cube of this side (µm) that it crosses, or that is beside one."""
    low, high = (np.array(corner) for corner in solid.bounds)
    side = max(spacing, float((high - low).max()) / MOST)
    axes = [np.arange(a - side / 2, b + side, side) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[np.abs(solid.depth(points)) < np.sqrt(3) / 2 * side]
    points = onto_surface(solid, points, ROUNDS)
    return points[np.abs(solid.depth(points)) < STEP * side]


def radii(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Smallest radius of curvature of a surface at points (p, 3) µm on it, (p,) µm; infinite where it is plane.

    1 / radius is the largest singular value of how its normal n turns along it, (n(x + s t) - n(x)) / s, in two
    directions t. An edge is no curvature: there the normal turns as much over half the way, or one way alone, and on
    the edge itself the slope of the depth, between those of both sides, is less than 1.
    """
    low, high = solid.bounds
    step = STEP * float(np.subtract(high, low).max())
    normal = normals(solid, points)
    turns = [_turn(solid, points, normal, step * along) for along in tangents(normal)]
    strongest = np.linalg.norm(np.stack(turns, axis=1), ord=2, axis=(1, 2)) / step
    smooth = np.linalg.norm(slopes(solid, points), axis=1) > SMOOTH
    return np.divide(1.0, strongest, out=np.full(len(points), np.inf), where=(strongest > 0) & smooth)


def thickness(solid: Solid, points: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Those of some points (p, 3) µm that are on a surface, and how thick the sheet behind it is, straight in, µm.

    The other wall of a sheet faces this one; where walls meet in an edge they do not, and so far there is no sheet.

    most  µm, beyond which a body is no sheet: those points are left out
    """
    on = points[np.abs(solid.depth(points)) < FIRST / 2]
    normal = normals(solid, on)
    inside, outside = np.zeros(len(on)), np.full(len(on), np.inf)
    for way in FIRST * FURTHER ** np.arange(np.ceil(np.log(max(most / FIRST, 1.0)) / np.log(FURTHER)) + 1):
        still = np.isinf(outside)
        out = solid.depth(on[still] + way * normal[still]) < 0
        outside[still] = np.where(out, way, np.inf)
        inside[still] = np.where(out, inside[still], way)
    thin = np.isfinite(outside) & (inside > 0)
    on, normal, inside, outside = on[thin], normal[thin], inside[thin], outside[thin]
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        out = solid.depth(on + middle[:, None] * normal) < 0
        inside, outside = np.where(out, inside, middle), np.where(out, middle, outside)
    width = (inside + outside) / 2
    facing = (normals(solid, on + width[:, None] * normal) * normal).sum(axis=1) < -FACING
    return on[facing], width[facing]


def _turn(solid: Solid, points: np.ndarray, normal: np.ndarray, along: np.ndarray) -> np.ndarray:
    """How the normal changes along a way (p, 3) µm or against it, whichever is less; 0 where it turns at once."""
    changes = []
    for way in (1, -1):
        half, whole = (way * (normals(solid, points + way * part * along) - normal) for part in (0.5, 1.0))
        turn = np.linalg.norm(whole, axis=1)
        gradual = (np.linalg.norm(half, axis=1) < EVENLY * turn) & (turn > STEP / PLANE)
        changes.append(np.where(gradual[:, None], whole, 0.0))
    less = np.linalg.norm(changes, axis=2).argmin(axis=0)
    return np.where(less[:, None] == 0, *changes)


def balls(solid: Solid) -> Iterator[tuple[np.ndarray, float]]:
    """Points (p, 3) µm on each sheet of triangles, and the radius (µm) of a ball with as much volume for its area.

    It is 3 V / A. Triangles are round nowhere: without it a small vesicle from a file would be meshed as a pebble. How
    round other bodies are, `radii` says.
    """
    if isinstance(solid, Surface):
        triangles = solid.surface.triangles
        count, sheet = sheets(edges_of(triangles.faces))
        for number in range(count):
            own = kept(triangles, sheet == number)
            yield own.corners().mean(axis=1), 3 * abs(own.volume()) / sum(own.areas().values())


def turning(triangles: Triangles) -> np.ndarray:
    """Radius of curvature of a surface at each of its corners, (n,) µm; infinite at edges, which are no curvature.

    1 / radius² is Σ |dn|² / Σ |dx|² over the ways dx to corners beside it, along which the normal turns by dn.
    """
    edges, doubled = edges_of(triangles.faces), triangles.doubled_areas()
    normal = np.zeros_like(triangles.points)
    np.add.at(normal, triangles.faces, doubled[:, None])
    normal = unit_rows(normal)
    turns, ways = (_of_corners(edges.ends, of, len(normal)) for of in (normal, triangles.points))
    flat, pairs = unit_rows(doubled), neighbours(edges)[0]
    bent = pairs[(flat[pairs[:, 0]] * flat[pairs[:, 1]]).sum(axis=1) < BENT]
    turns[triangles.faces[bent]] = 0.0
    return np.sqrt(np.divide(ways, turns, out=np.full(len(turns), np.inf), where=turns > 0))


def _of_corners(ends: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    """Σ |difference|² of something (n, 3) over the edges (e, 2) at each corner, (n,)."""
    squares = ((of[ends[:, 0]] - of[ends[:, 1]]) ** 2).sum(axis=1)
    return np.bincount(ends.ravel(), np.repeat(squares, 2), count)
