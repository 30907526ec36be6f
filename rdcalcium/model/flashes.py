"""Flashes of light, which set calcium free from cages."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength, Quantity
from rdcalcium.units import milliseconds


class Spot(Part):
    """Light that falls off from a centre like a bell, alike in all directions."""

    centre: Point
    """Where it is brightest: x, y, z."""
    width: PositiveLength
    """Full width of the bell at half of its height."""


PARTS = 40  # flashes in an instant, each in the middle of its part, that one which lasts is made of


class Flash(Part):
    """Light that breaks a cage; what it does to each state the scheme of the cage says."""

    time: Annotated[float, Quantity("time", ge=0)]
    """When it comes."""
    duration: Annotated[float, Quantity("time", ge=0)] = 0.0
    """For how long it shines, evenly; at 0 it ends before anything moves."""
    cage: str
    """Name of the buffer that it breaks, which has steps that light drives."""
    efficiency: Annotated[float, Quantity("number", ge=0, le=1)]
    """Share of the cage that it breaks, of a state whose steps by light have rates that add up to `light`, and to which
    nothing is added meanwhile."""
    spot: Spot | None = None
    """Where the light falls, the efficiency being that in its centre; none: everywhere alike."""

    @property
    def moments(self) -> tuple[float, ...]:
        """When light comes in an instant, ms: that of the flash, or of each of its PARTS."""
        if not self.duration:
            return (self.time,)
        return tuple(self.time + self.duration * (i + 0.5) / PARTS for i in range(PARTS))

    @model_validator(mode="after")
    def _has_a_rate(self) -> Self:
        if self.duration and self.efficiency == 1:
            raise ValueError(
                f"a flash that lasts {milliseconds(self.duration)} cannot break all of {self.cage!r}, which takes for "
                "ever at any rate; give an efficiency below 1, or leave duration out"
            )
        return self
