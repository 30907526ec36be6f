"""Bodies that are turned or mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Corners, Place, Solid, place

Turn = tuple[Place, Place, Place]  # rows of an orthogonal matrix


@dataclass(frozen=True)
class Turned:
    """A body whose point c + x has come to c + R x.

    turn   R, rows of an orthogonal matrix: a rotation, or a mirror
    about  c, the point that stays, µm
    """

    body: Solid
    turn: Turn
    about: Place

    @property
    def bounds(self) -> Corners:
        """Around its turned box; an ellipsoid touches them."""
        matrix, about = np.array(self.turn), np.array(self.about)
        if isinstance(self.body, Ball):
            centre = about + matrix @ (np.array(self.body.centre) - about)
            reach = np.linalg.norm(matrix * np.array(self.body.semi_axes), axis=1)
            return place(centre - reach), place(centre + reach)
        corners = np.array([*product(*zip(*self.body.bounds, strict=True))])
        turned = about + (corners - about) @ matrix.T
        return place(turned.min(axis=0)), place(turned.max(axis=0))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """As before the turn."""
        return self.body.depth(self.before(points))

    def names(self, points: np.ndarray) -> np.ndarray:
        """As before the turn."""
        return self.body.names(self.before(points))

    def before(self, points: np.ndarray) -> np.ndarray:
        """Where points (…, 3) µm were before the turn."""
        about = np.array(self.about)
        before: np.ndarray = about + (points - about) @ np.array(self.turn)
        return before


def mirrored(body: Solid, axis: int, at: float) -> Turned:
    """The image of a body behind a plane that is normal to an axis, which it crosses at a coordinate in µm."""
    matrix, about = np.eye(3), np.zeros(3)
    matrix[axis, axis], about[axis] = -1.0, at
    return Turned(body, turn_of(matrix), place(about))


def turn_of(matrix: np.ndarray) -> Turn:
    """A matrix (3, 3) as rows."""
    x, y, z = (place(row) for row in matrix)
    return x, y, z
