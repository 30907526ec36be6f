"""A hexagonal lattice."""

from __future__ import annotations

from typing import Annotated, Literal

from rdcalcium.model.placement.base import Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength, Quantity


class Hexagonal(Rule):
    """On a hexagonal lattice, of which one point is the centre of the zone."""

    kind: Literal["hexagonal"] = "hexagonal"
    spacing: PositiveLength
    """Between nearest neighbours; a lattice in a zone has 1,000,000 sites at most."""
    count: Number | None = None
    """In each zone, those nearest to its centre that no body is in the way of; none: all of these in the zone."""
    angle: Annotated[float, Quantity("number", ge=-360, le=360)] | None = None
    """Of a row of the lattice to x, degrees; none: it is drawn for each zone."""
