"""The point of a surface that is nearest to another one."""

from __future__ import annotations

import numpy as np

from rdcalcium.solids.base import Place, Solid, place

STEP = 1e-6  # of the size of a body, over which the slope of its depth is taken
ROUNDS = 200  # of sliding on a surface
SAMPLES = 4000  # points from which a piece of the surface is sought
SHELL = 0.05  # of the size of a body: those of its box this near to the surface are put on it
CLOSE = 1e-12  # of the size of a body; a slide that is shorter is none


def nearest_on_surface(solid: Solid, point: Place, name: str | None = None) -> Place:
    """The nearest point of a body's surface, µm.

    name  of the piece of the surface on which it has to be; none: any
    """
    wanted = np.array(point, dtype=float)
    found = onto_surface(solid, wanted[None])[0]
    if name is not None and solid.names(found[None])[0] != name:
        pieces = surface_points(solid, SAMPLES)
        pieces = pieces[solid.names(pieces) == name]
        if not len(pieces):
            raise ValueError(f"the body has no surface called {name!r}")
        found = pieces[np.linalg.norm(pieces - wanted, axis=1).argmin()]
    return place(_slid(solid, found, wanted, name))


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


def _slid(solid: Solid, start: np.ndarray, wanted: np.ndarray, name: str | None) -> np.ndarray:
    """From a point of a piece of the surface along it, as near to a point as it goes."""
    found, share = start, 1.0
    for _ in range(ROUNDS):
        normal = slopes(solid, found[None])[0]
        normal /= np.linalg.norm(normal) or 1.0
        towards = wanted - found
        along = share * (towards - (towards @ normal) * normal)
        if np.linalg.norm(along) < CLOSE * _size(solid):
            break
        moved = onto_surface(solid, (found + along)[None], rounds=5)[0]
        nearer = np.linalg.norm(moved - wanted) < np.linalg.norm(found - wanted)
        if nearer and (name is None or solid.names(moved[None])[0] == name):
            found = moved
        else:
            share /= 2
    return found


def _size(solid: Solid) -> float:
    low, high = solid.bounds
    return float(np.subtract(high, low).max())
