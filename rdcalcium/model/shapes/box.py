"""Boxes on a plane membrane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Block


class Box(Described):
    """A closed box: x and y are centred on 0, and z runs from the presynaptic membrane at 0 into the cytosol.

    All its walls, and those of the obstacles, reflect calcium and buffers.
    """

    kind: Literal["box"] = "box"
    size: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Extent of the whole box along x, y and z."""

    @property
    def outline(self) -> Block:
        """Its walls."""
        x, y, z = self.size
        called = {f"{'xyz'[axis]}_{('min', 'max')[end]}": name for name, (axis, end) in self.walls.items()}
        return Block((-x / 2, -y / 2, 0.0), (x / 2, y / 2, z), called)

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """All six, of which the floor is the membrane."""
        x, y = ({f"{letter}_min": (axis, 0), f"{letter}_max": (axis, 1)} for axis, letter in enumerate("xy"))
        return {**x, **y, self.membrane_surface: (2, 0), "z_max": (2, 1)}

    @property
    def membrane_height(self) -> float:
        """Its floor."""
        return 0.0

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its three sides."""
        yield from (("a side of the box", side) for side in self.size)

    def nearest_on_membrane(self, point: Place) -> Place:
        """Straight below, at z = 0."""
        return point[0], point[1], self.membrane_height
