"""Hemispheres on a plane membrane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rdcalcium.model.shapes.on_disc import OnDisc
from rdcalcium.solids import Ball, Block, Common


class Hemisphere(OnDisc):
    """Half a ball over the active zone: its plane side at z = 0 is the membrane, and the rest of its surface "dome".

    Such a terminal has its source in the middle of the plane side, as in models of boutons with one active zone.
    """

    kind: Literal["hemisphere"] = "hemisphere"

    @property
    def outline(self) -> Common:
        """The part of a ball that is above the membrane."""
        r = self.radius
        above = Block((-2 * r, -2 * r, 0.0), (2 * r, 2 * r, 2 * r), {"z_min": self.membrane_surface})
        return Common((Ball((0.0, 0.0, 0.0), (r, r, r), "dome"), above))

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its width."""
        yield "the diameter of the hemisphere", 2 * self.radius
