"""Which cells of a grid belong to the lumens of stores, and how large their membrane is, which crosses cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rdcalcium.solids import Joined, Solid, nearby, slopes
from rdcalcium.solids.base import place

CHUNK = 1024  # faces at a time
CLOSED = (False, False, False)  # axes that end


class Faces(NamedTuple):
    """Faces between cells of the cytosol and cells of a lumen.

    outside, inside  (k, 3) indices of the cells on both sides
    areas            (k,) µm², of the membrane that crosses there
    """

    outside: np.ndarray
    inside: np.ndarray
    areas: np.ndarray


@dataclass(frozen=True)
class GridLumens:
    """Lumens that bodies fill.

    names   of the lumens: the cells of the first are 1 in `parts`, and so on
    bodies  of each, all in one
    parts   (nx, ny, nz) uint8, 0 in the cytosol
    """

    names: tuple[str, ...]
    bodies: tuple[Joined, ...]
    parts: np.ndarray

    def parts_at(self, points: np.ndarray) -> np.ndarray:
        """In which lumen points (p, 3) µm are, from 1 on; 0 in the cytosol; (p,)."""
        found = np.zeros(len(points), dtype=np.uint8)
        for number, body in enumerate(self.bodies, start=1):
            found[(found == 0) & (body.depth(points) > 0)] = number
        return found

    def faces(
        self, number: int, edges: Sequence[np.ndarray], fluid: np.ndarray, periodic: Sequence[bool] = CLOSED
    ) -> Faces:
        """Those of a lumen.

        edges     of the cells along each axis, µm
        fluid     (nx, ny, nz) bool, cells of the cytosol
        periodic  axes whose last cell is a neighbour of the first
        """
        return faces_between(fluid, self.parts == number, edges, self.bodies[number - 1], periodic)


def faces_between(
    outside: np.ndarray,
    inside: np.ndarray,
    edges: Sequence[np.ndarray],
    body: Solid,
    periodic: Sequence[bool] = CLOSED,
) -> Faces:
    """Where cells outside a body touch cells inside. A staircase is larger than what it stands for: faces count by n·e.

    With the normal n of the body's surface, Σ A_face |n·e| tends to its area, as Σ_e ∫ |n·e|² dA.

    outside, inside  (nx, ny, nz) bool
    edges            of the cells along each axis, µm
    periodic         axes whose last cell is a neighbour of the first
    """
    found = [*_along_each_axis(outside, inside, edges, body, periodic)]
    return Faces(*(np.concatenate([getattr(faces, part) for faces in found]) for part in Faces._fields))


def _along_each_axis(
    outside: np.ndarray,
    inside: np.ndarray,
    edges: Sequence[np.ndarray],
    body: Solid,
    periodic: Sequence[bool],
) -> Iterator[Faces]:
    widest = max(float(np.diff(along).max()) for along in edges)
    for axis in range(3):
        for low, high in ((outside, inside), (inside, outside)):
            facing = low & np.roll(high, -1, axis)
            if not periodic[axis]:
                np.moveaxis(facing, axis, 0)[-1:] = False
            lower = np.argwhere(facing)
            upper = lower.copy()
            upper[:, axis] = (upper[:, axis] + 1) % facing.shape[axis]
            middle, areas = _middles(lower, axis, edges)
            out, within = (lower, upper) if low is outside else (upper, lower)
            yield Faces(out, within, areas * _cosines(middle, axis, body, widest))


def _middles(lower: np.ndarray, axis: int, edges: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of the upper faces of cells (k, 3) along one axis: their middles (k, 3) µm, and their areas (k,) µm²."""
    middle = np.stack([(edges[a][lower[:, a]] + edges[a][lower[:, a] + 1]) / 2 for a in range(3)], axis=1)
    middle[:, axis] = edges[axis][lower[:, axis] + 1]
    one, other = (np.diff(edges[a])[lower[:, a]] for a in range(3) if a != axis)
    return middle, one * other


def _cosines(middle: np.ndarray, axis: int, body: Solid, widest: float) -> np.ndarray:
    """|n·e| between an axis and the normal of a body at the middle of each face, (k,).

    middle  (k, 3) µm, ascending in x: of many bodies each is far from most
    widest  cell, µm: no face is further from the surface that it stands for
    """
    found = np.ones(len(middle))
    reach = 2 * widest  # from the middle of a face to the surface that it stands for, and some more
    for start in range(0, len(middle), CHUNK):
        some = middle[start : start + CHUNK]
        normals = slopes(nearby(body, place(some.min(axis=0) - reach), place(some.max(axis=0) + reach)), some)
        lengths = np.linalg.norm(normals, axis=1)
        ratio = np.divide(np.abs(normals[:, axis]), lengths, out=np.ones(len(some)), where=lengths > 0)
        found[start : start + CHUNK] = ratio
    return found
