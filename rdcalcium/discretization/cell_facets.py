"""A surface of the cells of a grid as triangles: half a face of a cell at a wall, flat pieces of a curved membrane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rdcalcium.discretization.base import SurfaceArea
from rdcalcium.geometry.facets import facets
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.sampled import PARTS
from rdcalcium.solids import nearby
from rdcalcium.solids.base import place

AROUND = 3.0  # times its diagonal, by which a cell may be beside a piece and belong to a cell in it

Facets = tuple[np.ndarray, np.ndarray]  # of which control volume of the surface each is (t,); corners (t, 3, 3) µm


class Piece(Protocol):
    """A piece of a surface."""

    def share(self, triangles: np.ndarray) -> np.ndarray:
        """How much of each of some triangles (k, 3, 3) of the surface it holds, (k,)."""

    def is_near(self, points: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """Whether points (p, 3) are beside it by no more than a margin (p,), or may be; (p,)."""


@dataclass(frozen=True, eq=False)
class SurfaceCells:
    """The cells of a grid along a surface, those included that gave what they had to one of them.

    owners       (k,) to which control volume of the surface each belongs, by its place among them
    places       (k, 3) indices along x, y and z
    low, high    (k, 3) µm
    """

    grid: RectilinearGrid
    owners: np.ndarray
    places: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def along(cls, grid: RectilinearGrid, surface: SurfaceArea) -> SurfaceCells:
        """Those of one surface."""
        given, heirs = grid.given
        order = np.argsort(surface.indices)
        at = np.searchsorted(surface.indices, heirs, sorter=order).clip(max=len(order) - 1)
        theirs = surface.indices[order[at]] == heirs
        places = grid.places(np.concatenate([surface.indices, given[theirs]]))
        owners = np.concatenate([np.arange(len(order)), order[at[theirs]]])
        low, high = (
            np.stack([axis.edges[places[:, a] + end] for a, axis in enumerate(grid.axes)], axis=1) for end in (0, 1)
        )
        return cls(grid, owners, places, low, high)

    def near(self, piece: Piece) -> SurfaceCells:
        """Those that a piece may reach, or that belong to one of these."""
        diagonal = np.linalg.norm(self.high - self.low, axis=1)
        some = piece.is_near((self.low + self.high) / 2, AROUND * diagonal)
        return SurfaceCells(self.grid, self.owners[some], self.places[some], self.low[some], self.high[some])

    def facets(self, name: str, walls: Mapping[str, tuple[int, int]]) -> Iterator[Facets]:
        """Of the surface of this name, at one of the walls or in the midst of cells."""
        if not len(self.owners):
            return
        if name in walls:
            axis, end = walls[name]
            there = self.places[:, axis] == (self.grid.shape[axis] - 1) * end
            yield np.tile(self.owners[there], 2), _halves(self.low[there], self.high[there], axis, end)
        if self.grid.cut:
            body = nearby(self.grid.cut.body, place(self.low.min(axis=0)), place(self.high.max(axis=0)))
            pieces = facets(body, self.low, self.high, PARTS)
            if name in pieces:
                boxes, triangles = pieces[name]
                yield self.owners[boxes], triangles


def _halves(low: np.ndarray, high: np.ndarray, axis: int, end: int) -> np.ndarray:
    """Two triangles of one face of each box with corners (k, 3) µm, (2 k, 3, 3): all first halves, then the others."""
    one, other = (a for a in range(3) if a != axis)
    corners = np.repeat((high if end else low)[:, None], 4, axis=1)
    for number, (first, second) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
        corners[:, number, one] = (high if first else low)[:, one]
        corners[:, number, other] = (high if second else low)[:, other]
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
