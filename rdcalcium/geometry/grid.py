"""Rectilinear grids: cells that are small where the channels are and grow towards the bulk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.cut import CutCells
from rdcalcium.solids import Joined, Solid
from rdcalcium.units import nanometres_to

ROUNDING = 1e-9  # of a cell; a rest of an axis below this is none


@dataclass(frozen=True)
class Axis:
    """One axis of a rectilinear grid.

    edges     (n + 1,)  µm, ascending
    centres   (n,)      µm, where the unknowns sit: the middle of each cell, nearer to the narrow neighbour where widths
                        change (see `unknowns`), and on the plane in the half cell at a mirror plane
    periodic  whether what leaves at one end enters at the other
    """

    edges: np.ndarray
    centres: np.ndarray
    periodic: bool = False

    @cached_property
    def widths(self) -> np.ndarray:
        """Cell widths, (n,) µm."""
        return np.diff(self.edges)

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.centres)

    @property
    def length(self) -> float:
        """From end to end, µm."""
        return float(self.edges[-1] - self.edges[0])

    @property
    def gaps(self) -> np.ndarray:
        """Distance of each unknown from the next one, (n,) µm; infinite where there is none."""
        around = self.centres[0] + self.length - self.centres[-1] if self.periodic and self.size > 1 else np.inf
        return np.append(np.diff(self.centres), around)

    def within(self, x: np.ndarray) -> np.ndarray:
        """Coordinates as they are; on a periodic axis the image of each that is between both ends."""
        return self.edges[0] + (x - self.edges[0]) % self.length if self.periodic else x

    def find(self, x: np.ndarray) -> np.ndarray:
        """Cell that contains each coordinate; a coordinate on an edge belongs to the cell above."""
        return np.clip(np.searchsorted(self.edges, self.within(x), side="right") - 1, 0, self.size - 1)

    @property
    def begins_at_mirror(self) -> bool:
        """Whether the first unknown sits on a mirror plane."""
        return bool(self.centres[0] == self.edges[0])

    def spacing_at(self, x: float) -> float:
        """Distance of the unknowns around a coordinate, µm."""
        return float(self.widths[max(int(self.find(np.array(x))), int(self.begins_at_mirror))])

    def are_uniform(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Whether the cells from each `first` to its `last` are of one width; a half cell on a mirror plane is one.

        On a periodic axis cells are counted on beyond its ends.
        """
        alike: np.ndarray = self._change(first) == self._change(last)
        return alike

    def _change(self, cell: np.ndarray) -> np.ndarray:
        """How often the width has changed before a cell."""
        before, around = self._changes
        turns, cell = np.divmod(cell, self.size)
        return before[cell] + around * turns

    @cached_property
    def _changes(self) -> tuple[np.ndarray, int]:
        """How often the width has changed before each cell, (n,), and how often once around a periodic axis."""
        widths = self.widths.copy()
        if self.begins_at_mirror:
            widths[0] *= 2
        before = np.concatenate([[0], np.cumsum(np.abs(np.diff(widths)) > 1e-6 * widths[1:])])
        return before, int(before[-1]) + int(abs(widths[0] - widths[-1]) > 1e-6 * widths[0])


@dataclass(frozen=True)
class RectilinearGrid:
    """Axes in x, y, z and the cells that obstacles fill; cells are numbered x fastest.

    solid   (nx, ny, nz) bool, True where there is no cytosol and no lumen
    lumens  those of stores that have cells; none: all other cells are cytosol
    cut     what of the cells is cytosol where a membrane crosses them; none: cells are whole
    """

    x: Axis
    y: Axis
    z: Axis
    solid: np.ndarray
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


def uniform_axis(low: float, high: float, size: float, mirror: bool = False) -> Axis:
    """The fewest cells of one width, at most `size`; with `mirror` the first is a half cell on the plane x = low."""
    half = 0.5 if mirror else 0.0
    count = max(int(np.ceil((high - low) / size + half - ROUNDING)), 1)
    edges = low + (high - low) / (count - half) * (np.arange(count + 1) - half)
    edges[0], edges[-1] = low, high
    return Axis(edges, unknowns(edges, mirror))


def stretched_axis(
    low: float,
    high: float,
    focus: tuple[float, float],
    size: float,
    bulk_size: float,
    growth: float,
    *,
    through: float | None = None,
    mirror: bool = False,
) -> Axis:
    """Cells of width `size` over `focus`, growing by the factor `growth` towards `bulk_size` outside it.

    No cell is more than `growth` times as wide as its neighbour. Where an end of the axis is too near for that, the
    last cells of the fine part become a little narrower; where they are too few, all cells have one width.

    low, high  ends of the axis, µm, met exactly
    focus      interval to resolve, µm; clipped to the axis
    growth     > 1
    through    a coordinate that becomes the centre of a cell, so that a pore lies on the axis of its cell, unless it
               is too near to an end
    mirror     the axis begins at a mirror plane: its first cell is half a cell with its unknown on the plane
    """
    first, last = max(low, focus[0]), min(high, focus[1])
    for start, before in _starts(low, first, size, through, mirror):
        wanted, room = np.ceil((last - start) / size - ROUNDING), np.floor((high - start) / size + ROUNDING)
        after = int(min(max(wanted, 1), room)) - before - 1
        if after < 0:
            continue
        fine = start + size * np.arange(before + after + 2)
        below = (0, np.array([size / 2])) if mirror else _to_end(start - low, size, bulk_size, growth, before)
        above = _to_end(high - fine[-1], size, bulk_size, growth, after)
        if below and above:
            fine = fine[below[0] : len(fine) - above[0]]
            edges = np.concatenate([fine[0] - np.cumsum(below[1])[::-1], fine, fine[-1] + np.cumsum(above[1])])
            edges[0], edges[-1] = low, high
            return Axis(edges, unknowns(edges, mirror))
    return uniform_axis(low, high, size, mirror)


