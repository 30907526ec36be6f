"""Parts of a surface: what control volumes have of pieces of it, such as discs of zones or single bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.discretization.cell_facets import Piece, SurfaceCells
from rdcalcium.discretization.dual import surface_area
from rdcalcium.discretization.space import GridSpace, MeshSpace

AreaIn = Callable[[Sequence[Piece]], SurfaceArea]


def area_in(made: Discretization, name: str) -> AreaIn:
    """What finds the part of a surface that is in one of several pieces, which do not overlap."""
    surface = made.surfaces[name]
    if isinstance(made.space, MeshSpace):
        space = made.space
        return lambda pieces: _of_triangles(space, name, surface, pieces)
    if isinstance(made.space, GridSpace):
        walls, cells = made.space.walls, SurfaceCells.along(made.space.grid, surface)
        return lambda pieces: _of_cells(cells, name, walls, surface, pieces)
    raise LookupError("these control volumes have no place")


def _of_triangles(space: MeshSpace, name: str, surface: SurfaceArea, pieces: Sequence[Piece]) -> SurfaceArea:
    """Of tetrahedra: each triangle by its share."""
    faces = space.surfaces[name]
    found = surface_area(space.points, faces, _share(space.points[faces], pieces))
    own = found.indices if space.own is None else space.own[found.indices]
    there = (found.areas > 0) & np.isin(own, surface.indices)
    return SurfaceArea.summed(own[there], found.areas[there])


def _of_cells(
    cells: SurfaceCells,
    name: str,
    walls: Mapping[str, tuple[int, int]],
    surface: SurfaceArea,
    pieces: Sequence[Piece],
) -> SurfaceArea:
    """Of a grid: the area of each cell by the share of its triangles."""
    inside = np.zeros(len(surface.indices))
    for piece in pieces:
        inner, whole = np.zeros_like(inside), np.zeros_like(inside)
        for owners, triangles in cells.near(piece).facets(name, walls):
            first, second = (triangles[:, k] - triangles[:, 0] for k in (1, 2))
            sizes = np.linalg.norm(np.cross(first, second), axis=1) / 2
            inner += np.bincount(owners, sizes * _share(triangles, [piece]), len(inside))
            whole += np.bincount(owners, sizes, len(inside))
        inside += np.divide(inner, whole, out=np.zeros_like(inner), where=inner > 0)
    there = inside > 0
    return SurfaceArea(surface.indices[there], (surface.areas * np.minimum(inside, 1.0))[there])


def _share(triangles: np.ndarray, pieces: Sequence[Piece]) -> np.ndarray:
    """Of triangles (k, 3, 3) within one of several pieces, (k,)."""
    return np.minimum(sum((piece.share(triangles) for piece in pieces), np.zeros(len(triangles))), 1.0)
