"""A ring around the centre of each zone."""

from __future__ import annotations

from typing import Annotated, Literal

from rdcalcium.model.placement.base import Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength, Quantity


class Ring(Rule):
    """On a ring around the centre of the zone, at equal distances from each other."""

    kind: Literal["ring"] = "ring"
    radius: PositiveLength
    """Of the ring."""
    count: Number
    """In each zone: a whole number, or { poisson = mean }."""
    angle: Annotated[float, Quantity("number", ge=-360, le=360)] | None = None
    """Of the first one to x, degrees; none: it is drawn for each zone."""
