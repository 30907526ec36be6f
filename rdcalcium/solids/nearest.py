"""The points of a surface that are nearest to others."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.solids.base import Place, Solid, place

STEP = 1e-6  # of the size of a body, over which the slope of its depth is taken
ALONG_X = 0.9  # cosine between a normal and the x axis, from which on u of its frame is taken from the y axis
ROUNDS = 200  # of sliding on a surface
SAMPLES = 4000  # points from which a piece of the surface is sought
SHELL = 0.05  # of the size of a body: those of its box this near to the surface are put on it
CLOSE = 1e-12  # of the size of a body; a slide that is shorter is none


def nearest_on_surface(solid: Solid, point: Place, name: str | None = None) -> Place:
    """The nearest point of a body's surface, µm.

    name  of the piece of the surface on which it has to be; none: any
    """
    wanted = np.array([point], dtype=float)
    return place(_slid(solid, _start(solid, wanted, name), wanted, name)[0])


def nearest_on_piece(solid: Solid, points: np.ndarray, name: str) -> np.ndarray:
    """The point of a piece of a body's surface that is nearest to each of some points, (p, 3) of (p, 3) µm."""
    found = onto_surface(solid, points)
    elsewhere = solid.names(found) != name
    if elsewhere.any():
        wanted = points[elsewhere]
        found[elsewhere] = _slid(solid, _start(solid, wanted, name), wanted, name)
    return found


def _start(solid: Solid, points: np.ndarray, name: str | None) -> np.ndarray:
    """From where the nearest point to each of some points is sought, on the piece where it has to be, (p, 3)."""
    found = onto_surface(solid, points)
    if name is None or (solid.names(found) == name).all():
        return found
    pieces = surface_points(solid, SAMPLES)
    pieces = pieces[solid.names(pieces) == name]
    if not len(pieces):
        raise ValueError(f"the body has no surface called {name!r}")
    elsewhere = solid.names(found) != name
    found[elsewhere] = pieces[cKDTree(pieces).query(points[elsewhere])[1]]
    return found


def onto_surface(solid: Solid, points: np.ndarray, rounds: int = 30) -> np.ndarray:
    """Points (p, 3) µm moved along the slope of the depth until it is 0: Newton's method."""
    found = np.array(points, dtype=float)
    for _ in range(rounds):
        depth = solid.depth(found)
        if (np.abs(depth) < CLOSE * _size(solid)).all():
            break
        slope = slopes(solid, found)
        steep = (slope**2).sum(axis=1)
        move = np.divide(depth, steep, out=np.zeros(len(depth)), where=steep > 0)
        found -= move[:, None] * slope
    return found


def slopes(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Gradient of the depth at points (p, 3) µm, (p, 3): on the surface the normal that points inwards."""
    h = STEP * _size(solid)
    steps = h * np.eye(3)
    differences = [solid.depth(points + step) - solid.depth(points - step) for step in steps]
    gradient: np.ndarray = np.stack(differences, axis=-1) / (2 * h)
    return gradient


def normals(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Direction of that gradient at points (p, 3) µm, (p, 3); 0 where the depth has no slope."""
    slope = slopes(solid, points)
    length = np.linalg.norm(slope, axis=1, keepdims=True)
    return np.divide(slope, length, out=np.zeros_like(slope), where=length > 0)


def tangents(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two directions along a surface, at right angles to each other and to its normals (p, 3), (p, 3) each."""
    one = np.cross(normal, np.eye(3)[np.abs(normal).argmin(axis=1)])
    length = np.linalg.norm(one, axis=1, keepdims=True)
    one = np.divide(one, length, out=np.zeros_like(one), where=length > 0)
    return one, np.cross(normal, one)


def frame(normal: np.ndarray) -> np.ndarray:
    """Unit vectors u and v across a normal (3,), and that itself, (3, 3); u and v are x and y if it is along z."""
    u = np.eye(3)[0] if abs(normal[0]) < ALONG_X else np.eye(3)[1]
    u = u - (u @ normal) * normal
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal])


def surface_points(solid: Solid, count: int, seed: int = 1) -> np.ndarray:
    """Points (at least `count`, 3) µm on the surface, spread over it, the same ones each time."""
    low, high = (np.array(corner) for corner in solid.bounds)
    margin = SHELL * _size(solid)
    random = np.random.default_rng(seed)
    found = np.zeros((0, 3))
    while len(found) < count:
        some = random.uniform(low - margin, high + margin, (4 * count, 3))
        found = np.vstack([found, some[np.abs(solid.depth(some)) < margin]])
    return onto_surface(solid, found)


def _slid(solid: Solid, starts: np.ndarray, wanted: np.ndarray, name: str | None) -> np.ndarray:
    """From points of a piece of the surface along it, each as near to another one as it goes, (p, 3)."""
    found, share, left = starts.copy(), np.ones(len(starts)), np.arange(len(starts))
    for _ in range(ROUNDS):
        along = share[left, None] * _tangential(solid, found[left], wanted[left] - found[left])
        goes_on = np.linalg.norm(along, axis=1) >= CLOSE * _size(solid)
        left, along = left[goes_on], along[goes_on]
        if not len(left):
            break
        moved = onto_surface(solid, found[left] + along, rounds=5)
        better = np.linalg.norm(moved - wanted[left], axis=1) < np.linalg.norm(found[left] - wanted[left], axis=1)
        if name is not None:
            better &= solid.names(moved) == name
        found[left[better]] = moved[better]
        share[left[~better]] /= 2
    return found


def _tangential(solid: Solid, points: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """What of directions (p, 3) is along the surface at points (p, 3) of it, (p, 3)."""
    normal = normals(solid, points)
    along: np.ndarray = directions - (directions * normal).sum(axis=1, keepdims=True) * normal
    return along


def _size(solid: Solid) -> float:
    low, high = solid.bounds
    return float(np.subtract(high, low).max())
