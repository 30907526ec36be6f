"""The membrane on which channels sit: points of it, where it is level there, and which of them are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model import Model
from rdcalcium.model.shapes import Shape
from rdcalcium.solids import Solid, nearest_on_piece, normals, onto_surface

OFF = 1e-7  # µm, by which a point may be off the membrane on which it is
SHELL = 0.005  # of the size of a terminal: points so near to its surface are put on it
PATIENCE = 1000  # rounds in which points of the membrane are sought
ROUNDS = 30  # of Newton's method
SLOPE = 1e-6  # of the size of a terminal, over which the slope of its depth is taken


@dataclass(frozen=True, eq=False)
class Membrane:
    """That of a terminal that is described as a body.

    shape   the terminal
    solid   its body
    height  z of the membrane, µm; None where it is no plane
    """

    shape: Shape
    solid: Solid
    height: float | None

    @classmethod
    def of(cls, model: Model) -> Membrane:
        """That of a model; ModelError where it is not known before there are cells."""
        shape = model.geometry
        if shape.outline is None:
            raise ModelError("the membrane is not known before there are cells; list all positions")
        return cls(shape, shape.outline, shape.membrane_height)

    @property
    def size(self) -> float:
        """The largest extent of the terminal, µm."""
        low, high = self.solid.bounds
        return float(np.subtract(high, low).max())

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points (n, 3) are on it, mirror images included; (n,)."""
        there = np.abs(self.solid.depth(points)) < OFF
        there[there] = self.solid.names(points[there]) == self.shape.membrane_surface
        return there

    def is_on(self, part: str | None, points: np.ndarray) -> np.ndarray:
        """Which points (n, 3) of it belong to a part of the terminal, by its name; to any, if there is none; (n,)."""
        if part is None:
            return np.ones(len(points), dtype=bool)
        return np.asarray(np.abs(self.shape.parts[part].depth(points)) < OFF)

    def is_computed(self, points: np.ndarray) -> np.ndarray:
        """Which points (n, 3) are on the computed side of all mirror planes, and between the ends of a tile, (n,)."""
        low, high = self.solid.bounds if self.shape.bounds is None else self.shape.bounds
        computed = np.ones(len(points), dtype=bool)
        for axis in self.shape.periods:
            computed &= (points[:, axis] >= low[axis] - OFF) & (points[:, axis] <= high[axis] + OFF)
        for axis, plane in self.shape.mirrors.items():
            computed &= points[:, axis] >= plane - OFF
        return computed

    def inward(self, points: np.ndarray) -> np.ndarray:
        """Unit normals at points (n, 3) of it, into the cytosol, (n, 3)."""
        if self.height is not None:
            return np.tile([0.0, 0.0, 1.0], (len(points), 1))
        return normals(self.solid, points)

    def feet(self, points: np.ndarray) -> np.ndarray:
        """The points of it that are nearest to others, (n, 3) of (n, 3)."""
        if self.height is not None:
            return np.column_stack([points[:, :2], np.full(len(points), self.height)])
        return nearest_on_piece(self.solid, points, self.shape.membrane_surface)

    def _onto(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 3) near the surface of the terminal moved onto it, whatever piece of it that is, (n, 3)."""
        return points if self.height is not None else onto_surface(self.solid, points)

    def along(self, points: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Where straight lines from points (n, 3) in directions (n, 3) meet it, (n, 3): Newton's method on the depth.

        A line that passes it by ends anywhere, where the membrane does not contain it.
        """
        if self.height is not None:
            return self.feet(points)
        found, left = points.copy(), np.arange(len(points))
        for _ in range(ROUNDS):
            if not len(left):
                break
            depth = self.solid.depth(found[left])
            step = SLOPE * self.size * directions[left]
            ahead, behind = (self.solid.depth(found[left] + by) for by in (step, -step))
            steepness = (ahead - behind) / (2 * SLOPE * self.size)
            move = np.divide(depth, steepness, out=np.zeros(len(depth)), where=np.abs(steepness) > 1e-3)
            found[left] -= np.clip(move, -self.size, self.size)[:, None] * directions[left]
            left = left[np.abs(depth) >= OFF / 100]  # the others have moved once more
        return found

    def sample(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Points anywhere on its computed part with the same probability by area, (number, 3).

        They are uniform in a thin shell around the surface, and moved onto it. Raises ModelError where none is found.
        """
        low, high = (np.array(corner) for corner in self.solid.bounds)
        for axis in self.shape.periods:  # the body goes on in the next tile
            low[axis], high[axis] = (corner[axis] for corner in self.shape.bounds or (low, high))
        margin = SHELL * self.size
        found = np.zeros((0, 3))
        for _ in range(PATIENCE):
            some = rng.uniform(low - margin, high + margin, (16 * number, 3))
            if self.height is not None:
                some[:, 2] = self.height
            some = self._onto(some[np.abs(self.solid.depth(some)) < margin])
            found = np.concatenate([found, some[self.contains(some) & self.is_computed(some)]])
            if len(found) >= number:
                return found[:number]
        raise ModelError(
            f"too little of the terminal is {self.shape.membrane_surface!r} to place active zones at random"
        )
