"""Cones that are cut from a ball."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from rdcalcium.model.quantity import PositiveLength, Quantity
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Ball, Common, Corners, Frustum

BEYOND = 1.2  # of a radius; that far a cone reaches, which a ball ends


class Sector(Described):
    """The part of a round bouton around one of its active zones: a cone from its centre to its membrane.

    The membrane goes through 0, and the centre lies above it, at z = radius; "side" is the border to the parts of other
    active zones, through which nothing flows for reasons of symmetry (Matveev, Zucker & Sherman 2004,
    doi 10.1016/S0006-3495(04)74324-6).
    """

    kind: Literal["sector"] = "sector"
    radius: PositiveLength
    """Of the bouton."""
    angle: Annotated[float, Quantity("number", gt=0, le=80)]
    """Between the axis of the cone and its side, in degrees."""

    @property
    def outline(self) -> Common:
        """Of a ball what is in a cone."""
        r = self.radius
        wide = BEYOND * r * math.tan(math.radians(self.angle))
        cone = Frustum((0.0, 0.0, r), (0.0, 0.0, (1 - BEYOND) * r), 0.0, wide, ("side",) * 3)
        return Common((Ball((0.0, 0.0, r), (r, r, r), self.membrane_surface), cone))

    @property
    def corners(self) -> Corners:
        """Around the cap, up to the centre."""
        half = self.radius * math.sin(math.radians(self.angle))
        return (-half, -half, 0.0), (half, half, self.radius)

    def extents(self) -> Iterator[tuple[str, float]]:
        """That of the bouton."""
        yield "the diameter of the bouton", 2 * self.radius
