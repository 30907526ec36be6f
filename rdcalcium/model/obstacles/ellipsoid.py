"""Mitochondria, and whatever else is longer than it is wide."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.orientation import Direction, frame
from rdcalcium.model.quantity import Point, PositiveLength
from rdcalcium.solids import Ball, Turned, turn_of
from rdcalcium.units import nanometres


class Ellipsoid(Obstacle):
    """A solid ellipsoid, such as a mitochondrion, with its axes in any direction."""

    kind: Literal["ellipsoid"] = "ellipsoid"
    name: str = "mitochondrion"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    centre: Point
    """Position of the centre: x, y, z."""
    semi_axes: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Half of its extent along its three axes."""
    axis: Direction = (1.0, 0.0, 0.0)
    """Direction of its first axis; any length, no unit."""
    second_axis: Direction = (0.0, 1.0, 0.0)
    """Direction of its second axis, as far as it is normal to the first."""

    @property
    def solid(self) -> Ball | Turned:
        """A ball, turned if its axes are not those of space."""
        ball = Ball(self.centre, self.semi_axes, self.name)
        axes = frame(self.axis, self.second_axis)
        return ball if np.array_equal(axes, np.eye(3)) else Turned(ball, turn_of(axes), self.centre)

    @property
    def place(self) -> str:
        """Centre and semi-axes."""
        return f"at {nanometres(self.centre)} with semi-axes {nanometres(self.semi_axes)}"

    def moved(self, by: Place) -> Self:
        """Its centre."""
        return self.model_copy(update={"centre": further(self.centre, by)})

    @model_validator(mode="after")
    def _two_directions(self) -> Self:
        frame(self.axis, self.second_axis)
        return self
