"""Sheets of the calyx of Held, which lie around a cell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import model_validator

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Ball, Common, Corners, Frustum, Without
from rdcalcium.units import nanometres

BEYOND = 1.2  # of a radius; that far a cone reaches, which a ball ends
WIDEST = math.radians(80)  # half of the angle under which a lobe may be seen from the middle of the cell


class CalyxLobe(Described):
    """A round sheet of a calyx that is bent over the postsynaptic cell, with room for many active zones.

    It is a part of a spherical shell. Its inner face, towards the cell, is the membrane with the active zones: it goes
    through 0, from where it bends down; the cytosol is above it. The other face is called "outer", the border "rim".
    """

    kind: Literal["calyx_lobe"] = "calyx_lobe"
    radius: PositiveLength
    """Radius of curvature of the inner face, about that of the postsynaptic cell."""
    thickness: PositiveLength
    """From the inner to the outer face."""
    extent: PositiveLength
    """From rim to rim along the inner face."""

    @property
    def angle(self) -> float:
        """Under which half of it is seen from the middle of the cell."""
        return self.extent / 2 / self.radius

    @property
    def outline(self) -> Without:
        """What of a cone from the middle of the cell is between two balls."""
        r, far = self.radius, self.radius + self.thickness
        middle = (0.0, 0.0, -r)
        reach = BEYOND * far
        cone = Frustum(middle, (0.0, 0.0, reach - r), 0.0, reach * math.tan(self.angle), ("rim",) * 3)
        sheet = Common((Ball(middle, (far, far, far), "outer"), cone))
        return Without(sheet, (Ball(middle, (r, r, r), self.membrane_surface),))

    @property
    def corners(self) -> Corners:
        """Around the outer face, down to the rim of the inner one."""
        half = (self.radius + self.thickness) * math.sin(self.angle)
        return (-half, -half, self.radius * (math.cos(self.angle) - 1)), (half, half, self.thickness)

    def extents(self) -> Iterator[tuple[str, float]]:
        """What is said of it."""
        yield "the thickness of the lobe", self.thickness
        yield "the extent of the lobe", self.extent
        yield "the radius of curvature of the lobe", self.radius

    @model_validator(mode="after")
    def _is_a_sheet(self) -> Self:
        if self.angle > WIDEST:
            raise ValueError(
                f"a lobe with an extent of {nanometres(self.extent)} goes too far around a cell with a radius of "
                f"{nanometres(self.radius)}; at most {nanometres(2 * WIDEST * self.radius, 3)} is a sheet"
            )
        return self
