"""The cells of a grid through which a curved membrane goes: what of each is cytosol, and what its faces conduct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np

from rdcalcium.geometry.filling import Filling
from rdcalcium.geometry.joining import Areas, Edges, Faces, beside, join_tiny
from rdcalcium.geometry.sampled import Sampled
from rdcalcium.geometry.sheets import close_sheets
from rdcalcium.solids import Place, Solid, Without, nearby
from rdcalcium.solids.base import place

Wall = tuple[int, int]  # axis, and 0 at its lower end and 1 at its upper one
Some = tuple[slice, slice, slice]

CAP = 1.5  # times the spectral radius of whole cells that cut ones may have
BLOCK = 16  # cells along each axis that are looked at together
CLOSED = (False, False, False)  # axes that end
NONE = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
NOTHING = 1e-9  # of a face, which no more than rounding opens
TOUCHED = 1e-3  # of a face, that is open of none at an end of the grid which a body only touches


@dataclass(frozen=True, eq=False)
class CutCells:
    """What of the cells of a grid is cytosol.

    Cells of which less than 5 % is cytosol (LEAST in joining.py) have none: what they had belongs to the neighbour to
    which their widest face leads, so that volume and area are exact in sum. A pump would empty them faster than
    diffusion fills them.

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

        The open share is multiplied by min(1, CAP fill Σ whole / Σ open) of the emptier of both cells, with the sums
        over the rates of exchange of that cell's faces, so that no cell changes faster than CAP times a whole one.

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
                at = beside(cells, axis, step, face.shape)
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
    filling = Filling.empty((len(edges[0]) - 1, len(edges[1]) - 1, len(edges[2]) - 1))
    for some in blocks_of(filling.fill.shape):
        along = [axis[part.start : part.stop + 1] for axis, part in zip(edges, some, strict=True)]
        filling.add(some, _in_block(solid, along))
    filling.finish()
    for axis, end in product((axis for axis in range(3) if not periodic[axis]), (0, 1)):
        open = filling.ends[axis] if end else filling.faces[axis][_at(axis, 0)]
        if (open > TOUCHED).any():
            filling.open(_called(walls, axis, end), axis, end, open * _face(edges, axis) * (open > NOTHING))
        if not end:
            open[:] = 0.0
    if isinstance(solid, Without):
        close_sheets(filling.faces, edges, solid, solid.cut, periodic)
    joined, given = join_tiny(filling.fill, filling.faces, filling.pieces, edges)
    return CutCells(filling.fill, filling.faces, joined, solid, periodic, given)


def is_whole(solid: Solid, low: Place, high: Place) -> bool:
    """Whether a body is known to fill the box between two corners (µm)."""
    return side_of(nearby(solid, low, high), low, high) > 0


def side_of(solid: Solid, low: Place, high: Place) -> int:
    """1 where a box is known to be inside a body, -1 where it is outside, 0 where the surface may go through it."""
    depth = float(solid.depth((np.add(low, high) / 2)[None])[0])
    return int(np.sign(depth)) if abs(depth) > np.linalg.norm(np.subtract(high, low)) / 2 else 0


def blocks_of(shape: tuple[int, ...]) -> Iterator[Some]:
    """The grid in parts of BLOCK cells along each axis, or fewer at its ends."""
    x, y, z = ([slice(k, min(k + BLOCK, n)) for k in range(0, n, BLOCK)] for n in shape)
    yield from product(x, y, z)


def _in_block(solid: Solid, edges: Sequence[np.ndarray]) -> Sampled:
    """What a body says of the cells between some edges."""
    low, high = (place(np.array([along[end] for along in edges])) for end in (0, -1))
    there = nearby(solid, low, high)
    if side := side_of(there, low, high):
        return Sampled.whole(int(np.prod([len(along) - 1 for along in edges])), side > 0)
    lower, upper = (corners_of([along[part] for along in edges]) for part in (slice(-1), slice(1, None)))
    return Sampled.of(there, lower, upper)


def _called(walls: Mapping[str, Wall], axis: int, end: int) -> str:
    """What an end of the grid is called."""
    names = {wall: name for name, wall in walls.items()}
    return names.get((axis, end), f"{'xyz'[axis]}_{('min', 'max')[end]}")


def _face(edges: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """Area of the faces of a layer of cells across an axis, µm²."""
    one, other = (np.diff(edges[a]) for a in range(3) if a != axis)
    return np.multiply.outer(one, other)


def corners_of(along: list[np.ndarray]) -> np.ndarray:
    """Lower corners of cells that begin so along each axis, or upper ones of those that end so, (n, 3)."""
    return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3)


def _at(axis: int, index: int | slice) -> tuple[slice | int, ...]:
    return tuple(index if a == axis else slice(None) for a in range(3))
