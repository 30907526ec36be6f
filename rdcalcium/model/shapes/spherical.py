"""Balls of cytosol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Ball


class Spherical(Described):
    """A ball around 0, all of whose surface is the membrane."""

    kind: Literal["sphere"] = "sphere"
    radius: PositiveLength
    """Of the terminal."""

    @property
    def outline(self) -> Ball:
        """A ball."""
        return Ball((0.0, 0.0, 0.0), (self.radius,) * 3, self.membrane_surface)

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its width."""
        yield "the diameter of the sphere", 2 * self.radius
