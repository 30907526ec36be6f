"""The cells of a grid through which a curved membrane goes: what of each is cytosol, and what its faces conduct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np

from rdcalcium.geometry.fractions import Fractions, chained, facets, fractions, summed
from rdcalcium.solids import Place, Solid, nearby
from rdcalcium.solids.base import place

Areas = tuple[np.ndarray, np.ndarray]
Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
Faces = tuple[np.ndarray, np.ndarray, np.ndarray]
Wall = tuple[int, int]  # axis, and 0 at its lower end and 1 at its upper one
Some = tuple[slice, slice, slice]

LEAST = 0.05  # share of a cell; what is smaller belongs to a neighbour
CAP = 1.5  # times the spectral radius of whole cells that cut ones may have
STEPS = 8  # through tiny cells, on the way to one that is not
BLOCK = 16  # cells along each axis that are looked at together
CLOSED = (False, False, False)  # axes that end
NONE = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
NOTHING = 1e-9  # of a face, which a body only touches


@dataclass(frozen=True, eq=False)
class CutCells:
    """What of the cells of a grid is cytosol.

    Cells of which less than LEAST is cytosol have none: what they had belongs to the neighbour to which their widest
    face leads, so that volume and area are exact in sum. A pump would empty them faster than diffusion fills them.

    fill   (nx, ny, nz) share of each cell; above 1 where it has that of a neighbour too
    faces  along x, y and z, share of the face towards the lower neighbour that is open, (nx, ny, nz) each
    walls  name of a piece of the membrane, or of a face of the grid such as x_min -> numbers of cells, and its area in
           each, (k,) µm²
    body      that fills them
    periodic  along which axes the last cell and the first are neighbours
    given     numbers of cells that gave away what they had, and of those to which it belongs, (g,) each
    """

    fill: np.ndarray
    faces: Faces
    walls: Mapping[str, Areas]
    body: Solid
    periodic: tuple[bool, bool, bool] = CLOSED
    given: tuple[np.ndarray, np.ndarray] = NONE

    def conducting(self, rates: Sequence[np.ndarray]) -> Faces:
        """What each face towards the lower neighbour conducts, in proportion to a whole one; (nx, ny, nz) each.

        A face counts at most as the fuller of both cells allows: min(1, CAP fill Σ whole / Σ open) of the emptier one,
        over the rates of exchange of its faces, so that no cell changes faster than CAP times a whole one.

        rates  along each axis, of exchange of whole cells with the lower neighbours, then with the upper ones, (2 n,)
        """
        whole, open = np.zeros_like(self.fill), np.zeros_like(self.fill)
        for axis, (face, both) in enumerate(zip(self.faces, rates, strict=True)):
            lower, upper = (np.expand_dims(r, [a for a in range(3) if a != axis]) for r in np.split(both, 2))
            whole += lower + upper
            open += lower * face + upper * np.roll(face, -1, axis)
        most = CAP * self.fill * whole
        ease = np.where(open > most, most / np.where(open > 0, open, 1.0), 1.0)
        x, y, z = (face * np.minimum(ease, np.roll(ease, 1, axis)) for axis, face in enumerate(self.faces))
        return x, y, z

    def are_whole(self, cells: np.ndarray) -> np.ndarray:
        """Whether cells (…, 3) are all cytosol and open on all sides; what is beside the grid does not count, (…)."""
        whole: np.ndarray = self.fill[tuple(np.moveaxis(cells, -1, 0))] == 1
        for axis, face in enumerate(self.faces):
            for step in (0, 1):
                at = _beside(cells, axis, step, face.shape)
                end = (at[..., axis] == 0) & (not self.periodic[axis])
                whole &= end | (face[tuple(np.moveaxis(at, -1, 0))] == 1)
        return whole


def cut_cells(
    edges: Edges,
    solid: Solid,
    walls: Mapping[str, Wall] = MappingProxyType({}),
    periodic: tuple[bool, bool, bool] = CLOSED,
) -> CutCells:
    """Those of a grid in which the cytosol is what is inside a body.

    edges     of the cells along x, y and z, µm
    walls     faces of the grid that have a name
    periodic  axes along which the cells go on at the other end, as the body does
    """
    shape = (len(edges[0]) - 1, len(edges[1]) - 1, len(edges[2]) - 1)
    fill = np.zeros(shape)
    faces = (np.zeros(shape), np.zeros(shape), np.zeros(shape))
    numbers = np.arange(fill.size).reshape(shape)
    found: dict[str, list[Areas]] = {}
    for some in _blocks(shape):
        along = [axis[part.start : part.stop + 1] for axis, part in zip(edges, some, strict=True)]
        of_block = _fractions(solid, along)
        shares = of_block.faces.reshape(*fill[some].shape, 3, 2)
        fill[some] = of_block.volume.reshape(fill[some].shape)
        for axis, face in enumerate(faces):
            face[some] = shares[..., axis, 0]
        inner = {name: (numbers[some].ravel()[cells], areas) for name, (cells, areas) in of_block.walls.items()}
        for name, areas in (*inner.items(), *_ends(shape, some, along, numbers[some], shares, walls, periodic)):
            found.setdefault(name, []).append(areas)
    for axis in range(3):
        if not periodic[axis]:
            faces[axis][_at(axis, 0)] = 0.0
    volumes = np.multiply.outer(np.multiply.outer(*(np.diff(along) for along in edges[:2])), np.diff(edges[2]))
    pieces = {name: summed(*of) for name, of in chained(found).items()}
    return _joined(CutCells(fill, faces, pieces, solid, periodic), volumes.ravel())


def surface_triangles(edges: Edges, solid: Solid) -> dict[str, np.ndarray]:
    """The surface of a body where it crosses cells, flat in parts of these: (k, 3, 3) µm by the names of its pieces."""
    found: dict[str, list[np.ndarray]] = {}
    for some in _blocks((len(edges[0]) - 1, len(edges[1]) - 1, len(edges[2]) - 1)):
        along = [axis[part.start : part.stop + 1] for axis, part in zip(edges, some, strict=True)]
        low, high = (place(np.array([axis[end] for axis in along])) for end in (0, -1))
        there = nearby(solid, low, high)
        if not _side(there, low, high):
            lower, upper = (_corners([axis[part] for axis in along]) for part in (slice(-1), slice(1, None)))
            for name, (_, pieces) in facets(there, lower, upper).items():
                found.setdefault(name, []).append(pieces)
    return {name: np.concatenate(pieces) for name, pieces in found.items()}


def is_whole(solid: Solid, low: Place, high: Place) -> bool:
    """Whether a body is known to fill the box between two corners (µm)."""
    return _side(nearby(solid, low, high), low, high) > 0


def _side(solid: Solid, low: Place, high: Place) -> int:
    """1 where a box is known to be inside a body, -1 where it is outside, 0 where the surface may go through it."""
    depth = float(solid.depth((np.add(low, high) / 2)[None])[0])
    return int(np.sign(depth)) if abs(depth) > np.linalg.norm(np.subtract(high, low)) / 2 else 0


def _blocks(shape: tuple[int, ...]) -> Iterator[Some]:
    """The grid in parts of BLOCK cells along each axis, or fewer at its ends."""
    x, y, z = ([slice(k, min(k + BLOCK, n)) for k in range(0, n, BLOCK)] for n in shape)
    yield from product(x, y, z)


def _fractions(solid: Solid, edges: Sequence[np.ndarray]) -> Fractions:
    """Those of the cells between some edges."""
    low, high = (place(np.array([along[end] for along in edges])) for end in (0, -1))
    there = nearby(solid, low, high)
    if side := _side(there, low, high):
        cells = int(np.prod([len(along) - 1 for along in edges]))
        return Fractions(np.full(cells, float(side > 0)), np.full((cells, 3, 2), float(side > 0)), {})
    lower, upper = (_corners([along[part] for along in edges]) for part in (slice(-1), slice(1, None)))
    return fractions(there, lower, upper)


def _ends(
    shape: tuple[int, ...],
    some: Some,
    edges: Sequence[np.ndarray],
    numbers: np.ndarray,
    shares: np.ndarray,
    walls: Mapping[str, Wall],
    periodic: tuple[bool, bool, bool],
) -> Iterator[tuple[str, Areas]]:
    """What the body leaves open of the six faces of the grid, in some of its cells."""
    names = {wall: name for name, wall in walls.items()}
    for axis, end in product(range(3), (0, 1)):
        if periodic[axis] or ((some[axis].stop != shape[axis]) if end else some[axis].start):
            continue
        one, other = (np.diff(edges[a]) for a in range(3) if a != axis)
        open = shares[_at(axis, -end)][..., axis, end]
        there = open > NOTHING
        name = names.get((axis, end), f"{'xyz'[axis]}_{('min', 'max')[end]}")
        yield name, (numbers[_at(axis, -end)][there], (open * np.multiply.outer(one, other))[there])


def _joined(cells: CutCells, volumes: np.ndarray) -> CutCells:
    """Give what tiny cells have to their neighbours, and close their faces; what no face leads out of is nothing."""
    shape, fill = cells.fill.shape, cells.fill.ravel().copy()
    to, wider = np.arange(len(fill)), _widest(cells)
    tiny = (fill > 0) & ((fill < LEAST) | (wider == to))
    for _ in range(STEPS):
        to = np.where(tiny[to], wider[to], to)
    given = np.flatnonzero(tiny)
    np.add.at(fill, to[given], fill[given] * volumes[given] / volumes[to[given]])
    fill[tiny] = 0.0
    gone = (fill == 0).reshape(shape)
    handed = _handed_on(cells.faces, tiny, wider, fill > 0, volumes)
    faces = [np.where(gone, 0.0, face) for face in handed]
    for axis, face in enumerate(faces):
        face[np.roll(gone, 1, axis)] = 0.0
    walls = {}
    for name, (numbers, areas) in cells.walls.items():
        held = fill[to[numbers]] > 0
        walls[name] = summed(to[numbers[held]], areas[held])
    kept = given[fill[to[given]] > 0]
    x, y, z = faces
    return CutCells(fill.reshape(shape), (x, y, z), walls, cells.body, cells.periodic, (kept, to[kept]))


def _handed_on(faces: Faces, tiny: np.ndarray, heirs: np.ndarray, held: np.ndarray, volumes: np.ndarray) -> Faces:
    """Faces of tiny cells, beside those towards their heirs, widen the parallel ones of the heirs.

    What flows along a membrane goes on through those, and the flow that leaves a cell with what was joined to it is
    right.

    tiny, heirs, held, volumes  (n,) of the cells, before what is tiny was given away but for `held`: which remain
    """
    shape = faces[0].shape
    wider = [face.copy() for face in faces]
    for axis, face in enumerate(faces):
        upper = np.flatnonzero((face.ravel() > 0) & (tiny | np.roll(tiny.reshape(shape), 1, axis).ravel()))
        lower = _number_beside(upper, axis, -1, shape)
        one = np.where(tiny[lower], lower, upper)  # is tiny
        for across, way in product((a for a in range(3) if a != axis), (-1, 1)):
            there = _number_beside(one, across, way, shape) == heirs[one]
            to, other = (_number_beside(cells[there], across, way, shape) for cells in (upper, lower))
            both = held[to] & held[other]
            to, given = to[both], upper[there][both]
            np.add.at(wider[axis].reshape(-1), to, face.ravel()[given] * volumes[given] / volumes[to])
    return wider[0], wider[1], wider[2]


def _number_beside(numbers: np.ndarray, axis: int, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Of cells by their numbers the ones a step further along an axis, around its ends, (k,)."""
    cells = _beside(np.stack(np.unravel_index(numbers, shape), axis=-1), axis, step, shape)
    beside: np.ndarray = np.ravel_multi_index(tuple(cells.T), shape)
    return beside


def _beside(cells: np.ndarray, axis: int, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """The cells a step further along an axis, around its ends, (…, 3)."""
    return (cells + step * np.eye(3, dtype=np.int64)[axis]) % shape


def _widest(cells: CutCells) -> np.ndarray:
    """The neighbour of each cell to which the widest of its faces leads, weighed by what it holds; (n,) numbers."""
    numbers = np.arange(cells.fill.size).reshape(cells.fill.shape)
    best, heir = np.zeros(cells.fill.shape), numbers.copy()
    for axis, face in enumerate(cells.faces):
        for step, way in ((1, face), (-1, np.roll(face, -1, axis))):
            weight = way * np.roll(cells.fill, step, axis)
            heir = np.where(weight > best, np.roll(numbers, step, axis), heir)
            best = np.maximum(best, weight)
    return heir.reshape(-1)


def _corners(along: list[np.ndarray]) -> np.ndarray:
    return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3)


def _at(axis: int, index: int) -> tuple[slice | int, ...]:
    return tuple(index if a == axis else slice(None) for a in range(3))
