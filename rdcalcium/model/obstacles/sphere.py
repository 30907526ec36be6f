"""Synaptic vesicles, and whatever else is round."""

from __future__ import annotations

from typing import Literal, Self

from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.quantity import Point, PositiveLength
from rdcalcium.solids import Ball
from rdcalcium.units import nanometres


class Sphere(Obstacle):
    """A solid sphere, such as a synaptic vesicle, that calcium has to go around."""

    kind: Literal["sphere"] = "sphere"
    """The only one that may be left out."""
    name: str = "vesicle"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    centre: Point
    """Position of the centre: x, y, z."""
    radius: PositiveLength
    """Of the outside, membrane included."""

    @property
    def solid(self) -> Ball:
        """A ball."""
        return Ball(self.centre, (self.radius,) * 3, self.name)

    @property
    def row_kind(self) -> str:
        """A vesicle, whatever its name is."""
        return "vesicle"

    @property
    def place(self) -> str:
        """Centre and radius."""
        return f"at {nanometres(self.centre)} with radius {nanometres(self.radius)}"

    def moved(self, by: Place) -> Self:
        """Its centre."""
        return self.model_copy(update={"centre": further(self.centre, by)})
