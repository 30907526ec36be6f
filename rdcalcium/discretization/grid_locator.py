"""Where a point lies among the cells of a grid, and what the cells miss close to a pore."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import nnls

from rdcalcium.discretization.base import PointWeights
from rdcalcium.discretization.near_field import are_known, near_fields
from rdcalcium.errors import InputError
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.cut import CutCells
from rdcalcium.geometry.grid import RectilinearGrid, flat
from rdcalcium.solids.periodic import nearest_image
from rdcalcium.units import SAME_PLACE, nanometres, nanometres_to

NOTHING = 1e-9  # of the weights of the cells around a point, which is left where none of them counts
BEYOND = 1e-6  # of the length of an axis, by which a point that lies on a wall may be outside
AS_ONE = 1e3  # how much more it counts that weights add up to 1 than that they have their centre at the point,
SMOOTH = 1e-2  # and how much less that they are near to trilinear ones


class GridLocator:
    """Trilinear weights between the centres of the cytosolic cells around a point."""

    def __init__(self, grid: RectilinearGrid):
        self.grid = grid

    def weights(self, points: np.ndarray) -> PointWeights:
        """Trilinear between centres, constant beyond the outermost ones; solid cells take no part.

        Beside a curved membrane a field that is linear in space keeps its value, as far as the point is between the
        centres that are left; else it has that of the nearest place that is.
        """
        points = self.grid.within(np.atleast_2d(np.asarray(points, dtype=float)))
        self._check_inside(points)
        corners = [_linear(axis, points[:, a]) for a, axis in enumerate(self.grid.axes)]
        cells = np.zeros((len(points), 8, 3), dtype=np.int64)
        weights = np.ones((len(points), 8))
        for corner, a in product(range(8), range(3)):
            lower, weight, step = corners[a]
            cells[:, corner, a] = lower + (corner >> a & 1) * step
            weights[:, corner] *= weight if corner >> a & 1 else 1 - weight
        indices = self.grid.numbers(*np.moveaxis(cells, -1, 0))
        away = self.grid.solid[tuple(np.moveaxis(cells, -1, 0))] | self._beyond(points, indices)
        beside = np.flatnonzero(away.any(axis=1)) if self.grid.cut else np.empty(0, dtype=np.int64)
        plain = weights.copy()
        weights[away] = 0.0
        for k in beside:
            weights[k] = self._beside_membrane(points[k], cells[k], plain[k], away[k])
        sums = weights.sum(axis=1)
        if np.any(sums < NOTHING):
            point = points[int(np.argmin(sums))]
            raise InputError(
                f"the cells around {nanometres(point, 4)} are all solid at this cell size; "
                "choose a smaller size_at_active_zone, or move the point"
            )
        return PointWeights(indices, weights / sums[:, None])

    def _beside_membrane(self, point: np.ndarray, cells: np.ndarray, plain: np.ndarray, away: np.ndarray) -> np.ndarray:
        """Weights (8,) >= 0 with Σ w x as near to a point as they come, close to trilinear ones; 0 without a cell.

        Of cells on this side of the membrane: to which open faces lead from the one of the largest trilinear weight.

        cells  (8, 3) around the point, of which some are `away`
        plain  (8,) trilinear weights
        """
        first = np.where(away, -1.0, plain).argmax()
        there = _reached(cells, ~away, int(first), self.grid.cut)  # type: ignore[arg-type]
        weights = np.zeros(8)
        if not there.any():
            return weights
        centres = np.stack([axis.centres[cells[there, a]] for a, axis in enumerate(self.grid.axes)], axis=1)
        offsets = nearest_image(centres, point, self.grid.periods) - point
        offsets /= np.array([axis.widths[axis.find(x)] for axis, x in zip(self.grid.axes, point, strict=True)])
        rows = np.vstack([offsets.T, np.full((1, there.sum()), AS_ONE), SMOOTH * np.eye(there.sum())])
        weights[there] = nnls(rows, np.concatenate([np.zeros(3), [AS_ONE], SMOOTH * plain[there]]))[0]
        return weights

    def _beyond(self, points: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Whether a membrane lies between a point and each of its cells (p, 8): they belong to another part."""
        if self.grid.lumens is None:
            return np.zeros(indices.shape, dtype=bool)
        beyond: np.ndarray = self.grid.lumens.parts_at(points)[:, None] != flat(self.grid.lumens.parts)[indices]
        return beyond

    def source_weights(self, points: np.ndarray) -> PointWeights:
        """As `weights`: the cells that share a source have their common centre on the axis of the pore."""
        return self.weights(points)

    def near_fields(self, points: np.ndarray, pores: np.ndarray, kappas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By the Green function of the lattice, or on the cells around a pore in a curved membrane."""
        points, pores = self.grid.within(points), self.grid.within(pores)
        return near_fields(self.grid, points, self.weights(points), pores, self.source_weights(pores), kappas)

    def knows_near(self, points: np.ndarray, pores: np.ndarray) -> np.ndarray:
        """Where the cells from a point to its pore are of one size, or around a pore in a curved membrane."""
        points, pores = self.grid.within(points), self.grid.within(pores)
        return are_known(self.grid, points, self.weights(points), pores, self.source_weights(pores))

    def widths(self, points: np.ndarray) -> np.ndarray:
        """Widths of the cell that contains each point, on a face of the wider one, (points, 3) µm."""
        points = np.atleast_2d(points)
        sides = [
            np.stack([axis.widths[axis.find(points[:, a] + s)] for a, axis in enumerate(self.grid.axes)], axis=1)
            for s in (-SAME_PLACE, SAME_PLACE)
        ]
        return np.maximum(*sides)

    def _check_inside(self, points: np.ndarray) -> None:
        for a, axis in enumerate(self.grid.axes):
            slack = BEYOND * axis.length
            outside = (points[:, a] < axis.edges[0] - slack) | (points[:, a] > axis.edges[-1] + slack)
            if outside.any():
                point = points[int(np.argmax(outside))]
                raise InputError(
                    f"the point {nanometres(point, 4)} is outside the terminal, whose {'xyz'[a]} goes from "
                    + nanometres_to(axis.edges[0], axis.edges[-1])
                )


def _reached(cells: np.ndarray, there: np.ndarray, first: int, cut: CutCells) -> np.ndarray:
    """Which of the eight cells (8, 3) around a point are there, and open faces lead to from the first one, (8,)."""
    reached = np.zeros(8, dtype=bool)
    reached[first] = there[first]
    for _ in range(3):
        for corner, axis in product(range(8), range(3)):
            other = corner ^ (1 << axis)
            upper = cells[max(corner, other)]
            same = (cells[corner] == cells[other]).all()
            if reached[corner] and there[other] and not same and cut.faces[axis][tuple(upper)] > 0:
                reached[other] = True
    return reached


def _linear(axis: Axis, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower centre, weight of the upper one, and the step to it (0 beyond the ends) for linear interpolation."""
    if axis.periodic:
        lower = (np.searchsorted(axis.centres, x, side="right") - 1) % axis.size
        return lower, (x - axis.centres[lower]) % axis.length / axis.gaps[lower], (lower + 1) % axis.size - lower
    lower = np.clip(np.searchsorted(axis.centres, x, side="right") - 1, 0, axis.size - 1)
    upper = np.minimum(lower + 1, axis.size - 1)
    gap = axis.centres[upper] - axis.centres[lower]
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(gap > 0, (x - axis.centres[lower]) / gap, 0.0)
    return lower, np.clip(weight, 0.0, 1.0), upper - lower
