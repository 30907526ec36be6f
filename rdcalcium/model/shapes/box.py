"""Boxes on a plane membrane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal, Self

from pydantic import model_validator

from rdcalcium.model.cells import Grid, Tetrahedra
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Block


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
    end enters at the other. On grids alone; not along an axis of symmetry; none: walls on all sides."""

    @property
    def periods(self) -> dict[int, float]:
        """Its sides along the axes that are periodic."""
        return {axis: self.size[axis] for axis, letter in enumerate("xy") if letter in self.periodic}

    @property
    def images(self) -> tuple[tuple[int, Obstacle], ...]:
        """Of its obstacles."""
        steps = [(0.0, -self.periods[a], self.periods[a]) if a in self.periods else (0.0,) for a in range(3)]
        ways = [by for by in product(*steps) if any(by)]
        images = [(i, obstacle.moved((x, y, z))) for x, y, z in ways for i, obstacle in enumerate(self.obstacles)]
        return tuple((number, image) for number, image in images if self._reaches_in(image))

    def _reaches_in(self, obstacle: Obstacle) -> bool:
        """Whether it may have a part between the ends of the periodic axes."""
        low, high = obstacle.solid.bounds
        return all(low[axis] < side / 2 and high[axis] > -side / 2 for axis, side in self.periods.items())

    @property
    def outline(self) -> Block:
        """Its walls."""
        x, y, z = self.size
        called = {f"{'xyz'[axis]}_{('min', 'max')[end]}": name for name, (axis, end) in self.walls.items()}
        return Block((-x / 2, -y / 2, 0.0), (x / 2, y / 2, z), called)

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """All six, of which the floor is the membrane, but for those of periodic axes."""
        ends = (("min", 0), ("max", 1))
        sides = {f"{x}_{name}": (a, end) for a, x in enumerate("xy") for name, end in ends if x not in self.periodic}
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

    def allow(self, choice: Grid | Tetrahedra) -> None:
        """Grids alone where it is periodic."""
        if self.periodic and isinstance(choice, Tetrahedra):
            raise ValueError(
                f"a box that is periodic along {' and '.join(self.periodic)} is solved on a grid: say [discretization] "
                'kind = "grid", or symmetry in place of periodic'
            )

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
