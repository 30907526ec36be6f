"""Straight cylinders."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.quantity import Point, PositiveLength
from rdcalcium.solids import Frustum
from rdcalcium.units import nanometres


class Rod(Obstacle):
    """A straight cylinder with plane ends, such as a bundle of microtubules or a filament."""

    kind: Literal["cylinder"] = "cylinder"
    name: str = "cylinder"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    base: Point
    """One end of its axis."""
    top: Point
    """The other end."""
    radius: PositiveLength
    """Of the outside."""

    @property
    def solid(self) -> Frustum:
        """All of its surface has one name."""
        return Frustum(self.base, self.top, self.radius, self.radius, (self.name,) * 3)

    @property
    def place(self) -> str:
        """Ends and radius."""
        return f"from {nanometres(self.base)} to {nanometres(self.top)} with radius {nanometres(self.radius)}"

    def moved(self, by: Place) -> Self:
        """Both ends."""
        return self.model_copy(update={"base": further(self.base, by), "top": further(self.top, by)})

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.base == self.top:
            raise ValueError("base and top are the same point; a cylinder needs a length")
        return self
