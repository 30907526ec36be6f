"""Where a point lies among the cells of a grid, and what the cells miss close to a pore."""

from __future__ import annotations

import numpy as np

from rdcalcium.discretization.base import PointWeights
from rdcalcium.discretization.near_field import are_known, near_fields
from rdcalcium.errors import InputError
from rdcalcium.geometry.grid import Axis, RectilinearGrid, flat
from rdcalcium.units import nanometres, nanometres_to

ON_FACE = 1e-9  # µm, so near to a face a point lies on it


class GridLocator:
    """Trilinear weights between the centres of the cytosolic cells around a point."""

    def __init__(self, grid: RectilinearGrid):
        self.grid = grid

    def weights(self, points: np.ndarray) -> PointWeights:
        """Trilinear between centres, constant beyond the outermost ones; solid cells take no part."""
        points = self.grid.within(np.atleast_2d(np.asarray(points, dtype=float)))
        self._check_inside(points)
        corners = [_linear(axis, points[:, a]) for a, axis in enumerate(self.grid.axes)]
        indices = np.zeros((len(points), 8), dtype=np.int64)
        weights = np.ones((len(points), 8))
        solid = np.zeros((len(points), 8), dtype=bool)
        for corner in range(8):
            at = [corners[a][0] + (corner >> a & 1) * corners[a][2] for a in range(3)]
            for a in range(3):
                weights[:, corner] *= corners[a][1] if corner >> a & 1 else 1 - corners[a][1]
            indices[:, corner] = self.grid.numbers(*at)
            solid[:, corner] = self.grid.solid[at[0], at[1], at[2]]
        weights[solid | self._beyond(points, indices)] = 0.0
        sums = weights.sum(axis=1)
        if np.any(sums < 1e-9):
            point = points[int(np.argmin(sums))]
            raise InputError(
                f"the cells around {nanometres(point, 4)} are all solid at this cell size; "
                "choose a smaller size_at_active_zone, or move the point"
            )
        return PointWeights(indices, weights / sums[:, None])

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
        """By the Green function of the lattice."""
        points, pores = self.grid.within(points), self.grid.within(pores)
        return near_fields(self.grid, points, self.weights(points), pores, self.source_weights(pores), kappas)

    def knows_near(self, points: np.ndarray, pores: np.ndarray) -> np.ndarray:
        """Where the cells from a point to its pore are of one size."""
        points, pores = self.grid.within(points), self.grid.within(pores)
        return are_known(self.grid, points, self.weights(points), pores, self.source_weights(pores))

    def widths(self, points: np.ndarray) -> np.ndarray:
        """Widths of the cell that contains each point, on a face of the wider one, (points, 3) µm."""
        points = np.atleast_2d(points)
        sides = [
            np.stack([axis.widths[axis.find(points[:, a] + s)] for a, axis in enumerate(self.grid.axes)], axis=1)
            for s in (-ON_FACE, ON_FACE)
        ]
        return np.maximum(*sides)

    def _check_inside(self, points: np.ndarray) -> None:
        for a, axis in enumerate(self.grid.axes):
            slack = 1e-6 * (axis.edges[-1] - axis.edges[0])
            outside = (points[:, a] < axis.edges[0] - slack) | (points[:, a] > axis.edges[-1] + slack)
            if outside.any():
                point = points[int(np.argmax(outside))]
                raise InputError(
                    f"the point {nanometres(point, 4)} is outside the terminal, whose {'xyz'[a]} goes from "
                    + nanometres_to(axis.edges[0], axis.edges[-1])
                )


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
