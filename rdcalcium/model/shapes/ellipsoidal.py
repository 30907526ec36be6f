"""Ellipsoids of cytosol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Ball, Solid


class AroundEllipsoid(Described):
    """A shape that is an ellipsoid, and what a kind of it adds."""

    semi_axes: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Half of the extent of the ellipsoid along x, y and z."""

    @property
    def ellipsoid(self) -> Ball:
        """A ball that is stretched."""
        return Ball((0.0, 0.0, 0.0), self.semi_axes, self.membrane_surface)

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its widths."""
        yield from ((f"the width of the {self.kind}", 2 * half) for half in self.semi_axes)


class Ellipsoidal(AroundEllipsoid):
    """An ellipsoid around 0 with its axes along x, y and z, all of whose surface is the membrane."""

    kind: Literal["ellipsoid"] = "ellipsoid"

    @property
    def outline(self) -> Solid:
        """The ellipsoid."""
        return self.ellipsoid
