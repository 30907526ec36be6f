"""The cells of a grid in a box with vesicles above its membrane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.grid import Axis, RectilinearGrid, make_grid, solid_cells
from rdcalcium.geometry.periodic import shifts
from rdcalcium.model import Box, Grid, Model, Sphere


def box_grid(model: Model, box: Box, choice: Grid) -> RectilinearGrid:
    """The cells of a box, and which of them its obstacles fill; a byte a cell, before anything large is made."""
    names, axes = tuple(lumen.region for lumen in model.lumens.values()), grid_axes(model)
    there = [*_in_tile(box, axes)]
    closed = [s for s in there if s.name not in names]
    centres = np.array([s.centre for s in closed]).reshape(-1, 3)
    grid = make_grid(axes, centres, np.array([s.radius for s in closed]))
    return replace(grid, lumens=_lumens(grid, there, names)) if names else grid


def _spheres(box: Box) -> list[Sphere]:
    """Its obstacles, which have to be spheres."""
    spheres = [obstacle for obstacle in box.obstacles if isinstance(obstacle, Sphere)]
    for obstacle in box.obstacles:
        if not isinstance(obstacle, Sphere):
            raise InputError(
                f"obstacle {obstacle.name!r} is of the kind {obstacle.kind!r}, and a grid can have spheres alone; "
                'choose [discretization] kind = "tetrahedra"'
            )
    return spheres


def _in_tile(box: Box, axes: Sequence[Axis]) -> Iterator[Sphere]:
    """The obstacles of a box, and along periodic axes those images of them that reach into the cells."""
    for by in shifts(box.periods).tolist():
        for obstacle in _spheres(box):
            image = obstacle.moved(by) if any(by) else obstacle
            low, high = image.solid.bounds
            if all(low[a] < axes[a].edges[-1] and high[a] > axes[a].edges[0] for a in box.periods):
                yield image


def _lumens(grid: RectilinearGrid, obstacles: Sequence[Sphere], names: tuple[str, ...]) -> GridLumens:
    """Cells whose centre is in an obstacle of such a name; of several the first has it."""
    parts, balls = np.zeros(grid.shape, dtype=np.uint8), []
    for number, name in enumerate(names, start=1):
        own = [(s.centre, s.radius) for s in obstacles if s.name == name]
        centres, radii = (np.array(values, dtype=float) for values in zip(*own, strict=True))
        parts[solid_cells(grid.axes, centres, radii) & ~grid.solid & (parts == 0)] = number
        balls.append(own)
    return GridLumens(names, tuple(balls), parts)
