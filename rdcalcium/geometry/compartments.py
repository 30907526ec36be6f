"""Which cells of a grid belong to the lumens of stores, and how large the membrane of balls is that crosses cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Ball = tuple[tuple[float, float, float], float]  # centre and radius, µm
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
    """Lumens that balls fill.

    names  of the lumens: the cells of the first are 1 in `parts`, and so on
    balls  of each
    parts  (nx, ny, nz) uint8, 0 in the cytosol
    """

    names: tuple[str, ...]
    balls: tuple[Sequence[Ball], ...]
    parts: np.ndarray

    def parts_at(self, points: np.ndarray) -> np.ndarray:
        """In which lumen points (p, 3) µm are, from 1 on; 0 in the cytosol; (p,)."""
        found = np.zeros(len(points), dtype=np.uint8)
        for number, balls in enumerate(self.balls, start=1):
            for centre, radius in balls:
                found[(np.linalg.norm(points - np.array(centre), axis=1) < radius) & (found == 0)] = number
        return found

    def faces(
        self, number: int, edges: Sequence[np.ndarray], solid: np.ndarray, periodic: Sequence[bool] = CLOSED
    ) -> Faces:
        """Those of a lumen.

        edges     of the cells along each axis, µm
        solid     (nx, ny, nz) cells that are neither
        periodic  axes whose last cell is a neighbour of the first
        """
        outside = (self.parts == 0) & ~solid
        return faces_between(outside, self.parts == number, edges, self.balls[number - 1], periodic)


def faces_between(
    outside: np.ndarray,
    inside: np.ndarray,
    edges: Sequence[np.ndarray],
    balls: Sequence[Ball],
    periodic: Sequence[bool] = CLOSED,
) -> Faces:
    """Where cells outside balls touch cells inside. A staircase is larger than what it stands for: faces count by n·e.

    With the normal n of the nearest ball, Σ A_face |n·e| tends to the area of the balls, as Σ_e ∫ |n·e|² dA. Where
    nobody says what the cells inside stand for, each face counts whole.

    outside, inside  (nx, ny, nz) bool
    edges            of the cells along each axis, µm
    periodic         axes whose last cell is a neighbour of the first
    """
    found = [*_along_each_axis(outside, inside, edges, balls, periodic)]
    return Faces(*(np.concatenate([getattr(faces, part) for faces in found]) for part in Faces._fields))


def _along_each_axis(
    outside: np.ndarray,
    inside: np.ndarray,
    edges: Sequence[np.ndarray],
    balls: Sequence[Ball],
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
            yield Faces(out, within, areas * _cosines(middle, axis, balls, widest))


def _middles(lower: np.ndarray, axis: int, edges: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of the upper faces of cells (k, 3) along one axis: their middles (k, 3) µm, and their areas (k,) µm²."""
    middle = np.stack([(edges[a][lower[:, a]] + edges[a][lower[:, a] + 1]) / 2 for a in range(3)], axis=1)
    middle[:, axis] = edges[axis][lower[:, axis] + 1]
    one, other = (np.diff(edges[a])[lower[:, a]] for a in range(3) if a != axis)
    return middle, one * other


def _cosines(middle: np.ndarray, axis: int, balls: Sequence[Ball], widest: float) -> np.ndarray:
    """|n·e| between an axis and the normal of the ball whose surface is nearest to the middle of each face, (k,).

    middle  (k, 3) µm, ascending in x: of many balls each is far from most
    widest  cell, µm: no face is further from the surface that it stands for
    """
    away, nearest = np.full(len(middle), np.inf), np.ones(len(middle))
    for centre, radius in balls:
        reach = radius + widest
        near = slice(*np.searchsorted(middle[:, 0], (centre[0] - reach, centre[0] + reach)))
        offset = middle[near] - np.array(centre)
        distance = np.linalg.norm(offset, axis=1)
        closer = np.flatnonzero((np.abs(distance - radius) < away[near]) & (distance > 0))
        away[near][closer] = np.abs(distance - radius)[closer]
        nearest[near][closer] = np.abs(offset[closer, axis]) / distance[closer]
    return nearest
