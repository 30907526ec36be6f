"""Tetrahedra of a tile: the nodes of its opposite ends are the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.matched_ends import at_lower_ends, partners
from rdcalcium.geometry.mesh import Tiling
from rdcalcium.model import Described
from rdcalcium.model.shapes import Place
from rdcalcium.solids.periodic import smallest_arc
from rdcalcium.units import NM_PER_UM

NEAR = 1e-6  # µm; a node this near to an end of the tile or to its partner is on it
FAR = 1e6  # nm, beyond any terminal
ASIDE, STEPS = 0.2, 41  # of a period: how far its middle may move aside from obstacles, and in how many places
CLEAR = 0.01  # of a period, that the end of a tile should keep from the top of a round body: Gmsh cuts no tangent plane


def middle_of(shape: Described, points: Sequence[Place]) -> np.ndarray:
    """Where the middle of a tile should be, (3,) µm, so that its ends are far from some points, and touch no obstacle.

    The middle of the shortest interval that holds all points, or the place nearest to it at which the ends keep CLEAR
    of where points and obstacles begin and end.
    """
    at = np.zeros(3)
    places = np.array(points, dtype=float).reshape(-1, 3)
    bodies = np.array([obstacle.solid.bounds for obstacle in shape.obstacles], dtype=float).reshape(-1, 3)
    for axis, period in shape.periods.items():
        middle = float(np.mean(smallest_arc(places[:, axis] % period, period))) if len(places) else 0.0
        tried = middle + period * np.array(sorted(np.linspace(-ASIDE, ASIDE, STEPS), key=abs))
        kept = np.concatenate([places[:, axis], bodies[:, axis]])
        if len(kept):
            off = np.abs(((tried[:, None] + period / 2 - kept) / period + 0.5) % 1 - 0.5).min(axis=1)
            middle = float(tried[int(np.argmax(off >= CLEAR)) if (off >= CLEAR).any() else int(off.argmax())])
        at[axis] = middle - period * round(middle / period)
    return at


def moved(shape: Described, by: np.ndarray) -> Described:
    """A tile whose contents are so much further, (3,) µm."""
    x, y, z = by.tolist()
    return shape.model_copy(update={"obstacles": tuple(obstacle.moved((x, y, z)) for obstacle in shape.obstacles)})


def into(shape: Described, points: Sequence[Place] | np.ndarray, by: np.ndarray) -> list[Place]:
    """Points that are so much further, (3,) µm, or the images of these that are between the ends of a tile."""
    inside = np.array(points, dtype=float).reshape(-1, 3) + by
    for axis, period in shape.periods.items():
        low = shape.bounds[0][axis]
        inside[:, axis] = low + (inside[:, axis] - low) % period
    return [(x, y, z) for x, y, z in inside.tolist()]


def match_ends(gmsh: Any, shape: Described) -> None:
    """Have the triangles of opposite ends be the same; InputError where obstacles make them differ."""
    for axis, period in shape.periods.items():
        low, high = (_faces_at(gmsh, axis, NM_PER_UM * corner[axis]) for corner in shape.bounds)
        step = np.zeros(6)
        step[[axis, axis + 3]] = NM_PER_UM * period
        boxes = np.array([gmsh.model.getBoundingBox(2, tag) for tag in high]).reshape(-1, 6)
        away = [np.abs(boxes - gmsh.model.getBoundingBox(2, tag) - step).max(axis=1) for tag in low]
        partners = [int(distances.argmin()) for distances in away if len(distances)]
        if len(low) != len(high) or sorted(partners) != [*range(len(high))]:
            raise _ends_differ(axis)
        matrix = np.eye(4)
        matrix[axis, 3] = NM_PER_UM * period
        try:
            gmsh.model.mesh.setPeriodic(2, [high[k] for k in partners], low, matrix.ravel().tolist())
        except Exception as error:  # Gmsh raises nothing narrower
            raise _ends_differ(axis) from error


def _ends_differ(axis: int) -> InputError:
    return InputError(
        f"Gmsh cuts the two ends of the tile along {'xyz'[axis]} differently; move obstacles that only touch an end, "
        "or take a grid"
    )


def _faces_at(gmsh: Any, axis: int, place: float) -> list[int]:
    """Tags of the faces in a plane that an axis is normal to, nm."""
    low, high = [-FAR] * 3, [FAR] * 3
    low[axis], high[axis] = place - NM_PER_UM * NEAR, place + NM_PER_UM * NEAR
    return [tag for _, tag in gmsh.model.getEntitiesInBoundingBox(*low, *high, 2)]


def tiling(shape: Described, points: np.ndarray) -> Tiling | None:
    """Which nodes (n, 3) µm of a tile are the same; None of what is no tile."""
    if not shape.periods:
        return None
    same = np.arange(len(points))
    for axis, period in shape.periods.items():
        low, high = (np.flatnonzero(np.abs(points[:, axis] - corner[axis]) < NEAR) for corner in shape.bounds)
        images = partners(points, low, high, axis, period, NEAR)
        if images is None:
            raise InputError(
                f"Gmsh meshes the two ends of the tile along {'xyz'[axis]} differently; try another size_in_bulk"
            )
        same[high] = same[images]  # of those on several ends the one at all lower ends, axis by axis
    return Tiling(dict(shape.periods), at_lower_ends(same), tuple(shape.ends))


def require_no_lumens(shape: Described, hollow: Sequence[str]) -> None:
    """InputError where a tile of tetrahedra has lumens of stores."""
    if shape.periods and hollow:
        raise InputError(
            f"{hollow[0]!r} is the lumen of a store, which tetrahedra have in no tile yet: take a grid, or symmetry in "
            "place of periodic"
        )
