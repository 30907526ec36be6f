"""The membrane where it goes through the cells of a grid, as triangles."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from rdcalcium.geometry.cut import CutCells, blocks_of, corners_of, side_of
from rdcalcium.geometry.facets import facets
from rdcalcium.geometry.joining import Edges
from rdcalcium.geometry.sampled import parts_for
from rdcalcium.solids import nearby
from rdcalcium.solids.base import place

FEW = 100  # cells, in which a piece may be smaller than they are
POINTS = 1 << 20  # that divide cells, at a time


def surface_triangles(edges: Edges, cut: CutCells, walls: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Triangles (k, 3, 3) µm by the names of pieces of the membrane, a few in each cell.

    Pieces that are found in few cells, or in none, may be smaller than cells: there are as many triangles of these as
    their areas were taken from.

    walls  names of ends of the grid, which are known without
    """
    found: dict[str, list[np.ndarray]] = {}
    for some in blocks_of(cut.fill.shape):
        along = [axis[part.start : part.stop + 1] for axis, part in zip(edges, some, strict=True)]
        low, high = (place(np.array([axis[end] for axis in along])) for end in (0, -1))
        there = nearby(cut.body, low, high)
        if not side_of(there, low, high):
            lower, upper = (corners_of([axis[part] for axis in along]) for part in (slice(-1), slice(1, None)))
            for name, (_, triangles) in facets(there, lower, upper).items():
                found.setdefault(name, []).append(triangles)
    coarse = {name: np.concatenate(triangles) for name, triangles in found.items()}
    fine = {
        name: _in_cells(edges, cut, name, cells)
        for name, (cells, _) in cut.walls.items()
        if name not in walls and (name not in coarse or len(cells) <= FEW)
    }
    return coarse | {name: triangles for name, triangles in fine.items() if len(triangles)}


def _in_cells(edges: Edges, cut: CutCells, name: str, cells: np.ndarray) -> np.ndarray:
    """Triangles (k, 3, 3) µm of a piece in some cells, and in those that gave them theirs."""
    given, to = cut.given
    indices = np.unravel_index(np.union1d(cells, given[np.isin(to, cells)]), cut.fill.shape)
    low, high = (np.stack([along[at + end] for along, at in zip(edges, indices, strict=True)], 1) for end in (0, 1))
    parts = parts_for(cut.body, float((high - low).max(initial=0.0)))
    found = [np.empty((0, 3, 3))]
    for some in np.array_split(np.arange(len(low)), 1 + len(low) * (parts + 1) ** 3 // POINTS):
        pieces = facets(cut.body, low[some], high[some], parts)
        found += [pieces[name][1]] if name in pieces else []
    return np.concatenate(found)
