"""Cells around a place in a grid that a membrane cuts, as a small problem of their own: what they hold and conduct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.cut import CutCells
from rdcalcium.geometry.grid import RectilinearGrid


@dataclass(frozen=True, eq=False)
class PoreCells:
    """A block of cells, numbered with z fastest; their indices are counted on beyond the ends of periodic axes.

    first        (3,) indices of the lowest one
    shape        how many there are along each axis
    low, high    (n, 3) corners, µm
    centres      (n, 3) µm, where the unknown of each sits
    volumes      (n,) µm³ of cytosol
    conductance  (n, n) µm, between them; solid ones conduct nothing
    heirs        (n,) cell to which belongs what each held, nearly always itself; -1 where that is not in the block
    rim          (n,) whether the cell has neighbours that are not in the block
    """

    first: np.ndarray
    shape: tuple[int, int, int]
    low: np.ndarray
    high: np.ndarray
    centres: np.ndarray
    volumes: np.ndarray
    conductance: csr_array
    heirs: np.ndarray
    rim: np.ndarray

    def numbers(self, places: np.ndarray) -> np.ndarray:
        """Of cells by their indices in the grid (…, 3); -1 where one is not in the block."""
        at = places - self.first
        there = ((at >= 0) & (at < self.shape)).all(axis=-1)
        numbers: np.ndarray = np.where(
            there, (at[..., 0] * self.shape[1] + at[..., 1]) * self.shape[2] + at[..., 2], -1
        )
        return numbers

    def held(self, place: np.ndarray) -> np.ndarray:
        """Cells (n,) whose value has to be known for that of all others to follow: the rim, and one of what has none.

        place  (3,) µm; the one is far from it
        """
        held, (_, part) = self.rim.copy(), connected_components(self.conductance)
        away = np.linalg.norm(self.centres - place, axis=1)
        for loose in np.setdiff1d(part[self.volumes > 0], part[held & (self.volumes > 0)]):
            own = np.flatnonzero((part == loose) & (self.volumes > 0))
            held[own[away[own].argmax()]] = True
        return held


def cells_around(grid: RectilinearGrid, place: np.ndarray, reach: int) -> PoreCells:
    """The cell in which a place (3,) µm is, and as many on each side of it; fewer at the ends of the grid."""
    cut: CutCells = grid.cut  # type: ignore[assignment]
    along = [_indices(axis, float(x), reach) for axis, x in zip(grid.axes, place, strict=True)]
    inside = [of % axis.size for of, axis in zip(along, grid.axes, strict=True)]
    turns = [of // axis.size * axis.length for of, axis in zip(along, grid.axes, strict=True)]
    axes = [*zip(grid.axes, inside, turns, strict=True)]
    widths = [axis.widths[own] for axis, own, _ in axes]
    whole = widths[0][:, None, None] * widths[1][:, None] * widths[2]
    some = np.ix_(*inside)
    part = replace(cut, fill=cut.fill[some], faces=tuple(face[some] for face in cut.faces))
    return PoreCells(
        first=np.array([of[0] for of in along]),
        shape=whole.shape,
        low=_each([axis.edges[own] + turn for axis, own, turn in axes]),
        high=_each([axis.edges[own + 1] + turn for axis, own, turn in axes]),
        centres=_each([axis.centres[own] + turn for axis, own, turn in axes]),
        volumes=(part.fill * whole).ravel(),
        conductance=_conductance(part, [_rates(axis, own) for axis, own, _ in axes], whole),
        heirs=_heirs(cut, inside, along),
        rim=_rim(grid, along),
    )


def _indices(axis: Axis, x: float, reach: int) -> np.ndarray:
    """Of the cells around a coordinate."""
    middle = int(axis.find(np.array(x)))
    indices = np.arange(middle - reach, middle + reach + 1)
    return indices if axis.periodic else indices[(indices >= 0) & (indices < axis.size)]


def _each(along: Sequence[np.ndarray]) -> np.ndarray:
    """Coordinates along each axis, of all cells (n, 3)."""
    return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3)


def _rates(axis: Axis, own: np.ndarray) -> np.ndarray:
    """Coefficients of whole cells towards the lower neighbours, then the upper ones, (2 k,) µm⁻²."""
    return np.concatenate([both[own] for both in np.split(axis_coefficients(axis), 2)])


def _conductance(part: CutCells, rates: Sequence[np.ndarray], whole: np.ndarray) -> csr_array:
    """That of the faces between the cells of a block.

    What the cells of the rim conduct is nearly right: some of their neighbours are not known.
    """
    numbers = np.arange(whole.size).reshape(whole.shape)
    lower, upper, values = [], [], []
    for axis, (weights, both) in enumerate(zip(part.conducting(rates), rates, strict=True)):
        rate = np.expand_dims(np.split(both, 2)[0], [a for a in range(3) if a != axis])
        above, below = (np.arange(whole.shape[axis])[end] for end in (slice(1, None), slice(-1)))
        lower.append(numbers.take(below, axis).ravel())
        upper.append(numbers.take(above, axis).ravel())
        values.append((weights * rate * whole).take(above, axis).ravel())
    rows, columns, each = (np.concatenate(of) for of in (lower, upper, values))
    rows, columns, each = (of[each > 0] for of in (rows, columns, each))
    one_way = csr_array((each, (rows, columns)), shape=(whole.size, whole.size))
    return csr_array(one_way + one_way.T)


def _heirs(cut: CutCells, inside: Sequence[np.ndarray], along: Sequence[np.ndarray]) -> np.ndarray:
    """By the numbers of cells of the block, to which of these belongs what each held; (n,)."""
    shape = tuple(len(of) for of in along)
    numbers = np.ravel_multi_index(np.ix_(*inside), cut.fill.shape).ravel()
    heirs = np.arange(len(numbers))
    given, to = cut.given
    own = np.flatnonzero(np.isin(numbers, given))
    if len(own):
        there = np.stack(np.unravel_index(to[np.searchsorted(given, numbers[own])], cut.fill.shape), axis=-1)
        at = np.stack(np.unravel_index(own, shape), axis=-1)
        for a, of in enumerate(inside):  # an heir is a few cells away, maybe around the end of a periodic axis
            step = there[:, a] - of[at[:, a]]
            size = cut.fill.shape[a]
            at[:, a] += (step + size // 2) % size - size // 2 if cut.periodic[a] else step
        within = ((at >= 0) & (at < shape)).all(axis=1)
        heirs[own] = np.where(within, np.ravel_multi_index(tuple(at.T), shape, mode="clip"), -1)
    return heirs


def _rim(grid: RectilinearGrid, along: Sequence[np.ndarray]) -> np.ndarray:
    """Whether a cell of the block has neighbours in the grid that are not there, (n,)."""
    rim = np.zeros([len(of) for of in along], dtype=bool)
    for a, (of, axis) in enumerate(zip(along, grid.axes, strict=True)):
        each = np.moveaxis(rim, a, 0)
        each[0] |= grid.periodic[a] or of[0] > 0
        each[-1] |= grid.periodic[a] or of[-1] < axis.size - 1
    return rim.ravel()
