"""How much of boxes and of their faces a body fills, and how much of its surface is in them.

A box is divided into parts, each into six tetrahedra around its diagonal. In a tetrahedron the depth is taken as
linear between its corners, so that the surface in it is a triangle or a quadrangle, and everything is of second order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np

from rdcalcium.solids import Solid

PARTS = 3  # along each side of a box that the surface crosses
CHUNK = 4096  # boxes at a time
ON = 1e-7  # of a box: so near to the surface a point is on it, and counts as inside

# Corners of the six tetrahedra of a unit cube: from (0, 0, 0) to (1, 1, 1) along three edges in any order.
TETRAHEDRA = np.array(
    [np.cumsum([np.zeros(3, int), *np.eye(3, dtype=int)[[*order]]], axis=0) for order in permutations(range(3))]
)
CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])  # of a cube

# Edges of a tetrahedron that the surface cuts, round its rim, by how many corners are inside; deepest corner first.
RIMS = {1: ((0, 1), (0, 2), (0, 3)), 2: ((0, 2), (0, 3), (1, 3), (1, 2)), 3: ((3, 0), (3, 1), (3, 2))}


@dataclass(frozen=True)
class Fractions:
    """Of n boxes.

    volume  (n,) share that is inside the body
    faces   (n, 3, 2) shares of the faces at the lower and the upper end along x, y and z
    walls   name of a piece of the surface -> boxes that it is in (k,), and its area in each, (k,) µm²
    """

    volume: np.ndarray
    faces: np.ndarray
    walls: dict[str, tuple[np.ndarray, np.ndarray]]


def fractions(solid: Solid, low: np.ndarray, high: np.ndarray) -> Fractions:
    """Those of boxes with corners (n, 3) µm."""
    middle, half = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
    depth = solid.depth(middle)
    inside = (depth > 0).astype(float)
    volume, faces = inside.copy(), np.repeat(inside, 6).reshape(-1, 3, 2)
    walls: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    crossed = np.flatnonzero(np.abs(depth) <= half * (1 + ON))
    for start in range(0, len(crossed), CHUNK):
        some = crossed[start : start + CHUNK]
        part = _crossed(solid, low[some], high[some])
        volume[some], faces[some] = part.volume, part.faces
        for name, (boxes, areas) in part.walls.items():
            walls.setdefault(name, []).append((some[boxes], areas))
    return Fractions(volume, faces, chained(walls))


def chained(pieces: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Several pairs of arrays under each name, one after the other."""
    found = {name: tuple(np.concatenate(arrays) for arrays in zip(*of, strict=True)) for name, of in pieces.items()}
    return {name: (numbers, areas) for name, (numbers, areas) in found.items()}


