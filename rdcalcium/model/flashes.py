"""Flashes of light, which set calcium free from cages."""

from __future__ import annotations

from typing import Annotated

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength, Quantity


class Spot(Part):
    """Light that falls off from a centre like a bell, alike in all directions."""

    centre: Point
    """Where it is brightest: x, y, z."""
    width: PositiveLength
    """Full width of the bell at half of its height."""


class Flash(Part):
    """A flash so short that it ends before anything moves; what it does to each state the scheme of the cage says."""

    time: Annotated[float, Quantity("time", ge=0)]
    """When it comes."""
    cage: str
    """Name of the buffer that it breaks, which has steps that light drives."""
    efficiency: Annotated[float, Quantity("number", ge=0, le=1)]
    """Share of the cage that it breaks, of a state whose steps by light have rates that add up to `light`."""
    spot: Spot | None = None
    """Where the light falls, the efficiency being that in its centre; none: everywhere alike."""
