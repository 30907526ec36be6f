"""The cells of a grid in any shape that says which body it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.cut import CutCells, cut_cells, is_whole
from rdcalcium.geometry.grid import RectilinearGrid, cells_inside
from rdcalcium.model import Described, Grid, Model, Obstacle
from rdcalcium.solids import Block, Joined, Solid, Without
from rdcalcium.solids.base import place

Axes = tuple[Axis, Axis, Axis]


def described_grid(model: Model, shape: Described, choice: Grid) -> RectilinearGrid:
    """The cells in the bounds of a shape, cut by its membrane and by what stands in it; whole ones in an empty box.

    The membrane of a lumen cuts no cell: each belongs to the side on which its centre is.
    """
    names = tuple(lumen.region for lumen in model.lumens.values())
    axes = grid_axes(model)
    ends = (place(np.array([axis.edges[end] for axis in axes])) for end in (0, -1))
    standing = [obstacle for _, obstacle in shape.reaching(*ends)]
    closed = tuple(obstacle.solid for obstacle in standing if obstacle.name not in names)
    cut = _cut(axes, shape, _tile(shape, axes, closed) if shape.periods else shape.cytosol(names))
    grid = RectilinearGrid(*axes, cut=cut)
    return replace(grid, lumens=_lumens(grid, standing, names)) if names else grid


def _tile(shape: Described, axes: Axes, closed: tuple[Solid, ...]) -> Solid:
    """What is computed of a shape that goes on beyond the ends of periodic axes, without bodies (with their images)."""
    low, high = np.array([[axis.edges[end] for axis in axes] for end in (0, -1)])
    further = np.array([shape.periods.get(a, 0.0) for a in range(3)])
    body = Block(place(low - further), place(high + further))
    return Without(body, closed) if closed else body


def has_cut_cells(model: Model) -> bool:
    """Whether a model has a grid in which a membrane crosses cells, found without making it."""
    shape, hollow = model.geometry, [lumen.region for lumen in model.lumens.values()]
    if not (isinstance(shape, Described) and isinstance(model.discretization, Grid)):
        return False
    return not is_whole(shape.cytosol(hollow), *shape.bounds)


def _cut(axes: Axes, shape: Described, body: Solid) -> CutCells | None:
    """What of the cells is there, but for lumens; None if they are all whole."""
    x, y, z = (axis.edges for axis in axes)
    if is_whole(body, (x[0], y[0], z[0]), (x[-1], y[-1], z[-1])):
        return None
    return cut_cells((x, y, z), body, shape.walls, (axes[0].periodic, axes[1].periodic, axes[2].periodic))


def _lumens(grid: RectilinearGrid, standing: Sequence[Obstacle], names: tuple[str, ...]) -> GridLumens:
    """Cells whose centre is in an obstacle of such a name; of several the first has it."""
    parts = np.zeros(grid.shape, dtype=np.uint8)
    bodies = tuple(Joined(tuple(o.solid for o in standing if o.name == name)) for name in names)
    for number, body in enumerate(bodies, start=1):
        parts[cells_inside(grid.axes, body) & ~grid.solid & (parts == 0)] = number
    return GridLumens(names, bodies, parts)
