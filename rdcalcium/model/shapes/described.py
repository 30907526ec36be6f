"""Shapes that say which body the terminal is, from which grids and tetrahedra are made alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.obstacles import OBSTACLES, AnyObstacle, Obstacle
from rdcalcium.model.obstacles.numbered import numbered
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.mirrored import AXES, Mirrored
from rdcalcium.solids import Block, Common, Corners, Solid, Without, nearest_on_surface
from rdcalcium.units import nanometres, nanometres_to, times

SAMPLES = 200  # points at which both halves of a terminal are compared
SLACK = 1e-9  # of the extent of a terminal, by which a point may be outside


@dataclass(frozen=True, eq=False)
class Boxes:
    """Lowest and highest corners of boxes around what stands in it, (n, 2, 3) µm: thousands of points ask for them."""

    corners: np.ndarray

    def around(self, point: Place) -> list[int]:
        """Which of them a point is in."""
        there = (self.corners[:, 0] <= point) & (point <= self.corners[:, 1])
        return np.flatnonzero(there.all(axis=1)).tolist()


class Described(Mirrored):
    """A shape whose surface is known everywhere, in which bodies may stand.

    All its walls, and those of the obstacles, reflect calcium and buffers.
    """

    obstacles: tuple[AnyObstacle, ...] = ()
    """What calcium has to go around, such as vesicles; none: nothing is in the way."""
    overlap: Literal["meant"] | None = None
    """"meant" where obstacles share space with each other or with their mirror images on purpose; none: `check` asks
    about those that do."""

    @property
    @abstractmethod
    def outline(self) -> Solid:
        """The whole terminal, its mirror images included, without what stands in it; its surface has names."""

    @property
    def corners(self) -> Corners:
        """Around the outline; a shape that knows it better than the parts of its body do says so."""
        return self.outline.bounds

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """Mirror planes; a shape with plane walls of its own adds them."""
        return {name: (axis, 0) for axis, name in zip(self.mirrors, self.mirror_surfaces, strict=True)}

    @property
    def bounds(self) -> Corners:
        """Around the outline, as far as the mirrors."""
        (x, y, z), high = self.corners
        low_x, low_y = (0.0 if axis in self.mirrors else low for axis, low in enumerate((x, y)))
        return (low_x, low_y, z), high

    def cytosol(self, hollow: Collection[str] = ()) -> Solid:
        """The computed part, without obstacles.

        hollow  names of obstacles that are no part of it, but have control volumes of their own
        """
        body = Common((self._within_walls(), self.outline))
        closed = tuple(obstacle.solid for obstacle in self.standing if obstacle.name not in hollow)
        return Without(body, closed) if closed else body

    def _within_walls(self) -> Block:
        """What the plane walls leave; far beyond the outline where there is none."""
        corners = np.array(self.bounds)
        far = np.ptp(corners, axis=0) + 1.0
        corners += np.array([-far, far])
        called = {}
        for name, (axis, end) in self.walls.items():
            corners[end, axis] = self.bounds[end][axis]
            called[f"{AXES[axis]}_{('min', 'max')[end]}"] = name
        low, high = corners.tolist()
        return Block(tuple(low), tuple(high), called)

    @cached_property
    def _boxes(self) -> Boxes:
        return Boxes(np.array([obstacle.solid.bounds for _, obstacle in self._numbered]).reshape(-1, 2, 3))

    @cached_property
    def _numbered(self) -> tuple[tuple[int, Obstacle], ...]:
        """All that stands in the computed part, each with the number of its obstacle."""
        return (*enumerate(self.obstacles), *self.images)

    @property
    def may_overlap(self) -> bool:
        """As it says."""
        return self.overlap == "meant"

    @property
    def solids(self) -> tuple[Obstacle, ...]:
        """Its obstacles."""
        return self.obstacles

    @property
    def files(self) -> tuple[str, ...]:
        """Those of its obstacles."""
        return tuple(dict.fromkeys(file for obstacle in self.obstacles for file in obstacle.files))

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same, with obstacles from files of other names."""
        return self.model_copy(update={"obstacles": tuple(obstacle.with_files(names) for obstacle in self.obstacles)})

    @property
    def remarks(self) -> tuple[str, ...]:
        """Those on the files of its obstacles."""
        return tuple(dict.fromkeys(remark for obstacle in self.obstacles for remark in obstacle.remarks))

    def simplified(self, within: float) -> Self:
        """With simpler obstacles."""
        return self.model_copy(update={"obstacles": tuple(obstacle.simplified(within) for obstacle in self.obstacles)})

    @property
    def hollow(self) -> frozenset[str]:
        """Its obstacles."""
        return frozenset(obstacle.name for obstacle in self.obstacles)

    def is_in(self, parts: Collection[str], point: Place) -> bool:
        """In an obstacle of such a name."""
        return any(obstacle.name in parts and obstacle.contains(point) for obstacle in self.standing)

    def require_inside(self, name: str, point: Place) -> None:
        """A point is in the outline, on the computed side of the mirrors, and in no obstacle."""
        for axis, (letter, x, low, high) in enumerate(zip(AXES, point, *self.bounds, strict=True)):
            slack = SLACK * (high - low)
            if x < low - slack and axis in self.mirrors:
                raise ValueError(
                    f'{name} is at {nanometres(point)}, but symmetry = ["{letter}"] computes only {letter} >= 0: '
                    "leave the mirror images out"
                )
            if not low - slack <= x <= high + slack:
                raise ValueError(
                    f"{name} at {nanometres(point)} is outside the terminal, whose {letter} goes from "
                    + nanometres_to(low, high)
                )
        depth = float(self.outline.depth(np.array([point]))[0])
        if depth < -SLACK * float(np.ptp(self.bounds, axis=0).max()):
            raise ValueError(
                f"{name} at {nanometres(point)} is outside the terminal, by {nanometres(-depth)} or more; the nearest "
                f"point of its surface is {nanometres(nearest_on_surface(self.outline, point))}"
            )
        for i in self._boxes.around(point):
            number, obstacle = self._numbered[i]
            if obstacle.contains(point):
                raise ValueError(
                    f"{name} at {nanometres(point)} is inside obstacle {number + 1}, {obstacle.name!r} {obstacle.place}"
                )

    def nearest_on_membrane(self, point: Place) -> Place | None:
        """Of the piece of the outline on which channels sit."""
        return nearest_on_surface(self.outline, point, self.membrane_surface)

    @model_validator(mode="after")
    def _halves_are_alike(self) -> Self:
        if not self.mirrors:
            return self
        low, high = self.outline.bounds
        points = np.random.default_rng(1).uniform(low, high, (SAMPLES, 3))
        depth = self.outline.depth(points)
        for axis in self.mirrors:
            image = points * np.where(np.arange(3) == axis, -1.0, 1.0)
            if np.abs(self.outline.depth(image) - depth).max() > SLACK * float(np.ptp([low, high], axis=0).max()):
                letter = AXES[axis]
                raise ValueError(
                    f'symmetry = ["{letter}"] computes only {letter} >= 0, and the {self.kind} is not the same on both '
                    f"sides of {letter} = 0; leave {letter} out of symmetry"
                )
        return self

    @model_validator(mode="after")
    def _surfaces_differ(self) -> Self:
        for i, name in enumerate(obstacle.name for obstacle in self.obstacles):
            if name in self.walls or name == self.membrane_surface:
                raise ValueError(
                    f"obstacle {i + 1} is called {name!r}, as a wall of the {self.kind} is; give it another name"
                )
        if twice := self.hollow & numbered(self.obstacles).keys():
            raise ValueError(
                f"an obstacle is called {min(twice)!r}, as one of those that share the name "
                f"{min(twice).rpartition('.')[0]!r}; give it another name"
            )
        if OBSTACLES in self.hollow and len(self.hollow) > 1:
            other = min(self.hollow - {OBSTACLES})
            raise ValueError(
                f"an obstacle is called {OBSTACLES!r}, which stands for all of them, and another one {other!r}; "
                "give the first another name"
            )
        return self

    @model_validator(mode="after")
    def _obstacles_of_files_fit(self) -> Self:
        for obstacle in self.obstacles:
            if not obstacle.numbers_in:
                continue
            own, wide = (np.ptp(solid.bounds, axis=0) for solid in (obstacle.solid, self.outline))
            if (own > wide).all():
                raise ValueError(
                    f"obstacle {obstacle.name!r} {obstacle.place} is larger than the terminal: "
                    f"{times(own)} um, read in {obstacle.numbers_in}, and the terminal {times(wide)} um: "
                    "is its length_unit right, and that of the terminal?"
                )
        return self

    @model_validator(mode="after")
    def _mirrored_obstacles(self) -> Self:
        for axis in self.mirrors:
            for obstacle in self.obstacles:
                low, high = (corner[axis] for corner in obstacle.solid.bounds)
                if low + high < 0:
                    raise ValueError(
                        f"obstacle {obstacle.name!r} lies at {AXES[axis]} < 0, outside the computed half; "
                        f"place obstacles at {AXES[axis]} >= 0, their mirror images follow"
                    )
        return self
