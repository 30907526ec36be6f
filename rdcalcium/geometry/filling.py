"""What of the cells of a grid a body fills, and how much of its surface is in them, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from rdcalcium.geometry.facets import chained, summed
from rdcalcium.geometry.joining import Areas, Faces
from rdcalcium.geometry.sampled import Sampled
from rdcalcium.geometry.shares import face_share, volumes_and_areas

TOGETHER = 1500  # cells that the surface crosses, at least, which are worked on at once


@dataclass(eq=False)
class Filling:
    """Shares of cells and faces, and areas; what has been added counts from `finish` on.

    fill    (nx, ny, nz) share of each cell
    faces   along x, y and z, share of the face towards the lower neighbour that is inside, (nx, ny, nz) each
    ends    the same of the last faces along x, y and z, each of a layer of cells
    found   areas of the surface by the names of its pieces: numbers of cells, and µm²
    """

    fill: np.ndarray
    faces: Faces
    ends: Faces
    found: dict[str, list[Areas]] = field(default_factory=dict)
    _waiting: list[tuple[np.ndarray, Sampled]] = field(default_factory=list)

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Filling:
        """Of a grid of so many cells."""
        x, y, z = (np.zeros(shape) for _ in range(3))
        nx, ny, nz = shape
        return cls(np.zeros(shape), (x, y, z), (np.zeros((ny, nz)), np.zeros((nx, nz)), np.zeros((nx, ny))))

    @property
    def pieces(self) -> dict[str, Areas]:
        """Areas of the surface by the names of its pieces; each cell once."""
        return {name: summed(*of) for name, of in chained(self.found).items()}

    def add(self, some: tuple[slice, slice, slice], of: Sampled) -> None:
        """A block of cells, and what the body says of them."""
        shape = self.fill[some].shape
        inside = of.inside.reshape(shape)
        self.fill[some] = inside
        for axis, (face, end) in enumerate(zip(self.faces, self.ends, strict=True)):
            face[some] = inside
            if some[axis].stop == self.fill.shape[axis]:
                end[some[:axis] + some[axis + 1 :]] = inside.take(-1, axis)
        numbers = np.ravel_multi_index(np.ogrid[some], self.fill.shape).reshape(-1)[of.crossed]
        self._waiting.append((numbers, of))
        mixed = np.flatnonzero(of.names == "")
        if len(mixed):
            for name, (boxes, area) in of.named_areas(mixed).items():
                self.found.setdefault(name, []).append((numbers[boxes], area))
        if sum(len(crossed) for crossed, _ in self._waiting) >= TOGETHER:
            self.finish()

    def open(self, name: str, axis: int, end: int, areas: np.ndarray) -> None:
        """A wall in a face of the grid, at the lower end of an axis or the upper one: areas of its cells, µm²."""
        layer = np.unravel_index(np.arange(areas.size), areas.shape)
        at = [*layer[:axis], np.full(areas.size, (self.fill.shape[axis] - 1) * end), *layer[axis:]]
        there = np.flatnonzero(areas)
        numbers = np.ravel_multi_index(tuple(at), self.fill.shape)
        self.found.setdefault(name, []).append((numbers[there], areas.reshape(-1)[there]))

    def finish(self) -> None:
        """Work on the cells that wait for it."""
        waiting = sorted(((cells, of) for cells, of in self._waiting if len(cells)), key=lambda one: one[1].parts)
        self._waiting.clear()
        for _, alike in groupby(waiting, key=lambda one: one[1].parts):
            arrays = zip(*((cells, of.depth, of.sizes, of.names) for cells, of in alike), strict=True)
            self._finish(*(np.concatenate(of) for of in arrays))

    def _finish(self, numbers: np.ndarray, depth: np.ndarray, sizes: np.ndarray, names: np.ndarray) -> None:
        """Of cells that are divided in as many parts: see Sampled."""
        volume, areas = volumes_and_areas(depth, sizes)
        self.fill.reshape(-1)[numbers] = volume
        at = np.unravel_index(numbers, self.fill.shape)
        for axis, (face, end) in enumerate(zip(self.faces, self.ends, strict=True)):
            face.reshape(-1)[numbers] = face_share(depth.take(0, axis + 1))
            last = np.flatnonzero(at[axis] == self.fill.shape[axis] - 1)
            end[tuple(at[a][last] for a in range(3) if a != axis)] = face_share(depth[last].take(-1, axis + 1))
        called, which = np.unique(names.astype(str), return_inverse=True)
        for number, name in enumerate(called.tolist()):
            own = (which == number) & (areas > 0)
            if name and own.any():
                self.found.setdefault(name, []).append((numbers[own], areas[own]))