def summed(boxes: np.ndarray, areas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each box once, with the sum of its areas."""
    found, place = np.unique(boxes, return_inverse=True)
    return found, np.bincount(place, areas, len(found))


def facets(solid: Solid, low: np.ndarray, high: np.ndarray, parts: int = 1) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The surface in boxes with corners (n, 3) µm as triangles, by the names of its pieces.

    parts    along each side of a box, in each of which the surface is a few triangles
    returns  name -> number of the box of each triangle (k,), and its corners (k, 3, 3) µm
    """
    middle, half = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
    near = np.flatnonzero(np.abs(solid.depth(middle)) <= half * (1 + ON))
    if not len(near):
        return {}
    points, depth = _lattice(solid, low[near], high[near], parts)
    _, tetrahedra = _tetrahedra(depth, parts)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for names, boxes, rim in _rims(solid, points, tetrahedra):
        fans = np.stack([rim[:, [0, k, k + 1]] for k in range(1, rim.shape[1] - 1)], axis=1)
        for name in {*names.tolist()}:
            own = fans[names == name].reshape(-1, 3, 3)
            sizes = _areas(own)
            some = sizes > ON**2 * sizes.max()  # a line or a point is no triangle
            found.setdefault(name, []).append((np.repeat(near[boxes[names == name]], fans.shape[1])[some], own[some]))
    return chained(found)


def triangles(solid: Solid, low: np.ndarray, high: np.ndarray, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The same without names: number of the box of each triangle (k,), and its corners (k, 3, 3) µm."""
    found = [*facets(solid, low, high, parts).values()] or [(np.empty(0, dtype=np.int64), np.empty((0, 3, 3)))]
    boxes, corners = (np.concatenate(of) for of in zip(*found, strict=True))
    return boxes, corners


def _crossed(solid: Solid, low: np.ndarray, high: np.ndarray) -> Fractions:
    """Those of boxes that are crossed by the surface, or nearly so."""
    n = len(low)
    points, depth = _lattice(solid, low, high, PARTS)
    whole, tetrahedra = _tetrahedra(depth, PARTS)
    parts = np.bincount(tetrahedra.boxes, _share_of_tetrahedra(tetrahedra.values), n) / 6
    walls: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for names, boxes, rim in _rims(solid, points, tetrahedra):
        areas = _areas(rim)
        for name in {*names.tolist()}:
            walls.setdefault(name, []).append((boxes[names == name], areas[names == name]))
    summed_up = {name: summed(*of) for name, of in chained(walls).items()}
    return Fractions((whole + parts) / PARTS**3, _face_shares(depth), summed_up)


def _lattice(solid: Solid, low: np.ndarray, high: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Points that divide each box in parts along each side, (n, p, 3) µm, and the depth there, (n, P+1, P+1, P+1)."""
    ticks = np.arange(parts + 1)
    lattice = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 3) / parts
    points = low[:, None] + lattice * (high - low)[:, None]
    depth = solid.depth(points.reshape(-1, 3)).reshape(len(low), -1)
    on = ON * np.linalg.norm(high - low, axis=1)[:, None]
    depth = np.where(np.abs(depth) < on, on, depth)  # what lies along a face of a box does not cut it
    return points, depth.reshape(-1, parts + 1, parts + 1, parts + 1)


class Tetrahedra(NamedTuple):
    """Tetrahedra in boxes, in which the surface may be.

    boxes    (m,) in which each is
    corners  (m, 4) which points of its box
    values   (m, 4) depth there
    """

    boxes: np.ndarray
    corners: np.ndarray
    values: np.ndarray


def _tetrahedra(depth: np.ndarray, parts: int) -> tuple[np.ndarray, Tetrahedra]:
    """How many parts of each box are inside, (n,), and the tetrahedra in those that the surface crosses."""
    side = parts + 1
    first = np.stack(np.meshgrid(*[np.arange(parts)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    corners = (first + CORNERS) @ (side * side, side, 1)
    values = depth.reshape(len(depth), -1)[:, corners]
    inside = (values > 0).sum(axis=2)
    boxes, cubes = np.nonzero((inside > 0) & (inside < 8))
    four = TETRAHEDRA @ (4, 2, 1)  # numbers of their corners among those of a cube
    crossed = values[boxes, cubes][:, four].reshape(-1, 4)
    return (inside == 8).sum(axis=1), Tetrahedra(np.repeat(boxes, 6), corners[cubes][:, four].reshape(-1, 4), crossed)


def _face_shares(depth: np.ndarray) -> np.ndarray:
    """Shares of the six faces of each box inside, (n, 3, 2): the triangles of the tetrahedra that lie on them."""
    shares = np.zeros((len(depth), 3, 2))
    for axis in range(3):
        for end in (0, 1):
            face = np.take(depth, -end, axis=axis + 1)
            a, b = face[:, :-1, :-1], face[:, 1:, 1:]
            for c in (face[:, 1:, :-1], face[:, :-1, 1:]):
                share = _share_of_triangles(np.stack([a, c, b], axis=-1).reshape(-1, 3))
                shares[:, axis, end] += share.reshape(len(depth), -1).mean(axis=1) / 2
    return shares


def _share_of_tetrahedra(values: np.ndarray) -> np.ndarray:
    """Share of tetrahedra where what is linear between values (m, 4) at their corners is positive, (m,)."""
    a, b, c, d = np.sort(values, axis=1)[:, ::-1].T
    inside = (values > 0).sum(axis=1)
    share = (inside == 4).astype(float)
    one, two, three = (inside == k for k in (1, 2, 3))
    share[one] = (_way(a, b) * _way(a, c) * _way(a, d))[one]
    p, q, r, t = _way(a, c), _way(a, d), _way(b, c), _way(b, d)
    share[two] = (p * q * (1 - t) + p * (1 - r) * t + r * t)[two]
    share[three] = 1 - (_way(d, a) * _way(d, b) * _way(d, c))[three]
    return share


def _share_of_triangles(values: np.ndarray) -> np.ndarray:
    """The same of triangles, (m, 3) -> (m,)."""
    a, b, c = np.sort(values, axis=1)[:, ::-1].T
    inside = (values > 0).sum(axis=1)
    one, two = inside == 1, inside == 2
    share = (inside == 3).astype(float)
    share[one] = (_way(a, b) * _way(a, c))[one]
    share[two] = 1 - (_way(c, a) * _way(c, b))[two]
    return share


def _way(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far from one corner to another what is linear between them vanishes, from 0 to 1."""
    step = start - end
    return np.divide(start, step, out=np.zeros_like(start), where=step != 0)


def _rims(
    solid: Solid, points: np.ndarray, tetrahedra: Tetrahedra
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The surface in tetrahedra as flat polygons: names of the pieces (k,), their boxes (k,), corners (k, c, 3) µm.

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
            yield solid.names(rim.mean(axis=1)), boxes, rim


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
