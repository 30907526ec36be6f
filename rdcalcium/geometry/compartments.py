"""Which cells of a grid belong to the lumens of stores, and how large a membrane is that crosses cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Ball = tuple[tuple[float, float, float], float]  # centre and radius, µm


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

    def faces(self, number: int, edges: Sequence[np.ndarray], solid: np.ndarray) -> Faces:
        """Those of a lumen. A staircase is larger than the membrane that it stands for: each face counts by n·e.

        With the normal n of the nearest ball, Σ A_face |n·e| tends to the area of the membrane, as Σ_e ∫ |n·e|² dA.

        edges  of the cells along each axis, µm
        solid  (nx, ny, nz) cells that are neither
        """
        found = [*self._along_each_axis(number, edges, solid)]
        return Faces(*(np.concatenate([getattr(faces, part) for faces in found]) for part in Faces._fields))

    def _along_each_axis(self, number: int, edges: Sequence[np.ndarray], solid: np.ndarray) -> Iterator[Faces]:
        here, free = self.parts == number, (self.parts == 0) & ~solid
        for axis in range(3):
            ends = [tuple(end if a == axis else slice(None) for a in range(3)) for end in (slice(-1), slice(1, None))]
            for outer, inner in (ends, ends[::-1]):
                cells = np.argwhere(free[outer] & here[inner])
                step = np.eye(3, dtype=np.int64)[axis]
                outside, inside = (cells, cells + step) if outer == ends[0] else (cells + step, cells)
                yield Faces(outside, inside, self._areas(number, axis, edges, outside, cells[:, axis] + 1))

    def _areas(
        self, number: int, axis: int, edges: Sequence[np.ndarray], cells: np.ndarray, edge: np.ndarray
    ) -> np.ndarray:
        """Of the faces of cells (k, 3) at an edge (k,) of one axis, times |n·e|, (k,) µm²."""
        widths = [np.diff(edges[a])[cells[:, a]] for a in range(3)]
        middle = np.stack([(edges[a][cells[:, a]] + edges[a][cells[:, a] + 1]) / 2 for a in range(3)], axis=1)
        middle[:, axis] = edges[axis][edge]
        away, nearest = np.full(len(cells), np.inf), np.ones(len(cells))
        for centre, radius in self.balls[number - 1]:
            offset = middle - np.array(centre)
            distance = np.linalg.norm(offset, axis=1)
            closer = np.abs(distance - radius) < away
            away[closer] = np.abs(distance - radius)[closer]
            nearest[closer] = (np.abs(offset[:, axis]) / distance)[closer]
        one, other = (widths[a] for a in range(3) if a != axis)
        areas: np.ndarray = one * other * nearest
        return areas
