"""Rectilinear grids: three axes, and what of their cells is cytosol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.cut import CutCells
from rdcalcium.solids import Joined, Solid
from rdcalcium.units import nanometres_to


@dataclass(frozen=True)
class RectilinearGrid:
    """Axes in x, y and z, and what of their cells is cytosol; cells are numbered x fastest.

    lumens  those of stores that have cells; none: all other cells are cytosol
    cut     what of the cells is cytosol where a membrane crosses them; none: cells are whole
    """

    x: Axis
    y: Axis
    z: Axis
    lumens: GridLumens | None = None
    cut: CutCells | None = None

    @property
    def axes(self) -> tuple[Axis, Axis, Axis]:
        """The three axes."""
        return self.x, self.y, self.z

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y and z."""
        return self.x.size, self.y.size, self.z.size

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Along which axes the last cell and the first are neighbours; one cell along an axis has none."""
        x, y, z = (axis.periodic and axis.size > 1 for axis in self.axes)
        return x, y, z

    @property
    def periods(self) -> dict[int, float]:
        """Lengths of the axes that are periodic, µm."""
        return {a: axis.length for a, axis in enumerate(self.axes) if axis.periodic}

    @cached_property
    def solid(self) -> np.ndarray:
        """Cells that a membrane leaves no cytosol and no lumen, (nx, ny, nz) bool."""
        return np.zeros(self.shape, dtype=bool) if self.cut is None else self.cut.fill == 0

    @property
    def fluid(self) -> np.ndarray:
        """Cells of the cytosol, (nx, ny, nz) bool."""
        fluid: np.ndarray = ~self.solid if self.lumens is None else ~self.solid & (self.lumens.parts == 0)
        return fluid

    @property
    def parts(self) -> np.ndarray | None:
        """To which lumen each cell belongs by its number, (n,), 0 in the cytosol; None without lumens."""
        return None if self.lumens is None else flat(self.lumens.parts)

    @property
    def fluid_volume(self) -> float:
        """Volume of the cytosol, µm³."""
        x, y, z = (axis.widths for axis in self.axes)
        return float(((self._fill(self.fluid) @ z) @ y) @ x)

    @property
    def volumes(self) -> np.ndarray:
        """Volume of each cell by its number, (n,) µm³, without what is beyond a membrane; solid cells have none."""
        return flat(self._fill(~self.solid)) * self.whole_volumes

    @property
    def whole_volumes(self) -> np.ndarray:
        """Volume of each cell by its number, (n,) µm³, whatever it holds."""
        x, y, z = (axis.widths for axis in self.axes)
        return flat(x[:, None, None] * y[:, None] * z)

    @property
    def given(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of cells that gave away what they had, and of those to which it belongs, (g,) each."""
        given, to = self.cut.given if self.cut else (np.empty(0, dtype=np.int64),) * 2
        one, other = (self.numbers(*np.unravel_index(of, self.shape)) for of in (given, to))
        return one, other

    def _fill(self, cells: np.ndarray) -> np.ndarray:
        """Share of each cell that counts, of some cells (nx, ny, nz) bool."""
        return cells if self.cut is None else np.where(cells, self.cut.fill, 0.0)

    def within(self, points: np.ndarray) -> np.ndarray:
        """Points (p, 3) µm as they are, or their images between both ends of an axis that is periodic."""
        return np.stack([axis.within(points[:, a]) for a, axis in enumerate(self.axes)], axis=1)

    def numbers(self, i: np.ndarray, j: np.ndarray, k: np.ndarray) -> np.ndarray:
        """Numbers of cells by their indices along x, y and z."""
        return i + self.x.size * (j + self.y.size * k)

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """Indices along x, y and z of cells by their numbers, (…, 3)."""
        nx, ny, _ = self.shape
        return np.stack([numbers % nx, numbers // nx % ny, numbers // (nx * ny)], axis=-1)

    def places_around(self, numbers: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The same of cells (p, c) around points (p, 3) µm; beyond the ends of a periodic axis they are counted on."""
        places = self.places(numbers)
        for a, axis in enumerate(self.axes):
            if axis.periodic:
                away = points[:, a, None] - axis.centres[places[..., a]]
                places[..., a] += axis.size * np.round(away / axis.length).astype(places.dtype)
        return places

    def __repr__(self) -> str:
        """Say the number of cells and the range of their widths."""
        smallest = min(axis.widths.min() for axis in self.axes)
        largest = max(axis.widths.max() for axis in self.axes)
        nx, ny, nz = self.shape
        return f"<RectilinearGrid {nx} × {ny} × {nz} cells of {nanometres_to(smallest, largest, 3)}>"


def flat(array: np.ndarray) -> np.ndarray:
    """Values of cells in the order of their numbers: (nx, ny, nz) to (n,), x fastest."""
    return np.ascontiguousarray(array.transpose(2, 1, 0)).reshape(-1)


def cells_inside(axes: tuple[Axis, Axis, Axis], body: Solid) -> np.ndarray:
    """Whether the centre of each cell lies inside a body; (nx, ny, nz) bool."""
    inside = np.zeros([axis.size for axis in axes], dtype=bool)
    for part in body.parts if isinstance(body, Joined) else (body,):  # of many bodies each is far from most cells
        x, y, z = (_within(axis, low, high) for axis, low, high in zip(axes, *part.bounds, strict=True))
        around = [axis.centres[near] for axis, near in zip(axes, (x, y, z), strict=True)]
        points = np.stack(np.meshgrid(*around, indexing="ij"), axis=-1)
        inside[x, y, z] |= part.depth(points.reshape(-1, 3)).reshape(points.shape[:-1]) > 0
    return inside


def _within(axis: Axis, low: float, high: float) -> slice:
    """Cells whose centres lie between two coordinates, and one more on both sides against rounding."""
    first, last = np.searchsorted(axis.centres, (low, high))
    return slice(max(first - 1, 0), last + 1)
