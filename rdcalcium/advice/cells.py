"""Sizes of the control volumes that a run would have: those of a grid are not made for it, those of a mesh are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from rdcalcium.discretization import Discretization, Locator
from rdcalcium.discretization.build import discretized
from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.discretization.grid import grid_layout
from rdcalcium.discretization.grid_locator import GridLocator
from rdcalcium.discretization.space import GridSpace, Space
from rdcalcium.discretization.spectral_radius import of_axes
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.model import Model
from rdcalcium.units import nanometres

ROUNDING = 1 - 1e-9  # of a distance in cells that is just enough


@dataclass(frozen=True)
class CellSizes:
    """What advice needs of control volumes.

    count     control volumes of the cytosol
    solid     cells that obstacles fill
    smallest  µm, narrowest cell or shortest edge
    largest   µm
    volume    µm³ of cytosol
    radius    µm⁻², bound on the spectral radius of the discrete Laplacian
    locator   finds points among them
    space     which parts of it they fill
    volumes   makes the volume of each, (n,) µm³; solid cells have none
    made      the control volumes of a mesh; None for a grid, whose are not made
    make      makes all control volumes
    """

    count: int
    solid: int
    smallest: float
    largest: float
    volume: float
    radius: float
    locator: Locator
    space: Space
    volumes: Callable[[], np.ndarray]
    make: Callable[[], Discretization]
    made: Discretization | None = None


def cell_sizes(model: Model) -> CellSizes:
    """Those of the control volumes that a run of the model would have."""
    cells = build(model)
    if isinstance(cells, RectilinearGrid):
        return _of_grid(model, cells, cache(lambda: discretized(model, cells)))
    return _of_mesh(discretized(model, cells))


def _of_grid(model: Model, grid: RectilinearGrid, make: Callable[[], Discretization]) -> CellSizes:
    solid = int(np.count_nonzero(grid.solid))
    return CellSizes(
        count=grid.solid.size - solid,
        solid=solid,
        smallest=float(min(axis.widths.min() for axis in grid.axes)),
        largest=float(max(axis.widths.max() for axis in grid.axes)),
        volume=grid.fluid_volume,
        radius=_radius(grid),
        locator=GridLocator(grid),
        space=GridSpace(grid, model.geometry.walls),
        volumes=lambda: grid.volumes,
        make=make,
    )


def _radius(grid: RectilinearGrid) -> float:
    """Of whole cells that of the axes, for which nothing large is made."""
    if grid.cut:
        return grid_layout(grid).radius
    return of_axes([axis_coefficients(axis) for axis in grid.axes], grid.periodic)


def _of_mesh(made: Discretization) -> CellSizes:
    return CellSizes(
        count=made.size,
        solid=0,
        smallest=made.quality.smallest,
        largest=made.quality.largest,
        volume=made.total_volume,
        radius=made.radius,
        locator=made.locator,
        space=made.space,
        volumes=lambda: made.volumes,
        make=lambda: made,
        made=made,
    )


def nm(length: float) -> str:
    """A length in µm as advice tells it, to three digits: "12.5 nm"."""
    return nanometres(length, 3)


def along(directions: np.ndarray) -> np.ndarray:
    """The axes along which directions (n, 3) mainly go, (n, 3): those along which cells count."""
    lengths = np.abs(directions)
    return np.asarray(lengths >= lengths.max(axis=1, keepdims=True) / 2)
