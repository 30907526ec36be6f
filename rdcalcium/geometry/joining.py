"""Tiny cells of a grid that a membrane cuts: they belong to their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from rdcalcium.geometry.facets import summed

Areas = tuple[np.ndarray, np.ndarray]
Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
Faces = tuple[np.ndarray, np.ndarray, np.ndarray]

LEAST = 0.05  # share of a cell; what is smaller belongs to a neighbour
STEPS = 8  # through tiny cells, on the way to one that is not


@dataclass(frozen=True, eq=False)
class _Tiny:
    """Cells that give away what they have.

    numbers  (t,) ascending
    heirs    (t,) the neighbour of each that it goes to, or on from there
    """

    numbers: np.ndarray
    heirs: np.ndarray

    def heir(self, cells: np.ndarray) -> np.ndarray:
        """To which neighbour what cells have goes: from one that keeps it to itself."""
        if not len(self.numbers):
            return cells
        at = np.searchsorted(self.numbers, cells).clip(max=len(self.numbers) - 1)
        return np.where(self.numbers[at] == cells, self.heirs[at], cells)

    def owner(self, cells: np.ndarray) -> np.ndarray:
        """Where it is in the end."""
        for _ in range(STEPS):
            cells = self.heir(cells)
        return cells

    def are(self, cells: np.ndarray) -> np.ndarray:
        """Whether cells are among them."""
        return np.isin(cells, self.numbers)


def join_tiny(
    fill: np.ndarray, faces: Faces, walls: Mapping[str, Areas], edges: Edges
) -> tuple[dict[str, Areas], Areas]:
    """Give what tiny cells have to their neighbours, and close their faces; what no face leads out of is nothing.

    Changes shares of cells and of their faces; returns the walls as they are then, and the numbers of cells that gave
    away what they had, and of those to which it belongs. See CutCells.
    """
    shape, shares = fill.shape, fill.reshape(-1)
    tiny = _tiny(fill, faces)
    given, to = tiny.numbers, tiny.owner(tiny.numbers)
    np.add.at(shares, to, shares[given] * _ratio(edges, given, to))
    shares[given] = 0.0
    _hand_on(faces, tiny, shares > 0, edges)
    gone = (shares == 0).reshape(shape)
    for axis, face in enumerate(faces):
        face[gone | np.roll(gone, 1, axis)] = 0.0
    joined = {}
    for name, (numbers, areas) in walls.items():
        owners = tiny.owner(numbers)
        held = shares[owners] > 0
        joined[name] = summed(owners[held], areas[held])
    kept = shares[to] > 0
    return joined, (given[kept], to[kept])


def _ratio(edges: Edges, cells: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Volume of whole cells over that of others, by their numbers, (k,)."""
    widths = [np.diff(along) for along in edges]
    shape = tuple(len(own) for own in widths)
    one, other = (
        np.prod([own[at] for own, at in zip(widths, np.unravel_index(of, shape), strict=True)], axis=0)
        for of in (cells, others)
    )
    ratio: np.ndarray = one / other
    return ratio


def _hand_on(faces: Faces, tiny: _Tiny, held: np.ndarray, edges: Edges) -> None:
    """Faces of tiny cells, beside those towards their heirs, widen the parallel ones of the heirs.

    What flows along a membrane goes on through those, and the flow that leaves a cell with what was joined to it is
    right.

    held  (n,) cells that remain
    """
    shape = faces[0].shape
    for axis, face in enumerate(faces):
        wide = face.reshape(-1)
        upper = np.union1d(tiny.numbers, _number_beside(tiny.numbers, axis, 1, shape))
        upper = upper[wide[upper] > 0]
        lower = _number_beside(upper, axis, -1, shape)
        one = np.where(tiny.are(lower), lower, upper)  # is tiny
        further = []
        for across, way in product((a for a in range(3) if a != axis), (-1, 1)):
            there = _number_beside(one, across, way, shape) == tiny.heir(one)
            to, other = (_number_beside(cells[there], across, way, shape) for cells in (upper, lower))
            both = held[to] & held[other]
            to, given = to[both], upper[there][both]
            further.append((to, wide[given] * _ratio(edges, given, to)))
        for to, more in further:
            np.add.at(wide, to, more)


def _tiny(fill: np.ndarray, faces: Faces) -> _Tiny:
    """Those of too little fill, and those that no face leads out of.

    The heir of each is the neighbour to which the widest of its faces leads, weighed by what that holds; itself if
    there is none. One that is whole and has a way to a neighbour is not asked.
    """
    shape, shares = fill.shape, fill.reshape(-1)
    plain = (fill == 1) & (faces[0] * np.roll(fill, 1, 0) > 0)
    own = np.flatnonzero((fill > 0) & ~plain)
    heirs, best = own.copy(), np.zeros(len(own))
    for axis, face in enumerate(faces):
        for step in (-1, 1):
            other = _number_beside(own, axis, step, shape)
            weight = face.reshape(-1)[other if step > 0 else own] * shares[other]
            heirs = np.where(weight > best, other, heirs)
            best = np.maximum(best, weight)
    tiny = (shares[own] < LEAST) | (heirs == own)
    return _Tiny(own[tiny], heirs[tiny])


def _number_beside(numbers: np.ndarray, axis: int, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Of cells by their numbers the ones a step further along an axis, around its ends, (k,)."""
    cells = beside(np.stack(np.unravel_index(numbers, shape), axis=-1), axis, step, shape)
    found: np.ndarray = np.ravel_multi_index(tuple(cells.T), shape)
    return found


def beside(cells: np.ndarray, axis: int, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """The cells a step further along an axis, around its ends, (…, 3)."""
    return (cells + step * np.eye(3, dtype=np.int64)[axis]) % shape
