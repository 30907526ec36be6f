"""From the words of a model to control volumes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

from rdcalcium.discretization.base import Discretization
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError
from rdcalcium.geometry.builders import box_mesh
from rdcalcium.geometry.files import read_mesh
from rdcalcium.geometry.grid import Axis, RectilinearGrid, make_grid, stretched_axis
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.nearest import is_on_facet, nearest_on_triangles
from rdcalcium.model import Box, Grid, MeshFile, Model, Tetrahedra
from rdcalcium.model.geometry import LengthUnit
from rdcalcium.model.model import off_membrane
from rdcalcium.units import parse

FITTING = (1 / 3, 300)  # largest coordinate of a mesh over that of the model's points, unless its unit is wrong
AXES_BELOW = 1_000_000_000  # cells; above this no machine holds the grid, and its axes need not be made


def discretize(model: Model) -> Discretization:
    """Control volumes for a model: a grid or tetrahedra in a box, or the tetrahedra of a file."""
    if isinstance(model.geometry, MeshFile):
        return _from_file(model, model.geometry)
    if isinstance(model.discretization, Grid):
        return discretize_grid(build_grid(model, model.geometry, model.discretization), {"z_min": "membrane"})
    return _tetrahedra(model, model.geometry, model.discretization)


def planned_size(model: Model) -> int:
    """Control volumes that `discretize` would make, found without making them.

    Exact for a grid; for tetrahedra what the bulk alone needs; 0 for a mesh that is already there.
    """
    box, choice = model.geometry, model.discretization
    if isinstance(box, MeshFile):
        return 0
    if isinstance(choice, Tetrahedra):
        return int(np.prod(np.subtract(box.upper, box.lower)) / choice.size_in_bulk**3)
    # Axes are made in a moment, unless somebody asks for a billion cells along one.
    widest = np.maximum(choice.size_at_active_zone, choice.size_in_bulk or 0.0)
    at_least = int(np.prod(np.maximum(np.subtract(box.upper, box.lower) / widest, 1.0)))
    if at_least > AXES_BELOW:
        return at_least
    return int(np.prod([axis.size for axis in grid_axes(model, box, choice)], dtype=float))


def grid_axes(model: Model, box: Box, choice: Grid) -> tuple[Axis, Axis, Axis]:
    """The axes of a grid: fine over the points of interest, growing towards the bulk."""
    x, y, z = (_axis(model, box, choice, a) for a in range(3))
    return x, y, z


def build_grid(model: Model, box: Box, choice: Grid) -> RectilinearGrid:
    """The cells of a grid, and which of them the obstacles fill; a byte a cell, before anything large is made."""
    centres = np.array([s.centre for s in box.obstacles]).reshape(-1, 3)
    radii = np.array([s.radius for s in box.obstacles])
    return make_grid(grid_axes(model, box, choice), centres, radii)


def _from_file(model: Model, geometry: MeshFile) -> Discretization:
    surfaces = (geometry.membrane,) if model.points_on_membrane() else ()
    mesh = read_mesh(Path(geometry.file), geometry.length_unit, surfaces)
    try:
        _require_on_membrane(model, mesh, geometry.membrane)
        made = discretize_tetrahedra(mesh)
        made.locator.weights(np.array([*model.points_of_interest().values()]).reshape(-1, 3))
    except InputError as error:
        raise InputError(f"{error}{_wrong_unit(model, geometry, mesh.points)}") from None
    whole = len(mesh.surfaces) == 1 and len(mesh.surfaces.get("membrane", ())) == len(mesh.boundary())
    return replace(made, report={**made.report, "whole_skin": whole})


def _require_on_membrane(model: Model, mesh: TetrahedralMesh, membrane: str) -> None:
    for name, point in model.points_on_membrane().items():
        corners = mesh.points[mesh.surfaces[membrane]]
        nearest, triangle = nearest_on_triangles(np.array(point), corners)
        if not is_on_facet(np.array(point), nearest, corners[triangle]):
            raise InputError(off_membrane(name, point, nearest.tolist()))


def _wrong_unit(model: Model, geometry: MeshFile, nodes: np.ndarray) -> str:
    """What to add to the complaint about a point of the model, if another unit would make the mesh fit the points."""
    size = float(np.abs(nodes).max())
    reach = float(np.abs([*model.points_of_interest().values()]).max(initial=0.0))
    if not reach or FITTING[0] < size / reach < FITTING[1]:
        return ""
    written = size / parse(f"1 {geometry.length_unit}", "length")
    sizes = {unit: written * parse(f"1 {unit}", "length") for unit in get_args(LengthUnit)}
    unit = min(sizes, key=lambda unit: abs(math.log(sizes[unit] / reach)))
    return (
        f". The coordinates of the mesh go to {size:.3g} um, read in {geometry.length_unit}, and those of the model to "
        f'{reach:.3g} um: should it say length_unit = "{unit}"?'
    )


def _axis(model: Model, box: Box, choice: Grid, a: int) -> Axis:
    """Fine over the points of interest; where all channels share a coordinate, it is the centre of a cell."""
    points = [p[a] for p in model.points_of_interest().values()] or [0.0]
    pores = {p[a] for group in model.channels for p in group.points}
    size = choice.size_at_active_zone[a]
    low, high = box.lower[a], box.upper[a]
    through = pores.pop() if len(pores) == 1 else None
    if choice.size_in_bulk is None:
        focus, bulk, growth = (low, high), size, 1.0
    else:
        focus = (min(points) - choice.margin, max(points) + choice.margin)
        bulk, growth = max(choice.size_in_bulk, size), choice.growth
    mirror = "xyz"[a] in box.symmetry
    return stretched_axis(low, high, focus, size, bulk, growth, through=through, mirror=mirror)


def _tetrahedra(model: Model, box: Box, choice: Tetrahedra) -> Discretization:
    channels = [p for group in model.channels for p in group.points]
    sensors = [p for sensor in model.sensors for p in sensor.positions] + [p.position for p in model.probes]
    mesh = box_mesh(
        box.size,
        [(s.centre, s.radius) for s in box.obstacles],
        points=channels,
        sensors=sensors,
        size_at_active_zone=choice.size_at_active_zone,
        size_in_bulk=choice.size_in_bulk,
        symmetry=box.symmetry,
    )
    return discretize_tetrahedra(mesh)
