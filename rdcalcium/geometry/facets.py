"""The surface of a body in boxes, as triangles, or as areas by the names of its pieces.

A box is divided into parts, each into six tetrahedra around its diagonal. In a tetrahedron the depth is taken as
linear between its corners, so that the surface in it is a triangle or a quadrangle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rdcalcium.geometry.shares import CORNERS, ORDERS
from rdcalcium.solids import Solid

ON = 1e-7  # of a box: so near to the surface a point is on it, and counts as inside

# Corners of the six tetrahedra of a unit cube: from (0, 0, 0) to (1, 1, 1) along three edges in any order.
TETRAHEDRA = np.array([np.cumsum([np.zeros(3, int), *np.eye(3, dtype=int)[[*order]]], axis=0) for order in ORDERS])

# Edges of a tetrahedron that the surface cuts, round its rim, by how many corners are inside; deepest corner first.
RIMS = {1: ((0, 1), (0, 2), (0, 3)), 2: ((0, 2), (0, 3), (1, 3), (1, 2)), 3: ((3, 0), (3, 1), (3, 2))}

Pieces = dict[str, tuple[np.ndarray, np.ndarray]]
Called = Callable[[np.ndarray, np.ndarray], np.ndarray]


def facets(solid: Solid, low: np.ndarray, high: np.ndarray, parts: int = 1) -> Pieces:
    """The surface in boxes with corners (n, 3) µm as triangles, by the names of its pieces.

    parts    along each side of a box, in each of which the surface is a few triangles
    returns  name -> number of the box of each triangle (k,), and its corners (k, 3, 3) µm
    """
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for boxes, rim in _polygons(solid, low, high, parts):
        names = solid.names(rim.mean(axis=1))
        for name in {*names.tolist()}:
            found.setdefault(name, []).append(_fans(boxes[names == name], rim[names == name]))
    return chained(found)


def triangles(solid: Solid, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same without names: number of the box of each triangle (k,), and its corners (k, 3, 3) µm."""
    none = (np.empty(0, dtype=np.int64), np.empty((0, 3, 3)))
    found = [none, *(_fans(boxes, rim) for boxes, rim in _polygons(solid, low, high, 1))]
    boxes, corners = (np.concatenate(of) for of in zip(*found, strict=True))
    return boxes, corners


