"""What advice needs of the control volumes: those of a grid are not made for it, those of a mesh are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretized
from rdcalcium.discretization.grid import axis_coefficients, gershgorin
from rdcalcium.discretization.grid_locator import GridLocator
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.grid import Axis, RectilinearGrid
from rdcalcium.model import Model
from rdcalcium.units import nanometres

NEAR = 3  # cells from a pore, at which calcium is within 5 %; nearer it is several per cent off
CORRECTED = 0.5  # cells, at which it is within 1 % where what the cells miss is known and added

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Cells:
    """What advice needs of a discretization.

    size      control volumes of the cytosol
    solid     cells that obstacles fill
    smallest  µm, narrowest cell or shortest edge
    largest   µm
    volume    µm³ of cytosol
    radius    µm⁻², bound on the spectral radius of the discrete Laplacian
    axes      of a grid; empty on a mesh
    made      the mesh itself; None for a grid, which is not made
    """

    size: int
    solid: int
    smallest: float
    largest: float
    volume: float
    radius: float
    axes: tuple[Axis, ...] = ()
    made: Discretization | None = None

    def width(self, point: Point, axes: tuple[int, ...] = (0, 1, 2)) -> float:
        """Widest side (µm) of the cell at a point, along some axes; on a mesh the edges there."""
        if self.made is not None:
            return float(self.made.locator.cell_size(np.array([point]))[0])
        return max(float(self.axes[a].widths[self.axes[a].find(np.array(point[a]))]) for a in axes)

    def trusted_from(self, point: Point, pore: Point) -> float:
        """Distance, in cells, from which calcium is known at a point whose nearest channel is this.

        What a grid misses near a pore is added where its cells are of one size (discretization/near_field.py).
        """
        return CORRECTED if self.axes and all(map(_is_uniform, self.axes, point, pore)) else NEAR


def _is_uniform(axis: Axis, a: float, b: float) -> bool:
    """Whether the cells between two coordinates, and those beside them, are of one width."""
    first, last = sorted(int(axis.find(np.array(x))) for x in (a, b))
    return bool(axis.are_uniform(np.array(max(first - 1, 0)), np.array(min(last + 1, axis.size - 1))))


def find_cells(model: Model) -> Cells:
    """The control volumes that a run of the model would have."""
    cells = build(model)
    return _grid_cells(cells) if isinstance(cells, RectilinearGrid) else _mesh_cells(discretized(model, cells))


def cells_of(made: Discretization) -> Cells:
    """Those of control volumes that are there."""
    return _grid_cells(made.locator.grid) if isinstance(made.locator, GridLocator) else _mesh_cells(made)


def _grid_cells(grid: RectilinearGrid) -> Cells:
    solid = int(np.count_nonzero(grid.solid))
    return Cells(
        size=grid.solid.size - solid,
        solid=solid,
        smallest=float(min(axis.widths.min() for axis in grid.axes)),
        largest=float(max(axis.widths.max() for axis in grid.axes)),
        volume=grid.fluid_volume,
        radius=gershgorin([axis_coefficients(axis) for axis in grid.axes]),
        axes=grid.axes,
    )


def _mesh_cells(made: Discretization) -> Cells:
    return Cells(
        size=made.size,
        solid=0,
        smallest=made.report["min_edge"],
        largest=made.report["max_edge"],
        volume=made.total_volume,
        radius=made.radius,
        made=made,
    )


def nm(length: float) -> str:
    """A length in µm as advice tells it, to three digits: "12.5 nm"."""
    return nanometres(length, 3)
