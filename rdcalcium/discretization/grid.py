"""Cell-centred finite volumes on a rectilinear grid, whose cells a membrane may cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.discretization.base import CellComplex, Discretization, MembraneSites, SurfaceArea
from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.discretization.grid_locator import GridLocator
from rdcalcium.discretization.quality import GridQuality
from rdcalcium.discretization.space import GridSpace
from rdcalcium.discretization.spectral_radius import of_axes
from rdcalcium.errors import InputError
from rdcalcium.geometry.cut import CutCells
from rdcalcium.geometry.grid import RectilinearGrid, flat

Faces = tuple[np.ndarray, np.ndarray, np.ndarray]  # along x, y and z

# Bits of the mask of open faces, in the order of the kernels: towards -x, +x, -y, +y, -z, +z.
OPEN_BITS = (1, 2, 4, 8, 16, 32)

ROUNDS, ENOUGH = 30, 0.002  # in which the bound of a radius comes down, and by how much less it would be the last one

# Arguments of the kernels and their C types: of the faces, then along the axes.
WEIGHTS = {"fx": "real_t", "fy": "real_t", "fz": "real_t"}
ROOM = {"room": "real_t"}
COEFFICIENTS = {"ax": "real_t", "ay": "real_t", "az": "real_t"}


@dataclass(frozen=True)
class GridLayout:
    """What the grid kernels read. Cells are numbered x fastest.

    shape     cells along x, y, z
    axes      three arrays (2 n_axis,) in µm⁻²: coefficients towards the lower neighbours, then the upper ones
    open      (n,) uint8, which of the six faces of each cell lead to another one of its part: the cytosol, or a lumen
    periodic  along which of the axes the last cell and the first one are neighbours; never along z
    """

    kernels: ClassVar[str] = "grid"
    faces_header: ClassVar[str] = "whole_faces.cuh"
    neighbours: ClassVar[Mapping[str, str]] = {"open": "mask_t"} | COEFFICIENTS
    block: ClassVar[int] = 0

    shape: tuple[int, int, int]
    axes: tuple[np.ndarray, np.ndarray, np.ndarray]
    open: np.ndarray
    periodic: tuple[bool, bool, bool] = field(default=(False,) * 3, kw_only=True)

    @property
    def headers(self) -> tuple[str, ...]:
        """Who the neighbours are at the ends of a row, then what the faces conduct."""
        return ("periodic_ends.cuh" if any(self.periodic) else "closed_ends.cuh"), self.faces_header

    @property
    def extent(self) -> tuple[int, int, int]:
        """One thread for each cell."""
        return self.shape

    @property
    def radius(self) -> float:
        """Bound on the spectral radius of the discrete Laplacian, µm⁻²."""
        return of_axes(self.axes, self.periodic)

    @property
    def guard(self) -> int:
        """One layer of cells: a stencil reads its neighbours also where the way to them is closed."""
        return self.shape[0] * self.shape[1]

    def arrays(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """Open faces, then the coefficients along x, y and z."""
        return (self.open.astype(types["mask_t"]), *(axis.astype(types["real_t"]) for axis in self.axes))

    def weighted(self, weights: Faces) -> WeightedLayout:
        """The same, whose faces towards lower neighbours conduct so much of what they did."""
        return WeightedLayout(self.shape, self.axes, self.open, weights, periodic=self.periodic)

    def without_exchange(self, volumes: np.ndarray) -> GridLayout:
        """All faces of these cells are closed, seen from within."""
        open = self.open.copy()
        open[volumes] = 0
        return replace(self, open=open)

    def bytes_per_volume(self, real: np.dtype) -> float:
        """The byte of open faces (a CPU reads it wider, for its vectors); the coefficients stay in the cache."""
        return self.open.itemsize


@dataclass(frozen=True)
class WeightedLayout(GridLayout):
    """What the grid kernels read where faces conduct differently.

    faces  along x, y and z, weight of the face of each cell towards its lower neighbour: what it conducts in proportion
           to a whole face of cytosol, (n,) each
    """

    faces_header: ClassVar[str] = "weighted_faces.cuh"
    neighbours: ClassVar[Mapping[str, str]] = {"open": "mask_t"} | WEIGHTS | COEFFICIENTS

    faces: Faces

    def weighted(self, weights: Faces) -> Self:
        """Both weights count."""
        x, y, z = (face * weight for face, weight in zip(self.faces, weights, strict=True))
        return replace(self, faces=(x, y, z))

    def arrays(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """Open faces, their weights, then the coefficients along x, y and z; the last cell has upper faces too.

        Where a row goes on at its other end as much lies before the weights along x: see periodic_ends.cuh.
        """
        open, *axes = super().arrays(types)
        before = (self.shape[0] - 1 if any(self.periodic) else 0, 0, 0)
        ends = zip(self.faces, before, (1, self.shape[0], self.shape[0] * self.shape[1]), strict=True)
        faces = (np.pad(face, room).astype(types["real_t"]) for face, *room in ends)
        return (open, *faces, *axes)

    def bytes_per_volume(self, real: np.dtype) -> float:
        """The weights besides."""
        return super().bytes_per_volume(real) + 3 * real.itemsize


@dataclass(frozen=True)
class CutLayout(WeightedLayout):
    """What the grid kernels read where a membrane crosses cells.

    room  (n,) volume of a whole cell over what there is of each; 0 where it is solid
    """

    faces_header: ClassVar[str] = "cut_faces.cuh"
    neighbours: ClassVar[Mapping[str, str]] = {"open": "mask_t"} | ROOM | WEIGHTS | COEFFICIENTS

    room: np.ndarray

    @property
    def radius(self) -> float:
        """From above: the largest share (M x)_i / x_i of any x > 0, of M with all signs positive (Collatz, Wielandt).

        Cells are black and white by turns, so M has the radius of the Laplacian. x = 1 gives the sums of rows, and
        each M x a smaller bound than x: fast cells beside slow ones are not as fast as their sums are.
        """
        shape = self.shape[::-1]
        room, x, bound = self.room.reshape(shape), np.ones(shape), np.inf
        for _ in range(ROUNDS):
            product = self._all_positive(room, x)
            there = x > 0
            smaller = float((product[there] / x[there]).max(initial=0.0))
            if smaller > bound * (1 - ENOUGH):
                return min(bound, smaller)
            bound, x = smaller, product / (product.max() or 1.0)
        return bound

    def _all_positive(self, room: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Σ rate (x + x of the neighbour) over the faces of each cell, where x is 0 in solid ones; (nz, ny, nx)."""
        product = np.zeros_like(x)
        for along, (weights, both) in enumerate(zip(self.faces, self.axes, strict=True)):
            axis = 2 - along
            rates = [np.expand_dims(r, [a for a in range(3) if a != axis]) for r in np.split(both, 2)]
            sums = weights.reshape(x.shape) * (x + np.roll(x, 1, axis))
            product += rates[0] * sums + rates[1] * np.roll(sums, -1, axis)
        return room * product

    def arrays(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """Those of weighted faces, with the room after the open ones."""
        open, *others = super().arrays(types)
        return (open, self.room.astype(types["real_t"]), *others)

    def bytes_per_volume(self, real: np.dtype) -> float:
        """The room besides."""
        return super().bytes_per_volume(real) + real.itemsize


def open_faces(
    solid: np.ndarray, parts: np.ndarray | None = None, periodic: tuple[bool, bool, bool] = (False,) * 3
) -> np.ndarray:
    """Mask of open faces (OPEN_BITS) of each cell, (nx, ny, nz) uint8, from the solid cells of the same shape.

    parts     to which each other cell belongs; nothing is open between two
    periodic  along which axes the last cell and the first one are neighbours
    """
    fluid = ~solid
    mask = np.zeros(solid.shape, dtype=np.uint8)
    for axis in range(3):
        both = fluid & np.roll(fluid, -1, axis)  # of the upper face of each cell
        if parts is not None:
            both &= parts == np.roll(parts, -1, axis)
        if not periodic[axis]:
            np.moveaxis(both, axis, 0)[-1:] = False
        mask |= np.where(both, OPEN_BITS[2 * axis + 1], 0).astype(np.uint8)
        mask |= np.where(np.roll(both, 1, axis), OPEN_BITS[2 * axis], 0).astype(np.uint8)
    return mask


def discretize_grid(
    grid: RectilinearGrid, walls: Mapping[str, tuple[int, int]] = MappingProxyType({})
) -> Discretization:
    """Control volumes of the cells that are not solid.

    walls  faces of the grid that have a name: the axis that each is normal to, and at which end of it, 0 or 1
    """
    widths = [axis.widths for axis in grid.axes]
    volumes = grid.volumes
    mesh = np.meshgrid(*(axis.centres for axis in grid.axes), indexing="ij")
    membranes = _membranes(grid)
    seen = {name: SurfaceArea.summed(membrane.outside, membrane.areas) for name, membrane in membranes.items()}
    layout = grid_layout(grid)
    return Discretization(
        kind="grid",
        volumes=volumes,
        assemble=lambda: grid_conductance(layout, grid.whole_volumes),
        centres=np.stack([flat(m) for m in mesh], axis=-1),
        surfaces=(_cut_surfaces(grid, grid.cut) if grid.cut else _walls(grid, walls)) | seen,
        locator=GridLocator(grid),
        layout=layout,
        picture=_hexahedra(grid),
        radius=layout.radius,
        quality=GridQuality(
            smallest=float(min(w.min() for w in widths)),
            largest=float(max(w.max() for w in widths)),
            solid=int(np.count_nonzero(grid.solid)),
            cut=int(np.count_nonzero((grid.cut.fill > 0) & (grid.cut.fill != 1))) if grid.cut else 0,
        ),
        space=GridSpace(grid, walls),
        parts=grid.parts,
        membranes=membranes,
        periods=grid.periods,
    )


def grid_layout(grid: RectilinearGrid) -> GridLayout:
    """Which cells are beside each other, and what the faces between them conduct."""
    x, y, z = (axis_coefficients(axis) for axis in grid.axes)
    open = flat(open_faces(grid.solid, grid.lumens.parts if grid.lumens else None, grid.periodic))
    if grid.cut is None:
        return GridLayout(grid.shape, (x, y, z), open, periodic=grid.periodic)
    fill = flat(grid.cut.fill)
    room = np.divide(1.0, fill, out=np.zeros_like(fill), where=fill > 0)
    a, b, c = (flat(face) for face in grid.cut.conducting((x, y, z)))
    return CutLayout(grid.shape, (x, y, z), open, (a, b, c), room, periodic=grid.periodic)


def _membranes(grid: RectilinearGrid) -> dict[str, MembraneSites]:
    """Of each lumen: a site at every face of it."""
    found = {}
    edges = [axis.edges for axis in grid.axes]
    for number, name in enumerate(grid.lumens.names if grid.lumens else (), start=1):
        faces = grid.lumens.faces(number, edges, grid.fluid, grid.periodic)  # type: ignore[union-attr]
        if not len(faces.areas):
            raise InputError(f"no cell of this size is in {name!r}, or beside it; choose a smaller size_at_active_zone")
        outside, inside = (grid.numbers(*cells.T) for cells in (faces.outside, faces.inside))
        found[name] = MembraneSites(outside, inside, faces.areas)
    return found


def grid_conductance(layout: GridLayout, volumes: np.ndarray) -> csr_array:
    """Face area / distance of centres between open neighbours, symmetric (n, n), µm; volumes of whole cells, µm³."""
    nx, ny, nz = layout.shape
    n = nx * ny * nz
    index = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    rows, columns, values = [], [], []
    for axis, step in enumerate((1, nx, nx * ny)):
        cells, last = index[(layout.open & OPEN_BITS[2 * axis + 1]) > 0], layout.shape[axis] - 1
        position: np.ndarray = (cells // step) % (last + 1)
        upper = layout.axes[axis][last + 1 + position]
        beyond = cells + np.where(position < last, step, -last * step).astype(index.dtype)
        if isinstance(layout, WeightedLayout):
            upper = upper * layout.faces[axis][beyond]
        rows += [cells, beyond]
        columns += [beyond, cells]
        values += [upper * volumes[cells]] * 2
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    matrix = csr_array(entries, shape=(n, n))
    matrix.sort_indices()
    return matrix


def _cut_surfaces(grid: RectilinearGrid, cut: CutCells) -> dict[str, SurfaceArea]:
    """Walls and pieces of membranes, as the cells were cut; lumens have their own."""
    found = {}
    for name, (cells, areas) in cut.walls.items():
        outside = grid.fluid.reshape(-1)[cells]
        numbers = grid.numbers(*np.unravel_index(cells[outside], grid.shape))
        order = np.argsort(numbers)
        found[name] = SurfaceArea(numbers[order], areas[outside][order])
    return {name: surface for name, surface in found.items() if len(surface.areas)}


def _walls(grid: RectilinearGrid, walls: Mapping[str, tuple[int, int]]) -> dict[str, SurfaceArea]:
    """Cytosolic cells along each wall and the area that they have there."""
    index = grid.numbers(*np.indices(grid.shape, sparse=True))
    faces = {}
    for name, (axis, end) in walls.items():
        area = np.outer(*(grid.axes[a].widths for a in range(3) if a != axis))
        fluid = grid.fluid.take(-end, axis=axis)
        faces[name] = SurfaceArea(index.take(-end, axis=axis)[fluid], area[fluid])
    return faces


def _hexahedra(grid: RectilinearGrid) -> CellComplex:
    """Cells that are not solid as VTK hexahedra, values on the cells."""
    nx, ny, _ = grid.shape
    mesh = np.meshgrid(*(axis.edges for axis in grid.axes), indexing="ij")
    points = np.stack([flat(m) for m in mesh], axis=-1)
    sx, sxy = nx + 1, (nx + 1) * (ny + 1)
    k, j, i = np.nonzero(~grid.solid.transpose(2, 1, 0))
    corner = i + sx * j + sxy * k
    offsets = np.array([0, 1, 1 + sx, sx, sxy, sxy + 1, sxy + 1 + sx, sxy + sx])
    parts = grid.lumens.parts[i, j, k] if grid.lumens else None
    return CellComplex(points, corner[:, None] + offsets, "cell", grid.numbers(i, j, k), parts)
