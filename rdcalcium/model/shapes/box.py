"""Boxes on a plane membrane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import model_validator

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Block, Corners


class Box(Described):
    """A box: x and y are centred on 0, and z runs from the presynaptic membrane at 0 into the cytosol.

    All its walls, and those of the obstacles, reflect calcium and buffers: what is beyond a wall might as well be the
    mirror image of the box. Along an axis that is `periodic` there are no walls, and the box is one tile of many.
    """

    kind: Literal["box"] = "box"
    size: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Extent of the whole box along x, y and z."""
    periodic: tuple[Literal["x", "y"], ...] = ()
    """Axes without walls: what leaves at one end enters at the other, so that the box is one tile of an endless row of
    equal ones, or of a lattice. All that is given or written is that of one tile; an obstacle that reaches beyond an
    end enters at the other. Not along an axis of symmetry; none: walls on all sides."""

    @property
    def periods(self) -> dict[int, float]:
        """Its sides along the axes that are periodic."""
        return {axis: self.size[axis] for axis, letter in enumerate("xy") if letter in self.periodic}

    @property
    def outline(self) -> Block:
        """Its walls; along an axis that is periodic a tile more on both sides."""
        x, y = (side / 2 + self.periods.get(axis, 0.0) for axis, side in enumerate(self.size[:2]))
        called = {f"{'xyz'[axis]}_{('min', 'max')[end]}": name for name, (axis, end) in self.walls.items()}
        return Block((-x, -y, 0.0), (x, y, self.size[2]), called)

    @property
    def bounds(self) -> Corners:
        """Between its walls, or between the ends of a tile, as far as the mirrors."""
        x, y, z = self.size
        low_x, low_y = (0.0 if axis in self.mirrors else -self.size[axis] / 2 for axis in range(2))
        return (low_x, low_y, 0.0), (x / 2, y / 2, z)

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """All six, of which the floor is the membrane, but for those of periodic axes."""
        x, y = ({f"{letter}_min": (axis, 0), f"{letter}_max": (axis, 1)} for axis, letter in enumerate("xy"))
        sides = {name: at for name, at in {**x, **y}.items() if name not in self.ends}
        return {**sides, self.membrane_surface: (2, 0), "z_max": (2, 1)}

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

    @model_validator(mode="after")
    def _ends_are_one_thing(self) -> Self:
        for letter in self.periodic:
            if self.periodic.count(letter) > 1:
                raise ValueError(f"periodic names {letter} twice; say it once")
            if letter in self.symmetry:
                raise ValueError(
                    f"{letter} is among both symmetry and periodic: a box with a mirror plane has a wall on the other "
                    "side; leave it out of one of them"
                )
        return self
