"""T-bars, the dense projections of the neuromuscular junction of Drosophila."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.obstacles.standing import SUNK, Standing, above
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.solids import Frustum, Joined
from rdcalcium.units import nanometres


class TBar(Standing):
    """A T-bar: a round table on a pedestal, as at active zones of Drosophila."""

    kind: Literal["t_bar"] = "t_bar"
    name: str = "T-bar"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    pedestal_radius: PositiveLength
    """Of the pedestal."""
    pedestal_height: PositiveLength
    """From the membrane to the table."""
    table_radius: PositiveLength
    """Of the table."""
    table_thickness: PositiveLength
    """Of the table."""

    def upright(self, foot: np.ndarray) -> Joined:
        """Two cylinders, the lower of which goes on into the other."""
        named = (self.name,) * 3
        table, low = self.pedestal_height + self.table_thickness, above(foot, 0, 0, self.pedestal_height)
        middle = above(foot, 0, 0, self.pedestal_height + self.table_thickness / 2)
        r, wide = self.pedestal_radius, self.table_radius
        pedestal = Frustum(above(foot, 0, 0, -SUNK), middle, r, r, named)
        return Joined((pedestal, Frustum(low, above(foot, 0, 0, table), wide, wide, named)))

    @model_validator(mode="after")
    def _a_table_is_wider(self) -> Self:
        if self.table_radius <= self.pedestal_radius:
            raise ValueError(
                f"the table of {self.name!r} has a radius of {nanometres(self.table_radius)}, and its pedestal one of "
                f"{nanometres(self.pedestal_radius)}; the table has to be the wider one"
            )
        return self
