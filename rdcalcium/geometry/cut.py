"""The cells of a grid through which a curved membrane goes: what of each is cytosol, and what its faces conduct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np

from rdcalcium.geometry.fractions import Fractions, chained, fractions, summed
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
    """

    fill: np.ndarray
    faces: Faces
    walls: Mapping[str, Areas]

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
            open += lower * face
            open[_ahead(axis, -1)] += (upper * np.ones_like(face))[_ahead(axis, -1)] * face[_ahead(axis, 1)]
        most = CAP * self.fill * whole
        ease = np.where(open > most, most / np.where(open > 0, open, 1.0), 1.0)
        conducting = []
        for axis, face in enumerate(self.faces):
            both = np.zeros_like(face)
            both[_ahead(axis, 1)] = np.minimum(ease[_ahead(axis, 1)], ease[_ahead(axis, -1)])
            conducting.append(face * both)
        return conducting[0], conducting[1], conducting[2]


def cut_cells(edges: Edges, solid: Solid, walls: Mapping[str, Wall] = MappingProxyType({})) -> CutCells:
    """Those of a grid in which the cytosol is what is inside a body.

    edges  of the cells along x, y and z, µm
    walls  faces of the grid that have a name
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
        pieces = {name: (numbers[some].ravel()[cells], areas) for name, (cells, areas) in of_block.walls.items()}
        for name, areas in (*pieces.items(), *_ends(shape, some, along, numbers[some], shares, walls)):
            found.setdefault(name, []).append(areas)
    for axis, face in enumerate(faces):
        face[_at(axis, 0)] = 0.0
    volumes = np.multiply.outer(np.multiply.outer(*(np.diff(along) for along in edges[:2])), np.diff(edges[2]))
    return _joined(CutCells(fill, faces, {name: summed(*of) for name, of in chained(found).items()}), volumes.ravel())


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
) -> Iterator[tuple[str, Areas]]:
    """What the body leaves open of the six faces of the grid, in some of its cells."""
    names = {wall: name for name, wall in walls.items()}
    for axis, end in product(range(3), (0, 1)):
        if (some[axis].stop != shape[axis]) if end else some[axis].start:
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
    faces = [np.where(gone, 0.0, face) for face in cells.faces]
    for axis, face in enumerate(faces):
        face[_ahead(axis, 1)][gone[_ahead(axis, -1)]] = 0.0
    walls = {}
    for name, (numbers, areas) in cells.walls.items():
        held = fill[to[numbers]] > 0
        walls[name] = summed(to[numbers[held]], areas[held])
    return CutCells(fill.reshape(shape), (faces[0], faces[1], faces[2]), walls)


def _widest(cells: CutCells) -> np.ndarray:
    """The neighbour of each cell to which the widest of its faces leads, weighed by what it holds; (n,) numbers."""
    numbers = np.arange(cells.fill.size).reshape(cells.fill.shape)
    best, heir = np.zeros(cells.fill.shape), numbers.copy()
    for axis, face in enumerate(cells.faces):
        here, below = _ahead(axis, 1), _ahead(axis, -1)
        for one, other in ((here, below), (below, here)):
            weight = face[here] * cells.fill[other]
            wider = weight > best[one]
            best[one] = np.where(wider, weight, best[one])
            heir[one] = np.where(wider, numbers[other], heir[one])
    return heir.reshape(-1)


def _corners(along: list[np.ndarray]) -> np.ndarray:
    return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3)


def _ahead(axis: int, step: int) -> tuple[slice, ...]:
    """All but the first (1) or the last (-1) cells along an axis."""
    return tuple((slice(1, None) if step > 0 else slice(-1)) if a == axis else slice(None) for a in range(3))


def _at(axis: int, index: int) -> tuple[slice | int, ...]:
    return tuple(index if a == axis else slice(None) for a in range(3))
