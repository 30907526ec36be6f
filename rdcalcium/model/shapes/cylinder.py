"""Cylinders, and cones that are cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.on_disc import OnDisc
from rdcalcium.solids import Frustum


class Cylinder(OnDisc):
    """A cylinder, or a segment of a cone, over the active zone: its base at z = 0 is the membrane.

    The other end is called "top", and what is between them "side".
    """

    kind: Literal["cylinder"] = "cylinder"
    height: PositiveLength
    """How far it goes into the cytosol."""
    top_radius: PositiveLength | None = None
    """Of its other end; none: as at the membrane, so that it is no cone."""

    @property
    def outline(self) -> Frustum:
        """Around z."""
        top = self.radius if self.top_radius is None else self.top_radius
        called = ("side", self.membrane_surface, "top")
        return Frustum((0.0, 0.0, 0.0), (0.0, 0.0, self.height), self.radius, top, called)

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """Both ends, and mirrors."""
        return {**super().walls, "top": (2, 1)}

    def extents(self) -> Iterator[tuple[str, float]]:
        """Width and height."""
        yield "the diameter of the cylinder", 2 * max(self.radius, self.top_radius or 0.0)
        yield "the height of the cylinder", self.height
