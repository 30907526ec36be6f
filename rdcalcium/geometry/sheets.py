"""Thin bodies between the middles of cells: a sheet that spans the way from one to the next lets nothing through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from rdcalcium.geometry.joining import Edges, Faces
from rdcalcium.solids import Solid, met, normals, tangents, thickness

PLACES = (0.01, 0.17, 0.33, 0.5, 0.67, 0.83, 0.99)  # along each side of a cell whose middle is no cytosol
BEYOND = 2  # cells in the next tiles, which may be beside a body in this one
ARRIVED = 1e-3  # of the thickness of a body, as near to which it is met
OPPOSITE = -0.5  # least cosine between the normals where a way enters a sheet and where it leaves it


def close_sheets(
    faces: Faces, edges: Edges, cytosol: Solid, bodies: Sequence[Solid], periodic: tuple[bool, bool, bool]
) -> None:
    """Close the faces between cells that lie on either side of a thin body; the arrays are changed.

    A cell lies where its middle is, or where it is deepest in the cytosol if that is in a body. The body spans the way
    to the next one if that enters it on one side, leaves it on the other, and it goes on from there as far as cells are
    wide. So rods and vesicles close nothing.

    faces  along x, y and z, share of the face towards the lower neighbour that is open, (nx, ny, nz) each
    edges  of the cells along each axis, µm
    """
    for body in bodies:
        cells = _around(edges, body, periodic)
        if len(cells):
            places = _places(edges, cells, cytosol)
            for axis, face in enumerate(faces):
                _close(face, axis, edges, cells, places, body)


def _around(edges: Edges, body: Solid, periodic: tuple[bool, bool, bool]) -> np.ndarray:
    """Indices of cells so near to a body that it may be a sheet between them and the next ones, (k, 3).

    Along periodic axes they go on beyond the ends: those below 0 are in the tile before, those from n on in the next.
    """
    ranges, widths = [], []
    for along, start, stop, again in zip(edges, *body.bounds, periodic, strict=True):
        count, more = len(along) - 1, BEYOND if again else 0
        edge = _edge(along, np.arange(-more, count + more + 1))
        first, last = np.searchsorted(edge, (start, stop)) - more
        ranges.append(np.arange(max(first - 2, -more), min(last + 1, count + more)))
        widths.append(np.diff(along)[ranges[-1] % count])
    cells = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    if not len(cells):
        return cells
    _, broad, _ = np.sort(np.subtract(*body.bounds[::-1]))
    if thickness(body) >= max(of.max() for of in widths) or broad < max(of.min() for of in widths):
        return cells[:0]
    low, high = _corners(edges, cells)
    near: np.ndarray = -body.depth((low + high) / 2) <= np.linalg.norm(high - low, axis=1)
    return cells[near]


def _edge(along: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The edges with some numbers along an axis, also beyond its ends, µm."""
    tile, number = np.divmod(numbers, len(along) - 1)
    found: np.ndarray = along[number] + tile * np.ptp(along)
    found[numbers == len(along) - 1] = along[-1]  # to the last digit
    return found


def _corners(edges: Edges, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.stack([_edge(along, cells[:, a] + end) for a, along in enumerate(edges)], axis=1) for end in (0, 1))
    return low, high


def _shape(edges: Edges) -> tuple[int, int, int]:
    x, y, z = (len(along) - 1 for along in edges)
    return x, y, z


def _places(edges: Edges, cells: np.ndarray, cytosol: Solid) -> np.ndarray:
    """Where cells lie, (k, 3) µm; nowhere if none of it is cytosol.

    The cytosol is asked in the tile itself.
    """
    tile = cells // _shape(edges)
    low, high = _corners(edges, cells % _shape(edges))
    places = (low + high) / 2
    within = np.flatnonzero(cytosol.depth(places) <= 0)
    shares = np.array([*product(PLACES, repeat=3)])
    points = low[within, None] + shares * (high - low)[within, None]
    depth = cytosol.depth(points.reshape(-1, 3)).reshape(points.shape[:2])
    best = depth.argmax(axis=1)
    places[within] = points[np.arange(len(within)), best]
    places[within[depth.max(axis=1, initial=-np.inf) <= 0]] = np.nan
    return places + tile * [np.ptp(along) for along in edges]


def _close(face: np.ndarray, axis: int, edges: Edges, cells: np.ndarray, places: np.ndarray, body: Solid) -> None:
    """Those towards lower neighbours along an axis."""
    first = cells.min(axis=0) - 1
    box = tuple(np.ptp(cells, axis=0) + 2)
    numbers, lower = (
        np.ravel_multi_index(tuple((of - first).T), box) for of in (cells, cells - np.eye(3, dtype=int)[axis])
    )
    order = np.argsort(numbers)
    below = order[np.searchsorted(numbers[order], lower).clip(max=len(numbers) - 1)]
    own = np.ravel_multi_index(tuple((cells % face.shape).T), face.shape)
    there = (numbers[below] == lower) & (face.reshape(-1)[own] > 0)
    upper = np.flatnonzero(there & np.isfinite(places + places[below]).all(axis=1))
    low, high = _corners(edges, cells[upper])
    closed = spans(body, places[upper], places[below[upper]], (high - low).max(axis=1))
    face.reshape(-1)[own[upper[closed]]] = 0.0


def spans(body: Solid, starts: np.ndarray, ends: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Whether a body between points (n, 3) µm is a sheet there that goes on as far as (n,) µm."""
    arrived = ARRIVED * thickness(body)
    some = np.flatnonzero(-body.depth(starts) - body.depth(ends) <= np.linalg.norm(ends - starts, axis=1))
    entry, leaving = met(body, starts[some], ends[some], arrived), 1 - met(body, ends[some], starts[some], arrived)
    through = np.isfinite(entry) & np.isfinite(leaving)
    some, entry, leaving = some[through], entry[through], leaving[through]
    first, last = (starts[some] + share[:, None] * (ends - starts)[some] for share in (entry, leaving))
    one, other = (normals(body, points) for points in (first, last))
    sheet = (one * other).sum(axis=1) < OPPOSITE
    some, middle, normal = some[sheet], ((first + last) / 2)[sheet], (one - other)[sheet]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    spanned = np.zeros(len(starts), dtype=bool)
    spanned[some] = _goes_on(body, middle, normal, reach[some, None], arrived)
    return spanned


def _goes_on(body: Solid, points: np.ndarray, normal: np.ndarray, reach: np.ndarray, arrived: float) -> np.ndarray:
    """Whether lines along normals (n, 3) meet a body too that are so far (n, 1) µm beside points (n, 3), (n,).

    On one side of each along both directions: beside its rim a sheet goes on only there, and a rod on none.
    """
    on = np.ones(len(points), dtype=bool)
    for aside in tangents(normal):
        sides = (points + sign * reach * aside for sign in (-1, 1))
        one, other = (met(body, side - reach * normal, side + reach * normal, arrived) for side in sides)
        on &= np.isfinite(np.minimum(one, other))
    return on
