"""How many control volumes a model will have, found without making them; refused where no memory would hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from rdcalcium.errors import MemoryShortageError
from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.described_mesh import described_nodes, fewest_nodes
from rdcalcium.geometry.surface_mesh import fewest_surface_nodes, surface_nodes
from rdcalcium.machine import memory_available
from rdcalcium.model import Described, Grid, Model, Shape, Tetrahedra
from rdcalcium.model.shapes.surface import SurfaceFile
from rdcalcium.units import figures

Function = TypeVar("Function")

MAKING = {"grid": 215, "tetrahedra": 4000}  # bytes for each control volume while they are made; see memory.FOOTPRINTS
AXES_BELOW = 1_000_000_000  # cells; above this no machine holds the grid, and its axes need not be made

# About how many nodes the mesh of a shape will have.
PLANNED: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Callable[[Model, Any, Any], int]] = {
    (Described, Tetrahedra): described_nodes,
    (SurfaceFile, Tetrahedra): surface_nodes,
}
# As many as there will be at least, in a moment.
FEWEST: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Callable[[Any, Any], int]] = {
    (Described, Tetrahedra): fewest_nodes,
    (SurfaceFile, Tetrahedra): fewest_surface_nodes,
}


def planned_size(model: Model) -> int:
    """Control volumes that a model will have.

    Exact for a grid; about for tetrahedra; 0 for cells that are already there. Where even the fewest that there may be
    are too many for this machine, it is these: where edges have to be short is looked at for minutes on a surface whose
    unit is wrong.
    """
    if model.geometry.bounds is None or model.geometry.brings_cells:
        return 0
    at_least = fewest(model)
    if at_least > AXES_BELOW or MAKING[model.discretization.kind] * at_least > memory_available():
        return at_least
    if isinstance(model.discretization, Grid):
        return int(np.prod([axis.size for axis in grid_axes(model)], dtype=float))
    return planned_nodes(model)


def planned_nodes(model: Model) -> int:
    """About how many nodes the tetrahedra of a model will have; 0 where nothing but they themselves tell."""
    count = by_shape(PLANNED, model)
    return count(model, model.geometry, model.discretization) if count else 0


def fewest(model: Model) -> int:
    """As many control volumes as it will have at least, were all of them as wide as the widest."""
    bounds, choice = model.geometry.bounds, model.discretization
    if bounds is None or model.geometry.brings_cells:
        return 0
    if isinstance(choice, Grid):
        widest = np.maximum(choice.size_at_active_zone, choice.size_in_bulk or 0.0)
        return int(np.prod(np.maximum(np.subtract(bounds[1], bounds[0]) / widest, 1.0)))
    count = by_shape(FEWEST, model)
    return count(model.geometry, choice) if count else 0


def require_memory(model: Model) -> None:
    """MemoryShortageError for control volumes that this machine cannot hold while they are made."""
    size = planned_size(model) if isinstance(model.discretization, Grid) else fewest(model)
    needed, available = MAKING[model.discretization.kind] * size, memory_available()
    if needed > available:
        what, extent = max(model.geometry.extents(), key=lambda one: one[1], default=("the longest extent", 0.0))
        raise MemoryShortageError(
            f"{figures(size)} control volumes take {figures(needed / 2**30)} GiB, and this machine has "
            f"{figures(available / 2**30)} GiB available; cells about {(needed / max(available, 1)) ** (1 / 3):.2g} "
            f"times as wide would fit{f'; {what} is {figures(extent)} um: is that meant?' if extent else ''}"
        )


def by_shape(table: Mapping[tuple[type[Shape], type[Grid | Tetrahedra]], Function], model: Model) -> Function | None:
    """What a table has for the shape of a model, or for what its class is made of."""
    on = type(model.discretization)
    return next((table[of, on] for of in type(model.geometry).__mro__ if (of, on) in table), None)