def _polygons(solid: Solid, low: np.ndarray, high: np.ndarray, parts: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The surface in boxes as flat polygons: the boxes of some (k,), and their corners (k, c, 3) µm."""
    middle, half = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
    near = np.flatnonzero(np.abs(solid.depth(middle)) <= half * (1 + ON))
    if not len(near):
        return
    points = lattice(low[near], high[near], parts)
    depth = solid.depth(points.reshape(-1, 3)).reshape(points.shape[:2])
    for boxes, rim in _rims(points, _tetrahedra(settled(depth, low[near], high[near]))):
        yield near[boxes], rim


def _fans(boxes: np.ndarray, rim: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Polygons as triangles from their first corner: boxes (t,) and corners (t, 3, 3) µm; a line or a point is none."""
    fans = np.stack([rim[:, [0, k, k + 1]] for k in range(1, rim.shape[1] - 1)], axis=1)
    corners = fans.reshape(-1, 3, 3)
    sizes = _areas(corners)
    some = sizes > ON**2 * sizes.max()
    return np.repeat(boxes, fans.shape[1])[some], corners[some]


def named_areas(called: Called, points: np.ndarray, depth: np.ndarray) -> Pieces:
    """Areas of the surface in boxes by the names of its pieces: name -> boxes (k,), and the area in each, (k,) µm².

    called  says what the surface is called at points of it (q, 3) µm in boxes by their numbers (q,)
    points  (n, p, 3) µm, that divide each box
    depth   (n, P + 1, P + 1, P + 1) µm, there
    """
    walls: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for boxes, rim in _rims(points, _tetrahedra(depth)):
        names, areas = called(rim.mean(axis=1), boxes), _areas(rim)
        for name in {*names.tolist()}:
            walls.setdefault(name, []).append((boxes[names == name], areas[names == name]))
    return {name: summed(*of) for name, of in chained(walls).items()}


def chained(pieces: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Several pairs of arrays under each name, one after the other."""
    found = {name: tuple(np.concatenate(arrays) for arrays in zip(*of, strict=True)) for name, of in pieces.items()}
    return {name: (numbers, areas) for name, (numbers, areas) in found.items()}


def summed(boxes: np.ndarray, areas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each box once, with the sum of its areas."""
    found, place = np.unique(boxes, return_inverse=True)
    return found, np.bincount(place, areas, len(found))


def lattice(low: np.ndarray, high: np.ndarray, parts: int) -> np.ndarray:
    """Points that divide boxes with corners (n, 3) µm in parts along each side, z fastest, (n, p, 3) µm."""
    ticks = np.arange(parts + 1) / parts
    shares = np.meshgrid(ticks, ticks, ticks, indexing="ij")
    points = np.empty((3, len(low), (parts + 1) ** 3))  # each coordinate by itself is faster to work with
    for x, share, first, last in zip(points, shares, low.T, high.T, strict=True):
        x[:] = first[:, None] + share.reshape(-1) * (last - first)[:, None]
    return np.moveaxis(points, 0, -1)


def settled(depth: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Depth at points (n, p) as (n, P + 1, P + 1, P + 1), positive on the surface: a face of a box does not cut it."""
    on = ON * np.linalg.norm(high - low, axis=1)[:, None]
    side = round(depth.shape[1] ** (1 / 3))
    return np.where(np.abs(depth) < on, on, depth).reshape(-1, side, side, side)


class Tetrahedra(NamedTuple):
    """Tetrahedra in boxes, in which the surface may be.

    boxes    (m,) in which each is
    corners  (m, 4) which points of its box
    values   (m, 4) depth there
    """

    boxes: np.ndarray
    corners: np.ndarray
    values: np.ndarray


def _tetrahedra(depth: np.ndarray) -> Tetrahedra:
    """The tetrahedra in those parts of boxes that the surface crosses."""
    side = depth.shape[1]
    first = np.stack(np.meshgrid(*[np.arange(side - 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    corners = (first + CORNERS) @ (side * side, side, 1)
    values = depth.reshape(len(depth), -1)[:, corners]
    inside = (values > 0).sum(axis=2)
    boxes, cubes = np.nonzero((inside > 0) & (inside < 8))
    four = TETRAHEDRA @ (4, 2, 1)  # numbers of their corners among those of a cube
    crossed = values[boxes, cubes][:, four].reshape(-1, 4)
    return Tetrahedra(np.repeat(boxes, 6), corners[cubes][:, four].reshape(-1, 4), crossed)


def _way(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far from one corner to another what is linear between them vanishes, from 0 to 1."""
    step = start - end
    return np.divide(start, step, out=np.zeros_like(start), where=step != 0)


def _rims(points: np.ndarray, tetrahedra: Tetrahedra) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The surface in tetrahedra as flat polygons: their boxes (k,), and corners (k, c, 3) µm.

    points  (n, p, 3) µm, of each box
    """
    order = np.argsort(-tetrahedra.values, axis=1)
    values, corners = (np.take_along_axis(a, order, axis=1) for a in (tetrahedra.values, tetrahedra.corners))
    inside = (values > 0).sum(axis=1)
    for count, edges in RIMS.items():
        at = np.flatnonzero(inside == count)
        if len(at):
            boxes = tetrahedra.boxes[at]
            places = points[boxes[:, None], corners[at]]
            rim = np.stack([_crossing(values[at], places, i, j) for i, j in edges], axis=1)
            yield boxes, rim


def _crossing(values: np.ndarray, places: np.ndarray, i: int, j: int) -> np.ndarray:
    """Where the surface crosses the edge between two corners of each tetrahedron, (m, 3) µm."""
    step = _way(values[:, i], values[:, j])[:, None] * (places[:, j] - places[:, i])
    crossing: np.ndarray = places[:, i] + step
    return crossing


def _areas(rim: np.ndarray) -> np.ndarray:
    """Of flat polygons with corners (m, c, 3), in triangles from their first corner, (m,)."""
    spokes = rim[:, 1:] - rim[:, :1]
    area: np.ndarray = np.linalg.norm(np.cross(spokes[:, :-1], spokes[:, 1:]), axis=2).sum(axis=1) / 2
    return area
