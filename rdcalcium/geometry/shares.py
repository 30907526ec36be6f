"""Which share of boxes and of their faces is inside, and how much surface is in them, from the depth at points.

Points divide each box in parts along each side, and each part is six tetrahedra around its diagonal. In a tetrahedron
the depth is taken as linear between its corners, so everything is of second order. A level set of a linear function φ
has the area |∇φ| dV/dφ, with V the volume beyond it.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

ORDERS = [*permutations(range(3))]  # in which axes are followed from the first corner of a cube to the last
CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])  # of a cube


def volumes_and_areas(depth: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of boxes that is inside, and area of the surface in them, (n,) each.

    depth  (n, P + 1, P + 1, P + 1) µm
    sizes  (n, 3) µm, of the boxes
    """
    n, parts = len(depth), depth.shape[1] - 1
    inside = _inside(depth)
    cubes = np.flatnonzero((inside > 0) & (inside < 8))
    share, section = _in_cubes(*_cubes(depth, cubes, sizes / parts))
    boxes, whole = cubes // parts**3, (inside == 8).reshape(n, parts**3).sum(axis=1)
    volume = (whole + np.bincount(boxes, share, n)) / parts**3
    return volume, np.bincount(boxes, section, n) * sizes.prod(axis=1) / parts**3


def face_share(depth: np.ndarray) -> np.ndarray:
    """Share of a face of each box that is inside, from the depth at points that divide it (n, P + 1, P + 1); (n,).

    Each part of a face is two triangles, faces of the tetrahedra behind them.
    """
    parts = depth.shape[1] - 1
    a, b, c, d = (depth[:, i : i + parts, j : j + parts].reshape(-1) for i, j in ((0, 0), (1, 1), (1, 0), (0, 1)))
    inside = np.sum([x > 0 for x in (a, b, c, d)], axis=0, dtype=np.uint8)
    share = (inside == 4).astype(float)
    some = np.flatnonzero((inside > 0) & (inside < 4))
    one, other, first, second = (x[some] for x in (a, b, c, d))
    share[some] = (_of_triangles(one, first, other) + _of_triangles(one, second, other)) / 2
    shares: np.ndarray = share.reshape(len(depth), parts**2).mean(axis=1)
    return shares


def _inside(depth: np.ndarray) -> np.ndarray:
    """How many corners of each part of each box are inside, (n × P³,)."""
    parts = depth.shape[1] - 1
    positive = (depth > 0).astype(np.uint8)
    inside = np.zeros((len(depth), parts, parts, parts), dtype=np.uint8)
    for i, j, k in CORNERS:
        inside += positive[:, i : i + parts, j : j + parts, k : k + parts]
    return inside.reshape(-1)


def _cubes(depth: np.ndarray, cubes: np.ndarray, sizes: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Depth at the eight corners of parts of boxes by their numbers, and their sides along x, y and z; (q,) each."""
    side = depth.shape[1]
    parts = side - 1
    boxes, part = np.divmod(cubes, parts**3)
    i, j, k = part // parts**2, part // parts % parts, part % parts
    first = ((boxes * side + i) * side + j) * side + k
    values = depth.reshape(-1)
    return [values[first + step] for step in CORNERS @ (side * side, side, 1)], [*sizes[boxes].T]


def _in_cubes(values: list[np.ndarray], sides: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of cubes that are crossed the share inside, and area of the surface over volume, (q,) each."""
    share, section = np.zeros_like(values[0]), np.zeros_like(values[0])
    bits = (4, 2, 1)  # of x, y and z in the number of a corner
    for order in ORDERS:
        one, two = bits[order[0]], bits[order[0]] + bits[order[1]]
        path = [values[corner] for corner in (0, one, two, 7)]
        inside, crossed, (own, slope) = _in_tetrahedra(path)
        share += inside
        share[crossed] += own
        steps = [
            (path[k + 1][crossed] - path[k][crossed]) / sides[axis][crossed] for k, axis in enumerate(order)
        ]  # along the edges of the cube
        section[crossed] += slope * np.sqrt(steps[0] ** 2 + steps[1] ** 2 + steps[2] ** 2)
    return share / 6, section / 6


Crossed = tuple[np.ndarray, np.ndarray]


def _in_tetrahedra(path: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, Crossed]:
    """Which tetrahedra are inside (m,), which are crossed, and of these the share v that is inside, and dv/dφ.

    path  values at their corners, (m,) each
    """
    ordered = _descending(path)
    crossed = np.flatnonzero((ordered[0] > 0) & (ordered[3] <= 0))
    a, b, c, d = (x[crossed] for x in ordered)
    share, slope = np.empty_like(a), np.empty_like(a)
    for some, of in ((b <= 0, _one), ((b > 0) & (c <= 0), _two), (c > 0, _three)):
        share[some], slope[some] = of(a[some], b[some], c[some], d[some])
    return ordered[3] > 0, crossed, (share, slope)


def _descending(values: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Four values of each row in order, the largest first."""
    a, b, c, d = values
    a, b = np.maximum(a, b), np.minimum(a, b)
    c, d = np.maximum(c, d), np.minimum(c, d)
    a, c = np.maximum(a, c), np.minimum(a, c)
    b, d = np.maximum(b, d), np.minimum(b, d)
    return a, np.maximum(b, c), np.minimum(b, c), d


def _one(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Crossed:
    """Where the first corner alone is inside."""
    share = a / (a - b) * (a / (a - c)) * (a / (a - d))
    return share, 3 * share / a


def _two(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Crossed:
    """Where two are."""
    ac, ad, bc, bd = a - c, a - d, b - c, b - d
    p, q, r, t = a / ac, a / ad, b / bc, b / bd
    share = p * q * (1 - t) + p * (1 - r) * t + r * t
    slope = (1 / ac * q + p / ad) * (1 - t) - p * q / bd + (1 / ac * (1 - r) - p / bc) * t + p * (1 - r) / bd
    return share, slope + t / bc + r / bd


def _three(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Crossed:
    """Where the last one alone is outside."""
    beyond = 1 / ((d - a) * (d - b) * (d - c))
    return 1 - d * d * d * beyond, -3 * d * d * beyond


def _of_triangles(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Share of triangles where what is linear between values at their corners is positive, (m,)."""
    a, b = np.maximum(a, b), np.minimum(a, b)
    b, c = np.maximum(b, c), np.minimum(b, c)
    a, b = np.maximum(a, b), np.minimum(a, b)
    share = (c > 0).astype(float)
    one, two = np.flatnonzero((a > 0) & (b <= 0)), np.flatnonzero((b > 0) & (c <= 0))
    share[one] = a[one] / (a[one] - b[one]) * (a[one] / (a[one] - c[one]))
    share[two] = 1 - c[two] / (c[two] - a[two]) * (c[two] / (c[two] - b[two]))
    return share