def _starts(low: float, first: float, size: float, through: float | None, mirror: bool) -> Iterator[tuple[float, int]]:
    """Where the fine part may begin, the best first, and how many of its cells are below the one that must stay."""
    if mirror:
        yield low + size / 2, 0
        return
    if through is not None and through - size / 2 > low - ROUNDING * size:
        wanted = np.ceil(max(through - size / 2 - first, 0.0) / size - ROUNDING)
        before = int(min(wanted, np.floor((through - size / 2 - low) / size + ROUNDING)))
        yield through - (before + 0.5) * size, before
    yield first, 0
    yield low, 0


def periodic_axis(
    low: float,
    high: float,
    focus: tuple[float, float],
    size: float,
    bulk_size: float,
    growth: float,
    *,
    through: float | None = None,
) -> Axis:
    """Cells of width `size` over `focus`, growing on both sides until they meet, at the other side of the circle.

    Otherwise as `stretched_axis`, but a focus may reach beyond an end. An edge is at `low` only where the cells are of
    one width and no pore has to be in the middle of one: else the axis begins at the first edge above.
    """
    length, (first, last) = high - low, focus
    before = 0 if through is None else max(int(np.ceil((through - first) / size - 0.5 - ROUNDING)), 0)
    start = first if through is None else through - (before + 0.5) * size
    count = max(int(np.ceil((last - start) / size - ROUNDING)), before + 1)
    spare = (count - 1) // 2 if through is None else min(before, count - 1 - before)
    rest = (length - count * size) / 2
    side = _to_end(rest, size, bulk_size, growth, spare) if rest > -ROUNDING * size else None
    if side is None:
        return uniform_circle(low, high, size, through)
    replaced, outward = side
    fine = np.full(count - 2 * replaced, size)
    return _around(start + replaced * size, np.concatenate([fine, outward, outward[::-1]]), low)


def uniform_circle(low: float, high: float, size: float, through: float | None = None) -> Axis:
    """A periodic axis of the fewest cells of one width, at most `size`; `through` is the centre of one of them."""
    count = max(int(np.ceil((high - low) / size - ROUNDING)), 1)
    width = (high - low) / count
    return _around(low if through is None else through - width / 2, np.full(count, width), low)


def _around(start: float, widths: np.ndarray, low: float) -> Axis:
    """A periodic axis of cells of these widths, of which the first begins at an image of `start`."""
    length = float(widths.sum())
    places = (start - low + np.append(0.0, np.cumsum(widths)[:-1])) % length
    places[places > length - ROUNDING * widths.min()] = 0.0
    edges = low + np.sort(places)
    edges = np.append(edges, edges[0] + length)
    return Axis(edges, unknowns(edges, mirror=False, periodic=True), periodic=True)


def unknowns(edges: np.ndarray, mirror: bool, periodic: bool = False) -> np.ndarray:
    """Where the unknown of each cell sits, (n,) µm: at x(k + 1/2), if x(k) is the smooth map that makes the edges.

    Around a point source flows through wider and wider cells. Two-point fluxes between the middles of such cells
    overestimate its resistance, those through faces halfway between the unknowns underestimate it by as much; here,
    between the two, the leading error cancels. With widths that grow by g the unknown is at 1 / (1 + √g) of its cell.
    """
    widths = np.diff(edges)
    whole = widths.copy()
    if mirror:
        whole[0] *= 2
    logs = np.log(np.pad(whole, 1, mode="wrap") if periodic else whole)
    growth = np.exp(np.gradient(logs)) if len(whole) > 1 else np.ones(1)
    growth = growth[1:-1] if periodic and len(whole) > 1 else growth
    centres = edges[:-1] + widths / (1 + np.sqrt(growth))
    if mirror:
        centres[0] = edges[0]
    return centres


def _to_end(length: float, size: float, bulk_size: float, growth: float, spare: int) -> tuple[int, np.ndarray] | None:
    """Widths (µm) from the fine part to an end of the axis, and how many of its `spare` cells they take the place of.

    None if no such widths keep to `growth`; those that take the place of fine cells are no wider than these.
    """
    for replaced in range(spare + 1):
        widths = _outward(length + replaced * size, size, size if replaced else bulk_size, growth)
        if widths is not None:
            return replaced, widths
    return None


def _outward(length: float, size: float, bulk_size: float, growth: float) -> np.ndarray | None:
    """Widths that grow from `size` to `bulk_size`, as many as `length` needs, and scaled to add up to it.

    None if that makes the first too narrow beside a cell of `size`.
    """
    widths: list[float] = []
    total, width = 0.0, size
    while total < length - ROUNDING * size:
        width = min(width * growth, bulk_size)
        widths.append(width)
        total += width
    scaled = np.array(widths) * (length / (total or 1.0))
    return None if widths and scaled[0] < size / growth * (1 - ROUNDING) else scaled


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
