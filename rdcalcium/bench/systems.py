"""What is measured: cubes of equal cells and of mesh nodes, without a place, full of buffers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array, diags_array

from rdcalcium.backends.base import Sides
from rdcalcium.chemistry import Chemistry, build_chemistry
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.discretization.grid import GridLayout, grid_conductance, open_faces
from rdcalcium.discretization.network import network
from rdcalcium.discretization.sliced_ell import sliced_ell
from rdcalcium.discretization.spectral_radius import of_axes
from rdcalcium.geometry.grid import flat
from rdcalcium.geometry.spacing import uniform_axis
from rdcalcium.model import Box, Buffer, Grid, Magnesium, Model, Run
from rdcalcium.system import System

CELL = 0.01  # µm
# Edges of a cubic lattice cut into tetrahedra (Freudenthal 1942): with the opposite ones, 14 neighbours.
EDGES = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1))

FIXED = Buffer(name="fixed", total=400, diffusivity=0, k_on=0.1, K_d=10)
ATP = Buffer(
    name="ATP",
    total=2000,
    diffusivity=0.22,
    scheme=("ATP + Ca <-> CaATP : 0.5, 100", "ATP + Mg <-> MgATP : 0.01, 1"),
)
DYE = Buffer(
    name="two sites",
    total=100,
    diffusivity=0.02,
    scheme=("B + Ca <-> CaB : 0.4, 0.3", "CaB + Ca <-> Ca2B : 0.2, 0.6"),
)
EGTA = Buffer(name="EGTA", total=1000, diffusivity=0.22, k_on=0.01, K_d=0.07)
BAPTA = Buffer(name="BAPTA", total=100, diffusivity=0.22, k_on=0.4, K_d=0.22)
BUFFERS = {  # number of fields -> buffers
    2: (EGTA,),
    3: (ATP,),
    4: (FIXED, ATP),
    6: (FIXED, ATP, DYE),
    8: (FIXED, ATP, DYE, EGTA, BAPTA),
}


def systems(sides: Sides) -> Iterator[System]:
    """Grids and meshes within the caches and beyond them."""
    for side in sides.grid:
        yield grid_system(side, 3)
    yield grid_system(3 * sides.grid[1] // 4, 6)
    for side in sides.mesh:
        yield mesh_system(side, 3)


def grid_system(side: int, fields: int) -> System:
    """A closed cube of side³ equal cells, full of buffers."""
    return System(chemistry(fields), grid_cells(side))


def mesh_system(side: int, fields: int) -> System:
    """A cube of side³ nodes, full of buffers."""
    return System(chemistry(fields), mesh_nodes(side))


def grid_cells(side: int) -> Discretization:
    """A closed cube of side³ equal cells."""
    axis = uniform_axis(0.0, side * CELL, CELL)
    mask = flat(open_faces(np.zeros((axis.size,) * 3, dtype=bool)))
    layout = GridLayout((axis.size,) * 3, (axis_coefficients(axis),) * 3, mask)
    volumes = np.full(mask.size, CELL**3)
    return network("grid", volumes, lambda: grid_conductance(layout, volumes), layout, of_axes(layout.axes))


def mesh_nodes(side: int) -> Discretization:
    """A cube of side³ nodes with the 14 neighbours that a Delaunay mesh has on average, in a good order."""
    place = np.stack(np.unravel_index(np.arange(side**3), (side,) * 3))[::-1]
    matrix = csr_array((side**3, side**3))
    for edge in EDGES:
        step = edge[0] + side * (edge[1] + side * edge[2])
        inside = np.all(place + np.array(edge)[:, None] < side, axis=0)
        matrix += diags_array(inside[: side**3 - step] * CELL, offsets=step, shape=matrix.shape).tocsr()
    matrix.eliminate_zeros()
    conductance = csr_array(matrix + matrix.T)
    volumes = np.full(side**3, CELL**3)
    radius = 2 * float((conductance.sum(axis=1) / volumes).max())
    return network("tetrahedra", volumes, lambda: conductance, sliced_ell(conductance, volumes), radius)


def chemistry(fields: int) -> Chemistry:
    """Calcium and buffers with so many fields in all, one of BUFFERS."""
    model = Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=(0.5, 0.5, 0.5)),
        magnesium=Magnesium(free=300),
        buffers=BUFFERS[fields],
        run=Run(duration=1),
    )
    return build_chemistry(model)
